/* The published vectors of Noise_IK_25519_ChaChaPoly_BLAKE2b, and what must not decrypt. */

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/noise.h"

static struct bytes hex_of(const json_t *object, const char *key, uint8_t *out)
{
    const char *text = json_string_value(json_object_get(object, key));
    size_t size = text ? strlen(text) / 2 : 0;
    assert_true(text && hex_decode(text, out, size));
    return bytes_of(out, size);
}

static struct dh_key key_of(const json_t *vector, const char *name)
{
    uint8_t secret[64];
    struct dh_key key;
    hex_of(vector, name, secret);
    dh_key_from_secret(&key, secret);
    return key;
}

static void start_pair(const json_t *vector, struct noise *initiator, struct noise *responder)
{
    uint8_t first[256], second[256], remote[64];
    struct dh_key ours = key_of(vector, "init_static"), theirs = key_of(vector, "resp_static");
    struct dh_key our_e = key_of(vector, "init_ephemeral");
    struct dh_key their_e = key_of(vector, "resp_ephemeral");
    hex_of(vector, "init_remote_static", remote);
    noise_start(initiator, NOISE_INITIATOR, hex_of(vector, "init_prologue", first), &ours, remote,
                &our_e);
    noise_start(responder, NOISE_RESPONDER, hex_of(vector, "resp_prologue", second), &theirs, NULL,
                &their_e);
}

static void check_message(struct noise *from, struct noise *to, const json_t *message)
{
    uint8_t plain_area[4096], sealed_area[4096];
    struct bytes plain = hex_of(message, "payload", plain_area);
    struct bytes sealed = hex_of(message, "ciphertext", sealed_area);
    struct buffer out = {0}, back = {0};
    if (noise_done(from)) {
        assert_int_equal(noise_encrypt(from, plain, &out, NULL), STATUS_OK);
        assert_int_equal(noise_decrypt(to, buffer_bytes(&out), &back, NULL), STATUS_OK);
    } else {
        assert_int_equal(noise_write(from, plain, &out, NULL), STATUS_OK);
        assert_int_equal(noise_read(to, buffer_bytes(&out), &back, NULL), STATUS_OK);
    }
    assert_true(bytes_equal(buffer_bytes(&out), sealed));
    assert_true(bytes_equal(buffer_bytes(&back), plain));
    buffer_release(&out);
    buffer_release(&back);
}

static void vectors_agree_both_ways(void **state)
{
    (void)state;
    json_t *root = json_load_file(SOURCE_DIR "/tests/vectors/noise_ik.json", 0, NULL);
    json_t *vectors = json_object_get(root, "vectors");
    assert_true(json_array_size(vectors) > 0);
    for (size_t v = 0; v < json_array_size(vectors); v++) {
        json_t *vector = json_array_get(vectors, v);
        json_t *messages = json_object_get(vector, "messages");
        struct noise pair[2];
        uint8_t hash[128];
        start_pair(vector, &pair[0], &pair[1]);
        for (size_t i = 0; i < json_array_size(messages); i++)
            check_message(&pair[i % 2], &pair[(i + 1) % 2], json_array_get(messages, i));
        if (json_object_get(vector, "handshake_hash"))
            assert_true(bytes_equal(hex_of(vector, "handshake_hash", hash),
                                    bytes_of(pair[0].hash, NOISE_HASH_BYTES)));
    }
    json_decref(root);
}

static void any_flipped_byte_of_the_first_message_is_refused(void **state)
{
    (void)state;
    struct dh_key client, hub;
    struct noise initiator, responder;
    struct buffer message = {0}, payload = {0};
    struct bytes prologue = bytes_text("jinqiu/1");
    dh_key_generate(&client);
    dh_key_generate(&hub);
    noise_start(&initiator, NOISE_INITIATOR, prologue, &client, hub.public_key, NULL);
    assert_int_equal(noise_write(&initiator, bytes_text("走访"), &message, NULL), STATUS_OK);
    for (size_t i = 0; i < message.size; i++) {
        message.data[i] ^= 1;
        noise_start(&responder, NOISE_RESPONDER, prologue, &hub, NULL, NULL);
        buffer_clear(&payload);
        assert_int_equal(noise_read(&responder, buffer_bytes(&message), &payload, NULL),
                         STATUS_FORGED);
        message.data[i] ^= 1;
    }
    noise_start(&responder, NOISE_RESPONDER, bytes_text("jinqiu/2"), &hub, NULL, NULL);
    assert_int_equal(noise_read(&responder, buffer_bytes(&message), &payload, NULL), STATUS_FORGED);
    buffer_release(&message);
    buffer_release(&payload);
}

static void the_key_of_a_direction_is_replaced_again_and_again(void **state)
{
    (void)state;
    struct dh_key hub, client;
    struct noise pair[2];
    struct bytes prologue = bytes_text("jinqiu/1");
    struct buffer wire = {0}, plain = {0};
    uint8_t first[32];
    dh_key_generate(&hub);
    dh_key_generate(&client);
    noise_start(&pair[0], NOISE_INITIATOR, prologue, &client, hub.public_key, NULL);
    noise_start(&pair[1], NOISE_RESPONDER, prologue, &hub, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        buffer_clear(&wire);
        assert_int_equal(noise_write(&pair[i], (struct bytes){0}, &wire, NULL), STATUS_OK);
        assert_int_equal(noise_read(&pair[1 - i], buffer_bytes(&wire), &plain, NULL), STATUS_OK);
    }
    memcpy(first, pair[0].send.key, sizeof first);
    for (int i = 0; i < 3 * NOISE_REKEY_MESSAGES + 7; i++) {
        bool before = i < NOISE_REKEY_MESSAGES;
        assert_int_equal(memcmp(pair[0].send.key, first, sizeof first) == 0, before);
        assert_memory_equal(pair[0].send.key, pair[1].receive.key, sizeof first);
        buffer_clear(&wire);
        buffer_clear(&plain);
        assert_int_equal(noise_encrypt(&pair[0], bytes_of(&i, sizeof i), &wire, NULL), STATUS_OK);
        assert_int_equal(noise_decrypt(&pair[1], buffer_bytes(&wire), &plain, NULL), STATUS_OK);
        assert_memory_equal(plain.data, &i, sizeof i);
    }
    assert_memory_not_equal(pair[1].send.key, pair[1].receive.key, sizeof first);
    buffer_release(&wire);
    buffer_release(&plain);
    noise_release(&pair[0]);
    noise_release(&pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_agree_both_ways),
        cmocka_unit_test(any_flipped_byte_of_the_first_message_is_refused),
        cmocka_unit_test(the_key_of_a_direction_is_replaced_again_and_again),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
