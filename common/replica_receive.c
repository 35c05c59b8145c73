/* Taking in runs: chain and signature first, then each entry. */

#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"

#include "common/replica_floor.h"
#include "common/replica_state.h"

#define PROOF_BYTES_MAX (64 * 1024)

static enum status refuse(struct replica *replica, const struct run *run, enum status why,
                          const char *sentence, struct received *received, struct error *err)
{
    struct error reason = {0};
    struct dot dot = {run->feed, run->first};
    received->refused += run->count;
    error_set(&reason, why, "%s", sentence);
    if (why == STATUS_FORKED && MUTANT("t26-fork-not-kept"))
        return STATUS_OK;
    return aside_note(replica, &dot, &reason, run->bodies[0], err);
}

/* The key that must have signed; STATUS_UNKNOWN while it isn't known. */
static enum status signing_key_of(struct replica *replica, const struct run *run,
                                  uint8_t key[PUBLIC_KEY_BYTES])
{
    const uint8_t *known = registry_device_key(replica->registry, run->feed.device);
    if (known) {
        memcpy(key, known, PUBLIC_KEY_BYTES);
        return STATUS_OK;
    }
    bool genesis = run->feed.scope == SCOPE_REGISTRY(ORG_ROOT) && run->feed.device == DEVICE_HUB &&
                   run->first == 1;
    enum status status = genesis
                             ? registry_genesis_key(&replica->network, run->bodies[0], key, NULL)
                             : STATUS_UNKNOWN;
    return status == STATUS_OK || status == STATUS_NO_MEMORY ? status : STATUS_UNKNOWN;
}

/* The hash of the run's last entry, from our head on; true when its signature holds. */
static bool chain_holds(struct replica *replica, const struct run *run, size_t skip,
                        struct hash *hash, const uint8_t key[PUBLIC_KEY_BYTES])
{
    for (size_t i = skip; i < run->count; i++) {
        struct dot dot = {run->feed, run->first + i};
        struct hash previous = *hash;
        entry_hash(hash, &replica->network, &dot, &previous, run->bodies[i]);
        if (MUTANT("t5-tail-unsigned") &&
            entry_verify(run->signature, &replica->network, hash, key))
            return true;
    }
    if (MUTANT("t5-t10-signature-unchecked"))
        return true;
    return entry_verify(run->signature, &replica->network, hash, key);
}

/* Does the run go on from our own chain with another signature that holds? Then its writer has
 * signed two entries under one number, and whoever has the chain can see it. */
static enum status proves_fork(struct replica *replica, const struct run *run, bool *proves,
                               struct error *err)
{
    const struct feed *feed = feed_at(replica, feed_find(replica, &run->feed));
    uint8_t key[PUBLIC_KEY_BYTES];
    struct hash hash;
    size_t size = 0;
    struct dot before = {run->feed, run->first};
    *proves = false;
    for (size_t i = 0; i < run->count; i++)
        size += run->bodies[i].size;
    if (below_floor(replica, &before) || size > PROOF_BYTES_MAX ||
        signing_key_of(replica, run, key) != STATUS_OK)
        return STATUS_OK;
    TRY(feed_hash_up_to(replica, feed, run->first - 1, &hash, err));
    *proves = chain_holds(replica, run, 0, &hash, key);
    return STATUS_OK;
}

/* A run that is proof is kept whole, with its signature. */
static enum status refuse_fork(struct replica *replica, const struct run *run,
                               struct received *received, struct error *err)
{
    static const char sentence[] = "another entry stands under this number";
    struct error reason = {0};
    struct dot dot = {run->feed, run->first};
    bool proves;
    TRY(proves_fork(replica, run, &proves, err));
    if (!proves)
        return refuse(replica, run, STATUS_FORKED, sentence, received, err);
    received->refused += run->count;
    error_set(&reason, STATUS_FORKED, "%s", sentence);
    if (MUTANT("t26-fork-not-kept"))
        return STATUS_OK;
    return aside_note_proof(replica, &dot, &reason, run, err);
}

/* Two contents under one number? The signature tells, or else the body. */
static enum status check_fork(struct replica *replica, const struct run *run,
                              struct received *received, struct error *err)
{
    struct dot last = {run->feed, run->first + run->count - 1};
    uint8_t signature[SIGNATURE_BYTES];
    bool found, differ = false;
    TRY(feed_signature(replica, &last, signature, &found, err));
    if (!found && below_floor(replica, &last)) {
        /* What a snapshot stands for can't be compared, but where it ends. */
        const struct floor *floor = floor_of(replica, &run->feed);
        differ = last.number == floor->number &&
                 memcmp(floor->signature, run->signature, SIGNATURE_BYTES) != 0;
    } else if (found) {
        differ = memcmp(signature, run->signature, SIGNATURE_BYTES) != 0;
    } else {
        TRY(feed_read(replica, &last, &replica->story_body, err));
        differ = !bytes_equal(buffer_bytes(&replica->story_body), run->bodies[run->count - 1]);
    }
    if (differ && !MUTANT("t26-fork-taken-for-known"))
        return refuse_fork(replica, run, received, err);
    for (size_t i = 0; MUTANT("t9-known-applied-again") && i < run->count; i++) {
        struct dot dot = {run->feed, run->first + i};
        TRY(admit_entry(replica, &dot, run->bodies[i], received, err));
    }
    received->known += run->count;
    return keys_note_known(replica, run, run->count, err);
}

/* An entry counts as known only when its turn has come: one before it that names it as replaced
 * must be seen to come first. */
static enum status append_run(struct replica *replica, const struct run *run, size_t skip,
                              const struct hash *last, struct received *received, struct error *err)
{
    struct piece piece = {run->bodies + skip, run->count - skip, run->signature, *last};
    uint32_t local;
    bool reached;
    TRY(feed_ensure(replica, &run->feed, &local, err));
    TRY(feed_append(replica, local, &piece, err));
    replica->grew = true;
    TRY(keys_note_known(replica, run, skip, err));
    TRY(cut_reached(replica, &run->feed, &reached, err));
    for (size_t i = skip; i < run->count; i++) {
        struct dot dot = {run->feed, run->first + i};
        TRY(frontier_raise(&replica->frontier, &dot.feed, dot.number, err));
        TRY(admit_entry(replica, &dot, run->bodies[i], received, err));
    }
    return reached ? device_judge_again(replica, run->feed.device, err) : STATUS_OK;
}

/* Is one of the run's first `skip` entries, which we hold, another one here? */
static enum status overlap_differs(struct replica *replica, const struct run *run, size_t skip,
                                   bool *differs, struct error *err)
{
    for (size_t i = 0; i < skip && !*differs; i++) {
        struct dot dot = {run->feed, run->first + i};
        if (below_floor(replica, &dot))
            continue;
        TRY(feed_read(replica, &dot, &replica->story_body, err));
        *differs = !bytes_equal(buffer_bytes(&replica->story_body), run->bodies[i]);
    }
    return STATUS_OK;
}

static enum status receive(struct replica *replica, const struct run *run,
                           struct received *received, struct error *err);

/* Goes under the log as far as the floor, and beyond it like any other run. */
static enum status receive_under(struct replica *replica, const struct run *run,
                                 struct received *received, struct error *err)
{
    struct run rest;
    TRY(run_lay_under(replica, run, &rest, received, err));
    return rest.count > 0 ? receive(replica, &rest, received, err) : STATUS_OK;
}

static enum status receive(struct replica *replica, const struct run *run,
                           struct received *received, struct error *err)
{
    uint32_t local = feed_find(replica, &run->feed);
    uint64_t held = local ? feed_at(replica, local)->number : 0;
    uint8_t key[PUBLIC_KEY_BYTES];
    struct hash hash = {{0}};
    bool forked = false;
    if (run->count == 0 || run->first == 0 || run->first > UINT64_MAX / 2)
        return error_set(err, STATUS_BAD_INPUT, "a run has no entries or too many");
    if (feed_restoring(replica, &run->feed))
        return restore_stage(replica, run, err);
    if (run_is_under(replica, run))
        return receive_under(replica, run, received, err);
    if (run->first + run->count - 1 <= held)
        return check_fork(replica, run, received, err);
    if (run->first > held + 1 && !MUTANT("gap-taken"))
        return refuse(replica, run, STATUS_GAP, "earlier entries are missing", received, err);
    enum status known = signing_key_of(replica, run, key);
    if (known == STATUS_NO_MEMORY)
        return error_set(err, known, "out of memory");
    if (known != STATUS_OK)
        return refuse(replica, run, STATUS_UNKNOWN, "the device is not in the registry", received,
                      err);
    size_t skip = held + 1 - run->first;
    if (local)
        hash = feed_at(replica, local)->hash;
    if (!chain_holds(replica, run, skip, &hash, key)) {
        /* One of the two is not what the revocation left, and as yet ours counts for nothing. */
        if (cut_is_ahead(replica, &run->feed))
            TRY(branch_leave(replica, &run->feed, err));
        else
            TRY(overlap_differs(replica, run, skip, &forked, err));
        if (forked)
            return refuse_fork(replica, run, received, err);
        return refuse(replica, run, STATUS_FORGED, "chain or signature does not hold", received,
                      err);
    }
    received->known += skip;
    /* Our own entries come from elsewhere: this file is older than what it wrote. */
    if (run->feed.device == replica->identity.device &&
        run->feed.incarnation == replica->identity.incarnation)
        TRY(replica_new_life(replica, err));
    return append_run(replica, run, skip, &hash, received, err);
}

/* Is the key that must have signed, or what comes before, not here yet? */
static bool is_early(struct replica *replica, const struct run *run, uint64_t held,
                     uint8_t key[PUBLIC_KEY_BYTES])
{
    return run->first > held + 1 || signing_key_of(replica, run, key) != STATUS_OK;
}

enum run_fit run_fits(struct replica *replica, const struct run *run)
{
    uint32_t local = feed_find(replica, &run->feed);
    uint64_t held = local ? feed_at(replica, local)->number : 0;
    uint8_t key[PUBLIC_KEY_BYTES];
    struct hash hash = {{0}};
    if (run->first + run->count - 1 <= held)
        return RUN_KNOWN;
    if (is_early(replica, run, held, key))
        return RUN_EARLY;
    if (local)
        hash = feed_at(replica, local)->hash;
    return chain_holds(replica, run, held + 1 - run->first, &hash, key) ? RUN_FITS : RUN_BROKEN;
}

enum status replica_gather(struct replica *replica, bool on, struct error *err)
{
    replica->gathering = on;
    if (on)
        return STATUS_OK;
    TRY(row_settle(replica, err));
    return floors_lift(replica, err);
}

enum status replica_receive(struct replica *replica, const struct run *run,
                            struct received *received, struct error *err)
{
    bool gathering = replica->gathering;
    replica->keys_in = run->keys;
    replica->gathering = true;
    enum status status = receive(replica, run, received, err);
    if (status == STATUS_OK)
        status = replica_gather(replica, gathering, err);
    if (status == STATUS_OK)
        status = branches_leave(replica, err);
    replica->keys_in = (struct bytes){0};
    return status;
}

bool replica_may_hold(const struct replica *replica, const struct feed_id *feed)
{
    uint32_t self = replica->identity.device;
    if (self == DEVICE_HUB && !registry_may_have_written(replica->registry, feed))
        return false;
    return SCOPE_IS_REGISTRY(feed->scope) || feed->device == self || self == DEVICE_HUB ||
           registry_may_read(replica->registry, self, feed->scope);
}

enum status replica_receive_carried(struct replica *replica, const struct run *run,
                                    struct received *received, struct error *err)
{
    uint8_t key[PUBLIC_KEY_BYTES];
    if (!replica_may_hold(replica, &run->feed)) {
        received->refused += run->count;
        return STATUS_OK;
    }
    if (feed_restoring(replica, &run->feed) ||
        !is_early(replica, run, frontier_get(&replica->frontier, &run->feed), key))
        return replica_receive(replica, run, received, err);
    received->early += run->count;
    return later_keep(replica, run, true, err);
}
