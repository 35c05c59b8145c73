#ifndef SERVER_XLSFORM_FIELD_H
#define SERVER_XLSFORM_FIELD_H

/* One question of an XLSForm as a field of a table. Private to xlsform*.c. */

#include "server/xlsform_sheets.h"

/* Gives the field without number and help; NULL: none comes of it, which was told unless the
 * changelog keeps it anyway. `known` is the table as it was, or NULL; `before` the fields made so
 * far, to which conditions may refer. */
json_t *xlsform_field(struct xlsform *form, const struct sheet_row *row,
                      const struct schema_table *known, const json_t *before);

#endif
