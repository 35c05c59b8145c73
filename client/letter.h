#ifndef CLIENT_LETTER_H
#define CLIENT_LETTER_H

/* Writing the letters by which a row goes to another org (common/transfer.h), for commands and
 * pages. A letter is an ordinary row; this fills in the fields that the schema names in `moves`.
 * Between beginning and filling in, the caller may give fields of its own; those are left alone. */

#include "common/edit.h"

/* Begin the letter that sends the row `id` away. STATUS_NOT_FOUND: there is no such row here, or it
 * can't be sent. */
enum status letter_begin(struct edit *edit, struct replica *replica, const char *id,
                         struct error *err);
/* Fill in which row, to which org (an id, or a name that is known here), its name, the kind, the
 * day and that it is offered. STATUS_NOT_FOUND for the org. */
enum status letter_offer(struct edit *edit, const char *id, const char *to, struct error *err);

/* Begin the answer to letter `id`. STATUS_NOT_FOUND. */
enum status letter_begin_answer(struct edit *edit, struct replica *replica, const char *id,
                                struct error *err);
/* Fill in the state. */
enum status letter_answer(struct edit *edit, bool accept, struct error *err);

#endif
