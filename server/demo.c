#include "server/demo.h"

#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "server/roster.h"

#define BATCH_ROWS 200 /* of one entry */
#define BATCH_DAYS 7   /* that one entry may stand for */
#define COMMIT_ROWS 20000
#define DAY_MS ((int64_t)86400 * 1000)
#define MORNING_MS ((int64_t)9 * 3600 * 1000)

struct pending {
    struct buffer values;
    struct change_field fields[SCHEMA_FIELDS_MAX];
    size_t ends[SCHEMA_FIELDS_MAX];
    size_t fields_count;
};

struct filling {
    struct hub *hub;
    struct demo_clock *clock;
    const struct schema *schema;
    const uint32_t *numbers; /* of orgs, by place */
    struct demo_counts *counts;
    uint64_t committed;
    struct pending rows[BATCH_ROWS];
    struct change changes[BATCH_ROWS];
    struct saved saved[BATCH_ROWS];
    size_t rows_count;
    int64_t written_ms; /* of the batch */
};

/* ---- the clock ---- */

static int64_t demo_wall(void *context)
{
    return ((struct demo_clock *)context)->now_ms;
}

static uint64_t demo_mono(void *context)
{
    return clock_mono_ms(&((struct demo_clock *)context)->system);
}

struct clock demo_clock_of(struct demo_clock *clock)
{
    clock->system = clock_system();
    clock->now_ms = clock_wall_ms(&clock->system);
    return (struct clock){demo_wall, demo_mono, clock};
}

/* ---- a batch ---- */

static enum status flush(struct filling *filling, struct error *err)
{
    size_t entries = 0, failed = 0;
    if (filling->rows_count == 0)
        return STATUS_OK;
    filling->clock->now_ms = filling->written_ms;
    TRY(replica_save(filling->hub->replica, filling->changes, filling->rows_count, filling->saved,
                     &entries, &failed, err));
    filling->counts->rows += filling->rows_count;
    filling->counts->entries += entries;
    filling->rows_count = 0;
    if (filling->counts->rows - filling->committed < COMMIT_ROWS)
        return STATUS_OK;
    filling->committed = filling->counts->rows;
    TRY(replica_commit(filling->hub->replica, err));
    return replica_begin(filling->hub->replica, err);
}

static enum status put_value(const struct filling *filling, const struct schema_field *field,
                             const char *text, struct buffer *out, struct error *err)
{
    if (field->merge != MERGE_SET)
        return field_parse(filling->schema, field, text, out, err);
    /* One element is added, none removed. */
    enum status status = pack_array(out, 2);
    if (status == STATUS_OK)
        status = pack_array(out, 1);
    if (status != STATUS_OK)
        return error_set(err, status, "out of memory");
    TRY(field_parse(filling->schema, field, text, out, err));
    return pack_array(out, 0) == STATUS_OK ? STATUS_OK
                                           : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static enum status take_fields(const struct filling *filling, const struct schema_table *table,
                               const struct demo_row *row, struct pending *pending,
                               struct error *err)
{
    buffer_clear(&pending->values);
    pending->fields_count = 0;
    for (size_t i = 0; i < table->fields_count; i++) {
        const struct schema_field *field = &table->fields[i];
        const char *text = json_string_value(json_object_get(row->fields, field->name));
        if (!text)
            continue;
        TRY(put_value(filling, field, text, &pending->values, err));
        pending->ends[pending->fields_count] = pending->values.size;
        pending->fields[pending->fields_count++] =
            (struct change_field){.field = field->number, .has_bases = row->apart};
    }
    if (pending->fields_count != json_object_size(row->fields))
        return error_set(err, STATUS_BAD_INPUT, "the demo names a field that '%s' has not",
                         table->name);
    for (size_t i = 0; i < pending->fields_count; i++) {
        size_t from = i ? pending->ends[i - 1] : 0;
        pending->fields[i].value = bytes_of(pending->values.data + from, pending->ends[i] - from);
    }
    return STATUS_OK;
}

static int64_t moment_of(const struct demo_row *row, const struct demo_clock *clock)
{
    int64_t moment;
    if (row->at && time_of_day_start(row->at, &moment))
        return moment + MORNING_MS;
    return clock_wall_ms(&clock->system);
}

static bool fits(const struct filling *filling, uint32_t table, int64_t written_ms)
{
    int64_t gap = written_ms - filling->written_ms;
    return filling->rows_count == 0 ||
           (filling->rows_count < BATCH_ROWS && filling->changes[0].table == table &&
            gap > -BATCH_DAYS * DAY_MS && gap < BATCH_DAYS * DAY_MS);
}

/* A row goes where its scope field says; else to the org that it was made for. */
static enum status take_row(void *context, const struct demo_org *org, const struct demo_row *row,
                            struct error *err)
{
    struct filling *filling = context;
    const struct schema_table *table = schema_table_named(filling->schema, row->table);
    if (!table)
        return error_set(err, STATUS_BAD_INPUT, "there is no table '%s'", row->table);
    int64_t written_ms = moment_of(row, filling->clock);
    if (!fits(filling, table->number, written_ms))
        TRY(flush(filling, err));
    if (filling->rows_count == 0)
        filling->written_ms = written_ms;
    uint32_t number = filling->numbers[org->place];
    uint32_t own = table->reaches_below ? SCOPE_BELOW(number) : SCOPE_RECORDS(number);
    struct pending *pending = &filling->rows[filling->rows_count];
    TRY(take_fields(filling, table, row, pending, err));
    filling->changes[filling->rows_count++] =
        (struct change){.kind = row->apart ? CHANGE_SET : CHANGE_ADD,
                        .table = table->number,
                        .id = row->id,
                        .scope = table->scope_field || row->apart ? 0 : own,
                        .fields = pending->fields,
                        .fields_count = pending->fields_count};
    return STATUS_OK;
}

/* ---- orgs ---- */

static enum status write_orgs(struct hub *hub, struct demo_source *source, uint32_t *numbers,
                              struct error *err)
{
    struct replica *replica = hub->replica;
    if (registry_orgs_count(replica_registry(replica)) > 1)
        return error_set(err, STATUS_EXISTS, "the hub has orgs already");
    numbers[0] = ORG_ROOT;
    for (size_t i = 1; i < demo_source_orgs_count(source); i++) {
        const struct demo_org *org = demo_source_org(source, i);
        struct org made = {.number = registry_next_org(replica_registry(replica)),
                           .parent = numbers[org->parent],
                           .id = org->id};
        numbers[i] = made.number;
        TRY(roster_write_org(replica, &made, org->kind, org->name, err));
    }
    return hub_raise_beacon(hub, err);
}

/* ---- all of it ---- */

static enum status fill(struct filling *filling, struct demo_source *source, uint32_t *numbers,
                        struct error *err)
{
    TRY(write_orgs(filling->hub, source, numbers, err));
    filling->counts->orgs = demo_source_orgs_count(source) - 1;
    for (size_t i = 0; i < demo_source_orgs_count(source); i++) {
        TRY(demo_source_rows(source, demo_source_org(source, i), take_row, filling, err));
        TRY(flush(filling, err));
    }
    return STATUS_OK;
}

enum status demo_fill(struct hub *hub, struct demo_clock *clock, struct demo_source *source,
                      struct demo_counts *counts, struct error *err)
{
    uint32_t *numbers = calloc(demo_source_orgs_count(source), sizeof *numbers);
    struct filling *filling = calloc(1, sizeof *filling);
    enum status status = numbers && filling ? replica_begin(hub->replica, err)
                                            : error_set(err, STATUS_NO_MEMORY, "out of memory");
    *counts = (struct demo_counts){0};
    if (status == STATUS_OK) {
        filling->hub = hub;
        filling->clock = clock;
        filling->schema = replica_schema(hub->replica);
        filling->numbers = numbers;
        filling->counts = counts;
        status = fill(filling, source, numbers, err);
        if (status == STATUS_OK)
            status = replica_commit(hub->replica, err);
        else
            replica_rollback(hub->replica);
    }
    for (size_t i = 0; filling && i < BATCH_ROWS; i++)
        buffer_release(&filling->rows[i].values);
    free(filling);
    free(numbers);
    return status;
}
