#ifndef COMMON_SNAPSHOT_H
#define COMMON_SNAPSHOT_H

/* The manifest of a snapshot: what the rows of one scope are said to be, and who says so.
 *
 * A snapshot is the rows of one records scope at a frontier, in chunks
 * (docs/decisions/0020-snapshots.md). The manifest holds what has to be believed before the first
 * chunk is asked for, and the root that every chunk is checked against. No storage; the chunks'
 * contents are replica_snapshot.h's.
 *
 *   sealed   = [bin body, bin 64 signature of the hub's device]
 *   body     = [1, scope, epoch, lineage, registry frontier bin, [feed…], [tally…], chunks, bytes,
 *              root bin 32]
 *   feed…    = device, incarnation, number, hash bin 32, signature bin 64, rights bin 32, ascending
 *   tally…   = table, rows, sum bin 16, ascending
 *   leaf     = H(TAG_SNAPSHOT, a chunk as it is before it is packed)
 *   root     = H(TAG_SNAPSHOT, the leaves one behind the other)
 * The leaves travel beside the sealed body: they prove themselves. */

#include "common/frontier.h"

#define SNAPSHOT_CHUNK_BYTES (256 * 1024)    /* aimed at */
#define SNAPSHOT_CHUNK_MAX (2 * 1024 * 1024) /* one item may be larger than what is aimed at */
#define SNAPSHOT_CHUNKS_MAX 65536            /* of one snapshot */
#define SNAPSHOT_FEEDS_MAX 100000
#define SNAPSHOT_TOLD_MAX 1024 /* entries that one item tells of */
#define SNAPSHOT_MANIFEST_MAX (32 * 1024 * 1024)
#define SNAPSHOT_HEAD_MAX (4 * 1024 * 1024) /* manifest and leaves of one that is given to others */

/* Kinds of items in a chunk (replica_snapshot.h). */
enum snapshot_item {
    SNAPSHOT_TOLD = 1,
    SNAPSHOT_KEPT,
    SNAPSHOT_KEY,
    SNAPSHOT_ROW,
    SNAPSHOT_NAMED,
    SNAPSHOT_ADOPTED
};

/* Of one feed: its last entry here, which its writer signed, and the digest of the rights by which
 * its entries were judged (registry_rights_digest). */
struct snapshot_feed {
    uint32_t device, incarnation;
    uint64_t number;
    struct hash hash;
    uint8_t signature[SIGNATURE_BYTES];
    struct hash rights;
};

struct snapshot_tally {
    uint32_t table;
    uint64_t rows;
    uint8_t sum[16];
};

struct snapshot {
    uint32_t scope;
    uint32_t epoch; /* of the schema in force where it was made */
    uint64_t lineage;
    struct frontier registry; /* of the parts that judge the scope */
    struct snapshot_feed *feeds;
    size_t feeds_count, feeds_capacity;
    struct snapshot_tally *tallies;
    size_t tallies_count, tallies_capacity;
    struct buffer leaves; /* HASH_BYTES each */
    uint64_t bytes;       /* of all chunks, unpacked */
};

/* What is said of a snapshot to who may want it. */
struct snapshot_given {
    struct hash name; /* H(TAG_SNAPSHOT, sealed manifest): what it is asked for by */
    uint32_t scope, chunks;
    uint32_t sealed_bytes;
    uint64_t bytes; /* of all chunks, unpacked */
};

/* {0} is valid. */
void snapshot_release(struct snapshot *snapshot);
size_t snapshot_chunks(const struct snapshot *snapshot);

/* Each takes one more, in order; STATUS_NO_MEMORY. */
enum status snapshot_add_feed(struct snapshot *snapshot, const struct snapshot_feed *feed,
                              struct error *err);
enum status snapshot_add_tally(struct snapshot *snapshot, const struct snapshot_tally *tally,
                               struct error *err);
/* STATUS_TOO_LARGE beyond SNAPSHOT_CHUNKS_MAX or SNAPSHOT_CHUNK_MAX. */
enum status snapshot_add_chunk(struct snapshot *snapshot, const struct network *network,
                               struct bytes chunk, struct error *err);

/* Appends the sealed manifest. */
enum status snapshot_seal(const struct snapshot *snapshot, const struct network *network,
                          const struct signing_key *key, struct buffer *out, struct error *err);
/* Replaces `snapshot`. STATUS_FORGED when the signature or the leaves don't hold, STATUS_BAD_INPUT
 * for anything not canonical, out of order or beyond the bounds above. */
enum status snapshot_open(struct snapshot *snapshot, const struct network *network,
                          const uint8_t key[PUBLIC_KEY_BYTES], struct bytes sealed,
                          struct bytes leaves, struct error *err);

/* What a snapshot is asked for by. */
void snapshot_name_of(struct hash *name, const struct network *network, struct bytes sealed);
/* The leaf of a chunk, and the one that stands at `index`. */
void snapshot_leaf(struct hash *leaf, const struct network *network, struct bytes chunk);
const uint8_t *snapshot_leaf_at(const struct snapshot *snapshot, size_t index);

#endif
