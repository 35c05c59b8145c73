/* Bundles that people carry: late, twice, torn, spoiled, to whom they aren't for. */

#include <stdlib.h>
#include <string.h>

#include "protocol/parcel.h"
#include "tests/sim/world_state.h"

#define PIECE_BYTES 3000

/* What a device in two lives gives away may be what the hub never takes. */
static bool is_apart(const struct world *world, size_t at)
{
    const struct place *place = &world->fleet.places[at];
    return place->two_lives || place->put_back || place->retired ||
           replica_restoring(place->replica);
}

bool world_apart(const struct world *world, size_t one, size_t other)
{
    return is_apart(world, one) || is_apart(world, other);
}

static enum status onto_stick(void *context, struct bytes bytes, struct error *err)
{
    (void)err;
    return buffer_append(context, bytes.data, bytes.size);
}

/* The receiver's frontier file was carried here before. */
static enum status write_for(struct world *world, const struct event *event, size_t receiver,
                             struct buffer *stick, struct error *err)
{
    struct replica *replica = world->fleet.places[event->place].replica;
    struct parcel_wish wish = {.sink = onto_stick, .context = stick};
    struct receipt receipt = {0};
    struct buffer sealed = {0};
    struct parcel_written written = {0};
    enum status status = STATUS_OK;
    if (receiver != event->place) {
        status = parcel_receipt(world->fleet.places[receiver].replica, 0, &sealed, err);
        if (status == STATUS_OK)
            status = parcel_open_receipt(replica, buffer_bytes(&sealed), &receipt, err);
        wish.receiver = &receipt;
    }
    if (status == STATUS_OK)
        status = parcel_write(replica, &wish, &written, err);
    receipt_release(&receipt);
    buffer_release(&sealed);
    world_note(world, "place %u packs for %zu: %s, %llu entries", event->place, receiver,
               status_name(status), (unsigned long long)written.entries);
    return status;
}

void live_pack(struct world *world, const struct event *event)
{
    struct buffer *stick = &world->sticks[event->a % WORLD_STICKS];
    struct error err = {0};
    size_t receiver = event->b == 0 ? event->place : (event->b - 1) % world->fleet.count;
    if (receiver == event->place && event->place == 0)
        receiver = 1;
    if (world_apart(world, event->place, receiver)) {
        world_probe(world, PROBE_APART);
        return;
    }
    buffer_clear(stick);
    if (write_for(world, event, receiver, stick, &err) == STATUS_OK)
        world_probe(world, PROBE_PACKED);
    world_mend(world);
}

/* ---- reading ---- */

static enum status feed(struct parcel *parcel, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0) {
        size_t size = bytes.size < PIECE_BYTES ? bytes.size : PIECE_BYTES;
        TRY(parcel_feed(parcel, bytes_of(bytes.data, size), err));
        bytes = bytes_of(bytes.data + size, bytes.size - size);
    }
    return STATUS_OK;
}

static void note_read(struct world *world, const struct event *event, enum status status,
                      const struct received *received, const struct error *err)
{
    world_note(world, "place %u unpacks: %s, %llu taken, %llu known, %llu aside, %llu refused",
               event->place, status_name(status), (unsigned long long)received->applied,
               (unsigned long long)received->known, (unsigned long long)received->aside,
               (unsigned long long)received->refused);
    if (status == STATUS_OK)
        world_probe(world, received->applied > 0 ? PROBE_UNPACKED : PROBE_UNPACKED_AGAIN);
    if (status == STATUS_DENIED)
        world_probe(world, PROBE_NOT_FOR);
    if (status == STATUS_BAD_INPUT && event->b > 0)
        world_probe(world, PROBE_TORN);
    else if (status == STATUS_BAD_INPUT)
        finding_set(&world->report->finding, "stick", "place %u can't read a whole bundle: %s",
                    event->place, err->text);
}

/* Torn behind b bytes, or with one of them spoiled. */
static struct buffer as_it_arrives(const struct event *event, const struct buffer *stick)
{
    struct buffer copy = {0};
    size_t size = stick->size, at = event->b % size;
    bool spoiled = event->b > 0 && event->seed % 2;
    if (event->b > 0 && !spoiled)
        size = at;
    if (buffer_append(&copy, stick->data, size) != STATUS_OK)
        abort();
    if (spoiled)
        copy.data[at] ^= (uint8_t)(1 + event->seed % 255);
    return copy;
}

void live_unpack(struct world *world, const struct event *event)
{
    const struct buffer *stick = &world->sticks[event->a % WORLD_STICKS];
    struct replica *replica = world->fleet.places[event->place].replica;
    struct parcel parcel = {0};
    struct error err = {0};
    if (stick->size == 0 || world_apart(world, event->place, event->place))
        return;
    struct buffer copy = as_it_arrives(event, stick);
    enum status status = parcel_open(&parcel, replica, &err);
    if (status == STATUS_OK) {
        status = feed(&parcel, buffer_bytes(&copy), &err);
        status = parcel_close(&parcel, status, &err);
    }
    buffer_release(&copy);
    note_read(world, event, status, &parcel.received, &err);
    world_mend(world);
    if (world_ok(world))
        ledger_look(&world->ledger, &world->fleet, event->place, &world->report->finding);
}
