/* Two real sessions and somebody between them.
 *
 * The first bytes say what both sides hold, how the line cuts their bytes and which of two people
 * is on it; the rest is what is done to them, a byte or three for each piece. One changes what is
 * on the wire: a session then ends without harm, and the next one, left alone, brings everything
 * over. The other has the keys and changes what is said: nothing falls over, and every session
 * ends. */

#include <stdlib.h>
#include <string.h>

#include "tests/support/wire.h"

#define SETUP_BYTES 5
#define SENT_BYTES_MAX (8u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct meddler {
    struct wire *wire;
    struct bytes orders;
    bool has_keys;
    struct buffer raw[WIRE_ENDS]; /* frames that aren't whole yet */
    struct noise noise[WIRE_ENDS];
    bool started[WIRE_ENDS];
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static uint8_t next(struct meddler *meddler)
{
    if (meddler->orders.size == 0)
        return 0;
    uint8_t order = meddler->orders.data[0];
    meddler->orders = bytes_of(meddler->orders.data + 1, meddler->orders.size - 1);
    return order;
}

/* Orders below 160 let it pass. */
static void meddle(struct meddler *meddler, struct buffer *bytes)
{
    uint8_t order = next(meddler);
    if (order < 160 || bytes->size == 0)
        return;
    uint8_t where = next(meddler), what = next(meddler);
    size_t at = (size_t)where * bytes->size / 256;
    if (order < 210) {
        bytes->data[at] ^= what ? what : 1;
    } else if (order < 225) {
        bytes->size = at;
    } else if (order < 240) {
        size_t size = bytes->size - at;
        struct buffer tail = {0};
        must(buffer_append(&tail, bytes->data + at, size) == STATUS_OK);
        must(buffer_append(bytes, tail.data, size) == STATUS_OK);
        buffer_release(&tail);
    } else {
        for (size_t i = at; i < bytes->size; i++)
            bytes->data[i] = (uint8_t)(what + i);
    }
}

/* Nonces go on as the receiver counts them. */
static void forge_frame(struct meddler *meddler, enum wire_end to, struct bytes frame,
                        struct buffer *out)
{
    struct noise *noise = &meddler->noise[to];
    struct buffer plain = {0}, sealed = {0};
    if (!meddler->started[to]) {
        *noise = meddler->wire->side[to].session->noise;
        noise->send = noise->receive;
        meddler->started[to] = true;
    }
    must(noise_decrypt(noise, frame, &plain, NULL) == STATUS_OK);
    meddle(meddler, &plain);
    if (plain.size > FRAME_BYTES_MAX - NOISE_TAG_BYTES)
        plain.size = FRAME_BYTES_MAX - NOISE_TAG_BYTES;
    must(noise_encrypt(noise, buffer_bytes(&plain), &sealed, NULL) == STATUS_OK);
    uint8_t head[2] = {(uint8_t)(sealed.size >> 8), (uint8_t)sealed.size};
    must(buffer_append(out, head, sizeof head) == STATUS_OK);
    must(buffer_append_bytes(out, buffer_bytes(&sealed)) == STATUS_OK);
    buffer_release(&plain);
    buffer_release(&sealed);
}

/* Handshakes pass: whoever changes them is the other one. */
static void forge(struct meddler *meddler, enum wire_end to, struct buffer *bytes)
{
    struct buffer *raw = &meddler->raw[to];
    struct buffer out = {0};
    must(buffer_append_bytes(raw, buffer_bytes(bytes)) == STATUS_OK);
    while (raw->size >= 2) {
        size_t size = (size_t)raw->data[0] << 8 | raw->data[1];
        if (raw->size < 2 + size)
            break;
        if (noise_done(&meddler->wire->side[to].session->noise))
            forge_frame(meddler, to, bytes_of(raw->data + 2, size), &out);
        else
            must(buffer_append(&out, raw->data, 2 + size) == STATUS_OK);
        buffer_consume(raw, 2 + size);
    }
    buffer_release(bytes);
    *bytes = out;
}

static void mangle(void *context, enum wire_end to, struct buffer *bytes)
{
    struct meddler *meddler = context;
    if (meddler->has_keys)
        forge(meddler, to, bytes);
    else
        meddle(meddler, bytes);
}

static void fill(struct fake *fake, uint8_t entries, uint8_t shape)
{
    static const uint32_t sizes[] = {40, 300, 5000, 90000};
    fake_write(fake, SCOPE_RECORDS(2), entries % 20, sizes[shape % 4]);
    if (shape & 4)
        fake_carry(fake, 9, SCOPE_RECORDS(3), entries / 20, sizes[shape / 8 % 4]);
}

static bool alike(struct fake *phone, struct fake *hub)
{
    struct hash ours, theirs;
    must(frontier_digest(fake_frontier(phone), &ours, NULL) == STATUS_OK);
    must(frontier_digest(fake_frontier(hub), &theirs, NULL) == STATUS_OK);
    return memcmp(ours.bytes, theirs.bytes, HASH_BYTES) == 0;
}

static void exchange(struct wire *wire)
{
    wire_exchange(wire);
    for (int end = 0; end < WIRE_ENDS; end++) {
        must(wire->side[end].over);
        must(wire->side[end].send_most < SENT_BYTES_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fake phone, hub;
    static struct wire wire;
    if (size < SETUP_BYTES || size > 4096)
        return 0;
    struct meddler meddler = {.wire = &wire,
                              .orders = bytes_of(data + SETUP_BYTES, size - SETUP_BYTES),
                              .has_keys = data[0] & 1};
    fake_init(&phone, "phone", 7, 1);
    fake_init(&hub, "hub", DEVICE_HUB, 2);
    fake_knows(&hub, &phone, SESSION_DONE);
    fill(&phone, data[1], data[2]);
    fill(&hub, data[3], data[4]);
    wire_init(&wire, &phone, &hub);
    wire.chunk_bytes = data[0] & 2 ? 100u << (data[0] >> 2 & 7) : 0;
    wire.mangle = mangle;
    wire.context = &meddler;
    exchange(&wire);
    wire.mangle = NULL;
    if (!meddler.has_keys) {
        exchange(&wire);
        must(wire_totals(&wire, WIRE_CLIENT)->code == SESSION_DONE && alike(&phone, &hub));
    }
    for (int end = 0; end < WIRE_ENDS; end++)
        buffer_release(&meddler.raw[end]);
    wire_release(&wire);
    fake_release(&phone);
    fake_release(&hub);
    return 0;
}
