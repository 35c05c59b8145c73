#ifndef TESTS_SUPPORT_FRONTIERS_H
#define TESTS_SUPPORT_FRONTIERS_H

#include "common/frontier.h"

/* Row by row, not by the digest, which is to be tested. */
bool frontiers_same(const struct frontier *a, const struct frontier *b);

#endif
