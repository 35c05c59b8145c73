#ifndef WEB_WEB_COVER_H
#define WEB_WEB_COVER_H

/* What covers a site's bytes on the network: TLS, where a program brings it (server/tls.h).
 *
 * A table of operations on bytes; knows no socket and no clock, and always is the side that was
 * called. What it decides (which certificate, who is let in) is the business of whoever made it. */

#include "common/bytes.h"
#include "common/error.h"

struct web_covered; /* of one connection */

struct web_cover {
    /* NULL: out of memory. Gives. */
    struct web_covered *(*begin)(void *context);
    /* What came off the network. Behind `plain` goes what the other side said, behind `out` what
     * must be sent, also when it fails: then `out` says why and the connection is over. */
    enum status (*open)(struct web_covered *covered, struct bytes in, struct buffer *plain,
                        struct buffer *out);
    /* What is to be said, as it goes over the network, behind `out`. */
    enum status (*seal)(struct web_covered *covered, struct bytes plain, struct buffer *out);
    /* The last bytes: nothing was cut off. */
    enum status (*end)(struct web_covered *covered, struct buffer *out);
    void (*free)(struct web_covered *covered);
    void *context;
};

#endif
