/* Figures over the records, and what the reminders say, as the commands report and due have them
 * (common/report.h). */

#include <string.h>
#include <time.h>

#include "client/api.h"
#include "common/calendar.h"
#include "common/report.h"

struct wish {
    struct report_period period;
    char from[16], to[16];
};

static void local_days(struct replica *replica, struct wish *wish)
{
    time_t seconds = (time_t)(clock_wall_ms(replica_clock(replica)) / 1000);
    struct tm tm = {.tm_year = 70};
    localtime_r(&seconds, &tm);
    strftime(wish->to, sizeof wish->to, "%Y-%m-%d", &tm);
    strftime(wish->from, sizeof wish->from, "%Y-01-01", &tm);
}

static enum status read_day(const struct api_call *call, const char *name, char day[16],
                            struct error *err)
{
    const char *text = web_request_parameter(call->request, name, 0);
    if (!text)
        return STATUS_OK;
    if (!calendar_date_valid(bytes_text(text)))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a date like 2026-11-20", text);
    memcpy(day, text, strlen(text) + 1);
    return STATUS_OK;
}

/* Without anything said: from 1 January until today, the own org and all below it. */
static enum status read_wish(struct api_call *call, struct wish *wish, struct error *err)
{
    const struct registry *registry = replica_registry(call->replica);
    const char *named = web_request_parameter(call->request, "org", 0);
    const struct device *self = registry_device(registry, replica_identity(call->replica)->device);
    const struct org *org = self ? registry_org(registry, self->certificate.org) : NULL;
    local_days(call->replica, wish);
    TRY(read_day(call, "from", wish->from, err));
    TRY(read_day(call, "to", wish->to, err));
    if (named)
        TRY(view_org(call->replica, named, &org, err));
    wish->period =
        (struct report_period){.from = wish->from, .to = wish->to, .org = org ? org->number : 0};
    return STATUS_OK;
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
    struct wish wish;
    struct report_book *book;
    json_t *rows = NULL;
    TRY(read_wish(call, &wish, err));
    TRY(report_book_open(&book, call->replica, err));
    enum status status = report_run(book, call->parts[0], &wish.period, &rows, err);
    report_book_free(book);
    if (status == STATUS_OK)
        call->answer = json_pack("{so ss ss}", "rows", rows, "from", wish.from, "to", wish.to);
    return status;
}

enum status api_reminders(struct api_call *call, struct error *err)
{
    struct wish wish;
    struct report_book *book;
    json_t *rows = NULL;
    TRY(read_wish(call, &wish, err));
    TRY(report_book_open(&book, call->replica, err));
    enum status status = report_due(book, &wish.period, &rows, err);
    report_book_free(book);
    if (status == STATUS_OK)
        call->answer = json_pack("{so}", "reminders", rows);
    return status;
}
