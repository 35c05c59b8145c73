/* Sealed values and their keys, as pure functions. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "common/seal.h"

static const struct network network = {{1, 2, 3}};
static const struct network other_network = {{1, 2, 4}};
static const struct seal_place place = {24, {{7}}, 8};

static struct zstd_room zstd;

static struct seal_key a_key(void)
{
    struct seal_key key;
    scope_key_generate(&key, &network);
    return key;
}

static struct seal_means means_of(const struct seal_key *key)
{
    return (struct seal_means){&network, key, &zstd};
}

static struct bytes content_of(const struct buffer *sealed)
{
    struct unpack in = unpack_of(buffer_bytes(sealed));
    struct bytes content;
    assert_true(unpack_sealed(&in, &content));
    return content;
}

static void a_value_opens_only_with_its_key_at_its_place(void **state)
{
    (void)state;
    struct seal_key key = a_key(), wrong = a_key();
    struct seal_means means = means_of(&key), wrong_key = means_of(&wrong), other = means;
    struct seal_place elsewhere[] = {place, place, place};
    struct buffer value = {0}, sealed = {0}, opened = {0};
    other.network = &other_network;
    elsewhere[0].table++;
    elsewhere[1].row.bytes[15] ^= 1;
    elsewhere[2].field++;
    for (size_t size = 0; size < 70; size++) {
        char text[80] = {0};
        memset(text, 'x', size);
        buffer_clear(&value);
        buffer_clear(&sealed);
        buffer_clear(&opened);
        assert_int_equal(pack_str(&value, bytes_of(text, size)), STATUS_OK);
        assert_int_equal(seal_value(&sealed, &means, &place, buffer_bytes(&value)), STATUS_OK);
        struct bytes content = content_of(&sealed);
        assert_int_equal(content.size % 16, (1 + 8 + 8) % 16); /* its length tells little */
        assert_int_equal(seal_open(&opened, &means, &place, content), STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&opened), buffer_bytes(&value)));
        size_t before = opened.size;
        assert_int_equal(seal_open(&opened, &wrong_key, &place, content), STATUS_FORGED);
        assert_int_equal(seal_open(&opened, &other, &place, content), STATUS_FORGED);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(seal_open(&opened, &means, &elsewhere[i], content), STATUS_FORGED);
        assert_int_equal(opened.size, before);
    }
    buffer_release(&value);
    buffer_release(&sealed);
    buffer_release(&opened);
}

static void a_chinese_text_is_sealed_in_two_bytes_a_character(void **state)
{
    static const char *const texts[] = {
        "老人精神尚好", "血压150/95，已提醒服药", "𠮷野家𠀀", "plain", "é", ""};
    static const size_t plain[] = {12, 30, 14, 6, 2, 1}; /* what is padded: UTF-16, or the value */
    (void)state;
    struct seal_key key = a_key();
    struct seal_means means = means_of(&key);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buffer value = {0}, sealed = {0}, opened = {0};
        assert_int_equal(pack_str(&value, bytes_text(texts[i])), STATUS_OK);
        assert_int_equal(seal_value(&sealed, &means, &place, buffer_bytes(&value)), STATUS_OK);
        struct bytes content = content_of(&sealed);
        assert_int_equal(content.size, 1 + 8 + 8 + (plain[i] / 16 + 1) * 16 + 16);
        assert_int_equal(seal_open(&opened, &means, &place, content), STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&opened), buffer_bytes(&value)));
        buffer_release(&value);
        buffer_release(&sealed);
        buffer_release(&opened);
    }
}

static void no_bit_can_be_turned(const char *text, uint8_t form)
{
    struct seal_key key = a_key();
    struct seal_means means = means_of(&key);
    struct buffer value = {0}, sealed = {0}, opened = {0};
    assert_int_equal(pack_str(&value, bytes_text(text)), STATUS_OK);
    assert_int_equal(seal_value(&sealed, &means, &place, buffer_bytes(&value)), STATUS_OK);
    struct bytes content = content_of(&sealed);
    uint8_t copy[128];
    assert_int_equal(content.data[0], form);
    assert_in_range(content.size, 1, sizeof copy);
    memcpy(copy, content.data, content.size);
    for (size_t bit = 0; bit < content.size * 8; bit++) {
        struct seal_id id;
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct bytes turned = bytes_of(copy, content.size);
        bool same_key = seal_value_key(turned, &id) && seal_id_compare(&id, &key.id) == 0;
        /* The key's id chooses the key; with another there, nobody would try this one. */
        if (same_key)
            assert_int_equal(seal_open(&opened, &means, &place, turned), STATUS_FORGED);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t size = 0; size < content.size; size++) {
        struct seal_id id;
        if (seal_value_key(bytes_of(copy, size), &id))
            assert_int_equal(seal_open(&opened, &means, &place, bytes_of(copy, size)),
                             STATUS_FORGED);
    }
    buffer_release(&value);
    buffer_release(&sealed);
    buffer_release(&opened);
}

static void no_bit_of_a_sealed_value_can_be_turned(void **state)
{
    (void)state;
    no_bit_can_be_turned("abc", 1);
    no_bit_can_be_turned("老人", 2);
    no_bit_can_be_turned("精神尚好，血压正常，老伴照料，约好下月再来。", 4);
}

/* What people write again and again stands in the dictionary; a long text is its own one. */
static void a_usual_or_a_long_text_is_sealed_in_fewer_bytes(void **state)
{
    (void)state;
    struct seal_key key = a_key();
    struct seal_means means = means_of(&key);
    struct buffer text = {0}, value = {0}, sealed = {0}, opened = {0};
    for (int times = 1; times <= 1000; times += 333) {
        buffer_clear(&text);
        buffer_clear(&value);
        buffer_clear(&sealed);
        buffer_clear(&opened);
        for (int i = 0; i < times; i++)
            assert_int_equal(
                buffer_append_bytes(&text, bytes_text("精神尚好，老伴照料，约好下月再来。")),
                STATUS_OK);
        assert_int_equal(pack_str(&value, buffer_bytes(&text)), STATUS_OK);
        assert_int_equal(seal_value(&sealed, &means, &place, buffer_bytes(&value)), STATUS_OK);
        struct bytes content = content_of(&sealed);
        assert_int_equal(content.data[0], 4);
        assert_int_equal(content.size % 16, (1 + 8 + 8) % 16);
        assert_in_range(content.size, 1, 1 + 8 + 8 + 16 + 32 + text.size / 50);
        assert_int_equal(seal_open(&opened, &means, &place, content), STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&opened), buffer_bytes(&value)));
    }
    buffer_release(&text);
    buffer_release(&value);
    buffer_release(&sealed);
    buffer_release(&opened);
}

static void a_scope_key_goes_to_its_holder_and_to_who_has_the_one_above(void **state)
{
    (void)state;
    struct seal_key key = a_key(), above = a_key(), wrong = a_key(), read = {.id = key.id};
    uint8_t wrapped[SEAL_WRAPPED_BYTES], grant[SEAL_GRANT_BYTES];
    struct dh_key holder, other;
    dh_key_generate(&holder);
    dh_key_generate(&other);
    scope_key_wrap(wrapped, &network, &key, &above);
    struct seal_id under = seal_wrapped_under(wrapped);
    assert_int_equal(seal_id_compare(&under, &above.id), 0);
    assert_true(scope_key_unwrap(&read, &network, wrapped, &above));
    assert_memory_equal(read.secret, key.secret, SEAL_KEY_BYTES);
    assert_false(scope_key_unwrap(&read, &network, wrapped, &wrong));
    assert_true(scope_key_grant(grant, &key, holder.public_key));
    assert_true(scope_key_take(&read, &network, grant, &holder));
    assert_memory_equal(read.secret, key.secret, SEAL_KEY_BYTES);
    assert_false(scope_key_take(&read, &network, grant, &other));
    read.id.bytes[0] ^= 1; /* what is granted isn't the key that the name promised */
    assert_false(scope_key_take(&read, &network, grant, &holder));
}

static void a_value_key_is_named_by_its_wrapped_form(void **state)
{
    (void)state;
    struct seal_key scope = a_key(), wrong = a_key();
    struct entry_key named = {.subject = {{9}}, .year = 2026}, of_other;
    uint8_t secret[SEAL_KEY_BYTES], read[SEAL_KEY_BYTES], wrapped[SEAL_WRAPPED_BYTES];
    value_key_generate(secret, wrapped, &named, &network, &scope);
    struct seal_id id = value_key_id(&network, wrapped);
    assert_memory_equal(id.bytes, named.id, SEAL_ID_BYTES);
    assert_true(value_key_unwrap(read, wrapped, &named, &network, &scope));
    assert_memory_equal(read, secret, SEAL_KEY_BYTES);
    assert_false(value_key_unwrap(read, wrapped, &named, &network, &wrong));
    of_other = named;
    of_other.year++;
    assert_false(value_key_unwrap(read, wrapped, &of_other, &network, &scope));
    of_other = named;
    of_other.subject.bytes[3]++;
    assert_false(value_key_unwrap(read, wrapped, &of_other, &network, &scope));
    wrapped[40] ^= 1;
    id = value_key_id(&network, wrapped);
    assert_memory_not_equal(id.bytes, named.id, SEAL_ID_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_opens_only_with_its_key_at_its_place),
        cmocka_unit_test(a_chinese_text_is_sealed_in_two_bytes_a_character),
        cmocka_unit_test(a_usual_or_a_long_text_is_sealed_in_fewer_bytes),
        cmocka_unit_test(no_bit_of_a_sealed_value_can_be_turned),
        cmocka_unit_test(a_scope_key_goes_to_its_holder_and_to_who_has_the_one_above),
        cmocka_unit_test(a_value_key_is_named_by_its_wrapped_form),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    zstd_room_release(&zstd);
    return failed;
}
