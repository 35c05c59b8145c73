#include "server/shares.h"

#include <stddef.h>

#define HALVING_MS 1000

static uint64_t spent_us(const struct shares *shares, uint32_t device, uint64_t now_ms)
{
    uint64_t halvings = (now_ms - shares->slots[device % SHARES_SLOTS].at_ms) / HALVING_MS;
    return halvings < 64 ? shares->slots[device % SHARES_SLOTS].spent_us >> halvings : 0;
}

void shares_charge(struct shares *shares, uint32_t device, uint64_t spent, uint64_t now_ms)
{
    uint64_t before = spent_us(shares, device, now_ms);
    shares->slots[device % SHARES_SLOTS].spent_us = before + spent;
    shares->slots[device % SHARES_SLOTS].at_ms = now_ms;
}

bool shares_busy(const struct shares *shares, uint32_t device, uint64_t now_ms)
{
    return device != 0 && spent_us(shares, device, now_ms) > SHARES_BUSY_US;
}

/* Moves one busy job, or all of the others, to another list, in their order; how many. */
static unsigned move(struct shares *shares, struct job **from, struct job **to, bool busy,
                     uint64_t now_ms)
{
    unsigned moved = 0;
    while (*from) {
        struct job *job = *from;
        if (shares_busy(shares, job->device, now_ms) != busy || (busy && moved > 0)) {
            from = &job->next;
            continue;
        }
        *from = job->next;
        job->next = NULL;
        *to = job;
        to = &job->next;
        moved++;
    }
    return moved;
}

struct job *shares_take(struct shares *shares, struct job **waiting, uint64_t now_ms)
{
    struct job *round = NULL;
    bool busy = shares->busy_turn;
    if (move(shares, waiting, &round, busy, now_ms) == 0) {
        busy = !busy;
        move(shares, waiting, &round, busy, now_ms);
    }
    shares->busy_turn = !busy;
    return round;
}
