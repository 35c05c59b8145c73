/* Canonical MessagePack: one byte string for one value. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "tests/support/repack.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Bytes from hex, in a block of exactly that size, so that reading past the end is seen. */
static uint8_t *block_of(const char *hex, size_t *size)
{
    *size = strlen(hex) / 2;
    uint8_t *block = malloc(*size ? *size : 1);
    assert_non_null(block);
    assert_true(hex_decode(hex, block, *size));
    return block;
}

static void expect_valid(const char *hex, bool wanted)
{
    size_t size;
    uint8_t *block = block_of(hex, &size);
    if (pack_valid(bytes_of(block, size)) != wanted)
        fail_msg("%s is %s", hex, wanted ? "refused" : "accepted");
    free(block);
}

static void expect_bytes(struct buffer *buffer, const char *hex)
{
    char text[64];
    assert_true(buffer->size * 2 < sizeof text);
    hex_encode(buffer_bytes(buffer), text);
    assert_string_equal(text, hex);
    buffer_release(buffer);
}

/* ---- integers ---- */

static const struct {
    uint64_t value;
    const char *hex;
} unsigned_forms[] = {
    {0, "00"},
    {1, "01"},
    {127, "7f"},
    {128, "cc80"},
    {255, "ccff"},
    {256, "cd0100"},
    {32767, "cd7fff"},
    {32768, "cd8000"},
    {65535, "cdffff"},
    {65536, "ce00010000"},
    {INT32_MAX, "ce7fffffff"},
    {(uint64_t)INT32_MAX + 1, "ce80000000"},
    {UINT32_MAX, "ceffffffff"},
    {(uint64_t)UINT32_MAX + 1, "cf0000000100000000"},
    {INT64_MAX, "cf7fffffffffffffff"},
    {(uint64_t)INT64_MAX + 1, "cf8000000000000000"},
    {UINT64_MAX, "cfffffffffffffffff"},
};

static const struct {
    int64_t value;
    const char *hex;
} negative_forms[] = {
    {-1, "ff"},
    {-31, "e1"},
    {-32, "e0"},
    {-33, "d0df"},
    {-127, "d081"},
    {-128, "d080"},
    {-129, "d1ff7f"},
    {-32768, "d18000"},
    {-32769, "d2ffff7fff"},
    {INT32_MIN, "d280000000"},
    {(int64_t)INT32_MIN - 1, "d3ffffffff7fffffff"},
    {INT64_MIN, "d38000000000000000"},
};

static void an_unsigned_number_has_one_form_at_every_boundary(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(unsigned_forms); i++) {
        struct buffer out = {0};
        uint64_t value = unsigned_forms[i].value, taken;
        assert_int_equal(pack_uint(&out, value), STATUS_OK);
        struct unpack in = unpack_of(buffer_bytes(&out));
        assert_true(unpack_uint(&in, &taken) && unpack_done(&in));
        assert_true(taken == value);
        expect_bytes(&out, unsigned_forms[i].hex);
        if (value > INT64_MAX)
            continue;
        assert_int_equal(pack_int(&out, (int64_t)value), STATUS_OK);
        int64_t as_signed;
        in = unpack_of(buffer_bytes(&out));
        assert_true(unpack_int(&in, &as_signed) && unpack_done(&in));
        assert_true(as_signed == (int64_t)value);
        expect_bytes(&out, unsigned_forms[i].hex);
    }
}

static void a_negative_number_has_one_form_at_every_boundary(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(negative_forms); i++) {
        struct buffer out = {0};
        int64_t taken;
        uint64_t number;
        assert_int_equal(pack_int(&out, negative_forms[i].value), STATUS_OK);
        struct unpack in = unpack_of(buffer_bytes(&out));
        assert_false(unpack_uint(&in, &number));
        assert_true(unpack_int(&in, &taken) && unpack_done(&in));
        assert_true(taken == negative_forms[i].value);
        expect_bytes(&out, negative_forms[i].hex);
    }
}

static void a_number_in_a_longer_form_is_refused(void **state)
{
    (void)state;
    static const char *const longer[] = {
        "cc00",
        "cc7f",
        "cd0000",
        "cd0080",
        "cd00ff",
        "ce00000001",
        "ce0000ffff",
        "cf0000000000000001",
        "cf00000000ffffffff",
        /* the signed family is for numbers below zero only */
        "d000",
        "d07f",
        "d10000",
        "d100ff",
        "d17fff",
        "d200000000",
        "d27fffffff",
        "d30000000000000000",
        "d37fffffffffffffff",
        "d0ff",
        "d0e0",
        "d1ffff",
        "d1ffe0",
        "d1ff80",
        "d2ffffffff",
        "d2ffff8000",
        "d3ffffffffffffffff",
        "d3ffffffff80000000",
    };
    for (size_t i = 0; i < COUNT(longer); i++)
        expect_valid(longer[i], false);
}

static void a_number_above_the_bound_stays_where_it_is(void **state)
{
    (void)state;
    const uint8_t data[] = {0xcd, 0x01, 0x00};
    struct unpack in = unpack_of(bytes_of(data, sizeof data));
    uint64_t value;
    assert_false(unpack_uint_max(&in, 255, &value));
    assert_ptr_equal(in.at, data);
    assert_true(unpack_uint_max(&in, 256, &value));
    assert_true(value == 256 && unpack_done(&in));
}

static void a_number_that_no_int64_holds_is_no_int(void **state)
{
    (void)state;
    const uint8_t data[] = {0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0};
    struct unpack in = unpack_of(bytes_of(data, sizeof data));
    int64_t value;
    assert_false(unpack_int(&in, &value));
    assert_ptr_equal(in.at, data);
}

/* ---- texts, bytes, sealed values, arrays ---- */

typedef enum status (*pack_content)(struct buffer *out, struct bytes content);
typedef bool (*unpack_content)(struct unpack *in, struct bytes *content);

static enum status pack_nils(struct buffer *out, struct bytes content)
{
    TRY(pack_array(out, (uint32_t)content.size));
    for (size_t i = 0; i < content.size; i++)
        TRY(pack_nil(out));
    return STATUS_OK;
}

static bool unpack_nils(struct unpack *in, struct bytes *content)
{
    uint32_t count;
    if (!unpack_array(in, &count))
        return false;
    *content = bytes_of(in->at, count);
    for (uint32_t i = 0; i < count; i++)
        if (!unpack_nil(in))
            return false;
    return true;
}

struct length_form {
    size_t length;
    const char *header;
};

static const struct length_form str_forms[] = {
    {0, "a0"},
    {1, "a1"},
    {31, "bf"},
    {32, "d920"},
    {255, "d9ff"},
    {256, "da0100"},
    {65535, "daffff"},
    {65536, "db00010000"},
    {70000, "db00011170"},
};
static const struct length_form bin_forms[] = {
    {0, "c400"},     {1, "c401"},       {255, "c4ff"},
    {256, "c50100"}, {65535, "c5ffff"}, {65536, "c600010000"},
};
static const struct length_form sealed_forms[] = {
    {0, "c70001"},       {1, "d401"},
    {2, "d501"},         {3, "c70301"},
    {4, "d601"},         {5, "c70501"},
    {8, "d701"},         {9, "c70901"},
    {16, "d801"},        {17, "c71101"},
    {255, "c7ff01"},     {256, "c8010001"},
    {65535, "c8ffff01"}, {65536, "c90001000001"},
};
static const struct length_form array_forms[] = {
    {0, "90"}, {1, "91"}, {15, "9f"}, {16, "dc0010"}, {65535, "dcffff"}, {65536, "dd00010000"},
};

static void expect_form(const struct length_form *form, pack_content pack, unpack_content unpack)
{
    struct buffer content = {0}, out = {0};
    assert_int_equal(buffer_reserve(&content, form->length + 1), STATUS_OK);
    memset(content.data, 'x', form->length);
    content.size = form->length;
    assert_int_equal(pack(&out, buffer_bytes(&content)), STATUS_OK);
    assert_true(pack_valid(buffer_bytes(&out)));

    size_t header_size = strlen(form->header) / 2;
    char header[16];
    assert_int_equal(out.size, header_size + form->length);
    hex_encode(bytes_of(out.data, header_size), header);
    assert_string_equal(header, form->header);

    struct unpack in = unpack_of(buffer_bytes(&out));
    struct bytes taken;
    assert_true(unpack(&in, &taken) && unpack_done(&in));
    assert_int_equal(taken.size, form->length);
    assert_ptr_equal(taken.data, out.data + header_size);
    buffer_release(&content);
    buffer_release(&out);
}

static void a_length_has_one_form_at_every_boundary(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(str_forms); i++)
        expect_form(&str_forms[i], pack_str, unpack_str);
    for (size_t i = 0; i < COUNT(bin_forms); i++)
        expect_form(&bin_forms[i], pack_bin, unpack_bin);
    for (size_t i = 0; i < COUNT(sealed_forms); i++)
        expect_form(&sealed_forms[i], pack_sealed, unpack_sealed);
    for (size_t i = 0; i < COUNT(array_forms); i++)
        expect_form(&array_forms[i], pack_nils, unpack_nils);
}

/* `lead`, the length in `width` bytes, perhaps the type of an ext, then so many bytes. */
static void expect_length_refused(uint8_t lead, size_t width, size_t length, bool ext)
{
    size_t header = 1 + width + ext;
    uint8_t *block = malloc(header + length);
    struct unpack in;
    struct bytes value;
    assert_non_null(block);
    block[0] = lead;
    for (size_t i = 0; i < width; i++)
        block[1 + i] = (uint8_t)(length >> (8 * (width - 1 - i)));
    if (ext)
        block[1 + width] = PACK_EXT_SEALED;
    memset(block + header, 'x', length);
    in = unpack_of(bytes_of(block, header + length));
    if (unpack_value(&in, &value))
        fail_msg("%02x with length %zu is accepted", lead, length);
    assert_ptr_equal(in.at, block);
    free(block);
}

static void a_length_in_a_longer_form_is_refused(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 2, 4, 8, 15, 16, 31, 255, 65535};
    static const struct {
        uint8_t lead;
        size_t width, fits; /* longest length that a shorter form holds */
    } forms[] = {
        {0xd9, 1, 31},  {0xda, 2, 255},   {0xdb, 4, 65535}, /* str */
        {0xc5, 2, 255}, {0xc6, 4, 65535},                   /* bin */
        {0xdc, 2, 15},  {0xdd, 4, 65535},                   /* array */
    };
    for (size_t i = 0; i < COUNT(forms); i++)
        for (size_t j = 0; j < COUNT(lengths) && lengths[j] <= forms[i].fits; j++)
            expect_length_refused(forms[i].lead, forms[i].width, lengths[j], false);
    for (size_t j = 0; j < COUNT(lengths) && lengths[j] <= 255; j++)
        expect_length_refused(0xc8, 2, lengths[j], true);
    for (size_t j = 0; j < COUNT(lengths); j++)
        expect_length_refused(0xc9, 4, lengths[j], true);
    for (size_t length = 1; length <= 16; length *= 2)
        expect_length_refused(0xc7, 1, length, true);
}

/* One value with every kind in it, and with every width of numbers and lengths. */
static void pack_everything(struct buffer *out)
{
    uint8_t content[300];
    memset(content, 'y', sizeof content);
    uint32_t count = 4 + COUNT(unsigned_forms) + COUNT(negative_forms) + 3 * 3;
    assert_int_equal(pack_array(out, count), STATUS_OK);
    assert_int_equal(pack_nil(out), STATUS_OK);
    assert_int_equal(pack_bool(out, true), STATUS_OK);
    assert_int_equal(pack_array(out, 1), STATUS_OK);
    assert_int_equal(pack_bool(out, false), STATUS_OK);
    assert_int_equal(pack_str(out, bytes_text("示例党员001")), STATUS_OK);
    for (size_t i = 0; i < COUNT(unsigned_forms); i++)
        assert_int_equal(pack_uint(out, unsigned_forms[i].value), STATUS_OK);
    for (size_t i = 0; i < COUNT(negative_forms); i++)
        assert_int_equal(pack_int(out, negative_forms[i].value), STATUS_OK);
    static const size_t lengths[] = {4, 40, 300};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        assert_int_equal(pack_str(out, bytes_of(content, lengths[i])), STATUS_OK);
        assert_int_equal(pack_bin(out, bytes_of(content, lengths[i])), STATUS_OK);
        assert_int_equal(pack_sealed(out, bytes_of(content, lengths[i])), STATUS_OK);
    }
}

static void a_value_one_byte_short_is_refused_at_every_length(void **state)
{
    (void)state;
    struct buffer out = {0};
    pack_everything(&out);
    assert_true(pack_valid(buffer_bytes(&out)));
    for (size_t size = 0; size < out.size; size++) {
        uint8_t *block = malloc(size ? size : 1);
        struct bytes value;
        assert_non_null(block);
        memcpy(block, out.data, size);
        struct unpack in = unpack_of(bytes_of(block, size));
        assert_false(unpack_value(&in, &value));
        assert_ptr_equal(in.at, block);
        assert_false(pack_valid(bytes_of(block, size)));
        free(block);
    }
    buffer_release(&out);
}

static void what_is_read_item_by_item_packs_to_the_same_bytes(void **state)
{
    (void)state;
    struct buffer out = {0}, again = {0};
    pack_everything(&out);
    struct unpack in = unpack_of(buffer_bytes(&out));
    while (!unpack_done(&in))
        assert_true(repack_item(&in, &again));
    assert_true(bytes_equal(buffer_bytes(&out), buffer_bytes(&again)));
    buffer_release(&out);
    buffer_release(&again);
}

static void every_two_bytes_that_are_accepted_pack_to_themselves(void **state)
{
    (void)state;
    struct buffer again = {0};
    for (uint32_t both = 0; both < 65536; both++) {
        const uint8_t data[2] = {(uint8_t)(both >> 8), (uint8_t)both};
        struct unpack in = unpack_of(bytes_of(data, 2));
        while (repack_item(&in, &again))
            ;
        size_t taken = (size_t)(in.at - data);
        assert_true(bytes_equal(bytes_of(data, taken), buffer_bytes(&again)));
        buffer_clear(&again);
    }
    buffer_release(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unsigned_number_has_one_form_at_every_boundary),
        cmocka_unit_test(a_negative_number_has_one_form_at_every_boundary),
        cmocka_unit_test(a_number_in_a_longer_form_is_refused),
        cmocka_unit_test(a_number_above_the_bound_stays_where_it_is),
        cmocka_unit_test(a_number_that_no_int64_holds_is_no_int),
        cmocka_unit_test(a_length_has_one_form_at_every_boundary),
        cmocka_unit_test(a_length_in_a_longer_form_is_refused),
        cmocka_unit_test(a_value_one_byte_short_is_refused_at_every_length),
        cmocka_unit_test(what_is_read_item_by_item_packs_to_the_same_bytes),
        cmocka_unit_test(every_two_bytes_that_are_accepted_pack_to_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
