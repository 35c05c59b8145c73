/* What stands behind a first message: who doesn't know the hub's key costs no Diffie-Hellman. */

#include <jansson.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/knock.h"
#include "tests/support/puppet.h"

/* These stand before libsodium's, so that a test can count. */
static unsigned multiplications;

int crypto_scalarmult(unsigned char *out, const unsigned char *secret, const unsigned char *point)
{
    multiplications++;
    return crypto_scalarmult_curve25519(out, secret, point);
}

int crypto_box_keypair(unsigned char *public_key, unsigned char *secret)
{
    multiplications++;
    return crypto_box_curve25519xsalsa20poly1305_keypair(public_key, secret);
}

static struct bytes hex_of(const json_t *object, const char *key, struct buffer *out)
{
    const char *text = json_string_value(json_object_get(object, key));
    size_t size = strlen(text) / 2;
    buffer_clear(out);
    assert_int_equal(buffer_reserve(out, size), STATUS_OK);
    assert_true(hex_decode(text, out->data, size));
    return bytes_of(out->data, size);
}

static void vectors_agree(void **state)
{
    (void)state;
    json_t *root = json_load_file(SOURCE_DIR "/tests/vectors/link.json", 0, NULL);
    json_t *knocks = json_object_get(root, "knocks");
    struct buffer text = {0}, knock = {0}, responder = {0};
    struct network network;
    memcpy(network.id, hex_of(root, "network", &text).data, NETWORK_BYTES);
    struct bytes key = hex_of(root, "responder", &responder);
    assert_true(json_array_size(knocks) > 0);
    for (size_t i = 0; i < json_array_size(knocks); i++) {
        const json_t *vector = json_array_get(knocks, i);
        struct bytes message = hex_of(vector, "message", &text);
        uint8_t made[KNOCK_BYTES];
        knock_make(made, &network, key.data, message);
        assert_true(bytes_equal(hex_of(vector, "knock", &knock), bytes_of(made, KNOCK_BYTES)));
    }
    buffer_release(&text);
    buffer_release(&knock);
    buffer_release(&responder);
    json_decref(root);
}

static void any_changed_byte_and_any_shorter_frame_is_another_knock(void **state)
{
    (void)state;
    struct network network = {{7}};
    uint8_t responder[DH_KEY_BYTES] = {9}, frame[40] = "a first message, as it may come";
    struct bytes message;
    knock_make(frame + 24, &network, responder, bytes_of(frame, 24));
    assert_true(knock_take(bytes_of(frame, 40), &network, responder, &message));
    assert_int_equal(message.size, 24);
    for (size_t i = 0; i < sizeof frame; i++) {
        frame[i] ^= 1;
        assert_false(knock_take(bytes_of(frame, 40), &network, responder, &message));
        frame[i] ^= 1;
        assert_false(knock_take(bytes_of(frame, i), &network, responder, &message));
    }
    network.id[3] ^= 1;
    assert_false(knock_take(bytes_of(frame, 40), &network, responder, &message));
    network.id[3] ^= 1;
    responder[5] ^= 1;
    assert_false(knock_take(bytes_of(frame, 40), &network, responder, &message));
}

/* How many multiplications a first message costs the hub, and whether it answers. */
static unsigned cost_of(void (*shake)(struct puppet *puppet, struct bytes payload), bool *answered)
{
    struct puppet puppet;
    struct buffer hello = {0};
    puppet_init(&puppet, SESSION_RESPONDER);
    puppet_event(&puppet, SESSION_STARTED);
    puppet_hello(&hello);
    /* What the puppet computes for itself isn't the hub's cost: an ephemeral key, es and ss. */
    multiplications = 0;
    shake(&puppet, buffer_bytes(&hello));
    unsigned cost = multiplications - 3;
    *answered = puppet.sent_bytes > 0;
    assert_true(*answered || puppet.over);
    buffer_release(&hello);
    puppet_release(&puppet);
    return cost;
}

static void without_a_knock_a_handshake_costs_no_multiplication_and_gets_no_answer(void **state)
{
    (void)state;
    bool answered;
    assert_int_equal(cost_of(puppet_shake_unknocked, &answered), 0);
    assert_false(answered);
    /* Ours: es, ss, an ephemeral key, ee, se; and the puppet's ee and se when it hears that. */
    assert_int_equal(cost_of(puppet_shake, &answered), 7);
    assert_true(answered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_agree),
        cmocka_unit_test(any_changed_byte_and_any_shorter_frame_is_another_knock),
        cmocka_unit_test(without_a_knock_a_handshake_costs_no_multiplication_and_gets_no_answer),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
