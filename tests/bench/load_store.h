#ifndef TESTS_BENCH_LOAD_STORE_H
#define TESTS_BENCH_LOAD_STORE_H

/* What a client's session is answered, without a replica behind it: so thousands of clients fit
 * beside the hub that they load.
 *
 * It has one feed of its own, whose runs were written and signed by a real replica beforehand, and
 * is let go of bit by bit. What the hub sends is taken and acknowledged with a signed receipt, and
 * then forgotten. Several connections may share one. Owns its frontiers and runs. */

#include "protocol/session.h"

struct load_run {
    struct bytes encoded; /* owned */
    uint64_t last;        /* number of its last entry */
};

struct load_store {
    struct network network;
    struct dh_key dh;
    struct signing_key sign;
    uint32_t device;
    uint64_t lineage, beacon;
    struct feed_id feed;
    struct load_run *runs; /* ascending */
    size_t runs_count, runs_capacity;
    uint64_t written; /* runs up to this number are there to be sent */
    struct frontier holds, told, held;
};

/* The answer to one question, and what it borrows. */
struct load_reply {
    struct session_answer answer;
    struct session_run *runs;
    size_t runs_capacity;
    struct frontier stored, loaded;
    struct buffer receipt;
};

void load_store_release(struct load_store *store);
void load_reply_release(struct load_reply *reply);
/* A run (run_encode) that it may send once `written` has reached its end. Copies. */
void load_store_add(struct load_store *store, struct bytes encoded);
/* The reply borrows from itself, the store and the question. */
void load_store_answer(struct load_store *store, const struct session_question *question,
                       struct load_reply *reply);

#endif
