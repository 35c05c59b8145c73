#ifndef COMMON_JSON_READ_H
#define COMMON_JSON_READ_H

/* Reading and building JSON when memory may run out, and what is left of it in memory.
 *
 * jansson's parser doesn't expect that: it may lose a byte of a text in silence, or read beyond its
 * end. So its allocations are watched, and a reserve carries it to where it can stop. Who builds
 * JSON looks at no single piece, and one that could not be made is left out: so they are counted,
 * and who gives the whole away asks whether there was one. */

#include <jansson.h>

#include "common/bytes.h"
#include "common/error.h"

/* Gives *root. STATUS_NO_MEMORY, or STATUS_BAD_INPUT with the place in `fault`, which may be NULL;
 * `err` is set for the first only. */
enum status json_read(json_t **root, struct bytes text, json_error_t *fault, struct error *err);

/* The object of a list whose "name" that is, borrowed; NULL: there is none. */
json_t *json_named(const json_t *list, const char *name);

/* How often jansson got no memory in this thread, since somebody first asked. */
uint64_t json_shortages(void);
/* STATUS_NO_MEMORY when it happened again since `before`: something is missing in what was built.
 */
enum status json_whole(uint64_t before, struct error *err);

/* From now on what jansson frees is wiped, in all threads. Call before there are others. */
void json_wipe_what_is_freed(void);

#endif
