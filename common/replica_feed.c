/* Feeds, their heads, and the log. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/replica_floor.h"
#include "common/replica_state.h"

static size_t order_place(const struct replica *replica, const struct feed_id *id)
{
    size_t low = 0, high = replica->feeds_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (feed_compare(&replica->feeds[replica->feed_order[middle]].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t feed_find(const struct replica *replica, const struct feed_id *id)
{
    size_t at = order_place(replica, id);
    if (at == replica->feeds_count ||
        feed_compare(&replica->feeds[replica->feed_order[at]].id, id) != 0)
        return 0;
    return replica->feed_order[at] + 1;
}

struct feed *feed_at(struct replica *replica, uint32_t local)
{
    assert(local >= 1 && local <= replica->feeds_count);
    return &replica->feeds[local - 1];
}

static enum status push_feed(struct replica *replica, const struct feed *feed, struct error *err)
{
    if (replica->feeds_count == replica->feeds_capacity) {
        size_t capacity = replica->feeds_capacity ? replica->feeds_capacity * 2 : 16;
        struct feed *feeds = realloc(replica->feeds, capacity * sizeof *feeds);
        if (feeds)
            replica->feeds = feeds;
        uint32_t *order = realloc(replica->feed_order, capacity * sizeof *order);
        if (order)
            replica->feed_order = order;
        if (!feeds || !order)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        replica->feeds_capacity = capacity;
    }
    size_t at = order_place(replica, &feed->id);
    memmove(replica->feed_order + at + 1, replica->feed_order + at,
            (replica->feeds_count - at) * sizeof *replica->feed_order);
    replica->feed_order[at] = (uint32_t)replica->feeds_count;
    replica->feeds[replica->feeds_count++] = *feed;
    return frontier_raise(&replica->frontier, &feed->id, feed->number, err);
}

enum status feed_ensure(struct replica *replica, const struct feed_id *id, uint32_t *local,
                        struct error *err)
{
    *local = feed_find(replica, id);
    if (*local)
        return STATUS_OK;
    struct feed feed = {.id = *id};
    sqlite3_stmt *insert = sql_use(replica, SQL_FEED_INSERT);
    if (!insert)
        return sql_fail(replica, err, "the log");
    sqlite3_bind_int64(insert, 1, (int64_t)replica->feeds_count + 1);
    sqlite3_bind_int64(insert, 2, id->scope);
    sqlite3_bind_int64(insert, 3, id->device);
    sqlite3_bind_int64(insert, 4, id->incarnation);
    sqlite3_bind_int64(insert, 5, 0);
    sqlite3_bind_blob(insert, 6, feed.hash.bytes, HASH_BYTES, SQLITE_STATIC);
    TRY(sql_done(replica, insert, "the log", err));
    TRY(push_feed(replica, &feed, err));
    *local = (uint32_t)replica->feeds_count;
    return STATUS_OK;
}

enum status feeds_load(struct replica *replica, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    replica->feeds_count = 0;
    seal_cache_release(replica); /* of the keys that feeds have named, too */
    frontier_clear(&replica->frontier);
    TRY(sql_prepare(replica,
                    "SELECT scope, device, incarnation, number, hash, id FROM _feed ORDER BY id",
                    &statement, err));
    enum status status = STATUS_OK;
    int code;
    while (status == STATUS_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct feed feed = {.id = {(uint32_t)sqlite3_column_int64(statement, 0),
                                   (uint32_t)sqlite3_column_int64(statement, 1),
                                   (uint32_t)sqlite3_column_int64(statement, 2)},
                            .number = (uint64_t)sqlite3_column_int64(statement, 3)};
        struct bytes hash = sql_blob(statement, 4);
        if (hash.size == HASH_BYTES)
            memcpy(feed.hash.bytes, hash.data, HASH_BYTES);
        /* A feed that is gone would give its name to the next one. */
        status = sqlite3_column_int64(statement, 5) == (int64_t)replica->feeds_count + 1
                     ? push_feed(replica, &feed, err)
                     : error_set(err, STATUS_STORAGE, "the list of feeds is damaged");
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = sql_fail(replica, err, "the log");
    sqlite3_finalize(statement);
    return status == STATUS_OK ? floors_load(replica, err) : status;
}

enum status feeds_write(struct replica *replica, struct error *err)
{
    for (size_t i = 0; i < replica->feeds_count; i++) {
        struct feed *feed = &replica->feeds[i];
        if (!feed->dirty)
            continue;
        sqlite3_stmt *update = sql_use(replica, SQL_FEED_UPDATE);
        if (!update)
            return sql_fail(replica, err, "the log");
        sqlite3_bind_int64(update, 1, (int64_t)feed->number);
        sqlite3_bind_blob(update, 2, feed->hash.bytes, HASH_BYTES, SQLITE_STATIC);
        sqlite3_bind_int64(update, 3, (int64_t)i + 1);
        TRY(sql_done(replica, update, "the log", err));
        feed->dirty = false;
    }
    return STATUS_OK;
}

enum status feed_hash_up_to(struct replica *replica, const struct feed *feed, uint64_t number,
                            struct hash *hash, struct error *err)
{
    const struct floor *floor = floor_of(replica, &feed->id);
    bool above = floor && number >= floor->number;
    struct dot dot = {feed->id, above ? floor->number + 1 : 1};
    struct log_cursor cursor;
    struct bytes body;
    bool found = true;
    *hash = above ? floor->hash : (struct hash){{0}};
    if (floor && !above && number > floor->reached)
        return error_set(err, STATUS_NOT_FOUND, "what was before the snapshot is not here yet");
    TRY(log_open(replica, &dot, &cursor, err));
    enum status status = STATUS_OK;
    while (dot.number <= number && status == STATUS_OK && found) {
        status = log_next_piece(replica, &cursor, &found, err);
        found = found && cursor.first == dot.number;
        while (status == STATUS_OK && found && dot.number <= number &&
               log_next_body(&cursor, &body)) {
            struct hash previous = *hash;
            entry_hash(hash, &replica->network, &dot, &previous, body);
            dot.number++;
        }
    }
    log_close(&cursor);
    if (status == STATUS_OK && dot.number <= number)
        status = error_set(err, STATUS_STORAGE, "the log of device %u lacks entry %llu",
                           feed->id.device, (unsigned long long)dot.number);
    return status;
}

static enum status delete_behind(struct replica *replica, uint32_t local, uint64_t number,
                                 struct error *err)
{
    static const char *const texts[] = {
        "DELETE FROM _log WHERE id BETWEEN ?1 AND ?2",
        "DELETE FROM _judged WHERE id BETWEEN ?1 AND ?2",
        "DELETE FROM _touch WHERE feed << 40 | number BETWEEN ?1 AND ?2"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sqlite3_stmt *cut = NULL;
        TRY(sql_prepare(replica, texts[i], &cut, err));
        sqlite3_bind_int64(cut, 1, LOG_ID(local, number + 1));
        sqlite3_bind_int64(cut, 2, LOG_ID(local + 1, 0) - 1);
        enum status status = sql_done(replica, cut, "the log", err);
        sqlite3_finalize(cut);
        TRY(status);
    }
    return STATUS_OK;
}

enum status feed_cut(struct replica *replica, const struct dot *first, struct error *err)
{
    uint32_t local = feed_find(replica, &first->feed);
    struct feed *feed = feed_at(replica, local);
    struct dot last = {first->feed, first->number - 1};
    struct hash hash;
    TRY(feed_hash_up_to(replica, feed, first->number - 1, &hash, err));
    TRY(log_divide(replica, &last, &hash, err));
    TRY(delete_behind(replica, local, first->number - 1, err));
    feed->number = first->number - 1;
    feed->hash = hash;
    feed->dirty = true;
    frontier_clear(&replica->frontier);
    for (size_t i = 0; i < replica->feeds_count; i++)
        TRY(frontier_raise(&replica->frontier, &replica->feeds[i].id, replica->feeds[i].number,
                           err));
    return STATUS_OK;
}

/* ---- judgements ---- */

enum status feed_set_state(struct replica *replica, const struct dot *dot, enum log_state state,
                           struct error *err)
{
    int64_t id = LOG_ID(feed_find(replica, &dot->feed), dot->number);
    sqlite3_stmt *set = sql_use(replica, state == LOG_IN_FORCE ? SQL_JUDGED_CLEAR : SQL_JUDGED_SET);
    if (!set)
        return sql_fail(replica, err, "the log");
    sqlite3_bind_int64(set, 1, id);
    if (state != LOG_IN_FORCE)
        sqlite3_bind_int(set, 2, (int)state);
    return sql_done(replica, set, "the log", err);
}

enum status feed_get_state(struct replica *replica, const struct dot *dot, enum log_state *state,
                           struct error *err)
{
    sqlite3_stmt *get = sql_use(replica, SQL_JUDGED_GET);
    if (!get)
        return sql_fail(replica, err, "the log");
    sqlite3_bind_int64(get, 1, LOG_ID(feed_find(replica, &dot->feed), dot->number));
    enum status status = STATUS_OK;
    *state = sql_row(replica, get, &status, err) ? (enum log_state)sqlite3_column_int(get, 0)
                                                 : LOG_IN_FORCE;
    return sql_end(replica, get, status, err);
}

enum status entry_counts(struct replica *replica, const struct dot *dot, bool *counts,
                         struct error *err)
{
    enum log_state state = LOG_IN_FORCE;
    *counts = frontier_covers(&replica->frontier, dot);
    if (*counts)
        TRY(feed_get_state(replica, dot, &state, err));
    *counts &= state == LOG_IN_FORCE;
    return STATUS_OK;
}

struct id feed_person(const struct replica *replica, const struct dot *dot,
                      const struct entry_head *head)
{
    if (head->has_person)
        return head->person;
    const struct device *device = registry_device(replica->registry, dot->feed.device);
    return device ? device->certificate.person : (struct id){{0}};
}
