/* After a repair: what lay beyond a gap waits here, and what is missing is known by its number. */

#include <stdio.h>
#include <stdlib.h>

#include "common/mutant.h"
#include "common/replica_state.h"

#define META_MISSING "missing"

enum status later_keep(struct replica *replica, const struct run *run, struct error *err)
{
    struct buffer encoded = {0};
    sqlite3_stmt *insert = NULL;
    if (MUTANT("t18-later-dropped"))
        return STATUS_OK;
    enum status status = run_encode(run, &encoded, err);
    if (status == STATUS_OK)
        status = sql_prepare(replica, "INSERT INTO _later(run) VALUES(?)", &insert, err);
    if (status == STATUS_OK) {
        sql_bind_bytes(insert, 1, buffer_bytes(&encoded));
        status = sql_done(replica, insert, "entries beyond a gap", err);
    }
    sqlite3_finalize(insert);
    buffer_release(&encoded);
    return status;
}

static enum status forget(struct replica *replica, int64_t id, struct error *err)
{
    char sql[80];
    snprintf(sql, sizeof sql, "DELETE FROM _later WHERE id = %lld", (long long)id);
    return sql_run(replica, sql, err);
}

/* One that doesn't hold is damaged itself: a peer brings it. */
static enum status take_run(struct replica *replica, int64_t id, struct bytes encoded,
                            uint64_t *taken, struct error *err)
{
    struct run run;
    struct bytes *bodies = NULL;
    struct received received = {0};
    enum run_fit fit = RUN_BROKEN;
    enum status status = STATUS_OK;
    if (run_decode(&run, &bodies, encoded, NULL) == STATUS_OK)
        fit = run_fits(replica, &run);
    if (fit == RUN_FITS)
        status = replica_receive(replica, &run, &received, err);
    *taken += received.applied + received.aside;
    free(bodies);
    if (status != STATUS_OK || fit == RUN_EARLY)
        return status;
    return forget(replica, id, err);
}

static enum status take_all(struct replica *replica, uint64_t *taken, struct error *err)
{
    sqlite3_stmt *read = NULL;
    struct buffer encoded = {0};
    int64_t last = 0;
    TRY(sql_prepare(replica, "SELECT id, run FROM _later WHERE id > ? ORDER BY id LIMIT 1", &read,
                    err));
    enum status status = STATUS_OK;
    for (;;) {
        sqlite3_bind_int64(read, 1, last);
        if (!sql_row(replica, read, &status, err))
            break;
        last = sqlite3_column_int64(read, 0);
        buffer_clear(&encoded);
        if (buffer_append_bytes(&encoded, sql_blob(read, 1)) != STATUS_OK)
            status = error_set(err, STATUS_NO_MEMORY, "out of memory");
        sqlite3_reset(read);
        if (status == STATUS_OK)
            status = take_run(replica, last, buffer_bytes(&encoded), taken, err);
        if (status != STATUS_OK)
            break;
    }
    sqlite3_finalize(read);
    buffer_release(&encoded);
    return status;
}

static enum status has_later(struct replica *replica, bool *has, struct error *err)
{
    sqlite3_stmt *read = NULL;
    enum status status = STATUS_OK;
    TRY(sql_prepare(replica, "SELECT 1 FROM _later LIMIT 1", &read, err));
    *has = sql_row(replica, read, &status, err);
    sqlite3_finalize(read);
    return status;
}

/* Again as long as it helps: a run of the registry may bring the key of another one. */
static enum status take_while_it_helps(struct replica *replica, uint64_t *taken, struct error *err)
{
    uint64_t before;
    do {
        before = *taken;
        TRY(take_all(replica, taken, err));
    } while (*taken > before);
    return STATUS_OK;
}

enum status replica_take_later(struct replica *replica, uint64_t *taken, struct error *err)
{
    bool own = !replica->in_transaction, has = false;
    *taken = 0;
    TRY(has_later(replica, &has, err));
    if (!has)
        return STATUS_OK;
    if (own)
        TRY(replica_begin(replica, err));
    enum status status = take_while_it_helps(replica, taken, err);
    if (!own)
        return status;
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

/* ---- what is missing ---- */

enum status missing_save(struct replica *replica, const struct frontier *missing, struct error *err)
{
    struct buffer encoded = {0};
    enum status status = frontier_encode(missing, &encoded, err);
    if (status == STATUS_OK)
        status = replica_meta_set(replica, META_MISSING, buffer_bytes(&encoded), err);
    buffer_release(&encoded);
    return status;
}

enum status replica_missing(struct replica *replica, struct frontier *missing, uint64_t *entries,
                            struct error *err)
{
    struct buffer stored = {0};
    struct frontier noted = {0};
    *entries = 0;
    frontier_clear(missing);
    enum status status = replica_meta_get(replica, META_MISSING, &stored, err);
    if (status == STATUS_OK && stored.size > 0)
        status = frontier_decode(&noted, buffer_bytes(&stored), err);
    for (size_t i = 0; i < noted.count && status == STATUS_OK; i++) {
        const struct frontier_row *row = &noted.rows[i];
        uint64_t held = frontier_get(&replica->frontier, &row->feed);
        if (row->number <= held)
            continue;
        *entries += row->number - held;
        status = frontier_raise(missing, &row->feed, row->number, err);
    }
    frontier_release(&noted);
    buffer_release(&stored);
    return status;
}

enum status life_lost_note(struct replica *replica, struct error *err)
{
    if (replica->identity.device == 0)
        return STATUS_OK;
    TRY(replica_meta_set(replica, META_ANEW, bytes_text("1"), err));
    return replica_new_life(replica, err);
}

enum status end_lost_note(struct replica *replica, struct error *err)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)clock_wall_ms(&replica->clock));
    TRY(replica_meta_set(replica, META_END_LOST, bytes_text(text), err));
    return life_lost_note(replica, err);
}
