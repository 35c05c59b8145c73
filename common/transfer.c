#include "common/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/transfer_state.h"

#define MOVES_OF_A_ROW 4   /* in one run; more can only be a fault */
#define ROWS_OF_A_RUN 1000 /* the others wait for the next */

/* ---- moving ---- */

/* Rules that sent a row to and fro would fill the disk: here they end. */
static enum status note_move(struct transfer *transfer, const struct row_wish *wish,
                             struct error *err)
{
    struct run_moves *moves = transfer->moves;
    char text[ID_TEXT_BYTES];
    size_t before = 0;
    for (size_t i = 0; i < moves->count; i++)
        before += moves->items[i].table == wish->table && id_equal(&moves->items[i].id, &wish->id);
    if (before == MOVES_OF_A_ROW) {
        id_format(&wish->id, text);
        return error_set(err, STATUS_DENIED, "row '%s' of table '%s' moves to and fro", text,
                         wish->table->name);
    }
    struct row_wish *items =
        array_grow(moves->items, moves->count, &moves->capacity, sizeof *items);
    if (!items)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    moves->items = items;
    items[moves->count++] = *wish;
    return STATUS_OK;
}

enum status move_row(struct transfer *transfer, const struct row_wish *wish, uint32_t org,
                     struct error *err)
{
    struct row_wish there = *wish;
    size_t carried = 0;
    there.scope = SCOPE_RECORDS(org);
    TRY(note_move(transfer, wish, err));
    TRY(row_carry(transfer->replica, wish, there.scope, &carried, err));
    TRY(row_reopen(transfer->replica, &there, err));
    TRY(row_close(transfer->replica, wish, org, false, err));
    transfer->entries += carried + 1;
    return STATUS_OK;
}

struct ids {
    struct id *items;
    size_t count, capacity;
};

/* A ref's column as it names the row. */
static struct bytes ref_column(const struct schema_field *field, const struct row_wish *wish,
                               uint8_t column[ID_BYTES + 2])
{
    column[0] = (uint8_t)wish->table->number;
    column[1] = (uint8_t)(wish->table->number >> 8);
    memcpy(column + 2, wish->id.bytes, ID_BYTES);
    return field->type == FIELD_REF ? bytes_of(column + 2, ID_BYTES)
                                    : bytes_of(column, ID_BYTES + 2);
}

static enum status list_followers(struct transfer *transfer, const struct schema_table *table,
                                  const struct row_wish *wish, struct ids *ids, struct error *err)
{
    char sql[200];
    uint8_t column[ID_BYTES + 2];
    sqlite3_stmt *list = NULL;
    enum status status = STATUS_OK;
    const struct schema_field *field = table_field(table, table->scope_field);
    snprintf(sql, sizeof sql,
             "SELECT id FROM \"%s\" WHERE \"%s\" = ? AND _scope = ? AND _deleted = 0", table->name,
             field->name);
    TRY(sql_prepare(transfer->replica, sql, &list, err));
    sql_bind_bytes(list, 1, ref_column(field, wish, column));
    sqlite3_bind_int64(list, 2, wish->scope);
    while (status == STATUS_OK && sql_row(transfer->replica, list, &status, err)) {
        struct id *items = array_grow(ids->items, ids->count, &ids->capacity, sizeof *items);
        if (!items) {
            status = error_set(err, STATUS_NO_MEMORY, "out of memory");
            break;
        }
        ids->items = items;
        if (sqlite3_column_bytes(list, 0) == ID_BYTES)
            memcpy(items[ids->count++].bytes, sqlite3_column_blob(list, 0), ID_BYTES);
    }
    sqlite3_finalize(list);
    return status;
}

static bool may_name(const struct schema_field *field, const struct schema_table *table)
{
    for (size_t i = 0; i < field->ref_tables_count; i++)
        if (field->ref_tables[i] == table->number)
            return true;
    return field->type == FIELD_REF_ANY && field->ref_tables_count == 0;
}

enum status move_with_followers(struct transfer *transfer, const struct row_wish *wish,
                                uint32_t org, struct error *err)
{
    const struct schema *schema = transfer->replica->schema;
    TRY(move_row(transfer, wish, org, err));
    for (size_t t = 0; t < schema->tables_count; t++) {
        const struct schema_table *table = &schema->tables[t];
        struct ids ids = {0};
        if (!table->follows || !may_name(table_field(table, table->scope_field), wish->table))
            continue;
        enum status status = list_followers(transfer, table, wish, &ids, err);
        for (size_t i = 0; status == STATUS_OK && i < ids.count; i++) {
            struct row_wish follower = {table, wish->scope, ids.items[i], all_fields};
            status = move_row(transfer, &follower, org, err);
        }
        free(ids.items);
        TRY(status);
    }
    return STATUS_OK;
}

/* ---- a row that follows another ---- */

enum status shown_value(struct transfer *transfer, uint16_t number, struct bytes *value,
                        struct error *err)
{
    struct row_history history = replica_history(transfer->replica);
    struct shown shown = {0};
    const struct schema_field *field = table_field(transfer->wish.table, number);
    TRY(row_show(&transfer->row, field, &history, &shown, err));
    *value = shown.present ? shown.value : (struct bytes){0};
    return STATUS_OK;
}

static enum status look_at_follower(struct transfer *transfer, struct error *err)
{
    const struct schema_table *table = transfer->wish.table;
    const struct schema_field *field = table_field(table, table->scope_field);
    struct row_wish parent = {.scope = transfer->wish.scope, .fields = all_fields};
    struct row row = {0};
    struct bytes ref;
    uint32_t org = 0;
    TRY(shown_value(transfer, field->number, &ref, err));
    if (!schema_ref(transfer->replica->schema, field, ref, &parent.table, &parent.id))
        return STATUS_OK;
    enum status status = row_load(transfer->replica, &parent, &row, err);
    if (status == STATUS_OK && row_presence(&row) == ROW_MOVED)
        org = agreed_place(&row);
    row_release(&row);
    return status != STATUS_OK || org == 0 ? status : move_row(transfer, &transfer->wish, org, err);
}

/* ---- all that ask for it ---- */

static enum status look_at(struct transfer *transfer, struct error *err)
{
    const struct schema_table *table = transfer->wish.table;
    bool left, own = false;
    TRY(row_load(transfer->replica, &transfer->wish, &transfer->row, err));
    if (!transfer->replica->place.found)
        return STATUS_OK;
    TRY(moving_left(transfer->replica, &transfer->wish, &left, err));
    if (left)
        TRY(look_at_left(transfer, err));
    if (row_presence(&transfer->row) != ROW_HERE || agreed_place(&transfer->row) != 0)
        return STATUS_OK;
    if (table->moves.row)
        TRY(look_at_letter(transfer, &own, err));
    return table->follows && !own ? look_at_follower(transfer, err) : STATUS_OK;
}

static enum status look_at_next(struct replica *replica, struct run_moves *moves, bool *found,
                                uint64_t *moved, struct error *err)
{
    struct transfer transfer = {.replica = replica, .moves = moves, .wish.fields = all_fields};
    TRY(moving_next(replica, &transfer.wish, found, err));
    enum status status = *found ? look_at(&transfer, err) : STATUS_OK;
    row_release(&transfer.row);
    *moved += transfer.entries;
    return status;
}

/* What goes wrong with one row must not stop the others: it is taken off the list. */
static enum status pass_over(struct replica *replica, struct error *err)
{
    struct row_wish row;
    bool found;
    TRY(replica_begin(replica, err));
    enum status status = moving_next(replica, &row, &found, err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

static bool is_storage(enum status status)
{
    return status == STATUS_STORAGE || status == STATUS_DISK_FULL || status == STATUS_BUSY ||
           status == STATUS_NO_MEMORY;
}

/* One row, in a transaction. `reason` says why it can't be moved. */
static enum status run_one(struct replica *replica, struct run_moves *moves, uint64_t *moved,
                           struct error *reason, struct error *err)
{
    uint64_t before = *moved;
    bool found;
    TRY(replica_begin(replica, err));
    enum status status = look_at_next(replica, moves, &found, moved, reason);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    *moved = before;
    if (is_storage(status))
        return error_set(err, status, "%s", reason->text);
    replica->moving.waits = true;
    return pass_over(replica, err);
}

enum status transfer_run(struct replica *replica, transfer_problem *problem, void *context,
                         uint64_t *moved, struct error *err)
{
    struct run_moves moves = {0};
    enum status status = STATUS_OK;
    *moved = 0;
    for (int rows = 0; status == STATUS_OK && rows < ROWS_OF_A_RUN; rows++) {
        struct error reason = {0};
        if (!replica->moving.ready || !replica->moving.waits)
            break;
        status = run_one(replica, &moves, moved, &reason, err);
        if (status == STATUS_OK && reason.status != STATUS_OK && problem)
            problem(context, &reason);
    }
    free(moves.items);
    return status;
}

enum status transfer_start(struct replica *replica, struct error *err)
{
    bool own = !replica->in_transaction;
    if (replica->moving.ready)
        return STATUS_OK;
    if (own)
        TRY(replica_begin(replica, err));
    enum status status = moving_start(replica, err);
    if (own && status == STATUS_OK)
        return replica_commit(replica, err);
    if (own)
        replica_rollback(replica);
    return status;
}
