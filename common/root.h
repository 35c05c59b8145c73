#ifndef COMMON_ROOT_H
#define COMMON_ROOT_H

/* The root of trust: a few keys, some of which must sign together (2 of 3, say).
 *
 * The first set founds the network: the network's id is its hash. A later set is signed by the
 * threshold of the set before it and by its own, so neither a few stolen keys nor a lost one can
 * take the network over (The Update Framework, "root rotation"). Root keys sign three things: the
 * next set, the authority that enrols daily, and the certificates that an authority may not give
 * (certificate.h). They are needed seldom and can live on sticks in drawers.
 *
 *   set            = [1, suite, version, threshold, [key bin 32, …]]   keys ascend
 *   signed by root = [bin body, [key bin 32, signature bin 64, …]]     keys ascend
 * Values; no storage. */

#include <stdbool.h>

#include "common/keys.h"

#define ROOT_KEYS_MAX 5
#define ROOT_SIGNATURES_MAX (2 * ROOT_KEYS_MAX) /* of two sets */
#define ROOT_OBJECT_BYTES_MAX 8192

struct root_set {
    uint32_t suite;
    uint32_t version;   /* 1, 2, … without gaps */
    uint32_t threshold; /* 1 … count */
    uint32_t count;     /* 1 … ROOT_KEYS_MAX */
    uint8_t keys[ROOT_KEYS_MAX][PUBLIC_KEY_BYTES];
};

/* Add a key where it belongs. STATUS_EXISTS, STATUS_TOO_LARGE. */
enum status root_set_add(struct root_set *set, const uint8_t key[PUBLIC_KEY_BYTES],
                         struct error *err);
/* Appends the body. */
enum status root_set_encode(const struct root_set *set, struct buffer *body);
/* STATUS_BAD_INPUT, STATUS_UNSUPPORTED for a suite that isn't built in. */
enum status root_set_decode(struct root_set *set, struct bytes body, struct error *err);
/* The network that this first set founds. */
enum status root_set_network(const struct root_set *first, struct network *network,
                             struct error *err);

/* An object that root keys sign, as it travels. */
struct root_object {
    enum tag tag;
    const struct network *network;
    struct bytes sealed;
};
/* Append [bin body, []]: nobody has signed yet. */
enum status root_object_start(struct bytes body, struct buffer *out, struct error *err);
/* Append the object with one signature more. STATUS_EXISTS: that key has signed. */
enum status root_object_sign(const struct root_object *object, const struct signing_key *key,
                             struct buffer *out, struct error *err);
/* Only the form. `body` borrows. */
enum status root_object_body(struct bytes sealed, struct bytes *body, struct error *err);
/* Whose signatures there are, verified or not; 0 for a broken form. */
uint32_t root_object_keys(struct bytes sealed, uint8_t keys[ROOT_SIGNATURES_MAX][PUBLIC_KEY_BYTES]);
bool root_set_holds(const struct root_set *set, const uint8_t key[PUBLIC_KEY_BYTES]);
/* How many keys of the set have signed, each counted once. */
uint32_t root_object_signers(const struct root_object *object, const struct root_set *set);
/* STATUS_FORGED: fewer than the set's threshold have signed. */
enum status root_object_open(const struct root_object *object, const struct root_set *set,
                             struct bytes *body, struct error *err);

/* The set in the object, as the successor of `before` (NULL: the first of its network). */
enum status root_set_open(struct root_set *set, const struct network *network, struct bytes sealed,
                          const struct root_set *before, struct error *err);

/* Seal `body` with several keys at once. */
struct root_signers {
    const struct signing_key *keys;
    size_t count;
};
enum status root_object_seal(struct buffer *out, enum tag tag, const struct network *network,
                             struct bytes body, const struct root_signers *signers,
                             struct error *err);

#endif
