/* A new file from what can be read of a damaged one.
 *
 * The damaged file isn't opened as a replica: none of its tables is trusted. A table is read from
 * its beginning until a page can't be read, and then from its end back to there; a feed's name
 * stands in the table of feeds and in its index, on different pages. Every entry goes through the
 * same door as when it came. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "common/array.h"
#include "common/repair.h"
#include "common/replica_state.h"

#define NAMES_MAX 2
#define IDENTITY_BYTES (8 + 32 + DH_KEY_BYTES)
#define FEEDS_MAX (1u << 23)

/* A feed of the damaged file: what its table and its index call it. */
struct old_feed {
    uint32_t local;
    struct feed_id names[NAMES_MAX];
    size_t names_count;
    uint64_t number; /* the last entry that is known to have been there */
};

struct salvage {
    /* A page that can't be read ends all reading of one connection: rows are read through the
     * first, and what belongs to a row through the other. */
    sqlite3 *from, *beside;
    struct replica *to;
    struct repaired *repaired;
    struct old_feed *feeds;
    size_t feeds_count, feeds_capacity;
    struct frontier missing;
    uint32_t device;  /* ours */
    bool unread;      /* something couldn't be read: there may have been more */
    const char *path; /* of the damaged file */
    const struct page_key *key;
    struct buffer keys;
    struct error *err;
};

/* ---- reading around holes ---- */

static enum status open_damaged(const char *path, const struct page_key *key, sqlite3 **database,
                                struct error *err)
{
    if (sqlite3_open_v2(path, database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        return error_set(err, STATUS_STORAGE, "cannot open '%s': %s", path,
                         *database ? sqlite3_errmsg(*database) : "out of memory");
    return key ? page_cipher_apply(*database, key, err) : STATUS_OK;
}

typedef enum status row_taker(struct salvage *salvage, sqlite3_stmt *row, void *context);

/* What can't be read is a hole in the file, but not where memory ran out. */
static enum status read_failed(struct salvage *salvage, int code)
{
    bool short_of_memory = (code & 0xff) == SQLITE_NOMEM;
    return short_of_memory ? error_set(salvage->err, STATUS_NO_MEMORY, "out of memory") : STATUS_OK;
}

/* Until the end, or a page that can't be read: then *whole is false. */
static enum status each_row_of(struct salvage *salvage, sqlite3 *from, const char *sql,
                               row_taker *take, void *context, bool *whole)
{
    sqlite3_stmt *read = NULL;
    enum status status = STATUS_OK;
    int code = sqlite3_prepare_v2(from, sql, -1, &read, NULL);
    if (code == SQLITE_OK)
        while (status == STATUS_OK && (code = sqlite3_step(read)) == SQLITE_ROW)
            status = take(salvage, read, context);
    *whole = status == STATUS_OK && code == SQLITE_DONE;
    sqlite3_finalize(read);
    return status == STATUS_OK ? read_failed(salvage, code) : status;
}

static enum status each_row(struct salvage *salvage, const char *sql, row_taker *take,
                            void *context, bool *whole)
{
    return each_row_of(salvage, salvage->from, sql, take, context, whole);
}

/* The same table from both ends; rows may come twice. */
static enum status each_row_both(struct salvage *salvage, const char *sql, const char *key,
                                 row_taker *take)
{
    char text[256];
    bool whole;
    snprintf(text, sizeof text, "%s ORDER BY %s", sql, key);
    TRY(each_row(salvage, text, take, NULL, &whole));
    if (whole)
        return STATUS_OK;
    salvage->unread = true;
    snprintf(text, sizeof text, "%s ORDER BY %s DESC", sql, key);
    return each_row(salvage, text, take, NULL, &whole);
}

/* ---- settings ---- */

/* A value as the settings or the spare copies have it, from wherever it can be read. */
static bool read_setting(struct salvage *salvage, const char *table, const char *name,
                         uint8_t *value, size_t size)
{
    char sql[96];
    sqlite3_stmt *read = NULL;
    snprintf(sql, sizeof sql, "SELECT value FROM %s WHERE name = ?", table);
    bool found = sqlite3_prepare_v2(salvage->from, sql, -1, &read, NULL) == SQLITE_OK;
    if (found) {
        sqlite3_bind_text(read, 1, name, -1, SQLITE_STATIC);
        found = sqlite3_step(read) == SQLITE_ROW && sql_blob(read, 0).size == size;
    }
    if (found)
        memcpy(value, sql_blob(read, 0).data, size);
    sqlite3_finalize(read);
    return found;
}

static bool founds(struct salvage *salvage, const struct network *network)
{
    sqlite3_stmt *read = NULL;
    uint8_t key[PUBLIC_KEY_BYTES];
    struct log_cursor cursor = {0};
    struct zstd_room zstd = {0};
    struct bytes body;
    bool founds = false;
    if (sqlite3_prepare_v2(salvage->from,
                           "SELECT " LOG_COLUMNS " FROM _log WHERE id >= 1 << 40 "
                           "ORDER BY id LIMIT 1",
                           -1, &read, NULL) == SQLITE_OK &&
        sqlite3_step(read) == SQLITE_ROW)
        founds = log_take_piece(&cursor, &zstd, read, NULL) == STATUS_OK && cursor.first == 1 &&
                 log_next_body(&cursor, &body) &&
                 registry_genesis_key(network, body, key, NULL) == STATUS_OK;
    sqlite3_finalize(read);
    buffer_release(&cursor.opened);
    zstd_room_release(&zstd);
    return founds;
}

/* Of two that differ, the one whose genesis holds. */
static enum status read_network(struct salvage *salvage, struct network *network)
{
    struct network spare;
    bool found = read_setting(salvage, "_meta", "network", network->id, NETWORK_BYTES);
    bool spared = read_setting(salvage, "_spare", "network", spare.id, NETWORK_BYTES);
    if (spared && (!found || (memcmp(spare.id, network->id, NETWORK_BYTES) != 0 &&
                              !founds(salvage, network))))
        *network = spare;
    if (found || spared)
        return STATUS_OK;
    return error_set(salvage->err, STATUS_BAD_INPUT,
                     "the file is damaged where it says whose it is: this device must join again");
}

static bool is_own(const char *name)
{
    static const char *const own[] = {"identity", "network", "restoring", "missing", NULL};
    for (size_t i = 0; own[i]; i++)
        if (strcmp(name, own[i]) == 0)
            return true;
    return strncmp(name, "scrub", 5) == 0;
}

static enum status take_setting(struct salvage *salvage, sqlite3_stmt *row, void *context)
{
    const char *name = (const char *)sqlite3_column_text(row, 0);
    (void)context;
    if (!name || is_own(name))
        return STATUS_OK;
    return replica_meta_set(salvage->to, name, sql_blob(row, 1), salvage->err);
}

static bool take_identity(struct salvage *salvage, const char *table, bool must_fit)
{
    uint8_t stored[IDENTITY_BYTES];
    struct identity identity = {0};
    bool found = read_setting(salvage, table, "identity", stored, sizeof stored);
    if (found) {
        identity.device = get_u32le(stored);
        identity.incarnation = get_u32le(stored + 4);
        signing_key_from_seed(&identity.sign, stored + 8);
        dh_key_from_secret(&identity.dh, stored + 40);
        found = replica_set_identity(salvage->to, &identity, salvage->err) == STATUS_OK &&
                (!must_fit || identity_fits(salvage->to));
    }
    sodium_memzero(stored, sizeof stored);
    sodium_memzero(&identity, sizeof identity);
    return found;
}

/* A device that hasn't joined has none; one that was revoked has erased its own. */
static enum status copy_identity(struct salvage *salvage)
{
    if (take_identity(salvage, "_meta", true) || take_identity(salvage, "_spare", true))
        return STATUS_OK;
    return error_set(salvage->err, STATUS_BAD_INPUT,
                     "the keys of this device are damaged: it must join again");
}

/* ---- feeds ---- */

static enum status note_feed(struct salvage *salvage, sqlite3_stmt *row, void *context)
{
    (void)context;
    uint32_t local = (uint32_t)sqlite3_column_int64(row, 0);
    struct feed_id name = {(uint32_t)sqlite3_column_int64(row, 1),
                           (uint32_t)sqlite3_column_int64(row, 2),
                           (uint32_t)sqlite3_column_int64(row, 3)};
    struct old_feed *feed = NULL;
    if (local == 0 || local >= FEEDS_MAX || name.device == 0 || name.incarnation == 0)
        return STATUS_OK;
    for (size_t i = 0; i < salvage->feeds_count && !feed; i++)
        if (salvage->feeds[i].local == local)
            feed = &salvage->feeds[i];
    if (!feed) {
        struct old_feed *grown = array_grow(salvage->feeds, salvage->feeds_count,
                                            &salvage->feeds_capacity, sizeof *grown);
        if (!grown)
            return error_set(salvage->err, STATUS_NO_MEMORY, "out of memory");
        salvage->feeds = grown;
        feed = &grown[salvage->feeds_count++];
        *feed = (struct old_feed){.local = local};
    }
    bool known = feed->names_count == NAMES_MAX ||
                 (feed->names_count == 1 && feed_compare(&feed->names[0], &name) == 0);
    if (!known)
        feed->names[feed->names_count++] = name;
    return STATUS_OK;
}

static enum status read_feeds(struct salvage *salvage)
{
    bool whole;
    TRY(each_row_both(salvage, "SELECT id, scope, device, incarnation FROM _feed NOT INDEXED", "id",
                      note_feed));
    return each_row(salvage,
                    "SELECT id, scope, device, incarnation FROM _feed "
                    "INDEXED BY sqlite_autoindex__feed_1 WHERE scope >= 0",
                    note_feed, NULL, &whole);
}

static int by_part(const void *left, const void *right)
{
    const struct old_feed *a = left, *b = right;
    enum part part_a = part_of(&a->names[0]), part_b = part_of(&b->names[0]);
    if (part_a != part_b)
        return part_a < part_b ? -1 : 1;
    return feed_compare(&a->names[0], &b->names[0]);
}

/* ---- keys of sealed values ---- */

/* The key of this name, when it is what its name says. One that was erased is whole without. */
static enum status gather_key(struct salvage *salvage, sqlite3_stmt *read, const uint8_t *id,
                              bool *whole)
{
    enum status status = STATUS_OK;
    struct seal_id is = {{0}};
    sqlite3_bind_int64(read, 1, (int64_t)get_u64le(id));
    int code = sqlite3_step(read);
    TRY(read_failed(salvage, code));
    bool found = code == SQLITE_ROW;
    struct bytes wrapped = found ? sql_blob(read, 0) : (struct bytes){0};
    if (wrapped.size == SEAL_WRAPPED_BYTES)
        is = value_key_id(&salvage->to->network, wrapped.data);
    if (memcmp(is.bytes, id, SEAL_ID_BYTES) == 0)
        status = buffer_append_bytes(&salvage->keys, wrapped);
    else
        *whole &= found && sqlite3_column_type(read, 0) == SQLITE_NULL;
    sqlite3_reset(read);
    return status == STATUS_OK ? status : error_set(salvage->err, status, "out of memory");
}

static enum status gather_keys(struct salvage *salvage, const struct run *run, bool *whole)
{
    struct entry_view *view = &salvage->to->view;
    sqlite3_stmt *read = NULL;
    enum status status = STATUS_OK;
    buffer_clear(&salvage->keys);
    *whole = true;
    if (SCOPE_IS_REGISTRY(run->feed.scope) ||
        sqlite3_prepare_v2(salvage->beside, "SELECT wrapped FROM _key WHERE id = ?", -1, &read,
                           NULL) != SQLITE_OK)
        return STATUS_OK;
    for (size_t i = 0; i < run->count && status == STATUS_OK; i++)
        if (entry_decode_keys(view, run->bodies[i], NULL) == STATUS_OK)
            for (size_t k = 0; k < view->keys_count && status == STATUS_OK; k++)
                status = gather_key(salvage, read, view->keys[k].id, whole);
    sqlite3_finalize(read);
    return status;
}

/* ---- pieces ---- */

struct reading {
    struct old_feed *feed;
    const struct feed_id *name;
    uint64_t last; /* of the pieces that were read from the beginning */
    bool gap;      /* what comes now lies beyond one */
    bool backward;
};

static enum status take_run(struct salvage *salvage, struct reading *reading, struct run *run)
{
    struct received received = {0};
    bool whole;
    TRY(gather_keys(salvage, run, &whole));
    run->keys = buffer_bytes(&salvage->keys);
    /* A peer brings the entries once more, and the keys with them; but perhaps not our own. */
    if (!whole && run->feed.device != salvage->device) {
        reading->gap = true;
        return STATUS_OK;
    }
    switch (reading->gap ? RUN_EARLY : run_fits(salvage->to, run)) {
    case RUN_FITS:
        salvage->repaired->keys_lost += !whole;
        return replica_receive(salvage->to, run, &received, salvage->err);
    case RUN_EARLY:
        reading->gap = true;
        return later_keep(salvage->to, run, false, salvage->err);
    case RUN_BROKEN:
        reading->gap = true;
        return STATUS_OK;
    default:
        return STATUS_OK;
    }
}

/* The whole piece as a run. */
static enum status take_bodies(struct salvage *salvage, struct reading *reading,
                               struct log_cursor *cursor)
{
    uint64_t count = cursor->last - cursor->first + 1;
    if (count > cursor->bodies.size + 1) {
        reading->gap = true;
        return STATUS_OK;
    }
    struct bytes *bodies = malloc(count * sizeof *bodies);
    if (!bodies)
        return error_set(salvage->err, STATUS_NO_MEMORY, "out of memory");
    struct run run = {.feed = *reading->name,
                      .first = cursor->first,
                      .signature = cursor->signature.data,
                      .bodies = bodies};
    while (run.count < count && log_next_body(cursor, &bodies[run.count]))
        run.count++;
    enum status status = STATUS_OK;
    if (run.count == count)
        status = take_run(salvage, reading, &run);
    else
        reading->gap = true;
    free(bodies);
    return status;
}

static enum status take_piece(struct salvage *salvage, sqlite3_stmt *row, void *context)
{
    struct reading *reading = context;
    uint64_t last = LOG_NUMBER(sqlite3_column_int64(row, 0));
    struct log_cursor cursor = {0};
    if (reading->backward && last <= reading->last)
        return STATUS_OK;
    if (!reading->backward)
        reading->last = last;
    if (last > reading->feed->number)
        reading->feed->number = last;
    enum status status = log_take_piece(&cursor, &salvage->to->zstd, row, NULL);
    if (status == STATUS_OK) {
        status = take_bodies(salvage, reading, &cursor);
    } else if (status == STATUS_STORAGE) {
        reading->gap = true;
        status = STATUS_OK;
    } else {
        error_set(salvage->err, status, "out of memory");
    }
    buffer_release(&cursor.opened);
    return status;
}

static enum status take_feed(struct salvage *salvage, struct old_feed *feed,
                             const struct feed_id *name)
{
    struct reading reading = {.feed = feed, .name = name};
    char sql[200];
    bool whole;
    snprintf(sql, sizeof sql,
             "SELECT " LOG_COLUMNS " FROM _log WHERE id BETWEEN %lld AND %lld "
             "ORDER BY id",
             (long long)LOG_ID(feed->local, 0), (long long)LOG_ID(feed->local + 1, 0) - 1);
    TRY(each_row(salvage, sql, take_piece, &reading, &whole));
    if (whole)
        return STATUS_OK;
    salvage->unread = true;
    reading.gap = reading.backward = true;
    strncat(sql, " DESC", sizeof sql - strlen(sql) - 1);
    return each_row(salvage, sql, take_piece, &reading, &whole);
}

static uint64_t held(const struct salvage *salvage, const struct feed_id *name)
{
    return frontier_get(&salvage->to->frontier, name);
}

static enum status take_feeds(struct salvage *salvage)
{
    if (salvage->feeds_count > 0)
        qsort(salvage->feeds, salvage->feeds_count, sizeof *salvage->feeds, by_part);
    for (size_t i = 0; i < salvage->feeds_count; i++) {
        struct old_feed *feed = &salvage->feeds[i];
        size_t name = 0;
        TRY(take_feed(salvage, feed, &feed->names[0]));
        /* When nothing fits under one name, the other copy may have the true one. */
        if (feed->names_count == 2 && feed->number > 0 && held(salvage, &feed->names[0]) == 0)
            TRY(take_feed(salvage, feed, &feed->names[name = 1]));
        if (held(salvage, &feed->names[name]) < feed->number)
            TRY(frontier_raise(&salvage->missing, &feed->names[name], feed->number, salvage->err));
    }
    return STATUS_OK;
}

/* ---- what isn't in the log ---- */

static enum status take_aside(struct salvage *salvage, sqlite3_stmt *row, void *context)
{
    struct error reason = {.status = (enum status)sqlite3_column_int(row, 4)};
    struct dot dot = {{(uint32_t)sqlite3_column_int64(row, 0),
                       (uint32_t)sqlite3_column_int64(row, 1),
                       (uint32_t)sqlite3_column_int64(row, 2)},
                      (uint64_t)sqlite3_column_int64(row, 3)};
    const char *text = (const char *)sqlite3_column_text(row, 5);
    (void)context;
    struct bytes *bodies = NULL;
    struct run proof;
    snprintf(reason.text, sizeof reason.text, "%s", text ? text : "");
    if (sqlite3_column_type(row, 7) != SQLITE_BLOB ||
        run_decode(&proof, &bodies, sql_blob(row, 7), NULL) != STATUS_OK)
        return aside_note(salvage->to, &dot, &reason, sql_blob(row, 6), salvage->err);
    enum status status = aside_note_proof(salvage->to, &dot, &reason, &proof, salvage->err);
    free(bodies);
    return status;
}

/* What waited in the damaged file, waits on or has its turn now. */
static enum status keep_later(struct salvage *salvage, sqlite3_stmt *row, void *context)
{
    struct run run;
    struct bytes *bodies = NULL;
    enum status status = STATUS_OK;
    (void)context;
    if (run_decode(&run, &bodies, sql_blob(row, 1), NULL) == STATUS_OK)
        status = later_keep(salvage->to, &run, sqlite3_column_int(row, 0), salvage->err);
    free(bodies);
    return status;
}

/* A table of the program's own that this layer doesn't know, as the hub has some. A row that breaks
 * its rules is damaged. */
static enum status copy_row(struct salvage *salvage, sqlite3_stmt *row, void *context)
{
    sqlite3_stmt *insert = context;
    for (int i = 0; i < sqlite3_column_count(row); i++)
        sqlite3_bind_value(insert, i + 1, sqlite3_column_value(row, i));
    int code = sqlite3_step(insert);
    enum status status = code == SQLITE_DONE || (code & 0xff) == SQLITE_CONSTRAINT
                             ? STATUS_OK
                             : sql_fail(salvage->to, salvage->err, "a table of the program's own");
    sqlite3_reset(insert);
    return status;
}

static enum status copy_table(struct salvage *salvage, sqlite3_stmt *row, void *context)
{
    const char *name = (const char *)sqlite3_column_text(row, 0);
    const char *sql = (const char *)sqlite3_column_text(row, 1);
    char text[256], marks[64] = "?";
    sqlite3_stmt *insert = NULL;
    bool whole;
    (void)context;
    int columns = sqlite3_column_int(row, 2);
    if (!name || !sql || strlen(name) > 60 || strchr(name, '"') || columns < 1 || columns > 20 ||
        sqlite3_exec(salvage->to->database, sql, NULL, NULL, NULL) != SQLITE_OK)
        return STATUS_OK; /* the engine's own tables are there already */
    for (int i = 1; i < columns; i++)
        strncat(marks, ",?", sizeof marks - strlen(marks) - 1);
    snprintf(text, sizeof text, "INSERT OR IGNORE INTO \"%s\" VALUES(%s)", name, marks);
    TRY(sql_prepare(salvage->to, text, &insert, salvage->err));
    snprintf(text, sizeof text, "SELECT * FROM \"%s\"", name);
    enum status status = each_row_of(salvage, salvage->beside, text, copy_row, insert, &whole);
    sqlite3_finalize(insert);
    return status;
}

static enum status take_attachment(struct salvage *salvage, sqlite3_stmt *row, void *context)
{
    bool lost;
    (void)context;
    TRY(attachment_take_over(salvage->to, salvage->beside, row, &lost, salvage->err));
    salvage->repaired->attachments_lost += lost;
    if (!lost)
        return STATUS_OK;
    sqlite3_close(salvage->beside);
    salvage->beside = NULL;
    return open_damaged(salvage->path, salvage->key, &salvage->beside, salvage->err);
}

static enum status copy_rest(struct salvage *salvage)
{
    bool whole;
    TRY(each_row_both(salvage,
                      "SELECT id, root, bytes, held, small, wanted, delivered, whole, plain, "
                      "added_ms FROM _attachment NOT INDEXED",
                      "id", take_attachment));
    TRY(each_row_both(salvage, "SELECT name, value FROM _meta", "name", take_setting));
    TRY(each_row(salvage, "SELECT name, value FROM _spare", take_setting, NULL, &whole));
    TRY(each_row(salvage,
                 "SELECT scope, device, incarnation, number, status, reason, body, proof "
                 "FROM _set_aside WHERE body IS NOT NULL",
                 take_aside, NULL, &whole));
    return each_row(salvage,
                    "SELECT name, sql, (SELECT count(*) FROM pragma_table_info(name)) "
                    "FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 1) = '_'",
                    copy_table, NULL, &whole);
}

/* ---- the whole ---- */

static enum status fill(struct salvage *salvage)
{
    struct replica *to = salvage->to;
    struct error *err = salvage->err;
    uint8_t stored[IDENTITY_BYTES];
    bool whole;
    if (read_setting(salvage, "_meta", "identity", stored, sizeof stored) ||
        read_setting(salvage, "_spare", "identity", stored, sizeof stored))
        salvage->device = get_u32le(stored);
    sodium_memzero(stored, sizeof stored);
    TRY(replica_begin(to, err));
    TRY(read_feeds(salvage));
    TRY(take_feeds(salvage));
    TRY(each_row(salvage, "SELECT carried, run FROM _later", keep_later, NULL, &whole));
    TRY(later_take(to, err));
    TRY(copy_rest(salvage));
    TRY(copy_identity(salvage));
    TRY(missing_save(to, &salvage->missing, err));
    salvage->repaired->new_life = salvage->unread || salvage->missing.count > 0;
    if (salvage->repaired->new_life)
        TRY(life_lost_note(to, err));
    else if (salvage->device == DEVICE_HUB && salvage->repaired->attachments_lost > 0)
        TRY(replica_new_lineage(to, err));
    struct frontier missing = {0};
    enum status status = replica_missing(to, &missing, &salvage->repaired->missing, err);
    frontier_release(&missing);
    TRY(status);
    for (size_t i = 0; i < to->frontier.count; i++)
        salvage->repaired->taken += to->frontier.rows[i].number;
    return replica_commit(to, err);
}

enum status replica_salvage(struct replica **replica, const struct replica_options *options,
                            const char *damaged, struct repaired *repaired, struct error *err)
{
    struct salvage salvage = {
        .repaired = repaired, .path = damaged, .key = options->key, .err = err};
    struct network network;
    *replica = NULL;
    enum status status = open_damaged(damaged, options->key, &salvage.from, err);
    if (status == STATUS_OK)
        status = open_damaged(damaged, options->key, &salvage.beside, err);
    if (status == STATUS_OK)
        status = read_network(&salvage, &network);
    if (status == STATUS_OK)
        status = replica_create(&salvage.to, options, &network, err);
    if (status == STATUS_OK)
        status = fill(&salvage);
    if (status != STATUS_OK) {
        replica_close(salvage.to);
        salvage.to = NULL;
    }
    *replica = salvage.to;
    sqlite3_close(salvage.beside);
    sqlite3_close(salvage.from);
    free(salvage.feeds);
    frontier_release(&salvage.missing);
    buffer_release(&salvage.keys);
    return status;
}
