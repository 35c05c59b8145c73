/* Two lives of one device: a file that was put back from a copy, or copied to another machine,
 * wrote under numbers that the hub knows with other content. The hub tells (SESSION_FORKED); then
 *
 * - begin: our claim to our own feeds goes back to what the hub had acknowledged, and we save under
 *   a new incarnation from now on; nothing leaves the tables or the log yet. Where the scope's log
 *   begins at a floor, the whole is asked for.
 * - stage: what the hub has of those feeds is kept beside the log.
 * - finish, once the log is whole: in one transaction our branch makes room for the hub's, and what
 *   it held is saved anew under the new incarnation.
 *
 * A crash at any moment leaves one of the three, and the next session goes on from there. */

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"

#include "common/replica_floor.h"
#include "common/replica_state.h"

#define META_RESTORING "restoring" /* frontier: feed -> claim + 1 */

/* ---- claims ---- */

enum status restoring_load(struct replica *replica, struct error *err)
{
    struct buffer stored = {0};
    frontier_clear(&replica->restoring);
    enum status status = replica_meta_get(replica, META_RESTORING, &stored, err);
    if (status == STATUS_OK && stored.size > 0)
        status = frontier_decode(&replica->restoring, buffer_bytes(&stored), err);
    buffer_release(&stored);
    return status;
}

static enum status save_claims(struct replica *replica, struct error *err)
{
    struct buffer encoded = {0};
    enum status status = frontier_encode(&replica->restoring, &encoded, err);
    if (status == STATUS_OK)
        status = replica_meta_set(replica, META_RESTORING, buffer_bytes(&encoded), err);
    buffer_release(&encoded);
    return status;
}

bool replica_restoring(const struct replica *replica)
{
    return replica->restoring.count > 0;
}

uint64_t replica_claim(const struct replica *replica, const struct feed_id *feed)
{
    if (replica->doubts_registry && SCOPE_IS_REGISTRY(feed->scope))
        return 0;
    const struct floor *floor = floor_of(replica, feed);
    if (floor && floor->wanted)
        return floor->reached;
    uint64_t claim = frontier_get(&replica->restoring, feed);
    return claim ? claim - 1 : frontier_get(&replica->frontier, feed);
}

enum status replica_doubt_registry(struct replica *replica, struct error *err)
{
    replica->doubts_registry = true;
    return sql_run(replica, "DELETE FROM _peer", err);
}

void replica_trust_registry(struct replica *replica)
{
    replica->doubts_registry = false;
}

enum status replica_split_view(struct replica *replica, bool *split, struct error *err)
{
    sqlite3_stmt *find = NULL;
    TRY(sql_prepare(replica,
                    "SELECT 1 FROM _set_aside WHERE scope & 0x80000001 = 1 AND proof IS NOT NULL "
                    "LIMIT 1",
                    &find, err));
    enum status status = STATUS_OK;
    *split = sql_row(replica, find, &status, err);
    sqlite3_finalize(find);
    return status;
}

bool feed_restoring(const struct replica *replica, const struct feed_id *feed)
{
    return frontier_get(&replica->restoring, feed) != 0;
}

/* ---- a new life ---- */

enum status replica_new_life(struct replica *replica, struct error *err)
{
    struct identity identity = replica->identity;
    if (!MUTANT("t4-t30-same-incarnation"))
        identity.incarnation = INCARNATION_FIRST + 1 + randombytes_uniform(INT32_MAX - 2);
    enum status status = replica_set_identity(replica, &identity, err);
    sodium_memzero(&identity, sizeof identity);
    return status;
}

/* Its top bit stays clear, for SQLite. */
enum status replica_new_lineage(struct replica *replica, struct error *err)
{
    char text[24];
    uint64_t lineage;
    randombytes_buf(&lineage, sizeof lineage);
    snprintf(text, sizeof text, "%llu", (unsigned long long)(lineage >> 1));
    return MUTANT("t4-lineage-not-changed")
               ? STATUS_OK
               : replica_meta_set(replica, "lineage", bytes_text(text), err);
}

static enum status claim_acknowledged(struct replica *replica, uint32_t peer, struct error *err)
{
    struct frontier told = {0}, held = {0};
    enum status status = replica_peer_load(replica, peer, &told, &held, err);
    for (size_t i = 0; i < replica->frontier.count && status == STATUS_OK; i++) {
        const struct frontier_row *row = &replica->frontier.rows[i];
        uint64_t acknowledged = frontier_get(&held, &row->feed);
        if (row->feed.device == replica->identity.device && row->number > acknowledged)
            status = frontier_raise(&replica->restoring, &row->feed, acknowledged + 1, err);
    }
    frontier_release(&told);
    frontier_release(&held);
    return status;
}

/* Rows that our branch leaves are built anew from all that wrote in them, so the log of their scope
 * must be whole. *waits while it isn't and can come: then it is asked for. */
static enum status want_whole_logs(struct replica *replica, bool *waits, struct error *err)
{
    *waits = false;
    for (size_t i = 0; i < replica->restoring.count; i++) {
        uint32_t scope = replica->restoring.rows[i].feed.scope;
        if (!scope_has_floor(replica, scope) ||
            !registry_may_read(replica->registry, replica->identity.device, scope))
            continue;
        *waits = true;
        TRY(scope_want_log(replica, scope, err));
    }
    return STATUS_OK;
}

/* What we believe of the peer rests on the other life: begin anew. */
static enum status forget_peer(struct replica *replica, uint32_t peer, struct error *err)
{
    static const struct frontier nothing;
    return replica_peer_save(replica, peer, &nothing, &nothing, err);
}

enum status replica_restore_begin(struct replica *replica, uint32_t peer, struct error *err)
{
    bool waits;
    if (replica_restoring(replica))
        return STATUS_OK;
    if (!MUTANT("t4-claim-not-lowered"))
        TRY(claim_acknowledged(replica, peer, err));
    TRY(save_claims(replica, err));
    TRY(want_whole_logs(replica, &waits, err));
    TRY(replica_new_life(replica, err));
    return forget_peer(replica, peer, err);
}

/* ---- the hub's branch, beside the log ---- */

enum status restore_stage(struct replica *replica, const struct run *run, struct error *err)
{
    uint32_t local;
    struct buffer encoded = {0};
    TRY(feed_ensure(replica, &run->feed, &local, err));
    sqlite3_stmt *insert = sql_use(replica, SQL_BRANCH_INSERT);
    if (!insert)
        return sql_fail(replica, err, "the other branch");
    enum status status = run_encode(run, &encoded, err);
    if (status == STATUS_OK) {
        sqlite3_bind_int64(insert, 1, LOG_ID(local, run->first));
        sql_bind_bytes(insert, 2, buffer_bytes(&encoded));
        status = sql_done(replica, insert, "the other branch", err);
    }
    buffer_release(&encoded);
    return status;
}

/* ---- making room ---- */

/* An entry of our branch: its old name, what it holds, its new name. */
struct withdrawn {
    struct dot dot, as;
    struct buffer body;
};

struct restoring {
    struct replica *replica;
    struct withdrawn *entries;
    size_t count, capacity;
};

static void restoring_release(struct restoring *restoring)
{
    for (size_t i = 0; i < restoring->count; i++)
        buffer_release(&restoring->entries[i].body);
    free(restoring->entries);
}

/* Number of the last entry that both branches share; *differ when both go on from there. */
static enum status compare_run(struct restoring *restoring, const struct run *run, uint64_t ours,
                               uint64_t *same, bool *differ, struct error *err)
{
    struct buffer *body = &restoring->replica->story_body;
    for (size_t i = 0; i < run->count && !*differ; i++) {
        struct dot dot = {run->feed, run->first + i};
        if (dot.number <= *same)
            continue;
        if (dot.number != *same + 1 || dot.number > ours)
            return STATUS_OK;
        TRY(feed_read(restoring->replica, &dot, body, err));
        *differ = !bytes_equal(buffer_bytes(body), run->bodies[i]);
        *same += !*differ;
    }
    return STATUS_OK;
}

typedef enum status staged_taker(struct restoring *restoring, const struct run *run, void *context,
                                 struct error *err);

/* Each staged run of the feed, in order. */
static enum status each_staged(struct restoring *restoring, uint32_t local, staged_taker *take,
                               void *context, struct error *err)
{
    struct replica *replica = restoring->replica;
    sqlite3_stmt *read = NULL;
    TRY(sql_prepare(replica, "SELECT run FROM _branch WHERE id BETWEEN ? AND ? ORDER BY id", &read,
                    err));
    sqlite3_bind_int64(read, 1, LOG_ID(local, 0));
    sqlite3_bind_int64(read, 2, LOG_ID(local + 1, 0) - 1);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(replica, read, &status, err)) {
        struct run run;
        struct bytes *bodies = NULL;
        status = run_decode(&run, &bodies, sql_blob(read, 0), err);
        if (status == STATUS_OK)
            status = take(restoring, &run, context, err);
        free(bodies);
    }
    sqlite3_finalize(read);
    return status;
}

struct comparison {
    uint64_t ours, same;
    bool differ;
};

static enum status take_compare(struct restoring *restoring, const struct run *run, void *context,
                                struct error *err)
{
    struct comparison *comparison = context;
    return compare_run(restoring, run, comparison->ours, &comparison->same, &comparison->differ,
                       err);
}

static enum status take_receive(struct restoring *restoring, const struct run *run, void *context,
                                struct error *err)
{
    (void)context;
    struct received received = {0};
    return replica_receive(restoring->replica, run, &received, err);
}

static enum status keep_body(struct restoring *restoring, const struct dot *dot, struct error *err)
{
    if (restoring->count == restoring->capacity) {
        size_t capacity = restoring->capacity ? restoring->capacity * 2 : 16;
        struct withdrawn *grown = realloc(restoring->entries, capacity * sizeof *grown);
        if (!grown)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        restoring->entries = grown;
        restoring->capacity = capacity;
    }
    struct withdrawn *entry = &restoring->entries[restoring->count++];
    *entry = (struct withdrawn){.dot = *dot};
    return feed_read(restoring->replica, dot, &entry->body, err);
}

/* Our entries behind `same` leave tables and log. */
static enum status withdraw(struct restoring *restoring, const struct feed_id *feed, uint64_t same,
                            uint64_t ours, struct error *err)
{
    struct dot first = {*feed, same + 1};
    for (uint64_t number = same + 1; number <= ours; number++) {
        struct dot dot = {*feed, number};
        TRY(keep_body(restoring, &dot, err));
    }
    TRY(entries_undo(restoring->replica, &first, ours, err));
    TRY(feed_cut(restoring->replica, &first, err));
    if (MUTANT("t4-bases-of-other-life-met"))
        return STATUS_OK;
    return entries_cite_again(restoring->replica, &first, err);
}

static enum status swap_feed(struct restoring *restoring, const struct frontier_row *claim,
                             struct error *err)
{
    struct replica *replica = restoring->replica;
    uint32_t local = feed_find(replica, &claim->feed);
    struct comparison comparison = {.ours = frontier_get(&replica->frontier, &claim->feed),
                                    .same = claim->number - 1};
    if (local == 0)
        return STATUS_OK;
    TRY(each_staged(restoring, local, take_compare, &comparison, err));
    if (comparison.differ)
        TRY(withdraw(restoring, &claim->feed, comparison.same, comparison.ours, err));
    return each_staged(restoring, local, take_receive, NULL, err);
}

/* ---- saving anew ---- */

static enum status new_name(void *context, const struct dot *dot, struct dot *as, struct error *err)
{
    const struct restoring *restoring = context;
    (void)err;
    *as = *dot;
    for (size_t i = 0; i < restoring->count; i++)
        if (restoring->entries[i].as.number != 0 && dot_equal(&restoring->entries[i].dot, dot))
            *as = restoring->entries[i].as;
    return STATUS_OK;
}

/* It was saved by rights that may have ended since: then it is kept, and doesn't count. */
static enum status save_anew(struct restoring *restoring, struct withdrawn *entry,
                             struct error *err)
{
    struct entry_view view = {0};
    struct dot_names names = {new_name, restoring, !MUTANT("t4-saved-anew-by-old-rights")};
    enum status status = entry_decode(&view, &entry->dot.feed, buffer_bytes(&entry->body), err);
    if (status == STATUS_OK) {
        struct entry_head head = view.head;
        status = entry_reissue(restoring->replica, &view, &head, &names, &entry->as, err);
    }
    entry_view_release(&view);
    return status;
}

static enum status swap_all(struct restoring *restoring, const struct frontier *claims,
                            struct error *err)
{
    for (size_t i = 0; i < claims->count; i++)
        TRY(swap_feed(restoring, &claims->rows[i], err));
    for (size_t i = 0; i < restoring->count && !MUTANT("t4-nothing-saved-anew"); i++)
        TRY(save_anew(restoring, &restoring->entries[i], err));
    return STATUS_OK;
}

enum status replica_restore_finish(struct replica *replica, uint32_t peer, uint64_t *saved_anew,
                                   struct error *err)
{
    struct restoring restoring = {.replica = replica};
    struct frontier claims = {0};
    bool waits;
    *saved_anew = 0;
    TRY(want_whole_logs(replica, &waits, err));
    if (!replica_restoring(replica) || waits)
        return STATUS_OK;
    enum status status = frontier_copy(&claims, &replica->restoring, err);
    frontier_clear(&replica->restoring);
    if (status == STATUS_OK)
        status = save_claims(replica, err);
    if (status == STATUS_OK)
        status = swap_all(&restoring, &claims, err);
    if (status == STATUS_OK)
        status = sql_run(replica, "DELETE FROM _branch", err);
    if (status == STATUS_OK)
        status = forget_peer(replica, peer, err);
    *saved_anew = restoring.count;
    restoring_release(&restoring);
    frontier_release(&claims);
    return status;
}
