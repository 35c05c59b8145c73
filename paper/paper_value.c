#include "paper/paper_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/reading_print.h"

#define NAME_BYTES 64

static const struct schema_field *field_of(const struct paper_values *values, const json_t *item)
{
    const char *text = json_string_value(json_object_get(item, "field"));
    const char *dot = text ? strchr(text, '.') : NULL;
    char name[NAME_BYTES];
    if (!dot || (size_t)(dot - text) >= sizeof name || !values->schema)
        return NULL;
    snprintf(name, sizeof name, "%.*s", (int)(dot - text), text);
    const struct schema_table *table = schema_table_named(values->schema, name);
    return table ? table_field_named(table, dot + 1) : NULL;
}

const char *paper_label(const struct paper_values *values, const json_t *item)
{
    struct cli_text own = {json_string_value(json_object_get(item, "en")),
                           json_string_value(json_object_get(item, "zh"))};
    const struct schema_field *field = field_of(values, item);
    if (own.en && own.zh)
        return cli_text(&own);
    return field ? view_label(&field->label) : "";
}

bool paper_is_number(const struct paper_values *values, const json_t *item)
{
    const struct schema_field *field = field_of(values, item);
    return json_is_true(json_object_get(item, "number")) ||
           (field && (field->type == FIELD_INT || field->type == FIELD_MONEY));
}

static enum status put_money(json_int_t fen, struct buffer *out)
{
    char text[40];
    unsigned long long size = fen < 0 ? 0ull - (unsigned long long)fen : (unsigned long long)fen;
    snprintf(text, sizeof text, "%s%llu.%02llu", fen < 0 ? "-" : "", size / 100, size % 100);
    return buffer_append_bytes(out, bytes_text(text));
}

/* "2026-11-01T09:30" reads better with a blank. */
static enum status put_moment(const char *text, struct buffer *out)
{
    size_t date = strcspn(text, "T");
    TRY(buffer_append(out, text, date));
    if (text[date] == 'T')
        TRY(buffer_append(out, " ", 1));
    return buffer_append_bytes(out, bytes_text(text + date + (text[date] == 'T')));
}

/* The column of a set holds a JSON array of texts; an answer may have made names of them. */
static enum status put_set(struct paper_values *values, const struct schema_field *field,
                           const char *text, struct buffer *out)
{
    json_t *list = json_loads(text, 0, NULL);
    enum status status = reading_text(field, list, true, &values->part);
    json_decref(list);
    return status == STATUS_OK ? buffer_append_bytes(out, buffer_bytes(&values->part)) : status;
}

enum status paper_value(struct paper_values *values, const json_t *item, const json_t *row,
                        struct buffer *out)
{
    const char *name = json_string_value(json_object_get(item, "name"));
    const json_t *value = name ? json_object_get(row, name) : NULL;
    const struct schema_field *field = field_of(values, item);
    const char *text = json_string_value(value);
    if (!value || json_is_null(value))
        return STATUS_OK;
    if (field && field->type == FIELD_MONEY && json_is_integer(value))
        return put_money(json_integer_value(value), out);
    if (field && field->type == FIELD_DATETIME && text)
        return put_moment(text, out);
    if (field && field->merge == MERGE_SET && text && *text == '[')
        return put_set(values, field, text, out);
    bool flag = field && field->type == FIELD_BOOL && json_is_integer(value);
    const json_t *said = flag ? json_boolean(json_integer_value(value) != 0) : value;
    TRY(reading_text(field, said, true, &values->part));
    return buffer_append_bytes(out, buffer_bytes(&values->part));
}

static const json_t *column_of(const json_t *row, struct bytes name)
{
    char key[NAME_BYTES];
    snprintf(key, sizeof key, "%.*s", (int)name.size, (const char *)name.data);
    return json_object_get(row, key);
}

static enum status put_column(struct paper_values *values, struct bytes name, const json_t *row,
                              struct buffer *out)
{
    const json_t *value = column_of(row, name);
    TRY(reading_text(NULL, value, true, &values->part));
    struct bytes text = buffer_bytes(&values->part);
    return buffer_append_bytes(out, text.size > 0 ? text : bytes_text("＿＿＿＿＿＿＿＿"));
}

enum status paper_fill(struct paper_values *values, const char *text, const json_t *row,
                       struct buffer *out)
{
    while (*text) {
        size_t plain = strcspn(text, "{"), name = strcspn(text + plain, "}");
        TRY(buffer_append(out, text, plain));
        text += plain;
        if (!text[0] || !text[name])
            return buffer_append_bytes(out, bytes_text(text));
        TRY(put_column(values, bytes_of(text + 1, name - 1), row, out));
        text += name + 1;
    }
    return STATUS_OK;
}

/* ---- texts of the lines at hand ---- */

const char *paper_keep(struct paper_values *values, struct buffer *text)
{
    if (buffer_append(text, "", 1) != STATUS_OK || values->count == PAPER_KEPT_MAX) {
        buffer_release(text);
        return NULL;
    }
    values->kept[values->count] = *text;
    *text = (struct buffer){0};
    return (const char *)values->kept[values->count++].data;
}

void paper_forget(struct paper_values *values)
{
    for (size_t i = 0; i < values->count; i++)
        buffer_release(&values->kept[i]);
    values->count = 0;
}

void paper_release(struct paper_values *values)
{
    paper_forget(values);
    buffer_release(&values->part);
}
