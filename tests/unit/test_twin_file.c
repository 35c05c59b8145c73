/* A small file kept twice: cut, torn, flipped, full. The state of before or the new one is there,
 * whatever happens, and it is the new one once the save has returned. */

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/twin_file.h"
#include "tests/support/fake_disk.h"

#define CALLS_PER_SAVE 8 /* write, sync, rename, sync of the folder, for each copy */
#define SEEDS 64

static const char *const paths[] = {"here/state.a", "here/state.b"};

static struct twin_file twin_on(const struct disk *disk)
{
    return (struct twin_file){.disk = disk, .folder = "here", .name = "state", .magic = "TESTTWIN"};
}

/* "one", "two" …, or the name of the status. */
static const char *load(struct fake_disk *fake)
{
    static uint8_t payload[TWIN_PAYLOAD_MAX + 1];
    size_t size;
    struct disk disk = fake_disk(fake);
    struct twin_file twin = twin_on(&disk);
    enum status status = twin_load(&twin, payload, &size, NULL);
    payload[size] = '\0';
    return status == STATUS_OK ? (const char *)payload : status_name(status);
}

static enum status save(struct fake_disk *fake, const char *text)
{
    uint8_t payload[TWIN_PAYLOAD_MAX];
    size_t size;
    struct disk disk = fake_disk(fake);
    struct twin_file twin = twin_on(&disk);
    twin_load(&twin, payload, &size, NULL);
    return twin_save(&twin, bytes_text(text), NULL);
}

static void heal(struct fake_disk *fake)
{
    uint8_t payload[TWIN_PAYLOAD_MAX];
    size_t size;
    struct disk disk = fake_disk(fake);
    struct twin_file twin = twin_on(&disk);
    if (twin_load(&twin, payload, &size, NULL) == STATUS_OK)
        twin_heal(&twin, bytes_of(payload, size), NULL);
}

static struct fake_disk *disk_with(const char *text)
{
    struct fake_disk *fake = calloc(1, sizeof *fake);
    fake->code = EIO;
    if (text)
        assert_int_equal(save(fake, text), STATUS_OK);
    fake->calls = 0;
    return fake;
}

static void test_a_saved_state_is_there_after_a_cut(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct fake_disk *fake = disk_with(NULL);
        assert_string_equal(load(fake), "not found");
        assert_int_equal(save(fake, "one"), STATUS_OK);
        assert_int_equal(save(fake, "two"), STATUS_OK);
        fake_disk_cut(fake, seed);
        assert_string_equal(load(fake), "two");
        free(fake);
    }
}

/* Before every call, and every way that a platter may look then. */
static void test_a_cut_within_a_save_leaves_the_old_or_the_new_state(void **state)
{
    (void)state;
    bool old_seen = false, new_seen = false;
    for (unsigned k = 1; k <= CALLS_PER_SAVE; k++)
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            struct fake_disk *fake = disk_with("old");
            fake->fail_at = k;
            fake->dead = true;
            enum status status = save(fake, "new");
            fake_disk_cut(fake, seed);
            const char *found = load(fake);
            if (strcmp(found, "new") != 0 && (status == STATUS_OK || strcmp(found, "old") != 0))
                fail_msg("cut before call %u, seed %llu: %s", k, (unsigned long long)seed, found);
            old_seen |= strcmp(found, "old") == 0;
            new_seen |= strcmp(found, "new") == 0;
            free(fake);
        }
    assert_true(old_seen && new_seen);
}

static void test_a_second_cut_while_healing_does_no_harm(void **state)
{
    (void)state;
    for (unsigned k = 1; k <= CALLS_PER_SAVE; k++)
        for (unsigned again = 1; again <= CALLS_PER_SAVE / 2; again++)
            for (uint64_t seed = 0; seed < 16; seed++) {
                struct fake_disk *fake = disk_with("old");
                fake->fail_at = k;
                fake->dead = true;
                save(fake, "new");
                fake_disk_cut(fake, seed);
                char found[8];
                strcpy(found, load(fake));
                fake->fail_at = again;
                heal(fake);
                fake_disk_cut(fake, seed + 1000);
                assert_string_equal(load(fake), found);
                heal(fake);
                fake_disk_cut(fake, seed + 2000);
                for (size_t i = 0; i < 2; i++)
                    assert_non_null(fake_disk_file(fake, paths[i]));
                assert_string_equal(load(fake), found);
                free(fake);
            }
}

/* The process lives on, and says that nothing was saved only when that is so. */
static void test_a_failing_call_is_told_unless_the_state_is_safe(void **state)
{
    (void)state;
    for (unsigned k = 1; k <= CALLS_PER_SAVE; k++) {
        struct fake_disk *fake = disk_with("old");
        fake->fail_at = k;
        fake->code = ENOSPC;
        enum status status = save(fake, "new");
        assert_int_equal(status, k <= CALLS_PER_SAVE / 2 ? STATUS_DISK_FULL : STATUS_OK);
        /* Only the sync of the folder comes behind the rename. */
        assert_string_equal(load(fake), k < CALLS_PER_SAVE / 2 ? "old" : "new");
        fake->fail_at = 0;
        assert_int_equal(save(fake, "newer"), STATUS_OK);
        fake_disk_cut(fake, k);
        assert_string_equal(load(fake), "newer");
        free(fake);
    }
}

static void test_every_bit_of_one_copy_may_flip(void **state)
{
    (void)state;
    struct fake_disk *fake = disk_with("state");
    for (size_t copy = 0; copy < 2; copy++) {
        struct fake_content *content = fake_disk_file(fake, paths[copy]);
        for (size_t bit = 0; bit < content->size * 8; bit++) {
            content->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_string_equal(load(fake), "state");
            content->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    free(fake);
}

static void test_one_copy_may_be_cut_short_or_missing(void **state)
{
    (void)state;
    struct fake_disk *fake = disk_with("state");
    for (size_t copy = 0; copy < 2; copy++) {
        struct fake_content *content = fake_disk_file(fake, paths[copy]), whole = *content;
        for (content->size = 0; content->size < whole.size; content->size++)
            assert_string_equal(load(fake), "state");
        content->size = whole.size + 1;
        assert_string_equal(load(fake), "state");
        *content = whole;
        for (size_t i = 0; i < FAKE_NAMES_MAX; i++)
            if (strcmp(fake->now[i].path, paths[copy]) == 0) {
                fake->now[i].path[0] = '\0';
                assert_string_equal(load(fake), "state");
                strcpy(fake->now[i].path, paths[copy]);
            }
    }
    free(fake);
}

static void test_the_damaged_copy_is_replaced_first(void **state)
{
    (void)state;
    for (size_t copy = 0; copy < 2; copy++) {
        struct fake_disk *fake = disk_with("old");
        fake_disk_file(fake, paths[copy])->bytes[9] ^= 1;
        fake->fail_at = CALLS_PER_SAVE / 2 + 1;
        fake->dead = true;
        assert_int_equal(save(fake, "new"), STATUS_OK);
        assert_string_equal(load(fake), "new");
        fake_disk_file(fake, paths[copy])->bytes[9] ^= 1;
        assert_string_equal(load(fake), "old");
        free(fake);
    }
}

static void test_erasing_leaves_nothing_of_the_old_on_the_disk(void **state)
{
    (void)state;
    static const char old[] = "a secret of old", new[] = "gone";
    for (unsigned fail_at = 0; fail_at < 4 * CALLS_PER_SAVE; fail_at++) {
        struct fake_disk *fake = disk_with(old);
        struct disk disk = fake_disk(fake);
        struct twin_file twin = twin_on(&disk);
        uint8_t payload[TWIN_PAYLOAD_MAX];
        size_t size, found = 0;
        assert_int_equal(twin_load(&twin, payload, &size, NULL), STATUS_OK);
        fake->fail_at = fail_at;
        fake->dead = true;
        enum status status = twin_erase(&twin, bytes_text(new), NULL);
        fake->dead = false;
        fake_disk_cut(fake, fail_at);
        for (size_t i = 0; i < fake->files_count; i++)
            for (size_t at = 0; at + sizeof old < FAKE_BYTES_MAX; at++)
                found += memcmp(fake->files[i].platter.bytes + at, old, sizeof old - 1) == 0;
        if (status == STATUS_OK) {
            assert_int_equal(found, 0);
            assert_string_equal(load(fake), new);
        }
        free(fake);
    }
}

static void test_damage_is_told_from_absence(void **state)
{
    (void)state;
    struct fake_disk *fake = disk_with("state");
    struct fake_content *first = fake_disk_file(fake, paths[0]);
    struct fake_content *second = fake_disk_file(fake, paths[1]);
    for (size_t at = 0; at < first->size; at++) {
        first->bytes[at] ^= 1;
        second->bytes[at] ^= 1;
        assert_string_equal(load(fake), "bad input");
        first->bytes[at] ^= 1;
        second->bytes[at] ^= 1;
    }
    assert_string_equal(load(fake), "state");
    free(fake);
}

static void test_the_newer_copy_counts_and_the_older_is_brought_up(void **state)
{
    (void)state;
    for (size_t copy = 0; copy < 2; copy++) {
        struct fake_disk *fake = disk_with("old");
        struct fake_content old = *fake_disk_file(fake, paths[copy]);
        assert_int_equal(save(fake, "new"), STATUS_OK);
        *fake_disk_file(fake, paths[copy]) = old;
        assert_string_equal(load(fake), "new");
        heal(fake);
        struct fake_content *first = fake_disk_file(fake, paths[0]);
        struct fake_content *second = fake_disk_file(fake, paths[1]);
        assert_int_equal(first->size, second->size);
        assert_memory_equal(first->bytes, second->bytes, first->size);
        assert_string_equal(load(fake), "new");
        free(fake);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_saved_state_is_there_after_a_cut),
        cmocka_unit_test(test_a_cut_within_a_save_leaves_the_old_or_the_new_state),
        cmocka_unit_test(test_a_second_cut_while_healing_does_no_harm),
        cmocka_unit_test(test_a_failing_call_is_told_unless_the_state_is_safe),
        cmocka_unit_test(test_every_bit_of_one_copy_may_flip),
        cmocka_unit_test(test_one_copy_may_be_cut_short_or_missing),
        cmocka_unit_test(test_the_damaged_copy_is_replaced_first),
        cmocka_unit_test(test_erasing_leaves_nothing_of_the_old_on_the_disk),
        cmocka_unit_test(test_damage_is_told_from_absence),
        cmocka_unit_test(test_the_newer_copy_counts_and_the_older_is_brought_up),
    };
    if (sodium_init() < 0)
        return 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
