/* Bodies of entries: what the writer makes, what the reader understands, and the frozen vectors. */

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/support/chance.h"
#include "tests/support/spell.h"

#define RANDOM_ENTRIES 1000
#define VECTOR_BYTES_MAX 4096

static const struct feed_id FEED = {2, 7, 1};
static const struct entry_head HEAD = {.time_ms = 5, .epoch = 1};
static const uint8_t NIL = 0xc0;

static struct dot dot_of(const char *text)
{
    struct dot dot;
    assert_true(dot_parse(text, &dot));
    return dot;
}

static void start(struct entry_writer *writer)
{
    struct id row;
    memset(row.bytes, 1, ID_BYTES);
    assert_int_equal(entry_writer_start(writer, &FEED, &HEAD, NULL), STATUS_OK);
    assert_int_equal(entry_writer_op(writer, 20, &row, NULL), STATUS_OK);
}

static void write_nil(struct entry_writer *writer, uint16_t field, const struct dot *bases,
                      size_t count)
{
    assert_int_equal(entry_writer_field(writer, field, bytes_of(&NIL, 1), bases, count, NULL),
                     STATUS_OK);
}

static void expect_body(struct entry_writer *writer, const char *wanted)
{
    struct buffer is = {0}, expected = {0};
    spell_pack(wanted, &expected);
    assert_int_equal(entry_writer_finish(writer, &is, NULL), STATUS_OK);
    assert_int_equal(is.size, expected.size);
    assert_memory_equal(is.data, expected.data, is.size);
    buffer_release(&is);
    buffer_release(&expected);
    entry_writer_release(writer);
}

static void expect_spelled(const struct entry_view *view, struct bytes wanted)
{
    struct buffer is = {0};
    spell_entry(view, &is);
    if (!bytes_equal(buffer_bytes(&is), wanted))
        fail_msg("reads\n%.*s\nnot\n%.*s", (int)is.size, (char *)is.data, (int)wanted.size,
                 (const char *)wanted.data);
    buffer_release(&is);
}

/* ---- writing ---- */

static void an_insert_has_no_bases(void **state)
{
    (void)state;
    struct entry_writer writer = {0};
    start(&writer);
    write_nil(&writer, 1, NULL, 0);
    write_nil(&writer, 2, NULL, 0);
    expect_body(&writer, "[1 5 0 nil 1 [[20 r1 [1 nil 2 nil] []]]]");
}

static void shared_bases_are_written_once(void **state)
{
    (void)state;
    struct entry_writer writer = {0};
    struct dot base = dot_of("7.1.2.4");
    start(&writer);
    write_nil(&writer, 1, &base, 1);
    write_nil(&writer, 2, &base, 1);
    expect_body(&writer, "[1 5 0 nil 1 [[20 r1 [1 nil 2 nil] [[[7 4]]]]]]");
}

static void bases_that_differ_are_written_for_each_field(void **state)
{
    (void)state;
    struct entry_writer writer = {0};
    struct dot base = dot_of("7.1.2.4");
    start(&writer);
    write_nil(&writer, 1, NULL, 0);
    write_nil(&writer, 2, &base, 1);
    write_nil(&writer, 3, NULL, 0);
    expect_body(&writer, "[1 5 0 nil 1 [[20 r1 [1 nil 2 nil 3 nil] [[] [[7 4]] []]]]]");
}

static void dots_leave_out_what_the_feed_tells(void **state)
{
    (void)state;
    struct entry_writer writer = {0};
    struct dot bases[] = {dot_of("7.1.2.4"), dot_of("7.1.3.4"), dot_of("7.2.2.4"),
                          dot_of("7.2.3.4")};
    start(&writer);
    write_nil(&writer, 1, bases, 4);
    expect_body(&writer, "[1 5 0 nil 1 [[20 r1 [1 nil] [[[7 4] [7 4 1 3] [7 4 2] [7 4 2 3]]]]]]");
}

static void bases_are_sorted_and_taken_once(void **state)
{
    (void)state;
    struct entry_writer writer = {0};
    struct dot bases[20], base = dot_of("7.1.2.30");
    for (size_t i = 0; i < 20; i++) {
        bases[i] = base;
        bases[i].number -= i / 2;
    }
    start(&writer);
    write_nil(&writer, 1, bases, 20);
    expect_body(&writer, "[1 5 0 nil 1 [[20 r1 [1 nil] [[[7 21] [7 22] [7 23] [7 24] [7 25] [7 26] "
                         "[7 27] [7 28] [7 29] [7 30]]]]]]");
}

static void a_writer_starts_afresh(void **state)
{
    (void)state;
    struct entry_writer writer = {0};
    struct dot base = dot_of("9.1.2.4");
    start(&writer);
    write_nil(&writer, 1, &base, 1);
    write_nil(&writer, 9, NULL, 0);
    start(&writer);
    write_nil(&writer, 3, NULL, 0);
    expect_body(&writer, "[1 5 0 nil 1 [[20 r1 [3 nil] []]]]");
}

static void an_entry_without_ops_is_not_written(void **state)
{
    (void)state;
    struct entry_writer writer = {0};
    struct buffer body = {0};
    spell_pack("'before'", &body);
    assert_int_equal(entry_writer_start(&writer, &FEED, &HEAD, NULL), STATUS_OK);
    assert_int_equal(entry_writer_finish(&writer, &body, NULL), STATUS_BAD_INPUT);
    assert_int_equal(body.size, 7);
    entry_writer_release(&writer);
    buffer_release(&body);
}

static void an_entry_past_the_limit_is_not_written(void **state)
{
    (void)state;
    struct entry_writer writer = {0};
    struct buffer body = {0}, value = {0};
    static const uint8_t zeros[ENTRY_BYTES_MAX];
    assert_int_equal(pack_bin(&value, bytes_of(zeros, sizeof zeros)), STATUS_OK);
    start(&writer);
    assert_int_equal(entry_writer_field(&writer, 1, buffer_bytes(&value), NULL, 0, NULL),
                     STATUS_OK);
    assert_int_equal(entry_writer_finish(&writer, &body, NULL), STATUS_TOO_LARGE);
    assert_int_equal(body.size, 0);
    entry_writer_release(&writer);
    buffer_release(&body);
    buffer_release(&value);
}

static void a_writer_takes_a_bounded_number_of_ops_and_bases(void **state)
{
    (void)state;
    struct entry_writer writer = {0};
    static struct dot bases[ENTRY_BASES_MAX + 1];
    for (size_t i = 0; i <= ENTRY_BASES_MAX; i++)
        bases[i] = (struct dot){FEED, i + 1};
    start(&writer);
    assert_int_equal(
        entry_writer_field(&writer, 1, bytes_of(&NIL, 1), bases, ENTRY_BASES_MAX + 1, NULL),
        STATUS_TOO_LARGE);
    write_nil(&writer, 1, bases, ENTRY_BASES_MAX);
    struct id row = {{0}};
    enum status status = STATUS_OK;
    uint32_t ops = 1;
    while ((status = entry_writer_op(&writer, 20, &row, NULL)) == STATUS_OK) {
        write_nil(&writer, 1, NULL, 0);
        ops++;
    }
    assert_int_equal(status, STATUS_TOO_LARGE);
    assert_int_equal(ops, ENTRY_OPS_MAX);
    entry_writer_release(&writer);
}

/* ---- reading what was written ---- */

static void random_entries_read_as_they_were_written(void **state)
{
    (void)state;
    struct entry_view is = {0};
    struct buffer values = {0}, body = {0}, wanted = {0}, again = {0};
    for (uint64_t seed = 1; seed <= RANDOM_ENTRIES; seed++) {
        struct chance chance = {seed};
        struct entry_view made;
        struct entry_head head;
        chance_entry(&chance, &FEED, &made, &values);
        body.size = wanted.size = again.size = 0;
        spell_again(&made, &body);
        spell_entry(&made, &wanted);
        if (entry_decode(&is, &FEED, buffer_bytes(&body), NULL) != STATUS_OK)
            fail_msg("seed %d", (int)seed);
        expect_spelled(&is, buffer_bytes(&wanted));
        spell_again(&is, &again);
        assert_true(bytes_equal(buffer_bytes(&again), buffer_bytes(&body)));
        assert_int_equal(entry_decode_head(&head, buffer_bytes(&body), NULL), STATUS_OK);
        assert_memory_equal(&head, &is.head, sizeof head);
        entry_view_release(&made);
    }
    entry_view_release(&is);
    buffer_release(&values);
    buffer_release(&body);
    buffer_release(&wanted);
    buffer_release(&again);
}

static void make_entry(uint64_t seed, struct buffer *body)
{
    struct chance chance = {seed};
    struct entry_view made;
    struct buffer values = {0};
    chance_entry(&chance, &FEED, &made, &values);
    spell_again(&made, body);
    entry_view_release(&made);
    buffer_release(&values);
}

/* Decodes a copy of just this size, so that reading past the end is seen. What is accepted is
 * canonical. */
static enum status decode_copy(struct entry_view *view, struct bytes body)
{
    uint8_t *copy = malloc(body.size ? body.size : 1);
    assert_non_null(copy);
    memcpy(copy, body.data, body.size);
    enum status status = entry_decode(view, &FEED, bytes_of(copy, body.size), NULL);
    if (status == STATUS_OK)
        assert_true(spell_same(view, bytes_of(copy, body.size)));
    free(copy);
    return status;
}

static void an_entry_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct entry_view view = {0};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct buffer body = {0};
        make_entry(seed, &body);
        for (size_t size = 0; size < body.size; size++)
            assert_int_equal(decode_copy(&view, bytes_of(body.data, size)), STATUS_BAD_INPUT);
        buffer_release(&body);
    }
    entry_view_release(&view);
}

static void a_changed_byte_is_refused_or_canonical(void **state)
{
    (void)state;
    struct entry_view view = {0};
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct buffer body = {0};
        make_entry(seed, &body);
        for (size_t at = 0; at < body.size && at < 250; at++) {
            uint8_t was = body.data[at];
            for (int value = 0; value < 256; value++) {
                body.data[at] = (uint8_t)value;
                decode_copy(&view, buffer_bytes(&body));
            }
            body.data[at] = was;
        }
        buffer_release(&body);
    }
    entry_view_release(&view);
}

static void a_view_is_used_again_without_new_memory(void **state)
{
    (void)state;
    struct entry_view view = {0};
    struct buffer body = {0};
    make_entry(3, &body);
    assert_int_equal(entry_decode(&view, &FEED, buffer_bytes(&body), NULL), STATUS_OK);
    struct entry_view before = view;
    for (int i = 0; i < 100; i++)
        assert_int_equal(entry_decode(&view, &FEED, buffer_bytes(&body), NULL), STATUS_OK);
    assert_ptr_equal(view.ops, before.ops);
    assert_ptr_equal(view.fields, before.fields);
    assert_ptr_equal(view.dots, before.dots);
    assert_int_equal(view.dots_count, before.dots_count);
    entry_view_release(&view);
    buffer_release(&body);
}

/* Decodes with a fresh view and compares its memory with the body's size. */
static void expect_little_memory(struct buffer *body)
{
    struct entry_view view = {0};
    assert_int_equal(entry_decode(&view, &FEED, buffer_bytes(body), NULL), STATUS_OK);
    size_t held = view.ops_capacity * sizeof *view.ops +
                  view.fields_capacity * sizeof *view.fields +
                  view.dots_capacity * sizeof *view.dots;
    assert_true(held <= 16 * body->size + 65536);
    entry_view_release(&view);
    buffer_release(body);
}

/* Ops that consist of as many small fields, or as many short dots, as there may be. */
static void pack_dense(struct buffer *body, uint32_t ops, uint32_t fields, uint32_t dots)
{
    spell_pack("#96 1 0 0 nil 1", body);
    assert_int_equal(pack_array(body, ops), STATUS_OK);
    for (uint32_t i = 0; i < ops; i++) {
        struct id row = {{0}};
        put_u32le(row.bytes, i);
        spell_pack("#94 20", body);
        assert_int_equal(pack_bin(body, bytes_of(row.bytes, ID_BYTES)), STATUS_OK);
        assert_int_equal(pack_array(body, 2 * fields), STATUS_OK);
        for (uint32_t field = 0; field < fields; field++) {
            assert_int_equal(pack_uint(body, field), STATUS_OK);
            assert_int_equal(pack_nil(body), STATUS_OK);
        }
        assert_int_equal(pack_array(body, dots > 0), STATUS_OK);
        if (dots > 0)
            assert_int_equal(pack_array(body, dots), STATUS_OK);
        for (uint32_t dot = 1; dot <= dots; dot++) {
            assert_int_equal(pack_array(body, 2), STATUS_OK);
            assert_int_equal(pack_uint(body, 1 + dot / 128), STATUS_OK);
            assert_int_equal(pack_uint(body, 1 + dot % 127), STATUS_OK);
        }
    }
}

static void dense_bodies_take_little_memory(void **state)
{
    (void)state;
    struct buffer body = {0};
    for (uint32_t ops = 100; ops <= 3500; ops += ops / 3) {
        pack_dense(&body, ops, 128, 0);
        expect_little_memory(&body);
        pack_dense(&body, ops, 128, 1);
        expect_little_memory(&body);
    }
    for (uint32_t ops = 100; ops <= 2500; ops += ops / 3) {
        pack_dense(&body, ops, 1, 120);
        expect_little_memory(&body);
    }
    pack_dense(&body, ENTRY_OPS_MAX, 1, 0);
    expect_little_memory(&body);
}

/* ---- vectors ---- */

static json_t *load_vectors(void)
{
    json_error_t error;
    json_t *all = json_load_file(SOURCE_DIR "/tests/vectors/entry.json", 0, &error);
    if (!all)
        fail_msg("entry.json:%d: %s", error.line, error.text);
    return all;
}

static struct bytes hex_of(const json_t *object, const char *key, uint8_t area[VECTOR_BYTES_MAX])
{
    const char *text = json_string_value(json_object_get(object, key));
    size_t size = text ? strlen(text) / 2 : 0;
    assert_true(text && size <= VECTOR_BYTES_MAX && hex_decode(text, area, size));
    return bytes_of(area, size);
}

static void expect_reads(const struct entry_view *view, const json_t *entry)
{
    struct buffer wanted = {0};
    size_t i;
    const json_t *line;
    json_array_foreach(json_object_get(entry, "reads"), i, line)
    {
        assert_int_equal(buffer_append_bytes(&wanted, bytes_text(json_string_value(line))),
                         STATUS_OK);
        assert_int_equal(buffer_append(&wanted, "\n", 1), STATUS_OK);
    }
    expect_spelled(view, buffer_bytes(&wanted));
    buffer_release(&wanted);
}

static uint32_t part_of(const json_t *feed, const char *key)
{
    return (uint32_t)json_integer_value(json_object_get(feed, key));
}

static void vectors_read_as_they_say(void **state)
{
    (void)state;
    uint8_t area[VECTOR_BYTES_MAX];
    json_t *all = load_vectors();
    struct entry_view view = {0};
    size_t i, j, checked = 0;
    const json_t *feed, *entry;
    json_array_foreach(json_object_get(all, "feeds"), i, feed)
    {
        struct feed_id id = {part_of(feed, "scope"), part_of(feed, "device"),
                             part_of(feed, "incarnation")};
        json_array_foreach(json_object_get(feed, "entries"), j, entry)
        {
            struct bytes body = hex_of(entry, "body", area);
            assert_int_equal(entry_decode(&view, &id, body, NULL), STATUS_OK);
            expect_reads(&view, entry);
            assert_true(spell_same(&view, body));
            checked++;
        }
    }
    assert_int_equal(checked, 8);
    entry_view_release(&view);
    json_decref(all);
}

static void vectors_that_must_be_refused_are(void **state)
{
    (void)state;
    uint8_t area[VECTOR_BYTES_MAX];
    json_t *all = load_vectors();
    struct entry_view view = {0};
    size_t i;
    const json_t *refused;
    assert_int_equal(json_array_size(json_object_get(all, "refused")), 29);
    json_array_foreach(json_object_get(all, "refused"), i, refused)
    {
        enum status status = decode_copy(&view, hex_of(refused, "body", area));
        const char *wanted = json_string_value(json_object_get(refused, "status"));
        if (strcmp(status_name(status), wanted) != 0)
            fail_msg("%s: %s, not %s", json_string_value(json_object_get(refused, "meaning")),
                     status_name(status), wanted);
    }
    entry_view_release(&view);
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_insert_has_no_bases),
        cmocka_unit_test(shared_bases_are_written_once),
        cmocka_unit_test(bases_that_differ_are_written_for_each_field),
        cmocka_unit_test(dots_leave_out_what_the_feed_tells),
        cmocka_unit_test(bases_are_sorted_and_taken_once),
        cmocka_unit_test(a_writer_starts_afresh),
        cmocka_unit_test(an_entry_without_ops_is_not_written),
        cmocka_unit_test(an_entry_past_the_limit_is_not_written),
        cmocka_unit_test(a_writer_takes_a_bounded_number_of_ops_and_bases),
        cmocka_unit_test(random_entries_read_as_they_were_written),
        cmocka_unit_test(an_entry_cut_anywhere_is_refused),
        cmocka_unit_test(a_changed_byte_is_refused_or_canonical),
        cmocka_unit_test(a_view_is_used_again_without_new_memory),
        cmocka_unit_test(dense_bodies_take_little_memory),
        cmocka_unit_test(vectors_read_as_they_say),
        cmocka_unit_test(vectors_that_must_be_refused_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
