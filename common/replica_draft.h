#ifndef COMMON_REPLICA_DRAFT_H
#define COMMON_REPLICA_DRAFT_H

/* Entries of our own in the making: changes of one scope go into one entry, and several scopes may
 * be open side by side. Private to common/replica_save.c and replica_draft.c. */

#include "common/replica_state.h"

#define DRAFT_BYTES_MAX (512 * 1024)
#define DRAFT_ROWS_MAX 1000
#define DRAFTS_MAX 8 /* scopes at a time */

/* A key that the entry in the making brings. */
struct draft_key {
    struct entry_key named;
    struct seal_id scope; /* wrapped under */
    uint8_t secret[SEAL_KEY_BYTES];
};

struct draft {
    struct replica *replica;
    struct entry_writer writer;
    struct buffer body, value, sealed;
    uint32_t scope;
    struct id rows[DRAFT_ROWS_MAX];
    size_t rows_count;
    size_t entries;
    struct draft_key *keys;
    size_t keys_count, keys_capacity;
    struct buffer wrapped; /* the keys as they travel */
};

/* Drafts of several scopes side by side, so that lines of several orgs make one entry for each. */
struct drafts {
    struct replica *replica;
    struct draft *open[DRAFTS_MAX];
    size_t count;
};

/* How many were written. */
size_t drafts_entries(const struct drafts *drafts);
/* Writes all of them. */
enum status drafts_flush(struct drafts *drafts, struct error *err);
void drafts_release(struct drafts *drafts);
/* One that stands alone. */
void draft_release(struct draft *draft);
/* A row that a draft holds must be applied before it is looked at. */
enum status drafts_apply_row(struct drafts *drafts, const struct id *id, struct error *err);
/* The draft of a scope; where there is no room for one more, the first makes it. */
enum status drafts_find(struct drafts *drafts, uint32_t scope, struct draft **found,
                        struct error *err);
/* Makes the draft ready for a change of `id` in `scope`. */
enum status draft_turn_to(struct draft *draft, uint32_t scope, const struct id *id,
                          struct error *err);

/* Makes a text of `field` into its sealed form, in draft->sealed; leaves alone what isn't one.
 * Where everybody may read the field and there is no key yet, it stays as it is (replica_seal.c).
 */
enum status draft_seal(struct draft *draft, const struct seal_place *place,
                       const struct schema_field *field, const struct id *subject,
                       struct bytes *value, struct error *err);
void draft_forget_keys(struct draft *draft);

#endif
