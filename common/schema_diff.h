#ifndef COMMON_SCHEMA_DIFF_H
#define COMMON_SCHEMA_DIFF_H

/* What differs between two schemas, as JSON objects, for who decides about the change. Knows no
 * rule of what may change (schema_check_successor). */

#include <jansson.h>

/* [{"table", "field"?, "change": "added" | "changed" | "removed", "key"?, "from"?, "to"?}], texts
 * all; keys of tables and fields alike, values as JSON. Gives; NULL: out of memory. */
json_t *schema_diff(const json_t *old, const json_t *next);

#endif
