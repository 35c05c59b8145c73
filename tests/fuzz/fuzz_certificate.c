/* Signed objects from any bytes: the first says which kind, the rest is its body, which is signed
 * here, for a fuzzer can't. What opens must seal, and open again to the same. */

#include <stdlib.h>
#include <string.h>

#include "common/certificate.h"
#include "common/sealed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct network network;
static struct signing_key key;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void prepare(void)
{
    static bool done;
    static const uint8_t seed[32] = {1};
    if (done)
        return;
    done = true;
    must(keys_init(NULL) == STATUS_OK);
    signing_key_from_seed(&key, seed);
    network = network_of_root(bytes_of(key.public_key, PUBLIC_KEY_BYTES));
}

/* Opens, seals anew into `again`; false when it doesn't open. */
static bool authority_turns(struct bytes sealed, struct buffer *again)
{
    struct authority authority;
    struct root_set root = {.suite = SUITE_1, .version = 1, .threshold = 1, .count = 1};
    struct root_signers signers = {&key, 1};
    memcpy(root.keys[0], key.public_key, PUBLIC_KEY_BYTES);
    if (authority_open(&authority, &network, sealed, &root, NULL) != STATUS_OK)
        return false;
    must(authority_seal(&authority, &network, &signers, again, NULL) == STATUS_OK);
    return true;
}

static bool certificate_turns(struct bytes sealed, struct buffer *again)
{
    struct certificate certificate;
    uint32_t issuer;
    if (certificate_open(&certificate, &network, sealed, key.public_key, NULL) != STATUS_OK)
        return false;
    must(certificate_issuer(sealed, &issuer, NULL) == STATUS_OK);
    must(issuer == certificate.issuer);
    must(certificate_seal(&certificate, &network, &key, again, NULL) == STATUS_OK);
    certificate_release(&certificate);
    return true;
}

static bool beacon_turns(struct bytes sealed, struct buffer *again)
{
    struct beacon beacon;
    if (beacon_open(&beacon, &network, sealed, key.public_key, NULL) != STATUS_OK)
        return false;
    must(beacon_seal(&beacon, &network, &key, again, NULL) == STATUS_OK);
    return true;
}

static bool receipt_turns(struct bytes sealed, struct buffer *again)
{
    struct receipt receipt = {0}, peeked = {0};
    bool opened = receipt_open(&receipt, &network, sealed, key.public_key, NULL) == STATUS_OK;
    must(receipt_peek(&peeked, sealed, NULL) == STATUS_OK || !opened);
    if (opened)
        must(receipt_seal(&receipt, &network, &key, again, NULL) == STATUS_OK);
    receipt_release(&receipt);
    receipt_release(&peeked);
    return opened;
}

static bool link_key_turns(struct bytes sealed, struct buffer *again)
{
    struct link_key link;
    if (link_key_open(&link, &network, sealed, key.public_key, NULL) != STATUS_OK)
        return false;
    must(link_key_seal(&link, &network, &key, again, NULL) == STATUS_OK);
    return true;
}

static const struct {
    enum tag tag;
    bool (*turns)(struct bytes sealed, struct buffer *again);
} kinds[] = {{TAG_AUTHORITY, authority_turns},
             {TAG_CERTIFICATE, certificate_turns},
             {TAG_BEACON, beacon_turns},
             {TAG_RECEIPT, receipt_turns},
             {TAG_LINK_KEY, link_key_turns}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer sealed = {0}, once = {0}, twice = {0};
    prepare();
    if (size == 0 || data[0] >= sizeof kinds / sizeof kinds[0])
        return 0;
    struct bytes body = bytes_of(data + 1, size - 1);
    /* As they come from outside, unsigned. */
    must(!kinds[data[0]].turns(body, &once));
    must(sealed_pack(&sealed, kinds[data[0]].tag, &network, body, &key, NULL) == STATUS_OK);
    if (kinds[data[0]].turns(buffer_bytes(&sealed), &once)) {
        /* Trailing elements aren't sealed anew. */
        must(once.size <= sealed.size);
        must(kinds[data[0]].turns(buffer_bytes(&once), &twice));
        must(bytes_equal(buffer_bytes(&once), buffer_bytes(&twice)));
    }
    buffer_release(&sealed);
    buffer_release(&once);
    buffer_release(&twice);
    return 0;
}
