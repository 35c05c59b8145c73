#include "common/sheet_cell.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUILT_IN_FORMATS 164
#define SERIAL_MAX 2958466 /* 10000-01-01 */
#define MINUTES_A_DAY 1440
#define DAYS_TO_1970 25569 /* from 1899-12-30, where serials begin */
#define DAYS_TO_1970_OF_1904 24107

/* ---- formats ---- */

static enum cell_format of_built_in(unsigned id)
{
    bool east_asian = (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 54) || id >= 57;
    if ((id >= 14 && id <= 16) || id == 22 || (east_asian && id <= 58))
        return CELL_DATE;
    return id == 17 || id == 55 || id == 56 ? CELL_MONTH : CELL_NUMBER;
}

/* The last character of what is quoted or in brackets. */
static const char *behind(const char *code)
{
    const char *end = strchr(code + 1, *code == '"' ? '"' : ']');
    return end ? end : code + strlen(code) - 1;
}

enum cell_format cell_format_of(unsigned id, const char *code)
{
    bool year = false, day = false;
    if (id < BUILT_IN_FORMATS || !code)
        return of_built_in(id);
    for (; *code; code++) {
        if (*code == '\\' && code[1])
            code++;
        else if (*code == '"' || *code == '[')
            code = behind(code);
        else if (*code == 'y' || *code == 'Y')
            year = true;
        else if (*code == 'd' || *code == 'D')
            day = true;
    }
    return day ? CELL_DATE : year ? CELL_MONTH : CELL_NUMBER;
}

int cell_column(const char *place, int columns_max)
{
    int column = 0;
    for (; *place >= 'A' && *place <= 'Z'; place++) {
        column = column * 26 + (*place - 'A' + 1);
        if (column > columns_max)
            return -1;
    }
    return *place >= '1' && *place <= '9' ? column - 1 : -1;
}

/* ---- numbers and days ---- */

/* Howard Hinnant's days_from_civil, the other way round. */
static void civil_of(int64_t days, int *year, unsigned *month, unsigned *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned of_era = (unsigned)(days - era * 146097);
    unsigned years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * years + years / 4 - years / 100);
    unsigned shifted = (5 * of_year + 2) / 153;
    *day = of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = (int)(years + era * 400) + (*month <= 2);
}

static enum status put_day(double serial, enum cell_format format, bool from_1904,
                           struct buffer *out, struct error *err)
{
    char text[40];
    int year;
    unsigned month, day;
    if (serial < 0 || serial >= SERIAL_MAX)
        return error_set(err, STATUS_BAD_INPUT, "%g is not a date", serial);
    int64_t minutes = (int64_t)llround(serial * MINUTES_A_DAY), of_day = minutes % MINUTES_A_DAY;
    int64_t days = minutes / MINUTES_A_DAY;
    if (!from_1904 && days < 60) /* the 29th of February 1900, which spreadsheets have */
        days++;
    civil_of(days - (from_1904 ? DAYS_TO_1970_OF_1904 : DAYS_TO_1970), &year, &month, &day);
    int size = format == CELL_MONTH
                   ? snprintf(text, sizeof text, "%04d-%02u", year, month)
                   : snprintf(text, sizeof text, "%04d-%02u-%02u", year, month, day);
    if (format == CELL_DATE && of_day > 0)
        size += snprintf(text + size, sizeof text - (size_t)size, "T%02d:%02d", (int)of_day / 60,
                         (int)of_day % 60);
    return buffer_append(out, text, (size_t)size) == STATUS_OK
               ? STATUS_OK
               : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

enum status cell_number(const char *text, enum cell_format format, bool from_1904,
                        struct buffer *out, struct error *err)
{
    char plain[40], *end;
    double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number))
        return error_set(err, STATUS_BAD_INPUT, "'%.40s' is not a number", text);
    if (format != CELL_NUMBER)
        return put_day(number, format, from_1904, out, err);
    bool whole = fabs(number) < 1e15 && number == floor(number);
    int size = snprintf(plain, sizeof plain, whole ? "%.0f" : "%.15g", number);
    return buffer_append(out, plain, (size_t)size) == STATUS_OK
               ? STATUS_OK
               : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* ---- texts ---- */

static bool hex_digit(uint8_t c, unsigned *value)
{
    bool digit = c >= '0' && c <= '9', upper = c >= 'A' && c <= 'F', lower = c >= 'a' && c <= 'f';
    *value = *value << 4 | (unsigned)(digit ? c - '0' : upper ? c - 'A' + 10 : c - 'a' + 10);
    return digit || upper || lower;
}

void cell_unescape(struct buffer *text)
{
    size_t kept = 0;
    for (size_t at = 0; at < text->size; at++) {
        const uint8_t *from = text->data + at;
        unsigned code = 0;
        bool spelled = text->size - at >= 7 && from[0] == '_' && from[1] == 'x' && from[6] == '_';
        for (size_t i = 2; spelled && i < 6; i++)
            spelled = hex_digit(from[i], &code);
        if (spelled && code > 0 && code < 0x80) {
            text->data[kept++] = (uint8_t)code;
            at += 6;
        } else {
            text->data[kept++] = *from;
        }
    }
    text->size = kept;
}
