/* Units of attachments that rotted, or are gone: found while the file is checked, dropped with all
 * behind them, and fetched again from whoever has them. And what of a damaged file's units is
 * sound, for the file that takes its place. */

#include <string.h>

#include "common/mutant.h"
#include "common/replica_attachment.h"
#include "common/replica_state.h"

/* ---- checking ---- */

/* One whose `held` and `whole` contradict each other is faulty, too. */
static enum status next_attachment(struct replica *replica, struct units_place *place,
                                   struct units_checked *checked, bool *found, struct error *err)
{
    sqlite3_stmt *next = sql_use(replica, SQL_ATTACHMENT_FROM);
    enum status status = STATUS_OK;
    if (!next)
        return sql_fail(replica, err, "attachments");
    sqlite3_bind_int64(next, 1, place->id);
    *found = sql_row(replica, next, &status, err);
    if (*found) {
        struct attachment_state *state = &checked->state;
        attachment_state_read(state, next);
        checked->faulty = state->held > state->units ||
                          sqlite3_column_int(next, 7) != (state->held == state->units);
        if (state->id != place->id)
            *place = (struct units_place){state->id, 0};
    }
    return sql_end(replica, next, status, err);
}

/* A unit that can't be read is as good as none. */
static enum status is_sound(struct replica *replica, const struct attachment_state *state,
                            uint32_t position, struct buffer *unit, bool *sound, struct error *err)
{
    struct error why = {0};
    enum status status = unit_look(replica, state, position, unit, sound, &why);
    if (status == STATUS_NO_MEMORY)
        return error_set(err, status, "out of memory");
    *sound = (*sound && status == STATUS_OK) || MUTANT("t18-units-not-checked");
    return STATUS_OK;
}

static void pass(struct units_place *place)
{
    *place = (struct units_place){place->id + 1, 0};
}

/* The rest of one attachment, as far as `bytes` go. */
static enum status check_one(struct replica *replica, struct units_place *place, size_t *bytes,
                             struct units_checked *checked, struct error *err)
{
    const struct attachment_state *state = &checked->state;
    struct buffer unit = {0};
    enum status status = STATUS_OK;
    uint32_t end = state->held < state->units ? state->held : state->units;
    while (status == STATUS_OK && *bytes > 0 && place->position < end) {
        bool sound = true;
        status = is_sound(replica, state, place->position, &unit, &sound, err);
        checked->faulty |= !sound;
        if (!sound)
            break;
        *bytes -= unit.size < *bytes ? unit.size : *bytes;
        place->position++;
    }
    checked->sound = place->position < end ? place->position : end;
    if (checked->faulty || place->position >= end)
        pass(place);
    buffer_release(&unit);
    return status;
}

enum status units_check(struct replica *replica, struct units_place *place, size_t bytes,
                        struct units_checked *checked, struct error *err)
{
    bool found = true;
    *checked = (struct units_checked){.done = false};
    while (bytes > 0 && !checked->faulty) {
        TRY(next_attachment(replica, place, checked, &found, err));
        if (!found)
            break;
        TRY(check_one(replica, place, &bytes, checked, err));
    }
    checked->done = !found;
    return STATUS_OK;
}

/* ---- mending ---- */

/* Who had it whole asks for it again; a hub asks nobody, so clients must offer all they have. */
enum status units_lost(struct replica *replica, struct attachment_state *state, uint32_t sound,
                       struct error *err)
{
    bool whole = state->held >= state->units;
    TRY(units_drop(replica, state, sound, err));
    if (!whole || MUTANT("t18-units-not-fetched-again"))
        return STATUS_OK;
    if (replica->identity.device == DEVICE_HUB)
        return replica_new_lineage(replica, err);
    return replica_attachment_want(replica, &state->name, err);
}

enum status replica_attachments_mend(struct replica *replica, uint64_t *lost, struct error *err)
{
    struct units_place place = {0};
    struct units_checked checked = {.done = false};
    *lost = 0;
    TRY(replica_begin(replica, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !checked.done) {
        status = units_check(replica, &place, SIZE_MAX, &checked, err);
        if (status == STATUS_OK && checked.faulty) {
            status = units_lost(replica, &checked.state, checked.sound, err);
            (*lost)++;
        }
    }
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

/* ---- from a damaged file ---- */

/* Units of the other file until one is missing, can't be read, or doesn't fit. */
static enum status copy_units(struct replica *to, sqlite3_stmt *get, int64_t old_id,
                              struct attachment_state *state, struct error *err)
{
    bool fits = true;
    enum status status = STATUS_OK;
    while (fits && status == STATUS_OK && state->held < state->units) {
        sqlite3_bind_int64(get, 1, UNIT_ID(old_id, state->held));
        fits = sqlite3_step(get) == SQLITE_ROW;
        if (fits)
            status = replica_unit_take(to, state, sql_blob(get, 0), &fits, err);
        sqlite3_reset(get);
    }
    return status;
}

/* Wanted, delivered, and what waits for its entry. */
static enum status copy_marks(struct replica *to, const struct attachment_state *state,
                              sqlite3_stmt *row, struct error *err)
{
    sqlite3_stmt *set = NULL;
    TRY(sql_prepare(to,
                    "UPDATE _attachment SET wanted = ?2, delivered = ?3, plain = ?4, added_ms = ?5 "
                    "WHERE id = ?1",
                    &set, err));
    bool lost = sqlite3_column_int(row, 7) != 0 && state->held < state->units;
    sqlite3_bind_int64(set, 1, state->id);
    sqlite3_bind_int(set, 2, sqlite3_column_int(row, 5) != 0 || (lost && !state->thumbnail));
    sqlite3_bind_value(set, 3, sqlite3_column_value(row, 6));
    sqlite3_bind_value(set, 4, sqlite3_column_value(row, 8));
    sqlite3_bind_int64(set, 5, sqlite3_column_int64(row, 9));
    bool done = sqlite3_step(set) == SQLITE_DONE;
    enum status status = done ? STATUS_OK : sql_fail(to, err, "attachments");
    sqlite3_finalize(set);
    return status;
}

enum status attachment_take_over(struct replica *to, sqlite3 *units, sqlite3_stmt *row, bool *lost,
                                 struct error *err)
{
    sqlite3_stmt *get = NULL;
    struct attachment_state old, state;
    bool found;
    attachment_state_read(&old, row);
    *lost = false;
    if (old.name.bytes == 0 || old.name.bytes > ATTACHMENT_BYTES_MAX)
        return STATUS_OK;
    /* The entry that names it may have to come first. */
    TRY(attachment_ensure(to, &old.name, old.thumbnail, err));
    TRY(replica_attachment_find(to, &old.name, &state, &found, err));
    if (!found)
        return STATUS_OK;
    if (sqlite3_prepare_v2(units, "SELECT unit FROM _unit WHERE id = ?", -1, &get, NULL) ==
        SQLITE_OK) {
        enum status status = copy_units(to, get, old.id, &state, err);
        sqlite3_finalize(get);
        TRY(status);
    }
    *lost = state.held < old.held && state.held < state.units;
    return copy_marks(to, &state, row, err);
}
