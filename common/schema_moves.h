#ifndef COMMON_SCHEMA_MOVES_H
#define COMMON_SCHEMA_MOVES_H

/* "moves" of a table in the schema file: its rows take another row to another org, once both sides
 * have taken their step (common/transfer.h). For schema_load.c alone, once the table's fields and
 * refs are there. */

#include <jansson.h>

#include "common/schema.h"

/* STATUS_BAD_INPUT names what is wrong. */
enum status schema_load_moves(const json_t *json, struct schema_table *table, struct error *err);

#endif
