/* Beginnings of runs whose line died before the rest came: they wait here, so that the next session
 * goes on from there. One for each peer; pieces in the order of arrival. */

#include <stdio.h>

#include "common/replica_state.h"

#define WHAT "what arrived in part"

/* Made when it is first needed, so that a file of an earlier program has it, too. */
static enum status make_table(struct replica *replica, struct error *err)
{
    return sql_run(replica,
                   "CREATE TABLE IF NOT EXISTS _staged(peer INTEGER NOT NULL, at INTEGER NOT NULL,"
                   " came_ms INTEGER NOT NULL, part BLOB NOT NULL, PRIMARY KEY(peer, at)) STRICT,"
                   " WITHOUT ROWID",
                   err);
}

static enum status number_of(struct replica *replica, const char *sql, uint64_t *number,
                             struct error *err)
{
    sqlite3_stmt *get = NULL;
    *number = 0;
    TRY(sql_prepare(replica, sql, &get, err));
    enum status status = STATUS_OK;
    if (sql_row(replica, get, &status, err))
        *number = (uint64_t)sqlite3_column_int64(get, 0);
    sqlite3_finalize(get);
    return status;
}

static enum status has_table(struct replica *replica, bool *has, struct error *err)
{
    uint64_t found;
    enum status status = number_of(
        replica, "SELECT count(*) FROM sqlite_schema WHERE name = '_staged'", &found, err);
    *has = found > 0;
    return status;
}

/* A statement with one number in it. */
static enum status run_with(struct replica *replica, const char *sql, int64_t number,
                            struct error *err)
{
    sqlite3_stmt *statement = NULL;
    TRY(sql_prepare(replica, sql, &statement, err));
    sqlite3_bind_int64(statement, 1, number);
    enum status status = sql_done(replica, statement, WHAT, err);
    sqlite3_finalize(statement);
    return status;
}

enum status replica_unstage(struct replica *replica, uint32_t peer, struct error *err)
{
    bool has;
    TRY(has_table(replica, &has, err));
    return has ? run_with(replica, "DELETE FROM _staged WHERE peer = ?", peer, err) : STATUS_OK;
}

enum status replica_staged_bytes(struct replica *replica, uint64_t *bytes, struct error *err)
{
    bool has;
    *bytes = 0;
    TRY(has_table(replica, &has, err));
    return has ? number_of(replica, "SELECT coalesce(sum(length(part)), 0) FROM _staged", bytes,
                           err)
               : STATUS_OK;
}

/* What nobody went on with for long makes room, then the oldest. */
static enum status make_room(struct replica *replica, size_t size, struct error *err)
{
    uint64_t bytes;
    TRY(run_with(replica,
                 "DELETE FROM _staged WHERE peer IN (SELECT peer FROM _staged GROUP BY peer"
                 " HAVING max(came_ms) < ?)",
                 clock_wall_ms(&replica->clock) - STAGED_LIFE_MS, err));
    TRY(replica_staged_bytes(replica, &bytes, err));
    while (bytes > 0 && bytes + size > STAGED_BYTES_MAX) {
        TRY(sql_run(replica,
                    "DELETE FROM _staged WHERE peer = (SELECT peer FROM _staged GROUP BY peer"
                    " ORDER BY max(came_ms), peer LIMIT 1)",
                    err));
        TRY(replica_staged_bytes(replica, &bytes, err));
    }
    return STATUS_OK;
}

static enum status insert(struct replica *replica, uint32_t peer, uint64_t at, struct bytes part,
                          struct error *err)
{
    sqlite3_stmt *put = NULL;
    TRY(sql_prepare(replica, "INSERT INTO _staged(peer, at, came_ms, part) VALUES(?, ?, ?, ?)",
                    &put, err));
    sqlite3_bind_int64(put, 1, peer);
    sqlite3_bind_int64(put, 2, (int64_t)at);
    sqlite3_bind_int64(put, 3, clock_wall_ms(&replica->clock));
    sql_bind_bytes(put, 4, part);
    enum status status = sql_done(replica, put, WHAT, err);
    sqlite3_finalize(put);
    return status;
}

enum status replica_stage(struct replica *replica, uint32_t peer, uint64_t at, struct bytes part,
                          struct error *err)
{
    char sql[96];
    uint64_t before;
    TRY(make_table(replica, err));
    if (at == 0)
        TRY(replica_unstage(replica, peer, err));
    TRY(make_room(replica, part.size, err));
    snprintf(sql, sizeof sql, "SELECT sum(length(part)) FROM _staged WHERE peer = %u", peer);
    TRY(number_of(replica, sql, &before, err));
    return before == at ? insert(replica, peer, at, part, err) : STATUS_OK;
}

enum status replica_staged(struct replica *replica, uint32_t peer, struct buffer *part,
                           struct error *err)
{
    sqlite3_stmt *get = NULL;
    bool has;
    buffer_clear(part);
    TRY(has_table(replica, &has, err));
    if (!has)
        return STATUS_OK;
    TRY(sql_prepare(replica, "SELECT at, part FROM _staged WHERE peer = ? ORDER BY at", &get, err));
    sqlite3_bind_int64(get, 1, peer);
    enum status status = STATUS_OK;
    while (sql_row(replica, get, &status, err)) {
        if ((uint64_t)sqlite3_column_int64(get, 0) != part->size)
            break; /* one is gone: what stands before it is of use all the same */
        if (buffer_append_bytes(part, sql_blob(get, 1)) != STATUS_OK) {
            status = error_set(err, STATUS_NO_MEMORY, "out of memory");
            break;
        }
    }
    sqlite3_finalize(get);
    return status;
}
