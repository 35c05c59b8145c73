/* What pages read: lists, rows, histories, conflicts. */

#include "api/api_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/view.h"

#define LIMIT_USUAL 50
#define LIMIT_MAX 500
#define OFFSET_MAX 10000000
#define RELATED_ROWS 5
#define TEXT_BYTES_MAX 400

/* ---- the whole ---- */

enum status api_schema(struct api_call *call, struct error *err)
{
    return view_schema(call->replica, &call->answer, err);
}

enum status api_orgs(struct api_call *call, struct error *err)
{
    const struct registry *registry = replica_registry(call->replica);
    json_t *list = json_array();
    char id[ID_TEXT_BYTES], parent[ID_TEXT_BYTES];
    (void)err;
    for (size_t i = 0; i < registry_orgs_count(registry); i++) {
        const struct org *org = registry_org_at(registry, i);
        const struct org *above = registry_org(registry, org->parent);
        id_format(&org->id, id);
        if (above)
            id_format(&above->id, parent);
        json_array_append_new(list, json_pack("{ss ss ss ss?}", "id", id, "name", org->name, "kind",
                                              org->kind, "parent", above ? parent : NULL));
    }
    call->answer = json_pack("{so}", "orgs", list);
    return STATUS_OK;
}

/* ---- lists ---- */

struct where_kind {
    const char *name; /* of the parameter */
    enum view_match match;
    bool alternatives; /* several of one field: any of them */
};

struct listing {
    struct api_call *call;
    const struct schema_table *table;
    json_t *rows, *titles;
};

static enum status take_row(void *context, json_t *row, struct error *err)
{
    struct listing *listing = context;
    json_array_append(listing->rows, row);
    return api_titles(listing->call, listing->table, row, listing->titles, err);
}

/* "id" and the text behind it, as next_of made it. */
static enum status read_after(const char *after, char id[ID_TEXT_BYTES], struct view_query *query,
                              struct error *err)
{
    if (!after)
        return STATUS_OK;
    if (strlen(after) < ID_TEXT_BYTES - 1)
        return error_set(err, STATUS_BAD_INPUT, "'after' is not what a list gave as 'next'");
    memcpy(id, after, ID_TEXT_BYTES - 1);
    id[ID_TEXT_BYTES - 1] = '\0';
    query->after = id;
    query->after_value = after + ID_TEXT_BYTES - 1;
    return STATUS_OK;
}

/* Where the next page begins: the last row's id and its value of `order`. */
static json_t *next_of(const json_t *rows, const struct view_query *query)
{
    const json_t *last = json_array_get(rows, json_array_size(rows) - 1);
    const json_t *value = query->order ? json_object_get(last, query->order) : NULL;
    const char *id = json_string_value(json_object_get(last, "id"));
    if (json_array_size(rows) < (size_t)query->limit)
        return json_null();
    if (json_is_integer(value))
        return json_sprintf("%s%" JSON_INTEGER_FORMAT, id, json_integer_value(value));
    if (json_is_boolean(value))
        return json_sprintf("%s%s", id, json_is_true(value) ? "true" : "false");
    return json_sprintf("%s%s", id, json_is_string(value) ? json_string_value(value) : "");
}

/* "field:value" of every parameter `kind->name`; the names are cut into `names`. */
static enum status read_wheres(struct api_query *asked, const struct web_request *request,
                               const struct where_kind *kind, struct error *err)
{
    const char *text;
    size_t first = asked->query.wheres_count;
    for (size_t i = first; (text = web_request_parameter(request, kind->name, i - first)); i++) {
        size_t size = strcspn(text, ":");
        if (!text[size] || i == API_WHERES_MAX || size >= API_NAME_BYTES)
            return error_set(err, STATUS_BAD_INPUT, "'%s' is not FIELD:VALUE, or too many",
                             kind->name);
        snprintf(asked->names[i], API_NAME_BYTES, "%.*s", (int)size, text);
        asked->wheres[i] = (struct view_where){
            .field = asked->names[i], .value = text + size + 1, .match = kind->match};
        if (kind->alternatives && i > first && !strcmp(asked->names[i - 1], asked->names[i]))
            asked->wheres[i - 1].or_next = true;
        asked->query.wheres_count++;
    }
    return STATUS_OK;
}

enum status api_read_query(struct api_call *call, struct api_query *asked, struct error *err)
{
    static const struct where_kind kinds[] = {{"where", VIEW_IS, false},
                                              {"any", VIEW_IS, true},
                                              {"from", VIEW_FROM, false},
                                              {"until", VIEW_UNTIL, false}};
    struct view_query *query = &asked->query;
    const char *search = web_request_parameter(call->request, "search", 0);
    const char *order = web_request_parameter(call->request, "order", 0);
    *query =
        (struct view_query){.table = call->parts[0], .wheres = asked->wheres, .limit = LIMIT_USUAL};
    query->search = search && *search ? search : NULL;
    query->descending = order && *order == '-';
    query->order = order ? order + query->descending : NULL;
    if (query->order && strcmp(query->order, "id") == 0)
        query->order = NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        TRY(read_wheres(asked, call->request, &kinds[i], err));
    return STATUS_OK;
}

static enum status make_list(struct api_call *call, const struct view_query *query,
                             struct error *err)
{
    struct listing listing = {.call = call};
    int64_t count = 0;
    bool counted = api_parameter(call, "count") != NULL;
    TRY(view_table(call->replica, query->table, &listing.table, err));
    call->answer = json_pack("{s[] s{}}", "rows", "titles");
    listing.rows = json_object_get(call->answer, "rows");
    listing.titles = json_object_get(call->answer, "titles");
    TRY(view_list(call->replica, query, take_row, &listing, err));
    json_object_set_new(call->answer, "next", next_of(listing.rows, query));
    if (counted)
        TRY(view_count(call->replica, query, &count, err));
    if (counted)
        json_object_set_new(call->answer, "count", json_integer(count));
    return STATUS_OK;
}

enum status api_list(struct api_call *call, struct error *err)
{
    struct api_query asked;
    char after[ID_TEXT_BYTES];
    static const int64_t limits[2] = {1, LIMIT_MAX}, offsets[2] = {0, OFFSET_MAX};
    TRY(api_read_query(call, &asked, err));
    TRY(api_number(call, "limit", limits, &asked.query.limit, err));
    TRY(api_number(call, "offset", offsets, &asked.query.offset, err));
    TRY(read_after(api_parameter(call, "after"), after, &asked.query, err));
    return make_list(call, &asked.query, err);
}

/* ---- one row ---- */

enum status api_get(struct api_call *call, struct error *err)
{
    const struct schema_table *table;
    json_t *row, *bases = NULL, *titles = json_object();
    enum status status = view_row(call->replica, call->parts[0], call->parts[1], &row, err);
    if (status == STATUS_OK)
        status = view_table(call->replica, call->parts[0], &table, err);
    if (status == STATUS_OK)
        status = api_titles(call, table, row, titles, err);
    if (status == STATUS_OK)
        status = view_bases(call->replica, call->parts[0], call->parts[1], &bases, err);
    call->answer = json_pack("{so* so* so}", "row", row, "bases", bases, "titles", titles);
    return status;
}

enum status api_history(struct api_call *call, struct error *err)
{
    const struct schema_table *table;
    json_t *history, *titles;
    TRY(view_history(call->replica, call->parts[0], call->parts[1], &history, err));
    call->answer = json_pack("{so s{}}", "history", history, "titles");
    titles = json_object_get(call->answer, "titles");
    TRY(view_table(call->replica, call->parts[0], &table, err));
    for (size_t i = 0; i < json_array_size(history); i++) {
        const json_t *item = json_array_get(history, i);
        const char *field = json_string_value(json_object_get(item, "field"));
        const json_t *value = json_object_get(item, "value");
        const json_t *added = json_object_get(value, "added");
        json_t *part = json_object(); /* a row with this one field */
        json_object_set(part, field, (json_t *)(uintptr_t)(added ? added : value));
        enum status status = api_titles(call, table, part, titles, err);
        json_decref(part);
        TRY(status);
    }
    return STATUS_OK;
}

/* ---- what names this row ---- */

static bool may_name(const struct schema_field *field, uint16_t table)
{
    bool any = field->type == FIELD_REF_ANY && field->ref_tables_count == 0;
    if ((field->type != FIELD_REF && field->type != FIELD_REF_ANY) || field->merge == MERGE_SET)
        return false;
    for (size_t i = 0; i < field->ref_tables_count && !any; i++)
        any = field->ref_tables[i] == table;
    return any;
}

static enum status add_related(struct api_call *call, const struct schema_table *table,
                               const struct schema_field *field, struct error *err)
{
    char value[TEXT_BYTES_MAX];
    struct listing listing = {.call = call, .table = table};
    int64_t count;
    snprintf(value, sizeof value, "%s%s%s", field->type == FIELD_REF ? "" : call->parts[0],
             field->type == FIELD_REF ? "" : ":", call->parts[1]);
    struct view_where where = {.field = field->name, .value = value};
    struct view_query query = {.table = table->name,
                               .wheres = &where,
                               .wheres_count = 1,
                               .limit = RELATED_ROWS,
                               .descending = true};
    TRY(view_count(call->replica, &query, &count, err));
    if (count == 0)
        return STATUS_OK;
    json_t *group = json_pack("{ss ss sI s[]}", "table", table->name, "field", field->name, "count",
                              (json_int_t)count, "rows");
    json_array_append_new(json_object_get(call->answer, "related"), group);
    listing.rows = json_object_get(group, "rows");
    listing.titles = json_object_get(call->answer, "titles");
    return view_list(call->replica, &query, take_row, &listing, err);
}

enum status api_related(struct api_call *call, struct error *err)
{
    const struct schema *schema = replica_schema(call->replica);
    const struct schema_table *named;
    json_t *row;
    TRY(view_table(call->replica, call->parts[0], &named, err));
    TRY(view_row(call->replica, call->parts[0], call->parts[1], &row, err));
    json_decref(row);
    call->answer = json_pack("{s[] s{}}", "related", "titles");
    for (size_t t = 0; t < schema->tables_count; t++)
        for (size_t f = 0; f < schema->tables[t].fields_count; f++)
            if (may_name(&schema->tables[t].fields[f], named->number))
                TRY(add_related(call, &schema->tables[t], &schema->tables[t].fields[f], err));
    return STATUS_OK;
}

/* ---- conflicts ---- */

enum status api_add_rows(struct api_call *call, const json_t *list, struct error *err)
{
    json_t *rows = json_object(), *titles = json_object();
    char key[TEXT_BYTES_MAX];
    json_object_set_new(call->answer, "rows", rows);
    json_object_set_new(call->answer, "titles", titles);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(item, "table"));
        const char *id = json_string_value(json_object_get(item, "id"));
        const struct schema_table *table;
        json_t *row;
        snprintf(key, sizeof key, "%s:%s", name, id);
        if (json_object_get(rows, key))
            continue;
        TRY(view_table(call->replica, name, &table, err));
        if (view_row(call->replica, name, id, &row, NULL) != STATUS_OK)
            continue;
        json_object_set_new(rows, key, row);
        TRY(api_titles(call, table, row, titles, err));
    }
    return STATUS_OK;
}

enum status api_conflicts(struct api_call *call, struct error *err)
{
    json_t *conflicts;
    TRY(view_conflicts(call->replica, &conflicts, err));
    call->answer = json_pack("{so}", "conflicts", conflicts);
    TRY(api_add_rows(call, conflicts, err));
    json_t *titles = json_object_get(call->answer, "titles");
    for (size_t i = 0; i < json_array_size(conflicts); i++) {
        const json_t *conflict = json_array_get(conflicts, i);
        const json_t *heads = json_object_get(conflict, "heads");
        const struct schema_table *table;
        TRY(view_table(call->replica, json_string_value(json_object_get(conflict, "table")), &table,
                       err));
        for (size_t h = 0; h < json_array_size(heads); h++) {
            json_t *part = json_object(); /* a row with this one field */
            json_object_set(part, json_string_value(json_object_get(conflict, "field")),
                            json_object_get(json_array_get(heads, h), "value"));
            enum status status = api_titles(call, table, part, titles, err);
            json_decref(part);
            TRY(status);
        }
    }
    return STATUS_OK;
}
