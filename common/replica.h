#ifndef COMMON_REPLICA_H
#define COMMON_REPLICA_H

/* A replica: everything that one device holds, in one SQLite file.
 *
 * The log of signed blobs is the truth; the domain tables are its fold. A save is one entry,
 * appended and materialised in one transaction. One thread at a time may use a replica; several
 * processes may have the same file open (writers wait for one another).
 *
 * Storage choices (why: docs/decisions/0003-storage.md): WAL, synchronous=FULL, foreign_keys=ON,
 * own head read from the log inside the transaction that uses it.
 *
 * Tables for people: one per schema table, with columns id (blob 16), _scope, _deleted, _mark and
 * one per field; a `set` is a JSON array of texts, `steps` has a second column NAME_round. Tables
 * of the engine (their names begin with _): meta, feed, log, head, element, replaced, touch, tally,
 * set_aside, peer. */

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/entry.h"
#include "common/frontier.h"
#include "common/page_cipher.h"
#include "common/registry.h"
#include "common/row.h"
#include "common/schema.h"

#define REPLICA_FORMAT_NEW 1 /* of files that are made */
#define REPLICA_FORMAT 2     /* of those that hold a snapshot; newer ones are refused */
#define REPLICA_APPLICATION_ID 0x4a515231 /* "JQR1" */

struct sqlite3;
struct replica; /* opaque */

struct replica_options {
    const char *path;   /* the file; ":memory:" for tests and verify */
    struct clock clock; /* wall time for entries and receipts */
    bool read_only;
    int busy_ms;                /* how long to wait for another process; 0: 30,000 */
    int64_t cache_kib;          /* page cache; 0: 16 MiB */
    const struct page_key *key; /* NULL: the file isn't encrypted */
    const char *ballast;        /* file of room kept for a full disk, see ballast.h; NULL: none */
};

/* Make a new, empty file for `network`. STATUS_EXISTS when it is there already. */
enum status replica_create(struct replica **replica, const struct replica_options *options,
                           const struct network *network, struct error *err);
/* STATUS_NOT_FOUND; STATUS_NEWER for a file of a newer format (untouched); STATUS_BAD_INPUT for a
 * file that isn't a replica, or isn't encrypted with this key. */
enum status replica_open(struct replica **replica, const struct replica_options *options,
                         struct error *err);
void replica_close(struct replica *replica); /* NULL is fine; rolls back what is open */

/* ---- who we are ---- */
struct identity {
    uint32_t device; /* roster index; 0: not enrolled */
    uint32_t incarnation;
    struct signing_key sign;
    struct dh_key dh;
};
enum status replica_set_identity(struct replica *replica, const struct identity *identity,
                                 struct error *err);
#define META_LINEAGE_SEEN "lineage_seen" /* of the hub, at a client; absent: it met none yet */
/* The hub's lineage: the one that the network was founded with, or since it was restored. */
uint64_t replica_lineage(struct replica *replica);
/* Another one, of a hub that has lost something: clients offer again what they gave it. In a
 * transaction. */
enum status replica_new_lineage(struct replica *replica, struct error *err);
/* A number kept under a name; 0 when there is none. */
enum status replica_meta_number(struct replica *replica, const char *name, uint64_t *number,
                                struct error *err);
/* Erase our own keys, here and on disk: this replica never writes again. */
enum status replica_forget_identity(struct replica *replica, struct error *err);
const struct identity *replica_identity(const struct replica *replica);
const struct network *replica_network(const struct replica *replica);
const struct registry *replica_registry(const struct replica *replica);
/* NULL before the registry brought one. */
const struct schema *replica_schema(const struct replica *replica);
const struct clock *replica_clock(const struct replica *replica);

/* Statements of a host's own, on tables that it keeps beside ours. Who made one finalizes it; after
 * a failure *statement is NULL. */
struct sqlite3_stmt;
enum status replica_prepare(struct replica *replica, const char *sql,
                            struct sqlite3_stmt **statement, struct error *err);
/* The next row of a statement: false behind the last, and when it fails, as *status then says. Who
 * reads on until there are no rows would take a broken disk for the end. */
bool replica_step(struct replica *replica, struct sqlite3_stmt *statement, enum status *status,
                  struct error *err);
/* Runs one that gives no rows, and resets it. */
enum status replica_run(struct replica *replica, struct sqlite3_stmt *statement, struct error *err);
/* The same, and finalizes it. */
enum status replica_run_once(struct replica *replica, struct sqlite3_stmt *statement,
                             struct error *err);
/* What SQLite just said, as a status. */
enum status replica_failed(struct replica *replica, const char *what, struct error *err);
/* Nothing can be saved for now: the ballast was dropped, and there is no room for it yet. */
bool replica_disk_full(const struct replica *replica);

/* Small named values (hub address, newest beacon, lineage seen …). get: absent gives size 0. */
enum status replica_meta_set(struct replica *replica, const char *name, struct bytes value,
                             struct error *err);
enum status replica_meta_get(struct replica *replica, const char *name, struct buffer *out,
                             struct error *err);

/* ---- transactions ---- */
/* begin takes the write lock (waits busy_ms, then STATUS_BUSY) and catches up with what other
 * processes wrote. After a write that found the disk full it fails with STATUS_DISK_FULL until
 * there is room for the ballast again. They don't nest. commit is durable when it returns.
 * Functions below that write open one themselves when none is open. */
enum status replica_begin(struct replica *replica, struct error *err);
enum status replica_commit(struct replica *replica, struct error *err);
/* What the open transaction deletes is to leave the write-ahead log, too, after the commit. */
void replica_forget_log(struct replica *replica);
void replica_rollback(struct replica *replica);
/* After a transaction that failed so badly that not even what is kept in memory could be loaded
 * again: loads it. Costs nothing else. replica_begin and replica_refresh begin with it; what is
 * read without them needs it. */
enum status replica_recover(struct replica *replica, struct error *err);
bool replica_in_transaction(const struct replica *replica);
/* Catch up with what other processes wrote; *changed tells whether anything came. Cheap when not.
 */
enum status replica_refresh(struct replica *replica, bool *changed, struct error *err);
/* Has another connection committed since the last call with this `seen`? Pass 0 first, to begin to
 * count. Whoever waits for news asks this: begin and views catch up too, and replica_refresh then
 * has nothing to tell any more. */
enum status replica_news(struct replica *replica, int64_t *seen, bool *news, struct error *err);

/* ---- saving ---- */
enum change_kind { CHANGE_ADD, CHANGE_SET, CHANGE_DELETE, CHANGE_SETTLE };

struct change_field {
    uint16_t field;
    struct bytes value; /* canonical; for a set: [[added…],[removed elements…]], values only;
                           for a counter the increment; steps: a code or [round, code] */
    bool has_bases;     /* else the heads that the replica shows now */
    const struct dot *bases; /* what the person saw on the screen */
    size_t bases_count;
};
struct change {
    enum change_kind kind;
    uint32_t table;
    struct id id;   /* ADD: zero: choose (natural key or random); given: use it */
    uint32_t scope; /* ADD: where; 0: the scope_field's row, else the device's own org. Others:
                       0: the scope in which the row lives (live one first) */
    const struct change_field *fields; /* ascending by field */
    size_t fields_count;
};
struct saved {
    struct id id; /* of the row, per change */
    bool written; /* it says something new */
};

/* Save changes: one entry for each scope concerned, all in one transaction (or in the open one:
 * then durable with its commit). Fills in missing group members from what is shown; SET of a field
 * to the value it shows alone writes nothing. Checks required fields, types, rights
 * (registry_permits) and that rows exist, before anything is written: STATUS_BAD_INPUT /
 * STATUS_DENIED / STATUS_NOT_FOUND name table, field or id, and *failed is the index of the change
 * at fault. ADD of a natural key that exists is a SET. `saved` has room for count. *entries: how
 * many were written. */
enum status replica_save(struct replica *replica, const struct change *changes, size_t count,
                         struct saved *saved, size_t *entries, size_t *failed, struct error *err);
/* The same of one change that settles: as many entries as it takes to replace all values that wait
 * there, which may be more than one can name (replica_settle.c). In a transaction.
 * STATUS_TOO_LARGE: so many that only a revocation helps. */
enum status replica_settle(struct replica *replica, const struct change *change,
                           struct saved *saved, size_t *entries, struct error *err);

/* ---- another life of this device (replica_restore.c); in a transaction ---- */
/* The peer says that our own feeds were written under the same numbers by another life. */
enum status replica_restore_begin(struct replica *replica, uint32_t peer, struct error *err);
/* From now on we save under a new, random incarnation. */
enum status replica_new_life(struct replica *replica, struct error *err);
/* Between begin and finish: our branch still stands, and the peer is asked for its own. */
bool replica_restoring(const struct replica *replica);
/* How far we claim to hold a feed: as the frontier says, or less of our own while restoring. */
uint64_t replica_claim(const struct replica *replica, const struct feed_id *feed);
/* The peer's branch takes its place, and what ours held is saved anew; not yet, while the log of a
 * scope that began at a floor is on its way. */
enum status replica_restore_finish(struct replica *replica, uint32_t peer, uint64_t *saved_anew,
                                   struct error *err);

/* Save anew what an entry that doesn't count (set aside, revoked) wanted to write; *as is the new
 * entry, which names the old one as its origin. STATUS_NOT_FOUND, STATUS_EXISTS when it was adopted
 * or counts, STATUS_DENIED when the adopter may not write it either. In a transaction. */
enum status replica_adopt(struct replica *replica, const struct dot *origin, struct dot *as,
                          struct error *err);
enum status replica_adopted(struct replica *replica, const struct dot *origin, struct dot *as,
                            bool *found, struct error *err);
/* Body of an entry, whether it counts or was refused; replaces `body`. STATUS_NOT_FOUND. */
enum status replica_aside_body(struct replica *replica, const struct dot *dot, struct buffer *body,
                               struct error *err);

/* When an entry (feed: id of a row of _feed) was written, by its writer's clock; 0: the log hasn't
 * it. */
int64_t replica_entry_ms(struct replica *replica, int64_t feed, int64_t number);
/* The same of the oldest and the newest entry that a row's _mark names. */
struct written {
    int64_t oldest_ms, newest_ms;
};
struct written replica_mark_written(struct replica *replica, struct bytes mark);

/* Append an entry of our own whose ops are in `body` form already; it must count. */
enum status replica_append(struct replica *replica, uint32_t scope, struct bytes body,
                           struct dot *dot, struct error *err);
/* A head for an entry made now: clock, newest beacon, epoch. */
struct entry_head replica_entry_head(struct replica *replica);

/* ---- receiving ---- */
struct received {
    uint64_t applied; /* entries new to us and in force */
    uint64_t known;   /* skipped, nothing written */
    uint64_t aside;   /* logged, but not permitted; or kept until the schema comes */
    uint64_t refused; /* not chained or not signed: kept in set_aside, not in the log */
    uint64_t early;   /* kept until what comes before them is here (replica_receive_carried) */
};
/* Several runs are to come: what they write in one row is stored when another row's turn comes, or
 * with the call that says false, or the commit. Views inside the transaction would miss it. Without
 * this each run is stored as it comes. */
enum status replica_gather(struct replica *replica, bool on, struct error *err);
/* Take in one run, inside a transaction of the caller. Known entries cost nothing. Only storage
 * failures are returned as errors; what is wrong with the run itself ends in set_aside (bounded per
 * feed) and is counted. A gap (run starts beyond what we hold + 1) is counted as refused. Adds up
 * into *received. */
enum status replica_receive(struct replica *replica, const struct run *run,
                            struct received *received, struct error *err);
/* The same for a run that somebody carried here, and that nobody may bring again: if its turn
 * hasn't come, because entries before it or the key of its device aren't here, it is kept, and
 * taken in with the commit that fills the gap. What can't be judged yet may be anything: only so
 * many bytes are kept, and the oldest make room. What this replica has no right to hold is
 * refused. */
#define EARLY_BYTES (16u << 20)
enum status replica_receive_carried(struct replica *replica, const struct run *run,
                                    struct received *received, struct error *err);

/* ---- sending ---- */
const struct frontier *replica_frontier(struct replica *replica);
/* Of a logged entry, which stands for all before it; STATUS_NOT_FOUND. */
enum status replica_hash_at(struct replica *replica, const struct dot *dot, struct hash *hash,
                            struct error *err);
/* Runs beyond `known` in scopes that `reader` (a device; 0: no limit) may read: calls `take` with
 * runs of at most about `unit_bytes` (always ending at a signed entry), registry scopes first
 * (parents before children), until *budget bytes are used up or nothing is left; *more tells which.
 * Raises `known` by what was taken. */
typedef enum status run_taker(void *context, const struct run *run, struct error *err);
struct run_wish {
    uint32_t reader;
    size_t unit_bytes;
    size_t budget_bytes;
    run_taker *take;
    void *context;
};
enum status replica_runs(struct replica *replica, const struct run_wish *wish,
                         struct frontier *known, bool *more, struct error *err);

/* What we know about a peer (a device index), for the session. Empty when nothing. */
enum status replica_peer_load(struct replica *replica, uint32_t device, struct frontier *told,
                              struct frontier *held, struct error *err);
enum status replica_peer_save(struct replica *replica, uint32_t device, const struct frontier *told,
                              const struct frontier *held, struct error *err);

/* ---- what arrived in part ---- */
#define STAGED_BYTES_MAX (64u << 20)         /* of all peers together; the oldest make room */
#define STAGED_LIFE_MS (30LL * 24 * 3600000) /* then nobody will go on with it */
/* Keeps the next piece of a run that is arriving from a peer, `at` bytes behind its beginning; 0
 * begins another run. A piece that doesn't follow what is there is dropped. Within a transaction.
 */
enum status replica_stage(struct replica *replica, uint32_t peer, uint64_t at, struct bytes part,
                          struct error *err);
/* All of it so far; replaces `part`, by nothing when there is none. */
enum status replica_staged(struct replica *replica, uint32_t peer, struct buffer *part,
                           struct error *err);
/* The run has come, or won't. Within a transaction. */
enum status replica_unstage(struct replica *replica, uint32_t peer, struct error *err);
/* Of all peers, for people. */
enum status replica_staged_bytes(struct replica *replica, uint64_t *bytes, struct error *err);

/* ---- truth ---- */
struct tally {
    uint32_t scope;
    uint32_t table;
    uint64_t rows;
    uint8_t
        sum[16]; /* sum mod 2^128 of SipHash-2-4-128 of each row's canonical bytes and columns */
};
/* May `reader` (0: anybody) and whose replica this is both read the scope? Only there do they hold
 * the same: who was moved has left some, and knows no more of them than what it wrote. */
bool replica_shares(const struct replica *replica, uint32_t reader, uint32_t scope);
/* Tallies kept with every write, for scopes that we share with `reader`. Gives an array (free()
 * it). */
enum status replica_tallies(struct replica *replica, uint32_t reader, struct tally **tallies,
                            size_t *count, struct error *err);
/* One digest over them, for the end of a session. */
enum status replica_tally_digest(struct replica *replica, uint32_t reader, struct hash *digest,
                                 struct error *err);
/* One digest over the chains of the registry feeds that we share with `reader`: place, number and
 * hash of the last entry of each. Equal frontiers with different chains: somebody is shown another
 * registry. */
enum status replica_chains_digest(struct replica *replica, uint32_t reader, struct hash *digest,
                                  struct error *err);
/* From now on nothing of the registry is claimed, so that a peer sends its own again, and what
 * differs becomes a proof (set aside). In a transaction. */
enum status replica_doubt_registry(struct replica *replica, struct error *err);
/* That is over. */
void replica_trust_registry(struct replica *replica);
/* Has somebody signed the registry in two ways, and is there proof? */
enum status replica_split_view(struct replica *replica, bool *split, struct error *err);
/* Recomputed from the tables: BLAKE2b-256 over scope, the tallies of its tables as scanned, and the
 * scope's part of the frontier. Gives an array (free() it), ascending by scope. */
struct scope_digest {
    uint32_t scope;
    struct hash digest;
};
enum status replica_digests(struct replica *replica, struct scope_digest **digests, size_t *count,
                            struct error *err);

/* Called once per fault found. */
typedef void verify_report(void *context, const char *what);
/* Re-check the file: SQLite's own check, every chain and signature, that the tables and judgements
 * equal what the log says (it is replayed into a replica in memory), and the keys. *entries: how
 * many were checked. */
enum status replica_verify(struct replica *replica, verify_report *report, void *context,
                           uint64_t *entries, struct error *err);

/* Reads on through the file for faults, about `bytes` at a call; the whole of it once a day, and
 * nothing when the day isn't over. What is found also stays under META_SCRUB_FAULT until a round
 * finds nothing. Outside of a transaction. */
#define SCRUB_BYTES (1024 * 1024) /* a second */
#define SCRUB_FAULT_BYTES 200
#define META_SCRUB_FAULT "scrub_fault"
struct scrubbed {
    char fault[SCRUB_FAULT_BYTES]; /* "": none */
    bool tables_differ;            /* replica_refold mends that */
    bool round_done;
};
enum status replica_scrub(struct replica *replica, size_t bytes, struct scrubbed *found,
                          struct error *err);

/* The tables anew from the log, in one transaction: for when they differ from it. A failure leaves
 * all as it was. What the log itself lacks, this can't mend (common/repair.h). */
enum status replica_refold(struct replica *replica, struct error *err);

/* After a repair: entries that are known to have been in this file and that no peer has brought yet
 * (a feed's number is the last of them). Release with frontier_release. */
enum status replica_missing(struct replica *replica, struct frontier *missing, uint64_t *entries,
                            struct error *err);
/* When the end of the write-ahead log didn't hold, the last time; 0: it always did. */
#define META_END_LOST "end_lost_ms"
/* 1: this file may be older than what it wrote, and a hub has yet to begin anew because of it. */
#define META_ANEW "begin_anew"

/* ---- reading (what view.h stands on) ---- */
/* Load a row with all its heads. *found false when there is none. scope 0: where it lives. */
enum status replica_row(struct replica *replica, uint32_t table, const struct id *id,
                        uint32_t scope, struct row *row, bool *found, struct error *err);
/* Only where it stands; 0: nowhere. STATUS_NOT_FOUND for an unknown table. */
enum status replica_row_scope(struct replica *replica, uint32_t table, const struct id *id,
                              uint32_t *scope, struct error *err);
/* Stories of heads from the log, for row_show. */
struct row_history replica_history(struct replica *replica);
/* Every value ever saved for a row, in the order of the log; calls `take` per field value. */
struct history_item {
    uint16_t field;
    struct bytes value;
    struct dot dot;
    struct entry_head head;
};
typedef enum status history_taker(void *context, const struct history_item *item,
                                  struct error *err);
enum status replica_row_history(struct replica *replica, uint32_t table, const struct id *id,
                                history_taker *take, void *context, struct error *err);
/* The database, for read-only SQL of views and reports. Borrows. */
struct sqlite3 *replica_database(struct replica *replica);
/* A number that doubles.c remembers; 0 whenever a transaction begins. */
int64_t *replica_doubles_mark(struct replica *replica);
/* What the reports keep for as long as the replica is open (report_file.c): released when it is
 * closed, or when another takes its place. NULL: nothing yet. */
void *replica_kept(const struct replica *replica);
void replica_keep(struct replica *replica, void *kept, void (*release)(void *kept));

struct replica_counts {
    uint64_t entries, rows, conflicts, set_aside, own_entries;
    uint64_t missing; /* see replica_missing */
    uint64_t early;   /* entries beyond a gap, which wait for those before them */
    uint64_t staged;  /* bytes of entries that came in part */
};
enum status replica_counts(struct replica *replica, struct replica_counts *counts,
                           struct error *err);

#endif
