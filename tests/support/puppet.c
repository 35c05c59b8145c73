#include "tests/support/puppet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/knock.h"
#include "protocol/message.h"
#include "tests/support/must.h"

/* ---- hearing ---- */

static void hear_frame(struct puppet *puppet, struct bytes frame)
{
    bool first = puppet->noise.role == NOISE_RESPONDER && puppet->noise.messages_done == 0;
    MUST_HOLD(!first ||
              knock_take(frame, &puppet->fake.network, puppet->noise.local.public_key, &frame));
    enum status status = noise_done(&puppet->noise)
                             ? noise_decrypt(&puppet->noise, frame, &puppet->heard, NULL)
                             : noise_read(&puppet->noise, frame, &puppet->heard, NULL);
    MUST_HOLD(status == STATUS_OK);
}

static void hear(struct puppet *puppet, struct bytes bytes)
{
    puppet->sent_bytes += bytes.size;
    MUST_HOLD(buffer_append_bytes(&puppet->raw, bytes) == STATUS_OK);
    while (puppet->raw.size >= 2) {
        size_t size = (size_t)puppet->raw.data[0] << 8 | puppet->raw.data[1];
        MUST_HOLD(size > 0 && size <= FRAME_BYTES_MAX);
        if (puppet->raw.size < 2 + size)
            break;
        hear_frame(puppet, bytes_of(puppet->raw.data + 2, size));
        buffer_consume(&puppet->raw, 2 + size);
    }
}

/* One event, and the answers to all questions that follow from it. */
static void step(struct puppet *puppet, struct session_event event)
{
    struct session_update update;
    do {
        event.now_ms = puppet->now_ms;
        MUST_HOLD(session_step(puppet->session, &event, &update, NULL) == STATUS_OK);
        hear(puppet, update.send);
        MUST_HOLD(!update.over || !update.question);
        puppet->over = update.over;
        event.kind = SESSION_ANSWER;
        if (update.question)
            event.answer = fake_answer(&puppet->fake, update.question);
    } while (update.question);
}

/* ---- speaking ---- */

void puppet_event(struct puppet *puppet, enum session_event_kind kind)
{
    step(puppet, (struct session_event){.kind = kind});
}

void puppet_tell(struct puppet *puppet, struct buffer *message)
{
    puppet_say(puppet, buffer_bytes(message), 0);
    buffer_release(message);
}

void puppet_raw(struct puppet *puppet, struct bytes bytes)
{
    step(puppet, (struct session_event){.kind = SESSION_BYTES, .bytes = bytes});
}

static void raw_frame(struct puppet *puppet, struct buffer *sealed)
{
    uint8_t length[2] = {(uint8_t)(sealed->size >> 8), (uint8_t)sealed->size};
    struct buffer frame = {0};
    MUST_HOLD(buffer_append(&frame, length, 2) == STATUS_OK);
    MUST_HOLD(buffer_append_bytes(&frame, buffer_bytes(sealed)) == STATUS_OK);
    puppet_raw(puppet, buffer_bytes(&frame));
    buffer_release(&frame);
    buffer_release(sealed);
}

static void shake(struct puppet *puppet, struct bytes payload, uint8_t change)
{
    struct buffer sealed = {0};
    uint8_t knock[KNOCK_BYTES];
    MUST_HOLD(noise_write(&puppet->noise, payload, &sealed, NULL) == STATUS_OK);
    if (puppet->noise.role == NOISE_INITIATOR) {
        knock_make(knock, &puppet->fake.network, puppet->noise.remote_static,
                   buffer_bytes(&sealed));
        knock[0] ^= change;
        MUST_HOLD(buffer_append(&sealed, knock, sizeof knock) == STATUS_OK);
    }
    raw_frame(puppet, &sealed);
}

void puppet_shake(struct puppet *puppet, struct bytes payload)
{
    shake(puppet, payload, 0);
}

void puppet_shake_unknocked(struct puppet *puppet, struct bytes payload)
{
    shake(puppet, payload, 1);
}

void puppet_say(struct puppet *puppet, struct bytes plain, size_t frame_bytes)
{
    size_t most = frame_bytes ? frame_bytes : FRAME_BYTES_MAX - NOISE_TAG_BYTES;
    while (plain.size > 0 && !puppet->over) {
        struct buffer sealed = {0};
        size_t size = plain.size < most ? plain.size : most;
        MUST_HOLD(noise_encrypt(&puppet->noise, bytes_of(plain.data, size), &sealed, NULL) ==
                  STATUS_OK);
        raw_frame(puppet, &sealed);
        plain = bytes_of(plain.data + size, plain.size - size);
    }
}

void puppet_hello(struct buffer *payload)
{
    static const uint8_t nothing[] = {0x90};
    struct message_hello hello = {
        .version = SESSION_VERSION, .device = 7, .delta = {nothing, sizeof nothing}};
    MUST_HOLD(message_put_hello(payload, &hello) == STATUS_OK);
}

/* ---- life ---- */

static struct bytes prologue_of(const struct network *network, uint8_t out[24])
{
    memcpy(out, "jinqiu/1", 8);
    memcpy(out + 8, network->id, NETWORK_BYTES);
    return bytes_of(out, 24);
}

void puppet_init(struct puppet *puppet, enum session_role role)
{
    bool responder = role == SESSION_RESPONDER;
    struct fake peer;
    uint8_t prologue[24];
    *puppet = (struct puppet){.now_ms = 1000};
    fake_init(&puppet->fake, responder ? "hub" : "phone", responder ? DEVICE_HUB : 7, 1);
    fake_init(&peer, "puppet", responder ? 7 : DEVICE_HUB, 2);
    struct session_options options = {
        .role = role, .network = puppet->fake.network, .local = puppet->fake.dh};
    memcpy(options.remote, peer.dh.public_key, DH_KEY_BYTES);
    if (responder)
        fake_knows(&puppet->fake, &peer, SESSION_DONE);
    MUST_HOLD(session_new(&puppet->session, &options, NULL) == STATUS_OK);
    noise_start(&puppet->noise, responder ? NOISE_INITIATOR : NOISE_RESPONDER,
                prologue_of(&puppet->fake.network, prologue), &peer.dh,
                responder ? puppet->fake.dh.public_key : NULL, NULL);
    fake_release(&peer);
}

void puppet_release(struct puppet *puppet)
{
    session_free(puppet->session);
    fake_release(&puppet->fake);
    buffer_release(&puppet->raw);
    buffer_release(&puppet->heard);
}

void puppet_end(struct puppet *puppet, bool broken)
{
    MUST_HOLD(puppet->over == broken);
    MUST_HOLD(!broken || session_totals(puppet->session)->code == SESSION_BROKEN_RULE);
    puppet_release(puppet);
}
