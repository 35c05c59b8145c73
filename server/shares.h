#ifndef SERVER_SHARES_H
#define SERVER_SHARES_H

/* Whose jobs the storage thread does next.
 *
 * A device that has lately kept the thread busy (a flood of conflicts on one row costs more than it
 * weighs) doesn't make the others wait: their jobs are done together, and between two such rounds
 * one job of a busy device. So nobody is starved, and nobody waits for more than one such job. Time
 * comes in as an argument; spent time halves every second. For one thread. */

#include <stdbool.h>
#include <stdint.h>

#include "server/worker.h"

#define SHARES_SLOTS 1024u
#define SHARES_BUSY_US 250000u

struct shares {
    struct {
        uint64_t spent_us, at_ms;
    } slots[SHARES_SLOTS]; /* by roster index; two devices that share one are both taken for busy */
    bool busy_turn;
};

void shares_charge(struct shares *shares, uint32_t device, uint64_t spent_us, uint64_t now_ms);
bool shares_busy(const struct shares *shares, uint32_t device, uint64_t now_ms);
/* Takes the jobs of the next round out of the list, which keeps its order; NULL only when the list
 * is empty. Strangers are never busy. */
struct job *shares_take(struct shares *shares, struct job **waiting, uint64_t now_ms);

#endif
