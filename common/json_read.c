#include "common/json_read.h"

#include <malloc.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES 256 /* at most so much is still read once memory has run out */
#define RESERVE_BYTES 16384
#define ALIGNMENT 16

/* Of one reading; no other is under way in the thread. */
static _Thread_local struct reserve {
    unsigned char *start;
    size_t size, used;
    bool touched;
} reserve;
static _Thread_local uint64_t shortages;
static bool wiping;

static void *allocate(size_t size)
{
    void *memory = malloc(size);
    size_t room = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    shortages += !memory;
    if (memory || !reserve.start)
        return memory;
    reserve.touched = true;
    if (room > reserve.size - reserve.used)
        return NULL;
    reserve.used += room;
    return reserve.start + reserve.used - room;
}

static void let_go(void *memory)
{
    unsigned char *at = memory;
    bool ours = reserve.start && at >= reserve.start && at < reserve.start + reserve.size;
    if (ours)
        return;
    if (wiping && memory)
        sodium_memzero(memory, malloc_usable_size(memory));
    free(memory);
}

static void set_functions(void)
{
    json_set_alloc_funcs(allocate, let_go);
}

static void install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, set_functions);
}

static size_t give_piece(void *to, size_t room, void *context)
{
    struct bytes *left = context;
    size_t size = left->size < room ? left->size : room;
    if (size > PIECE_BYTES)
        size = PIECE_BYTES;
    if (reserve.touched || size == 0)
        return 0;
    memcpy(to, left->data, size);
    *left = bytes_of(left->data + size, left->size - size);
    return size;
}

enum status json_read(json_t **root, struct bytes text, json_error_t *fault, struct error *err)
{
    struct bytes left = text;
    install();
    *root = NULL;
    /* A string of the text's length is gathered in a buffer that doubles, and then copied. */
    reserve = (struct reserve){.size = RESERVE_BYTES + 4 * text.size};
    reserve.start = malloc(reserve.size);
    if (!reserve.start)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    *root = json_load_callback(give_piece, &left, JSON_REJECT_DUPLICATES, fault);
    enum status status = *root ? STATUS_OK : STATUS_BAD_INPUT;
    if (reserve.touched) {
        json_decref(*root);
        *root = NULL;
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    free(reserve.start);
    reserve = (struct reserve){0};
    return status;
}

json_t *json_named(const json_t *list, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        const char *found = json_string_value(json_object_get(item, "name"));
        if (found && strcmp(found, name) == 0)
            return item;
    }
    return NULL;
}

uint64_t json_shortages(void)
{
    install();
    return shortages;
}

enum status json_whole(uint64_t before, struct error *err)
{
    return shortages == before ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

void json_wipe_what_is_freed(void)
{
    install();
    wiping = true;
}
