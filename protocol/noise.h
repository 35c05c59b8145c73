#ifndef PROTOCOL_NOISE_H
#define PROTOCOL_NOISE_H

/* Noise_IK_25519_ChaChaPoly_BLAKE2b (Noise revision 34), from libsodium's primitives.
 *
 * Pattern IK:  <- s | -> e, es, s, ss | <- e, ee, se.  A pure state machine: bytes in, bytes out,
 * no I/O. Secrets are zeroed by noise_release. HASHLEN is 64 (BLAKE2b-512), checked against the
 * published vectors in tests/vectors/noise_ik.json. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/keys.h"

#define NOISE_MESSAGE_MAX 65535
#define NOISE_TAG_BYTES 16
#define NOISE_REKEY_MESSAGES 4096
#define NOISE_HASH_BYTES 64
#define NOISE_FIRST_OVERHEAD 96  /* e 32, s 32 + 16, payload's tag 16 */
#define NOISE_SECOND_OVERHEAD 48 /* e 32, payload's tag 16 */

struct noise_cipher {
    uint8_t key[32];
    uint64_t nonce;
    bool has_key;
};

enum noise_role { NOISE_INITIATOR, NOISE_RESPONDER };

struct noise {
    enum noise_role role;
    struct dh_key local;
    struct dh_key ephemeral; /* made when it is first needed, unless it was handed in */
    uint8_t remote_static[DH_KEY_BYTES];
    uint8_t remote_ephemeral[DH_KEY_BYTES];
    uint8_t chaining_key[NOISE_HASH_BYTES];
    uint8_t hash[NOISE_HASH_BYTES]; /* the handshake hash once done */
    struct noise_cipher cipher;     /* while shaking hands */
    struct noise_cipher send, receive;
    bool has_ephemeral;
    int messages_done; /* 2: the handshake is over */
};

/* `remote_static`: the responder's key (initiator), else NULL. `ephemeral`: NULL makes a fresh one;
 * tests hand in the vectors' one. Copies all. */
void noise_start(struct noise *noise, enum noise_role role, struct bytes prologue,
                 const struct dh_key *local, const uint8_t *remote_static,
                 const struct dh_key *ephemeral);
void noise_release(struct noise *noise);

/* The next handshake message with `payload` (appends). Then the other side's (payload appended).
 * STATUS_FORGED when it doesn't decrypt; STATUS_TOO_LARGE; the state is then unusable. */
enum status noise_write(struct noise *noise, struct bytes payload, struct buffer *out,
                        struct error *err);
enum status noise_read(struct noise *noise, struct bytes message, struct buffer *payload,
                       struct error *err);
bool noise_done(const struct noise *noise);

/* Transport: one message each. Behind every NOISE_REKEY_MESSAGES of a direction its key is replaced
 * (REKEY, revision 34, 4.2); numbers go on. What is stolen later doesn't open what went before in a
 * long session. */
enum status noise_encrypt(struct noise *noise, struct bytes plain, struct buffer *out,
                          struct error *err);
enum status noise_decrypt(struct noise *noise, struct bytes sealed, struct buffer *plain,
                          struct error *err);

#endif
