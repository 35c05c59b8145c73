/* Staging a snapshot: its manifest, and chunks in any order, until all are there. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/replica_floor.h"
#include "common/replica_snapshot.h"
#include "common/replica_state.h"
#include "common/snapshot_staged.h"

/* ---- may it be taken? ---- */

static enum status check_registry(struct replica *replica, const struct snapshot *snapshot,
                                  struct error *err)
{
    for (size_t i = 0; i < snapshot->registry.count; i++) {
        const struct frontier_row *row = &snapshot->registry.rows[i];
        if (frontier_get(&replica->frontier, &row->feed) < row->number)
            return error_set(err, STATUS_UNKNOWN,
                             "the registry here is older than the snapshot of scope %u",
                             snapshot->scope);
    }
    return STATUS_OK;
}

static enum status check_nothing_held(struct replica *replica, const struct snapshot *snapshot,
                                      struct error *err)
{
    for (size_t i = 0; i < replica->frontier.count; i++)
        if (replica->frontier.rows[i].feed.scope == snapshot->scope)
            return error_set(err, STATUS_EXISTS, "something of scope %u is here already",
                             snapshot->scope);
    return STATUS_OK;
}

static enum status stale(const struct snapshot *snapshot, struct error *err)
{
    return error_set(err, STATUS_UNSUPPORTED,
                     "the snapshot of scope %u was made under other rights", snapshot->scope);
}

enum status snapshot_same_rights(struct replica *replica, const struct snapshot *snapshot,
                                 const struct snapshot_feed *feed, struct error *err)
{
    struct dot last = {{snapshot->scope, feed->device, feed->incarnation}, feed->number};
    struct hash rights;
    TRY(registry_rights_digest(replica->registry, &last, &rights, err));
    return memcmp(&rights, &feed->rights, sizeof rights) == 0 ? STATUS_OK : stale(snapshot, err);
}

/* Its writer signed the last entry, and all of them were judged as they would be here. */
static enum status check_feed(struct replica *replica, const struct snapshot *snapshot,
                              const struct snapshot_feed *feed, struct error *err)
{
    const uint8_t *key = registry_device_key(replica->registry, feed->device);
    if (feed->device == replica->identity.device)
        return error_set(err, STATUS_DENIED, "this device wrote in scope %u itself",
                         snapshot->scope);
    if (!key)
        return error_set(err, STATUS_UNKNOWN, "device %u is not known yet", feed->device);
    if (!entry_verify(feed->signature, &replica->network, &feed->hash, key))
        return error_set(err, STATUS_FORGED, "chain or signature does not hold");
    return snapshot_same_rights(replica, snapshot, feed, err);
}

enum status snapshot_may_take(struct replica *replica, const struct snapshot *snapshot,
                              struct error *err)
{
    const struct schema *schema = replica->schema;
    if (!registry_may_read(replica->registry, replica->identity.device, snapshot->scope))
        return error_set(err, STATUS_DENIED, "this device may not read scope %u", snapshot->scope);
    TRY(check_registry(replica, snapshot, err));
    TRY(check_nothing_held(replica, snapshot, err));
    if (!schema || schema->epoch != snapshot->epoch ||
        registry_lineage(replica->registry) != snapshot->lineage)
        return stale(snapshot, err);
    for (size_t i = 0; i < snapshot->feeds_count; i++)
        TRY(check_feed(replica, snapshot, &snapshot->feeds[i], err));
    return STATUS_OK;
}

/* ---- the manifest ---- */

enum status snapshot_tables(struct replica *replica, struct error *err)
{
    return sql_run(
        replica,
        /* whole: all its chunks are here, and are given to others; else it is on its way here. */
        "CREATE TABLE IF NOT EXISTS _snapshot(scope INTEGER PRIMARY KEY, sealed BLOB NOT NULL,"
        " leaves BLOB NOT NULL, name BLOB NOT NULL, whole INTEGER NOT NULL) STRICT;"
        "CREATE TABLE IF NOT EXISTS _chunk(id INTEGER PRIMARY KEY, scope INTEGER NOT NULL,"
        " leaf BLOB NOT NULL, frame BLOB NOT NULL, UNIQUE(scope, leaf)) STRICT",
        err);
}

enum status snapshot_tables_there(struct replica *replica, bool *there, struct error *err)
{
    sqlite3_stmt *look = NULL;
    enum status status = STATUS_OK;
    TRY(sql_prepare(replica, "SELECT 1 FROM sqlite_schema WHERE name = '_snapshot'", &look, err));
    *there = sql_row(replica, look, &status, err);
    sqlite3_finalize(look);
    return status;
}

static enum status open_sealed(struct replica *replica, struct bytes sealed, struct bytes leaves,
                               struct snapshot *snapshot, struct error *err)
{
    const uint8_t *hub = registry_device_key(replica->registry, DEVICE_HUB);
    if (!hub)
        return error_set(err, STATUS_UNKNOWN, "device %u is not known yet", DEVICE_HUB);
    return snapshot_open(snapshot, &replica->network, hub, sealed, leaves, err);
}

enum status snapshot_read(struct replica *replica, uint32_t scope, bool whole,
                          struct snapshot *snapshot, struct error *err)
{
    sqlite3_stmt *get = NULL;
    bool there;
    enum status status = STATUS_OK;
    TRY(snapshot_tables_there(replica, &there, err));
    if (there)
        TRY(sql_prepare(replica,
                        "SELECT sealed, leaves FROM _snapshot WHERE scope = ? AND whole = ?", &get,
                        err));
    if (get) {
        sqlite3_bind_int64(get, 1, scope);
        sqlite3_bind_int(get, 2, whole);
    }
    if (get && sql_row(replica, get, &status, err))
        status = open_sealed(replica, sql_blob(get, 0), sql_blob(get, 1), snapshot, err);
    else if (status == STATUS_OK)
        status = error_set(err, STATUS_NOT_FOUND, "no snapshot of scope %u is on its way", scope);
    sqlite3_finalize(get);
    return status;
}

enum status snapshot_staged(struct replica *replica, uint32_t scope, struct snapshot *snapshot,
                            struct error *err)
{
    return snapshot_read(replica, scope, false, snapshot, err);
}

static enum status is_staged(struct replica *replica, const struct snapshot_given *given,
                             bool *staged, struct error *err)
{
    sqlite3_stmt *get = NULL;
    enum status status = STATUS_OK;
    TRY(snapshot_tables_there(replica, staged, err));
    if (!*staged)
        return STATUS_OK;
    TRY(sql_prepare(replica, "SELECT 1 FROM _snapshot WHERE scope = ? AND name = ? AND whole = 0",
                    &get, err));
    sqlite3_bind_int64(get, 1, given->scope);
    sqlite3_bind_blob(get, 2, given->name.bytes, HASH_BYTES, SQLITE_STATIC);
    *staged = sql_row(replica, get, &status, err);
    sqlite3_finalize(get);
    return status;
}

enum status replica_snapshot_wanted(struct replica *replica, const struct snapshot_given *given,
                                    bool *staged, struct error *err)
{
    const struct snapshot wanted = {.scope = given->scope};
    if (!registry_may_read(replica->registry, replica->identity.device, given->scope))
        return error_set(err, STATUS_DENIED, "this device may not read scope %u", given->scope);
    TRY(check_nothing_held(replica, &wanted, err));
    return is_staged(replica, given, staged, err);
}

static int by_leaf(const void *left, const void *right)
{
    return memcmp(left, right, HASH_BYTES);
}

static enum status drop_chunk(struct replica *replica, int64_t id, struct error *err)
{
    sqlite3_stmt *drop = NULL;
    TRY(sql_prepare(replica, "DELETE FROM _chunk WHERE id = ?", &drop, err));
    sqlite3_bind_int64(drop, 1, id);
    enum status status = sql_done(replica, drop, "the snapshot", err);
    sqlite3_finalize(drop);
    return status;
}

/* Chunks that the new manifest doesn't have go. `sorted` are its leaves. */
static enum status drop_others(struct replica *replica, uint32_t scope, const struct buffer *sorted,
                               struct error *err)
{
    sqlite3_stmt *list = NULL;
    TRY(sql_prepare(replica, "SELECT id, leaf FROM _chunk WHERE scope = ? ORDER BY id", &list,
                    err));
    sqlite3_bind_int64(list, 1, scope);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(replica, list, &status, err)) {
        struct bytes leaf = sql_blob(list, 1);
        if (leaf.size != HASH_BYTES || sorted->size == 0 ||
            !bsearch(leaf.data, sorted->data, sorted->size / HASH_BYTES, HASH_BYTES, by_leaf))
            status = drop_chunk(replica, sqlite3_column_int64(list, 0), err);
    }
    sqlite3_finalize(list);
    return status;
}

static enum status note_manifest(struct replica *replica, const struct snapshot_manifest *manifest,
                                 struct error *err)
{
    sqlite3_stmt *put = NULL;
    struct hash name;
    snapshot_name_of(&name, &replica->network, manifest->sealed);
    TRY(sql_prepare(replica,
                    "INSERT OR REPLACE INTO _snapshot(scope, sealed, leaves, name, whole) "
                    "VALUES(?, ?, ?, ?, ?)",
                    &put, err));
    sqlite3_bind_int64(put, 1, manifest->scope);
    sql_bind_bytes(put, 2, manifest->sealed);
    sqlite3_bind_blob(put, 3, manifest->leaves.size ? (const void *)manifest->leaves.data : "",
                      (int)manifest->leaves.size, SQLITE_STATIC);
    sqlite3_bind_blob(put, 4, name.bytes, HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_int(put, 5, manifest->whole);
    enum status status = sql_done(replica, put, "the snapshot", err);
    sqlite3_finalize(put);
    return status;
}

enum status snapshot_note(struct replica *replica, const struct snapshot_manifest *manifest,
                          struct error *err)
{
    struct buffer sorted = {0};
    if (buffer_append_bytes(&sorted, manifest->leaves) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (sorted.size > 0)
        qsort(sorted.data, sorted.size / HASH_BYTES, HASH_BYTES, by_leaf);
    enum status status = snapshot_tables(replica, err);
    if (status == STATUS_OK)
        status = drop_others(replica, manifest->scope, &sorted, err);
    if (status == STATUS_OK)
        status = note_manifest(replica, manifest, err);
    buffer_release(&sorted);
    return status;
}

static enum status stage(struct replica *replica, struct bytes sealed, struct bytes leaves,
                         struct error *err)
{
    struct snapshot snapshot = {0};
    enum status status = open_sealed(replica, sealed, leaves, &snapshot, err);
    if (status == STATUS_OK)
        status = snapshot_may_take(replica, &snapshot, err);
    struct snapshot_manifest manifest = {snapshot.scope, sealed, leaves, false};
    if (status == STATUS_OK)
        status = snapshot_note(replica, &manifest, err);
    snapshot_release(&snapshot);
    return status;
}

/* A step in the open transaction, or in one of its own. */
static enum status end_step(struct replica *replica, bool own, enum status status,
                            struct error *err)
{
    if (!own)
        return status;
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

enum status replica_snapshot_stage(struct replica *replica, struct bytes sealed,
                                   struct bytes leaves, struct error *err)
{
    bool own = !replica->in_transaction;
    if (own)
        TRY(replica_begin(replica, err));
    return end_step(replica, own, stage(replica, sealed, leaves, err), err);
}

static enum status drop(struct replica *replica, uint32_t scope, struct error *err)
{
    char sql[128];
    bool there;
    TRY(snapshot_tables_there(replica, &there, err));
    if (!there)
        return STATUS_OK;
    snprintf(sql, sizeof sql,
             "DELETE FROM _snapshot WHERE scope = %u; DELETE FROM _chunk WHERE scope = %u", scope,
             scope);
    return sql_run(replica, sql, err);
}

enum status replica_snapshot_drop(struct replica *replica, uint32_t scope, struct error *err)
{
    bool own = !replica->in_transaction;
    if (own)
        TRY(replica_begin(replica, err));
    return end_step(replica, own, drop(replica, scope, err), err);
}

enum status snapshots_forget(struct replica *replica, struct error *err)
{
    bool there;
    TRY(snapshot_tables_there(replica, &there, err));
    return there ? sql_run(replica, "DELETE FROM _snapshot; DELETE FROM _chunk", err) : STATUS_OK;
}

/* ---- chunks ---- */

static enum status has_chunk(struct replica *replica, uint32_t scope, const uint8_t *leaf,
                             bool *has, struct error *err)
{
    sqlite3_stmt *get = sql_use(replica, SQL_CHUNK_GET);
    enum status status = STATUS_OK;
    if (!get)
        return sql_fail(replica, err, "the snapshot");
    sqlite3_bind_int64(get, 1, scope);
    sqlite3_bind_blob(get, 2, leaf, HASH_BYTES, SQLITE_STATIC);
    *has = sql_row(replica, get, &status, err);
    return sql_end(replica, get, status, err);
}

enum status replica_snapshot_lacks(struct replica *replica, uint32_t scope,
                                   struct snapshot_lack *lack, struct error *err)
{
    struct snapshot snapshot = {0};
    bool has = true;
    *lack = (struct snapshot_lack){0};
    enum status status = snapshot_staged(replica, scope, &snapshot, err);
    for (size_t i = 0; status == STATUS_OK && i < snapshot_chunks(&snapshot); i++) {
        status = has_chunk(replica, scope, snapshot_leaf_at(&snapshot, i), &has, err);
        if (has && lack->count > 0)
            break;
        if (has)
            continue;
        if (lack->count++ == 0)
            lack->first = (uint32_t)i;
    }
    snapshot_release(&snapshot);
    return status;
}

enum status snapshot_put_chunk(struct replica *replica, const struct snapshot_laid *chunk,
                               struct error *err)
{
    sqlite3_stmt *put = NULL;
    TRY(sql_prepare(replica, "INSERT OR IGNORE INTO _chunk(scope, leaf, frame) VALUES(?, ?, ?)",
                    &put, err));
    sqlite3_bind_int64(put, 1, chunk->scope);
    sqlite3_bind_blob(put, 2, chunk->leaf.bytes, HASH_BYTES, SQLITE_STATIC);
    sql_bind_bytes(put, 3, chunk->frame);
    enum status status = sql_done(replica, put, "the snapshot", err);
    sqlite3_finalize(put);
    return status;
}

enum status snapshot_chunk_open(struct replica *replica, struct bytes frame, struct buffer *plain,
                                struct error *err)
{
    buffer_clear(plain);
    enum status status = zstd_frame_open(plain, &replica->zstd, frame, SNAPSHOT_CHUNK_MAX);
    if (status == STATUS_OK)
        return status;
    return error_set(err, status,
                     status == STATUS_NO_MEMORY ? "out of memory"
                                                : "a chunk of a snapshot can't be unpacked");
}

static enum status take_chunk(struct replica *replica, const struct snapshot_chunk *chunk,
                              struct error *err)
{
    struct snapshot snapshot = {0};
    struct buffer plain = {0};
    struct snapshot_laid laid = {.scope = chunk->scope, .frame = chunk->frame};
    enum status status = snapshot_staged(replica, chunk->scope, &snapshot, err);
    if (status == STATUS_OK && chunk->index >= snapshot_chunks(&snapshot))
        status = error_set(err, STATUS_BAD_INPUT, "the snapshot of scope %u has no chunk %u",
                           chunk->scope, chunk->index);
    if (status == STATUS_OK)
        status = snapshot_chunk_open(replica, chunk->frame, &plain, err);
    snapshot_leaf(&laid.leaf, &replica->network, buffer_bytes(&plain));
    if (status == STATUS_OK &&
        memcmp(laid.leaf.bytes, snapshot_leaf_at(&snapshot, chunk->index), HASH_BYTES) != 0)
        status = error_set(err, STATUS_FORGED, "chunk %u of scope %u is another one", chunk->index,
                           chunk->scope);
    if (status == STATUS_OK)
        status = snapshot_put_chunk(replica, &laid, err);
    buffer_release(&plain);
    snapshot_release(&snapshot);
    return status;
}

enum status replica_snapshot_chunk(struct replica *replica, const struct snapshot_chunk *chunk,
                                   struct error *err)
{
    bool own = !replica->in_transaction;
    if (own)
        TRY(replica_begin(replica, err));
    return end_step(replica, own, take_chunk(replica, chunk, err), err);
}
