#include "common/armor.h"

#include <assert.h>
#include <ctype.h>
#include <sodium.h>
#include <string.h>

#define PREFIX_BYTES 5
#define CHECK_BYTES 4
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

static void put_check(const uint8_t *raw, size_t size, uint8_t check[CHECK_BYTES])
{
    uint8_t hash[32];
    crypto_generichash(hash, sizeof hash, raw, size, NULL, 0);
    memcpy(check, hash, CHECK_BYTES);
}

void armor_format(const char *prefix, struct bytes raw, char *text, size_t size)
{
    uint8_t checked[ARMOR_RAW_MAX + CHECK_BYTES];
    assert(raw.size <= ARMOR_RAW_MAX);
    memcpy(checked, raw.data, raw.size);
    put_check(raw.data, raw.size, checked + raw.size);
    memcpy(text, prefix, PREFIX_BYTES);
    sodium_bin2base64(text + PREFIX_BYTES, size - PREFIX_BYTES, checked, raw.size + CHECK_BYTES,
                      BASE64);
    sodium_memzero(checked, sizeof checked);
}

enum status armor_parse(const char *prefix, const char *text, uint8_t *raw, size_t size,
                        struct error *err)
{
    uint8_t checked[ARMOR_RAW_MAX + CHECK_BYTES], check[CHECK_BYTES];
    size_t got = 0;
    assert(size <= ARMOR_RAW_MAX);
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    if (length <= PREFIX_BYTES || memcmp(text, prefix, PREFIX_BYTES) != 0)
        return error_set(err, STATUS_BAD_INPUT, "the text doesn't begin with '%s'", prefix);
    bool good = sodium_base642bin(checked, sizeof checked, text + PREFIX_BYTES,
                                  length - PREFIX_BYTES, NULL, &got, NULL, BASE64) == 0 &&
                got == size + CHECK_BYTES;
    if (good) {
        put_check(checked, size, check);
        good = memcmp(check, checked + size, CHECK_BYTES) == 0;
    }
    if (good)
        memcpy(raw, checked, size);
    sodium_memzero(checked, sizeof checked);
    return good ? STATUS_OK : error_set(err, STATUS_BAD_INPUT, "the text is mistyped or cut off");
}
