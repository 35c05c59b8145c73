/* What a session takes of a snapshot, from any bytes: the first says what the rest is. A message
 * that is read can be written, and reads the same; so can a manifest, whose body is signed and
 * rooted here, for a fuzzer can't; a row of a chunk is walked to its end. Placing rows is
 * tests/unit/test_snapshot.c's: it takes a replica, and milliseconds. */

#include <stdlib.h>
#include <string.h>

#include "common/sealed.h"
#include "common/snapshot_row.h"
#include "protocol/snapshot_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SCOPE SCOPE_RECORDS(7)
#define LEAVES_MAX 4

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* ---- messages ---- */

/* Reads a body of this type and writes what it says; false: it isn't one. */
static bool message_turns(uint8_t type, struct bytes body, struct buffer *out)
{
    struct snapshot_given given;
    struct message_fetch fetch;
    struct message_chunk chunk;
    struct message_settled settled;
    if (type == MESSAGE_SNAPSHOT)
        return message_decode_snapshot(body, &given) &&
               message_put_snapshot(out, &given) == STATUS_OK;
    if (type == MESSAGE_FETCH)
        return message_decode_fetch(body, &fetch) && message_put_fetch(out, &fetch) == STATUS_OK;
    if (type == MESSAGE_CHUNK)
        return message_decode_chunk(body, &chunk) && message_put_chunk(out, &chunk) == STATUS_OK;
    return message_decode_settled(body, &settled) &&
           message_put_settled(out, &settled) == STATUS_OK;
}

static void check_message(uint8_t type, struct bytes body)
{
    struct buffer once = {0}, again = {0};
    if (message_turns(type, body, &once)) {
        struct bytes rest = buffer_bytes(&once);
        struct message message;
        bool taken;
        must(message_take(&rest, &message, &taken) == STATUS_OK && taken && rest.size == 0);
        must(message.type == type && message_turns(type, message.body, &again));
        must(bytes_equal(buffer_bytes(&once), buffer_bytes(&again)));
    }
    buffer_release(&once);
    buffer_release(&again);
}

/* ---- the manifest ---- */

/* The root stands last in a body: there it is made to fit the leaves. */
static struct buffer with_root(const struct network *network, struct bytes body,
                               struct bytes leaves)
{
    struct buffer rooted = {0};
    struct hash root;
    must(buffer_append_bytes(&rooted, body) == STATUS_OK);
    snapshot_leaf(&root, network, leaves);
    if (body.size >= HASH_BYTES)
        memcpy(rooted.data + body.size - HASH_BYTES, root.bytes, HASH_BYTES);
    return rooted;
}

static void check_manifest(struct bytes body)
{
    static const struct network network = {{1}};
    static const uint8_t seed[32] = {1};
    static uint8_t leaf_bytes[LEAVES_MAX * HASH_BYTES];
    struct signing_key key;
    struct snapshot snapshot = {0}, same = {0};
    struct buffer sealed = {0}, again = {0};
    signing_key_from_seed(&key, seed);
    struct bytes leaves =
        bytes_of(leaf_bytes, body.size ? body.data[0] % (LEAVES_MAX + 1u) * HASH_BYTES : 0);
    struct buffer rooted =
        with_root(&network, bytes_of(body.data + 1, body.size ? body.size - 1 : 0), leaves);
    must(sealed_pack(&sealed, TAG_SNAPSHOT, &network, buffer_bytes(&rooted), &key, NULL) ==
         STATUS_OK);
    if (snapshot_open(&snapshot, &network, key.public_key, buffer_bytes(&sealed), leaves, NULL) ==
        STATUS_OK) {
        must(snapshot_seal(&snapshot, &network, &key, &again, NULL) == STATUS_OK);
        must(snapshot_open(&same, &network, key.public_key, buffer_bytes(&again), leaves, NULL) ==
             STATUS_OK);
        must(same.feeds_count == snapshot.feeds_count && same.scope == snapshot.scope &&
             same.tallies_count == snapshot.tallies_count && same.bytes == snapshot.bytes);
    }
    snapshot_release(&snapshot);
    snapshot_release(&same);
    buffer_release(&rooted);
    buffer_release(&sealed);
    buffer_release(&again);
}

/* ---- a row ---- */

static bool take_spread(struct unpack *in)
{
    static struct snapshot_head head;
    struct snapshot_spread spread;
    if (!snapshot_spread_take(in, &spread))
        return false;
    for (uint32_t i = 0; i < spread.heads; i++) {
        if (!snapshot_head_take(in, SCOPE, &head))
            return false;
        must(head.seen_count <= ENTRY_BASES_MAX && head.dot.number > 0);
    }
    return true;
}

static void check_row(struct bytes item)
{
    static struct snapshot_group group;
    struct unpack in = unpack_of(item);
    struct snapshot_row row;
    struct replaced replaced;
    uint32_t count;
    if (!snapshot_row_open(&row, &in))
        return;
    for (uint32_t i = 0; i < row.groups; i++) {
        if (!snapshot_group_take(&row.in, SCOPE, &group))
            return;
        must(group.count > 0 && group.count <= ENTRY_FIELDS_MAX && group.dot.number > 0);
    }
    if (!unpack_array(&in, &count))
        return;
    while (count > 0 && take_spread(&in))
        count--;
    if (count > 0 || !unpack_array(&in, &count))
        return;
    while (count > 0 && snapshot_waiting_take(&in, &replaced))
        count--;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t types[] = {MESSAGE_SNAPSHOT, MESSAGE_FETCH, MESSAGE_CHUNK,
                                    MESSAGE_SETTLED};
    if (size == 0)
        return 0;
    must(keys_init(NULL) == STATUS_OK);
    struct bytes rest = bytes_of(data + 1, size - 1);
    unsigned what = data[0] % 6;
    if (what < 4)
        check_message(types[what], rest);
    else if (what == 4)
        check_manifest(rest);
    else
        check_row(rest);
    return 0;
}
