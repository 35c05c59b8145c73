/* Fields with several values that wait for somebody. Whatever a device writes into one, the list
 * stays short: of each writer the newest values, and how many there are. */

#include <sqlite3.h>
#include <string.h>

#include "common/seal.h"
#include "common/view.h"
#include "common/view_reader.h"

/* One writer's values of one field. */
static const char groups_sql[] =
    "SELECT g.table_no, g.row, g.scope, g.field, g.feed, g.count, f.scope, f.device, f.incarnation"
    " FROM (SELECT table_no, row, scope, field, feed, count(*) AS count FROM _head"
    " WHERE conflict <> 0 AND conflict = 1 GROUP BY table_no, row, scope, field, feed) g"
    " JOIN _feed f ON f.id = g.feed"
    " ORDER BY g.table_no, g.row, g.scope, g.field, f.device, f.incarnation, f.scope";
static const char heads_sql[] =
    "SELECT value, time_ms, person, number FROM (SELECT value, time_ms, person, number FROM _head"
    " WHERE table_no = ? AND row = ? AND scope = ? AND field = ? AND feed = ? AND conflict <> 0"
    " ORDER BY number DESC LIMIT ?) ORDER BY number";

struct listing {
    struct replica *replica;
    sqlite3_stmt *groups, *heads;
    json_t *list;
    json_t *conflict; /* the last of the list, borrowed */
    const struct schema_table *table;
    const struct schema_field *field; /* NULL: the tombstone */
    int64_t scope;
    struct id row;
    struct feed_id feed;
};

static void column_id(sqlite3_stmt *statement, int column, struct id *id)
{
    *id = (struct id){{0}};
    if (sqlite3_column_bytes(statement, column) == ID_BYTES)
        memcpy(id->bytes, sqlite3_column_blob(statement, column), ID_BYTES);
}

/* The place that the group belongs to; false: the schema doesn't know it. Begins a new conflict
 * where it is another place than the one before. */
static bool turn_to_group(struct listing *listing)
{
    sqlite3_stmt *group = listing->groups;
    const struct schema *schema = replica_schema(listing->replica);
    const struct schema_table *table = schema_table(schema, (uint32_t)sqlite3_column_int(group, 0));
    uint32_t number = (uint32_t)sqlite3_column_int(group, 3);
    const struct schema_field *field = table && number ? table_field(table, number) : NULL;
    int64_t scope = sqlite3_column_int64(group, 2);
    struct id row;
    char text[ID_TEXT_BYTES];
    if (!table || (number && !field))
        return false;
    column_id(group, 1, &row);
    listing->feed = (struct feed_id){(uint32_t)sqlite3_column_int64(group, 6),
                                     (uint32_t)sqlite3_column_int64(group, 7),
                                     (uint32_t)sqlite3_column_int64(group, 8)};
    if (listing->conflict && listing->table == table && listing->field == field &&
        listing->scope == scope && id_equal(&row, &listing->row))
        return true;
    listing->table = table;
    listing->field = field;
    listing->scope = scope;
    listing->row = row;
    id_format(&row, text);
    listing->conflict = json_pack("{ss ss ss si s[]}", "table", table->name, "id", text, "field",
                                  view_field_name(field), "heads_count", 0, "heads");
    json_array_append_new(listing->list, listing->conflict);
    return true;
}

static enum status add_head(struct listing *listing, struct error *err)
{
    sqlite3_stmt *head = listing->heads;
    struct dot dot = {listing->feed, (uint64_t)sqlite3_column_int64(head, 3)};
    struct bytes packed =
        bytes_of(sqlite3_column_blob(head, 0), (size_t)sqlite3_column_bytes(head, 0));
    struct seal_place place = {listing->table->number, listing->row,
                               listing->field ? listing->field->number : FIELD_DELETED};
    struct id person;
    json_t *value;
    TRY(view_written(listing->replica, &place, listing->field, packed, &value, err));
    json_t *item = json_object();
    json_object_set_new(item, "value", value);
    column_id(head, 2, &person);
    json_array_append_new(json_object_get(listing->conflict, "heads"), item);
    return view_origin(listing->replica, item, &dot, &person, sqlite3_column_int64(head, 1), err);
}

static enum status cannot_read(struct listing *listing, struct error *err)
{
    return error_set(err, STATUS_STORAGE, "cannot read the conflicts: %s",
                     sqlite3_errmsg(replica_database(listing->replica)));
}

static enum status add_group(struct listing *listing, struct error *err)
{
    sqlite3_stmt *group = listing->groups, *heads = listing->heads;
    enum status status = STATUS_OK;
    int code = SQLITE_DONE;
    if (!turn_to_group(listing))
        return STATUS_OK;
    json_int_t count = json_integer_value(json_object_get(listing->conflict, "heads_count")) +
                       sqlite3_column_int64(group, 5);
    json_object_set_new(listing->conflict, "heads_count", json_integer(count));
    sqlite3_reset(heads);
    for (int i = 0; i < 5; i++)
        sqlite3_bind_value(heads, i + 1, sqlite3_column_value(group, i));
    sqlite3_bind_int(heads, 6, VIEW_HEADS_MAX);
    while (status == STATUS_OK && (code = sqlite3_step(heads)) == SQLITE_ROW)
        status = add_head(listing, err);
    if (status == STATUS_OK && code != SQLITE_DONE)
        return cannot_read(listing, err);
    return status;
}

static enum status list_all(struct listing *listing, struct error *err)
{
    sqlite3 *database = replica_database(listing->replica);
    enum status status = STATUS_OK;
    int code = SQLITE_DONE;
    if (sqlite3_prepare_v2(database, groups_sql, -1, &listing->groups, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(database, heads_sql, -1, &listing->heads, NULL) != SQLITE_OK)
        return cannot_read(listing, err);
    while (status == STATUS_OK && (code = sqlite3_step(listing->groups)) == SQLITE_ROW)
        status = add_group(listing, err);
    if (status == STATUS_OK && code != SQLITE_DONE)
        return cannot_read(listing, err);
    return status;
}

enum status view_conflicts(struct replica *replica, json_t **conflicts, struct error *err)
{
    struct listing listing = {.replica = replica, .list = json_array()};
    enum status status = list_all(&listing, err);
    sqlite3_finalize(listing.groups);
    sqlite3_finalize(listing.heads);
    if (status != STATUS_OK) {
        json_decref(listing.list);
        listing.list = NULL;
    }
    *conflicts = listing.list;
    return status;
}
