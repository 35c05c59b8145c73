#ifndef COMMON_BODIES_H
#define COMMON_BODIES_H

/* Bodies of consecutive entries, copied one behind the other. {0} is empty; bodies_release. */

#include "common/bytes.h"

struct bodies {
    struct buffer bytes;
    size_t *sizes;
    size_t count, capacity;
};

/* Copies one more. STATUS_NO_MEMORY. */
enum status bodies_add(struct bodies *bodies, struct bytes body);
/* A new array of `count` slices that borrow; the caller frees it. NULL: no memory, or none there.
 */
struct bytes *bodies_list(const struct bodies *bodies);
void bodies_clear(struct bodies *bodies); /* keeps the memory */
void bodies_release(struct bodies *bodies);

#endif
