/* Files of rows between a hub and its clients: who gets them, when, and that nothing goes twice. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/pack.h"
#include "common/view_attachment.h"
#include "server/revoke.h"
#include "tests/support/world.h"

#define FILE_BYTES (20u * ATTACHMENT_LEAF_BYTES + 100)
#define FILE_UNITS 22u /* a list and 21 leaves */

static struct world world;
static uint8_t content[FILE_BYTES], thumbnail[3000];

static int set_up(void **state)
{
    (void)state;
    world_start(&world);
    world.attachments = SESSION_ATTACHMENTS_ASKED;
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < sizeof thumbnail; i++)
        thumbnail[i] = (uint8_t)(i * 3);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

static size_t join(enum role role, uint32_t org)
{
    size_t client = world_join(&world, role, org);
    for (int round = 0; round < 2; round++)
        assert_true(world_sync(&world, client, 0, NULL));
    return client;
}

static char *person_ref(const struct id *id, char out[64])
{
    char text[ID_TEXT_BYTES];
    id_format(id, text);
    snprintf(out, 64, "person:%s", text);
    return out;
}

/* A visit of `person` with a photo of `size` bytes, and a thumbnail when `small`. */
static struct id add_photo(struct replica *replica, const struct id *person, size_t size,
                           bool small)
{
    char target[64];
    struct id id = world_add(replica, "visit", "target_ref", person_ref(person, target), "kind",
                             "home_visit", "at", "2026-11-20T09:00", NULL);
    struct attachment_file file = {bytes_text("照片.jpg"), bytes_text("image/jpeg"),
                                   bytes_of(content, size),
                                   bytes_of(thumbnail, small ? sizeof thumbnail : 0)};
    world_attach(replica, &id, &file);
    return id;
}

static struct attachment_head head_of(struct replica *replica, const struct id *visit)
{
    char id[ID_TEXT_BYTES];
    struct view_attachment_place place = {"visit", id, "photo"};
    struct attachment_description described;
    struct attachment_head head = {0};
    struct buffer plain = {0};
    id_format(visit, id);
    if (view_attachment(replica, &place, &plain, NULL) == STATUS_OK)
        assert_true(attachment_plain_read(&head, &described, buffer_bytes(&plain)));
    buffer_release(&plain);
    return head;
}

static uint32_t held(struct replica *replica, const struct attachment_name *name)
{
    struct attachment_state state = {0};
    bool found;
    assert_int_equal(replica_attachment_find(replica, name, &state, &found, NULL), STATUS_OK);
    return found ? state.held : 0;
}

static void ask_for(struct replica *replica, const struct attachment_name *name)
{
    assert_int_equal(replica_begin(replica, NULL), STATUS_OK);
    assert_int_equal(replica_attachment_want(replica, name, NULL), STATUS_OK);
    assert_int_equal(replica_commit(replica, NULL), STATUS_OK);
}

static enum status collect(void *context, struct bytes part, struct error *err)
{
    (void)err;
    return buffer_append_bytes(context, part);
}

static enum status reads(struct replica *replica, const struct id *visit, size_t size)
{
    char id[ID_TEXT_BYTES];
    struct view_attachment_place place = {"visit", id, "photo"};
    struct buffer plain = {0}, read = {0};
    id_format(visit, id);
    enum status status = view_attachment(replica, &place, &plain, NULL);
    struct attachment_reading reading = {buffer_bytes(&plain), false, collect, &read};
    if (status == STATUS_OK)
        status = replica_attachment_read(replica, &reading, NULL);
    if (status == STATUS_OK)
        assert_true(bytes_equal(buffer_bytes(&read), bytes_of(content, size)));
    buffer_release(&plain);
    buffer_release(&read);
    return status;
}

static struct session_totals sync(size_t client)
{
    struct session_totals totals;
    assert_true(world_sync(&world, client, 0, &totals));
    return totals;
}

static void the_thumbnail_comes_by_itself_and_the_file_when_it_is_asked_for(void **state)
{
    (void)state;
    size_t writer = join(ROLE_VOLUNTEER, world.branches[0]);
    size_t reader = join(ROLE_SECRETARY, world.branches[0]);
    struct replica *from = world.clients[writer], *to = world.clients[reader];
    struct id person = world_add(from, "person", "name", "示例党员001", NULL);
    struct id visit = add_photo(from, &person, FILE_BYTES, true);
    struct attachment_head head = head_of(from, &visit);
    struct session_totals totals = sync(writer);
    assert_int_equal(totals.units_sent, FILE_UNITS + 1);
    assert_int_equal(held(world.hub.replica, &head.file), FILE_UNITS);
    totals = sync(reader);
    assert_int_equal(totals.units_received, 1);
    assert_int_equal(held(to, &head.thumbnail), 1);
    assert_int_equal(reads(to, &visit, FILE_BYTES), STATUS_NOT_FOUND);
    ask_for(to, &head.file);
    totals = sync(reader);
    assert_int_equal(totals.units_received, FILE_UNITS);
    assert_int_equal(reads(to, &visit, FILE_BYTES), STATUS_OK);
    /* Both have told: nothing of it goes any more. */
    for (size_t client = writer; client <= reader; client++) {
        totals = sync(client);
        assert_int_equal(totals.units_sent + totals.units_received, 0);
        assert_int_equal(totals.round_trips, 1);
    }
    assert_int_equal(world_faults(to), 0);
    assert_int_equal(world_faults(world.hub.replica), 0);
}

static void who_is_told_to_fetches_all(void **state)
{
    (void)state;
    size_t writer = join(ROLE_VOLUNTEER, world.branches[0]);
    size_t reader = join(ROLE_SECRETARY, world.branches[0]);
    struct id person = world_add(world.clients[writer], "person", "name", "示例党员001", NULL);
    struct id visit = add_photo(world.clients[writer], &person, FILE_BYTES, false);
    sync(writer);
    sync(reader);
    assert_int_equal(reads(world.clients[reader], &visit, FILE_BYTES), STATUS_NOT_FOUND);
    world.attachments = SESSION_ATTACHMENTS_ALL;
    sync(reader);
    assert_int_equal(reads(world.clients[reader], &visit, FILE_BYTES), STATUS_OK);
}

static void who_may_not_read_the_row_gets_nothing(void **state)
{
    (void)state;
    size_t writer = join(ROLE_VOLUNTEER, world.branches[0]);
    size_t other = join(ROLE_SECRETARY, world.branches[1]);
    struct id person = world_add(world.clients[writer], "person", "name", "示例党员001", NULL);
    struct id visit = add_photo(world.clients[writer], &person, 500, false);
    struct attachment_head head = head_of(world.clients[writer], &visit);
    const struct identity *self = replica_identity(world.clients[other]);
    struct storage_reply reply = {0};
    struct session_question question = {
        .ask = ASK_ATTACHMENT,
        .peer = self->device,
        .attachment = {.step = ATTACHMENT_GIVE, .name = head.file, .count = 1}};
    sync(writer);
    sync(other);
    assert_int_equal(storage_answer(world.hub.replica, &question, NULL, &reply, NULL), STATUS_OK);
    assert_int_equal(reply.answer.attachment.count, 0);
    struct attachment_sought sought;
    memcpy(sought.root, head.file.root, sizeof sought.root);
    question.attachment = (struct attachment_question){
        .step = ATTACHMENT_OFFER, .sought = &sought, .sought_count = 1};
    assert_int_equal(storage_answer(world.hub.replica, &question, NULL, &reply, NULL), STATUS_OK);
    assert_int_equal(reply.answer.attachment.names_count, 0);
    question.peer = replica_identity(world.clients[writer])->device;
    assert_int_equal(storage_answer(world.hub.replica, &question, NULL, &reply, NULL), STATUS_OK);
    assert_int_equal(reply.answer.attachment.names_count, 1);
    storage_reply_release(&reply);
}

static void what_no_entry_names_is_not_kept(void **state)
{
    (void)state;
    size_t writer = join(ROLE_VOLUNTEER, world.branches[0]);
    uint8_t unit[ATTACHMENT_UNIT_BYTES] = {0};
    struct storage_reply reply = {0};
    struct session_question question = {
        .ask = ASK_ATTACHMENT,
        .peer = replica_identity(world.clients[writer])->device,
        .attachment = {
            .step = ATTACHMENT_KEEP, .name = {{1}, 100}, .count = 1, .units = bytes_of(unit, 116)}};
    assert_int_equal(storage_answer(world.hub.replica, &question, NULL, &reply, NULL), STATUS_OK);
    assert_int_equal(reply.answer.attachment.held, 0);
    struct attachment_counts counts;
    assert_int_equal(replica_attachment_counts(world.hub.replica, &counts, NULL), STATUS_OK);
    assert_int_equal(counts.known + counts.bytes, 0);
    storage_reply_release(&reply);
}

/* The line dies whenever a side has said so many bytes: how many units arrived in all. */
static uint64_t units_through_cuts(size_t client, uint64_t every)
{
    uint64_t units = 0;
    for (int tries = 0; tries < 200; tries++) {
        struct session_totals totals;
        bool whole = world_sync(&world, client, every, &totals);
        units += totals.units_received + world.hub_totals.units_received;
        if (whole)
            return units;
    }
    fail_msg("cut every %llu bytes, it never comes to an end", (unsigned long long)every);
    return 0;
}

static uint32_t held_of_all(struct replica *replica)
{
    struct attachment_counts counts;
    assert_int_equal(replica_attachment_counts(replica, &counts, NULL), STATUS_OK);
    return (uint32_t)counts.whole;
}

static void after_a_cut_no_unit_comes_twice(void **state)
{
    (void)state;
    size_t writer = join(ROLE_VOLUNTEER, world.branches[0]);
    size_t reader = join(ROLE_SECRETARY, world.branches[0]);
    struct replica *from = world.clients[writer], *to = world.clients[reader];
    struct id person = world_add(from, "person", "name", "示例党员001", NULL);
    assert_true(world_sync(&world, writer, 0, NULL));
    uint32_t whole = 0;
    for (uint64_t every = 9000; every < 60000; every += 4639) {
        content[0]++; /* another file */
        struct id visit = add_photo(from, &person, FILE_BYTES, false);
        struct attachment_head head = head_of(from, &visit);
        assert_int_equal(units_through_cuts(writer, every), FILE_UNITS);
        assert_int_equal(held(world.hub.replica, &head.file), FILE_UNITS);
        while (held(to, &head.file) == 0 && head_of(to, &visit).file.bytes == 0)
            world_sync(&world, reader, 0, NULL); /* the entry alone */
        ask_for(to, &head.file);
        assert_int_equal(units_through_cuts(reader, every), FILE_UNITS);
        assert_int_equal(reads(to, &visit, FILE_BYTES), STATUS_OK);
        assert_int_equal(held_of_all(to), ++whole);
    }
}

static void a_budget_leaves_files_for_another_day(void **state)
{
    (void)state;
    size_t writer = join(ROLE_VOLUNTEER, world.branches[0]);
    size_t reader = join(ROLE_SECRETARY, world.branches[0]);
    struct id person = world_add(world.clients[writer], "person", "name", "示例党员001", NULL);
    struct id visit = add_photo(world.clients[writer], &person, FILE_BYTES, true);
    struct attachment_head head = head_of(world.clients[writer], &visit);
    world.budget_bytes = 50000;
    uint64_t sent = 0;
    for (int day = 0; day < 4; day++) {
        struct session_totals totals = sync(writer);
        assert_true(totals.bytes_in + totals.bytes_out <= world.budget_bytes);
        sent += totals.units_sent;
        if (day == 0) /* the thumbnail goes first */
            assert_int_equal(held(world.hub.replica, &head.thumbnail), 1);
    }
    assert_int_equal(sent, FILE_UNITS + 1);
    assert_int_equal(held(world.hub.replica, &head.file), FILE_UNITS);
    world.budget_bytes = 7000;
    sync(reader);
    assert_int_equal(held(world.clients[reader], &head.thumbnail), 0);
    world.budget_bytes = 50000;
    sync(reader);
    assert_int_equal(held(world.clients[reader], &head.thumbnail), 1);
    ask_for(world.clients[reader], &head.file);
    for (int day = 0; day < 4; day++) {
        struct session_totals totals = sync(reader);
        assert_true(totals.bytes_in + totals.bytes_out <= world.budget_bytes);
    }
    assert_int_equal(reads(world.clients[reader], &visit, FILE_BYTES), STATUS_OK);
}

static void the_same_file_is_kept_and_sent_once(void **state)
{
    (void)state;
    size_t writer = join(ROLE_VOLUNTEER, world.branches[0]);
    struct replica *from = world.clients[writer];
    struct id first = world_add(from, "person", "name", "示例党员001", NULL);
    struct id second = world_add(from, "person", "name", "示例党员002", NULL);
    struct id one = add_photo(from, &first, FILE_BYTES, false);
    assert_int_equal(sync(writer).units_sent, FILE_UNITS);
    struct id two = add_photo(from, &second, FILE_BYTES, false);
    assert_int_equal(sync(writer).units_sent, 0);
    struct attachment_head a = head_of(from, &one), b = head_of(from, &two);
    assert_memory_equal(a.file.root, b.file.root, HASH_BYTES);
    assert_int_equal(held_of_all(from), 1);
    assert_int_equal(reads(world.hub.replica, &two, FILE_BYTES), STATUS_OK);
}

static void an_erasure_takes_the_file_everywhere(void **state)
{
    (void)state;
    size_t writer = join(ROLE_VOLUNTEER, world.branches[0]);
    size_t reader = join(ROLE_SECRETARY, world.branches[0]);
    struct replica *all[] = {world.clients[writer], world.clients[reader], world.hub.replica};
    struct id person = world_add(all[0], "person", "name", "示例党员001", NULL);
    struct id other = world_add(all[0], "person", "name", "示例党员002", NULL);
    struct id visit = add_photo(all[0], &person, FILE_BYTES, true);
    content[0]++;
    struct id stays = add_photo(all[0], &other, 500, true);
    struct attachment_head head = head_of(all[0], &visit);
    world.attachments = SESSION_ATTACHMENTS_ALL;
    sync(writer);
    sync(reader);
    assert_int_equal(reads(all[1], &stays, 500), STATUS_OK);
    assert_int_equal(replica_begin(all[2], NULL), STATUS_OK);
    assert_int_equal(replica_erase(all[2], world.branches[0], &person, 0, NULL), STATUS_OK);
    assert_int_equal(hub_raise_beacon(&world.hub, NULL), STATUS_OK);
    assert_int_equal(replica_commit(all[2], NULL), STATUS_OK);
    for (int round = 0; round < 2; round++)
        for (size_t client = writer; client <= reader; client++)
            sync(client);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(reads(all[i], &visit, FILE_BYTES), STATUS_DENIED);
        assert_int_equal(held(all[i], &head.file), 0);
        assert_int_equal(held(all[i], &head.thumbnail), 1); /* the other's is the same picture */
        assert_int_equal(reads(all[i], &stays, 500), STATUS_OK);
        assert_int_equal(world_faults(all[i]), 0);
    }
}

static void blot_out(struct replica *replica, uint32_t position)
{
    char sql[120];
    snprintf(sql, sizeof sql,
             "UPDATE _unit SET unit = zeroblob(length(unit)) WHERE id %% 65536 = %u", position);
    assert_int_equal(sqlite3_exec(replica_database(replica), sql, NULL, NULL, NULL), SQLITE_OK);
}

static void what_was_damaged_on_the_disk_is_noticed_and_fetched_again(void **state)
{
    (void)state;
    size_t writer = join(ROLE_VOLUNTEER, world.branches[0]);
    size_t reader = join(ROLE_SECRETARY, world.branches[0]);
    struct replica *to = world.clients[reader];
    struct id person = world_add(world.clients[writer], "person", "name", "示例党员001", NULL);
    struct id visit = add_photo(world.clients[writer], &person, FILE_BYTES, false);
    struct attachment_head head = head_of(world.clients[writer], &visit);
    world.attachments = SESSION_ATTACHMENTS_ALL;
    sync(writer);
    sync(reader);
    assert_int_equal(reads(to, &visit, FILE_BYTES), STATUS_OK);
    blot_out(to, 7);
    assert_int_equal(reads(to, &visit, FILE_BYTES), STATUS_NOT_FOUND);
    assert_int_equal(held(to, &head.file), 7);
    assert_int_equal(sync(reader).units_received, FILE_UNITS - 7);
    assert_int_equal(reads(to, &visit, FILE_BYTES), STATUS_OK);
}

/* A whole round of the scrub; says whether it told of a fault. */
static bool scrub(struct replica *replica)
{
    struct scrubbed found = {.round_done = false};
    bool told = false;
    assert_int_equal(replica_meta_set(replica, "scrub_ms", bytes_text("0"), NULL), STATUS_OK);
    for (int step = 0; !found.round_done && step < 10000; step++) {
        assert_int_equal(replica_scrub(replica, 9000, &found, NULL), STATUS_OK);
        told |= found.fault[0] != '\0';
    }
    assert_true(found.round_done);
    return told;
}

static void the_scrub_finds_damaged_parts_and_has_them_fetched_again(void **state)
{
    (void)state;
    size_t writer = join(ROLE_VOLUNTEER, world.branches[0]);
    size_t reader = join(ROLE_SECRETARY, world.branches[0]);
    struct replica *to = world.clients[reader];
    struct id person = world_add(world.clients[writer], "person", "name", "示例党员001", NULL);
    struct id visit = add_photo(world.clients[writer], &person, FILE_BYTES, true);
    struct attachment_head head = head_of(world.clients[writer], &visit);
    sync(writer);
    sync(reader);
    ask_for(to, &head.file);
    sync(reader);
    assert_false(scrub(to));
    blot_out(to, 7);
    assert_true(scrub(to));
    assert_int_equal(held(to, &head.file), 7);
    assert_int_equal(held(to, &head.thumbnail), 1);
    assert_int_equal(world_faults(to), 0);
    assert_int_equal(sync(reader).units_received, FILE_UNITS - 7);
    assert_int_equal(reads(to, &visit, FILE_BYTES), STATUS_OK);
    assert_false(scrub(to));
}

static void verify_tells_of_damaged_parts_and_mending_drops_them(void **state)
{
    (void)state;
    uint64_t lost;
    struct replica *replica = world.clients[join(ROLE_VOLUNTEER, world.branches[0])];
    struct id person = world_add(replica, "person", "name", "示例党员001", NULL);
    struct id visit = add_photo(replica, &person, FILE_BYTES, true);
    struct attachment_head head = head_of(replica, &visit);
    assert_int_equal(world_faults(replica), 0);
    blot_out(replica, 0); /* the list of the file, and the only part of the thumbnail */
    assert_int_equal(world_faults(replica), 1);
    assert_int_equal(replica_attachments_mend(replica, &lost, NULL), STATUS_OK);
    assert_int_equal(lost, 2);
    assert_int_equal(held(replica, &head.file), 0);
    assert_int_equal(held(replica, &head.thumbnail), 0);
    assert_int_equal(world_faults(replica), 0);
}

/* Clients know the lineage under which they gave it: under another one they offer it again. */
static void a_hub_that_lost_a_part_has_a_new_lineage(void **state)
{
    (void)state;
    size_t writer = join(ROLE_VOLUNTEER, world.branches[0]);
    struct id person = world_add(world.clients[writer], "person", "name", "示例党员001", NULL);
    uint64_t lost, lineage = replica_lineage(world.hub.replica);
    add_photo(world.clients[writer], &person, FILE_BYTES, false);
    sync(writer);
    assert_int_equal(replica_attachments_mend(world.hub.replica, &lost, NULL), STATUS_OK);
    assert_int_equal(lost, 0);
    assert_true(replica_lineage(world.hub.replica) == lineage);
    blot_out(world.hub.replica, 7);
    assert_int_equal(replica_attachments_mend(world.hub.replica, &lost, NULL), STATUS_OK);
    assert_int_equal(lost, 1);
    assert_true(replica_lineage(world.hub.replica) != lineage);
}

static void a_file_that_nobody_saved_is_forgotten(void **state)
{
    (void)state;
    struct replica *replica = world.clients[join(ROLE_VOLUNTEER, world.branches[0])];
    struct attachment_file file = {bytes_text("照片.jpg"), {0}, bytes_of(content, 500), {0}};
    struct buffer plain = {0};
    struct attachment_counts counts;
    assert_int_equal(replica_begin(replica, NULL), STATUS_OK);
    assert_int_equal(replica_attach(replica, &file, &plain, NULL), STATUS_OK);
    assert_int_equal(sqlite3_exec(replica_database(replica),
                                  "UPDATE _attachment SET added_ms = 1000", NULL, NULL, NULL),
                     SQLITE_OK);
    file.content = bytes_of(content, 600);
    assert_int_equal(replica_attach(replica, &file, &plain, NULL), STATUS_OK);
    assert_int_equal(replica_attachment_counts(replica, &counts, NULL), STATUS_OK);
    assert_int_equal(counts.known, 1);
    assert_int_equal(counts.bytes, 616);
    replica_rollback(replica);
    buffer_release(&plain);
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(the_thumbnail_comes_by_itself_and_the_file_when_it_is_asked_for),
        IN_A_WORLD(who_is_told_to_fetches_all),
        IN_A_WORLD(who_may_not_read_the_row_gets_nothing),
        IN_A_WORLD(what_no_entry_names_is_not_kept),
        IN_A_WORLD(after_a_cut_no_unit_comes_twice),
        IN_A_WORLD(a_budget_leaves_files_for_another_day),
        IN_A_WORLD(the_same_file_is_kept_and_sent_once),
        IN_A_WORLD(an_erasure_takes_the_file_everywhere),
        IN_A_WORLD(what_was_damaged_on_the_disk_is_noticed_and_fetched_again),
        IN_A_WORLD(the_scrub_finds_damaged_parts_and_has_them_fetched_again),
        IN_A_WORLD(verify_tells_of_damaged_parts_and_mending_drops_them),
        IN_A_WORLD(a_hub_that_lost_a_part_has_a_new_lineage),
        IN_A_WORLD(a_file_that_nobody_saved_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
