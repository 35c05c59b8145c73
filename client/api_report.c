/* Figures over the records, and what the reminders say, as the commands report and due have them
 * (common/report.h). */

#include "client/api.h"
#include "common/report_wish.h"

static enum status read_wish(struct api_call *call, struct report_wish *wish, struct error *err)
{
    return report_wish_fill(wish, call->replica, web_request_parameter(call->request, "from", 0),
                            web_request_parameter(call->request, "to", 0),
                            web_request_parameter(call->request, "org", 0), err);
}

enum status api_reports(struct api_call *call, struct error *err)
{
    struct report_book *book;
    TRY(report_book_open(&book, call->replica, err));
    call->answer = json_object();
    json_object_set_new(call->answer, "reports", json_deep_copy(report_definitions(book)));
    report_book_free(book);
    /* The questions themselves are nobody's business on a page. */
    json_t *list = json_object_get(call->answer, "reports");
    for (size_t i = 0; i < json_array_size(list); i++)
        json_object_del(json_array_get(list, i), "sql");
    return STATUS_OK;
}

enum status api_report(struct api_call *call, struct error *err)
{
    struct report_wish wish;
    struct report_book *book;
    json_t *rows = NULL;
    TRY(read_wish(call, &wish, err));
    TRY(report_book_open(&book, call->replica, err));
    enum status status = report_run(book, call->parts[0], &wish.question, &rows, err);
    report_book_free(book);
    if (status == STATUS_OK)
        call->answer = json_pack("{so ss ss}", "rows", rows, "from", wish.from, "to", wish.to);
    return status;
}

enum status api_reminders(struct api_call *call, struct error *err)
{
    struct report_wish wish;
    struct report_book *book;
    json_t *rows = NULL;
    TRY(read_wish(call, &wish, err));
    TRY(report_book_open(&book, call->replica, err));
    enum status status = report_due(book, &wish.question, &rows, err);
    report_book_free(book);
    if (status == STATUS_OK)
        call->answer = json_pack("{so}", "reminders", rows);
    return status;
}
