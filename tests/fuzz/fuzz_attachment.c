/* The messages about attachments, and values of attachments, on any bytes. */

#include <stdlib.h>

#include "protocol/attachment_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* What was read is written again and read the same. */
static void check_offer(struct bytes in)
{
    static struct message_offer offer, again;
    struct buffer out = {0};
    struct message message;
    bool taken;
    if (!message_decode_offer(in, &offer))
        return;
    must(offer.names_count <= OFFER_NAMES_MAX && offer.sought_count <= OFFER_NAMES_MAX);
    must(message_put_offer(&out, &offer) == STATUS_OK);
    struct bytes rest = buffer_bytes(&out);
    must(message_take(&rest, &message, &taken) == STATUS_OK && taken);
    must(message_decode_offer(message.body, &again));
    must(again.names_count == offer.names_count && again.sought_count == offer.sought_count);
    buffer_release(&out);
}

static void check_want(struct bytes in)
{
    struct message_want want;
    if (message_decode_want(in, &want))
        must(want.count <= WANT_UNITS_MAX &&
             (uint64_t)want.from + want.count <= attachment_units(want.name.bytes));
}

static void check_unit(struct bytes in)
{
    struct message_unit unit;
    struct attachment_parent parent;
    if (!message_decode_unit(in, &unit))
        return;
    must(unit.unit.size > 0 && unit.unit.size <= ATTACHMENT_UNIT_BYTES);
    must(unit.unit.data >= in.data && unit.unit.data + unit.unit.size <= in.data + in.size);
    if (unit.position == 0)
        return;
    parent = attachment_parent_of(unit.name.bytes, unit.position);
    must(parent.position < unit.position);
    must((parent.index + 1) * HASH_BYTES <=
         attachment_unit_bytes(unit.name.bytes, parent.position));
}

static void check_value(struct bytes in)
{
    struct attachment_head head;
    struct attachment_description described;
    struct buffer again = {0};
    if (attachment_head_read(&head, in))
        must(attachment_units(head.file.bytes) <= 4714);
    if (!attachment_plain_read(&head, &described, in))
        return;
    must(attachment_plain_pack(&again, &head, &described) == STATUS_OK);
    must(bytes_equal(buffer_bytes(&again), in));
    buffer_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct attachment_name name;
    check_offer(in);
    check_want(in);
    check_unit(in);
    check_value(in);
    if (message_decode_none(in, &name))
        must(name.bytes > 0 && name.bytes <= ATTACHMENT_BYTES_MAX);
    return 0;
}
