/* Giving snapshots: which scopes go so, the one that is kept ready of each, and its parts. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/registry_seal.h"
#include "common/replica_floor.h"
#include "common/replica_snapshot.h"
#include "common/replica_state.h"
#include "common/snapshot_staged.h"

#define CHUNK_LEVEL 6                             /* of compression: made once, sent often */
#define BEHIND_MOST(entries) (64 + (entries) / 8) /* then a newer one is made */

/* ---- which scopes ---- */

/* Where a scope's rows of the frontier begin, and behind which they end. */
struct stretch {
    size_t begin, end;
};

static struct stretch stretch_at(const struct frontier *frontier, size_t begin)
{
    struct stretch stretch = {begin, begin};
    uint32_t scope = frontier->rows[begin].feed.scope;
    while (stretch.end < frontier->count && frontier->rows[stretch.end].feed.scope == scope)
        stretch.end++;
    return stretch;
}

static uint64_t worth_of(const struct replica *replica, const struct stretch *stretch)
{
    uint32_t scope = replica->frontier.rows[stretch->begin].feed.scope;
    uint64_t worth = 0;
    for (size_t i = stretch->begin; i < stretch->end; i++)
        worth += replica->frontier.rows[i].number;
    for (size_t i = 0; i < replica->tallies_count; i++)
        if (replica->tallies[i].tally.scope == scope)
            worth += replica->tallies[i].tally.rows;
    return worth;
}

/* Rows ascend by scope. */
static bool knows_scope(const struct frontier *known, uint32_t scope)
{
    size_t low = 0, high = known->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (known->rows[middle].feed.scope < scope)
            low = middle + 1;
        else
            high = middle;
    }
    return low < known->count && known->rows[low].feed.scope == scope;
}

static bool is_reader_there(const struct replica *replica, const struct stretch *stretch,
                            uint32_t reader)
{
    for (size_t i = stretch->begin; i < stretch->end; i++)
        if (replica->frontier.rows[i].feed.device == reader)
            return true;
    return false;
}

static bool may_go_so(const struct replica *replica, const struct snapshot_choice *choice,
                      const struct stretch *stretch)
{
    uint32_t scope = replica->frontier.rows[stretch->begin].feed.scope;
    return !SCOPE_IS_REGISTRY(scope) && SCOPE_ORG(scope) != 0 &&
           worth_of(replica, stretch) >= (choice->worth ? choice->worth : SNAPSHOT_WORTH) &&
           !knows_scope(choice->known, scope) &&
           !is_reader_there(replica, stretch, choice->reader) &&
           registry_may_read(replica->registry, choice->reader, scope);
}

/* Only the hub's signature stands under a manifest. */
static bool is_maker(const struct replica *replica)
{
    return replica->identity.device == DEVICE_HUB && !replica_restoring(replica);
}

static enum status has_whole(struct replica *replica, uint32_t scope, bool *has, struct error *err)
{
    sqlite3_stmt *get = NULL;
    enum status status = STATUS_OK;
    TRY(snapshot_tables_there(replica, has, err));
    if (!*has)
        return STATUS_OK;
    TRY(sql_prepare(replica, "SELECT 1 FROM _snapshot WHERE scope = ? AND whole = 1", &get, err));
    sqlite3_bind_int64(get, 1, scope);
    *has = sql_row(replica, get, &status, err);
    sqlite3_finalize(get);
    return status;
}

static enum status can_give(struct replica *replica, uint32_t scope, bool *can, struct error *err)
{
    *can = is_maker(replica) && !scope_has_floor(replica, scope);
    return *can ? STATUS_OK : has_whole(replica, scope, can, err);
}

enum status replica_snapshot_scopes(struct replica *replica, const struct snapshot_choice *choice,
                                    uint32_t **scopes, size_t *count, struct error *err)
{
    const struct frontier *frontier = &replica->frontier;
    *count = 0;
    *scopes = malloc((frontier->count + 1) * sizeof **scopes);
    if (!*scopes)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status status = STATUS_OK;
    for (size_t i = 0; i < frontier->count && status == STATUS_OK;) {
        struct stretch stretch = stretch_at(frontier, i);
        bool may = may_go_so(replica, choice, &stretch);
        if (may)
            status = can_give(replica, frontier->rows[i].feed.scope, &may, err);
        if (may && status == STATUS_OK)
            (*scopes)[(*count)++] = frontier->rows[i].feed.scope;
        i = stretch.end;
    }
    if (status == STATUS_OK)
        return status;
    free(*scopes);
    *scopes = NULL;
    return status;
}

/* ---- is it still good? ---- */

static enum status not_found(uint32_t scope, struct error *err)
{
    return error_set(err, STATUS_NOT_FOUND, "there is no snapshot of scope %u to give", scope);
}

/* Of the parts of the registry that judge the scope, nothing has come since. */
static bool is_registry_same(const struct replica *replica, const struct snapshot *snapshot)
{
    for (size_t i = 0; i < replica->frontier.count; i++) {
        const struct frontier_row *row = &replica->frontier.rows[i];
        if (SCOPE_IS_REGISTRY(row->feed.scope) &&
            registry_within(replica->registry, SCOPE_ORG(row->feed.scope),
                            SCOPE_ORG(snapshot->scope)) &&
            frontier_get(&snapshot->registry, &row->feed) != row->number)
            return false;
    }
    return true;
}

static bool is_near(const struct replica *replica, const struct snapshot *snapshot)
{
    uint64_t then = 0, now = 0;
    for (size_t i = 0; i < snapshot->feeds_count; i++)
        then += snapshot->feeds[i].number;
    for (size_t i = 0; i < replica->frontier.count; i++)
        if (replica->frontier.rows[i].feed.scope == snapshot->scope)
            now += replica->frontier.rows[i].number;
    return now - then <= BEHIND_MOST(then);
}

/* STATUS_UNSUPPORTED: who takes it now would refuse it. */
static enum status check_good(struct replica *replica, const struct snapshot *snapshot,
                              struct error *err)
{
    const struct schema *schema = replica->schema;
    if (!schema || schema->epoch != snapshot->epoch ||
        replica_lineage(replica) != snapshot->lineage)
        return error_set(err, STATUS_UNSUPPORTED,
                         "the snapshot of scope %u was made under other rights", snapshot->scope);
    for (size_t i = 0; i < snapshot->feeds_count; i++)
        TRY(snapshot_same_rights(replica, snapshot, &snapshot->feeds[i], err));
    return STATUS_OK;
}

static enum status read_given(struct replica *replica, struct snapshot_given *given,
                              struct error *err)
{
    sqlite3_stmt *get = NULL;
    enum status status = STATUS_OK;
    TRY(sql_prepare(replica,
                    "SELECT name, length(sealed), length(leaves) FROM _snapshot WHERE scope = ?",
                    &get, err));
    sqlite3_bind_int64(get, 1, given->scope);
    bool found = sql_row(replica, get, &status, err) && sql_blob(get, 0).size == HASH_BYTES;
    if (found) {
        memcpy(given->name.bytes, sql_blob(get, 0).data, HASH_BYTES);
        given->sealed_bytes = (uint32_t)sqlite3_column_int64(get, 1);
        given->chunks = (uint32_t)(sqlite3_column_int64(get, 2) / HASH_BYTES);
    }
    sqlite3_finalize(get);
    return found || status != STATUS_OK ? status : not_found(given->scope, err);
}

enum status replica_snapshot_find(struct replica *replica, uint32_t scope,
                                  struct snapshot_given *given, struct error *err)
{
    struct snapshot snapshot = {0};
    *given = (struct snapshot_given){.scope = scope};
    enum status status = snapshot_read(replica, scope, true, &snapshot, err);
    if (status == STATUS_OK)
        status = check_good(replica, &snapshot, err);
    if (status == STATUS_OK && is_maker(replica) && !is_near(replica, &snapshot))
        status = STATUS_UNSUPPORTED;
    if (status == STATUS_OK)
        status = read_given(replica, given, err);
    if (status == STATUS_OK && given->sealed_bytes + snapshot.leaves.size > SNAPSHOT_HEAD_MAX)
        status = STATUS_UNSUPPORTED;
    given->bytes = snapshot.bytes;
    snapshot_release(&snapshot);
    if (status == STATUS_UNSUPPORTED || status == STATUS_FORGED || status == STATUS_BAD_INPUT)
        return not_found(scope, err);
    return status;
}

/* ---- making ---- */

enum status replica_snapshot_pack(struct replica *replica, struct bytes chunk,
                                  struct snapshot_laid *laid, struct buffer *frame,
                                  struct error *err)
{
    snapshot_leaf(&laid->leaf, &replica->network, chunk);
    enum status status = zstd_frame_append(frame, &replica->zstd, chunk, CHUNK_LEVEL);
    laid->frame = buffer_bytes(frame);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

enum status replica_snapshot_lay(struct replica *replica, const struct snapshot_laid *chunk,
                                 struct error *err)
{
    TRY(snapshot_tables(replica, err));
    return snapshot_put_chunk(replica, chunk, err);
}

enum status replica_snapshot_finish(struct replica *replica, const struct snapshot *snapshot,
                                    struct error *err)
{
    struct buffer sealed = {0};
    if (!is_registry_same(replica, snapshot))
        return error_set(err, STATUS_UNSUPPORTED,
                         "the snapshot of scope %u was made under other rights", snapshot->scope);
    TRY(check_good(replica, snapshot, err));
    enum status status =
        snapshot_seal(snapshot, &replica->network, &replica->identity.sign, &sealed, err);
    struct snapshot_manifest manifest = {snapshot->scope, buffer_bytes(&sealed),
                                         buffer_bytes(&snapshot->leaves), true};
    if (status == STATUS_OK)
        status = snapshot_note(replica, &manifest, err);
    buffer_release(&sealed);
    return status;
}

struct preparing {
    struct replica *replica;
    uint32_t scope;
};

static enum status lay_chunk(void *context, struct bytes chunk, struct error *err)
{
    const struct preparing *preparing = context;
    struct replica *replica = preparing->replica;
    struct snapshot_laid laid = {.scope = preparing->scope};
    struct buffer frame = {0};
    enum status status = replica_snapshot_pack(replica, chunk, &laid, &frame, err);
    if (status == STATUS_OK)
        status = replica_snapshot_lay(replica, &laid, err);
    buffer_release(&frame);
    return status;
}

enum status replica_snapshot_prepare(struct replica *replica, uint32_t scope, struct error *err)
{
    struct snapshot snapshot = {0};
    struct preparing preparing = {replica, scope};
    struct snapshot_wish wish = {.scope = scope, .take = lay_chunk, .context = &preparing};
    if (!is_maker(replica))
        return not_found(scope, err);
    enum status status = replica_snapshot_make(replica, &wish, &snapshot, err);
    if (status == STATUS_OK)
        status = replica_snapshot_finish(replica, &snapshot, err);
    snapshot_release(&snapshot);
    return status;
}

/* Whoever admits others may be the one whom they come to for it. What was erased since it was made
 * isn't given to anybody. */
enum status snapshot_placed(struct replica *replica, uint32_t scope, struct error *err)
{
    const struct device *self = registry_device(replica->registry, replica->identity.device);
    bool keeps = self && self->certificate.lot_count > 0 &&
                 registry_seals(replica->registry)->erasures_count == 0;
    char sql[96];
    if (!keeps)
        return replica_snapshot_drop(replica, scope, err);
    snprintf(sql, sizeof sql, "UPDATE _snapshot SET whole = 1 WHERE scope = %u", scope);
    return sql_run(replica, sql, err);
}

/* ---- its parts ---- */

static enum status open_part(struct replica *replica, const struct snapshot_part *part,
                             sqlite3_stmt **get, struct error *err)
{
    bool there;
    TRY(snapshot_tables_there(replica, &there, err));
    if (!there)
        return not_found(part->scope, err);
    TRY(sql_prepare(replica,
                    part->place == 0
                        ? "SELECT sealed, leaves FROM _snapshot "
                          "WHERE scope = ?1 AND name = ?2 AND whole = 1"
                        : "SELECT frame, x'' FROM _chunk WHERE scope = ?1 AND leaf = (SELECT "
                          "substr(leaves, ?3, 32) FROM _snapshot "
                          "WHERE scope = ?1 AND name = ?2 AND whole = 1)",
                    get, err));
    sqlite3_bind_int64(*get, 1, part->scope);
    sqlite3_bind_blob(*get, 2, part->name.bytes, HASH_BYTES, SQLITE_STATIC);
    if (part->place > 0)
        sqlite3_bind_int64(*get, 3, (int64_t)(part->place - 1) * HASH_BYTES + 1);
    return STATUS_OK;
}

/* Of what two columns hold together, the stretch that is asked for. */
static enum status cut_out(sqlite3_stmt *row, const struct snapshot_part *part, struct buffer *out,
                           size_t *whole)
{
    size_t from = part->from, left = part->most;
    *whole = 0;
    for (int i = 0; i < 2; i++) {
        struct bytes bytes = sql_blob(row, i);
        size_t skipped = from < bytes.size ? from : bytes.size;
        size_t size = bytes.size - skipped < left ? bytes.size - skipped : left;
        if (size > 0)
            TRY(buffer_append(out, bytes.data + skipped, size));
        from -= skipped;
        left -= size;
        *whole += bytes.size;
    }
    return STATUS_OK;
}

enum status replica_snapshot_part(struct replica *replica, const struct snapshot_part *part,
                                  struct buffer *out, size_t *whole, struct error *err)
{
    sqlite3_stmt *get = NULL;
    enum status status = STATUS_OK;
    TRY(open_part(replica, part, &get, err));
    bool found = sql_row(replica, get, &status, err);
    if (found && cut_out(get, part, out, whole) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    else if (status == STATUS_OK && (!found || part->from >= *whole))
        status = not_found(part->scope, err);
    sqlite3_finalize(get);
    return status;
}
