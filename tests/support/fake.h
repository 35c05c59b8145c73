#ifndef TESTS_SUPPORT_FAKE_H
#define TESTS_SUPPORT_FAKE_H

/* A replica's storage in memory, as far as a session asks for it.
 *
 * An entry is only a size: its bytes follow from feed and number, so whoever stores one knows
 * whether it arrived whole. Nothing is signed but receipts. Faults of a test itself stop the
 * program. */

#include "protocol/session.h"

#define FAKE_PEERS_MAX 4
#define FAKE_UNIT_BYTES SESSION_UNIT_BYTES
#define FAKE_MANIFEST_BYTES 100 /* of a snapshot */
#define FAKE_CHUNK_BYTES 40000  /* ... as it is packed */

struct fake_feed {
    struct feed_id feed;
    uint32_t *sizes; /* of entry 1, 2, … */
    size_t count, capacity;
};

struct fake_peer { /* whom we know, and what we remember of it */
    uint32_t device;
    uint8_t dh_key[DH_KEY_BYTES];
    enum session_code refuse;
    struct frontier told, held;
    struct buffer staged;
    bool unfinished;
};

struct fake {
    const char *name;
    struct network network;
    struct dh_key dh;
    struct signing_key sign;
    uint32_t device; /* 0: not enrolled */
    uint64_t lineage, beacon;
    struct bytes beacon_sealed, link_key;
    struct fake_feed *feeds;
    size_t feeds_count, feeds_capacity;
    struct fake_peer peers[FAKE_PEERS_MAX];
    size_t peers_count;
    uint8_t token[16]; /* hub: admits one device */
    bool token_used;
    bool failing;   /* the disk can't be written */
    bool full;      /* the disk is full */
    uint64_t quota; /* takes so many entries in all; 0: any */
    uint64_t stored_count;
    /* Of a snapshot whose name is all 7: hub: gives this scope so, in so many chunks; 0: none.
     * Client: how many parts are here, the head included. */
    uint32_t snapshot_scope, snapshot_chunks, snapshot_here;
    enum snapshot_code snapshot_code; /* client: how placing it ends; 0: well */
    bool damaged;                     /* the tables say something else than the log */
    bool asks_stable;                 /* client: of the hub */
    enum session_ask asked[1024];
    size_t asked_count;

    struct session_answer answer;
    struct frontier frontier, stored, loaded;
    struct buffer runs_bytes, receipt;
    struct session_run runs[4096];
    uint8_t piece[FAKE_CHUNK_BYTES];
};

/* `seed` makes the keys. */
void fake_init(struct fake *fake, const char *name, uint32_t device, uint8_t seed);
void fake_release(struct fake *fake);
void fake_knows(struct fake *hub, const struct fake *client, enum session_code refuse);
/* The backup is put back, the memory is lost: nothing is remembered of any peer. */
void fake_forget(struct fake *fake);
/* Append `count` own entries of `size` bytes in `scope`. */
void fake_write(struct fake *fake, uint32_t scope, size_t count, uint32_t size);
/* The same for a feed of somebody else. */
void fake_carry(struct fake *fake, uint32_t device, uint32_t scope, size_t count, uint32_t size);
/* Drop what a feed has behind `count`. */
void fake_cut(struct fake *fake, uint32_t device, uint32_t scope, size_t count);
uint64_t fake_has(const struct fake *fake, uint32_t device, uint32_t scope);
const struct frontier *fake_frontier(struct fake *fake);
size_t fake_times_asked(const struct fake *fake, enum session_ask ask);

/* The answer borrows until the next question. */
const struct session_answer *fake_answer(struct fake *fake,
                                         const struct session_question *question);

#endif
