#include "common/schema_diff.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct diff {
    json_t *list;
    const char *table, *field; /* where we are; `field` NULL: at the table itself */
};

static json_t *find_named(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)(uintptr_t)list, i, item)
    {
        const char *here = json_string_value(json_object_get(item, "name"));
        if (here && name && strcmp(here, name) == 0)
            return item;
    }
    return NULL;
}

static json_t *text_of(const json_t *value)
{
    char *text = json_is_string(value) ? strdup(json_string_value(value))
                                       : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    json_t *string = json_string(text ? text : "");
    free(text);
    return string;
}

/* Takes the texts. */
static void note(struct diff *diff, const char *change, const char *key, json_t *from, json_t *to)
{
    json_array_append_new(diff->list, json_pack("{ss ss* ss ss* so* so*}", "table", diff->table,
                                                "field", diff->field, "change", change, "key", key,
                                                "from", from, "to", to));
}

/* The keys of one table or field, but those that are looked into by themselves. */
static void compare_keys(struct diff *diff, const json_t *old, const json_t *next)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)next, key, value)
    {
        const json_t *before = json_object_get(old, key);
        if (strcmp(key, "fields") != 0 && !json_equal(before, value))
            note(diff, before ? "changed" : "added", key, before ? text_of(before) : NULL,
                 text_of(value));
    }
    json_object_foreach((json_t *)(uintptr_t)old, key, value)
    {
        if (strcmp(key, "fields") != 0 && !json_object_get(next, key))
            note(diff, "removed", key, text_of(value), NULL);
    }
}

static void compare_fields(struct diff *diff, const json_t *old, const json_t *next)
{
    const json_t *before = json_object_get(old, "fields"), *after = json_object_get(next, "fields");
    size_t i;
    json_t *field;
    json_array_foreach((json_t *)(uintptr_t)after, i, field)
    {
        diff->field = json_string_value(json_object_get(field, "name"));
        const json_t *known = find_named(before, diff->field);
        if (known)
            compare_keys(diff, known, field);
        else
            note(diff, "added", NULL, NULL, text_of(field));
    }
    json_array_foreach((json_t *)(uintptr_t)before, i, field)
    {
        diff->field = json_string_value(json_object_get(field, "name"));
        if (!find_named(after, diff->field))
            note(diff, "removed", NULL, text_of(field), NULL);
    }
    diff->field = NULL;
}

static void add_table(struct diff *diff, const json_t *table)
{
    json_t *head = json_copy((json_t *)(uintptr_t)table);
    json_object_del(head, "fields");
    note(diff, "added", NULL, NULL, text_of(head));
    json_decref(head);
    compare_fields(diff, NULL, table);
}

json_t *schema_diff(const json_t *old, const json_t *next)
{
    const json_t *before = json_object_get(old, "tables"), *after = json_object_get(next, "tables");
    struct diff diff = {.list = json_array()};
    size_t i;
    json_t *table;
    json_array_foreach((json_t *)(uintptr_t)after, i, table)
    {
        diff.table = json_string_value(json_object_get(table, "name"));
        const json_t *known = find_named(before, diff.table);
        if (!known) {
            add_table(&diff, table);
            continue;
        }
        compare_keys(&diff, known, table);
        compare_fields(&diff, known, table);
    }
    json_array_foreach((json_t *)(uintptr_t)before, i, table)
    {
        diff.table = json_string_value(json_object_get(table, "name"));
        if (!find_named(after, diff.table))
            note(&diff, "removed", NULL, NULL, NULL);
    }
    return diff.list;
}
