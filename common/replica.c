#include "common/replica.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/ballast.h"
#include "common/mutant.h"
#include "common/pack.h"
#include "common/repair.h"
#include "common/replica_move.h"
#include "common/sealed_words.h"
#include "common/search.h"
#include "common/wal_check.h"

#define BUSY_MS 30000
#define CACHE_KIB 16384
#define META_IDENTITY "identity"
#define META_NETWORK "network"

/* ---- opening ---- */

static enum status configure(struct replica *replica, const struct replica_options *options,
                             struct error *err)
{
    char cache[64];
    int64_t kib = options->cache_kib ? options->cache_kib : CACHE_KIB;
    sqlite3_busy_timeout(replica->database, options->busy_ms ? options->busy_ms : BUSY_MS);
    sqlite3_extended_result_codes(replica->database, 1);
    snprintf(cache, sizeof cache, "PRAGMA cache_size = -%lld", (long long)kib);
    TRY(sql_run(replica, cache, err));
    TRY(sql_run(replica,
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0;"
                "PRAGMA secure_delete = FAST; PRAGMA journal_size_limit = 16777216;"
                "PRAGMA wal_autocheckpoint = 4000;"
                "PRAGMA temp_store = MEMORY",
                err));
    TRY(seal_add_function(replica, err));
    sqlite3_db_config(replica->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sql_watch(replica);
    if (MUTANT("t4-t17-sync-normal"))
        TRY(sql_run(replica, "PRAGMA synchronous = NORMAL", err));
    TRY(sealed_words_register(replica, err));
    return search_register(replica->database, err);
}

static enum status pragma_number(struct replica *replica, const char *sql, int64_t *number,
                                 struct error *err)
{
    sqlite3_stmt *statement = NULL;
    *number = 0;
    TRY(sql_prepare(replica, sql, &statement, err));
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? STATUS_OK : sql_fail(replica, err, "the file");
}

/* A file of a newer format is refused before anything is written to it. */
static enum status check_format(struct replica *replica, const struct replica_options *options,
                                struct error *err)
{
    int64_t application, format;
    const char *path = options->path;
    enum status status = pragma_number(replica, "PRAGMA application_id", &application, err);
    if (status != STATUS_OK && (sqlite3_errcode(replica->database) & 0xff) == SQLITE_NOTADB)
        return options->key
                   ? error_set(err, STATUS_BAD_INPUT, "'%s' is damaged: its key doesn't open it",
                               path)
                   : error_set(err, STATUS_BAD_INPUT,
                               "'%s' is not a replica, or it is encrypted and its key slots are "
                               "missing",
                               path);
    TRY(status);
    TRY(pragma_number(replica, "PRAGMA user_version", &format, err));
    if (application != REPLICA_APPLICATION_ID)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a replica", path);
    if (format > REPLICA_FORMAT)
        return error_set(err, STATUS_NEWER,
                         "'%s' was made by a newer version (format %lld, this one knows %d)", path,
                         (long long)format, REPLICA_FORMAT);
    return STATUS_OK;
}

static enum status replica_new(struct replica **out, const struct replica_options *options,
                               int flags, struct error *err)
{
    struct replica *replica = calloc(1, sizeof *replica);
    *out = NULL;
    if (!replica)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    replica->clock = options->clock;
    replica->read_only = options->read_only;
    replica->ballast = options->ballast ? strdup(options->ballast) : NULL;
    if (options->ballast && !replica->ballast) {
        replica_close(replica);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    int code = sqlite3_open_v2(options->path, &replica->database, flags, NULL);
    if (code != SQLITE_OK) {
        error_set(err, STATUS_STORAGE, "cannot open '%s': %s", options->path,
                  replica->database ? sqlite3_errmsg(replica->database) : "out of memory");
        replica_close(replica);
        return STATUS_STORAGE;
    }
    enum status status =
        options->key ? page_cipher_apply(replica->database, options->key, err) : STATUS_OK;
    if (status != STATUS_OK) {
        replica_close(replica);
        return status;
    }
    *out = replica;
    return STATUS_OK;
}

static bool exists(const char *path)
{
    struct stat found;
    return strcmp(path, ":memory:") != 0 && stat(path, &found) == 0;
}

static enum status fill_new(struct replica *replica, const struct network *network,
                            struct error *err)
{
    char sql[128];
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             REPLICA_APPLICATION_ID, REPLICA_FORMAT_NEW);
    replica->network = *network;
    TRY(sql_run(replica, "BEGIN IMMEDIATE", err));
    TRY(sql_run(replica, sql, err));
    TRY(tables_create_engine(replica, err));
    TRY(replica_meta_set(replica, META_NETWORK, bytes_of(network->id, NETWORK_BYTES), err));
    TRY(sql_run(replica, "COMMIT", err));
    return caches_load(replica, err);
}

enum status replica_create(struct replica **out, const struct replica_options *options,
                           const struct network *network, struct error *err)
{
    struct replica *replica;
    *out = NULL;
    if (exists(options->path))
        return error_set(err, STATUS_EXISTS, "'%s' exists already", options->path);
    TRY(replica_new(&replica, options, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err));
    enum status status = configure(replica, options, err);
    replica->in_transaction = true; /* fill_new has its own */
    if (status == STATUS_OK)
        status = fill_new(replica, network, err);
    replica->in_transaction = false;
    if (status != STATUS_OK) {
        replica_close(replica);
        return status;
    }
    *out = replica;
    return STATUS_OK;
}

static enum status load_identity(struct replica *replica, struct error *err)
{
    struct buffer stored = {0};
    enum status status = replica_meta_get(replica, META_NETWORK, &stored, err);
    if (status == STATUS_OK && stored.size == NETWORK_BYTES)
        memcpy(replica->network.id, stored.data, NETWORK_BYTES);
    if (status == STATUS_OK)
        status = replica_meta_get(replica, META_IDENTITY, &stored, err);
    if (status == STATUS_OK && stored.size == 8 + 32 + DH_KEY_BYTES) {
        replica->identity.device = get_u32le(stored.data);
        replica->identity.incarnation = get_u32le(stored.data + 4);
        signing_key_from_seed(&replica->identity.sign, stored.data + 8);
        dh_key_from_secret(&replica->identity.dh, stored.data + 40);
        sodium_memzero(stored.data, stored.size);
    }
    buffer_release(&stored);
    return status;
}

/* After a power cut the log of SQLite may end within a sector that was synced, and what is written
 * next could spoil that sector when the power goes again. So what is left in it moves to the
 * database first; the next write then begins the log anew. Another process that reads or writes
 * meanwhile has no need of it. */
static void move_log(struct replica *replica)
{
    if (!replica->read_only && !MUTANT("t17-wal-stays-after-crash"))
        sqlite3_wal_checkpoint_v2(replica->database, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* What may have been lost must not be saved under the same numbers again. */
static enum status follow_loss(struct replica *replica, bool torn, struct error *err)
{
    if (replica->read_only || !torn)
        return STATUS_OK;
    TRY(replica_begin(replica, err));
    enum status status = end_lost_note(replica, err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

static enum status open_once(struct replica **out, const struct replica_options *options,
                             struct error *err)
{
    struct replica *replica;
    char aside[REPAIR_PATH_MAX];
    *out = NULL;
    if (!exists(options->path))
        return error_set(err, STATUS_NOT_FOUND, "'%s' is not there", options->path);
    bool torn = !options->read_only && wal_is_torn(options->path);
    if (torn)
        TRY(repair_copy_aside(options->path, aside, err));
    TRY(replica_new(&replica, options,
                    options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE, err));
    sqlite3_busy_timeout(replica->database, BUSY_MS);
    enum status status = check_format(replica, options, err);
    if (status == STATUS_OK)
        status = configure(replica, options, err);
    if (status == STATUS_OK)
        move_log(replica);
    if (status == STATUS_OK)
        status = load_identity(replica, err);
    if (status == STATUS_OK)
        status = caches_load(replica, err);
    if (status == STATUS_OK)
        status = follow_loss(replica, torn, err);
    if (status != STATUS_OK) {
        replica_close(replica);
        return status;
    }
    *out = replica;
    return STATUS_OK;
}

/* On a full disk SQLite may lack the little that it needs to read. */
enum status replica_open(struct replica **out, const struct replica_options *options,
                         struct error *err)
{
    enum status status = open_once(out, options, err);
    if (status == STATUS_DISK_FULL && options->ballast && ballast_drop(options->ballast))
        status = open_once(out, options, err);
    return status;
}

void replica_close(struct replica *replica)
{
    if (!replica)
        return;
    if (replica->in_transaction && replica->database)
        sqlite3_exec(replica->database, "ROLLBACK", NULL, NULL, NULL);
    sql_finalize_all(replica);
    seal_cache_release(replica);
    replica_keep(replica, NULL, NULL);
    sqlite3_close_v2(replica->database);
    free(replica->ballast);
    registry_free(replica->registry);
    free(replica->feeds);
    free(replica->feed_order);
    free(replica->floors);
    free(replica->tallies);
    free(replica->place.groups);
    frontier_release(&replica->frontier);
    frontier_release(&replica->restoring);
    entry_view_release(&replica->view);
    entry_view_release(&replica->story_view);
    entry_view_release(&replica->save_view);
    buffer_release(&replica->story_body);
    buffer_release(&replica->scratch);
    buffer_release(&replica->frame);
    zstd_room_release(&replica->zstd);
    buffer_release(&replica->column);
    buffer_release(&replica->mark);
    row_release(&replica->row);
    row_release(&replica->old_row);
    signing_key_release(&replica->identity.sign);
    dh_key_release(&replica->identity.dh);
    free(replica);
}

/* ---- what is kept in memory ---- */

static enum status counters_load(struct replica *replica, struct error *err)
{
    TRY(restoring_load(replica, err));
    TRY(tallies_load(replica, err));
    TRY(moving_load(replica, err));
    TRY(pragma_number(replica, statement_sql(SQL_REPLACED_COUNT), &replica->replaced_count, err));
    return pragma_number(replica, statement_sql(SQL_DATA_VERSION), &replica->data_version, err);
}

static enum status load_all(struct replica *replica, struct error *err)
{
    TRY(feeds_load(replica, err));
    TRY(registry_load(replica, err));
    return counters_load(replica, err);
}

/* All from one state of the file: what another process commits meanwhile comes with the next
 * refresh, and isn't counted as seen. */
static enum status from_one_state(struct replica *replica,
                                  enum status (*load)(struct replica *replica, struct error *err),
                                  struct error *err)
{
    bool own = sqlite3_get_autocommit(replica->database) != 0;
    if (own)
        TRY(sql_run(replica, "BEGIN", err));
    enum status status = load(replica, err);
    if (own && sqlite3_exec(replica->database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK &&
        status == STATUS_OK)
        status = sql_fail(replica, err, "the database");
    replica->stale = status != STATUS_OK;
    return status;
}

enum status caches_load(struct replica *replica, struct error *err)
{
    return from_one_state(replica, load_all, err);
}

/* What another process wrote is behind what we know: the registry goes on from there. Unless
 * something in it waited, or the other began a new life, in which feeds of our own may have lost
 * their ends; then, or when it erased the keys, nothing may be signed with what was before. */
static enum status caches_follow(struct replica *replica, struct error *err)
{
    struct frontier before = {0};
    uint32_t life = replica->identity.incarnation;
    TRY(load_identity(replica, err));
    if (replica->identity.incarnation != life || replica_restoring(replica) ||
        replica->registry_waits)
        return load_all(replica, err);
    enum status status = frontier_copy(&before, &replica->frontier, err);
    if (status == STATUS_OK)
        status = feeds_load(replica, err);
    if (status == STATUS_OK)
        status = registry_follow(replica, &before, err);
    frontier_release(&before);
    return status == STATUS_OK ? counters_load(replica, err) : status;
}

enum status replica_recover(struct replica *replica, struct error *err)
{
    if (!replica->stale || replica->in_transaction)
        return STATUS_OK;
    if (!sqlite3_get_autocommit(replica->database))
        TRY(sql_run(replica, "ROLLBACK", err));
    TRY(load_identity(replica, err));
    return caches_load(replica, err);
}

enum status replica_refresh(struct replica *replica, bool *changed, struct error *err)
{
    int64_t version;
    *changed = replica->stale;
    TRY(replica_recover(replica, err));
    sqlite3_stmt *statement = sql_use(replica, SQL_DATA_VERSION);
    if (!statement || sqlite3_step(statement) != SQLITE_ROW)
        return sql_fail(replica, err, "the file");
    version = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    if (version == replica->data_version)
        return STATUS_OK;
    *changed = true;
    seal_cache_release(replica); /* another process may have erased */
    return from_one_state(replica, caches_follow, err);
}

enum status replica_news(struct replica *replica, int64_t *seen, bool *news, struct error *err)
{
    int64_t version;
    *news = false;
    TRY(pragma_number(replica, statement_sql(SQL_DATA_VERSION), &version, err));
    *news = *seen != 0 && version != *seen;
    *seen = version;
    return STATUS_OK;
}

/* ---- who we are ---- */

enum status replica_set_identity(struct replica *replica, const struct identity *identity,
                                 struct error *err)
{
    uint8_t stored[8 + 32 + DH_KEY_BYTES];
    put_u32le(stored, identity->device);
    put_u32le(stored + 4, identity->incarnation);
    memcpy(stored + 8, identity->sign.secret, 32); /* the seed is the first half */
    memcpy(stored + 40, identity->dh.secret, DH_KEY_BYTES);
    enum status status =
        replica_meta_set(replica, META_IDENTITY, bytes_of(stored, sizeof stored), err);
    sodium_memzero(stored, sizeof stored);
    if (status == STATUS_OK && identity != &replica->identity)
        replica->identity = *identity;
    return status;
}

enum status replica_meta_number(struct replica *replica, const char *name, uint64_t *number,
                                struct error *err)
{
    struct buffer text = {0};
    *number = 0;
    enum status status = replica_meta_get(replica, name, &text, err);
    if (status == STATUS_OK && text.size > 0 && text.size < 21) {
        char digits[24] = {0};
        memcpy(digits, text.data, text.size);
        *number = strtoull(digits, NULL, 10);
    }
    buffer_release(&text);
    return status;
}

uint64_t replica_lineage(struct replica *replica)
{
    uint64_t lineage = 0;
    replica_meta_number(replica, "lineage", &lineage, NULL);
    return lineage ? lineage : registry_lineage(replica->registry);
}

enum status replica_forget_identity(struct replica *replica, struct error *err)
{
    static const struct identity nobody;
    signing_key_release(&replica->identity.sign);
    dh_key_release(&replica->identity.dh);
    TRY(replica_set_identity(replica, &nobody, err));
    return sql_run(replica, "PRAGMA wal_checkpoint(TRUNCATE)", err);
}

const struct identity *replica_identity(const struct replica *replica)
{
    return &replica->identity;
}

const struct network *replica_network(const struct replica *replica)
{
    return &replica->network;
}

const struct registry *replica_registry(const struct replica *replica)
{
    return replica->registry;
}

const struct schema *replica_schema(const struct replica *replica)
{
    return replica->schema;
}

const struct clock *replica_clock(const struct replica *replica)
{
    return &replica->clock;
}

struct sqlite3 *replica_database(struct replica *replica)
{
    return replica->database;
}

enum status replica_meta_set(struct replica *replica, const char *name, struct bytes value,
                             struct error *err)
{
    sqlite3_stmt *set = sql_use(replica, SQL_META_SET);
    if (!set)
        return sql_fail(replica, err, "settings");
    sqlite3_bind_text(set, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_blob(set, 2, value.size ? (const void *)value.data : "", (int)value.size,
                      SQLITE_STATIC);
    return sql_done(replica, set, "settings", err);
}

enum status replica_meta_get(struct replica *replica, const char *name, struct buffer *out,
                             struct error *err)
{
    sqlite3_stmt *get = sql_use(replica, SQL_META_GET);
    buffer_clear(out);
    if (!get)
        return sql_fail(replica, err, "settings");
    sqlite3_bind_text(get, 1, name, -1, SQLITE_STATIC);
    enum status status = STATUS_OK;
    if (sql_row(replica, get, &status, err) &&
        buffer_append_bytes(out, sql_blob(get, 0)) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    return sql_end(replica, get, status, err);
}

/* ---- transactions ---- */

bool replica_in_transaction(const struct replica *replica)
{
    return replica->in_transaction;
}

enum status replica_begin(struct replica *replica, struct error *err)
{
    bool changed;
    TRY(replica_recover(replica, err));
    if (replica->ballast && !replica->read_only)
        TRY(ballast_hold(replica->ballast, err));
    TRY(sql_run(replica, "BEGIN IMMEDIATE", err));
    replica->in_transaction = true;
    replica->grew = false;
    replica->doubles_mark = 0;
    enum status status = replica_refresh(replica, &changed, err);
    if (status != STATUS_OK)
        replica_rollback(replica);
    return status;
}

/* What was erased stands in the write-ahead log still. Where a reader holds that back, the next
 * checkpoint does it. */
static void forget_erased(struct replica *replica)
{
    if (replica->erased &&
        sqlite3_wal_checkpoint_v2(replica->database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                  NULL) == SQLITE_OK)
        replica->erased = false;
}

enum status replica_commit(struct replica *replica, struct error *err)
{
    enum status status = replica->grew ? later_take(replica, err) : STATUS_OK;
    if (status == STATUS_OK)
        status = replica_gather(replica, false, err);
    if (status == STATUS_OK)
        status = feeds_write(replica, err);
    if (status == STATUS_OK)
        status = tallies_write(replica, err);
    if (status == STATUS_OK)
        status = sql_run(replica, "COMMIT", err);
    if (status != STATUS_OK) {
        replica_rollback(replica);
        return MUTANT("t16-failed-commit-is-success") ? STATUS_OK : status;
    }
    replica->in_transaction = false;
    forget_erased(replica);
    return STATUS_OK;
}

void replica_forget_log(struct replica *replica)
{
    replica->erased = true;
}

/* What is committed but still in SQLite's log moves to the database, where the log's room is given
 * back; the ballast's room is for that. */
static void make_room(struct replica *replica)
{
    replica->met_full_disk = false;
    if (replica->ballast && ballast_drop(replica->ballast))
        sqlite3_wal_checkpoint_v2(replica->database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

bool replica_disk_full(const struct replica *replica)
{
    return replica->ballast && ballast_missing(replica->ballast);
}

void replica_rollback(struct replica *replica)
{
    if (!replica->in_transaction)
        return;
    sql_finalize_all(replica);
    replica->in_transaction = replica->gathering = replica->unstored = false;
    replica->stale = !MUTANT("head-kept-after-rollback");
    bool over = sqlite3_exec(replica->database, "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK ||
                sqlite3_get_autocommit(replica->database);
    replica->undone = false;
    if (replica->met_full_disk)
        make_room(replica);
    if (over)
        replica_recover(replica, NULL);
}

/* ---- counts ---- */

enum status replica_counts(struct replica *replica, struct replica_counts *counts,
                           struct error *err)
{
    int64_t conflicts, aside;
    *counts = (struct replica_counts){0};
    TRY(pragma_number(replica,
                      "SELECT count(*) FROM (SELECT DISTINCT table_no, row, scope, field "
                      "FROM _head WHERE conflict <> 0)",
                      &conflicts, err));
    TRY(pragma_number(replica, "SELECT count(*) FROM _set_aside", &aside, err));
    counts->conflicts = (uint64_t)conflicts;
    counts->set_aside = (uint64_t)aside;
    for (size_t i = 0; i < replica->frontier.count; i++) {
        counts->entries += replica->frontier.rows[i].number;
        if (replica->frontier.rows[i].feed.device == replica->identity.device)
            counts->own_entries += replica->frontier.rows[i].number;
    }
    for (size_t i = 0; i < replica->tallies_count; i++)
        counts->rows += replica->tallies[i].tally.rows;
    struct frontier missing = {0};
    enum status status = replica_missing(replica, &missing, &counts->missing, err);
    frontier_release(&missing);
    TRY(status);
    TRY(later_count(replica, &counts->early, err));
    return replica_staged_bytes(replica, &counts->staged, err);
}
