#include "tests/support/frontiers.h"

bool frontiers_same(const struct frontier *a, const struct frontier *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (feed_compare(&a->rows[i].feed, &b->rows[i].feed) != 0 ||
            a->rows[i].number != b->rows[i].number)
            return false;
    return true;
}
