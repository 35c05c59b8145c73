#include "tests/bench/wire.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "tests/bench/raw.h"
#include "tests/bench/table.h"
#include "tests/support/must.h"

#define HUNDRED 100

/* All bytes of the next session, both ways. */
static double session_bytes(struct world *world, size_t client, struct session_totals *totals)
{
    world_sync(world, client, 0, totals);
    return (double)(totals->bytes_in + totals->bytes_out);
}

static double zstd_bytes_of(const struct buffer *plain)
{
    size_t most = ZSTD_compressBound(plain->size);
    void *out = malloc(most);
    size_t size = out ? ZSTD_compress(out, most, plain->data, plain->size, 19) : 0;
    free(out);
    return (double)size;
}

/* The same rows as nothing but ids and texts, all at once. */
static double bare_bytes(size_t rows)
{
    struct buffer texts = {0};
    char situation[200], row[400];
    for (size_t i = 0; i < rows; i++) {
        visit_text(i, situation, sizeof situation);
        int size =
            snprintf(row, sizeof row, "%s,2026-11-01T09:30,home_visit,%s\n", RAW_PERSON, situation);
        struct id id = id_random(1700000000000 + (int64_t)i);
        MUST(buffer_append(&texts, id.bytes, ID_BYTES));
        MUST(buffer_append(&texts, row, (size_t)size));
    }
    double size = zstd_bytes_of(&texts);
    buffer_release(&texts);
    return size;
}

/* The newest visits as their table has them, what is sealed included, all at once. */
static double sealed_bytes(struct replica *replica, size_t rows)
{
    struct buffer all = {0};
    sqlite3_stmt *read;
    sqlite3_prepare_v2(replica_database(replica),
                       "SELECT id, target_ref, at, kind, situation FROM visit "
                       "ORDER BY rowid DESC LIMIT ?",
                       -1, &read, NULL);
    sqlite3_bind_int64(read, 1, (sqlite3_int64)rows);
    while (sqlite3_step(read) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(read); i++)
            MUST(buffer_append(&all, sqlite3_column_blob(read, i),
                               (size_t)sqlite3_column_bytes(read, i)));
    sqlite3_finalize(read);
    double size = zstd_bytes_of(&all);
    buffer_release(&all);
    return size;
}

static void save_hundred(struct replica *replica, struct id *ids)
{
    for (size_t i = 0; i < HUNDRED; i++) {
        char situation[200];
        visit_text(i, situation, sizeof situation);
        ids[i] = world_add(replica, "visit", "target_ref", RAW_PERSON, "kind", "home_visit", "at",
                           "2026-11-01T09:30", "situation", situation, NULL);
    }
}

void wire_bench(struct world *world)
{
    struct session_totals totals;
    struct id ids[HUNDRED];
    size_t client = world_join(world, ROLE_VOLUNTEER, world->branches[0]);
    struct replica *replica = world->clients[client];
    world->keeps_beacons = true;
    world_sync(world, client, 0, &totals);
    TABLE_ROW(.name = "nothing new: whole session", .unit = "bytes",
              .figure = session_bytes(world, client, &totals), .bar = AT_MOST(400));
    world_add(replica, "visit", "target_ref", RAW_PERSON, "kind", "home_visit", "situation",
              "第1次走访：老人精神尚好，想听广播，血压偏高，已提醒按时服药。", NULL);
    TABLE_ROW(.name = "a lone visit: whole session", .unit = "bytes",
              .figure = session_bytes(world, client, &totals), .bar = AT_MOST(700));
    TABLE_ROW(.name = "a lone visit: round trips", .unit = "", .figure = totals.round_trips,
              .bar = AT_MOST(1));
    save_hundred(replica, ids);
    TABLE_ROW(.name = "a visit of 100 in one session", .unit = "bytes",
              .figure = session_bytes(world, client, &totals) / HUNDRED,
              .limit = sealed_bytes(replica, HUNDRED) / HUNDRED,
              .limit_is = "zstd -19 of the rows, sealed", .bar = RATIO_AT_MOST(1.25));
    TABLE_ROW(.name = "the same visits unsealed, zstd -19", .unit = "bytes",
              .figure = bare_bytes(HUNDRED) / HUNDRED);
    for (size_t i = 0; i < HUNDRED; i++)
        world_set(replica, "visit", &ids[i], "next_on", "2026-12-01", NULL);
    TABLE_ROW(.name = "a one-field change of 100", .unit = "bytes",
              .figure = session_bytes(world, client, &totals) / HUNDRED, .bar = AT_MOST(25));
}
