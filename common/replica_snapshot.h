#ifndef COMMON_REPLICA_SNAPSHOT_H
#define COMMON_REPLICA_SNAPSHOT_H

/* Snapshots of a scope: made from a replica that has its whole log, and taken by one that has
 * nothing of it (why and what for: docs/decisions/0020-snapshots.md).
 *
 * A chunk is canonical MessagePack items one behind the other. Items stand in the order of their
 * kinds; dots are [device, incarnation, number] in the snapshot's scope, written flat:
 *   [1, device, incarnation, first, [time ms, difference to it, …], [place, person bin 16, …]]
 *       what is told of consecutive entries, at most 1,024; places count from 0
 *   [2, dot, state, body bin]            an entry that is kept; state: 0 in force, 1 not permitted,
 *                                        2 waiting
 *   [3, id bin 8, device, incarnation, subject bin 16, year, beacon, wrapped bin 64 or nil]
 *   [4, table, id bin 16, [[dot, [field, value, …]], …], [spread, …], [waiting, …]]
 *       fields that one entry stands behind, as an op has them (entry.h; of a set what it adds, of
 *       a counter its increment), entries and fields ascending
 *       spread:  [field, total or nil, [[dot, value or nil, [scope, dot, …]], …]]
 *                a field with several heads, field 0; of a counter the total of all and no values;
 *                behind a head of field 0 what it had seen
 *       waiting: [field, scope, dot, element or nil], a base that was named before it came
 *   [5, root bin 32, bytes, thumbnail, table, row bin 16, field, key bin 8]
 *   [6, dot, dot]                        the first was adopted as the second */

#include "common/replica.h"
#include "common/snapshot.h"

/* ---- making ---- */
typedef enum status snapshot_taker(void *context, struct bytes chunk, struct error *err);
struct snapshot_wish {
    uint32_t scope;
    snapshot_taker *take; /* gets each chunk, in order; borrowed for the call */
    void *context;
};
/* Makes a snapshot of a records scope as the file stands now, and its manifest, yet to be sealed.
 * Reads only; another connection may write meanwhile. STATUS_UNSUPPORTED: this replica hasn't the
 * scope's whole log itself, or another life of it is being settled. STATUS_TOO_LARGE. */
enum status replica_snapshot_make(struct replica *replica, const struct snapshot_wish *wish,
                                  struct snapshot *snapshot, struct error *err);

/* ---- giving ---- */
/* Which scopes may go to a device as a snapshot: those that it may read, of which `known` has
 * nothing and in which it never wrote, with as many entries and rows together as are worth it. A
 * replica gives what it can make (the hub's), or what it has whole. Gives an array, ascending
 * (free() it). */
#define SNAPSHOT_WORTH 10000
struct snapshot_choice {
    uint32_t reader;
    const struct frontier *known;
    uint64_t worth; /* 0: SNAPSHOT_WORTH */
};
enum status replica_snapshot_scopes(struct replica *replica, const struct snapshot_choice *choice,
                                    uint32_t **scopes, size_t *count, struct error *err);
/* The one that is here whole. STATUS_NOT_FOUND: there is none, or a newer one should be made: of
 * the rights, schema and lineage that are in force now, and not far behind. */
enum status replica_snapshot_find(struct replica *replica, uint32_t scope,
                                  struct snapshot_given *given, struct error *err);
/* Makes one here and now, in a transaction. As replica_snapshot_make. */
enum status replica_snapshot_prepare(struct replica *replica, uint32_t scope, struct error *err);
/* The same in two steps, for who makes it elsewhere (replica_snapshot_make on another connection)
 * and writes here, in transactions of its own: each chunk, and in the end what binds them.
 * STATUS_UNSUPPORTED: something has changed meanwhile that it is judged by. */
struct snapshot_laid {
    uint32_t scope;
    struct hash leaf;   /* snapshot_leaf of the chunk */
    struct bytes frame; /* zstd_frame_append of it */
};
/* Fills all of `laid` but its scope; appends its frame to `frame`, which it borrows. */
enum status replica_snapshot_pack(struct replica *replica, struct bytes chunk,
                                  struct snapshot_laid *laid, struct buffer *frame,
                                  struct error *err);
enum status replica_snapshot_lay(struct replica *replica, const struct snapshot_laid *chunk,
                                 struct error *err);
enum status replica_snapshot_finish(struct replica *replica, const struct snapshot *snapshot,
                                    struct error *err);
/* A part of it: place 0 is the head, the sealed manifest with the leaves behind it; place i the
 * frame of chunk i - 1. Appends at most `most` bytes from `from` on; *whole: its size.
 * STATUS_NOT_FOUND. */
struct snapshot_part {
    uint32_t scope, place;
    struct hash name;
    size_t from, most;
};
enum status replica_snapshot_part(struct replica *replica, const struct snapshot_part *part,
                                  struct buffer *out, size_t *whole, struct error *err);

/* ---- taking ---- */
/* May a snapshot of the scope be taken, as far as can be said before its manifest is here? Statuses
 * of replica_snapshot_stage. *staged: this very one is on its way here. */
enum status replica_snapshot_wanted(struct replica *replica, const struct snapshot_given *given,
                                    bool *staged, struct error *err);
/* Notes a manifest and its leaves, and keeps those chunks of an older one that it shares. Refused,
 * and what is staged left as it is: STATUS_FORGED and STATUS_BAD_INPUT of snapshot_open;
 * STATUS_UNKNOWN when the registry here is older than the snapshot's; STATUS_DENIED when this
 * device may not read the scope, or wrote in it; STATUS_EXISTS when something of it is held;
 * STATUS_UNSUPPORTED for what was made by another schema, lineage or other rights than are in force
 * here: then its log is to be taken, or a newer snapshot. In a transaction, or with its own. */
enum status replica_snapshot_stage(struct replica *replica, struct bytes sealed,
                                   struct bytes leaves, struct error *err);
/* The chunks that are lacking first: `count` of them from `first` on; 0: none is lacking.
 * STATUS_NOT_FOUND: nothing is staged for the scope. */
struct snapshot_lack {
    uint32_t first, count;
};
enum status replica_snapshot_lacks(struct replica *replica, uint32_t scope,
                                   struct snapshot_lack *lack, struct error *err);
/* A chunk in a Zstandard frame, from anybody: kept when it is the one that the manifest names at
 * `index`. STATUS_FORGED, STATUS_BAD_INPUT, STATUS_NOT_FOUND. */
struct snapshot_chunk {
    uint32_t scope, index;
    struct bytes frame;
};
enum status replica_snapshot_chunk(struct replica *replica, const struct snapshot_chunk *chunk,
                                   struct error *err);
/* Puts what is staged in its place, in one transaction of its own; the stage is empty then. Checks
 * everything that staging checked once more, and that the tallies come out as the manifest says:
 * else STATUS_FORGED, and nothing has changed but that the stage is empty. */
enum status replica_snapshot_place(struct replica *replica, uint32_t scope, struct error *err);
/* ---- its log afterwards ---- */
/* Asks for the whole log of a scope that came as a snapshot: sessions fetch it, it is checked entry
 * by entry, and when it is whole the scope is folded from it. In a transaction. */
enum status replica_want_log(struct replica *replica, uint32_t scope, struct error *err);
/* Was it asked for, and isn't whole yet? */
bool replica_wants_log(const struct replica *replica, uint32_t scope);
bool replica_wants_any_log(const struct replica *replica);
/* Did the scope come as a snapshot, and has no log below it yet? Then what it shows rests on the
 * hub's signature. */
bool replica_rests_on_snapshot(const struct replica *replica, uint32_t scope);
/* Does the log lack its beginning, because the scope came so, or was cleaned (replica_clean.h)? */
bool replica_log_is_cut(const struct replica *replica, uint32_t scope);
/* All of those whose log is cut. Gives an array, ascending (free() it). */
enum status replica_cut_logs(const struct replica *replica, uint32_t **scopes, size_t *count,
                                   struct error *err);
/* The scope whose rows turned out not to be what its log says, though nothing had changed in who
 * may write what: the hub signed what isn't so. A number as text. */
#define META_SNAPSHOT_WRONG "snapshot_wrong"

/* Forgets what is staged for a scope. */
enum status replica_snapshot_drop(struct replica *replica, uint32_t scope, struct error *err);

#endif
