/* What a person or a script typed, as a canonical value (field_parse).
 *
 * People type on small keyboards, with Chinese input methods: full-width digits, 2026年11月1日 and
 * 2026/11/1 are understood. What comes out has one form only. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/calendar.h"
#include "common/pack.h"
#include "common/schema.h"

#define DATE_TEXT_BYTES 40  /* room for any three numbers */
#define TYPED_BYTES_MAX 128 /* of everything but running text */

/* What was typed stands last: a long one is cut at the end of the sentence. */
static enum status refuse(const struct schema_field *field, const char *text, struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT, "field '%s' takes a value of type %s, not '%s'",
                     field->name, field_type_name(field->type), text);
}

static enum status refuse_date(const struct schema_field *field, const char *like, const char *text,
                               struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT, "field '%s' takes a date like %s, not '%s'",
                     field->name, like, text);
}

/* ---- what an input method leaves behind ---- */

/* The ASCII character that a full-width one (U+FF01..FF5E, U+3000) stands for; 0: none. */
static char narrow(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] == 0xe3 && at[1] == 0x80 && at[2] == 0x80)
        return ' ';
    if (at[0] == 0xef && at[1] == 0xbc && at[2] >= 0x81 && at[2] <= 0xbf)
        return (char)(at[2] - 0x81 + '!');
    if (at[0] == 0xef && at[1] == 0xbd && at[2] >= 0x80 && at[2] <= 0x9e)
        return (char)(at[2] - 0x80 + '`');
    return 0;
}

/* Full-width characters become ASCII, spaces around go. false when it is too long for a value. */
static bool tidy_up(const char *text, char out[TYPED_BYTES_MAX])
{
    size_t size = 0;
    for (; *text; text++) {
        char ascii = narrow(text);
        char c = ascii ? ascii : *text;
        text += ascii ? 2 : 0;
        if (c == ' ' && size == 0)
            continue;
        if (size + 1 >= TYPED_BYTES_MAX)
            return false;
        out[size++] = c;
    }
    while (size > 0 && out[size - 1] == ' ')
        size--;
    out[size] = '\0';
    return true;
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

/* ---- days and times ---- */

/* Up to `most` digits; moves on. */
static bool take_number(const char **at, int most, unsigned *number)
{
    int digits = 0;
    for (*number = 0; digits < most && **at >= '0' && **at <= '9'; digits++)
        *number = *number * 10 + (unsigned)(*(*at)++ - '0');
    return digits > 0;
}

static bool take_word(const char **at, const char *word)
{
    size_t size = strlen(word);
    if (strncmp(*at, word, size) != 0)
        return false;
    *at += size;
    return true;
}

static bool take_mark(const char **at, const char *chinese)
{
    return take_word(at, "-") || take_word(at, "/") || take_word(at, ".") || take_word(at, chinese);
}

/* "2026-11-1", "2026/11/01", "2026.11.1" and "2026年11月1日" are one day. */
static bool take_date(const char **at, char out[DATE_TEXT_BYTES])
{
    const char *start = *at;
    unsigned year, month, day;
    if (!take_number(at, 4, &year) || *at - start != 4 || !take_mark(at, "年") ||
        !take_number(at, 2, &month) || !take_mark(at, "月") || !take_number(at, 2, &day))
        return false;
    take_word(at, "日");
    snprintf(out, DATE_TEXT_BYTES, "%04u-%02u-%02u", year, month, day);
    return calendar_date_valid(bytes_text(out));
}

static enum status parse_date(const struct schema_field *field, const char *text,
                              struct buffer *out, struct error *err)
{
    char date[DATE_TEXT_BYTES];
    const char *at = text;
    if (!take_date(&at, date) || *at)
        return refuse_date(field, "2026-11-01", text, err);
    return pack_str(out, bytes_text(date));
}

static enum status parse_month(const struct schema_field *field, const char *text,
                               struct buffer *out, struct error *err)
{
    char month_text[DATE_TEXT_BYTES];
    const char *at = text;
    unsigned year, month;
    bool good = take_number(&at, 4, &year) && at - text == 4 && take_mark(&at, "年") &&
                take_number(&at, 2, &month);
    take_word(&at, "月");
    if (!good || *at)
        return refuse_date(field, "2026-11", text, err);
    snprintf(month_text, sizeof month_text, "%04u-%02u", year, month);
    if (!calendar_month_valid(bytes_text(month_text)))
        return refuse_date(field, "2026-11", text, err);
    return pack_str(out, bytes_text(month_text));
}

static enum status parse_datetime(const struct schema_field *field, const char *text,
                                  struct buffer *out, struct error *err)
{
    char date[DATE_TEXT_BYTES], time[80];
    const char *at = text;
    unsigned hour = 0, minute = 0, second = 0;
    bool seconds = false;
    bool good = take_date(&at, date);
    while (take_word(&at, " ") || take_word(&at, "T"))
        ;
    good =
        good && take_number(&at, 2, &hour) && take_word(&at, ":") && take_number(&at, 2, &minute);
    if (good && take_word(&at, ":"))
        good = seconds = take_number(&at, 2, &second);
    if (!good || *at)
        return refuse_date(field, "2026-11-01T09:30", text, err);
    int size = snprintf(time, sizeof time, "%sT%02u:%02u", date, hour, minute);
    if (seconds)
        snprintf(time + size, sizeof time - (size_t)size, ":%02u", second);
    if (!calendar_datetime_valid(bytes_text(time)))
        return refuse_date(field, "2026-11-01T09:30", text, err);
    return pack_str(out, bytes_text(time));
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

static const struct schema_code *find_code(const struct schema_field *field, const char *text)
{
    for (size_t i = 0; i < field->codes_count; i++) {
        const struct schema_code *code = &field->codes[i];
        if (strcmp(code->code, text) == 0 || strcmp(code->label.zh, text) == 0 ||
            strcasecmp(code->label.en, text) == 0)
            return code;
    }
    return NULL;
}

/* A code or label; of steps also "code#2", as field_format writes it. */
static enum status parse_enum(const struct schema_field *field, char *text, struct buffer *out,
                              struct error *err)
{
    int64_t round = 1;
    const struct schema_code *code = find_code(field, text);
    char *mark = strrchr(text, '#');
    if (!code && mark && field->merge == MERGE_STEPS) {
        *mark = '\0';
        code = parse_decimal(mark + 1, 0, &round) && round >= 2 ? find_code(field, text) : NULL;
        *mark = '#';
    }
    if (!code)
        return error_set(err, STATUS_BAD_INPUT, "field '%s' has no choice '%s'", field->name, text);
    if (round > 1) {
        TRY(pack_array(out, 2));
        TRY(pack_int(out, round));
    }
    return pack_str(out, bytes_text(code->code));
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
    /* A table that this schema doesn't know yet has only its number. */
    const struct schema_table *table = schema_table_named(schema, name);
    int64_t number = 0;
    if (table)
        number = table->number;
    else if (!parse_decimal(name, 0, &number) || number < 0 || number > TABLE_NUMBER_MAX)
        return refuse(field, text, err);
    uint8_t data[2 + ID_BYTES] = {(uint8_t)number, (uint8_t)(number >> 8)};
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

static enum status parse_value(const struct schema *schema, const struct schema_field *field,
                               char *text, struct buffer *out, struct error *err)
{
    bool flag;
    switch (field->type) {
    case FIELD_BOOL:
        return parse_flag(text, &flag) ? pack_bool(out, flag) : refuse(field, text, err);
    case FIELD_INT:
        return parse_number(field, text, 0, out, err);
    case FIELD_MONEY:
        return parse_number(field, text, 2, out, err);
    case FIELD_DATE:
        return parse_date(field, text, out, err);
    case FIELD_DATETIME:
        return parse_datetime(field, text, out, err);
    case FIELD_MONTH:
        return parse_month(field, text, out, err);
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
    case FIELD_ATTACHMENT:
        return error_set(err, STATUS_BAD_INPUT, "field '%s': an attachment is a file, not a text",
                         field->name);
    case FIELD_TEXT:
    case FIELD_SEALED:
    case FIELD_CODE:
    case FIELD_PLACE:
        break;
    }
    return pack_str(out, bytes_text(text));
}

static bool is_running_text(enum field_type type)
{
    return type == FIELD_TEXT || type == FIELD_PLACE || type == FIELD_SEALED;
}

static enum status parse_any(const struct schema *schema, const struct schema_field *field,
                             const char *text, struct buffer *out, struct error *err)
{
    char tidy[TYPED_BYTES_MAX];
    if (!*text)
        return pack_nil(out);
    if (is_running_text(field->type))
        return pack_str(out, bytes_text(text));
    /* Labels may be long and may hold full-width characters of their own. */
    const struct schema_code *code = find_code(field, text);
    if (code)
        return pack_str(out, bytes_text(code->code));
    if (!tidy_up(text, tidy))
        return refuse(field, text, err);
    return *tidy ? parse_value(schema, field, tidy, out, err) : pack_nil(out);
}

enum status field_parse(const struct schema *schema, const struct schema_field *field,
                        const char *text, struct buffer *out, struct error *err)
{
    size_t before = out->size;
    if (!utf8_valid(bytes_text(text)))
        return error_set(err, STATUS_BAD_INPUT, "field '%s': not valid UTF-8", field->name);
    /* What those see who have no key isn't the value. */
    if (field->seal_roles && strcmp(text, SEALED_TEXT) == 0)
        return error_set(err, STATUS_BAD_INPUT, "field '%s': a sealed value cannot be typed",
                         field->name);
    enum status status = parse_any(schema, field, text, out, err);
    if (status == STATUS_NO_MEMORY)
        error_set(err, status, "out of memory");
    if (status == STATUS_OK)
        status = field_check_typed(field, bytes_of(out->data + before, out->size - before), err);
    if (status != STATUS_OK)
        out->size = before;
    return status;
}
