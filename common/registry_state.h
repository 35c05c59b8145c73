#ifndef COMMON_REGISTRY_STATE_H
#define COMMON_REGISTRY_STATE_H

/* What a registry is made of; for registry*.c alone. */

#include "common/registry.h"
#include "common/registry_index.h"
#include "common/registry_seal.h"

/* Certificates that a newer one replaced still judge the entries before its `from`. Should two
 * bear one serial, the one with the greater hash is the newer, whichever came first. */
struct device_record {
    struct device device;
    struct certificate *older; /* the newest first */
    size_t older_count;
    struct frontier cut;      /* unless active: entries beyond it don't count */
    struct cut_end *cut_ends; /* beside the rows of `cut`; NULL: it names no hashes */
    uint32_t cut_serial;      /* of the revocation in force; 0: none */
    uint32_t lapse_serial;    /* of the newest entry about its silence; 0: none */
};

struct cut_end {
    struct hash hash;
    enum cut_chain chain;
};

struct registry {
    struct network network;
    bool founded;
    bool reapplying;        /* signatures were checked once already */
    struct root_set *roots; /* version 1, 2, … */
    size_t roots_count;
    struct authority *authorities; /* ascending by number; the last enrols now */
    size_t authorities_count;
    uint64_t lineage;
    struct link_key link_key;
    bool has_link_key;
    struct org **orgs; /* ascending by number */
    size_t orgs_count, orgs_capacity;
    struct org **rivals; /* in no order; mostly none (registry_org_rival) */
    size_t rivals_count, rivals_capacity;
    struct device_record **devices; /* ascending by roster index */
    size_t devices_count, devices_capacity;
    struct schema **schemas; /* epochs rise by one; the last is in force */
    size_t schemas_count, schemas_capacity;
    struct registry_seals seals;
    struct registry_index orgs_by_number, orgs_by_id;
    struct registry_index devices_by_number, devices_by_id, devices_by_dh;
};

/* Keys of the indexes. The end of an id or key is the part that is random in all of them. */
static inline uint64_t registry_id_key(const struct id *id)
{
    return get_u64le(id->bytes + ID_BYTES - 8);
}

static inline uint64_t registry_dh_key(const uint8_t dh_key[DH_KEY_BYTES])
{
    return get_u64le(dh_key + 8);
}

struct device_record *registry_record(const struct registry *registry, uint32_t device);

/* The certificate that judges `number` of `feed`: the newest that counts from there; NULL when none
 * does. */
const struct certificate *device_certificate_at(const struct device_record *record,
                                                const struct feed_id *feed, uint64_t number);

/* What a revocation left of its device: does the entry belong to it? */
enum standing { STANDS, STANDS_BEYOND, STANDS_ELSEWHERE /* in another history */, STANDS_WAITING };
enum standing device_standing(const struct device_record *record, const struct dot *dot);

/* Table 2 (registry_org.c). */
enum status registry_apply_org(struct registry *registry, const struct dot *dot,
                               const struct entry_view *entry, const struct op *op,
                               struct error *err);
void registry_orgs_release(struct registry *registry);

enum status registry_apply_revocation(struct registry *registry, const struct entry_view *entry,
                                      const struct op *op, struct error *err);

enum status registry_apply_lapse(struct registry *registry, const struct entry_view *entry,
                                 const struct op *op, struct error *err);

/* Tables 7, 8 and 9 (registry_seal.c). */
enum status registry_apply_scope_key(struct registry *registry, const struct dot *dot,
                                     const struct entry_view *entry, const struct op *op,
                                     struct error *err);
enum status registry_apply_grants(struct registry *registry, const struct entry_view *entry,
                                  const struct op *op, struct error *err);
enum status registry_apply_erasure(struct registry *registry, const struct dot *dot,
                                   const struct entry_view *entry, const struct op *op,
                                   struct error *err);
void registry_seals_release(struct registry_seals *seals);

/* Table 1: the network is founded, or its root or authority replaced. */
enum status registry_apply_network(struct registry *registry, const struct entry_view *entry,
                                   const struct op *op, struct error *err);
/* Decode a certificate that stands at `dot`, and check who issued it and whether they might. */
enum status registry_open_certificate(const struct registry *registry, const struct dot *dot,
                                      struct bytes sealed, struct certificate *certificate,
                                      struct error *err);
/* Was it issued by a device that had been revoked by then, or has turned out never to have been
 * admitted itself? */
bool certificate_void(const struct registry *registry, const struct certificate *certificate);
/* Is `org` in the subtree of `ancestor`? STATUS_UNKNOWN: nobody can say yet. STATUS_DENIED. */
enum status registry_check_within(const struct registry *registry, uint32_t ancestor, uint32_t org,
                                  struct error *err);
/* Is it, or would it be if a rival of some org counted? Who acted while it did had the right to. */
enum status registry_check_ever_within(const struct registry *registry, uint32_t ancestor,
                                       uint32_t org, struct error *err);

/* An array of pointers with room for one more: the same or moved; NULL without memory, and then
 * the old one stands. */
void *registry_room(void *array, size_t count, size_t *capacity);

/* The JSON out of the value of table 4 field 2. Appends; STATUS_BAD_INPUT, STATUS_NO_MEMORY. */
enum status registry_unpack_schema(struct bytes frame, struct buffer *text, struct error *err);

/* Forget all but the network, as registry_new left it. */
void registry_clear(struct registry *registry);

#endif
