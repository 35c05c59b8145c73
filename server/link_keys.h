#ifndef SERVER_LINK_KEYS_H
#define SERVER_LINK_KEYS_H

/* The hub's link keys: a new one each week, certified by the authority, its secret half destroyed
 * 90 days later, so that recorded sessions stay closed to whoever takes the hub after that.
 *
 * The hub also answers to the key of its own certificate, which lives on. A client uses that when a
 * link key isn't known to the hub any more (away too long, or the hub came back from a backup), and
 * then says nothing but HELLO before the other side's ephemeral key protects it. */

#include <uv.h>

#include "server/hub.h"

#define LINK_KEY_WEEK_MS (7 * 86400000ll)
#define LINK_KEY_LIFE_MS (90 * 86400000ll)
#define LINK_KEYS_MAX 32

/* Makes the week's key when it is due, and destroys those whose time has come; *changed tells. With
 * `skip` a new one is made now, with a number so much higher. In a transaction. */
enum status link_keys_follow(struct hub *hub, uint32_t skip, bool *changed, struct error *err);
/* The public half of the newest. */
enum status link_keys_newest(struct hub *hub, uint8_t public_key[DH_KEY_BYTES], struct error *err);

/* Those that the hub answers to, for connections on another thread. */
struct link_ring {
    uv_mutex_t lock;
    struct dh_key keys[LINK_KEYS_MAX];
    size_t count;
};
void link_ring_start(struct link_ring *ring);
void link_ring_release(struct link_ring *ring);
enum status link_ring_load(struct link_ring *ring, struct hub *hub, struct error *err);
/* The key that a first frame (without its length) knocks for; false: none. */
bool link_ring_choose(struct link_ring *ring, const struct network *network, struct bytes frame,
                      struct dh_key *key);

#endif
