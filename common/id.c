#include "common/id.h"

#include <sodium.h>
#include <string.h>

struct id id_random(int64_t wall_ms)
{
    struct id id;
    randombytes_buf(id.bytes, sizeof id.bytes);
    uint64_t time = (uint64_t)wall_ms;
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(time >> (8 * (5 - i)));
    return id;
}

struct id id_natural(uint32_t table, struct bytes key)
{
    static const char tag[] = "jinqiu natural 1";
    struct id id;
    uint8_t number[4];
    crypto_generichash_state state;
    put_u32le(number, table);
    crypto_generichash_init(&state, NULL, 0, sizeof id.bytes);
    crypto_generichash_update(&state, (const uint8_t *)tag, sizeof tag - 1);
    crypto_generichash_update(&state, number, sizeof number);
    crypto_generichash_update(&state, key.data, key.size);
    crypto_generichash_final(&state, id.bytes, sizeof id.bytes);
    return id;
}

bool id_equal(const struct id *a, const struct id *b)
{
    return memcmp(a->bytes, b->bytes, ID_BYTES) == 0;
}

bool id_is_zero(const struct id *id)
{
    return sodium_is_zero(id->bytes, ID_BYTES) == 1;
}

void id_format(const struct id *id, char out[ID_TEXT_BYTES])
{
    hex_encode(bytes_of(id->bytes, ID_BYTES), out);
}

bool id_parse(const char *text, struct id *id)
{
    return hex_decode(text, id->bytes, ID_BYTES);
}
