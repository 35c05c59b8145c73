#include <string.h>

#include "tests/support/wrapped.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

bool (*wrapped_memory_fails)(const void *from);

#define FAILS (wrapped_memory_fails && wrapped_memory_fails(__builtin_return_address(0)))

void *__wrap_malloc(size_t size)
{
    return FAILS ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return FAILS ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return FAILS ? NULL : __real_realloc(old, size);
}

char *__wrap_strndup(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    char *copy = FAILS ? NULL : __real_malloc(length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

char *__wrap_strdup(const char *text)
{
    return __wrap_strndup(text, strlen(text));
}
