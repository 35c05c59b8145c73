/* The log as it is read: entries as they came, in pieces that one signature covers. */

#include <string.h>

#include "common/replica_floor.h"
#include "common/replica_state.h"

static enum status broken(const struct log_cursor *cursor, struct error *err)
{
    return error_set(err, STATUS_STORAGE, "the piece of the log that ends with %llu is damaged",
                     (unsigned long long)cursor->last);
}

enum status log_take_piece(struct log_cursor *cursor, struct zstd_room *zstd, sqlite3_stmt *row,
                           struct error *err)
{
    int64_t count = sqlite3_column_int64(row, 1);
    cursor->last = LOG_NUMBER(sqlite3_column_int64(row, 0));
    cursor->bodies = sql_blob(row, 3);
    cursor->signature = sql_blob(row, 4);
    if (count < 1 || (uint64_t)count > cursor->last || cursor->signature.size != SIGNATURE_BYTES)
        return broken(cursor, err);
    cursor->first = cursor->last - (uint64_t)count + 1;
    cursor->next = cursor->first;
    if (sqlite3_column_int(row, 2) == LOG_PLAIN)
        return STATUS_OK;
    buffer_clear(&cursor->opened);
    enum status status = zstd_frame_open(&cursor->opened, zstd, cursor->bodies, LOG_PIECE_MAX);
    if (status == STATUS_NO_MEMORY)
        return error_set(err, status, "out of memory");
    cursor->bodies = buffer_bytes(&cursor->opened);
    return status == STATUS_OK ? status : broken(cursor, err);
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
        return log_take_piece(cursor, &replica->zstd, cursor->statement, err);
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
    buffer_release(&cursor->opened);
}

/* ---- one entry ---- */

/* The piece that holds `dot`, in a cached statement; leave_piece. */
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
    TRY(log_take_piece(cursor, &replica->zstd, cursor->statement, err));
    return cursor->first <= dot->number ? STATUS_OK : STATUS_NOT_FOUND;
}

static void leave_piece(struct log_cursor *cursor)
{
    sqlite3_reset(cursor->statement);
    buffer_release(&cursor->opened);
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
    leave_piece(&cursor);
    return status == STATUS_NOT_FOUND ? floor_kept(replica, dot, body, err) : status;
}

enum status feed_signature(struct replica *replica, const struct dot *dot,
                           uint8_t signature[SIGNATURE_BYTES], bool *found, struct error *err)
{
    struct log_cursor cursor;
    enum status status = find_piece(replica, dot, &cursor, err);
    *found = status == STATUS_OK && cursor.last == dot->number;
    if (*found)
        memcpy(signature, cursor.signature.data, SIGNATURE_BYTES);
    leave_piece(&cursor);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
