/* From the log into the tables: one entry at a time, in any order of feeds. */

#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "common/pack.h"
#include "common/replica_move.h"

#define ASIDE_ROWS_MAX 1000 /* with a body, of a feed */

static bool is_covered(void *context, const struct dot *dot)
{
    const struct replica *replica = context;
    return frontier_covers(&replica->frontier, dot);
}

struct row_source replica_source(struct replica *replica)
{
    return (struct row_source){is_covered, replica};
}

/* ---- the fast path: a row that nobody wrote before ---- */

static bool is_nil(struct bytes value)
{
    return value.size == 1 && value.data[0] == 0xc0;
}

/* A set's value without removals, and its elements. */
bool set_only_adds(struct bytes value, struct unpack *elements, uint32_t *count)
{
    struct unpack in = unpack_of(value), ahead;
    struct bytes skipped;
    uint32_t parts, removed;
    if (!unpack_array(&in, &parts))
        return false;
    ahead = in;
    *elements = in;
    return unpack_array(elements, count) && unpack_value(&ahead, &skipped) &&
           unpack_array(&ahead, &removed) && removed == 0;
}

static bool is_plain(const struct replica *replica, const struct entry_view *view,
                     const struct schema_table *table, const struct op *op)
{
    if (replica->replaced_count > 0)
        return false;
    for (uint32_t i = 0; i < op->fields_count; i++) {
        const struct op_field *written = &view->fields[op->fields_at + i];
        const struct schema_field *field = table_field(table, written->number);
        struct unpack elements;
        uint32_t count;
        if (written->number == FIELD_DELETED || written->bases_count > 0)
            return false;
        if (!field)
            continue;
        if ((field->merge == MERGE_MAX || field->merge == MERGE_MIN) && is_nil(written->value))
            return false;
        if (field->merge == MERGE_SET && !set_only_adds(written->value, &elements, &count))
            return false;
    }
    return true;
}

static enum status bind_new_set(struct replica *replica, const struct schema_field *field,
                                struct bytes value, sqlite3_stmt *insert, int index, bool *present,
                                struct error *err)
{
    struct unpack in;
    uint32_t count = 0;
    set_only_adds(value, &in, &count);
    *present = count > 0;
    if (!*present) {
        sqlite3_bind_null(insert, index);
        return STATUS_OK;
    }
    struct bytes *elements = malloc(count * sizeof *elements);
    if (!elements)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < count; i++)
        unpack_value(&in, &elements[i]);
    enum status status = column_set_text(replica, field, elements, count, err);
    free(elements);
    if (status == STATUS_OK)
        status = column_bind_text(replica, insert, index, err);
    return status;
}

static enum status bind_new(struct replica *replica, const struct entry_view *view,
                            const struct op *op, sqlite3_stmt *insert, struct mark_group *group,
                            struct error *err)
{
    const struct schema_table *table = schema_table(replica->schema, op->table);
    int index = COLUMN_FIRST_FIELD + 1;
    for (uint32_t i = 0; i < op->fields_count; i++) {
        const struct op_field *written = &view->fields[op->fields_at + i];
        const struct schema_field *field = table_field(table, written->number);
        bool present = true;
        if (!field)
            continue;
        TRY(field->merge == MERGE_SET
                ? bind_new_set(replica, field, written->value, insert, index, &present, err)
                : column_bind(replica, field, written->value, insert, index, err));
        if (present)
            field_set_add(&group->fields, field->number);
        index += field_columns(field);
    }
    return STATUS_OK;
}

/* Does a later entry that replaces what this op wrote lead back to it? A field whose rule works by
 * bases does: what it wrote is a head, or is named by what replaced it. */
static bool is_anchored(const struct schema_table *table, const struct entry_view *view,
                        const struct op *op)
{
    for (uint32_t i = 0; i < op->fields_count; i++) {
        const struct op_field *written = &view->fields[op->fields_at + i];
        const struct schema_field *field = table_field(table, written->number);
        if (written->number == FIELD_DELETED)
            return true;
        if (field && field->merge != MERGE_MAX && field->merge != MERGE_MIN &&
            field->merge != MERGE_COUNTER && field->merge != MERGE_SET)
            return true;
    }
    return false;
}

enum status op_note(struct replica *replica, const struct op *op, const struct dot *dot,
                    struct error *err)
{
    sqlite3_stmt *insert = sql_use(replica, SQL_TOUCH_INSERT);
    if (!insert)
        return sql_fail(replica, err, "touched rows");
    sqlite3_bind_int64(insert, 1, op->table);
    sqlite3_bind_blob(insert, 2, op->row.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 3, dot->feed.scope);
    sqlite3_bind_int64(insert, 4, feed_find(replica, &dot->feed));
    sqlite3_bind_int64(insert, 5, (int64_t)dot->number);
    return sql_done(replica, insert, "touched rows", err);
}

static struct field_set written_fields(const struct entry_view *view, const struct op *op)
{
    struct field_set set = {{0}};
    for (uint32_t i = 0; i < op->fields_count; i++)
        field_set_add(&set, view->fields[op->fields_at + i].number);
    return set;
}

enum status row_insert(struct replica *replica, const struct dot *dot,
                       const struct entry_view *view, const struct op *op, bool *inserted,
                       struct error *err)
{
    const struct schema_table *table = schema_table(replica->schema, op->table);
    struct field_set fields = written_fields(view, op);
    sqlite3_stmt *insert = table_use(replica, table, &fields, COLUMNS_INSERT, err);
    struct mark_group group = {.feed = feed_find(replica, &dot->feed), .number = dot->number};
    uint8_t space[64];
    struct buffer mark = {.data = space, .capacity = sizeof space};
    if (!insert)
        return err ? err->status : STATUS_STORAGE;
    TRY(bind_new(replica, view, op, insert, &group, err));
    TRY(mark_append(&mark, &group));
    sqlite3_bind_blob(insert, 1, op->row.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 2, dot->feed.scope);
    sqlite3_bind_blob(insert, 3, mark.data, (int)mark.size, SQLITE_STATIC);
    sqlite3_bind_int(insert, 4, 0);
    TRY(sql_done(replica, insert, table->name, err));
    *inserted = sqlite3_changes(replica->database) == 1;
    if (!*inserted)
        return STATUS_OK;
    if (!is_anchored(table, view, op))
        TRY(op_note(replica, op, dot, err));
    return tally_add_op(replica, view, op, dot, err);
}

/* ---- the slow path: load, merge, store ---- */

/* The fields that an op writes, and those that are shown together with them. */
static struct field_set op_fields(const struct schema_table *table, const struct entry_view *view,
                                  const struct op *op)
{
    struct field_set set = {{0}};
    for (uint32_t i = 0; i < op->fields_count; i++) {
        uint16_t number = view->fields[op->fields_at + i].number;
        const struct schema_field *field = table_field(table, number);
        if (number == FIELD_DELETED)
            return all_fields;
        field_set_add(&set, number);
        for (size_t f = 0; field && field->group && f < table->fields_count; f++)
            if (table->fields[f].group == field->group)
                field_set_add(&set, table->fields[f].number);
    }
    return set;
}

enum status row_settle(struct replica *replica, struct error *err)
{
    struct row *row = &replica->row;
    if (!replica->unstored)
        return STATUS_OK;
    replica->unstored = false;
    TRY(row_store(replica, row, err));
    return tally_cells(replica, row, false, err);
}

/* Is the row in memory, with all that the op needs? */
static bool is_at_hand(const struct replica *replica, const struct row_wish *wish)
{
    const struct row *row = &replica->row;
    if (!replica->unstored || row->table != wish->table || row->scope != wish->scope ||
        !id_equal(&row->id, &wish->id))
        return false;
    for (size_t i = 0; i < sizeof wish->fields.bits; i++)
        if (wish->fields.bits[i] & ~replica->place.fields.bits[i])
            return false;
    return !MUTANT("t27-row-stored-each-time");
}

static enum status load_for_merge(struct replica *replica, const struct row_wish *wish,
                                  struct error *err)
{
    TRY(row_load(replica, wish, &replica->row, err));
    TRY(replica->place.found ? tally_cells(replica, &replica->row, true, err)
                             : tally_row(replica, &replica->row, false, err));
    replica->unstored = true;
    return STATUS_OK;
}

/* Many values of one row may come one after the other: they are merged in memory and stored
 * together. A row that is new is stored at once, since row_insert must find it. */
static enum status merge_op(struct replica *replica, const struct dot *dot,
                            const struct entry_view *view, const struct op *op, struct error *err)
{
    struct row_wish wish = {
        .table = schema_table(replica->schema, op->table), .scope = dot->feed.scope, .id = op->row};
    struct row *row = &replica->row;
    struct row_source source = replica_source(replica);
    struct id person = feed_person(replica, dot, &view->head);
    wish.fields = op_fields(wish.table, view, op);
    if (!is_at_hand(replica, &wish))
        TRY(load_for_merge(replica, &wish, err));
    row->replaced_changed = false;
    TRY(row_apply(row, view, op, dot, &person, &source, err));
    /* Bases that were unmet, here or there: entries that name each other lead nowhere. */
    if (row->replaced_changed || !is_anchored(wish.table, view, op))
        TRY(op_note(replica, op, dot, err));
    /* Now, and not when the row is stored: by then the next entry's turn may have come, which a
     * base that waits here may name. */
    row_forget_met(row, &source);
    return replica->gathering && replica->place.found ? STATUS_OK : row_settle(replica, err);
}

enum status apply_entry(struct replica *replica, const struct dot *dot,
                        const struct entry_view *view, struct error *err)
{
    for (size_t i = 0; i < view->ops_count; i++) {
        const struct op *op = &view->ops[i];
        const struct schema_table *table = schema_table(replica->schema, op->table);
        bool inserted = false;
        if (!table)
            continue;
        if (is_plain(replica, view, table, op))
            TRY(row_insert(replica, dot, view, op, &inserted, err));
        if (!inserted)
            TRY(merge_op(replica, dot, view, op, err));
        TRY(attached_note(replica, dot, view, op, err));
        TRY(moving_note(replica, view, op, err));
    }
    return adopted_note(replica, dot, view, err);
}

/* ---- what becomes of an entry ---- */

static enum status aside_full(struct replica *replica, const struct feed_id *feed, bool *full,
                              struct error *err)
{
    sqlite3_stmt *count = sql_use(replica, SQL_ASIDE_COUNT);
    if (!count)
        return sql_fail(replica, err, "set-aside entries");
    sqlite3_bind_int64(count, 1, feed->scope);
    sqlite3_bind_int64(count, 2, feed->device);
    sqlite3_bind_int64(count, 3, feed->incarnation);
    enum status status = STATUS_OK;
    *full =
        sql_row(replica, count, &status, err) && sqlite3_column_int64(count, 0) >= ASIDE_ROWS_MAX;
    return sql_end(replica, count, status, err);
}

/* What came with its body isn't in the log, and may be anything: of that only so much is kept. What
 * the log holds is noted without end, for somebody may adopt it. */
static enum status note(struct replica *replica, const struct dot *dot, const struct error *reason,
                        const struct bytes parts[2], struct error *err)
{
    bool full = false;
    if (parts[0].size > 0)
        TRY(aside_full(replica, &dot->feed, &full, err));
    if (full)
        return STATUS_OK;
    sqlite3_stmt *insert = sql_use(replica, SQL_ASIDE_INSERT);
    if (!insert)
        return sql_fail(replica, err, "set-aside entries");
    sqlite3_bind_int64(insert, 1, dot->feed.scope);
    sqlite3_bind_int64(insert, 2, dot->feed.device);
    sqlite3_bind_int64(insert, 3, dot->feed.incarnation);
    sqlite3_bind_int64(insert, 4, (int64_t)dot->number);
    sqlite3_bind_int(insert, 5, (int)reason->status);
    sqlite3_bind_text(insert, 6, reason->text, -1, SQLITE_STATIC);
    sql_bind_bytes(insert, 7, parts[0]);
    sqlite3_bind_int64(insert, 8, clock_wall_ms(&replica->clock));
    if (parts[1].size > 0)
        sql_bind_bytes(insert, 9, parts[1]);
    else
        sqlite3_bind_null(insert, 9);
    return sql_done(replica, insert, "set-aside entries", err);
}

enum status aside_note(struct replica *replica, const struct dot *dot, const struct error *reason,
                       struct bytes body, struct error *err)
{
    const struct bytes parts[2] = {body};
    return note(replica, dot, reason, parts, err);
}

enum status aside_note_proof(struct replica *replica, const struct dot *dot,
                             const struct error *reason, const struct run *proof, struct error *err)
{
    struct buffer encoded = {0};
    enum status status = run_encode(proof, &encoded, err);
    const struct bytes parts[2] = {proof->bodies[0], buffer_bytes(&encoded)};
    if (status == STATUS_OK)
        status = note(replica, dot, reason, parts, err);
    buffer_release(&encoded);
    return status;
}

enum status replica_aside_body(struct replica *replica, const struct dot *dot, struct buffer *body,
                               struct error *err)
{
    enum status status = feed_read(replica, dot, body, err);
    if (status != STATUS_NOT_FOUND)
        return status;
    sqlite3_stmt *read = sql_use(replica, SQL_ASIDE_BODY);
    if (!read)
        return sql_fail(replica, err, "set-aside entries");
    sqlite3_bind_int64(read, 1, dot->feed.scope);
    sqlite3_bind_int64(read, 2, dot->feed.device);
    sqlite3_bind_int64(read, 3, dot->feed.incarnation);
    sqlite3_bind_int64(read, 4, (int64_t)dot->number);
    status = STATUS_OK;
    if (!sql_row(replica, read, &status, err) && status == STATUS_OK)
        status = error_set(err, STATUS_NOT_FOUND, "there is no such entry");
    else if (status == STATUS_OK && buffer_append_bytes(body, sql_blob(read, 0)) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    return sql_end(replica, read, status, err);
}

enum status aside_forget(struct replica *replica, const struct dot *dot, struct error *err)
{
    sqlite3_stmt *forget = sql_use(replica, SQL_ASIDE_FORGET);
    if (!forget)
        return sql_fail(replica, err, "set-aside entries");
    sqlite3_bind_int64(forget, 1, dot->feed.scope);
    sqlite3_bind_int64(forget, 2, dot->feed.device);
    sqlite3_bind_int64(forget, 3, dot->feed.incarnation);
    sqlite3_bind_int64(forget, 4, (int64_t)dot->number);
    return sql_done(replica, forget, "set-aside entries", err);
}

static enum status set_aside(struct replica *replica, const struct dot *dot,
                             const struct error *reason, struct received *received,
                             struct error *err)
{
    received->aside++;
    TRY(feed_set_state(replica, dot, LOG_NOT_PERMITTED, err));
    return aside_note(replica, dot, reason, (struct bytes){0}, err);
}

static enum status admit_registry(struct replica *replica, const struct dot *dot,
                                  struct received *received, struct error *err)
{
    struct error reason = {0};
    enum status verdict = registry_apply(replica->registry, dot, &replica->view, &reason);
    if (verdict == STATUS_NO_MEMORY)
        return error_set(err, verdict, "out of memory");
    if (verdict == STATUS_UNKNOWN) {
        received->aside++;
        replica->registry_waits = true;
        return feed_set_state(replica, dot, LOG_WAITING, err);
    }
    if (verdict != STATUS_OK)
        return set_aside(replica, dot, &reason, received, err);
    received->applied++;
    return registry_followed(replica, &replica->view, err);
}

static enum status admit_records(struct replica *replica, const struct dot *dot,
                                 struct received *received, struct error *err)
{
    struct error reason = {0};
    enum status verdict = registry_permits(replica->registry, dot, &replica->view, &reason);
    if (verdict == STATUS_NO_MEMORY)
        return error_set(err, verdict, "out of memory");
    if (verdict == STATUS_UNKNOWN) {
        received->aside++;
        return feed_set_state(replica, dot, LOG_WAITING, err);
    }
    if (verdict != STATUS_OK)
        return set_aside(replica, dot, &reason, received, err);
    received->applied++;
    return apply_entry(replica, dot, &replica->view, err);
}

enum status admit_entry(struct replica *replica, const struct dot *dot, struct bytes body,
                        struct received *received, struct error *err)
{
    struct error reason = {0};
    enum status verdict = entry_decode(&replica->view, &dot->feed, body, &reason);
    if (verdict == STATUS_NO_MEMORY)
        return error_set(err, verdict, "out of memory");
    if (verdict != STATUS_OK)
        return set_aside(replica, dot, &reason, received, err);
    if (SCOPE_IS_REGISTRY(dot->feed.scope))
        return admit_registry(replica, dot, received, err);
    TRY(keys_note(replica, dot, &replica->view, err));
    return admit_records(replica, dot, received, err);
}
