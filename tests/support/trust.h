#ifndef TESTS_SUPPORT_TRUST_H
#define TESTS_SUPPORT_TRUST_H

/* A network that is only a registry: keys, an org tree, devices, and the hub's signed entries that
 * say so. No replica, no files, no session (tests/support/world.h has those).
 *
 *   bureau 1 ── county 2 ── township 3 ── branches 4, 5, 6
 *           └── county 7 ── township 8 ── branch 9
 *
 * Keys and ids come from counters, so every run makes the same bytes. Faults of the set-up abort.
 */

#include "common/registry.h"

#define TRUST_ENTRIES_MAX 256
#define TRUST_DEVICES_MAX 64
#define TRUST_ROOTS 3
#define TRUST_COUNTY 2u
#define TRUST_TOWNSHIP 3u
#define TRUST_BRANCH 4u
#define TRUST_SIBLING 5u
#define TRUST_FAR_COUNTY 7u
#define TRUST_FAR_BRANCH 9u

/* Tables 16 visit, 17 member, 18 attendance, 19 dues; tests/support/trust_schema.c. */
extern const char trust_schema[];

struct trust_entry {
    struct dot dot;
    struct buffer body;
    struct hash hash;
    uint8_t signature[SIGNATURE_BYTES];
};

struct trust_device {
    struct signing_key sign;
    struct dh_key dh;
};

struct trust {
    struct network network;
    struct root_set root;                  /* two of three */
    struct signing_key roots[TRUST_ROOTS]; /* its secret halves, in no order */
    struct signing_key authority_key;
    struct authority authority;
    struct trust_device devices[TRUST_DEVICES_MAX]; /* by roster index; [0] is nobody */
    uint32_t devices_count;                         /* the highest roster index */
    struct trust_entry entries[TRUST_ENTRIES_MAX];  /* the hub's, in the order of writing */
    size_t entries_count;
    struct entry_writer writer;
    uint32_t author;           /* whose entries are written from now on; the hub's at first */
    uint32_t scope;            /* of the entry in the making */
    uint32_t life;             /* the hub's incarnation, for what is written from now on */
    struct registry *registry; /* everything that trust_init and trust_enrol wrote is applied */
};

/* Genesis, link key, schema and the orgs above. */
void trust_init(struct trust *trust);
/* The same with another schema. */
void trust_init_with(struct trust *trust, const char *schema_json);
void trust_release(struct trust *trust);
/* A new registry that took all entries in an order of the seed's: each feed keeps its own order,
 * the feeds mix, the genesis is the first. What waits is tried again. registry_free. */
struct registry *trust_registry(const struct trust *trust, uint32_t seed);

/* A device of that role at that org, written and applied. Gives its roster index. */
uint32_t trust_enrol(struct trust *trust, enum role role, uint32_t org);
/* Written and applied, for entries that must be taken. */
void trust_take(struct trust *trust, const struct trust_entry *entry);
/* The certificate that trust_enrol would write for a new device of that roster index. */
struct certificate trust_certificate(struct trust *trust, uint32_t device, enum role role,
                                     uint32_t org);

/* One entry of the hub: start, then op and fields, then finish, which chains and signs it behind
 * the last one in its scope. Nothing is applied. Borrowed until trust_release. */
void trust_start(struct trust *trust, uint32_t scope);
void trust_op(struct trust *trust, enum registry_table table, const struct id *row);
void trust_uint(struct trust *trust, uint16_t field, uint64_t value);
void trust_text(struct trust *trust, uint16_t field, const char *value);
void trust_nil(struct trust *trust, uint16_t field);
void trust_bin(struct trust *trust, uint16_t field, struct bytes value);
const struct trust_entry *trust_finish(struct trust *trust);

/* Ops with their fields, for entries that aren't as they should be. */
void trust_put_network(struct trust *trust);
void trust_put_org(struct trust *trust, uint32_t number, uint32_t parent, const char *kind);
void trust_put_device(struct trust *trust, const struct certificate *certificate);

/* Whole entries, in the scope where they belong. */
const struct trust_entry *trust_write_genesis(struct trust *trust);
const struct trust_entry *trust_write_org(struct trust *trust, uint32_t number, uint32_t parent,
                                          const char *kind);
const struct trust_entry *trust_write_device(struct trust *trust,
                                             const struct certificate *certificate);
/* The device's entries at that org count up to `good`, those elsewhere don't. */
const struct trust_entry *trust_write_revocation(struct trust *trust, uint32_t device, uint32_t org,
                                                 uint64_t good);
const struct trust_entry *trust_write_link_key(struct trust *trust, uint32_t number);
const struct trust_entry *trust_write_schema(struct trust *trust, const char *json);

/* As a replica would: chain (the hash that was kept) and signature, then registry_apply. */
enum status trust_apply(const struct trust *trust, struct registry *registry,
                        const struct trust_entry *entry, struct error *err);
/* One value in a new row at TRUST_BRANCH, by a device's first entry. */
struct trust_write {
    uint32_t device, table;
    uint16_t field;
    struct bytes value;
};
/* Does it count? As registry_permits. */
enum status trust_judge(const struct registry *registry, const struct trust_write *write,
                        struct error *reason);
/* The device's feeds at that org, `number` of each. */
void trust_raise(struct frontier *frontier, uint32_t device, uint32_t org, uint64_t number);
struct id trust_id(uint32_t number); /* an id that is the same in every run */

#endif
