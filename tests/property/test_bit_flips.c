/* Bits rot: one bit of a client's database, or of its write-ahead log after a crash, is another
 * one. Either nothing comes of it, or it is noticed; and what is noticed is mended with the help of
 * the hub, or it is said what is lost. Nothing is lost in silence. JINQIU_FLIPS says how many bits
 * for each kind of file (50). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/lives.h"
#include "common/repair.h"
#include "common/view.h"
#include "tests/support/chance.h"
#include "tests/support/world.h"

#define FLIPS 50
#define PERSONS 12
#define VISITS 40 /* of these the hub has half */

struct file {
    char path[128];
    struct buffer bytes;
};

/* A client that crashed, and its hub. */
struct scene {
    struct world world;
    struct replica_options options;
    struct file database, log, hub;
    int64_t visits;
    unsigned noticed, harmless, mended, told, given_up, torn;
};

static void read_file(struct file *file)
{
    FILE *in = fopen(file->path, "rb");
    uint8_t part[4096];
    size_t size;
    assert_non_null(in);
    while ((size = fread(part, 1, sizeof part, in)) > 0)
        assert_int_equal(buffer_append(&file->bytes, part, size), STATUS_OK);
    fclose(in);
}

static void write_file(const struct file *file)
{
    FILE *out = fopen(file->path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(file->bytes.data, 1, file->bytes.size, out), file->bytes.size);
    fclose(out);
}

static void remove_beside(const char *path, const char *end)
{
    char name[192];
    snprintf(name, sizeof name, "%s%s", path, end);
    unlink(name);
}

static void add_visits(struct replica *replica, const struct id *persons, int count)
{
    char reference[64] = "person:";
    for (int i = 0; i < count; i++) {
        id_format(&persons[i % PERSONS], reference + 7);
        world_add(replica, "visit", "target_ref", reference, "kind", "home_visit", "situation",
                  "血压偏高，已联系家属", NULL);
    }
}

static int64_t visits_in(struct replica *replica)
{
    int64_t count = 0;
    struct view_query query = {.table = "visit"};
    assert_int_equal(view_count(replica, &query, &count, NULL), STATUS_OK);
    return count;
}

static void open_hub(struct scene *scene)
{
    struct hub_options options = {.directory = scene->world.directory, .clock = clock_system()};
    remove_beside(scene->hub.path, "-wal");
    remove_beside(scene->hub.path, "-shm");
    write_file(&scene->hub);
    assert_int_equal(hub_open(&scene->world.hub, &options, NULL), STATUS_OK);
}

/* Half of what it saved stands in its log alone, and the hub has none of that. */
static void start(struct scene *scene, const struct page_key *key)
{
    struct world *world = &scene->world;
    struct id persons[PERSONS];
    *scene = (struct scene){0};
    world_start(world);
    snprintf(scene->database.path, 128, "%s/client.db", world->directory);
    snprintf(scene->log.path, 128, "%s/client.db-wal", world->directory);
    snprintf(scene->hub.path, 128, "%s/hub.db", world->directory);
    scene->options =
        (struct replica_options){.path = scene->database.path, .clock = clock_system(), .key = key};
    size_t at = world_join_in(world, ROLE_SECRETARY, world->branches[0], &scene->options);
    size_t other = world_join(world, ROLE_SECRETARY, world->branches[0]);
    for (int i = 0; i < PERSONS; i++)
        persons[i] =
            world_add(world->clients[at], "person", "name", "示例党员001", "phone", "1", NULL);
    add_visits(world->clients[at], persons, VISITS / 2);
    assert_true(world_sync(world, at, 0, NULL) && world_sync(world, other, 0, NULL));
    world_set(world->clients[at], "person", &persons[0], "phone", "2", NULL);
    world_set(world->clients[other], "person", &persons[0], "phone", "3", NULL);
    assert_true(world_sync(world, other, 0, NULL) && world_sync(world, at, 0, NULL));
    replica_close(world->clients[at]);
    assert_int_equal(replica_open(&world->clients[at], &scene->options, NULL), STATUS_OK);
    add_visits(world->clients[at], persons, VISITS / 2);
    read_file(&scene->database);
    read_file(&scene->log);
    scene->visits = visits_in(world->clients[at]);
    replica_close(world->clients[at]);
    world->clients[at] = NULL;
    hub_close(&world->hub);
    read_file(&scene->hub);
}

static void clear(struct scene *scene)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".new", ".new-wal", ".new-shm"};
    char end[48];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        remove_beside(scene->database.path, ends[i]);
    for (int number = 1; number < 4; number++)
        for (size_t i = 0; i < 3; i++) {
            snprintf(end, sizeof end, ".damaged-%d%s", number, ends[i]);
            remove_beside(scene->database.path, end);
        }
}

static void end(struct scene *scene)
{
    clear(scene);
    buffer_release(&scene->database.bytes);
    buffer_release(&scene->log.bytes);
    buffer_release(&scene->hub.bytes);
    world_end(&scene->world);
}

static void silent(void *context, const char *what)
{
    if (getenv("JINQIU_FLIPS_TELL"))
        fprintf(stderr, "  %s\n", what);
    ++*(unsigned *)context;
}

static uint64_t end_lost(struct replica *replica)
{
    uint64_t when;
    assert_int_equal(replica_meta_number(replica, META_END_LOST, &when, NULL), STATUS_OK);
    return when;
}

/* Everything is as if nothing had happened, or it was said that something is lost. */
static bool meets_the_hub(struct scene *scene, bool may_lose, const char *where)
{
    struct replica *replica = NULL, *hub;
    struct error err = {0};
    struct session_totals totals;
    struct frontier missing = {0};
    unsigned faults = 0;
    uint64_t entries, lost;
    open_hub(scene);
    hub = scene->world.hub.replica;
    if (replica_open(&replica, &scene->options, &err) != STATUS_OK)
        fail_msg("%s: after the repair: %s", where, err.text);
    scene->world.clients[0] = replica;
    for (int round = 0; round < 3; round++) {
        bool again = true;
        for (int tries = 0; again && tries < 3; tries++) {
            world_sync(&scene->world, 0, 0, &totals);
            enum status ended = totals.code == SESSION_FORKED ? STATUS_FORKED : STATUS_OK;
            assert_int_equal(lives_settle(replica, ended, &again, NULL), STATUS_OK);
        }
    }
    assert_int_equal(replica_missing(replica, &missing, &lost, NULL), STATUS_OK);
    frontier_release(&missing);
    assert_int_equal(replica_verify(replica, silent, &faults, &entries, NULL), STATUS_OK);
    if (faults > 0 || !world_agree(replica, hub))
        fail_msg("%s: %u faults, and the hub %s", where, faults,
                 world_agree(replica, hub) ? "agrees" : "differs");
    may_lose |= lost > 0;
    if (visits_in(hub) != scene->visits && !may_lose)
        fail_msg("%s: %lld visits of %lld at the hub, and nobody was told", where,
                 (long long)visits_in(hub), (long long)scene->visits);
    bool all = visits_in(hub) == scene->visits;
    if (getenv("JINQIU_FLIPS_TELL"))
        fprintf(stderr, "%s: visits %lld of %lld, missing %llu\n", where, (long long)visits_in(hub),
                (long long)scene->visits, (unsigned long long)lost);
    replica_close(replica);
    scene->world.clients[0] = NULL;
    hub_close(&scene->world.hub);
    return all;
}

/* Is it noticed when somebody opens and checks the file? */
static bool notices(struct scene *scene, bool *torn)
{
    struct replica *replica = NULL;
    unsigned faults = 0;
    uint64_t entries;
    *torn = false;
    if (replica_open(&replica, &scene->options, NULL) != STATUS_OK)
        return true;
    *torn = end_lost(replica) != 0;
    bool noticed = replica_verify(replica, silent, &faults, &entries, NULL) != STATUS_OK;
    replica_close(replica);
    return noticed || faults > 0;
}

static void live_through_flip(struct scene *scene, struct file *file, size_t bit)
{
    struct mending mending = {.report = silent, .context = &(unsigned){0}};
    struct error err = {0};
    char where[64];
    bool torn;
    snprintf(where, sizeof where, "%s, bit %zu", file == &scene->log ? "log" : "database", bit);
    clear(scene);
    file->bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    write_file(&scene->database);
    write_file(&scene->log);
    file->bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    bool noticed = notices(scene, &torn);
    scene->torn += torn;
    scene->noticed += noticed || torn;
    scene->harmless += !noticed && !torn;
    if (noticed && replica_mend(&scene->options, &mending, &err) != STATUS_OK) {
        assert_true(err.text[0] != '\0');
        if (getenv("JINQIU_FLIPS_TELL"))
            fprintf(stderr, "%s: %s\n", where, err.text);
        scene->given_up++;
        return;
    }
    bool all = meets_the_hub(scene, torn, where);
    if (noticed || torn) {
        scene->mended += all;
        scene->told += !all;
    }
}

static void flip_bits(struct scene *scene, uint64_t seed)
{
    struct chance chance = {seed};
    const char *text = getenv("JINQIU_FLIPS");
    unsigned long flips = text ? strtoul(text, NULL, 10) : FLIPS;
    for (unsigned long i = 0; i < flips; i++) {
        struct file *file = i % 3 == 0 ? &scene->log : &scene->database;
        live_through_flip(scene, file, chance_below(&chance, file->bytes.size * 8));
    }
    print_message("noticed %u (of these the end of the log %u), harmless %u; mended %u, "
                  "told what is lost %u, given up %u\n",
                  scene->noticed, scene->torn, scene->harmless, scene->mended, scene->told,
                  scene->given_up);
}

static void a_flipped_bit_of_an_encrypted_file_is_noticed_and_mended(void **state)
{
    (void)state;
    struct scene scene;
    struct page_key key = {.cipher = page_cipher_best()};
    memset(key.bytes, 7, sizeof key.bytes);
    start(&scene, &key);
    flip_bits(&scene, 20261121);
    assert_true(scene.noticed > scene.harmless);
    assert_true(scene.mended > scene.given_up);
    end(&scene);
}

static void a_flipped_bit_of_a_plain_file_is_noticed_or_harmless(void **state)
{
    (void)state;
    struct scene scene;
    start(&scene, NULL);
    flip_bits(&scene, 20261122);
    assert_true(scene.given_up <= scene.noticed / 2);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flipped_bit_of_an_encrypted_file_is_noticed_and_mended),
        cmocka_unit_test(a_flipped_bit_of_a_plain_file_is_noticed_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
