#ifndef COMMON_EDIT_CHANGE_H
#define COMMON_EDIT_CHANGE_H

/* One change as a JSON object: a line of `apply`, an element of what the pages save together.
 *
 *   {"op": "add", "set" or "delete", "table", "id"?, "org"?, "fields"?} */

#include "common/edit.h"

/* Builds and finishes the edit. STATUS_BAD_INPUT names the key; else the statuses of edit.h. */
enum status edit_change(struct edit *edit, struct replica *replica, const json_t *json,
                        struct error *err);

#endif
