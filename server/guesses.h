#ifndef SERVER_GUESSES_H
#define SERVER_GUESSES_H

/* How often somebody may guess passwords: by account and by address, each as common/tries.h has it.
 *
 * Keys fall into a fixed number of slots by a secret hash; two that share one share its waits. A
 * slot that was quiet for GUESSES_FORGET_MS begins anew. The time comes in. For one thread. */

#include "common/tries.h"

#define GUESSES_SLOTS 1024
#define GUESSES_FORGET_MS (60ull * 60 * 1000)

struct guesses {
    uint8_t key[16];
    struct {
        struct tries tries;
        uint64_t seen_ms;
    } slots[GUESSES_SLOTS];
};

void guesses_init(struct guesses *guesses);
/* How long `who` has to wait before the next try; 0: not. */
uint64_t guesses_wait_ms(struct guesses *guesses, const char *who, uint64_t now_ms);
void guesses_wrong(struct guesses *guesses, const char *who, uint64_t now_ms);
void guesses_right(struct guesses *guesses, const char *who);

#endif
