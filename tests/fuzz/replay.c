/* Feeds a fuzz target every file of a folder, so that each seed is an ordinary test.
 *
 *   fuzz_X FOLDER
 *
 * Also the start of each file and the file with a byte changed, at some places: a seed alone says
 * little about hostile bytes. */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED_BYTES_MAX (1024 * 1024)
#define PLACES_COUNT 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Hand over a copy of exactly this size, so that reading past the end is seen. */
static void replay(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void replay_near(uint8_t *data, size_t size)
{
    size_t step = size / PLACES_COUNT + 1;
    replay(data, size);
    for (size_t at = 0; at < size; at += step) {
        uint8_t kept = data[at];
        replay(data, at);
        data[at] ^= 0xff;
        replay(data, size);
        data[at] = kept;
    }
}

static int replay_file(const char *folder, const char *name)
{
    static uint8_t data[SEED_BYTES_MAX];
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    replay_near(data, size);
    return 0;
}

int main(int argc, char **argv)
{
    int seeds = 0, failed = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        failed |= replay_file(argv[1], entry->d_name);
        seeds++;
    }
    closedir(folder);
    printf("%d seeds\n", seeds);
    return seeds == 0 ? 1 : failed;
}
