#ifndef COMMON_REGISTRY_STATE_H
#define COMMON_REGISTRY_STATE_H

/* What a registry is made of; for registry*.c alone. */

#include "common/registry.h"

struct registry {
    struct network network;
    bool founded;
    uint8_t root_key[PUBLIC_KEY_BYTES];
    struct authority authority;
    uint64_t lineage;
    struct link_key link_key;
    bool has_link_key;
    struct org **orgs; /* ascending by number */
    size_t orgs_count, orgs_capacity;
    struct device **devices; /* ascending by roster index */
    size_t devices_count, devices_capacity;
    struct schema **schemas; /* by rising epoch; the last is in force */
    size_t schemas_count, schemas_capacity;
};

/* Puts `item` into a sorted array of pointers at `at`. */
enum status registry_insert(void ***array, size_t *count, size_t *capacity, size_t at, void *item);

#endif
