#ifndef SERVER_SEED_H
#define SERVER_SEED_H

/* The hub's key files: 32 bytes of seed each. In an encrypted folder they are sealed:
 *   nonce 24 ‖ XChaCha20-Poly1305(seed 32), AAD = the file's name
 * under a key of the vault. */

#include "common/vault.h"

#define SEED_BYTES 32

struct seed_place {
    const char *directory;
    const char *name;
    const struct vault *vault; /* NULL: in clear */
};

/* Whole and durable, or not there. STATUS_EXISTS, STATUS_STORAGE. */
enum status seed_write(const struct seed_place *place, const uint8_t seed[SEED_BYTES],
                       struct error *err);
/* Under another name, in place of what has it; the content is sealed for that name anew. */
enum status seed_rename(const struct seed_place *place, const char *name, struct error *err);
/* Overwritten and gone, as far as the disk does what it is told. */
enum status seed_erase(const struct seed_place *place, struct error *err);
/* STATUS_NOT_FOUND; STATUS_BAD_INPUT: not a key file, or of another vault. */
enum status seed_read(const struct seed_place *place, uint8_t seed[SEED_BYTES], struct error *err);

#endif
