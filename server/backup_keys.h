#ifndef SERVER_BACKUP_KEYS_H
#define SERVER_BACKUP_KEYS_H

/* The keys of sealed values, beside a backup: FILE.keys.
 *
 * A backup lies in a safe for years, and what was erased must not come back from it. So it has no
 * value keys; they stand in a second file, still wrapped, of which only the newest is to be kept:
 *   "JQKEYS 1" ‖ wrapped keys, 64 bytes each ‖ BLAKE2b-256 of all before
 * Without it the records are whole, and sealed texts stay closed until some device brings their
 * keys. */

#include "common/page_cipher.h"
#include "common/replica.h"

/* Takes the keys out of the copied database `part`, into a new file. */
enum status backup_keys_write(const char *part, const struct page_key *key, const char *file,
                              struct error *err);
/* Puts them back. STATUS_NOT_FOUND when the file isn't there, STATUS_BAD_INPUT when it is damaged;
 * nothing is changed then. */
enum status backup_keys_read(struct replica *replica, const char *file, struct error *err);

#endif
