#include "common/tries.h"

uint64_t tries_wait_ms(const struct tries *tries, uint64_t now_ms)
{
    return tries->until_ms > now_ms ? tries->until_ms - now_ms : 0;
}

void tries_wrong(struct tries *tries, uint64_t now_ms)
{
    uint64_t wait_ms = TRIES_WAIT_MS;
    tries->wrong++;
    if (tries->wrong < TRIES_FREE)
        return;
    for (unsigned n = TRIES_FREE; n < tries->wrong && wait_ms < TRIES_WAIT_MOST_MS; n++)
        wait_ms *= 2;
    tries->until_ms = now_ms + (wait_ms < TRIES_WAIT_MOST_MS ? wait_ms : TRIES_WAIT_MOST_MS);
}

void tries_right(struct tries *tries)
{
    *tries = (struct tries){0};
}
