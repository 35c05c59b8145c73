#ifndef TESTS_SUPPORT_CHANCE_H
#define TESTS_SUPPORT_CHANCE_H

/* Entries and numbers made up from a seed; the same seed makes the same. */

#include "common/entry.h"

struct chance {
    uint64_t state; /* set to the seed */
};

uint64_t chance_number(struct chance *chance);
size_t chance_below(struct chance *chance, size_t bound);
/* As often one byte as eight: numbers whose packed form has every length. */
uint64_t chance_any_size(struct chance *chance);

/* A canonical value of any kind, arrays in arrays included. Appends. */
void chance_value(struct chance *chance, struct buffer *out);

/* An entry as entry_decode would give it, all rules kept. Values borrow `values`; release the view
 * with entry_view_release. */
void chance_entry(struct chance *chance, const struct feed_id *feed, struct entry_view *view,
                  struct buffer *values);

#endif
