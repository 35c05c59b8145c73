#ifndef COMMON_SCHEMA_RULES_H
#define COMMON_SCHEMA_RULES_H

/* What must hold in a schema besides its form: which merge rule goes with which type, what a group,
 * a key or a default may be. For schema_load.c alone. */

#include "common/schema.h"

/* Fails with STATUS_BAD_INPUT naming table and field, or STATUS_NO_MEMORY. */
enum status schema_check_rules(const struct schema *schema, struct error *err);

#endif
