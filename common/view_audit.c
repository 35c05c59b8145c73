/* Who did what and when: the whole log, registry and records alike, as one list. */

#include <sqlite3.h>
#include <stdlib.h>

#include "common/mutant.h"
#include "common/pack.h"
#include "common/view.h"

/* One entry, before anybody looks inside. */
struct item {
    int64_t time_ms;
    struct dot dot;
};
struct items {
    struct item *items;
    size_t count, capacity;
};

static enum status add(struct items *items, const struct dot *dot, int64_t time_ms,
                       struct error *err)
{
    if (items->count == items->capacity) {
        size_t capacity = items->capacity ? items->capacity * 2 : 256;
        struct item *grown = realloc(items->items, capacity * sizeof *grown);
        if (!grown)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        items->items = grown;
        items->capacity = capacity;
    }
    items->items[items->count++] = (struct item){time_ms, *dot};
    return STATUS_OK;
}

static enum status collect_feed(struct replica *replica, const struct view_audit_query *query,
                                const struct frontier_row *row, struct items *items,
                                struct error *err)
{
    struct buffer body = {0};
    struct entry_head head;
    enum status status = STATUS_OK;
    for (uint64_t number = 1; number <= row->number && status == STATUS_OK; number++) {
        struct dot dot = {row->feed, number};
        buffer_clear(&body);
        status = replica_aside_body(replica, &dot, &body, err);
        if (status == STATUS_OK &&
            entry_decode_head(&head, buffer_bytes(&body), NULL) == STATUS_OK &&
            head.time_ms >= query->since_ms)
            status = add(items, &dot, head.time_ms, err);
    }
    buffer_release(&body);
    return status;
}

static int newest_first(const void *a, const void *b)
{
    const struct item *left = a, *right = b;
    if (left->time_ms != right->time_ms)
        return left->time_ms > right->time_ms ? -1 : 1;
    return -dot_compare(&left->dot, &right->dot);
}

/* ---- what an entry did ---- */

static const char *registry_action(const struct entry_view *view)
{
    static const char *const names[] = {
        [REGISTRY_NETWORK] = "root",        [REGISTRY_ORG] = "org",
        [REGISTRY_DEVICE] = "enrol",        [REGISTRY_SCHEMA] = "schema",
        [REGISTRY_LINK_KEY] = "link_key",   [REGISTRY_REVOCATION] = "revoke",
        [REGISTRY_SCOPE_KEY] = "scope_key", [REGISTRY_GRANT] = "grant",
        [REGISTRY_ERASURE] = "erase",       [REGISTRY_LAPSE] = "lapse"};
    uint32_t table = view->ops_count > 0 ? view->ops[0].table : 0;
    if (table == REGISTRY_DEVICE && MUTANT("t24-enrolment-not-in-audit"))
        return "registry";
    if (view->ops_count > 1)
        return "found";
    return table < sizeof names / sizeof names[0] && names[table] ? names[table] : "registry";
}

/* A new row has all that its table requires; to write in an empty field replaces nothing, too. */
static bool is_whole(const struct schema_table *table, const struct entry_view *view,
                     const struct op *op)
{
    for (size_t i = 0; i < table->fields_count; i++) {
        bool written = !table->fields[i].required;
        for (uint32_t k = 0; k < op->fields_count && !written; k++)
            written = view->fields[op->fields_at + k].number == table->fields[i].number;
        if (!written)
            return false;
    }
    return true;
}

/* A field that replaces several values at once ends a conflict; field 0 is a deletion. */
static const char *record_action(const struct replica *replica, const struct entry_view *view)
{
    const struct op *op = &view->ops[0];
    const struct schema *schema = replica_schema(replica);
    const struct schema_table *table = schema ? schema_table(schema, op->table) : NULL;
    struct moved moved;
    bool replaces = false;
    if (view->head.has_origin)
        return view->head.origin.feed.scope == view->feed.scope ? "adopt" : "carry";
    if (table && table->records_access)
        return "access";
    for (uint32_t i = 0; i < op->fields_count; i++) {
        const struct op_field *field = &view->fields[op->fields_at + i];
        const struct schema_field *known = table ? table_field(table, field->number) : NULL;
        if (field->number == FIELD_DELETED)
            return tombstone_moved(field->value, &moved) ? "move" : "delete";
        if (field->bases_count > 1 && known && known->merge != MERGE_SET)
            return "settle";
        replaces |= field->bases_count > 0;
    }
    return replaces || (table && !is_whole(table, view, op)) ? "change" : "add";
}

static json_t *access_fields(struct replica *replica, const struct entry_view *view)
{
    const struct op *op = &view->ops[0];
    const struct schema_table *table = schema_table(replica_schema(replica), op->table);
    json_t *fields = json_object();
    for (uint32_t i = 0; i < op->fields_count; i++) {
        const struct op_field *written = &view->fields[op->fields_at + i];
        const struct schema_field *field = table_field(table, written->number);
        struct seal_place place = {op->table, op->row, written->number};
        json_t *value = NULL;
        if (field &&
            view_written(replica, &place, field, written->value, &value, NULL) == STATUS_OK)
            json_object_set_new(fields, field->name, value);
    }
    return fields;
}

/* Whom a registry entry is about: the person of the device, or nobody. */
static void put_subject(struct replica *replica, const struct entry_view *view, json_t *item)
{
    const struct registry *registry = replica_registry(replica);
    const struct device *device = registry_device_by_id(registry, &view->ops[0].row);
    const struct org *org = registry_org_by_id(registry, &view->ops[0].row);
    if (device)
        json_object_set_new(item, "subject", json_string(device->certificate.person_name));
    else if (org)
        json_object_set_new(item, "subject", json_string(org->name));
}

static void put_rows(struct replica *replica, const struct entry_view *view, json_t *item)
{
    const struct schema *schema = replica_schema(replica);
    const struct schema_table *table = schema ? schema_table(schema, view->ops[0].table) : NULL;
    char id[ID_TEXT_BYTES];
    id_format(&view->ops[0].row, id);
    json_object_set_new(item, "table", table ? json_string(table->name) : json_null());
    json_object_set_new(item, "id", json_string(id));
    json_object_set_new(item, "ops", json_integer((json_int_t)view->ops_count));
    if (table && table->records_access)
        json_object_set_new(item, "access", access_fields(replica, view));
}

/* ---- the list ---- */

static enum status is_set_aside(struct replica *replica, sqlite3_stmt *find, const struct dot *dot,
                                bool *aside, struct error *err)
{
    enum status status = STATUS_OK;
    sqlite3_reset(find);
    sqlite3_bind_int64(find, 1, dot->feed.scope);
    sqlite3_bind_int64(find, 2, dot->feed.device);
    sqlite3_bind_int64(find, 3, dot->feed.incarnation);
    sqlite3_bind_int64(find, 4, (int64_t)dot->number);
    *aside = replica_step(replica, find, &status, err);
    return status;
}

static void put_org(struct replica *replica, const struct dot *dot, json_t *item)
{
    const struct org *org = registry_org(replica_registry(replica), SCOPE_ORG(dot->feed.scope));
    json_object_set_new(item, "org", org ? json_string(org->name) : json_null());
}

static enum status tell(struct replica *replica, const struct item *entry, json_t *item,
                        struct error *err)
{
    struct entry_view view = {0};
    struct buffer body = {0};
    bool registry = SCOPE_IS_REGISTRY(entry->dot.feed.scope);
    const struct device *device =
        registry_device(replica_registry(replica), entry->dot.feed.device);
    enum status status = replica_aside_body(replica, &entry->dot, &body, err);
    bool decoded = status == STATUS_OK;
    if (decoded)
        status = entry_decode(&view, &entry->dot.feed, buffer_bytes(&body), err);
    decoded = decoded && status == STATUS_OK && view.ops_count > 0;
    /* What can't be made out is listed as such; what the disk kept back may be there. */
    if (status != STATUS_NO_MEMORY && status != STATUS_STORAGE && status != STATUS_DISK_FULL &&
        status != STATUS_BUSY)
        status = STATUS_OK;
    struct id person = view.head.has_person ? view.head.person
                       : device             ? device->certificate.person
                                            : (struct id){{0}};
    const char *action = !decoded   ? "unreadable"
                         : registry ? registry_action(&view)
                                    : record_action(replica, &view);
    json_object_set_new(item, "action", json_string(action));
    put_org(replica, &entry->dot, item);
    if (decoded && registry)
        put_subject(replica, &view, item);
    else if (decoded)
        put_rows(replica, &view, item);
    if (status == STATUS_OK)
        status = view_origin(replica, item, &entry->dot, &person, entry->time_ms, err);
    entry_view_release(&view);
    buffer_release(&body);
    return status;
}

static enum status tell_all(struct replica *replica, const struct items *items, size_t most,
                            json_t *list, struct error *err)
{
    sqlite3_stmt *find = NULL;
    struct sqlite3 *database = replica_database(replica);
    enum status status = STATUS_OK;
    if (sqlite3_prepare_v2(database,
                           "SELECT 1 FROM _set_aside WHERE scope = ? AND device = ? AND "
                           "incarnation = ? AND number = ?",
                           -1, &find, NULL) != SQLITE_OK)
        return error_set(err, STATUS_STORAGE, "cannot read what was set aside: %s",
                         sqlite3_errmsg(database));
    for (size_t i = 0; i < items->count && i < most && status == STATUS_OK; i++) {
        json_t *item = json_object();
        bool aside = false;
        json_array_append_new(list, item);
        status = is_set_aside(replica, find, &items->items[i].dot, &aside, err);
        if (status == STATUS_OK)
            status = tell(replica, &items->items[i], item, err);
        json_object_set_new(item, "state", json_string(aside ? "set_aside" : "counts"));
    }
    sqlite3_finalize(find);
    return status;
}

enum status view_audit(struct replica *replica, const struct view_audit_query *query, json_t **list,
                       struct error *err)
{
    const struct frontier *all = replica_frontier(replica);
    struct items items = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < all->count && status == STATUS_OK; i++)
        if (query->device == 0 || all->rows[i].feed.device == query->device)
            status = collect_feed(replica, query, &all->rows[i], &items, err);
    if (items.count > 1)
        qsort(items.items, items.count, sizeof *items.items, newest_first);
    *list = json_array();
    size_t most = query->limit > 0 ? (size_t)query->limit : items.count;
    if (status == STATUS_OK)
        status = tell_all(replica, &items, most, *list, err);
    free(items.items);
    if (status == STATUS_OK)
        return STATUS_OK;
    json_decref(*list);
    *list = NULL;
    return status;
}
