#ifndef COMMON_REPLICA_STATE_H
#define COMMON_REPLICA_STATE_H

/* What the files of the replica share. Private to common/replica*.c. */

#include <sqlite3.h>
#include <string.h>

#include "common/dots.h"
#include "common/replica.h"
#include "common/replica_attachment.h"
#include "common/seal.h"
#include "common/zstd_frame.h"

#define LOG_NUMBER_BITS 40
#define LOG_ID(feed, number) ((int64_t)(feed) << LOG_NUMBER_BITS | (int64_t)(number))
#define LOG_NUMBER(id) ((uint64_t)(id) & ((1ull << LOG_NUMBER_BITS) - 1))
#define LOG_FEED(id) ((uint32_t)((id) >> LOG_NUMBER_BITS))

/* How a logged entry stands. */
enum log_state { LOG_IN_FORCE = 0, LOG_NOT_PERMITTED = 1, LOG_WAITING = 2 };

/* A feed as this file knows it; its local id is its place in `feeds` + 1. */
struct feed {
    struct feed_id id;
    uint64_t number;
    struct hash hash; /* of entry `number` */
    bool dirty;
};

struct tally_row {
    struct tally tally;
    bool dirty;
};

/* Statements that are used again and again; SQL in replica_sql.c. */
#define STATEMENT_LIST(X)  \
    X(SQL_LOG_INSERT)      \
    X(SQL_LOG_FROM)        \
    X(SQL_LOG_DROP)        \
    X(SQL_JUDGED_SET)      \
    X(SQL_JUDGED_CLEAR)    \
    X(SQL_JUDGED_GET)      \
    X(SQL_FEED_INSERT)     \
    X(SQL_FEED_UPDATE)     \
    X(SQL_TALLY_WRITE)     \
    X(SQL_HEAD_READ)       \
    X(SQL_HEAD_INSERT)     \
    X(SQL_HEAD_CLEAR)      \
    X(SQL_ELEMENT_READ)    \
    X(SQL_ELEMENT_INSERT)  \
    X(SQL_ELEMENT_CLEAR)   \
    X(SQL_REPLACED_READ)   \
    X(SQL_REPLACED_INSERT) \
    X(SQL_REPLACED_CLEAR)  \
    X(SQL_REPLACED_COUNT)  \
    X(SQL_TOUCH_INSERT)    \
    X(SQL_TOUCH_READ)      \
    X(SQL_ASIDE_INSERT)    \
    X(SQL_BRANCH_INSERT)   \
    X(SQL_ADOPTED_GET)     \
    X(SQL_ADOPTED_SET)     \
    X(SQL_ASIDE_BODY)      \
    X(SQL_ASIDE_FORGET)    \
    X(SQL_ASIDE_COUNT)     \
    X(SQL_KEY_NOTE)        \
    X(SQL_KEY_GET)         \
    X(SQL_KEY_OWN)         \
    X(SQL_KEY_ERASE)       \
    X(SQL_ATTACHMENT_FIND) \
    X(SQL_ATTACHMENT_LIKE) \
    X(SQL_ATTACHMENT_FROM) \
    X(SQL_ATTACHMENT_NOTE) \
    X(SQL_ATTACHMENT_HELD) \
    X(SQL_ATTACHED_NOTE)   \
    X(SQL_ATTACHED_STAGE)  \
    X(SQL_ATTACHED_SAVED)  \
    X(SQL_ATTACHED_SCOPES) \
    X(SQL_UNIT_GET)        \
    X(SQL_UNIT_PUT)        \
    X(SQL_UNIT_DROP)       \
    X(SQL_MOVING_PUT)      \
    X(SQL_MOVING_NEXT)     \
    X(SQL_MOVING_DROP)     \
    X(SQL_LEFT_PUT)        \
    X(SQL_LEFT_GET)        \
    X(SQL_META_GET)        \
    X(SQL_META_SET)        \
    X(SQL_PEER_GET)        \
    X(SQL_PEER_SET)        \
    X(SQL_TOLD_GET)        \
    X(SQL_KEPT_GET)        \
    X(SQL_CHUNK_GET)       \
    X(SQL_DATA_VERSION)

enum statement {
#define X(name) name,
    STATEMENT_LIST(X)
#undef X
        STATEMENT_COUNT
};
const char *statement_sql(enum statement statement);

/* Fields of a table by number. */
struct field_set {
    uint8_t bits[32];
};

/* Version marks: which dots stand behind which fields. */
struct mark_group {
    uint32_t feed; /* local */
    uint64_t number;
    struct field_set fields;
};

/* Statements that read and write some columns of a domain table, and leave the others alone. */
enum column_use { COLUMNS_SELECT, COLUMNS_UPDATE, COLUMNS_INSERT, COLUMNS_PLACE, COLUMN_USES };
struct table_columns {
    uint16_t table;
    struct field_set fields;
    sqlite3_stmt *statements[COLUMN_USES]; /* NULL: not prepared yet */
};
#define TABLE_COLUMNS_MAX 64 /* at a time */

/* Where the row that was loaded last stands in its table; what row_store needs of it. */
struct row_place {
    bool found;
    int64_t rowid;
    struct field_set fields; /* that were loaded; everything, for a row that has a deletion */
    struct field_set spread; /* of those, the ones whose heads or elements have rows of their own */
    struct mark_group *groups;
    size_t groups_count, groups_capacity;
};

/* How far the units of attachments were looked at (replica_units.c). {0}: not at all. */
struct units_place {
    int64_t id;        /* of the attachment that comes next, or of one before it */
    uint32_t position; /* of its units */
};

/* How far the scrub has come (replica_scrub.c). */
struct scrub_place {
    bool loaded;
    uint32_t local; /* of the feed; 0: between two rounds */
    uint64_t number;
    struct hash hash; /* of entry `number` */
    bool again;       /* the feed is read from its beginning, for something was wrong with it */
    uint32_t table;
    struct units_place units;
    bool faulty; /* something was found in this round */
    unsigned steps;
};

/* On a replica that moves rows (replica_move.h). */
struct moving {
    bool ready;    /* its tables are there */
    bool waits;    /* a row is to be looked at, perhaps */
    bool any_left; /* some row moved away from somewhere */
};

struct replica {
    sqlite3 *database;
    struct clock clock;
    bool read_only, in_transaction;
    bool stale;         /* what is kept in memory may not be what the file says: load it first */
    bool met_full_disk; /* room has to be made when the transaction is over */
    bool undone;        /* SQLite gave the open transaction up by itself; nothing more may commit */
    char *ballast;      /* path; NULL: none */
    struct network network;
    struct identity identity;
    struct registry *registry;
    bool registry_waits;         /* the log has entries of it that memory hasn't taken yet */
    const struct schema *schema; /* the one that tables were made for */
    struct feed *feeds;
    size_t feeds_count, feeds_capacity;
    uint32_t *feed_order; /* places in `feeds`, ascending by feed id */
    struct floor *floors; /* ascending by feed; mostly none */
    size_t floors_count, floors_capacity;
    struct scrub_place scrub;
    struct frontier frontier;
    struct frontier
        restoring; /* own feeds whose branch makes room: claim + 1 (replica_restore.c) */
    struct tally_row *tallies; /* ascending by (scope, table) */
    size_t tallies_count, tallies_capacity;
    int64_t replaced_count;
    int64_t data_version;
    int64_t doubles_mark; /* of doubles.c, for one transaction */
    void *kept;           /* of report_file.c */
    void (*kept_release)(void *kept);
    sqlite3_stmt *statements[STATEMENT_COUNT];

    struct table_columns columns[TABLE_COLUMNS_MAX];
    size_t columns_count, columns_next;
    struct entry_view view, story_view, save_view;
    struct buffer story_body, scratch, column, mark, frame;
    struct zstd_room zstd;
    struct row row, old_row;
    struct row_place place;
    bool grew;      /* this transaction has filled a gap, perhaps: see later_take */
    bool gathering; /* several entries are on their way: a row is stored when the next one comes */
    bool unstored;  /* `row` and `place` have what its table hasn't yet (row_settle) */

    struct seal_cache *seals; /* keys of sealed values, opened (replica_seal.c) */
    struct bytes keys_in;     /* wrapped keys that came with the entries that are being taken in */
    struct buffer plain;
    struct moving moving;
    bool doubts_registry;
    bool wrong_branch; /* some feed isn't the one that a revocation names (replica_cut.c) */
    bool erased;       /* the write-ahead log is to be emptied after the commit */
};

struct unpack;
struct floor; /* replica_floor.h */

/* ---- SQLite (replica_sql.c) ---- */
enum status sql_fail(struct replica *replica, struct error *err, const char *what);
enum status sql_run(struct replica *replica, const char *sql, struct error *err);
/* From now on notices transactions that SQLite gives up. */
void sql_watch(struct replica *replica);
/* A cached statement, reset and ready to bind; NULL: see sql_fail. */
sqlite3_stmt *sql_use(struct replica *replica, enum statement statement);
/* Step a statement that gives no rows, and reset it. */
enum status sql_done(struct replica *replica, sqlite3_stmt *statement, const char *what,
                     struct error *err);
enum status sql_prepare(struct replica *replica, const char *sql, sqlite3_stmt **statement,
                        struct error *err);
/* The next row; false when there is none, or when it fails: then *status says so. */
bool sql_row(struct replica *replica, sqlite3_stmt *statement, enum status *status,
             struct error *err);
/* Reset a cached statement. A column that memory was lacking for has read as nothing: that is found
 * here, or by the next row. Gives `status`, unless that is OK and something failed. */
enum status sql_end(struct replica *replica, sqlite3_stmt *statement, enum status status,
                    struct error *err);
struct bytes sql_blob(sqlite3_stmt *statement, int column);
void sql_bind_bytes(sqlite3_stmt *statement, int index, struct bytes bytes);
void sql_finalize_all(struct replica *replica);

/* ---- tables (replica_tables.c) ---- */
enum status tables_create_engine(struct replica *replica, struct error *err);
/* Make or widen the domain tables for the registry's schema. */
enum status tables_follow_schema(struct replica *replica, struct error *err);
/* A cached statement, reset and ready to bind (the order of columns: COLUMN_FIRST_FIELD). NULL on
 * failure. */
sqlite3_stmt *table_use(struct replica *replica, const struct schema_table *table,
                        const struct field_set *fields, enum column_use use, struct error *err);

/* Rows of a table, whole, as row_load_from takes them: all (`which` is empty), or as it says ("
 * WHERE …"). Finalize it. */
enum status table_scan(struct replica *replica, const struct schema_table *table, const char *which,
                       sqlite3_stmt **scan, struct error *err);

/* ---- feeds (replica_feed.c) ---- */
uint32_t feed_find(const struct replica *replica, const struct feed_id *id); /* local id or 0 */
enum status feed_ensure(struct replica *replica, const struct feed_id *id, uint32_t *local,
                        struct error *err);
struct feed *feed_at(struct replica *replica, uint32_t local);
/* Consecutive entries behind the feed's last; hash and signature are the last one's. */
struct piece {
    const struct bytes *bodies;
    size_t count;
    const uint8_t *signature;
    struct hash hash;
};
/* What the log holds up to `last` stands on its own, so that the rest may go: a piece that goes on
 * behind it gives its front, signed anew. Of our own feeds only, whose key we have; `hash` is
 * that of `last`. */
enum status log_divide(struct replica *replica, const struct dot *last, const struct hash *hash,
                       struct error *err);
/* Into the log and the feed's head. The frontier follows with each entry that is admitted. */
enum status feed_append(struct replica *replica, uint32_t local, const struct piece *piece,
                        struct error *err);
/* A piece as it stands, ending with the entry of that id of _log. */
enum status log_insert(struct replica *replica, int64_t id, const struct piece *piece,
                       struct error *err);
/* How a piece lies in its row. */
enum log_form {
    LOG_PLAIN, /* its bodies */
    LOG_FRAME  /* the same in a Zstandard frame */
};
#define LOG_PIECE_MAX (4u * 1024 * 1024) /* of bodies in a frame; more stay plain */
#define LOG_COLUMNS "id, count, form, bodies, signature"

/* Pieces of the log that hold entries `first` and on, in order. */
struct log_cursor {
    sqlite3_stmt *statement;
    struct buffer opened; /* what a frame held */
    uint64_t first, last; /* of the piece at hand */
    uint64_t next;        /* of the body that comes next */
    struct bytes bodies;  /* its entries; log_next_body takes one after the other */
    struct bytes signature;
};
enum status log_open(struct replica *replica, const struct dot *from, struct log_cursor *cursor,
                     struct error *err);
enum status log_next_piece(struct replica *replica, struct log_cursor *cursor, bool *found,
                           struct error *err);
/* The piece of a row that has LOG_COLUMNS; STATUS_STORAGE when it is damaged. For a cursor that
 * wasn't opened: the caller releases cursor->opened. */
enum status log_take_piece(struct log_cursor *cursor, struct zstd_room *zstd, sqlite3_stmt *row,
                           struct error *err);
bool log_next_body(struct log_cursor *cursor, struct bytes *body);
void log_close(struct log_cursor *cursor);
enum status feed_set_state(struct replica *replica, const struct dot *dot, enum log_state state,
                           struct error *err);
enum status feed_get_state(struct replica *replica, const struct dot *dot, enum log_state *state,
                           struct error *err);
enum status feeds_load(struct replica *replica, struct error *err);
enum status feeds_write(struct replica *replica, struct error *err);
/* Body of a logged entry into `body` (cleared); STATUS_NOT_FOUND. */
enum status feed_read(struct replica *replica, const struct dot *dot, struct buffer *body,
                      struct error *err);
/* The chain up to `number`, computed from the feed's first entry on; STATUS_STORAGE when the log
 * has a gap. */
enum status feed_hash_up_to(struct replica *replica, const struct feed *feed, uint64_t number,
                            struct hash *hash, struct error *err);
/* Its own signature, when the log has it (it need not: a later one may cover it). */
enum status feed_signature(struct replica *replica, const struct dot *dot,
                           uint8_t signature[SIGNATURE_BYTES], bool *found, struct error *err);
/* Is it in the log, and in force? */
enum status entry_counts(struct replica *replica, const struct dot *dot, bool *counts,
                         struct error *err);
/* Who wrote it: the entry's person or the one that the certificate names. */
struct id feed_person(const struct replica *replica, const struct dot *dot,
                      const struct entry_head *head);

/* In this order feeds are sent and folded: the hub's registry, which names the devices; the
 * registry of those that admit others; records (replica_send.c). */
enum part { PART_HUB, PART_ADMITTED, PART_RECORDS, PARTS };
enum part part_of(const struct feed_id *feed);

/* ---- tallies (replica_tally.c) ---- */
/* Those of a scope count nothing any more. */
void tallies_clear(struct replica *replica, uint32_t scope);
/* Adds the cells that are loaded, or takes them out. */
enum status tally_cells(struct replica *replica, const struct row *row, bool subtract,
                        struct error *err);
/* A row more in its table, or one less. */
enum status tally_row(struct replica *replica, const struct row *row, bool less, struct error *err);
/* Row and cells of a fresh row of one op, straight from the entry. */
enum status tally_add_op(struct replica *replica, const struct entry_view *view,
                         const struct op *op, const struct dot *dot, struct error *err);
enum status tallies_load(struct replica *replica, struct error *err);
enum status tallies_write(struct replica *replica, struct error *err);
/* Every row of the tables, summed anew. Gives (free() it). */
enum status tallies_scan(struct replica *replica, struct tally **tallies, size_t *count,
                         struct error *err);

/* ---- rows (replica_row.c, replica_store.c, replica_columns.c) ---- */

extern const struct field_set all_fields, no_fields;

static inline void field_set_add(struct field_set *set, uint16_t field)
{
    set->bits[field / 8] |= (uint8_t)(1u << (field % 8));
}

static inline bool field_set_has(const struct field_set *set, uint16_t field)
{
    return (set->bits[field / 8] >> (field % 8)) & 1;
}

static inline bool field_set_equal(const struct field_set *a, const struct field_set *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* What is to be loaded: everything, or only some fields of the row. */
struct row_wish {
    const struct schema_table *table;
    uint32_t scope;
    struct id id;
    struct field_set fields;
};
/* Table, id and scope as parameters 1 to 3. */
void row_bind_key(sqlite3_stmt *statement, const struct row *row);
/* Loads into `row` and replica->place (more fields than wished, where they hang together). */
enum status row_load(struct replica *replica, const struct row_wish *wish, struct row *row,
                     struct error *err);
/* Store the row that merging left in memory, if there is one. row_load begins with it. */
enum status row_settle(struct replica *replica, struct error *err);
/* From a SELECT of all columns that stands on a row. */
enum status row_load_from(struct replica *replica, const struct schema_table *table,
                          sqlite3_stmt *select, struct row *row, struct error *err);
/* Out of its table, with all that belongs to it. */
enum status row_remove(struct replica *replica, const struct row *row, struct error *err);
/* The fields that replica->place names, as `row` has them now. */
enum status row_store(struct replica *replica, struct row *row, struct error *err);
/* First column of fields. Before them stand: SELECT: rowid, id, _scope, _mark; INSERT: id, _scope,
 * _mark, _deleted; UPDATE: rowid, nothing, _mark, _deleted. */
#define COLUMN_FIRST_FIELD 4
int field_columns(const struct schema_field *field); /* 1, or 2 for steps */
enum status column_bind(struct replica *replica, const struct schema_field *field,
                        struct bytes value, sqlite3_stmt *statement, int index, struct error *err);
/* A set's elements as a JSON array of texts, into replica->column. */
enum status column_set_text(struct replica *replica, const struct schema_field *field,
                            const struct bytes *elements, size_t count, struct error *err);
/* Binds a copy of replica->column as text. */
enum status column_bind_text(struct replica *replica, sqlite3_stmt *statement, int index,
                             struct error *err);
/* Column(s) back to one canonical value, appended to `out`. */
enum status column_value(struct replica *replica, const struct schema_field *field,
                         sqlite3_stmt *statement, int index, struct buffer *out, struct error *err);

enum status mark_append(struct buffer *out, const struct mark_group *group);
bool mark_take(struct bytes *in, struct mark_group *group);

/* ---- who wrote a row (replica_story.c) ---- */
struct dots {
    struct dot *items; /* as they were found */
    size_t count, capacity, places_count;
    uint32_t *places; /* of many: where each stands in `items`, + 1, by its hash; 0: free */
    uint8_t key[16]; /* of that hash */
};
/* False: it was there. */
enum status dots_add(struct dots *dots, const struct dot *dot, bool *added, struct error *err);
void dots_release(struct dots *dots);
/* Every logged entry that wrote the row (loaded whole): its heads, those that were noted, and all
 * that these replaced, on and on. */
enum status row_writers(struct replica *replica, const struct row *row, struct dots *dots,
                        struct error *err);

/* ---- sealed values (replica_seal.c) ---- */
/* Opens the scope key that key->id names, by a grant or from above. */
bool scope_key_open(struct replica *replica, struct seal_key *key, int depth);
/* Notes the keys that an entry names, with those of replica->keys_in. */
enum status keys_note(struct replica *replica, const struct dot *dot, const struct entry_view *view,
                      struct error *err);
/* The same for the first `count` entries of a run that we hold: they may lack keys. */
enum status keys_note_known(struct replica *replica, const struct run *run, size_t count,
                            struct error *err);
/* Appends the wrapped keys that an entry names; keys_of_run: replaces `out`. */
enum status keys_gather(struct replica *replica, const struct entry_view *view, struct buffer *out,
                        struct error *err);
enum status keys_of_run(struct replica *replica, const struct run *run, struct buffer *out,
                        struct error *err);
/* Every erasure that the registry knows takes effect. */
enum status keys_erase(struct replica *replica, struct error *err);
void seal_cache_release(struct replica *replica);
enum status seal_add_function(struct replica *replica, struct error *err);

/* ---- attachments (replica_attached.c) ---- */
/* From a row of id, root, bytes, held, small, wanted, delivered (replica_attachment.c). */
void attachment_state_read(struct attachment_state *state, sqlite3_stmt *row);
enum status attachment_ensure(struct replica *replica, const struct attachment_name *name,
                              bool thumbnail, struct error *err);
/* It was added here and waits for the entry that names it. */
enum status attachment_stage(struct replica *replica, const struct attachment_name *name,
                             struct bytes plain, struct error *err);
/* The attachments that an op of a counting entry names become known. */
enum status attached_note(struct replica *replica, const struct dot *dot,
                          const struct entry_view *view, const struct op *op, struct error *err);
#define UNIT_ID(attachment, position) ((attachment) << 16 | (int64_t)(position))
/* Reads a unit into `unit` (replaced). *sound: it is there, and what the root or the list before it
 * says. */
enum status unit_look(struct replica *replica, const struct attachment_state *state,
                      uint32_t position, struct buffer *unit, bool *sound, struct error *err);
/* The unit and all behind it, which can't be checked without. */
enum status units_drop(struct replica *replica, struct attachment_state *state, uint32_t position,
                       struct error *err);
/* The same where they were damaged: what was whole is fetched again (replica_units.c). */
enum status units_lost(struct replica *replica, struct attachment_state *state, uint32_t sound,
                       struct error *err);
/* Looks at units from `place` on, about `bytes` of them, until one is faulty or none is left. */
struct units_checked {
    struct attachment_state state; /* where `faulty` */
    uint32_t sound;                /* of its units, from the first on */
    bool faulty, done;
};
enum status units_check(struct replica *replica, struct units_place *place, size_t bytes,
                        struct units_checked *checked, struct error *err);
/* What is sound of an attachment of a damaged file: its `row` (attachment_state_read, then whole,
 * plain, added_ms), its units read through `units`. *lost: not all that was there. */
enum status attachment_take_over(struct replica *to, sqlite3 *units, sqlite3_stmt *row, bool *lost,
                                 struct error *err);
/* Those that nobody saved; those whose keys are erased. */
enum status attachments_expire(struct replica *replica, struct error *err);
enum status attachments_erase(struct replica *replica, struct error *err);

/* ---- applying (replica_apply.c) ---- */
enum status apply_entry(struct replica *replica, const struct dot *dot,
                        const struct entry_view *view, struct error *err);
struct row_source replica_source(struct replica *replica);
/* Notes in _touch that the entry wrote the row. */
enum status op_note(struct replica *replica, const struct op *op, const struct dot *dot,
                    struct error *err);
/* After registry_apply took `view`: tables, entries that are to be judged again, and those of the
 * registry that waited for it (replica_registry.c). */
enum status registry_followed(struct replica *replica, const struct entry_view *view,
                              struct error *err);
/* The first two of these alone (replica_rebuild.c). */
enum status judge_affected(struct replica *replica, const struct entry_view *view,
                           struct error *err);
/* Entries whose state is LOG_WAITING, or LOG_NOT_PERMITTED as well. */
enum status list_waiting(struct replica *replica, bool refused, struct dots *dots,
                         struct error *err);
/* Decode, judge, apply, note what is set aside: what becomes of an entry that is in the log. */
enum status admit_entry(struct replica *replica, const struct dot *dot, struct bytes body,
                        struct received *received, struct error *err);
/* An op that makes its row alone: nobody wrote it before, and no field replaces anything. *inserted
 * false: the row is there. */
enum status row_insert(struct replica *replica, const struct dot *dot,
                       const struct entry_view *view, const struct op *op, bool *inserted,
                       struct error *err);
/* The elements of a set's value that adds only; false when it isn't one. */
bool set_only_adds(struct bytes value, struct unpack *elements, uint32_t *count);
/* It counts after all. */
enum status aside_forget(struct replica *replica, const struct dot *dot, struct error *err);
enum status aside_note(struct replica *replica, const struct dot *dot, const struct error *reason,
                       struct bytes body, struct error *err);
/* The same with a run that proves a fork. */
enum status aside_note_proof(struct replica *replica, const struct dot *dot,
                             const struct error *reason, const struct run *proof,
                             struct error *err);

/* An entry of our own that may not count: then it is set aside, as if it had come from elsewhere.
 */
enum status replica_append_unjudged(struct replica *replica, uint32_t scope, struct bytes body,
                                    struct dot *dot, struct error *err);

/* ---- adopting (replica_adopt.c) ---- */
/* An entry in force may name an origin. */
enum status adopted_note(struct replica *replica, const struct dot *dot,
                         const struct entry_view *view, struct error *err);
/* What a dot that an entry names is called now. */
struct dot_names {
    enum status (*name)(void *context, const struct dot *dot, struct dot *as, struct error *err);
    void *context;
    bool unjudged; /* what our rights don't cover any more is set aside, instead of refused */
};
/* The ops of `view` as an entry of our own in the same scope, its dots under their new names. */
enum status entry_reissue(struct replica *replica, const struct entry_view *view,
                          const struct entry_head *head, const struct dot_names *names,
                          struct dot *as, struct error *err);

/* Do our keys belong to our certificate, as far as the registry knows one? (replica_verify.c) */
bool identity_fits(const struct replica *replica);

/* ---- mending (replica_salvage.c, replica_later.c) ---- */
/* How a run that was read from a damaged file stands to what we hold. EARLY: entries before it, or
 * the key that signed it, aren't known. (replica_receive.c) */
enum run_fit { RUN_FITS, RUN_KNOWN, RUN_EARLY, RUN_BROKEN };
enum run_fit run_fits(struct replica *replica, const struct run *run);
/* Kept until what comes before it is there; `carried`: by somebody (replica_receive_carried). */
enum status later_keep(struct replica *replica, const struct run *run, bool carried,
                       struct error *err);
/* Has this replica the right to hold the feed? (replica_receive.c) */
bool replica_may_hold(const struct replica *replica, const struct feed_id *feed);
/* Takes in what lay beyond a gap, as far as the gap is filled now. In a transaction. */
enum status later_take(struct replica *replica, struct error *err);
/* How many entries wait. */
enum status later_count(struct replica *replica, uint64_t *entries, struct error *err);
/* Sets what a peer must bring: a feed's number is the last that is known to have been there. */
enum status missing_save(struct replica *replica, const struct frontier *missing,
                         struct error *err);
/* What we saved last may be gone: nothing is saved under its numbers. In a transaction. */
enum status life_lost_note(struct replica *replica, struct error *err);
/* The end of the write-ahead log was dropped when the file was opened. In a transaction. */
enum status end_lost_note(struct replica *replica, struct error *err);

/* ---- the cuts of revocations (replica_cut.c) ---- */
/* Tells the registry what is held at the cuts of a device's feeds; 0: of all devices. */
enum status cuts_look(struct replica *replica, uint32_t device, struct error *err);
/* After orgs or our own certificate changed: which of the feeds that don't reach their cuts may we
 * read to the end? Their devices are judged again where that is new. */
enum status cuts_reach(struct replica *replica, struct error *err);
/* The same of a scope's feeds, whatever it was told before. */
enum status cuts_look_again(struct replica *replica, uint32_t scope, struct error *err);
/* Has the feed, which has grown, come to its cut? Then its device is to be judged again. */
enum status cut_reached(struct replica *replica, const struct feed_id *feed, bool *reached,
                        struct error *err);
/* Has the feed a cut that isn't reached yet? */
bool cut_is_ahead(const struct replica *replica, const struct feed_id *feed);
/* Nothing counts of the feed that we hold: it leaves the log for another that may come. Our own
 * feeds stay. In a transaction, and not while a run is being taken in. */
enum status branch_leave(struct replica *replica, const struct feed_id *feed, struct error *err);
/* The same for all that turned out to be another one than the revocation names. */
enum status branches_leave(struct replica *replica, struct error *err);
/* Judges the device's entries again, and those of whom it has admitted (replica_rebuild.c). */
enum status device_judge_again(struct replica *replica, uint32_t device, struct error *err);

/* ---- two lives (replica_restore.c) ---- */
enum status restoring_load(struct replica *replica, struct error *err);
bool feed_restoring(const struct replica *replica, const struct feed_id *feed);
enum status restore_stage(struct replica *replica, const struct run *run, struct error *err);
/* Entries `first` to `last` of a feed cease to count: their rows are built anew. */
enum status entries_undo(struct replica *replica, const struct dot *first, uint64_t last,
                         struct error *err);
/* Takes `first` and all behind it out of the log; nothing may count of it any more. */
enum status feed_cut(struct replica *replica, const struct dot *first, struct error *err);
/* Others' entries that name `first` or what lies behind it meant the other branch, which comes now:
 * what they replace is remembered again. After feed_cut. */
enum status entries_cite_again(struct replica *replica, const struct dot *first, struct error *err);
/* What the log says of a feed, entry by entry, from its first on (replica_refold.c). */
enum status feed_fold(struct replica *replica, const struct frontier_row *held, struct error *err);
/* The registry anew from the log, or on from where it stood at `before` (replica_registry.c). */
enum status registry_load(struct replica *replica, struct error *err);
enum status registry_follow(struct replica *replica, const struct frontier *before,
                            struct error *err);
enum status caches_load(struct replica *replica, struct error *err);

#endif
