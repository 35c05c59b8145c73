#ifndef SERVER_XLSFORM_SHEETS_H
#define SERVER_XLSFORM_SHEETS_H

/* The three sheets of an XLSForm, cells by the names of their columns, and the notes of what can't
 * be taken over. Private to xlsform*.c. */

#include <jansson.h>

#include "common/schema.h"
#include "common/sheet.h"

struct xlsform {
    struct sheet survey, choices, settings; /* the latter two may be empty */
    json_t *told;
};
void xlsform_release(struct xlsform *form); /* what was told stays the caller's */
/* STATUS_BAD_INPUT, STATUS_NOT_FOUND (no survey), STATUS_TOO_LARGE. */
enum status xlsform_open(struct xlsform *form, struct bytes file, struct error *err);

/* The cell under a heading, without blanks around it; "" where there is none. Borrows. */
const char *xlsform_cell(const struct sheet *sheet, const struct sheet_row *row,
                         const char *heading);
/* A label in both languages: "label::中文 (zh)", "label::English (en)", or the plain one for what is
 * missing; "" without any. */
struct xlsform_words {
    const char *zh, *en;
};
struct xlsform_words xlsform_words(const struct sheet *sheet, const struct sheet_row *row,
                                   const char *heading);
/* Note what becomes of a cell; the sentence stands in `why`. */
void xlsform_tell(struct xlsform *form, const struct sheet *sheet, const struct sheet_row *row,
                  const char *heading, const struct error *why);

/* A name of ours for one of theirs: a-z, then a-z, 0-9 and _. */
#define XLSFORM_NAME_BYTES 64
void xlsform_name(const char *theirs, char ours[XLSFORM_NAME_BYTES]);

/* xlsform_rules.c: expressions of XPath in the forms that a schema knows. */

/* "${of} = 'a' or selected(${of}, 'b')" -> {"field", "codes"}; NULL: something else. Gives. */
json_t *xlsform_when(const char *relevant);
/* ". >= 0 and . <= 120": bounds in the field's own unit (`scale` of them make 1); false: something
 * else. */
struct xlsform_bounds {
    bool has_min, has_max, has_length;
    int64_t min, max, length;
};
bool xlsform_bounds(const char *constraint, int64_t scale, struct xlsform_bounds *bounds);

#endif
