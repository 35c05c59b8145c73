#ifndef COMMON_JSON_READ_H
#define COMMON_JSON_READ_H

/* Reading JSON when memory may run out.
 *
 * jansson's parser doesn't expect that: it may lose a byte of a text in silence, or read beyond its
 * end. So its allocations are watched, and a reserve carries it to where it can stop. */

#include <jansson.h>

#include "common/bytes.h"
#include "common/error.h"

/* Gives *root. STATUS_NO_MEMORY, or STATUS_BAD_INPUT with the place in `fault`, which may be NULL;
 * `err` is set for the first only. */
enum status json_read(json_t **root, struct bytes text, json_error_t *fault, struct error *err);

/* The object of a list whose "name" that is, borrowed; NULL: there is none. */
json_t *json_named(const json_t *list, const char *name);

#endif
