#include <stdlib.h>

#include "common/entry.h"
#include "common/pack.h"
#include "common/seal.h"

#define RUN_BODIES_MAX 100000

static enum status pack_run(const struct run *run, struct buffer *out)
{
    bool keys = run->keys.size > 0;
    TRY(pack_array(out, keys ? 7 : 6));
    TRY(pack_uint(out, run->feed.scope));
    TRY(pack_uint(out, run->feed.device));
    TRY(pack_uint(out, run->feed.incarnation));
    TRY(pack_uint(out, run->first));
    TRY(pack_array(out, (uint32_t)run->count));
    for (size_t i = 0; i < run->count; i++)
        TRY(pack_bin(out, run->bodies[i]));
    TRY(pack_bin(out, bytes_of(run->signature, SIGNATURE_BYTES)));
    return keys ? pack_bin(out, run->keys) : STATUS_OK;
}

enum status run_encode(const struct run *run, struct buffer *out, struct error *err)
{
    if (pack_run(run, out) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

static bool take_feed(struct unpack *in, struct run *run, bool *keys)
{
    uint32_t parts;
    uint64_t scope, device, incarnation;
    if (!unpack_array(in, &parts) || parts < 6 || parts > 7 ||
        !unpack_uint_max(in, UINT32_MAX, &scope) || !unpack_uint_max(in, UINT32_MAX, &device) ||
        !unpack_uint_max(in, UINT32_MAX, &incarnation) ||
        !unpack_uint_max(in, UINT64_MAX / 2, &run->first))
        return false;
    *keys = parts == 7;
    run->feed = (struct feed_id){(uint32_t)scope, (uint32_t)device, (uint32_t)incarnation};
    return device > 0 && incarnation > 0 && run->first > 0;
}

static enum status take_bodies(struct unpack *in, struct bytes **bodies, size_t *count,
                               struct error *err)
{
    uint32_t items;
    if (!unpack_array(in, &items) || items == 0 || items > RUN_BODIES_MAX)
        return error_set(err, STATUS_BAD_INPUT, "a run has no entries or too many");
    struct bytes *all = malloc(items * sizeof *all);
    if (!all)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (uint32_t i = 0; i < items; i++)
        if (!unpack_bin(in, &all[i])) {
            free(all);
            return error_set(err, STATUS_BAD_INPUT, "an entry of a run is broken");
        }
    *bodies = all;
    *count = items;
    return STATUS_OK;
}

static bool take_end(struct unpack *in, struct run *run, bool keys)
{
    struct bytes signature;
    if (!unpack_bin(in, &signature) || signature.size != SIGNATURE_BYTES)
        return false;
    run->signature = signature.data;
    if (keys && (!unpack_bin(in, &run->keys) || run->keys.size == 0 ||
                 run->keys.size % SEAL_WRAPPED_BYTES != 0))
        return false;
    return unpack_done(in);
}

enum status run_decode(struct run *run, struct bytes **bodies, struct bytes encoded,
                       struct error *err)
{
    struct unpack in = unpack_of(encoded);
    bool keys;
    *bodies = NULL;
    *run = (struct run){0};
    if (!take_feed(&in, run, &keys))
        return error_set(err, STATUS_BAD_INPUT, "a run does not name its feed");
    TRY(take_bodies(&in, bodies, &run->count, err));
    if (!take_end(&in, run, keys)) {
        free(*bodies);
        *bodies = NULL;
        return error_set(err, STATUS_BAD_INPUT, "a run has no signature or bytes behind it");
    }
    run->bodies = *bodies;
    return STATUS_OK;
}
