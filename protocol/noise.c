#include "protocol/noise.h"

#include <sodium.h>
#include <string.h>

#include "common/mutant.h"

#define BLOCK_BYTES 128 /* of BLAKE2b, for HMAC */

static const char protocol_name[] = "Noise_IK_25519_ChaChaPoly_BLAKE2b";

/* ---- hash and HKDF (revision 34, part 4.3) ---- */

static void hash_two(uint8_t out[NOISE_HASH_BYTES], struct bytes first, struct bytes second)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, NOISE_HASH_BYTES);
    crypto_generichash_update(&state, first.data, first.size);
    crypto_generichash_update(&state, second.data, second.size);
    crypto_generichash_final(&state, out, NOISE_HASH_BYTES);
}

static void hmac(uint8_t out[NOISE_HASH_BYTES], const uint8_t key[NOISE_HASH_BYTES],
                 struct bytes first, struct bytes second)
{
    uint8_t pad[BLOCK_BYTES], inner[NOISE_HASH_BYTES];
    crypto_generichash_state state;
    memset(pad, 0x36, sizeof pad);
    for (int i = 0; i < NOISE_HASH_BYTES; i++)
        pad[i] ^= key[i];
    crypto_generichash_init(&state, NULL, 0, NOISE_HASH_BYTES);
    crypto_generichash_update(&state, pad, sizeof pad);
    crypto_generichash_update(&state, first.data, first.size);
    crypto_generichash_update(&state, second.data, second.size);
    crypto_generichash_final(&state, inner, sizeof inner);
    for (int i = 0; i < BLOCK_BYTES; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    hash_two(out, bytes_of(pad, sizeof pad), bytes_of(inner, sizeof inner));
    sodium_memzero(pad, sizeof pad);
    sodium_memzero(inner, sizeof inner);
}

static void hkdf(uint8_t first[NOISE_HASH_BYTES], uint8_t second[NOISE_HASH_BYTES],
                 const uint8_t chaining_key[NOISE_HASH_BYTES], struct bytes material)
{
    uint8_t temporary[NOISE_HASH_BYTES], made[NOISE_HASH_BYTES];
    const uint8_t one = 1, two = 2;
    hmac(temporary, chaining_key, material, (struct bytes){0});
    hmac(made, temporary, bytes_of(&one, 1), (struct bytes){0});
    hmac(second, temporary, bytes_of(made, sizeof made), bytes_of(&two, 1));
    memcpy(first, made, sizeof made);
    sodium_memzero(temporary, sizeof temporary);
    sodium_memzero(made, sizeof made);
}

/* ---- cipher and symmetric state ---- */

static void put_nonce(const struct noise_cipher *cipher,
                      uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
    memset(nonce, 0, 4);
    put_u64le(nonce + 4, cipher->nonce);
}

static enum status cipher_seal(struct noise_cipher *cipher, struct bytes plain, struct bytes extra,
                               struct buffer *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    if (!cipher->has_key)
        return buffer_append_bytes(out, plain);
    TRY(buffer_reserve(out, plain.size + NOISE_TAG_BYTES));
    put_nonce(cipher, nonce);
    crypto_aead_chacha20poly1305_ietf_encrypt(out->data + out->size, NULL, plain.data, plain.size,
                                              extra.data, extra.size, NULL, nonce, cipher->key);
    cipher->nonce++;
    out->size += plain.size + NOISE_TAG_BYTES;
    return STATUS_OK;
}

static enum status cipher_open(struct noise_cipher *cipher, struct bytes sealed, struct bytes extra,
                               struct buffer *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    if (!cipher->has_key)
        return buffer_append_bytes(out, sealed);
    if (sealed.size < NOISE_TAG_BYTES || cipher->nonce == UINT64_MAX)
        return STATUS_FORGED;
    TRY(buffer_reserve(out, sealed.size + 1));
    put_nonce(cipher, nonce);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(out->data + out->size, NULL, NULL, sealed.data,
                                                  sealed.size, extra.data, extra.size, nonce,
                                                  cipher->key) != 0)
        return STATUS_FORGED;
    cipher->nonce++;
    out->size += sealed.size - NOISE_TAG_BYTES;
    return STATUS_OK;
}

static void mix_hash(struct noise *noise, struct bytes data)
{
    uint8_t mixed[NOISE_HASH_BYTES];
    hash_two(mixed, bytes_of(noise->hash, NOISE_HASH_BYTES), data);
    memcpy(noise->hash, mixed, sizeof mixed);
}

static void mix_key(struct noise *noise, struct bytes material)
{
    uint8_t key[NOISE_HASH_BYTES], chaining[NOISE_HASH_BYTES];
    hkdf(chaining, key, noise->chaining_key, material);
    memcpy(noise->chaining_key, chaining, sizeof chaining);
    memcpy(noise->cipher.key, key, sizeof noise->cipher.key);
    noise->cipher.nonce = 0;
    noise->cipher.has_key = true;
    sodium_memzero(key, sizeof key);
    sodium_memzero(chaining, sizeof chaining);
}

/* A shared secret of zero means that the other side's key is a forged point. */
static enum status mix_dh(struct noise *noise, const struct dh_key *ours,
                          const uint8_t theirs[DH_KEY_BYTES])
{
    uint8_t shared[DH_KEY_BYTES];
    if (crypto_scalarmult(shared, ours->secret, theirs) != 0)
        return STATUS_FORGED;
    mix_key(noise, bytes_of(shared, sizeof shared));
    sodium_memzero(shared, sizeof shared);
    return STATUS_OK;
}

static enum status seal_and_hash(struct noise *noise, struct bytes plain, struct buffer *out)
{
    size_t before = out->size;
    uint8_t extra[NOISE_HASH_BYTES];
    memcpy(extra, noise->hash, sizeof extra);
    TRY(cipher_seal(&noise->cipher, plain, bytes_of(extra, sizeof extra), out));
    mix_hash(noise, bytes_of(out->data + before, out->size - before));
    return STATUS_OK;
}

static enum status open_and_hash(struct noise *noise, struct bytes sealed, struct buffer *out)
{
    TRY(cipher_open(&noise->cipher, sealed, bytes_of(noise->hash, NOISE_HASH_BYTES), out));
    mix_hash(noise, sealed);
    return STATUS_OK;
}

static void split(struct noise *noise)
{
    uint8_t first[NOISE_HASH_BYTES], second[NOISE_HASH_BYTES];
    bool initiator = noise->role == NOISE_INITIATOR;
    hkdf(first, second, noise->chaining_key, (struct bytes){0});
    struct noise_cipher *ours = initiator ? &noise->send : &noise->receive;
    struct noise_cipher *theirs = initiator ? &noise->receive : &noise->send;
    *ours = *theirs = (struct noise_cipher){.has_key = true};
    memcpy(ours->key, first, sizeof ours->key);
    memcpy(theirs->key, second, sizeof theirs->key);
    sodium_memzero(first, sizeof first);
    sodium_memzero(second, sizeof second);
    sodium_memzero(noise->chaining_key, sizeof noise->chaining_key);
    sodium_memzero(&noise->cipher, sizeof noise->cipher);
    dh_key_release(&noise->ephemeral);
}

/* ---- handshake ---- */

void noise_start(struct noise *noise, enum noise_role role, struct bytes prologue,
                 const struct dh_key *local, const uint8_t *remote_static,
                 const struct dh_key *ephemeral)
{
    *noise = (struct noise){.role = role, .local = *local, .has_ephemeral = ephemeral != NULL};
    if (ephemeral)
        noise->ephemeral = *ephemeral;
    if (remote_static)
        memcpy(noise->remote_static, remote_static, DH_KEY_BYTES);
    /* The name is shorter than a hash: it is padded with zeros (5.2). */
    memcpy(noise->hash, protocol_name, sizeof protocol_name - 1);
    memcpy(noise->chaining_key, noise->hash, NOISE_HASH_BYTES);
    mix_hash(noise, prologue);
    mix_hash(noise, bytes_of(role == NOISE_INITIATOR ? noise->remote_static : local->public_key,
                             DH_KEY_BYTES));
}

void noise_release(struct noise *noise)
{
    if (noise)
        sodium_memzero(noise, sizeof *noise);
}

bool noise_done(const struct noise *noise)
{
    return noise->messages_done == 2;
}

static enum status write_ephemeral(struct noise *noise, struct buffer *out)
{
    if (!noise->has_ephemeral)
        dh_key_generate(&noise->ephemeral);
    noise->has_ephemeral = true;
    struct bytes key = bytes_of(noise->ephemeral.public_key, DH_KEY_BYTES);
    mix_hash(noise, key);
    return buffer_append_bytes(out, key);
}

/* -> e, es, s, ss */
static enum status write_first(struct noise *noise, struct bytes payload, struct buffer *out)
{
    TRY(write_ephemeral(noise, out));
    if (!MUTANT("t23-hint-is-proof"))
        TRY(mix_dh(noise, &noise->ephemeral, noise->remote_static));
    TRY(seal_and_hash(noise, bytes_of(noise->local.public_key, DH_KEY_BYTES), out));
    TRY(mix_dh(noise, &noise->local, noise->remote_static));
    return seal_and_hash(noise, payload, out);
}

/* <- e, ee, se */
static enum status write_second(struct noise *noise, struct bytes payload, struct buffer *out)
{
    TRY(write_ephemeral(noise, out));
    TRY(mix_dh(noise, &noise->ephemeral, noise->remote_ephemeral));
    TRY(mix_dh(noise, &noise->ephemeral, noise->remote_static));
    TRY(seal_and_hash(noise, payload, out));
    split(noise);
    return STATUS_OK;
}

enum status noise_write(struct noise *noise, struct bytes payload, struct buffer *out,
                        struct error *err)
{
    bool first = noise->role == NOISE_INITIATOR;
    size_t overhead = first ? NOISE_FIRST_OVERHEAD : NOISE_SECOND_OVERHEAD;
    if (payload.size + overhead > NOISE_MESSAGE_MAX)
        return error_set(err, STATUS_TOO_LARGE, "a handshake message is too long");
    if (noise->messages_done != (first ? 0 : 1))
        return error_set(err, STATUS_PROTOCOL, "the handshake is not at this message");
    enum status status =
        first ? write_first(noise, payload, out) : write_second(noise, payload, out);
    noise->messages_done++;
    return status == STATUS_OK ? status : error_set(err, status, "the handshake cannot be written");
}

static enum status read_ephemeral(struct noise *noise, struct bytes message)
{
    memcpy(noise->remote_ephemeral, message.data, DH_KEY_BYTES);
    mix_hash(noise, bytes_of(message.data, DH_KEY_BYTES));
    return STATUS_OK;
}

static enum status read_first(struct noise *noise, struct bytes message, struct buffer *payload)
{
    struct buffer key = {0};
    if (message.size < NOISE_FIRST_OVERHEAD)
        return STATUS_FORGED;
    TRY(read_ephemeral(noise, message));
    if (!MUTANT("t23-hint-is-proof"))
        TRY(mix_dh(noise, &noise->local, noise->remote_ephemeral));
    enum status status = open_and_hash(
        noise, bytes_of(message.data + DH_KEY_BYTES, DH_KEY_BYTES + NOISE_TAG_BYTES), &key);
    if (status == STATUS_OK)
        memcpy(noise->remote_static, key.data, DH_KEY_BYTES);
    buffer_release(&key);
    TRY(status);
    TRY(mix_dh(noise, &noise->local, noise->remote_static));
    size_t head = 2 * DH_KEY_BYTES + NOISE_TAG_BYTES;
    return open_and_hash(noise, bytes_of(message.data + head, message.size - head), payload);
}

static enum status read_second(struct noise *noise, struct bytes message, struct buffer *payload)
{
    if (message.size < NOISE_SECOND_OVERHEAD)
        return STATUS_FORGED;
    TRY(read_ephemeral(noise, message));
    TRY(mix_dh(noise, &noise->ephemeral, noise->remote_ephemeral));
    TRY(mix_dh(noise, &noise->local, noise->remote_ephemeral));
    TRY(open_and_hash(noise, bytes_of(message.data + DH_KEY_BYTES, message.size - DH_KEY_BYTES),
                      payload));
    split(noise);
    return STATUS_OK;
}

enum status noise_read(struct noise *noise, struct bytes message, struct buffer *payload,
                       struct error *err)
{
    bool first = noise->role == NOISE_RESPONDER;
    if (message.size > NOISE_MESSAGE_MAX)
        return error_set(err, STATUS_TOO_LARGE, "a handshake message is too long");
    if (noise->messages_done != (first ? 0 : 1))
        return error_set(err, STATUS_PROTOCOL, "the handshake is not at this message");
    enum status status =
        first ? read_first(noise, message, payload) : read_second(noise, message, payload);
    noise->messages_done++;
    return status == STATUS_OK ? status
                               : error_set(err, status, "a handshake message does not decrypt");
}

/* ---- transport ---- */

/* REKEY: the first 32 bytes of sealed zeros under the last nonce of all, which no message has. */
static void rekey_when_due(struct noise_cipher *cipher)
{
    static const uint8_t zeros[32];
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES] = {0}, sealed[32 + NOISE_TAG_BYTES];
    if (cipher->nonce % NOISE_REKEY_MESSAGES != 0)
        return;
    put_u64le(nonce + 4, UINT64_MAX);
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, zeros, sizeof zeros, NULL, 0, NULL,
                                              nonce, cipher->key);
    memcpy(cipher->key, sealed, sizeof cipher->key);
    sodium_memzero(sealed, sizeof sealed);
}

enum status noise_encrypt(struct noise *noise, struct bytes plain, struct buffer *out,
                          struct error *err)
{
    if (!noise_done(noise) || plain.size + NOISE_TAG_BYTES > NOISE_MESSAGE_MAX)
        return error_set(err, STATUS_TOO_LARGE, "a frame is too long");
    enum status status = cipher_seal(&noise->send, plain, (struct bytes){0}, out);
    if (status != STATUS_OK)
        return error_set(err, status, "out of memory");
    rekey_when_due(&noise->send);
    return STATUS_OK;
}

enum status noise_decrypt(struct noise *noise, struct bytes sealed, struct buffer *plain,
                          struct error *err)
{
    if (!noise_done(noise))
        return error_set(err, STATUS_PROTOCOL, "the handshake is not over");
    enum status status = cipher_open(&noise->receive, sealed, (struct bytes){0}, plain);
    if (status != STATUS_OK)
        return error_set(err, status, "a frame does not decrypt");
    rekey_when_due(&noise->receive);
    return STATUS_OK;
}
