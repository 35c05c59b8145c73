#include "common/question_maps.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"

#define KEY_BYTES_MAX 4096
#define SLOTS_FIRST 64
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

struct entry {
    size_t key; /* its place in `keys` */
    uint32_t key_size;
    int64_t number;
    sqlite3_value *other; /* a value that is no whole number */
};

struct map {
    struct slot *slots; /* a power of two; at most three in four are used */
    size_t slots_count;
    struct entry *entries;
    size_t count, capacity;
    struct buffer keys;
};

struct question_maps {
    uint8_t secret[crypto_shorthash_siphashx24_KEYBYTES];
    struct map **made; /* numbered from 1 */
    size_t count, capacity;
};

/* ---- one map ---- */

static void map_free(struct map *map)
{
    for (size_t i = 0; map && i < map->count; i++)
        sqlite3_value_free(map->entries[i].other);
    if (!map)
        return;
    free(map->slots);
    free(map->entries);
    buffer_release(&map->keys);
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
    *added = false;
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
    entries[map->count] = (struct entry){.key = map->keys.size, .key_size = (uint32_t)key.size};
    if (buffer_append_bytes(&map->keys, key) != STATUS_OK)
        return NULL;
    *slot = (struct slot){hash->first, hash->second, (uint32_t)map->count};
    *added = true;
    return &entries[map->count++];
}

/* ---- keys ---- */

struct key {
    uint8_t bytes[KEY_BYTES_MAX];
    size_t size;
    struct hash hash;
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
    if (type == SQLITE_NULL || key->size + part.size + 5 > sizeof key->bytes)
        return false;
    key->bytes[key->size] = (uint8_t)type;
    put_u32le(key->bytes + key->size + 1, (uint32_t)part.size);
    memcpy(key->bytes + key->size + 5, part.data ? part.data : number, part.size);
    key->size += 5 + part.size;
    return true;
}

/* False for a key that isn't one. */
static bool key_read(const struct question_maps *maps, struct key *key, int count,
                     sqlite3_value **values)
{
    key->size = 0;
    for (int i = 0; i < count; i++)
        if (!key_add(key, values[i]))
            return false;
    uint8_t hash[HASH_BYTES];
    crypto_shorthash_siphashx24(hash, key->bytes, key->size, maps->secret);
    key->hash = (struct hash){get_u64le(hash), get_u32le(hash + 8)};
    key->hash.first += key->hash.first == 0;
    return count > 0;
}

/* ---- aggregates ---- */

/* The map that the aggregate fills. NULL: out of memory. */
static struct map *map_of(sqlite3_context *context)
{
    struct map **map = sqlite3_aggregate_context(context, sizeof *map);
    if (map && !*map)
        *map = calloc(1, sizeof **map);
    return map ? *map : NULL;
}

static struct entry *step(sqlite3_context *context, int count, sqlite3_value **keys, bool *added)
{
    struct key key;
    struct map *map = map_of(context);
    struct entry *entry = NULL;
    if (map && !key_read(sqlite3_user_data(context), &key, count, keys))
        return NULL;
    if (map)
        entry = map_put(map, &key.hash, bytes_of(key.bytes, key.size), added);
    if (!entry)
        sqlite3_result_error_nomem(context);
    return entry;
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

/* Texts and bytes stand above numbers. */
static bool is_greater(const struct entry *entry, sqlite3_value *value)
{
    if (sqlite3_value_type(value) == SQLITE_INTEGER)
        return !entry->other && sqlite3_value_int64(value) > entry->number;
    if (!entry->other)
        return true;
    return bytes_compare(bytes_of(sqlite3_value_blob(value), (size_t)sqlite3_value_bytes(value)),
                         bytes_of(sqlite3_value_blob(entry->other),
                                  (size_t)sqlite3_value_bytes(entry->other))) > 0;
}

static void greatest_step(sqlite3_context *context, int count, sqlite3_value **values)
{
    bool added;
    if (count < 2 || sqlite3_value_type(values[0]) == SQLITE_NULL)
        return;
    struct entry *entry = step(context, count - 1, values + 1, &added);
    if (!entry || (!added && !is_greater(entry, values[0])))
        return;
    sqlite3_value_free(entry->other);
    entry->other = NULL;
    if (sqlite3_value_type(values[0]) == SQLITE_INTEGER)
        entry->number = sqlite3_value_int64(values[0]);
    else if (!(entry->other = sqlite3_value_dup(values[0])))
        sqlite3_result_error_nomem(context);
}

/* Also after a failure: what was made is forgotten with the rest. */
static void final(sqlite3_context *context)
{
    struct question_maps *maps = sqlite3_user_data(context);
    struct map *map = map_of(context);
    struct map **made = array_grow(maps->made, maps->count, &maps->capacity, sizeof(struct map *));
    if (made)
        maps->made = made;
    if (!map || !made) {
        map_free(map);
        sqlite3_result_error_nomem(context);
        return;
    }
    made[maps->count++] = map;
    sqlite3_result_int64(context, (sqlite3_int64)maps->count);
}

/* ---- functions of what was made ---- */

static const struct map *made_of(const struct question_maps *maps, sqlite3_value *number)
{
    sqlite3_int64 at = sqlite3_value_int64(number);
    return at > 0 && (uint64_t)at <= maps->count ? maps->made[at - 1] : NULL;
}

static const struct entry *find(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct question_maps *maps = sqlite3_user_data(context);
    const struct map *map = count > 1 ? made_of(maps, values[0]) : NULL;
    struct key key;
    if (!map || map->count == 0 || !key_read(maps, &key, count - 1, values + 1))
        return NULL;
    const struct slot *slot = slot_of(map->slots, map->slots_count, &key.hash);
    return slot->first != 0 ? &map->entries[slot->entry] : NULL;
}

static void has(sqlite3_context *context, int count, sqlite3_value **values)
{
    sqlite3_result_int(context, find(context, count, values) != NULL);
}

static void of(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct entry *entry = find(context, count, values);
    if (entry && entry->other)
        sqlite3_result_value(context, entry->other);
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
    *entry = (struct question_entry){.key = bytes_of(map->keys.data + from->key, from->key_size),
                                     .other = from->other,
                                     .number = from->number};
    return true;
}

void question_key_skip(struct bytes *key)
{
    size_t size = key->size > 0 ? 5 + (size_t)get_u32le(key->data + 1) : 0;
    *key = bytes_of(key->data + size, key->size - size);
}

void question_key_give(struct bytes key, sqlite3_context *context)
{
    if (key.size == 0)
        return;
    int size = (int)get_u32le(key.data + 1);
    const uint8_t *data = key.data + 5;
    if (key.data[0] == SQLITE_INTEGER)
        sqlite3_result_int64(context, (sqlite3_int64)get_u64le(data));
    else if (key.data[0] == SQLITE_BLOB)
        sqlite3_result_blob(context, data, size, SQLITE_TRANSIENT);
    else
        sqlite3_result_text(context, (const char *)data, size, SQLITE_TRANSIENT);
}

/* ---- life ---- */

static const struct {
    const char *name;
    int arguments;
    void (*call)(sqlite3_context *, int, sqlite3_value **);
    void (*step)(sqlite3_context *, int, sqlite3_value **);
} functions[] = {{"_set", -1, NULL, set_step},   {"_greatest", -1, NULL, greatest_step},
                 {"_sums", -1, NULL, sums_step}, {"_has", -1, has, NULL},
                 {"_of", -1, of, NULL},          {"_size", 1, size, NULL}};

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
