#include "server/xlsform_sheets.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/sheet_xlsx.h"

/* ---- words ---- */

static char *trimmed(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    for (size_t size = strlen(text); size > 0 && isspace((unsigned char)text[size - 1]); size--)
        text[size - 1] = '\0';
    return text;
}

static bool is_words(const char *heading)
{
    return strncasecmp(heading, "label", 5) == 0 || strncasecmp(heading, "hint", 4) == 0 ||
           strncasecmp(heading, "form_title", 10) == 0;
}

/* One line that a label has room for; false: it had to be cut. */
static bool shorten(char *text)
{
    size_t size = strlen(text);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
    if (size <= SCHEMA_LABEL_BYTES_MAX)
        return true;
    for (size = SCHEMA_LABEL_BYTES_MAX; (text[size] & 0xc0) == 0x80; size--)
        ;
    text[size] = '\0';
    return false;
}

static void shorten_words(struct xlsform *form, const struct sheet *sheet)
{
    struct error why = {0};
    for (size_t c = 0; c < sheet->heading.count; c++) {
        const char *heading = sheet->heading.cells[c];
        for (size_t r = 0; r < sheet->count && is_words(heading); r++) {
            const struct sheet_row *row = &sheet->rows[r];
            if (c >= row->count || shorten(row->cells[c]))
                continue;
            error_set(&why, STATUS_TOO_LARGE, "the text is cut to %d bytes",
                      SCHEMA_LABEL_BYTES_MAX);
            xlsform_tell(form, sheet, row, heading, &why);
        }
    }
}

/* ---- columns that nobody reads ---- */

/* Which language a heading "label::中文 (zh)" names: 'z', 'e', or 0 for another one. */
static char language_of(const char *heading)
{
    if (strstr(heading, "(zh") || strstr(heading, "中文") || strcasestr(heading, "chinese") ||
        strstr(heading, "汉语"))
        return 'z';
    return strstr(heading, "(en") || strcasestr(heading, "english") ? 'e' : 0;
}

/* Those of a sheet that the rest of the room reads; a '*' stands for labels in both languages. */
static const char *const survey_columns[] = {
    "type",       "name",    "label*",      "hint*",         "required",     "relevant",
    "constraint", "default", "calculation", "choice_filter", "repeat_count", NULL};
static const char *const choices_columns[] = {"list_name", "name", "label*", NULL};
static const char *const settings_columns[] = {"form_title*", "form_id", NULL};

/* Is it `column` itself, or its words in Chinese or English? */
static bool is_ours(const char *heading, const char *column)
{
    size_t size = strcspn(column, "*");
    if (strncasecmp(heading, column, size) != 0)
        return false;
    return heading[size] == '\0' ||
           (column[size] == '*' && heading[size] == ':' && language_of(heading + size) != 0);
}

/* Words in another language are read where there are no others. */
static bool is_read(const struct sheet *sheet, const char *heading, const char *const *columns)
{
    for (; *columns; columns++) {
        size_t size = strcspn(*columns, "*");
        bool words = (*columns)[size] == '*' && strncasecmp(heading, *columns, size) == 0 &&
                     heading[size] == ':';
        for (size_t i = 0; i < sheet->heading.count && words; i++)
            words = !is_ours(trimmed(sheet->heading.cells[i]), *columns);
        if (words || is_ours(heading, *columns))
            return true;
    }
    return false;
}

static void tell_column(struct xlsform *form, const struct sheet *sheet, size_t column)
{
    struct error why = {0};
    const struct sheet_row *first = NULL;
    unsigned rows = 0;
    for (size_t r = 0; r < sheet->count; r++)
        if (column < sheet->rows[r].count && *trimmed(sheet->rows[r].cells[column])) {
            first = first ? first : &sheet->rows[r];
            rows++;
        }
    if (!first)
        return;
    error_set(&why, STATUS_UNSUPPORTED, "this column is not taken over; rows that have it: %u",
              rows);
    xlsform_tell(form, sheet, first, sheet->heading.cells[column], &why);
}

static void tell_columns(struct xlsform *form, const struct sheet *sheet,
                         const char *const *columns)
{
    for (size_t c = 0; c < sheet->heading.count; c++)
        if (*trimmed(sheet->heading.cells[c]) &&
            !is_read(sheet, trimmed(sheet->heading.cells[c]), columns))
            tell_column(form, sheet, c);
}

/* ---- the file ---- */

static enum status open_optional(struct sheet *sheet, struct bytes file, const char *name,
                                 struct error *err)
{
    enum status status = sheet_parse_xlsx(sheet, file, name, err);
    if (status != STATUS_NOT_FOUND)
        return status;
    error_clear(err);
    return STATUS_OK;
}

enum status xlsform_open(struct xlsform *form, struct bytes file, struct error *err)
{
    *form = (struct xlsform){.told = json_array()};
    if (!sheet_is_xlsx(file))
        return error_set(err, STATUS_BAD_INPUT, "this is no spreadsheet (.xlsx)");
    TRY(sheet_parse_xlsx(&form->survey, file, "survey", err));
    TRY(open_optional(&form->choices, file, "choices", err));
    TRY(open_optional(&form->settings, file, "settings", err));
    shorten_words(form, &form->survey);
    shorten_words(form, &form->choices);
    shorten_words(form, &form->settings);
    tell_columns(form, &form->survey, survey_columns);
    tell_columns(form, &form->choices, choices_columns);
    tell_columns(form, &form->settings, settings_columns);
    return STATUS_OK;
}

void xlsform_release(struct xlsform *form)
{
    sheet_release(&form->survey);
    sheet_release(&form->choices);
    sheet_release(&form->settings);
}

/* ---- cells ---- */

static const char *cell_at(const struct sheet_row *row, size_t column)
{
    return column < row->count ? trimmed(row->cells[column]) : "";
}

const char *xlsform_cell(const struct sheet *sheet, const struct sheet_row *row,
                         const char *heading)
{
    for (size_t i = 0; i < sheet->heading.count; i++)
        if (strcasecmp(trimmed(sheet->heading.cells[i]), heading) == 0)
            return cell_at(row, i);
    return "";
}

struct xlsform_words xlsform_words(const struct sheet *sheet, const struct sheet_row *row,
                                   const char *heading)
{
    struct xlsform_words words = {"", ""};
    const char *plain = xlsform_cell(sheet, row, heading);
    size_t size = strlen(heading);
    for (size_t i = 0; i < sheet->heading.count; i++) {
        const char *here = trimmed(sheet->heading.cells[i]);
        if (strncasecmp(here, heading, size) != 0 || here[size] != ':')
            continue;
        char language = language_of(here + size);
        const char *text = cell_at(row, i);
        if (language == 'z')
            words.zh = text;
        if (language == 'e')
            words.en = text;
        if (!*plain)
            plain = text;
    }
    if (!*words.zh)
        words.zh = *plain ? plain : words.en;
    if (!*words.en)
        words.en = *plain ? plain : words.zh;
    return words;
}

/* ---- notes ---- */

void xlsform_tell(struct xlsform *form, const struct sheet *sheet, const struct sheet_row *row,
                  const char *heading, const struct error *why)
{
    const char *name = sheet == &form->survey    ? "survey"
                       : sheet == &form->choices ? "choices"
                                                 : "settings";
    json_array_append_new(form->told, json_pack("{ss sI ss ss}", "sheet", name, "row",
                                                (json_int_t)(row ? row->number : 1), "column",
                                                heading, "message", why->text));
}

void xlsform_name(const char *theirs, char ours[XLSFORM_NAME_BYTES])
{
    static const char *const reserved[] = {"id", "oid", "rowid"};
    size_t size = 0;
    if (!isalpha((unsigned char)*theirs) || (*theirs & 0x80))
        size = (size_t)snprintf(ours, XLSFORM_NAME_BYTES, "c_");
    for (; *theirs && size < XLSFORM_NAME_BYTES - 2; theirs++) {
        char c = (char)tolower((unsigned char)*theirs);
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        ours[size++] = plain ? c : '_';
    }
    ours[size] = '\0';
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcmp(ours, reserved[i]) == 0 || strncmp(ours, "sqlite_", 7) == 0)
            snprintf(ours + size, XLSFORM_NAME_BYTES - size, "_");
}
