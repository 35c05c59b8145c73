/* The feeds of revoked devices, held against the hashes of the cut.
 *
 * Below its cut a revoked device could have written another history and signed it: it has the key.
 * So what is held of such a feed waits until the cut is reached, and counts when the hash there is
 * the one that the revocation names (docs/decisions/0015-a-cut-names-hashes.md). A branch that it
 * doesn't name makes room for the one that it does: it is set aside, leaves the log, and the next
 * session asks for the feed anew. Records that our own device may not read any more wait for
 * nothing: nobody brings the rest, and nothing else would be taken. */

#include "common/mutant.h"
#include "common/replica_floor.h"
#include "common/replica_state.h"

static const char sentence[] = "another history than the one that the revocation left";

enum status replica_hash_at(struct replica *replica, const struct dot *dot, struct hash *hash,
                            struct error *err)
{
    uint32_t local = feed_find(replica, &dot->feed);
    const struct feed *feed = local ? feed_at(replica, local) : NULL;
    if (!feed || feed->number < dot->number)
        return error_set(err, STATUS_NOT_FOUND, "there is no such entry");
    if (feed->number > dot->number)
        return feed_hash_up_to(replica, feed, dot->number, hash, err);
    *hash = feed->hash;
    return STATUS_OK;
}

/* Were we moved out of the feed's org? The registry waits all the same: it says who has rights. */
static bool out_of_reach(const struct replica *replica, const struct feed_id *feed)
{
    uint32_t self = replica->identity.device;
    return !SCOPE_IS_REGISTRY(feed->scope) && feed->device != self &&
           registry_device(replica->registry, self) &&
           !registry_reaches(replica->registry, self, feed->scope) &&
           !MUTANT("moved-waits-for-ever");
}

static enum status look_at(struct replica *replica, const struct cut *cut, struct error *err)
{
    struct dot dot = {cut->feed, cut->number};
    struct hash hash;
    enum status status = replica_hash_at(replica, &dot, &hash, err);
    if (status == STATUS_NOT_FOUND) {
        enum cut_chain chain = out_of_reach(replica, &cut->feed) ? CUT_OUT_OF_REACH : CUT_AHEAD;
        /* What came as a snapshot was judged by this very cut, or else its log is on the way. */
        if (below_floor(replica, &dot))
            chain = CUT_FITS;
        registry_cut_note(replica->registry, &cut->feed, chain);
        return STATUS_OK;
    }
    TRY(status);
    bool fits = memcmp(hash.bytes, cut->hash.bytes, HASH_BYTES) == 0;
    registry_cut_note(replica->registry, &cut->feed, fits ? CUT_FITS : CUT_DIFFERS);
    replica->wrong_branch |= !fits;
    return STATUS_OK;
}

bool cut_is_ahead(const struct replica *replica, const struct feed_id *feed)
{
    return registry_cut_chain(replica->registry, feed) == CUT_AHEAD;
}

static bool cut_unreached(const struct replica *replica, const struct feed_id *feed)
{
    enum cut_chain chain = registry_cut_chain(replica->registry, feed);
    return chain == CUT_AHEAD || chain == CUT_OUT_OF_REACH;
}

enum status cuts_look(struct replica *replica, uint32_t device, struct error *err)
{
    struct cut cut;
    size_t walk = 0;
    while (registry_cut_next(replica->registry, &walk, &cut))
        if ((device == 0 || cut.feed.device == device) && cut_unreached(replica, &cut.feed))
            TRY(look_at(replica, &cut, err));
    return STATUS_OK;
}

enum status cuts_reach(struct replica *replica, struct error *err)
{
    uint32_t self = replica->identity.device;
    struct cut cut;
    size_t walk = 0;
    while (self != 0 && self != DEVICE_HUB && registry_cut_next(replica->registry, &walk, &cut)) {
        enum cut_chain before = registry_cut_chain(replica->registry, &cut.feed);
        if (!cut_unreached(replica, &cut.feed))
            continue;
        TRY(look_at(replica, &cut, err));
        if (registry_cut_chain(replica->registry, &cut.feed) != before)
            TRY(device_judge_again(replica, cut.feed.device, err));
    }
    return STATUS_OK;
}

enum status cuts_look_again(struct replica *replica, uint32_t scope, struct error *err)
{
    struct cut cut;
    size_t walk = 0;
    while (registry_cut_next(replica->registry, &walk, &cut))
        if (cut.feed.scope == scope)
            registry_cut_note(replica->registry, &cut.feed, CUT_AHEAD);
    return cuts_look(replica, 0, err);
}

enum status cut_reached(struct replica *replica, const struct feed_id *feed, bool *reached,
                        struct error *err)
{
    struct cut cut;
    *reached = registry_cut_of(replica->registry, feed, &cut) && cut_unreached(replica, feed);
    if (*reached)
        TRY(look_at(replica, &cut, err));
    *reached = *reached && !cut_unreached(replica, feed);
    return STATUS_OK;
}

/* Readable as before, with the reason; as much of it as a feed may have there. */
static enum status set_branch_aside(struct replica *replica, const struct feed_id *feed,
                                    uint64_t last, struct error *err)
{
    struct error reason = {0};
    struct buffer body = {0};
    enum status status = STATUS_OK;
    error_set(&reason, STATUS_FORKED, sentence);
    for (uint64_t number = 1; number <= last && status == STATUS_OK; number++) {
        struct dot dot = {*feed, number};
        status = feed_read(replica, &dot, &body, err);
        if (status == STATUS_OK)
            status = aside_forget(replica, &dot, err);
        if (status == STATUS_OK)
            status = aside_note(replica, &dot, &reason, buffer_bytes(&body), err);
    }
    buffer_release(&body);
    return status;
}

enum status branch_leave(struct replica *replica, const struct feed_id *feed, struct error *err)
{
    struct dot first = {*feed, 1};
    uint32_t local = feed_find(replica, feed);
    uint64_t last = local ? feed_at(replica, local)->number : 0;
    if (last == 0 || feed->device == replica->identity.device)
        return STATUS_OK;
    if (floor_of(replica, feed))
        return scope_want_log(replica, feed->scope, err);
    TRY(set_branch_aside(replica, feed, last, err));
    if (!SCOPE_IS_REGISTRY(feed->scope))
        TRY(entries_undo(replica, &first, last, err));
    TRY(feed_cut(replica, &first, err));
    registry_cut_note(replica->registry, feed, CUT_AHEAD);
    TRY(sql_run(replica, "DELETE FROM _peer", err));
    if (SCOPE_IS_REGISTRY(feed->scope))
        return registry_load(replica, err);
    return entries_cite_again(replica, &first, err);
}

enum status branches_leave(struct replica *replica, struct error *err)
{
    struct cut cut;
    size_t walk = 0;
    if (!replica->wrong_branch)
        return STATUS_OK;
    replica->wrong_branch = false;
    if (MUTANT("t12-wrong-branch-stays"))
        return STATUS_OK;
    while (registry_cut_next(replica->registry, &walk, &cut))
        if (registry_cut_chain(replica->registry, &cut.feed) == CUT_DIFFERS)
            TRY(branch_leave(replica, &cut.feed, err));
    return STATUS_OK;
}
