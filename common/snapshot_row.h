#ifndef COMMON_SNAPSHOT_ROW_H
#define COMMON_SNAPSHOT_ROW_H

/* The bytes of a row in a snapshot (replica_snapshot.h says their form). No storage, no schema:
 * what a value may be is for who takes it to check. Values borrow what is read. */

#include "common/pack.h"
#include "common/row.h"

enum status snapshot_dot_pack(struct buffer *out, const struct dot *dot);
bool snapshot_dot_take(struct unpack *in, uint32_t scope, struct dot *dot);
enum status snapshot_id_pack(struct buffer *out, const struct id *id);

/* Appends the item of a row that is loaded whole. STATUS_NO_MEMORY. */
enum status snapshot_row_pack(struct buffer *out, const struct row *row);

/* Reading, in this order; each gives false for what isn't in its form. */
struct snapshot_row {
    uint32_t table;
    struct id id;
    uint32_t groups;
    struct unpack in; /* stands on the first group */
};
/* Behind the item's kind; `in` then stands on the list of spread fields. */
bool snapshot_row_open(struct snapshot_row *row, struct unpack *in);

/* What one entry stands behind. */
struct snapshot_group {
    struct dot dot;
    uint32_t count;
    struct op_field fields[ENTRY_FIELDS_MAX];
};
bool snapshot_group_take(struct unpack *in, uint32_t scope, struct snapshot_group *group);

/* The head of a spread field; `in` then stands on the first of its heads. */
struct snapshot_spread {
    uint16_t field;
    bool has_total;
    uint64_t total;
    uint32_t heads;
};
bool snapshot_spread_take(struct unpack *in, struct snapshot_spread *spread);

struct snapshot_head {
    struct dot dot;
    struct bytes value;
    struct dot seen[ENTRY_BASES_MAX];
    uint32_t seen_count;
};
bool snapshot_head_take(struct unpack *in, uint32_t scope, struct snapshot_head *head);
bool snapshot_waiting_take(struct unpack *in, struct replaced *replaced);

#endif
