#ifndef TESTS_SUPPORT_WIRE_H
#define TESTS_SUPPORT_WIRE_H

/* Two sessions, their fake storages and a line between them, in virtual time.
 *
 * The line can be slow, thin, delivered byte by byte or cut after any byte. What crosses it is
 * decrypted beside the receiver and written down, so that a test reads like this:
 *   [  10] hub < HELLO device 7 delta 7/4:2
 *   [  10] hub stored 7/4:2
 *   [  20] phone < WELCOME device 7 */

#include "protocol/session_state.h"
#include "tests/support/fake.h"

enum wire_end { WIRE_CLIENT, WIRE_HUB, WIRE_ENDS };

struct wire_chunk {
    struct wire_chunk *next;
    enum wire_end to;
    uint64_t due_ms;
    bool end; /* the connection was closed */
    size_t size;
    uint8_t data[];
};

/* Reads along what an end receives. */
struct wire_tap {
    struct noise noise;
    bool started;
    struct buffer raw, stream, unpacked;
    struct unpacker unpacker;
};

struct wire_side {
    struct fake *fake;
    struct session *session;
    struct wire_tap tap;
    bool over, reading, question_open;
    bool congested; /* a test says so */
    uint64_t answer_due_ms;
    uint64_t question_sum; /* what the question borrows must not change */
    size_t send_most;      /* bytes handed out by one step */
    unsigned settled;
    uint64_t line_free_ms;
};

struct wire {
    struct wire_side side[WIRE_ENDS];
    uint64_t now_ms;
    uint64_t latency_ms;  /* one way; 10 */
    uint64_t bytes_per_s; /* 0: any */
    uint64_t storage_ms;  /* how long storage takes; 0: answered within the step */
    size_t chunk_bytes;   /* delivered at once; 0: 64 KiB */
    /* Somebody on the line, who may change what arrives; nobody reads along then. NULL: nobody. */
    void (*mangle)(void *context, enum wire_end to, struct buffer *bytes);
    void *context;
    uint64_t cut_after_bytes; /* both directions together; UINT64_MAX: never */
    uint64_t carried_bytes, payload_bytes;
    struct wire_chunk *chunks;
    struct buffer trace;
    struct session_options options; /* of the client; set before wire_open */
};

void wire_init(struct wire *wire, struct fake *client, struct fake *hub);
/* Fresh sessions on a fresh line; the trace starts anew. */
void wire_open(struct wire *wire);
/* Until both are over, or nothing happens before `until_ms`. */
void wire_run(struct wire *wire, uint64_t until_ms);
/* wire_open, then run to the end (one day at most). */
void wire_exchange(struct wire *wire);
void wire_event(struct wire *wire, enum wire_end end, enum session_event_kind kind);
const struct session_totals *wire_totals(const struct wire *wire, enum wire_end end);
/* The trace, terminated. */
const char *wire_trace(struct wire *wire);
void wire_release(struct wire *wire);

#endif
