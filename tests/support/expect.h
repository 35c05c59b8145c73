#ifndef TESTS_SUPPORT_EXPECT_H
#define TESTS_SUPPORT_EXPECT_H

/* What a story reads like in the end; cmocka fails the test when it doesn't. */

#include "tests/support/story.h"

#define EXPECT_ENTRIES_MAX 8

/* Entries applied in this order read like this. */
void expect_after(struct story *story, const char *dots, const char *wanted);
/* All entries written, in each of the k! orders, read like this and give the same canonical bytes.
 */
void expect_in_any_order(struct story *story, const char *wanted);

#endif
