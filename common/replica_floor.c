/* Floors: of feeds that came as a snapshot or were cleaned, entries up to a number aren't in the
 * log (docs/decisions/0020-snapshots.md). What is told of them, and which are kept whole, stands in
 * tables of its own. Few replicas have any, so the tables are made with the first. */

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/dots.h"
#include "common/pack.h"
#include "common/replica_floor.h"
#include "common/replica_snapshot.h"
#include "common/replica_state.h"
#include "common/snapshot_row.h"

#define FORMAT_WITH_FLOORS "2"
#define META_CLEANED "cleaned" /* scopes, u32le each */

enum status floor_tables(struct replica *replica, struct error *err)
{
    return sql_run(
        replica,
        /* feed: local id. reached: how far the log was laid under it; wanted: it is asked for. */
        "CREATE TABLE IF NOT EXISTS _floor(feed INTEGER PRIMARY KEY REFERENCES _feed(id),"
        " number INTEGER NOT NULL, hash BLOB NOT NULL, signature BLOB NOT NULL,"
        " rights BLOB NOT NULL, wanted INTEGER NOT NULL DEFAULT 0,"
        " reached INTEGER NOT NULL DEFAULT 0, reached_hash BLOB NOT NULL) STRICT;"
        /* ids as in _log: feed << 40 | number, of told the last one's. */
        "CREATE TABLE IF NOT EXISTS _told(id INTEGER PRIMARY KEY, item BLOB NOT NULL) STRICT;"
        "CREATE TABLE IF NOT EXISTS _kept(id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;"
        /* A program that knows no floors would take the log for damaged. */
        "PRAGMA user_version = " FORMAT_WITH_FLOORS,
        err);
}

/* ---- in memory ---- */

enum status floor_tables_there(struct replica *replica, bool *there, struct error *err)
{
    sqlite3_stmt *look = NULL;
    enum status status = STATUS_OK;
    TRY(sql_prepare(replica, "SELECT 1 FROM sqlite_schema WHERE name = '_floor'", &look, err));
    *there = sql_row(replica, look, &status, err);
    sqlite3_finalize(look);
    return status;
}

static bool take_bytes(sqlite3_stmt *row, int column, uint8_t *out, size_t size)
{
    struct bytes stored = sql_blob(row, column);
    if (stored.size == size)
        memcpy(out, stored.data, size);
    return stored.size == size;
}

static enum status push_floor(struct replica *replica, const struct floor *floor, struct error *err)
{
    struct floor *floors = array_grow(replica->floors, replica->floors_count,
                                      &replica->floors_capacity, sizeof *floors);
    if (!floors)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    replica->floors = floors;
    floors[replica->floors_count++] = *floor;
    return STATUS_OK;
}

static bool read_floor(sqlite3_stmt *row, struct floor *floor)
{
    *floor = (struct floor){.feed = (uint32_t)sqlite3_column_int64(row, 0),
                            .number = (uint64_t)sqlite3_column_int64(row, 1),
                            .wanted = sqlite3_column_int(row, 5) != 0,
                            .reached = (uint64_t)sqlite3_column_int64(row, 6)};
    return take_bytes(row, 2, floor->hash.bytes, HASH_BYTES) &&
           take_bytes(row, 3, floor->signature, SIGNATURE_BYTES) &&
           take_bytes(row, 4, floor->rights.bytes, HASH_BYTES) &&
           take_bytes(row, 7, floor->reached_hash.bytes, HASH_BYTES);
}

static uint32_t floor_scope(const struct replica *replica, const struct floor *floor)
{
    return replica->feeds[floor->feed - 1].id.scope;
}

/* A scope of which the log came back has no floors, and won't be taken as a snapshot any more: it
 * may stay in the list. */
static enum status cleaned_load(struct replica *replica, struct error *err)
{
    struct buffer scopes = {0};
    enum status status = replica_meta_get(replica, META_CLEANED, &scopes, err);
    for (size_t i = 0; i < replica->floors_count; i++)
        for (size_t at = 0; at + 4 <= scopes.size; at += 4)
            replica->floors[i].cleaned |=
                get_u32le(scopes.data + at) == floor_scope(replica, &replica->floors[i]);
    buffer_release(&scopes);
    return status;
}

enum status floors_note_cleaned(struct replica *replica, uint32_t scope, struct error *err)
{
    struct buffer scopes = {0};
    uint8_t number[4];
    bool listed = false;
    enum status status = replica_meta_get(replica, META_CLEANED, &scopes, err);
    for (size_t i = 0; i < replica->floors_count; i++)
        replica->floors[i].cleaned |= floor_scope(replica, &replica->floors[i]) == scope;
    for (size_t at = 0; at + 4 <= scopes.size; at += 4)
        listed |= get_u32le(scopes.data + at) == scope;
    put_u32le(number, scope);
    if (status == STATUS_OK && !listed && buffer_append(&scopes, number, 4) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (status == STATUS_OK && !listed)
        status = replica_meta_set(replica, META_CLEANED, buffer_bytes(&scopes), err);
    buffer_release(&scopes);
    return status;
}

enum status floors_load(struct replica *replica, struct error *err)
{
    sqlite3_stmt *list = NULL;
    bool there;
    replica->floors_count = 0;
    TRY(floor_tables_there(replica, &there, err));
    if (!there)
        return STATUS_OK;
    TRY(sql_prepare(replica,
                    "SELECT feed, number, hash, signature, rights, wanted, reached, reached_hash "
                    "FROM _floor ORDER BY feed",
                    &list, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(replica, list, &status, err)) {
        struct floor floor;
        bool good =
            read_floor(list, &floor) && floor.feed >= 1 && floor.feed <= replica->feeds_count;
        status = good ? push_floor(replica, &floor, err)
                      : error_set(err, STATUS_STORAGE, "the list of feeds is damaged");
    }
    sqlite3_finalize(list);
    return status == STATUS_OK ? cleaned_load(replica, err) : status;
}

struct floor *floor_of(const struct replica *replica, const struct feed_id *feed)
{
    uint32_t local = replica->floors_count > 0 ? feed_find(replica, feed) : 0;
    size_t low = 0, high = local ? replica->floors_count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (replica->floors[middle].feed < local)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = local && low < replica->floors_count && replica->floors[low].feed == local;
    return found ? &replica->floors[low] : NULL;
}

bool below_floor(const struct replica *replica, const struct dot *dot)
{
    const struct floor *floor = floor_of(replica, &dot->feed);
    return floor && dot->number <= floor->number;
}

bool scope_has_floor(const struct replica *replica, uint32_t scope)
{
    for (size_t i = 0; i < replica->floors_count; i++)
        if (floor_scope(replica, &replica->floors[i]) == scope)
            return true;
    return false;
}

bool replica_wants_log(const struct replica *replica, uint32_t scope)
{
    for (size_t i = 0; i < replica->floors_count; i++)
        if (floor_scope(replica, &replica->floors[i]) == scope)
            return replica->floors[i].wanted;
    return false;
}

bool replica_wants_any_log(const struct replica *replica)
{
    for (size_t i = 0; i < replica->floors_count; i++)
        if (replica->floors[i].wanted)
            return true;
    return false;
}

bool replica_rests_on_snapshot(const struct replica *replica, uint32_t scope)
{
    for (size_t i = 0; i < replica->floors_count; i++)
        if (floor_scope(replica, &replica->floors[i]) == scope)
            return !replica->floors[i].cleaned;
    return false;
}

bool replica_log_is_cut(const struct replica *replica, uint32_t scope)
{
    return scope_has_floor(replica, scope);
}

static int by_number(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

enum status replica_cut_logs(const struct replica *replica, uint32_t **scopes, size_t *count,
                             struct error *err)
{
    size_t all = replica->floors_count;
    *count = 0;
    *scopes = malloc((all + 1) * sizeof **scopes);
    if (!*scopes)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < all; i++)
        (*scopes)[i] = floor_scope(replica, &replica->floors[i]);
    qsort(*scopes, all, sizeof **scopes, by_number);
    for (size_t i = 0; i < all; i++)
        if (i == 0 || (*scopes)[i] != (*scopes)[*count - 1])
            (*scopes)[(*count)++] = (*scopes)[i];
    return STATUS_OK;
}

/* ---- setting ---- */

enum status floor_write(struct replica *replica, const struct floor *floor, struct error *err)
{
    sqlite3_stmt *write = NULL;
    TRY(sql_prepare(replica,
                    "INSERT OR REPLACE INTO _floor(feed, number, hash, signature, rights, wanted, "
                    "reached, reached_hash) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                    &write, err));
    sqlite3_bind_int64(write, 1, floor->feed);
    sqlite3_bind_int64(write, 2, (int64_t)floor->number);
    sqlite3_bind_blob(write, 3, floor->hash.bytes, HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(write, 4, floor->signature, SIGNATURE_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(write, 5, floor->rights.bytes, HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_int(write, 6, floor->wanted);
    sqlite3_bind_int64(write, 7, (int64_t)floor->reached);
    sqlite3_bind_blob(write, 8, floor->reached_hash.bytes, HASH_BYTES, SQLITE_STATIC);
    enum status status = sql_done(replica, write, "the log", err);
    sqlite3_finalize(write);
    return status;
}

enum status floor_set(struct replica *replica, const struct floor *floor, struct error *err)
{
    TRY(floor_write(replica, floor, err));
    size_t at = replica->floors_count;
    TRY(push_floor(replica, floor, err));
    for (; at > 0 && replica->floors[at - 1].feed > floor->feed; at--)
        replica->floors[at] = replica->floors[at - 1];
    replica->floors[at] = *floor;
    return STATUS_OK;
}

enum status scope_want_log(struct replica *replica, uint32_t scope, struct error *err)
{
    bool wanted = false;
    for (size_t i = 0; i < replica->floors_count; i++) {
        struct floor *floor = &replica->floors[i];
        if (feed_at(replica, floor->feed)->id.scope != scope || floor->wanted)
            continue;
        floor->wanted = wanted = true;
        TRY(floor_write(replica, floor, err));
    }
    /* What peers believe of us, and we of them, claimed more. */
    return wanted ? sql_run(replica, "DELETE FROM _peer", err) : STATUS_OK;
}

enum status floor_look(struct replica *replica, const struct feed_id *feed, struct error *err)
{
    const struct floor *floor = floor_of(replica, feed);
    struct hash rights;
    if (!floor || floor->wanted)
        return STATUS_OK;
    struct dot last = {*feed, floor->number};
    enum status status = registry_rights_digest(replica->registry, &last, &rights, err);
    if (status == STATUS_NO_MEMORY)
        return status;
    bool same = status == STATUS_OK && memcmp(&rights, &floor->rights, sizeof rights) == 0;
    return same ? STATUS_OK : scope_want_log(replica, feed->scope, err);
}

/* ---- what is told of entries, and kept ---- */

enum status floor_put(struct replica *replica, enum floor_table table, const struct dot *dot,
                      struct bytes bytes, struct error *err)
{
    static const char *const texts[] = {
        [FLOOR_TOLD] = "INSERT OR REPLACE INTO _told(id, item) VALUES(?, ?)",
        [FLOOR_KEPT] = "INSERT OR REPLACE INTO _kept(id, body) VALUES(?, ?)"};
    sqlite3_stmt *put = NULL;
    TRY(sql_prepare(replica, texts[table], &put, err));
    sqlite3_bind_int64(put, 1, LOG_ID(feed_find(replica, &dot->feed), dot->number));
    sql_bind_bytes(put, 2, bytes);
    enum status status = sql_done(replica, put, "the log", err);
    sqlite3_finalize(put);
    return status;
}

/* The item that tells of `dot`; in a cached statement, which the caller resets. */
static enum status find_told(struct replica *replica, const struct dot *dot, struct unpack *in,
                             uint64_t *first, struct error *err)
{
    uint32_t parts, local = feed_find(replica, &dot->feed);
    uint64_t kind;
    struct dot told;
    sqlite3_stmt *get = sql_use(replica, SQL_TOLD_GET);
    enum status status = STATUS_OK;
    if (!get)
        return sql_fail(replica, err, "the log");
    sqlite3_bind_int64(get, 1, LOG_ID(local, dot->number));
    sqlite3_bind_int64(get, 2, LOG_ID(local + 1, 0) - 1);
    if (!sql_row(replica, get, &status, err))
        return status == STATUS_OK ? STATUS_NOT_FOUND : status;
    *in = unpack_again(sql_blob(get, 0));
    if (!unpack_array(in, &parts) || !unpack_uint(in, &kind) ||
        !snapshot_dot_take(in, dot->feed.scope, &told) || told.number > dot->number)
        return STATUS_NOT_FOUND;
    *first = told.number;
    return STATUS_OK;
}

/* The times up to `place`, then the persons, of whom one may stand at that place. */
static bool read_told(struct unpack *in, uint64_t place, struct entry_head *head)
{
    uint32_t count;
    uint64_t time_ms = 0, at;
    int64_t more;
    if (!unpack_array(in, &count) || place >= count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        if (!unpack_int(in, &more))
            return false;
        if (i <= place)
            time_ms += (uint64_t)more;
    }
    head->time_ms = (int64_t)time_ms;
    if (!unpack_array(in, &count))
        return false;
    for (uint32_t i = 0; i < count / 2 && !head->has_person; i++) {
        if (!unpack_uint(in, &at) || !unpack_bin_exact(in, head->person.bytes, ID_BYTES))
            return false;
        head->has_person = at == place;
    }
    return true;
}

enum status floor_told(struct replica *replica, const struct dot *dot, struct entry_head *head,
                       struct error *err)
{
    struct unpack in;
    uint64_t first = 0;
    *head = (struct entry_head){0};
    if (!below_floor(replica, dot))
        return STATUS_NOT_FOUND;
    enum status status = find_told(replica, dot, &in, &first, err);
    if (status == STATUS_OK && !read_told(&in, dot->number - first, head))
        status = STATUS_NOT_FOUND;
    sqlite3_stmt *get = replica->statements[SQL_TOLD_GET];
    return get ? sql_end(replica, get, status, err) : status;
}

enum status floor_kept(struct replica *replica, const struct dot *dot, struct buffer *body,
                       struct error *err)
{
    if (!below_floor(replica, dot))
        return STATUS_NOT_FOUND;
    sqlite3_stmt *get = sql_use(replica, SQL_KEPT_GET);
    enum status status = STATUS_OK;
    if (!get)
        return sql_fail(replica, err, "the log");
    sqlite3_bind_int64(get, 1, LOG_ID(feed_find(replica, &dot->feed), dot->number));
    if (!sql_row(replica, get, &status, err))
        status = status == STATUS_OK ? STATUS_NOT_FOUND : status;
    else if (buffer_append_bytes(body, sql_blob(get, 0)) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    return sql_end(replica, get, status, err);
}
