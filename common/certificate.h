#ifndef COMMON_CERTIFICATE_H
#define COMMON_CERTIFICATE_H

/* Certificates: who a device is, for whom, with which role and for which org's subtree.
 *
 * root (root.h) -> authority -> device -> device. The authority enrols day by day, up to clerk;
 * only the root admits bureau and auditor; a clerk's device admits those below it, also where no
 * hub can be reached (docs/decisions/0010-who-admits-whom.md). Values, no storage. A certificate is
 * a canonical MessagePack array and a signature; unknown trailing elements are allowed and covered
 * by the signature. Validity is never a time: it is feed numbers ("from": this certificate counts
 * from that number of that feed on; none: from the first). */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/frontier.h"
#include "common/id.h"
#include "common/keys.h"
#include "common/root.h"
#include "common/schema.h"

#define PERSON_NAME_BYTES_MAX 120
#define CERTIFICATE_BYTES_MAX 4096
#define LOT_MAX 4096

/* Who signed: the root, an authority by its number (1 to 65535), or a device by its roster index.
 */
#define ISSUER_ROOT 0u
#define ISSUER_DEVICE_BASE 0x10000u
#define ISSUER_DEVICE(device) (ISSUER_DEVICE_BASE + (device))
#define ISSUER_IS_DEVICE(issuer) ((issuer) > ISSUER_DEVICE_BASE)
#define DEVICE_MAX (UINT32_MAX - ISSUER_DEVICE_BASE)

/* [1, suite, authority number, sign key bin 32, role mask that it may enrol], signed by root. */
struct authority {
    uint32_t suite;
    uint32_t number; /* 1, 2, … rises with each replacement */
    uint8_t sign_key[PUBLIC_KEY_BYTES];
    uint32_t may_enrol; /* ROLE_BIT mask */
};

/* [1, suite, device, serial, sign key, dh key, person id bin 16, person name, role, org, issuer,
 *  beacon, [from…], (first, count)] — `from`: flat [scope, incarnation, number, …], ascending, no
 * doubles; first and count only where the device may admit others. */
struct certificate {
    uint32_t suite;
    uint32_t device; /* roster index, >= 1 */
    uint32_t serial; /* 1, 2, … : newer certificates of one device */
    uint8_t sign_key[PUBLIC_KEY_BYTES];
    uint8_t dh_key[DH_KEY_BYTES];
    struct id person;
    char person_name[PERSON_NAME_BYTES_MAX + 1];
    enum role role;
    uint32_t org;         /* number; rights reach its subtree */
    uint32_t issuer;      /* ISSUER_… */
    uint64_t beacon;      /* newest when issued */
    struct frontier from; /* rows (scope, device, incarnation) -> number; empty: from the first */
    uint32_t lot, lot_count; /* roster indices that it may give to others; 0, 0: none */
    struct dot stands;       /* where it stands, when a device issued it; else not set */
    struct hash hash;        /* of the signed object, once it was opened: an order among equals */
};

void certificate_release(struct certificate *certificate);

/* Append the signed object: of the root's form (root.h), or [bin body, bin signature] for one
 * signer. No signers at all: to be signed elsewhere (root_object_sign). STATUS_TOO_LARGE: `from`
 * has so many rows that the certificate would pass CERTIFICATE_BYTES_MAX. */
enum status authority_seal(const struct authority *authority, const struct network *network,
                           const struct root_signers *root, struct buffer *out, struct error *err);
enum status certificate_seal_by_root(const struct certificate *certificate,
                                     const struct network *network, const struct root_signers *root,
                                     struct buffer *out, struct error *err);
enum status certificate_seal(const struct certificate *certificate, const struct network *network,
                             const struct signing_key *issuer, struct buffer *out,
                             struct error *err);

/* Decode and verify. STATUS_BAD_INPUT for a broken form, STATUS_TOO_LARGE, STATUS_FORGED for a
 * wrong signature, STATUS_UNSUPPORTED for a suite that isn't built in (asked before the signature,
 * which only that suite can check). After a failure there is nothing to release. */
enum status authority_open(struct authority *authority, const struct network *network,
                           struct bytes sealed, const struct root_set *root, struct error *err);
enum status certificate_open(struct certificate *certificate, const struct network *network,
                             struct bytes sealed, const uint8_t issuer_key[PUBLIC_KEY_BYTES],
                             struct error *err);
enum status certificate_open_by_root(struct certificate *certificate, const struct network *network,
                                     struct bytes sealed, const struct root_set *root,
                                     struct error *err);
/* The same without the signature: for what was verified when it came, and kept since. */
enum status certificate_reopen(struct certificate *certificate, const struct network *network,
                               struct bytes sealed, struct error *err);
/* The issuer's number, before it can be verified. */
enum status certificate_issuer(struct bytes sealed, uint32_t *issuer, struct error *err);

/* A beacon: [1, number, lineage, registry digest bin 32, time_ms] signed by the authority. */
struct beacon {
    uint64_t number;
    uint64_t lineage;
    struct hash registry; /* digest over the registry's frontier and hashes, see registry.h */
    int64_t time_ms;      /* information only */
};
enum status beacon_seal(const struct beacon *beacon, const struct network *network,
                        const struct signing_key *authority, struct buffer *out, struct error *err);
enum status beacon_open(struct beacon *beacon, const struct network *network, struct bytes sealed,
                        const uint8_t authority_key[PUBLIC_KEY_BYTES], struct error *err);

/* A receipt: [1, device, lineage, beacon, frontier (bin)] signed by the device that holds it. */
struct receipt {
    uint32_t device;
    uint64_t lineage;
    uint64_t beacon;
    struct frontier held; /* durable at `device`; owns */
};
void receipt_release(struct receipt *receipt);
enum status receipt_seal(const struct receipt *receipt, const struct network *network,
                         const struct signing_key *key, struct buffer *out, struct error *err);
/* `receipt` holds {0} or an earlier receipt, which is replaced; release it also after a failure. */
enum status receipt_open(struct receipt *receipt, const struct network *network,
                         struct bytes sealed, const uint8_t device_key[PUBLIC_KEY_BYTES],
                         struct error *err);

/* What a receipt says, unverified: for a session, whose peer is known by its keys already. */
enum status receipt_peek(struct receipt *receipt, struct bytes sealed, struct error *err);

/* The hub's link key for Noise: [1, number, dh key bin 32] signed by the authority. */
struct link_key {
    uint32_t number;
    uint8_t dh_key[DH_KEY_BYTES];
};
enum status link_key_seal(const struct link_key *link, const struct network *network,
                          const struct signing_key *authority, struct buffer *out,
                          struct error *err);
enum status link_key_open(struct link_key *link, const struct network *network, struct bytes sealed,
                          const uint8_t authority_key[PUBLIC_KEY_BYTES], struct error *err);

#endif
