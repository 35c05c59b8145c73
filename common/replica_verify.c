/* Checking a file against itself: SQLite's pages and indexes, the chains, the tables and judgements
 * against the log, the keys of sealed values against their names, our own keys against our
 * certificate. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "common/replica_floor.h"
#include "common/replica_move.h"

struct verifying {
    struct replica *replica, *again;
    verify_report *report;
    void *context;
    struct received received;
};

static void say(struct verifying *verifying, const char *what)
{
    verifying->report(verifying->context, what);
}

static enum status check_pages(struct verifying *verifying, struct error *err)
{
    sqlite3_stmt *check = NULL;
    int code = SQLITE_ERROR;
    if (sql_prepare(verifying->replica, "PRAGMA integrity_check(3)", &check, err) == STATUS_OK)
        while ((code = sqlite3_step(check)) == SQLITE_ROW) {
            const char *line = (const char *)sqlite3_column_text(check, 0);
            if (line && strcmp(line, "ok") != 0)
                say(verifying, line);
        }
    if ((code & 0xff) == SQLITE_CORRUPT)
        say(verifying, sqlite3_errmsg(verifying->replica->database));
    enum status status = code == SQLITE_DONE || (code & 0xff) == SQLITE_CORRUPT
                             ? STATUS_OK
                             : sql_fail(verifying->replica, err, "the file");
    sqlite3_finalize(check);
    return status;
}

static enum status take_again(void *context, const struct run *run, struct error *err)
{
    struct verifying *verifying = context;
    uint64_t refused = verifying->received.refused;
    TRY(replica_receive(verifying->again, run, &verifying->received, err));
    if (verifying->received.refused > refused) {
        char line[200];
        snprintf(line, sizeof line,
                 "entries %llu to %llu of device %u in scope %u: chain or signature does not hold",
                 (unsigned long long)run->first, (unsigned long long)(run->first + run->count - 1),
                 run->feed.device, run->feed.scope);
        say(verifying, line);
    }
    return STATUS_OK;
}

/* Each entry goes through the same door as when it came. */
static enum status replay(struct verifying *verifying, struct error *err)
{
    struct frontier known = {0};
    struct run_wish wish = {
        .unit_bytes = 65536, .budget_bytes = SIZE_MAX, .take = take_again, .context = verifying};
    bool more;
    struct error reason = {0};
    TRY(replica_begin(verifying->again, err));
    enum status status = replica_runs(verifying->replica, &wish, &known, &more, &reason);
    frontier_release(&known);
    if (status != STATUS_OK) {
        say(verifying, reason.text);
        if (status == STATUS_NO_MEMORY)
            return error_set(err, status, "out of memory");
    }
    return replica_commit(verifying->again, err);
}

/* What came as a snapshot has no log to be held against: only what chained on since has. */
static size_t without_floors(const struct replica *replica, struct tally *tallies, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!scope_has_floor(replica, tallies[i].scope))
            tallies[kept++] = tallies[i];
    return kept;
}

static enum status check_above(struct verifying *verifying, const struct floor *floor,
                               struct error *err)
{
    struct replica *replica = verifying->replica;
    const struct feed feed = *feed_at(replica, floor->feed);
    const uint8_t *key = registry_device_key(replica->registry, feed.id.device);
    struct dot last = {feed.id, feed.number};
    uint8_t signature[SIGNATURE_BYTES];
    struct hash hash;
    struct error reason = {0};
    bool found = true;
    enum status status = feed_hash_up_to(replica, &feed, feed.number, &hash, &reason);
    memcpy(signature, floor->signature, sizeof signature);
    if (status == STATUS_OK && feed.number > floor->number)
        status = feed_signature(replica, &last, signature, &found, &reason);
    if (status == STATUS_NO_MEMORY)
        return error_set(err, status, "out of memory");
    if (status == STATUS_OK && found && key && memcmp(&hash, &feed.hash, sizeof hash) == 0 &&
        entry_verify(signature, &replica->network, &hash, key))
        return STATUS_OK;
    char line[200];
    snprintf(line, sizeof line,
             "entries %llu to %llu of device %u in scope %u: chain or signature does not hold",
             (unsigned long long)floor->number + 1, (unsigned long long)feed.number, feed.id.device,
             feed.id.scope);
    say(verifying, line);
    return STATUS_OK;
}

static enum status check_floors(struct verifying *verifying, struct error *err)
{
    for (size_t i = 0; i < verifying->replica->floors_count; i++)
        TRY(check_above(verifying, &verifying->replica->floors[i], err));
    return STATUS_OK;
}

static bool same_tally(const struct tally *a, const struct tally *b)
{
    return a->scope == b->scope && a->table == b->table && a->rows == b->rows &&
           memcmp(a->sum, b->sum, sizeof a->sum) == 0;
}

static void compare(struct verifying *verifying, const char *name, const struct tally *a,
                    size_t a_count, const struct tally *b, size_t b_count)
{
    char line[200];
    bool same = a_count == b_count;
    for (size_t i = 0; i < a_count && i < b_count; i++) {
        if (same_tally(&a[i], &b[i]) || MUTANT("t18-verify-compares-nothing"))
            continue;
        same = true; /* said where it is */
        snprintf(line, sizeof line, "%s: scope %u, table %u: %llu rows against %llu, or others",
                 name, a[i].scope, a[i].table, (unsigned long long)a[i].rows,
                 (unsigned long long)b[i].rows);
        say(verifying, line);
    }
    if (!same) {
        snprintf(line, sizeof line, "%s: %zu tables with rows against %zu", name, a_count, b_count);
        say(verifying, line);
    }
}

static enum status compare_tables(struct verifying *verifying, struct error *err)
{
    struct tally *kept = NULL, *scanned = NULL, *replayed = NULL;
    size_t kept_count = 0, scanned_count = 0, replayed_count = 0;
    struct error reason = {0};
    enum status status = replica_tallies(verifying->replica, 0, &kept, &kept_count, err);
    if (status == STATUS_OK)
        status = replica_tallies(verifying->again, 0, &replayed, &replayed_count, err);
    if (status == STATUS_OK &&
        tallies_scan(verifying->replica, &scanned, &scanned_count, &reason) != STATUS_OK)
        say(verifying, reason.text);
    else if (status == STATUS_OK) {
        compare(verifying, "tallies against the tables", kept, kept_count, scanned, scanned_count);
        scanned_count = without_floors(verifying->replica, scanned, scanned_count);
        replayed_count = without_floors(verifying->replica, replayed, replayed_count);
        compare(verifying, "tables against the log", scanned, scanned_count, replayed,
                replayed_count);
    }
    free(kept);
    free(scanned);
    free(replayed);
    return status;
}

/* ---- what the tallies don't cover ---- */

static void say_number(struct verifying *verifying, const char *what, uint64_t count)
{
    char line[200];
    snprintf(line, sizeof line, "%s: %llu", what, (unsigned long long)count);
    if (count > 0)
        say(verifying, line);
}

/* A judgement that stands in the file and isn't the log's. */
static bool judged_otherwise(struct verifying *verifying, int64_t id, int state)
{
    struct replica *replica = verifying->replica;
    enum log_state again;
    if (LOG_FEED(id) == 0 || LOG_FEED(id) > replica->feeds_count)
        return true;
    struct dot dot = {feed_at(replica, LOG_FEED(id))->id, LOG_NUMBER(id)};
    if (feed_restoring(replica, &dot.feed))
        return false;
    return feed_get_state(verifying->again, &dot, &again, NULL) != STATUS_OK || (int)again != state;
}

/* Of a scope that came as a snapshot the log tells only a part. */
static bool has_floor(const struct verifying *verifying, const struct replica *replica, int64_t id)
{
    uint32_t local = LOG_FEED(id);
    return local >= 1 && local <= replica->feeds_count &&
           scope_has_floor(verifying->replica, replica->feeds[local - 1].id.scope);
}

static enum status count_judged_again(const struct verifying *verifying, uint64_t *count,
                                      struct error *err)
{
    struct replica *again = verifying->again;
    sqlite3_stmt *read = NULL;
    enum status status = STATUS_OK;
    *count = 0;
    TRY(sql_prepare(again, "SELECT id FROM _judged", &read, err));
    while (status == STATUS_OK && sql_row(again, read, &status, err))
        *count += !has_floor(verifying, again, sqlite3_column_int64(read, 0));
    sqlite3_finalize(read);
    return status;
}

static enum status check_judged(struct verifying *verifying, struct error *err)
{
    sqlite3_stmt *read = NULL;
    uint64_t wrong = 0, here = 0, again = 0;
    TRY(count_judged_again(verifying, &again, err));
    TRY(sql_prepare(verifying->replica, "SELECT id, state FROM _judged", &read, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(verifying->replica, read, &status, err)) {
        if (has_floor(verifying, verifying->replica, sqlite3_column_int64(read, 0)))
            continue;
        here++;
        wrong +=
            judged_otherwise(verifying, sqlite3_column_int64(read, 0), sqlite3_column_int(read, 1));
    }
    sqlite3_finalize(read);
    if (wrong == 0 && here < again && !replica_restoring(verifying->replica))
        wrong = again - here;
    say_number(verifying, "entries judged otherwise than the log says", wrong);
    return status;
}

static enum status check_keys(struct verifying *verifying, struct error *err)
{
    sqlite3_stmt *read = NULL;
    uint64_t wrong = 0;
    TRY(sql_prepare(verifying->replica, "SELECT id, wrapped FROM _key WHERE wrapped IS NOT NULL",
                    &read, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(verifying->replica, read, &status, err)) {
        struct bytes wrapped = sql_blob(read, 1);
        struct seal_id id = {{0}};
        if (wrapped.size == SEAL_WRAPPED_BYTES)
            id = value_key_id(&verifying->replica->network, wrapped.data);
        wrong += (int64_t)get_u64le(id.bytes) != sqlite3_column_int64(read, 0);
    }
    sqlite3_finalize(read);
    say_number(verifying, "keys of sealed values that are damaged", wrong);
    return status;
}

static enum status check_units(struct verifying *verifying, struct error *err)
{
    struct units_place place = {0};
    struct units_checked checked = {.done = false};
    uint64_t faulty = 0;
    while (!checked.done) {
        TRY(units_check(verifying->replica, &place, SIZE_MAX, &checked, err));
        faulty += checked.faulty;
    }
    say_number(verifying, "attachments of which a part is damaged or gone", faulty);
    return STATUS_OK;
}

bool identity_fits(const struct replica *replica)
{
    const struct identity *own = &replica->identity;
    const uint8_t *key = registry_device_key(replica->registry, own->device);
    const struct device *device = registry_device(replica->registry, own->device);
    if (own->device == 0 || registry_devices_count(replica->registry) == 0)
        return true;
    if (!key || memcmp(key, own->sign.public_key, PUBLIC_KEY_BYTES) != 0)
        return false;
    return own->device == DEVICE_HUB || !device ||
           memcmp(device->certificate.dh_key, own->dh.public_key, DH_KEY_BYTES) == 0;
}

enum status replica_verify(struct replica *replica, verify_report *report, void *context,
                           uint64_t *entries, struct error *err)
{
    struct verifying verifying = {.replica = replica, .report = report, .context = context};
    struct replica_options options = {.path = ":memory:", .clock = replica->clock};
    TRY(replica_recover(replica, err));
    TRY(check_pages(&verifying, err));
    TRY(replica_create(&verifying.again, &options, &replica->network, err));
    /* What our device may not read any more is judged as here (replica_cut.c). */
    if (replica->identity.device != DEVICE_HUB)
        verifying.again->identity.device = replica->identity.device;
    enum status status = replay(&verifying, err);
    if (status == STATUS_OK)
        status = compare_tables(&verifying, err);
    if (status == STATUS_OK)
        status = check_floors(&verifying, err);
    if (status == STATUS_OK)
        status = check_judged(&verifying, err);
    if (status == STATUS_OK)
        status = check_keys(&verifying, err);
    if (status == STATUS_OK)
        status = check_units(&verifying, err);
    if (status == STATUS_OK)
        status = carried_check(replica, report, context, err);
    if (status == STATUS_OK && !identity_fits(replica))
        say(&verifying, "the keys of this device don't fit its certificate");
    *entries = verifying.received.applied + verifying.received.aside + verifying.received.refused;
    replica_close(verifying.again);
    return status;
}
