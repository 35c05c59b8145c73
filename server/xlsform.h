#ifndef SERVER_XLSFORM_H
#define SERVER_XLSFORM_H

/* A form as people of ODK, CommCare and CHT write it (XLSForm: a spreadsheet with the sheets
 * survey, choices and settings, xlsform.org), made a table with a form of our schema.
 *
 * Knows files only as bytes, and of the replica nothing. What a schema has no place for is left
 * out and told by sheet, row and column; nothing is left out in silence but what the changelog
 * keeps by itself (who, when, on which device). A form that comes again adds to its table: fields
 * are known by their names, keep their numbers and are never dropped. */

#include <jansson.h>

#include "common/schema.h"

struct xlsform_options {
    const char *table; /* its name; NULL: the form's id */
    const char *about; /* a table: each answer is about one row of it; NULL: none */
};
/* *next gets the schema after `old` with the form's table in it, checked; *told
 * [{"sheet","row","column","message"}] what was left out or altered. Gives both, *told also when it
 * fails. STATUS_BAD_INPUT: it is no XLSForm, or no schema comes of it. */
enum status xlsform_read(struct bytes file, const struct schema *old,
                         const struct xlsform_options *options, json_t **next, json_t **told,
                         struct error *err);

#endif
