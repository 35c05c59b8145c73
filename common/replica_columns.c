/* Canonical values and SQLite columns; version marks. */

#include <stdlib.h>
#include <string.h>

#include "common/json_string.h"
#include "common/pack.h"
#include "common/replica_state.h"

int field_columns(const struct schema_field *field)
{
    return field->merge == MERGE_STEPS ? 2 : 1;
}

/* ---- binding ---- */

/* The value stays where it is until the statement has run. */
static void bind_text(sqlite3_stmt *statement, int index, struct bytes text)
{
    sqlite3_bind_text(statement, index, text.size ? (const char *)text.data : "", (int)text.size,
                      SQLITE_STATIC);
}

static enum status bind_step(struct unpack *in, sqlite3_stmt *statement, int index)
{
    uint32_t parts;
    uint64_t round;
    struct bytes code;
    if (!unpack_array(in, &parts) || !unpack_uint(in, &round) || !unpack_str(in, &code))
        return STATUS_BAD_INPUT;
    bind_text(statement, index, code);
    sqlite3_bind_int64(statement, index + 1, (int64_t)round);
    return STATUS_OK;
}

enum status column_bind_text(struct replica *replica, sqlite3_stmt *statement, int index,
                             struct error *err)
{
    int code = sqlite3_bind_text(statement, index, (const char *)replica->column.data,
                                 (int)replica->column.size, SQLITE_TRANSIENT);
    return code == SQLITE_OK ? STATUS_OK : sql_fail(replica, err, "the database");
}

enum status column_bind(struct replica *replica, const struct schema_field *field,
                        struct bytes value, sqlite3_stmt *statement, int index, struct error *err)
{
    struct unpack in = unpack_again(value);
    struct bytes data;
    int64_t number;
    bool flag;
    if (field->merge == MERGE_STEPS)
        sqlite3_bind_null(statement, index + 1);
    if (value.size == 0 || unpack_nil(&in))
        sqlite3_bind_null(statement, index);
    else if (unpack_str(&in, &data))
        bind_text(statement, index, data);
    else if (unpack_int(&in, &number))
        sqlite3_bind_int64(statement, index, number);
    else if (unpack_bool(&in, &flag))
        sqlite3_bind_int(statement, index, flag);
    else if (unpack_bin(&in, &data) || unpack_sealed(&in, &data))
        sql_bind_bytes(statement, index, data);
    else if (field->merge == MERGE_STEPS)
        return bind_step(&in, statement, index);
    else {
        buffer_clear(&replica->column);
        if (field_format(replica->schema, field, value, &replica->column) != STATUS_OK)
            return error_set(err, STATUS_BAD_INPUT, "field '%s': not a value of type %s",
                             field->name, field_type_name(field->type));
        return column_bind_text(replica, statement, index, err);
    }
    return STATUS_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* Sorted, without doubles. */
static enum status put_elements(struct replica *replica, const struct schema_field *field,
                                const struct bytes *sorted, size_t count)
{
    struct buffer *out = &replica->column, text = {0};
    enum status status = buffer_append(out, "[", 1);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (i > 0 && bytes_equal(sorted[i - 1], sorted[i]))
            continue;
        buffer_clear(&text);
        status = field_format(replica->schema, field, sorted[i], &text);
        if (status == STATUS_OK && i > 0)
            status = buffer_append(out, ",", 1);
        if (status == STATUS_OK)
            status = json_string_put(out, buffer_bytes(&text));
    }
    buffer_release(&text);
    return status == STATUS_OK ? buffer_append(out, "]", 1) : status;
}

enum status column_set_text(struct replica *replica, const struct schema_field *field,
                            const struct bytes *elements, size_t count, struct error *err)
{
    struct bytes few[8], *sorted = count <= 8 ? few : malloc(count * sizeof *sorted);
    enum status status = sorted ? STATUS_OK : STATUS_NO_MEMORY;
    buffer_clear(&replica->column);
    if (sorted && count > 0) {
        memcpy(sorted, elements, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, by_bytes);
    }
    if (sorted)
        status = put_elements(replica, field, sorted, count);
    if (sorted != few)
        free(sorted);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

/* ---- reading ---- */

static bool holds_text(enum field_type type)
{
    return type != FIELD_GEO && type != FIELD_BOOL && type != FIELD_INT && type != FIELD_MONEY;
}

static enum status text_value(struct replica *replica, const struct schema_field *field,
                              sqlite3_stmt *statement, int index, struct buffer *out,
                              struct error *err)
{
    struct bytes text = bytes_of(sqlite3_column_text(statement, index),
                                 (size_t)sqlite3_column_bytes(statement, index));
    if (!holds_text(field->type))
        return field_parse(replica->schema, field, text.size ? (const char *)text.data : "", out,
                           err);
    if (field->merge == MERGE_STEPS && sqlite3_column_type(statement, index + 1) != SQLITE_NULL) {
        TRY(pack_array(out, 2));
        TRY(pack_uint(out, (uint64_t)sqlite3_column_int64(statement, index + 1)));
    }
    return pack_str(out, text);
}

enum status column_value(struct replica *replica, const struct schema_field *field,
                         sqlite3_stmt *statement, int index, struct buffer *out, struct error *err)
{
    int64_t number;
    switch (sqlite3_column_type(statement, index)) {
    case SQLITE_NULL:
        return pack_nil(out);
    case SQLITE_INTEGER:
        number = sqlite3_column_int64(statement, index);
        return field->type == FIELD_BOOL ? pack_bool(out, number != 0) : pack_int(out, number);
    case SQLITE_BLOB:
        return field->type == FIELD_TEXT || field->type == FIELD_SEALED
                   ? pack_sealed(out, sql_blob(statement, index))
                   : pack_bin(out, sql_blob(statement, index));
    default:
        return text_value(replica, field, statement, index, out, err);
    }
}

/* ---- version marks ---- */

enum status mark_append(struct buffer *out, const struct mark_group *group)
{
    uint8_t length = sizeof group->fields.bits;
    while (length > 0 && group->fields.bits[length - 1] == 0)
        length--;
    TRY(buffer_append_varint(out, group->feed));
    TRY(buffer_append_varint(out, group->number));
    TRY(buffer_append(out, &length, 1));
    return buffer_append(out, group->fields.bits, length);
}

bool mark_take(struct bytes *in, struct mark_group *group)
{
    uint64_t feed, number;
    *group = (struct mark_group){0};
    if (!bytes_take_varint(in, &feed) || !bytes_take_varint(in, &number) || in->size < 1 ||
        in->data[0] > sizeof group->fields.bits || in->size < 1u + in->data[0] || feed == 0 ||
        feed > UINT32_MAX)
        return false;
    group->feed = (uint32_t)feed;
    group->number = number;
    memcpy(group->fields.bits, in->data + 1, in->data[0]);
    size_t size = 1u + in->data[0];
    in->data += size;
    in->size -= size;
    return true;
}
