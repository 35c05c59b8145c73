/* The shape of an attachment, its units and its value. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <sodium.h>

#include "common/attachment.h"

static struct network network = {{7}};
static uint8_t key[ATTACHMENT_KEY_BYTES] = {1, 2, 3};

/* All units of a file, as they were given. */
struct units {
    struct buffer bytes;
    size_t ends[8192];
    uint32_t count;
};

static struct bytes unit_at(const struct units *units, uint32_t position)
{
    size_t from = position ? units->ends[position - 1] : 0;
    return bytes_of(units->bytes.data + from, units->ends[position] - from);
}

static enum status keep(void *context, uint32_t position, struct bytes unit, struct error *err)
{
    struct units *units = context;
    (void)err;
    assert_int_equal(position, units->count);
    assert_int_equal(buffer_append_bytes(&units->bytes, unit), STATUS_OK);
    units->ends[units->count++] = units->bytes.size;
    return STATUS_OK;
}

static struct attachment_name seal(struct units *units, const uint8_t *content, size_t size)
{
    struct attachment_name name;
    struct attachment_sealing sealing = {&network, key, keep, units};
    units->count = 0;
    buffer_clear(&units->bytes);
    assert_int_equal(attachment_seal(&name, &sealing, bytes_of(content, size), NULL), STATUS_OK);
    assert_int_equal(name.bytes, size);
    return name;
}

/* What a reader does: each unit against the list before it, each leaf opened. */
static void check_units(const struct units *units, const struct attachment_name *name,
                        const uint8_t *content)
{
    uint8_t part[ATTACHMENT_LEAF_BYTES];
    uint32_t leaf;
    assert_int_equal(units->count, attachment_units(name->bytes));
    for (uint32_t position = 0; position < units->count; position++) {
        struct bytes unit = unit_at(units, position);
        struct hash hash;
        const uint8_t *wanted = name->root;
        attachment_unit_hash(&hash, &network, name->bytes, position, unit);
        if (position > 0) {
            struct attachment_parent parent = attachment_parent_of(name->bytes, position);
            assert_true(parent.position < position);
            assert_true((parent.index + 1) * HASH_BYTES <= unit_at(units, parent.position).size);
            wanted = unit_at(units, parent.position).data + (size_t)parent.index * HASH_BYTES;
        }
        assert_memory_equal(hash.bytes, wanted, HASH_BYTES);
        assert_int_equal(unit.size, attachment_unit_bytes(name->bytes, position));
        assert_true(unit.size <= ATTACHMENT_UNIT_BYTES);
        if (!attachment_leaf_at(name->bytes, position, &leaf))
            continue;
        assert_true(attachment_open_leaf(part, &network, key, position, unit));
        assert_memory_equal(part, content + (size_t)leaf * ATTACHMENT_LEAF_BYTES, unit.size - 16);
    }
}

static void every_size_comes_back_through_its_units(void **state)
{
    static const size_t sizes[] = {1,
                                   ATTACHMENT_LEAF_BYTES - 1,
                                   ATTACHMENT_LEAF_BYTES,
                                   ATTACHMENT_LEAF_BYTES + 1,
                                   2 * ATTACHMENT_LEAF_BYTES,
                                   224 * ATTACHMENT_LEAF_BYTES,
                                   224 * ATTACHMENT_LEAF_BYTES + 1,
                                   448 * ATTACHMENT_LEAF_BYTES,
                                   1000 * ATTACHMENT_LEAF_BYTES + 17};
    struct units *units = calloc(1, sizeof *units);
    size_t most = sizes[8];
    uint8_t *content = malloc(most);
    (void)state;
    for (size_t i = 0; i < most; i++)
        content[i] = (uint8_t)(i * 31 + i / 256);
    for (size_t i = 0; i < 9; i++) {
        struct attachment_name name = seal(units, content, sizes[i]);
        check_units(units, &name, content);
    }
    buffer_release(&units->bytes);
    free(units);
    free(content);
}

static void the_largest_file_has_two_levels_of_lists(void **state)
{
    uint32_t leaf;
    (void)state;
    assert_int_equal(attachment_leaves(ATTACHMENT_BYTES_MAX), 4692);
    assert_int_equal(attachment_units(ATTACHMENT_BYTES_MAX), 1 + 21 + 4692);
    assert_int_equal(attachment_unit_bytes(ATTACHMENT_BYTES_MAX, 0), 21 * 32);
    assert_int_equal(attachment_unit_bytes(ATTACHMENT_BYTES_MAX, 21), (4692 - 20 * 224) * 32);
    assert_false(attachment_leaf_at(ATTACHMENT_BYTES_MAX, 21, &leaf));
    assert_true(attachment_leaf_at(ATTACHMENT_BYTES_MAX, 22, &leaf));
    assert_int_equal(leaf, 0);
}

static void no_file_of_nothing_and_none_that_is_too_large(void **state)
{
    struct attachment_name name;
    struct attachment_sealing sealing = {&network, key, keep, NULL};
    (void)state;
    assert_int_equal(attachment_seal(&name, &sealing, (struct bytes){0}, NULL), STATUS_BAD_INPUT);
    assert_int_equal(
        attachment_seal(&name, &sealing, bytes_of("", (size_t)ATTACHMENT_BYTES_MAX + 1), NULL),
        STATUS_TOO_LARGE);
}

static void a_unit_is_none_at_another_place_or_of_another_file(void **state)
{
    uint8_t content[3 * ATTACHMENT_LEAF_BYTES] = {0}, part[ATTACHMENT_LEAF_BYTES];
    struct units *units = calloc(1, sizeof *units);
    struct hash here, there;
    (void)state;
    struct attachment_name name = seal(units, content, sizeof content);
    struct bytes unit = unit_at(units, 1);
    attachment_unit_hash(&here, &network, name.bytes, 1, unit);
    attachment_unit_hash(&there, &network, name.bytes, 2, unit);
    assert_memory_not_equal(here.bytes, there.bytes, HASH_BYTES);
    attachment_unit_hash(&there, &network, name.bytes + 1, 1, unit);
    assert_memory_not_equal(here.bytes, there.bytes, HASH_BYTES);
    assert_false(attachment_open_leaf(part, &network, key, 2, unit));
    /* Leaves of one content differ although their content is the same. */
    assert_memory_not_equal(unit.data, unit_at(units, 2).data, unit.size);
    buffer_release(&units->bytes);
    free(units);
}

static void the_key_follows_from_secret_and_content(void **state)
{
    static const uint8_t one[ATTACHMENT_KEY_BYTES] = {1}, other[ATTACHMENT_KEY_BYTES] = {2};
    uint8_t first[ATTACHMENT_KEY_BYTES], second[ATTACHMENT_KEY_BYTES];
    (void)state;
    attachment_key(first, one, bytes_text("示例"));
    attachment_key(second, one, bytes_text("示例"));
    assert_memory_equal(first, second, sizeof first);
    attachment_key(second, other, bytes_text("示例"));
    assert_memory_not_equal(first, second, sizeof first);
    attachment_key(second, one, bytes_text("示例二"));
    assert_memory_not_equal(first, second, sizeof first);
}

static void a_value_comes_back(void **state)
{
    struct attachment_head head = {{{9}, 70000}, {{8}, 500}}, read_head;
    struct attachment_description described = {
        bytes_text("照片.jpg"), bytes_text("image/jpeg"), {3}, {4}};
    struct attachment_description read;
    struct buffer plain = {0};
    (void)state;
    for (int with = 1; with >= 0; with--) {
        if (!with)
            memset(&head.thumbnail, 0, sizeof head.thumbnail);
        buffer_clear(&plain);
        assert_int_equal(attachment_plain_pack(&plain, &head, &described), STATUS_OK);
        assert_true(attachment_plain_read(&read_head, &read, buffer_bytes(&plain)));
        assert_true(bytes_equal(read.name, described.name));
        assert_true(bytes_equal(read.media_type, described.media_type));
        assert_memory_equal(read.key, described.key, sizeof read.key);
        assert_int_equal(read.thumbnail_key[0], with ? 4 : 0);
        assert_memory_equal(read_head.file.root, head.file.root, HASH_BYTES);
        assert_int_equal(read_head.thumbnail.bytes, with ? 500 : 0);
        for (size_t cut = 0; cut < plain.size; cut++)
            assert_false(attachment_plain_read(&read_head, &read, bytes_of(plain.data, cut)));
    }
    buffer_release(&plain);
}

static bool head_holds(uint32_t bytes, uint8_t thumbnail_root, uint32_t thumbnail_bytes)
{
    struct attachment_head head = {{{9}, bytes}, {{thumbnail_root}, thumbnail_bytes}}, read;
    uint8_t written[ATTACHMENT_HEAD_BYTES];
    attachment_head_write(written, &head);
    return attachment_head_read(&read, bytes_of(written, sizeof written));
}

static void a_head_keeps_its_bounds(void **state)
{
    (void)state;
    assert_true(head_holds(1, 0, 0));
    assert_true(head_holds(ATTACHMENT_BYTES_MAX, 1, ATTACHMENT_LEAF_BYTES));
    assert_false(head_holds(0, 0, 0));
    assert_false(head_holds(ATTACHMENT_BYTES_MAX + 1, 0, 0));
    assert_false(head_holds(1, 1, ATTACHMENT_LEAF_BYTES + 1));
    assert_false(head_holds(1, 0, 5));
    assert_false(head_holds(1, 5, 0));
}

static void a_media_type_is_one(void **state)
{
    static const char *const good[] = {"image/jpeg", "application/vnd.ms-excel", "image/svg+xml"};
    static const char *const bad[] = {"",        "image",         "/jpeg",        "image/",
                                      "a b/c",   "text/html;x=y", "image/jpeg\n", "image/+x",
                                      "图像/图", "a/b/c"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(attachment_type_valid(bytes_text(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(attachment_type_valid(bytes_text(bad[i])));
    assert_false(attachment_type_valid(bytes_of("a\0/b", 4)));
}

static void expect_hex(const json_t *object, const char *name, struct bytes bytes)
{
    char hex[2 * HASH_BYTES + 1];
    hex_encode(bytes, hex);
    assert_string_equal(json_string_value(json_object_get(object, name)), hex);
}

static void expect_unit(const json_t *file, const char *name, struct bytes unit)
{
    uint8_t hash[16];
    crypto_generichash(hash, sizeof hash, unit.data, unit.size, NULL, 0);
    expect_hex(file, name, bytes_of(hash, sizeof hash));
}

/* tests/vectors/attachment.py reads the protocol's page for itself. */
static void another_implementation_comes_to_the_same_units(void **state)
{
    json_t *vectors = json_load_file(SOURCE_DIR "/tests/vectors/attachment.json", 0, NULL), *file;
    struct units *units = calloc(1, sizeof *units);
    size_t most = 225 * ATTACHMENT_LEAF_BYTES, i;
    uint8_t *content = malloc(most);
    (void)state;
    for (size_t at = 0; at < most; at++)
        content[at] = (uint8_t)(at * 31 + at / 256);
    assert_true(hex_decode(json_string_value(json_object_get(vectors, "network")), network.id,
                           NETWORK_BYTES));
    assert_true(hex_decode(json_string_value(json_object_get(vectors, "key")), key, sizeof key));
    assert_int_equal(json_array_size(json_object_get(vectors, "files")), 5);
    json_array_foreach(json_object_get(vectors, "files"), i, file)
    {
        size_t size = (size_t)json_integer_value(json_object_get(file, "bytes"));
        struct attachment_name name = seal(units, content, size);
        assert_int_equal(units->count, json_integer_value(json_object_get(file, "units")));
        expect_hex(file, "root", bytes_of(name.root, HASH_BYTES));
        expect_unit(file, "first", unit_at(units, 0));
        expect_unit(file, "last", unit_at(units, units->count - 1));
    }
    json_decref(vectors);
    buffer_release(&units->bytes);
    free(units);
    free(content);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_comes_back_through_its_units),
        cmocka_unit_test(the_largest_file_has_two_levels_of_lists),
        cmocka_unit_test(no_file_of_nothing_and_none_that_is_too_large),
        cmocka_unit_test(a_unit_is_none_at_another_place_or_of_another_file),
        cmocka_unit_test(the_key_follows_from_secret_and_content),
        cmocka_unit_test(a_value_comes_back),
        cmocka_unit_test(a_head_keeps_its_bounds),
        cmocka_unit_test(a_media_type_is_one),
        cmocka_unit_test(another_implementation_comes_to_the_same_units),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
