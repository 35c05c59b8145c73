#ifndef COMMON_PAGE_CIPHER_H
#define COMMON_PAGE_CIPHER_H

/* How the pages of a database file are encrypted, in the file and in its WAL. Both ciphers
 * authenticate every page together with its number, so a flipped bit, a swapped page or a wrong
 * key is noticed when the page is read. Why these two: docs/decisions/0009-at-rest.md.
 *
 * Knows keys, not where they come from (common/vault.h). */

#include "common/error.h"

#include <stdbool.h>
#include <stdint.h>

#define PAGE_KEY_BYTES 32

struct sqlite3;

/* The numbers are on disk (common/keyslots.h). */
enum page_cipher {
    PAGE_CIPHER_AEGIS_256 = 1, /* fast where the CPU knows AES */
    PAGE_CIPHER_XCHACHA20 = 2  /* XChaCha20-Poly1305, for all others */
};

struct page_key {
    enum page_cipher cipher;
    uint8_t bytes[PAGE_KEY_BYTES];
};

/* The faster one on this CPU: chosen once, when a file is made. */
enum page_cipher page_cipher_best(void);
bool page_cipher_known(unsigned number);
const char *page_cipher_name(enum page_cipher cipher);

/* Give a connection that was just opened its key, before the first read. STATUS_UNSUPPORTED when
 * this program was built without encryption, STATUS_STORAGE. */
enum status page_cipher_apply(struct sqlite3 *database, const struct page_key *key,
                              struct error *err);
#endif
