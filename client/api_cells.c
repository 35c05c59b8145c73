/* Many rows of which only a few fields are wanted: what a grid or a calendar is drawn from. */

#include <string.h>

#include "client/api.h"

#define CELLS_ROWS_MAX 20000
#define CELLS_FIELDS_MAX 8

struct cells {
    json_t *rows;
    const struct schema_field *fields[CELLS_FIELDS_MAX];
    size_t count;
};

static enum status take_cells(void *context, json_t *row, struct error *err)
{
    struct cells *cells = context;
    json_t *taken = json_array();
    (void)err;
    json_array_append(taken, json_object_get(row, "id"));
    for (size_t i = 0; i < cells->count; i++)
        json_array_append(taken, json_object_get(row, cells->fields[i]->name));
    return json_array_append_new(cells->rows, taken) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status read_fields(struct api_call *call, const struct schema_table *table,
                               struct cells *cells, struct error *err)
{
    const char *name;
    while ((name = web_request_parameter(call->request, "field", cells->count))) {
        if (cells->count == CELLS_FIELDS_MAX)
            return error_set(err, STATUS_BAD_INPUT, "more than %d fields", CELLS_FIELDS_MAX);
        TRY(view_field(table, name, &cells->fields[cells->count], err));
        cells->count++;
    }
    return STATUS_OK;
}

enum status api_cells(struct api_call *call, struct error *err)
{
    const struct schema_table *table;
    struct api_query asked;
    struct cells cells = {0};
    TRY(view_table(call->replica, call->parts[0], &table, err));
    TRY(api_read_query(call, &asked, err));
    TRY(read_fields(call, table, &cells, err));
    asked.query.limit = CELLS_ROWS_MAX;
    call->answer = json_pack("{s[]}", "cells");
    cells.rows = json_object_get(call->answer, "cells");
    TRY(view_list(call->replica, &asked.query, take_cells, &cells, err));
    bool all = json_array_size(cells.rows) < CELLS_ROWS_MAX;
    json_object_set_new(call->answer, "all", json_boolean(all));
    return STATUS_OK;
}
