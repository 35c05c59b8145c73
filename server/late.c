#include "server/late.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "common/pack.h"
#include "common/view.h"
#include "server/lapse.h"

#define DAY_MS 86400000ll

/* ---- notes ---- */

enum status late_note_arrival(struct hub *hub, const struct frontier *stored, struct error *err)
{
    sqlite3_stmt *put = NULL;
    if (MUTANT("t3-arrival-not-noted"))
        return STATUS_OK;
    int64_t now = clock_wall_ms(replica_clock(hub->replica));
    TRY(replica_prepare(hub->replica, "INSERT OR IGNORE INTO _arrival VALUES(?, ?, ?, ?, ?)", &put,
                        err));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < stored->count && status == STATUS_OK; i++) {
        const struct frontier_row *row = &stored->rows[i];
        sqlite3_bind_int64(put, 1, row->feed.scope);
        sqlite3_bind_int64(put, 2, row->feed.device);
        sqlite3_bind_int64(put, 3, row->feed.incarnation);
        sqlite3_bind_int64(put, 4, (int64_t)row->number);
        sqlite3_bind_int64(put, 5, now);
        status = replica_run(hub->replica, put, err);
    }
    sqlite3_finalize(put);
    return status;
}

enum status late_note_beacon(struct hub *hub, const struct beacon *beacon, struct error *err)
{
    sqlite3_stmt *put = NULL;
    TRY(replica_prepare(hub->replica, "INSERT OR REPLACE INTO _beacon VALUES(?, ?)", &put, err));
    sqlite3_bind_int64(put, 1, (int64_t)beacon->number);
    sqlite3_bind_int64(put, 2, beacon->time_ms);
    return replica_run_once(hub->replica, put, err);
}

/* The number that a question gives about `dot`, of whose parts it may have the first ones in it;
 * `number` stays what it is where there is none. */
static enum status ask_number(struct hub *hub, const char *sql, const struct dot *dot,
                              int64_t *number, struct error *err)
{
    sqlite3_stmt *read = NULL;
    enum status status = STATUS_OK;
    TRY(replica_prepare(hub->replica, sql, &read, err));
    sqlite3_bind_int64(read, 1, (int64_t)dot->number);
    sqlite3_bind_int64(read, 2, dot->feed.scope);
    sqlite3_bind_int64(read, 3, dot->feed.device);
    sqlite3_bind_int64(read, 4, dot->feed.incarnation);
    if (replica_step(hub->replica, read, &status, err) &&
        sqlite3_column_type(read, 0) != SQLITE_NULL)
        *number = sqlite3_column_int64(read, 0);
    sqlite3_finalize(read);
    return status;
}

enum status late_raise_beacon(struct hub *hub, struct error *err)
{
    static const struct dot none;
    int64_t newest = 0;
    TRY(ask_number(hub, "SELECT max(at_ms) FROM _beacon", &none, &newest, err));
    bool due = clock_wall_ms(replica_clock(hub->replica)) - newest > DAY_MS;
    if (!due)
        return STATUS_OK;
    TRY(lapse_follow(hub, err));
    return hub_raise_beacon(hub, err);
}

/* ---- one entry's bracket ---- */

struct bracket {
    int64_t after_ms, before_ms; /* INT64_MIN, INT64_MAX: not known */
};

static enum status bracket_of(struct hub *hub, const struct dot *dot, uint64_t beacon,
                              struct bracket *bracket, struct error *err)
{
    const struct dot known = {.number = beacon};
    *bracket = (struct bracket){INT64_MIN, INT64_MAX};
    TRY(ask_number(hub, "SELECT at_ms FROM _beacon WHERE number = ?", &known, &bracket->after_ms,
                   err));
    return ask_number(hub,
                      "SELECT min(at_ms) FROM _arrival WHERE number >= ?1 AND scope = ?2 AND "
                      "device = ?3 AND incarnation = ?4",
                      dot, &bracket->before_ms, err);
}

/* How many whole days a moment lies outside; below 0: before it. */
static int64_t days_outside(const struct bracket *bracket, int64_t from_ms, int64_t to_ms)
{
    if (bracket->after_ms != INT64_MIN && to_ms < bracket->after_ms)
        return -((bracket->after_ms - to_ms) / DAY_MS);
    if (bracket->before_ms != INT64_MAX && from_ms > bracket->before_ms)
        return (from_ms - bracket->before_ms) / DAY_MS;
    return 0;
}

/* ---- the list ---- */

struct listing {
    struct hub *hub;
    int64_t days;
    json_t *list;
    struct entry_view view;
    struct buffer body;
};

static void put_time(json_t *item, const char *name, int64_t ms)
{
    char text[32];
    if (ms == INT64_MIN || ms == INT64_MAX) {
        json_object_set_new(item, name, json_null());
        return;
    }
    time_format(ms, text);
    json_object_set_new(item, name, json_string(text));
}

static enum status tell(struct listing *listing, const struct dot *dot, json_t *item,
                        const struct bracket *bracket, struct error *err)
{
    const struct entry_head *head = &listing->view.head;
    const struct device *device =
        registry_device(replica_registry(listing->hub->replica), dot->feed.device);
    struct id person = head->has_person ? head->person
                       : device         ? device->certificate.person
                                        : (struct id){{0}};
    put_time(item, "after", bracket->after_ms);
    put_time(item, "before", bracket->before_ms);
    put_time(item, "written", head->time_ms);
    json_array_append_new(listing->list, item);
    return view_origin(listing->hub->replica, item, dot, &person, head->time_ms, err);
}

static bool is_claim(const struct schema_field *field)
{
    return field && field->default_text &&
           (strcmp(field->default_text, "now") == 0 || strcmp(field->default_text, "today") == 0);
}

static enum status look_at_field(struct listing *listing, const struct dot *dot,
                                 const struct op *op, const struct op_field *written,
                                 struct error *err)
{
    const struct schema_table *table =
        schema_table(replica_schema(listing->hub->replica), op->table);
    const struct schema_field *field = table ? table_field(table, written->number) : NULL;
    struct bracket bracket;
    struct unpack in = unpack_of(written->value);
    struct bytes text;
    char day[11] = "", id[ID_TEXT_BYTES];
    int64_t start;
    if (!is_claim(field) || !unpack_str(&in, &text) || text.size < 10)
        return STATUS_OK;
    memcpy(day, text.data, 10);
    if (!time_of_day_start(day, &start))
        return STATUS_OK;
    TRY(bracket_of(listing->hub, dot, listing->view.head.beacon, &bracket, err));
    int64_t days = days_outside(&bracket, start, start + DAY_MS);
    if (days >= -listing->days && days <= listing->days)
        return STATUS_OK;
    id_format(&op->row, id);
    json_t *item = json_pack("{ss ss ss ss ss% sI}", "kind", days < 0 ? "late" : "future", "table",
                             table->name, "id", id, "field", field->name, "claimed", text.data,
                             text.size, "days", (json_int_t)llabs(days));
    return tell(listing, dot, item, &bracket, err);
}

static enum status look_at_clock(struct listing *listing, const struct dot *dot, struct error *err)
{
    const struct entry_head *head = &listing->view.head;
    struct bracket bracket;
    TRY(bracket_of(listing->hub, dot, head->beacon, &bracket, err));
    int64_t days = days_outside(&bracket, head->time_ms, head->time_ms);
    if (days >= -listing->days && days <= listing->days)
        return STATUS_OK;
    json_t *item = json_pack("{ss sI}", "kind", "clock", "days", (json_int_t)llabs(days));
    return tell(listing, dot, item, &bracket, err);
}

static enum status look_at(struct listing *listing, const struct dot *dot, struct error *err)
{
    buffer_clear(&listing->body);
    TRY(replica_aside_body(listing->hub->replica, dot, &listing->body, err));
    if (entry_decode(&listing->view, &dot->feed, buffer_bytes(&listing->body), NULL) != STATUS_OK)
        return STATUS_OK;
    TRY(look_at_clock(listing, dot, err));
    for (size_t i = 0; i < listing->view.ops_count; i++) {
        const struct op *op = &listing->view.ops[i];
        for (uint32_t k = 0; k < op->fields_count; k++)
            TRY(look_at_field(listing, dot, op, &listing->view.fields[op->fields_at + k], err));
    }
    return STATUS_OK;
}

static enum status look_at_feed(struct listing *listing, const struct frontier_row *row,
                                struct error *err)
{
    if (SCOPE_IS_REGISTRY(row->feed.scope) || row->feed.device == DEVICE_HUB)
        return STATUS_OK;
    for (uint64_t number = 1; number <= row->number; number++) {
        struct dot dot = {row->feed, number};
        TRY(look_at(listing, &dot, err));
    }
    return STATUS_OK;
}

enum status late_list(struct hub *hub, int64_t days, json_t **list, struct error *err)
{
    const struct frontier *all = replica_frontier(hub->replica);
    struct listing listing = {.hub = hub, .days = days, .list = json_array()};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < all->count && status == STATUS_OK; i++)
        status = look_at_feed(&listing, &all->rows[i], err);
    entry_view_release(&listing.view);
    buffer_release(&listing.body);
    if (status != STATUS_OK) {
        json_decref(listing.list);
        listing.list = NULL;
    }
    *list = listing.list;
    return status;
}
