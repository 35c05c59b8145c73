#include "protocol/bundle.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"

#define MAGIC "JQBUNDL"
#define MAGIC_BYTES 8
#define VERSION '1'
#define SALT_BYTES 8
#define HINT_BYTES 8
#define HEAD_BYTES (MAGIC_BYTES + NETWORK_BYTES + SALT_BYTES + 4 + 2)
#define KEY_BYTES crypto_secretstream_xchacha20poly1305_KEYBYTES
#define SLOT_BYTES (HINT_BYTES + crypto_box_SEALBYTES + KEY_BYTES)
#define STREAM_BYTES crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define UNIT_OVERHEAD crypto_secretstream_xchacha20poly1305_ABYTES
#define UNIT_PLAIN_MAX (BUNDLE_UNIT_MAX - UNIT_OVERHEAD)

static void make_hint(const struct network *network, const uint8_t salt[SALT_BYTES],
                      const uint8_t key[DH_KEY_BYTES], uint8_t hint[HINT_BYTES])
{
    struct hash hash;
    uint8_t body[SALT_BYTES + DH_KEY_BYTES];
    memcpy(body, salt, SALT_BYTES);
    memcpy(body + SALT_BYTES, key, DH_KEY_BYTES);
    hash_object(&hash, TAG_PEER, network, bytes_of(body, sizeof body));
    memcpy(hint, hash.bytes, HINT_BYTES);
}

static void hash_head(const struct network *network, struct bytes head, struct hash *hash)
{
    hash_object(hash, TAG_BUNDLE, network, head);
}

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* ---- writing ---- */

struct bundle_writer {
    crypto_secretstream_xchacha20poly1305_state stream;
    struct hash head;
    bool begun; /* the first unit has gone, and the head's hash with it */
    struct buffer plain;
    bundle_sink *sink;
    void *context;
};

static enum status put_slot(struct buffer *head, const struct bundle_options *options, size_t which,
                            const uint8_t key[KEY_BYTES])
{
    uint8_t slot[SLOT_BYTES];
    const uint8_t *recipient = options->recipients[which];
    make_hint(options->network, head->data + MAGIC_BYTES + NETWORK_BYTES, recipient, slot);
    if (crypto_box_seal(slot + HINT_BYTES, key, KEY_BYTES, recipient) != 0)
        return STATUS_BAD_INPUT;
    return buffer_append(head, slot, sizeof slot);
}

static enum status put_head(const struct bundle_options *options, const uint8_t key[KEY_BYTES],
                            struct buffer *head)
{
    uint8_t fixed[HEAD_BYTES], *at = fixed;
    memcpy(at, MAGIC, MAGIC_BYTES - 1);
    at[MAGIC_BYTES - 1] = VERSION;
    at += MAGIC_BYTES;
    memcpy(at, options->network->id, NETWORK_BYTES);
    at += NETWORK_BYTES;
    randombytes_buf(at, SALT_BYTES);
    at += SALT_BYTES;
    put_u32le(at, options->sender);
    at[4] = (uint8_t)options->recipients_count;
    at[5] = (uint8_t)(options->recipients_count >> 8);
    TRY(buffer_append(head, fixed, sizeof fixed));
    for (size_t i = 0; i < options->recipients_count; i++)
        TRY(put_slot(head, options, i, key));
    return STATUS_OK;
}

static enum status start(struct bundle_writer *writer, const struct bundle_options *options,
                         struct error *err)
{
    uint8_t key[KEY_BYTES], header[STREAM_BYTES];
    struct buffer head = {0};
    crypto_secretstream_xchacha20poly1305_keygen(key);
    enum status status = put_head(options, key, &head);
    if (status != STATUS_OK)
        error_set(err, status, "the bundle's head can't be made");
    hash_head(options->network, buffer_bytes(&head), &writer->head);
    crypto_secretstream_xchacha20poly1305_init_push(&writer->stream, header, key);
    sodium_memzero(key, sizeof key);
    if (status == STATUS_OK)
        status = writer->sink(writer->context, buffer_bytes(&head), err);
    if (status == STATUS_OK)
        status = writer->sink(writer->context, bytes_of(header, sizeof header), err);
    buffer_release(&head);
    return status;
}

enum status bundle_writer_new(struct bundle_writer **writer, const struct bundle_options *options,
                              struct error *err)
{
    *writer = NULL;
    if (options->recipients_count == 0 || options->recipients_count > BUNDLE_RECIPIENTS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "a bundle is for 1 to %d devices",
                         BUNDLE_RECIPIENTS_MAX);
    struct bundle_writer *made = calloc(1, sizeof *made);
    if (!made)
        return no_memory(err);
    made->sink = options->sink;
    made->context = options->context;
    enum status status = start(made, options, err);
    if (status != STATUS_OK) {
        bundle_writer_free(made);
        return status;
    }
    *writer = made;
    return STATUS_OK;
}

void bundle_writer_free(struct bundle_writer *writer)
{
    if (!writer)
        return;
    buffer_release(&writer->plain);
    sodium_memzero(writer, sizeof *writer);
    free(writer);
}

static enum status put_unit(struct bundle_writer *writer, struct bytes plain, uint8_t tag,
                            struct error *err)
{
    uint8_t unit[2 + BUNDLE_UNIT_MAX];
    size_t size = plain.size + UNIT_OVERHEAD;
    unit[0] = (uint8_t)(size >> 8);
    unit[1] = (uint8_t)size;
    crypto_secretstream_xchacha20poly1305_push(&writer->stream, unit + 2, NULL, plain.data,
                                               plain.size, writer->head.bytes,
                                               writer->begun ? 0 : HASH_BYTES, tag);
    writer->begun = true;
    return writer->sink(writer->context, bytes_of(unit, 2 + size), err);
}

enum status bundle_put(struct bundle_writer *writer, enum message_type type, struct bytes body,
                       struct error *err)
{
    if (message_put(&writer->plain, type, body) != STATUS_OK)
        return no_memory(err);
    struct bytes left = buffer_bytes(&writer->plain);
    enum status status = STATUS_OK;
    while (left.size >= UNIT_PLAIN_MAX && status == STATUS_OK) {
        status = put_unit(writer, bytes_of(left.data, UNIT_PLAIN_MAX), 0, err);
        left = bytes_of(left.data + UNIT_PLAIN_MAX, left.size - UNIT_PLAIN_MAX);
    }
    buffer_consume(&writer->plain, writer->plain.size - left.size);
    return status;
}

enum status bundle_finish(struct bundle_writer *writer, struct error *err)
{
    return put_unit(writer, buffer_bytes(&writer->plain),
                    crypto_secretstream_xchacha20poly1305_TAG_FINAL, err);
}

/* ---- reading ---- */

enum phase { PHASE_HEAD, PHASE_SLOTS, PHASE_UNITS, PHASE_DONE };

struct bundle_reader {
    struct bundle_reader_options options;
    enum phase phase;
    size_t recipients;
    uint32_t sender;
    crypto_secretstream_xchacha20poly1305_state stream;
    struct hash head;
    bool begun;
    struct buffer raw, plain;
};

enum status bundle_reader_new(struct bundle_reader **reader,
                              const struct bundle_reader_options *options, struct error *err)
{
    *reader = calloc(1, sizeof **reader);
    if (!*reader)
        return no_memory(err);
    (*reader)->options = *options;
    return STATUS_OK;
}

void bundle_reader_free(struct bundle_reader *reader)
{
    if (!reader)
        return;
    buffer_release(&reader->raw);
    buffer_release(&reader->plain);
    sodium_memzero(reader, sizeof *reader);
    free(reader);
}

bool bundle_complete(const struct bundle_reader *reader)
{
    return reader->phase == PHASE_DONE;
}

uint32_t bundle_sender(const struct bundle_reader *reader)
{
    return reader->sender;
}

static enum status take_head(struct bundle_reader *reader, const uint8_t *head, struct error *err)
{
    if (memcmp(head, MAGIC, MAGIC_BYTES - 1) != 0)
        return error_set(err, STATUS_BAD_INPUT, "this is no bundle");
    if (head[MAGIC_BYTES - 1] != VERSION)
        return error_set(err, STATUS_NEWER, "this bundle was made by a newer version");
    if (memcmp(head + MAGIC_BYTES, reader->options.network->id, NETWORK_BYTES) != 0 &&
        !MUTANT("t28-bundle-of-any-network"))
        return error_set(err, STATUS_DENIED, "this bundle is of another network");
    const uint8_t *at = head + MAGIC_BYTES + NETWORK_BYTES + SALT_BYTES;
    reader->sender = get_u32le(at);
    reader->recipients = (size_t)at[4] | (size_t)at[5] << 8;
    if (reader->recipients == 0 || reader->recipients > BUNDLE_RECIPIENTS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "the bundle is damaged: %s", "its head");
    reader->phase = PHASE_SLOTS;
    return STATUS_OK;
}

/* The bundle's key, out of the slot that is for us. */
static bool open_slot(const struct bundle_reader *reader, const uint8_t *head,
                      uint8_t key[KEY_BYTES])
{
    const struct dh_key *own = reader->options.key;
    uint8_t hint[HINT_BYTES];
    make_hint(reader->options.network, head + MAGIC_BYTES + NETWORK_BYTES, own->public_key, hint);
    for (size_t i = 0; i < reader->recipients; i++) {
        const uint8_t *slot = head + HEAD_BYTES + i * SLOT_BYTES;
        if (memcmp(slot, hint, HINT_BYTES) == 0 &&
            crypto_box_seal_open(key, slot + HINT_BYTES, SLOT_BYTES - HINT_BYTES, own->public_key,
                                 own->secret) == 0)
            return true;
    }
    return false;
}

static enum status take_slots(struct bundle_reader *reader, const uint8_t *head, struct error *err)
{
    uint8_t key[KEY_BYTES];
    size_t size = HEAD_BYTES + reader->recipients * SLOT_BYTES;
    if (!open_slot(reader, head, key))
        return error_set(err, STATUS_DENIED, "this bundle is not for this device");
    hash_head(reader->options.network, bytes_of(head, size), &reader->head);
    int code = crypto_secretstream_xchacha20poly1305_init_pull(&reader->stream, head + size, key);
    sodium_memzero(key, sizeof key);
    if (code != 0)
        return error_set(err, STATUS_BAD_INPUT, "the bundle is damaged: %s", "its head");
    reader->phase = PHASE_UNITS;
    return STATUS_OK;
}

static bool is_known(uint8_t type)
{
    return type < MESSAGE_OPTIONAL_FROM || type == MESSAGE_UNIT;
}

static enum status take_messages(struct bundle_reader *reader, struct error *err)
{
    struct bytes rest = buffer_bytes(&reader->plain);
    struct message message;
    bool taken = true;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && taken) {
        if (message_take(&rest, &message, &taken) != STATUS_OK)
            status = error_set(err, STATUS_BAD_INPUT, "the bundle is damaged: %s", "a message");
        else if (taken && is_known(message.type))
            status = reader->options.take(reader->options.context, &message, err);
    }
    buffer_consume(&reader->plain, reader->plain.size - rest.size);
    return status;
}

static enum status take_unit(struct bundle_reader *reader, struct bytes unit, struct error *err)
{
    uint8_t plain[BUNDLE_UNIT_MAX], tag;
    unsigned long long size;
    if (crypto_secretstream_xchacha20poly1305_pull(&reader->stream, plain, &size, &tag, unit.data,
                                                   unit.size, reader->head.bytes,
                                                   reader->begun ? 0 : HASH_BYTES) != 0)
        return error_set(err, STATUS_BAD_INPUT, "the bundle is damaged: %s", "a unit");
    reader->begun = true;
    if (buffer_append(&reader->plain, plain, (size_t)size) != STATUS_OK)
        return no_memory(err);
    TRY(take_messages(reader, err));
    if (tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL)
        return STATUS_OK;
    reader->phase = PHASE_DONE;
    return reader->plain.size == 0
               ? STATUS_OK
               : error_set(err, STATUS_BAD_INPUT, "the bundle is damaged: %s", "its end");
}

/* One step further; *size 0: more bytes are needed. */
static enum status take_part(struct bundle_reader *reader, struct bytes raw, size_t *size,
                             struct error *err)
{
    size_t slots = HEAD_BYTES + reader->recipients * SLOT_BYTES + STREAM_BYTES;
    *size = 0;
    switch (reader->phase) {
    case PHASE_HEAD: /* looked at; taken with the slots, which it is hashed with */
        return raw.size < HEAD_BYTES ? STATUS_OK : take_head(reader, raw.data, err);
    case PHASE_SLOTS:
        if (raw.size < slots)
            return STATUS_OK;
        *size = slots;
        return take_slots(reader, raw.data, err);
    case PHASE_UNITS:
        break;
    case PHASE_DONE:
        return raw.size == 0 ? STATUS_OK
                             : error_set(err, STATUS_BAD_INPUT, "the bundle is damaged: %s",
                                         "bytes behind its end");
    }
    size_t unit = raw.size < 2 ? 0 : (size_t)raw.data[0] << 8 | raw.data[1];
    if (raw.size >= 2 && (unit < UNIT_OVERHEAD || unit > BUNDLE_UNIT_MAX) &&
        !MUTANT("t10-unit-of-any-size"))
        return error_set(err, STATUS_BAD_INPUT, "the bundle is damaged: %s", "a length");
    if (raw.size < 2 || raw.size < 2 + unit)
        return STATUS_OK;
    *size = 2 + unit;
    return take_unit(reader, bytes_of(raw.data + 2, unit), err);
}

enum status bundle_feed(struct bundle_reader *reader, struct bytes bytes, struct error *err)
{
    if (buffer_append_bytes(&reader->raw, bytes) != STATUS_OK)
        return no_memory(err);
    struct bytes raw = buffer_bytes(&reader->raw);
    enum status status = STATUS_OK;
    bool moved = true;
    while (status == STATUS_OK && moved) {
        enum phase before = reader->phase;
        size_t size;
        status = take_part(reader, raw, &size, err);
        raw = bytes_of(raw.data + size, raw.size - size);
        moved = size > 0 || reader->phase != before;
    }
    buffer_consume(&reader->raw, reader->raw.size - raw.size);
    return status;
}
