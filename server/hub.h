#ifndef SERVER_HUB_H
#define SERVER_HUB_H

/* The hub's folder: its replica, and the keys that only a hub has.
 *
 *   DIR/hub.db         the replica (device 1), with two tables of the hub alone: invite and
 *                      device_seen
 *   DIR/root-1.key …   seeds of root keys, 0600; may be carried away, nothing here needs them daily
 *   DIR/authority.key  the authority's seed, 0600; authority-next.key while it is being replaced
 *   DIR/slots.a, .b    the key slots, when the folder is encrypted (common/vault.h)
 *
 * One thread at a time. The roster (orgs, devices) is written through it: one signed entry each in
 * the registry scope concerned, followed by a new beacon. */

#include "common/replica.h"
#include "common/vault.h"
#include "protocol/storage.h"

struct hub_options {
    const char *directory; /* borrowed */
    struct clock clock;
    bool ballast;              /* keep room for the day when the disk is full (common/ballast.h) */
    const struct vault *vault; /* unlocked; NULL: the folder isn't encrypted. Borrowed */
    /* For a new hub: how many root keys, and how many of them must sign; 0: 3 and 2. */
    uint32_t root_keys, root_threshold;
};

#define AUTHORITY_FILE "authority.key"
#define AUTHORITY_NEXT_FILE "authority-next.key"

struct quota_limits { /* of one device on one day; 0: as usual */
    uint64_t entries, bytes;
};

struct hub {
    struct replica *replica;
    struct quota_limits quota;
    struct hub_options options;
    struct link_ring *links; /* of a hub that is served (link_keys.h); NULL: nobody listens */
    bool links_changed;      /* they are to be loaded again */
    struct maker *maker;     /* of a hub that is served (maker.h) */
    struct signing_key authority;
    uint32_t authority_number;
};

/* Make a hub: keys, network, root org, the built-in schema. STATUS_EXISTS when the folder holds
 * one. */
enum status hub_create(struct hub *hub, const struct hub_options *options, const char *name,
                       struct error *err);
enum status hub_open(struct hub *hub, const struct hub_options *options, struct error *err);
void hub_close(struct hub *hub);
/* A connection beside it that only reads, for another thread; replica_close. */
enum status hub_open_reader(const struct hub_options *options, int64_t cache_kib,
                            struct replica **replica, struct error *err);

/* Add a node below `parent` (an org number); *id is its id. */
enum status hub_add_org(struct hub *hub, uint32_t parent, const char *kind, const char *name,
                        struct id *id, struct error *err);

struct hub_device {
    const uint8_t *sign_key, *dh_key;
    const char *person;
    enum role role;
    uint32_t org;
};
/* Certify a device and put it into the registry; *index is its roster index. STATUS_DENIED: only
 * the root may admit this role, and too few of its keys are here; *index is kept for the device. */
enum status hub_add_device(struct hub *hub, const struct hub_device *device, uint32_t *index,
                           struct error *err);
/* Its first certificate, before anybody signs. */
struct certificate hub_certificate(struct hub *hub, const struct hub_device *device,
                                   uint32_t index);
/* Roster indices for a device whose role may admit others. */
void hub_give_lot(struct hub *hub, struct certificate *certificate);
/* Sign with the authority's key, or, where only the root may, with the root keys in the folder, and
 * put it into the registry. STATUS_DENIED. */
enum status hub_certify(struct hub *hub, struct certificate *certificate, struct error *err);
/* The authority's key as the registry has it now: another process may have replaced it. */
enum status hub_take_authority(struct hub *hub, struct error *err);
/* The same, and the key that it replaced is erased. Outside of a transaction. */
enum status hub_follow_authority(struct hub *hub, struct error *err);

/* A new beacon over the registry as it stands, once everybody has the scope keys that are theirs.
 * In a transaction. */
enum status hub_raise_beacon(struct hub *hub, struct error *err);

#endif
