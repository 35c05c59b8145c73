/* Speed as ratios in one run: our replica against raw SQLite doing the same rows on the same disk.
 * Usage: bench [--json] [ROWS]. Build it with the release preset. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/pack.h"
#include "common/view.h"
#include "tests/bench/handshakes.h"
#include "tests/support/world.h"

#define SAVES 1000
#define UPDATES 20000
#define HANDSHAKES 2000
#define HUNDRED 100
#define COMMIT_EVERY 1000
#define RUN_BYTES 19000 /* about 100 visits, as one push sends them */
#define MUST(call)                                                                       \
    do {                                                                                 \
        if ((call) != STATUS_OK) {                                                       \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, failure.text); \
            exit(1);                                                                     \
        }                                                                                \
    } while (0)

static struct error failure;
static char folder[] = "/tmp/jinqiu-bench-XXXXXX";

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static double file_bytes(const char *name)
{
    struct stat found;
    return stat(path_of(name), &found) == 0 ? (double)found.st_size : 0;
}

/* ---- raw SQLite ---- */

static sqlite3 *raw_open(const char *name)
{
    sqlite3 *raw;
    sqlite3_open(path_of(name), &raw);
    sqlite3_exec(raw,
                 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
                 "CREATE TABLE visit(id BLOB NOT NULL, _scope INTEGER NOT NULL, target_ref BLOB,"
                 " at TEXT, kind TEXT, situation TEXT, next_on TEXT, PRIMARY KEY(id, _scope))",
                 NULL, NULL, NULL);
    return raw;
}

static void text_of(size_t row, char *text, size_t size)
{
    snprintf(text, size, "第%zu次走访：老人精神尚好，想听广播，血压偏高，已提醒按时服药。", row);
}

static void raw_insert(sqlite3_stmt *insert, size_t row)
{
    struct id id = id_random(1700000000000 + (int64_t)row);
    char situation[200];
    text_of(row, situation, sizeof situation);
    sqlite3_reset(insert);
    sqlite3_bind_blob(insert, 1, id.bytes, 16, SQLITE_TRANSIENT);
    sqlite3_bind_int(insert, 2, 2);
    sqlite3_bind_blob(insert, 3, "0123456789abcdef01", 18, SQLITE_STATIC);
    sqlite3_bind_text(insert, 4, "2026-11-01T09:30", -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 5, "home_visit", -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 6, situation, -1, SQLITE_TRANSIENT);
    sqlite3_step(insert);
}

static double raw_rows(sqlite3 *raw, size_t rows, size_t commit_every)
{
    sqlite3_stmt *insert;
    sqlite3_prepare_v2(raw,
                       "INSERT INTO visit(id, _scope, target_ref, at, kind, situation) "
                       "VALUES(?,?,?,?,?,?)",
                       -1, &insert, NULL);
    double start = now();
    for (size_t i = 0; i < rows; i++) {
        if (i % commit_every == 0)
            sqlite3_exec(raw, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        raw_insert(insert, i);
        if ((i + 1) % commit_every == 0 || i + 1 == rows)
            sqlite3_exec(raw, "COMMIT", NULL, NULL, NULL);
    }
    double took = now() - start;
    sqlite3_finalize(insert);
    return took;
}

static double raw_updates(sqlite3 *raw, size_t updates)
{
    sqlite3_stmt *update;
    sqlite3_prepare_v2(raw, "UPDATE visit SET next_on = ? WHERE id = ? AND _scope = 2", -1, &update,
                       NULL);
    sqlite3_stmt *list;
    uint8_t *ids = malloc(updates * ID_BYTES);
    sqlite3_prepare_v2(raw, "SELECT id FROM visit ORDER BY rowid", -1, &list, NULL);
    for (size_t i = 0; i < updates && sqlite3_step(list) == SQLITE_ROW; i++)
        memcpy(ids + i * ID_BYTES, sqlite3_column_blob(list, 0), ID_BYTES);
    sqlite3_finalize(list);
    double start = now();
    for (size_t i = 0; i < updates; i++) {
        if (i % COMMIT_EVERY == 0)
            sqlite3_exec(raw, "BEGIN IMMEDIATE", NULL, NULL, NULL);
        sqlite3_reset(update);
        sqlite3_bind_text(update, 1, "2026-12-01", -1, SQLITE_STATIC);
        sqlite3_bind_blob(update, 2, ids + i * ID_BYTES, ID_BYTES, SQLITE_STATIC);
        sqlite3_step(update);
        if ((i + 1) % COMMIT_EVERY == 0)
            sqlite3_exec(raw, "COMMIT", NULL, NULL, NULL);
    }
    double took = now() - start;
    sqlite3_finalize(update);
    free(ids);
    return took;
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
    text_of(row, situation, sizeof situation);
    const char *texts[] = {"person:0123456789abcdef0123456789abcdef", "2026-11-01T09:30",
                           "home_visit", situation};
    for (int i = 0; i < 4; i++) {
        const struct schema_field *field = table_field_named(table, names[i]);
        buffer_clear(&visit->values[i]);
        MUST(field_parse(schema, field, texts[i], &visit->values[i], &failure));
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
    MUST(replica_save(replica, change, 1, &saved, &entries, &failed, &failure));
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
            MUST(replica_begin(replica, &failure));
        save(replica, &visit.change, &id);
        if (ids)
            ids[i] = id;
        if (commit_every && ((i + 1) % commit_every == 0 || i + 1 == rows))
            MUST(replica_commit(replica, &failure));
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
    MUST(field_parse(replica_schema(replica), field, "2026-12-01", &value, &failure));
    struct change_field changed = {.field = field->number, .value = buffer_bytes(&value)};
    struct id id;
    MUST(replica_begin(replica, &failure));
    for (size_t i = 0; i < updates; i++) {
        struct change change = {.kind = CHANGE_SET,
                                .table = table->number,
                                .id = ids[i],
                                .scope = SCOPE_RECORDS(ORG_ROOT),
                                .fields = &changed,
                                .fields_count = 1};
        save(replica, &change, &id);
    }
    MUST(replica_commit(replica, &failure));
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
    MUST(replica_runs(from, &wish, known, &more, &failure));
}

static double receive(struct replica *replica, const struct runs *runs, struct received *received)
{
    uint64_t since = 0;
    double start = now();
    MUST(replica_begin(replica, &failure));
    for (size_t i = 0; i < runs->count; i++) {
        struct run run;
        struct bytes *bodies;
        MUST(run_decode(&run, &bodies, buffer_bytes(&runs->items[i]), &failure));
        MUST(replica_receive(replica, &run, received, &failure));
        since += run.count;
        free(bodies);
        if (since < COMMIT_EVERY)
            continue;
        MUST(replica_commit(replica, &failure));
        MUST(replica_begin(replica, &failure));
        since = 0;
    }
    MUST(replica_commit(replica, &failure));
    return now() - start;
}

static void runs_release(struct runs *runs)
{
    for (size_t i = 0; i < runs->count; i++)
        buffer_release(&runs->items[i]);
    free(runs->items);
    *runs = (struct runs){0};
}

/* ---- the table ---- */

static bool json;

static void print(const char *name, double ours, double raw, const char *unit, double bar)
{
    if (json)
        printf("{\"name\":\"%s\",\"ours\":%.1f,\"raw\":%.1f,\"ratio\":%.3f,\"bar\":%.2f}\n", name,
               ours, raw, raw > 0 ? ours / raw : 0, bar);
    else
        printf("%-34s %12.0f %12.0f %8.2f %8.2f  %s\n", name, ours, raw, raw > 0 ? ours / raw : 0,
               bar, unit);
}

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
        sqlite3 *raw = raw_open("save.db");
        keep_best(&raw_time, raw_rows(raw, SAVES, 1));
        sqlite3_close(raw);
        unlink(path_of("save.db"));
        keep_best(&our_time, save_rows(hub, SAVES, NULL, 0));
    }
    print("save: durable visit", SAVES / our_time, SAVES / raw_time, "a second", 0.75);
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
    print(name, times[1] * 1e6 / SAVES, times[0] * 1e6 / SAVES, "us, at most the bar", bar);
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

/* Best times so far. */
struct times {
    double apply, update, replay, raw_apply, raw_update;
};

static void receive_once(const struct history *history, const struct network *network,
                         struct times *times)
{
    struct replica *fresh;
    struct replica_options options = {
        .path = path_of("fresh.db"), .clock = clock_system(), .cache_kib = 65536};
    struct received received = {0};
    unlink(path_of("fresh.db"));
    MUST(replica_create(&fresh, &options, network, &failure));
    receive(fresh, &history->before, &received);
    keep_best(&times->apply, receive(fresh, &history->rows, &received));
    keep_best(&times->update, receive(fresh, &history->updates, &received));
    keep_best(&times->replay, receive(fresh, &history->rows, &received));
    replica_close(fresh);
}

static void raw_once(const struct history *history, struct times *times)
{
    unlink(path_of("raw.db"));
    sqlite3 *raw = raw_open("raw.db");
    keep_best(&times->raw_apply, raw_rows(raw, history->rows_count, COMMIT_EVERY));
    keep_best(&times->raw_update, raw_updates(raw, history->updates_count));
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
    print("apply: rows received", (double)rows / times.apply, (double)rows / times.raw_apply,
          "a second", 0.35);
    print("update: one-field changes", updates / times.update, updates / times.raw_update,
          "a second", 0.35);
    print("replay: known entries", (double)rows / times.replay, 1e6, "a second", 1.0);
    print("bytes on disk a visit", file_bytes("fresh.db") / (double)rows,
          file_bytes("raw.db") / (double)rows, "bytes", 0);
    print("bytes of a visit, in runs", history.rows.bytes / (double)rows, 0, "bytes", 0);
    runs_release(&history.before);
    runs_release(&history.rows);
    runs_release(&history.updates);
}

static void bench_session(struct world *world)
{
    struct session_totals totals;
    size_t client = world_join(world, ROLE_VOLUNTEER, world->branches[0]);
    world_sync(world, client, 0, &totals);
    print("nothing new: whole session", (double)(totals.bytes_in + totals.bytes_out), 400, "bytes",
          0);
    world_add(world->clients[client], "visit", "target_ref",
              "person:0123456789abcdef0123456789abcdef", "kind", "home_visit", "situation",
              "第1次走访：老人精神尚好，想听广播，血压偏高，已提醒按时服药。", NULL);
    world_sync(world, client, 0, &totals);
    print("a lone visit: whole session", (double)(totals.bytes_in + totals.bytes_out), 700, "bytes",
          0);
    print("a lone visit: round trips", totals.round_trips, 1, "", 1);
    for (size_t i = 0; i < HUNDRED; i++) {
        char situation[200];
        text_of(i, situation, sizeof situation);
        world_add(world->clients[client], "visit", "target_ref",
                  "person:0123456789abcdef0123456789abcdef", "kind", "home_visit", "at",
                  "2026-11-01T09:30", "situation", situation, NULL);
    }
    world_sync(world, client, 0, &totals);
    print("a visit of 100 in one session", (double)(totals.bytes_in + totals.bytes_out) / HUNDRED,
          0, "bytes", 0);
}

/* ---- search ---- */

#define PEOPLE 50000
#define SURNAMES 12
#define GIVEN 16

static void person_save(struct replica *replica, uint32_t org, size_t at)
{
    static const char *const surnames[SURNAMES] = {"张", "王", "李", "黄", "覃", "单",
                                                   "仇", "曾", "韦", "陆", "蒙", "罗"};
    static const char *const given[GIVEN] = {"秀", "英", "国", "强", "明", "桂", "兰", "芳",
                                             "建", "华", "玉", "梅", "德", "福", "春", "生"};
    char name[40], phone[16], address[120];
    snprintf(name, sizeof name, "%s%s%s", surnames[at % SURNAMES], given[at / 7 % GIVEN],
             given[at / 131 % GIVEN]);
    snprintf(phone, sizeof phone, "138%08zu", at);
    snprintf(address, sizeof address, "硕龙镇示例村%zu组%zu号", at % 40, at % 211);
    world_add_at(replica, org, "person", "name", name, "phone", phone, "born_on", "1950-01-02",
                 "rank", "副处级", "address", address, "kin", "示例亲属 13900000000", "note",
                 "示例：行动不便，来访请先打电话。", NULL);
}

static enum status drop_row(void *context, json_t *row, struct error *err)
{
    (void)row;
    (void)err;
    ++*(size_t *)context;
    return STATUS_OK;
}

static double time_search(struct replica *replica, const char *text)
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct view_query query = {.table = "person", .search = text, .limit = 20};
        size_t count = 0;
        double start = now();
        MUST(view_list(replica, &query, drop_row, &count, &failure));
        keep_best(&best, now() - start);
    }
    return best * 1000;
}

static void bench_search(struct world *world)
{
    static const char *const searches[] = {"覃桂兰", "qgl", "shangq", "00049999", "示例村36组 zxm"};
    const struct page_key key = {.cipher = PAGE_CIPHER_AEGIS_256, .bytes = {1}};
    struct replica_options options = {
        .path = path_of("secret.db"), .clock = clock_system(), .key = &key};
    unlink(options.path);
    size_t client = world_join_in(world, ROLE_SECRETARY, world->township, &options);
    struct replica *replica = world->clients[client];
    double worst = 0;
    MUST(replica_begin(replica, &failure));
    for (size_t i = 0; i < PEOPLE; i++)
        person_save(replica, world->township, i);
    MUST(replica_commit(replica, &failure));
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        double took = time_search(replica, searches[i]);
        worst = took > worst ? took : worst;
    }
    print("search: 50,000 people", worst, 50, "ms, at most the bar", 1);
    print("search: sealed texts too", time_search(replica, "无此词"), 0, "ms", 0);
}

int main(int argc, char **argv)
{
    struct world world;
    size_t rows = 100000;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else
            rows = (size_t)strtoul(argv[i], NULL, 10);
    }
    if (rows == 0 || !mkdtemp(folder))
        return 2;
    world_start(&world);
    if (!json)
        printf("%-34s %12s %12s %8s %8s\n", "", "ours", "raw/limit", "ratio", "bar");
    bench_session(&world);
    double refusals = refusals_a_second(HANDSHAKES);
    print("handshakes at the hub, one core", handshakes_a_second(HANDSHAKES), refusals, "a second",
          0);
    print("first frames without a knock", refusals, 0, "a second", 0);
    bench_save(world.hub.replica);
    bench_cipher(&world, PAGE_CIPHER_AEGIS_256, 1.10);
    bench_cipher(&world, PAGE_CIPHER_XCHACHA20, 1.25);
    bench_search(&world);
    bench_apply(&world, rows);
    world_end(&world);
    static const char *const names[] = {"save.db", "plain.db", "secret.db", "raw.db", "fresh.db"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(path_of(names[i]));
    rmdir(folder);
    return 0;
}
