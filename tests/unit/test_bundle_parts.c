/* A bundle as QR pictures: in any order, some twice; with one missing, of two bundles, or changed,
 * nothing comes of it. */

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/qr.h"
#include "common/qr_read.h"
#include "protocol/bundle_parts.h"

#define BUNDLE_BYTES 3000u

struct scene {
    uint8_t bundle[BUNDLE_BYTES];
    unsigned total;
    char texts[PARTS_TOTAL_MAX][PART_TEXT_MAX + 1];
};

static void cut(struct scene *scene, uint8_t seed)
{
    for (size_t i = 0; i < BUNDLE_BYTES; i++)
        scene->bundle[i] = (uint8_t)(i * i + seed + (i >> 8));
    struct bytes bundle = bytes_of(scene->bundle, BUNDLE_BYTES);
    assert_int_equal(bundle_parts_count(bundle, &scene->total, NULL), STATUS_OK);
    for (unsigned i = 0; i < scene->total; i++)
        bundle_parts_text(bundle, i + 1, scene->total, scene->texts[i]);
}

static void expect_join(const struct bundle_parts *parts, const struct scene *scene)
{
    struct buffer joined = {0};
    assert_int_equal(bundle_parts_join(parts, &joined, NULL), STATUS_OK);
    assert_true(bytes_equal(buffer_bytes(&joined), bytes_of(scene->bundle, sizeof scene->bundle)));
    buffer_release(&joined);
}

static void parts_in_any_order_and_some_twice_make_the_bundle(void **state)
{
    static struct scene scene;
    static const unsigned order[] = {3, 0, 3, 4, 1, 1, 2};
    struct bundle_parts parts = {0};
    (void)state;
    cut(&scene, 1);
    assert_int_equal(scene.total, 5);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        assert_int_equal(bundle_parts_take(&parts, bytes_text(scene.texts[order[i]]), NULL),
                         STATUS_OK);
    expect_join(&parts, &scene);
    bundle_parts_release(&parts);
}

static void what_is_missing_is_named(void **state)
{
    static struct scene scene;
    struct bundle_parts parts = {0};
    struct buffer joined = {0};
    struct error err = {0};
    (void)state;
    cut(&scene, 1);
    for (unsigned i = 0; i < scene.total; i += 2)
        assert_int_equal(bundle_parts_take(&parts, bytes_text(scene.texts[i]), NULL), STATUS_OK);
    assert_int_equal(bundle_parts_join(&parts, &joined, &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, "of 5 pictures these are missing: 2 4; nothing was read");
    assert_int_equal(joined.size, 0);
    bundle_parts_release(&parts);
}

static void pictures_of_two_bundles_are_not_mixed(void **state)
{
    static struct scene one, other;
    struct bundle_parts parts = {0};
    (void)state;
    cut(&one, 1);
    cut(&other, 2);
    assert_int_equal(bundle_parts_take(&parts, bytes_text(one.texts[0]), NULL), STATUS_OK);
    assert_int_equal(bundle_parts_take(&parts, bytes_text(other.texts[1]), NULL), STATUS_BAD_INPUT);
    bundle_parts_release(&parts);
}

/* Changed, and all the same a part of its form: the hash of the whole tells. */
static void a_changed_part_is_noticed(void **state)
{
    static struct scene scene;
    struct bundle_parts parts = {0};
    struct buffer joined = {0};
    (void)state;
    cut(&scene, 1);
    scene.texts[2][200] = scene.texts[2][200] == '0' ? '1' : '0';
    for (unsigned i = 0; i < scene.total; i++)
        assert_int_equal(bundle_parts_take(&parts, bytes_text(scene.texts[i]), NULL), STATUS_OK);
    assert_int_equal(bundle_parts_join(&parts, &joined, NULL), STATUS_BAD_INPUT);
    buffer_release(&joined);
    bundle_parts_release(&parts);
}

static void no_other_text_is_a_part(void **state)
{
    static struct scene scene;
    struct bundle_parts parts = {0};
    (void)state;
    cut(&scene, 1);
    static const char *const texts[] = {
        "", "JQB1", "JQ1-abc", "JQB1abc", "JQB1:::", "JQB10000000000", "JQB1000000000000000000000"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(bundle_parts_take(&parts, bytes_text(texts[i]), NULL), STATUS_BAD_INPUT);
    for (size_t size = 0; size < 19; size++)
        assert_int_equal(bundle_parts_take(&parts, bytes_of(scene.texts[0], size), NULL),
                         STATUS_BAD_INPUT);
    assert_int_equal(parts.total, 0);
    bundle_parts_release(&parts);
}

static void a_bundle_that_is_too_large_is_refused(void **state)
{
    unsigned total;
    size_t most = (size_t)PART_BYTES_MAX * PARTS_TOTAL_MAX;
    uint8_t *bundle = calloc(1, most + 1);
    (void)state;
    assert_non_null(bundle);
    assert_int_equal(bundle_parts_count(bytes_of(bundle, most), &total, NULL), STATUS_OK);
    assert_int_equal(total, PARTS_TOTAL_MAX);
    assert_int_equal(bundle_parts_count(bytes_of(bundle, most + 1), &total, NULL),
                     STATUS_TOO_LARGE);
    free(bundle);
}

/* ---- pictures ---- */

static enum status take(void *context, struct bytes text, struct error *err)
{
    return bundle_parts_take(context, text, err);
}

static void what_is_drawn_is_read(void **state)
{
    static struct scene scene;
    struct bundle_parts parts = {0};
    (void)state;
    cut(&scene, 3);
    for (unsigned i = 0; i < scene.total; i++) {
        struct buffer png = {0};
        assert_int_equal(qr_png(scene.texts[i], &png, NULL), STATUS_OK);
        assert_true(qr_is_picture(buffer_bytes(&png)));
        assert_int_equal(qr_read(buffer_bytes(&png), take, &parts, NULL), STATUS_OK);
        buffer_release(&png);
    }
    expect_join(&parts, &scene);
    bundle_parts_release(&parts);
}

/* Cut off and changed anywhere: read, or refused in words; the sanitizer watches. */
static void a_damaged_picture_does_no_harm(void **state)
{
    static struct scene scene;
    struct buffer png = {0};
    (void)state;
    cut(&scene, 3);
    assert_int_equal(qr_png(scene.texts[4], &png, NULL), STATUS_OK);
    for (size_t at = 0; at < png.size; at += png.size / 40) {
        struct bundle_parts parts = {0};
        enum status status = qr_read(bytes_of(png.data, at), take, &parts, NULL);
        assert_int_equal(status, STATUS_BAD_INPUT);
        png.data[at] ^= 0x40;
        status = qr_read(buffer_bytes(&png), take, &parts, NULL);
        assert_true(status == STATUS_OK || status == STATUS_BAD_INPUT ||
                    status == STATUS_NOT_FOUND);
        png.data[at] ^= 0x40;
        bundle_parts_release(&parts);
    }
    buffer_release(&png);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_in_any_order_and_some_twice_make_the_bundle),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(pictures_of_two_bundles_are_not_mixed),
        cmocka_unit_test(a_changed_part_is_noticed),
        cmocka_unit_test(no_other_text_is_a_part),
        cmocka_unit_test(a_bundle_that_is_too_large_is_refused),
        cmocka_unit_test(what_is_drawn_is_read),
        cmocka_unit_test(a_damaged_picture_does_no_harm),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
