#include "server/link_keys.h"

#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "common/mutant.h"
#include "protocol/knock.h"
#include "server/roster.h"

/* ---- making and destroying ---- */

static enum status newest(struct hub *hub, uint32_t *number, int64_t *made_ms, struct error *err)
{
    sqlite3_stmt *find = NULL;
    const struct link_key *known = registry_link_key(replica_registry(hub->replica));
    *number = 0;
    *made_ms = INT64_MIN;
    TRY(replica_prepare(hub->replica,
                        "SELECT number, made_ms FROM _link_key ORDER BY number DESC LIMIT 1", &find,
                        err));
    enum status status = STATUS_OK;
    if (replica_step(hub->replica, find, &status, err)) {
        *number = (uint32_t)sqlite3_column_int64(find, 0);
        *made_ms = sqlite3_column_int64(find, 1);
    }
    sqlite3_finalize(find);
    if (known && known->number > *number)
        *number = known->number;
    return status;
}

static enum status store(struct hub *hub, const struct link_key *link, const struct dh_key *dh,
                         struct error *err)
{
    sqlite3_stmt *put = NULL;
    TRY(replica_prepare(hub->replica,
                        "INSERT INTO _link_key(number, public, secret, made_ms) VALUES(?, ?, ?, ?)",
                        &put, err));
    sqlite3_bind_int64(put, 1, link->number);
    sqlite3_bind_blob(put, 2, dh->public_key, DH_KEY_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(put, 3, dh->secret, DH_KEY_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(put, 4, clock_wall_ms(replica_clock(hub->replica)));
    return replica_run_once(hub->replica, put, err);
}

static enum status make(struct hub *hub, uint32_t number, struct error *err)
{
    struct link_key link = {.number = number};
    struct dh_key dh;
    TRY(hub_take_authority(hub, err));
    dh_key_generate(&dh);
    memcpy(link.dh_key, dh.public_key, DH_KEY_BYTES);
    enum status status = store(hub, &link, &dh, err);
    dh_key_release(&dh);
    return status == STATUS_OK ? roster_write_link_key(hub->replica, &hub->authority, &link, err)
                               : status;
}

static enum status destroy_old(struct hub *hub, bool *changed, struct error *err)
{
    sqlite3_stmt *destroy = NULL;
    int64_t now = clock_wall_ms(replica_clock(hub->replica));
    if (MUTANT("t25-old-link-keys-stay"))
        return STATUS_OK;
    TRY(replica_prepare(
        hub->replica,
        "UPDATE _link_key SET secret = NULL WHERE secret IS NOT NULL AND made_ms < ? "
        "AND number < (SELECT max(number) FROM _link_key)",
        &destroy, err));
    sqlite3_bind_int64(destroy, 1, now - LINK_KEY_LIFE_MS);
    TRY(replica_run_once(hub->replica, destroy, err));
    bool destroyed = sqlite3_changes(replica_database(hub->replica)) > 0;
    *changed |= destroyed;
    if (destroyed)
        replica_forget_log(hub->replica);
    return STATUS_OK;
}

enum status link_keys_follow(struct hub *hub, uint32_t skip, bool *changed, struct error *err)
{
    uint32_t number;
    int64_t made_ms, now = clock_wall_ms(replica_clock(hub->replica));
    *changed = false;
    TRY(newest(hub, &number, &made_ms, err));
    /* A clock that was set back makes no new key until it has caught up; nothing depends on that.
     */
    if (skip > 0 || made_ms == INT64_MIN || now - made_ms >= LINK_KEY_WEEK_MS) {
        TRY(make(hub, number + 1 + skip, err));
        *changed = true;
    }
    return destroy_old(hub, changed, err);
}

enum status link_keys_newest(struct hub *hub, uint8_t public_key[DH_KEY_BYTES], struct error *err)
{
    sqlite3_stmt *find = NULL;
    enum status status = STATUS_OK;
    TRY(replica_prepare(hub->replica, "SELECT public FROM _link_key ORDER BY number DESC LIMIT 1",
                        &find, err));
    bool found = replica_step(hub->replica, find, &status, err) &&
                 sqlite3_column_bytes(find, 0) == DH_KEY_BYTES;
    memcpy(public_key,
           found ? sqlite3_column_blob(find, 0) : replica_identity(hub->replica)->dh.public_key,
           DH_KEY_BYTES);
    sqlite3_finalize(find);
    return status;
}

/* ---- the ring ---- */

void link_ring_start(struct link_ring *ring)
{
    *ring = (struct link_ring){.count = 0};
    uv_mutex_init(&ring->lock);
}

void link_ring_release(struct link_ring *ring)
{
    sodium_memzero(ring->keys, sizeof ring->keys);
    ring->count = 0;
    uv_mutex_destroy(&ring->lock);
}

/* The newest first, which most knock for; the certificate's key at the end. */
enum status link_ring_load(struct link_ring *ring, struct hub *hub, struct error *err)
{
    sqlite3_stmt *list = NULL;
    TRY(replica_prepare(hub->replica,
                        "SELECT secret FROM _link_key WHERE secret IS NOT NULL "
                        "ORDER BY number DESC",
                        &list, err));
    uv_mutex_lock(&ring->lock);
    sodium_memzero(ring->keys, sizeof ring->keys);
    ring->count = 0;
    enum status status = STATUS_OK;
    while (ring->count < LINK_KEYS_MAX - 1 && replica_step(hub->replica, list, &status, err))
        if (sqlite3_column_bytes(list, 0) == DH_KEY_BYTES)
            dh_key_from_secret(&ring->keys[ring->count++], sqlite3_column_blob(list, 0));
    ring->keys[ring->count++] = replica_identity(hub->replica)->dh;
    uv_mutex_unlock(&ring->lock);
    sqlite3_finalize(list);
    return status;
}

bool link_ring_choose(struct link_ring *ring, const struct network *network, struct bytes frame,
                      struct dh_key *key)
{
    struct bytes message;
    bool found = false;
    uv_mutex_lock(&ring->lock);
    for (size_t i = 0; i < ring->count && !found; i++) {
        found = knock_take(frame, network, ring->keys[i].public_key, &message);
        if (found)
            *key = ring->keys[i];
    }
    uv_mutex_unlock(&ring->lock);
    return found;
}
