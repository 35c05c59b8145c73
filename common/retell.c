#include "common/retell.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/messages.h"

#define PIECES_MAX 9  /* "%1$s" to "%9$s" */
#define LITERAL_MIN 8 /* bytes; a format with less says nothing */

/* What stood for the conversions of a format, in their order. */
struct pieces {
    struct {
        const char *at;
        size_t size;
    } items[PIECES_MAX];
    size_t count;
    size_t literal; /* bytes that were the same */
};

/* Behind the conversion that `format` begins with. *position: which argument, where it says so. */
static const char *behind_conversion(const char *format, size_t *position)
{
    const char *at = format + 1;
    if (at[0] >= '1' && at[0] <= '9' && at[1] == '$') {
        *position = (size_t)(at[0] - '1');
        at += 2;
    }
    at += strspn(at, "0123456789.*-+ #hlzjt");
    return *at ? at + 1 : at;
}

static size_t literal_size(const char *format)
{
    return strcspn(format, "%");
}

static const char *find(const char *text, const char *literal, size_t size)
{
    size_t length = strlen(text);
    for (size_t at = 0; at + size <= length; at++)
        if (memcmp(text + at, literal, size) == 0)
            return text + at;
    return NULL;
}

/* The end of what a conversion stands for, when `format` goes on behind it; NULL: it can't be. */
static const char *end_of_piece(const char *text, const char *format)
{
    size_t size = literal_size(format), length = strlen(text);
    if (format[size] != '\0')
        return size > 0 ? find(text, format, size) : NULL;
    return length >= size && memcmp(text + length - size, format, size) == 0 ? text + length - size
                                                                             : NULL;
}

static bool fits(const char *format, const char *text, struct pieces *pieces)
{
    size_t ignored;
    *pieces = (struct pieces){.count = 0};
    for (;;) {
        size_t size = literal_size(format);
        if (strncmp(text, format, size) != 0)
            return false;
        text += size;
        format += size;
        pieces->literal += size;
        if (*format == '\0')
            return *text == '\0' && pieces->literal >= LITERAL_MIN;
        format = behind_conversion(format, &ignored);
        const char *end = end_of_piece(text, format);
        if (!end || pieces->count == PIECES_MAX)
            return false;
        pieces->items[pieces->count].at = text;
        pieces->items[pieces->count++].size = (size_t)(end - text);
        text = end;
    }
}

/* Cut inside a character, it would be no UTF-8. */
static void append(char *out, size_t size, const char *text, size_t count)
{
    size_t used = strlen(out), room = size - used - 1;
    if (count > room)
        for (count = room; count > 0 && ((unsigned char)text[count] & 0xc0) == 0x80;)
            count--;
    memcpy(out + used, text, count);
    out[used + count] = '\0';
}

static void write_as(const char *format, const struct pieces *pieces, char *out, size_t size)
{
    size_t next = 0;
    out[0] = '\0';
    while (*format) {
        size_t literal = literal_size(format), position = next;
        append(out, size, format, literal);
        format += literal;
        if (*format == '\0')
            return;
        format = behind_conversion(format, &position);
        next = position + 1;
        if (position < pieces->count)
            append(out, size, pieces->items[position].at, pieces->items[position].size);
    }
}

void retell(const char *sentence, char *out, size_t size)
{
    struct pieces pieces, best = {.literal = 0};
    const char *english, *format = NULL;
    for (size_t i = 0; language_get() != LANGUAGE_EN && (english = messages_at(i)); i++)
        if (fits(english, sentence, &pieces) && pieces.literal > best.literal) {
            best = pieces;
            format = messages_find_chinese(english);
        }
    if (format) {
        write_as(format, &best, out, size);
        return;
    }
    out[0] = '\0';
    append(out, size, sentence, strlen(sentence));
}
