#include "common/access.h"

#include <stdio.h>
#include <string.h>

#include "common/mutant.h"

#define FIELDS_MAX 5

static const struct schema_table *access_table(const struct schema *schema)
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
    char rows[24], now[32];
    snprintf(rows, sizeof rows, "%llu", (unsigned long long)access->rows);
    if (!time_format_local(clock_wall_ms(replica_clock(replica)), now))
        return error_set(err, STATUS_BAD_INPUT, "this machine's clock shows no time");
    TRY(put(note, "at", now, err));
    TRY(put(note, "action", access->action, err));
    TRY(put(note, "table", access->table, err));
    TRY(put(note, "rows", rows, err));
    return put(note, "purpose", access->purpose, err);
}

enum status access_note(struct replica *replica, const struct access *access, struct error *err)
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
                            .fields = note.fields,
                            .fields_count = note.count};
    if (status == STATUS_OK)
        status = replica_save(replica, &change, 1, &saved, &entries, &failed, err);
    for (size_t i = 0; i < FIELDS_MAX; i++)
        buffer_release(&note.values[i]);
    return status;
}
