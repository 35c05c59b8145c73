#include "protocol/knock.h"

#include <sodium.h>

#include "common/mutant.h"

void knock_make(uint8_t knock[KNOCK_BYTES], const struct network *network,
                const uint8_t responder[DH_KEY_BYTES], struct bytes message)
{
    struct hash key;
    hash_object(&key, TAG_KNOCK, network, bytes_of(responder, DH_KEY_BYTES));
    crypto_generichash(knock, KNOCK_BYTES, message.data, message.size, key.bytes, HASH_BYTES);
}

bool knock_take(struct bytes frame, const struct network *network,
                const uint8_t responder[DH_KEY_BYTES], struct bytes *message)
{
    uint8_t wanted[KNOCK_BYTES];
    if (frame.size < KNOCK_BYTES)
        return false;
    *message = bytes_of(frame.data, frame.size - KNOCK_BYTES);
    knock_make(wanted, network, responder, *message);
    return MUTANT("t15-strangers-need-not-knock") ||
           sodium_memcmp(wanted, frame.data + message->size, KNOCK_BYTES) == 0;
}
