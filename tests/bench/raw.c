#include "tests/bench/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "tests/bench/timing.h"

sqlite3 *raw_open(const char *path)
{
    sqlite3 *raw;
    sqlite3_open(path, &raw);
    sqlite3_exec(raw,
                 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
                 "CREATE TABLE visit(id BLOB NOT NULL, _scope INTEGER NOT NULL, target_ref BLOB,"
                 " at TEXT, kind TEXT, situation TEXT, next_on TEXT, PRIMARY KEY(id, _scope))",
                 NULL, NULL, NULL);
    return raw;
}

void visit_text(size_t row, char *text, size_t size)
{
    snprintf(text, size, "第%zu次走访：老人精神尚好，想听广播，血压偏高，已提醒按时服药。", row);
}

static void raw_insert(sqlite3_stmt *insert, size_t row)
{
    struct id id = id_random(1700000000000 + (int64_t)row);
    char situation[200];
    visit_text(row, situation, sizeof situation);
    sqlite3_reset(insert);
    sqlite3_bind_blob(insert, 1, id.bytes, 16, SQLITE_TRANSIENT);
    sqlite3_bind_int(insert, 2, 2);
    sqlite3_bind_blob(insert, 3, "0123456789abcdef01", 18, SQLITE_STATIC);
    sqlite3_bind_text(insert, 4, "2026-11-01T09:30", -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 5, "home_visit", -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 6, situation, -1, SQLITE_TRANSIENT);
    sqlite3_step(insert);
}

double raw_rows(sqlite3 *raw, size_t rows, size_t commit_every)
{
    sqlite3_stmt *insert;
    sqlite3_prepare_v2(raw,
                       "INSERT INTO visit(id, _scope, target_ref, at, kind, situation) "
                       "VALUES(?,?,?,?,?,?)",
                       -1, &insert, NULL);
    double start = now();
    for (size_t i = 0; i < rows; i++) {
        if (i % commit_every == 0)
            sqlite3_exec(raw, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        raw_insert(insert, i);
        if ((i + 1) % commit_every == 0 || i + 1 == rows)
            sqlite3_exec(raw, "COMMIT", NULL, NULL, NULL);
    }
    double took = now() - start;
    sqlite3_finalize(insert);
    return took;
}

double raw_updates(sqlite3 *raw, size_t updates, size_t commit_every)
{
    sqlite3_stmt *update;
    sqlite3_prepare_v2(raw, "UPDATE visit SET next_on = ? WHERE id = ? AND _scope = 2", -1, &update,
                       NULL);
    sqlite3_stmt *list;
    uint8_t *ids = malloc(updates * ID_BYTES);
    sqlite3_prepare_v2(raw, "SELECT id FROM visit ORDER BY rowid", -1, &list, NULL);
    for (size_t i = 0; i < updates && sqlite3_step(list) == SQLITE_ROW; i++)
        memcpy(ids + i * ID_BYTES, sqlite3_column_blob(list, 0), ID_BYTES);
    sqlite3_finalize(list);
    double start = now();
    for (size_t i = 0; i < updates; i++) {
        if (i % commit_every == 0)
            sqlite3_exec(raw, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        sqlite3_reset(update);
        sqlite3_bind_text(update, 1, "2026-12-01", -1, SQLITE_STATIC);
        sqlite3_bind_blob(update, 2, ids + i * ID_BYTES, ID_BYTES, SQLITE_STATIC);
        sqlite3_step(update);
        if ((i + 1) % commit_every == 0)
            sqlite3_exec(raw, "COMMIT", NULL, NULL, NULL);
    }
    double took = now() - start;
    sqlite3_finalize(update);
    free(ids);
    return took;
}
