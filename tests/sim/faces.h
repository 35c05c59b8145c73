#ifndef TESTS_SIM_FACES_H
#define TESTS_SIM_FACES_H

/* A hub that lies: it has several faces, older states of its folder that it shows to one client and
 * not to another, and writes into each what it likes. So it withholds what it has said, takes back
 * what it has acknowledged, and tells two clients different registries under one signature. Clients
 * sync with whatever face is shown, save, and meet one another.
 *
 * What must hold (DESIGN 4.9 and 4.10): no client loses a save; the newest beacon that one knows
 * never goes back, and who was told of newer ones than its last whole exchange does nothing risky;
 * two whose registries differ know it when they have met, and nobody cries wolf. In the end the
 * face that knows most is an honest hub again: all that was saved reaches it, and where no registry
 * was split all are equal. */

#include <stdio.h>

#include "tests/sim/ledger.h"

struct faces_report {
    struct finding finding; /* oracle "": all is well */
    uint64_t sessions, saves;
    uint64_t turns, split, stale; /* faces shown; meetings that found a split view; risks refused */
};

/* `log`: NULL: nothing is printed. */
void faces_live(uint64_t seed, struct faces_report *report, FILE *log);

#endif
