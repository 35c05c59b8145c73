#include "common/alarm.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "common/access.h"
#include "common/array.h"
#include "common/consent.h"
#include "common/json_read.h"
#include "common/mutant.h"
#include "common/view.h"

#define DAY_BYTES 10 /* "2026-11-01" */
#define DAY_MS (24 * 60 * 60 * 1000ll)

/* What one person did by one device on one day. */
struct day {
    char day[DAY_BYTES + 1];
    struct id person;
    uint32_t device;
    const char *who; /* of the first note; borrowed */
    uint64_t rows, reads;
};
struct days {
    struct day *items;
    size_t count, capacity;
};

struct finding {
    const char *kind, *day, *who;
    struct id person;
    uint32_t device;
    uint64_t count, limit;
};

static enum status tell(struct replica *replica, const struct finding *finding, json_t *list,
                        struct error *err)
{
    const struct device *device = registry_device(replica_registry(replica), finding->device);
    char name[VIEW_NAME_BYTES] = "?", id[ID_TEXT_BYTES] = "?";
    struct id person = finding->person;
    if (device) {
        id_format(&device->id, id);
        person = id_is_zero(&person) ? device->certificate.person : person;
    }
    view_person(replica, &person, finding->device, name);
    json_t *item = json_pack("{ss ss ss ss ss sI sI}", "kind", finding->kind, "day", finding->day,
                             "person", name, "device", id, "who", finding->who, "count",
                             (json_int_t)finding->count, "limit", (json_int_t)finding->limit);
    return json_array_append_new(list, item) == 0
               ? STATUS_OK
               : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* ---- notes of access ---- */

static bool is_same_day(const struct day *day, const struct noted *noted)
{
    return memcmp(day->day, noted->at, DAY_BYTES) == 0 && day->device == noted->dot.feed.device &&
           id_equal(&day->person, &noted->person) && strcmp(day->who, noted->who) == 0;
}

/* Notes come by their time, so whoever wrote on this day stands at the end of the list. */
static struct day *day_of(struct days *days, const struct noted *noted)
{
    for (size_t i = days->count; i-- > 0;) {
        if (is_same_day(&days->items[i], noted))
            return &days->items[i];
        if (memcmp(days->items[i].day, noted->at, DAY_BYTES) != 0)
            break;
    }
    struct day *grown = array_grow(days->items, days->count, &days->capacity, sizeof *grown);
    if (!grown)
        return NULL;
    days->items = grown;
    struct day *day = &grown[days->count++];
    *day =
        (struct day){.person = noted->person, .device = noted->dot.feed.device, .who = noted->who};
    memcpy(day->day, noted->at, DAY_BYTES);
    return day;
}

static enum status count_notes(const struct noted_list *notes, struct days *days, struct error *err)
{
    for (size_t i = 0; i < notes->count; i++) {
        const struct noted *noted = &notes->items[i];
        struct day *day = day_of(days, noted);
        if (!day)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        if (strcmp(noted->action, "read") == 0)
            day->reads += noted->rows;
        else if (strcmp(noted->action, "export") == 0 || strcmp(noted->action, "print") == 0)
            day->rows += noted->rows;
    }
    return STATUS_OK;
}

static enum status tell_days(struct replica *replica, const struct schema_watch *watch,
                             const struct days *days, json_t *list, struct error *err)
{
    for (size_t i = 0; i < days->count; i++) {
        const struct day *day = &days->items[i];
        struct finding finding = {
            .day = day->day, .who = day->who, .person = day->person, .device = day->device};
        if (watch->rows && day->rows > watch->rows) {
            finding.kind = "rows";
            finding.count = day->rows;
            finding.limit = watch->rows;
            TRY(tell(replica, &finding, list, err));
        }
        if (watch->reads && day->reads > watch->reads && !MUTANT("t32-browsing-unseen")) {
            finding.kind = "reads";
            finding.count = day->reads;
            finding.limit = watch->reads;
            TRY(tell(replica, &finding, list, err));
        }
    }
    return STATUS_OK;
}

static enum status tell_alone(struct replica *replica, const struct schema_watch *watch,
                              const struct noted_list *notes, const char *since, json_t *list,
                              struct error *err)
{
    for (size_t i = 0; i < notes->count; i++) {
        const struct noted *noted = &notes->items[i];
        char day[DAY_BYTES + 1] = {0};
        memcpy(day, noted->at, DAY_BYTES);
        if (strcmp(noted->action, "export") != 0 || strcmp(day, since) < 0 ||
            consent_stands(replica, notes, noted) || MUTANT("t32-alone-unseen"))
            continue;
        struct finding finding = {
            "alone",     day,         noted->who, noted->person, noted->dot.feed.device,
            noted->rows, watch->alone};
        TRY(tell(replica, &finding, list, err));
    }
    return STATUS_OK;
}

static enum status tell_notes(struct replica *replica, const struct schema_watch *watch,
                              const char *since, json_t *list, struct error *err)
{
    struct noted_list notes;
    struct days days = {0};
    TRY(access_list(replica, since, &notes, err));
    enum status status = count_notes(&notes, &days, err);
    if (status == STATUS_OK)
        status = tell_days(replica, watch, &days, list, err);
    if (status == STATUS_OK)
        status = tell_alone(replica, watch, &notes, since, list, err);
    free(days.items);
    noted_list_release(&notes);
    return status;
}

/* ---- what was set aside ---- */

static enum status tell_aside(struct replica *replica, const struct schema_watch *watch,
                              const char *since, json_t *list, struct error *err)
{
    sqlite3_stmt *find = NULL;
    enum status status = STATUS_OK;
    if (sqlite3_prepare_v2(replica_database(replica),
                           "SELECT device, date(received_ms / 1000, 'unixepoch', 'localtime') d, "
                           "count(*) n FROM _set_aside WHERE d >= ?1 GROUP BY device, d "
                           "HAVING n > ?2 ORDER BY d, device",
                           -1, &find, NULL) != SQLITE_OK)
        return replica_failed(replica, "set-aside entries", err);
    sqlite3_bind_text(find, 1, since, -1, SQLITE_STATIC);
    sqlite3_bind_int64(find, 2, watch->aside);
    while (status == STATUS_OK && replica_step(replica, find, &status, err)) {
        const char *day = (const char *)sqlite3_column_text(find, 1);
        struct finding finding = {.kind = "aside",
                                  .day = day ? day : "",
                                  .who = "",
                                  .device = (uint32_t)sqlite3_column_int64(find, 0),
                                  .count = (uint64_t)sqlite3_column_int64(find, 2),
                                  .limit = watch->aside};
        status = tell(replica, &finding, list, err);
    }
    sqlite3_finalize(find);
    return status;
}

/* ---- all of it ---- */

static int newest_first(const void *a, const void *b)
{
    const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
    return strcmp(json_string_value(json_object_get(right, "day")),
                  json_string_value(json_object_get(left, "day")));
}

static enum status sort_list(json_t **list, struct error *err)
{
    size_t count = json_array_size(*list);
    json_t **items = calloc(count + 1, sizeof *items), *sorted = json_array();
    if (!items || !sorted) {
        free(items);
        json_decref(sorted);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < count; i++)
        items[i] = json_array_get(*list, i);
    qsort(items, count, sizeof *items, newest_first);
    for (size_t i = 0; i < count; i++)
        json_array_append(sorted, items[i]);
    free(items);
    json_decref(*list);
    *list = sorted;
    return STATUS_OK;
}

enum status alarm_list(struct replica *replica, const char *since, json_t **list, struct error *err)
{
    const struct schema_table *table = access_table(replica_schema(replica));
    const struct schema_watch *watch = table ? &table->watch : NULL;
    enum status status = STATUS_OK;
    uint64_t shortages = json_shortages();
    *list = json_array();
    if (watch)
        status = tell_notes(replica, watch, since, *list, err);
    if (watch && watch->aside && status == STATUS_OK)
        status = tell_aside(replica, watch, since, *list, err);
    if (status == STATUS_OK)
        status = json_whole(shortages, err);
    if (status == STATUS_OK)
        status = sort_list(list, err);
    if (status == STATUS_OK)
        return STATUS_OK;
    json_decref(*list);
    *list = NULL;
    return status;
}

enum status alarm_recent(struct replica *replica, json_t **list, struct error *err)
{
    char day[32];
    if (!time_format_local(clock_wall_ms(replica_clock(replica)) - ALARM_DAYS * DAY_MS, day))
        return error_set(err, STATUS_BAD_INPUT, "this machine's clock shows no time");
    day[DAY_BYTES] = '\0';
    return alarm_list(replica, day, list, err);
}
