#include "common/report_row.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/id.h"
#include "common/json_string.h"

#define WHOLE_MAX 1e15 /* below it a number is told from its neighbours without a fraction */

static bool is_id(sqlite3_stmt *row, int column, char text[ID_TEXT_BYTES])
{
    struct id id;
    if (sqlite3_column_bytes(row, column) != ID_BYTES)
        return false;
    memcpy(id.bytes, sqlite3_column_blob(row, column), ID_BYTES);
    id_format(&id, text);
    return true;
}

/* ---- as a tree ---- */

static json_t *value_json(sqlite3_stmt *row, int column)
{
    char id[ID_TEXT_BYTES];
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        return json_integer(sqlite3_column_int64(row, column));
    case SQLITE_FLOAT:
        return json_real(sqlite3_column_double(row, column));
    case SQLITE_TEXT:
        return json_string((const char *)sqlite3_column_text(row, column));
    case SQLITE_BLOB:
        return is_id(row, column, id) ? json_string(id) : json_null();
    default:
        return json_null();
    }
}

json_t *report_row_json(sqlite3_stmt *row)
{
    json_t *object = json_object();
    for (int i = 0; i < sqlite3_column_count(row); i++)
        json_object_set_new(object, sqlite3_column_name(row, i), value_json(row, i));
    return object;
}

/* ---- as a text ---- */

static enum status put(struct buffer *out, const char *text)
{
    return buffer_append_bytes(out, bytes_text(text));
}

static enum status put_string(struct buffer *out, const char *text)
{
    return json_string_put(out, bytes_text(text));
}

/* Seventeen digits give back the very number; an exponent has neither plus nor leading zeros. */
static enum status put_real(struct buffer *out, double number)
{
    char text[40];
    if (number != 0 && fabs(number) < WHOLE_MAX && number == trunc(number)) {
        snprintf(text, sizeof text, "%lld.0", (long long)number);
        return put(out, text);
    }
    snprintf(text, sizeof text, "%.17g", number);
    char *exponent = strchr(text, 'e');
    if (!exponent)
        return strchr(text, '.')
                   ? put(out, text)
                   : (put(out, text) == STATUS_OK ? put(out, ".0") : STATUS_NO_MEMORY);
    char *digits = exponent + 1, *from = digits + (*digits == '-' || *digits == '+');
    digits += *digits == '-';
    from += strspn(from, "0");
    memmove(digits, from, strlen(from) + 1);
    return put(out, text);
}

static enum status put_value(struct buffer *out, sqlite3_stmt *row, int column)
{
    char text[32], id[ID_TEXT_BYTES];
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        snprintf(text, sizeof text, "%lld", (long long)sqlite3_column_int64(row, column));
        return put(out, text);
    case SQLITE_FLOAT:
        return put_real(out, sqlite3_column_double(row, column));
    case SQLITE_TEXT:
        return put_string(out, (const char *)sqlite3_column_text(row, column));
    case SQLITE_BLOB:
        return is_id(row, column, id) ? put_string(out, id) : put(out, "null");
    default:
        return put(out, "null");
    }
}

/* What Jansson refuses has no place in an object: numbers without end, texts that aren't UTF-8. */
static bool is_json(sqlite3_stmt *row, int column)
{
    int type = sqlite3_column_type(row, column);
    if (type == SQLITE_FLOAT)
        return isfinite(sqlite3_column_double(row, column));
    return type != SQLITE_TEXT ||
           utf8_valid(bytes_text((const char *)sqlite3_column_text(row, column)));
}

enum status report_row_put(sqlite3_stmt *row, struct buffer *text)
{
    const char *before = "{";
    for (int i = 0; i < sqlite3_column_count(row); i++) {
        if (!is_json(row, i))
            continue;
        TRY(put(text, before));
        TRY(put_string(text, sqlite3_column_name(row, i)));
        TRY(put(text, ":"));
        TRY(put_value(text, row, i));
        before = ",";
    }
    return put(text, *before == '{' ? "{}" : "}");
}
