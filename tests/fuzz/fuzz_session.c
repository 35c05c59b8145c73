/* A peer that keeps no rules against a session: its messages are encrypted as they must be and say
 * anything. The first byte chooses the role and how the bytes are cut into frames. The session must
 * neither crash nor grow, and what it sends must always be well-formed (the puppet checks). */

#include <assert.h>

#include "tests/support/puppet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void against_responder(struct puppet *puppet, struct bytes said, size_t frame, bool greeted)
{
    struct buffer payload = {0};
    if (greeted)
        puppet_hello(&payload);
    puppet_event(puppet, SESSION_STARTED);
    if (!greeted) { /* the first message, too, says anything */
        size_t first = said.size < 7000 ? said.size : 7000;
        assert(buffer_append(&payload, said.data, first) == STATUS_OK);
        said = bytes_of(said.data + first, said.size - first);
    }
    puppet_shake(puppet, buffer_bytes(&payload));
    buffer_release(&payload);
    if (noise_done(&puppet->noise))
        puppet_say(puppet, said, frame);
}

static void against_initiator(struct puppet *puppet, struct bytes said, size_t frame)
{
    size_t first = said.size < 4000 ? said.size : 4000;
    puppet_event(puppet, SESSION_STARTED);
    if (puppet->over || puppet->noise.messages_done != 1)
        return;
    puppet_shake(puppet, bytes_of(said.data, first));
    if (noise_done(&puppet->noise) && !puppet->over)
        puppet_say(puppet, bytes_of(said.data + first, said.size - first), frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct puppet puppet;
    if (size < 1 || size > 65536)
        return 0;
    struct bytes said = bytes_of(data + 1, size - 1);
    size_t frame = (data[0] & 0x70) == 0 ? 0 : (size_t)1 << ((data[0] >> 4 & 7) + 2);
    bool initiator = data[0] & 1, greeted = data[0] & 2;
    puppet_init(&puppet, initiator ? SESSION_INITIATOR : SESSION_RESPONDER);
    if (initiator)
        against_initiator(&puppet, said, frame);
    else
        against_responder(&puppet, said, frame, greeted);
    if (!puppet.over)
        puppet_event(&puppet, SESSION_LOST);
    assert(puppet.sent_bytes < 4u * 1024 * 1024);
    puppet_release(&puppet);
    return 0;
}
