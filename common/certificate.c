#include "common/certificate.h"

#include <assert.h>
#include <string.h>

#include "common/pack.h"
#include "common/sealed.h"

/* What sealed_pack puts around a body: three headers and the signature. */
#define SEAL_BYTES_MAX (1 + 5 + 2 + SIGNATURE_BYTES)
/* The same for the root's form, with all its keys. */
#define ROOT_SEAL_BYTES_MAX \
    (1 + 5 + 3 + ROOT_KEYS_MAX * (2 + PUBLIC_KEY_BYTES + 2 + SIGNATURE_BYTES))

void certificate_release(struct certificate *certificate)
{
    if (certificate)
        frontier_release(&certificate->from);
}

/* Seals what `packed` says was packed into `body`, and lets the body go. */
static enum status seal(enum status packed, struct buffer *body, enum tag tag,
                        const struct network *network, const struct signing_key *key,
                        struct buffer *out, struct error *err)
{
    enum status status = packed;
    if (status == STATUS_OK)
        status = sealed_pack(out, tag, network, buffer_bytes(body), key, err);
    else
        error_set(err, status, "out of memory");
    buffer_release(body);
    return status;
}

struct root_sealing {
    enum tag tag;
    const struct network *network;
    const struct root_signers *root;
};

/* The same with the root's keys. */
static enum status seal_by_root(enum status packed, struct buffer *body,
                                const struct root_sealing *sealing, struct buffer *out,
                                struct error *err)
{
    enum status status = packed;
    if (status == STATUS_OK)
        status = root_object_seal(out, sealing->tag, sealing->network, buffer_bytes(body),
                                  sealing->root, err);
    else
        error_set(err, status, "out of memory");
    buffer_release(body);
    return status;
}

/* Header [1, …] with at least `parts` elements; what follows them is skipped by take_end. */
static bool take_start(struct unpack *in, uint32_t parts, uint32_t *extra)
{
    uint32_t elements;
    uint64_t version;
    if (!unpack_array(in, &elements) || elements < parts || !unpack_uint(in, &version))
        return false;
    *extra = elements - parts;
    return version == 1;
}

/* Of either form. */
static enum status body_of(struct bytes *body, struct bytes sealed, struct error *err)
{
    struct bytes signature;
    struct unpack in = unpack_of(sealed);
    uint32_t parts;
    bool by_root = unpack_array(&in, &parts) && unpack_bin(&in, body) && unpack_array(&in, &parts);
    return by_root ? root_object_body(sealed, body, err)
                   : sealed_peek(body, &signature, sealed, err);
}

/* Looked at before the signature: only the suite itself says how to check that. */
static enum status check_suite(struct bytes sealed, struct error *err)
{
    struct bytes body;
    uint32_t extra, suite;
    TRY(body_of(&body, sealed, err));
    struct unpack in = unpack_of(body);
    if (!take_start(&in, 2, &extra) || !unpack_u32(&in, &suite))
        return error_set(err, STATUS_BAD_INPUT, "a certificate is broken");
    if (suite != SUITE_1)
        return error_set(err, STATUS_UNSUPPORTED, "cipher suite %u is not built in", suite);
    return STATUS_OK;
}

/* ---- authority ---- */

static enum status pack_authority(const struct authority *authority, struct buffer *body)
{
    TRY(pack_array(body, 5));
    TRY(pack_uint(body, 1));
    TRY(pack_uint(body, authority->suite));
    TRY(pack_uint(body, authority->number));
    TRY(pack_bin(body, bytes_of(authority->sign_key, PUBLIC_KEY_BYTES)));
    return pack_uint(body, authority->may_enrol);
}

enum status authority_seal(const struct authority *authority, const struct network *network,
                           const struct root_signers *root, struct buffer *out, struct error *err)
{
    struct buffer body = {0};
    struct root_sealing sealing = {TAG_AUTHORITY, network, root};
    return seal_by_root(pack_authority(authority, &body), &body, &sealing, out, err);
}

enum status authority_open(struct authority *authority, const struct network *network,
                           struct bytes sealed, const struct root_set *root, struct error *err)
{
    struct bytes body;
    uint32_t extra;
    struct root_object object = {TAG_AUTHORITY, network, sealed};
    *authority = (struct authority){0};
    TRY(check_suite(sealed, err));
    TRY(root_object_open(&object, root, &body, err));
    struct unpack in = unpack_of(body);
    if (!take_start(&in, 5, &extra) || !unpack_u32(&in, &authority->suite) ||
        !unpack_u32(&in, &authority->number) ||
        !unpack_bin_exact(&in, authority->sign_key, PUBLIC_KEY_BYTES) ||
        !unpack_u32(&in, &authority->may_enrol) || !unpack_end(&in, extra) ||
        authority->number == 0 || authority->number >= ISSUER_DEVICE_BASE)
        return error_set(err, STATUS_BAD_INPUT, "an authority's certificate is broken");
    return STATUS_OK;
}

/* ---- device certificates ---- */

static enum status pack_from(const struct certificate *certificate, struct buffer *body)
{
    const struct frontier *from = &certificate->from;
    TRY(pack_array(body, (uint32_t)from->count * 3));
    for (size_t i = 0; i < from->count; i++) {
        assert(from->rows[i].feed.device == certificate->device);
        TRY(pack_uint(body, from->rows[i].feed.scope));
        TRY(pack_uint(body, from->rows[i].feed.incarnation));
        TRY(pack_uint(body, from->rows[i].number));
    }
    return STATUS_OK;
}

static enum status pack_certificate(const struct certificate *certificate, struct buffer *body)
{
    TRY(pack_array(body, certificate->lot_count ? 15 : 13));
    TRY(pack_uint(body, 1));
    TRY(pack_uint(body, certificate->suite));
    TRY(pack_uint(body, certificate->device));
    TRY(pack_uint(body, certificate->serial));
    TRY(pack_bin(body, bytes_of(certificate->sign_key, PUBLIC_KEY_BYTES)));
    TRY(pack_bin(body, bytes_of(certificate->dh_key, DH_KEY_BYTES)));
    TRY(pack_bin(body, bytes_of(certificate->person.bytes, ID_BYTES)));
    TRY(pack_str(body, bytes_text(certificate->person_name)));
    TRY(pack_uint(body, (uint64_t)certificate->role));
    TRY(pack_uint(body, certificate->org));
    TRY(pack_uint(body, certificate->issuer));
    TRY(pack_uint(body, certificate->beacon));
    TRY(pack_from(certificate, body));
    if (certificate->lot_count == 0)
        return STATUS_OK;
    TRY(pack_uint(body, certificate->lot));
    return pack_uint(body, certificate->lot_count);
}

static enum status too_large(struct error *err)
{
    return error_set(err, STATUS_TOO_LARGE, "a certificate has more than %d bytes",
                     CERTIFICATE_BYTES_MAX);
}

static enum status pack_bounded(const struct certificate *certificate, size_t seal_bytes,
                                struct buffer *body, struct error *err)
{
    if (pack_certificate(certificate, body) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return body->size > CERTIFICATE_BYTES_MAX - seal_bytes ? too_large(err) : STATUS_OK;
}

enum status certificate_seal(const struct certificate *certificate, const struct network *network,
                             const struct signing_key *issuer, struct buffer *out,
                             struct error *err)
{
    struct buffer body = {0};
    enum status status = pack_bounded(certificate, SEAL_BYTES_MAX, &body, err);
    if (status == STATUS_OK)
        status = sealed_pack(out, TAG_CERTIFICATE, network, buffer_bytes(&body), issuer, err);
    buffer_release(&body);
    return status;
}

enum status certificate_seal_by_root(const struct certificate *certificate,
                                     const struct network *network, const struct root_signers *root,
                                     struct buffer *out, struct error *err)
{
    struct buffer body = {0};
    enum status status = pack_bounded(certificate, ROOT_SEAL_BYTES_MAX, &body, err);
    if (status == STATUS_OK)
        status = root_object_seal(out, TAG_CERTIFICATE, network, buffer_bytes(&body), root, err);
    buffer_release(&body);
    return status;
}

static bool take_keys(struct unpack *in, struct certificate *certificate)
{
    return unpack_u32(in, &certificate->suite) && unpack_u32(in, &certificate->device) &&
           unpack_u32(in, &certificate->serial) &&
           unpack_bin_exact(in, certificate->sign_key, PUBLIC_KEY_BYTES) &&
           unpack_bin_exact(in, certificate->dh_key, DH_KEY_BYTES) &&
           unpack_bin_exact(in, certificate->person.bytes, ID_BYTES);
}

static bool take_rights(struct unpack *in, struct certificate *certificate)
{
    struct bytes name;
    uint32_t role;
    if (!unpack_str(in, &name) || name.size == 0 || name.size > PERSON_NAME_BYTES_MAX)
        return false;
    memcpy(certificate->person_name, name.data, name.size);
    certificate->person_name[name.size] = '\0';
    if (!unpack_u32(in, &role) || role < ROLE_VOLUNTEER || role > ROLE_HUB)
        return false;
    certificate->role = (enum role)role;
    return unpack_u32(in, &certificate->org) && unpack_u32(in, &certificate->issuer) &&
           unpack_uint(in, &certificate->beacon) && certificate->org > 0 &&
           certificate->org <= ORG_MAX && certificate->device > 0 &&
           certificate->device <= DEVICE_MAX && certificate->serial > 0;
}

/* The roster indices that it may give, in the last two elements; `extra` falls by what was taken.
 */
static bool take_lot(struct unpack *in, struct certificate *certificate, uint32_t *extra)
{
    enum pack_kind kind;
    if (*extra < 2 || !unpack_peek(in, &kind) || kind != PACK_UINT)
        return true;
    *extra -= 2;
    return unpack_u32(in, &certificate->lot) && unpack_u32(in, &certificate->lot_count) &&
           certificate->lot > DEVICE_HUB && certificate->lot_count > 0 &&
           certificate->lot_count <= LOT_MAX && certificate->lot <= DEVICE_MAX - LOT_MAX;
}

/* One row of `from`; false when it is broken or doesn't ascend. */
static bool take_from_row(struct unpack *in, const struct certificate *certificate,
                          struct frontier_row *row)
{
    const struct frontier *before = &certificate->from;
    *row = (struct frontier_row){.feed.device = certificate->device};
    if (!unpack_u32(in, &row->feed.scope) || !unpack_u32(in, &row->feed.incarnation) ||
        !unpack_uint(in, &row->number) || row->feed.incarnation == 0 || row->number == 0)
        return false;
    return before->count == 0 ||
           feed_compare(&before->rows[before->count - 1].feed, &row->feed) < 0;
}

static enum status take_from(struct unpack *in, struct certificate *certificate, struct error *err)
{
    uint32_t items;
    if (!unpack_array(in, &items) || items % 3)
        return error_set(err, STATUS_BAD_INPUT, "a certificate is broken");
    for (uint32_t i = 0; i < items / 3; i++) {
        struct frontier_row row;
        if (!take_from_row(in, certificate, &row))
            return error_set(err, STATUS_BAD_INPUT, "a certificate is broken");
        TRY(frontier_raise(&certificate->from, &row.feed, row.number, err));
    }
    return STATUS_OK;
}

static enum status read_certificate(struct certificate *certificate, struct bytes body,
                                    struct error *err)
{
    uint32_t extra;
    struct unpack in = unpack_of(body);
    if (!take_start(&in, 13, &extra) || !take_keys(&in, certificate) ||
        !take_rights(&in, certificate))
        return error_set(err, STATUS_BAD_INPUT, "a certificate is broken");
    enum status status = take_from(&in, certificate, err);
    if (status == STATUS_OK && (!take_lot(&in, certificate, &extra) || !unpack_end(&in, extra)))
        status = error_set(err, STATUS_BAD_INPUT, "a certificate is broken");
    if (status != STATUS_OK)
        certificate_release(certificate);
    return status;
}

enum status certificate_open(struct certificate *certificate, const struct network *network,
                             struct bytes sealed, const uint8_t issuer_key[PUBLIC_KEY_BYTES],
                             struct error *err)
{
    struct bytes body;
    *certificate = (struct certificate){0};
    if (sealed.size > CERTIFICATE_BYTES_MAX)
        return too_large(err);
    TRY(check_suite(sealed, err));
    TRY(sealed_open(&body, TAG_CERTIFICATE, network, sealed, issuer_key, err));
    hash_object(&certificate->hash, TAG_CERTIFICATE, network, sealed);
    return read_certificate(certificate, body, err);
}

enum status certificate_open_by_root(struct certificate *certificate, const struct network *network,
                                     struct bytes sealed, const struct root_set *root,
                                     struct error *err)
{
    struct bytes body;
    struct root_object object = {TAG_CERTIFICATE, network, sealed};
    *certificate = (struct certificate){0};
    if (sealed.size > CERTIFICATE_BYTES_MAX)
        return too_large(err);
    TRY(check_suite(sealed, err));
    TRY(root_object_open(&object, root, &body, err));
    hash_object(&certificate->hash, TAG_CERTIFICATE, network, body);
    return read_certificate(certificate, body, err);
}

enum status certificate_reopen(struct certificate *certificate, const struct network *network,
                               struct bytes sealed, struct error *err)
{
    struct bytes body;
    *certificate = (struct certificate){0};
    TRY(body_of(&body, sealed, err));
    TRY(read_certificate(certificate, body, err));
    hash_object(&certificate->hash, TAG_CERTIFICATE, network,
                certificate->issuer == ISSUER_ROOT ? body : sealed);
    return STATUS_OK;
}

enum status certificate_issuer(struct bytes sealed, uint32_t *issuer, struct error *err)
{
    struct bytes body;
    uint32_t extra;
    struct certificate certificate = {0};
    TRY(body_of(&body, sealed, err));
    struct unpack in = unpack_of(body);
    if (!take_start(&in, 13, &extra) || !take_keys(&in, &certificate) ||
        !take_rights(&in, &certificate))
        return error_set(err, STATUS_BAD_INPUT, "a certificate is broken");
    *issuer = certificate.issuer;
    return STATUS_OK;
}

/* ---- beacons ---- */

static enum status pack_beacon(const struct beacon *beacon, struct buffer *body)
{
    TRY(pack_array(body, 5));
    TRY(pack_uint(body, 1));
    TRY(pack_uint(body, beacon->number));
    TRY(pack_uint(body, beacon->lineage));
    TRY(pack_bin(body, bytes_of(beacon->registry.bytes, HASH_BYTES)));
    return pack_int(body, beacon->time_ms);
}

enum status beacon_seal(const struct beacon *beacon, const struct network *network,
                        const struct signing_key *authority, struct buffer *out, struct error *err)
{
    struct buffer body = {0};
    enum status packed = pack_beacon(beacon, &body);
    return seal(packed, &body, TAG_BEACON, network, authority, out, err);
}

enum status beacon_open(struct beacon *beacon, const struct network *network, struct bytes sealed,
                        const uint8_t authority_key[PUBLIC_KEY_BYTES], struct error *err)
{
    struct bytes body;
    uint32_t extra;
    TRY(sealed_open(&body, TAG_BEACON, network, sealed, authority_key, err));
    struct unpack in = unpack_of(body);
    if (!take_start(&in, 5, &extra) || !unpack_uint(&in, &beacon->number) ||
        !unpack_uint(&in, &beacon->lineage) ||
        !unpack_bin_exact(&in, beacon->registry.bytes, HASH_BYTES) ||
        !unpack_int(&in, &beacon->time_ms) || !unpack_end(&in, extra))
        return error_set(err, STATUS_BAD_INPUT, "a beacon is broken");
    return STATUS_OK;
}

/* ---- receipts ---- */

void receipt_release(struct receipt *receipt)
{
    if (receipt)
        frontier_release(&receipt->held);
}

static enum status pack_receipt(const struct receipt *receipt, struct buffer *body,
                                struct error *err)
{
    struct buffer held = {0};
    TRY(pack_array(body, 5));
    TRY(pack_uint(body, 1));
    TRY(pack_uint(body, receipt->device));
    TRY(pack_uint(body, receipt->lineage));
    TRY(pack_uint(body, receipt->beacon));
    enum status status = frontier_encode(&receipt->held, &held, err);
    if (status == STATUS_OK)
        status = pack_bin(body, buffer_bytes(&held));
    buffer_release(&held);
    return status;
}

enum status receipt_seal(const struct receipt *receipt, const struct network *network,
                         const struct signing_key *key, struct buffer *out, struct error *err)
{
    struct buffer body = {0};
    enum status packed = pack_receipt(receipt, &body, err);
    return seal(packed, &body, TAG_RECEIPT, network, key, out, err);
}

static enum status read_receipt(struct receipt *receipt, struct bytes body, struct error *err)
{
    struct bytes held;
    uint32_t extra;
    struct unpack in = unpack_of(body);
    if (!take_start(&in, 5, &extra) || !unpack_u32(&in, &receipt->device) ||
        !unpack_uint(&in, &receipt->lineage) || !unpack_uint(&in, &receipt->beacon) ||
        !unpack_bin(&in, &held) || !unpack_end(&in, extra))
        return error_set(err, STATUS_BAD_INPUT, "a receipt is broken");
    return frontier_decode(&receipt->held, held, err);
}

enum status receipt_open(struct receipt *receipt, const struct network *network,
                         struct bytes sealed, const uint8_t device_key[PUBLIC_KEY_BYTES],
                         struct error *err)
{
    struct bytes body;
    TRY(sealed_open(&body, TAG_RECEIPT, network, sealed, device_key, err));
    return read_receipt(receipt, body, err);
}

enum status receipt_peek(struct receipt *receipt, struct bytes sealed, struct error *err)
{
    struct bytes body, signature;
    TRY(sealed_peek(&body, &signature, sealed, err));
    return read_receipt(receipt, body, err);
}

/* ---- link keys ---- */

static enum status pack_link_key(const struct link_key *link, struct buffer *body)
{
    TRY(pack_array(body, 3));
    TRY(pack_uint(body, 1));
    TRY(pack_uint(body, link->number));
    return pack_bin(body, bytes_of(link->dh_key, DH_KEY_BYTES));
}

enum status link_key_seal(const struct link_key *link, const struct network *network,
                          const struct signing_key *authority, struct buffer *out,
                          struct error *err)
{
    struct buffer body = {0};
    enum status packed = pack_link_key(link, &body);
    return seal(packed, &body, TAG_LINK_KEY, network, authority, out, err);
}

enum status link_key_open(struct link_key *link, const struct network *network, struct bytes sealed,
                          const uint8_t authority_key[PUBLIC_KEY_BYTES], struct error *err)
{
    struct bytes body;
    uint32_t extra;
    TRY(sealed_open(&body, TAG_LINK_KEY, network, sealed, authority_key, err));
    struct unpack in = unpack_of(body);
    if (!take_start(&in, 3, &extra) || !unpack_u32(&in, &link->number) ||
        !unpack_bin_exact(&in, link->dh_key, DH_KEY_BYTES) || !unpack_end(&in, extra))
        return error_set(err, STATUS_BAD_INPUT, "a link key is broken");
    return STATUS_OK;
}
