/* Judging again: when the registry learns something new, entries of the log may begin to count, or
 * cease to. The rows that they wrote are built anew from all that counts. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/dots.h"
#include "common/mutant.h"
#include "common/replica_floor.h"
#include "common/replica_move.h"
#include "common/snapshot_staged.h"

/* ---- one row ---- */

static bool never_covered(void *context, const struct dot *dot)
{
    (void)context;
    (void)dot;
    return false;
}

/* What the entry wrote in this row, when it counts; *ops counts on. */
static enum status replay_dot(struct replica *replica, struct row *row, const struct dot *dot,
                              size_t *ops, struct error *err)
{
    static const struct row_source never = {never_covered, NULL};
    struct entry_view *view = &replica->story_view;
    bool counts;
    TRY(entry_counts(replica, dot, &counts, err));
    if (!counts)
        return STATUS_OK;
    TRY(feed_read(replica, dot, &replica->story_body, err));
    TRY(entry_decode(view, &dot->feed, buffer_bytes(&replica->story_body), err));
    struct id person = feed_person(replica, dot, &view->head);
    for (size_t i = 0; i < view->ops_count; i++) {
        const struct op *op = &view->ops[i];
        if (op->table != row->table->number || !id_equal(&op->row, &row->id))
            continue;
        TRY(row_apply(row, view, op, dot, &person, &never, err));
        TRY(op_note(replica, op, dot, err));
        (*ops)++;
    }
    return STATUS_OK;
}

static enum status store_rebuilt(struct replica *replica, struct row *row, size_t ops, bool found,
                                 struct error *err)
{
    struct row_source source = replica_source(replica);
    if (ops == 0 && !found)
        return STATUS_OK;
    if (ops == 0) {
        TRY(row_remove(replica, row, err));
        return tally_row(replica, row, true, err);
    }
    if (!found)
        TRY(tally_row(replica, row, false, err));
    row_forget_met(row, &source);
    TRY(row_store(replica, row, err));
    return tally_cells(replica, row, false, err);
}

/* Did an entry write it that a snapshot stands for? */
static bool is_from_below(const struct replica *replica, const struct dots *dots)
{
    for (size_t i = 0; i < dots->count && replica->floors_count > 0; i++)
        if (below_floor(replica, &dots->items[i]))
            return true;
    return false;
}

static int by_dot(const void *left, const void *right)
{
    return dot_compare(left, right);
}

/* The result is the same in any order. In this one what the row remembers grows at its end. */
static void put_in_order(struct dots *dots)
{
    if (dots->count > 0)
        qsort(dots->items, dots->count, sizeof *dots->items, by_dot);
}

static enum status rebuild_row(struct replica *replica, const struct row_wish *wish,
                               struct error *err)
{
    struct row *row = &replica->row;
    struct dots dots = {0};
    size_t ops = 0;
    TRY(row_load(replica, wish, row, err));
    enum status status = row_writers(replica, row, &dots, err);
    if (status == STATUS_OK && is_from_below(replica, &dots)) {
        dots_release(&dots);
        return scope_want_log(replica, wish->scope, err);
    }
    if (status == STATUS_OK)
        status = tally_cells(replica, row, true, err);
    put_in_order(&dots);
    row_start(row, wish->table, wish->scope, &wish->id);
    for (size_t i = 0; i < dots.count && status == STATUS_OK; i++)
        status = replay_dot(replica, row, &dots.items[i], &ops, err);
    dots_release(&dots);
    TRY(status);
    return store_rebuilt(replica, row, ops, replica->place.found, err);
}

/* ---- entries ---- */

/* Rows that must be built anew, each perhaps several times. Doubles are thrown out when there are
 * `enough` of them, so that the memory follows the rows and not what was written in them. */
#define STALE_ENOUGH 1024

struct stale {
    struct row_wish *rows;
    size_t count, capacity, enough;
};

static int by_row(const void *left, const void *right)
{
    const struct row_wish *a = left, *b = right;
    if (a->table != b->table)
        return a->table->number < b->table->number ? -1 : 1;
    if (a->scope != b->scope)
        return a->scope < b->scope ? -1 : 1;
    return memcmp(a->id.bytes, b->id.bytes, ID_BYTES);
}

static void throw_out_doubles(struct stale *stale)
{
    size_t kept = 0;
    if (stale->count > 0)
        qsort(stale->rows, stale->count, sizeof *stale->rows, by_row);
    for (size_t i = 0; i < stale->count; i++)
        if (kept == 0 || by_row(&stale->rows[kept - 1], &stale->rows[i]) != 0)
            stale->rows[kept++] = stale->rows[i];
    stale->count = kept;
    stale->enough = kept < STALE_ENOUGH / 2 ? STALE_ENOUGH : kept * 2;
}

static enum status rebuild_stale(struct replica *replica, struct stale *stale, struct error *err)
{
    throw_out_doubles(stale);
    for (size_t i = 0; i < stale->count; i++)
        TRY(rebuild_row(replica, &stale->rows[i], err));
    return STATUS_OK;
}

/* Nothing may lead to an entry yet that begins to count. */
static enum status note_begins(struct replica *replica, const struct dot *dot,
                               const struct entry_view *view, struct error *err)
{
    for (size_t i = 0; i < view->ops_count; i++)
        if (replica->schema && schema_table(replica->schema, view->ops[i].table))
            TRY(op_note(replica, &view->ops[i], dot, err));
    return STATUS_OK;
}

/* The rows that an entry wrote. */
static enum status add_stale(struct replica *replica, struct stale *stale, const struct dot *dot,
                             const struct entry_view *view, struct error *err)
{
    for (size_t i = 0; i < view->ops_count; i++) {
        const struct op *op = &view->ops[i];
        const struct schema_table *table =
            replica->schema ? schema_table(replica->schema, op->table) : NULL;
        if (!table)
            continue;
        if (stale->count >= stale->enough)
            throw_out_doubles(stale);
        struct row_wish *rows =
            array_grow(stale->rows, stale->count, &stale->capacity, sizeof *rows);
        if (!rows)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        stale->rows = rows;
        rows[stale->count++] = (struct row_wish){table, dot->feed.scope, op->row, all_fields};
        TRY(moving_note(replica, view, op, err));
    }
    return STATUS_OK;
}

static enum log_state state_of(enum status verdict)
{
    if (verdict == STATUS_UNKNOWN)
        return LOG_WAITING;
    return verdict == STATUS_OK ? LOG_IN_FORCE : LOG_NOT_PERMITTED;
}

static enum status judge_decoded(struct replica *replica, const struct dot *dot,
                                 const struct entry_view *view, struct stale *stale,
                                 struct error *err)
{
    struct error reason = {0};
    enum log_state before;
    TRY(feed_get_state(replica, dot, &before, err));
    enum status verdict = registry_permits(replica->registry, dot, view, &reason);
    if (verdict == STATUS_NO_MEMORY)
        return error_set(err, verdict, "out of memory");
    enum log_state after = state_of(verdict);
    if (before == after)
        return STATUS_OK;
    TRY(feed_set_state(replica, dot, after, err));
    if (after == LOG_NOT_PERMITTED)
        TRY(aside_note(replica, dot, &reason, (struct bytes){0}, err));
    else if (before == LOG_NOT_PERMITTED)
        TRY(aside_forget(replica, dot, err));
    if (after == LOG_IN_FORCE)
        TRY(note_begins(replica, dot, view, err));
    return add_stale(replica, stale, dot, view, err);
}

static enum status judge_body(struct replica *replica, const struct dot *dot, struct bytes body,
                              struct entry_view *view, struct stale *stale, struct error *err)
{
    enum status decoded = entry_decode(view, &dot->feed, body, NULL);
    if (decoded == STATUS_NO_MEMORY)
        return error_set(err, decoded, "out of memory");
    /* What can't be decoded was set aside when it came, and is the same now. */
    return decoded == STATUS_OK ? judge_decoded(replica, dot, view, stale, err) : STATUS_OK;
}

enum status entries_undo(struct replica *replica, const struct dot *first, uint64_t last,
                         struct error *err)
{
    struct stale stale = {0};
    struct entry_view view = {0};
    struct buffer body = {0};
    struct dot dot = *first;
    enum status status = STATUS_OK;
    for (; dot.number <= last && status == STATUS_OK; dot.number++) {
        status = feed_read(replica, &dot, &body, err);
        if (status == STATUS_OK)
            status = feed_set_state(replica, &dot, LOG_NOT_PERMITTED, err);
        enum status decoded = STATUS_NO_MEMORY;
        if (status == STATUS_OK)
            decoded = entry_decode(&view, &dot.feed, buffer_bytes(&body), NULL);
        if (status == STATUS_OK && decoded == STATUS_OK)
            status = add_stale(replica, &stale, &dot, &view, err);
        else if (status == STATUS_OK && decoded == STATUS_NO_MEMORY)
            status = error_set(err, decoded, "out of memory");
    }
    if (status == STATUS_OK)
        status = rebuild_stale(replica, &stale, err);
    free(stale.rows);
    entry_view_release(&view);
    buffer_release(&body);
    return status;
}

/* Does the entry name what the feed holds from `first` on? A set names dots inside its values: then
 * it may. */
static bool may_cite(const struct replica *replica, const struct entry_view *view,
                     const struct dot *first)
{
    for (size_t i = 0; i < view->dots_count; i++)
        if (feed_compare(&view->dots[i].feed, &first->feed) == 0 &&
            view->dots[i].number >= first->number)
            return true;
    for (size_t i = 0; i < view->ops_count; i++) {
        const struct op *op = &view->ops[i];
        const struct schema_table *table =
            replica->schema ? schema_table(replica->schema, op->table) : NULL;
        for (uint32_t f = 0; table && f < op->fields_count; f++) {
            const struct schema_field *field =
                table_field(table, view->fields[op->fields_at + f].number);
            if (field && field->merge == MERGE_SET)
                return true;
        }
    }
    return false;
}

static enum status add_citing(struct replica *replica, struct stale *stale, const struct feed *feed,
                              const struct dot *first, struct error *err)
{
    struct entry_view view = {0};
    struct buffer body = {0};
    enum status status = STATUS_OK;
    const struct floor *floor = floor_of(replica, &feed->id);
    struct dot dot = {feed->id, floor ? floor->number + 1 : 1};
    for (; dot.number <= feed->number && status == STATUS_OK; dot.number++) {
        status = feed_read(replica, &dot, &body, err);
        bool cites = status == STATUS_OK &&
                     entry_decode(&view, &dot.feed, buffer_bytes(&body), NULL) == STATUS_OK &&
                     may_cite(replica, &view, first);
        if (cites)
            status = note_begins(replica, &dot, &view, err);
        if (cites && status == STATUS_OK)
            status = add_stale(replica, stale, &dot, &view, err);
    }
    entry_view_release(&view);
    buffer_release(&body);
    return status;
}

enum status entries_cite_again(struct replica *replica, const struct dot *first, struct error *err)
{
    struct stale stale = {0};
    /* Those below a floor can't be asked what they name. */
    enum status status = scope_want_log(replica, first->feed.scope, err);
    for (size_t i = 0; i < replica->feeds_count && status == STATUS_OK; i++) {
        struct feed feed = replica->feeds[i];
        if (!SCOPE_IS_REGISTRY(feed.id.scope))
            status = add_citing(replica, &stale, &feed, first, err);
    }
    if (status == STATUS_OK)
        status = rebuild_stale(replica, &stale, err);
    free(stale.rows);
    return status;
}

/* ---- which entries ---- */

enum status list_waiting(struct replica *replica, bool refused, struct dots *dots,
                         struct error *err)
{
    sqlite3_stmt *list = NULL;
    bool added;
    TRY(sql_prepare(replica,
                    "SELECT id FROM _judged WHERE state = 2 OR (?1 AND state = 1) ORDER BY id",
                    &list, err));
    sqlite3_bind_int(list, 1, refused);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(replica, list, &status, err)) {
        int64_t id = sqlite3_column_int64(list, 0);
        struct dot dot = {feed_at(replica, LOG_FEED(id))->id, LOG_NUMBER(id)};
        status = dots_add(dots, &dot, &added, err);
    }
    sqlite3_finalize(list);
    return status;
}

static enum status judge_waiting(struct replica *replica, struct stale *stale, struct error *err)
{
    struct dots dots = {0};
    struct entry_view view = {0};
    struct buffer body = {0};
    enum status status = list_waiting(replica, false, &dots, err);
    for (size_t i = 0; i < dots.count && status == STATUS_OK; i++) {
        const struct dot *dot = &dots.items[i];
        if (SCOPE_IS_REGISTRY(dot->feed.scope))
            continue;
        status = feed_read(replica, dot, &body, err);
        if (status == STATUS_OK)
            status = judge_body(replica, dot, buffer_bytes(&body), &view, stale, err);
    }
    entry_view_release(&view);
    buffer_release(&body);
    dots_release(&dots);
    return status;
}

/* The entries of a piece of the log, from `dot` on, which ends behind it. */
static enum status judge_piece(struct replica *replica, struct log_cursor *cursor, struct dot *dot,
                               struct stale *stale, struct error *err)
{
    struct entry_view view = {0};
    struct bytes body;
    enum status status = STATUS_OK;
    for (; status == STATUS_OK && log_next_body(cursor, &body); dot->number++)
        /* In the middle of a run the rest of it is in the log, and its turn comes. */
        if (frontier_covers(&replica->frontier, dot))
            status = judge_body(replica, dot, body, &view, stale, err);
    entry_view_release(&view);
    return status;
}

static enum status judge_feed(struct replica *replica, const struct feed *feed, struct stale *stale,
                              struct error *err)
{
    const struct floor *floor = floor_of(replica, &feed->id);
    struct dot dot = {feed->id, floor ? floor->number + 1 : 1};
    struct log_cursor cursor;
    bool found = true;
    TRY(floor_look(replica, &feed->id, err));
    TRY(log_open(replica, &dot, &cursor, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && found && dot.number <= feed->number) {
        status = log_next_piece(replica, &cursor, &found, err);
        found = found && status == STATUS_OK && cursor.first == dot.number;
        if (found)
            status = judge_piece(replica, &cursor, &dot, stale, err);
    }
    log_close(&cursor);
    if (status == STATUS_OK && dot.number <= feed->number)
        status = error_set(err, STATUS_STORAGE, "the log of device %u lacks entry %llu",
                           feed->id.device, (unsigned long long)dot.number);
    return status;
}

static enum status judge_one(struct replica *replica, uint32_t device, struct stale *stale,
                             struct error *err)
{
    for (size_t i = 0; i < replica->feeds_count; i++) {
        struct feed feed = replica->feeds[i];
        if (feed.id.device == device && !SCOPE_IS_REGISTRY(feed.id.scope))
            TRY(judge_feed(replica, &feed, stale, err));
    }
    return STATUS_OK;
}

/* Its entries, and those of whom it has admitted. */
static enum status judge_device(struct replica *replica, uint32_t device, struct stale *stale,
                                struct error *err)
{
    const struct registry *registry = replica->registry;
    TRY(judge_one(replica, device, stale, err));
    for (size_t i = 0; i < registry_devices_count(registry); i++) {
        const struct device *other = registry_device_at(registry, i);
        if (registry_admitted_by(registry, other, device))
            TRY(judge_one(replica, other->certificate.device, stale, err));
    }
    return STATUS_OK;
}

static enum status set_rival_aside(struct replica *replica, const struct org *rival,
                                   struct error *err)
{
    struct error reason = {0};
    enum log_state state;
    TRY(feed_get_state(replica, &rival->stands, &state, err));
    if (state != LOG_IN_FORCE)
        return STATUS_OK;
    error_set(&reason, STATUS_DENIED, "org number %u is taken by '%s'", rival->number,
              registry_org(replica->registry, rival->number)->name);
    TRY(feed_set_state(replica, &rival->stands, LOG_NOT_PERMITTED, err));
    return aside_note(replica, &rival->stands, &reason, (struct bytes){0}, err);
}

/* An org has come: of those that bear its number one counts, and if that is this one, it may have
 * led elsewhere so far. */
static enum status judge_org(struct replica *replica, const struct feed_id *came,
                             struct stale *stale, struct error *err)
{
    const struct registry *registry = replica->registry;
    const struct org *org = registry_org(registry, SCOPE_ORG(came->scope)), *rival;
    bool rivals = false;
    size_t walk = 0;
    for (; (rival = registry_org_rival(registry, org->number, &walk)); rivals = true)
        TRY(set_rival_aside(replica, rival, err));
    if (!rivals || feed_compare(&org->stands.feed, came) != 0 || MUTANT("t7-org-not-judged-again"))
        return STATUS_OK;
    for (size_t i = 0; i < replica->feeds_count; i++) {
        struct feed feed = replica->feeds[i];
        if (!SCOPE_IS_REGISTRY(feed.id.scope) &&
            registry_within(registry, org->number, SCOPE_ORG(feed.id.scope)))
            TRY(judge_feed(replica, &feed, stale, err));
    }
    return STATUS_OK;
}

/* The device whose rights an entry of the registry may have changed; 0: none. */
static uint32_t device_concerned(const struct registry *registry, const struct entry_view *view)
{
    const struct op *op = &view->ops[0];
    bool concerns = op->table == REGISTRY_DEVICE || op->table == REGISTRY_REVOCATION;
    const struct device *device =
        concerns && view->ops_count == 1 ? registry_device_by_id(registry, &op->row) : NULL;
    return device ? device->certificate.device : 0;
}

enum status device_judge_again(struct replica *replica, uint32_t device, struct error *err)
{
    struct stale stale = {0};
    enum status status = judge_device(replica, device, &stale, err);
    if (status == STATUS_OK)
        status = rebuild_stale(replica, &stale, err);
    free(stale.rows);
    return status;
}

enum status judge_affected(struct replica *replica, const struct entry_view *view,
                           struct error *err)
{
    struct stale stale = {0};
    enum status status = STATUS_OK;
    uint32_t device = device_concerned(replica->registry, view);
    if (view->ops[0].table == REGISTRY_REVOCATION && device != 0)
        TRY(cuts_look(replica, device, err));
    if (registry_schema(replica->registry) != replica->schema)
        status = tables_follow_schema(replica, err);
    if (status == STATUS_OK &&
        (view->ops[0].table == REGISTRY_ORG || device == replica->identity.device))
        status = cuts_reach(replica, err);
    if (status == STATUS_OK && view->ops[0].table == REGISTRY_ERASURE)
        status = keys_erase(replica, err);
    /* Chunks hold keys, too. */
    if (status == STATUS_OK && view->ops[0].table == REGISTRY_ERASURE)
        status = snapshots_forget(replica, err);
    if (status == STATUS_OK && !MUTANT("records-wait-for-ever"))
        status = judge_waiting(replica, &stale, err);
    if (status == STATUS_OK && view->ops[0].table == REGISTRY_ORG)
        status = judge_org(replica, &view->feed, &stale, err);
    if (status == STATUS_OK && device != 0 && !MUTANT("t12-revoked-not-undone"))
        status = judge_device(replica, device, &stale, err);
    if (status == STATUS_OK)
        status = rebuild_stale(replica, &stale, err);
    free(stale.rows);
    return status;
}
