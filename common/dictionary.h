#ifndef COMMON_DICTIONARY_H
#define COMMON_DICTIONARY_H

/* Dictionaries of Zstandard (RFC 8878, 5): what entries and what people write usually look like, so
 * that a lone one becomes short, too. They are data, made from the schema's demo by
 * schema/dictionaries/train.py, and named by the number that stands in each frame made with one.
 * What was written with a dictionary needs it for ever: a number never means another one. */

#include "common/bytes.h"

enum dictionary {
    DICTIONARY_NONE = 0,
    DICTIONARY_ENTRIES = 1, /* bodies of entries, one behind the other */
    DICTIONARY_TEXTS = 2,   /* texts of people, in UTF-16LE */
    DICTIONARY_NEWEST = DICTIONARY_TEXTS
};

/* Its bytes, for ever; absent when `number` is none that this program knows. */
struct bytes dictionary_find(uint32_t number);

#endif
