#ifndef COMMON_BUILTIN_DICTIONARIES_H
#define COMMON_BUILTIN_DICTIONARIES_H

/* The files of schema/dictionaries, as they were when the programs were built. */

#include "common/bytes.h"

struct bytes builtin_dictionary_entries(void);
struct bytes builtin_dictionary_texts(void);

#endif
