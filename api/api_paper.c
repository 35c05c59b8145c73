/* Papers as PDF (paper/paper.h), for the pages. What stands on one has left the program: it is an
 * export, unless it is blank. */

#include <stdio.h>
#include <string.h>

#include "api/api_read.h"
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

static enum status make(struct api_call *call, struct paper_wish *wish, struct error *err)
{
    struct report_wish asked;
    struct paper_made made;
    struct id row;
    const char *id = api_parameter(call, "row"), *blank = api_parameter(call, "blank");
    TRY(api_report_wish(call, &asked, err));
    if (id) {
        TRY(view_id(id, &row, err));
        asked.question.row = &row;
    }
    wish->question = asked.question;
    wish->blank = blank && strcmp(blank, "1") == 0;
    TRY(paper_make(wish, &call->file, &made, err));
    call->exports = !wish->blank;
    call->exported = made.rows;
    return STATUS_OK;
}

static enum status make_named(struct api_call *call, struct report_book *book, struct error *err)
{
    json_t *list = paper_list();
    struct paper_wish wish = {
        .paper = paper_named(list, call->parts[0]), .book = book, .replica = call->replica};
    enum status status =
        wish.paper ? make(call, &wish, err)
                   : error_set(err, STATUS_NOT_FOUND, "there is no paper '%.60s'", call->parts[0]);
    json_decref(list);
    return status;
}

enum status api_paper(struct api_call *call, struct error *err)
{
    TRY(api_with_book(call, make_named, err));
    call->file_type = "application/pdf";
    snprintf(call->file_name, sizeof call->file_name, "%s.pdf", call->parts[0]);
    return STATUS_OK;
}
