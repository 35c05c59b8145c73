#ifndef COMMON_ROW_H
#define COMMON_ROW_H

/* The merge of one row, as pure functions over values: no storage, no clock, no order.
 *
 * A multi-value register with explicit bases (cf. dotted version vector sets, Preguiça et al.,
 * 2010):
 *   heads(field) = { v known : no known w has v in base(w) }
 * Applying ops is commutative, associative and idempotent as long as each dot is applied once per
 * field. A value that is replaced before it arrives never shows up: `replaced` remembers the bases
 * that were named and not met yet.
 *
 * How the rules differ:
 *   register, latest, append, text, steps, field 0: heads as above
 *   max, min:  one head, the extreme of all values ever written (equal: the lesser dot); no bases.
 *              nil is no value: any value goes before it, under either rule
 *   set:       a head for every (element, dot) added and not removed
 *   counter:   one head per feed, its newest dot; `total` is the sum modulo 2^64
 * A group's fields share their heads (an op writes all or none of them, and what it replaces in one
 * of them it replaces in all); they are shown together.
 *
 * A row is deleted when a live head of field 0 says true, none says false, and every head of every
 * other field is among the dots that the deleting writes had seen (their bases; what the deleting
 * entry itself wrote counts as seen). A concurrent edit therefore survives a delete, and field 0 is
 * then in conflict. A row that moved to another scope is gone in the same way (tombstone.h); two
 * that say otherwise where it went are a conflict, too.
 *
 * Owns copies of all values. row_release. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/entry.h"
#include "common/schema.h"
#include "common/tombstone.h"

struct head {
    struct dot dot;
    struct bytes value; /* set: the element; counter: empty; owned by the row */
    bool described;     /* time and person below are filled in */
    bool stored;        /* it stands in its table already (replica_store.c) */
    int64_t time_ms;
    struct id person;
    struct dot *seen; /* field 0: bases of a delete, sorted; owned by the row */
    size_t seen_count;
};

struct cell {
    uint16_t field;
    bool changed;       /* by the ops applied since row_settle_changes */
    struct head *heads; /* ascending by dot_compare; set: by (element, dot) */
    size_t heads_count;
    size_t heads_capacity;
    uint64_t total;       /* counter */
    size_t stored_count;  /* heads that were `stored` when the cell was loaded */
    bool stored_conflict; /* and how they were marked */
};

/* A base that was named before it was met: (field, dot), and the element for sets. */
struct replaced {
    uint16_t field;
    struct dot dot;
    struct bytes element; /* {NULL,0}: none; owned by the row */
};

struct row {
    const struct schema_table *table;
    uint32_t scope;
    struct id id;
    struct cell *cells; /* ascending by field; only fields that were ever written */
    size_t cells_count, cells_capacity;
    struct replaced *replaced;
    size_t replaced_count, replaced_capacity;
    bool replaced_changed;
    void *arena; /* where values live */
};

/* {0} is a valid row that holds nothing. start() empties it, keeping memory for the next row. */
void row_release(struct row *row);
void row_start(struct row *row, const struct schema_table *table, uint32_t scope,
               const struct id *id);

/* ---- loading (replica) ---- */
/* The cell of a field, made when missing. NULL: out of memory. */
struct cell *row_cell(struct row *row, uint16_t field);
struct cell *row_find_cell(const struct row *row, uint16_t field);
/* Add a head as stored; copies value and seen. Places it in order. */
enum status row_add_head(struct row *row, uint16_t field, const struct head *head,
                         struct error *err);
enum status row_add_replaced(struct row *row, const struct replaced *replaced, struct error *err);

/* ---- applying ---- */
struct row_source {
    /* Was this dot applied to rows already? False: it may still come, remember it. */
    bool (*covered)(void *context, const struct dot *dot);
    void *context;
};
/* Apply one op (checked by registry_permits) that the entry `dot` made. Unknown fields are
 * skipped. Marks cells as changed. `person`: who wrote it. STATUS_NO_MEMORY leaves the row unusable
 * (row_start again). */
enum status row_apply(struct row *row, const struct entry_view *entry, const struct op *op,
                      const struct dot *dot, const struct id *person,
                      const struct row_source *source, struct error *err);
/* Forget remembered bases that `source` covers now. */
void row_forget_met(struct row *row, const struct row_source *source);
/* Take back the marks `changed` and `replaced_changed`. */
void row_settle_changes(struct row *row);

/* ---- showing ---- */
/* What showing needs about a head beyond its value; asked only when a cell has two or more. */
struct head_story {
    int64_t time_ms;
    struct id person;
    struct bytes value; /* as the entry wrote it; borrowed until the next call */
    const struct dot *bases;
    size_t bases_count;
};
struct row_history {
    enum status (*story)(void *context, const struct row *row, uint16_t field,
                         const struct dot *dot, struct head_story *story, struct error *err);
    void *context;
};

struct shown {
    bool present;       /* any head at all */
    bool conflict;      /* a person is to settle it */
    struct bytes value; /* canonical; set: not used; counter: use cell->total */
    struct dot dot;     /* the head that is shown; for merged text the latest of the merged */
    bool merged;        /* text: `value` is a merge of several heads */
};
/* What to show of a field. Fills in the heads' stories where there are two or more
 * (head.described).
 * For a field of a group: the same dot as the group's other fields. Conflict rules: docs in
 * DESIGN 3.5 — register: heads with different values; latest: never; steps: the furthest
 * (round, rank) reached by different persons; append: different values; text: lines overlap; max,
 * min, set, counter: never. A group conflicts when any of its fields' values differ.
 * Text: heads with exactly one base in common, all of them texts, are merged in order of time and
 * dot; more than 16 heads, or a result longer than the field allows, are left to a person. A base
 * that story doesn't have yet (STATUS_NOT_FOUND) means no merge; its other failures are handed on.
 * A set or counter is only said to be present.
 * The value is borrowed from the row until the next call that changes it. */
enum status row_show(struct row *row, const struct schema_field *field,
                     const struct row_history *history, struct shown *shown, struct error *err);

bool row_deleted(const struct row *row);
/* What stands in the column _deleted. Gone in both ways counts as moved. */
enum row_presence { ROW_HERE, ROW_DELETED, ROW_MOVED };
enum row_presence row_presence(const struct row *row);
/* Where it went, as the earliest head (by its dot) says; false: none says that it did. */
bool row_moved(const struct row *row, struct moved *moved);
/* Field 0 in conflict: a delete and an edit that it hadn't seen, delete against put-back, or two
 * different deletes. */
bool row_delete_conflict(const struct row *row);

/* ---- digest ---- */
/* Canonical bytes of a cell that has heads, appended to `out`:
 *   table u32le ‖ scope u32le ‖ id ‖ field u16le ‖ heads count u32le, then per head device u32le ‖
 *   incarnation u32le ‖ scope u32le ‖ number u64le ‖ value length u32le ‖ value
 * (counter: after its heads total u64le). Replicas that hold the same entries get the same bytes.
 * STATUS_NO_MEMORY is the only failure. */
enum status cell_canonical(const struct row *row, const struct cell *cell, struct buffer *out,
                           struct error *err);
/* The part before the field. */
enum status cell_canonical_start(struct buffer *out, uint32_t table, uint32_t scope,
                                 const struct id *id);

/* ---- three-way merge of lines ---- */
/* Merge the lines of `left` and `right`, both made from `base` (UTF-8 texts, not MessagePack).
 * *clean is false when both changed the same or touching lines differently: `out` is then empty.
 * Lines are compared without their line feed; whether the text ends with one is merged apart.
 * Equal changes on both sides merge. Bounded: more than 4,000 lines on a side counts as not
 * clean. Replaces `out`. */
enum status merge_lines(struct bytes base, struct bytes left, struct bytes right,
                        struct buffer *out, bool *clean, struct error *err);

#endif
