#ifndef COMMON_SCHEMA_FORM_H
#define COMMON_SCHEMA_FORM_H

/* What a schema says about how people see a table; it changes no value and no rule. The pages read
 * it from the schema's text; here it is only checked. For schema_load.c alone.
 *
 * A table may have
 *   "form": {"sections": [{"zh", "en", "fields": [name, …]}, …]   the order of a form; fields that
 *                                                  stand in none come behind, under a last heading
 *            "columns": [name, …]                  of a list
 *            "quick": [name, …]                    what is asked when there is little time
 *            "glance": [name, …]                   of a row, what one sees first and large
 *            "due": {"field", "of", "at"}          a day by which the row that `of` names is due,
 *                                                  unless a row with a later `at` says otherwise
 *            "open": {"field", "codes": [code, …]} rows that still want something done
 *            "take": {"field", "steps", "step"}    whoever takes a row over writes themselves into
 *                                                  `field`, a ref, and this step
 *            "calendar": {"from": [name, …], "to", "apart"}   when a row is: the first of these
 *                                                  times that it has; until when; rows of one
 *                                                  `apart`, a ref, must not overlap
 *            "marks": {"of", "by"}                 refs: that person has read what `of` names
 *            "hand_down": {"field", "codes", "part", "steps", "step", "due", "back"}   rows by
 *                                                  which an org has others do something, see
 *                                                  docs/schema.md
 *            "grids": [{"zh", "en", "rows", "of", "columns", "cell", "where": {name: code},
 *                       "tap", "offer", "stamp"}, …]}        see docs/schema.md
 * A field may have
 *   "when": {"field", "codes": [code, …]}          asked only when that enum has one of these
 * codes; of a bool: "true", "false" "help": {"zh", "en"}                           a line below it
 */

#include <jansson.h>

#include "common/schema.h"

/* STATUS_BAD_INPUT names what is wrong. */
enum status schema_check_form(const json_t *json, const struct schema_table *table,
                              struct error *err);

#endif
