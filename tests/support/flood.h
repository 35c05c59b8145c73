#ifndef TESTS_SUPPORT_FLOOD_H
#define TESTS_SUPPORT_FLOOD_H

/* An enrolled device that writes value after value into one person's telephone, each as if it had
 * seen no other: so many conflicting values as one likes, in runs as they travel. */

#include "tests/support/world.h"

#define FLOOD_RUN 50 /* entries */
#define FLOOD_ROW ((struct id){{9}})

struct flood {
    struct replica *hub; /* borrowed: whose schema and network */
    const struct identity *writer;
    struct feed_id feed;
    uint64_t number; /* of entries that were written */
    struct hash hash;
};
void flood_init(struct flood *flood, struct replica *hub, const struct identity *writer,
                uint32_t org);
/* The next FLOOD_RUN values. */
void flood_run(struct flood *flood, struct buffer *encoded);
/* The next values as one job of the hub's storage, as a session asks for it; all must count. */
void flood_job(struct flood *flood, size_t runs);

#endif
