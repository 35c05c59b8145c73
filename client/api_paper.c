/* Papers as PDF (paper/paper.h), for the pages. What stands on one has left the program: noted like
 * an export, unless it is blank. */

#include <stdio.h>

#include "client/api.h"
#include "common/consent.h"
#include "common/freshness.h"
#include "common/report_wish.h"
#include "paper/paper.h"

enum status api_papers(struct api_call *call, struct error *err)
{
    size_t i;
    json_t *list = paper_list(), *paper;
    (void)err;
    json_array_foreach(list, i, paper) json_object_del(paper, "parts");
    call->answer = json_pack("{so}", "papers", list);
    return STATUS_OK;
}

static enum status make_paper(struct api_call *call, struct paper_wish *wish,
                              struct paper_made *made, struct error *err)
{
    TRY(view_begin(call->replica, err));
    enum status status = report_book_open(&wish->book, call->replica, err);
    if (status == STATUS_OK)
        status = paper_make(wish, &call->file, made, err);
    report_book_free(wish->book);
    view_end(call->replica);
    return status;
}

static enum status ask_paper(struct api_call *call, const json_t *list, struct error *err)
{
    struct paper_wish wish = {.paper = paper_named(list, call->parts[0]),
                              .replica = call->replica,
                              .blank = json_is_true(json_object_get(call->body, "blank"))};
    struct report_wish asked;
    struct paper_made made;
    struct id row;
    const char *from, *to, *org, *id, *purpose;
    if (!wish.paper)
        return error_set(err, STATUS_NOT_FOUND, "there is no paper '%.60s'", call->parts[0]);
    TRY(api_text(call, "from", true, &from, err));
    TRY(api_text(call, "to", true, &to, err));
    TRY(api_text(call, "org", true, &org, err));
    TRY(api_text(call, "row", true, &id, err));
    TRY(api_text(call, "purpose", true, &purpose, err));
    TRY(report_wish_fill(&asked, call->replica, from, to, org, err));
    if (id) {
        TRY(view_id(id, &row, err));
        asked.question.row = &row;
    }
    wish.question = asked.question;
    TRY(make_paper(call, &wish, &made, err));
    struct access access = {
        .action = "export", .table = call->parts[0], .rows = made.rows, .purpose = purpose};
    return wish.blank ? STATUS_OK : consent_export(call->replica, &access, err);
}

enum status api_paper(struct api_call *call, struct error *err)
{
    TRY(freshness_check(call->replica, err));
    json_t *list = paper_list();
    enum status status = ask_paper(call, list, err);
    json_decref(list);
    if (status != STATUS_OK)
        return status;
    call->file_type = "application/pdf";
    snprintf(call->file_name, sizeof call->file_name, "%s.pdf", call->parts[0]);
    return STATUS_OK;
}
