#include "client/draft.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum status draft_open(struct replica *replica, struct error *err)
{
    static const char sql[] = "CREATE TABLE IF NOT EXISTS _draft(key TEXT PRIMARY KEY,"
                              " saved_ms INTEGER NOT NULL, draft TEXT NOT NULL)"
                              " STRICT, WITHOUT ROWID";
    if (sqlite3_exec(replica_database(replica), sql, NULL, NULL, NULL) == SQLITE_OK)
        return STATUS_OK;
    return replica_failed(replica, "drafts", err);
}

enum status draft_list(struct replica *replica, json_t **drafts, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    char time[32];
    *drafts = NULL;
    TRY(replica_prepare(replica,
                        "SELECT key, saved_ms, draft FROM _draft ORDER BY saved_ms DESC, key",
                        &statement, err));
    enum status status = STATUS_OK;
    *drafts = json_array();
    while (replica_step(replica, statement, &status, err)) {
        const char *text = (const char *)sqlite3_column_text(statement, 2);
        json_t *draft = json_loads(text ? text : "null", 0, NULL);
        time_format(sqlite3_column_int64(statement, 1), time);
        json_array_append_new(*drafts,
                              json_pack("{ss ss so*}", "key", sqlite3_column_text(statement, 0),
                                        "saved", time, "draft", draft));
    }
    sqlite3_finalize(statement);
    return status;
}

static enum status check_room(struct replica *replica, const char *key, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    size_t size = strlen(key);
    if (size == 0 || size > DRAFT_KEY_BYTES_MAX)
        return error_set(err, STATUS_BAD_INPUT, "a draft's key has 1 to %d bytes",
                         DRAFT_KEY_BYTES_MAX);
    enum status status = STATUS_OK;
    TRY(replica_prepare(replica, "SELECT count(*) FROM _draft WHERE key <> ?", &statement, err));
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    bool full = replica_step(replica, statement, &status, err) &&
                sqlite3_column_int(statement, 0) >= DRAFTS_MAX;
    sqlite3_finalize(statement);
    return full ? error_set(err, STATUS_TOO_LARGE, "more than %d drafts", DRAFTS_MAX) : status;
}

enum status draft_save(struct replica *replica, const char *key, const json_t *draft,
                       struct error *err)
{
    static const char sql[] = "INSERT OR REPLACE INTO _draft(key, saved_ms, draft) VALUES(?, ?, ?)";
    sqlite3_stmt *statement = NULL;
    TRY(check_room(replica, key, err));
    char *text = json_dumps(draft, JSON_COMPACT);
    if (!text)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status status = STATUS_OK;
    if (strlen(text) > DRAFT_BYTES_MAX)
        status =
            error_set(err, STATUS_TOO_LARGE, "a draft has more than %d bytes", DRAFT_BYTES_MAX);
    if (status == STATUS_OK)
        status = replica_prepare(replica, sql, &statement, err);
    if (status == STATUS_OK) {
        sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 2, clock_wall_ms(replica_clock(replica)));
        sqlite3_bind_text(statement, 3, text, -1, SQLITE_STATIC);
        status = replica_run_once(replica, statement, err);
    }
    free(text);
    return status;
}

enum status draft_delete(struct replica *replica, const char *key, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    TRY(replica_prepare(replica, "DELETE FROM _draft WHERE key = ?", &statement, err));
    sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
    return replica_run_once(replica, statement, err);
}
