#ifndef COMMON_FRONTIER_H
#define COMMON_FRONTIER_H

/* What a replica holds of every feed: the number up to which it has it, without gaps.
 *
 * A frontier is a value without storage or clock. Two frontiers merge to the same result in either
 * order. Rows are kept ascending by (scope, device, incarnation); a number of 0 is no row. Owns its
 * rows; release with frontier_release(). {0} is a valid empty one. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/keys.h"

/* A scope is the records of one org, or the part of the registry that speaks of it, or those of its
 * records that every org below it reads, too (docs/decisions/0006-what-reaches-below.md):
 * scope = 2 * org number, + 1 for the registry's part, + 2^31 for what reaches below. Both together
 * are no scope. Org numbers start at 1 (the root). */
#define SCOPE_RECORDS(org) ((uint32_t)(org)*2u)
#define SCOPE_REGISTRY(org) ((uint32_t)(org)*2u + 1u)
#define SCOPE_BELOW(org) ((uint32_t)(org)*2u | 0x80000000u)
#define SCOPE_ORG(scope) (((scope)&0x7fffffffu) / 2u)
#define SCOPE_IS_REGISTRY(scope) (((scope)&0x80000001u) == 1u)
#define SCOPE_IS_BELOW(scope) (((scope)&0x80000001u) == 0x80000000u)
#define SCOPE_IS_RECORDS(scope) (((scope)&0x80000001u) == 0)
#define ORG_ROOT 1u
#define ORG_MAX 0x3fffffffu
#define DEVICE_HUB 1u
#define INCARNATION_FIRST 1u

struct feed_id {
    uint32_t scope;
    uint32_t device;      /* roster index */
    uint32_t incarnation; /* from 1 */
};

/* The name of an entry, and so of every field value that it wrote. */
struct dot {
    struct feed_id feed;
    uint64_t number; /* from 1 */
};

int feed_compare(const struct feed_id *a, const struct feed_id *b);
/* The order of dots that breaks ties everywhere: device, incarnation, scope, number. */
int dot_compare(const struct dot *a, const struct dot *b);
bool dot_equal(const struct dot *a, const struct dot *b);
/* "device.incarnation.scope.number", for people and commands; room for DOT_TEXT_BYTES. */
#define DOT_TEXT_BYTES 64
void dot_format(const struct dot *dot, char out[DOT_TEXT_BYTES]);
bool dot_parse(const char *text, struct dot *dot);

struct frontier_row {
    struct feed_id feed;
    uint64_t number;
};

struct frontier {
    struct frontier_row *rows;
    size_t count;
    size_t capacity;
};

#define FRONTIER_ROWS_MAX 1000000 /* from outside */

void frontier_release(struct frontier *frontier);
void frontier_clear(struct frontier *frontier);
enum status frontier_copy(struct frontier *to, const struct frontier *from, struct error *err);

/* 0 when the feed isn't held. */
uint64_t frontier_get(const struct frontier *frontier, const struct feed_id *feed);
bool frontier_covers(const struct frontier *frontier, const struct dot *dot);

/* Raise `frontier` to cover `number` of `feed`; never lowers it. STATUS_NO_MEMORY leaves it
 * unchanged. */
enum status frontier_raise(struct frontier *frontier, const struct feed_id *feed, uint64_t number,
                           struct error *err);
/* Raise `into` by every row of `other`. */
enum status frontier_merge(struct frontier *into, const struct frontier *other, struct error *err);
/* Rows of `have` that pass `known` (a feed that `known` lacks counts from 0): what to tell or send.
 * Replaces `out`. */
enum status frontier_beyond(struct frontier *out, const struct frontier *have,
                            const struct frontier *known, struct error *err);

/* Canonical MessagePack, a flat array: per scope [scope, n, device, incarnation, number, …n
 * times], ascending. Appends. */
enum status frontier_encode(const struct frontier *frontier, struct buffer *out, struct error *err);
/* Replaces `frontier`. STATUS_BAD_INPUT on anything not canonical. */
enum status frontier_decode(struct frontier *frontier, struct bytes in, struct error *err);

/* BLAKE2b-256 under TAG_FRONTIER (network all zero) of the encoding; equal iff frontiers are. */
enum status frontier_digest(const struct frontier *frontier, struct hash *digest,
                            struct error *err);

#endif
