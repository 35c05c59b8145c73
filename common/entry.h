#ifndef COMMON_ENTRY_H
#define COMMON_ENTRY_H

/* One local transaction: a list of ops, chained to the entry before it in its feed and signed.
 *
 * The body is canonical MessagePack:
 *   [version = 1, time_ms, beacon, person, epoch, [op, …], origin?, keys?, …unknown trailing]
 *   person: nil (the person the device's certificate names) or bin 16
 *   origin: absent, nil, or [scope, device, incarnation, number] of the entry that this one makes
 *           anew; when that stands in another scope, behind it the name of that org and of the one
 *           who wrote it, str each (docs/decisions/0017-moving-a-row.md)
 *   keys:   absent, nil or [[id bin 8, subject bin 16, year uint], …], at least one: keys of sealed
 *           values that this entry is the first of its feed to use (seal.h)
 *   op:     [table, row (bin 16), [field, value, field, value, …], bases]
 *   bases:  []                 nothing is replaced (an insert)
 *           [dots]             the same dots for every field of the op
 *           [dots, dots, …]    one for each field
 *   dots:   [dot, …]           ascending by dot_compare, no doubles, at most ENTRY_BASES_MAX
 *   dot:    [device, number]   in the entry's own scope, incarnation 1
 *           [device, number, incarnation]           incarnation >= 2
 *           [device, number, incarnation, scope]    another scope
 *
 * Fields of an op ascend. One entry writes a field of a row at most once. When all fields share
 * their dots the one-element form is the only canonical one (except for an op of one field, where
 * the two are the same). A value is: the field's value; for a set [[added element, …],
 * [[removed element, dots], …]] (elements ascending by bytes_compare, no doubles); for a counter
 * the increment; for steps a code or [round, code].
 *
 * What places an entry, its feed, number and predecessor, isn't repeated in the body but hashed
 * with it (docs/decisions/0001-placed-by-hash.md):
 *   hash(n) = BLAKE2b-256(TAG_ENTRY ‖ network ‖ scope u32le ‖ device u32le ‖ incarnation u32le ‖
 *                         number u64le ‖ hash(n-1) ‖ body),  hash(0) = 32 zero bytes
 *   signature = Ed25519(TAG_ENTRY ‖ network ‖ hash(n))
 * The body bytes are kept and forwarded verbatim. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/frontier.h"
#include "common/id.h"
#include "common/keys.h"

#define ENTRY_VERSION 1
#define ENTRY_BYTES_MAX (1024 * 1024)
#define ENTRY_NUMBER_MAX ((1ull << 40) - 1)
#define ENTRY_OPS_MAX 20000
#define ENTRY_FIELDS_MAX 255    /* an op */
#define ENTRY_BASES_MAX 256     /* a field */
#define ENTRY_ELEMENTS_MAX 4096 /* of a set, in one op */
#define ENTRY_KEYS_MAX 20000
#define ENTRY_NAME_BYTES_MAX 240 /* of an origin */

struct entry_head {
    int64_t time_ms; /* the writer's wall clock; decides nothing but what is shown meanwhile */
    uint64_t beacon; /* newest beacon known to the writer; 0: none */
    bool has_person;
    struct id person;  /* when has_person */
    uint32_t epoch;    /* schema epoch of the writer */
    bool has_origin;   /* adopted; only entry_decode tells */
    struct dot origin; /* the entry whose changes this one makes anew */
    /* Of an origin in another scope: borrowed from the body, or from who writes. */
    struct bytes origin_org, origin_person;
};

/* A key of sealed values, as an entry names it. */
struct entry_key {
    uint8_t id[8];
    struct id subject;
    uint32_t year;
};

/* ---- chain ---- */
void entry_hash(struct hash *hash, const struct network *network, const struct dot *dot,
                const struct hash *previous, struct bytes body);
void entry_sign(uint8_t signature[SIGNATURE_BYTES], const struct network *network,
                const struct hash *hash, const struct signing_key *key);
bool entry_verify(const uint8_t signature[SIGNATURE_BYTES], const struct network *network,
                  const struct hash *hash, const uint8_t public_key[PUBLIC_KEY_BYTES]);

/* ---- writing ---- */

/* Builds one body. Calls in order: start, then per op: op, write…, then finish. Fields of an op in
 * ascending order (asserted). `bases` are copied; any order is taken, the builder sorts. Owns its
 * memory; entry_writer_release. Reusable after start. */
struct entry_writer {
    struct buffer ops;
    struct buffer fields; /* of the op at hand */
    struct buffer bases;
    struct buffer first_bases;
    struct buffer keys;
    uint32_t keys_count;
    struct feed_id feed;
    struct entry_head head;
    uint32_t ops_count;
    uint32_t fields_count;
    uint16_t last_field;
    bool bases_differ;
    bool op_open;
    uint32_t table;
    struct id row;
};

void entry_writer_release(struct entry_writer *writer);
enum status entry_writer_start(struct entry_writer *writer, const struct feed_id *feed,
                               const struct entry_head *head, struct error *err);
enum status entry_writer_op(struct entry_writer *writer, uint32_t table, const struct id *row,
                            struct error *err);
enum status entry_writer_field(struct entry_writer *writer, uint16_t field, struct bytes value,
                               const struct dot *bases, size_t bases_count, struct error *err);
/* Names a key that the entry's values are sealed under. */
enum status entry_writer_key(struct entry_writer *writer, const struct entry_key *key,
                             struct error *err);
/* Appends the body to `body`. Fails with STATUS_TOO_LARGE past ENTRY_BYTES_MAX, STATUS_BAD_INPUT
 * without ops; `body` is then as it was. */
enum status entry_writer_finish(struct entry_writer *writer, struct buffer *body,
                                struct error *err);

/* ---- reading ---- */

/* Kept at 24 bytes: a hostile body holds a field in little more than two. */
struct op_field {
    struct bytes value; /* canonical, borrowed from the body */
    uint32_t bases_at;  /* into entry_view.dots */
    uint16_t bases_count;
    uint16_t number;
};

struct op {
    uint32_t table;
    struct id row;
    uint32_t fields_at; /* into entry_view.fields */
    uint32_t fields_count;
};

/* A decoded body. Borrows the body; owns its arrays, which are reused by the next decode. {0} is
 * valid; entry_view_release. */
struct entry_view {
    struct feed_id feed;
    struct entry_head head;
    struct op *ops;
    size_t ops_count, ops_capacity;
    struct op_field *fields;
    size_t fields_count, fields_capacity;
    struct dot *dots;
    size_t dots_count, dots_capacity;
    struct entry_key *keys;
    size_t keys_count, keys_capacity;
};

void entry_view_release(struct entry_view *view);

/* Decode and check every rule above that needs no schema. `feed` fills short dots. Memory stays
 * within 16 times the body and 64 KiB. STATUS_BAD_INPUT names what and at which op;
 * STATUS_TOO_LARGE; STATUS_UNKNOWN for a version above ENTRY_VERSION. */
enum status entry_decode(struct entry_view *view, const struct feed_id *feed, struct bytes body,
                         struct error *err);
/* Only head and keys; the rest of `view` is then of no use. */
enum status entry_decode_keys(struct entry_view *view, struct bytes body, struct error *err);
/* Only the head: cheap. */
enum status entry_decode_head(struct entry_head *head, struct bytes body, struct error *err);

/* The parts of a set's value. Dots are appended to view->dots. */
struct set_change {
    struct bytes element;
    bool removed;
    uint32_t bases_at; /* into entry_view.dots, when removed */
    uint32_t bases_count;
};
/* Decode a set's value; gives an array (free() it) and its count. */
enum status entry_decode_set(struct entry_view *view, struct bytes value,
                             struct set_change **changes, size_t *count, struct error *err);
/* Write a set's value. Elements must be handed in sorted order without doubles; dots sorted. */
enum status entry_pack_set(struct buffer *out, const struct feed_id *feed,
                           const struct set_change *changes, size_t count, const struct dot *dots,
                           struct error *err);

/* A run: consecutive bodies of one feed; the signature of the last covers all of them. Borrows. */
struct run {
    struct feed_id feed;
    uint64_t first; /* number of the first body */
    const struct bytes *bodies;
    size_t count;
    const uint8_t *signature; /* SIGNATURE_BYTES, of the last */
    struct bytes
        keys; /* wrapped keys that its entries name, in their order (seal.h); some may lack */
};
/* Canonical MessagePack [scope, device, incarnation, first, [bin, …], bin 64, keys bin?]. */
enum status run_encode(const struct run *run, struct buffer *out, struct error *err);
/* Gives `bodies` (free() it); the slices borrow `in`. */
enum status run_decode(struct run *run, struct bytes **bodies, struct bytes in, struct error *err);

#endif
