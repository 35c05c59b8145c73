#ifndef COMMON_STEPS_H
#define COMMON_STEPS_H

/* Fields that merge by steps: which role may take which step, and which step may follow which.
 *
 * Pure functions of schema and values. The role is judged on every replica alike, as part of
 * registry_permits. What a step follows is judged only where it is saved: an entry doesn't tell
 * what its writer saw, and two who stepped apart are for the merge to bring together. */

#include "common/bytes.h"
#include "common/schema.h"

/* May `role_bit` take the step `value` (a str, or [round, str])? STATUS_DENIED names the step.
 * `table` is named in the sentence. Values that are no step are the business of field_check. */
enum status steps_check_role(const struct schema_table *table, const struct schema_field *field,
                             struct bytes value, uint32_t role_bit, struct error *err);

/* May the step `value` follow `now` ({NULL, 0}: none yet, then any may begin)? A field that
 * declares nothing allows all. STATUS_DENIED names both. */
enum status steps_check_order(const struct schema_table *table, const struct schema_field *field,
                              struct bytes now, struct bytes value, struct error *err);

#endif
