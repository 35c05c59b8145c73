/* What a form says in XPath, in the few shapes that a schema has words for. */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/xlsform_sheets.h"

static bool skip(const char **at, const char *word)
{
    while (isspace((unsigned char)**at))
        (*at)++;
    size_t size = strlen(word);
    if (strncmp(*at, word, size) != 0)
        return false;
    *at += size;
    return true;
}

static bool take_until(const char **at, char end, char text[XLSFORM_NAME_BYTES])
{
    const char *found = strchr(*at, end);
    if (!found || found == *at || (size_t)(found - *at) >= XLSFORM_NAME_BYTES)
        return false;
    memcpy(text, *at, (size_t)(found - *at));
    text[found - *at] = '\0';
    *at = found + 1;
    return true;
}

static bool take_field(const char **at, char name[XLSFORM_NAME_BYTES])
{
    char theirs[XLSFORM_NAME_BYTES];
    if (!skip(at, "${") || !take_until(at, '}', theirs))
        return false;
    xlsform_name(theirs, name);
    return true;
}

static bool take_code(const char **at, char code[XLSFORM_NAME_BYTES])
{
    char theirs[XLSFORM_NAME_BYTES];
    bool quoted = (skip(at, "'") && take_until(at, '\'', theirs)) ||
                  (skip(at, "\"") && take_until(at, '"', theirs));
    if (quoted)
        xlsform_name(theirs, code);
    return quoted;
}

/* One of "${field} = 'code'" and "selected(${field}, 'code')". */
static bool take_term(const char **at, char name[XLSFORM_NAME_BYTES], char code[XLSFORM_NAME_BYTES])
{
    if (skip(at, "selected"))
        return skip(at, "(") && take_field(at, name) && skip(at, ",") && take_code(at, code) &&
               skip(at, ")");
    return take_field(at, name) && skip(at, "=") && take_code(at, code);
}

static bool at_end(const char *at)
{
    skip(&at, "");
    return *at == '\0';
}

json_t *xlsform_when(const char *relevant)
{
    char first[XLSFORM_NAME_BYTES] = "", name[XLSFORM_NAME_BYTES], code[XLSFORM_NAME_BYTES];
    json_t *codes = json_array();
    bool fits;
    do {
        fits = take_term(&relevant, name, code) && (!*first || strcmp(first, name) == 0);
        if (fits)
            json_array_append_new(codes, json_string(code));
        memcpy(first, name, sizeof first);
    } while (fits && skip(&relevant, "or "));
    if (fits && at_end(relevant))
        return json_pack("{ss so}", "field", first, "codes", codes);
    json_decref(codes);
    return NULL;
}

/* "12", "0.5": times `scale`. */
static bool take_number(const char **at, int64_t scale, int64_t *number)
{
    char *end;
    skip(at, "");
    errno = 0;
    double read = strtod(*at, &end);
    if (end == *at || errno != 0 || !(read <= 1e12 && read >= -1e12)) /* nor nan */
        return false;
    *at = end;
    double scaled = read * (double)scale;
    *number = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    return true;
}

static bool take_bound(const char **at, int64_t scale, struct xlsform_bounds *bounds)
{
    bool length = skip(at, "string-length(.)");
    int64_t number;
    if (!length && !skip(at, "."))
        return false;
    bool above = skip(at, ">"), below = !above && skip(at, "<"), equal = skip(at, "=");
    if ((!above && !below) || (length && !below) || !take_number(at, length ? 1 : scale, &number))
        return false;
    if (!equal)
        number += above ? 1 : -1;
    bounds->has_length |= length;
    bounds->has_min |= above;
    bounds->has_max |= below && !length;
    *(length ? &bounds->length : above ? &bounds->min : &bounds->max) = number;
    return true;
}

bool xlsform_bounds(const char *constraint, int64_t scale, struct xlsform_bounds *bounds)
{
    bool fits;
    *bounds = (struct xlsform_bounds){0};
    do
        fits = take_bound(&constraint, scale, bounds);
    while (fits && skip(&constraint, "and "));
    return fits && at_end(constraint);
}
