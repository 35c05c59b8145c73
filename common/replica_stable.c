#include "common/replica_stable.h"

#include <inttypes.h>
#include <stdio.h>

#define META_BACKUP "backup"               /* frontier: what the newest backup holds at least */
#define META_BACKUP_BEFORE "backup_before" /* the same of the one before it */
#define META_STABLE "stable"               /* lineage u64le, frontier */
#define META_STABLE_TIME "stable_ms"       /* when it was told, by our clock, or ASKED */
#define META_STABLE_SEEN "stable_seen_ms"  /* that time, when replica_stable_news was asked */
#define ASKED 1
#define WEEK_MS (7 * 86400000ull)

/* ---- at the hub ---- */

static enum status load_frontier(struct replica *replica, const char *name,
                                 struct frontier *frontier, struct error *err)
{
    struct buffer stored = {0};
    frontier_clear(frontier);
    enum status status = replica_meta_get(replica, name, &stored, err);
    if (status == STATUS_OK && stored.size > 0)
        status = frontier_decode(frontier, buffer_bytes(&stored), err);
    buffer_release(&stored);
    return status;
}

static enum status save_frontier(struct replica *replica, const char *name,
                                 const struct frontier *frontier, struct error *err)
{
    struct buffer encoded = {0};
    enum status status = frontier_encode(frontier, &encoded, err);
    if (status == STATUS_OK)
        status = replica_meta_set(replica, name, buffer_bytes(&encoded), err);
    buffer_release(&encoded);
    return status;
}

enum status replica_note_backup(struct replica *replica, const struct frontier *held,
                                struct error *err)
{
    struct frontier before = {0};
    enum status status = load_frontier(replica, META_BACKUP, &before, err);
    if (status == STATUS_OK)
        status = save_frontier(replica, META_BACKUP_BEFORE, &before, err);
    frontier_release(&before);
    return status == STATUS_OK ? save_frontier(replica, META_BACKUP, held, err) : status;
}

/* What a backup holds of the scopes that are asked about; rows stand by scope. */
static enum status begin(struct replica *replica, uint32_t reader, const struct frontier *backup,
                         struct frontier *stable, struct error *err)
{
    const struct frontier *all = replica_frontier(replica);
    bool may = false;
    size_t scopes = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct frontier_row *row = &all->rows[i];
        if (i == 0 || row->feed.scope != all->rows[i - 1].feed.scope) {
            may = scopes < STABLE_SCOPES && !SCOPE_IS_REGISTRY(row->feed.scope) &&
                  registry_may_read(replica_registry(replica), reader, row->feed.scope);
            scopes += may;
        }
        uint64_t held = frontier_get(backup, &row->feed);
        if (may && held > 0)
            TRY(frontier_raise(stable, &row->feed, held < row->number ? held : row->number, err));
    }
    return STATUS_OK;
}

/* Lowers `stable` to what `held` has of the scopes that the device may read. */
static enum status bound(const struct registry *registry, uint32_t device,
                         const struct frontier *held, struct frontier *stable, struct error *err)
{
    struct frontier lower = {0};
    enum status status = STATUS_OK;
    bool may = false;
    for (size_t i = 0; i < stable->count && status == STATUS_OK; i++) {
        const struct frontier_row *row = &stable->rows[i];
        if (i == 0 || row->feed.scope != stable->rows[i - 1].feed.scope)
            may = registry_may_read(registry, device, row->feed.scope);
        uint64_t there = frontier_get(held, &row->feed);
        uint64_t number = may && there < row->number ? there : row->number;
        if (number > 0)
            status = frontier_raise(&lower, &row->feed, number, err);
    }
    if (status == STATUS_OK)
        status = frontier_copy(stable, &lower, err);
    frontier_release(&lower);
    return status;
}

static bool reads_any(const struct registry *registry, uint32_t device,
                      const struct frontier *frontier)
{
    for (size_t i = 0; i < frontier->count; i++)
        if ((i == 0 || frontier->rows[i].feed.scope != frontier->rows[i - 1].feed.scope) &&
            registry_may_read(registry, device, frontier->rows[i].feed.scope))
            return true;
    return false;
}

/* Who is revoked may read nothing. */
static enum status bound_by_device(struct replica *replica, const struct device *device,
                                   struct frontier *stable, struct error *err)
{
    const struct registry *registry = replica_registry(replica);
    uint32_t index = device->certificate.device;
    struct frontier told = {0}, held = {0};
    if (index == DEVICE_HUB || device->lapsed || !reads_any(registry, index, stable))
        return STATUS_OK;
    enum status status = replica_peer_load(replica, index, &told, &held, err);
    if (status == STATUS_OK)
        status = bound(registry, index, &held, stable, err);
    frontier_release(&told);
    frontier_release(&held);
    return status;
}

enum status replica_stable(struct replica *replica, uint32_t reader, struct frontier *stable,
                           struct error *err)
{
    const struct registry *registry = replica_registry(replica);
    struct frontier backup = {0};
    frontier_clear(stable);
    enum status status = load_frontier(replica, META_BACKUP_BEFORE, &backup, err);
    if (status == STATUS_OK)
        status = begin(replica, reader, &backup, stable, err);
    frontier_release(&backup);
    for (size_t i = 0; i < registry_devices_count(registry) && status == STATUS_OK; i++)
        if (stable->count > 0)
            status = bound_by_device(replica, registry_device_at(registry, i), stable, err);
    return status;
}

/* ---- at a client ---- */

static uint64_t count_others(struct replica *replica)
{
    const struct frontier *all = replica_frontier(replica);
    uint64_t entries = 0;
    for (size_t i = 0; i < all->count; i++)
        if (!SCOPE_IS_REGISTRY(all->rows[i].feed.scope) &&
            all->rows[i].feed.device != replica_identity(replica)->device)
            entries += all->rows[i].number;
    return entries;
}

enum status replica_stable_due(struct replica *replica, bool *due, struct error *err)
{
    uint64_t told_ms;
    int64_t now_ms = clock_wall_ms(replica_clock(replica));
    TRY(replica_meta_number(replica, META_STABLE_TIME, &told_ms, err));
    bool recent = now_ms > 0 && told_ms <= (uint64_t)now_ms && (uint64_t)now_ms - told_ms < WEEK_MS;
    *due = told_ms == ASKED || (!recent && count_others(replica) >= STABLE_WORTH);
    return STATUS_OK;
}

static enum status set_time(struct replica *replica, const char *name, int64_t time_ms,
                            struct error *err)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, time_ms < 0 ? 0 : time_ms);
    return replica_meta_set(replica, name, bytes_text(text), err);
}

enum status replica_stable_news(struct replica *replica, bool *news, struct error *err)
{
    uint64_t told_ms, seen_ms;
    TRY(replica_meta_number(replica, META_STABLE_TIME, &told_ms, err));
    TRY(replica_meta_number(replica, META_STABLE_SEEN, &seen_ms, err));
    *news = told_ms > ASKED && told_ms != seen_ms;
    return *news ? set_time(replica, META_STABLE_SEEN, (int64_t)told_ms, err) : STATUS_OK;
}

enum status replica_stable_ask(struct replica *replica, struct error *err)
{
    return set_time(replica, META_STABLE_TIME, ASKED, err);
}

enum status replica_stable_keep(struct replica *replica, const struct frontier *stable,
                                uint64_t lineage, struct error *err)
{
    struct buffer stored = {0};
    uint8_t number[8];
    put_u64le(number, lineage);
    enum status status = buffer_append(&stored, number, sizeof number);
    if (status == STATUS_OK)
        status = frontier_encode(stable, &stored, err);
    if (status == STATUS_OK)
        status = replica_meta_set(replica, META_STABLE, buffer_bytes(&stored), err);
    buffer_release(&stored);
    TRY(status);
    return set_time(replica, META_STABLE_TIME, clock_wall_ms(replica_clock(replica)), err);
}

enum status replica_stable_load(struct replica *replica, struct frontier *stable, struct error *err)
{
    struct buffer stored = {0};
    uint64_t lineage = 0;
    frontier_clear(stable);
    TRY(replica_meta_number(replica, META_LINEAGE_SEEN, &lineage, err));
    enum status status = replica_meta_get(replica, META_STABLE, &stored, err);
    if (status == STATUS_OK && stored.size > 8 && get_u64le(stored.data) == lineage)
        status = frontier_decode(stable, bytes_of(stored.data + 8, stored.size - 8), err);
    buffer_release(&stored);
    return status;
}
