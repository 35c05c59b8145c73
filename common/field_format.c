/* A canonical value as the text that field_parse takes (field_format). */

#include <inttypes.h>
#include <stdio.h>

#include "common/attachment.h"
#include "common/pack.h"
#include "common/schema.h"

static int format_decimal(char *out, size_t size, int64_t value, int decimals)
{
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, unit = 1;
    for (int i = 0; i < decimals; i++)
        unit *= 10;
    return snprintf(out, size, "%s%" PRIu64 ".%0*" PRIu64, value < 0 ? "-" : "", rest / unit,
                    decimals, rest % unit);
}

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
    if (field->type == FIELD_ATTACHMENT)
        return buffer_append_bytes(out, bytes_text(SEALED_TEXT));
    if (field->type == FIELD_REF_ANY && data.size == 2 + ID_BYTES) {
        uint32_t number = (uint32_t)data.data[0] | (uint32_t)data.data[1] << 8;
        const struct schema_table *table = schema_table(schema, number);
        char digits[16];
        snprintf(digits, sizeof digits, "%" PRIu32, number);
        TRY(buffer_append_bytes(out, bytes_text(table ? table->name : digits)));
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
    struct attachment_description described;
    struct attachment_head head;
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
        return buffer_append_bytes(out, bytes_text(SEALED_TEXT));
    if (attachment_plain_read(&head, &described, value))
        return buffer_append_bytes(out, described.name);
    return format_pair(&in, out);
}
