/* Happy path of one scope, in one transaction: choose up to where each feed goes, check that much
 * of its chain, write down what is told of those entries and which of them are kept whole, drop
 * their pieces, set the floors. */

#include "common/replica_clean.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/replica_floor.h"
#include "common/replica_snapshot.h"
#include "common/replica_stable.h"
#include "common/replica_told.h"

/* A feed of which the log loses entries `from` to `number`, which is the last of a piece. */
struct going {
    uint32_t local;
    uint64_t from, number;
};

struct cleaning {
    struct replica *replica;
    struct frontier stable;
    uint32_t scope;
    struct going *feeds; /* of the scope, ascending by local id */
    size_t count, capacity;
    struct kept_dots kept;
    struct buffer body;
    struct cleaned *cleaned;
};

static void cleaning_release(struct cleaning *cleaning)
{
    frontier_release(&cleaning->stable);
    free(cleaning->feeds);
    kept_release(&cleaning->kept);
    buffer_release(&cleaning->body);
}

/* ---- how far ---- */

/* Our own entries stay: a hub that was put back from a copy may have lost them, and nobody else
 * need have them. So do the feeds of revoked devices until it is settled which history counts. */
static bool may_go(const struct replica *replica, const struct feed *feed)
{
    struct cut cut;
    bool settled = !registry_cut_of(replica->registry, &feed->id, &cut) ||
                   registry_cut_chain(replica->registry, &feed->id) == CUT_FITS;
    return feed->id.device != replica->identity.device && settled;
}

/* What waits to be judged may change rows yet, and those are built anew from the log. */
static enum status before_waiting(struct cleaning *cleaning, const struct going *going,
                                  uint64_t *most, struct error *err)
{
    sqlite3_stmt *find = NULL;
    enum status status = STATUS_OK;
    TRY(sql_prepare(cleaning->replica,
                    "SELECT min(id) FROM _judged WHERE state = 2 AND id BETWEEN ? AND ?", &find,
                    err));
    sqlite3_bind_int64(find, 1, LOG_ID(going->local, going->from));
    sqlite3_bind_int64(find, 2, LOG_ID(going->local, *most));
    if (sql_row(cleaning->replica, find, &status, err) &&
        sqlite3_column_type(find, 0) != SQLITE_NULL)
        *most = LOG_NUMBER(sqlite3_column_int64(find, 0)) - 1;
    sqlite3_finalize(find);
    return status;
}

/* Pieces go whole: the signature of a piece's last entry is what stands at the floor. */
static enum status last_piece(struct cleaning *cleaning, struct going *going, uint64_t most,
                              struct error *err)
{
    sqlite3_stmt *find = NULL;
    enum status status = STATUS_OK;
    TRY(sql_prepare(cleaning->replica,
                    "SELECT max(id), coalesce(sum(length(bodies) + length(signature)), 0), "
                    "coalesce(sum(count), 0) FROM _log WHERE id BETWEEN ? AND ?",
                    &find, err));
    sqlite3_bind_int64(find, 1, LOG_ID(going->local, going->from));
    sqlite3_bind_int64(find, 2, LOG_ID(going->local, most));
    if (sql_row(cleaning->replica, find, &status, err) &&
        sqlite3_column_type(find, 0) != SQLITE_NULL) {
        going->number = LOG_NUMBER(sqlite3_column_int64(find, 0));
        cleaning->cleaned->bytes += (uint64_t)sqlite3_column_int64(find, 1);
        cleaning->cleaned->entries += (uint64_t)sqlite3_column_int64(find, 2);
    }
    sqlite3_finalize(find);
    return status;
}

static enum status choose_feed(struct cleaning *cleaning, uint32_t local, struct error *err)
{
    struct replica *replica = cleaning->replica;
    const struct feed *feed = feed_at(replica, local);
    const struct floor *floor = floor_of(replica, &feed->id);
    uint64_t stable = frontier_get(&cleaning->stable, &feed->id);
    uint64_t most = stable < feed->number ? stable : feed->number;
    struct going going = {.local = local, .from = floor ? floor->number + 1 : 1};
    if (feed->id.scope != cleaning->scope || !may_go(replica, feed))
        return STATUS_OK;
    TRY(before_waiting(cleaning, &going, &most, err));
    TRY(last_piece(cleaning, &going, most, err));
    if (going.number == 0)
        return STATUS_OK;
    struct going *feeds =
        array_grow(cleaning->feeds, cleaning->count, &cleaning->capacity, sizeof *feeds);
    if (!feeds)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    cleaning->feeds = feeds;
    feeds[cleaning->count++] = going;
    return STATUS_OK;
}

static enum status choose(struct cleaning *cleaning, struct error *err)
{
    struct replica *replica = cleaning->replica;
    cleaning->count = 0;
    /* Of what we may not read any more nobody would bring the log back. */
    if (replica_wants_log(replica, cleaning->scope) ||
        !registry_may_read(replica->registry, replica->identity.device, cleaning->scope))
        return STATUS_OK;
    for (uint32_t local = 1; local <= replica->feeds_count; local++)
        TRY(choose_feed(cleaning, local, err));
    cleaning->cleaned->scopes += cleaning->count > 0;
    return STATUS_OK;
}

/* ---- what stays of it ---- */

static enum status put_told(void *context, const struct dot *last, struct bytes item,
                            struct error *err)
{
    struct cleaning *cleaning = context;
    return floor_put(cleaning->replica, FLOOR_TOLD, last, item, err);
}

static enum status tell(struct cleaning *cleaning, const struct going *going, struct error *err)
{
    struct told_wish wish = {.first = {feed_at(cleaning->replica, going->local)->id, going->from},
                             .last = going->number,
                             .take = put_told,
                             .context = cleaning};
    return told_gather(cleaning->replica, &wish, err);
}

static bool goes(const struct cleaning *cleaning, const struct dot *dot)
{
    uint32_t local = feed_find(cleaning->replica, &dot->feed);
    for (size_t i = 0; i < cleaning->count; i++)
        if (cleaning->feeds[i].local == local)
            return dot->number >= cleaning->feeds[i].from &&
                   dot->number <= cleaning->feeds[i].number;
    return false;
}

static enum status keep(struct cleaning *cleaning, struct error *err)
{
    struct replica *replica = cleaning->replica;
    TRY(kept_gather(replica, cleaning->scope, &cleaning->kept, err));
    for (size_t i = 0; i < cleaning->kept.count; i++) {
        const struct dot *dot = &cleaning->kept.items[i].dot;
        if (!goes(cleaning, dot))
            continue;
        TRY(feed_read(replica, dot, &cleaning->body, err));
        TRY(floor_put(replica, FLOOR_KEPT, dot, buffer_bytes(&cleaning->body), err));
    }
    return STATUS_OK;
}

/* ---- the floor ---- */

/* The chain up to there is computed anew, and its writer signed the last entry. */
static enum status make_floor(struct replica *replica, const struct going *going,
                              struct floor *floor, struct error *err)
{
    struct feed feed = *feed_at(replica, going->local);
    struct dot last = {feed.id, going->number};
    const uint8_t *key = registry_device_key(replica->registry, feed.id.device);
    bool found = false;
    *floor = (struct floor){.feed = going->local, .number = going->number};
    TRY(feed_hash_up_to(replica, &feed, going->number, &floor->hash, err));
    TRY(feed_signature(replica, &last, floor->signature, &found, err));
    if (!found || !key || !entry_verify(floor->signature, &replica->network, &floor->hash, key))
        return error_set(err, STATUS_STORAGE,
                         "entries %llu to %llu of device %u in scope %u: chain or signature does "
                         "not hold",
                         (unsigned long long)going->from, (unsigned long long)going->number,
                         feed.id.device, feed.id.scope);
    return registry_rights_digest(replica->registry, &last, &floor->rights, err);
}

static enum status set_floor(struct replica *replica, const struct floor *made, struct error *err)
{
    struct floor *known = floor_of(replica, &feed_at(replica, made->feed)->id);
    if (!known)
        return floor_set(replica, made, err);
    bool cleaned = known->cleaned;
    *known = *made;
    known->cleaned = cleaned;
    return floor_write(replica, known, err);
}

static enum status drop_pieces(struct replica *replica, const struct going *going,
                               struct error *err)
{
    sqlite3_stmt *drop = sql_use(replica, SQL_LOG_DROP);
    if (!drop)
        return sql_fail(replica, err, "the log");
    sqlite3_bind_int64(drop, 1, LOG_ID(going->local, going->from));
    sqlite3_bind_int64(drop, 2, LOG_ID(going->local, going->number));
    return sql_done(replica, drop, "the log", err);
}

/* What is kept is read while the whole log is there. */
static enum status clean_feeds(struct cleaning *cleaning, struct error *err)
{
    struct replica *replica = cleaning->replica;
    bool on_a_word = replica_rests_on_snapshot(replica, cleaning->scope);
    TRY(floor_tables(replica, err));
    TRY(keep(cleaning, err));
    for (size_t i = 0; i < cleaning->count; i++) {
        const struct going *going = &cleaning->feeds[i];
        struct floor floor;
        TRY(make_floor(replica, going, &floor, err));
        TRY(tell(cleaning, going, err));
        TRY(drop_pieces(replica, going, err));
        TRY(set_floor(replica, &floor, err));
    }
    return on_a_word ? STATUS_OK : floors_note_cleaned(replica, cleaning->scope, err);
}

/* ---- the whole ---- */

/* Another process may have written since the last scope. */
static enum status clean_scope(struct cleaning *cleaning, struct error *err)
{
    struct replica *replica = cleaning->replica;
    struct cleaned before = *cleaning->cleaned;
    TRY(replica_begin(replica, err));
    enum status status = replica_restoring(replica) ? STATUS_OK : choose(cleaning, err);
    if (status == STATUS_OK && cleaning->count > 0)
        status = clean_feeds(cleaning, err);
    if (status == STATUS_OK)
        status = replica_commit(replica, err);
    else
        replica_rollback(replica);
    if (status != STATUS_OK)
        *cleaning->cleaned = before;
    return status;
}

typedef enum status scope_step(struct cleaning *cleaning, struct error *err);

static enum status each_scope(struct replica *replica, struct cleaned *cleaned, scope_step *step,
                              struct error *err)
{
    struct cleaning cleaning = {.replica = replica, .cleaned = cleaned};
    *cleaned = (struct cleaned){0};
    if (replica->identity.device == DEVICE_HUB || !replica->schema || replica_restoring(replica))
        return STATUS_OK;
    enum status status = replica_stable_load(replica, &cleaning.stable, err);
    for (size_t i = 0; i < cleaning.stable.count && status == STATUS_OK; i++) {
        uint32_t scope = cleaning.stable.rows[i].feed.scope;
        if (scope == cleaning.scope || SCOPE_IS_REGISTRY(scope))
            continue;
        cleaning.scope = scope;
        status = step(&cleaning, err);
    }
    cleaning_release(&cleaning);
    return status;
}

enum status replica_clean_look(struct replica *replica, struct cleaned *would, struct error *err)
{
    return each_scope(replica, would, choose, err);
}

enum status replica_clean(struct replica *replica, struct cleaned *cleaned, struct error *err)
{
    return each_scope(replica, cleaned, clean_scope, err);
}

/* ---- the file ---- */

static enum status page_number(struct replica *replica, const char *sql, int64_t *number,
                               struct error *err)
{
    sqlite3_stmt *read = NULL;
    enum status status = STATUS_OK;
    TRY(sql_prepare(replica, sql, &read, err));
    *number = sql_row(replica, read, &status, err) ? sqlite3_column_int64(read, 0) : 0;
    sqlite3_finalize(read);
    return status;
}

enum status replica_shrink(struct replica *replica, uint64_t *bytes, struct error *err)
{
    int64_t pages, unused, size;
    *bytes = 0;
    TRY(page_number(replica, "PRAGMA page_count", &pages, err));
    TRY(page_number(replica, "PRAGMA freelist_count", &unused, err));
    TRY(page_number(replica, "PRAGMA page_size", &size, err));
    if (unused == 0 || (pages - unused) * size > SHRINK_BYTES_MAX)
        return STATUS_OK;
    TRY(sql_run(replica, "VACUUM; PRAGMA wal_checkpoint(PASSIVE)", err));
    int64_t left;
    TRY(page_number(replica, "PRAGMA page_count", &left, err));
    *bytes = left < pages ? (uint64_t)((pages - left) * size) : 0;
    return STATUS_OK;
}
