#ifndef TESTS_SUPPORT_INVENT_H
#define TESTS_SUPPORT_INVENT_H

/* Makes up what a person at a replica saves next, in the words of story.h.
 *
 * Saves of some fields, deletes, put-backs and settlements, with the bases that the row shows; now
 * and then with those of a screen that is out of date. Values come from small lists, so that equal
 * ones and ties are frequent. All chance comes from a seed. */

#include "common/row.h"
#include "tests/support/model.h"

struct inventor {
    uint64_t random; /* set to the seed */
    struct buffer words;
};

void inventor_release(struct inventor *inventor);

uint64_t invent_number(struct inventor *inventor);
size_t invent_below(struct inventor *inventor, size_t bound);
bool invent_one_in(struct inventor *inventor, size_t bound);

/* What the replica has on its screen. */
struct screen {
    struct row *row;
    const struct model *model; /* what the replica knows, for bases that are out of date */
    struct row_history history;
    struct dot own; /* the entry to be written */
};

/* The writes of one entry, as story_write takes them. Borrowed until the next call. */
const char *invent_writes(struct inventor *inventor, const struct screen *screen);

#endif
