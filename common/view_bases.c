/* Which writes somebody sees who looks at a row now; of very many as many as an entry can name. */

#include "common/view.h"

static json_t *dots_of(const struct cell *cell)
{
    json_t *dots = json_array();
    char text[DOT_TEXT_BYTES];
    for (size_t i = 0; i < cell->heads_count && i < ENTRY_BASES_MAX; i++) {
        dot_format(&cell->heads[i].dot, text);
        json_array_append_new(dots, json_string(text));
    }
    return dots;
}

enum status view_bases(struct replica *replica, const char *table_name, const char *text,
                       json_t **bases, struct error *err)
{
    const struct schema_table *table;
    struct row row = {0};
    struct id id;
    bool found;
    *bases = NULL;
    TRY(view_table(replica, table_name, &table, err));
    TRY(view_id(text, &id, err));
    enum status status = replica_row(replica, table->number, &id, 0, &row, &found, err);
    if (status == STATUS_OK && !found)
        status = error_set(err, STATUS_NOT_FOUND, "there is no row '%s' in table '%s'", text,
                           table_name);
    if (status == STATUS_OK)
        *bases = json_object();
    for (size_t i = 0; status == STATUS_OK && i < row.cells_count; i++) {
        const struct schema_field *field =
            row.cells[i].field ? table_field(table, row.cells[i].field) : NULL;
        if (field)
            json_object_set_new(*bases, field->name, dots_of(&row.cells[i]));
    }
    row_release(&row);
    return status;
}
