#include "common/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/dots.h"
#include "common/pack.h"
#include "common/sealed.h"

#define VERSION 1
#define FEED_PARTS 6
#define TALLY_PARTS 3
#define SUM_BYTES 16

void snapshot_release(struct snapshot *snapshot)
{
    if (!snapshot)
        return;
    frontier_release(&snapshot->registry);
    free(snapshot->feeds);
    free(snapshot->tallies);
    buffer_release(&snapshot->leaves);
    *snapshot = (struct snapshot){0};
}

size_t snapshot_chunks(const struct snapshot *snapshot)
{
    return snapshot->leaves.size / HASH_BYTES;
}

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

enum status snapshot_add_feed(struct snapshot *snapshot, const struct snapshot_feed *feed,
                              struct error *err)
{
    struct snapshot_feed *feeds = array_grow(snapshot->feeds, snapshot->feeds_count,
                                             &snapshot->feeds_capacity, sizeof *feeds);
    if (!feeds)
        return no_memory(err);
    snapshot->feeds = feeds;
    feeds[snapshot->feeds_count++] = *feed;
    return STATUS_OK;
}

enum status snapshot_add_tally(struct snapshot *snapshot, const struct snapshot_tally *tally,
                               struct error *err)
{
    struct snapshot_tally *tallies = array_grow(snapshot->tallies, snapshot->tallies_count,
                                                &snapshot->tallies_capacity, sizeof *tallies);
    if (!tallies)
        return no_memory(err);
    snapshot->tallies = tallies;
    tallies[snapshot->tallies_count++] = *tally;
    return STATUS_OK;
}

void snapshot_leaf(struct hash *leaf, const struct network *network, struct bytes chunk)
{
    hash_object(leaf, TAG_SNAPSHOT, network, chunk);
}

void snapshot_name_of(struct hash *name, const struct network *network, struct bytes sealed)
{
    hash_object(name, TAG_SNAPSHOT, network, sealed);
}

const uint8_t *snapshot_leaf_at(const struct snapshot *snapshot, size_t index)
{
    return snapshot->leaves.data + index * HASH_BYTES;
}

enum status snapshot_add_chunk(struct snapshot *snapshot, const struct network *network,
                               struct bytes chunk, struct error *err)
{
    struct hash leaf;
    if (chunk.size > SNAPSHOT_CHUNK_MAX || snapshot_chunks(snapshot) == SNAPSHOT_CHUNKS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "scope %u is too large for a snapshot",
                         snapshot->scope);
    snapshot_leaf(&leaf, network, chunk);
    if (buffer_append(&snapshot->leaves, leaf.bytes, HASH_BYTES) != STATUS_OK)
        return no_memory(err);
    snapshot->bytes += chunk.size;
    return STATUS_OK;
}

/* ---- writing ---- */

static enum status pack_feed(struct buffer *out, const struct snapshot_feed *feed)
{
    TRY(pack_uint(out, feed->device));
    TRY(pack_uint(out, feed->incarnation));
    TRY(pack_uint(out, feed->number));
    TRY(pack_bin(out, bytes_of(feed->hash.bytes, HASH_BYTES)));
    TRY(pack_bin(out, bytes_of(feed->signature, SIGNATURE_BYTES)));
    return pack_bin(out, bytes_of(feed->rights.bytes, HASH_BYTES));
}

static enum status pack_lists(struct buffer *out, const struct snapshot *snapshot)
{
    TRY(pack_array(out, (uint32_t)snapshot->feeds_count * FEED_PARTS));
    for (size_t i = 0; i < snapshot->feeds_count; i++)
        TRY(pack_feed(out, &snapshot->feeds[i]));
    TRY(pack_array(out, (uint32_t)snapshot->tallies_count * TALLY_PARTS));
    for (size_t i = 0; i < snapshot->tallies_count; i++) {
        TRY(pack_uint(out, snapshot->tallies[i].table));
        TRY(pack_uint(out, snapshot->tallies[i].rows));
        TRY(pack_bin(out, bytes_of(snapshot->tallies[i].sum, SUM_BYTES)));
    }
    return STATUS_OK;
}

static enum status pack_body(struct buffer *out, const struct snapshot *snapshot,
                             const struct network *network)
{
    struct buffer registry = {0};
    struct hash root;
    snapshot_leaf(&root, network, buffer_bytes(&snapshot->leaves));
    TRY(pack_array(out, 10));
    TRY(pack_uint(out, VERSION));
    TRY(pack_uint(out, snapshot->scope));
    TRY(pack_uint(out, snapshot->epoch));
    TRY(pack_uint(out, snapshot->lineage));
    enum status status = frontier_encode(&snapshot->registry, &registry, NULL);
    if (status == STATUS_OK)
        status = pack_bin(out, buffer_bytes(&registry));
    buffer_release(&registry);
    TRY(status);
    TRY(pack_lists(out, snapshot));
    TRY(pack_uint(out, snapshot_chunks(snapshot)));
    TRY(pack_uint(out, snapshot->bytes));
    return pack_bin(out, bytes_of(root.bytes, HASH_BYTES));
}

enum status snapshot_seal(const struct snapshot *snapshot, const struct network *network,
                          const struct signing_key *key, struct buffer *out, struct error *err)
{
    struct buffer body = {0};
    enum status status = pack_body(&body, snapshot, network);
    if (status == STATUS_OK)
        status = sealed_pack(out, TAG_SNAPSHOT, network, buffer_bytes(&body), key, err);
    else
        error_set(err, status, "out of memory");
    buffer_release(&body);
    return status;
}

/* ---- reading ---- */

static enum status broken(struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT, "the manifest of a snapshot breaks the rules");
}

static bool take_feed(struct unpack *in, struct snapshot_feed *feed)
{
    uint64_t device, incarnation;
    if (!unpack_uint_max(in, UINT32_MAX, &device) ||
        !unpack_uint_max(in, UINT32_MAX, &incarnation) || incarnation == 0 ||
        !unpack_uint_max(in, ENTRY_NUMBER_MAX, &feed->number) || feed->number == 0 ||
        !unpack_bin_exact(in, feed->hash.bytes, HASH_BYTES) ||
        !unpack_bin_exact(in, feed->signature, SIGNATURE_BYTES) ||
        !unpack_bin_exact(in, feed->rights.bytes, HASH_BYTES))
        return false;
    feed->device = (uint32_t)device;
    feed->incarnation = (uint32_t)incarnation;
    return true;
}

static bool feeds_ascend(const struct snapshot_feed *a, const struct snapshot_feed *b)
{
    return a->device < b->device || (a->device == b->device && a->incarnation < b->incarnation);
}

static enum status take_feeds(struct unpack *in, struct snapshot *snapshot, struct error *err)
{
    uint32_t parts;
    if (!unpack_array(in, &parts) || parts % FEED_PARTS != 0 ||
        parts / FEED_PARTS > SNAPSHOT_FEEDS_MAX)
        return broken(err);
    for (uint32_t i = 0; i < parts / FEED_PARTS; i++) {
        struct snapshot_feed feed;
        if (!take_feed(in, &feed) || (i > 0 && !feeds_ascend(&snapshot->feeds[i - 1], &feed)))
            return broken(err);
        TRY(snapshot_add_feed(snapshot, &feed, err));
    }
    return STATUS_OK;
}

static enum status take_tallies(struct unpack *in, struct snapshot *snapshot, struct error *err)
{
    uint32_t parts;
    if (!unpack_array(in, &parts) || parts % TALLY_PARTS != 0)
        return broken(err);
    for (uint32_t i = 0; i < parts / TALLY_PARTS; i++) {
        struct snapshot_tally tally;
        uint64_t table;
        if (!unpack_uint_max(in, UINT16_MAX, &table) || !unpack_uint(in, &tally.rows) ||
            !unpack_bin_exact(in, tally.sum, SUM_BYTES) ||
            (i > 0 && table <= snapshot->tallies[i - 1].table))
            return broken(err);
        tally.table = (uint32_t)table;
        TRY(snapshot_add_tally(snapshot, &tally, err));
    }
    return STATUS_OK;
}

static enum status take_registry(struct unpack *in, struct snapshot *snapshot, struct error *err)
{
    struct bytes registry;
    return unpack_bin(in, &registry) ? frontier_decode(&snapshot->registry, registry, err)
                                     : broken(err);
}

static bool take_head(struct unpack *in, struct snapshot *snapshot)
{
    uint32_t parts;
    uint64_t version, scope, epoch;
    if (!unpack_array(in, &parts) || parts < 10 || !unpack_uint(in, &version) ||
        version != VERSION || !unpack_uint_max(in, UINT32_MAX, &scope) ||
        !unpack_uint_max(in, UINT32_MAX, &epoch) || !unpack_uint(in, &snapshot->lineage))
        return false;
    snapshot->scope = (uint32_t)scope;
    snapshot->epoch = (uint32_t)epoch;
    return !SCOPE_IS_REGISTRY(snapshot->scope) && SCOPE_ORG(snapshot->scope) != 0;
}

/* The leaves are what the root says? */
static enum status take_root(struct unpack *in, struct snapshot *snapshot,
                             const struct network *network, struct bytes leaves, struct error *err)
{
    uint64_t chunks;
    uint8_t root[HASH_BYTES];
    struct hash found;
    if (!unpack_uint_max(in, SNAPSHOT_CHUNKS_MAX, &chunks) || !unpack_uint(in, &snapshot->bytes) ||
        !unpack_bin_exact(in, root, sizeof root))
        return broken(err);
    snapshot_leaf(&found, network, leaves);
    if (leaves.size != chunks * HASH_BYTES || memcmp(found.bytes, root, sizeof root) != 0)
        return error_set(err, STATUS_FORGED, "the chunks of a snapshot are not those of its root");
    if (buffer_append_bytes(&snapshot->leaves, leaves) != STATUS_OK)
        return no_memory(err);
    return STATUS_OK;
}

static enum status take_body(struct snapshot *snapshot, const struct network *network,
                             struct bytes body, struct bytes leaves, struct error *err)
{
    struct unpack in = unpack_of(body);
    if (!take_head(&in, snapshot))
        return broken(err);
    TRY(take_registry(&in, snapshot, err));
    TRY(take_feeds(&in, snapshot, err));
    TRY(take_tallies(&in, snapshot, err));
    return take_root(&in, snapshot, network, leaves, err);
}

enum status snapshot_open(struct snapshot *snapshot, const struct network *network,
                          const uint8_t key[PUBLIC_KEY_BYTES], struct bytes sealed,
                          struct bytes leaves, struct error *err)
{
    struct bytes body;
    snapshot_release(snapshot);
    if (sealed.size > SNAPSHOT_MANIFEST_MAX)
        return broken(err);
    TRY(sealed_open(&body, TAG_SNAPSHOT, network, sealed, key, err));
    enum status status = take_body(snapshot, network, body, leaves, err);
    if (status != STATUS_OK)
        snapshot_release(snapshot);
    return status;
}
