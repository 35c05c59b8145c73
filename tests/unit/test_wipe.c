/* What a closed replica leaves in memory: neither the key of its pages nor the device's own keys,
 * which its pages hold in the clear. */

#include <fcntl.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/replica.h"
#include "common/wipe.h"

#define NEEDLE_BYTES 24
#define MASK 0x5a
/* AddressSanitizer's shadow is larger, and holds nothing of ours. */
#define REGION_MOST ((size_t)1 << 32)

/* The tests themselves must not hold what they look for. */
struct needle {
    uint8_t masked[NEEDLE_BYTES];
};

static char folder[] = "/tmp/jinqiu-wipe-XXXXXX", path[64];
static struct needle page, seed, secret;

static struct needle needle_of(const uint8_t *bytes)
{
    struct needle needle;
    for (size_t i = 0; i < NEEDLE_BYTES; i++)
        needle.masked[i] = bytes[i] ^ MASK;
    return needle;
}

static bool matches(const uint8_t *at, const struct needle *needle)
{
    size_t i = 0;
    while (i < NEEDLE_BYTES && (at[i] ^ MASK) == needle->masked[i])
        i++;
    return i == NEEDLE_BYTES;
}

static bool piece_holds(const uint8_t *piece, size_t size, const struct needle *needle)
{
    const uint8_t *end = piece + size, *at = piece;
    while (end - at >= NEEDLE_BYTES) {
        at = memchr(at, needle->masked[0] ^ MASK, (size_t)(end - at));
        if (!at || end - at < NEEDLE_BYTES)
            return false;
        if (matches(at, needle))
            return true;
        at++;
    }
    return false;
}

/* In one region; pieces overlap by a needle. */
static bool region_holds(int memory, size_t first, size_t last, const struct needle *needle)
{
    static uint8_t area[1 << 16];
    bool found = false;
    for (size_t at = first; at < last && !found; at += sizeof area - NEEDLE_BYTES) {
        size_t wanted = last - at < sizeof area ? last - at : sizeof area;
        bool own = at < (size_t)area + sizeof area && at + wanted > (size_t)area;
        ssize_t got = own ? 0 : pread(memory, area, wanted, (off_t)at);
        found = got > 0 && piece_holds(area, (size_t)got, needle);
    }
    sodium_memzero(area, sizeof area);
    return found;
}

static bool memory_holds(const struct needle *needle)
{
    char line[512], rights[8];
    size_t first, last;
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_non_null(maps);
    assert_true(memory >= 0);
    while (!found && fgets(line, sizeof line, maps))
        if (sscanf(line, "%zx-%zx %7s", &first, &last, rights) == 3 &&
            strncmp(rights, "rw", 2) == 0 && last - first < REGION_MOST)
            found = region_holds(memory, first, last, needle);
    fclose(maps);
    close(memory);
    return found;
}

static struct replica_options options_of(struct page_key *key)
{
    key->cipher = page_cipher_best();
    for (size_t i = 0; i < NEEDLE_BYTES; i++)
        key->bytes[i] = page.masked[i] ^ MASK;
    return (struct replica_options){.path = path, .clock = clock_system(), .key = key};
}

static int make(void **state)
{
    static const struct network network = {{1}};
    struct page_key key = {0};
    struct identity identity = {.device = 1, .incarnation = 1};
    struct replica *replica;
    (void)state;
    assert_int_equal(keys_init(NULL), STATUS_OK);
    assert_int_equal(wipe_what_is_freed(NULL), STATUS_OK);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/replica.db", folder);
    randombytes_buf(&page, sizeof page);
    struct replica_options options = options_of(&key);
    assert_int_equal(replica_create(&replica, &options, &network, NULL), STATUS_OK);
    signing_key_generate(&identity.sign);
    dh_key_generate(&identity.dh);
    seed = needle_of(identity.sign.secret);
    secret = needle_of(identity.dh.secret);
    assert_int_equal(replica_set_identity(replica, &identity, NULL), STATUS_OK);
    signing_key_release(&identity.sign);
    dh_key_release(&identity.dh);
    sodium_memzero(&key, sizeof key);
    replica_close(replica);
    wipe_stack();
    return 0;
}

static int tidy_up(void **state)
{
    (void)state;
    unlink(path);
    rmdir(folder);
    return 0;
}

static struct replica *open_it(void)
{
    struct page_key key = {0};
    struct replica *replica;
    struct replica_options options = options_of(&key);
    assert_int_equal(replica_open(&replica, &options, NULL), STATUS_OK);
    sodium_memzero(&key, sizeof key);
    return replica;
}

static void test_an_open_replica_holds_its_keys_and_a_closed_one_nothing_of_them(void **state)
{
    const struct needle *const needles[] = {&page, &seed, &secret};
    (void)state;
    struct replica *replica = open_it();
    for (size_t i = 0; i < 3; i++)
        assert_true(memory_holds(needles[i]));
    replica_close(replica);
    wipe_stack();
    for (size_t i = 0; i < 3; i++)
        assert_false(memory_holds(needles[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_open_replica_holds_its_keys_and_a_closed_one_nothing_of_them)};
    return cmocka_run_group_tests(tests, make, tidy_up);
}
