/* Rules of rights and forks, condition by condition: of each rule a case that keeps it, and for
 * each of its conditions one that breaks that alone: each is seen to decide by itself (MC/DC). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/support/spell.h"
#include "tests/support/trust.h"

#define B8(byte) byte byte byte byte byte byte byte byte
#define B32(byte) B8(byte) B8(byte) B8(byte) B8(byte)
#define K1 "x" B32("11")
#define K2 "x" B32("22")
#define K3 "x" B32("33")
#define SIGNATURE "x" B32("55") B32("66")
#define PAIR(key) "x" B32(key) " " SIGNATURE " "

struct spelled {
    const char *text;
    enum status wanted;
};

typedef enum status decoder(struct bytes bytes, struct error *err);

static void expect_each(const struct spelled *cases, size_t count, decoder *decode)
{
    struct buffer packed = {0};
    for (size_t i = 0; i < count; i++) {
        struct error err = {0};
        buffer_clear(&packed);
        spell_pack(cases[i].text, &packed);
        enum status status = decode(buffer_bytes(&packed), &err);
        if (status != cases[i].wanted || (status != STATUS_OK && err.text[0] == '\0'))
            fail_msg("%s gives %s '%s'", cases[i].text, status_name(status), err.text);
    }
    buffer_release(&packed);
}

#define EXPECT_EACH(cases, decode) expect_each(cases, sizeof(cases) / sizeof *(cases), decode)

/* ---- root sets ---- */

static enum status decode_set(struct bytes bytes, struct error *err)
{
    struct root_set set;
    return root_set_decode(&set, bytes, err);
}

static void a_root_set_has_a_version_keys_in_order_and_a_threshold_they_can_reach(void **state)
{
    static const struct spelled cases[] = {
        {"[1 1 1 2 [" K1 " " K2 " " K3 "]]", STATUS_OK},
        {"[1 1 1 1 [" K1 "]]", STATUS_OK},
        {"[1 1 1 2 [" K1 " " K2 "] 'of a later program' [1]]", STATUS_OK},
        {"1", STATUS_BAD_INPUT},
        {"[1 1 1 2]", STATUS_BAD_INPUT},
        {"['a' 1 1 2 [" K1 " " K2 "]]", STATUS_BAD_INPUT},
        {"[2 1 1 2 [" K1 " " K2 "]]", STATUS_BAD_INPUT},
        {"[1 'a' 1 2 [" K1 " " K2 "]]", STATUS_BAD_INPUT},
        {"[1 2 1 2 [" K1 " " K2 "]]", STATUS_UNSUPPORTED},
        {"[1 1 'a' 2 [" K1 " " K2 "]]", STATUS_BAD_INPUT},
        {"[1 1 0 2 [" K1 " " K2 "]]", STATUS_BAD_INPUT},
        {"[1 1 1 'a' [" K1 " " K2 "]]", STATUS_BAD_INPUT},
        {"[1 1 1 0 [" K1 " " K2 "]]", STATUS_BAD_INPUT},
        {"[1 1 1 3 [" K1 " " K2 "]]", STATUS_BAD_INPUT},
        {"[1 1 1 2 2]", STATUS_BAD_INPUT},
        {"[1 1 1 2 []]", STATUS_BAD_INPUT},
        {"[1 1 1 2 [" K1 " x" B8("22") "]]", STATUS_BAD_INPUT},
        {"[1 1 1 2 [" K2 " " K1 "]]", STATUS_BAD_INPUT},
        {"[1 1 1 2 [" K1 " " K1 "]]", STATUS_BAD_INPUT},
        {"[1 1 1 2 [" K1 " " K2 "]] 1", STATUS_BAD_INPUT},
        {"[1 1 1 2 [" K1 " " K2 "] #c1]", STATUS_BAD_INPUT},
    };
    (void)state;
    EXPECT_EACH(cases, decode_set);
}

static void a_root_set_has_no_more_keys_than_it_may(void **state)
{
    struct buffer packed = {0};
    (void)state;
    for (uint32_t count = ROOT_KEYS_MAX; count <= ROOT_KEYS_MAX + 1; count++) {
        buffer_clear(&packed);
        spell_pack("#95 1 1 1 1", &packed);
        assert_int_equal(pack_array(&packed, count), STATUS_OK);
        for (uint32_t i = 0; i < count; i++) {
            uint8_t key[PUBLIC_KEY_BYTES] = {(uint8_t)i};
            assert_int_equal(pack_bin(&packed, bytes_of(key, sizeof key)), STATUS_OK);
        }
        struct root_set set;
        assert_int_equal(root_set_decode(&set, buffer_bytes(&packed), NULL),
                         count > ROOT_KEYS_MAX ? STATUS_BAD_INPUT : STATUS_OK);
    }
    buffer_release(&packed);
}

static enum status decode_object(struct bytes bytes, struct error *err)
{
    struct bytes body;
    return root_object_body(bytes, &body, err);
}

static void what_the_root_signs_has_each_signature_once_and_in_order(void **state)
{
    static const struct spelled cases[] = {
        {"[x01 []]", STATUS_OK},
        {"[x01 [" PAIR("11") PAIR("22") "]]", STATUS_OK},
        {"1", STATUS_BAD_INPUT},
        {"[x01]", STATUS_BAD_INPUT},
        {"[1 []]", STATUS_BAD_INPUT},
        {"[x01 1]", STATUS_BAD_INPUT},
        {"[x01 [" K1 "]]", STATUS_BAD_INPUT},
        {"[x01 [x11 " SIGNATURE "]]", STATUS_BAD_INPUT},
        {"[x01 [" K1 " x11]]", STATUS_BAD_INPUT},
        {"[x01 [" PAIR("22") PAIR("11") "]]", STATUS_BAD_INPUT},
        {"[x01 [" PAIR("11") PAIR("11") "]]", STATUS_BAD_INPUT},
        {"[x01 []] 1", STATUS_BAD_INPUT},
    };
    (void)state;
    EXPECT_EACH(cases, decode_object);
}

/* ---- revocations ---- */

static struct trust trust;
static uint32_t device;

static int setup(void **state)
{
    (void)state;
    trust_init(&trust);
    device = trust_enrol(&trust, ROLE_VOLUNTEER, TRUST_BRANCH);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    trust_release(&trust);
    return 0;
}

enum spoiled {
    SOUND,
    SOUND_WITH_HASHES,
    NO_CUT,
    FIELD_TOO_MANY,
    DEVICE_IS_TEXT,
    SERIAL_IS_TEXT,
    SERIAL_IS_ZERO,
    STATE_IS_NONE,
    CUT_IS_TEXT,
    CUT_IS_BROKEN,
    HASHES_ARE_TEXT,
    HASHES_ARE_FEW,
    DEVICE_IS_UNKNOWN,
    ROW_IS_ANOTHERS,
    DEVICE_IS_THE_HUB
};

struct said {
    enum spoiled spoiled;
    uint64_t serial, good;
    uint8_t salt; /* of the hashes */
};

static void put_hashes(const struct said *said)
{
    uint8_t hashes[3 * HASH_BYTES];
    memset(hashes, said->salt, sizeof hashes);
    size_t size = said->spoiled == HASHES_ARE_FEW ? HASH_BYTES : sizeof hashes;
    if (said->spoiled == HASHES_ARE_TEXT)
        trust_text(&trust, 5, "none");
    else if (said->spoiled == SOUND_WITH_HASHES || said->spoiled == HASHES_ARE_FEW ||
             said->spoiled == FIELD_TOO_MANY)
        trust_bin(&trust, 5, bytes_of(hashes, size));
    if (said->spoiled == FIELD_TOO_MANY)
        trust_uint(&trust, 6, 1);
}

static void put_cut(const struct said *said)
{
    static const uint8_t broken[] = {0xff, 0xff};
    struct frontier cut = {0};
    struct buffer packed = {0};
    trust_raise(&cut, device, TRUST_BRANCH, said->good);
    assert_int_equal(frontier_encode(&cut, &packed, NULL), STATUS_OK);
    if (said->spoiled == CUT_IS_TEXT)
        trust_text(&trust, 4, "all");
    else if (said->spoiled == CUT_IS_BROKEN)
        trust_bin(&trust, 4, bytes_of(broken, sizeof broken));
    else if (said->spoiled != NO_CUT)
        trust_bin(&trust, 4, buffer_bytes(&packed));
    buffer_release(&packed);
    frontier_release(&cut);
}

static const struct trust_entry *write_revocation(const struct said *said)
{
    uint32_t whose = said->spoiled == DEVICE_IS_THE_HUB ? 1 : device;
    struct id row = device_id(&trust.network, trust.devices[whose].sign.public_key);
    if (said->spoiled == ROW_IS_ANOTHERS)
        row = trust_id(77);
    trust_start(&trust, SCOPE_REGISTRY(TRUST_BRANCH));
    trust_op(&trust, REGISTRY_REVOCATION, &row);
    if (said->spoiled == DEVICE_IS_TEXT)
        trust_text(&trust, 1, "it");
    else
        trust_uint(&trust, 1, said->spoiled == DEVICE_IS_UNKNOWN ? 60 : whose);
    if (said->spoiled == SERIAL_IS_TEXT)
        trust_text(&trust, 2, "first");
    else
        trust_uint(&trust, 2, said->spoiled == SERIAL_IS_ZERO ? 0 : said->serial);
    trust_uint(&trust, 3, said->spoiled == STATE_IS_NONE ? DEVICE_FORKED + 1 : DEVICE_REVOKED);
    put_cut(said);
    put_hashes(said);
    return trust_finish(&trust);
}

static void a_revocation_is_taken_only_when_each_part_of_it_is_right(void **state)
{
    static const struct {
        enum spoiled spoiled;
        enum status wanted;
    } cases[] = {
        {NO_CUT, STATUS_BAD_INPUT},          {FIELD_TOO_MANY, STATUS_BAD_INPUT},
        {DEVICE_IS_TEXT, STATUS_BAD_INPUT},  {SERIAL_IS_TEXT, STATUS_BAD_INPUT},
        {SERIAL_IS_ZERO, STATUS_BAD_INPUT},  {STATE_IS_NONE, STATUS_BAD_INPUT},
        {CUT_IS_TEXT, STATUS_BAD_INPUT},     {CUT_IS_BROKEN, STATUS_BAD_INPUT},
        {HASHES_ARE_TEXT, STATUS_BAD_INPUT}, {HASHES_ARE_FEW, STATUS_BAD_INPUT},
        {DEVICE_IS_UNKNOWN, STATUS_UNKNOWN}, {ROW_IS_ANOTHERS, STATUS_FORGED},
        {DEVICE_IS_THE_HUB, STATUS_DENIED},  {SOUND, STATUS_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct said said = {cases[i].spoiled, 1, 1, 1};
        struct error err = {0};
        assert_int_equal(registry_cut_serial(trust.registry, device), 0);
        enum status status = trust_apply(&trust, trust.registry, write_revocation(&said), &err);
        if (status != cases[i].wanted)
            fail_msg("case %zu gives %s '%s'", i, status_name(status), err.text);
    }
    assert_int_equal(registry_cut_serial(trust.registry, device), 1);
    assert_int_equal(registry_cut_serial(trust.registry, 60), 0);
}

/* The number and the hash at which the device's records are cut. */
static void expect_cut(const struct registry *registry, uint64_t number, uint8_t salt)
{
    struct feed_id feed = {SCOPE_RECORDS(TRUST_BRANCH), device, INCARNATION_FIRST};
    struct cut cut = {.number = 0};
    assert_true(registry_cut_of(registry, &feed, &cut));
    assert_int_equal(cut.number, number);
    assert_int_equal(cut.hash.bytes[0], salt);
}

static void of_two_revocations_the_same_one_counts_in_any_order(void **state)
{
    static const struct {
        struct said first, second;
        bool any; /* which of the two is the digests' affair */
    } cases[] = {
        {{SOUND_WITH_HASHES, 1, 5, 1}, {SOUND_WITH_HASHES, 2, 3, 2}, false},
        {{SOUND_WITH_HASHES, 2, 5, 1}, {SOUND_WITH_HASHES, 2, 3, 2}, true},
        {{SOUND_WITH_HASHES, 2, 3, 1}, {SOUND_WITH_HASHES, 2, 3, 2}, false},
        {{SOUND, 2, 3, 0}, {SOUND_WITH_HASHES, 2, 3, 2}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct registry *there = trust_registry(&trust, 1), *back = trust_registry(&trust, 1);
        const struct trust_entry *first = write_revocation(&cases[i].first);
        const struct trust_entry *second = write_revocation(&cases[i].second);
        struct feed_id feed = {SCOPE_RECORDS(TRUST_BRANCH), device, INCARNATION_FIRST};
        struct cut cut = {.number = 0};
        assert_int_equal(trust_apply(&trust, there, first, NULL), STATUS_OK);
        assert_int_equal(trust_apply(&trust, there, second, NULL), STATUS_OK);
        assert_int_equal(trust_apply(&trust, back, second, NULL), STATUS_OK);
        assert_int_equal(trust_apply(&trust, back, first, NULL), STATUS_OK);
        assert_true(registry_cut_of(there, &feed, &cut));
        expect_cut(back, cut.number, cut.hash.bytes[0]);
        if (!cases[i].any)
            expect_cut(there, cases[i].second.good, cases[i].second.salt);
        registry_free(there);
        registry_free(back);
        trust.entries_count -= 2; /* the next case begins without them */
        buffer_release(&trust.entries[trust.entries_count].body);
        buffer_release(&trust.entries[trust.entries_count + 1].body);
    }
}

/* ---- sets ---- */

/* The volunteer's tags of a visit, as its value says them. */
static enum status judge_tags(struct bytes value, struct error *err)
{
    struct trust_write tags = {.device = device, .table = 16, .field = 3, .value = value};
    return trust_judge(trust.registry, &tags, err);
}

static void a_set_says_in_order_what_is_added_and_what_is_removed(void **state)
{
    static const struct spelled cases[] = {
        {"[['a'] []]", STATUS_OK},
        {"[['a' 'b'] []]", STATUS_OK},
        {"5", STATUS_BAD_INPUT},
        {"[['a']]", STATUS_BAD_INPUT},
        {"['a' []]", STATUS_BAD_INPUT},
        {"[['a'] 'b']", STATUS_BAD_INPUT},
        {"[['b' 'a'] []]", STATUS_BAD_INPUT},
        {"[['a' 'a'] []]", STATUS_BAD_INPUT},
        {"[[] ['a']]", STATUS_BAD_INPUT},
        {"[[] [['a']]]", STATUS_BAD_INPUT},
    };
    (void)state;
    EXPECT_EACH(cases, judge_tags);
}

/* All at once, or half of them removed. */
static void a_set_has_no_more_elements_than_it_may(void **state)
{
    static const uint32_t counts[][2] = {{ENTRY_ELEMENTS_MAX + 1, 0}, {1, ENTRY_ELEMENTS_MAX}};
    struct buffer value = {0};
    char element[16];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        buffer_clear(&value);
        assert_int_equal(pack_array(&value, 2), STATUS_OK);
        assert_int_equal(pack_array(&value, counts[i][0]), STATUS_OK);
        for (uint32_t k = 0; k < counts[i][0]; k++) {
            snprintf(element, sizeof element, "%05u", k);
            assert_int_equal(pack_str(&value, bytes_text(element)), STATUS_OK);
        }
        assert_int_equal(pack_array(&value, counts[i][1]), STATUS_OK);
        for (uint32_t k = 0; k < counts[i][1]; k++)
            assert_int_equal(pack_nil(&value), STATUS_OK);
        assert_int_equal(judge_tags(buffer_bytes(&value), NULL), STATUS_TOO_LARGE);
    }
    buffer_release(&value);
}

int main(void)
{
#define WITH_TRUST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_set_has_a_version_keys_in_order_and_a_threshold_they_can_reach),
        cmocka_unit_test(a_root_set_has_no_more_keys_than_it_may),
        cmocka_unit_test(what_the_root_signs_has_each_signature_once_and_in_order),
        WITH_TRUST(a_revocation_is_taken_only_when_each_part_of_it_is_right),
        WITH_TRUST(of_two_revocations_the_same_one_counts_in_any_order),
        WITH_TRUST(a_set_says_in_order_what_is_added_and_what_is_removed),
        WITH_TRUST(a_set_has_no_more_elements_than_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
