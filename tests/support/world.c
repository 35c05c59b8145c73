#include "tests/support/world.h"

#include <assert.h>
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/remember.h"
#include "common/view.h"
#include "protocol/storage.h"
#include "tests/support/must.h"

static uint32_t add_org(struct world *world, uint32_t parent, const char *kind, const char *name)
{
    struct id id;
    MUST(hub_add_org(&world->hub, parent, kind, name, &id, err));
    return registry_org_by_id(replica_registry(world->hub.replica), &id)->number;
}

void world_start(struct world *world)
{
    world_start_in(world, "/tmp");
}

void world_start_in(struct world *world, const char *parent)
{
    *world = (struct world){0};
    MUST(keys_init(err));
    int size =
        snprintf(world->directory, sizeof world->directory, "%s/jinqiu-world-XXXXXX", parent);
    assert(size > 0 && size < (int)sizeof world->directory);
    assert(mkdtemp(world->directory));
    struct hub_options options = {.directory = world->directory, .clock = clock_system()};
    MUST(hub_create(&world->hub, &options, "示例老干部局", err));
    world->county = add_org(world, ORG_ROOT, "county", "示例县");
    world->township = add_org(world, world->county, "township", "示例镇");
    for (int i = 0; i < 3; i++)
        world->branches[i] = add_org(world, world->township, "branch", "示例支部");
}

void world_end(struct world *world)
{
    char path[sizeof world->directory + NAME_MAX + 2];
    const struct dirent *entry;
    for (size_t i = 0; i < world->clients_count; i++)
        replica_close(world->clients[i]);
    hub_close(&world->hub);
    DIR *folder = opendir(world->directory);
    while (folder && (entry = readdir(folder))) {
        snprintf(path, sizeof path, "%s/%s", world->directory, entry->d_name);
        unlink(path);
    }
    if (folder)
        closedir(folder);
    rmdir(world->directory);
}

size_t world_join(struct world *world, enum role role, uint32_t org)
{
    struct replica_options options = {.path = ":memory:", .clock = clock_system()};
    return world_join_in(world, role, org, &options);
}

size_t world_join_in(struct world *world, enum role role, uint32_t org,
                     const struct replica_options *options)
{
    struct identity identity = {.incarnation = INCARNATION_FIRST};
    signing_key_generate(&identity.sign);
    dh_key_generate(&identity.dh);
    struct hub_device device = {identity.sign.public_key, identity.dh.public_key, "示例党员001",
                                role, org};
    MUST(replica_begin(world->hub.replica, err));
    MUST(hub_add_device(&world->hub, &device, &identity.device, err));
    MUST(replica_commit(world->hub.replica, err));
    size_t at = world->clients_count++;
    assert(at < WORLD_CLIENTS_MAX);
    MUST(replica_create(&world->clients[at], options, replica_network(world->hub.replica), err));
    MUST(replica_set_identity(world->clients[at], &identity, err));
    assert(world_sync(world, at, 0, NULL));
    return at;
}

/* ---- a session without a wire ---- */

#define READ_BYTES 65536u /* what a host reads at once */

struct side {
    struct session *session;
    struct replica *replica;
    struct storage_reply reply;
    struct buffer inbox;
    uint64_t carried, cut;
    void (*lie)(const struct session_question *question, struct session_answer *answer);
    bool over, lost; /* the line is: by a failure of either side */
};

static bool heard(struct side *side, struct side *peer, enum status status, const struct error *err)
{
    if (status == STATUS_OK)
        return true;
    if (side->cut == 0)
        fprintf(stderr, "session: %s\n", err->text);
    side->lost = peer->lost = true;
    return false;
}

/* One event and all the answers that follow; what it says goes into `peer`'s inbox. A failure is
 * the end of the line. */
static void play(struct side *side, struct side *peer, enum session_event_kind kind,
                 struct bytes bytes)
{
    struct session_event event = {.kind = kind, .bytes = bytes, .now_ms = 1000};
    for (;;) {
        struct session_update update;
        struct error err = {0};
        if (!heard(side, peer, session_step(side->session, &event, &update, &err), &err))
            return;
        size_t size = update.send.size;
        if (side->cut && side->carried + size > side->cut)
            size = side->cut - side->carried;
        side->carried += size;
        if (!heard(side, peer, buffer_append(&peer->inbox, update.send.data, size), &err))
            return;
        side->over |= update.over;
        if (!update.question || update.over)
            return;
        if (!heard(side, peer,
                   storage_answer(side->replica, update.question, NULL, &side->reply, &err), &err))
            return;
        if (side->lie)
            side->lie(update.question, &side->reply.answer);
        event = (struct session_event){
            .kind = SESSION_ANSWER, .answer = &side->reply.answer, .now_ms = 1000};
    }
}

static void talk(struct side *client, struct side *hub)
{
    play(hub, client, SESSION_STARTED, (struct bytes){0});
    play(client, hub, SESSION_STARTED, (struct bytes){0});
    while (client->inbox.size > 0 || hub->inbox.size > 0) {
        struct side *reader = hub->inbox.size > 0 ? hub : client;
        struct side *writer = reader == hub ? client : hub;
        struct buffer *inbox = &reader->inbox;
        size_t size = inbox->size < READ_BYTES ? inbox->size : READ_BYTES;
        if (!reader->over && !reader->lost)
            play(reader, writer, SESSION_BYTES, bytes_of(inbox->data, size));
        buffer_consume(inbox, size);
    }
}

static void side_release(struct side *side)
{
    session_free(side->session);
    storage_reply_release(&side->reply);
    buffer_release(&side->inbox);
}

/* Of a client with the hub, or with another client (`peer`: its roster index). */
static bool meet(struct world *world, struct side *ours, struct side *theirs, uint32_t peer,
                 struct session_totals *totals)
{
    const struct identity *other = replica_identity(theirs->replica);
    struct session_options options = {.role = SESSION_INITIATOR,
                                      .network = *replica_network(ours->replica),
                                      .local = replica_identity(ours->replica)->dh,
                                      .sign = replica_identity(ours->replica)->sign,
                                      .peer = peer};
    options.attachments = world->attachments;
    options.budget_bytes = world->budget_bytes;
    memcpy(options.remote, other->dh.public_key, DH_KEY_BYTES);
    struct error err = {0};
    bool begun = heard(ours, theirs, session_new(&ours->session, &options, &err), &err);
    options.role = SESSION_RESPONDER;
    options.local = other->dh;
    options.peer = 0;
    options.snapshot_worth = world->snapshot_worth;
    if (!begun || !heard(ours, theirs, session_new(&theirs->session, &options, &err), &err)) {
        side_release(ours);
        return false;
    }
    theirs->lie = world->lie;
    talk(ours, theirs);
    const struct session_totals *result = session_totals(ours->session);
    bool good = ours->over && !ours->lost && result->code == SESSION_DONE;
    if (!good && ours->cut == 0)
        fprintf(stderr, "session: client %d \"%s\", other %d \"%s\"\n", (int)result->code,
                result->reason, (int)session_totals(theirs->session)->code,
                session_totals(theirs->session)->reason);
    if (good && peer == 0 && world->keeps_beacons)
        good = remember_beacon(ours->replica, session_beacon(ours->session), &err) == STATUS_OK;
    if (totals)
        *totals = *result;
    world->hub_totals = *session_totals(theirs->session);
    side_release(ours);
    side_release(theirs);
    return good;
}

bool world_sync(struct world *world, size_t client, uint64_t cut, struct session_totals *totals)
{
    struct side ours = {.replica = world->clients[client], .cut = cut};
    struct side theirs = {.replica = world->hub.replica, .cut = cut};
    return meet(world, &ours, &theirs, 0, totals);
}

bool world_meet(struct world *world, size_t client, size_t with, uint64_t cut,
                struct session_totals *totals)
{
    struct side ours = {.replica = world->clients[client], .cut = cut};
    struct side theirs = {.replica = world->clients[with], .cut = cut};
    return meet(world, &ours, &theirs, replica_identity(theirs.replica)->device, totals);
}

/* ---- saving ---- */

#define PAIRS_MAX 16

static int by_number(const void *a, const void *b)
{
    const struct change_field *left = a, *right = b;
    return (int)left->field - (int)right->field;
}

static struct id save(struct replica *replica, struct change change, const char *name,
                      va_list pairs)
{
    const struct schema *schema = replica_schema(replica);
    const struct schema_table *table = schema_table_named(schema, name);
    struct change_field fields[PAIRS_MAX] = {{0}};
    struct buffer values[PAIRS_MAX] = {{0}};
    size_t count = 0, entries, failed;
    const char *word;
    assert(table);
    while ((word = va_arg(pairs, const char *))) {
        const struct schema_field *field = table_field_named(table, word);
        assert(field && count < PAIRS_MAX);
        MUST(field_parse(schema, field, va_arg(pairs, const char *), &values[count], err));
        fields[count].field = field->number;
        fields[count].value = buffer_bytes(&values[count]);
        count++;
    }
    qsort(fields, count, sizeof *fields, by_number);
    struct saved saved;
    change.table = table->number;
    change.fields = fields;
    change.fields_count = count;
    MUST(replica_save(replica, &change, 1, &saved, &entries, &failed, err));
    for (size_t i = 0; i < count; i++)
        buffer_release(&values[i]);
    return saved.id;
}

struct id world_add(struct replica *replica, const char *table, ...)
{
    va_list pairs;
    va_start(pairs, table);
    struct id id = save(replica, (struct change){.kind = CHANGE_ADD}, table, pairs);
    va_end(pairs);
    return id;
}

struct id world_add_at(struct replica *replica, uint32_t org, const char *table, ...)
{
    va_list pairs;
    struct change change = {.kind = CHANGE_ADD, .scope = SCOPE_RECORDS(org)};
    va_start(pairs, table);
    struct id id = save(replica, change, table, pairs);
    va_end(pairs);
    return id;
}

void world_set(struct replica *replica, const char *table, const struct id *id, ...)
{
    va_list pairs;
    va_start(pairs, id);
    save(replica, (struct change){.kind = CHANGE_SET, .id = *id}, table, pairs);
    va_end(pairs);
}

static void save_one(struct replica *replica, const struct change *change)
{
    struct saved saved;
    size_t entries, failed;
    MUST(replica_save(replica, change, 1, &saved, &entries, &failed, err));
}

void world_delete(struct replica *replica, const char *table, const struct id *id)
{
    struct change change = {.kind = CHANGE_DELETE,
                            .table = schema_table_named(replica_schema(replica), table)->number,
                            .id = *id};
    save_one(replica, &change);
}

void world_attach(struct replica *replica, const struct id *visit,
                  const struct attachment_file *file)
{
    const struct schema_table *table = schema_table_named(replica_schema(replica), "visit");
    struct buffer plain = {0};
    MUST(replica_begin(replica, err));
    MUST(replica_attach(replica, file, &plain, err));
    struct change_field field = {.field = table_field_named(table, "photo")->number,
                                 .value = buffer_bytes(&plain)};
    struct change change = {.kind = CHANGE_SET,
                            .table = table->number,
                            .id = *visit,
                            .fields = &field,
                            .fields_count = 1};
    save_one(replica, &change);
    MUST(replica_commit(replica, err));
    buffer_release(&plain);
}

/* ---- comparing ---- */

bool world_agree(struct replica *a, struct replica *b)
{
    struct scope_digest *left, *right;
    size_t left_count, right_count, shared = 0;
    bool same = true;
    MUST(replica_digests(a, &left, &left_count, err));
    MUST(replica_digests(b, &right, &right_count, err));
    for (size_t i = 0; i < left_count; i++)
        for (size_t j = 0; j < right_count; j++) {
            if (left[i].scope != right[j].scope)
                continue;
            shared++;
            same &= memcmp(&left[i].digest, &right[j].digest, sizeof left[i].digest) == 0;
        }
    free(left);
    free(right);
    return same && shared > 0;
}

static void count_fault(void *context, const char *what)
{
    fprintf(stderr, "verify: %s\n", what);
    ++*(size_t *)context;
}

size_t world_faults(struct replica *replica)
{
    size_t faults = 0;
    uint64_t entries;
    MUST(replica_verify(replica, count_fault, &faults, &entries, err));
    return faults;
}

json_t *world_row(struct replica *replica, const char *table, const struct id *id)
{
    char text[ID_TEXT_BYTES];
    json_t *row = NULL;
    id_format(id, text);
    if (view_begin(replica, NULL) != STATUS_OK)
        abort();
    view_row(replica, table, text, &row, NULL);
    view_end(replica);
    return row;
}

struct received world_take_run(struct replica *replica, const struct buffer *encoded)
{
    struct received received = {0};
    struct run run;
    struct bytes *bodies;
    MUST(run_decode(&run, &bodies, buffer_bytes(encoded), err));
    MUST(replica_begin(replica, err));
    MUST(replica_receive(replica, &run, &received, err));
    MUST(replica_commit(replica, err));
    free(bodies);
    return received;
}
