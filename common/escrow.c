#include "common/escrow.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>

#define PREFIX_BYTES 5
#define KEY_PREFIX "JQE1-"
#define REQUEST_PREFIX "JQR1-"
#define CHECK_BYTES 4
#define RAW_MAX (ESCROW_KEY_BYTES + ESCROW_SEALED_BYTES + CHECK_BYTES)

static void put_check(const uint8_t *raw, size_t size, uint8_t check[CHECK_BYTES])
{
    uint8_t hash[32];
    crypto_generichash(hash, sizeof hash, raw, size, NULL, 0);
    memcpy(check, hash, CHECK_BYTES);
}

static void format(const char *prefix, uint8_t *raw, size_t size, char text[ESCROW_TEXT_MAX])
{
    put_check(raw, size, raw + size);
    memcpy(text, prefix, PREFIX_BYTES);
    sodium_bin2base64(text + PREFIX_BYTES, ESCROW_TEXT_MAX - PREFIX_BYTES, raw, size + CHECK_BYTES,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static enum status parse(const char *prefix, const char *text, uint8_t *raw, size_t size,
                         struct error *err)
{
    uint8_t check[CHECK_BYTES];
    size_t got = 0;
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    if (length <= PREFIX_BYTES || memcmp(text, prefix, PREFIX_BYTES) != 0)
        return error_set(err, STATUS_BAD_INPUT, "the text doesn't begin with '%s'", prefix);
    if (sodium_base642bin(raw, size + CHECK_BYTES, text + PREFIX_BYTES, length - PREFIX_BYTES, NULL,
                          &got, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        got != size + CHECK_BYTES)
        return error_set(err, STATUS_BAD_INPUT, "the text is mistyped or cut off");
    put_check(raw, size, check);
    if (memcmp(check, raw + size, CHECK_BYTES) != 0)
        return error_set(err, STATUS_BAD_INPUT, "the text is mistyped or cut off");
    return STATUS_OK;
}

void escrow_key_format(const uint8_t key[ESCROW_KEY_BYTES], char text[ESCROW_TEXT_MAX])
{
    uint8_t raw[RAW_MAX];
    memcpy(raw, key, ESCROW_KEY_BYTES);
    format(KEY_PREFIX, raw, ESCROW_KEY_BYTES, text);
}

enum status escrow_key_parse(const char *text, uint8_t key[ESCROW_KEY_BYTES], struct error *err)
{
    uint8_t raw[RAW_MAX];
    TRY(parse(KEY_PREFIX, text, raw, ESCROW_KEY_BYTES, err));
    memcpy(key, raw, ESCROW_KEY_BYTES);
    return STATUS_OK;
}

void escrow_request_format(const struct escrow_request *request, char text[ESCROW_TEXT_MAX])
{
    uint8_t raw[RAW_MAX];
    memcpy(raw, request->key, ESCROW_KEY_BYTES);
    memcpy(raw + ESCROW_KEY_BYTES, request->sealed, ESCROW_SEALED_BYTES);
    format(REQUEST_PREFIX, raw, ESCROW_KEY_BYTES + ESCROW_SEALED_BYTES, text);
}

enum status escrow_request_parse(const char *text, struct escrow_request *request,
                                 struct error *err)
{
    uint8_t raw[RAW_MAX];
    TRY(parse(REQUEST_PREFIX, text, raw, ESCROW_KEY_BYTES + ESCROW_SEALED_BYTES, err));
    memcpy(request->key, raw, ESCROW_KEY_BYTES);
    memcpy(request->sealed, raw + ESCROW_KEY_BYTES, ESCROW_SEALED_BYTES);
    return STATUS_OK;
}
