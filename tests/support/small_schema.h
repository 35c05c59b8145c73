#ifndef TESTS_SUPPORT_SMALL_SCHEMA_H
#define TESTS_SUPPORT_SMALL_SCHEMA_H

/* Schemas of one or two tables for the tests of the schema room, and the built-in one.
 *
 * JSON is written with ' for ". A call that cannot give what it promises fails the test. */

#include "common/schema.h"

#define JSON_MAX 65536

/* Put " for ' in place. */
struct bytes json_of(char *text);
/* A schema of the tables 'thing' (16), with a field 'name' and `fields` behind it, and `tables`. */
struct bytes thing_json(char out[JSON_MAX], int epoch, const char *fields, const char *tables);
/* A table 17 'mark' for `tables`, with three append fields, a register and what `rest` adds. */
void mark_table(char out[JSON_MAX], const char *rest);

struct schema *schema_of(struct bytes json);
struct schema *schema_of_file(const char *path);
const struct schema_field *field_of(const struct schema *schema, const char *table,
                                    const char *field);

#endif
