#include <errno.h>
#include <string.h>

#include "common/replica_state.h"

static const char *sql_of_parts(enum statement statement)
{
    static const char *const texts[STATEMENT_COUNT] = {
        [SQL_TOLD_GET] = "SELECT item FROM _told WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1",
        [SQL_KEPT_GET] = "SELECT body FROM _kept WHERE id = ?",
        [SQL_CHUNK_GET] = "SELECT frame FROM _chunk WHERE scope = ? AND leaf = ?",
        [SQL_ATTACHMENT_FIND] = "SELECT id, root, bytes, held, small, wanted, delivered "
                                "FROM _attachment WHERE root = ? AND bytes = ?",
        [SQL_ATTACHMENT_LIKE] = "SELECT id, root, bytes, held, small, wanted, delivered "
                                "FROM _attachment WHERE root BETWEEN ? AND ? ORDER BY root LIMIT 1",
        [SQL_ATTACHMENT_FROM] = "SELECT id, root, bytes, held, small, wanted, delivered, whole "
                                "FROM _attachment WHERE id >= ? AND (held > 0 OR whole) "
                                "ORDER BY id LIMIT 1",
        [SQL_ATTACHMENT_NOTE] = "INSERT INTO _attachment(root, bytes, small, added_ms) "
                                "VALUES(?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [SQL_ATTACHMENT_HELD] = "UPDATE _attachment SET held = ?2, whole = ?3 WHERE id = ?1",
        [SQL_ATTACHED_NOTE] = "INSERT OR IGNORE INTO _attached(attachment, scope, table_no, row, "
                              "field, key) VALUES(?, ?, ?, ?, ?, ?)",
        [SQL_ATTACHED_STAGE] = "UPDATE _attachment SET plain = ?3, added_ms = ?4 "
                               "WHERE root = ?1 AND bytes = ?2",
        [SQL_ATTACHED_SAVED] = "UPDATE _attachment SET plain = NULL "
                               "WHERE id = ? AND plain IS NOT NULL",
        [SQL_ATTACHED_SCOPES] = "SELECT DISTINCT d.scope FROM _attached d JOIN _key k "
                                "ON k.id = d.key AND k.wrapped IS NOT NULL WHERE d.attachment = ?",
        [SQL_UNIT_GET] = "SELECT unit FROM _unit WHERE id = ?",
        [SQL_UNIT_PUT] = "INSERT OR REPLACE INTO _unit(id, unit) VALUES(?, ?)",
        [SQL_UNIT_DROP] = "DELETE FROM _unit WHERE id BETWEEN ? AND ?",
    };
    return texts[statement];
}

const char *statement_sql(enum statement statement)
{
    static const char *const texts[STATEMENT_COUNT] = {
        [SQL_LOG_INSERT] =
            "INSERT INTO _log(id, count, form, bodies, signature) VALUES(?, ?, ?, ?, ?)",
        [SQL_LOG_DROP] = "DELETE FROM _log WHERE id BETWEEN ? AND ?",
        [SQL_LOG_FROM] = "SELECT " LOG_COLUMNS " FROM _log WHERE id BETWEEN ? AND ? "
                         "ORDER BY id",
        [SQL_JUDGED_SET] = "INSERT OR REPLACE INTO _judged(id, state) VALUES(?, ?)",
        [SQL_JUDGED_CLEAR] = "DELETE FROM _judged WHERE id = ?",
        [SQL_JUDGED_GET] = "SELECT state FROM _judged WHERE id = ?",
        [SQL_FEED_INSERT] = "INSERT INTO _feed(id, scope, device, incarnation, number, hash) "
                            "VALUES(?, ?, ?, ?, ?, ?)",
        [SQL_FEED_UPDATE] = "UPDATE _feed SET number = ?, hash = ? WHERE id = ?",
        [SQL_TALLY_WRITE] = "INSERT OR REPLACE INTO _tally(scope, table_no, rows, sum) "
                            "VALUES(?, ?, ?, ?)",
        [SQL_HEAD_READ] =
            "SELECT field, feed, number, value, time_ms, person, seen, conflict FROM _head "
            "WHERE table_no = ? AND row = ? AND scope = ?",
        [SQL_HEAD_INSERT] = "INSERT INTO _head(table_no, row, scope, field, feed, number, value, "
                            "time_ms, person, seen, conflict) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
        [SQL_HEAD_CLEAR] = "DELETE FROM _head WHERE table_no = ? AND row = ? AND scope = ? "
                           "AND field = ?",
        [SQL_ELEMENT_READ] = "SELECT field, feed, number, element FROM _element "
                             "WHERE table_no = ? AND row = ? AND scope = ?",
        [SQL_ELEMENT_INSERT] = "INSERT INTO _element(table_no, row, scope, field, element, feed, "
                               "number) VALUES(?,?,?,?,?,?,?)",
        [SQL_ELEMENT_CLEAR] = "DELETE FROM _element WHERE table_no = ? AND row = ? AND scope = ? "
                              "AND field = ?",
        [SQL_REPLACED_READ] = "SELECT field, scope_of, device, incarnation, number, element "
                              "FROM _replaced WHERE table_no = ? AND row = ? AND scope = ?",
        [SQL_REPLACED_INSERT] = "INSERT OR IGNORE INTO _replaced(table_no, row, scope, field, "
                                "scope_of, device, incarnation, number, element) "
                                "VALUES(?,?,?,?,?,?,?,?,?)",
        [SQL_REPLACED_CLEAR] = "DELETE FROM _replaced WHERE table_no = ? AND row = ? AND scope = ?",
        [SQL_REPLACED_COUNT] = "SELECT count(*) FROM _replaced",
        [SQL_TOUCH_INSERT] = "INSERT OR IGNORE INTO _touch(table_no, row, scope, feed, number) "
                             "VALUES(?, ?, ?, ?, ?)",
        [SQL_TOUCH_READ] = "SELECT feed, number FROM _touch "
                           "WHERE table_no = ? AND row = ? AND scope = ?",
        [SQL_ASIDE_INSERT] = "INSERT INTO _set_aside(scope, device, incarnation, number, status, "
                             "reason, body, received_ms, proof) VALUES(?,?,?,?,?,?,?,?,?)",
        [SQL_BRANCH_INSERT] = "INSERT OR REPLACE INTO _branch(id, run) VALUES(?, ?)",
        [SQL_ADOPTED_GET] = "SELECT adopted_as FROM _adopted WHERE id = ?",
        [SQL_ADOPTED_SET] = "INSERT OR REPLACE INTO _adopted(id, adopted_as) VALUES(?, ?)",
        [SQL_ASIDE_BODY] = "SELECT body FROM _set_aside WHERE scope = ? AND device = ? "
                           "AND incarnation = ? AND number = ? AND body IS NOT NULL LIMIT 1",
        [SQL_ASIDE_FORGET] = "DELETE FROM _set_aside WHERE scope = ? AND device = ? "
                             "AND incarnation = ? AND number = ? AND body IS NULL",
        [SQL_ASIDE_COUNT] =
            "SELECT count(*) FROM _set_aside "
            "WHERE scope = ? AND device = ? AND incarnation = ? AND body IS NOT NULL",
        [SQL_KEY_NOTE] = "INSERT INTO _key(id, subject, year, beacon, feed, wrapped) "
                         "VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE "
                         "SET wrapped = excluded.wrapped WHERE wrapped IS NULL",
        [SQL_KEY_GET] = "SELECT subject, year, wrapped FROM _key WHERE id = ?",
        [SQL_KEY_OWN] = "SELECT id, wrapped FROM _key WHERE subject = ? AND year = ? AND feed = ? "
                        "AND wrapped IS NOT NULL",
        [SQL_KEY_ERASE] = "UPDATE _key SET wrapped = NULL WHERE subject = ?1 "
                          "AND (?2 = 0 OR year = ?2) AND beacon < ?3 AND wrapped IS NOT NULL",
        [SQL_MOVING_PUT] = "INSERT OR IGNORE INTO _moving(table_no, row, scope) VALUES(?, ?, ?)",
        [SQL_MOVING_NEXT] = "SELECT table_no, row, scope FROM _moving LIMIT 1",
        [SQL_MOVING_DROP] = "DELETE FROM _moving WHERE table_no = ? AND row = ? AND scope = ?",
        [SQL_LEFT_PUT] = "INSERT OR IGNORE INTO _left(table_no, row, scope) VALUES(?, ?, ?)",
        [SQL_LEFT_GET] = "SELECT 1 FROM _left WHERE table_no = ? AND row = ? AND scope = ?",
        [SQL_META_GET] = "SELECT value FROM _meta WHERE name = ?",
        [SQL_META_SET] = "INSERT OR REPLACE INTO _meta(name, value) VALUES(?, ?)",
        [SQL_PEER_GET] = "SELECT told, held FROM _peer WHERE device = ?",
        [SQL_PEER_SET] = "INSERT OR REPLACE INTO _peer(device, told, held) VALUES(?, ?, ?)",
        [SQL_DATA_VERSION] = "PRAGMA data_version",
    };
    return texts[statement] ? texts[statement] : sql_of_parts(statement);
}

/* A quota or a limit of the process is as full as a disk. */
static bool no_room(struct replica *replica, int code)
{
    int system = sqlite3_system_errno(replica->database);
    return code == SQLITE_FULL ||
           (code == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT || system == EFBIG));
}

enum status sql_fail(struct replica *replica, struct error *err, const char *what)
{
    int code = sqlite3_errcode(replica->database) & 0xff;
    if (no_room(replica, code) || (replica->undone && replica->met_full_disk)) {
        replica->met_full_disk = true;
        return error_set(err, STATUS_DISK_FULL, "%s: the disk is full", what);
    }
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return error_set(err, STATUS_BUSY, "%s: another program is writing", what);
    if (code == SQLITE_NOMEM)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return error_set(err, STATUS_STORAGE, "%s: %s", what, sqlite3_errmsg(replica->database));
}

enum status replica_failed(struct replica *replica, const char *what, struct error *err)
{
    return sql_fail(replica, err, what);
}

/* When a statement finds the disk full, even one that reads and makes room for its pages, SQLite
 * may undo the whole transaction. Who didn't notice would go on in the belief that it is open, and
 * each of its writes would be committed alone. */
static void on_rollback(void *context)
{
    struct replica *replica = context;
    replica->undone = replica->in_transaction;
}

static int on_commit(void *context)
{
    const struct replica *replica = context;
    return replica->undone;
}

void sql_watch(struct replica *replica)
{
    sqlite3_rollback_hook(replica->database, on_rollback, replica);
    sqlite3_commit_hook(replica->database, on_commit, replica);
}

enum status sql_run(struct replica *replica, const char *sql, struct error *err)
{
    if (sqlite3_exec(replica->database, sql, NULL, NULL, NULL) == SQLITE_OK)
        return STATUS_OK;
    return sql_fail(replica, err, "the database");
}

enum status sql_prepare(struct replica *replica, const char *sql, sqlite3_stmt **statement,
                        struct error *err)
{
    if (sqlite3_prepare_v3(replica->database, sql, -1, SQLITE_PREPARE_PERSISTENT, statement,
                           NULL) == SQLITE_OK)
        return STATUS_OK;
    return sql_fail(replica, err, "the database");
}

sqlite3_stmt *sql_use(struct replica *replica, enum statement statement)
{
    sqlite3_stmt **cached = &replica->statements[statement];
    if (!*cached && sql_prepare(replica, statement_sql(statement), cached, NULL) != STATUS_OK)
        return NULL;
    sqlite3_reset(*cached);
    return *cached;
}

enum status sql_done(struct replica *replica, sqlite3_stmt *statement, const char *what,
                     struct error *err)
{
    int code = sqlite3_step(statement);
    enum status status =
        code == SQLITE_DONE || code == SQLITE_ROW ? STATUS_OK : sql_fail(replica, err, what);
    sqlite3_reset(statement);
    return status;
}

bool sql_row(struct replica *replica, sqlite3_stmt *statement, enum status *status,
             struct error *err)
{
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        *status = sql_fail(replica, err, "the database");
    return code == SQLITE_ROW;
}

enum status replica_prepare(struct replica *replica, const char *sql, sqlite3_stmt **statement,
                            struct error *err)
{
    *statement = NULL;
    return sql_prepare(replica, sql, statement, err);
}

bool replica_step(struct replica *replica, sqlite3_stmt *statement, enum status *status,
                  struct error *err)
{
    return sql_row(replica, statement, status, err);
}

enum status replica_run(struct replica *replica, sqlite3_stmt *statement, struct error *err)
{
    return sql_done(replica, statement, "the database", err);
}

enum status replica_run_once(struct replica *replica, sqlite3_stmt *statement, struct error *err)
{
    enum status status = replica_run(replica, statement, err);
    sqlite3_finalize(statement);
    return status;
}

enum status sql_end(struct replica *replica, sqlite3_stmt *statement, enum status status,
                    struct error *err)
{
    bool good = sqlite3_reset(statement) == SQLITE_OK;
    return good || status != STATUS_OK ? status : sql_fail(replica, err, "the database");
}

struct bytes sql_blob(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);
    return bytes_of(data, (size_t)sqlite3_column_bytes(statement, column));
}

/* An empty slice is an empty blob, an absent one is NULL. */
void sql_bind_bytes(sqlite3_stmt *statement, int index, struct bytes bytes)
{
    if (bytes.data)
        sqlite3_bind_blob(statement, index, bytes.data, (int)bytes.size, SQLITE_STATIC);
    else
        sqlite3_bind_null(statement, index);
}

void sql_finalize_all(struct replica *replica)
{
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(replica->statements[i]);
        replica->statements[i] = NULL;
    }
    for (size_t i = 0; i < replica->columns_count; i++)
        for (int use = 0; use < COLUMN_USES; use++)
            sqlite3_finalize(replica->columns[i].statements[use]);
    replica->columns_count = replica->columns_next = 0;
}
