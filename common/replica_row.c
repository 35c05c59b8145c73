/* A struct row and its place in the file: columns, mark, side tables.
 *
 * The mark says which dots stand behind which fields. A field with one dot has its value in its
 * column; a field with several (and field 0 always) has its heads in `head`; a set whose elements
 * come from several dots has them in `element`. */

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/dots.h"
#include "common/pack.h"
#include "common/replica_state.h"

const struct field_set no_fields;
const struct field_set all_fields = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

static void bind_key(sqlite3_stmt *statement, const struct row *row)
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

static enum status load_heads(struct replica *replica, struct row *row, struct error *err)
{
    sqlite3_stmt *read = sql_use(replica, SQL_HEAD_READ);
    struct dot seen[ENTRY_BASES_MAX];
    enum status status = STATUS_OK;
    int code = SQLITE_DONE;
    if (!read)
        return sql_fail(replica, err, "heads");
    bind_key(read, row);
    while (status == STATUS_OK && (code = sqlite3_step(read)) == SQLITE_ROW) {
        uint16_t field = (uint16_t)sqlite3_column_int(read, 0);
        if (!field_set_has(&replica->place.fields, field))
            continue;
        struct head head = {.value = sql_blob(read, 3),
                            .described = true,
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
    bind_key(read, row);
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
    bind_key(read, row);
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
    json_t *list = json_loadb((const char *)text.data, text.size, 0, NULL);
    struct buffer value = {0};
    enum status status = json_is_array(list) ? STATUS_OK : damaged(row, err);
    bool is_code = field->type == FIELD_ENUM;
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(list); i++) {
        const char *element = json_string_value(json_array_get(list, i));
        buffer_clear(&value);
        if (!element)
            status = damaged(row, err);
        else
            status = is_code ? pack_str(&value, bytes_text(element))
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
    sqlite3_reset(select);
    return status;
}

/* ---- storing ---- */

static enum status add_to_mark(struct replica *replica, const struct dot *dot, uint16_t field,
                               struct error *err)
{
    struct row_place *place = &replica->place;
    uint32_t local;
    TRY(feed_ensure(replica, &dot->feed, &local, err));
    for (size_t i = 0; i < place->groups_count; i++)
        if (place->groups[i].feed == local && place->groups[i].number == dot->number) {
            field_set_add(&place->groups[i].fields, field);
            return STATUS_OK;
        }
    struct mark_group *groups =
        array_grow(place->groups, place->groups_count, &place->groups_capacity, sizeof *groups);
    if (!groups)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    place->groups = groups;
    struct mark_group *group = &groups[place->groups_count++];
    *group = (struct mark_group){.feed = local, .number = dot->number};
    field_set_add(&group->fields, field);
    return STATUS_OK;
}

/* The mark as it was for fields that aren't loaded, and anew for those that are. */
static enum status make_mark(struct replica *replica, const struct row *row, struct buffer *mark,
                             struct error *err)
{
    struct row_place *place = &replica->place;
    for (size_t i = 0; i < place->groups_count; i++)
        for (size_t b = 0; b < sizeof place->fields.bits; b++)
            place->groups[i].fields.bits[b] &= (uint8_t)~place->fields.bits[b];
    for (size_t c = 0; c < row->cells_count; c++)
        for (size_t h = 0; h < row->cells[c].heads_count; h++)
            TRY(add_to_mark(replica, &row->cells[c].heads[h].dot, row->cells[c].field, err));
    for (size_t i = 0; i < place->groups_count; i++)
        if (!field_set_equal(&place->groups[i].fields, &no_fields))
            TRY(mark_append(mark, &place->groups[i]));
    return STATUS_OK;
}

static bool several_dots(const struct cell *cell)
{
    for (size_t i = 1; i < cell->heads_count; i++)
        if (!dot_equal(&cell->heads[0].dot, &cell->heads[i].dot))
            return true;
    return false;
}

static enum status insert_head(struct replica *replica, const struct row *row, uint16_t field,
                               const struct head *head, bool conflict, struct error *err)
{
    uint8_t seen[ENTRY_BASES_MAX * 20];
    sqlite3_stmt *insert = sql_use(replica, SQL_HEAD_INSERT);
    if (!insert)
        return sql_fail(replica, err, "heads");
    for (size_t i = 0; i < head->seen_count; i++) {
        put_u32le(seen + i * 20, head->seen[i].feed.scope);
        put_u32le(seen + i * 20 + 4, head->seen[i].feed.device);
        put_u32le(seen + i * 20 + 8, head->seen[i].feed.incarnation);
        put_u64le(seen + i * 20 + 12, head->seen[i].number);
    }
    bind_key(insert, row);
    sqlite3_bind_int(insert, 4, field);
    sqlite3_bind_int64(insert, 5, feed_find(replica, &head->dot.feed));
    sqlite3_bind_int64(insert, 6, (int64_t)head->dot.number);
    sqlite3_bind_blob(insert, 7, head->value.data, (int)head->value.size, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 8, head->time_ms);
    sqlite3_bind_blob(insert, 9, head->person.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(insert, 10, seen, (int)(head->seen_count * 20), SQLITE_STATIC);
    sqlite3_bind_int(insert, 11, conflict);
    return sql_done(replica, insert, "heads", err);
}

/* Field 0 has no row_show: its heads' stories are asked for here. */
static enum status describe_deletes(struct replica *replica, struct row *row, struct cell *cell,
                                    struct error *err)
{
    struct row_history history = replica_history(replica);
    for (size_t i = 0; i < cell->heads_count; i++) {
        struct head_story story = {0};
        if (cell->heads[i].described)
            continue;
        TRY(history.story(history.context, row, FIELD_DELETED, &cell->heads[i].dot, &story, err));
        cell->heads[i].time_ms = story.time_ms;
        cell->heads[i].person = story.person;
        cell->heads[i].described = true;
    }
    return STATUS_OK;
}

static enum status store_heads(struct replica *replica, struct row *row, struct cell *cell,
                               bool conflict, struct error *err)
{
    for (size_t i = 0; i < cell->heads_count; i++)
        TRY(insert_head(replica, row, cell->field, &cell->heads[i], conflict, err));
    return STATUS_OK;
}

static enum status store_elements(struct replica *replica, const struct row *row,
                                  const struct cell *cell, struct error *err)
{
    for (size_t i = 0; i < cell->heads_count; i++) {
        const struct head *head = &cell->heads[i];
        sqlite3_stmt *insert = sql_use(replica, SQL_ELEMENT_INSERT);
        if (!insert)
            return sql_fail(replica, err, "elements");
        bind_key(insert, row);
        sqlite3_bind_int(insert, 4, cell->field);
        sqlite3_bind_blob(insert, 5, head->value.data, (int)head->value.size, SQLITE_STATIC);
        sqlite3_bind_int64(insert, 6, feed_find(replica, &head->dot.feed));
        sqlite3_bind_int64(insert, 7, (int64_t)head->dot.number);
        TRY(sql_done(replica, insert, "elements", err));
    }
    return STATUS_OK;
}

static enum status store_replaced(struct replica *replica, const struct row *row, struct error *err)
{
    for (size_t i = 0; i < row->replaced_count; i++) {
        const struct replaced *replaced = &row->replaced[i];
        sqlite3_stmt *insert = sql_use(replica, SQL_REPLACED_INSERT);
        if (!insert)
            return sql_fail(replica, err, "remembered bases");
        bind_key(insert, row);
        sqlite3_bind_int(insert, 4, replaced->field);
        sqlite3_bind_int64(insert, 5, replaced->dot.feed.scope);
        sqlite3_bind_int64(insert, 6, replaced->dot.feed.device);
        sqlite3_bind_int64(insert, 7, replaced->dot.feed.incarnation);
        sqlite3_bind_int64(insert, 8, (int64_t)replaced->dot.number);
        sqlite3_bind_blob(insert, 9,
                          replaced->element.size ? (const void *)replaced->element.data : "",
                          (int)replaced->element.size, SQLITE_STATIC);
        TRY(sql_done(replica, insert, "remembered bases", err));
        replica->replaced_count += sqlite3_changes(replica->database);
    }
    return STATUS_OK;
}

static enum status clear_replaced(struct replica *replica, const struct row *row, struct error *err)
{
    sqlite3_stmt *clear = sql_use(replica, SQL_REPLACED_CLEAR);
    if (!clear)
        return sql_fail(replica, err, "remembered bases");
    bind_key(clear, row);
    TRY(sql_done(replica, clear, "remembered bases", err));
    replica->replaced_count -= sqlite3_changes(replica->database);
    return STATUS_OK;
}

/* Takes the loaded heads and elements out of their tables. */
static enum status clear_spread(struct replica *replica, const struct row *row, struct error *err)
{
    const struct field_set *spread = &replica->place.spread;
    if (field_set_equal(spread, &no_fields))
        return STATUS_OK;
    for (uint16_t field = 0; field <= FIELD_NUMBER_MAX; field++) {
        if (!field_set_has(spread, field))
            continue;
        const struct schema_field *declared = table_field(row->table, field);
        bool is_set = declared && declared->merge == MERGE_SET;
        sqlite3_stmt *clear = sql_use(replica, is_set ? SQL_ELEMENT_CLEAR : SQL_HEAD_CLEAR);
        if (!clear)
            return sql_fail(replica, err, "heads");
        bind_key(clear, row);
        sqlite3_bind_int(clear, 4, field);
        TRY(sql_done(replica, clear, "heads", err));
    }
    return STATUS_OK;
}

static enum status bind_set(struct replica *replica, const struct schema_field *field,
                            const struct cell *cell, sqlite3_stmt *statement, int index,
                            struct error *err)
{
    struct bytes *elements = malloc((cell->heads_count + 1) * sizeof *elements);
    if (!elements)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < cell->heads_count; i++)
        elements[i] = cell->heads[i].value;
    enum status status = column_set_text(replica, field, elements, cell->heads_count, err);
    free(elements);
    if (status == STATUS_OK)
        sqlite3_bind_text(statement, index, (const char *)replica->column.data,
                          (int)replica->column.size, SQLITE_TRANSIENT);
    return status;
}

/* Binds one field's column and stores its heads when they don't fit into it. */
static enum status store_cell(struct replica *replica, struct row *row,
                              const struct schema_field *field, sqlite3_stmt *statement, int index,
                              struct error *err)
{
    struct cell *cell = row_find_cell(row, field->number);
    struct row_history history = replica_history(replica);
    struct shown shown = {0};
    if (!cell || cell->heads_count == 0)
        return column_bind(replica, field, (struct bytes){0}, statement, index, err);
    if (field->merge == MERGE_COUNTER) {
        sqlite3_bind_int64(statement, index, (int64_t)cell->total);
        return STATUS_OK;
    }
    if (field->merge == MERGE_SET) {
        TRY(bind_set(replica, field, cell, statement, index, err));
        return several_dots(cell) ? store_elements(replica, row, cell, err) : STATUS_OK;
    }
    TRY(row_show(row, field, &history, &shown, err));
    TRY(column_bind(replica, field, shown.value, statement, index, err));
    return cell->heads_count > 1 ? store_heads(replica, row, cell, shown.conflict, err) : STATUS_OK;
}

static enum status store_columns(struct replica *replica, struct row *row, struct bytes mark,
                                 sqlite3_stmt *statement, struct error *err)
{
    const struct row_place *place = &replica->place;
    int index = COLUMN_FIRST_FIELD + 1;
    for (size_t i = 0; i < row->table->fields_count; i++) {
        const struct schema_field *field = &row->table->fields[i];
        if (!field_set_has(&place->fields, field->number))
            continue;
        TRY(store_cell(replica, row, field, statement, index, err));
        index += field_columns(field);
    }
    if (place->found) {
        sqlite3_bind_int64(statement, 1, place->rowid);
    } else {
        sqlite3_bind_blob(statement, 1, row->id.bytes, ID_BYTES, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, row->scope);
    }
    sqlite3_bind_blob(statement, 3, mark.size ? (const void *)mark.data : "", (int)mark.size,
                      SQLITE_STATIC);
    sqlite3_bind_int(statement, 4, row_deleted(row));
    return sql_done(replica, statement, row->table->name, err);
}

enum status row_store(struct replica *replica, struct row *row, struct error *err)
{
    struct cell *deletes = row_find_cell(row, FIELD_DELETED);
    struct buffer *mark = &replica->mark;
    sqlite3_stmt *statement =
        table_use(replica, row->table, &replica->place.fields,
                  replica->place.found ? COLUMNS_UPDATE : COLUMNS_INSERT, err);
    if (!statement)
        return err ? err->status : STATUS_STORAGE;
    if (replica->replaced_count > 0)
        TRY(clear_replaced(replica, row, err));
    TRY(clear_spread(replica, row, err));
    buffer_clear(mark);
    TRY(make_mark(replica, row, mark, err));
    TRY(store_columns(replica, row, buffer_bytes(mark), statement, err));
    if (deletes && deletes->heads_count > 0) {
        TRY(describe_deletes(replica, row, deletes, err));
        TRY(store_heads(replica, row, deletes, row_delete_conflict(row), err));
    }
    return store_replaced(replica, row, err);
}
