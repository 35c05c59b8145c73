/* Bits rot: one bit of a client's database, or of its write-ahead log after a crash, is another
 * one. Either nothing comes of it, or it is noticed; and what is noticed is mended with the help of
 * the hub, or it is said what is lost. Nothing is lost in silence. JINQIU_FLIPS says how many bits
 * for each kind of file (50 with sanitizers, 500 without).
 *
 * A flip that changes no value of any table leaves the file that was there before, whose life goes
 * on as it did once, at the start: those needn't meet the hub again. Nothing here is about what a
 * disk has synced, so the files are in memory where there is room for them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "client/lives.h"
#include "common/repair.h"
#include "common/view.h"
#include "tests/support/chance.h"
#include "tests/support/world.h"

#ifdef JINQIU_SANITIZED
#define FLIPS 50
#else
#define FLIPS 500
#endif
#define IN_MEMORY "/dev/shm"
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
    struct hash content; /* of the client's file as it was */
    unsigned noticed, harmless, same, mended, told, given_up, torn;
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

static void hash_rows(sqlite3 *database, const char *table, crypto_generichash_state *state)
{
    sqlite3_stmt *read = NULL;
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);
    int code = sqlite3_prepare_v2(database, sql, -1, &read, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(read)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(read); i++) {
            int head[2] = {sqlite3_column_type(read, i), sqlite3_column_bytes(read, i)};
            crypto_generichash_update(state, (const uint8_t *)head, sizeof head);
            if (head[1] > 0)
                crypto_generichash_update(state, sqlite3_column_blob(read, i), (size_t)head[1]);
        }
        code = SQLITE_OK;
    }
    crypto_generichash_update(state, (const uint8_t *)&code, sizeof code);
    sqlite3_finalize(read);
    sqlite3_free(sql);
}

/* Of every value in every table, and of how reading them ended. */
static struct hash hash_content(struct replica *replica)
{
    sqlite3 *database = replica_database(replica);
    crypto_generichash_state state;
    sqlite3_stmt *list = NULL;
    struct hash hash;
    crypto_generichash_init(&state, NULL, 0, sizeof hash.bytes);
    int code = sqlite3_prepare_v2(
        database, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", -1, &list,
        NULL);
    while (code == SQLITE_OK && sqlite3_step(list) == SQLITE_ROW)
        hash_rows(database, (const char *)sqlite3_column_text(list, 0), &state);
    sqlite3_finalize(list);
    hash_rows(database, "sqlite_schema", &state);
    crypto_generichash_final(&state, hash.bytes, sizeof hash.bytes);
    return hash;
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
    world_start_in(world, access(IN_MEMORY, W_OK) == 0 ? IN_MEMORY : "/tmp");
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

static uint64_t missing_from(struct replica *replica)
{
    struct frontier missing = {0};
    uint64_t entries;
    assert_int_equal(replica_missing(replica, &missing, &entries, NULL), STATUS_OK);
    frontier_release(&missing);
    return entries;
}

/* Sessions until both hold the same, as many as a few days have. */
static void sync_with_hub(struct scene *scene)
{
    struct replica *replica = scene->world.clients[0], *hub = scene->world.hub.replica;
    struct session_totals totals;
    bool again = true, done = false;
    for (int left = 9; left > 0 && !done; left--) {
        world_sync(&scene->world, 0, 0, &totals);
        enum status ended = totals.code == SESSION_FORKED ? STATUS_FORKED : STATUS_OK;
        assert_int_equal(lives_settle(replica, ended, &again, NULL), STATUS_OK);
        done = !again && missing_from(replica) == 0 && world_agree(replica, hub);
    }
}

/* Everything is as if nothing had happened, or it was said that something is lost. */
static bool meets_the_hub(struct scene *scene, bool may_lose, const char *where)
{
    struct replica *replica = NULL, *hub;
    struct error err = {0};
    unsigned faults = 0;
    uint64_t entries;
    open_hub(scene);
    hub = scene->world.hub.replica;
    if (replica_open(&replica, &scene->options, &err) != STATUS_OK)
        fail_msg("%s: after the repair: %s", where, err.text);
    scene->world.clients[0] = replica;
    sync_with_hub(scene);
    assert_int_equal(replica_verify(replica, silent, &faults, &entries, NULL), STATUS_OK);
    if (faults > 0 || !world_agree(replica, hub))
        fail_msg("%s: %u faults, and the hub %s", where, faults,
                 world_agree(replica, hub) ? "agrees" : "differs");
    uint64_t lost = missing_from(replica);
    int64_t visits = visits_in(hub);
    if (getenv("JINQIU_FLIPS_TELL"))
        fprintf(stderr, "%s: visits %lld of %lld, missing %llu\n", where, (long long)visits,
                (long long)scene->visits, (unsigned long long)lost);
    if (visits != scene->visits && !may_lose && lost == 0)
        fail_msg("%s: %lld visits of %lld at the hub, and nobody was told", where,
                 (long long)visits, (long long)scene->visits);
    replica_close(replica);
    scene->world.clients[0] = NULL;
    hub_close(&scene->world.hub);
    return visits == scene->visits;
}

/* What stands in the file now. */
struct look {
    bool torn, same; /* same: each value that was there before, and no other */
};

static struct look look_at(struct scene *scene, const char *where)
{
    struct replica *replica = NULL;
    struct look look = {0};
    struct error err = {0};
    if (replica_open(&replica, &scene->options, &err) != STATUS_OK)
        fail_msg("%s: after the repair: %s", where, err.text);
    struct hash content = hash_content(replica);
    look.torn = end_lost(replica) != 0;
    look.same = memcmp(&content, &scene->content, sizeof content) == 0;
    replica_close(replica);
    return look;
}

static void put_files(struct scene *scene)
{
    clear(scene);
    write_file(&scene->database);
    write_file(&scene->log);
}

static void live_through_flip(struct scene *scene, struct file *file, size_t bit)
{
    unsigned faults = 0;
    struct mending mending = {.report = silent, .context = &faults};
    struct error err = {0};
    char where[64];
    snprintf(where, sizeof where, "%s, bit %zu", file == &scene->log ? "log" : "database", bit);
    file->bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    put_files(scene);
    file->bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    if (replica_mend(&scene->options, &mending, &err) != STATUS_OK) {
        assert_true(err.text[0] != '\0');
        if (getenv("JINQIU_FLIPS_TELL"))
            fprintf(stderr, "%s: %s\n", where, err.text);
        scene->noticed++;
        scene->given_up++;
        return;
    }
    struct look look = look_at(scene, where);
    bool noticed = look.torn || faults > 0 || mending.mended != MENDED_NOTHING;
    scene->torn += look.torn;
    scene->noticed += noticed;
    scene->harmless += !noticed;
    scene->same += look.same;
    if (look.same)
        return;
    bool all = meets_the_hub(scene, look.torn, where);
    if (noticed) {
        scene->mended += all;
        scene->told += !all;
    }
}

/* The file as it was, checked like the others: what stands in it, and that all reaches the hub. */
static void live_without_flip(struct scene *scene)
{
    unsigned faults = 0;
    struct mending mending = {.report = silent, .context = &faults};
    struct replica *replica = NULL;
    put_files(scene);
    assert_int_equal(replica_mend(&scene->options, &mending, NULL), STATUS_OK);
    assert_int_equal(faults + mending.mended, 0);
    assert_int_equal(replica_open(&replica, &scene->options, NULL), STATUS_OK);
    scene->content = hash_content(replica);
    replica_close(replica);
    assert_false(look_at(scene, "no bit").torn);
    assert_true(meets_the_hub(scene, false, "no bit"));
}

static void flip_bits(struct scene *scene, uint64_t seed)
{
    struct chance chance = {seed};
    const char *text = getenv("JINQIU_FLIPS");
    unsigned long flips = text ? strtoul(text, NULL, 10) : FLIPS;
    live_without_flip(scene);
    for (unsigned long i = 0; i < flips; i++) {
        struct file *file = i % 3 == 0 ? &scene->log : &scene->database;
        live_through_flip(scene, file, chance_below(&chance, file->bytes.size * 8));
    }
    print_message("noticed %u (of these the end of the log %u), harmless %u (in %u no value is "
                  "another one); mended %u, told what is lost %u, given up %u\n",
                  scene->noticed, scene->torn, scene->harmless, scene->same, scene->mended,
                  scene->told, scene->given_up);
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
