#ifndef COMMON_SCHEMA_SAME_H
#define COMMON_SCHEMA_SAME_H

/* "same" of a table in the schema file: how the same thing entered twice is found and made one. For
 * schema_load.c alone, once the table's fields and refs are there. */

#include <jansson.h>

#include "common/schema.h"

/* STATUS_BAD_INPUT names what is wrong. */
enum status schema_load_same(const json_t *json, struct schema_table *table, struct error *err);

#endif
