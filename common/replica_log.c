/* The log: entries as they came, in pieces that one signature covers. */

#include <assert.h>
#include <string.h>

#include "common/replica_state.h"

/* ---- writing ---- */

static enum status pack_bodies(const struct piece *piece, struct buffer *out)
{
    buffer_clear(out);
    for (size_t i = 0; i < piece->count; i++) {
        TRY(buffer_append_varint(out, piece->bodies[i].size));
        TRY(buffer_append_bytes(out, piece->bodies[i]));
    }
    return STATUS_OK;
}

enum status feed_append(struct replica *replica, uint32_t local, const struct piece *piece,
                        struct error *err)
{
    struct feed *feed = feed_at(replica, local);
    struct bytes bodies = piece->bodies[0];
    sqlite3_stmt *insert = sql_use(replica, SQL_LOG_INSERT);
    if (!insert)
        return sql_fail(replica, err, "the log");
    if (piece->count > 1) {
        if (pack_bodies(piece, &replica->scratch) != STATUS_OK)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        bodies = buffer_bytes(&replica->scratch);
    }
    sqlite3_bind_int64(insert, 1, LOG_ID(local, feed->number + piece->count));
    sqlite3_bind_int64(insert, 2, (int64_t)piece->count);
    sql_bind_bytes(insert, 3, bodies);
    sql_bind_bytes(insert, 4, bytes_of(piece->signature, SIGNATURE_BYTES));
    TRY(sql_done(replica, insert, "the log", err));
    feed->number += piece->count;
    feed->hash = piece->hash;
    feed->dirty = true;
    return STATUS_OK;
}

/* ---- reading ---- */

static enum status broken(const struct log_cursor *cursor, struct error *err)
{
    return error_set(err, STATUS_STORAGE, "the piece of the log that ends with %llu is damaged",
                     (unsigned long long)cursor->last);
}

/* The piece that the statement stands on. */
static enum status take_piece(struct log_cursor *cursor, struct error *err)
{
    int64_t count = sqlite3_column_int64(cursor->statement, 1);
    cursor->last = LOG_NUMBER(sqlite3_column_int64(cursor->statement, 0));
    cursor->bodies = sql_blob(cursor->statement, 2);
    cursor->signature = sql_blob(cursor->statement, 3);
    if (count < 1 || (uint64_t)count > cursor->last || cursor->signature.size != SIGNATURE_BYTES)
        return broken(cursor, err);
    cursor->first = cursor->last - (uint64_t)count + 1;
    cursor->next = cursor->first;
    return STATUS_OK;
}

static void bind_from(const struct replica *replica, sqlite3_stmt *statement,
                      const struct dot *from)
{
    uint32_t local = feed_find(replica, &from->feed);
    sqlite3_bind_int64(statement, 1, LOG_ID(local, from->number));
    sqlite3_bind_int64(statement, 2, local ? LOG_ID(local + 1, 0) - 1 : 0);
}

enum status log_open(struct replica *replica, const struct dot *from, struct log_cursor *cursor,
                     struct error *err)
{
    *cursor = (struct log_cursor){0};
    TRY(sql_prepare(replica, statement_sql(SQL_LOG_FROM), &cursor->statement, err));
    bind_from(replica, cursor->statement, from);
    return STATUS_OK;
}

enum status log_next_piece(struct replica *replica, struct log_cursor *cursor, bool *found,
                           struct error *err)
{
    int code = sqlite3_step(cursor->statement);
    *found = code == SQLITE_ROW;
    if (*found)
        return take_piece(cursor, err);
    return code == SQLITE_DONE ? STATUS_OK : sql_fail(replica, err, "the log");
}

bool log_next_body(struct log_cursor *cursor, struct bytes *body)
{
    uint64_t size = cursor->bodies.size;
    if (cursor->next > cursor->last)
        return false;
    if (cursor->first != cursor->last && !bytes_take_varint(&cursor->bodies, &size))
        return false;
    if (size > cursor->bodies.size)
        return false;
    *body = bytes_of(cursor->bodies.data, (size_t)size);
    cursor->bodies = bytes_of(cursor->bodies.data + size, cursor->bodies.size - (size_t)size);
    cursor->next++;
    return true;
}

void log_close(struct log_cursor *cursor)
{
    sqlite3_finalize(cursor->statement);
    cursor->statement = NULL;
}

/* ---- one entry ---- */

/* The piece that holds `dot`, in a cached statement that the caller resets. */
static enum status find_piece(struct replica *replica, const struct dot *dot,
                              struct log_cursor *cursor, struct error *err)
{
    *cursor = (struct log_cursor){.statement = sql_use(replica, SQL_LOG_FROM)};
    if (!cursor->statement)
        return sql_fail(replica, err, "the log");
    bind_from(replica, cursor->statement, dot);
    int code = sqlite3_step(cursor->statement);
    if (code == SQLITE_DONE)
        return STATUS_NOT_FOUND;
    if (code != SQLITE_ROW)
        return sql_fail(replica, err, "the log");
    TRY(take_piece(cursor, err));
    return cursor->first <= dot->number ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status feed_read(struct replica *replica, const struct dot *dot, struct buffer *body,
                      struct error *err)
{
    struct log_cursor cursor;
    struct bytes found = {0};
    enum status status = find_piece(replica, dot, &cursor, err);
    buffer_clear(body);
    while (status == STATUS_OK && cursor.next <= dot->number)
        if (!log_next_body(&cursor, &found))
            status = broken(&cursor, err);
    if (status == STATUS_OK && buffer_append_bytes(body, found) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    sqlite3_reset(cursor.statement);
    return status;
}

enum status feed_signature(struct replica *replica, const struct dot *dot,
                           uint8_t signature[SIGNATURE_BYTES], bool *found, struct error *err)
{
    struct log_cursor cursor;
    enum status status = find_piece(replica, dot, &cursor, err);
    *found = status == STATUS_OK && cursor.last == dot->number;
    if (*found)
        memcpy(signature, cursor.signature.data, SIGNATURE_BYTES);
    sqlite3_reset(cursor.statement);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
