#include "server/xlsform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_read.h"
#include "server/xlsform_field.h"

#define GROUPS_MAX 16
#define COLUMNS_SHOWN 5
#define SECTIONS_MAX 20 /* schema_form.c takes no more */

struct maker {
    struct xlsform *form;
    const struct schema *old;
    const struct schema_table *known; /* of the same name, in the old schema */
    json_t *fields, *sections;
    struct xlsform_words help;    /* of a note that waits for a question */
    const struct sheet_row *note; /* where it stands; NULL: none waits */
    struct xlsform_words groups[GROUPS_MAX];
    size_t depth, repeats;
    uint16_t next;
};

/* ---- fields ---- */

static uint16_t number_of(struct maker *maker, const char *name)
{
    const struct schema_field *known = maker->known ? table_field_named(maker->known, name) : NULL;
    return known ? known->number : maker->next++;
}

static void drop_empty_sections(json_t *sections)
{
    for (size_t i = json_array_size(sections); i-- > 0;)
        if (json_array_size(json_object_get(json_array_get(sections, i), "fields")) == 0)
            json_array_remove(sections, i);
}

/* Beyond what a form may have, questions go on in the last one: false. */
static bool open_section(struct maker *maker, struct xlsform_words words)
{
    drop_empty_sections(maker->sections);
    if (json_array_size(maker->sections) == SECTIONS_MAX)
        return false;
    json_array_append_new(maker->sections,
                          json_pack("{ss ss s[]}", "zh", words.zh, "en", words.en, "fields"));
    return true;
}

static void place(struct maker *maker, const char *name)
{
    json_t *section = json_array_get(maker->sections, json_array_size(maker->sections) - 1);
    json_array_append_new(json_object_get(section, "fields"), json_string(name));
}

/* A question has one help line, its own hint before any note. */
static void drop_note(struct maker *maker)
{
    struct error why = {0};
    if (!maker->note)
        return;
    error_set(&why, STATUS_UNSUPPORTED, "no question takes this note as its help");
    xlsform_tell(maker->form, &maker->form->survey, maker->note, "label", &why);
    maker->note = NULL;
}

static void put_help(struct maker *maker, const struct sheet_row *row, json_t *field)
{
    struct xlsform_words hint = xlsform_words(&maker->form->survey, row, "hint");
    if (!*hint.zh && maker->note) {
        hint = maker->help;
        maker->note = NULL;
    }
    if (*hint.zh)
        json_object_set_new(field, "help", json_pack("{ss ss}", "zh", hint.zh, "en", hint.en));
    drop_note(maker);
}

static void take_note(struct maker *maker, const struct sheet_row *row)
{
    drop_note(maker);
    maker->help = xlsform_words(&maker->form->survey, row, "label");
    maker->note = *maker->help.zh ? row : NULL;
}

static void take_question(struct maker *maker, const struct sheet_row *row)
{
    struct error why = {0};
    json_t *field = xlsform_field(maker->form, row, maker->known, maker->fields);
    const char *name = json_string_value(json_object_get(field, "name"));
    if (!field)
        return;
    bool full = json_array_size(maker->fields) == SCHEMA_FIELDS_MAX;
    if (full || json_named(maker->fields, name)) {
        if (full)
            error_set(&why, STATUS_TOO_LARGE, "more than %d questions: not taken over",
                      SCHEMA_FIELDS_MAX);
        else
            error_set(&why, STATUS_BAD_INPUT, "field '%s' stands twice", name);
        xlsform_tell(maker->form, &maker->form->survey, row, "name", &why);
        json_decref(field);
        return;
    }
    json_object_set_new(field, "number", json_integer(number_of(maker, name)));
    put_help(maker, row, field);
    json_array_append_new(maker->fields, field);
    place(maker, name);
}

/* ---- groups, and what is no question ---- */

static void begin_group(struct maker *maker, const struct sheet_row *row)
{
    struct error why = {0};
    struct xlsform_words words = xlsform_words(&maker->form->survey, row, "label");
    if (!*words.zh && maker->depth > 0 && maker->depth <= GROUPS_MAX)
        words = maker->groups[maker->depth - 1];
    if (maker->depth < GROUPS_MAX)
        maker->groups[maker->depth] = words;
    maker->depth++;
    if (*words.zh && !open_section(maker, words)) {
        error_set(&why, STATUS_TOO_LARGE, "more than %d groups: its questions go into the last",
                  SECTIONS_MAX);
        xlsform_tell(maker->form, &maker->form->survey, row, "label", &why);
    }
    if (*xlsform_cell(&maker->form->survey, row, "relevant")) {
        error_set(&why, STATUS_UNSUPPORTED, "the condition of a whole group is not taken over");
        xlsform_tell(maker->form, &maker->form->survey, row, "relevant", &why);
    }
}

static void end_group(struct maker *maker, struct xlsform_words title)
{
    if (maker->depth > 0)
        maker->depth--;
    bool inner = maker->depth > 0 && maker->depth <= GROUPS_MAX;
    open_section(maker, inner ? maker->groups[maker->depth - 1] : title);
}

static void begin_repeat(struct maker *maker, const struct sheet_row *row)
{
    struct error why = {0};
    if (maker->repeats++ > 0)
        return;
    error_set(&why, STATUS_UNSUPPORTED,
              "a part that repeats is not taken over: make it a form of its own");
    xlsform_tell(maker->form, &maker->form->survey, row, "type", &why);
}

static bool is_type(const char *type, const char *first, const char *second)
{
    size_t size = strlen(first);
    return strncmp(type, first, size) == 0 && (type[size] == ' ' || type[size] == '_') &&
           strcmp(type + size + 1, second) == 0;
}

static void tell_untyped(struct maker *maker, const struct sheet_row *row)
{
    struct error why = {0};
    if (!*xlsform_cell(&maker->form->survey, row, "name"))
        return;
    error_set(&why, STATUS_BAD_INPUT, "the row has no type");
    xlsform_tell(maker->form, &maker->form->survey, row, "type", &why);
}

static void take_row(struct maker *maker, const struct sheet_row *row, struct xlsform_words title)
{
    const char *type = xlsform_cell(&maker->form->survey, row, "type");
    if (is_type(type, "begin", "repeat"))
        begin_repeat(maker, row);
    else if (is_type(type, "end", "repeat"))
        maker->repeats -= maker->repeats > 0;
    else if (maker->repeats > 0)
        return;
    else if (!*type)
        tell_untyped(maker, row);
    else if (is_type(type, "begin", "group"))
        begin_group(maker, row);
    else if (is_type(type, "end", "group"))
        end_group(maker, title);
    else if (strcmp(type, "note") == 0)
        take_note(maker, row);
    else
        take_question(maker, row);
}

/* ---- the table ---- */

/* Whom or what each answer is about: a ref that gives the new row its org. */
static enum status put_about(struct maker *maker, const char *about, json_t *table,
                             struct error *err)
{
    char name[XLSFORM_NAME_BYTES];
    const struct schema_table *named = schema_table_named(maker->old, about);
    if (!named)
        return error_set(err, STATUS_NOT_FOUND, "there is no table '%s'", about);
    if ((size_t)snprintf(name, sizeof name, "%s_id", about) >= sizeof name)
        return error_set(err, STATUS_TOO_LARGE, "'%.60s' is too long", about);
    json_array_append_new(
        maker->fields, json_pack("{si ss ss ss ss ss s[s] sb}", "number", number_of(maker, name),
                                 "name", name, "zh", named->label.zh, "en", named->label.en, "type",
                                 "ref", "merge", "append", "refs", about, "required", true));
    json_object_set_new(table, "scope", json_string(name));
    json_object_set_new(table, "subject", json_string(name));
    place(maker, name);
    return STATUS_OK;
}

/* What a list shows, and what a row is called by: the first fields, the first text. */
static void put_columns(json_t *fields, json_t *table, json_t *form)
{
    json_t *columns = json_array();
    size_t i;
    const json_t *field;
    json_array_foreach(fields, i, field)
    {
        const char *type = json_string_value(json_object_get(field, "type"));
        json_t *name = json_object_get(field, "name");
        if (i < COLUMNS_SHOWN)
            json_array_append(columns, name);
        if (strcmp(type, "text") == 0 && !json_object_get(table, "title"))
            json_object_set(table, "title", name);
    }
    json_object_set_new(form, "columns", columns);
}

/* Fields of the table as it was that this form has no more stay, behind the others. */
static void keep_known(struct maker *maker, const json_t *known)
{
    size_t i;
    json_t *field;
    json_array_foreach(json_object_get(known, "fields"), i, field)
    {
        if (!json_named(maker->fields, json_string_value(json_object_get(field, "name"))))
            json_array_append(maker->fields, field);
    }
}

static json_int_t number_in(const json_t *field)
{
    return json_integer_value(json_object_get(field, "number"));
}

/* A schema has its fields in the order of their numbers. */
static void sort(json_t *fields)
{
    for (size_t i = 1; i < json_array_size(fields); i++)
        for (size_t k = i; k > 0; k--) {
            json_t *left = json_array_get(fields, k - 1), *right = json_array_get(fields, k);
            if (number_in(left) <= number_in(right))
                break;
            json_incref(left);
            json_array_set(fields, k - 1, right);
            json_array_set_new(fields, k, left);
        }
}

static void read_survey(struct maker *maker, struct xlsform_words title)
{
    for (size_t i = 0; i < maker->form->survey.count; i++)
        take_row(maker, &maker->form->survey.rows[i], title);
    drop_note(maker);
    drop_empty_sections(maker->sections);
}

/* ---- the schema ---- */

static uint16_t first_free_table(const struct schema *old)
{
    const struct schema_table *last = &old->tables[old->tables_count - 1];
    return (uint16_t)(last->number + 1); /* tables are never dropped: it never was another's */
}

static json_t *known_json(json_t *schema, const char *name, size_t *place)
{
    json_t *tables = json_object_get(schema, "tables");
    for (*place = 0; *place < json_array_size(tables); (*place)++) {
        json_t *table = json_array_get(tables, *place);
        if (strcmp(json_string_value(json_object_get(table, "name")), name) == 0)
            return table;
    }
    return NULL;
}

static enum status make_table(struct maker *maker, const struct xlsform_options *options,
                              const char *name, struct xlsform_words title, json_t *schema,
                              struct error *err)
{
    size_t at;
    json_t *known = known_json(schema, name, &at);
    json_t *table =
        known ? json_deep_copy(known)
              : json_pack("{si ss s[sssss]}", "number", first_free_table(maker->old), "name", name,
                          "write", "volunteer", "secretary", "clerk", "bureau", "hub");
    json_t *form = json_deep_copy(json_object_get(table, "form"));
    if (!form)
        form = json_object();
    json_object_set_new(table, "zh", json_string(title.zh));
    json_object_set_new(table, "en", json_string(title.en));
    open_section(maker, title);
    enum status status = options->about ? put_about(maker, options->about, table, err) : STATUS_OK;
    read_survey(maker, title);
    put_columns(maker->fields, table, form);
    if (known)
        keep_known(maker, known);
    sort(maker->fields);
    json_object_set(form, "sections", maker->sections);
    json_object_set_new(table, "form", form);
    json_object_set(table, "fields", maker->fields);
    json_t *tables = json_object_get(schema, "tables");
    if (known)
        json_array_set_new(tables, at, table);
    else
        json_array_append_new(tables, table);
    return status;
}

static enum status check(const struct schema *old, const json_t *next, struct error *err)
{
    struct schema *loaded = NULL;
    char *text = json_dumps(next, JSON_COMPACT);
    if (!text)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status status = schema_load(&loaded, bytes_text(text), err);
    if (status == STATUS_OK)
        status = schema_check_successor(old, loaded, err);
    schema_free(loaded);
    free(text);
    return status;
}

static enum status convert(struct xlsform *form, const struct schema *old,
                           const struct xlsform_options *options, json_t *next, struct error *err)
{
    static const struct sheet_row nothing;
    const struct sheet_row *setting = form->settings.count > 0 ? &form->settings.rows[0] : &nothing;
    char name[XLSFORM_NAME_BYTES];
    xlsform_name(
        options->table ? options->table : xlsform_cell(&form->settings, setting, "form_id"), name);
    if (!options->table && form->settings.count == 0)
        return error_set(err, STATUS_BAD_INPUT, "the form has no 'form_id': name its table");
    struct xlsform_words title = xlsform_words(&form->settings, setting, "form_title");
    if (!*title.zh)
        title = (struct xlsform_words){name, name};
    struct maker maker = {.form = form,
                          .old = old,
                          .known = schema_table_named(old, name),
                          .fields = json_array(),
                          .sections = json_array(),
                          .next = 1};
    if (maker.known)
        maker.next = (uint16_t)(maker.known->fields[maker.known->fields_count - 1].number + 1);
    enum status status = make_table(&maker, options, name, title, next, err);
    if (status == STATUS_OK && json_array_size(maker.fields) == 0)
        status = error_set(err, STATUS_BAD_INPUT, "the form asks nothing that could be kept");
    json_decref(maker.fields);
    json_decref(maker.sections);
    return status == STATUS_OK ? check(old, next, err) : status;
}

enum status xlsform_read(struct bytes file, const struct schema *old,
                         const struct xlsform_options *options, json_t **next, json_t **told,
                         struct error *err)
{
    struct xlsform form;
    json_t *made = json_loadb(old->text, old->text_size, 0, NULL);
    enum status status = xlsform_open(&form, file, err);
    json_object_set_new(made, "epoch", json_integer((json_int_t)old->epoch + 1));
    if (status == STATUS_OK)
        status = convert(&form, old, options, made, err);
    *told = form.told;
    *next = status == STATUS_OK ? made : NULL;
    if (status != STATUS_OK)
        json_decref(made);
    xlsform_release(&form);
    return status;
}
