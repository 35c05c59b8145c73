#include "common/page_aead.h"

#ifndef JINQIU_SYSTEM_SQLITE

#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "common/bytes.h"
#include "common/mutant.h"

#define TAG 16
#define NONCE_AEGIS 32
#define NONCE_XCHACHA 24
#define SALT 16
#define CLEAR_END 24 /* of page 1 */
#define CLEAR (CLEAR_END - SALT)
#define PAGE_MIN 512
#define RAW "raw:" /* in front of the key */
#define RAW_BYTES 4

/* libaegis, inside SQLite3MultipleCiphers' one file; its header isn't beside it. */
int aegis256_encrypt_detached(uint8_t *c, uint8_t *mac, size_t mac_size, const uint8_t *m,
                              size_t m_size, const uint8_t *ad, size_t ad_size,
                              const uint8_t *nonce, const uint8_t *key);
int aegis256_decrypt_detached(uint8_t *m, const uint8_t *c, size_t c_size, const uint8_t *mac,
                              size_t mac_size, const uint8_t *ad, size_t ad_size,
                              const uint8_t *nonce, const uint8_t *key);

struct cipher {
    uint8_t key[PAGE_KEY_BYTES];
    uint8_t salt[SALT];
    enum page_cipher kind;
};

/* One page in the form that the header tells, taken apart. */
struct page {
    uint8_t *content, *nonce, *tag;
    size_t size; /* of the content */
    uint8_t aad[4 + SALT + CLEAR];
    size_t aad_size;
};

static size_t nonce_bytes(enum page_cipher cipher)
{
    return cipher == PAGE_CIPHER_AEGIS_256 ? NONCE_AEGIS : NONCE_XCHACHA;
}

int page_aead_reserved(enum page_cipher cipher)
{
    return (int)nonce_bytes(cipher) + TAG;
}

const char *page_aead_name(enum page_cipher cipher)
{
    return cipher == PAGE_CIPHER_AEGIS_256 ? "jinqiu_aegis256" : "jinqiu_xchacha20";
}

/* ---- sealing and opening ---- */

static void seal(const struct cipher *cipher, const struct page *page)
{
    randombytes_buf(page->nonce, nonce_bytes(cipher->kind));
    if (cipher->kind == PAGE_CIPHER_AEGIS_256)
        aegis256_encrypt_detached(page->content, page->tag, TAG, page->content, page->size,
                                  page->aad, page->aad_size, page->nonce, cipher->key);
    else
        crypto_aead_xchacha20poly1305_ietf_encrypt_detached(
            page->content, page->tag, NULL, page->content, page->size, page->aad, page->aad_size,
            NULL, page->nonce, cipher->key);
}

static bool unseal(const struct cipher *cipher, const struct page *page)
{
    if (cipher->kind == PAGE_CIPHER_AEGIS_256)
        return aegis256_decrypt_detached(page->content, page->content, page->size, page->tag, TAG,
                                         page->aad, page->aad_size, page->nonce, cipher->key) == 0;
    return crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
               page->content, NULL, page->content, page->size, page->tag, page->aad, page->aad_size,
               page->nonce, cipher->key) == 0;
}

/* False when the file claims another number of reserved bytes: without them there is no tag. */
static bool take_apart(const struct cipher *cipher, struct page *page, int number, uint8_t *bytes,
                       int size, int reserved)
{
    if (reserved != page_aead_reserved(cipher->kind) || size < PAGE_MIN)
        return false;
    size_t start = number == 1 ? CLEAR_END : 0;
    page->content = bytes + start;
    page->nonce = bytes + size - reserved;
    page->tag = page->nonce + nonce_bytes(cipher->kind);
    page->size = (size_t)(page->nonce - page->content);
    put_u32le(page->aad, MUTANT("t18-page-for-any-place") ? 0 : (uint32_t)number);
    memcpy(page->aad + 4, cipher->salt, SALT);
    page->aad_size = 4 + SALT;
    if (number == 1) {
        memcpy(page->aad + page->aad_size, bytes + SALT, CLEAR);
        page->aad_size += CLEAR;
    }
    return true;
}

/* ---- SQLite3MultipleCiphers' hooks ---- */

static int on_encrypt(void *context, int number, unsigned char *bytes, int size, int reserved)
{
    struct cipher *cipher = context;
    struct page page;
    if (!take_apart(cipher, &page, number, bytes, size, reserved))
        return SQLITE_CORRUPT;
    seal(cipher, &page);
    if (number == 1)
        memcpy(bytes, cipher->salt, SALT);
    return SQLITE_OK;
}

static int on_decrypt(void *context, int number, unsigned char *bytes, int size, int reserved,
                      int check)
{
    static const char header[SALT] = "SQLite format 3";
    struct cipher *cipher = context;
    struct page page;
    (void)check; /* SQLite may be told not to check; we do */
    if (!take_apart(cipher, &page, number, bytes, size, reserved) ||
        (!unseal(cipher, &page) && !MUTANT("t18-page-tag-unchecked")))
        return number == 1 ? SQLITE_NOTADB : SQLITE_CORRUPT;
    if (number == 1)
        memcpy(bytes, header, SALT);
    return SQLITE_OK;
}

static void *cipher_new(enum page_cipher kind)
{
    struct cipher *cipher = sodium_malloc(sizeof *cipher);
    if (cipher)
        *cipher = (struct cipher){.kind = kind};
    return cipher;
}

static void *on_new_aegis(sqlite3 *database)
{
    (void)database;
    return cipher_new(PAGE_CIPHER_AEGIS_256);
}

static void *on_new_xchacha(sqlite3 *database)
{
    (void)database;
    return cipher_new(PAGE_CIPHER_XCHACHA20);
}

static void on_free(void *cipher)
{
    sodium_free(cipher);
}

static void on_copy(void *to, void *from)
{
    memcpy(to, from, sizeof(struct cipher));
}

static int on_legacy(void *cipher)
{
    (void)cipher;
    return 0;
}

static int on_page_size(void *cipher)
{
    (void)cipher;
    return 0; /* whatever the file has */
}

static int on_reserved(void *cipher)
{
    return page_aead_reserved(((struct cipher *)cipher)->kind);
}

static unsigned char *on_salt(void *cipher)
{
    return ((struct cipher *)cipher)->salt;
}

/* page_cipher_apply gives the key raw; nothing else is a key. */
static void on_key(void *context, char *password, int size, int rekey, unsigned char *salt)
{
    struct cipher *cipher = context;
    if (rekey == 1 || !salt)
        randombytes_buf(cipher->salt, SALT);
    else
        memcpy(cipher->salt, salt, SALT);
    if (size == RAW_BYTES + PAGE_KEY_BYTES && memcmp(password, RAW, RAW_BYTES) == 0)
        memcpy(cipher->key, password + RAW_BYTES, PAGE_KEY_BYTES);
    else
        randombytes_buf(cipher->key, PAGE_KEY_BYTES);
}

/* ---- registering ---- */

static bool register_one(enum page_cipher cipher, AllocateCipher_t on_new)
{
    static const CipherParams none[] = {{"", 0, 0, 0, 0}};
    CipherDescriptor descriptor = {.m_name = page_aead_name(cipher),
                                   .m_allocateCipher = on_new,
                                   .m_freeCipher = on_free,
                                   .m_cloneCipher = on_copy,
                                   .m_getLegacy = on_legacy,
                                   .m_getPageSize = on_page_size,
                                   .m_getReserved = on_reserved,
                                   .m_getSalt = on_salt,
                                   .m_generateKey = on_key,
                                   .m_encryptPage = on_encrypt,
                                   .m_decryptPage = on_decrypt};
    return sqlite3mc_register_cipher(&descriptor, none, 0) == SQLITE_OK;
}

static bool registered;

static void register_both(void)
{
    registered = register_one(PAGE_CIPHER_AEGIS_256, on_new_aegis) &&
                 register_one(PAGE_CIPHER_XCHACHA20, on_new_xchacha);
}

bool page_aead_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_both);
    return registered;
}

#endif
