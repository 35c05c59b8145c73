#include "common/page_cipher.h"

#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "common/mutant.h"
#include "common/page_aead.h"

#ifdef __aarch64__
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#define RAW "raw:" /* the key itself follows: nothing is derived from it */
#define RAW_BYTES 4

/* What the AEGIS implementation asks for before it uses the CPU's AES. */
static bool cpu_has_aes(void)
{
#ifdef __aarch64__
    return (getauxval(AT_HWCAP) & HWCAP_AES) != 0;
#else
    return sodium_runtime_has_aesni() && sodium_runtime_has_avx();
#endif
}

enum page_cipher page_cipher_best(void)
{
    return cpu_has_aes() ? PAGE_CIPHER_AEGIS_256 : PAGE_CIPHER_XCHACHA20;
}

bool page_cipher_known(unsigned number)
{
    return number == PAGE_CIPHER_AEGIS_256 || number == PAGE_CIPHER_XCHACHA20;
}

const char *page_cipher_name(enum page_cipher cipher)
{
    return cipher == PAGE_CIPHER_AEGIS_256 ? "aegis-256" : "xchacha20-poly1305";
}

#ifdef JINQIU_SYSTEM_SQLITE

enum status page_cipher_apply(struct sqlite3 *database, const struct page_key *key,
                              struct error *err)
{
    (void)database;
    (void)key;
    return error_set(err, STATUS_UNSUPPORTED, "this program was built without encryption");
}

#else

enum status page_cipher_apply(struct sqlite3 *database, const struct page_key *key,
                              struct error *err)
{
    uint8_t raw[RAW_BYTES + PAGE_KEY_BYTES];
    if (MUTANT("t1-pages-in-clear"))
        return STATUS_OK;
    int index = page_aead_register() ? sqlite3mc_cipher_index(page_aead_name(key->cipher)) : 0;
    if (index <= 0 || sqlite3mc_config(database, "cipher", index) != index)
        return error_set(err, STATUS_STORAGE, "cannot set up the cipher '%s'",
                         page_cipher_name(key->cipher));
    memcpy(raw, RAW, RAW_BYTES);
    memcpy(raw + RAW_BYTES, key->bytes, PAGE_KEY_BYTES);
    int code = sqlite3_key_v2(database, "main", raw, sizeof raw);
    sodium_memzero(raw, sizeof raw);
    if (code == SQLITE_OK)
        return STATUS_OK;
    return error_set(err, STATUS_STORAGE, "cannot set up the cipher '%s'",
                     page_cipher_name(key->cipher));
}

#endif
