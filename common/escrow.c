#include "common/escrow.h"

#include <string.h>

#include "common/armor.h"

#define KEY_PREFIX "JQE1-"
#define REQUEST_PREFIX "JQR1-"
#define REQUEST_BYTES (ESCROW_KEY_BYTES + ESCROW_SEALED_BYTES)

void escrow_key_format(const uint8_t key[ESCROW_KEY_BYTES], char text[ESCROW_TEXT_MAX])
{
    armor_format(KEY_PREFIX, bytes_of(key, ESCROW_KEY_BYTES), text, ESCROW_TEXT_MAX);
}

enum status escrow_key_parse(const char *text, uint8_t key[ESCROW_KEY_BYTES], struct error *err)
{
    return armor_parse(KEY_PREFIX, text, key, ESCROW_KEY_BYTES, err);
}

void escrow_request_format(const struct escrow_request *request, char text[ESCROW_TEXT_MAX])
{
    uint8_t raw[REQUEST_BYTES];
    memcpy(raw, request->key, ESCROW_KEY_BYTES);
    memcpy(raw + ESCROW_KEY_BYTES, request->sealed, ESCROW_SEALED_BYTES);
    armor_format(REQUEST_PREFIX, bytes_of(raw, sizeof raw), text, ESCROW_TEXT_MAX);
}

enum status escrow_request_parse(const char *text, struct escrow_request *request,
                                 struct error *err)
{
    uint8_t raw[REQUEST_BYTES];
    TRY(armor_parse(REQUEST_PREFIX, text, raw, sizeof raw, err));
    memcpy(request->key, raw, ESCROW_KEY_BYTES);
    memcpy(request->sealed, raw + ESCROW_KEY_BYTES, ESCROW_SEALED_BYTES);
    return STATUS_OK;
}
