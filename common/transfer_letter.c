/* A letter: where it goes, and what it moves when both sides have taken their step. */

#include <stdio.h>
#include <stdlib.h>

#include "common/pack.h"
#include "common/transfer_state.h"

/* ---- places ---- */

/* The records scope where the row is not gone; 0: nowhere. */
static enum status find_home(struct replica *replica, const struct schema_table *table,
                             const struct id *id, uint32_t *scope, struct error *err)
{
    char sql[160];
    sqlite3_stmt *find = NULL;
    enum status status = STATUS_OK;
    snprintf(sql, sizeof sql,
             "SELECT _scope FROM \"%s\" WHERE id = ? AND _deleted = 0 ORDER BY _scope LIMIT 1",
             table->name);
    TRY(sql_prepare(replica, sql, &find, err));
    sqlite3_bind_blob(find, 1, id->bytes, ID_BYTES, SQLITE_STATIC);
    *scope = sql_row(replica, find, &status, err) ? (uint32_t)sqlite3_column_int64(find, 0) : 0;
    sqlite3_finalize(find);
    return status;
}

/* One org of this name and no other. */
static const struct org *org_named(const struct registry *registry, struct bytes name)
{
    const struct org *found = NULL;
    for (size_t i = 0; i < registry_orgs_count(registry); i++) {
        const struct org *org = registry_org_at(registry, i);
        if (!bytes_equal(bytes_text(org->name), name))
            continue;
        if (found)
            return NULL;
        found = org;
    }
    return found;
}

enum status transfer_target(struct replica *replica, const struct schema_table *table,
                            const struct id *to, const struct org **org, struct error *err)
{
    char sql[200];
    sqlite3_stmt *find = NULL;
    enum status status = STATUS_OK;
    const struct schema_field *title =
        table->title_field ? table_field(table, table->title_field) : NULL;
    *org = registry_org_by_id(replica->registry, to);
    if (*org || !title)
        return STATUS_OK;
    snprintf(sql, sizeof sql, "SELECT \"%s\" FROM \"%s\" WHERE id = ? AND _deleted = 0 LIMIT 1",
             title->name, table->name);
    TRY(sql_prepare(replica, sql, &find, err));
    sqlite3_bind_blob(find, 1, to->bytes, ID_BYTES, SQLITE_STATIC);
    if (sql_row(replica, find, &status, err) && sqlite3_column_type(find, 0) == SQLITE_TEXT)
        *org = org_named(replica->registry, sql_blob(find, 0));
    sqlite3_finalize(find);
    return status;
}

/* ---- what it says ---- */

struct step {
    uint64_t round;
    int code; /* its place in the list; -1: none */
};

static struct step step_of(const struct schema_field *state, struct bytes value)
{
    struct unpack in = unpack_of(value);
    struct step step = {.round = 1, .code = -1};
    struct bytes code;
    uint32_t parts;
    if (unpack_array(&in, &parts) && !unpack_uint(&in, &step.round))
        return step;
    if (unpack_str(&in, &code))
        step.code = field_code_rank(state, code);
    return step;
}

struct letter {
    const struct schema_moves *moves;
    struct row_wish subject; /* the row that is to move, in the scope where it lives */
    const struct org *to;
    struct step step;
    uint32_t offered_in, accepted_in; /* scopes; 0: nobody took that step */
    uint64_t offered_round;           /* the latest */
};

/* Where the steps were taken: in the scope where each was written first. What was accepted counts
 * in its own round alone; a letter that is sent back is in the next round already. */
static enum status read_steps(struct transfer *transfer, struct letter *letter, struct error *err)
{
    const struct schema_field *state = table_field(transfer->wish.table, letter->moves->state);
    struct writes writes;
    enum status status = writes_list(transfer->replica, &transfer->wish, &writes, err);
    for (size_t i = 0; status == STATUS_OK && i < writes.count; i++) {
        struct op_field said;
        bool found;
        status = write_field_of(transfer->replica, &transfer->wish, &writes.items[i],
                                letter->moves->state, &said, &found, err);
        if (status != STATUS_OK || !found)
            continue;
        struct step step = step_of(state, said.value);
        uint32_t scope = writes.items[i].name.feed.scope;
        if (step.code == (int)letter->moves->offered && step.round >= letter->offered_round) {
            letter->offered_in = scope;
            letter->offered_round = step.round;
        }
        if (step.code == (int)letter->moves->accepted && step.round == letter->step.round)
            letter->accepted_in = scope;
    }
    free(writes.items);
    return status;
}

/* *meant false: it moves nothing, or nothing that is known here. */
static enum status read_letter(struct transfer *transfer, struct letter *letter, bool *meant,
                               struct error *err)
{
    const struct schema *schema = transfer->replica->schema;
    const struct schema_table *table = transfer->wish.table, *orgs;
    const struct schema_moves *moves = letter->moves = &table->moves;
    const struct schema_field *state = table_field(table, moves->state);
    const struct schema_field *when = table_field(table, moves->when);
    struct bytes value;
    struct id to;
    *meant = false;
    TRY(shown_value(transfer, moves->when, &value, err));
    int kind = step_of(when, value).code;
    if (kind < 0 || kind > 63 || !(moves->when_codes >> kind & 1))
        return STATUS_OK;
    TRY(shown_value(transfer, moves->state, &value, err));
    letter->step = step_of(state, value);
    TRY(shown_value(transfer, moves->row, &value, err));
    if (!schema_ref(schema, table_field(table, moves->row), value, &letter->subject.table,
                    &letter->subject.id))
        return STATUS_OK;
    TRY(shown_value(transfer, moves->to, &value, err));
    if (!schema_ref(schema, table_field(table, moves->to), value, &orgs, &to))
        return STATUS_OK;
    TRY(transfer_target(transfer->replica, orgs, &to, &letter->to, err));
    *meant = letter->to != NULL;
    return *meant ? read_steps(transfer, letter, err) : STATUS_OK;
}

/* It was accepted, but the row went elsewhere meanwhile: both places stand in the mark, until
 * somebody who may settles it. */
static enum status dispute(struct transfer *transfer, const struct letter *letter,
                           struct error *err)
{
    struct row_wish old = letter->subject;
    struct sayings sayings;
    bool said = false, left = false;
    old.scope = letter->offered_in;
    enum status status = sayings_list(transfer, &old, &sayings, err);
    for (size_t i = 0; status == STATUS_OK && i < sayings.count; i++) {
        const struct saying *saying = &sayings.items[i];
        left |= saying->org != 0 && saying->by_hub && !saying->taken_back;
        said |= saying->org == letter->to->number && !saying->taken_back;
    }
    free(sayings.items);
    if (status != STATUS_OK || !left || said)
        return status;
    transfer->entries++;
    return row_close(transfer->replica, &old, letter->to->number, true, err);
}

/* It lies where it was sent to. */
static enum status look_at_arrived(struct transfer *transfer, struct letter *letter, uint32_t home,
                                   struct error *err)
{
    uint32_t here = transfer->wish.scope;
    size_t code = (size_t)letter->step.code;
    if (home == here || letter->offered_in == 0 || letter->offered_in == here)
        return STATUS_OK;
    if (code == letter->moves->returned)
        return move_row(transfer, &transfer->wish, SCOPE_ORG(letter->offered_in), err);
    if (code != letter->moves->accepted || letter->accepted_in != here ||
        letter->offered_round != letter->step.round)
        return STATUS_OK;
    if (home != letter->offered_in)
        return dispute(transfer, letter, err);
    letter->subject.scope = home;
    return move_with_followers(transfer, &letter->subject, letter->to->number, err);
}

enum status look_at_letter(struct transfer *transfer, bool *own, struct error *err)
{
    struct letter letter = {.subject.fields = all_fields};
    uint32_t home, scope = transfer->wish.scope;
    TRY(read_letter(transfer, &letter, own, err));
    if (!*own || letter.step.code < 0)
        return STATUS_OK;
    TRY(find_home(transfer->replica, letter.subject.table, &letter.subject.id, &home, err));
    if (scope == SCOPE_RECORDS(letter.to->number))
        return look_at_arrived(transfer, &letter, home, err);
    *own = letter.step.code == (int)letter.moves->offered && scope == home;
    return *own ? move_row(transfer, &transfer->wish, letter.to->number, err) : STATUS_OK;
}
