#ifndef SERVER_DEMO_H
#define SERVER_DEMO_H

/* Saves what a demo source makes in a hub that has no orgs yet: signed by the hub, as if written on
 * the day that each row names. */

#include "server/demo_source.h"
#include "server/hub.h"

struct demo_clock { /* give hub_options demo_clock_of() of one before the hub is opened */
    struct clock system;
    int64_t now_ms;
};
struct clock demo_clock_of(struct demo_clock *clock);

struct demo_counts {
    uint64_t orgs, rows, entries;
};
/* STATUS_EXISTS: the hub has orgs besides the root. What was committed before a failure stays. */
enum status demo_fill(struct hub *hub, struct demo_clock *clock, struct demo_source *source,
                      struct demo_counts *counts, struct error *err);

#endif
