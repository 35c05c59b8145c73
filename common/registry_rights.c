/* May this entry count? (registry_permits) and may this device read? (registry_may_read) */

#include <string.h>

#include "common/dots.h"
#include "common/mutant.h"
#include "common/pack.h"
#include "common/registry_state.h"
#include "common/steps.h"
#include "common/tombstone.h"

/* registry_within, or what it would say if rivals of orgs counted. */
typedef bool relation(const struct registry *registry, uint32_t ancestor, uint32_t org);

static bool ever_within(const struct registry *registry, uint32_t ancestor, uint32_t org)
{
    return registry_check_ever_within(registry, ancestor, org, NULL) == STATUS_OK;
}

static bool certificate_reads(const struct registry *registry,
                              const struct certificate *certificate, uint32_t scope,
                              relation *within)
{
    uint32_t org = SCOPE_ORG(scope);
    bool reaches_below = SCOPE_IS_REGISTRY(scope) || SCOPE_IS_BELOW(scope);
    if (!reaches_below && !SCOPE_IS_RECORDS(scope))
        return false;
    /* Who loses rights by an org of the same number has to hear of it. */
    if (SCOPE_IS_REGISTRY(scope))
        within = ever_within;
    if (certificate->role == ROLE_HUB || within(registry, certificate->org, org))
        return true;
    return reaches_below && within(registry, org, certificate->org);
}

bool registry_may_read(const struct registry *registry, uint32_t device, uint32_t scope)
{
    const struct device *reader = registry_device(registry, device);
    return reader && registry_device_state(registry, reader) == DEVICE_ACTIVE &&
           certificate_reads(registry, &reader->certificate, scope, registry_within);
}

bool registry_reaches(const struct registry *registry, uint32_t device, uint32_t scope)
{
    const struct device *reader = registry_device(registry, device);
    return reader && certificate_reads(registry, &reader->certificate, scope, registry_within);
}

bool registry_may_have_read(const struct registry *registry, uint32_t device, uint32_t scope)
{
    const struct device_record *record = registry_record(registry, device);
    if (!record || registry_device_state(registry, &record->device) != DEVICE_ACTIVE)
        return false;
    for (size_t i = 0; i < record->older_count && !MUTANT("moved-carries-nothing"); i++)
        if (certificate_reads(registry, &record->older[i], scope, ever_within))
            return true;
    return certificate_reads(registry, &record->device.certificate, scope, ever_within);
}

bool registry_may_have_written(const struct registry *registry, const struct feed_id *feed)
{
    const struct device_record *record = registry_record(registry, feed->device);
    bool admits = SCOPE_IS_REGISTRY(feed->scope);
    for (size_t i = 0; record && i <= record->older_count; i++) {
        const struct certificate *certificate =
            i == 0 ? &record->device.certificate : &record->older[i - 1];
        if (certificate->role == ROLE_HUB ||
            (ever_within(registry, certificate->org, SCOPE_ORG(feed->scope)) &&
             (!admits || role_may_admit(certificate->role, ROLE_VOLUNTEER))))
            return true;
    }
    return record == NULL || MUTANT("t27-hub-takes-anything");
}

uint32_t table_scope(const struct schema_table *table, uint32_t org)
{
    return table->reaches_below ? SCOPE_BELOW(org) : SCOPE_RECORDS(org);
}

/* One op under judgement. */
struct judgement {
    const struct schema_table *table;
    const struct entry_view *entry;
    const struct op *op;
    uint32_t role_bit;
};

static enum status not_a_set(const struct schema_field *field, struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT, "field '%s': not a set", field->name);
}

/* The elements that are added, or those that are removed with the dots they had. They ascend. */
static enum status check_elements(const struct schema_field *field, struct unpack *in,
                                  uint32_t count, struct entry_view *removed, struct error *err)
{
    uint32_t parts, at, dots;
    struct bytes before = {0}, element;
    for (uint32_t i = 0; i < count; i++) {
        if (removed && (!unpack_array(in, &parts) || parts != 2))
            return not_a_set(field, err);
        if (!unpack_value(in, &element) || (i > 0 && bytes_compare(before, element) >= 0))
            return not_a_set(field, err);
        TRY(field_check(field, element, false, err));
        before = element;
        if (!removed)
            continue;
        removed->dots_count = 0;
        TRY(dots_take(removed, in, &at, &dots, err));
    }
    return STATUS_OK;
}

/* As strict as entry_decode_set, which has to follow without fail. */
static enum status check_set(const struct judgement *judgement, const struct schema_field *field,
                             struct bytes value, struct error *err)
{
    struct unpack in = unpack_of(value);
    struct entry_view scratch = {.feed = judgement->entry->feed};
    uint32_t parts, added, removed;
    if (!unpack_array(&in, &parts) || parts != 2 || !unpack_array(&in, &added))
        return not_a_set(field, err);
    if (added > ENTRY_ELEMENTS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "more than %d elements of a set",
                         ENTRY_ELEMENTS_MAX);
    TRY(check_elements(field, &in, added, NULL, err));
    if (!unpack_array(&in, &removed))
        return not_a_set(field, err);
    if (removed > ENTRY_ELEMENTS_MAX - added)
        return error_set(err, STATUS_TOO_LARGE, "more than %d elements of a set",
                         ENTRY_ELEMENTS_MAX);
    enum status status = check_elements(field, &in, removed, &scratch, err);
    entry_view_release(&scratch);
    if (status == STATUS_OK && !unpack_done(&in))
        return not_a_set(field, err);
    return status;
}

static const struct op_field *find_field(const struct judgement *judgement, uint16_t number)
{
    const struct op_field *fields = judgement->entry->fields + judgement->op->fields_at;
    for (uint32_t i = 0; i < judgement->op->fields_count; i++)
        if (fields[i].number == number)
            return &fields[i];
    return NULL;
}

static bool same_bases(const struct entry_view *entry, const struct op_field *a,
                       const struct op_field *b)
{
    if (a->bases_count != b->bases_count)
        return false;
    for (uint32_t i = 0; i < a->bases_count; i++)
        if (!dot_equal(&entry->dots[a->bases_at + i], &entry->dots[b->bases_at + i]))
            return false;
    return true;
}

/* All fields of a group or none, with the same bases. */
static enum status check_group(const struct judgement *judgement, const struct schema_field *field,
                               const struct op_field *written, struct error *err)
{
    for (size_t i = 0; i < judgement->table->fields_count; i++) {
        const struct schema_field *other = &judgement->table->fields[i];
        if (other->group != field->group)
            continue;
        const struct op_field *partner = find_field(judgement, other->number);
        if (!partner || !same_bases(judgement->entry, written, partner))
            return error_set(err, STATUS_DENIED, "the group of field '%s' is written in part",
                             field->name);
    }
    return STATUS_OK;
}

static enum status check_deleted(const struct op_field *written, struct error *err)
{
    if (tombstone_valid(written->value))
        return STATUS_OK;
    return error_set(err, STATUS_BAD_INPUT, "the deletion mark is none");
}

static enum status check_field(const struct judgement *judgement, const struct op_field *written,
                               struct error *err)
{
    if (written->number == FIELD_DELETED)
        return check_deleted(written, err);
    const struct schema_field *field = table_field(judgement->table, written->number);
    if (!field)
        return error_set(err, STATUS_DENIED, "table '%s' has no field %u", judgement->table->name,
                         written->number);
    if (!(field->write_roles & judgement->role_bit) && !MUTANT("t27-role-of-field-unchecked"))
        return error_set(err, STATUS_DENIED, "this role may not write field '%s' of '%s'",
                         field->name, judgement->table->name);
    if (field->merge == MERGE_APPEND && written->bases_count > 0 && !MUTANT("t27-append-rewritten"))
        return error_set(err, STATUS_DENIED, "field '%s' of '%s' is written once only", field->name,
                         judgement->table->name);
    if (field->merge == MERGE_STEPS)
        TRY(steps_check_role(judgement->table, field, written->value, judgement->role_bit, err));
    if (field->group)
        TRY(check_group(judgement, field, written, err));
    return field->merge == MERGE_SET ? check_set(judgement, field, written->value, err)
                                     : field_check(field, written->value, false, err);
}

/* Rows of a natural key carry it in their id. */
static enum status check_key(const struct judgement *judgement, struct error *err)
{
    const struct schema_table *table = judgement->table;
    struct bytes values[SCHEMA_KEY_MAX] = {{0}};
    size_t present = 0;
    if (table->key_fields_count == 0)
        return STATUS_OK;
    for (size_t i = 0; i < table->key_fields_count; i++) {
        const struct op_field *written = find_field(judgement, table->key_fields[i]);
        if (written) {
            values[i] = written->value;
            present++;
        }
    }
    if (present == 0)
        return STATUS_OK;
    struct id id;
    TRY(table_natural_id(table, values, &id, err));
    if (!id_equal(&id, &judgement->op->row) && !MUTANT("t27-key-is-not-the-id"))
        return error_set(err, STATUS_DENIED, "the key of a row of '%s' is not its id", table->name);
    return STATUS_OK;
}

static enum status judge_op(const struct judgement *judgement, struct error *err)
{
    const struct op *op = judgement->op;
    uint32_t scope = judgement->entry->feed.scope;
    if (!(judgement->table->write_roles & judgement->role_bit) && !MUTANT("t27-role-unchecked"))
        return error_set(err, STATUS_DENIED, "this role may not write table '%s'",
                         judgement->table->name);
    if (scope != table_scope(judgement->table, SCOPE_ORG(scope)))
        return error_set(err, STATUS_DENIED, "rows of '%s' don't stand in this part of an org",
                         judgement->table->name);
    for (uint32_t i = 0; i < op->fields_count; i++)
        TRY(check_field(judgement, &judgement->entry->fields[op->fields_at + i], err));
    return check_key(judgement, err);
}

static enum status check_standing(const struct device_record *record, const struct dot *dot,
                                  struct error *err)
{
    switch (device_standing(record, dot)) {
    case STANDS_BEYOND:
        return error_set(err, STATUS_DENIED, "device %u was revoked before it wrote this",
                         dot->feed.device);
    case STANDS_ELSEWHERE:
        return error_set(err, STATUS_DENIED,
                         "device %u was revoked, and this isn't what it had written by then",
                         dot->feed.device);
    case STANDS_WAITING:
        return error_set(err, STATUS_UNKNOWN,
                         "device %u was revoked, and not all that it had written is here yet",
                         dot->feed.device);
    default:
        return STATUS_OK;
    }
}

static enum status check_writer(const struct registry *registry, const struct dot *dot,
                                const struct certificate **writer, struct error *err)
{
    const struct device_record *record = registry_record(registry, dot->feed.device);
    if (!record)
        return error_set(err, STATUS_DENIED, "device %u is not in the registry", dot->feed.device);
    if (SCOPE_IS_REGISTRY(dot->feed.scope) || SCOPE_ORG(dot->feed.scope) == 0)
        return error_set(err, STATUS_DENIED, "records can't stand in the registry");
    TRY(check_standing(record, dot, err));
    *writer = device_certificate_at(record, &dot->feed, dot->number);
    if (!*writer)
        return error_set(err, STATUS_DENIED, "the certificate of device %u begins later",
                         dot->feed.device);
    if ((*writer)->role == ROLE_HUB)
        return STATUS_OK;
    if (certificate_void(registry, *writer))
        return error_set(err, STATUS_DENIED,
                         "device %u was admitted by a device that had been revoked",
                         dot->feed.device);
    if (MUTANT("t27-scope-unchecked"))
        return STATUS_OK;
    return registry_check_within(registry, (*writer)->org, SCOPE_ORG(dot->feed.scope), err);
}

static enum status judge_ops(struct judgement *judgement, const struct schema *schema,
                             struct error *err)
{
    for (size_t i = 0; i < judgement->entry->ops_count; i++) {
        judgement->op = &judgement->entry->ops[i];
        judgement->table = schema_table(schema, judgement->op->table);
        if (!judgement->table)
            return error_set(err, STATUS_DENIED, "table %u is not in the schema",
                             judgement->op->table);
        TRY(judge_op(judgement, err));
    }
    return STATUS_OK;
}

/* The schema that the writer had: its rights judge the entry, whatever was changed since
 * (docs/decisions/0004-judged-by-its-epoch.md). */
static enum status schema_of_writer(const struct registry *registry, uint32_t epoch,
                                    const struct schema **schema, struct error *err)
{
    uint32_t first = registry->schemas_count ? registry->schemas[0]->epoch : 0;
    if (registry->schemas_count == 0 || epoch > registry_schema(registry)->epoch)
        return error_set(err, STATUS_UNKNOWN, "schema epoch %u is not known yet", epoch);
    if (epoch < first)
        return error_set(err, STATUS_DENIED, "there never was a schema epoch %u", epoch);
    *schema = registry->schemas[epoch - first];
    return STATUS_OK;
}

enum status registry_permits(const struct registry *registry, const struct dot *dot,
                             const struct entry_view *entry, struct error *err)
{
    const struct certificate *writer = NULL;
    const struct schema *schema = NULL;
    TRY(check_writer(registry, dot, &writer, err));
    if (entry->head.has_origin && entry->head.origin.feed.scope != dot->feed.scope &&
        writer->role != ROLE_HUB)
        return error_set(err, STATUS_DENIED, "only the hub carries rows from one org to another");
    TRY(schema_of_writer(registry, entry->head.epoch, &schema, err));
    struct judgement judgement = {.entry = entry, .role_bit = ROLE_BIT(writer->role)};
    return judge_ops(&judgement, schema, err);
}
