#ifndef COMMON_SEALED_H
#define COMMON_SEALED_H

/* A signed object as it travels: canonical [bin body, bin signature]. */

#include "common/keys.h"

enum status sealed_pack(struct buffer *out, enum tag tag, const struct network *network,
                        struct bytes body, const struct signing_key *key, struct error *err);
/* Check the form and the signature; *body borrows `sealed`. */
enum status sealed_open(struct bytes *body, enum tag tag, const struct network *network,
                        struct bytes sealed, const uint8_t key[PUBLIC_KEY_BYTES],
                        struct error *err);
/* Only the form: to look who must have signed. */
enum status sealed_peek(struct bytes *body, struct bytes *signature, struct bytes sealed,
                        struct error *err);

#endif
