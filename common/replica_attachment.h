#ifndef COMMON_REPLICA_ATTACHMENT_H
#define COMMON_REPLICA_ATTACHMENT_H

/* Attachments of a replica (attachment.h): which rows name them, and the units that are here.
 *
 * An entry that counts makes its attachments known; units of others are never kept, but for those
 * that this device is just adding: these wait a day for the entry. Units come in the order of their
 * positions and are checked against what came before, so that `held` says all about what is here.
 * An attachment of which every value's key was erased is not kept, given or taken any more.
 *
 * Tables: _attachment (name, and how much is held), _attached (which field of which row names it),
 * _unit (id = attachment << 16 | position). */

#include "common/attachment.h"
#include "common/replica.h"

#define ATTACHMENT_STAGED_MS (24 * 3600 * 1000)

struct attachment_state {
    int64_t id; /* in this file */
    struct attachment_name name;
    uint32_t held, units;
    bool thumbnail, wanted;
    bool sent; /* the hub had it once */
};

/* ---- adding ---- */
struct attachment_file {
    struct bytes name, media_type; /* empty: application/octet-stream */
    struct bytes content;
    struct bytes thumbnail; /* empty: none; at most ATTACHMENT_LEAF_BYTES */
};
/* Seals a file and keeps its units; `plain` (replaced) is what the field is to be set to.
 * In a transaction. STATUS_BAD_INPUT, STATUS_TOO_LARGE, STATUS_DENIED when not enrolled. */
enum status replica_attach(struct replica *replica, const struct attachment_file *file,
                           struct buffer *plain, struct error *err);
/* The plain value of a file that was added and isn't saved yet, by the root in hex, which
 * replica_attach's value names. STATUS_NOT_FOUND. */
enum status replica_attach_again(struct replica *replica, const char *root, struct buffer *plain,
                                 struct error *err);

/* ---- units ---- */
/* found: false when no entry here names it. */
enum status replica_attachment_find(struct replica *replica, const struct attachment_name *name,
                                    struct attachment_state *state, bool *found, struct error *err);
/* One whose root begins so. */
enum status replica_attachment_beginning(struct replica *replica, struct bytes beginning,
                                         struct attachment_state *state, bool *found,
                                         struct error *err);
/* Unit `position` into `unit` (replaced). STATUS_NOT_FOUND: not here. One that was damaged on the
 * disk is dropped with all behind it, and isn't here either: then it writes. */
enum status replica_unit_read(struct replica *replica, struct attachment_state *state,
                              uint32_t position, struct buffer *unit, struct error *err);
/* Looks at all that are here, and drops what is damaged: what was whole is fetched again, and a hub
 * that lost some asks its clients to offer theirs (replica_new_lineage). *lost counts attachments.
 * A transaction of its own. */
enum status replica_attachments_mend(struct replica *replica, uint64_t *lost, struct error *err);
/* Keeps the next unit; *fits is false when it isn't that one. In a transaction. */
enum status replica_unit_take(struct replica *replica, struct attachment_state *state,
                              struct bytes unit, bool *fits, struct error *err);

/* ---- who may have it, and who has it ---- */
/* Does a row name it that `reader` (0: anybody) may read, and is there a key to it still? */
enum status replica_attachment_readable(struct replica *replica,
                                        const struct attachment_state *state, uint32_t reader,
                                        bool *readable, struct error *err);
/* The hub has it. In a transaction. */
enum status replica_attachment_delivered(struct replica *replica,
                                         const struct attachment_state *state, struct error *err);
/* Somebody asks to see it: it is fetched with the next session. In a transaction. */
enum status replica_attachment_want(struct replica *replica, const struct attachment_name *name,
                                    struct error *err);

/* ---- lists ---- */
enum attachment_choice {
    ATTACHMENTS_TO_OFFER, /* whole here, and the hub isn't known to have them */
    ATTACHMENTS_TO_FETCH, /* thumbnails, and what somebody asked for */
    ATTACHMENTS_MISSING   /* all that isn't here */
};
/* The next one behind `mark`, which moves to it, in the order: thumbnails, then what somebody asked
 * for, then others, each the newest first. */
enum status replica_attachment_next(struct replica *replica, enum attachment_choice choice,
                                    struct attachment_mark *mark, struct attachment_state *next,
                                    bool *found, struct error *err);
struct attachment_counts {
    uint64_t known, whole, unsent; /* attachments, thumbnails included */
    uint64_t begun;                /* of which some units are here, and not all */
    uint64_t bytes;                /* of units that are here */
};
enum status replica_attachment_counts(struct replica *replica, struct attachment_counts *counts,
                                      struct error *err);

/* ---- reading ---- */
typedef enum status attachment_reader(void *context, struct bytes part, struct error *err);
struct attachment_reading {
    struct bytes plain; /* the value, opened (replica_plain) */
    bool thumbnail;
    attachment_reader *take; /* of the content, part by part */
    void *context;
};
/* STATUS_NOT_FOUND: not all of it is here, or there is no such thumbnail; nothing was given.
 * STATUS_FORGED: what was attached isn't what the value says. */
enum status replica_attachment_read(struct replica *replica,
                                    const struct attachment_reading *reading, struct error *err);

#endif
