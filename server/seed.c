#include "server/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/disk.h"
#include "common/file.h"

#define PATH_BYTES 4096
#define NONCE 24
#define SEALED_BYTES (NONCE + SEED_BYTES + 16)

static enum status path_of(const struct seed_place *place, char path[PATH_BYTES], struct error *err)
{
    if ((size_t)snprintf(path, PATH_BYTES, "%s/%s", place->directory, place->name) >= PATH_BYTES)
        return error_set(err, STATUS_TOO_LARGE, "the path of '%s' is too long", place->name);
    return STATUS_OK;
}

static size_t seal(const struct seed_place *place, const uint8_t *seed,
                   uint8_t content[SEALED_BYTES])
{
    uint8_t key[VAULT_KEY_BYTES];
    if (!place->vault) {
        memcpy(content, seed, SEED_BYTES);
        return SEED_BYTES;
    }
    vault_derive(place->vault, VAULT_SEEDS, key);
    randombytes_buf(content, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(content + NONCE, NULL, seed, SEED_BYTES,
                                               (const uint8_t *)place->name, strlen(place->name),
                                               NULL, content, key);
    sodium_memzero(key, sizeof key);
    return SEALED_BYTES;
}

static bool unseal(const struct seed_place *place, const uint8_t *content, size_t size,
                   uint8_t *seed)
{
    uint8_t key[VAULT_KEY_BYTES];
    if (size != (place->vault ? SEALED_BYTES : SEED_BYTES))
        return false;
    if (!place->vault) {
        memcpy(seed, content, SEED_BYTES);
        return true;
    }
    vault_derive(place->vault, VAULT_SEEDS, key);
    int code = crypto_aead_xchacha20poly1305_ietf_decrypt(
        seed, NULL, NULL, content + NONCE, size - NONCE, (const uint8_t *)place->name,
        strlen(place->name), content, key);
    sodium_memzero(key, sizeof key);
    return code == 0;
}

static enum status sync_directory(const char *directory, struct error *err)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) {
        if (fd >= 0)
            close(fd);
        return error_set(err, STATUS_STORAGE, "cannot sync '%s': %s", directory, strerror(errno));
    }
    close(fd);
    return STATUS_OK;
}

enum status seed_write(const struct seed_place *place, const uint8_t seed[SEED_BYTES],
                       struct error *err)
{
    char path[PATH_BYTES];
    uint8_t content[SEALED_BYTES];
    TRY(path_of(place, path, err));
    size_t size = seal(place, seed, content);
    enum status status = file_create(path, FILE_PRIVATE, bytes_of(content, size), err);
    sodium_memzero(content, sizeof content);
    if (status != STATUS_OK)
        return status;
    status = sync_directory(place->directory, err);
    if (status != STATUS_OK)
        unlink(path);
    return status;
}

enum status seed_read(const struct seed_place *place, uint8_t seed[SEED_BYTES], struct error *err)
{
    char path[PATH_BYTES];
    uint8_t content[SEALED_BYTES + 1];
    TRY(path_of(place, path, err));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_set(err, STATUS_NOT_FOUND, "cannot open '%s': %s", place->name,
                         strerror(errno));
    ssize_t size = read(fd, content, sizeof content);
    close(fd);
    bool good = size > 0 && unseal(place, content, (size_t)size, seed);
    sodium_memzero(content, sizeof content);
    return good ? STATUS_OK
                : error_set(err, STATUS_BAD_INPUT, "'%s' is not a key file", place->name);
}

enum status seed_erase(const struct seed_place *place, struct error *err)
{
    char path[PATH_BYTES];
    struct disk disk = disk_system();
    TRY(path_of(place, path, err));
    int code = disk.blank(disk.context, path);
    if (code == 0)
        code = disk.sync(disk.context, path);
    if (code == 0 && unlink(path) != 0)
        code = errno;
    if (code != 0)
        return error_set(err, STATUS_STORAGE, "cannot erase '%s': %s", place->name, strerror(code));
    return sync_directory(place->directory, err);
}

enum status seed_rename(const struct seed_place *place, const char *name, struct error *err)
{
    char path[PATH_BYTES];
    uint8_t seed[SEED_BYTES];
    struct seed_place to = {place->directory, name, place->vault};
    TRY(seed_read(place, seed, err));
    enum status status = path_of(&to, path, err);
    /* Both are there or the old one still is: whoever opens the hub looks for either. */
    if (status == STATUS_OK && access(path, F_OK) == 0)
        status = seed_erase(&to, err);
    if (status == STATUS_OK)
        status = seed_write(&to, seed, err);
    if (status == STATUS_OK)
        status = seed_erase(place, err);
    sodium_memzero(seed, sizeof seed);
    return status;
}
