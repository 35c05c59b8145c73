#ifndef COMMON_REGISTRY_SEAL_H
#define COMMON_REGISTRY_SEAL_H

/* What the registry knows of sealing: scope keys, who was granted them, and erasures (seal.h).
 *
 * A set that only grows: whatever the order in which entries come, it is the same in the end. */

#include "common/registry.h"
#include "common/seal.h"

struct scope_key {
    uint32_t org;
    uint32_t roles;  /* ROLE_BIT mask of its readers */
    uint32_t number; /* 1, 2, …: rises when somebody has left */
    struct seal_id id;
    bool has_above; /* not the root org's */
    uint8_t above[SEAL_WRAPPED_BYTES];
};

struct scope_grant {
    struct seal_id key;
    uint32_t device;
    uint8_t sealed[SEAL_GRANT_BYTES];
};

/* Destroys the keys of a subject's values that were named by who knew no beacon from `beacon` on.
 */
struct erasure {
    struct id row; /* of the registry entry */
    struct id subject;
    uint32_t year; /* 0: all */
    uint64_t beacon;
    struct dot dot; /* where it stands */
};

struct registry_seals {
    struct scope_key *keys; /* ascending by org, roles, number, id */
    size_t keys_count, keys_capacity;
    struct scope_grant *grants; /* ascending by key, device */
    size_t grants_count, grants_capacity;
    struct erasure *erasures; /* as they came */
    size_t erasures_count, erasures_capacity;
};

const struct registry_seals *registry_seals(const struct registry *registry);
/* The keys of an org and a set of roles, the newest last: how many, and the first. */
size_t registry_scope_keys(const struct registry *registry, uint32_t org, uint32_t roles,
                           const struct scope_key **first);
const struct scope_key *registry_scope_key(const struct registry *registry,
                                           const struct seal_id *id);
/* Grants of a key to a device (to all, when it is 0). */
size_t registry_scope_grants(const struct registry *registry, const struct seal_id *key,
                             uint32_t device, const struct scope_grant **first);
/* Has the key that an entry named, which knew this beacon, been erased? */
bool registry_erased(const struct registry *registry, const struct entry_key *key, uint64_t beacon);

#endif
