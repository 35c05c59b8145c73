/* The log below a floor: runs that come for it are checked and laid under what is there, while the
 * tables stand as they are. Once all feeds of a scope have reached their floors the scope is folded
 * from its log, as if it had never come otherwise. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/replica_floor.h"
#include "common/replica_snapshot.h"
#include "common/replica_state.h"

static bool is_reached(const struct floor *floor)
{
    return floor->reached == floor->number;
}

bool run_is_under(const struct replica *replica, const struct run *run)
{
    const struct floor *floor = floor_of(replica, &run->feed);
    return floor && floor->wanted && run->first <= floor->reached + 1 &&
           run->first <= floor->number && run->first + run->count - 1 > floor->reached;
}

/* ---- one run ---- */

/* The part of a run between what was reached and the floor. */
struct under {
    size_t skip, count; /* entries that are there already; those that are laid */
    struct hash hash;   /* of the last of them */
    const uint8_t *signature;
};

/* A run that ends below the floor has its own signature; one that goes on beyond it has to come by
 * the entry that stands there. */
static bool under_holds(struct replica *replica, const struct run *run, const struct floor *floor,
                        struct under *under)
{
    const uint8_t *key = registry_device_key(replica->registry, run->feed.device);
    uint64_t last = run->first + run->count - 1;
    bool to_floor = last >= floor->number;
    under->skip = floor->reached + 1 - run->first;
    under->count = (to_floor ? floor->number : last) - floor->reached;
    under->hash = floor->reached_hash;
    under->signature = to_floor ? floor->signature : run->signature;
    for (size_t i = 0; i < under->count; i++) {
        struct dot dot = {run->feed, floor->reached + 1 + i};
        struct hash previous = under->hash;
        entry_hash(&under->hash, &replica->network, &dot, &previous, run->bodies[under->skip + i]);
    }
    if (to_floor && memcmp(&under->hash, &floor->hash, sizeof under->hash) != 0)
        return false;
    return key && entry_verify(under->signature, &replica->network, &under->hash, key);
}

static enum status refuse_under(struct replica *replica, const struct run *run,
                                struct received *received, struct error *err)
{
    struct error reason = {0};
    struct dot dot = {run->feed, run->first};
    received->refused += run->count;
    error_set(&reason, STATUS_FORGED, "chain or signature does not hold");
    return aside_note(replica, &dot, &reason, run->bodies[0], err);
}

static enum status lay(struct replica *replica, const struct run *run, struct floor *floor,
                       const struct under *under, struct error *err)
{
    struct piece piece = {
        .bodies = run->bodies + under->skip, .count = under->count, .signature = under->signature};
    uint64_t last = floor->reached + under->count;
    TRY(log_insert(replica, LOG_ID(floor->feed, last), &piece, err));
    floor->reached = last;
    floor->reached_hash = under->hash;
    TRY(floor_write(replica, floor, err));
    return keys_note_known(replica, run, under->skip + under->count, err);
}

enum status run_lay_under(struct replica *replica, const struct run *run, struct run *rest,
                          struct received *received, struct error *err)
{
    struct floor *floor = floor_of(replica, &run->feed);
    struct under under;
    *rest = (struct run){.feed = run->feed};
    if (!under_holds(replica, run, floor, &under))
        return refuse_under(replica, run, received, err);
    TRY(lay(replica, run, floor, &under, err));
    received->known += under.skip + under.count;
    *rest = *run;
    rest->first += under.skip + under.count;
    rest->bodies += under.skip + under.count;
    rest->count -= under.skip + under.count;
    return STATUS_OK;
}

/* ---- a scope without floors ---- */

static enum status clear_feeds(struct replica *replica, uint32_t scope, struct error *err)
{
    static const char *const texts[] = {
        "DELETE FROM _judged WHERE id >> 40 IN (SELECT id FROM _feed WHERE scope = ?)",
        "DELETE FROM _adopted WHERE adopted_as >> 40 IN (SELECT id FROM _feed WHERE scope = ?)",
        "DELETE FROM _told WHERE id >> 40 IN (SELECT id FROM _feed WHERE scope = ?)",
        "DELETE FROM _kept WHERE id >> 40 IN (SELECT id FROM _feed WHERE scope = ?)",
        "DELETE FROM _floor WHERE feed IN (SELECT id FROM _feed WHERE scope = ?)",
        "DELETE FROM _set_aside WHERE body IS NULL AND scope = ?",
        "DELETE FROM _head WHERE scope = ?",
        "DELETE FROM _element WHERE scope = ?",
        "DELETE FROM _replaced WHERE scope = ?",
        "DELETE FROM _touch WHERE scope = ?"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sqlite3_stmt *clear = NULL;
        TRY(sql_prepare(replica, texts[i], &clear, err));
        sqlite3_bind_int64(clear, 1, scope);
        enum status status = sql_done(replica, clear, "the tables", err);
        sqlite3_finalize(clear);
        TRY(status);
    }
    return STATUS_OK;
}

static enum status clear_tables(struct replica *replica, uint32_t scope, struct error *err)
{
    const struct schema *schema = replica->schema;
    char sql[128];
    for (size_t i = 0; schema && i < schema->tables_count; i++) {
        snprintf(sql, sizeof sql, "DELETE FROM \"%s\" WHERE _scope = %u", schema->tables[i].name,
                 scope);
        TRY(sql_run(replica, sql, err));
    }
    tallies_clear(replica, scope);
    return clear_feeds(replica, scope, err);
}

/* Takes the scope's feeds out of the frontier, into `held`. */
static enum status take_frontier(struct replica *replica, uint32_t scope, struct frontier *held,
                                 struct error *err)
{
    struct frontier others = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < replica->frontier.count && status == STATUS_OK; i++) {
        const struct frontier_row *row = &replica->frontier.rows[i];
        status =
            frontier_raise(row->feed.scope == scope ? held : &others, &row->feed, row->number, err);
    }
    if (status == STATUS_OK)
        status = frontier_copy(&replica->frontier, &others, err);
    frontier_release(&others);
    return status;
}

static enum status count_replaced(struct replica *replica, struct error *err)
{
    sqlite3_stmt *count = sql_use(replica, SQL_REPLACED_COUNT);
    enum status status = STATUS_OK;
    if (!count)
        return sql_fail(replica, err, "remembered bases");
    if (sql_row(replica, count, &status, err))
        replica->replaced_count = sqlite3_column_int64(count, 0);
    return sql_end(replica, count, status, err);
}

static enum status fold_scope(struct replica *replica, uint32_t scope, struct error *err)
{
    struct frontier held = {0};
    enum status status = clear_tables(replica, scope, err);
    if (status == STATUS_OK)
        status = count_replaced(replica, err);
    if (status == STATUS_OK)
        status = floors_load(replica, err);
    if (status == STATUS_OK)
        status = take_frontier(replica, scope, &held, err);
    for (size_t i = 0; i < held.count && status == STATUS_OK; i++)
        status = feed_fold(replica, &held.rows[i], err);
    frontier_release(&held);
    return status == STATUS_OK ? row_settle(replica, err) : status;
}

/* ---- was the snapshot right? ---- */

static enum status scope_tallies(struct replica *replica, uint32_t scope, struct tally **tallies,
                                 size_t *count, struct error *err)
{
    size_t kept = 0;
    TRY(replica_tallies(replica, 0, tallies, count, err));
    for (size_t i = 0; i < *count; i++)
        if ((*tallies)[i].scope == scope)
            (*tallies)[kept++] = (*tallies)[i];
    *count = kept;
    return STATUS_OK;
}

static bool same_tallies(const struct tally *a, size_t a_count, const struct tally *b,
                         size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++)
        same = a[i].table == b[i].table && a[i].rows == b[i].rows &&
               memcmp(a[i].sum, b[i].sum, sizeof a[i].sum) == 0;
    return same;
}

static enum status note_difference(struct replica *replica, uint32_t scope, struct error *err)
{
    char text[32];
    snprintf(text, sizeof text, "%u", scope);
    return replica_meta_set(replica, META_SNAPSHOT_WRONG, bytes_text(text), err);
}

/* Are the rights those under which the snapshot was taken, for all feeds of the scope? */
static bool same_rights(struct replica *replica, uint32_t scope)
{
    struct hash rights;
    for (size_t i = 0; i < replica->floors_count; i++) {
        const struct floor *floor = &replica->floors[i];
        struct dot last = {feed_at(replica, floor->feed)->id, floor->number};
        if (last.feed.scope == scope &&
            (registry_rights_digest(replica->registry, &last, &rights, NULL) != STATUS_OK ||
             memcmp(&rights, &floor->rights, sizeof rights) != 0))
            return false;
    }
    return true;
}

static enum status lift(struct replica *replica, uint32_t scope, struct error *err)
{
    struct tally *before = NULL, *after = NULL;
    size_t before_count = 0, after_count = 0;
    bool comparable = same_rights(replica, scope);
    TRY(row_settle(replica, err));
    enum status status = scope_tallies(replica, scope, &before, &before_count, err);
    if (status == STATUS_OK)
        status = fold_scope(replica, scope, err);
    if (status == STATUS_OK)
        status = scope_tallies(replica, scope, &after, &after_count, err);
    /* Where rights have changed since, other rows prove nothing. */
    if (status == STATUS_OK && comparable &&
        !same_tallies(before, before_count, after, after_count))
        status = note_difference(replica, scope, err);
    free(before);
    free(after);
    /* What a floor hid from the cuts of revocations can be looked at now. */
    return status == STATUS_OK ? cuts_look_again(replica, scope, err) : status;
}

/* Have all feeds of the scope reached their floors? */
static bool is_whole(const struct replica *replica, uint32_t scope)
{
    for (size_t i = 0; i < replica->floors_count; i++)
        if (replica->feeds[replica->floors[i].feed - 1].id.scope == scope &&
            !is_reached(&replica->floors[i]))
            return false;
    return true;
}

enum status floors_lift(struct replica *replica, struct error *err)
{
    for (size_t i = 0; i < replica->floors_count; i++) {
        uint32_t scope = feed_at(replica, replica->floors[i].feed)->id.scope;
        if (!is_reached(&replica->floors[i]) || !is_whole(replica, scope))
            continue;
        TRY(lift(replica, scope, err));
        i = (size_t)-1; /* the list is another one now */
    }
    return STATUS_OK;
}

enum status replica_want_log(struct replica *replica, uint32_t scope, struct error *err)
{
    return scope_want_log(replica, scope, err);
}
