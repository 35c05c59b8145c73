#include "common/kdf.h"

#include <sodium.h>
#include <time.h>

#include "common/mutant.h"

#define ACCEPTED_MEMORY_KIB (1024 * 1024)
#define ACCEPTED_PASSES 256
#define TRIES 6

bool kdf_cost_valid(const struct kdf_cost *cost)
{
    return cost->passes >= 1 && cost->passes <= ACCEPTED_PASSES && cost->memory_kib >= 8 &&
           cost->memory_kib <= ACCEPTED_MEMORY_KIB;
}

enum status kdf_stretch(uint8_t key[KDF_KEY_BYTES], struct bytes passphrase,
                        const uint8_t salt[KDF_SALT_BYTES], const struct kdf_cost *cost,
                        struct error *err)
{
    if (crypto_pwhash(key, KDF_KEY_BYTES, (const char *)passphrase.data, passphrase.size, salt,
                      cost->passes, (size_t)cost->memory_kib * 1024,
                      crypto_pwhash_ALG_ARGON2ID13) == 0)
        return STATUS_OK;
    return error_set(err, STATUS_NO_MEMORY, "the passphrase needs %u MiB of memory to be checked",
                     (unsigned)(cost->memory_kib / 1024));
}

uint64_t kdf_processor_ms(const struct kdf_cost *cost)
{
    static const uint8_t salt[KDF_SALT_BYTES];
    struct timespec before, after;
    uint8_t key[KDF_KEY_BYTES];
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    kdf_stretch(key, bytes_text("measure"), salt, cost, NULL);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    return (uint64_t)(after.tv_sec - before.tv_sec) * 1000 +
           (uint64_t)((after.tv_nsec - before.tv_nsec) / 1000000);
}

struct kdf_cost kdf_calibrate(kdf_measure *measure)
{
    struct kdf_cost cost = {KDF_PASSES_LEAST, KDF_MEMORY_KIB_LEAST};
    if (MUTANT("t1-passphrase-stretched-little"))
        return (struct kdf_cost){1, 8};
    uint64_t ms = measure(&cost);
    if (ms >= KDF_MS)
        return cost;
    cost.memory_kib = KDF_MEMORY_KIB_MOST;
    ms = measure(&cost);
    for (int i = 0; i < TRIES && ms < KDF_MS && cost.passes < KDF_PASSES_MOST; i++) {
        /* A tenth more than the measure asks for, since it varies. */
        uint64_t passes = cost.passes * KDF_MS * 11 / (10 * (ms ? ms : 1)) + 1;
        cost.passes = passes < KDF_PASSES_MOST ? (uint32_t)passes : KDF_PASSES_MOST;
        ms = measure(&cost);
    }
    return cost;
}
