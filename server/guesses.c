#include "server/guesses.h"

#include <sodium.h>
#include <string.h>

#include "common/mutant.h"

static size_t slot_of(const struct guesses *guesses, const char *who)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, (const uint8_t *)who, strlen(who), guesses->key);
    return (size_t)(hash[0] | hash[1] << 8) % GUESSES_SLOTS;
}

void guesses_init(struct guesses *guesses)
{
    *guesses = (struct guesses){0};
    randombytes_buf(guesses->key, sizeof guesses->key);
}

uint64_t guesses_wait_ms(struct guesses *guesses, const char *who, uint64_t now_ms)
{
    size_t slot = slot_of(guesses, who);
    if (now_ms - guesses->slots[slot].seen_ms >= GUESSES_FORGET_MS)
        tries_right(&guesses->slots[slot].tries);
    return MUTANT("console-any-number-of-guesses")
               ? 0
               : tries_wait_ms(&guesses->slots[slot].tries, now_ms);
}

void guesses_wrong(struct guesses *guesses, const char *who, uint64_t now_ms)
{
    size_t slot = slot_of(guesses, who);
    guesses->slots[slot].seen_ms = now_ms;
    tries_wrong(&guesses->slots[slot].tries, now_ms);
}

void guesses_right(struct guesses *guesses, const char *who)
{
    tries_right(&guesses->slots[slot_of(guesses, who)].tries);
}
