/* Each call to the system on the way of what is kept fails: once, or from there on, as a disk that
 * is full or broken. Saves, key slots, key files, backups, restored folders, repairs and exports
 * are then whole or as they were, say so, and the same thing succeeds when the disk works again.
 *
 * The calls of this program are wrapped by the linker (tests/support/wrapped.h), SQLite's with
 * them. Of a long act some are tried; with JINQIU_CALLS in the environment, each. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/repair.h"
#include "common/view.h"
#include "common/xlsx.h"
#include "server/backup.h"
#include "server/seed.h"
#include "tests/support/world.h"
#include "tests/support/wrapped.h"

#define TRIES 12 /* of one act, in each way */

/* ---- calls ---- */

static struct {
    bool counting, forever, failed;
    unsigned count, fails_at; /* 0: never */
    int code;
} calls;

/* Reading is no part of it. */
static int fails(enum wrapped_use use)
{
    if (!calls.counting || use == WRAPPED_READ)
        return 0;
    calls.count++;
    bool now = calls.fails_at != 0 &&
               (calls.forever ? calls.count >= calls.fails_at : calls.count == calls.fails_at);
    calls.failed |= now;
    return now ? calls.code : 0;
}

/* ---- trying ---- */

/* `look`: what must hold, done or not. Where all calls fail from there on, nobody can clear away
 * what was half made either: then it may be there, if it is whole. */
struct act {
    const char *name;
    enum status (*play)(void);
    void (*look)(bool done);
};

static enum status play(const struct act *act, unsigned fails_at, bool forever, int code)
{
    calls.count = 0;
    calls.fails_at = fails_at;
    calls.forever = forever;
    calls.code = code;
    calls.failed = false;
    calls.counting = true;
    enum status status = act->play();
    calls.counting = false;
    act->look(status == STATUS_OK);
    return status;
}

static void try_each(const struct act *act, unsigned total, bool forever, int code)
{
    unsigned borne = 0, step = getenv("JINQIU_CALLS") ? 1 : total / TRIES + 1;
    for (unsigned k = 1 + total % step; k <= total; k += step) {
        enum status status = play(act, k, forever, code);
        borne += calls.failed && status == STATUS_OK;
        if (!calls.failed && status != STATUS_OK)
            fail_msg("%s: fails without need at %u", act->name, k);
    }
    printf("%s: %u calls, %s, %s: %u done without\n", act->name, total,
           forever ? "for ever" : "once", strerror(code), borne);
}

static void fail_every_call(const struct act *act)
{
    wrapped_system_fails = fails;
    assert_int_equal(play(act, 0, false, 0), STATUS_OK);
    unsigned total = calls.count;
    assert_true(total > 2);
    for (int forever = 0; forever < 2; forever++) {
        try_each(act, total, forever, EIO);
        try_each(act, total, forever, ENOSPC);
    }
    assert_int_equal(play(act, 0, false, 0), STATUS_OK);
}

/* ---- the world ---- */

static char folder[] = "/tmp/jinqiu-calls-XXXXXX";
static char path[64];
static struct replica_options options;
static struct world world;
static struct id person;

static const char *in_folder(const char *name)
{
    static char paths[4][96];
    static unsigned turn;
    char *out = paths[turn++ % 4];
    snprintf(out, sizeof paths[0], "%s/%s", folder, name);
    return out;
}

static void remove_all(const char *name)
{
    char command[160];
    snprintf(command, sizeof command, "rm -rf %s", in_folder(name));
    assert_int_equal(system(command), 0);
}

static uint64_t head_of(struct replica *replica)
{
    const struct identity *self = replica_identity(replica);
    struct feed_id feed = {SCOPE_RECORDS(world.branches[0]), self->device, self->incarnation};
    return frontier_get(replica_frontier(replica), &feed);
}

/* ---- saving ---- */

static uint64_t acknowledged;

/* Opened, written to and closed, with the checkpoint that this brings. */
static enum status play_saves(void)
{
    struct replica *replica;
    TRY(replica_open(&replica, &options, NULL));
    enum status status = STATUS_OK;
    for (int i = 0; i < 2 && status == STATUS_OK; i++) {
        struct buffer value = {0};
        char number[24];
        snprintf(number, sizeof number, "138%08u", (unsigned)acknowledged * 2 + (unsigned)i);
        const struct schema *schema = replica_schema(replica);
        const struct schema_table *table = schema_table_named(schema, "person");
        const struct schema_field *phone = table_field_named(table, "phone");
        status = field_parse(schema, phone, number, &value, NULL);
        struct change_field field = {.field = phone->number, .value = buffer_bytes(&value)};
        struct change change = {.kind = CHANGE_SET,
                                .table = table->number,
                                .id = person,
                                .fields = &field,
                                .fields_count = 1};
        struct saved saved;
        size_t entries, failed;
        if (status == STATUS_OK)
            status = replica_save(replica, &change, 1, &saved, &entries, &failed, NULL);
        acknowledged += status == STATUS_OK;
        buffer_release(&value);
    }
    replica_close(replica);
    return status;
}

static void look_saved(bool done)
{
    struct replica *replica;
    static unsigned looks;
    (void)done;
    assert_int_equal(replica_open(&replica, &options, NULL), STATUS_OK);
    uint64_t there = head_of(replica);
    assert_true(there >= acknowledged && there <= acknowledged + 1);
    acknowledged = there;
    if (++looks % 40 == 0)
        assert_int_equal(world_faults(replica), 0);
    replica_close(replica);
}

static void what_was_saved_stays_when_calls_fail(void **state)
{
    (void)state;
    look_saved(true);
    fail_every_call(&(struct act){"save", play_saves, look_saved});
}

/* ---- key slots ---- */

static const char *const phrases[] = {"first of two phrases", "second of two phrases"};
static size_t phrase;

static struct key_secret secret_of(size_t which)
{
    return (struct key_secret){
        .kind = KEYSLOT_PASSPHRASE, .bytes = bytes_text(phrases[which]), .cost = {1, 8}};
}

static enum status play_passphrase(void)
{
    struct vault *vault;
    struct key_secret old = secret_of(phrase), new = secret_of(1 - phrase);
    TRY(vault_load(&vault, in_folder("vault"), NULL));
    enum status status = vault_unlock(vault, &old, NULL);
    if (status == STATUS_OK)
        status = vault_set(vault, &new, NULL);
    vault_free(vault);
    return status;
}

static bool opens(size_t which)
{
    struct vault *vault;
    struct key_secret secret = secret_of(which);
    assert_int_equal(vault_load(&vault, in_folder("vault"), NULL), STATUS_OK);
    enum status status = vault_unlock(vault, &secret, NULL);
    vault_free(vault);
    return status == STATUS_OK;
}

static void look_unlocked(bool done)
{
    bool changed = opens(1 - phrase);
    assert_true(changed || !done);
    assert_true(changed != opens(phrase));
    phrase = changed ? 1 - phrase : phrase;
}

static void one_of_two_passphrases_opens_the_folder(void **state)
{
    struct vault *vault;
    struct vault_place place = {in_folder("vault"), "db"};
    struct key_secret secret = secret_of(0);
    (void)state;
    assert_int_equal(mkdir(in_folder("vault"), 0700), 0);
    assert_int_equal(vault_create(&vault, &place, PAGE_CIPHER_XCHACHA20, &secret, NULL), STATUS_OK);
    vault_let_go(vault);
    vault_free(vault);
    fail_every_call(&(struct act){"passphrase", play_passphrase, look_unlocked});
}

/* ---- key files ---- */

static uint8_t seed[SEED_BYTES];
static struct seed_place seed_place = {.name = "some.key"};

static enum status play_seed(void)
{
    remove_all("some.key");
    remove_all("some.key.new");
    return seed_write(&seed_place, seed, NULL);
}

static void look_at_seed(bool done)
{
    uint8_t read[SEED_BYTES];
    enum status status = seed_read(&seed_place, read, NULL);
    assert_true(calls.forever || (status == STATUS_OK) == done);
    assert_true(status == STATUS_OK || !done);
    if (status == STATUS_OK)
        assert_memory_equal(read, seed, SEED_BYTES);
}

static void a_key_file_is_whole_or_not_there(void **state)
{
    (void)state;
    memset(seed, 7, sizeof seed);
    seed_place.directory = folder;
    fail_every_call(&(struct act){"key file", play_seed, look_at_seed});
}

/* ---- backups ---- */

static struct hub_options hub_options;

static enum status play_backup(void)
{
    remove_all("backup");
    remove_all("backup.keys");
    return hub_backup(&hub_options, in_folder("backup"), NULL);
}

static void look_at_backup(bool done)
{
    struct stat found;
    bool with_keys = false;
    bool there = stat(in_folder("backup"), &found) == 0;
    assert_true(calls.forever || there == done);
    assert_true(there || !done);
    if (!there)
        return;
    struct hub_options to = {.directory = in_folder("restored"), .clock = clock_system()};
    assert_int_equal(hub_restore(&to, in_folder("backup"), NULL, &with_keys, NULL), STATUS_OK);
    remove_all("restored");
}

static void a_backup_is_whole_or_not_there(void **state)
{
    (void)state;
    fail_every_call(&(struct act){"backup", play_backup, look_at_backup});
}

static enum status play_restore(void)
{
    struct hub_options to = {.directory = in_folder("restored"), .clock = clock_system()};
    bool with_keys;
    return hub_restore(&to, in_folder("backup"), NULL, &with_keys, NULL);
}

/* What a restore that failed leaves there is nothing, or at least another life of the hub. */
static void look_at_restored(bool done)
{
    struct hub_options at = {.directory = in_folder("restored"), .clock = clock_system()};
    struct hub hub = {0};
    enum status status = hub_open(&hub, &at, NULL);
    assert_true(calls.forever || (status == STATUS_OK) == done);
    assert_true(status == STATUS_OK || !done);
    if (status == STATUS_OK) {
        assert_int_not_equal(replica_lineage(hub.replica), replica_lineage(world.hub.replica));
        assert_int_equal(world_faults(hub.replica), 0);
    }
    hub_close(&hub);
    remove_all("restored");
}

static void a_hub_is_put_back_whole_or_not_at_all(void **state)
{
    (void)state;
    assert_int_equal(play_backup(), STATUS_OK);
    fail_every_call(&(struct act){"restore", play_restore, look_at_restored});
}

/* ---- repair ---- */

static struct repaired repaired;

static enum status play_repair(void)
{
    remove_all("*.damaged-*");
    return repair_file(&options, &repaired, NULL);
}

static bool opens_whole(const char *at)
{
    struct replica *replica;
    struct replica_options there = options;
    there.path = at;
    if (replica_open(&replica, &there, NULL) != STATUS_OK)
        return false;
    bool whole = head_of(replica) == acknowledged && world_faults(replica) == 0;
    replica_close(replica);
    return whole;
}

/* Where nothing could be put back either, the copy has it all. */
static void look_repaired(bool done)
{
    assert_true(opens_whole(path) || (calls.forever && !done && opens_whole(repaired.aside)));
}

static void a_repair_that_fails_leaves_what_was_there(void **state)
{
    (void)state;
    fail_every_call(&(struct act){"repair", play_repair, look_repaired});
}

/* ---- exports ---- */

static enum status play_export(void)
{
    struct xlsx *xlsx;
    TRY(xlsx_open(&xlsx, in_folder("list.xlsx"), "人员", NULL));
    enum status status = xlsx_text(xlsx, "示例党员001", true, NULL);
    if (status == STATUS_OK)
        return xlsx_save(xlsx, NULL);
    xlsx_abandon(xlsx);
    return status;
}

static void look_at_export(bool done)
{
    struct stat found;
    assert_int_equal(stat(in_folder("list.xlsx"), &found) == 0, done);
    remove_all("list.xlsx");
}

static void an_export_is_whole_or_not_there(void **state)
{
    (void)state;
    fail_every_call(&(struct act){"export", play_export, look_at_export});
}

/* ---- all ---- */

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/replica.db", folder);
    options = (struct replica_options){.path = path, .clock = clock_system()};
    world_start(&world);
    hub_options = world.hub.options;
    size_t client = world_join_in(&world, ROLE_SECRETARY, world.branches[0], &options);
    person = world_add(world.clients[client], "person", "name", "示例党员001", NULL);
    acknowledged = head_of(world.clients[client]);
    replica_close(world.clients[client]);
    world.clients[client] = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_end(&world);
    remove_all("");
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_saved_stays_when_calls_fail),
        cmocka_unit_test(one_of_two_passphrases_opens_the_folder),
        cmocka_unit_test(a_key_file_is_whole_or_not_there),
        cmocka_unit_test(a_backup_is_whole_or_not_there),
        cmocka_unit_test(a_hub_is_put_back_whole_or_not_at_all),
        cmocka_unit_test(a_repair_that_fails_leaves_what_was_there),
        cmocka_unit_test(an_export_is_whole_or_not_there),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
