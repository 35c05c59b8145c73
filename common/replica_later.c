/* Runs beyond a gap wait here until what comes before them is there: some of a file that was
 * repaired, whose missing entries are known by their numbers, others carried here too early. */

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mutant.h"
#include "common/replica_state.h"

#define META_MISSING "missing"

/* The oldest that were carried here make room. */
static enum status bound_carried(struct replica *replica, struct error *err)
{
    static const char sql[] =
        "DELETE FROM _later WHERE carried AND id <= (SELECT id FROM (SELECT id,"
        " sum(length(run)) OVER (ORDER BY id DESC) AS bytes FROM _later WHERE carried)"
        " WHERE bytes > %u ORDER BY id DESC LIMIT 1)";
    char text[sizeof sql + 16];
    snprintf(text, sizeof text, sql, EARLY_BYTES);
    return MUTANT("early-without-bound") ? STATUS_OK : sql_run(replica, text, err);
}

enum status later_keep(struct replica *replica, const struct run *run, bool carried,
                       struct error *err)
{
    struct buffer encoded = {0};
    struct hash hash;
    sqlite3_stmt *insert = NULL;
    if (MUTANT("t18-later-dropped"))
        return STATUS_OK;
    TRY(sql_prepare(replica,
                    "INSERT OR IGNORE INTO _later(hash, carried, count, run) VALUES(?, ?, ?, ?)",
                    &insert, err));
    enum status status = run_encode(run, &encoded, err);
    if (status == STATUS_OK) {
        crypto_generichash(hash.bytes, sizeof hash.bytes, encoded.data, encoded.size, NULL, 0);
        sql_bind_bytes(insert, 1, bytes_of(hash.bytes, sizeof hash.bytes));
        sqlite3_bind_int(insert, 2, carried);
        sqlite3_bind_int64(insert, 3, (sqlite3_int64)run->count);
        sql_bind_bytes(insert, 4, buffer_bytes(&encoded));
        status = sql_done(replica, insert, "entries beyond a gap", err);
    }
    sqlite3_finalize(insert);
    buffer_release(&encoded);
    replica->grew = true;
    return status == STATUS_OK && carried ? bound_carried(replica, err) : status;
}

static enum status forget(struct replica *replica, int64_t id, struct error *err)
{
    char sql[80];
    snprintf(sql, sizeof sql, "DELETE FROM _later WHERE id = %lld", (long long)id);
    return sql_run(replica, sql, err);
}

/* One that doesn't hold is damaged or forged: a peer brings it. *taken counts. */
static enum status take_run(struct replica *replica, sqlite3_stmt *read, struct bytes encoded,
                            uint64_t *taken, struct error *err)
{
    struct run run;
    struct bytes *bodies = NULL;
    struct received received = {0};
    enum run_fit fit = RUN_BROKEN;
    enum status status = STATUS_OK;
    int64_t id = sqlite3_column_int64(read, 0);
    bool carried = sqlite3_column_int(read, 1);
    sqlite3_reset(read);
    if (run_decode(&run, &bodies, encoded, NULL) == STATUS_OK &&
        (!carried || replica_may_hold(replica, &run.feed)))
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
    TRY(sql_prepare(replica, "SELECT id, carried, run FROM _later WHERE id > ? ORDER BY id LIMIT 1",
                    &read, err));
    enum status status = STATUS_OK;
    for (;;) {
        sqlite3_bind_int64(read, 1, last);
        if (!sql_row(replica, read, &status, err))
            break;
        last = sqlite3_column_int64(read, 0);
        buffer_clear(&encoded);
        if (buffer_append_bytes(&encoded, sql_blob(read, 2)) != STATUS_OK)
            status = error_set(err, STATUS_NO_MEMORY, "out of memory");
        if (status == STATUS_OK)
            status = take_run(replica, read, buffer_bytes(&encoded), taken, err);
        if (status != STATUS_OK)
            break;
    }
    sqlite3_finalize(read);
    buffer_release(&encoded);
    return status;
}

/* Again as long as it helps: a run of the registry may bring the key of another one. */
enum status later_take(struct replica *replica, struct error *err)
{
    uint64_t before, taken = 0;
    do {
        before = taken;
        TRY(take_all(replica, &taken, err));
    } while (taken > before);
    replica->grew = false;
    return STATUS_OK;
}

enum status later_count(struct replica *replica, uint64_t *entries, struct error *err)
{
    sqlite3_stmt *read = NULL;
    enum status status = STATUS_OK;
    *entries = 0;
    TRY(sql_prepare(replica, "SELECT coalesce(sum(count), 0) FROM _later", &read, err));
    if (sql_row(replica, read, &status, err))
        *entries = (uint64_t)sqlite3_column_int64(read, 0);
    sqlite3_finalize(read);
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
