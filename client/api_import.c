/* A sheet that somebody chose on a page: looked at first, then imported (client/import.h). */

#include <string.h>

#include "client/api.h"
#include "client/import.h"

#define SAMPLE_ROWS 5

/* "heading:field", cut at the last colon; without a field the column is left out. */
static enum status read_map(const struct api_call *call, json_t *map, struct error *err)
{
    const char *text;
    for (size_t i = 0; (text = web_request_parameter(call->request, "map", i)); i++) {
        const char *colon = strrchr(text, ':');
        if (!colon)
            return error_set(err, STATUS_BAD_INPUT, "'%s' is not FIELD:VALUE, or too many", "map");
        json_t *heading = json_stringn(text, (size_t)(colon - text));
        json_object_set_new(map, json_string_value(heading),
                            colon[1] ? json_string(colon + 1) : json_null());
        json_decref(heading);
    }
    return STATUS_OK;
}

static json_t *sample_of(const struct sheet *sheet)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < sheet->count && i < SAMPLE_ROWS; i++) {
        json_t *cells = json_array();
        for (size_t c = 0; c < sheet->rows[i].count; c++)
            json_array_append_new(cells, json_string(sheet->rows[i].cells[c]));
        json_array_append_new(rows, cells);
    }
    return rows;
}

static enum status import(struct api_call *call, const struct sheet *sheet, const json_t *map,
                          struct error *err)
{
    struct imported made;
    struct import_options options = {
        .table = call->parts[0], .map = map, .org = web_request_parameter(call->request, "org", 0)};
    enum status status = import_sheet(call->replica, sheet, &options, &made, err);
    bool sure = web_request_parameter(call->request, "save", 0) != NULL;
    call->discard = !sure || json_array_size(made.errors) > 0;
    if (status == STATUS_OK) {
        call->answer = imported_json(&made);
        json_object_set_new(call->answer, "saved", json_boolean(!call->discard));
        json_object_set_new(call->answer, "rows", json_integer((json_int_t)sheet->count));
        json_object_set(call->answer, "columns", made.columns);
        json_object_set_new(call->answer, "sample", sample_of(sheet));
    }
    imported_release(&made);
    return status;
}

enum status api_import(struct api_call *call, struct error *err)
{
    struct sheet sheet = {0};
    json_t *map = json_object();
    enum status status = read_map(call, map, err);
    if (status == STATUS_OK)
        status = sheet_parse(&sheet, buffer_bytes(&call->request->body), err);
    if (status == STATUS_OK)
        status = import(call, &sheet, map, err);
    sheet_release(&sheet);
    json_decref(map);
    return status;
}
