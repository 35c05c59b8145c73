#ifndef COMMON_RETELL_H
#define COMMON_RETELL_H

/* A sentence that was kept as it was told, in English, for whoever reads it now: why an entry
 * doesn't count, say. It is recognised by the formats of the catalogue (messages.h). */

#include <stddef.h>

/* `sentence` in the language of this thread, into `out`; as it is when no format fits, or when it
 * was told in another language. What has no room is cut, at a character. */
void retell(const char *sentence, char *out, size_t size);

#endif
