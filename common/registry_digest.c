/* By which rights the entries of a feed were judged, as one digest (registry_rights_digest). */

#include <stdlib.h>
#include <string.h>

#include "common/registry_state.h"

/* Numbers at which another certificate begins to judge, or where a revocation cut. */
struct turns {
    uint64_t *numbers;
    size_t count;
};

static int by_size(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

static void add_turn(struct turns *turns, uint64_t at, uint64_t last)
{
    if (at >= 1 && at <= last)
        turns->numbers[turns->count++] = at;
}

static enum status turns_list(const struct device_record *record, const struct feed_id *feed,
                              uint64_t last, struct turns *turns, struct error *err)
{
    turns->numbers = calloc(record->older_count + 3, sizeof *turns->numbers);
    if (!turns->numbers)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    add_turn(turns, 1, last);
    add_turn(turns, frontier_get(&record->device.certificate.from, feed), last);
    for (size_t i = 0; i < record->older_count; i++)
        add_turn(turns, frontier_get(&record->older[i].from, feed), last);
    add_turn(turns, frontier_get(&record->cut, feed) + 1, last);
    qsort(turns->numbers, turns->count, sizeof *turns->numbers, by_size);
    return STATUS_OK;
}

#define RIGHTS_BYTES 8

/* What registry_permits asks before it looks at the entry itself. Whether a chain is the one that a
 * revocation names isn't asked: who has no chain yet couldn't say. */
static void rights_at(const struct registry *registry, const struct device_record *record,
                      const struct dot *dot, uint8_t rights[RIGHTS_BYTES])
{
    const struct certificate *writer = device_certificate_at(record, &dot->feed, dot->number);
    enum standing standing = device_standing(record, dot);
    put_u32le(rights, writer ? writer->org : 0);
    rights[4] = writer ? (uint8_t)writer->role : 0;
    rights[5] = standing == STANDS_BEYOND;
    rights[6] = writer && certificate_void(registry, writer);
    enum status within =
        writer ? registry_check_within(registry, writer->org, SCOPE_ORG(dot->feed.scope), NULL)
               : STATUS_OK;
    rights[7] = within == STATUS_OK ? 0 : within == STATUS_UNKNOWN ? 2 : 1;
}

static enum status put_turns(const struct registry *registry, const struct device_record *record,
                             const struct feed_id *feed, const struct turns *turns,
                             struct buffer *out)
{
    uint8_t before[RIGHTS_BYTES] = {0}, rights[RIGHTS_BYTES], number[8];
    for (size_t i = 0; i < turns->count; i++) {
        struct dot dot = {*feed, turns->numbers[i]};
        rights_at(registry, record, &dot, rights);
        if (i > 0 && memcmp(before, rights, sizeof rights) == 0)
            continue;
        memcpy(before, rights, sizeof rights);
        put_u64le(number, dot.number);
        TRY(buffer_append(out, number, sizeof number));
        TRY(buffer_append(out, rights, sizeof rights));
    }
    return STATUS_OK;
}

enum status registry_rights_digest(const struct registry *registry, const struct dot *last,
                                   struct hash *digest, struct error *err)
{
    const struct device_record *record = registry_record(registry, last->feed.device);
    struct turns turns = {0};
    struct buffer out = {0};
    if (!record)
        return error_set(err, STATUS_UNKNOWN, "device %u is not known yet", last->feed.device);
    enum status status = turns_list(record, &last->feed, last->number, &turns, err);
    if (status == STATUS_OK && put_turns(registry, record, &last->feed, &turns, &out) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    hash_object(digest, TAG_DIGEST, &registry->network, buffer_bytes(&out));
    free(turns.numbers);
    buffer_release(&out);
    return status;
}
