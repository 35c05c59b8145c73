#ifndef CLIENT_GOODBYE_H
#define CLIENT_GOODBYE_H

/* Lets another thread end a link or a listener, which run on loops of their own. One goodbye serves
 * one of them at a time. */

#include <uv.h>

struct goodbye; /* opaque */

/* NULL: out of memory. */
struct goodbye *goodbye_new(void);
/* When nobody uses it any more. NULL: nothing. */
void goodbye_free(struct goodbye *goodbye);
/* From any thread: who has this goodbye, and everyone who takes it later, ends and returns. */
void goodbye_say(struct goodbye *goodbye);
/* For the one who is to end: `async` is sent when it is said, at once when it was said already.
 * Take NULL before the handle is closed. Without a goodbye nothing happens. */
void goodbye_take(struct goodbye *goodbye, uv_async_t *async);

#endif
