/* Handing out runs from the log. */

#include <stdlib.h>
#include <string.h>

#include "common/bodies.h"
#include "common/replica_floor.h"
#include "common/replica_state.h"

#define RUN_ENTRIES_MAX 4096

/* What becomes one run. */
struct gathering {
    struct bodies bodies;
    uint8_t signature[SIGNATURE_BYTES]; /* of the last */
    struct buffer keys;
};

static void gathering_release(struct gathering *gathering)
{
    bodies_release(&gathering->bodies);
    buffer_release(&gathering->keys);
}

/* `run` lacks its bodies and keys. */
static enum status hand_over(struct replica *replica, const struct run_wish *wish,
                             struct gathering *gathering, struct run *run, struct error *err)
{
    struct bytes *bodies = bodies_list(&gathering->bodies);
    if (!bodies)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    run->bodies = bodies;
    run->count = gathering->bodies.count;
    enum status status = keys_of_run(replica, run, &gathering->keys, err);
    run->keys = buffer_bytes(&gathering->keys);
    if (status == STATUS_OK)
        status = wish->take(wish->context, run, err);
    free(bodies);
    return status;
}

struct sending {
    const struct run_wish *wish;
    struct frontier *known;
    size_t left; /* of the budget */
    bool stopped;
};

/* Where in a feed the next run begins, and what comes after it. */
struct stretch {
    const struct feed_id *feed;
    uint64_t first, next, last;
};

/* The bodies of a piece that aren't known yet. */
static enum status gather_piece(struct log_cursor *cursor, struct stretch *stretch,
                                struct gathering *gathering, struct error *err)
{
    struct bytes body;
    while (cursor->next <= cursor->last) {
        uint64_t number = cursor->next;
        if (!log_next_body(cursor, &body))
            return error_set(err, STATUS_STORAGE, "entry %llu of device %u is damaged",
                             (unsigned long long)number, stretch->feed->device);
        if (number < stretch->next)
            continue;
        if (number != stretch->next)
            break;
        if (bodies_add(&gathering->bodies, body) != STATUS_OK)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        stretch->next++;
    }
    return STATUS_OK;
}

static enum status send_gathered(struct replica *replica, struct sending *sending,
                                 struct stretch *stretch, struct gathering *gathering,
                                 struct error *err)
{
    size_t size = gathering->bodies.bytes.size;
    struct run run = {
        .feed = *stretch->feed, .first = stretch->first, .signature = gathering->signature};
    if (gathering->bodies.count == 0)
        return STATUS_OK;
    TRY(hand_over(replica, sending->wish, gathering, &run, err));
    TRY(frontier_raise(sending->known, stretch->feed, stretch->next - 1, err));
    sending->stopped = size >= sending->left;
    sending->left -= size < sending->left ? size : sending->left;
    bodies_clear(&gathering->bodies);
    stretch->first = stretch->next;
    return STATUS_OK;
}

/* Would the run be longer than wished with this piece? One piece is never divided. */
static bool run_is_full(const struct sending *sending, const struct gathering *gathering,
                        const struct log_cursor *cursor)
{
    return gathering->bodies.bytes.size + cursor->bodies.size > sending->wish->unit_bytes ||
           gathering->bodies.count >= RUN_ENTRIES_MAX;
}

static enum status send_pieces(struct replica *replica, struct log_cursor *cursor,
                               struct sending *sending, struct stretch *stretch,
                               struct gathering *gathering, struct error *err)
{
    bool found = true;
    while (!sending->stopped && stretch->next <= stretch->last) {
        TRY(log_next_piece(replica, cursor, &found, err));
        uint64_t before = stretch->next;
        if (found && run_is_full(sending, gathering, cursor))
            TRY(send_gathered(replica, sending, stretch, gathering, err));
        if (sending->stopped)
            return STATUS_OK;
        if (found)
            TRY(gather_piece(cursor, stretch, gathering, err));
        if (stretch->next == before)
            return error_set(err, STATUS_STORAGE, "the log of device %u lacks entry %llu",
                             stretch->feed->device, (unsigned long long)stretch->next);
        memcpy(gathering->signature, cursor->signature.data, SIGNATURE_BYTES);
    }
    return sending->stopped ? STATUS_OK : send_gathered(replica, sending, stretch, gathering, err);
}

/* Reads on from what is known and hands over runs. */
static enum status send_range(struct replica *replica, const struct frontier_row *row,
                              struct sending *sending, struct error *err)
{
    uint64_t first = frontier_get(sending->known, &row->feed) + 1;
    struct stretch stretch = {&row->feed, first, first, row->number};
    struct dot from = {row->feed, first};
    struct gathering gathering = {0};
    struct log_cursor cursor;
    TRY(log_open(replica, &from, &cursor, err));
    enum status status = send_pieces(replica, &cursor, sending, &stretch, &gathering, err);
    log_close(&cursor);
    gathering_release(&gathering);
    return status;
}

enum part part_of(const struct feed_id *feed)
{
    if (!SCOPE_IS_REGISTRY(feed->scope))
        return PART_RECORDS;
    return feed->device == DEVICE_HUB ? PART_HUB : PART_ADMITTED;
}

static bool wanted(struct replica *replica, const struct sending *sending,
                   const struct frontier_row *row, enum part part)
{
    uint32_t reader = sending->wish->reader;
    struct dot next = {row->feed, frontier_get(sending->known, &row->feed) + 1};
    /* Below a floor there is nothing to send, and nobody can do with what comes behind it. */
    return !below_floor(replica, &next) && part_of(&row->feed) == part &&
           !feed_restoring(replica, &row->feed) &&
           row->number > frontier_get(sending->known, &row->feed) &&
           (reader == 0 || row->feed.device == reader ||
            registry_may_read(replica->registry, reader, row->feed.scope));
}

enum status replica_runs(struct replica *replica, const struct run_wish *wish,
                         struct frontier *known, bool *more, struct error *err)
{
    struct sending sending = {wish, known, wish->budget_bytes, wish->budget_bytes == 0};
    enum status status = STATUS_OK;
    *more = false;
    /* Org numbers rise from parent to child, so the order of scopes is parents first. */
    for (enum part part = PART_HUB; part < PARTS; part++)
        for (size_t i = 0; i < replica->frontier.count && status == STATUS_OK; i++) {
            const struct frontier_row *row = &replica->frontier.rows[i];
            if (!wanted(replica, &sending, row, part))
                continue;
            if (!sending.stopped)
                status = send_range(replica, row, &sending, err);
            if (status == STATUS_OK && wanted(replica, &sending, row, part))
                *more = true;
        }
    return status;
}

const struct frontier *replica_frontier(struct replica *replica)
{
    return &replica->frontier;
}

/* ---- what we know of peers ---- */

enum status replica_peer_load(struct replica *replica, uint32_t device, struct frontier *told,
                              struct frontier *held, struct error *err)
{
    sqlite3_stmt *get = sql_use(replica, SQL_PEER_GET);
    frontier_clear(told);
    frontier_clear(held);
    if (!get)
        return sql_fail(replica, err, "peers");
    sqlite3_bind_int64(get, 1, device);
    enum status status = STATUS_OK;
    if (sql_row(replica, get, &status, err)) {
        status = frontier_decode(told, sql_blob(get, 0), err);
        if (status == STATUS_OK)
            status = frontier_decode(held, sql_blob(get, 1), err);
    }
    return sql_end(replica, get, status, err);
}

enum status replica_peer_save(struct replica *replica, uint32_t device, const struct frontier *told,
                              const struct frontier *held, struct error *err)
{
    struct buffer told_bytes = {0}, held_bytes = {0};
    enum status status = frontier_encode(told, &told_bytes, err);
    if (status == STATUS_OK)
        status = frontier_encode(held, &held_bytes, err);
    sqlite3_stmt *set = sql_use(replica, SQL_PEER_SET);
    if (!set)
        status = sql_fail(replica, err, "peers");
    if (status == STATUS_OK) {
        sqlite3_bind_int64(set, 1, device);
        sql_bind_bytes(set, 2, buffer_bytes(&told_bytes));
        sql_bind_bytes(set, 3, buffer_bytes(&held_bytes));
        status = sql_done(replica, set, "peers", err);
    }
    buffer_release(&told_bytes);
    buffer_release(&held_bytes);
    return status;
}
