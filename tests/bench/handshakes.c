#include "tests/bench/handshakes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/knock.h"
#include "tests/bench/timing.h"
#include "tests/support/puppet.h"

struct hub {
    struct fake phone, fake;
    uint8_t prologue[8 + NETWORK_BYTES];
};

static void must(enum status status)
{
    if (status == STATUS_OK)
        return;
    fprintf(stderr, "handshakes: %s\n", status_name(status));
    exit(1);
}

static void hub_init(struct hub *hub)
{
    fake_init(&hub->phone, "phone", 7, 1);
    fake_init(&hub->fake, "hub", DEVICE_HUB, 2);
    fake_knows(&hub->fake, &hub->phone, SESSION_DONE);
    memcpy(hub->prologue, "jinqiu/1", 8);
    memcpy(hub->prologue + 8, hub->fake.network.id, NETWORK_BYTES);
}

static void hub_release(struct hub *hub)
{
    fake_release(&hub->phone);
    fake_release(&hub->fake);
}

/* The frame with which the phone begins, each time with another ephemeral key. */
static void first_frame(const struct hub *hub, struct buffer *frame, uint8_t change)
{
    struct noise noise;
    struct buffer hello = {0};
    uint8_t knock[KNOCK_BYTES];
    puppet_hello(&hello);
    buffer_clear(frame);
    size_t size = hello.size + NOISE_FIRST_OVERHEAD + KNOCK_BYTES;
    must(buffer_append(frame, (uint8_t[]){(uint8_t)(size >> 8), (uint8_t)size}, 2));
    noise_start(&noise, NOISE_INITIATOR, bytes_of(hub->prologue, sizeof hub->prologue),
                &hub->phone.dh, hub->fake.dh.public_key, NULL);
    must(noise_write(&noise, buffer_bytes(&hello), frame, NULL));
    knock_make(knock, &hub->fake.network, hub->fake.dh.public_key,
               bytes_of(frame->data + 2, frame->size - 2));
    knock[0] ^= change;
    must(buffer_append(frame, knock, sizeof knock));
    noise_release(&noise);
    buffer_release(&hello);
}

/* Gives the bytes that the hub answered. */
static size_t answer(struct hub *hub, struct bytes frame)
{
    struct session_options options = {
        .role = SESSION_RESPONDER, .network = hub->fake.network, .local = hub->fake.dh};
    struct session *session;
    struct session_update update;
    struct session_event event = {.kind = SESSION_STARTED, .now_ms = 1};
    must(session_new(&session, &options, NULL));
    must(session_step(session, &event, &update, NULL));
    event = (struct session_event){.kind = SESSION_BYTES, .now_ms = 1, .bytes = frame};
    must(session_step(session, &event, &update, NULL));
    size_t size = update.send.size;
    while (update.question) {
        event = (struct session_event){.kind = SESSION_ANSWER, .now_ms = 1};
        event.answer = fake_answer(&hub->fake, update.question);
        must(session_step(session, &event, &update, NULL));
        size += update.send.size;
    }
    session_free(session);
    return size;
}

static double rate(size_t count, uint8_t change)
{
    struct hub hub;
    struct buffer frame = {0};
    double took = 0;
    hub_init(&hub);
    for (size_t i = 0; i < count; i++) {
        first_frame(&hub, &frame, change);
        double start = now();
        size_t answered = answer(&hub, buffer_bytes(&frame));
        took += now() - start;
        must((answered > 0) == (change == 0) ? STATUS_OK : STATUS_PROTOCOL);
    }
    buffer_release(&frame);
    hub_release(&hub);
    return (double)count / took;
}

double handshakes_a_second(size_t count)
{
    return rate(count, 0);
}

double refusals_a_second(size_t count)
{
    return rate(count, 1);
}
