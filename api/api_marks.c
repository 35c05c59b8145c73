/* Who has read what, by the schema's own word: "marks" of a table's form names two refs, of what
 * was read and by whom (common/schema_form.h). Asked are the devices of the org that the row stands
 * in and of those below it. */

#include "api/api_read.h"

#include <string.h>

#include "common/view.h"

#define ROWS_MAX 50     /* the newest, in a list */
#define MARKS_MAX 20000 /* of one row */

struct marking {
    struct api_call *call;
    const struct schema_table *table, *by;
    const struct schema_field *of, *who;
    json_t *marks; /* of one row: by the reader's id */
};

/* ---- which table ---- */

static bool names(const struct schema_field *field, uint16_t table)
{
    bool found = false;
    for (size_t i = 0; field && i < field->ref_tables_count && !found; i++)
        found = field->ref_tables[i] == table;
    return found;
}

static const struct schema_field *named(const struct schema_table *table, const json_t *marks,
                                        const char *key)
{
    const char *name = json_string_value(json_object_get(marks, key));
    return name ? table_field_named(table, name) : NULL;
}

static bool fits(struct marking *marking, const json_t *table)
{
    const json_t *marks = json_object_get(json_object_get(table, "form"), "marks");
    const char *name = json_string_value(json_object_get(table, "name"));
    marking->by = marks ? schema_table_named(replica_schema(marking->call->replica), name) : NULL;
    if (!marking->by)
        return false;
    marking->of = named(marking->by, marks, "of");
    marking->who = named(marking->by, marks, "by");
    return names(marking->of, marking->table->number) && marking->who;
}

static enum status find_marking(struct api_call *call, struct marking *marking, struct error *err)
{
    json_t *schema;
    bool found = false;
    *marking = (struct marking){.call = call};
    TRY(view_table(call->replica, call->parts[0], &marking->table, err));
    TRY(view_schema(call->replica, &schema, err));
    const json_t *tables = json_object_get(schema, "tables");
    for (size_t i = 0; i < json_array_size(tables) && !found; i++)
        found = fits(marking, json_array_get(tables, i));
    json_decref(schema);
    return found ? STATUS_OK
                 : error_set(err, STATUS_NOT_FOUND, "nobody marks rows of table '%s' as read",
                             marking->table->name);
}

/* ---- one row ---- */

static enum status take_mark(void *context, json_t *row, struct error *err)
{
    const struct marking *marking = context;
    const char *who = json_string_value(json_object_get(row, marking->who->name));
    (void)err;
    if (who)
        json_object_set(marking->marks, who, row);
    return STATUS_OK;
}

static enum status read_marks(struct marking *marking, const char *id, struct error *err)
{
    struct view_where where = {.field = marking->of->name, .value = id};
    struct view_query query = {
        .table = marking->by->name, .wheres = &where, .wheres_count = 1, .limit = MARKS_MAX};
    return view_list(marking->call->replica, &query, take_mark, marking, err);
}

/* Who is asked to read, each with the mark that they made, or null. */
static void add_device(const struct marking *marking, const struct device *device, json_t *list)
{
    const struct certificate *certificate = &device->certificate;
    const struct org *org =
        registry_org(replica_registry(marking->call->replica), certificate->org);
    char id[ID_TEXT_BYTES], person[ID_TEXT_BYTES], place[ID_TEXT_BYTES] = "";
    id_format(&device->id, id);
    id_format(&certificate->person, person);
    if (org)
        id_format(&org->id, place);
    json_array_append_new(list,
                          json_pack("{ss ss ss ss sO?}", "device", id, "person",
                                    certificate->person_name, "role", role_name(certificate->role),
                                    "org", place, "mark", json_object_get(marking->marks, person)));
}

static bool is_asked(const struct registry *registry, const struct device *device, uint32_t org)
{
    const struct certificate *certificate = &device->certificate;
    return certificate->role != ROLE_HUB && certificate->role != ROLE_AUDITOR &&
           registry_device_state(registry, device) == DEVICE_ACTIVE &&
           registry_within(registry, org, certificate->org);
}

/* Of the row: [{"device","person","role","org","mark"}]. Gives. */
static enum status list_asked(struct marking *marking, const json_t *row, json_t **list,
                              struct error *err)
{
    const struct registry *registry = replica_registry(marking->call->replica);
    const struct org *org;
    const char *id = json_string_value(json_object_get(row, "id"));
    const char *place = json_string_value(json_object_get(row, "_org"));
    *list = json_array();
    TRY(view_org(marking->call->replica, place ? place : "", &org, err));
    marking->marks = json_object();
    enum status status = read_marks(marking, id, err);
    for (size_t i = 0; status == STATUS_OK && i < registry_devices_count(registry); i++)
        if (is_asked(registry, registry_device_at(registry, i), org->number))
            add_device(marking, registry_device_at(registry, i), *list);
    json_decref(marking->marks);
    return status;
}

enum status api_marks_of(struct api_call *call, struct error *err)
{
    struct marking marking;
    json_t *row, *list;
    TRY(find_marking(call, &marking, err));
    TRY(view_row(call->replica, call->parts[0], call->parts[1], &row, err));
    enum status status = list_asked(&marking, row, &list, err);
    call->answer = json_pack("{ss so}", "table", marking.by->name, "devices", list);
    json_decref(row);
    return status;
}

/* ---- the newest ones ---- */

static bool is_own(const struct marking *marking, const json_t *device)
{
    char own[ID_TEXT_BYTES];
    const struct registry *registry = replica_registry(marking->call->replica);
    const struct device *self =
        registry_device(registry, replica_identity(marking->call->replica)->device);
    if (!self)
        return false;
    id_format(&self->id, own);
    return strcmp(own, json_string_value(json_object_get(device, "device"))) == 0;
}

static enum status take_marked(void *context, json_t *row, struct error *err)
{
    struct marking *marking = context;
    json_t *list, *device;
    size_t i, read = 0;
    bool mine = false, asked = false;
    enum status status = list_asked(marking, row, &list, err);
    json_array_foreach(list, i, device)
    {
        bool marked = json_is_object(json_object_get(device, "mark"));
        read += marked;
        asked |= is_own(marking, device);
        mine |= marked && is_own(marking, device);
    }
    json_array_append_new(json_object_get(marking->call->answer, "marks"),
                          json_pack("{sO sI sI sb sb}", "row", row, "asked",
                                    (json_int_t)json_array_size(list), "read", (json_int_t)read,
                                    "due", asked && !mine, "mine", mine));
    json_decref(list);
    return status;
}

enum status api_marks(struct api_call *call, struct error *err)
{
    struct marking marking;
    struct view_query query = {.table = call->parts[0], .limit = ROWS_MAX, .descending = true};
    TRY(find_marking(call, &marking, err));
    call->answer = json_pack("{ss s[]}", "table", marking.by->name, "marks");
    return view_list(call->replica, &query, take_marked, &marking, err);
}
