#ifndef PROTOCOL_BUNDLE_PARTS_H
#define PROTOCOL_BUNDLE_PARTS_H

/* A small bundle as a series of texts, each for one QR picture.
 *
 *   text = "JQB1" ‖ Base45 (RFC 9285) of: first 8 bytes of BLAKE2b-256(bundle) ‖ index u8 ‖
 *          total u8 ‖ at most PART_BYTES_MAX bytes of the bundle
 * Index counts from 1. Base45 is what QR codes hold best, and what any reader shows unharmed. The
 * parts come in any order, some of them twice; a bundle is read when all are there and the hash
 * fits, and not before. No pictures here (common/qr_read.h). */

#include "common/bytes.h"

#define BUNDLE_ID_BYTES 8
#define PART_BYTES_MAX 700u
#define PARTS_TOTAL_MAX 64u
#define PART_TEXT_MAX (4u + (PART_BYTES_MAX + 10u + 1u) / 2u * 3u)

/* How many texts a bundle takes. STATUS_TOO_LARGE: too many. */
enum status bundle_parts_count(struct bytes bundle, unsigned *total, struct error *err);
/* The text with this index, terminated. */
void bundle_parts_text(struct bytes bundle, unsigned index, unsigned total,
                       char text[PART_TEXT_MAX + 1]);

/* What the head of a text says. STATUS_BAD_INPUT: it is no part of a bundle. */
struct bundle_part {
    uint8_t id[BUNDLE_ID_BYTES];
    unsigned index, total;
};
enum status bundle_part_look(struct bytes text, struct bundle_part *part, struct error *err);

struct bundle_parts {
    uint8_t id[BUNDLE_ID_BYTES];
    unsigned total, here; /* 0: none has come */
    struct buffer parts[PARTS_TOTAL_MAX];
};
void bundle_parts_release(struct bundle_parts *parts);
/* STATUS_BAD_INPUT: no part of a bundle, or of another one than those before. */
enum status bundle_parts_take(struct bundle_parts *parts, struct bytes text, struct error *err);
/* Appends the bundle. STATUS_BAD_INPUT: parts are missing (the error says which), or what they make
 * isn't what was cut. */
enum status bundle_parts_join(const struct bundle_parts *parts, struct buffer *bundle,
                              struct error *err);

#endif
