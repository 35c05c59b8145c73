/* Memory runs out at any allocation: once, or from there on. Opening, saving, receiving, a session
 * and a bundle then end with an error or do the whole of it; nothing is half done, nothing leaks,
 * the log proves the tables, and the same thing succeeds when there is memory again.
 *
 * This program's allocations are wrapped by the linker (tests/support/wrapped.h), SQLite's with
 * them; jansson's go through common/json_read. Of each place in the code the first allocation fails
 * once, and the last with all that follow it; so do some in between, by turns. With
 * JINQIU_ALLOCATIONS in the environment every one fails, in both ways. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/bundle.h"
#include "protocol/storage.h"
#include "tests/support/world.h"
#include "tests/support/wrapped.h"

#define TRIES 40       /* of one act, besides those of each place */
#define PLACES_MAX 512 /* in the code, that allocate */
#define VERIFY_EVERY 50

/* ---- memory ---- */

static struct {
    bool counting, forever;
    unsigned long count, fails_at; /* 0: never */
    bool failed;
    struct place {
        const void *from;
        unsigned long ends[2]; /* its first and its last */
    } places[PLACES_MAX];
    size_t places_count;
} memory;

static void note_place(const void *from)
{
    size_t at = 0;
    while (at < memory.places_count && memory.places[at].from != from)
        at++;
    if (at == PLACES_MAX)
        return;
    if (at == memory.places_count)
        memory.places[memory.places_count++] = (struct place){from, {memory.count}};
    memory.places[at].ends[1] = memory.count;
}

static bool runs_out(const void *from)
{
    if (!memory.counting)
        return false;
    memory.count++;
    if (memory.fails_at == 0)
        note_place(from);
    bool now = memory.fails_at != 0 &&
               (memory.forever ? memory.count >= memory.fails_at : memory.count == memory.fails_at);
    memory.failed |= now;
    return now;
}

static void memory_arm(unsigned long fails_at, bool forever)
{
    memory.count = 0;
    memory.fails_at = fails_at;
    memory.forever = forever;
    memory.failed = false;
    memory.counting = true;
}

/* ---- trying ---- */

/* Something done again and again. `look` says what must hold after it, done or not. Before it those
 * replicas give back what they keep in memory, so that it has to be allocated anew. */
struct act {
    const char *name;
    enum status (*play)(void *context);
    void (*look)(void *context, bool done);
    void *context;
    struct replica *cold[2];
};

static enum status play_cold(const struct act *act, unsigned long fails_at, bool forever)
{
    for (size_t i = 0; i < 2 && act->cold[i]; i++) {
        assert_int_equal(replica_begin(act->cold[i], NULL), STATUS_OK);
        replica_rollback(act->cold[i]);
    }
    memory_arm(fails_at, forever);
    enum status status = act->play(act->context);
    memory.counting = false;
    return status;
}

static bool is_chosen(unsigned long k, unsigned long total, bool forever)
{
    unsigned long step = total / TRIES + 1;
    if (getenv("JINQIU_ALLOCATIONS") || (k % step == 0 && k / step % 2 == forever))
        return true;
    for (size_t i = 0; i < memory.places_count; i++)
        if (memory.places[i].ends[forever] == k)
            return true;
    return false;
}

static void try_each(const struct act *act, bool forever, unsigned long total)
{
    unsigned long tries = 0, borne = 0;
    for (unsigned long k = 1; k <= total; k++) {
        if (!is_chosen(k, total, forever))
            continue;
        enum status status = play_cold(act, k, forever);
        tries++;
        borne += memory.failed && status == STATUS_OK;
        if (!memory.failed && status != STATUS_OK)
            fail_msg("%s: fails without need at %lu", act->name, k);
        act->look(act->context, status == STATUS_OK);
    }
    printf("%s: %lu allocations in %zu places, failed %s: %lu tries, %lu done without\n", act->name,
           total, memory.places_count, forever ? "for ever" : "once", tries, borne);
}

static void fail_every_allocation(const struct act *act)
{
    memory.places_count = 0;
    wrapped_memory_fails = runs_out;
    assert_int_equal(play_cold(act, 0, false), STATUS_OK);
    unsigned long total = memory.count;
    act->look(act->context, true);
    try_each(act, false, total);
    try_each(act, true, total);
    /* With memory again, it just works. */
    assert_int_equal(act->play(act->context), STATUS_OK);
    act->look(act->context, true);
}

/* ---- the world ---- */

static char path[] = "/tmp/jinqiu-memory-XXXXXX";
static struct replica_options options;
static struct world world;
static size_t desk, phone; /* a client in a file, and one in memory */
static struct id person;
static unsigned looks;

static struct feed_id feed_of(struct replica *replica)
{
    const struct identity *self = replica_identity(replica);
    return (struct feed_id){SCOPE_RECORDS(world.branches[0]), self->device, self->incarnation};
}

static uint64_t head_of(struct replica *replica, struct replica *writer)
{
    struct feed_id feed = feed_of(writer);
    assert_int_equal(replica_recover(replica, NULL), STATUS_OK);
    return frontier_get(replica_frontier(replica), &feed);
}

/* Another number each time: what is there already isn't written again. */
static void set_phone(struct replica *replica)
{
    static unsigned last = 1000;
    char number[16];
    snprintf(number, sizeof number, "%u", ++last);
    world_set(replica, "person", &person, "phone", number, NULL);
}

static void verify_now_and_then(struct replica *replica)
{
    if (++looks % VERIFY_EVERY == 0)
        assert_int_equal(world_faults(replica), 0);
}

/* ---- saving ---- */

struct saving {
    struct replica *replica;
    uint64_t saved;
};

static enum status play_save(void *context)
{
    struct saving *saving = context;
    const struct schema *schema = replica_schema(saving->replica);
    const struct schema_table *table = schema_table_named(schema, "person");
    const struct schema_field *name = table_field_named(table, "name");
    const struct schema_field *note = table_field_named(table, "phone");
    struct buffer values[2] = {{0}};
    struct saved saved[2];
    size_t entries, failed;
    enum status status = field_parse(schema, name, "示例党员002", &values[0], NULL);
    if (status == STATUS_OK)
        status = field_parse(schema, note, "13800000002", &values[1], NULL);
    struct change_field fields[] = {{.field = name->number, .value = buffer_bytes(&values[0])},
                                    {.field = note->number, .value = buffer_bytes(&values[1])}};
    struct change changes[] = {
        {.kind = CHANGE_ADD, .table = table->number, .fields = fields, .fields_count = 2},
        {.kind = CHANGE_SET,
         .table = table->number,
         .id = person,
         .fields = &fields[1],
         .fields_count = 1}};
    if (status == STATUS_OK)
        status = replica_save(saving->replica, changes, 2, saved, &entries, &failed, NULL);
    buffer_release(&values[0]);
    buffer_release(&values[1]);
    return status;
}

static void look_saved(void *context, bool done)
{
    struct saving *saving = context;
    saving->saved += done;
    assert_int_equal(head_of(saving->replica, saving->replica), saving->saved);
    verify_now_and_then(saving->replica);
}

static void a_save_is_whole_or_refused_when_memory_runs_out(void **state)
{
    (void)state;
    struct replica *replica = world.clients[desk];
    struct saving saving = {replica, head_of(replica, replica)};
    struct act act = {"save", play_save, look_saved, &saving, {replica}};
    fail_every_allocation(&act);
    assert_int_equal(world_faults(replica), 0);
    assert_true(world_sync(&world, desk, 0, NULL));
}

/* ---- receiving ---- */

/* What the phone wrote, on its way to the hub; the desk wrote in the same field. */
struct receiving {
    struct replica *from, *to;
    struct buffer run;
    struct storage_reply reply;
    uint64_t held;
};

static enum status take_run(void *context, const struct run *run, struct error *err)
{
    struct receiving *receiving = context;
    buffer_clear(&receiving->run);
    return run->feed.device == replica_identity(receiving->from)->device
               ? run_encode(run, &receiving->run, err)
               : STATUS_OK;
}

static void write_next(struct receiving *receiving)
{
    struct frontier known = {0};
    bool more;
    struct feed_id feed = feed_of(receiving->from);
    struct run_wish wish = {
        .unit_bytes = 7000, .budget_bytes = 7000, .take = take_run, .context = receiving};
    assert_true(world_sync(&world, phone, 0, NULL));
    set_phone(world.clients[desk]);
    assert_true(world_sync(&world, desk, 0, NULL));
    set_phone(receiving->from);
    world_add(receiving->from, "person", "name", "示例党员003", NULL);
    assert_int_equal(frontier_copy(&known, replica_frontier(receiving->from), NULL), STATUS_OK);
    for (size_t i = 0; i < known.count; i++)
        if (feed_compare(&known.rows[i].feed, &feed) == 0)
            known.rows[i].number -= 2;
    assert_int_equal(replica_runs(receiving->from, &wish, &known, &more, NULL), STATUS_OK);
    assert_true(receiving->run.size > 0);
    receiving->held = head_of(receiving->to, receiving->from);
    frontier_release(&known);
}

static enum status play_receive(void *context)
{
    struct receiving *receiving = context;
    struct session_run one = {buffer_bytes(&receiving->run)};
    struct session_question question = {.ask = ASK_STORE,
                                        .runs = &one,
                                        .runs_count = 1,
                                        .peer = replica_identity(receiving->from)->device};
    return storage_answer(receiving->to, &question, NULL, &receiving->reply, NULL);
}

static void look_received(void *context, bool done)
{
    struct receiving *receiving = context;
    assert_int_equal(head_of(receiving->to, receiving->from), receiving->held + 2 * done);
    verify_now_and_then(receiving->to);
    if (!done)
        return;
    assert_int_equal(receiving->reply.answer.applied, 2);
    write_next(receiving);
}

static void a_run_is_taken_in_whole_or_not_at_all(void **state)
{
    (void)state;
    struct receiving receiving = {.from = world.clients[phone], .to = world.hub.replica};
    struct act act = {"receive", play_receive, look_received, &receiving, {receiving.to}};
    write_next(&receiving);
    fail_every_allocation(&act);
    assert_int_equal(world_faults(world.hub.replica), 0);
    storage_reply_release(&receiving.reply);
    buffer_release(&receiving.run);
}

/* ---- opening ---- */

static enum status play_open(void *context)
{
    struct replica *replica = NULL;
    (void)context;
    enum status status = replica_open(&replica, &options, NULL);
    assert_int_equal(status == STATUS_OK, replica != NULL);
    replica_close(replica);
    return status;
}

static void look_nowhere(void *context, bool done)
{
    (void)context;
    (void)done;
}

static void a_file_that_could_not_be_opened_is_as_it_was(void **state)
{
    (void)state;
    struct act act = {"open", play_open, look_nowhere, NULL, {NULL}};
    assert_true(world_sync(&world, desk, 0, NULL));
    replica_close(world.clients[desk]);
    fail_every_allocation(&act);
    assert_int_equal(replica_open(&world.clients[desk], &options, NULL), STATUS_OK);
    assert_int_equal(world_faults(world.clients[desk]), 0);
    assert_true(world_agree(world.clients[desk], world.hub.replica));
}

/* ---- sessions ---- */

static enum status play_session(void *context)
{
    (void)context;
    return world_sync(&world, phone, UINT64_MAX, NULL) ? STATUS_OK : STATUS_NO_MEMORY;
}

/* Both sides have something to say in each session. */
static void look_session(void *context, bool done)
{
    (void)context;
    verify_now_and_then(world.hub.replica);
    if (!done)
        return;
    assert_true(world_agree(world.clients[phone], world.hub.replica));
    set_phone(world.clients[phone]);
    set_phone(world.clients[desk]);
    assert_true(world_sync(&world, desk, 0, NULL));
}

static void a_session_without_memory_ends_and_the_next_goes_on(void **state)
{
    (void)state;
    struct act act = {
        "session", play_session, look_session, NULL, {world.clients[phone], world.hub.replica}};
    assert_true(world_sync(&world, phone, 0, NULL));
    look_session(NULL, true);
    fail_every_allocation(&act);
    assert_true(world_sync(&world, phone, 0, NULL));
    assert_true(world_agree(world.clients[phone], world.hub.replica));
    assert_int_equal(world_faults(world.clients[phone]) + world_faults(world.hub.replica), 0);
}

/* A device's first session: the registry, its schema and all rows come at once. */
static enum status play_first_session(void *context)
{
    size_t *newcomer = context;
    return world_sync(&world, *newcomer, UINT64_MAX, NULL) ? STATUS_OK : STATUS_NO_MEMORY;
}

static struct replica *empty_as(struct replica *replica)
{
    struct replica *made;
    struct replica_options in_memory = {.path = ":memory:", .clock = clock_system()};
    assert_int_equal(replica_create(&made, &in_memory, replica_network(replica), NULL), STATUS_OK);
    assert_int_equal(replica_set_identity(made, replica_identity(replica), NULL), STATUS_OK);
    replica_close(replica);
    return made;
}

static void look_first_session(void *context, bool done)
{
    size_t *newcomer = context;
    struct replica **replica = &world.clients[*newcomer];
    if (!done)
        assert_true(world_sync(&world, *newcomer, 0, NULL));
    assert_true(world_agree(*replica, world.hub.replica));
    assert_non_null(replica_schema(*replica));
    assert_int_equal(registry_devices_count(replica_registry(*replica)),
                     registry_devices_count(replica_registry(world.hub.replica)));
    *replica = empty_as(*replica);
}

static void a_newcomer_without_memory_gets_the_registry_the_next_time(void **state)
{
    (void)state;
    size_t newcomer = world_join(&world, ROLE_SECRETARY, world.township);
    struct act act = {
        "first session", play_first_session, look_first_session, &newcomer, {world.hub.replica}};
    world.clients[newcomer] = empty_as(world.clients[newcomer]);
    fail_every_allocation(&act);
}

/* ---- bundles ---- */

struct carrying {
    struct receiving receiving;
    struct buffer file;
};

static enum status to_file(void *context, struct bytes bytes, struct error *err)
{
    struct carrying *carrying = context;
    if (buffer_append_bytes(&carrying->file, bytes) == STATUS_OK)
        return STATUS_OK;
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status write_file(struct carrying *carrying)
{
    static uint8_t keys[1][DH_KEY_BYTES];
    struct bundle_writer *writer = NULL;
    struct bundle_options wanted = {.network = replica_network(world.hub.replica),
                                    .sender = replica_identity(world.clients[phone])->device,
                                    .recipients = keys,
                                    .recipients_count = 1,
                                    .sink = to_file,
                                    .context = carrying};
    memcpy(keys[0], replica_identity(world.hub.replica)->dh.public_key, DH_KEY_BYTES);
    buffer_clear(&carrying->file);
    enum status status = bundle_writer_new(&writer, &wanted, NULL);
    if (status == STATUS_OK)
        status = bundle_put(writer, MESSAGE_RUN, buffer_bytes(&carrying->receiving.run), NULL);
    if (status == STATUS_OK)
        status = bundle_finish(writer, NULL);
    bundle_writer_free(writer);
    return status;
}

static enum status take_message(void *context, const struct message *message, struct error *err)
{
    struct carrying *carrying = context;
    struct run run;
    struct bytes *bodies = NULL;
    struct received received = {0};
    TRY(run_decode(&run, &bodies, message->body, err));
    enum status status = replica_receive(carrying->receiving.to, &run, &received, err);
    carrying->receiving.reply.answer.applied = received.applied;
    free(bodies);
    return status;
}

static enum status read_file(struct carrying *carrying)
{
    struct replica *hub = carrying->receiving.to;
    struct bundle_reader *reader = NULL;
    struct bundle_reader_options wanted = {.network = replica_network(hub),
                                           .key = &replica_identity(hub)->dh,
                                           .take = take_message,
                                           .context = carrying};
    TRY(bundle_reader_new(&reader, &wanted, NULL));
    enum status status = replica_begin(hub, NULL);
    if (status == STATUS_OK) {
        status = bundle_feed(reader, buffer_bytes(&carrying->file), NULL);
        if (status == STATUS_OK)
            status = replica_commit(hub, NULL);
        else
            replica_rollback(hub);
    }
    bundle_reader_free(reader);
    return status;
}

static enum status play_bundle(void *context)
{
    TRY(write_file(context));
    return read_file(context);
}

static void a_bundle_is_read_whole_or_not_at_all(void **state)
{
    (void)state;
    struct carrying carrying = {
        .receiving = {.from = world.clients[phone], .to = world.hub.replica}};
    struct act act = {"bundle", play_bundle, look_received, &carrying, {carrying.receiving.to}};
    write_next(&carrying.receiving);
    fail_every_allocation(&act);
    assert_int_equal(world_faults(world.hub.replica), 0);
    buffer_release(&carrying.receiving.run);
    buffer_release(&carrying.file);
}

/* ---- setting up ---- */

static int setup(void **state)
{
    (void)state;
    int file = mkstemp(path);
    close(file);
    unlink(path);
    options = (struct replica_options){.path = path, .clock = clock_system()};
    world_start(&world);
    desk = world_join_in(&world, ROLE_SECRETARY, world.branches[0], &options);
    phone = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    person = world_add(world.clients[desk], "person", "name", "示例党员001", "phone", "1000", NULL);
    return world_sync(&world, desk, 0, NULL) && world_sync(&world, phone, 0, NULL) ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[sizeof path + 8];
    (void)state;
    world_end(&world);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_save_is_whole_or_refused_when_memory_runs_out),
        cmocka_unit_test(a_run_is_taken_in_whole_or_not_at_all),
        cmocka_unit_test(a_bundle_is_read_whole_or_not_at_all),
        cmocka_unit_test(a_session_without_memory_ends_and_the_next_goes_on),
        cmocka_unit_test(a_file_that_could_not_be_opened_is_as_it_was),
        cmocka_unit_test(a_newcomer_without_memory_gets_the_registry_the_next_time),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
