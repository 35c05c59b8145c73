#include "common/access.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/mutant.h"
#include "common/pack.h"

#define FIELDS_MAX 7

const struct schema_table *access_table(const struct schema *schema)
{
    for (size_t i = 0; schema && i < schema->tables_count; i++)
        if (schema->tables[i].records_access)
            return &schema->tables[i];
    return NULL;
}

/* One entry's fields in the making; they ascend, as replica_save wants them. */
struct note {
    const struct schema *schema;
    const struct schema_table *table;
    struct change_field fields[FIELDS_MAX];
    struct buffer values[FIELDS_MAX];
    size_t count;
};

static enum status put(struct note *note, const char *name, const char *text, struct error *err)
{
    const struct schema_field *field = table_field_named(note->table, name);
    size_t at = note->count;
    if (!field || !text || at == FIELDS_MAX)
        return STATUS_OK;
    TRY(field_parse(note->schema, field, text, &note->values[at], err));
    while (at > 0 && note->fields[at - 1].field > field->number) {
        note->fields[at] = note->fields[at - 1];
        at--;
    }
    note->fields[at] = (struct change_field){.field = field->number,
                                             .value = buffer_bytes(&note->values[note->count])};
    note->count++;
    return STATUS_OK;
}

static enum status fill(struct note *note, struct replica *replica, const struct access *access,
                        struct error *err)
{
    char rows[24], now[32], of[ID_TEXT_BYTES];
    id_format(&access->of, of);
    snprintf(rows, sizeof rows, "%llu", (unsigned long long)access->rows);
    if (!time_format_local(clock_wall_ms(replica_clock(replica)), now))
        return error_set(err, STATUS_BAD_INPUT, "this machine's clock shows no time");
    TRY(put(note, "at", now, err));
    TRY(put(note, "action", access->action, err));
    TRY(put(note, "table", access->table, err));
    TRY(put(note, "rows", rows, err));
    TRY(put(note, "purpose", access->purpose, err));
    TRY(put(note, "who", access->who, err));
    return id_is_zero(&access->of) ? STATUS_OK : put(note, "of", of, err);
}

enum status access_note_row(struct replica *replica, const struct access *access, struct id *id,
                            struct error *err)
{
    struct note note = {.schema = replica_schema(replica)};
    struct saved saved;
    size_t entries, failed;
    note.table = access_table(note.schema);
    if (!note.table || MUTANT("t32-export-not-noted"))
        return STATUS_OK;
    if (replica_identity(replica)->device == 0)
        return error_set(err, STATUS_DENIED,
                         "this device has no keys: it was revoked or never joined");
    enum status status = fill(&note, replica, access, err);
    struct change change = {.kind = CHANGE_ADD,
                            .table = note.table->number,
                            .scope = access->org ? table_scope(note.table, access->org) : 0,
                            .fields = note.fields,
                            .fields_count = note.count};
    if (status == STATUS_OK)
        status = replica_save(replica, &change, 1, &saved, &entries, &failed, err);
    if (status == STATUS_OK)
        *id = saved.id;
    for (size_t i = 0; i < FIELDS_MAX; i++)
        buffer_release(&note.values[i]);
    return status;
}

enum status access_note(struct replica *replica, const struct access *access, struct error *err)
{
    struct id id;
    return access_note_row(replica, access, &id, err);
}

/* ---- reading ---- */

struct telling {
    const struct schema_table *table;
    struct noted *noted;
};

static void take_text(struct bytes value, char *out, size_t size)
{
    struct unpack in = unpack_of(value);
    struct bytes text = {0};
    if (unpack_str(&in, &text) && text.size < size)
        memcpy(out, text.data, text.size);
}

static void take_id(struct bytes value, struct id *id)
{
    struct unpack in = unpack_of(value);
    struct bytes data;
    if (unpack_bin(&in, &data) && data.size == ID_BYTES)
        memcpy(id->bytes, data.data, ID_BYTES);
}

static enum status take_item(void *context, const struct history_item *item, struct error *err)
{
    const struct telling *telling = context;
    const struct schema_field *field = table_field(telling->table, item->field);
    struct noted *noted = telling->noted;
    struct unpack in = unpack_of(item->value);
    (void)err;
    noted->mixed |= noted->dot.number != 0 && !dot_equal(&noted->dot, &item->dot);
    noted->dot = item->dot;
    noted->time_ms = item->head.time_ms;
    noted->person = item->head.person;
    if (!field)
        return STATUS_OK;
    if (strcmp(field->name, "action") == 0)
        take_text(item->value, noted->action, sizeof noted->action);
    else if (strcmp(field->name, "table") == 0)
        take_text(item->value, noted->table, sizeof noted->table);
    else if (strcmp(field->name, "who") == 0)
        take_text(item->value, noted->who, sizeof noted->who);
    else if (strcmp(field->name, "at") == 0)
        take_text(item->value, noted->at, sizeof noted->at);
    else if (strcmp(field->name, "rows") == 0 && !unpack_uint(&in, &noted->rows))
        noted->rows = 0;
    else if (strcmp(field->name, "of") == 0)
        take_id(item->value, &noted->of);
    return STATUS_OK;
}

static enum status add_noted(struct replica *replica, const struct schema_table *table,
                             struct bytes id, struct noted_list *list, struct error *err)
{
    struct noted *grown = array_grow(list->items, list->count, &list->capacity, sizeof *grown);
    if (!grown)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    list->items = grown;
    struct noted *noted = &grown[list->count];
    struct telling telling = {table, noted};
    *noted = (struct noted){0};
    if (id.size != ID_BYTES)
        return STATUS_OK;
    memcpy(noted->id.bytes, id.data, ID_BYTES);
    TRY(replica_row_history(replica, table->number, &noted->id, take_item, &telling, err));
    list->count += noted->dot.number != 0;
    return STATUS_OK;
}

enum status access_list(struct replica *replica, const char *since, struct noted_list *list,
                        struct error *err)
{
    const struct schema_table *table = access_table(replica_schema(replica));
    sqlite3_stmt *find = NULL;
    enum status status = STATUS_OK;
    char sql[160];
    *list = (struct noted_list){0};
    if (!table || !table_field_named(table, "at"))
        return STATUS_OK;
    snprintf(sql, sizeof sql, "SELECT id FROM \"%s\" WHERE \"at\" >= ? ORDER BY \"at\", id",
             table->name);
    if (sqlite3_prepare_v2(replica_database(replica), sql, -1, &find, NULL) != SQLITE_OK)
        return replica_failed(replica, "notes of access", err);
    sqlite3_bind_text(find, 1, since, -1, SQLITE_STATIC);
    while (status == STATUS_OK && replica_step(replica, find, &status, err))
        status =
            add_noted(replica, table,
                      bytes_of(sqlite3_column_blob(find, 0), (size_t)sqlite3_column_bytes(find, 0)),
                      list, err);
    sqlite3_finalize(find);
    return status;
}

void noted_list_release(struct noted_list *list)
{
    free(list->items);
    *list = (struct noted_list){0};
}
