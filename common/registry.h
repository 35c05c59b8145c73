#ifndef COMMON_REGISTRY_H
#define COMMON_REGISTRY_H

/* The registry as a replica knows it: orgs, devices and their certificates, the schema.
 *
 * It is built by applying the entries of registry scopes (written by the hub's device, and by
 * devices that admit others) and answers one question: may this entry count? The answer is a pure
 * function of registry and entry. No storage, no clock. Owns all; registry_free.
 *
 * Registry entries have ops on these tables (fields in parentheses):
 *   1 network    (1 root set bin, 2 authority bin, 3 lineage uint)             row: zero id
 *   2 org        (1 number uint, 2 parent uint or nil, 3 kind str, 4 name str) row: the org's id
 *   3 device     (1 certificate sealed bin)                        row: id of the device, see below
 *   4 schema     (1 epoch uint, 2 bin: zstd frame of the JSON)     row: zero id
 *   5 link key   (1 sealed bin)                                    row: zero id
 *   6 revocation (1 device uint, 2 serial uint from 1, 3 state uint, 4 cut bin: frontier_encode,
 *                 5 hashes bin: 32 of the last entry of each row of the cut; old ones lack it)
 *                                                                  row: id of the device
 *   7 scope key  (1 org uint, 2 roles uint: bits, 3 number uint, 4 key id bin 8,
 *                 5 wrapped under the key above bin 64, or nil)    row: random
 *   8 grants     (1 [key id bin 8, device uint, sealed bin 80, …]) row: random
 *   9 erasure    (1 subject bin 16, 2 year uint, 3 beacon uint)    row: random
 *  10 lapse      (1 device uint, 2 serial uint from 1, 3 state uint: 1 lapsed, 0 not any more)
 *                                                                  row: id of the device
 * Table 1, 4 and 5 stand in SCOPE_REGISTRY(ORG_ROOT). After the first entry table 1 has one field:
 * the next root set, or the next authority (root.h, certificate.h). An org's op stands in the
 * registry scope of the org itself; a device's op in that of the org its certificate names, and
 * again, byte for byte, in those that its older certificates name: whoever has to judge the
 * device's older entries hears that it has moved
 * (docs/decisions/0005-certificates-in-any-order.md). The hub's own certificate comes in entry 1 of
 * SCOPE_REGISTRY(ORG_ROOT), the genesis, with table 1 and the root org: that entry is checked
 * against the network id (a hash of the root set), the rest against the hub's certificate. Every
 * other entry makes one change. A device that may admit others writes their certificates, and
 * nothing else, into the registry part of the org that they name. Once it is revoked, whom it
 * admitted beyond the cut never was. It also grants them scope keys (seal.h). A revocation stands
 * in every part that holds a certificate of the device; the highest serial counts: what the device
 * wrote beyond the cut doesn't (state 0 takes a revocation back). The hashes say which entries lie
 * below it, for whoever has the key could write others; what is held of a feed waits until the cut
 * is reached (docs/decisions/0015-a-cut-names-hashes.md). A lapse takes no right away: it says that
 * nothing waits any more for a device that was silent for long, until it comes; the highest serial
 * counts, of equal ones the lower state. It stands in one of those parts. A hub that was restored
 * from a backup goes on in feeds of another incarnation. Scopes and incarnations may arrive in any
 * order, so nothing here depends on it: an org's parent has a lower number, known or not, of
 * several orgs of one number that of the lowest incarnation counts, an older certificate may come
 * after a newer one, and what speaks of something that isn't known yet waits for it; what no
 * authority that is known has signed is asked again when another one comes. */

#include <stdbool.h>
#include <stdint.h>

#include "common/certificate.h"
#include "common/entry.h"
#include "common/frontier.h"
#include "common/id.h"
#include "common/schema.h"

enum registry_table {
    REGISTRY_NETWORK = 1,
    REGISTRY_ORG = 2,
    REGISTRY_DEVICE = 3,
    REGISTRY_SCHEMA = 4,
    REGISTRY_LINK_KEY = 5,
    REGISTRY_REVOCATION = 6,
    REGISTRY_SCOPE_KEY = 7,
    REGISTRY_GRANT = 8,
    REGISTRY_ERASURE = 9,
    REGISTRY_LAPSE = 10
};

#define ORG_NAME_BYTES_MAX 240
#define ORG_DEPTH_MAX 16

/* The kinds of node of the org tree. */
bool org_kind_valid(const char *kind); /* bureau county township community branch */

struct org {
    uint32_t number;
    uint32_t parent; /* 0: the root */
    struct id id;
    char kind[16];
    char *name;
    struct dot stands; /* the entry that says so */
};

enum device_state { DEVICE_ACTIVE, DEVICE_REVOKED, DEVICE_FORKED };
const char *device_state_name(enum device_state state);

struct device {
    struct id id;                   /* = the row; shown as the device's id */
    struct certificate certificate; /* the newest; older ones still judge what came before it */
    enum device_state state;
    bool lapsed; /* it was silent for long: nothing waits for its receipts */
};

struct registry; /* opaque */

enum status registry_new(struct registry **registry, const struct network *network,
                         struct error *err);
void registry_free(struct registry *registry);

/* Take in one decoded, chain- and signature-checked entry of a registry scope. `dot` is its place.
 * All or nothing. STATUS_UNKNOWN: something that it speaks of hasn't come yet; keep it, try again.
 * STATUS_DENIED / STATUS_FORGED / STATUS_BAD_INPUT say why it does not count. */
enum status registry_apply(struct registry *registry, const struct dot *dot,
                           const struct entry_view *entry, struct error *err);
/* Again one that registry_apply took when it came, out of our own log: certificates aren't verified
 * a second time, which is most of the work. */
enum status registry_reapply(struct registry *registry, const struct dot *dot,
                             const struct entry_view *entry, struct error *err);

/* The key that must have signed entries of `feed`; NULL while the device isn't known.
 * For the genesis feed before entry 1 is applied use registry_genesis_key. Borrows. */
const uint8_t *registry_device_key(const struct registry *registry, uint32_t device);
/* Check the genesis body alone and give the hub's key out of it. */
enum status registry_genesis_key(const struct network *network, struct bytes body,
                                 uint8_t key[PUBLIC_KEY_BYTES], struct error *err);

const struct network *registry_network(const struct registry *registry);
const struct org *registry_org(const struct registry *registry, uint32_t number);
/* A rival has its own id, too, and its number is that of the org which counts. */
const struct org *registry_org_by_id(const struct registry *registry, const struct id *id);
size_t registry_orgs_count(const struct registry *registry);
/* In ascending number. */
const struct org *registry_org_at(const struct registry *registry, size_t index);
/* Another org of that number, which doesn't count: *walk counts from 0; NULL after the last. In no
 * order. */
const struct org *registry_org_rival(const struct registry *registry, uint32_t number,
                                     size_t *walk);
/* Is `org` the same as `ancestor` or below it? */
bool registry_within(const struct registry *registry, uint32_t ancestor, uint32_t org);

const struct device *registry_device(const struct registry *registry, uint32_t device);
const struct device *registry_device_by_id(const struct registry *registry, const struct id *id);
const struct device *registry_device_by_dh(const struct registry *registry,
                                           const uint8_t dh_key[DH_KEY_BYTES]);
size_t registry_devices_count(const struct registry *registry);
const struct device *registry_device_at(const struct registry *registry, size_t index);
/* Revoked also when whoever admitted it had been. */
enum device_state registry_device_state(const struct registry *registry,
                                        const struct device *device);
/* Does the chain of devices that admitted this one lead to `ancestor`? */
bool registry_admitted_by(const struct registry *registry, const struct device *device,
                          uint32_t ancestor);
/* May a device of this role admit a newcomer of that one without the hub? */
bool role_may_admit(enum role role, enum role newcomer);
/* Id of a device: first 16 bytes of BLAKE2b-256(TAG_CERTIFICATE, sign key). */
struct id device_id(const struct network *network, const uint8_t sign_key[PUBLIC_KEY_BYTES]);
/* Serial of the device's newest revocation, 0 when there is none. */
uint32_t registry_cut_serial(const struct registry *registry, uint32_t device);
/* Serial of the newest entry about its silence, 0 when there is none. */
uint32_t registry_lapse_serial(const struct registry *registry, uint32_t device);

/* Where a revocation cut a feed, and the hash of the last entry that counts. The registry knows no
 * chains; whoever does says what it has there, or its entries wait. */
struct cut {
    struct feed_id feed;
    uint64_t number;
    struct hash hash;
};
enum cut_chain {
    CUT_AHEAD, /* not reached yet */
    CUT_FITS,
    CUT_DIFFERS,
    CUT_OUT_OF_REACH /* nor ever: the replica's own device may not read the rest; numbers decide */
};
/* Each cut with a hash that is in force, in no order. *walk counts from 0. */
bool registry_cut_next(const struct registry *registry, size_t *walk, struct cut *cut);
bool registry_cut_of(const struct registry *registry, const struct feed_id *feed, struct cut *cut);
void registry_cut_note(struct registry *registry, const struct feed_id *feed, enum cut_chain chain);
enum cut_chain registry_cut_chain(const struct registry *registry, const struct feed_id *feed);
/* The orgs that its certificates name, each once, at most `most`; gives how many. */
size_t registry_device_orgs(const struct registry *registry, uint32_t device, uint32_t *orgs,
                            size_t most);
/* The one that enrols now; NULL before the first entry. */
const struct authority *registry_authority(const struct registry *registry);
/* The newest root set; NULL before the first entry. */
const struct root_set *registry_root(const struct registry *registry);
const struct link_key *registry_link_key(const struct registry *registry);
uint64_t registry_lineage(const struct registry *registry);

/* The schema in force (the highest epoch applied); NULL before the first. Borrows: it stays
 * valid until the registry is freed, also when a newer one comes. */
const struct schema *registry_schema(const struct registry *registry);
uint32_t registry_next_org(const struct registry *registry); /* number for a new org */
/* Roster index for a new device: above all that are known and all that others may give. */
uint32_t registry_next_device(const struct registry *registry);
/* The name to show for a device's person; "?" when unknown. */
const char *registry_person_name(const struct registry *registry, uint32_t device);

/* Which scopes may a device read (and carry)? All of its org's subtree; of the orgs above, the
 * registry and the records that reach below. The hub: all. */
bool registry_may_read(const struct registry *registry, uint32_t device, uint32_t scope);
/* Whether or not it was revoked, and whatever it read before it was moved. */
bool registry_reaches(const struct registry *registry, uint32_t device, uint32_t scope);
/* May it read the scope by any certificate it was given? What it read once it still holds, and may
 * carry. */
bool registry_may_have_read(const struct registry *registry, uint32_t device, uint32_t scope);

/* Could this device ever write into this feed's scope, by any certificate it was given? For the
 * hub, which has them all (docs/decisions/0011-the-hubs-door.md). A device that isn't known may be
 * anybody. */
bool registry_may_have_written(const struct registry *registry, const struct feed_id *feed);

/* Where the rows of a table stand that belong to `org` (a number). */
uint32_t table_scope(const struct schema_table *table, uint32_t org);

/* May this entry of a records scope count? Checks, in this order: the device's certificate covers
 * this number; its org's subtree holds the scope; then each op by the schema of the epoch that the
 * entry names: table known and of this kind of scope, role may write table and field, append fields
 * have no bases, groups written whole, natural key fields match the row id, values of the right
 * type and size. STATUS_UNKNOWN: that epoch, or an org between its scope and the writer's, is not
 * known yet: keep it, judge later. STATUS_DENIED, STATUS_BAD_INPUT, STATUS_TOO_LARGE: set aside for
 * good (for this registry). On STATUS_OK every op may be materialised without further checks. */
enum status registry_permits(const struct registry *registry, const struct dot *dot,
                             const struct entry_view *entry, struct error *err);

/* A digest of all by which the entries of a feed up to `last` are judged, but for the schemas:
 * under which certificates they stand, where these count, what a revocation left. While it is the
 * same, no judgement of theirs has changed. STATUS_UNKNOWN: so is the device. */
enum status registry_rights_digest(const struct registry *registry, const struct dot *last,
                                   struct hash *digest, struct error *err);

/* ---- writing registry entries (hub) ---- */
enum status registry_pack_schema(const struct schema *schema, struct buffer *out,
                                 struct error *err); /* the value of table 4 field 2 */

#endif
