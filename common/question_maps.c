#include "common/question_maps.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"

#define KEY_BYTES_MAX 4096
#define SLOTS_FIRST 64
#define VALUE_HEAD 5        /* type and size */
#define LOOKED_BYTES_MAX 56 /* of a longer key nothing is remembered */
#define NOT_THERE SIZE_MAX
#define HASH_BYTES crypto_shorthash_siphashx24_BYTES

/* 96 bits of a keyed hash stand for a key: it isn't compared itself, which would cost another look
 * into memory that isn't at hand. */
struct hash {
    uint64_t first; /* 0: an empty slot */
    uint32_t second;
};

struct slot {
    uint64_t first;
    uint32_t second;
    uint32_t entry; /* its place */
};

/* Key and text stand in the map's `bytes`, value by value: type, size u32le, bytes. */
struct entry {
    size_t key, text;
    uint32_t key_size, text_size; /* text_size 0: `number` is the value */
    int64_t number;
};

/* What was looked for last. Rows come in the order of an index, and most ask what the row before
 * asked: then nothing needs to be hashed. */
struct looked {
    uint8_t key[LOOKED_BYTES_MAX];
    size_t key_size; /* 0: nothing */
    size_t entry;    /* NOT_THERE, or its place */
};

struct map {
    struct slot *slots; /* a power of two; at most three in four are used */
    size_t slots_count;
    struct entry *entries;
    size_t count, capacity;
    struct buffer bytes;
    struct looked last;
};

struct question_maps {
    uint8_t secret[crypto_shorthash_siphashx24_KEYBYTES];
    struct map **made; /* numbered from 1 */
    size_t count, capacity;
};

/* ---- one map ---- */

static void map_free(struct map *map)
{
    if (!map)
        return;
    free(map->slots);
    free(map->entries);
    buffer_release(&map->bytes);
    free(map);
}

/* The slot of that key, or the empty one where it would stand. */
static struct slot *slot_of(struct slot *slots, size_t count, const struct hash *hash)
{
    size_t at = hash->first & (count - 1);
    while (slots[at].first != 0 &&
           (slots[at].first != hash->first || slots[at].second != hash->second))
        at = (at + 1) & (count - 1);
    return &slots[at];
}

static bool slots_grow(struct map *map)
{
    size_t count = map->slots_count ? 2 * map->slots_count : SLOTS_FIRST;
    struct slot *slots = calloc(count, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < map->slots_count; i++) {
        const struct slot *slot = &map->slots[i];
        if (slot->first != 0)
            *slot_of(slots, count, &(struct hash){slot->first, slot->second}) = *slot;
    }
    free(map->slots);
    map->slots = slots;
    map->slots_count = count;
    return true;
}

/* The key's entry, new perhaps; NULL: out of memory. */
static struct entry *map_put(struct map *map, const struct hash *hash, struct bytes key,
                             bool *added)
{
    if (map->count >= map->slots_count / 4 * 3 && (map->count == UINT32_MAX || !slots_grow(map)))
        return NULL;
    struct slot *slot = slot_of(map->slots, map->slots_count, hash);
    if (slot->first != 0)
        return &map->entries[slot->entry];
    struct entry *entries =
        array_grow(map->entries, map->count, &map->capacity, sizeof *map->entries);
    if (!entries)
        return NULL;
    map->entries = entries;
    entries[map->count] = (struct entry){.key = map->bytes.size, .key_size = (uint32_t)key.size};
    if (buffer_append_bytes(&map->bytes, key) != STATUS_OK)
        return NULL;
    *slot = (struct slot){hash->first, hash->second, (uint32_t)map->count};
    *added = true;
    return &entries[map->count++];
}

/* ---- keys ---- */

struct key {
    uint8_t bytes[KEY_BYTES_MAX];
    size_t size;
};

/* One value behind the others: its type, its size, its bytes. */
static bool key_add(struct key *key, sqlite3_value *value)
{
    int type = sqlite3_value_type(value);
    uint8_t number[8];
    struct bytes part = bytes_of(number, sizeof number);
    if (type == SQLITE_INTEGER)
        put_u64le(number, (uint64_t)sqlite3_value_int64(value));
    else if (type != SQLITE_NULL) /* a fraction as its text */
        part = bytes_of(sqlite3_value_blob(value), (size_t)sqlite3_value_bytes(value));
    if (type == SQLITE_NULL || key->size + part.size + VALUE_HEAD > sizeof key->bytes)
        return false;
    key->bytes[key->size] = (uint8_t)type;
    put_u32le(key->bytes + key->size + 1, (uint32_t)part.size);
    memcpy(key->bytes + key->size + VALUE_HEAD, part.data ? part.data : number, part.size);
    key->size += VALUE_HEAD + part.size;
    return true;
}

/* False for a key that isn't one. */
static bool key_read(struct key *key, int count, sqlite3_value **values)
{
    key->size = 0;
    for (int i = 0; i < count; i++)
        if (!key_add(key, values[i]))
            return false;
    return count > 0;
}

static struct hash key_hash(const struct question_maps *maps, const struct key *key)
{
    uint8_t bytes[HASH_BYTES];
    crypto_shorthash_siphashx24(bytes, key->bytes, key->size, maps->secret);
    struct hash hash = {get_u64le(bytes), get_u32le(bytes + 8)};
    hash.first += hash.first == 0;
    return hash;
}

static bool is_last(const struct map *map, const struct key *key)
{
    return key->size == map->last.key_size && memcmp(key->bytes, map->last.key, key->size) == 0;
}

static void remember(struct map *map, const struct key *key, size_t entry)
{
    map->last.key_size = key->size <= sizeof map->last.key ? key->size : 0;
    memcpy(map->last.key, key->bytes, map->last.key_size);
    map->last.entry = entry;
}

/* ---- aggregates ---- */

/* What an aggregate fills. */
struct filling {
    struct map *map;
    struct map *pairs; /* of _different: values with their keys */
};

static struct map *made(struct map **map)
{
    if (!*map)
        *map = calloc(1, sizeof **map);
    return *map;
}

/* The entry of a key, new perhaps; NULL: out of memory, and SQLite knows of it. */
static struct entry *put(sqlite3_context *context, struct map *map, const struct key *key,
                         bool *added)
{
    struct entry *entry = NULL;
    *added = false;
    if (map && is_last(map, key))
        return &map->entries[map->last.entry];
    if (map) {
        struct hash hash = key_hash(sqlite3_user_data(context), key);
        entry = map_put(map, &hash, bytes_of(key->bytes, key->size), added);
    }
    if (entry)
        remember(map, key, (size_t)(entry - map->entries));
    else
        sqlite3_result_error_nomem(context);
    return entry;
}

static struct entry *step(sqlite3_context *context, int count, sqlite3_value **keys, bool *added)
{
    struct key key;
    struct filling *filling = sqlite3_aggregate_context(context, sizeof *filling);
    if (!key_read(&key, count, keys))
        return NULL;
    return put(context, filling ? made(&filling->map) : NULL, &key, added);
}

static void set_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    bool added;
    step(context, count, values, &added);
}

static void sums_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    bool added;
    struct entry *entry = count > 1 ? step(context, count - 1, values + 1, &added) : NULL;
    if (entry &&
        __builtin_add_overflow(entry->number, sqlite3_value_int64(values[0]), &entry->number))
        sqlite3_result_error(context, "integer overflow", -1);
}

static struct bytes text_of(const struct map *map, const struct entry *entry)
{
    return bytes_of(map->bytes.data + entry->text, entry->text_size);
}

/* Texts and bytes stand above numbers. */
static bool is_greater(const struct map *map, const struct entry *entry, sqlite3_value *value)
{
    if (sqlite3_value_type(value) == SQLITE_INTEGER)
        return entry->text_size == 0 && sqlite3_value_int64(value) > entry->number;
    if (entry->text_size == 0)
        return true;
    struct bytes text = text_of(map, entry);
    return bytes_compare(bytes_of(sqlite3_value_blob(value), (size_t)sqlite3_value_bytes(value)),
                         bytes_of(text.data + VALUE_HEAD, text.size - VALUE_HEAD)) > 0;
}

/* In the place of the text before it, where that has the room: most are days. */
static enum status set_text(struct map *map, struct entry *entry, const struct key *text)
{
    if (text->size > entry->text_size) {
        entry->text = map->bytes.size;
        entry->text_size = 0;
        TRY(buffer_append(&map->bytes, text->bytes, text->size));
    } else {
        memcpy(map->bytes.data + entry->text, text->bytes, text->size);
    }
    entry->text_size = (uint32_t)text->size;
    return STATUS_OK;
}

static void greatest_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    bool added;
    struct key text;
    if (count < 2 || sqlite3_value_type(values[0]) == SQLITE_NULL)
        return;
    struct entry *entry = step(context, count - 1, values + 1, &added);
    struct filling *filling = sqlite3_aggregate_context(context, 0);
    if (!entry || (!added && !is_greater(filling->map, entry, values[0])))
        return;
    if (sqlite3_value_type(values[0]) == SQLITE_INTEGER)
        entry->number = sqlite3_value_int64(values[0]);
    else if (!key_read(&text, 1, values))
        sqlite3_result_error_toobig(context);
    else if (set_text(filling->map, entry, &text) != STATUS_OK)
        sqlite3_result_error_nomem(context);
}

static void different_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    bool added;
    struct key pair;
    struct filling *filling = sqlite3_aggregate_context(context, sizeof *filling);
    if (count < 2 || !key_read(&pair, count, values))
        return;
    put(context, filling ? made(&filling->pairs) : NULL, &pair, &added);
    struct entry *entry = added ? step(context, count - 1, values + 1, &added) : NULL;
    if (entry)
        entry->number++;
}

/* Also after a failure: what was made is forgotten with the rest. */
static void final(sqlite3_context *context)
{
    struct question_maps *maps = sqlite3_user_data(context);
    struct filling *filling = sqlite3_aggregate_context(context, sizeof *filling);
    struct map *map = filling ? made(&filling->map) : NULL;
    struct map **all = array_grow(maps->made, maps->count, &maps->capacity, sizeof(struct map *));
    if (filling)
        map_free(filling->pairs);
    if (all)
        maps->made = all;
    if (!map || !all) {
        map_free(map);
        sqlite3_result_error_nomem(context);
        return;
    }
    all[maps->count++] = map;
    sqlite3_result_int64(context, (sqlite3_int64)maps->count);
}

/* ---- functions of what was made ---- */

static struct map *made_of(const struct question_maps *maps, sqlite3_value *number)
{
    sqlite3_int64 at = sqlite3_value_int64(number);
    return at > 0 && (uint64_t)at <= maps->count ? maps->made[at - 1] : NULL;
}

static const struct entry *find(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct question_maps *maps = sqlite3_user_data(context);
    struct map *map = count > 1 ? made_of(maps, values[0]) : NULL;
    struct key key;
    if (!map || map->count == 0 || !key_read(&key, count - 1, values + 1))
        return NULL;
    if (!is_last(map, &key)) {
        struct hash hash = key_hash(maps, &key);
        const struct slot *slot = slot_of(map->slots, map->slots_count, &hash);
        remember(map, &key, slot->first != 0 ? slot->entry : NOT_THERE);
    }
    return map->last.entry != NOT_THERE ? &map->entries[map->last.entry] : NULL;
}

static void has(sqlite3_context *context, int count, sqlite3_value **values)
{
    sqlite3_result_int(context, find(context, count, values) != NULL);
}

static void of(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct entry *entry = find(context, count, values);
    const struct question_maps *maps = sqlite3_user_data(context);
    if (entry && entry->text_size > 0)
        question_value_give(text_of(made_of(maps, values[0]), entry), context);
    else if (entry)
        sqlite3_result_int64(context, entry->number);
}

static void size(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct map *map = made_of(sqlite3_user_data(context), values[0]);
    (void)count;
    sqlite3_result_int64(context, map ? (sqlite3_int64)map->count : 0);
}

/* ---- one after the other ---- */

bool question_entry_at(const struct question_maps *maps, int64_t made, size_t at,
                       struct question_entry *entry)
{
    if (made <= 0 || (uint64_t)made > maps->count || at >= maps->made[made - 1]->count)
        return false;
    const struct map *map = maps->made[made - 1];
    const struct entry *from = &map->entries[at];
    *entry = (struct question_entry){.key = bytes_of(map->bytes.data + from->key, from->key_size),
                                     .text = text_of(map, from),
                                     .number = from->number};
    return true;
}

static size_t value_size(struct bytes values)
{
    return values.size > 0 ? VALUE_HEAD + (size_t)get_u32le(values.data + 1) : 0;
}

void question_value_skip(struct bytes *values)
{
    size_t size = value_size(*values);
    *values = bytes_of(values->data + size, values->size - size);
}

/* The bytes stay where they are as long as the question is asked. */
void question_value_give(struct bytes values, sqlite3_context *context)
{
    if (values.size == 0)
        return;
    int size = (int)get_u32le(values.data + 1);
    const uint8_t *data = values.data + VALUE_HEAD;
    if (values.data[0] == SQLITE_INTEGER)
        sqlite3_result_int64(context, (sqlite3_int64)get_u64le(data));
    else if (values.data[0] == SQLITE_BLOB)
        sqlite3_result_blob(context, data, size, SQLITE_STATIC);
    else
        sqlite3_result_text(context, (const char *)data, size, SQLITE_STATIC);
}

/* ---- life ---- */

static const struct {
    const char *name;
    int arguments;
    void (*call)(sqlite3_context *, int, sqlite3_value **);
    void (*step)(sqlite3_context *, int, sqlite3_value **);
} functions[] = {{"_set", -1, NULL, set_step},   {"_greatest", -1, NULL, greatest_step},
                 {"_sums", -1, NULL, sums_step}, {"_different", -1, NULL, different_step},
                 {"_has", -1, has, NULL},        {"_of", -1, of, NULL},
                 {"_size", 1, size, NULL}};

enum status question_maps_open(struct question_maps **maps, sqlite3 *database, struct error *err)
{
    int code = SQLITE_OK;
    *maps = calloc(1, sizeof **maps);
    if (!*maps)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    randombytes_buf((*maps)->secret, sizeof(*maps)->secret);
    for (size_t i = 0; code == SQLITE_OK && i < sizeof functions / sizeof functions[0]; i++)
        code = sqlite3_create_function(database, functions[i].name, functions[i].arguments,
                                       SQLITE_UTF8, *maps, functions[i].call, functions[i].step,
                                       functions[i].step ? final : NULL);
    if (code != SQLITE_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return question_entries_open(*maps, database, err);
}

void question_maps_clear(struct question_maps *maps)
{
    for (size_t i = 0; i < maps->count; i++)
        map_free(maps->made[i]);
    maps->count = 0;
}

void question_maps_close(struct question_maps *maps, sqlite3 *database)
{
    if (!maps)
        return;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        sqlite3_create_function(database, functions[i].name, functions[i].arguments, SQLITE_UTF8,
                                NULL, NULL, NULL, NULL);
    sqlite3_create_module(database, "_entries", NULL, NULL);
    question_maps_clear(maps);
    free(maps->made);
    sodium_memzero(maps, sizeof *maps);
    free(maps);
}
