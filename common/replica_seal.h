#ifndef COMMON_REPLICA_SEAL_H
#define COMMON_REPLICA_SEAL_H

/* Sealed values in a replica: keys that came beside entries, and what they open (seal.h).
 *
 * _key holds a row for every value key that an entry named: wrapped, or without the key when it
 * didn't come or was erased. Values stay sealed in log and tables, so that to erase is to forget a
 * key, and replicas with and without keys are alike. */

#include "common/registry_seal.h"
#include "common/replica.h"

/* The value as a person may see it: opened, when it is sealed and we have its key, else as it is.
 * Borrows `value` or the replica, until the next call. Fails when the key can't be looked for, with
 * *plain as `value`. */
enum status replica_plain(struct replica *replica, const struct seal_place *place,
                          struct bytes value, struct bytes *plain, struct error *err);

/* The same of a column that holds a sealed text, as SQL has it: what it reads as, or absent when it
 * can't be opened. Borrows the replica, until the next call. STATUS_STORAGE, STATUS_NO_MEMORY. */
enum status replica_sealed_text(struct replica *replica, const struct seal_place *place,
                                struct bytes content, struct bytes *text, struct error *err);

/* Whom a sealed value is about, as its key says; *found false: nobody named that key. */
enum status replica_seal_subject(struct replica *replica, struct bytes value, struct id *subject,
                                 bool *found, struct error *err);

/* ---- who may open (replica_grant.c); in a transaction ---- */
/* For the hub: scope keys where there are none or somebody with a key has left, and grants for
 * devices that lack one. Cheap when there is nothing to do. */
enum status replica_grant_all(struct replica *replica, struct error *err);
/* For who has admitted `device`: what we can open of the keys that it should have. */
enum status replica_grant_newcomer(struct replica *replica, const struct certificate *newcomer,
                                   struct error *err);
/* Erase what is sealed about `subject`: in the registry part of the org. year 0: of all years.
 * Later entries, made by who knows the next beacon, aren't meant. */
enum status replica_erase(struct replica *replica, uint32_t org, const struct id *subject,
                          uint32_t year, struct error *err);
/* Keys of a subject that are still here. */
enum status replica_keys_count(struct replica *replica, const struct id *subject, uint64_t *count,
                               struct error *err);

#endif
