#include "server/root_keys.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/armor.h"
#include "common/file.h"
#include "server/seed.h"

#define PREFIX "JQK1-"
#define TEXT_BYTES 128

static const char *const here[ROOT_KEYS_MAX] = {"root-1.key", "root-2.key", "root-3.key",
                                                "root-4.key", "root-5.key"};
static const char *const next[ROOT_KEYS_MAX] = {
    "root-next-1.key", "root-next-2.key", "root-next-3.key", "root-next-4.key", "root-next-5.key"};

const char *root_key_file(size_t place)
{
    return here[place];
}

const char *root_key_file_next(size_t place)
{
    return next[place];
}

void root_keys_release(struct root_keys *keys)
{
    sodium_memzero(keys, sizeof *keys);
}

struct root_signers root_keys_signers(const struct root_keys *keys)
{
    return (struct root_signers){keys->keys, keys->count};
}

bool root_keys_suffice(const struct root_keys *keys, const struct root_set *set)
{
    uint32_t belong = 0;
    for (size_t i = 0; i < keys->count; i++)
        belong += root_set_holds(set, keys->keys[i].public_key);
    return belong >= set->threshold;
}

static void add(struct root_keys *keys, const struct signing_key *key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (memcmp(keys->keys[i].public_key, key->public_key, PUBLIC_KEY_BYTES) == 0)
            return;
    if (keys->count < ROOT_KEYS_MAX)
        keys->keys[keys->count++] = *key;
}

enum status root_keys_find(struct root_keys *keys, const struct hub_options *options,
                           const struct root_set *set, struct error *err)
{
    for (size_t i = 0; i < 2 * ROOT_KEYS_MAX; i++) {
        const char *name = i < ROOT_KEYS_MAX ? here[i] : next[i - ROOT_KEYS_MAX];
        struct seed_place place = {options->directory, name, options->vault};
        struct signing_key key;
        uint8_t seed[SEED_BYTES];
        struct error problem = {0};
        enum status status = seed_read(&place, seed, &problem);
        if (status == STATUS_NOT_FOUND)
            continue;
        if (status != STATUS_OK)
            return error_set(err, status, "%s", problem.text);
        signing_key_from_seed(&key, seed);
        if (root_set_holds(set, key.public_key))
            add(keys, &key);
        signing_key_release(&key);
        sodium_memzero(seed, sizeof seed);
    }
    return STATUS_OK;
}

static enum status read_line(const char *path, char text[TEXT_BYTES], struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return file_cannot_open(path, err);
    ssize_t size = read(fd, text, TEXT_BYTES - 1);
    close(fd);
    if (size <= 0)
        return error_set(err, STATUS_BAD_INPUT, "'%.120s' is not an exported root key", path);
    text[size] = '\0';
    return STATUS_OK;
}

enum status root_keys_add_file(struct root_keys *keys, const char *path, const struct root_set *set,
                               struct error *err)
{
    char text[TEXT_BYTES];
    uint8_t seed[SEED_BYTES];
    struct signing_key key;
    TRY(read_line(path, text, err));
    enum status status = armor_parse(PREFIX, text, seed, sizeof seed, err);
    sodium_memzero(text, sizeof text);
    if (status != STATUS_OK)
        return error_wrap(err, "the root key '%.60s'", path);
    signing_key_from_seed(&key, seed);
    sodium_memzero(seed, sizeof seed);
    if (set && !root_set_holds(set, key.public_key))
        status =
            error_set(err, STATUS_DENIED, "'%.120s' holds no key of this network's root", path);
    else
        add(keys, &key);
    signing_key_release(&key);
    return status;
}

enum status root_key_export(const uint8_t seed[32], const char *path, struct error *err)
{
    char text[TEXT_BYTES];
    armor_format(PREFIX, bytes_of(seed, 32), text, sizeof text - 1);
    strcat(text, "\n");
    enum status status = file_create(path, FILE_PRIVATE, bytes_text(text), err);
    sodium_memzero(text, sizeof text);
    return status;
}
