#ifndef COMMON_REPLICA_FLOOR_H
#define COMMON_REPLICA_FLOOR_H

/* Feeds of which the log lacks the beginning: they came as a snapshot, or it was cleaned away
 * (replica_clean.h). What their entries up to there are known by
 * (docs/decisions/0020-snapshots.md). Private to common/replica*.c. */

#include "common/replica_state.h"

/* Of such a feed: entries up to `number` aren't in the log, but those that were
 * laid under it since (replica_under.c). */
struct floor {
    uint32_t feed; /* local id */
    uint64_t number;
    struct hash hash; /* of entry `number` */
    uint8_t signature[SIGNATURE_BYTES];
    struct hash rights; /* under which its entries were judged (registry_rights_digest) */
    bool wanted;        /* the log below is asked for */
    bool cleaned;       /* it was here and was checked: of all floors of a scope, or of none */
    uint64_t reached;   /* so far */
    struct hash reached_hash;
};

enum status floor_tables(struct replica *replica, struct error *err);
enum status floor_tables_there(struct replica *replica, bool *there, struct error *err);
enum status floors_load(struct replica *replica, struct error *err);
struct floor *floor_of(const struct replica *replica, const struct feed_id *feed); /* or NULL */
bool below_floor(const struct replica *replica, const struct dot *dot);
bool scope_has_floor(const struct replica *replica, uint32_t scope);
enum status floor_set(struct replica *replica, const struct floor *floor, struct error *err);
enum status floor_write(struct replica *replica, const struct floor *floor, struct error *err);
/* The scope rests on a log that was here, and on nobody's word. */
enum status floors_note_cleaned(struct replica *replica, uint32_t scope, struct error *err);
/* From now on the scope claims nothing below its floors, so that its log is sent. */
enum status scope_want_log(struct replica *replica, uint32_t scope, struct error *err);
/* The same when the rights under which the feed's entries were judged are others now. */
enum status floor_look(struct replica *replica, const struct feed_id *feed, struct error *err);
/* Keeps an item that tells of entries up to `dot`, or the whole body of that one. */
enum floor_table { FLOOR_TOLD, FLOOR_KEPT };
enum status floor_put(struct replica *replica, enum floor_table table, const struct dot *dot,
                      struct bytes bytes, struct error *err);
/* Time and person of an entry below its floor; STATUS_NOT_FOUND, without a sentence. */
enum status floor_told(struct replica *replica, const struct dot *dot, struct entry_head *head,
                       struct error *err);
/* Appends the body of one that was kept; STATUS_NOT_FOUND, without a sentence. */
enum status floor_kept(struct replica *replica, const struct dot *dot, struct buffer *body,
                       struct error *err);

/* ---- the log below a floor (replica_under.c) ---- */
/* Is this a run that the log below a floor waits for? */
bool run_is_under(const struct replica *replica, const struct run *run);
/* Lays it under the log, as far as the floor; *rest has what lies beyond. */
enum status run_lay_under(struct replica *replica, const struct run *run, struct run *rest,
                          struct received *received, struct error *err);
/* Scopes whose floors are reached are folded from their log, and have none any more. */
enum status floors_lift(struct replica *replica, struct error *err);

/* A field of a row names an attachment, as a snapshot says. */
struct snapshot_name {
    struct hash root;
    uint32_t bytes, scope, table;
    bool thumbnail;
    struct id row;
    uint16_t field;
    struct seal_id key;
};
enum status attached_note_name(struct replica *replica, const struct snapshot_name *name,
                               struct error *err);

#endif
