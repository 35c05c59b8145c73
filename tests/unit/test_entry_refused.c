/* What entry_decode must refuse: every second way of saying the same thing, and what is broken. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/support/spell.h"

static const struct feed_id FEED = {2, 7, 1};

static enum status decode(const struct buffer *body, struct error *err)
{
    struct entry_view view = {0};
    /* A copy of just this size, so that reading past the end is seen. */
    uint8_t *copy = malloc(body->size + 1);
    assert_non_null(copy);
    memcpy(copy + 1, body->data, body->size);
    enum status status = entry_decode(&view, &FEED, bytes_of(copy + 1, body->size), err);
    if (status == STATUS_OK)
        assert_true(spell_same(&view, bytes_of(copy + 1, body->size)));
    entry_view_release(&view);
    free(copy);
    return status;
}

static void expect(enum status wanted, const char *sentence, const char *text)
{
    struct buffer body = {0};
    struct error err = {0};
    spell_pack(text, &body);
    enum status status = decode(&body, &err);
    if (status != wanted || (sentence && !strstr(err.text, sentence)))
        fail_msg("%s\n  gave %s '%s', not %s '%s'", text, status_name(status), err.text,
                 status_name(wanted), sentence ? sentence : "");
    buffer_release(&body);
}

static void accepted(const char *text)
{
    expect(STATUS_OK, NULL, text);
}

static void refused(const char *sentence, const char *text)
{
    expect(STATUS_BAD_INPUT, sentence, text);
}

/* ---- order, and saying things once ---- */

static void fields_of_an_op_ascend(void **state)
{
    (void)state;
    accepted("[1 0 0 nil 1 [[20 r1 [0 nil 2 nil 255 nil] []]]]");
    refused("change 1: fields are out of order",
            "[1 0 0 nil 1 [[20 r1 [2 nil 0 nil 255 nil] []]]]");
    refused("change 2: fields are out of order",
            "[1 0 0 nil 1 [[20 r1 [1 nil] []] [20 r2 [255 nil 2 nil] []]]]");
}

static void an_op_writes_a_field_once(void **state)
{
    (void)state;
    refused("fields are out of order", "[1 0 0 nil 1 [[20 r1 [1 nil 1 nil] []]]]");
    refused("fields are out of order", "[1 0 0 nil 1 [[20 r1 [0 nil 1 nil 1 3] []]]]");
}

static void an_entry_writes_a_field_of_a_row_once(void **state)
{
    (void)state;
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] []] [20 r2 [1 nil] []]]]");
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] []] [21 r1 [1 nil] []]]]");
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] []] [20 r1 [2 nil] []]]]");
    accepted("[1 0 0 nil 1 [[20 r1 [2 nil] []] [20 r1 [1 nil] []]]]");
    refused("twice", "[1 0 0 nil 1 [[20 r1 [1 nil] []] [20 r1 [1 nil] []]]]");
    refused("twice", "[1 0 0 nil 1 [[20 r1 [1 nil] []] [20 r2 [1 nil] []] [20 r1 [0 1 1 1] []]]]");
    refused("twice", "[1 0 0 nil 1 [[20 r1 [1 1 9 1] []] [20 r1 [2 1] []] [20 r1 [9 1] []]]]");
    refused("twice", "[1 0 0 nil 1 [[20 r1 [255 nil] []] [20 r1 [255 nil] []]]]");
}

/* An entry of `count` ops; op i writes `field(i)` of row `row(i)`. */
static void pack_many(struct buffer *body, uint32_t count, uint32_t (*row)(uint32_t),
                      uint32_t (*field)(uint32_t))
{
    spell_pack("#96 1 0 0 nil 1", body);
    assert_int_equal(pack_array(body, count), STATUS_OK);
    for (uint32_t i = 0; i < count; i++) {
        struct id id = {{0}};
        put_u32le(id.bytes, row(i));
        spell_pack("#94 20", body);
        assert_int_equal(pack_bin(body, bytes_of(id.bytes, ID_BYTES)), STATUS_OK);
        spell_pack("#92", body);
        assert_int_equal(pack_uint(body, field(i)), STATUS_OK);
        spell_pack("nil []", body);
    }
}

static enum status many(uint32_t count, uint32_t (*row)(uint32_t), uint32_t (*field)(uint32_t),
                        struct error *err)
{
    struct buffer body = {0};
    pack_many(&body, count, row, field);
    enum status status = decode(&body, err);
    buffer_release(&body);
    return status;
}

static uint32_t always_one(uint32_t i)
{
    (void)i;
    return 1;
}

static uint32_t itself(uint32_t i)
{
    return i;
}

static uint32_t below_256(uint32_t i)
{
    return i % 256;
}

static uint32_t scattered(uint32_t i)
{
    return i * 2654435761u;
}

static uint32_t last_is_the_first(uint32_t i)
{
    return i == ENTRY_OPS_MAX - 1 ? 0 : scattered(i);
}

static void doubles_are_found_among_many_ops(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(many(256, always_one, itself, &err), STATUS_OK);
    assert_int_equal(many(257, always_one, below_256, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "twice"));
    assert_int_equal(many(ENTRY_OPS_MAX, scattered, always_one, &err), STATUS_OK);
    assert_int_equal(many(ENTRY_OPS_MAX, last_is_the_first, always_one, &err), STATUS_BAD_INPUT);
    assert_non_null(strstr(err.text, "twice"));
}

/* ---- bases ---- */

static void bases_have_their_shortest_form(void **state)
{
    (void)state;
    const char *shortest = "bases are not in their shortest form";
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1]]]]]]");
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil 2 nil] [[[7 1]]]]]]");
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil 2 nil] [[[7 1]] [[7 2]]]]]]");
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil 2 nil] [[] [[7 2]]]]]]");
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil 2 nil 3 nil] [[[7 2]] [[7 2]] []]]]]");
    refused(shortest, "[1 0 0 nil 1 [[20 r1 [1 nil 2 nil] [[[7 1]] [[7 1]]]]]]");
    refused(shortest, "[1 0 0 nil 1 [[20 r1 [1 nil] [[]]]]]");
    refused(shortest, "[1 0 0 nil 1 [[20 r1 [1 nil 2 nil] [[]]]]]");
    refused(shortest, "[1 0 0 nil 1 [[20 r1 [1 nil 2 nil] [[] []]]]]");
}

static void bases_fit_the_fields(void **state)
{
    (void)state;
    refused("fit", "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1]] [[7 2]]]]]]");
    refused("fit", "[1 0 0 nil 1 [[20 r1 [1 nil 2 nil 3 nil] [[[7 1]] [[7 2]]]]]]");
    refused("fit", "[1 0 0 nil 1 [[20 r1 [1 nil] nil]]]");
    refused("not a list", "[1 0 0 nil 1 [[20 r1 [1 nil] [nil]]]]");
    refused("not a dot", "[1 0 0 nil 1 [[20 r1 [1 nil] [[7]]]]]");
}

static void dots_ascend_without_doubles(void **state)
{
    (void)state;
    const char *order = "bases are out of order";
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 8] [7 9 1 3] [7 3 2] [8 1]]]]]]");
    refused(order, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 2] [7 1]]]]]]");
    refused(order, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 2] [7 2]]]]]]");
    refused(order, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[8 1] [7 2]]]]]]");
    refused(order, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1 2] [7 2]]]]]]");
    refused(order, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 9 1 3] [7 8]]]]]]");
    refused(order, "[1 0 0 nil 1 [[20 r1 [1 nil 2 nil] [[[7 1]] [[7 2] [7 1]]]]]]");
}

static void dots_have_their_shortest_form(void **state)
{
    (void)state;
    const char *dot = "a base is not a dot";
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1 1 3]]]]]]");
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1 2]]]]]]");
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1 1]]]]]]");
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1 1 2]]]]]]");
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1 2 2]]]]]]");
}

static void dots_are_numbers_from_one(void **state)
{
    (void)state;
    const char *dot = "a base is not a dot";
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[0 1]]]]]]");
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 0]]]]]]");
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1 0]]]]]]");
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1 0 3]]]]]]");
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7]]]]]]");
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1 2 3 4]]]]]]");
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[-7 1]]]]]]");
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[4294967296 1]]]]]]");
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1 4294967296]]]]]]");
    refused(dot, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 1 1 4294967296]]]]]]");
}

/* ---- MessagePack ---- */

static void integers_take_no_more_bytes_than_they_need(void **state)
{
    (void)state;
    refused(NULL, "[#cc01 0 0 nil 1 [[20 r1 [1 nil] []]]]");
    refused(NULL, "[1 #cc00 0 nil 1 [[20 r1 [1 nil] []]]]");
    refused(NULL, "[1 #d000 0 nil 1 [[20 r1 [1 nil] []]]]");
    refused(NULL, "[1 #d0ff 0 nil 1 [[20 r1 [1 nil] []]]]");
    refused(NULL, "[1 #d30000019ab697e800 0 nil 1 [[20 r1 [1 nil] []]]]");
    refused(NULL, "[1 0 #cd00ff nil 1 [[20 r1 [1 nil] []]]]");
    refused(NULL, "[1 0 0 nil #ce00000001 [[20 r1 [1 nil] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[#cc14 r1 [1 nil] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [#cc01 nil] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 #cc7f] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 [[#cdffff #ce0000ffff]]] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[#cc07 1]]]]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 nil] [[[7 #cf0000000000000001]]]]]]");
}

static void headers_take_no_more_bytes_than_they_need(void **state)
{
    (void)state;
    refused(NULL, "#dc0006 1 0 0 nil 1 [[20 r1 [1 nil] []]]");
    refused(NULL, "#96 1 0 0 nil 1 #dd00000001 [20 r1 [1 nil] []]");
    refused(NULL, "#96 1 0 0 nil 1 #91 #94 20 r1 [1 nil] #dc0000");
    refused(NULL, "[1 0 0 nil 1 [[20 #c5001001010101010101010101010101010101 [1 nil] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 #d90161] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 #c5000100] []]]]");
}

static void values_are_of_the_canonical_subset(void **state)
{
    (void)state;
    accepted("[1 0 0 nil 1 [[20 r1 [1 [nil true -33 'a' x00 [] #d40107]] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 #80] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 #ca00000000] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 #cb0000000000000000] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 #c1] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 #d40207] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 #a2c080] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 #a100] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 #a3eda080] []]]]");
    accepted("[1 0 0 nil 1 [[20 r1 [1 [[[[[[[[]]]]]]]]] []]]]");
    refused(NULL, "[1 0 0 nil 1 [[20 r1 [1 [[[[[[[[[1]]]]]]]]]] []]]]");
}

/* ---- shape ---- */

static void heads_have_their_parts(void **state)
{
    (void)state;
    accepted("[1 -9223372036854775808 18446744073709551615 r5 4294967295 [[0 r1 [1 nil] []]]]");
    refused("not a list", "nil");
    refused("not a list", "[]");
    refused("not a list", "['1']");
    refused("too few parts", "[0 0 0 nil 1 [[20 r1 [1 nil] []]]]");
    refused("too few parts", "[1 0 0 nil 1]");
    refused("time", "[1 18446744073709551615 0 nil 1 [[20 r1 [1 nil] []]]]");
    refused("time", "[1 0 -1 nil 1 [[20 r1 [1 nil] []]]]");
    refused("person", "[1 0 0 x 1 [[20 r1 [1 nil] []]]]");
    refused("person", "[1 0 0 x000000000000000000000000000000 1 [[20 r1 [1 nil] []]]]");
    refused("epoch", "[1 0 0 nil 4294967296 [[20 r1 [1 nil] []]]]");
    refused("behind", "[1 0 0 nil 1 [[20 r1 [1 nil] []]]] nil");
}

static void ops_have_their_parts(void **state)
{
    (void)state;
    refused("no changes", "[1 0 0 nil 1 []]");
    refused("no changes", "[1 0 0 nil 1 nil]");
    refused("change 1", "[1 0 0 nil 1 [nil]]");
    refused("change 1", "[1 0 0 nil 1 [[20 r1 [1 nil]]]]");
    refused("change 1", "[1 0 0 nil 1 [[20 r1 [1 nil] [] nil]]]");
    refused("table or row", "[1 0 0 nil 1 [[65536 r1 [1 nil] []]]]");
    refused("table or row", "[1 0 0 nil 1 [[20 x010101010101010101010101010101 [1 nil] []]]]");
    refused("table or row", "[1 0 0 nil 1 [[20 x0101010101010101010101010101010101 [1 1] []]]]");
    refused("pairs", "[1 0 0 nil 1 [[20 r1 [] []]]]");
    refused("pairs", "[1 0 0 nil 1 [[20 r1 [1] []]]]");
    refused("pairs", "[1 0 0 nil 1 [[20 r1 [1 nil 2] []]]]");
    refused("number or value", "[1 0 0 nil 1 [[20 r1 [256 nil] []]]]");
    refused("number or value", "[1 0 0 nil 1 [[20 r1 ['a' nil] []]]]");
}

/* ---- what a later version may add ---- */

static void trailing_elements_are_accepted_when_they_are_whole(void **state)
{
    (void)state;
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] []]] nil]");
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] []]] nil nil [1 ['later'] x00] 7]");
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] []]] [2 3 1 7] nil 2 3 4 5 6 7 8 9 10 11 12]");
    refused("trailing", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] nil nil #cc01]");
    refused("trailing", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] nil nil #80]");
    refused("trailing", "#99 1 0 0 nil 1 [[20 r1 [1 nil] []]] nil nil");
    refused("keys", "#98 1 0 0 nil 1 [[20 r1 [1 nil] []]] nil");
    refused("behind", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] nil] 2");
}

static void keys_have_an_id_a_subject_and_a_year(void **state)
{
    (void)state;
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] []]] nil [[x0102030405060708 r1 2026]]]");
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] []]] [2 3 1 7] [[x0102030405060708 r1 0]] 'later']");
    refused("keys", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] nil []]");
    refused("keys", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] nil 7]");
    refused("key", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] nil [[x01020304050607 r1 2026]]]");
    refused("key", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] nil [[x0102030405060708 x01 2026]]]");
    refused("key", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] nil [[x0102030405060708 r1 10000]]]");
    refused("key", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] nil [[x0102030405060708 r1]]]");
}

static void an_origin_is_a_whole_dot(void **state)
{
    (void)state;
    accepted("[1 0 0 nil 1 [[20 r1 [1 nil] []]] [2 3 1 7]]");
    refused("origin", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] [2 3 1]]");
    refused("origin", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] [2 0 1 7]]");
    refused("origin", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] [2 3 0 7]]");
    refused("origin", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] [2 3 1 0]]");
    refused("origin", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] [2 3 1 1099511627776]]");
    refused("origin", "[1 0 0 nil 1 [[20 r1 [1 nil] []]] 'x']");
}

static void later_versions_are_unknown_not_broken(void **state)
{
    (void)state;
    expect(STATUS_UNKNOWN, "version 2", "[2 0 0 nil 1 [[20 r1 [1 nil] []]]]");
    expect(STATUS_UNKNOWN, "version 2", "[2]");
    expect(STATUS_UNKNOWN, "version 18446744073709551615", "[18446744073709551615 'anything']");
}

/* ---- limits ---- */

static void a_field_names_a_bounded_number_of_bases(void **state)
{
    (void)state;
    for (uint32_t count = ENTRY_BASES_MAX; count <= ENTRY_BASES_MAX + 1; count++) {
        struct buffer body = {0};
        spell_pack("#96 1 0 0 nil 1 #91 #94 20 r1 [1 nil] #91", &body);
        assert_int_equal(pack_array(&body, count), STATUS_OK);
        for (uint32_t i = 1; i <= count; i++) {
            spell_pack("#92 7", &body);
            assert_int_equal(pack_uint(&body, i), STATUS_OK);
        }
        assert_int_equal(decode(&body, NULL),
                         count <= ENTRY_BASES_MAX ? STATUS_OK : STATUS_TOO_LARGE);
        buffer_release(&body);
    }
}

static void an_op_has_a_bounded_number_of_fields(void **state)
{
    (void)state;
    for (uint32_t count = ENTRY_FIELDS_MAX; count <= ENTRY_FIELDS_MAX + 1; count++) {
        struct buffer body = {0};
        spell_pack("#96 1 0 0 nil 1 #91 #94 20 r1", &body);
        assert_int_equal(pack_array(&body, 2 * count), STATUS_OK);
        for (uint32_t i = 0; i < count; i++) {
            assert_int_equal(pack_uint(&body, i), STATUS_OK);
            spell_pack("nil", &body);
        }
        spell_pack("[]", &body);
        assert_int_equal(decode(&body, NULL),
                         count <= ENTRY_FIELDS_MAX ? STATUS_OK : STATUS_TOO_LARGE);
        buffer_release(&body);
    }
}

static void an_entry_has_a_bounded_number_of_ops(void **state)
{
    (void)state;
    assert_int_equal(many(ENTRY_OPS_MAX, itself, always_one, NULL), STATUS_OK);
    assert_int_equal(many(ENTRY_OPS_MAX + 1, itself, always_one, NULL), STATUS_TOO_LARGE);
}

static void an_entry_has_a_bounded_size(void **state)
{
    (void)state;
    static const uint8_t zeros[ENTRY_BYTES_MAX];
    struct buffer body = {0};
    spell_pack("#96 1 0 0 nil 1 #91 #94 20 r1 #92 1", &body);
    size_t rest = ENTRY_BYTES_MAX - body.size - 5 - 1; /* bin 32's header, no bases */
    for (size_t more = 0; more <= 1; more++) {
        size_t before = body.size;
        assert_int_equal(pack_bin(&body, bytes_of(zeros, rest + more)), STATUS_OK);
        spell_pack("[]", &body);
        assert_int_equal(body.size, ENTRY_BYTES_MAX + more);
        assert_int_equal(decode(&body, NULL), more ? STATUS_TOO_LARGE : STATUS_OK);
        body.size = before;
    }
    buffer_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_an_op_ascend),
        cmocka_unit_test(an_op_writes_a_field_once),
        cmocka_unit_test(an_entry_writes_a_field_of_a_row_once),
        cmocka_unit_test(doubles_are_found_among_many_ops),
        cmocka_unit_test(bases_have_their_shortest_form),
        cmocka_unit_test(bases_fit_the_fields),
        cmocka_unit_test(dots_ascend_without_doubles),
        cmocka_unit_test(dots_have_their_shortest_form),
        cmocka_unit_test(dots_are_numbers_from_one),
        cmocka_unit_test(integers_take_no_more_bytes_than_they_need),
        cmocka_unit_test(headers_take_no_more_bytes_than_they_need),
        cmocka_unit_test(values_are_of_the_canonical_subset),
        cmocka_unit_test(heads_have_their_parts),
        cmocka_unit_test(ops_have_their_parts),
        cmocka_unit_test(trailing_elements_are_accepted_when_they_are_whole),
        cmocka_unit_test(keys_have_an_id_a_subject_and_a_year),
        cmocka_unit_test(an_origin_is_a_whole_dot),
        cmocka_unit_test(later_versions_are_unknown_not_broken),
        cmocka_unit_test(a_field_names_a_bounded_number_of_bases),
        cmocka_unit_test(an_op_has_a_bounded_number_of_fields),
        cmocka_unit_test(an_entry_has_a_bounded_number_of_ops),
        cmocka_unit_test(an_entry_has_a_bounded_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
