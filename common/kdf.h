#ifndef COMMON_KDF_H
#define COMMON_KDF_H

/* From a passphrase to a key, slowly on purpose: Argon2id, one lane. What it costs is stored beside
 * what it protects, so that a later machine can ask for more. */

#include "common/bytes.h"

#define KDF_SALT_BYTES 16
#define KDF_KEY_BYTES 32

/* What we ask for when we choose; what we accept is wider (kdf_cost_valid). */
#define KDF_MS 250
#define KDF_PASSES_LEAST 3
#define KDF_MEMORY_KIB_LEAST (64 * 1024)
#define KDF_MEMORY_KIB_MOST (128 * 1024) /* what a low phone can spare */
#define KDF_PASSES_MOST 64

struct kdf_cost {
    uint32_t passes;
    uint32_t memory_kib;
};

/* Bounds for what stands in a file, which may be hostile: at most 1 GiB and 256 passes. */
bool kdf_cost_valid(const struct kdf_cost *cost);

/* STATUS_NO_MEMORY when the machine can't spare what `cost` asks for. */
enum status kdf_stretch(uint8_t key[KDF_KEY_BYTES], struct bytes passphrase,
                        const uint8_t salt[KDF_SALT_BYTES], const struct kdf_cost *cost,
                        struct error *err);

/* The least cost that takes KDF_MS here, within the bounds above. `measure` gives the time of one
 * stretching in ms; it is the processor's time, so that a busy machine doesn't choose less. */
typedef uint64_t kdf_measure(const struct kdf_cost *cost);
kdf_measure kdf_processor_ms;
struct kdf_cost kdf_calibrate(kdf_measure *measure);

#endif
