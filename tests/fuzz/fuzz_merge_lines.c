/* merge_lines on any bytes: base, left and right stand behind each other, 0xff between them. */

#include <stdlib.h>
#include <string.h>

#include "common/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct bytes take_part(struct bytes *rest)
{
    const uint8_t *end = rest->size ? memchr(rest->data, 0xff, rest->size) : NULL;
    struct bytes part = bytes_of(rest->data, end ? (size_t)(end - rest->data) : rest->size);
    size_t taken = part.size + (end != NULL);
    *rest = bytes_of(rest->data + taken, rest->size - taken);
    return part;
}

/* Merges into `out`; false when it isn't clean. */
static bool merges(struct bytes base, struct bytes left, struct bytes right, struct buffer *out)
{
    bool clean;
    must(merge_lines(base, left, right, out, &clean, NULL) == STATUS_OK);
    must(clean || out->size == 0);
    return clean;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = bytes_of(data, size);
    struct bytes base = take_part(&rest), left = take_part(&rest), right = take_part(&rest);
    struct buffer one = {0}, other = {0};
    bool clean = merges(base, left, right, &one);
    must(clean == merges(base, right, left, &other));
    must(bytes_equal(buffer_bytes(&one), buffer_bytes(&other)));
    if (merges(base, left, base, &one))
        must(bytes_equal(buffer_bytes(&one), left));
    if (merges(base, right, right, &one))
        must(bytes_equal(buffer_bytes(&one), right));
    buffer_release(&one);
    buffer_release(&other);
    return 0;
}
