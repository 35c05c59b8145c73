#include "tests/sim/faces.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "client/remember.h"
#include "common/freshness.h"
#include "common/pack.h"
#include "tests/sim/dice.h"
#include "tests/sim/talk.h"

#define PLACES 5
#define VOLUNTEER 2 /* adds no persons */
#define EVENTS 40
#define SAVES_MAX EVENTS
#define BEACONS_MANY 31
#define ROUNDS 4

struct client {
    struct id saved[SAVES_MAX];
    size_t saved_count;
    uint64_t told, whole; /* the newest beacon that it was told of; at its last whole exchange */
};

struct faces {
    struct fleet fleet;
    struct chance chance;
    struct client clients[PLACES];
    bool split; /* two faces have signed different registries */
    struct faces_report *report;
    FILE *log;
};

static void note(struct faces *faces, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void note(struct faces *faces, const char *format, ...)
{
    va_list arguments;
    if (!faces->log)
        return;
    va_start(arguments, format);
    vfprintf(faces->log, format, arguments);
    va_end(arguments);
    fputc('\n', faces->log);
}

static bool all_well(const struct faces *faces)
{
    return faces->report->finding.oracle[0] == '\0';
}

static struct replica *replica_at(struct faces *faces, size_t at)
{
    return faces->fleet.places[at].replica;
}

/* ---- what is true ---- */

/* Do the two hold different entries of the hub's registry under one number? */
static bool registries_differ(struct replica *one, struct replica *other)
{
    const struct frontier *frontier = replica_frontier(one);
    for (size_t i = 0; i < frontier->count; i++) {
        struct dot dot = {frontier->rows[i].feed, frontier->rows[i].number};
        uint64_t number = frontier_get(replica_frontier(other), &dot.feed);
        struct hash ours, theirs;
        if (!SCOPE_IS_REGISTRY(dot.feed.scope) || dot.feed.device != DEVICE_HUB || number == 0)
            continue;
        if (number < dot.number)
            dot.number = number;
        if (replica_hash_at(one, &dot, &ours, NULL) != STATUS_OK ||
            replica_hash_at(other, &dot, &theirs, NULL) != STATUS_OK)
            abort();
        if (memcmp(&ours, &theirs, sizeof ours) != 0)
            return true;
    }
    return false;
}

static bool has_proof(struct faces *faces, size_t at)
{
    bool split = false;
    if (replica_split_view(replica_at(faces, at), &split, NULL) != STATUS_OK)
        abort();
    return split;
}

static bool holds(struct replica *replica, const struct id *id)
{
    const struct schema_table *table = schema_table_named(replica_schema(replica), "person");
    struct row row = {0};
    bool found = false;
    if (replica_row(replica, table->number, id, 0, &row, &found, NULL) != STATUS_OK)
        found = false;
    row_release(&row);
    return found;
}

static void look_for_saves(struct faces *faces, size_t client, size_t at, const char *when)
{
    const struct client *author = &faces->clients[client];
    for (size_t i = 0; i < author->saved_count; i++)
        if (!holds(replica_at(faces, at), &author->saved[i]))
            finding_set(&faces->report->finding, "O1", "save %zu of place %zu is not at %zu, %s", i,
                        client, at, when);
}

static void look_at_beacon(struct faces *faces, size_t at)
{
    struct client *client = &faces->clients[at];
    uint64_t known = replica_entry_head(replica_at(faces, at)).beacon;
    bool risky = client->told > client->whole + FRESHNESS_BEACONS;
    if (known != client->told)
        finding_set(&faces->report->finding, "T6", "place %zu knows beacon %llu, was told of %llu",
                    at, (unsigned long long)known, (unsigned long long)client->told);
    else if ((freshness_check(replica_at(faces, at), NULL) != STATUS_OK) != risky)
        finding_set(&faces->report->finding, "T6", "place %zu %s though it last heard beacon %llu",
                    at, risky ? "takes risks" : "takes none", (unsigned long long)client->whole);
    faces->report->stale += risky;
}

/* ---- sessions ---- */

static struct talk_end talk_once(struct faces *faces, const struct talk_line *line)
{
    struct talk_end end;
    if (!talk_sync(&faces->fleet, line, 1, &faces->chance, &end))
        finding_set(&faces->report->finding, "O15", "a session doesn't end");
    faces->report->sessions += end.sessions;
    note(faces, "  %zu with %zu: %s, code %d, refused %llu%s%s", line->client, line->with,
         end.done ? "done" : "not done", (int)end.code, (unsigned long long)end.totals.refused,
         end.totals.split_view ? ", split view" : "", end.totals.truth_failed ? ", differ" : "");
    return end;
}

/* As a person's program does it (client/exchange.h): who was shown another registry asks for it
 * again, for the proof. */
static struct talk_end exchange(struct faces *faces, const struct talk_line *line)
{
    struct replica *replica = replica_at(faces, line->client);
    struct talk_end end = talk_once(faces, line);
    if (!end.totals.split_view)
        return end;
    if (replica_begin(replica, NULL) != STATUS_OK ||
        replica_doubt_registry(replica, NULL) != STATUS_OK ||
        replica_commit(replica, NULL) != STATUS_OK)
        abort();
    talk_once(faces, line);
    replica_trust_registry(replica);
    end.totals.split_view = true;
    return end;
}

static struct talk_end meet(struct faces *faces, const struct talk_line *line)
{
    struct client *client = &faces->clients[line->client];
    struct replica *own = replica_at(faces, line->client);
    struct replica *other = replica_at(faces, line->with);
    bool knew = has_proof(faces, line->client), apart = registries_differ(own, other);
    struct talk_end end = exchange(faces, line);
    uint64_t told = replica_entry_head(other).beacon;
    bool proof = has_proof(faces, line->client),
         theirs = line->with && has_proof(faces, line->with);
    apart |= registries_differ(own, other);
    faces->split |= apart;
    if (!line->cut && told > client->told)
        client->told = told;
    else if (line->cut)
        client->told = replica_entry_head(own).beacon;
    if (end.done && line->with == 0)
        client->whole = client->told;
    faces->report->split += !knew && proof;
    if (end.done && apart && !proof && !theirs && !end.totals.split_view)
        finding_set(&faces->report->finding, "T5", "places %zu and %zu don't see that they differ",
                    line->client, line->with);
    if (!apart && (end.totals.split_view || proof != knew))
        finding_set(&faces->report->finding, "T5", "places %zu and %zu see a split where none is",
                    line->client, line->with);
    return end;
}

/* ---- what the hub does ---- */

static void turn(struct faces *faces)
{
    struct place *hub = &faces->fleet.places[0];
    struct fleet_image *image = &hub->images[chance_below(&faces->chance, FLEET_IMAGES)];
    struct sim_disk other = {0};
    struct error err = {0};
    fleet_stop(&faces->fleet, 0);
    if (!image->taken) {
        disk_copy(&image->disk, &hub->disk);
        image->taken = true;
    } else {
        strcpy(other.folder, hub->disk.folder);
        disk_copy(&other, &hub->disk);
        disk_copy(&hub->disk, &image->disk);
        disk_copy(&image->disk, &other);
        disk_release(&other);
    }
    faces->report->turns++;
    if (fleet_start(&faces->fleet, 0, &err) != STATUS_OK)
        finding_set(&faces->report->finding, "reopen", "the hub doesn't start: %s", err.text);
}

static void add_org(struct faces *faces)
{
    struct id id;
    struct error err = {0};
    if (hub_add_org(&faces->fleet.places[0].hub, faces->fleet.township, "branch", "示例支部", &id,
                    &err) != STATUS_OK)
        finding_set(&faces->report->finding, "hub", "no org: %s", err.text);
}

static void raise_beacons(struct faces *faces)
{
    struct hub *hub = &faces->fleet.places[0].hub;
    if (replica_begin(hub->replica, NULL) != STATUS_OK)
        abort();
    for (int i = 0; i < BEACONS_MANY; i++)
        if (hub_raise_beacon(hub, NULL) != STATUS_OK)
            abort();
    if (replica_commit(hub->replica, NULL) != STATUS_OK)
        abort();
}

/* ---- a life ---- */

static size_t any_client(struct faces *faces)
{
    return 1 + chance_below(&faces->chance, PLACES - 1);
}

static struct id add_person(struct replica *replica)
{
    const struct schema_table *table = schema_table_named(replica_schema(replica), "person");
    struct buffer name = {0};
    struct saved saved;
    size_t entries, failed;
    if (pack_str(&name, bytes_text("示例党员001")) != STATUS_OK)
        abort();
    struct change_field field = {.field = table_field_named(table, "name")->number,
                                 .value = buffer_bytes(&name)};
    struct change change = {
        .kind = CHANGE_ADD, .table = table->number, .fields = &field, .fields_count = 1};
    if (replica_save(replica, &change, 1, &saved, &entries, &failed, NULL) != STATUS_OK)
        abort();
    buffer_release(&name);
    return saved.id;
}

static void save(struct faces *faces)
{
    size_t at = any_client(faces);
    struct client *client = &faces->clients[at];
    if (at == VOLUNTEER)
        return;
    client->saved[client->saved_count++] = add_person(replica_at(faces, at));
    faces->report->saves++;
}

static void sync(struct faces *faces)
{
    struct talk_line line = {.client = any_client(faces), .delay_ms = 10};
    if (chance_below(&faces->chance, 4) == 0)
        line.cut = 1 + chance_below(&faces->chance, 4000);
    meet(faces, &line);
}

static void meet_another(struct faces *faces)
{
    struct talk_line line = {.client = any_client(faces), .delay_ms = 5};
    line.with = 1 + (line.client + chance_below(&faces->chance, PLACES - 2)) % (PLACES - 1);
    meet(faces, &line);
}

static void live_event(struct faces *faces)
{
    static void (*const acts[])(struct faces *) = {save, save, save,         sync,
                                                   sync, sync, meet_another, meet_another,
                                                   turn, turn, add_org,      raise_beacons};
    static const char *const names[] = {"save", "save", "save", "sync", "sync", "sync",
                                        "meet", "meet", "turn", "turn", "org",  "many beacons"};
    size_t act = chance_below(&faces->chance, sizeof acts / sizeof acts[0]);
    note(faces, "%s", names[act]);
    faces->fleet.now_ms += 60000;
    acts[act](faces);
    for (size_t at = 1; at < PLACES && all_well(faces); at++) {
        look_for_saves(faces, at, at, "where it was saved");
        look_at_beacon(faces, at);
    }
}

/* The face that has signed most. */
static void show_best(struct faces *faces)
{
    uint64_t best = 0;
    for (size_t i = 0; i < 2 * FLEET_IMAGES; i++) {
        uint64_t beacon = replica_entry_head(replica_at(faces, 0)).beacon;
        if (beacon > best)
            best = beacon;
        turn(faces);
    }
    for (size_t i = 0; i < 64 && replica_entry_head(replica_at(faces, 0)).beacon < best; i++)
        turn(faces);
}

static void on_fault(void *context, const char *what)
{
    struct faces *faces = context;
    finding_set(&faces->report->finding, "O5", "verify: %s", what);
}

/* No registry was split: then the last of its sessions found that all is equal. */
static void check_last(struct faces *faces, size_t at, const struct talk_end *end)
{
    bool equal = end->done && end->totals.truth_checked && !end->totals.truth_failed;
    if (!faces->split && !equal)
        finding_set(&faces->report->finding, "O6", "place %zu and the hub are not equal: %s", at,
                    end->why);
}

static void come_to_rest(struct faces *faces)
{
    struct talk_end ends[PLACES];
    uint64_t entries;
    show_best(faces);
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t at = 1; at < PLACES && all_well(faces); at++)
            ends[at] = meet(faces, &(struct talk_line){.client = at});
    for (size_t at = 1; at < PLACES && all_well(faces); at++) {
        check_last(faces, at, &ends[at]);
        look_for_saves(faces, at, 0, "in the end");
        if (replica_verify(replica_at(faces, at), on_fault, faces, &entries, NULL) != STATUS_OK)
            finding_set(&faces->report->finding, "O5", "verify of place %zu failed", at);
    }
}

void faces_live(uint64_t seed, struct faces_report *report, FILE *log)
{
    static struct faces faces;
    faces = (struct faces){.chance = {seed}, .report = report, .log = log};
    report->finding = (struct finding){{0}, {0}};
    dice_seed(seed);
    fleet_open(&faces.fleet, PLACES, false);
    for (size_t at = 1; at < PLACES; at++) {
        struct client *client = &faces.clients[at];
        uint64_t behind;
        client->told = replica_entry_head(replica_at(&faces, at)).beacon;
        if (freshness_behind(replica_at(&faces, at), &behind, NULL) != STATUS_OK)
            abort();
        client->whole = client->told - behind;
    }
    for (size_t i = 0; i < EVENTS && all_well(&faces); i++)
        live_event(&faces);
    if (all_well(&faces))
        come_to_rest(&faces);
    fleet_close(&faces.fleet);
}
