/* A struct row and its place in the file: columns, mark, side tables.
 *
 * The mark says which dots stand behind which fields. A field with one dot has its value in its
 * column; a field with several (and field 0 always) has its heads in `head`; a set whose elements
 * come from several dots has them in `element`. */

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/json_read.h"
#include "common/pack.h"
#include "common/replica_state.h"

const struct field_set no_fields;
const struct field_set all_fields = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

void row_bind_key(sqlite3_stmt *statement, const struct row *row)
{
    sqlite3_bind_int64(statement, 1, row->table->number);
    sqlite3_bind_blob(statement, 2, row->id.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, row->scope);
}

static enum status damaged(const struct row *row, struct error *err)
{
    char id[ID_TEXT_BYTES];
    id_format(&row->id, id);
    return error_set(err, STATUS_STORAGE, "row '%s' of table '%s' is damaged", id,
                     row->table->name);
}

static bool local_dot(struct replica *replica, int64_t feed, int64_t number, struct dot *dot)
{
    if (feed < 1 || (uint64_t)feed > replica->feeds_count || number < 1)
        return false;
    *dot = (struct dot){feed_at(replica, (uint32_t)feed)->id, (uint64_t)number};
    return true;
}

static bool place_has_deletion(const struct row_place *place)
{
    for (size_t i = 0; i < place->groups_count; i++)
        if (field_set_has(&place->groups[i].fields, FIELD_DELETED))
            return true;
    return false;
}

/* ---- loading ---- */

static enum status take_seen(struct head *head, struct bytes packed, struct dot *dots)
{
    size_t count = packed.size / 20;
    if (count > ENTRY_BASES_MAX)
        return STATUS_STORAGE;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = packed.data + i * 20;
        dots[i] =
            (struct dot){{get_u32le(at), get_u32le(at + 4), get_u32le(at + 8)}, get_u64le(at + 12)};
    }
    head->seen = dots;
    head->seen_count = count;
    return STATUS_OK;
}

static void note_stored(struct cell *cell, bool conflict)
{
    cell->stored_count++;
    cell->stored_conflict = conflict;
}

static enum status load_heads(struct replica *replica, struct row *row, struct error *err)
{
    sqlite3_stmt *read = sql_use(replica, SQL_HEAD_READ);
    struct dot seen[ENTRY_BASES_MAX];
    enum status status = STATUS_OK;
    int code = SQLITE_DONE;
    if (!read)
        return sql_fail(replica, err, "heads");
    row_bind_key(read, row);
    while (status == STATUS_OK && (code = sqlite3_step(read)) == SQLITE_ROW) {
        uint16_t field = (uint16_t)sqlite3_column_int(read, 0);
        if (!field_set_has(&replica->place.fields, field))
            continue;
        struct head head = {.value = sql_blob(read, 3),
                            .described = true,
                            .stored = true,
                            .time_ms = sqlite3_column_int64(read, 4)};
        struct bytes person = sql_blob(read, 5);
        if (person.size == ID_BYTES)
            memcpy(head.person.bytes, person.data, ID_BYTES);
        if (!local_dot(replica, sqlite3_column_int64(read, 1), sqlite3_column_int64(read, 2),
                       &head.dot) ||
            take_seen(&head, sql_blob(read, 6), seen) != STATUS_OK)
            status = damaged(row, err);
        else
            status = row_add_head(row, field, &head, err);
        if (status == STATUS_OK)
            note_stored(row_find_cell(row, field), sqlite3_column_int(read, 7) != 0);
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = sql_fail(replica, err, "heads");
    sqlite3_reset(read);
    return status;
}

static enum status load_elements(struct replica *replica, struct row *row, struct error *err)
{
    sqlite3_stmt *read = sql_use(replica, SQL_ELEMENT_READ);
    enum status status = STATUS_OK;
    int code = SQLITE_DONE;
    if (!read)
        return sql_fail(replica, err, "elements");
    row_bind_key(read, row);
    while (status == STATUS_OK && (code = sqlite3_step(read)) == SQLITE_ROW) {
        uint16_t field = (uint16_t)sqlite3_column_int(read, 0);
        struct head head = {.value = sql_blob(read, 3)};
        if (!field_set_has(&replica->place.fields, field))
            continue;
        if (!local_dot(replica, sqlite3_column_int64(read, 1), sqlite3_column_int64(read, 2),
                       &head.dot))
            status = damaged(row, err);
        else
            status = row_add_head(row, field, &head, err);
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = sql_fail(replica, err, "elements");
    sqlite3_reset(read);
    return status;
}

static enum status load_replaced(struct replica *replica, struct row *row, struct error *err)
{
    sqlite3_stmt *read = sql_use(replica, SQL_REPLACED_READ);
    enum status status = STATUS_OK;
    int code = SQLITE_DONE;
    if (!read)
        return sql_fail(replica, err, "remembered bases");
    row_bind_key(read, row);
    while (status == STATUS_OK && (code = sqlite3_step(read)) == SQLITE_ROW) {
        struct replaced replaced = {.field = (uint16_t)sqlite3_column_int(read, 0),
                                    .dot = {{(uint32_t)sqlite3_column_int64(read, 1),
                                             (uint32_t)sqlite3_column_int64(read, 2),
                                             (uint32_t)sqlite3_column_int64(read, 3)},
                                            (uint64_t)sqlite3_column_int64(read, 4)},
                                    .element = sql_blob(read, 5)};
        if (replaced.element.size == 0)
            replaced.element = (struct bytes){0};
        status = row_add_replaced(row, &replaced, err);
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = sql_fail(replica, err, "remembered bases");
    sqlite3_reset(read);
    return status;
}

/* The elements of a set that one entry wrote: they stand in the column alone. */
static enum status load_set_column(struct replica *replica, struct row *row,
                                   const struct schema_field *field, struct head *head,
                                   struct bytes text, struct error *err)
{
    json_t *list;
    struct buffer value = {0};
    enum status status = json_read(&list, text, NULL, err);
    if (status != STATUS_NO_MEMORY)
        status = json_is_array(list) ? STATUS_OK : damaged(row, err);
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(list); i++) {
        const char *element = json_string_value(json_array_get(list, i));
        /* An empty text is an element; field_parse would take it for no value. */
        bool verbatim = field->type == FIELD_ENUM || (element && !*element);
        buffer_clear(&value);
        if (!element)
            status = damaged(row, err);
        else
            status = verbatim ? pack_str(&value, bytes_text(element))
                              : field_parse(replica->schema, field, element, &value, err);
        head->value = buffer_bytes(&value);
        if (status == STATUS_OK)
            status = row_add_head(row, field->number, head, err);
    }
    json_decref(list);
    buffer_release(&value);
    return status;
}

static enum status load_cell(struct replica *replica, struct row *row,
                             const struct schema_field *field, sqlite3_stmt *select, int column,
                             struct error *err)
{
    struct row_place *place = &replica->place;
    struct head head = {0};
    size_t dots = 0;
    for (size_t i = 0; i < place->groups_count; i++) {
        const struct mark_group *group = &place->groups[i];
        if (!field_set_has(&group->fields, field->number))
            continue;
        dots++;
        if (!local_dot(replica, group->feed, (int64_t)group->number, &head.dot))
            return damaged(row, err);
        if (field->merge == MERGE_COUNTER)
            TRY(row_add_head(row, field->number, &head, err));
    }
    if (dots == 0)
        return STATUS_OK;
    if (field->merge == MERGE_COUNTER) {
        row_cell(row, field->number)->total = (uint64_t)sqlite3_column_int64(select, column);
        return STATUS_OK;
    }
    if (dots > 1) {
        field_set_add(&place->spread, field->number);
        return STATUS_OK;
    }
    if (field->merge == MERGE_SET)
        return load_set_column(replica, row, field, &head,
                               bytes_of(sqlite3_column_text(select, column),
                                        (size_t)sqlite3_column_bytes(select, column)),
                               err);
    buffer_clear(&replica->scratch);
    TRY(column_value(replica, field, select, column, &replica->scratch, err));
    head.value = buffer_bytes(&replica->scratch);
    return row_add_head(row, field->number, &head, err);
}

/* Columns, then what doesn't fit into them. */
static enum status load_cells(struct replica *replica, struct row *row, sqlite3_stmt *select,
                              struct error *err)
{
    struct row_place *place = &replica->place;
    bool heads = place_has_deletion(place), elements = false;
    int column = COLUMN_FIRST_FIELD;
    if (heads)
        field_set_add(&place->spread, FIELD_DELETED);
    for (size_t i = 0; i < row->table->fields_count; i++) {
        const struct schema_field *field = &row->table->fields[i];
        if (!field_set_has(&place->fields, field->number))
            continue;
        TRY(load_cell(replica, row, field, select, column, err));
        column += field_columns(field);
        if (field_set_has(&place->spread, field->number)) {
            elements |= field->merge == MERGE_SET;
            heads |= field->merge != MERGE_SET;
        }
    }
    if (heads)
        TRY(load_heads(replica, row, err));
    return elements ? load_elements(replica, row, err) : STATUS_OK;
}

static enum status take_groups(struct bytes mark, struct row_place *place, const struct row *row,
                               struct error *err)
{
    place->groups_count = 0;
    while (mark.size > 0) {
        struct mark_group *groups =
            array_grow(place->groups, place->groups_count, &place->groups_capacity, sizeof *groups);
        if (!groups)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        place->groups = groups;
        if (!mark_take(&mark, &groups[place->groups_count++]))
            return damaged(row, err);
    }
    return STATUS_OK;
}

/* Where the row stands: rowid, id, scope and mark of a SELECT. */
static enum status take_place(struct replica *replica, const struct schema_table *table,
                              sqlite3_stmt *select, struct row *row, struct error *err)
{
    struct row_place *place = &replica->place;
    struct bytes stored = sql_blob(select, 1);
    struct id id = {{0}};
    if (stored.size == ID_BYTES)
        memcpy(id.bytes, stored.data, ID_BYTES);
    place->found = true;
    place->rowid = sqlite3_column_int64(select, 0);
    place->spread = no_fields;
    row_start(row, table, (uint32_t)sqlite3_column_int64(select, 2), &id);
    return take_groups(sql_blob(select, 3), place, row, err);
}

static enum status finish_load(struct replica *replica, struct row *row, struct error *err)
{
    if (replica->replaced_count > 0)
        TRY(load_replaced(replica, row, err));
    row_settle_changes(row);
    return STATUS_OK;
}

enum status row_load_from(struct replica *replica, const struct schema_table *table,
                          sqlite3_stmt *select, struct row *row, struct error *err)
{
    TRY(row_settle(replica, err));
    replica->place.fields = all_fields;
    TRY(take_place(replica, table, select, row, err));
    TRY(load_cells(replica, row, select, err));
    return finish_load(replica, row, err);
}

static enum status load_found(struct replica *replica, const struct row_wish *wish,
                              sqlite3_stmt *select, struct row *row, struct error *err)
{
    struct row_place *place = &replica->place;
    TRY(take_place(replica, wish->table, select, row, err));
    if (!field_set_equal(&place->fields, &all_fields) && place_has_deletion(place)) {
        struct row_wish whole = *wish;
        whole.fields = all_fields;
        sqlite3_reset(select);
        return row_load(replica, &whole, row, err);
    }
    TRY(load_cells(replica, row, select, err));
    return finish_load(replica, row, err);
}

enum status row_load(struct replica *replica, const struct row_wish *wish, struct row *row,
                     struct error *err)
{
    struct row_place *place = &replica->place;
    TRY(row_settle(replica, err));
    /* Bases that wait are kept by row, so a row that may have some is loaded whole. */
    place->fields = replica->replaced_count > 0 ? all_fields : wish->fields;
    place->found = false;
    place->groups_count = 0;
    sqlite3_stmt *select = table_use(replica, wish->table, &place->fields, COLUMNS_SELECT, err);
    if (!select)
        return err ? err->status : STATUS_STORAGE;
    sqlite3_bind_blob(select, 1, wish->id.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(select, 2, wish->scope);
    int code = sqlite3_step(select);
    enum status status = STATUS_OK;
    if (code == SQLITE_ROW) {
        status = load_found(replica, wish, select, row, err);
    } else if (code == SQLITE_DONE) {
        row_start(row, wish->table, wish->scope, &wish->id);
        place->fields = all_fields;
        place->spread = no_fields;
        status = finish_load(replica, row, err);
    } else {
        status = sql_fail(replica, err, wish->table->name);
    }
    return sql_end(replica, select, status, err);
}
