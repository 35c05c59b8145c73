/* Speed as ratios in one run: our replica against raw SQLite doing the same rows on the same disk.
 * A hub under load (tests/bench/load.h). Build it with the release preset. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/pack.h"
#include "common/view.h"
#include "tests/bench/client_memory.h"
#include "tests/bench/frontiers.h"
#include "tests/bench/handshakes.h"
#include "tests/bench/heads.h"
#include "tests/bench/importing.h"
#include "tests/bench/load.h"
#include "tests/bench/raw.h"
#include "tests/bench/search.h"
#include "tests/bench/table.h"
#include "tests/bench/taking.h"
#include "tests/bench/timing.h"
#include "tests/bench/wire.h"
#include "tests/support/must.h"
#include "tests/support/world.h"

#define SAVES 1000
#define UPDATES 20000
#define HANDSHAKES 2000
#define COMMIT_EVERY 1000
#define RUN_BYTES 19000 /* about 100 visits, as one push sends them */
#define MIB 1048576.0
#define RAW "raw SQLite"

static char folder[] = "/tmp/jinqiu-bench-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Of the file, once its log is written back. */
static double pages_bytes(sqlite3 *database)
{
    sqlite3_stmt *read;
    double size = 0;
    sqlite3_prepare_v2(database,
                       "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", -1,
                       &read, NULL);
    if (sqlite3_step(read) == SQLITE_ROW)
        size = sqlite3_column_double(read, 0);
    sqlite3_finalize(read);
    return size;
}

/* ---- ours ---- */

struct visit {
    struct change change;
    struct change_field fields[4];
    struct buffer values[4];
};

static void visit_build(struct visit *visit, const struct schema *schema, uint32_t org, size_t row)
{
    static const char *const names[] = {"target_ref", "at", "kind", "situation"};
    const struct schema_table *table = schema_table_named(schema, "visit");
    char situation[200];
    visit_text(row, situation, sizeof situation);
    const char *texts[] = {RAW_PERSON, "2026-11-01T09:30", "home_visit", situation};
    for (int i = 0; i < 4; i++) {
        const struct schema_field *field = table_field_named(table, names[i]);
        buffer_clear(&visit->values[i]);
        MUST(field_parse(schema, field, texts[i], &visit->values[i], err));
        visit->fields[i] =
            (struct change_field){.field = field->number, .value = buffer_bytes(&visit->values[i])};
    }
    visit->change = (struct change){.kind = CHANGE_ADD,
                                    .table = table->number,
                                    .scope = SCOPE_RECORDS(org),
                                    .fields = visit->fields,
                                    .fields_count = 4};
}

static void save(struct replica *replica, const struct change *change, struct id *id)
{
    struct saved saved;
    size_t entries, failed;
    MUST(replica_save(replica, change, 1, &saved, &entries, &failed, err));
    *id = saved.id;
}

static double save_rows_at(struct replica *replica, uint32_t org, size_t rows, struct id *ids,
                           size_t commit_every)
{
    struct visit visit = {0};
    double start = now();
    for (size_t i = 0; i < rows; i++) {
        struct id id;
        visit_build(&visit, replica_schema(replica), org, i);
        if (commit_every && i % commit_every == 0)
            MUST(replica_begin(replica, err));
        save(replica, &visit.change, &id);
        if (ids)
            ids[i] = id;
        if (commit_every && ((i + 1) % commit_every == 0 || i + 1 == rows))
            MUST(replica_commit(replica, err));
    }
    for (int i = 0; i < 4; i++)
        buffer_release(&visit.values[i]);
    return now() - start;
}

static double save_rows(struct replica *replica, size_t rows, struct id *ids, size_t commit_every)
{
    return save_rows_at(replica, ORG_ROOT, rows, ids, commit_every);
}

static void update_rows(struct replica *replica, const struct id *ids, size_t updates)
{
    const struct schema_table *table = schema_table_named(replica_schema(replica), "visit");
    const struct schema_field *field = table_field_named(table, "next_on");
    struct buffer value = {0};
    MUST(field_parse(replica_schema(replica), field, "2026-12-01", &value, err));
    struct change_field changed = {.field = field->number, .value = buffer_bytes(&value)};
    struct id id;
    MUST(replica_begin(replica, err));
    for (size_t i = 0; i < updates; i++) {
        struct change change = {.kind = CHANGE_SET,
                                .table = table->number,
                                .id = ids[i],
                                .scope = SCOPE_RECORDS(ORG_ROOT),
                                .fields = &changed,
                                .fields_count = 1};
        save(replica, &change, &id);
    }
    MUST(replica_commit(replica, err));
    buffer_release(&value);
}

/* Runs collected from a sender, encoded. */
struct runs {
    struct buffer *items;
    size_t count, capacity;
    double bytes;
};

static enum status keep_run(void *context, const struct run *run, struct error *err)
{
    struct runs *runs = context;
    if (runs->count == runs->capacity) {
        runs->capacity = runs->capacity ? runs->capacity * 2 : 1024;
        runs->items = realloc(runs->items, runs->capacity * sizeof *runs->items);
        if (!runs->items)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    struct buffer *item = &runs->items[runs->count++];
    *item = (struct buffer){0};
    TRY(run_encode(run, item, err));
    runs->bytes += (double)item->size;
    return STATUS_OK;
}

static void collect(struct replica *from, struct frontier *known, struct runs *runs)
{
    struct run_wish wish = {
        .unit_bytes = RUN_BYTES, .budget_bytes = SIZE_MAX, .take = keep_run, .context = runs};
    bool more;
    MUST(replica_runs(from, &wish, known, &more, err));
}

static double receive(struct replica *replica, const struct runs *runs, struct received *received)
{
    uint64_t since = 0;
    double start = now();
    MUST(replica_begin(replica, err));
    for (size_t i = 0; i < runs->count; i++) {
        struct run run;
        struct bytes *bodies;
        MUST(run_decode(&run, &bodies, buffer_bytes(&runs->items[i]), err));
        MUST(replica_receive(replica, &run, received, err));
        since += run.count;
        free(bodies);
        if (since < COMMIT_EVERY)
            continue;
        MUST(replica_commit(replica, err));
        MUST(replica_begin(replica, err));
        since = 0;
    }
    MUST(replica_commit(replica, err));
    return now() - start;
}

static void runs_release(struct runs *runs)
{
    for (size_t i = 0; i < runs->count; i++)
        buffer_release(&runs->items[i]);
    free(runs->items);
    *runs = (struct runs){0};
}

/* ---- rows ---- */

/* Ours and raw in turn, and the best of each: what else the machine does then spoils neither. */
#define ROUNDS 3

static void keep_best(double *best, double took)
{
    if (*best == 0 || took < *best)
        *best = took;
}

static void bench_save(struct replica *hub)
{
    double raw_time = 0, our_time = 0;
    for (int round = 0; round < ROUNDS; round++) {
        sqlite3 *raw = raw_open(path_of("save.db"));
        keep_best(&raw_time, raw_rows(raw, SAVES, 1));
        sqlite3_close(raw);
        unlink(path_of("save.db"));
        keep_best(&our_time, save_rows(hub, SAVES, NULL, 0));
    }
    TABLE_ROW(.name = "save: durable visit", .unit = "a second", .figure = SAVES / our_time,
              .limit = SAVES / raw_time, .limit_is = RAW, .bar = RATIO_AT_LEAST(0.80));
}

/* What encryption costs: the same saves into a file with the cipher and into one without. */
static void bench_cipher(struct world *world, enum page_cipher cipher, double bar)
{
    static const char *const files[] = {"plain.db", "secret.db"};
    const struct page_key key = {.cipher = cipher, .bytes = {1}};
    struct replica *replicas[2];
    double times[2] = {0};
    char name[64];
    for (int i = 0; i < 2; i++) {
        struct replica_options options = {
            .path = path_of(files[i]), .clock = clock_system(), .key = i ? &key : NULL};
        unlink(options.path);
        size_t client = world_join_in(world, ROLE_SECRETARY, world->township, &options);
        replicas[i] = world->clients[client];
    }
    for (int round = 0; round < 2 * ROUNDS; round++)
        keep_best(&times[round % 2],
                  save_rows_at(replicas[round % 2], world->township, SAVES, NULL, 0));
    snprintf(name, sizeof name, "save: cost of %s", page_cipher_name(cipher));
    TABLE_ROW(.name = name, .unit = "us a save", .figure = times[1] * 1e6 / SAVES,
              .limit = times[0] * 1e6 / SAVES, .limit_is = "the same file unencrypted",
              .bar = RATIO_AT_MOST(bar));
}

/* What a sender has, in runs: what was there before, new rows, changes of some of them. */
struct history {
    struct runs before, rows, updates;
    size_t rows_count, updates_count;
};

static void history_make(struct history *history, struct replica *sender, size_t rows)
{
    struct frontier known = {0};
    struct id *ids = calloc(rows, sizeof *ids);
    history->rows_count = rows;
    history->updates_count = rows < UPDATES ? rows : UPDATES;
    collect(sender, &known, &history->before);
    save_rows(sender, rows, ids, COMMIT_EVERY);
    collect(sender, &known, &history->rows);
    update_rows(sender, ids, history->updates_count);
    collect(sender, &known, &history->updates);
    frontier_release(&known);
    free(ids);
}

/* Best times so far, and the bytes of the files when the rows had come. */
struct times {
    double apply, update, replay, raw_apply, raw_update;
    double disk, raw_disk;
};

static void receive_once(const struct history *history, const struct network *network,
                         struct times *times)
{
    struct replica *fresh;
    struct replica_options options = {
        .path = path_of("fresh.db"), .clock = clock_system(), .cache_kib = 65536};
    struct received received = {0};
    unlink(path_of("fresh.db"));
    MUST(replica_create(&fresh, &options, network, err));
    receive(fresh, &history->before, &received);
    keep_best(&times->apply, receive(fresh, &history->rows, &received));
    times->disk = pages_bytes(replica_database(fresh));
    keep_best(&times->update, receive(fresh, &history->updates, &received));
    keep_best(&times->replay, receive(fresh, &history->rows, &received));
    replica_close(fresh);
}

static void raw_once(const struct history *history, struct times *times)
{
    unlink(path_of("raw.db"));
    sqlite3 *raw = raw_open(path_of("raw.db"));
    keep_best(&times->raw_apply, raw_rows(raw, history->rows_count, COMMIT_EVERY));
    times->raw_disk = pages_bytes(raw);
    keep_best(&times->raw_update, raw_updates(raw, history->updates_count, COMMIT_EVERY));
    sqlite3_close(raw);
}

static void bench_apply(struct world *world, size_t rows)
{
    struct history history = {0};
    struct times times = {0};
    history_make(&history, world->hub.replica, rows);
    for (int round = 0; round < ROUNDS; round++) {
        raw_once(&history, &times);
        receive_once(&history, replica_network(world->hub.replica), &times);
    }
    double updates = (double)history.updates_count;
    TABLE_ROW(.name = "apply: rows received, verified", .unit = "a second",
              .figure = (double)rows / times.apply, .limit = (double)rows / times.raw_apply,
              .limit_is = RAW, .bar = RATIO_AT_LEAST(0.45));
    TABLE_ROW(.name = "update: one-field changes received", .unit = "a second",
              .figure = updates / times.update, .limit = updates / times.raw_update,
              .limit_is = RAW, .bar = RATIO_AT_LEAST(0.35));
    TABLE_ROW(.name = "replay: known entries", .unit = "a second",
              .figure = (double)rows / times.replay, .bar = AT_LEAST(1e6));
    TABLE_ROW(.name = "a visit on disk, log and all", .unit = "bytes",
              .figure = times.disk / (double)rows, .limit = times.raw_disk / (double)rows,
              .limit_is = RAW, .bar = RATIO_AT_MOST(1.5));
    TABLE_ROW(.name = "a visit in runs", .unit = "bytes",
              .figure = history.rows.bytes / (double)rows);
    runs_release(&history.before);
    runs_release(&history.rows);
    runs_release(&history.updates);
}

/* ---- a new device ---- */

static void bench_snapshot(struct world *world, size_t rows)
{
    struct history history = {.rows_count = rows};
    struct times times = {0};
    save_rows_at(world->hub.replica, world->county, rows, NULL, COMMIT_EVERY);
    for (int round = 0; round < ROUNDS; round++)
        raw_once(&history, &times);
    struct taking taking = taking_measure(world, world->county, path_of("fresh.db"), ROUNDS);
    double count = (double)rows;
    TABLE_ROW(.name = "snapshot into a new replica", .unit = "rows a second",
              .figure = count / taking.taking_s, .limit = count / times.raw_apply, .limit_is = RAW,
              .bar = RATIO_AT_LEAST(0.6));
    TABLE_ROW(.name = "a visit in a snapshot", .unit = "bytes", .figure = taking.bytes / count);
}

static void bench_frontiers(void)
{
    struct frontiers_cost cost = frontiers_measure();
    TABLE_ROW(.name = "20 of 10,000 devices changed, memory lost", .unit = "bytes",
              .figure = cost.bytes, .bar = AT_MOST(300));
    TABLE_ROW(.name = "20 of 10,000: round trips", .unit = "", .figure = cost.round_trips,
              .bar = AT_MOST(2));
    TABLE_ROW(.name = "20 of 10,000: making the sketch", .unit = "ms", .figure = cost.sketch_ms);
    TABLE_ROW(.name = "20 of 10,000: reading it", .unit = "ms", .figure = cost.read_ms);
}

static void bench_search(struct world *world)
{
    struct search_cost cost = search_measure(world, path_of("secret.db"));
    TABLE_ROW(.name = "search: 50,000 people", .unit = "ms", .figure = cost.worst_ms,
              .bar = AT_MOST(50));
    TABLE_ROW(.name = "search: sealed texts too", .unit = "ms", .figure = cost.sealed_ms,
              .bar = AT_MOST(50));
    TABLE_ROW(.name = "search: the same, the first time", .unit = "ms", .figure = cost.first_ms);
}

static void bench_handshakes(void)
{
    double refusals = refusals_a_second(HANDSHAKES);
    TABLE_ROW(.name = "handshakes at the hub, one core", .unit = "a second",
              .figure = handshakes_a_second(HANDSHAKES));
    TABLE_ROW(.name = "first frames without a knock", .unit = "a second", .figure = refusals);
}

/* What changes when records are stored another way. */
static void bench_rows(size_t rows)
{
    struct world world;
    world_start(&world);
    table_part("bytes and round trips");
    wire_bench(&world);
    table_part("one core");
    bench_save(world.hub.replica);
    bench_apply(&world, rows);
    world_end(&world);
    unlink(path_of("raw.db"));
    unlink(path_of("fresh.db"));
}

static void bench_replica(size_t rows)
{
    struct world world;
    static const char *const names[] = {"save.db", "plain.db", "secret.db", "raw.db", "fresh.db"};
    world_start(&world);
    table_part("bytes and round trips");
    wire_bench(&world);
    bench_frontiers();
    table_part("one core");
    bench_handshakes();
    bench_save(world.hub.replica);
    bench_cipher(&world, PAGE_CIPHER_AEGIS_256, 1.10);
    bench_cipher(&world, PAGE_CIPHER_XCHACHA20, 1.25);
    bench_search(&world);
    bench_apply(&world, rows);
    bench_snapshot(&world, rows);
    world_end(&world);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(path_of(names[i]));
}

/* ---- the hub ---- */

static const char *counted(const char *what, unsigned count, const char *of)
{
    static char name[64];
    snprintf(name, sizeof name, "%s %u %s", what, count, of);
    return name;
}

static void bench_hub(const struct load_size *size)
{
    struct load_figures figures = load_measure(JINQIUD, size);
    table_part("the hub");
    TABLE_ROW(.name = "a day's 20 visits, 32 kbit/s, 600 ms", .unit = "s", .figure = figures.poor_s,
              .limit = figures.poor_limit_s, .limit_is = "bytes by rate, and two round trips",
              .bar = RATIO_AT_MOST(1.3));
    TABLE_ROW(.name = counted("push:", size->push, "visits of one device"), .unit = "a second",
              .figure = figures.push_a_second, .bar = AT_LEAST(60000));
    TABLE_ROW(.name = "sessions with 20 visits, durable", .unit = "a second",
              .figure = figures.sessions_a_second, .bar = AT_LEAST(1000));
    TABLE_ROW(.name = "the hub's processor for such a session", .unit = "ms",
              .figure = figures.session_cpu_ms);
    TABLE_ROW(.name = counted("a save at", size->watchers, "watching clients, p99"), .unit = "ms",
              .figure = figures.seen_p99_ms, .bar = AT_MOST(100));
    TABLE_ROW(.name = counted("a save at", size->watchers, "watching clients, median"),
              .unit = "ms", .figure = figures.seen_p50_ms);
    TABLE_ROW(.name = counted("memory with", size->idle, "idle clients"), .unit = "MB",
              .figure = figures.idle_bytes / 1e6, .bar = AT_MOST(150));
    TABLE_ROW(.name = "an idle client of them", .unit = "bytes", .figure = figures.idle_bytes_each);
}

static void bench_client(size_t rows)
{
    struct client_memory memory = client_memory_measure(JINQIU, JINQIUD, rows);
    table_part("a client");
    TABLE_ROW(.name = counted("memory while sending", (unsigned)rows, "rows"), .unit = "MiB",
              .figure = memory.sending_bytes / MIB, .bar = AT_MOST(32));
    TABLE_ROW(.name = counted("memory while receiving", (unsigned)rows, "rows"), .unit = "MiB",
              .figure = memory.receiving_bytes / MIB, .bar = AT_MOST(32));
    struct importing importing = importing_measure(JINQIU, JINQIUD, rows);
    TABLE_ROW(.name = counted("import of", (unsigned)rows, "rows"), .unit = "a second",
              .figure = (double)rows / importing.seconds,
              .limit = (double)rows / importing.sqlite_seconds, .limit_is = "sqlite3 .import",
              .bar = RATIO_AT_LEAST(0.15));
}

static void bench_flood(size_t values)
{
    struct heads_cost cost = heads_measure(values);
    table_part("a device that writes one field again and again");
    TABLE_ROW(.name = counted("all of", (unsigned)values, "conflicting values"), .unit = "s",
              .figure = cost.fill_seconds);
    TABLE_ROW(.name = "500 values more", .unit = "ms", .figure = cost.job_seconds * 1e3);
    TABLE_ROW(.name = "the list of conflicts", .unit = "ms", .figure = cost.list_seconds * 1e3);
    TABLE_ROW(.name = "values in the list", .unit = "", .figure = cost.listed);
    TABLE_ROW(.name = "the most memory so far", .unit = "MiB", .figure = cost.peak_bytes / MIB);
    TABLE_ROW(.name = "revoking the device, all undone", .unit = "s",
              .figure = cost.revoke_seconds);
}

static const char usage[] =
    "usage: bench [--json] [--part replica|rows|client|hub|flood] [--small] [ROWS]\n"
    "rows: a part of replica. ROWS are received and updated, 100,000 usually.\n"
    "--small: a fiftieth of the hub's load.\n"
    "flood, only when it is named: ROWS conflicting values of one field, 1,000,000 say.\n";

int main(int argc, char **argv)
{
    size_t rows = 100000;
    bool json = false, bad = false, replica = true, client = true, hub = true, small = false,
         flood = false, records = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--small") == 0)
            small = true;
        else if (strcmp(argv[i], "--part") == 0 && ++i < argc)
            replica = strcmp(argv[i], "replica") == 0, client = strcmp(argv[i], "client") == 0,
            hub = strcmp(argv[i], "hub") == 0, flood = strcmp(argv[i], "flood") == 0,
            records = strcmp(argv[i], "rows") == 0;
        else
            rows = (size_t)strtoul(argv[i], NULL, 10);
        bad |= rows == 0 || !(replica || client || hub || flood || records);
    }
    if (bad || !mkdtemp(folder)) {
        fputs(usage, stderr);
        return 2;
    }
    table_begin(json, rows);
    if (replica)
        bench_replica(rows);
    if (records)
        bench_rows(rows);
    if (client)
        bench_client(rows);
    if (hub)
        bench_hub(small ? &(struct load_size){400, 200, 50, 1000}
                        : &(struct load_size){5000, 10000, 1000, 10000});
    if (flood)
        bench_flood(rows);
    rmdir(folder);
    return 0;
}
