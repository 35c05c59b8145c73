/* Signed objects: authority, certificates, beacons, receipts, link keys. The bytes are frozen in
 * tests/vectors/certificate.json, which another implementation made. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/certificate.h"
#include "common/pack.h"
#include "common/sealed.h"

static json_t *vectors;
static struct network network;
static struct signing_key root, authority_key, hub;

/* ---- the five kinds behind one call ---- */

/* One object of any kind, as it was opened. */
struct object {
    struct authority authority;
    struct certificate certificate;
    struct beacon beacon;
    struct receipt receipt;
    struct link_key link_key;
};

static void object_release(struct object *object)
{
    certificate_release(&object->certificate);
    receipt_release(&object->receipt);
    *object = (struct object){0};
}

static const char *const kinds[] = {"authority", "certificate", "beacon", "receipt", "link_key"};
#define KINDS_COUNT (sizeof kinds / sizeof kinds[0])

static size_t kind_of(const char *name)
{
    for (size_t i = 0; i < KINDS_COUNT; i++)
        if (strcmp(kinds[i], name) == 0)
            return i;
    fail_msg("no kind %s", name);
    return 0;
}

static const struct signing_key *key_of(size_t kind)
{
    const struct signing_key *const keys[] = {&root, &authority_key, &authority_key, &hub,
                                              &authority_key};
    return keys[kind];
}

static enum status open_as(size_t kind, struct object *object, const struct network *in,
                           struct bytes sealed, const uint8_t key[PUBLIC_KEY_BYTES])
{
    struct root_set set = {.suite = SUITE_1, .version = 1, .threshold = 1, .count = 1};
    memcpy(set.keys[0], key, PUBLIC_KEY_BYTES);
    switch (kind) {
    case 0:
        return authority_open(&object->authority, in, sealed, &set, NULL);
    case 1:
        return certificate_open(&object->certificate, in, sealed, key, NULL);
    case 2:
        return beacon_open(&object->beacon, in, sealed, key, NULL);
    case 3:
        return receipt_open(&object->receipt, in, sealed, key, NULL);
    default:
        return link_key_open(&object->link_key, in, sealed, key, NULL);
    }
}

static enum status open_sealed(size_t kind, struct object *object, struct bytes sealed)
{
    return open_as(kind, object, &network, sealed, key_of(kind)->public_key);
}

static enum status seal_again(size_t kind, const struct object *object, struct buffer *out)
{
    const struct signing_key *key = key_of(kind);
    struct root_signers signers = {key, 1};
    switch (kind) {
    case 0:
        return authority_seal(&object->authority, &network, &signers, out, NULL);
    case 1:
        return certificate_seal(&object->certificate, &network, key, out, NULL);
    case 2:
        return beacon_seal(&object->beacon, &network, key, out, NULL);
    case 3:
        return receipt_seal(&object->receipt, &network, key, out, NULL);
    default:
        return link_key_seal(&object->link_key, &network, key, out, NULL);
    }
}

/* ---- vectors ---- */

static const char *text_of(const json_t *vector, const char *name)
{
    const char *text = json_string_value(json_object_get(vector, name));
    assert_non_null(text);
    return text;
}

/* Gives the bytes: free() them. */
static struct bytes hex_of(const json_t *vector, const char *name)
{
    const char *text = text_of(vector, name);
    size_t size = strlen(text) / 2;
    uint8_t *data = malloc(size + 1);
    assert_non_null(data);
    assert_true(hex_decode(text, data, size));
    return bytes_of(data, size);
}

static void bytes_free(struct bytes bytes)
{
    free((void *)(uintptr_t)bytes.data);
}

static void take_key(struct signing_key *key, const char *name)
{
    struct bytes seed = hex_of(vectors, name);
    assert_int_equal(seed.size, 32);
    signing_key_from_seed(key, seed.data);
    bytes_free(seed);
}

static int setup(void **state)
{
    (void)state;
    assert_int_equal(keys_init(NULL), STATUS_OK);
    vectors = json_load_file(SOURCE_DIR "/tests/vectors/certificate.json", 0, NULL);
    assert_non_null(vectors);
    take_key(&root, "root_seed");
    take_key(&authority_key, "authority_seed");
    take_key(&hub, "hub_seed");
    network = network_of_root(bytes_of(root.public_key, PUBLIC_KEY_BYTES));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

/* Calls `check` on every good vector. */
static void for_each_good(void (*check)(size_t kind, struct bytes sealed, const char *meaning))
{
    size_t at;
    json_t *vector;
    json_array_foreach(json_object_get(vectors, "good"), at, vector)
    {
        struct bytes sealed = hex_of(vector, "sealed");
        check(kind_of(text_of(vector, "kind")), sealed, text_of(vector, "meaning"));
        bytes_free(sealed);
    }
    assert_int_equal(at, 12);
}

static bool has_trailing(const char *meaning)
{
    return strstr(meaning, "trailing") != NULL;
}

static void opens_and_seals_to_the_same_bytes(size_t kind, struct bytes sealed, const char *meaning)
{
    struct object object = {0};
    struct buffer again = {0};
    assert_int_equal(open_sealed(kind, &object, sealed), STATUS_OK);
    assert_int_equal(seal_again(kind, &object, &again), STATUS_OK);
    assert_true(bytes_equal(buffer_bytes(&again), sealed) != has_trailing(meaning));
    buffer_release(&again);
    object_release(&object);
}

static void every_object_has_its_frozen_bytes(void **state)
{
    (void)state;
    struct bytes id = hex_of(vectors, "network");
    assert_true(bytes_equal(id, bytes_of(network.id, NETWORK_BYTES)));
    bytes_free(id);
    for_each_good(opens_and_seals_to_the_same_bytes);
}

static void broken_forms_are_refused_though_signed(void **state)
{
    (void)state;
    size_t at;
    json_t *vector;
    json_array_foreach(json_object_get(vectors, "refused"), at, vector)
    {
        struct object object = {0};
        struct bytes sealed = hex_of(vector, "sealed");
        enum status status = open_sealed(kind_of(text_of(vector, "kind")), &object, sealed);
        if (strcmp(status_name(status), text_of(vector, "status")) != 0)
            fail_msg("%s, %s: %s", text_of(vector, "kind"), text_of(vector, "meaning"),
                     status_name(status));
        bytes_free(sealed);
        object_release(&object);
    }
    assert_int_equal(at, 33);
}

/* ---- what a signature covers ---- */

static void is_refused_with_any_byte_flipped(size_t kind, struct bytes sealed, const char *meaning)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    uint8_t copy[1024];
    assert_true(sealed.size <= sizeof copy);
    memcpy(copy, sealed.data, sealed.size);
    for (size_t at = 0; at < sealed.size; at++)
        for (size_t i = 0; i < sizeof flips; i++) {
            struct object object = {0};
            copy[at] ^= flips[i];
            if (open_sealed(kind, &object, bytes_of(copy, sealed.size)) == STATUS_OK)
                fail_msg("%s, %s: byte %zu flipped and still accepted", kinds[kind], meaning, at);
            copy[at] ^= flips[i];
            object_release(&object);
        }
}

static void every_flipped_byte_is_refused(void **state)
{
    (void)state;
    for_each_good(is_refused_with_any_byte_flipped);
}

static void is_refused_when_torn_or_longer(size_t kind, struct bytes sealed, const char *meaning)
{
    struct object object = {0};
    (void)meaning;
    for (size_t size = 0; size < sealed.size; size++) {
        /* In memory of exactly that size, so that a look beyond it is seen. */
        uint8_t *copy = malloc(size ? size : 1);
        assert_non_null(copy);
        memcpy(copy, sealed.data, size);
        assert_int_not_equal(open_sealed(kind, &object, bytes_of(copy, size)), STATUS_OK);
        free(copy);
    }
    struct buffer longer = {0};
    assert_int_equal(buffer_append_bytes(&longer, sealed), STATUS_OK);
    assert_int_equal(pack_nil(&longer), STATUS_OK);
    assert_int_not_equal(open_sealed(kind, &object, buffer_bytes(&longer)), STATUS_OK);
    buffer_release(&longer);
    object_release(&object);
}

static void every_missing_or_added_byte_is_refused(void **state)
{
    (void)state;
    for_each_good(is_refused_when_torn_or_longer);
}

static void is_forged_elsewhere(size_t kind, struct bytes sealed, const char *meaning)
{
    struct object object = {0};
    struct network other = network_of_root(bytes_of(hub.public_key, PUBLIC_KEY_BYTES));
    struct signing_key stranger;
    uint8_t seed[32] = {9};
    (void)meaning;
    signing_key_from_seed(&stranger, seed);
    assert_int_equal(open_as(kind, &object, &other, sealed, key_of(kind)->public_key),
                     STATUS_FORGED);
    assert_int_equal(open_as(kind, &object, &network, sealed, stranger.public_key), STATUS_FORGED);
    object_release(&object);
}

static void another_network_or_another_signer_is_forged(void **state)
{
    (void)state;
    for_each_good(is_forged_elsewhere);
}

static void is_nothing_else(size_t kind, struct bytes sealed, const char *meaning)
{
    (void)meaning;
    for (size_t other = 0; other < KINDS_COUNT; other++) {
        struct object object = {0};
        enum status status = open_as(other, &object, &network, sealed, key_of(kind)->public_key);
        assert_true((status == STATUS_OK) == (other == kind));
        object_release(&object);
    }
}

static void an_object_of_one_kind_is_never_one_of_another(void **state)
{
    (void)state;
    for_each_good(is_nothing_else);
}

static void trailing_elements_are_covered_by_the_signature(void **state)
{
    (void)state;
    struct certificate plain = {.suite = SUITE_1,
                                .device = 7,
                                .serial = 1,
                                .person_name = "示例党员001",
                                .role = ROLE_VOLUNTEER,
                                .org = 4,
                                .issuer = 1};
    struct buffer sealed = {0}, body = {0}, with = {0}, forged = {0};
    struct bytes inner, signature;
    struct certificate opened;
    assert_int_equal(certificate_seal(&plain, &network, &authority_key, &sealed, NULL), STATUS_OK);
    assert_int_equal(sealed_peek(&inner, &signature, buffer_bytes(&sealed), NULL), STATUS_OK);

    /* The same 13 elements and one more. */
    assert_int_equal(inner.data[0], 0x9d);
    assert_int_equal(pack_array(&body, 14), STATUS_OK);
    assert_int_equal(buffer_append(&body, inner.data + 1, inner.size - 1), STATUS_OK);
    assert_int_equal(pack_str(&body, bytes_text("later")), STATUS_OK);
    assert_int_equal(
        sealed_pack(&with, TAG_CERTIFICATE, &network, buffer_bytes(&body), &authority_key, NULL),
        STATUS_OK);
    assert_int_equal(
        certificate_open(&opened, &network, buffer_bytes(&with), authority_key.public_key, NULL),
        STATUS_OK);
    assert_int_equal(opened.device, 7);
    certificate_release(&opened);

    /* The old signature doesn't cover it. */
    assert_int_equal(pack_array(&forged, 2), STATUS_OK);
    assert_int_equal(pack_bin(&forged, buffer_bytes(&body)), STATUS_OK);
    assert_int_equal(pack_bin(&forged, signature), STATUS_OK);
    assert_int_equal(
        certificate_open(&opened, &network, buffer_bytes(&forged), authority_key.public_key, NULL),
        STATUS_FORGED);
    buffer_release(&sealed);
    buffer_release(&body);
    buffer_release(&with);
    buffer_release(&forged);
}

/* ---- certificates ---- */

static void a_certificate_says_who_where_and_from_when(void **state)
{
    (void)state;
    struct certificate certificate;
    uint32_t issuer;
    struct bytes sealed = hex_of(json_array_get(json_object_get(vectors, "good"), 2), "sealed");
    assert_int_equal(
        certificate_open(&certificate, &network, sealed, authority_key.public_key, NULL),
        STATUS_OK);
    assert_int_equal(certificate.device, 7);
    assert_int_equal(certificate.serial, 2);
    assert_string_equal(certificate.person_name, "示例党员001");
    assert_int_equal(certificate.person.bytes[15], 0xaf);
    assert_int_equal(certificate.dh_key[31], 0x5f);
    assert_int_equal(certificate.role, ROLE_SECRETARY);
    assert_int_equal(certificate.org, 4);
    assert_int_equal(certificate.beacon, 300);
    struct feed_id first = {8, 7, 1}, second = {8, 7, 2}, third = {8, 7, 3};
    assert_int_equal(frontier_get(&certificate.from, &first), 418);
    assert_int_equal(frontier_get(&certificate.from, &second), 1);
    assert_int_equal(frontier_get(&certificate.from, &third), 0);
    assert_int_equal(certificate_issuer(sealed, &issuer, NULL), STATUS_OK);
    assert_int_equal(issuer, certificate.issuer);
    certificate_release(&certificate);
    bytes_free(sealed);
}

static void a_certificate_past_its_limit_is_neither_sealed_nor_opened(void **state)
{
    (void)state;
    struct certificate certificate = {.suite = SUITE_1,
                                      .device = 7,
                                      .serial = 1,
                                      .person_name = "示例党员001",
                                      .role = ROLE_VOLUNTEER,
                                      .org = 4,
                                      .issuer = 1};
    struct certificate opened;
    struct buffer sealed = {0};
    enum status status = STATUS_OK;
    size_t sealed_sizes = 0;
    for (uint32_t scope = 1; status == STATUS_OK; scope++) {
        struct feed_id feed = {scope, 7, INCARNATION_FIRST};
        assert_int_equal(frontier_raise(&certificate.from, &feed, 1, NULL), STATUS_OK);
        buffer_clear(&sealed);
        status = certificate_seal(&certificate, &network, &authority_key, &sealed, NULL);
        if (status != STATUS_OK)
            break;
        sealed_sizes++;
        assert_true(sealed.size <= CERTIFICATE_BYTES_MAX);
        assert_int_equal(certificate_open(&opened, &network, buffer_bytes(&sealed),
                                          authority_key.public_key, NULL),
                         STATUS_OK);
        assert_int_equal(opened.from.count, certificate.from.count);
        certificate_release(&opened);
    }
    assert_int_equal(status, STATUS_TOO_LARGE);
    assert_true(sealed_sizes > 500);
    uint8_t zeroes[CERTIFICATE_BYTES_MAX + 1] = {0};
    assert_int_equal(certificate_open(&opened, &network, bytes_of(zeroes, sizeof zeroes),
                                      authority_key.public_key, NULL),
                     STATUS_TOO_LARGE);
    certificate_release(&certificate);
    buffer_release(&sealed);
}

/* ---- receipts ---- */

static void a_receipt_can_be_read_without_its_key(void **state)
{
    (void)state;
    struct receipt receipt = {0};
    struct bytes sealed = hex_of(json_array_get(json_object_get(vectors, "good"), 8), "sealed");
    struct feed_id feed = {8, 7, 1};
    assert_int_equal(receipt_peek(&receipt, sealed, NULL), STATUS_OK);
    assert_int_equal(receipt.device, 1);
    assert_int_equal(receipt.lineage, 7);
    assert_int_equal(receipt.beacon, 300);
    assert_int_equal(frontier_get(&receipt.held, &feed), 417);
    receipt_release(&receipt);
    bytes_free(sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_object_has_its_frozen_bytes),
        cmocka_unit_test(broken_forms_are_refused_though_signed),
        cmocka_unit_test(every_flipped_byte_is_refused),
        cmocka_unit_test(every_missing_or_added_byte_is_refused),
        cmocka_unit_test(another_network_or_another_signer_is_forged),
        cmocka_unit_test(an_object_of_one_kind_is_never_one_of_another),
        cmocka_unit_test(trailing_elements_are_covered_by_the_signature),
        cmocka_unit_test(a_certificate_says_who_where_and_from_when),
        cmocka_unit_test(a_certificate_past_its_limit_is_neither_sealed_nor_opened),
        cmocka_unit_test(a_receipt_can_be_read_without_its_key),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
