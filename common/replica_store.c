/* A struct row into its place in the file: columns, mark, side tables (replica_row.c). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/mutant.h"
#include "common/replica_state.h"

static enum status add_to_mark(struct replica *replica, const struct dot *dot, uint16_t field,
                               struct error *err)
{
    struct row_place *place = &replica->place;
    uint32_t local;
    TRY(feed_ensure(replica, &dot->feed, &local, err));
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

static int by_dot(const void *left, const void *right)
{
    const struct mark_group *a = left, *b = right;
    if (a->feed != b->feed)
        return a->feed < b->feed ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* One group for each dot: a field may have very many, so they are sorted, not looked for. */
static void join_groups(struct row_place *place)
{
    size_t kept = 0;
    if (place->groups_count > 1)
        qsort(place->groups, place->groups_count, sizeof *place->groups, by_dot);
    for (size_t i = 0; i < place->groups_count; i++) {
        const struct mark_group *group = &place->groups[i];
        struct mark_group *last = kept > 0 ? &place->groups[kept - 1] : NULL;
        if (!last || by_dot(last, group) != 0)
            place->groups[kept++] = *group;
        else
            for (size_t b = 0; b < sizeof group->fields.bits; b++)
                last->fields.bits[b] |= group->fields.bits[b];
    }
    place->groups_count = kept;
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
    join_groups(place);
    for (size_t i = 0; i < place->groups_count; i++)
        if (!field_set_equal(&place->groups[i].fields, &no_fields))
            if (mark_append(mark, &place->groups[i]) != STATUS_OK)
                return error_set(err, STATUS_NO_MEMORY, "out of memory");
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
    row_bind_key(insert, row);
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

static enum status clear_field(struct replica *replica, const struct row *row, uint16_t field,
                               enum statement which, struct error *err)
{
    sqlite3_stmt *clear = sql_use(replica, which);
    if (!clear)
        return sql_fail(replica, err, "heads");
    row_bind_key(clear, row);
    sqlite3_bind_int(clear, 4, field);
    return sql_done(replica, clear, "heads", err);
}

/* Have heads only come since the cell was loaded? */
static bool only_grew(const struct cell *cell, bool conflict)
{
    size_t stored = 0;
    for (size_t i = 0; i < cell->heads_count; i++)
        stored += cell->heads[i].stored;
    return stored > 0 && stored == cell->stored_count && conflict == cell->stored_conflict &&
           !MUTANT("t27-heads-written-anew");
}

/* A field may have very many heads, and mostly another one comes: then that one is written. */
static enum status store_heads(struct replica *replica, struct row *row, struct cell *cell,
                               bool conflict, struct error *err)
{
    bool grew = only_grew(cell, conflict);
    if (!grew && field_set_has(&replica->place.spread, cell->field))
        TRY(clear_field(replica, row, cell->field, SQL_HEAD_CLEAR, err));
    for (size_t i = 0; i < cell->heads_count; i++) {
        struct head *head = &cell->heads[i];
        if (!grew || !head->stored)
            TRY(insert_head(replica, row, cell->field, head, conflict, err));
    }
    return STATUS_OK;
}

/* Does store_heads see to what stands in the table? One deletion stands there, too. */
static bool keeps_heads(const struct row *row, uint16_t field, bool is_set)
{
    const struct cell *cell = row_find_cell(row, field);
    return cell && !is_set && cell->heads_count > (field != FIELD_DELETED);
}

static enum status store_elements(struct replica *replica, const struct row *row,
                                  const struct cell *cell, struct error *err)
{
    for (size_t i = 0; i < cell->heads_count; i++) {
        const struct head *head = &cell->heads[i];
        sqlite3_stmt *insert = sql_use(replica, SQL_ELEMENT_INSERT);
        if (!insert)
            return sql_fail(replica, err, "elements");
        row_bind_key(insert, row);
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
        row_bind_key(insert, row);
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
    row_bind_key(clear, row);
    TRY(sql_done(replica, clear, "remembered bases", err));
    replica->replaced_count -= sqlite3_changes(replica->database);
    return STATUS_OK;
}

/* Takes the loaded heads and elements out of their tables, but those of store_heads. */
static enum status clear_spread(struct replica *replica, const struct row *row, struct error *err)
{
    const struct field_set *spread = &replica->place.spread;
    if (field_set_equal(spread, &no_fields))
        return STATUS_OK;
    for (uint16_t field = 0; field <= FIELD_NUMBER_MAX; field++) {
        const struct schema_field *declared = table_field(row->table, field);
        bool is_set = declared && declared->merge == MERGE_SET;
        if (!field_set_has(spread, field) || keeps_heads(row, field, is_set))
            continue;
        TRY(clear_field(replica, row, field, is_set ? SQL_ELEMENT_CLEAR : SQL_HEAD_CLEAR, err));
    }
    return STATUS_OK;
}

enum status row_remove(struct replica *replica, const struct row *row, struct error *err)
{
    char sql[96];
    sqlite3_stmt *remove = NULL;
    if (replica->replaced_count > 0)
        TRY(clear_replaced(replica, row, err));
    TRY(clear_spread(replica, row, err));
    snprintf(sql, sizeof sql, "DELETE FROM \"%s\" WHERE rowid = ?", row->table->name);
    TRY(sql_prepare(replica, sql, &remove, err));
    sqlite3_bind_int64(remove, 1, replica->place.rowid);
    enum status status = sql_done(replica, remove, row->table->name, err);
    sqlite3_finalize(remove);
    return status;
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
    return status == STATUS_OK ? column_bind_text(replica, statement, index, err) : status;
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
    sqlite3_bind_int(statement, 4, (int)row_presence(row));
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
