/* Reading all that is stored, a little at a time, so that what rots is found while others still
 * have it: the chains and signatures of the log, then the pages of the other tables, then the
 * units of attachments, then the tables against their tallies. The place where it stands is kept in
 * the file. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "common/replica_floor.h"
#include "common/replica_state.h"

#define META_PLACE "scrub_place"
#define META_DONE "scrub_ms"
#define PLACE_BYTES (4 + 8 + HASH_BYTES + 4 + 8 + 4 + 1)
#define ROUND_MS (24ll * 60 * 60 * 1000)
#define STEPS_A_NOTE 32 /* steps that a crash may have to do again */

/* ---- where it stands ---- */

static enum status place_load(struct replica *replica, struct error *err)
{
    struct scrub_place *place = &replica->scrub;
    struct buffer stored = {0};
    if (place->loaded)
        return STATUS_OK;
    enum status status = replica_meta_get(replica, META_PLACE, &stored, err);
    if (status == STATUS_OK && stored.size == PLACE_BYTES) {
        place->local = get_u32le(stored.data);
        place->number = get_u64le(stored.data + 4);
        memcpy(place->hash.bytes, stored.data + 12, HASH_BYTES);
        place->table = get_u32le(stored.data + 12 + HASH_BYTES);
        place->units.id = (int64_t)get_u64le(stored.data + 16 + HASH_BYTES);
        place->units.position = get_u32le(stored.data + 24 + HASH_BYTES);
        place->faulty = stored.data[PLACE_BYTES - 1] != 0;
    }
    place->loaded = status == STATUS_OK;
    buffer_release(&stored);
    return status;
}

static enum status place_save(struct replica *replica, struct error *err)
{
    const struct scrub_place *place = &replica->scrub;
    uint8_t stored[PLACE_BYTES];
    if (replica->read_only)
        return STATUS_OK;
    put_u32le(stored, place->local);
    put_u64le(stored + 4, place->number);
    memcpy(stored + 12, place->hash.bytes, HASH_BYTES);
    put_u32le(stored + 12 + HASH_BYTES, place->table);
    put_u64le(stored + 16 + HASH_BYTES, (uint64_t)place->units.id);
    put_u32le(stored + 24 + HASH_BYTES, place->units.position);
    stored[PLACE_BYTES - 1] = place->faulty;
    return replica_meta_set(replica, META_PLACE, bytes_of(stored, sizeof stored), err);
}

static void next_feed(struct scrub_place *place)
{
    place->local++;
    place->number = 0;
    place->hash = (struct hash){{0}};
    place->again = false;
}

static enum status note_fault(struct replica *replica, const char *what, struct scrubbed *found,
                              struct error *err)
{
    replica->scrub.faulty = true;
    snprintf(found->fault, sizeof found->fault, "%s", what);
    if (replica->read_only)
        return STATUS_OK;
    return replica_meta_set(replica, META_SCRUB_FAULT, bytes_text(found->fault), err);
}

/* ---- the log ---- */

static bool piece_holds(struct replica *replica, struct log_cursor *cursor,
                        const struct feed_id *feed)
{
    struct scrub_place *place = &replica->scrub;
    const uint8_t *key = registry_device_key(replica->registry, feed->device);
    struct bytes body;
    if (cursor->first != place->number + 1)
        return false;
    while (cursor->next <= cursor->last) {
        struct dot dot = {*feed, cursor->next};
        struct hash previous = place->hash;
        if (!log_next_body(cursor, &body))
            return false;
        entry_hash(&place->hash, &replica->network, &dot, &previous, body);
    }
    place->number = cursor->last;
    return key && entry_verify(cursor->signature.data, &replica->network, &place->hash, key);
}

/* Our own feeds may have been cut since the last step: a feed is faulty only when it is so from its
 * beginning. */
static enum status feed_faulty(struct replica *replica, const struct feed_id *feed,
                               struct scrubbed *found, struct error *err)
{
    struct scrub_place *place = &replica->scrub;
    char what[SCRUB_FAULT_BYTES];
    if (!place->again) {
        place->again = true;
        place->number = 0;
        place->hash = (struct hash){{0}};
        return STATUS_OK;
    }
    if (MUTANT("t18-scrub-finds-nothing")) {
        next_feed(place);
        return STATUS_OK;
    }
    snprintf(what, sizeof what, "device %u, scope %u: the log does not hold behind entry %llu",
             feed->device, feed->scope, (unsigned long long)place->number);
    next_feed(place);
    return note_fault(replica, what, found, err);
}

/* What can't be read is a fault, too. */
static enum status scrub_feed(struct replica *replica, size_t *bytes, struct scrubbed *found,
                              struct error *err)
{
    struct scrub_place *place = &replica->scrub;
    const struct feed feed = *feed_at(replica, place->local);
    const struct floor *floor = floor_of(replica, &feed.id);
    if (floor && place->number < floor->number) {
        place->number = floor->number;
        place->hash = floor->hash;
    }
    struct dot from = {feed.id, place->number + 1};
    struct log_cursor cursor;
    bool piece = true, holds = true;
    TRY(log_open(replica, &from, &cursor, err));
    while (holds && *bytes > 0 && place->number < feed.number) {
        holds = log_next_piece(replica, &cursor, &piece, NULL) == STATUS_OK && piece;
        size_t size = holds ? cursor.bodies.size + SIGNATURE_BYTES : 0;
        holds = holds && piece_holds(replica, &cursor, &feed.id);
        *bytes -= size < *bytes ? size : *bytes;
    }
    log_close(&cursor);
    if (!holds)
        return feed_faulty(replica, &feed.id, found, err);
    if (place->number < feed.number)
        return STATUS_OK;
    if (memcmp(place->hash.bytes, feed.hash.bytes, HASH_BYTES) != 0)
        return feed_faulty(replica, &feed.id, found, err);
    next_feed(place);
    return STATUS_OK;
}

/* ---- the other tables ---- */

/* One table and its indexes; the log was read already. *more false: that was the last. */
static enum status scrub_table(struct replica *replica, bool *more, struct scrubbed *found,
                               struct error *err)
{
    sqlite3_stmt *name = NULL, *check = NULL;
    char sql[160] = "";
    TRY(sql_prepare(replica,
                    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> '_log' "
                    "ORDER BY name LIMIT 1 OFFSET ?",
                    &name, err));
    sqlite3_bind_int64(name, 1, replica->scrub.table++);
    enum status status = STATUS_OK;
    *more = sql_row(replica, name, &status, err);
    if (*more)
        snprintf(sql, sizeof sql, "PRAGMA integrity_check(\"%s\")", sqlite3_column_text(name, 0));
    sqlite3_finalize(name);
    if (!*more)
        return status;
    int code = sqlite3_prepare_v2(replica->database, sql, -1, &check, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(check);
    const char *line = code == SQLITE_ROW ? (const char *)sqlite3_column_text(check, 0) : NULL;
    if (code == SQLITE_ROW && line && strcmp(line, "ok") != 0)
        status = note_fault(replica, line, found, err);
    else if ((code & 0xff) == SQLITE_CORRUPT)
        status = note_fault(replica, sqlite3_errmsg(replica->database), found, err);
    sqlite3_finalize(check);
    return status;
}

/* What is damaged goes at once, so that it is fetched again. */
static enum status scrub_units(struct replica *replica, size_t bytes, bool *more,
                               struct scrubbed *found, struct error *err)
{
    struct units_checked checked;
    TRY(units_check(replica, &replica->scrub.units, bytes, &checked, err));
    *more = !checked.done;
    if (!checked.faulty)
        return STATUS_OK;
    if (!replica->read_only) {
        TRY(replica_begin(replica, err));
        enum status status = units_lost(replica, &checked.state, checked.sound, err);
        if (status != STATUS_OK) {
            replica_rollback(replica);
            return status;
        }
        TRY(replica_commit(replica, err));
    }
    return note_fault(replica, "a part of an attachment was damaged: it is fetched again", found,
                      err);
}

static enum status scrub_tallies(struct replica *replica, struct scrubbed *found, struct error *err)
{
    struct tally *kept = NULL, *scanned = NULL;
    size_t kept_count = 0, scanned_count = 0;
    enum status status = replica_tallies(replica, 0, &kept, &kept_count, err);
    if (status == STATUS_OK)
        status = tallies_scan(replica, &scanned, &scanned_count, err);
    bool same = kept_count == scanned_count;
    for (size_t i = 0; status == STATUS_OK && same && i < kept_count; i++)
        same = kept[i].scope == scanned[i].scope && kept[i].table == scanned[i].table &&
               kept[i].rows == scanned[i].rows &&
               memcmp(kept[i].sum, scanned[i].sum, sizeof kept[i].sum) == 0;
    free(kept);
    free(scanned);
    if (status == STATUS_NO_MEMORY)
        return status;
    found->tables_differ = status != STATUS_OK || !same;
    if (!found->tables_differ)
        return STATUS_OK;
    return note_fault(replica, "the tables differ from what was written into them", found, err);
}

/* ---- a step ---- */

static enum status end_round(struct replica *replica, struct error *err)
{
    char text[32];
    bool faulty = replica->scrub.faulty;
    replica->scrub = (struct scrub_place){.loaded = true};
    if (replica->read_only)
        return STATUS_OK;
    snprintf(text, sizeof text, "%lld", (long long)clock_wall_ms(&replica->clock));
    TRY(replica_meta_set(replica, META_DONE, bytes_text(text), err));
    TRY(place_save(replica, err));
    return faulty ? STATUS_OK : replica_meta_set(replica, META_SCRUB_FAULT, (struct bytes){0}, err);
}

static enum status begin_round(struct replica *replica, bool *due, struct error *err)
{
    uint64_t done;
    int64_t now = clock_wall_ms(&replica->clock);
    TRY(replica_meta_number(replica, META_DONE, &done, err));
    *due = done == 0 || now < (int64_t)done || now - (int64_t)done >= ROUND_MS;
    if (*due)
        next_feed(&replica->scrub);
    return STATUS_OK;
}

static enum status scrub(struct replica *replica, size_t bytes, struct scrubbed *found,
                         struct error *err)
{
    struct scrub_place *place = &replica->scrub;
    bool more;
    if (place->local <= replica->feeds_count) {
        while (bytes > 0 && place->local <= replica->feeds_count && !found->fault[0])
            TRY(scrub_feed(replica, &bytes, found, err));
        return STATUS_OK;
    }
    TRY(scrub_table(replica, &more, found, err));
    if (more)
        return STATUS_OK;
    TRY(scrub_units(replica, bytes, &more, found, err));
    if (more)
        return STATUS_OK;
    TRY(scrub_tallies(replica, found, err));
    found->round_done = true;
    return end_round(replica, err);
}

enum status replica_scrub(struct replica *replica, size_t bytes, struct scrubbed *found,
                          struct error *err)
{
    bool due = true, changed;
    *found = (struct scrubbed){0};
    TRY(replica_refresh(replica, &changed, err));
    TRY(place_load(replica, err));
    if (replica->scrub.local == 0)
        TRY(begin_round(replica, &due, err));
    if (!due)
        return STATUS_OK;
    TRY(scrub(replica, bytes, found, err));
    if (++replica->scrub.steps % STEPS_A_NOTE == 0)
        return place_save(replica, err);
    return STATUS_OK;
}
