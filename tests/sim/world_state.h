#ifndef TESTS_SIM_WORLD_STATE_H
#define TESTS_SIM_WORLD_STATE_H

/* Inside of world.c, world_event.c and world_rest.c. */

#include "tests/sim/talk.h"
#include "tests/sim/world.h"

struct world {
    const struct plan *plan;
    struct world_report *report;
    FILE *log;
    struct fleet fleet;
    struct ledger ledger;
    struct chance chance; /* of the event under way */
};

static inline bool world_ok(const struct world *world)
{
    return world->report->finding.oracle[0] == '\0';
}

void world_note(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_probe(struct world *world, enum probe probe);
/* The process of a place, until it runs; what it held is still there. */
void world_start(struct world *world, size_t at);
/* After whatever may have brought a process down: on again, and what it held is still there. */
void world_mend(struct world *world);
/* Sessions of these clients; all are looked at afterwards. */
void world_sync(struct world *world, const struct talk_line *lines, size_t count,
                struct talk_end *ends);

void event_live(struct world *world, const struct event *event);
/* No more faults: everything arrives, everywhere alike. */
void world_rest(struct world *world);
/* Into the log: what verify says of every place, after something was found. */
void world_autopsy(struct world *world);

#endif
