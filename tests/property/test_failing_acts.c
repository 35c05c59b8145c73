/* What a replica and a hub do, while memory, SQLite or the system fails them, at each place in
 * turn. Each time it happens in copies of the same files: a hub, two desks of one branch, one of
 * another, and an older copy of the first. What fails says so; every replica is whole afterwards,
 * and where nothing failed the same comes of it. */

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
#include "common/replica_attachment.h"
#include "common/replica_seal.h"
#include "common/transfer.h"
#include "protocol/parcel.h"
#include "server/revoke.h"
#include "tests/support/failing.h"
#include "tests/support/world.h"

#define PATH_BYTES 96
#define VERIFY_EVERY 25
#define CHANGES 4

enum machine { DESK, PHONE, FAR, OLD, MACHINES };
enum { AT_DESK = 1 << DESK, AT_PHONE = 1 << PHONE, AT_OLD = 1 << OLD, AT_HUB = 1 << MACHINES };
#define AT_ALL (2 * AT_HUB - 1)
static const char *const files[MACHINES] = {"desk.db", "phone.db", "far.db", "old.db"};

static char folder[] = "/tmp/jinqiu-acts-XXXXXX";
static char now_path[PATH_BYTES], base_path[PATH_BYTES]; /* as they are now, and as they were */
static char paths[MACHINES][PATH_BYTES + 16], hub_path[PATH_BYTES + 16];
static struct world world; /* where the files were made, and where they are played with */
static struct id person, letter;
static struct dot refused; /* what a revoked device wrote */
static uint32_t phone_device;
static struct buffer parcel; /* of the desk, for the hub */
static struct buffer values[CHANGES];
static struct change changes[CHANGES];
static struct change_field fields[CHANGES];

/* ---- files ---- */

static void run_shell(const char *command, const char *from, const char *to)
{
    char text[300];
    snprintf(text, sizeof text, "%s %s %s", command, from, to);
    assert_int_equal(system(text), 0);
}

static struct replica_options options_of(enum machine machine)
{
    return (struct replica_options){.path = paths[machine], .clock = clock_system()};
}

static void open_machine(enum machine machine)
{
    struct replica_options options = options_of(machine);
    assert_int_equal(replica_open(&world.clients[machine], &options, NULL), STATUS_OK);
}

static void close_all(void)
{
    for (size_t i = 0; i < MACHINES; i++) {
        replica_close(world.clients[i]);
        world.clients[i] = NULL;
    }
    hub_close(&world.hub);
    world.hub = (struct hub){0};
}

static void open_those(unsigned machines)
{
    struct hub_options at = {.directory = hub_path, .clock = clock_system()};
    if (machines & AT_HUB)
        assert_int_equal(hub_open(&world.hub, &at, NULL), STATUS_OK);
    for (enum machine i = 0; i < MACHINES; i++)
        if (machines & 1u << i)
            open_machine(i);
}

static void start_again(void *context)
{
    const unsigned *machines = context;
    close_all();
    run_shell("rm -rf", now_path, "");
    run_shell("cp -r", base_path, now_path);
    open_those(*machines);
}

/* ---- what must hold ---- */

static void look(void *context, enum status status, const struct error *err)
{
    static unsigned looks;
    (void)context;
    (void)status;
    (void)err;
    if (++looks % VERIFY_EVERY != 0)
        return;
    close_all();
    open_those(AT_ALL);
    assert_int_equal(world_faults(world.hub.replica), 0);
    assert_int_equal(world_faults(world.clients[DESK]), 0);
    assert_int_equal(world_faults(world.clients[OLD]), 0);
}

static void play_act(const char *name, unsigned machines,
                     enum status (*play)(void *context, struct error *err))
{
    struct failing_act act = {
        .name = name, .prepare = start_again, .play = play, .look = look, .context = &machines};
    failing_play(&act);
}

/* ---- the acts ---- */

static enum status committed(struct replica *replica, enum status status, struct error *err)
{
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

static enum status save(void *context, struct error *err)
{
    struct saved saved[CHANGES];
    size_t entries, failed;
    (void)context;
    return replica_save(world.clients[DESK], changes, CHANGES, saved, &entries, &failed, err);
}

static void a_save_is_whole_or_refused(void **state)
{
    (void)state;
    play_act("save", AT_DESK, save);
}

static enum status sync_of(enum machine machine, struct error *err)
{
    struct session_totals totals = {0};
    if (world_sync(&world, machine, UINT64_MAX, &totals))
        return STATUS_OK;
    return error_set(err, STATUS_STORAGE, "the session ended: %s", totals.reason);
}

static enum status sync_desk(void *context, struct error *err)
{
    (void)context;
    return sync_of(DESK, err);
}

/* It brings a revocation, whose device's entries cease to count, and takes files along. */
static void a_session_ends_or_brings_all(void **state)
{
    (void)state;
    play_act("session", AT_DESK | AT_HUB, sync_desk);
}

static enum status sync_old(void *context, struct error *err)
{
    (void)context;
    return sync_of(OLD, err);
}

static void a_restored_copy_begins_its_new_life_whole(void **state)
{
    (void)state;
    play_act("another life", AT_OLD | AT_HUB, sync_old);
}

static enum status transfer(void *context, struct error *err)
{
    uint64_t moved;
    (void)context;
    return transfer_run(world.hub.replica, NULL, NULL, &moved, err);
}

static void a_member_is_moved_whole_or_not_at_all(void **state)
{
    (void)state;
    play_act("transfer", AT_HUB, transfer);
}

static enum status revoke_phone(void *context, struct error *err)
{
    const struct registry *registry = replica_registry(world.hub.replica);
    (void)context;
    return hub_revoke(&world.hub, registry_device(registry, phone_device), 1, err);
}

static void a_revocation_is_written_with_all_that_follows(void **state)
{
    (void)state;
    play_act("revoke", AT_HUB, revoke_phone);
}

static enum status erase(void *context, struct error *err)
{
    struct replica *replica = world.hub.replica;
    (void)context;
    TRY(replica_begin(replica, err));
    enum status status = replica_erase(replica, world.branches[0], &person, 0, err);
    if (status == STATUS_OK)
        status = replica_grant_all(replica, err);
    return committed(replica, status, err);
}

static void an_erasure_is_done_or_refused(void **state)
{
    (void)state;
    play_act("erase", AT_HUB, erase);
}

static enum status enrol(void *context, struct error *err)
{
    struct replica *replica = world.hub.replica;
    struct signing_key sign;
    struct dh_key dh;
    struct id org;
    uint32_t index;
    (void)context;
    signing_key_generate(&sign);
    dh_key_generate(&dh);
    struct hub_device device = {sign.public_key, dh.public_key, "示例党员002", ROLE_VOLUNTEER,
                                world.branches[1]};
    TRY(hub_add_org(&world.hub, world.township, "branch", "示例新支部", &org, err));
    TRY(replica_begin(replica, err));
    return committed(replica, hub_add_device(&world.hub, &device, &index, err), err);
}

static void a_device_is_admitted_or_refused(void **state)
{
    (void)state;
    play_act("enrol", AT_HUB, enrol);
}

static enum status adopt(void *context, struct error *err)
{
    struct replica *replica = world.clients[PHONE];
    struct dot as;
    (void)context;
    TRY(replica_begin(replica, err));
    return committed(replica, replica_adopt(replica, &refused, &as, err), err);
}

static void an_entry_is_adopted_or_stays_aside(void **state)
{
    (void)state;
    play_act("adopt", AT_PHONE, adopt);
}

static enum status refold(void *context, struct error *err)
{
    (void)context;
    return replica_refold(world.clients[DESK], err);
}

static void the_tables_are_made_anew_or_stay(void **state)
{
    (void)state;
    play_act("refold", AT_DESK, refold);
}

static enum status scrub(void *context, struct error *err)
{
    struct scrubbed found = {.round_done = false};
    (void)context;
    TRY(replica_meta_set(world.clients[DESK], "scrub_ms", bytes_text("0"), err));
    for (int i = 0; i < 100 && !found.round_done; i++) {
        TRY(replica_scrub(world.clients[DESK], SCRUB_BYTES, &found, err));
        if (found.fault[0])
            return error_set(err, STATUS_STORAGE, "%s", found.fault);
    }
    return STATUS_OK;
}

static void a_scrub_ends_or_tells(void **state)
{
    (void)state;
    play_act("scrub", AT_DESK, scrub);
}

static enum status repair(void *context, struct error *err)
{
    struct replica_options options = options_of(DESK);
    struct repaired repaired;
    (void)context;
    return repair_file(&options, &repaired, err);
}

static void a_repair_is_whole_or_leaves_the_file(void **state)
{
    (void)state;
    play_act("repair", 0, repair);
}

static enum status attach(void *context, struct error *err)
{
    static const uint8_t content[2 * ATTACHMENT_LEAF_BYTES + 5] = {1, 2, 3};
    struct attachment_file file = {bytes_text("照片.jpg"), bytes_text("image/jpeg"),
                                   bytes_of(content, sizeof content), bytes_of(content, 500)};
    struct buffer plain = {0};
    struct replica *replica = world.clients[DESK];
    (void)context;
    TRY(replica_begin(replica, err));
    enum status status = committed(replica, replica_attach(replica, &file, &plain, err), err);
    buffer_release(&plain);
    return status;
}

static void a_file_is_attached_whole_or_not_at_all(void **state)
{
    (void)state;
    play_act("attach", AT_DESK, attach);
}

static enum status take_parcel(void *context, struct error *err)
{
    struct parcel taken;
    (void)context;
    TRY(parcel_open(&taken, world.hub.replica, err));
    enum status fed = parcel_feed(&taken, buffer_bytes(&parcel), err);
    return parcel_close(&taken, fed, err);
}

static void a_parcel_is_taken_or_refused(void **state)
{
    (void)state;
    play_act("parcel", AT_HUB, take_parcel);
}

static enum status doubt(void *context, struct error *err)
{
    struct replica *replica = world.clients[DESK];
    bool split;
    (void)context;
    TRY(replica_begin(replica, err));
    TRY(committed(replica, replica_doubt_registry(replica, err), err));
    TRY(sync_of(DESK, err));
    replica_trust_registry(replica);
    TRY(replica_split_view(replica, &split, err));
    assert_false(split);
    return STATUS_OK;
}

static void a_doubt_ends_with_the_same_registry(void **state)
{
    (void)state;
    play_act("doubt", AT_DESK | AT_HUB, doubt);
}

/* ---- the world ---- */

static void sync_all(int rounds)
{
    uint64_t moved;
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < world.clients_count; i++) {
            assert_true(world_sync(&world, i, 0, NULL));
            assert_int_equal(transfer_run(world.hub.replica, NULL, NULL, &moved, NULL), STATUS_OK);
        }
}

static void offer_letter(void)
{
    char person_text[ID_TEXT_BYTES], org_text[ID_TEXT_BYTES];
    struct id member = world_add(world.clients[DESK], "person", "name", "示例党员004", "phone",
                                 "111", "kin", "示例家属004", NULL);
    const struct registry *registry = replica_registry(world.hub.replica);
    id_format(&member, person_text);
    id_format(&registry_org(registry, world.branches[1])->id, org_text);
    letter =
        world_add(world.clients[DESK], "affiliation", "person_id", person_text, "org_id", org_text,
                  "kind", "member", "start_on", "2026-11-01", "state", "issued", NULL);
    sync_all(2);
    world_set(world.clients[FAR], "affiliation", &letter, "state", "received", NULL);
    assert_true(world_sync(&world, FAR, 0, NULL));
}

/* `third` writes, and is revoked with all that it wrote. */
static void lose_a_device(size_t third)
{
    const struct registry *registry = replica_registry(world.hub.replica);
    const struct identity *self = replica_identity(world.clients[third]);
    world_add(world.clients[third], "person", "name", "示例党员003", "kin", "示例家属003", NULL);
    refused = (struct dot){{SCOPE_RECORDS(world.branches[0]), self->device, self->incarnation}, 1};
    assert_true(world_sync(&world, third, 0, NULL));
    assert_true(world_sync(&world, DESK, 0, NULL));
    assert_int_equal(hub_revoke(&world.hub, registry_device(registry, self->device), 0, NULL),
                     STATUS_OK);
    assert_true(world_sync(&world, PHONE, 0, NULL));
}

static void make_changes(void)
{
    static const struct {
        enum change_kind kind;
        const char *field, *text;
    } made[CHANGES] = {{CHANGE_ADD, "name", "示例党员005"},
                       {CHANGE_SET, "kin", "示例家属005"},
                       {CHANGE_SETTLE, "phone", "13800000009"},
                       {CHANGE_SET, "born_on", "1940-01-01"}};
    const struct schema *schema = replica_schema(world.clients[DESK]);
    const struct schema_table *table = schema_table_named(schema, "person");
    for (size_t i = 0; i < CHANGES; i++) {
        const struct schema_field *field = table_field_named(table, made[i].field);
        assert_non_null(field);
        assert_int_equal(field_parse(schema, field, made[i].text, &values[i], NULL), STATUS_OK);
        fields[i] =
            (struct change_field){.field = field->number, .value = buffer_bytes(&values[i])};
        changes[i] = (struct change){
            .kind = made[i].kind, .table = table->number, .fields = &fields[i], .fields_count = 1};
        if (made[i].kind != CHANGE_ADD)
            changes[i].id = person;
    }
}

static enum status to_buffer(void *context, struct bytes bytes, struct error *err)
{
    (void)err;
    return buffer_append_bytes(context, bytes);
}

static void fill(void)
{
    size_t third = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    person = world_add(world.clients[DESK], "person", "name", "示例党员001", "phone", "1", "kin",
                       "示例家属001", NULL);
    sync_all(2);
    world_set(world.clients[DESK], "person", &person, "phone", "2", NULL);
    world_set(world.clients[PHONE], "person", &person, "phone", "3", NULL);
    sync_all(2);
    replica_close(world.clients[DESK]);
    run_shell("cp", paths[DESK], paths[OLD]);
    open_machine(DESK);
    world_set(world.clients[DESK], "person", &person, "address", "示例路1号", NULL);
    offer_letter();
    lose_a_device(third);
    world_set(world.clients[DESK], "person", &person, "kin", "示例家属002", NULL);
    world_set(world.clients[FAR], "affiliation", &letter, "who", "示例党员001", NULL);
    phone_device = replica_identity(world.clients[PHONE])->device;
    struct parcel_wish wish = {.sink = to_buffer, .context = &parcel};
    struct parcel_written written;
    assert_int_equal(parcel_write(world.clients[DESK], &wish, &written, NULL), STATUS_OK);
    replica_close(world.clients[third]);
    world.clients[third] = NULL;
    world.clients_count = MACHINES;
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(now_path, sizeof now_path, "%s/now", folder);
    snprintf(base_path, sizeof base_path, "%s/base", folder);
    assert_int_equal(mkdir(now_path, 0700), 0);
    for (size_t i = 0; i < MACHINES; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", now_path, files[i]);
    world_start(&world);
    for (enum machine i = 0; i < OLD; i++) {
        struct replica_options options = options_of(i);
        world_join_in(&world, ROLE_SECRETARY, world.branches[i == FAR], &options);
    }
    fill();
    make_changes();
    close_all();
    snprintf(hub_path, sizeof hub_path, "%s/hub", now_path);
    run_shell("mv", world.directory, hub_path);
    run_shell("mv", now_path, base_path);
    world.attachments = SESSION_ATTACHMENTS_ALL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    close_all();
    run_shell("rm -rf", folder, world.directory);
    for (size_t i = 0; i < CHANGES; i++)
        buffer_release(&values[i]);
    buffer_release(&parcel);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_save_is_whole_or_refused),
        cmocka_unit_test(a_session_ends_or_brings_all),
        cmocka_unit_test(a_restored_copy_begins_its_new_life_whole),
        cmocka_unit_test(a_member_is_moved_whole_or_not_at_all),
        cmocka_unit_test(a_revocation_is_written_with_all_that_follows),
        cmocka_unit_test(an_erasure_is_done_or_refused),
        cmocka_unit_test(a_device_is_admitted_or_refused),
        cmocka_unit_test(an_entry_is_adopted_or_stays_aside),
        cmocka_unit_test(the_tables_are_made_anew_or_stay),
        cmocka_unit_test(a_scrub_ends_or_tells),
        cmocka_unit_test(a_repair_is_whole_or_leaves_the_file),
        cmocka_unit_test(a_file_is_attached_whole_or_not_at_all),
        cmocka_unit_test(a_parcel_is_taken_or_refused),
        cmocka_unit_test(a_doubt_ends_with_the_same_registry),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
