#ifndef CLIENT_SETTLE_H
#define CLIENT_SETTLE_H

/* A decision about one field of one row: a conflict settled, or an earlier value put back. It
 * replaces all heads. Builds an edit (edit.h); finish and save it inside the same transaction.
 *
 * `field` is a name or "_deleted". STATUS_NOT_FOUND, STATUS_BAD_INPUT name what is wrong. */

#include "common/edit.h"

enum status settle_start(struct edit *edit, struct replica *replica, const char *table,
                         const char *id, struct error *err);
/* The value that the entry `dot` wrote, whether in conflict, shown or long replaced; fields of one
 * group are taken together. */
enum status settle_take(struct edit *edit, const char *field, const char *dot, struct error *err);
/* Another value, as text or from JSON. */
enum status settle_text(struct edit *edit, const char *field, const char *text, struct error *err);
enum status settle_json(struct edit *edit, const char *field, const json_t *value,
                        struct error *err);

#endif
