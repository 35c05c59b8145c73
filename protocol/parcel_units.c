#include "protocol/parcel_units.h"

#include "protocol/attachment_message.h"

/* The message without type and length, as a bundle puts these itself. */
static enum status put_unit(struct parcel_units *units, const struct message_unit *unit,
                            struct error *err)
{
    struct buffer stream = {0};
    struct message message;
    bool taken = false;
    enum status status = message_put_unit(&stream, unit);
    struct bytes rest = buffer_bytes(&stream);
    if (status == STATUS_OK)
        status = message_take(&rest, &message, &taken);
    if (status != STATUS_OK || !taken)
        error_set(err, STATUS_NO_MEMORY, "out of memory");
    else
        status = bundle_put(units->writer, MESSAGE_UNIT, message.body, err);
    buffer_release(&stream);
    return status;
}

static enum status put_units(struct replica *replica, struct parcel_units *units,
                             struct attachment_state *state, struct error *err)
{
    struct message_unit unit = {.name = state->name};
    struct buffer bytes = {0};
    enum status status = STATUS_OK;
    while (unit.position < state->units && status == STATUS_OK) {
        status = replica_unit_read(replica, state, unit.position, &bytes, err);
        unit.unit = buffer_bytes(&bytes);
        if (status == STATUS_OK)
            status = put_unit(units, &unit, err);
        units->count += status == STATUS_OK;
        unit.position++;
    }
    buffer_release(&bytes);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* damaged: the rest doesn't go */
}

static uint64_t bytes_of_all(const struct attachment_state *state)
{
    return (uint64_t)state->units * ATTACHMENT_UNIT_BYTES;
}

enum status parcel_units_write(struct replica *replica, struct parcel_units *units,
                               struct error *err)
{
    struct attachment_mark mark = {0};
    struct attachment_state state;
    bool found = true, may;
    while (found) {
        TRY(replica_attachment_next(replica, ATTACHMENTS_TO_OFFER, &mark, &state, &found, err));
        if (!found || bytes_of_all(&state) > units->bytes_left)
            continue;
        TRY(replica_attachment_readable(replica, &state, units->reader, &may, err));
        if (!may)
            continue;
        units->bytes_left -= bytes_of_all(&state);
        TRY(put_units(replica, units, &state, err));
    }
    return STATUS_OK;
}

enum status parcel_unit_take(struct replica *replica, struct bytes body, struct error *err)
{
    struct message_unit unit;
    struct attachment_state state;
    bool found, fits;
    if (!message_decode_unit(body, &unit))
        return STATUS_OK;
    TRY(replica_attachment_find(replica, &unit.name, &state, &found, err));
    if (found && state.held == unit.position)
        TRY(replica_attachment_readable(replica, &state, 0, &found, err));
    if (!found || state.held != unit.position)
        return STATUS_OK;
    return replica_unit_take(replica, &state, unit.unit, &fits, err);
}
