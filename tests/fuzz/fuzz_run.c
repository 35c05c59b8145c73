/* run_decode on any bytes, and entry_decode on the bodies that it gives. */

#include <stdlib.h>

#include "tests/support/spell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check(const struct run *run, struct bytes in)
{
    struct buffer again = {0};
    struct entry_view view = {0};
    must(run->count > 0 && run->first > 0);
    must(run->count * sizeof *run->bodies <= 16 * in.size + 65536);
    must(run_encode(run, &again, NULL) == STATUS_OK);
    must(bytes_equal(buffer_bytes(&again), in));
    for (size_t i = 0; i < run->count; i++) {
        struct bytes body = run->bodies[i];
        must(body.data >= in.data && body.size <= (size_t)(in.data + in.size - body.data));
        if (entry_decode(&view, &run->feed, body, NULL) == STATUS_OK)
            must(spell_same(&view, body));
    }
    entry_view_release(&view);
    buffer_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run run;
    struct bytes *bodies;
    struct bytes in = bytes_of(data, size);
    if (run_decode(&run, &bodies, in, NULL) == STATUS_OK)
        check(&run, in);
    free(bodies);
    return 0;
}
