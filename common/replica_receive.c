/* Taking in runs: chain and signature first, then each entry. */

#include <stdlib.h>
#include <string.h>

#include "common/replica_state.h"

static enum status refuse(struct replica *replica, const struct run *run, enum status why,
                          const char *sentence, struct received *received, struct error *err)
{
    struct error reason = {0};
    struct dot dot = {run->feed, run->first};
    received->refused += run->count;
    error_set(&reason, why, "%s", sentence);
    return aside_note(replica, &dot, &reason, run->bodies[0], err);
}

/* The key that must have signed; false while it isn't known. */
static bool signing_key_of(struct replica *replica, const struct run *run,
                           uint8_t key[PUBLIC_KEY_BYTES])
{
    const uint8_t *known = registry_device_key(replica->registry, run->feed.device);
    if (known) {
        memcpy(key, known, PUBLIC_KEY_BYTES);
        return true;
    }
    bool genesis = run->feed.scope == SCOPE_REGISTRY(ORG_ROOT) && run->feed.device == DEVICE_HUB &&
                   run->first == 1;
    return genesis &&
           registry_genesis_key(&replica->network, run->bodies[0], key, NULL) == STATUS_OK;
}

/* Two signatures under one number that differ: two contents. */
static enum status check_fork(struct replica *replica, const struct run *run,
                              struct received *received, struct error *err)
{
    uint64_t last = run->first + run->count - 1;
    sqlite3_stmt *read = sql_use(replica, SQL_LOG_READ);
    if (!read)
        return sql_fail(replica, err, "the log");
    sqlite3_bind_int64(read, 1, LOG_ID(feed_find(replica, &run->feed), last));
    bool differ = false;
    if (sqlite3_step(read) == SQLITE_ROW) {
        struct bytes body = sql_blob(read, 0), signature = sql_blob(read, 1);
        differ = signature.size == SIGNATURE_BYTES
                     ? memcmp(signature.data, run->signature, SIGNATURE_BYTES) != 0
                     : !bytes_equal(body, run->bodies[run->count - 1]);
    }
    sqlite3_reset(read);
    if (differ)
        return refuse(replica, run, STATUS_FORKED, "another entry stands under this number",
                      received, err);
    received->known += run->count;
    return STATUS_OK;
}

/* Hashes along the run from our head on; true when its signature holds. */
static bool chain_holds(struct replica *replica, const struct run *run, size_t skip,
                        const struct hash *head, struct hash *hashes,
                        const uint8_t key[PUBLIC_KEY_BYTES])
{
    struct hash previous = *head;
    for (size_t i = skip; i < run->count; i++) {
        struct dot dot = {run->feed, run->first + i};
        entry_hash(&hashes[i - skip], &replica->network, &dot, &previous, run->bodies[i]);
        previous = hashes[i - skip];
    }
    return entry_verify(run->signature, &replica->network, &previous, key);
}

static enum status append_run(struct replica *replica, const struct run *run, size_t skip,
                              const struct hash *hashes, struct received *received,
                              struct error *err)
{
    uint32_t local;
    TRY(feed_ensure(replica, &run->feed, &local, err));
    for (size_t i = skip; i < run->count; i++) {
        struct dot dot = {run->feed, run->first + i};
        const uint8_t *signature = i + 1 == run->count ? run->signature : NULL;
        TRY(feed_append(replica, local, run->bodies[i], signature, &hashes[i - skip], err));
        TRY(admit_entry(replica, &dot, run->bodies[i], received, err));
    }
    return STATUS_OK;
}

enum status replica_receive(struct replica *replica, const struct run *run,
                            struct received *received, struct error *err)
{
    uint32_t local = feed_find(replica, &run->feed);
    uint64_t held = local ? feed_at(replica, local)->number : 0;
    uint8_t key[PUBLIC_KEY_BYTES];
    struct hash zero = {{0}};
    if (run->count == 0 || run->first == 0 || run->first > UINT64_MAX / 2)
        return error_set(err, STATUS_BAD_INPUT, "a run has no entries or too many");
    if (run->first + run->count - 1 <= held)
        return check_fork(replica, run, received, err);
    if (run->first > held + 1)
        return refuse(replica, run, STATUS_GAP, "earlier entries are missing", received, err);
    if (!signing_key_of(replica, run, key))
        return refuse(replica, run, STATUS_UNKNOWN, "the device is not in the registry", received,
                      err);
    size_t skip = held + 1 - run->first;
    struct hash *hashes = malloc((run->count - skip) * sizeof *hashes);
    if (!hashes)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status status;
    if (!chain_holds(replica, run, skip, local ? &feed_at(replica, local)->hash : &zero, hashes,
                     key)) {
        status =
            refuse(replica, run, STATUS_FORGED, "chain or signature does not hold", received, err);
    } else {
        received->known += skip;
        status = append_run(replica, run, skip, hashes, received, err);
    }
    free(hashes);
    return status;
}
