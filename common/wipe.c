#include "common/wipe.h"

#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "common/json_read.h"

/* Deeper than any call of ours goes; the stacks of threads have 8 MiB. */
#define STACK_BYTES (512 * 1024)

static sqlite3_mem_methods usual; /* SQLite's own */

static void give_back(void *memory)
{
    if (memory)
        sodium_memzero(memory, (size_t)usual.xSize(memory));
    usual.xFree(memory);
}

/* Never in place: what moves leaves nothing behind. */
static void *resize(void *memory, int size)
{
    void *moved = usual.xMalloc(size);
    int before = usual.xSize(memory);
    if (!moved)
        return NULL;
    memcpy(moved, memory, (size_t)(before < size ? before : size));
    give_back(memory);
    return moved;
}

enum status wipe_what_is_freed(struct error *err)
{
    sqlite3_mem_methods methods;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual) != SQLITE_OK)
        return error_set(err, STATUS_STORAGE, "cannot prepare the storage engine");
    methods = usual;
    methods.xFree = give_back;
    methods.xRealloc = resize;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK)
        return error_set(err, STATUS_STORAGE, "cannot prepare the storage engine");
    json_wipe_what_is_freed();
    return STATUS_OK;
}

void wipe_stack(void)
{
    sodium_stackzero(STACK_BYTES);
}
