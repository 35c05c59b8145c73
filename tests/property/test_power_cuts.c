/* Saved is saved: the power goes at any write or sync, in a save, in a checkpoint, in the recovery
 * from the cut before. Every acknowledged save is there afterwards, at most one more, and the log
 * still proves the tables; with and without encryption. JINQIU_CUTS says how many cuts (600). The
 * same of a disk that is full at any write, once or until there is room. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/view.h"
#include "tests/support/chance.h"
#include "tests/support/sim_disk.h"
#include "tests/support/world.h"

#define CUTS 600
#define VERIFY_EVERY 200
#define CUTS_PER_LIFE 600
#define CALLS_MAX 150 /* between two cuts: a dozen saves, and a checkpoint now and then */
#define SECRET "独居老人血压偏高"

static char path[] = "/tmp/jinqiu-cuts-XXXXXX";
static struct sim_disk disk = {.folder = "/tmp/jinqiu-cuts-"};
static struct sim_disk hubs = {.folder = "/tmp/"}; /* all others */
static struct page_key key;
static struct replica_options options;
static uint32_t org;
static struct error refusal; /* of the last save that failed */

static unsigned long cuts_wanted(void)
{
    const char *text = getenv("JINQIU_CUTS");
    return text ? strtoul(text, NULL, 10) : CUTS;
}

static void clear_disks(void)
{
    disk_release(&disk);
    disk_release(&hubs);
    disk.dead = disk.cut = false;
    disk.fault = DISK_SOUND;
}

/* An enrolled client whose hub is gone. */
static struct replica *make_client(const struct page_key *page_key)
{
    struct world world;
    clear_disks();
    int64_t cache_kib = options.cache_kib;
    options = (struct replica_options){
        .path = path, .clock = clock_system(), .key = page_key, .cache_kib = cache_kib};
    unlink(path);
    world_start(&world);
    size_t client = world_join_in(&world, ROLE_SECRETARY, world.branches[0], &options);
    struct replica *replica = world.clients[client];
    org = world.branches[0];
    world.clients_count = 0;
    world_end(&world);
    /* The database is in memory, but whoever opens it looks for the file first. */
    close(open(path, O_CREAT | O_WRONLY, 0600));
    return replica;
}

static enum status save(struct replica *replica)
{
    const struct schema *schema = replica_schema(replica);
    const struct schema_table *table = schema_table_named(schema, "visit");
    static const char *const names[] = {"target_ref", "kind", "place"};
    static const char *const texts[] = {"person:0123456789abcdef0123456789abcdef", "home_visit",
                                        SECRET};
    struct buffer values[3] = {{0}};
    struct change_field fields[3];
    for (int i = 0; i < 3; i++) {
        const struct schema_field *field = table_field_named(table, names[i]);
        assert_int_equal(field_parse(schema, field, texts[i], &values[i], NULL), STATUS_OK);
        fields[i] =
            (struct change_field){.field = field->number, .value = buffer_bytes(&values[i])};
    }
    struct change change = {.kind = CHANGE_ADD,
                            .table = table->number,
                            .scope = SCOPE_RECORDS(org),
                            .fields = fields,
                            .fields_count = 3};
    struct saved saved;
    size_t entries, failed;
    enum status status = replica_save(replica, &change, 1, &saved, &entries, &failed, &refusal);
    for (int i = 0; i < 3; i++)
        buffer_release(&values[i]);
    return status;
}

static uint64_t visits(struct replica *replica)
{
    int64_t count = 0;
    struct view_query query = {.table = "visit"};
    assert_int_equal(view_count(replica, &query, &count, NULL), STATUS_OK);
    return (uint64_t)count;
}

/* How many entries our own feed has; each save is one. */
static uint64_t head(struct replica *replica)
{
    const struct identity *self = replica_identity(replica);
    struct feed_id feed = {SCOPE_RECORDS(org), self->device, self->incarnation};
    return frontier_get(replica_frontier(replica), &feed);
}

/* Opens it again, with another cut on the way now and then. */
static struct replica *open_again(struct chance *chance)
{
    struct replica *replica = NULL;
    struct error err = {0};
    for (int tries = 0; chance_below(chance, 4) == 0 && tries < 5; tries++) {
        disk_arm(&disk, DISK_POWER_CUT, 1 + (unsigned)chance_below(chance, 12), 1);
        if (replica_open(&replica, &options, NULL) == STATUS_OK)
            replica_close(replica);
        disk_restart(&disk, chance_number(chance));
    }
    if (replica_open(&replica, &options, &err) != STATUS_OK)
        fail_msg("it can't be opened any more: %s", err.text);
    return replica;
}

static uint64_t live_through_cuts(struct replica *replica, unsigned long cuts, uint64_t seed)
{
    struct chance chance = {seed};
    uint64_t acknowledged = 0, lost = 0;
    for (unsigned long cut = 1; cut <= cuts; cut++) {
        disk_arm(&disk, DISK_POWER_CUT, 1 + (unsigned)chance_below(&chance, CALLS_MAX), 1);
        while (!disk.dead)
            acknowledged += save(replica) == STATUS_OK;
        replica_close(replica);
        disk_restart(&disk, chance_number(&chance));
        replica = open_again(&chance);
        uint64_t there = head(replica);
        assert_true(there <= acknowledged + 1);
        lost += there < acknowledged ? acknowledged - there : 0;
        acknowledged = there;
        if (cut % VERIFY_EVERY == 0) {
            assert_int_equal(visits(replica), there);
            assert_int_equal(world_faults(replica), 0);
        }
    }
    assert_true(acknowledged > cuts);
    assert_int_equal(visits(replica), acknowledged);
    replica_close(replica);
    return lost;
}

/* A new client every now and then, so that the files stay small. */
static void live_long(const struct page_key *page_key, unsigned long cuts, uint64_t seed)
{
    for (; cuts > 0; seed += 100) {
        unsigned long some = cuts < CUTS_PER_LIFE ? cuts : CUTS_PER_LIFE;
        assert_int_equal(live_through_cuts(make_client(page_key), some, seed), 0);
        cuts -= some;
    }
}

static void nothing_acknowledged_is_lost(void **state)
{
    (void)state;
    live_long(NULL, cuts_wanted(), 1);
    assert_true(disk_holds(&disk, SECRET)); /* so that the next test means something */
}

static void nothing_acknowledged_is_lost_when_encrypted(void **state)
{
    (void)state;
    static const enum page_cipher ciphers[] = {PAGE_CIPHER_XCHACHA20, PAGE_CIPHER_AEGIS_256};
    for (size_t i = 0; i < 2; i++) {
        key = (struct page_key){.cipher = ciphers[i], .bytes = {9}};
        live_long(&key, cuts_wanted() / 2, 2 + i);
        assert_false(disk_holds(&disk, SECRET));
    }
}

/* ---- a full disk ---- */

#define FULL_CALLS_MAX 160 /* ahead: some saves, with what spills of a long one, and a checkpoint \
                            */
#define LONG_SAVE 150      /* entries in one transaction, more than the page cache takes */
#define FOR_EVER UINT64_MAX

/* All or nothing of some saves in one transaction. */
static enum status save_many(struct replica *replica, unsigned count)
{
    enum status status = replica_begin(replica, &refusal);
    for (unsigned i = 0; status == STATUS_OK && i < count; i++)
        status = save(replica);
    if (status == STATUS_OK)
        return replica_commit(replica, &refusal);
    replica_rollback(replica);
    return status;
}

/* Or until a checkpoint met it, which no save notices. */
static uint64_t save_until_refused(struct replica *replica)
{
    uint64_t acknowledged = 0;
    for (unsigned tries = 0; tries < 400; tries++) {
        unsigned count = tries % 8 == 7 ? LONG_SAVE : 1;
        enum status status = count > 1 ? save_many(replica, count) : save(replica);
        if (status != STATUS_OK) {
            if (status != STATUS_DISK_FULL)
                fail_msg("a full disk was taken for something else: %s", refusal.text);
            return acknowledged;
        }
        acknowledged += count;
        if (disk.hits == 0)
            return acknowledged;
    }
    fail_msg("the disk was never full");
    return 0;
}

/* Full at one write after the other, of a replica that stays open. What was acknowledged is read
 * while the disk is full, and with room again the next save succeeds. */
static void fill_at_each_write(uint64_t hits, unsigned step)
{
    options.cache_kib = 64;
    struct replica *replica = make_client(options.key);
    uint64_t acknowledged = 0;
    for (unsigned ahead = 1; ahead <= FULL_CALLS_MAX; ahead += step) {
        disk_arm(&disk, DISK_FULL, ahead, hits);
        acknowledged += save_until_refused(replica);
        assert_int_equal(visits(replica), acknowledged);
        assert_int_equal(head(replica), acknowledged);
        if (hits == FOR_EVER)
            assert_int_equal(save(replica), STATUS_DISK_FULL);
        disk.fault = DISK_SOUND;
        assert_int_equal(save(replica), STATUS_OK);
        acknowledged++;
    }
    assert_int_equal(world_faults(replica), 0);
    replica_close(replica);
    assert_int_equal(replica_open(&replica, &options, NULL), STATUS_OK);
    assert_int_equal(visits(replica), acknowledged);
    assert_int_equal(world_faults(replica), 0);
    replica_close(replica);
}

static void a_full_disk_refuses_whole_saves_and_loses_none(void **state)
{
    (void)state;
    fill_at_each_write(1, 1);
    fill_at_each_write(FOR_EVER, 1);
}

static void a_full_disk_loses_none_when_encrypted(void **state)
{
    (void)state;
    key = (struct page_key){.cipher = PAGE_CIPHER_XCHACHA20, .bytes = {9}};
    options.key = &key;
    fill_at_each_write(1, 7);
    fill_at_each_write(FOR_EVER, 7);
    options.key = NULL;
}

/* The test itself: where syncs only pretend, saves are lost. */
static void a_disk_that_lies_is_noticed(void **state)
{
    (void)state;
    struct chance chance = {7};
    uint64_t lost = 0;
    for (int world = 0; world < 10 && lost == 0; world++) {
        struct replica *replica = make_client(NULL);
        uint64_t acknowledged = 0;
        disk.lying = true;
        disk_arm(&disk, DISK_POWER_CUT, 100, 1);
        while (!disk.dead)
            acknowledged += save(replica) == STATUS_OK;
        replica_close(replica);
        disk.lying = false;
        disk_restart(&disk, chance_number(&chance));
        if (replica_open(&replica, &options, NULL) != STATUS_OK) {
            lost++;
            continue;
        }
        int64_t count = 0;
        struct view_query query = {.table = "visit"};
        bool read = view_count(replica, &query, &count, NULL) == STATUS_OK;
        lost += !read || (uint64_t)count < acknowledged;
        replica_close(replica);
    }
    assert_true(lost > 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost),
        cmocka_unit_test(nothing_acknowledged_is_lost_when_encrypted),
        cmocka_unit_test(a_disk_that_lies_is_noticed),
        cmocka_unit_test(a_full_disk_refuses_whole_saves_and_loses_none),
        cmocka_unit_test(a_full_disk_loses_none_when_encrypted),
    };
    int fd = mkstemp(path);
    if (fd < 0)
        return 2;
    close(fd);
    disk_install_below_ciphers();
    disk_attach(&hubs);
    disk_attach(&disk);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    clear_disks();
    unlink(path);
    return failed;
}
