#ifndef PROTOCOL_BUNDLE_H
#define PROTOCOL_BUNDLE_H

/* Entries and receipts in a file, for a stick or a message attachment; without any I/O here.
 *
 *   file   = "JQBUNDL1" ‖ network 16 ‖ salt 8 ‖ sender u32le ‖ recipients u16le ‖ recipient … ‖
 *            stream header 24 ‖ unit …
 *   recipient = first 8 bytes of H("jinqiu peer    1", salt ‖ DH key) ‖ crypto_box_seal(bundle key)
 *   unit   = length u16be, 17 to 8192 ‖ one message of crypto_secretstream_xchacha20poly1305; the
 *            first has H("jinqiu bundle  1", all before the stream header) as associated data, the
 *            last one the tag FINAL
 * The plain texts, joined, are a stream of messages as in a session (message.h): RUN and RECEIPT.
 * So a bundle can be read twice, late, behind a newer one or torn: each unit proves that it is the
 * next one, and each entry proves itself. Who isn't among the recipients learns the network, the
 * sender's roster index and the size. */

#include "common/frontier.h"
#include "common/keys.h"
#include "protocol/message.h"

#define BUNDLE_RECIPIENTS_MAX 256
#define BUNDLE_UNIT_MAX 8192

struct bundle_writer; /* opaque; holds the bundle's key */
/* Where the bytes go, in order. */
typedef enum status bundle_sink(void *context, struct bytes bytes, struct error *err);

struct bundle_options {
    const struct network *network;
    uint32_t sender;
    const uint8_t (*recipients)[DH_KEY_BYTES]; /* borrowed during the call */
    size_t recipients_count;                   /* 1 … BUNDLE_RECIPIENTS_MAX */
    bundle_sink *sink;
    void *context;
};
/* Writes the head. */
enum status bundle_writer_new(struct bundle_writer **writer, const struct bundle_options *options,
                              struct error *err);
void bundle_writer_free(struct bundle_writer *writer); /* NULL is fine */
enum status bundle_put(struct bundle_writer *writer, enum message_type type, struct bytes body,
                       struct error *err);
/* The last unit. Without it a reader calls the bundle torn. */
enum status bundle_finish(struct bundle_writer *writer, struct error *err);

struct bundle_reader; /* opaque */
struct bundle_reader_options {
    const struct network *network;
    const struct dh_key *key;
    /* Each whole message; the body is borrowed. A failure ends the reading. */
    enum status (*take)(void *context, const struct message *message, struct error *err);
    void *context;
};
enum status bundle_reader_new(struct bundle_reader **reader,
                              const struct bundle_reader_options *options, struct error *err);
void bundle_reader_free(struct bundle_reader *reader); /* NULL is fine */
/* The next bytes of the file. STATUS_BAD_INPUT: not a bundle, or damaged from here on (what came
 * before was taken); STATUS_DENIED: of another network, or not for this key; STATUS_NEWER. */
enum status bundle_feed(struct bundle_reader *reader, struct bytes bytes, struct error *err);
/* Has the last unit come? */
bool bundle_complete(const struct bundle_reader *reader);
uint32_t bundle_sender(const struct bundle_reader *reader);

#endif
