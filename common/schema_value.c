/* Values against their field: type, bounds, order (field_check, field_compare). */

#include <string.h>

#include "common/attachment.h"
#include "common/calendar.h"
#include "common/pack.h"
#include "common/schema.h"

#define BLOB_BYTES 32
#define ROUND_MAX 1000000

static enum status wrong(const struct schema_field *field, struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT, "field '%s': not a value of type %s", field->name,
                     field_type_name(field->type));
}

static bool code_valid(struct bytes text)
{
    if (text.size == 0 || text.size > FIELD_CODE_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '_' && c != '.' && c != '-')
            return false;
    }
    return true;
}

static enum status check_text(const struct schema_field *field, struct bytes text, bool lenient,
                              struct error *err)
{
    bool good = true;
    switch (field->type) {
    case FIELD_DATE:
        good = calendar_date_valid(text);
        break;
    case FIELD_MONTH:
        good = calendar_month_valid(text);
        break;
    case FIELD_DATETIME:
        good = calendar_datetime_valid(text);
        break;
    case FIELD_CODE:
        good = code_valid(text);
        break;
    case FIELD_ENUM:
        good = field_code_rank(field, text) >= 0 || (lenient && code_valid(text));
        break;
    default:
        if (text.size > field->bytes_max)
            return error_set(err, STATUS_TOO_LARGE, "field '%s': more than %u bytes", field->name,
                             field->bytes_max);
    }
    return good ? STATUS_OK : wrong(field, err);
}

static bool is_text_type(enum field_type type)
{
    return type == FIELD_TEXT || type == FIELD_PLACE || type == FIELD_DATE ||
           type == FIELD_DATETIME || type == FIELD_MONTH || type == FIELD_ENUM ||
           type == FIELD_CODE;
}

static enum status check_number(const struct schema_field *field, int64_t number, struct error *err)
{
    if ((field->has_min && number < field->min) || (field->has_max && number > field->max))
        return error_set(err, STATUS_BAD_INPUT, "field '%s': %lld is out of range", field->name,
                         (long long)number);
    return STATUS_OK;
}

static bool check_geo(struct unpack *in)
{
    uint32_t parts;
    int64_t latitude, longitude;
    return unpack_array(in, &parts) && parts == 2 && unpack_int(in, &latitude) &&
           unpack_int(in, &longitude) && latitude >= -900000000 && latitude <= 900000000 &&
           longitude >= -1800000000 && longitude <= 1800000000;
}

/* A newer schema may let a ref name more tables; those of the registry it never may. */
static bool ref_allowed(const struct schema_field *field, uint32_t table, bool lenient)
{
    if (table < TABLE_NUMBER_FIRST)
        return false;
    for (size_t i = 0; i < field->ref_tables_count; i++)
        if (field->ref_tables[i] == table)
            return true;
    return lenient || field->ref_tables_count == 0;
}

static bool check_attachment(struct bytes data)
{
    struct attachment_head head;
    return attachment_head_read(&head, data) &&
           data.size >= ATTACHMENT_HEAD_BYTES + ATTACHMENT_SEALED_MIN &&
           data.size <= ATTACHMENT_HEAD_BYTES + ATTACHMENT_SEALED_MAX;
}

static bool check_bin(const struct schema_field *field, struct bytes data, bool lenient)
{
    switch (field->type) {
    case FIELD_REF:
        return data.size == ID_BYTES;
    case FIELD_REF_ANY:
        return data.size == 2 + ID_BYTES &&
               ref_allowed(field, (uint32_t)data.data[0] | (uint32_t)data.data[1] << 8, lenient);
    case FIELD_BLOB:
        return data.size == BLOB_BYTES;
    case FIELD_ATTACHMENT:
        return check_attachment(data);
    default:
        return false;
    }
}

/* [round >= 2, code] */
static enum status check_round(const struct schema_field *field, struct unpack *in, bool lenient,
                               struct error *err)
{
    uint32_t parts;
    uint64_t round;
    struct bytes code;
    if (!unpack_array(in, &parts) || parts != 2 || !unpack_uint_max(in, ROUND_MAX, &round) ||
        round < 2 || !unpack_str(in, &code))
        return wrong(field, err);
    return check_text(field, code, lenient, err);
}

/* A text may come sealed, unless it is compared by its bytes: sealing twice gives two byte strings.
 */
static enum status check_sealed(const struct schema_field *field, struct bytes data,
                                struct error *err)
{
    bool compared = field->in_key || field->merge == MERGE_SET;
    if (field->type != FIELD_SEALED && (field->type != FIELD_TEXT || compared))
        return wrong(field, err);
    if (data.size > (size_t)field->bytes_max + FIELD_SEAL_BYTES_MAX)
        return error_set(err, STATUS_TOO_LARGE, "field '%s': more than %u bytes", field->name,
                         field->bytes_max);
    return STATUS_OK;
}

static enum status check_kind(const struct schema_field *field, struct unpack *in, bool lenient,
                              struct error *err)
{
    struct bytes data;
    int64_t number;
    bool flag;
    if (unpack_str(in, &data))
        return is_text_type(field->type) ? check_text(field, data, lenient, err)
                                         : wrong(field, err);
    if (unpack_sealed(in, &data))
        return check_sealed(field, data, err);
    if (unpack_int(in, &number))
        return field->type == FIELD_INT || field->type == FIELD_MONEY
                   ? check_number(field, number, err)
                   : wrong(field, err);
    if (unpack_bin(in, &data))
        return check_bin(field, data, lenient) ? STATUS_OK : wrong(field, err);
    if (unpack_bool(in, &flag))
        return field->type == FIELD_BOOL ? STATUS_OK : wrong(field, err);
    if (field->merge == MERGE_STEPS)
        return check_round(field, in, lenient, err);
    return field->type == FIELD_GEO && check_geo(in) ? STATUS_OK : wrong(field, err);
}

enum status field_check(const struct schema_field *field, struct bytes value, bool lenient,
                        struct error *err)
{
    struct unpack in = unpack_of(value);
    if (unpack_nil(&in)) {
        bool never = field->merge == MERGE_SET || field->merge == MERGE_COUNTER ||
                     field->merge == MERGE_STEPS;
        return !never && unpack_done(&in) ? STATUS_OK : wrong(field, err);
    }
    TRY(check_kind(field, &in, lenient, err));
    return unpack_done(&in) ? STATUS_OK : wrong(field, err);
}

enum status field_check_typed(const struct schema_field *field, struct bytes value,
                              struct error *err)
{
    struct attachment_description described;
    struct attachment_head head;
    struct schema_field typed = *field;
    struct unpack in = unpack_of(value);
    struct bytes text;
    if (field->type == FIELD_SEALED && unpack_str(&in, &text))
        typed.type = FIELD_TEXT;
    if (field->type == FIELD_ATTACHMENT && attachment_plain_read(&head, &described, value))
        return STATUS_OK;
    return field_check(&typed, value, false, err);
}

/* ---- order ---- */

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Round and rank of a step, or the rank of a code, or the number. */
static bool position(const struct schema_field *field, struct bytes value, int64_t *round,
                     int64_t *rank)
{
    struct unpack in = unpack_of(value);
    struct bytes code;
    uint32_t parts;
    uint64_t later;
    *round = 1;
    if (unpack_int(&in, rank))
        return true;
    if (field->merge == MERGE_STEPS && unpack_array(&in, &parts) && unpack_uint(&in, &later))
        *round = (int64_t)later;
    if (field->type != FIELD_ENUM || !unpack_str(&in, &code))
        return false;
    *rank = field_code_rank(field, code);
    return true;
}

bool schema_ref(const struct schema *schema, const struct schema_field *field, struct bytes value,
                const struct schema_table **table, struct id *id)
{
    struct unpack in = unpack_of(value);
    struct bytes data;
    if (!unpack_bin(&in, &data))
        return false;
    if (field->type == FIELD_REF && data.size == ID_BYTES)
        *table = schema_table(schema, field->ref_tables[0]);
    else if (field->type == FIELD_REF_ANY && data.size == ID_BYTES + 2)
        *table = schema_table(schema, (uint32_t)data.data[0] | (uint32_t)data.data[1] << 8);
    else
        return false;
    memcpy(id->bytes, data.data + data.size - ID_BYTES, ID_BYTES);
    return *table != NULL;
}

int field_compare(const struct schema_field *field, struct bytes a, struct bytes b)
{
    static const uint8_t nil = 0xc0;
    struct bytes none = bytes_of(&nil, 1);
    bool a_nil = a.size == 0 || bytes_equal(a, none), b_nil = b.size == 0 || bytes_equal(b, none);
    if (a_nil || b_nil)
        return (int)b_nil - (int)a_nil;
    int64_t a_round, a_rank, b_round, b_rank;
    if (position(field, a, &a_round, &a_rank) && position(field, b, &b_round, &b_rank)) {
        int by = order(a_round, b_round);
        if (by == 0)
            by = order(a_rank, b_rank);
        /* Codes that neither list knows still need an order that is the same everywhere. */
        return by || a_rank >= 0 || field->type != FIELD_ENUM ? by : bytes_compare(a, b);
    }
    struct unpack left = unpack_of(a), right = unpack_of(b);
    struct bytes left_text, right_text;
    if (unpack_str(&left, &left_text) && unpack_str(&right, &right_text))
        return bytes_compare(left_text, right_text);
    return bytes_compare(a, b);
}
