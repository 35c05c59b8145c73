#include "server/xlsform_field.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/calendar.h"

#include "common/json_read.h"

#define TEXT_BYTES_MAX 4000
#define HUNDREDTHS 100

static const struct kind {
    const char *theirs, *type, *merge;
    bool list;  /* its choices are a list of the sheet */
    bool loose; /* ours says less than theirs */
} kinds[] = {{"text", "text", "register", false, false},
             {"integer", "int", "register", false, false},
             {"decimal", "money", "register", false, true}, /* a number with two decimals */
             {"range", "int", "register", false, true},
             {"date", "date", "register", false, false},
             {"dateTime", "datetime", "register", false, false},
             {"time", "text", "register", false, true},
             {"select_one", "enum", "register", true, false},
             {"select_multiple", "enum", "set", true, false},
             {"acknowledge", "bool", "register", false, false},
             {"barcode", "text", "register", false, false},
             {"geopoint", "geo", "register", false, false},
             {"image", "attachment", "append", false, false},
             {"audio", "attachment", "append", false, false},
             {"video", "attachment", "append", false, false},
             {"file", "attachment", "append", false, false}};

/* Who wrote, when and on which device stands with every entry of the changelog. */
static const char *const kept_anyway[] = {"start",    "end",   "today",      "deviceid",
                                          "username", "audit", "phonenumber"};

static void tell(struct xlsform *form, const struct sheet_row *row, const char *column,
                 const struct error *why)
{
    xlsform_tell(form, &form->survey, row, column, why);
}

static const struct kind *find_kind(const char *type, const char **list)
{
    size_t size = strcspn(type, " ");
    *list = type + size + strspn(type + size, " ");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strlen(kinds[i].theirs) == size && strncasecmp(kinds[i].theirs, type, size) == 0)
            return &kinds[i];
    return NULL;
}

static bool is_kept_anyway(const char *type)
{
    for (size_t i = 0; i < sizeof kept_anyway / sizeof kept_anyway[0]; i++)
        if (strcmp(kept_anyway[i], type) == 0)
            return true;
    return false;
}

/* ---- choices ---- */

static bool has_code(const json_t *codes, const char *code)
{
    size_t i;
    const json_t *item;
    json_array_foreach(codes, i, item)
    {
        if (strcmp(json_string_value(json_array_get(item, 0)), code) == 0)
            return true;
    }
    return false;
}

/* Codes that rows may hold already come first, in their order, whatever the form says now. */
static json_t *known_codes(const struct schema_field *known)
{
    json_t *codes = json_array();
    for (size_t i = 0; known && i < known->codes_count; i++)
        json_array_append_new(codes, json_pack("[sss]", known->codes[i].code,
                                               known->codes[i].label.zh, known->codes[i].label.en));
    return codes;
}

static void add_choice(struct xlsform *form, const struct sheet_row *row, json_t *codes)
{
    struct error why = {0};
    char code[XLSFORM_NAME_BYTES];
    const char *theirs = xlsform_cell(&form->choices, row, "name");
    struct xlsform_words words = xlsform_words(&form->choices, row, "label");
    xlsform_name(theirs, code);
    if (strcmp(theirs, code) != 0) {
        error_set(&why, STATUS_BAD_INPUT, "'%.60s' is kept as '%s'", theirs, code);
        xlsform_tell(form, &form->choices, row, "name", &why);
    }
    if (!has_code(codes, code))
        json_array_append_new(codes, json_pack("[sss]", code, *words.zh ? words.zh : theirs,
                                               *words.en ? words.en : theirs));
}

static json_t *choices_of(struct xlsform *form, const char *list, const struct schema_field *known)
{
    json_t *codes = known_codes(known);
    size_t size = strcspn(list, " ");
    for (size_t i = 0; i < form->choices.count; i++) {
        const struct sheet_row *row = &form->choices.rows[i];
        const char *name = xlsform_cell(&form->choices, row, "list_name");
        if (strlen(name) == size && strncmp(name, list, size) == 0)
            add_choice(form, row, codes);
    }
    if (strstr(list, "or_other") && !has_code(codes, "other"))
        json_array_append_new(codes, json_pack("[sss]", "other", "其他", "other"));
    return codes;
}

/* ---- what goes with a question ---- */

static void put_bounds(struct xlsform *form, const struct sheet_row *row, const struct kind *kind,
                       json_t *field)
{
    struct error why = {0};
    struct xlsform_bounds bounds;
    const char *text = xlsform_cell(&form->survey, row, "constraint");
    bool money = strcmp(kind->type, "money") == 0, whole = strcmp(kind->type, "int") == 0;
    bool word = strcmp(kind->type, "text") == 0;
    if (!*text)
        return;
    bool fits = xlsform_bounds(text, money ? HUNDREDTHS : 1, &bounds) &&
                (bounds.has_length ? word : money || whole);
    if (!fits) {
        error_set(&why, STATUS_UNSUPPORTED, "the rule '%.80s' is not taken over", text);
        tell(form, row, "constraint", &why);
        return;
    }
    if (bounds.has_min)
        json_object_set_new(field, "min", json_integer(bounds.min));
    if (bounds.has_max)
        json_object_set_new(field, "max", json_integer(bounds.max));
    if (!bounds.has_length)
        return;
    /* A character has four bytes at most. */
    int64_t bytes = bounds.length > 0 && bounds.length < TEXT_BYTES_MAX / 4 ? bounds.length * 4
                                                                            : TEXT_BYTES_MAX;
    json_object_set_new(field, "bytes", json_integer(bytes));
    error_set(&why, STATUS_UNSUPPORTED, "the rule '%.80s' is kept as %lld bytes", text,
              (long long)bytes);
    tell(form, row, "constraint", &why);
}

/* Its field is a list asked before, and has all these codes. */
static bool is_sound(const json_t *when, const json_t *before)
{
    const json_t *of = json_named(before, json_string_value(json_object_get(when, "field")));
    const json_t *codes = json_object_get(of, "codes"), *code;
    const char *merge = json_string_value(json_object_get(of, "merge"));
    size_t i;
    if (!codes || strcmp(merge, "set") == 0)
        return false;
    json_array_foreach(json_object_get(when, "codes"), i, code)
    {
        if (!has_code(codes, json_string_value(code)))
            return false;
    }
    return true;
}

static void put_when(struct xlsform *form, const struct sheet_row *row, const json_t *before,
                     json_t *field)
{
    struct error why = {0};
    const char *text = xlsform_cell(&form->survey, row, "relevant");
    if (!*text)
        return;
    json_t *when = xlsform_when(text);
    if (when && is_sound(when, before)) {
        json_object_set_new(field, "when", when);
        return;
    }
    json_decref(when);
    error_set(&why, STATUS_UNSUPPORTED, "the condition '%.80s' is not taken over: always asked",
              text);
    tell(form, row, "relevant", &why);
}

/* What XLSForm writes for a plain yes or no. */
static bool is_one_of(const char *text, const char *const *words)
{
    while (*words && strcasecmp(text, *words) != 0)
        words++;
    return *words != NULL;
}

static void put_required(struct xlsform *form, const struct sheet_row *row, json_t *field)
{
    static const char *const yes[] = {"yes", "true", "true()", "1", NULL};
    static const char *const no[] = {"", "no", "false", "false()", "0", NULL};
    struct error why = {0};
    const char *text = xlsform_cell(&form->survey, row, "required");
    if (is_one_of(text, no))
        return;
    if (!is_one_of(text, yes)) {
        error_set(&why, STATUS_UNSUPPORTED,
                  "the condition '%.80s' is not taken over: never required", text);
        tell(form, row, "required", &why);
        return;
    }
    bool set = strcmp(json_string_value(json_object_get(field, "merge")), "set") == 0;
    if (!json_object_get(field, "when") && !set) {
        json_object_set_new(field, "required", json_true());
        return;
    }
    error_set(&why, STATUS_UNSUPPORTED,
              "what is asked under a condition, and a choice of several, can't be required");
    tell(form, row, "required", &why);
}

/* What a schema takes as the default of such a field; NULL: nothing like it. */
static const char *default_of(const json_t *field, const char *text, char code[XLSFORM_NAME_BYTES])
{
    const char *type = json_string_value(json_object_get(field, "type"));
    const json_t *codes = json_object_get(field, "codes");
    bool money = strcmp(type, "money") == 0;
    xlsform_name(text, code);
    if (codes)
        return has_code(codes, code) &&
                       strcmp(json_string_value(json_object_get(field, "merge")), "set") != 0
                   ? code
                   : NULL;
    if (strcmp(type, "date") == 0)
        return strcmp(text, "today()") == 0            ? "today"
               : calendar_date_valid(bytes_text(text)) ? text
                                                       : NULL;
    if (strcmp(type, "datetime") == 0)
        return strcmp(text, "now()") == 0 ? "now" : NULL;
    if (money || strcmp(type, "int") == 0)
        return strlen(text) < 10 && text[strspn(text, money ? "0123456789." : "0123456789")] == '\0'
                   ? text
                   : NULL;
    return strcmp(type, "text") == 0 && !strpbrk(text, "${()") ? text : NULL;
}

static void put_default(struct xlsform *form, const struct sheet_row *row, json_t *field)
{
    struct error why = {0};
    char code[XLSFORM_NAME_BYTES];
    const char *text = xlsform_cell(&form->survey, row, "default");
    const char *ours = *text ? default_of(field, text, code) : NULL;
    if (ours)
        json_object_set_new(field, "default", json_string(ours));
    if (!*text || ours)
        return;
    error_set(&why, STATUS_UNSUPPORTED, "the default '%.80s' is not taken over", text);
    tell(form, row, "default", &why);
}

static void tell_unused(struct xlsform *form, const struct sheet_row *row)
{
    static const char *const columns[] = {"calculation", "choice_filter", "repeat_count"};
    struct error why = {0};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (*xlsform_cell(&form->survey, row, columns[i])) {
            error_set(&why, STATUS_UNSUPPORTED, "'%s' is not taken over", columns[i]);
            tell(form, row, columns[i], &why);
        }
}

/* ---- the question ---- */

static bool may_be(struct xlsform *form, const struct sheet_row *row, const struct kind *kind,
                   const struct schema_field *known)
{
    struct error why = {0};
    if (!known || (strcmp(field_type_name(known->type), kind->type) == 0 &&
                   strcmp(merge_rule_name(known->merge), kind->merge) == 0))
        return true;
    error_set(&why, STATUS_UNSUPPORTED, "field '%s' is of type '%s' already, and stays so",
              known->name, field_type_name(known->type));
    tell(form, row, "type", &why);
    return false;
}

/* A list needs choices, and no more than a schema has room for. */
static bool may_hold(struct xlsform *form, const struct sheet_row *row, const json_t *codes,
                     const char *list)
{
    struct error why = {0};
    size_t count = json_array_size(codes);
    if (count > 0 && count <= SCHEMA_CODES_MAX)
        return true;
    if (count == 0)
        error_set(&why, STATUS_BAD_INPUT, "the list '%.60s' has no choices: not taken over", list);
    else
        error_set(&why, STATUS_TOO_LARGE,
                  "the list '%.60s' has more than %d choices: not taken over", list,
                  SCHEMA_CODES_MAX);
    tell(form, row, "type", &why);
    return false;
}

static json_t *make_field(struct xlsform *form, const struct sheet_row *row,
                          const struct kind *kind, const char *name)
{
    struct error why = {0};
    struct xlsform_words words = xlsform_words(&form->survey, row, "label");
    const char *theirs = xlsform_cell(&form->survey, row, "name");
    if (strcmp(theirs, name) != 0) {
        error_set(&why, STATUS_BAD_INPUT, "'%.60s' is kept as '%s'", theirs, name);
        tell(form, row, "name", &why);
    }
    if (kind->loose) {
        error_set(&why, STATUS_UNSUPPORTED, "'%s' becomes '%s'%s", kind->theirs, kind->type,
                  strcmp(kind->type, "money") == 0 ? ": 0.00" : "");
        tell(form, row, "type", &why);
    }
    return json_pack("{ss ss ss ss ss}", "name", name, "zh", *words.zh ? words.zh : theirs, "en",
                     *words.en ? words.en : theirs, "type", kind->type, "merge", kind->merge);
}

json_t *xlsform_field(struct xlsform *form, const struct sheet_row *row,
                      const struct schema_table *known, const json_t *before)
{
    struct error why = {0};
    char name[XLSFORM_NAME_BYTES];
    const char *type = xlsform_cell(&form->survey, row, "type"), *list;
    const char *theirs = xlsform_cell(&form->survey, row, "name");
    const struct kind *kind = find_kind(type, &list);
    if (!kind || !*theirs) {
        if (is_kept_anyway(type))
            return NULL;
        if (kind)
            error_set(&why, STATUS_BAD_INPUT, "the question has no name");
        else
            error_set(&why, STATUS_UNSUPPORTED, "questions of type '%.60s' are not taken over",
                      type);
        tell(form, row, kind ? "name" : "type", &why);
        return NULL;
    }
    xlsform_name(theirs, name);
    const struct schema_field *as_it_was = known ? table_field_named(known, name) : NULL;
    if (!may_be(form, row, kind, as_it_was))
        return NULL;
    json_t *codes = kind->list ? choices_of(form, list, as_it_was) : NULL;
    if (codes && !may_hold(form, row, codes, list)) {
        json_decref(codes);
        return NULL;
    }
    json_t *field = make_field(form, row, kind, name);
    if (codes)
        json_object_set_new(field, "codes", codes);
    put_default(form, row, field);
    put_bounds(form, row, kind, field);
    put_when(form, row, before, field);
    put_required(form, row, field);
    tell_unused(form, row);
    return field;
}
