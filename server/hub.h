#ifndef SERVER_HUB_H
#define SERVER_HUB_H

/* The hub's folder: its replica, and the keys that only a hub has.
 *
 *   DIR/hub.db         the replica (device 1), with two tables of the hub alone: invite and
 *                      device_seen
 *   DIR/root.key       the root's seed, 0600; may be carried away, nothing here needs it daily
 *   DIR/authority.key  the authority's seed, 0600
 *   DIR/slots.a, .b    the key slots, when the folder is encrypted (common/vault.h)
 *
 * One thread at a time. The roster (orgs, devices) is written through it: one signed entry each in
 * the registry scope concerned, followed by a new beacon. */

#include "common/replica.h"
#include "common/vault.h"
#include "protocol/storage.h"

struct hub {
    struct replica *replica;
    struct signing_key authority;
    uint32_t authority_number;
};

struct hub_options {
    const char *directory;
    struct clock clock;
    const struct vault *vault; /* unlocked; NULL: the folder isn't encrypted. Borrowed */
};

/* Make a hub: keys, network, root org, the built-in schema. STATUS_EXISTS when the folder holds
 * one. */
enum status hub_create(struct hub *hub, const struct hub_options *options, const char *name,
                       struct error *err);
enum status hub_open(struct hub *hub, const struct hub_options *options, struct error *err);
void hub_close(struct hub *hub);

/* Add a node below `parent` (an org number); *id is its id. */
enum status hub_add_org(struct hub *hub, uint32_t parent, const char *kind, const char *name,
                        struct id *id, struct error *err);

struct hub_device {
    const uint8_t *sign_key, *dh_key;
    const char *person;
    enum role role;
    uint32_t org;
};
/* Certify a device and put it into the registry; *index is its roster index. */
enum status hub_add_device(struct hub *hub, const struct hub_device *device, uint32_t *index,
                           struct error *err);

/* A new beacon over the registry as it stands. */
enum status hub_raise_beacon(struct hub *hub, struct error *err);

#endif
