/* Bytes at the hub's port: frames, handshakes and transport that nobody encrypted. */

#include <assert.h>

#include "tests/support/puppet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct puppet puppet;
    if (size < 1 || size > 32768)
        return 0;
    struct buffer payload = {0};
    puppet_init(&puppet, SESSION_RESPONDER);
    puppet_event(&puppet, SESSION_STARTED);
    if (data[0] & 1) { /* behind an honest handshake */
        puppet_hello(&payload);
        puppet_shake(&puppet, buffer_bytes(&payload));
    }
    if (!puppet.over)
        puppet_raw(&puppet, bytes_of(data + 1, size - 1));
    /* Strangers get silence. */
    assert(data[0] & 1 || puppet.sent_bytes == 0);
    buffer_release(&payload);
    puppet_release(&puppet);
    return 0;
}
