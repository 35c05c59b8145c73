#ifndef COMMON_REPLICA_MOVE_H
#define COMMON_REPLICA_MOVE_H

/* Moving a row to another scope: the two entries that it takes, and which rows are to be looked at.
 * Why it is so: docs/decisions/0017-moving-a-row.md. Who moves what, and when, is transfer.h's
 * business; only the hub's replica does. All in a transaction.
 *
 * A *write* is what one entry wrote in one row. Its *name* is the dot of that entry, or, when a
 * carry brought it here, of the entry that it was carried from: the same write has one name in all
 * scopes, so nothing is carried twice, and nothing back to where it came from. */

#include "common/replica_state.h"

struct write {
    struct dot dot; /* in the scope that was looked at */
    struct dot name;
    int64_t time_ms;
};
struct writes {
    struct write *items;
    size_t count, capacity;
};

/* All writes of a row that count. Release with free(writes->items). */
enum status writes_list(struct replica *replica, const struct row_wish *row, struct writes *writes,
                        struct error *err);
/* What a write said of a field, and what it replaced; *found false: nothing. The value is in
 * replica->story_body, until the next call that reads the log. */
enum status write_field_of(struct replica *replica, const struct row_wish *row,
                           const struct write *write, uint16_t field, struct op_field *said,
                           bool *found, struct error *err);

/* Writes into `to` what the row has in its own scope and not there, as it was written: person, time
 * and name of each write, bases by their names there, sealed values under keys of that scope. Moves
 * aren't carried. *carried counts entries. */
enum status row_carry(struct replica *replica, const struct row_wish *row, uint32_t to,
                      size_t *carried, struct error *err);
/* Says in the row's scope that it moved to `org`. When `beside`, what others say of its place
 * stands as it was: a conflict. */
enum status row_close(struct replica *replica, const struct row_wish *row, uint32_t org,
                      bool beside, struct error *err);
/* Takes back that it moved away from there. */
enum status row_reopen(struct replica *replica, const struct row_wish *row, struct error *err);

/* Tells of each carry that isn't what was written, as far as the log has both (replica_carried.c).
 */
enum status carried_check(struct replica *replica, verify_report *report, void *context,
                          struct error *err);

/* ---- rows to look at (replica_moving.c) ---- */

/* Tables of a replica that moves rows; what they hold is found anew when they are. */
enum status moving_start(struct replica *replica, struct error *err);
/* Are they there? For caches_load. */
enum status moving_load(struct replica *replica, struct error *err);
/* An op that counts: must its row be looked at? */
enum status moving_note(struct replica *replica, const struct entry_view *view, const struct op *op,
                        struct error *err);
/* Takes the next row off the list. */
enum status moving_next(struct replica *replica, struct row_wish *row, bool *found,
                        struct error *err);
/* Did this row move away from its scope, now or earlier? */
enum status moving_left(struct replica *replica, const struct row_wish *row, bool *left,
                        struct error *err);

#endif
