/* The ways to a master key: each secret opens its own slot and no other, changes touch one slot,
 * and what isn't a slot is refused whatever byte of it is wrong. */

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/escrow.h"
#include "common/keyslots.h"
#include "common/passphrase.h"

static const struct kdf_cost cheap = {1, 8};
static const uint8_t master[MASTER_KEY_BYTES] = "a master key of thirty-two bytes";

static struct key_secret secret_of(enum keyslot_kind kind, const char *text)
{
    return (struct key_secret){.kind = kind,
                               .bytes = bytes_text(text),
                               .cost = kind == KEYSLOT_PASSPHRASE ? cheap : (struct kdf_cost){0}};
}

static enum status try_open(const struct keyslots *slots, enum keyslot_kind kind, const char *text)
{
    uint8_t found[MASTER_KEY_BYTES] = {0};
    struct key_secret secret = secret_of(kind, text);
    enum status status = keyslots_open(slots, &secret, found, NULL);
    if (status == STATUS_OK)
        assert_memory_equal(found, master, sizeof master);
    return status;
}

static void set(struct keyslots *slots, enum keyslot_kind kind, const char *text)
{
    struct key_secret secret = secret_of(kind, text);
    assert_int_equal(keyslots_set(slots, master, &secret, NULL), STATUS_OK);
}

static void fill(struct keyslots *slots)
{
    uint8_t pair[ESCROW_KEY_BYTES], hidden[32];
    crypto_box_keypair(pair, hidden);
    struct key_secret escrow = {.kind = KEYSLOT_ESCROW, .bytes = bytes_of(pair, sizeof pair)};
    keyslots_init(slots, PAGE_CIPHER_AEGIS_256);
    set(slots, KEYSLOT_KEY_FILE, "thirty-two bytes or more of a file");
    set(slots, KEYSLOT_PASSPHRASE, "四个 以上 的 词");
    set(slots, KEYSLOT_RECOVERY, "fifteen bytes..");
    assert_int_equal(keyslots_set(slots, master, &escrow, NULL), STATUS_OK);
}

static void test_each_secret_opens_its_slot_and_no_other(void **state)
{
    (void)state;
    struct keyslots slots;
    fill(&slots);
    assert_int_equal(slots.count, 4);
    static const char *const texts[] = {"四个 以上 的 词", "fifteen bytes..",
                                        "thirty-two bytes or more of a file"};
    for (int kind = KEYSLOT_PASSPHRASE; kind <= KEYSLOT_KEY_FILE; kind++)
        for (int text = 0; text < 3; text++)
            assert_int_equal(try_open(&slots, kind, texts[text]),
                             text == kind - 1 ? STATUS_OK : STATUS_DENIED);
    assert_int_equal(try_open(&slots, KEYSLOT_PASSPHRASE, ""), STATUS_DENIED);
    assert_int_equal(try_open(&slots, KEYSLOT_PASSPHRASE, "四个 以上 的 词 "), STATUS_DENIED);
}

static void test_slots_come_back_from_their_bytes(void **state)
{
    (void)state;
    struct keyslots slots, back;
    uint8_t bytes[KEYSLOTS_BYTES_MAX], again[KEYSLOTS_BYTES_MAX];
    fill(&slots);
    size_t size = keyslots_encode(&slots, bytes);
    assert_int_equal(size, KEYSLOTS_BYTES_MAX);
    assert_int_equal(keyslots_decode(&back, bytes_of(bytes, size), NULL), STATUS_OK);
    assert_int_equal(try_open(&back, KEYSLOT_PASSPHRASE, "四个 以上 的 词"), STATUS_OK);
    assert_int_equal(keyslots_encode(&back, again), size);
    assert_memory_equal(bytes, again, size);
}

/* Behind the checksum of the file, whoever altered a byte on purpose gets nowhere either. */
static void test_a_changed_byte_never_opens(void **state)
{
    (void)state;
    struct keyslots slots, back;
    uint8_t bytes[KEYSLOTS_BYTES_MAX];
    keyslots_init(&slots, PAGE_CIPHER_AEGIS_256);
    set(&slots, KEYSLOT_PASSPHRASE, "a passphrase");
    size_t size = keyslots_encode(&slots, bytes);
    for (size_t at = 0; at < size; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] ^= (uint8_t)(1u << bit);
            enum status status = keyslots_decode(&back, bytes_of(bytes, size), NULL);
            /* A cost of gigabytes isn't tried out here. */
            const struct keyslot *slot =
                status == STATUS_OK ? keyslots_find(&back, KEYSLOT_PASSPHRASE) : NULL;
            if (slot && slot->cost.memory_kib <= 1024)
                status = try_open(&back, KEYSLOT_PASSPHRASE, "a passphrase");
            else if (status == STATUS_OK)
                status = STATUS_DENIED;
            if (status != STATUS_BAD_INPUT && status != STATUS_DENIED && status != STATUS_NEWER)
                fail_msg("bit %u of byte %zu: %s", bit, at, status_name(status));
            bytes[at] ^= (uint8_t)(1u << bit);
        }
}

static void test_other_sizes_and_orders_are_refused(void **state)
{
    (void)state;
    struct keyslots slots, back;
    uint8_t bytes[KEYSLOTS_BYTES_MAX + 1] = {0}, swapped[KEYSLOTS_BYTES_MAX];
    fill(&slots);
    size_t size = keyslots_encode(&slots, bytes);
    for (size_t cut = 0; cut <= size + 1; cut++)
        if (cut != size)
            assert_int_equal(keyslots_decode(&back, bytes_of(bytes, cut), NULL), STATUS_BAD_INPUT);
    memcpy(swapped, bytes, size);
    memcpy(swapped + KEYSLOTS_HEAD_BYTES, bytes + KEYSLOTS_HEAD_BYTES + KEYSLOT_BYTES,
           KEYSLOT_BYTES);
    assert_int_equal(keyslots_decode(&back, bytes_of(swapped, size), NULL), STATUS_BAD_INPUT);
    bytes[0] = 2;
    assert_int_equal(keyslots_decode(&back, bytes_of(bytes, size), NULL), STATUS_NEWER);
}

static void test_a_cost_beyond_bounds_is_refused(void **state)
{
    (void)state;
    static const struct kdf_cost bad[] = {
        {0, 8}, {257, 8}, {1, 7}, {1, 1024 * 1024 + 1}, {UINT32_MAX, UINT32_MAX}};
    struct keyslots slots, back;
    uint8_t bytes[KEYSLOTS_BYTES_MAX];
    keyslots_init(&slots, PAGE_CIPHER_XCHACHA20);
    set(&slots, KEYSLOT_PASSPHRASE, "a passphrase");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        slots.slots[0].cost = bad[i];
        size_t size = keyslots_encode(&slots, bytes);
        assert_int_equal(keyslots_decode(&back, bytes_of(bytes, size), NULL), STATUS_BAD_INPUT);
    }
}

static void test_setting_again_replaces_one_slot(void **state)
{
    (void)state;
    struct keyslots slots, before;
    fill(&slots);
    before = slots;
    set(&slots, KEYSLOT_PASSPHRASE, "another passphrase");
    assert_int_equal(slots.count, 4);
    assert_int_equal(try_open(&slots, KEYSLOT_PASSPHRASE, "四个 以上 的 词"), STATUS_DENIED);
    assert_int_equal(try_open(&slots, KEYSLOT_PASSPHRASE, "another passphrase"), STATUS_OK);
    for (size_t i = 1; i < 4; i++)
        assert_memory_equal(&slots.slots[i], &before.slots[i], sizeof slots.slots[i]);
}

static void test_a_removed_slot_opens_nothing_and_the_last_one_stays(void **state)
{
    (void)state;
    struct keyslots slots;
    uint8_t bytes[KEYSLOTS_BYTES_MAX];
    fill(&slots);
    assert_int_equal(keyslots_remove(&slots, KEYSLOT_RECOVERY, NULL), STATUS_OK);
    assert_int_equal(try_open(&slots, KEYSLOT_RECOVERY, "fifteen bytes.."), STATUS_NOT_FOUND);
    assert_int_equal(keyslots_remove(&slots, KEYSLOT_RECOVERY, NULL), STATUS_NOT_FOUND);
    assert_int_equal(keyslots_remove(&slots, KEYSLOT_ESCROW, NULL), STATUS_OK);
    assert_int_equal(keyslots_remove(&slots, KEYSLOT_KEY_FILE, NULL), STATUS_OK);
    assert_int_equal(keyslots_remove(&slots, KEYSLOT_PASSPHRASE, NULL), STATUS_DENIED);
    assert_int_equal(try_open(&slots, KEYSLOT_PASSPHRASE, "四个 以上 的 词"), STATUS_OK);
    assert_int_equal(keyslots_encode(&slots, bytes), KEYSLOTS_HEAD_BYTES + KEYSLOT_BYTES);
}

/* A slot that somebody copies from another folder opens nothing here. */
static void test_a_slot_belongs_to_its_folder_and_cipher(void **state)
{
    (void)state;
    struct keyslots slots, other;
    fill(&slots);
    fill(&other);
    other.slots[0] = slots.slots[0];
    assert_int_equal(try_open(&other, KEYSLOT_PASSPHRASE, "四个 以上 的 词"), STATUS_DENIED);
    slots.cipher = PAGE_CIPHER_XCHACHA20;
    assert_int_equal(try_open(&slots, KEYSLOT_PASSPHRASE, "四个 以上 的 词"), STATUS_DENIED);
}

static void test_the_bureau_opens_an_escrow_by_the_code_inside(void **state)
{
    (void)state;
    struct keyslots slots;
    uint8_t key[ESCROW_KEY_BYTES], hidden[32], code[RECOVERY_CODE_BYTES], found[MASTER_KEY_BYTES];
    crypto_box_keypair(key, hidden);
    struct key_secret escrow = {.kind = KEYSLOT_ESCROW, .bytes = bytes_of(key, sizeof key)};
    keyslots_init(&slots, PAGE_CIPHER_AEGIS_256);
    assert_int_equal(keyslots_set(&slots, master, &escrow, NULL), STATUS_OK);
    const struct keyslot *slot = keyslots_find(&slots, KEYSLOT_ESCROW);

    struct escrow_request request, read;
    char text[ESCROW_TEXT_MAX];
    memcpy(request.key, slot->recipient, sizeof request.key);
    memcpy(request.sealed, slot->sealed, sizeof request.sealed);
    escrow_request_format(&request, text);
    assert_int_equal(escrow_request_parse(text, &read, NULL), STATUS_OK);
    assert_int_equal(crypto_box_seal_open(code, read.sealed, sizeof read.sealed, key, hidden), 0);
    escrow.bytes = bytes_of(code, sizeof code);
    assert_int_equal(keyslots_open(&slots, &escrow, found, NULL), STATUS_OK);
    assert_memory_equal(found, master, sizeof master);
    code[3] ^= 1;
    assert_int_equal(keyslots_open(&slots, &escrow, found, NULL), STATUS_DENIED);
}

static void test_a_mistyped_escrow_text_is_noticed(void **state)
{
    (void)state;
    uint8_t key[ESCROW_KEY_BYTES], read[ESCROW_KEY_BYTES];
    char text[ESCROW_TEXT_MAX];
    randombytes_buf(key, sizeof key);
    escrow_key_format(key, text);
    assert_int_equal(escrow_key_parse(text, read, NULL), STATUS_OK);
    assert_memory_equal(key, read, sizeof key);
    for (size_t i = 0; text[i]; i++) {
        char right = text[i];
        text[i] = right == 'A' ? 'B' : 'A';
        assert_int_equal(escrow_key_parse(text, read, NULL), STATUS_BAD_INPUT);
        text[i] = '\0';
        assert_int_equal(escrow_key_parse(text, read, NULL), STATUS_BAD_INPUT);
        text[i] = right;
    }
}

/* ---- recovery codes ---- */

static void test_a_code_survives_paper(void **state)
{
    (void)state;
    uint8_t code[RECOVERY_CODE_BYTES], read[RECOVERY_CODE_BYTES];
    char text[RECOVERY_CODE_TEXT], typed[64];
    for (int i = 0; i < 100; i++) {
        randombytes_buf(code, sizeof code);
        recovery_code_format(code, text);
        assert_int_equal(strlen(text), RECOVERY_CODE_TEXT - 1);
        assert_null(strpbrk(text, "ILOU"));
        size_t size = 0;
        for (const char *at = text; *at; at++)
            typed[size++] = (char)(*at == '-'   ? ' '
                                   : *at == '0' ? 'o'
                                   : *at == '1' ? 'l'
                                   : *at >= 'A' ? *at + 32
                                                : *at);
        typed[size] = '\0';
        assert_true(recovery_code_parse(text, read));
        assert_memory_equal(code, read, sizeof code);
        assert_true(recovery_code_parse(typed, read));
        assert_memory_equal(code, read, sizeof code);
        typed[size - 1] = '\0';
        assert_true(!recovery_code_parse(typed, read));
        strcat(strcat(typed, text + size - 1), "X");
        assert_true(!recovery_code_parse(typed, read));
    }
    assert_true(!recovery_code_parse("UUUU-0000-0000-0000-0000-0000", read));
    assert_true(!recovery_code_parse("", read));
}

/* ---- what it costs, what it is worth ---- */

static uint64_t slow(const struct kdf_cost *cost)
{
    return (uint64_t)cost->passes * cost->memory_kib / 1024; /* 64 MiB, 3 passes: 192 ms */
}

static uint64_t fast(const struct kdf_cost *cost)
{
    return (uint64_t)cost->passes * cost->memory_kib / 16384;
}

static uint64_t very_slow(const struct kdf_cost *cost)
{
    return slow(cost) * 10;
}

static uint64_t timeless(const struct kdf_cost *cost)
{
    (void)cost;
    return 0;
}

static void test_the_cost_takes_its_time_within_bounds(void **state)
{
    (void)state;
    struct kdf_cost cost = kdf_calibrate(very_slow);
    assert_int_equal(cost.passes, KDF_PASSES_LEAST);
    assert_int_equal(cost.memory_kib, KDF_MEMORY_KIB_LEAST);
    cost = kdf_calibrate(slow);
    assert_true(slow(&cost) >= KDF_MS);
    assert_int_equal(cost.memory_kib, KDF_MEMORY_KIB_MOST);
    cost = kdf_calibrate(fast);
    assert_true(fast(&cost) >= KDF_MS && cost.passes > KDF_PASSES_LEAST);
    cost = kdf_calibrate(timeless);
    assert_int_equal(cost.passes, KDF_PASSES_MOST);
    assert_true(kdf_cost_valid(&cost));
}

static void test_a_pin_is_worth_nothing(void **state)
{
    (void)state;
    static const char *const nothing[] = {"", "12345", "123456", "1949-10-01", "abc", "桂林"};
    static const char *const little[] = {"secret", "桂林山水", "123456789012"};
    static const char *const good[] = {"correct horse battery", "壮美广西山清水秀"};
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
        assert_int_equal(passphrase_worth(bytes_text(nothing[i])), PASSPHRASE_WORTHLESS);
    for (size_t i = 0; i < sizeof little / sizeof little[0]; i++)
        assert_int_equal(passphrase_worth(bytes_text(little[i])), PASSPHRASE_SHORT);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(passphrase_worth(bytes_text(good[i])), PASSPHRASE_GOOD);
}

/* Neither a child process finds it, nor who looks at the memory where it lay. */
static void test_a_secret_of_the_environment_is_wiped_there(void **state)
{
    (void)state;
    static const char name[] = "JINQIU_TEST_SECRET", secret[] = "correct horse battery";
    static const char wiped[sizeof secret];
    struct passphrase *passphrase;
    assert_int_equal(setenv(name, secret, 1), 0);
    const char *place = getenv(name);
    assert_int_equal(passphrase_from_environment(&passphrase, name, NULL), STATUS_OK);
    assert_string_equal(passphrase_text(passphrase), secret);
    assert_null(getenv(name));
    assert_memory_equal(place, wiped, sizeof wiped);
    passphrase_free(passphrase);
    assert_int_equal(passphrase_from_environment(&passphrase, name, NULL), STATUS_OK);
    assert_null(passphrase);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_secret_opens_its_slot_and_no_other),
        cmocka_unit_test(test_slots_come_back_from_their_bytes),
        cmocka_unit_test(test_a_changed_byte_never_opens),
        cmocka_unit_test(test_other_sizes_and_orders_are_refused),
        cmocka_unit_test(test_a_cost_beyond_bounds_is_refused),
        cmocka_unit_test(test_setting_again_replaces_one_slot),
        cmocka_unit_test(test_a_removed_slot_opens_nothing_and_the_last_one_stays),
        cmocka_unit_test(test_a_slot_belongs_to_its_folder_and_cipher),
        cmocka_unit_test(test_the_bureau_opens_an_escrow_by_the_code_inside),
        cmocka_unit_test(test_a_mistyped_escrow_text_is_noticed),
        cmocka_unit_test(test_a_code_survives_paper),
        cmocka_unit_test(test_the_cost_takes_its_time_within_bounds),
        cmocka_unit_test(test_a_pin_is_worth_nothing),
        cmocka_unit_test(test_a_secret_of_the_environment_is_wiped_there),
    };
    if (sodium_init() < 0)
        return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
