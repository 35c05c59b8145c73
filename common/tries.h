#ifndef COMMON_TRIES_H
#define COMMON_TRIES_H

/* How often somebody may guess: the first TRIES_FREE wrong secrets cost nothing but what the
 * passphrase's stretching takes, each one after that a wait that doubles.
 *
 * A value without a clock; the time comes in, in ms of a clock that never steps back. */

#include <stdint.h>

#define TRIES_FREE 5
#define TRIES_WAIT_MS 2000 /* after the TRIES_FREE-th wrong one; then twice that, … */
#define TRIES_WAIT_MOST_MS 300000

struct tries {
    unsigned wrong;    /* since the last right one */
    uint64_t until_ms; /* nothing is tried before */
};

/* How long to wait before the next try; 0: none. */
uint64_t tries_wait_ms(const struct tries *tries, uint64_t now_ms);
void tries_wrong(struct tries *tries, uint64_t now_ms);
void tries_right(struct tries *tries);

#endif
