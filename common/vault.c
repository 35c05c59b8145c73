#include "common/vault.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/twin_file.h"

#define NAME "slots"
#define MAGIC "JQSLOTS1"
#define CONTEXT "jinqiu01" /* of crypto_kdf */

struct vault {
    char folder[TWIN_PATH_MAX];
    struct keyslots slots;
    bool unlocked;
    int lock; /* of the folder, while a database is being made; else -1 */
    uint8_t master[MASTER_KEY_BYTES];
    struct page_key page_key;
};

static enum status vault_new(struct vault **vault, const char *folder, struct error *err)
{
    *vault = NULL;
    if (strlen(folder) >= TWIN_PATH_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the path '%.100s' is too long", folder);
    struct vault *made = sodium_malloc(sizeof *made);
    if (!made)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    memset(made, 0, sizeof *made);
    memcpy(made->folder, folder, strlen(folder) + 1);
    made->lock = -1;
    *vault = made;
    return STATUS_OK;
}

void vault_let_go(struct vault *vault)
{
    if (vault->lock >= 0)
        close(vault->lock);
    vault->lock = -1;
}

void vault_free(struct vault *vault)
{
    if (vault)
        vault_let_go(vault);
    sodium_free(vault);
}

const struct keyslots *vault_slots(const struct vault *vault)
{
    return &vault->slots;
}

size_t vault_encode(const struct vault *vault, uint8_t out[KEYSLOTS_BYTES_MAX])
{
    return keyslots_encode(&vault->slots, out);
}

static void unlocked(struct vault *vault)
{
    vault->unlocked = true;
    vault->page_key.cipher = vault->slots.cipher;
    vault_derive(vault, VAULT_PAGES, vault->page_key.bytes);
}

/* ---- the folder ---- */

static enum status lock_folder(const char *folder, int *fd, struct error *err)
{
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd >= 0 && flock(*fd, LOCK_EX) == 0)
        return STATUS_OK;
    enum status status =
        error_set(err, STATUS_STORAGE, "cannot lock '%.120s': %s", folder, strerror(errno));
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    return status;
}

static struct twin_file twin_in(const char *folder, const struct disk *disk)
{
    return (struct twin_file){.disk = disk, .folder = folder, .name = NAME, .magic = MAGIC};
}

static enum status save(struct vault *vault, struct twin_file *twin, struct error *err)
{
    uint8_t content[KEYSLOTS_BYTES_MAX];
    return twin_save(twin, bytes_of(content, keyslots_encode(&vault->slots, content)), err);
}

/* Whatever lies there counts less than what is saved now. */
static enum status save_over(struct vault *vault, const char *folder, struct error *err)
{
    uint8_t content[TWIN_PAYLOAD_MAX];
    size_t size;
    struct disk disk = disk_system();
    struct twin_file twin = twin_in(folder, &disk);
    twin_load(&twin, content, &size, NULL);
    return save(vault, &twin, err);
}

static enum status check_place(const struct vault_place *place, struct error *err)
{
    char path[TWIN_PATH_MAX];
    int size = snprintf(path, sizeof path, "%s/%s", place->folder, place->database);
    if (size < 0 || size >= TWIN_PATH_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the path '%.100s' is too long", place->folder);
    if (access(path, F_OK) == 0)
        return error_set(err, STATUS_EXISTS, "'%s' exists already", path);
    return STATUS_OK;
}

enum status vault_create(struct vault **vault, const struct vault_place *place,
                         enum page_cipher cipher, const struct key_secret *secret,
                         struct error *err)
{
    struct vault *made;
    *vault = NULL;
    TRY(vault_new(&made, place->folder, err));
    keyslots_init(&made->slots, cipher);
    randombytes_buf(made->master, sizeof made->master);
    unlocked(made);
    enum status status = keyslots_set(&made->slots, made->master, secret, err);
    if (status == STATUS_OK)
        status = lock_folder(place->folder, &made->lock, err);
    if (status == STATUS_OK)
        status = check_place(place, err);
    if (status == STATUS_OK)
        status = save_over(made, place->folder, err);
    if (status != STATUS_OK) {
        vault_free(made);
        return status;
    }
    *vault = made;
    return STATUS_OK;
}

/* A copy that a cut left behind is brought up; when somebody else is changing the slots, or the
 * disk is full, that waits for another time. */
static void heal(const char *folder, struct twin_file *twin)
{
    uint8_t content[TWIN_PAYLOAD_MAX];
    size_t size;
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0 &&
        twin_load(twin, content, &size, NULL) == STATUS_OK)
        twin_heal(twin, bytes_of(content, size), NULL);
    if (lock >= 0)
        close(lock);
}

enum status vault_load(struct vault **vault, const char *folder, struct error *err)
{
    uint8_t content[TWIN_PAYLOAD_MAX];
    size_t size;
    struct vault *made;
    struct disk disk = disk_system();
    struct twin_file twin = twin_in(folder, &disk);
    *vault = NULL;
    TRY(twin_load(&twin, content, &size, err));
    if (!twin.alike)
        heal(folder, &twin);
    TRY(vault_new(&made, folder, err));
    enum status status = keyslots_decode(&made->slots, bytes_of(content, size), err);
    if (status != STATUS_OK) {
        vault_free(made);
        return status;
    }
    *vault = made;
    return STATUS_OK;
}

enum status vault_decode(struct vault **vault, struct bytes in, struct error *err)
{
    struct vault *made;
    *vault = NULL;
    TRY(vault_new(&made, "", err));
    enum status status = keyslots_decode(&made->slots, in, err);
    if (status != STATUS_OK) {
        vault_free(made);
        return status;
    }
    *vault = made;
    return STATUS_OK;
}

enum status vault_unlock(struct vault *vault, const struct key_secret *secret, struct error *err)
{
    TRY(keyslots_open(&vault->slots, secret, vault->master, err));
    unlocked(vault);
    return STATUS_OK;
}

/* ---- unlocked ---- */

const struct page_key *vault_page_key(const struct vault *vault)
{
    assert(vault->unlocked);
    return &vault->page_key;
}

void vault_derive(const struct vault *vault, enum vault_purpose purpose,
                  uint8_t key[VAULT_KEY_BYTES])
{
    assert(vault->unlocked);
    crypto_kdf_derive_from_key(key, VAULT_KEY_BYTES, purpose, CONTEXT, vault->master);
}

enum status vault_settle(struct vault *vault, const char *folder, struct error *err)
{
    if (strlen(folder) >= TWIN_PATH_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the path '%.100s' is too long", folder);
    TRY(save_over(vault, folder, err));
    memcpy(vault->folder, folder, strlen(folder) + 1);
    return STATUS_OK;
}

/* Another process may have changed the slots since: its change stays. */
static enum status reload(struct vault *vault, struct twin_file *twin, struct error *err)
{
    uint8_t content[TWIN_PAYLOAD_MAX];
    size_t size;
    struct keyslots now;
    TRY(twin_load(twin, content, &size, err));
    TRY(keyslots_decode(&now, bytes_of(content, size), err));
    if (memcmp(now.id, vault->slots.id, sizeof now.id) != 0)
        return error_set(err, STATUS_BUSY, "another program made new key slots in this folder");
    vault->slots = now;
    return STATUS_OK;
}

/* `secret` NULL: remove the slot of `kind`. */
static enum status change(struct vault *vault, const struct key_secret *secret,
                          enum keyslot_kind kind, struct error *err)
{
    int lock;
    struct disk disk = disk_system();
    struct twin_file twin = twin_in(vault->folder, &disk);
    assert(vault->unlocked);
    TRY(lock_folder(vault->folder, &lock, err));
    enum status status = reload(vault, &twin, err);
    struct keyslots before = vault->slots;
    if (status == STATUS_OK)
        status = secret ? keyslots_set(&vault->slots, vault->master, secret, err)
                        : keyslots_remove(&vault->slots, kind, err);
    if (status == STATUS_OK)
        status = save(vault, &twin, err);
    if (status != STATUS_OK)
        vault->slots = before;
    close(lock);
    return status;
}

enum status vault_set(struct vault *vault, const struct key_secret *secret, struct error *err)
{
    return change(vault, secret, secret->kind, err);
}

enum status vault_remove(struct vault *vault, enum keyslot_kind kind, struct error *err)
{
    return change(vault, NULL, kind, err);
}

enum status vault_erase(const char *folder, struct error *err)
{
    int lock;
    struct vault *vault;
    uint8_t content[KEYSLOTS_BYTES_MAX];
    struct disk disk = disk_system();
    struct twin_file twin = twin_in(folder, &disk);
    TRY(vault_load(&vault, folder, err));
    enum status status = lock_folder(folder, &lock, err);
    if (status == STATUS_OK)
        status = reload(vault, &twin, err);
    vault->slots.count = 0;
    sodium_memzero(vault->slots.slots, sizeof vault->slots.slots);
    if (status == STATUS_OK)
        status = twin_erase(&twin, bytes_of(content, keyslots_encode(&vault->slots, content)), err);
    if (lock >= 0)
        close(lock);
    vault_free(vault);
    return status;
}
