#include "common/view.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "common/messages.h"
#include "common/pack.h"

enum status view_begin(struct replica *replica, struct error *err)
{
    bool changed;
    if (!replica_in_transaction(replica))
        *replica_doubles_mark(replica) = 0;
    if (!replica_in_transaction(replica) &&
        sqlite3_exec(replica_database(replica), "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return error_set(err, STATUS_STORAGE, "cannot read the replica: %s",
                         sqlite3_errmsg(replica_database(replica)));
    enum status status = replica_refresh(replica, &changed, err);
    if (status == STATUS_OK && !replica_schema(replica))
        status = error_set(err, STATUS_NOT_FOUND,
                           "this replica has no schema yet: synchronise with the hub first");
    if (status != STATUS_OK)
        view_end(replica);
    return status;
}

void view_end(struct replica *replica)
{
    if (!replica_in_transaction(replica))
        sqlite3_exec(replica_database(replica), "COMMIT", NULL, NULL, NULL);
}

/* ---- names ---- */

enum status view_table(struct replica *replica, const char *name, const struct schema_table **table,
                       struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    *table = schema ? schema_table_named(schema, name) : NULL;
    if (!*table)
        return error_set(err, STATUS_NOT_FOUND, "there is no table '%s'", name);
    return STATUS_OK;
}

enum status view_field(const struct schema_table *table, const char *name,
                       const struct schema_field **field, struct error *err)
{
    *field = table_field_named(table, name);
    if (!*field)
        return error_set(err, STATUS_NOT_FOUND, "table '%s' has no field '%s'", table->name, name);
    return STATUS_OK;
}

enum status view_id(const char *text, struct id *id, struct error *err)
{
    if (!id_parse(text, id))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not an id of 32 hex digits", text);
    return STATUS_OK;
}

enum status view_org(struct replica *replica, const char *text, const struct org **org,
                     struct error *err)
{
    const struct registry *registry = replica_registry(replica);
    struct id id;
    *org = id_parse(text, &id) ? registry_org_by_id(registry, &id) : NULL;
    for (size_t i = 0; !*org && i < registry_orgs_count(registry); i++) {
        const struct org *candidate = registry_org_at(registry, i);
        if (strcmp(candidate->name, text) != 0)
            continue;
        for (size_t other = i + 1; other < registry_orgs_count(registry); other++)
            if (strcmp(registry_org_at(registry, other)->name, text) == 0)
                return error_set(err, STATUS_BAD_INPUT,
                                 "there are several orgs '%s': name one by its id", text);
        *org = candidate;
    }
    if (!*org)
        return error_set(err, STATUS_NOT_FOUND, "there is no org '%s'", text);
    return STATUS_OK;
}

const char *view_label(const struct label *label)
{
    return language_get() == LANGUAGE_ZH ? label->zh : label->en;
}

static const struct certificate *find_person(const struct registry *registry,
                                             const struct id *person)
{
    for (size_t i = 0; i < registry_devices_count(registry); i++) {
        const struct device *device = registry_device_at(registry, i);
        if (id_equal(&device->certificate.person, person))
            return &device->certificate;
    }
    return NULL;
}

void view_person(struct replica *replica, const struct id *person, uint32_t device, char *name)
{
    const struct registry *registry = replica_registry(replica);
    const struct device *writer = registry_device(registry, device);
    const struct certificate *certificate = writer ? &writer->certificate : NULL;
    char id[ID_TEXT_BYTES];
    if (!certificate || !id_equal(&certificate->person, person))
        certificate = find_person(registry, person);
    id_format(person, id);
    snprintf(name, VIEW_NAME_BYTES, "%s", certificate ? certificate->person_name : id);
}

/* ---- values ---- */

enum status view_value(const struct schema *schema, const struct schema_field *field,
                       struct bytes value, json_t **json, struct error *err)
{
    struct unpack in = unpack_of(value);
    struct buffer text = {0};
    int64_t number;
    bool flag;
    enum status status = STATUS_OK;
    if (value.size == 0 || unpack_nil(&in)) {
        *json = json_null();
    } else if (unpack_bool(&in, &flag)) {
        *json = json_boolean(flag);
    } else if (field->type == FIELD_INT && unpack_int(&in, &number)) {
        *json = json_integer(number);
    } else {
        status = field_format(schema, field, value, &text);
        *json = status == STATUS_OK
                    ? json_stringn(text.size ? (const char *)text.data : "", text.size)
                    : NULL;
    }
    buffer_release(&text);
    if (status == STATUS_OK && *json)
        return STATUS_OK;
    return error_set(err, status == STATUS_OK ? STATUS_NO_MEMORY : status,
                     "the value of field '%s' can't be shown", field->name);
}
