#include "common/pinyin.h"

#include <string.h>

#include "pinyin_table.inc"

#define READINGS_MAX 16
#define SYLLABLE_BITS 11

/* ---- characters ---- */

uint32_t pinyin_take(struct bytes *text)
{
    if (text->size == 0)
        return 0;
    uint8_t first = text->data[0];
    size_t size = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t code = size == 1 ? first : first & (0x7fu >> size);
    if (size > text->size)
        size = text->size;
    for (size_t i = 1; i < size; i++)
        code = code << 6 | (text->data[i] & 0x3fu);
    text->data += size;
    text->size -= size;
    return code;
}

/* Characters outside the plane that most names come from. */
static size_t rare_readings(uint32_t character, const char **readings, size_t most)
{
    size_t from = 0, to = sizeof rare / sizeof rare[0], count = 0;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (rare[middle] >> SYLLABLE_BITS < character)
            from = middle + 1;
        else
            to = middle;
    }
    for (; from < sizeof rare / sizeof rare[0] && rare[from] >> SYLLABLE_BITS == character; from++)
        if (count++ < most)
            readings[count - 1] = syllables[rare[from] & ((1u << SYLLABLE_BITS) - 1)];
    return count;
}

size_t pinyin_readings(uint32_t character, const char **readings, size_t most)
{
    if (character < TABLE_FIRST || character > TABLE_LAST)
        return character < 0x80 ? 0 : rare_readings(character, readings, most);
    size_t from = starts[character - TABLE_FIRST], to = starts[character - TABLE_FIRST + 1];
    for (size_t i = from; i < to && i - from < most; i++)
        readings[i - from] = syllables[dense[i]];
    return to - from;
}

/* ---- what was typed ---- */

/* Where the typing may have got to, one bit for each place in it. */
struct typing {
    struct bytes query;
    uint64_t places;
    bool done; /* the typing is used up */
};

static void advance(struct typing *typing, uint64_t *next, size_t place, size_t size)
{
    if (place + size == typing->query.size)
        typing->done = true;
    else
        *next |= UINT64_C(1) << (place + size);
}

/* One reading of a character, typed from `place` on. */
static void try_reading(struct typing *typing, uint64_t *next, size_t place, const char *reading)
{
    const uint8_t *typed = typing->query.data + place;
    size_t left = typing->query.size - place, size = strlen(reading), same = 0;
    while (same < size && same < left && typed[same] == (uint8_t)reading[same])
        same++;
    if (same == 0)
        return;
    advance(typing, next, place, 1);
    if (same >= 2 && reading[1] == 'h')
        advance(typing, next, place, 2);
    if (same == size || same == left)
        advance(typing, next, place, same);
}

static uint8_t lower(uint8_t letter)
{
    return letter >= 'A' && letter <= 'Z' ? (uint8_t)(letter - 'A' + 'a') : letter;
}

/* The character itself, typed from `place` on. */
static void try_itself(struct typing *typing, uint64_t *next, size_t place, struct bytes character)
{
    if (typing->query.size - place < character.size)
        return;
    for (size_t i = 0; i < character.size; i++)
        if (typing->query.data[place + i] != lower(character.data[i]))
            return;
    advance(typing, next, place, character.size);
}

static void step(struct typing *typing, uint32_t code, struct bytes character)
{
    const char *readings[READINGS_MAX];
    uint64_t next = 0;
    size_t count = pinyin_readings(code, readings, READINGS_MAX);
    if (count > READINGS_MAX)
        count = READINGS_MAX;
    for (size_t place = 0; place < typing->query.size && !typing->done; place++) {
        if (!(typing->places >> place & 1))
            continue;
        try_itself(typing, &next, place, character);
        for (size_t i = 0; i < count; i++)
            try_reading(typing, &next, place, readings[i]);
    }
    typing->places = next;
}

bool pinyin_names(struct bytes text, struct bytes query)
{
    struct typing typing = {.query = query};
    if (query.size == 0 || query.size > PINYIN_QUERY_BYTES_MAX)
        return false;
    while (text.size > 0 && !typing.done) {
        struct bytes character = text;
        uint32_t code = pinyin_take(&text);
        character.size -= text.size;
        typing.places |= 1; /* a name may begin at any character */
        if (code != ' ')
            step(&typing, code, character);
    }
    return typing.done;
}

/* ---- alike ---- */

static uint32_t take_letter(struct bytes *text)
{
    uint32_t code;
    do
        code = pinyin_take(text);
    while (code == ' ' || code == 0x3000 || code == 0xb7);
    return code;
}

static bool alike(uint32_t a, uint32_t b)
{
    const char *of_a[READINGS_MAX], *of_b[READINGS_MAX];
    if (a == b)
        return true;
    size_t count_a = pinyin_readings(a, of_a, READINGS_MAX);
    size_t count_b = pinyin_readings(b, of_b, READINGS_MAX);
    for (size_t i = 0; i < count_a && i < READINGS_MAX; i++)
        for (size_t j = 0; j < count_b && j < READINGS_MAX; j++)
            if (of_a[i] == of_b[j])
                return true;
    return false;
}

bool pinyin_sounds_alike(struct bytes a, struct bytes b)
{
    for (;;) {
        uint32_t left = take_letter(&a), right = take_letter(&b);
        if (left == 0 || right == 0)
            return left == right;
        if (!alike(left, right))
            return false;
    }
}
