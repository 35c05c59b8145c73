#include "common/sealed_words.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "common/pinyin.h"
#include "common/replica_seal.h"
#include "common/search.h"

#define HINT_WORDS 8 /* of 64 bits */
#define HINT_BITS_LOG 9
#define KEY_BYTES crypto_shorthash_siphashx24_BYTES
#define HINTS_FIRST 1024
#define ROW 2 /* the argument behind query and table; fields and values follow */

struct hint_bits {
    uint64_t words[HINT_WORDS];
};

struct hint {
    bool used;
    uint8_t key[KEY_BYTES];
    struct hint_bits bits;
};

struct sealed_words {
    struct replica *replica;
    uint8_t secret[crypto_shorthash_siphashx24_KEYBYTES];
    size_t erasures; /* that the registry knew of when the hints were begun */
    struct hint *hints;
    size_t count, capacity; /* a power of two; at most three in four are used */
    struct buffer text;     /* of the row at hand */
};

/* ---- what a text has ---- */

static void set_bit(struct hint_bits *bits, uint64_t first, uint64_t second)
{
    uint64_t mixed = (first + 1) * 0x9e3779b97f4a7c15u ^ (second + 1) * 0xc2b2ae3d27d4eb4fu;
    mixed = (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9u;
    unsigned bit = (unsigned)(mixed >> (64 - HINT_BITS_LOG));
    bits->words[bit / 64] |= 1ull << bit % 64;
}

/* Latin letters are found in either case. */
static void add_text(struct hint_bits *bits, struct bytes text)
{
    uint32_t before = 0;
    while (text.size > 0) {
        uint32_t code = pinyin_take(&text);
        code = code >= 'A' && code <= 'Z' ? code - 'A' + 'a' : code;
        set_bit(bits, code, 0);
        if (before)
            set_bit(bits, code, before);
        before = code;
    }
}

static bool covers(const struct hint_bits *bits, const struct hint_bits *wanted)
{
    uint64_t lacking = 0;
    for (size_t i = 0; i < HINT_WORDS; i++)
        lacking |= wanted->words[i] & ~bits->words[i];
    return lacking == 0;
}

/* ---- what is looked for ---- */

struct wanted {
    struct hint_bits words[SEARCH_WORDS_MAX];
    size_t count;
};

/* A word that begins or ends within a character gives no bits: it may stand anywhere. */
static bool is_utf8(struct bytes word)
{
    while (word.size > 0) {
        size_t before = word.size;
        if (pinyin_take(&word) >= 0x80 && before - word.size == 1)
            return false;
    }
    return true;
}

static struct wanted *want(struct bytes query)
{
    struct search search;
    struct wanted *wanted = calloc(1, sizeof *wanted);
    if (!wanted)
        return NULL;
    search_start(&search, query);
    wanted->count = search.words_count;
    for (size_t i = 0; i < search.words_count; i++)
        if (is_utf8(search.words[i]))
            add_text(&wanted->words[i], search.words[i]);
    return wanted;
}

static bool may_hold(const struct hint_bits *bits, const struct wanted *wanted)
{
    for (size_t i = 0; i < wanted->count; i++)
        if (covers(bits, &wanted->words[i]))
            return true;
    return false;
}

/* ---- hints ---- */

static void forget(struct sealed_words *sealed)
{
    if (sealed->hints)
        sodium_memzero(sealed->hints, sealed->capacity * sizeof *sealed->hints);
    free(sealed->hints);
    sealed->hints = NULL;
    sealed->count = sealed->capacity = 0;
}

/* The hint of that key, or the empty place for it. */
static struct hint *place_of(struct hint *hints, size_t capacity, const uint8_t key[KEY_BYTES])
{
    size_t at = get_u64le(key) & (capacity - 1);
    while (hints[at].used && memcmp(hints[at].key, key, KEY_BYTES) != 0)
        at = (at + 1) & (capacity - 1);
    return &hints[at];
}

/* Lack of memory, or too many rows, only costs time. */
static void remember(struct sealed_words *sealed, const uint8_t key[KEY_BYTES],
                     const struct hint_bits *bits)
{
    if (sealed->count + 1 > sealed->capacity / 4 * 3) {
        size_t capacity = sealed->capacity ? 2 * sealed->capacity : HINTS_FIRST;
        struct hint *hints =
            capacity / 4 * 3 <= SEALED_HINTS_MAX ? calloc(capacity, sizeof *hints) : NULL;
        if (!hints)
            return;
        for (size_t i = 0; i < sealed->capacity; i++)
            if (sealed->hints[i].used)
                *place_of(hints, capacity, sealed->hints[i].key) = sealed->hints[i];
        size_t count = sealed->count;
        forget(sealed);
        sealed->hints = hints;
        sealed->capacity = capacity;
        sealed->count = count;
    }
    struct hint *place = place_of(sealed->hints, sealed->capacity, key);
    place->used = true;
    memcpy(place->key, key, KEY_BYTES);
    place->bits = *bits;
    sealed->count++;
}

static const struct hint *find(const struct sealed_words *sealed, const uint8_t key[KEY_BYTES])
{
    if (sealed->capacity == 0)
        return NULL;
    const struct hint *place = place_of(sealed->hints, sealed->capacity, key);
    return place->used ? place : NULL;
}

/* ---- the function ---- */

static struct bytes column(sqlite3_value *value)
{
    const void *data = sqlite3_value_blob(value);
    return bytes_of(data, (size_t)sqlite3_value_bytes(value));
}

/* By the row and what its fields hold; false when all of them are empty. */
static bool row_key(struct sealed_words *sealed, int count, sqlite3_value **values,
                    uint8_t key[KEY_BYTES])
{
    bool any = false;
    buffer_clear(&sealed->text);
    for (int i = ROW; i < count; i += 2) { /* the id, and each value behind its field */
        struct bytes part = column(values[i]);
        uint8_t size[4];
        any |= i > ROW && part.size > 0;
        put_u32le(size, (uint32_t)part.size);
        if (buffer_append(&sealed->text, size, sizeof size) != STATUS_OK ||
            buffer_append_bytes(&sealed->text, part) != STATUS_OK)
            return false;
    }
    crypto_shorthash_siphashx24(key, sealed->text.data, sealed->text.size, sealed->secret);
    return any;
}

/* The texts of the row that we can read, line by line; *all: there are no others. */
static enum status open_texts(struct sealed_words *sealed, int count, sqlite3_value **values,
                              bool *all)
{
    struct seal_place place = {.table = (uint32_t)sqlite3_value_int(values[ROW - 1])};
    struct bytes row = column(values[ROW]);
    *all = true;
    buffer_clear(&sealed->text);
    if (row.size != ID_BYTES)
        return STATUS_BAD_INPUT;
    memcpy(place.row.bytes, row.data, ID_BYTES);
    for (int i = ROW + 1; i + 1 < count; i += 2) {
        struct bytes text = column(values[i + 1]);
        bool sealed_value = sqlite3_value_type(values[i + 1]) == SQLITE_BLOB;
        place.field = (uint16_t)sqlite3_value_int(values[i]);
        if (sealed_value)
            TRY(replica_sealed_text(sealed->replica, &place, text, &text, NULL));
        *all &= !sealed_value || text.data;
        TRY(buffer_append_bytes(&sealed->text, text));
        TRY(buffer_append(&sealed->text, "\n", 1));
    }
    return STATUS_OK;
}

static void give_texts(sqlite3_context *context, const struct sealed_words *sealed)
{
    sqlite3_result_text(context, (const char *)sealed->text.data, (int)sealed->text.size,
                        SQLITE_TRANSIENT);
}

static void answer(sqlite3_context *context, const struct wanted *wanted, int count,
                   sqlite3_value **values)
{
    struct sealed_words *sealed = sqlite3_user_data(context);
    uint8_t key[KEY_BYTES];
    bool all;
    if (!row_key(sealed, count, values, key))
        return;
    const struct hint *hint = find(sealed, key);
    if (hint && !may_hold(&hint->bits, wanted))
        return;
    enum status status = open_texts(sealed, count, values, &all);
    if (status != STATUS_OK) {
        sqlite3_result_error_code(context,
                                  status == STATUS_NO_MEMORY ? SQLITE_NOMEM : SQLITE_IOERR);
        return;
    }
    struct hint_bits bits = {{0}};
    if (!hint)
        add_text(&bits, buffer_bytes(&sealed->text));
    if (!hint && all)
        remember(sealed, key, &bits);
    if (hint || may_hold(&bits, wanted))
        give_texts(context, sealed);
}

/* What was erased must leave no trace, not even its characters. */
static void follow_erasures(struct sealed_words *sealed)
{
    size_t erasures = registry_seals(replica_registry(sealed->replica))->erasures_count;
    if (erasures != sealed->erasures)
        forget(sealed);
    sealed->erasures = erasures;
}

static void sql_sealed_words(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct wanted *wanted = sqlite3_get_auxdata(context, 0), *made = NULL;
    if (count <= ROW + 2)
        return;
    if (!wanted) {
        follow_erasures(sqlite3_user_data(context));
        wanted = made = want(column(values[0]));
        if (!made) {
            sqlite3_result_error_nomem(context);
            return;
        }
    }
    answer(context, wanted, count, values);
    if (made)
        sqlite3_set_auxdata(context, 0, made, free); /* also when it is freed at once */
}

static void release(void *context)
{
    struct sealed_words *sealed = context;
    forget(sealed);
    buffer_release(&sealed->text);
    sodium_memzero(sealed, sizeof *sealed);
    free(sealed);
}

enum status sealed_words_register(struct replica *replica, struct error *err)
{
    struct sealed_words *sealed = calloc(1, sizeof *sealed);
    if (!sealed)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    sealed->replica = replica;
    randombytes_buf(sealed->secret, sizeof sealed->secret);
    if (sqlite3_create_function_v2(replica_database(replica), "_sealed_words", -1,
                                   SQLITE_UTF8 | SQLITE_DIRECTONLY, sealed, sql_sealed_words, NULL,
                                   NULL, release) != SQLITE_OK)
        return replica_failed(replica, "the database", err);
    return STATUS_OK;
}
