#include "tests/support/wire.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/knock.h"
#include "tests/support/must.h"

#define NEVER UINT64_MAX
#define DAY_MS 86400000u
#define READ_BYTES 65536u /* what a host reads at once */

/* ---- trace ---- */

static void append(struct buffer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(struct buffer *out, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    MUST_HOLD(size >= 0 && (size_t)size < sizeof text);
    MUST_HOLD(buffer_append(out, text, (size_t)size) == STATUS_OK);
}

static void append_frontier(struct buffer *out, const struct frontier *frontier)
{
    for (size_t i = 0; i < frontier->count && i < 8; i++)
        append(out, " %u/%u:%" PRIu64, frontier->rows[i].feed.device, frontier->rows[i].feed.scope,
               frontier->rows[i].number);
    if (frontier->count > 8)
        append(out, " and %zu more", frontier->count - 8);
    if (frontier->count == 0)
        append(out, " nothing");
}

static void append_encoded(struct buffer *out, struct bytes encoded)
{
    struct frontier frontier = {0};
    MUST_HOLD(frontier_decode(&frontier, encoded, NULL) == STATUS_OK);
    append_frontier(out, &frontier);
    frontier_release(&frontier);
}

static void append_hello(struct buffer *out, struct bytes body)
{
    struct message_hello hello;
    MUST_HOLD(message_decode_hello(body, &hello));
    append(out, "HELLO device %u", hello.device);
    append(out, "%s%s%s", hello.flags & HELLO_WATCH ? " watching" : "",
           hello.flags & HELLO_ENROLLING ? " enrolling" : "",
           hello.flags & HELLO_UNTOLD ? " untold" : "");
    append(out, "%s, beyond:", hello.told_digest.size ? ", as told" : "");
    append_encoded(out, hello.delta);
}

static void append_welcome(struct buffer *out, struct bytes body)
{
    struct message_welcome welcome;
    MUST_HOLD(message_decode_welcome(body, &welcome));
    if (welcome.code != SESSION_DONE) {
        append(out, "WELCOME refused: %s", session_code_text((enum session_code)welcome.code));
        return;
    }
    append(out, "WELCOME device %u%s%s%s", welcome.device,
           welcome.remembered ? "" : ", not remembered", welcome.beacon.size ? ", beacon" : "",
           welcome.link_key.size ? ", link key" : "");
}

static void append_receipt(struct buffer *out, struct bytes body)
{
    struct receipt receipt = {0};
    struct bytes sealed;
    MUST_HOLD(message_decode_bin(body, &sealed));
    MUST_HOLD(receipt_peek(&receipt, sealed, NULL) == STATUS_OK);
    append(out, "RECEIPT");
    append_frontier(out, &receipt.held);
    receipt_release(&receipt);
}

static void append_run(struct buffer *out, struct bytes body)
{
    struct message_run run;
    MUST_HOLD(message_decode_run(body, &run));
    append(out, "RUN %u/%u %" PRIu64 "-%" PRIu64, run.feed.device, run.feed.scope, run.first,
           run.first + run.count - 1);
}

static void append_part(struct buffer *out, struct bytes body)
{
    struct message_part part;
    MUST_HOLD(message_decode_part(body, &part));
    append(out, "PART %u/%u %" PRIu64 ", %" PRIu64 " bytes", part.feed.device, part.feed.scope,
           part.first, part.bytes);
}

static void append_bye(struct buffer *out, struct bytes body)
{
    struct message_bye bye;
    MUST_HOLD(message_decode_bye(body, &bye));
    append(out, "BYE %" PRIu64 " '%.*s'", bye.code, (int)bye.text.size,
           (const char *)bye.text.data);
}

static void append_snapshot(struct buffer *out, const struct message *message)
{
    struct snapshot_given given;
    struct message_fetch fetch;
    struct message_chunk chunk;
    struct message_settled settled;
    if (message->type == MESSAGE_SNAPSHOT) {
        MUST_HOLD(message_decode_snapshot(message->body, &given));
        append(out, "SNAPSHOT %u of %u chunks", given.scope, given.chunks);
    } else if (message->type == MESSAGE_FETCH) {
        MUST_HOLD(message_decode_fetch(message->body, &fetch));
        append(out, "FETCH %u from %u", fetch.count, fetch.place);
    } else if (message->type == MESSAGE_CHUNK) {
        MUST_HOLD(message_decode_chunk(message->body, &chunk));
        append(out, "CHUNK %u: %zu of %u", chunk.place, chunk.piece.size, chunk.bytes);
    } else {
        MUST_HOLD(message_decode_settled(message->body, &settled));
        append(out, "SETTLED %" PRIu64, settled.code);
    }
}

static void append_message(struct buffer *out, const struct message *message)
{
    static const char *const plain[] = {
        [MESSAGE_ENROL] = "ENROL", [MESSAGE_SENT] = "SENT", [MESSAGE_TALLY] = "TALLY",
        [MESSAGE_PING] = "PING",   [MESSAGE_PONG] = "PONG",
    };
    struct bytes have;
    uint64_t code;
    switch (message->type) {
    case MESSAGE_HELLO:
        append_hello(out, message->body);
        break;
    case MESSAGE_WELCOME:
        append_welcome(out, message->body);
        break;
    case MESSAGE_HAVE:
        MUST_HOLD(message_decode_bin(message->body, &have));
        append(out, "HAVE");
        append_encoded(out, have);
        break;
    case MESSAGE_RUN:
        append_run(out, message->body);
        break;
    case MESSAGE_RECEIPT:
        append_receipt(out, message->body);
        break;
    case MESSAGE_BYE:
        append_bye(out, message->body);
        break;
    case MESSAGE_HOLD:
        MUST_HOLD(message_decode_number(message->body, &code));
        append(out, "HOLD %" PRIu64, code);
        break;
    case MESSAGE_SKETCH:
        MUST_HOLD(message_decode_bin(message->body, &have));
        append(out, "SKETCH of %zu bytes", have.size);
        break;
    case MESSAGE_DIFFERENCE:
        append(out, "DIFFERENCE of %zu bytes", message->body.size);
        break;
    case MESSAGE_PART:
        append_part(out, message->body);
        break;
    case MESSAGE_REST:
        append(out, "REST of %zu bytes", message->body.size);
        break;
    case MESSAGE_HELD:
        MUST_HOLD(message_decode_bin(message->body, &have));
        append(out, "HELD");
        append_encoded(out, have);
        break;
    case MESSAGE_SNAPSHOT:
    case MESSAGE_FETCH:
    case MESSAGE_CHUNK:
    case MESSAGE_SETTLED:
        append_snapshot(out, message);
        break;
    case MESSAGE_WIDER:
        MUST_HOLD(message_decode_number(message->body, &code));
        append(out, "WIDER %" PRIu64, code);
        break;
    default:
        append(out, "%s", message->type <= MESSAGE_PONG ? plain[message->type] : "?");
    }
}

static void note(struct wire *wire, enum wire_end end, const char *what)
{
    append(&wire->trace, "[%4" PRIu64 "] %s %s", wire->now_ms, wire->side[end].fake->name, what);
}

/* ---- reading along ---- */

static void tap_frame(struct wire *wire, enum wire_end to, struct bytes frame)
{
    struct wire_tap *tap = &wire->side[to].tap;
    size_t before = tap->stream.size;
    /* The keys for frames of a responder exist only after it wrote its answer. */
    if (!tap->started || !noise_done(&tap->noise))
        tap->noise = wire->side[to].session->noise;
    tap->started = true;
    if (tap->noise.messages_done == 0)
        frame.size -= KNOCK_BYTES;
    enum status status = noise_done(&tap->noise)
                             ? noise_decrypt(&tap->noise, frame, &tap->stream, NULL)
                             : noise_read(&tap->noise, frame, &tap->stream, NULL);
    MUST_HOLD(status == STATUS_OK);
    wire->payload_bytes += tap->stream.size - before;
}

/* Notes the whole messages of a stream, and what PACKED ones held. */
static void tap_messages(struct wire *wire, enum wire_end to, struct buffer *stream)
{
    struct wire_tap *tap = &wire->side[to].tap;
    struct bytes rest = buffer_bytes(stream);
    struct message message;
    bool taken = true;
    while (taken) {
        MUST_HOLD(message_take(&rest, &message, &taken) == STATUS_OK);
        if (taken && message.type == MESSAGE_PACKED) {
            MUST_HOLD(unpacker_add(&tap->unpacker, message.body, &tap->unpacked) == STATUS_OK);
            tap_messages(wire, to, &tap->unpacked);
        } else if (taken) {
            note(wire, to, "< ");
            append_message(&wire->trace, &message);
            append(&wire->trace, "\n");
        }
    }
    buffer_consume(stream, stream->size - rest.size);
}

static void tap_bytes(struct wire *wire, enum wire_end to, struct bytes bytes)
{
    struct wire_tap *tap = &wire->side[to].tap;
    MUST_HOLD(buffer_append_bytes(&tap->raw, bytes) == STATUS_OK);
    while (tap->raw.size >= 2) {
        size_t size = (size_t)tap->raw.data[0] << 8 | tap->raw.data[1];
        if (tap->raw.size < 2 + size)
            break;
        tap_frame(wire, to, bytes_of(tap->raw.data + 2, size));
        buffer_consume(&tap->raw, 2 + size);
    }
    tap_messages(wire, to, &tap->stream);
}

/* ---- the line ---- */

static void put_chunk(struct wire *wire, enum wire_end to, struct bytes bytes, bool end)
{
    struct wire_side *from = &wire->side[to == WIRE_HUB ? WIRE_CLIENT : WIRE_HUB];
    struct wire_chunk *chunk = malloc(sizeof *chunk + bytes.size);
    MUST_HOLD(chunk != NULL);
    uint64_t begin = from->line_free_ms > wire->now_ms ? from->line_free_ms : wire->now_ms;
    uint64_t takes = wire->bytes_per_s ? bytes.size * 1000 / wire->bytes_per_s : 0;
    from->line_free_ms = begin + takes;
    *chunk = (struct wire_chunk){
        .to = to, .due_ms = from->line_free_ms + wire->latency_ms, .end = end, .size = bytes.size};
    if (bytes.size > 0)
        memcpy(chunk->data, bytes.data, bytes.size);
    struct wire_chunk **at = &wire->chunks;
    while (*at && (*at)->due_ms <= chunk->due_ms)
        at = &(*at)->next;
    chunk->next = *at;
    *at = chunk;
}

static void put_bytes(struct wire *wire, enum wire_end to, struct bytes bytes)
{
    size_t most = wire->chunk_bytes ? wire->chunk_bytes : READ_BYTES;
    while (bytes.size > 0) {
        size_t size = bytes.size < most ? bytes.size : most;
        put_chunk(wire, to, bytes_of(bytes.data, size), false);
        bytes = bytes_of(bytes.data + size, bytes.size - size);
    }
}

static void drop_chunks(struct wire *wire)
{
    while (wire->chunks) {
        struct wire_chunk *chunk = wire->chunks;
        wire->chunks = chunk->next;
        free(chunk);
    }
}

/* ---- steps ---- */

static uint64_t sum_bytes(uint64_t sum, const void *data, size_t size)
{
    const uint8_t *at = data;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ at[i]) * 0x100000001b3u;
    return sum;
}

static uint64_t sum_frontier(uint64_t sum, const struct frontier *frontier)
{
    for (size_t i = 0; frontier && i < frontier->count; i++)
        sum = sum_bytes(sum, &frontier->rows[i].number, sizeof frontier->rows[i].number);
    return sum;
}

static uint64_t sum_question(const struct session_question *question)
{
    uint64_t sum = sum_bytes(0xcbf29ce484222325u, &question->ask, sizeof question->ask);
    if (question->ask == ASK_LOAD)
        sum = sum_frontier(sum, question->known);
    if (question->ask == ASK_REMEMBER)
        sum = sum_frontier(sum_frontier(sum, question->told), question->held);
    for (size_t i = 0; question->ask == ASK_STORE && i < question->runs_count; i++)
        sum = sum_bytes(sum, question->runs[i].encoded.data, question->runs[i].encoded.size);
    return sum;
}

static void step(struct wire *wire, enum wire_end end, struct session_event event);

static void answer(struct wire *wire, enum wire_end end)
{
    struct wire_side *side = &wire->side[end];
    const struct session_question *question = &side->session->question;
    MUST_HOLD(sum_question(question) == side->question_sum);
    side->question_open = false;
    const struct session_answer *given = fake_answer(side->fake, question);
    if (question->ask == ASK_STORE && given->status == STATUS_OK) {
        note(wire, end, "stored");
        append_frontier(&wire->trace, given->stored);
        append(&wire->trace, "\n");
    }
    if (question->ask == ASK_REMEMBER)
        note(wire, end,
             question->told == &side->session->told ? "notes progress\n" : "remembers\n");
    step(wire, end, (struct session_event){.kind = SESSION_ANSWER, .answer = given});
}

static void follow(struct wire *wire, enum wire_end end, const struct session_update *update)
{
    struct wire_side *side = &wire->side[end];
    enum wire_end other = end == WIRE_HUB ? WIRE_CLIENT : WIRE_HUB;
    if (update->send.size > side->send_most)
        side->send_most = update->send.size;
    put_bytes(wire, other, update->send);
    side->reading = !update->pause;
    if (update->settled) {
        side->settled++;
        note(wire, end, "settled\n");
    }
    /* A client that was admitted signs from now on. */
    if (side->fake->device == 0)
        side->fake->device = session_enrolled_as(side->session);
    if (update->over && !side->over) {
        side->over = true;
        if (side->question_open) /* storage does what it was asked all the same */
            fake_answer(side->fake, &side->session->question);
        put_chunk(wire, other, (struct bytes){0}, true);
        return;
    }
    if (!update->question || side->question_open || side->over)
        return;
    side->question_open = true;
    side->question_sum = sum_question(update->question);
    side->answer_due_ms = wire->now_ms + wire->storage_ms;
    if (wire->storage_ms == 0)
        answer(wire, end);
}

static void step(struct wire *wire, enum wire_end end, struct session_event event)
{
    struct session_update update;
    event.now_ms = wire->now_ms;
    event.congested = wire->side[end].congested;
    MUST_HOLD(session_step(wire->side[end].session, &event, &update, NULL) == STATUS_OK);
    follow(wire, end, &update);
}

void wire_event(struct wire *wire, enum wire_end end, enum session_event_kind kind)
{
    if (!wire->side[end].over)
        step(wire, end, (struct session_event){.kind = kind});
}

/* ---- life ---- */

void wire_init(struct wire *wire, struct fake *client, struct fake *hub)
{
    *wire = (struct wire){.latency_ms = 10, .cut_after_bytes = NEVER};
    wire->side[WIRE_CLIENT].fake = client;
    wire->side[WIRE_HUB].fake = hub;
    wire->options = (struct session_options){.role = SESSION_INITIATOR,
                                             .network = client->network,
                                             .local = client->dh,
                                             .sign = client->sign};
    memcpy(wire->options.remote, hub->dh.public_key, DH_KEY_BYTES);
}

static void close_side(struct wire_side *side)
{
    session_free(side->session);
    buffer_release(&side->tap.raw);
    buffer_release(&side->tap.stream);
    buffer_release(&side->tap.unpacked);
    unpacker_release(&side->tap.unpacker);
    *side = (struct wire_side){.fake = side->fake, .reading = true};
}

void wire_open(struct wire *wire)
{
    struct fake *hub = wire->side[WIRE_HUB].fake;
    struct session_options responder = {
        .role = SESSION_RESPONDER, .network = hub->network, .local = hub->dh};
    drop_chunks(wire);
    buffer_clear(&wire->trace);
    wire->now_ms = wire->carried_bytes = wire->payload_bytes = 0;
    for (int end = 0; end < WIRE_ENDS; end++)
        close_side(&wire->side[end]);
    MUST_HOLD(session_new(&wire->side[WIRE_HUB].session, &responder, NULL) == STATUS_OK);
    MUST_HOLD(session_new(&wire->side[WIRE_CLIENT].session, &wire->options, NULL) == STATUS_OK);
    wire_event(wire, WIRE_HUB, SESSION_STARTED);
    wire_event(wire, WIRE_CLIENT, SESSION_STARTED);
}

static void lose_both(struct wire *wire)
{
    drop_chunks(wire);
    wire->cut_after_bytes = NEVER;
    wire_event(wire, WIRE_CLIENT, SESSION_LOST);
    wire_event(wire, WIRE_HUB, SESSION_LOST);
    drop_chunks(wire);
}

static void hand_over(struct wire *wire, enum wire_end to, struct bytes bytes)
{
    struct buffer mangled = {0};
    if (wire->mangle) {
        MUST_HOLD(buffer_append_bytes(&mangled, bytes) == STATUS_OK);
        wire->mangle(wire->context, to, &mangled);
        bytes = buffer_bytes(&mangled);
    } else {
        tap_bytes(wire, to, bytes);
    }
    if (bytes.size > 0)
        step(wire, to, (struct session_event){.kind = SESSION_BYTES, .bytes = bytes});
    buffer_release(&mangled);
}

static void deliver(struct wire *wire, struct wire_chunk *chunk)
{
    struct wire_side *side = &wire->side[chunk->to];
    uint64_t left = wire->cut_after_bytes - wire->carried_bytes;
    size_t size = chunk->size < left ? chunk->size : (size_t)left;
    struct bytes bytes = bytes_of(chunk->data, size);
    wire->carried_bytes += size;
    if (chunk->end) {
        wire_event(wire, chunk->to, SESSION_LOST);
    } else if (!side->over && size > 0) {
        hand_over(wire, chunk->to, bytes);
    }
    free(chunk);
    if (wire->carried_bytes >= wire->cut_after_bytes)
        lose_both(wire);
}

/* The chunk that comes next, of an end that reads. */
static struct wire_chunk **next_chunk(struct wire *wire)
{
    struct wire_chunk **at = &wire->chunks;
    while (*at && !wire->side[(*at)->to].reading && !wire->side[(*at)->to].over)
        at = &(*at)->next;
    return at;
}

static uint64_t side_due(const struct wire_side *side)
{
    if (side->over)
        return NEVER;
    return side->question_open ? side->answer_due_ms : session_deadline_ms(side->session);
}

void wire_run(struct wire *wire, uint64_t until_ms)
{
    for (;;) {
        struct wire_chunk **chunk = next_chunk(wire);
        uint64_t due = *chunk ? (*chunk)->due_ms : NEVER;
        enum wire_end end = side_due(&wire->side[WIRE_CLIENT]) <= side_due(&wire->side[WIRE_HUB])
                                ? WIRE_CLIENT
                                : WIRE_HUB;
        uint64_t side = side_due(&wire->side[end]);
        uint64_t next = due <= side ? due : side;
        if (next == NEVER || next > until_ms)
            break;
        wire->now_ms = next > wire->now_ms ? next : wire->now_ms;
        if (due <= side) {
            struct wire_chunk *first = *chunk;
            *chunk = first->next;
            deliver(wire, first);
        } else if (wire->side[end].question_open) {
            answer(wire, end);
        } else {
            wire_event(wire, end, SESSION_TICK);
        }
    }
    if (until_ms < DAY_MS && until_ms > wire->now_ms)
        wire->now_ms = until_ms;
}

void wire_exchange(struct wire *wire)
{
    wire_open(wire);
    wire_run(wire, DAY_MS);
}

const struct session_totals *wire_totals(const struct wire *wire, enum wire_end end)
{
    return session_totals(wire->side[end].session);
}

const char *wire_trace(struct wire *wire)
{
    MUST_HOLD(buffer_append(&wire->trace, "", 1) == STATUS_OK);
    wire->trace.size--;
    return (const char *)wire->trace.data;
}

void wire_release(struct wire *wire)
{
    drop_chunks(wire);
    for (int end = 0; end < WIRE_ENDS; end++)
        close_side(&wire->side[end]);
    buffer_release(&wire->trace);
}
