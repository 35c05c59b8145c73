/* Values and the text that people type and read (field_parse, field_format). */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/calendar.h"
#include "common/pack.h"
#include "common/schema.h"

static enum status refuse(const struct schema_field *field, const char *text, struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT, "field '%s': '%.60s' is not a value of type %s",
                     field->name, text, field_type_name(field->type));
}

/* ---- numbers with up to `decimals` digits behind the point, as a whole number ---- */

static bool parse_decimal(const char *text, int decimals, int64_t *out)
{
    bool minus = *text == '-';
    uint64_t value = 0, limit = minus ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    int behind = -1, digits = 0;
    for (text += minus || *text == '+'; *text; text++) {
        if (*text == '.' && behind < 0 && decimals > 0 && digits > 0) {
            behind = 0;
            continue;
        }
        if (*text < '0' || *text > '9' || (behind >= 0 && behind++ >= decimals))
            return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
        digits++;
    }
    if (digits == 0 || behind == 0)
        return false;
    for (int i = behind < 0 ? 0 : behind; i < decimals; i++) {
        if (value > limit / 10)
            return false;
        value *= 10;
    }
    *out = minus ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static int format_decimal(char *out, size_t size, int64_t value, int decimals)
{
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, unit = 1;
    for (int i = 0; i < decimals; i++)
        unit *= 10;
    return snprintf(out, size, "%s%" PRIu64 ".%0*" PRIu64, value < 0 ? "-" : "", rest / unit,
                    decimals, rest % unit);
}

/* ---- parsing ---- */

static bool parse_flag(const char *text, bool *flag)
{
    static const char *const yes[] = {"true", "1", "yes", "是"};
    static const char *const no[] = {"false", "0", "no", "否"};
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *flag = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

static enum status parse_enum(const struct schema_field *field, const char *text,
                              struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < field->codes_count; i++) {
        const struct schema_code *code = &field->codes[i];
        if (strcmp(code->code, text) == 0 || strcmp(code->label.zh, text) == 0 ||
            strcmp(code->label.en, text) == 0)
            return pack_str(out, bytes_text(code->code));
    }
    return refuse(field, text, err);
}

static enum status parse_ref_any(const struct schema *schema, const struct schema_field *field,
                                 const char *text, struct buffer *out, struct error *err)
{
    char name[64];
    struct id id;
    const char *colon = strchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof name || !id_parse(colon + 1, &id))
        return refuse(field, text, err);
    memcpy(name, text, (size_t)(colon - text));
    name[colon - text] = '\0';
    const struct schema_table *table = schema_table_named(schema, name);
    if (!table)
        return refuse(field, text, err);
    uint8_t data[2 + ID_BYTES] = {(uint8_t)table->number, (uint8_t)(table->number >> 8)};
    memcpy(data + 2, id.bytes, ID_BYTES);
    return pack_bin(out, bytes_of(data, sizeof data));
}

static enum status parse_geo(const struct schema_field *field, const char *text, struct buffer *out,
                             struct error *err)
{
    char first[32];
    int64_t latitude, longitude;
    const char *comma = strchr(text, ',');
    if (!comma || (size_t)(comma - text) >= sizeof first)
        return refuse(field, text, err);
    memcpy(first, text, (size_t)(comma - text));
    first[comma - text] = '\0';
    comma += 1 + (comma[1] == ' ');
    if (!parse_decimal(first, 7, &latitude) || !parse_decimal(comma, 7, &longitude))
        return refuse(field, text, err);
    TRY(pack_array(out, 2));
    TRY(pack_int(out, latitude));
    return pack_int(out, longitude);
}

static enum status parse_number(const struct schema_field *field, const char *text, int decimals,
                                struct buffer *out, struct error *err)
{
    int64_t number;
    if (!parse_decimal(text, decimals, &number))
        return refuse(field, text, err);
    return pack_int(out, number);
}

static enum status parse_bin(const struct schema_field *field, const char *text, size_t size,
                             struct buffer *out, struct error *err)
{
    uint8_t data[32];
    if (!hex_decode(text, data, size))
        return refuse(field, text, err);
    return pack_bin(out, bytes_of(data, size));
}

static enum status parse_kind(const struct schema *schema, const struct schema_field *field,
                              const char *text, struct buffer *out, struct error *err)
{
    bool flag;
    switch (field->type) {
    case FIELD_BOOL:
        return parse_flag(text, &flag) ? pack_bool(out, flag) : refuse(field, text, err);
    case FIELD_INT:
        return parse_number(field, text, 0, out, err);
    case FIELD_MONEY:
        return parse_number(field, text, 2, out, err);
    case FIELD_ENUM:
        return parse_enum(field, text, out, err);
    case FIELD_REF:
        return parse_bin(field, text, ID_BYTES, out, err);
    case FIELD_BLOB:
        return parse_bin(field, text, 32, out, err);
    case FIELD_REF_ANY:
        return parse_ref_any(schema, field, text, out, err);
    case FIELD_GEO:
        return parse_geo(field, text, out, err);
    case FIELD_SEALED:
        return error_set(err, STATUS_UNSUPPORTED, "field '%s': sealed values are not there yet",
                         field->name);
    default:
        return pack_str(out, bytes_text(text));
    }
}

enum status field_parse(const struct schema *schema, const struct schema_field *field,
                        const char *text, struct buffer *out, struct error *err)
{
    size_t before = out->size;
    if (!utf8_valid(bytes_text(text)))
        return error_set(err, STATUS_BAD_INPUT, "field '%s': not valid UTF-8", field->name);
    enum status status = *text ? parse_kind(schema, field, text, out, err) : pack_nil(out);
    if (status == STATUS_OK)
        status = field_check(field, bytes_of(out->data + before, out->size - before), false, err);
    if (status != STATUS_OK)
        out->size = before;
    return status;
}

/* ---- formatting ---- */

static enum status format_int(const struct schema_field *field, int64_t number, struct buffer *out)
{
    char text[40];
    int size = field->type == FIELD_MONEY ? format_decimal(text, sizeof text, number, 2)
                                          : snprintf(text, sizeof text, "%" PRId64, number);
    return buffer_append(out, text, (size_t)size);
}

static enum status format_hex(struct bytes data, struct buffer *out)
{
    TRY(buffer_reserve(out, data.size * 2 + 1));
    hex_encode(data, (char *)out->data + out->size);
    out->size += data.size * 2;
    return STATUS_OK;
}

static enum status format_bin(const struct schema *schema, const struct schema_field *field,
                              struct bytes data, struct buffer *out)
{
    if (field->type == FIELD_REF_ANY && data.size == 2 + ID_BYTES) {
        uint32_t number = (uint32_t)data.data[0] | (uint32_t)data.data[1] << 8;
        const struct schema_table *table = schema_table(schema, number);
        TRY(buffer_append_bytes(out, bytes_text(table ? table->name : "?")));
        TRY(buffer_append(out, ":", 1));
        data = bytes_of(data.data + 2, ID_BYTES);
    }
    return format_hex(data, out);
}

/* Two numbers of a place, or a step of a later round. */
static enum status format_pair(struct unpack *in, struct buffer *out)
{
    char text[80];
    uint32_t parts;
    int64_t first, second;
    struct bytes code;
    if (!unpack_array(in, &parts) || parts != 2 || !unpack_int(in, &first))
        return STATUS_BAD_INPUT;
    if (unpack_str(in, &code)) {
        TRY(buffer_append_bytes(out, code));
        int size = snprintf(text, sizeof text, "#%" PRId64, first);
        return buffer_append(out, text, (size_t)size);
    }
    if (!unpack_int(in, &second))
        return STATUS_BAD_INPUT;
    int size = format_decimal(text, 40, first, 7);
    text[size++] = ',';
    size += format_decimal(text + size, 39, second, 7);
    return buffer_append(out, text, (size_t)size);
}

enum status field_format(const struct schema *schema, const struct schema_field *field,
                         struct bytes value, struct buffer *out)
{
    struct unpack in = unpack_of(value);
    struct bytes data;
    int64_t number;
    bool flag;
    if (unpack_nil(&in))
        return STATUS_OK;
    if (unpack_str(&in, &data))
        return buffer_append_bytes(out, data);
    if (unpack_int(&in, &number))
        return format_int(field, number, out);
    if (unpack_bool(&in, &flag))
        return buffer_append_bytes(out, bytes_text(flag ? "true" : "false"));
    if (unpack_bin(&in, &data))
        return format_bin(schema, field, data, out);
    if (unpack_sealed(&in, &data))
        return buffer_append_bytes(out, bytes_text("***"));
    return format_pair(&in, out);
}
