#include "common/dictionary.h"

#include "common/builtin_dictionaries.h"

struct bytes dictionary_find(uint32_t number)
{
    switch (number) {
    case DICTIONARY_ENTRIES:
        return builtin_dictionary_entries();
    case DICTIONARY_TEXTS:
        return builtin_dictionary_texts();
    default:
        return (struct bytes){0};
    }
}
