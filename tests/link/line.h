#ifndef TESTS_LINK_LINE_H
#define TESTS_LINK_LINE_H

/* One poor connection, worked out: what is put in at one end comes out at the other, later, cut or
 * changed.
 *
 * Knows no socket and no clock: times are microseconds that the caller hands in and that never go
 * back. All chance comes from the seed, for each direction by itself, so it doesn't matter how the
 * two interleave. What was put in stays in order. A loss is a stall, for TCP sends again and all
 * that follows waits. Owns what is under way; line_release. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"
#include "tests/support/chance.h"

#define LINE_PIECE_BYTES 512u /* what is delayed, stalled and delivered as one */

enum line_end { LINE_CLIENT, LINE_HUB, LINE_ENDS };

struct line_manner {
    uint64_t seed;
    uint64_t bytes_per_s;              /* in each direction; 0: any */
    uint32_t delay_ms, jitter_ms;      /* one way; the jitter adds up to so much */
    uint32_t stall_percent, stall_ms;  /* of the pieces, and for how long */
    uint64_t cut_min_bytes, cut_bytes; /* dies having carried so many, between these; 0: never */
    uint64_t corrupt_bytes;            /* one in about so many has a bit changed; 0: none */
};

struct line_piece {
    struct line_piece *next;
    uint64_t due_us;
    unsigned flight;
    bool end;   /* the sender has closed */
    bool taken; /* given out, and the caller may still read it */
    size_t size;
    uint8_t data[];
};

struct line_way { /* one direction, named by its receiver */
    struct chance chance;
    struct line_piece *first, **last;
    uint64_t free_us;     /* the sender's modem */
    uint64_t due_us;      /* of the newest piece */
    uint64_t until_fault; /* bytes until the next one is changed */
    size_t waiting;       /* bytes under way */
    unsigned flight;      /* of what came out last, see line_counts */
};

struct line_counts {
    uint64_t to_hub, to_client; /* bytes that came out */
    uint64_t stalls, corrupted;
    /* How often word went to and fro: what an end says after it has heard flight n is flight n + 1,
     * and the client begins with 1. Two flights are one round trip. */
    unsigned flights;
    bool cut;
};

struct line {
    struct line_manner manner;
    struct line_way ways[LINE_ENDS];
    struct line_counts counts;
    uint64_t cut_at; /* bytes of both directions; UINT64_MAX: never */
};

/* The `number` distinguishes connections of one seed. Connecting has cost one round trip, which
 * the first bytes of the client wait for. */
void line_init(struct line *line, const struct line_manner *manner, uint64_t number,
               uint64_t now_us);
void line_release(struct line *line);
/* Bytes for `to`; false: out of memory. */
bool line_put(struct line *line, enum line_end to, struct bytes bytes, uint64_t now_us);
/* The other end has closed: `to` hears of it behind all bytes. */
bool line_put_end(struct line *line, enum line_end to, uint64_t now_us);
/* So much is under way to `to` that its sender should wait. */
bool line_full(const struct line *line, enum line_end to);
/* When the next piece comes out; UINT64_MAX: none is under way. */
uint64_t line_due_us(const struct line *line, enum line_end to);
/* The piece that is due by now, NULL: none. Borrowed until the next call with the same `to`. A line
 * that has been cut gives what it could still carry, then nothing more. */
const struct line_piece *line_take(struct line *line, enum line_end to, uint64_t now_us);

#endif
