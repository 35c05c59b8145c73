#include "common/sealed.h"

#include "common/pack.h"

enum status sealed_pack(struct buffer *out, enum tag tag, const struct network *network,
                        struct bytes body, const struct signing_key *key, struct error *err)
{
    uint8_t signature[SIGNATURE_BYTES];
    sign_object(signature, tag, network, body, key);
    if (pack_array(out, 2) != STATUS_OK || pack_bin(out, body) != STATUS_OK ||
        pack_bin(out, bytes_of(signature, sizeof signature)) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

enum status sealed_peek(struct bytes *body, struct bytes *signature, struct bytes sealed,
                        struct error *err)
{
    struct unpack in = unpack_of(sealed);
    uint32_t parts;
    if (!unpack_array(&in, &parts) || parts != 2 || !unpack_bin(&in, body) ||
        !unpack_bin(&in, signature) || signature->size != SIGNATURE_BYTES || !unpack_done(&in))
        return error_set(err, STATUS_BAD_INPUT, "a signed object has not two parts");
    return STATUS_OK;
}

enum status sealed_open(struct bytes *body, enum tag tag, const struct network *network,
                        struct bytes sealed, const uint8_t key[PUBLIC_KEY_BYTES], struct error *err)
{
    struct bytes signature;
    TRY(sealed_peek(body, &signature, sealed, err));
    if (!verify_object(signature.data, tag, network, *body, key))
        return error_set(err, STATUS_FORGED, "the signature of '%.14s' does not hold",
                         tag_text(tag));
    return STATUS_OK;
}
