#ifndef PAPER_PAPER_VALUE_H
#define PAPER_PAPER_VALUE_H

/* What stands in a box of a paper: a column of an answer as people write it, under a label.
 *
 * An item of a layout is {"name": column, "field": "table.field"?, "zh"?, "en"?}: the field gives
 * label, codes and type, and "zh" and "en" another label. Private to paper.c. */

#include <jansson.h>

#include "common/schema.h"

#define PAPER_KEPT_MAX 64 /* the cells of some lines */

struct paper_values {
    const struct schema *schema;
    struct buffer kept[PAPER_KEPT_MAX];
    size_t count;
    struct buffer part;
};

/* In the process's language; "" when there is none. Borrowed from layout or schema. */
const char *paper_label(const struct paper_values *values, const json_t *item);
/* Appends to `out`; an absent value is nothing. STATUS_NO_MEMORY. */
enum status paper_value(struct paper_values *values, const json_t *item, const json_t *row,
                        struct buffer *out);
/* Appends `text` with the row's columns in place of "{name}"; room for a pen where there is none.
 */
enum status paper_fill(struct paper_values *values, const char *text, const json_t *row,
                       struct buffer *out);
bool paper_is_number(const struct paper_values *values, const json_t *item);

/* Takes the text, and gives it as a string until paper_forget; NULL: out of memory. */
const char *paper_keep(struct paper_values *values, struct buffer *text);
void paper_forget(struct paper_values *values);
void paper_release(struct paper_values *values);

#endif
