#ifndef COMMON_TRANSFER_STATE_H
#define COMMON_TRANSFER_STATE_H

/* What the files of transfers share. Private to common/transfer*.c. */

#include "common/replica_move.h"
#include "common/transfer.h"

/* The rows that one run has moved. */
struct run_moves {
    struct row_wish *items;
    size_t count, capacity;
};

struct transfer {
    struct replica *replica;
    struct run_moves *moves;
    struct row_wish wish; /* the row that is looked at */
    struct row row;       /* as it stands */
    uint64_t entries;     /* written */
};

/* ---- moving (transfer.c) ---- */
/* The row as it is now in `wish`'s scope goes to `org`; alone, or with the rows that follow it. */
enum status move_row(struct transfer *transfer, const struct row_wish *wish, uint32_t org,
                     struct error *err);
enum status move_with_followers(struct transfer *transfer, const struct row_wish *wish,
                                uint32_t org, struct error *err);
/* What the row shows of a field; absent: {NULL, 0}. */
enum status shown_value(struct transfer *transfer, uint16_t number, struct bytes *value,
                        struct error *err);

/* ---- rows that left (transfer_left.c) ---- */
/* What was said of a row's place in one scope, by whom. */
struct saying {
    struct dot dot;
    uint32_t org;    /* 0: it didn't move */
    bool by_hub;     /* both sides had agreed */
    bool taken_back; /* by a later write that put the row back here */
};
struct sayings {
    struct saying *items;
    size_t count;
};
/* Release with free(sayings->items). */
enum status sayings_list(struct transfer *transfer, const struct row_wish *wish,
                         struct sayings *sayings, struct error *err);
/* The org that all heads of the mark agree on; 0: none, or they don't. */
uint32_t agreed_place(const struct row *row);
/* The row at hand moved away: carries what came late, and follows a settlement. */
enum status look_at_left(struct transfer *transfer, struct error *err);

/* ---- letters (transfer_letter.c) ---- */
/* The row at hand is of a table that moves others. *own false: it stands here as any row does. */
enum status look_at_letter(struct transfer *transfer, bool *own, struct error *err);

#endif
