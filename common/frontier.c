#include "common/frontier.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/pack.h"

static int order(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

int feed_compare(const struct feed_id *a, const struct feed_id *b)
{
    int by = order(a->scope, b->scope);
    if (by == 0)
        by = order(a->device, b->device);
    return by ? by : order(a->incarnation, b->incarnation);
}

int dot_compare(const struct dot *a, const struct dot *b)
{
    int by = order(a->feed.device, b->feed.device);
    if (by == 0)
        by = order(a->feed.incarnation, b->feed.incarnation);
    if (by == 0)
        by = order(a->feed.scope, b->feed.scope);
    return by ? by : order(a->number, b->number);
}

bool dot_equal(const struct dot *a, const struct dot *b)
{
    return dot_compare(a, b) == 0;
}

void dot_format(const struct dot *dot, char out[DOT_TEXT_BYTES])
{
    snprintf(out, DOT_TEXT_BYTES, "%" PRIu32 ".%" PRIu32 ".%" PRIu32 ".%" PRIu64, dot->feed.device,
             dot->feed.incarnation, dot->feed.scope, dot->number);
}

bool dot_parse(const char *text, struct dot *dot)
{
    uint64_t parts[4];
    for (int i = 0; i < 4; i++) {
        if (*text < '0' || *text > '9' || strspn(text, "0123456789") > 19)
            return false;
        char *end;
        parts[i] = strtoull(text, &end, 10);
        if (*end != (i < 3 ? '.' : '\0') || (i < 3 && parts[i] > UINT32_MAX))
            return false;
        text = end + 1;
    }
    *dot = (struct dot){{(uint32_t)parts[2], (uint32_t)parts[0], (uint32_t)parts[1]}, parts[3]};
    return parts[0] > 0 && parts[1] > 0 && parts[3] > 0;
}

void frontier_release(struct frontier *frontier)
{
    if (!frontier)
        return;
    free(frontier->rows);
    *frontier = (struct frontier){0};
}

void frontier_clear(struct frontier *frontier)
{
    frontier->count = 0;
}

static enum status reserve(struct frontier *frontier, size_t count, struct error *err)
{
    if (count <= frontier->capacity)
        return STATUS_OK;
    size_t capacity = frontier->capacity ? frontier->capacity : 8;
    while (capacity < count)
        capacity *= 2;
    struct frontier_row *rows = realloc(frontier->rows, capacity * sizeof *rows);
    if (!rows)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    frontier->rows = rows;
    frontier->capacity = capacity;
    return STATUS_OK;
}

enum status frontier_copy(struct frontier *to, const struct frontier *from, struct error *err)
{
    TRY(reserve(to, from->count, err));
    if (from->count > 0)
        memcpy(to->rows, from->rows, from->count * sizeof *from->rows);
    to->count = from->count;
    return STATUS_OK;
}

static int row_compare(const void *row, const void *feed)
{
    return feed_compare(&((const struct frontier_row *)row)->feed, feed);
}

/* Index of the first row that isn't below `feed`. */
static size_t lower_bound(const struct frontier *frontier, const struct feed_id *feed)
{
    return array_place(frontier->rows, frontier->count, sizeof *frontier->rows, feed, row_compare);
}

uint64_t frontier_get(const struct frontier *frontier, const struct feed_id *feed)
{
    size_t at = lower_bound(frontier, feed);
    bool found = at < frontier->count && feed_compare(&frontier->rows[at].feed, feed) == 0;
    return found ? frontier->rows[at].number : 0;
}

bool frontier_covers(const struct frontier *frontier, const struct dot *dot)
{
    return frontier_get(frontier, &dot->feed) >= dot->number;
}

enum status frontier_raise(struct frontier *frontier, const struct feed_id *feed, uint64_t number,
                           struct error *err)
{
    size_t at = lower_bound(frontier, feed);
    if (number == 0)
        return STATUS_OK;
    if (at < frontier->count && feed_compare(&frontier->rows[at].feed, feed) == 0) {
        if (frontier->rows[at].number < number)
            frontier->rows[at].number = number;
        return STATUS_OK;
    }
    TRY(reserve(frontier, frontier->count + 1, err));
    memmove(frontier->rows + at + 1, frontier->rows + at,
            (frontier->count - at) * sizeof *frontier->rows);
    frontier->rows[at] = (struct frontier_row){*feed, number};
    frontier->count++;
    return STATUS_OK;
}

/* Rows of `other` whose feed `into` lacks. */
static size_t count_missing(const struct frontier *into, const struct frontier *other)
{
    size_t missing = 0;
    for (size_t i = 0, j = 0; j < other->count; j++) {
        while (i < into->count && feed_compare(&into->rows[i].feed, &other->rows[j].feed) < 0)
            i++;
        missing += i == into->count || feed_compare(&into->rows[i].feed, &other->rows[j].feed) != 0;
    }
    return missing;
}

/* From the back, so that every row moves once. */
enum status frontier_merge(struct frontier *into, const struct frontier *other, struct error *err)
{
    size_t left = into->count, right = other->count, at = left + count_missing(into, other);
    TRY(reserve(into, at, err));
    into->count = at;
    while (right > 0) {
        const struct frontier_row *theirs = &other->rows[right - 1];
        int order = left ? feed_compare(&into->rows[left - 1].feed, &theirs->feed) : -1;
        struct frontier_row row = order >= 0 ? into->rows[--left] : *theirs;
        if (order <= 0)
            right--;
        if (order == 0 && row.number < theirs->number)
            row.number = theirs->number;
        into->rows[--at] = row;
    }
    return STATUS_OK;
}

enum status frontier_beyond(struct frontier *out, const struct frontier *have,
                            const struct frontier *known, struct error *err)
{
    frontier_clear(out);
    TRY(reserve(out, have->count, err));
    for (size_t i = 0; i < have->count; i++)
        if (have->rows[i].number > frontier_get(known, &have->rows[i].feed))
            out->rows[out->count++] = have->rows[i];
    return STATUS_OK;
}

/* Rows from `at` on that share its scope. */
static size_t same_scope(const struct frontier *frontier, size_t at)
{
    size_t end = at;
    while (end < frontier->count && frontier->rows[end].feed.scope == frontier->rows[at].feed.scope)
        end++;
    return end - at;
}

static size_t scopes_count(const struct frontier *frontier)
{
    size_t count = 0;
    for (size_t at = 0; at < frontier->count; at += same_scope(frontier, at))
        count++;
    return count;
}

static enum status encode_rows(const struct frontier *frontier, struct buffer *out)
{
    TRY(pack_array(out, (uint32_t)(scopes_count(frontier) * 2 + frontier->count * 3)));
    for (size_t at = 0; at < frontier->count;) {
        size_t rows = same_scope(frontier, at);
        TRY(pack_uint(out, frontier->rows[at].feed.scope));
        TRY(pack_uint(out, rows));
        for (size_t end = at + rows; at < end; at++) {
            TRY(pack_uint(out, frontier->rows[at].feed.device));
            TRY(pack_uint(out, frontier->rows[at].feed.incarnation));
            TRY(pack_uint(out, frontier->rows[at].number));
        }
    }
    return STATUS_OK;
}

enum status frontier_encode(const struct frontier *frontier, struct buffer *out, struct error *err)
{
    if (encode_rows(frontier, out) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

static bool decode_row(struct unpack *in, uint32_t scope, struct frontier_row *row)
{
    uint64_t device, incarnation, number;
    if (!unpack_uint_max(in, UINT32_MAX, &device) ||
        !unpack_uint_max(in, UINT32_MAX, &incarnation) || !unpack_uint(in, &number))
        return false;
    *row = (struct frontier_row){{scope, (uint32_t)device, (uint32_t)incarnation}, number};
    return device > 0 && incarnation > 0 && number > 0;
}

static enum status decode_scope(struct frontier *frontier, struct unpack *in, uint32_t *left,
                                struct error *err)
{
    uint64_t scope, rows;
    if (!unpack_uint_max(in, UINT32_MAX, &scope) ||
        !unpack_uint_max(in, FRONTIER_ROWS_MAX, &rows) || rows == 0 || rows * 3 + 2 > *left)
        return error_set(err, STATUS_BAD_INPUT, "a frontier has a broken scope");
    if (frontier->count + rows > FRONTIER_ROWS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "a frontier has more than %d rows",
                         FRONTIER_ROWS_MAX);
    *left -= (uint32_t)rows * 3 + 2;
    for (uint64_t i = 0; i < rows; i++) {
        struct frontier_row row;
        if (!decode_row(in, (uint32_t)scope, &row))
            return error_set(err, STATUS_BAD_INPUT, "a frontier has a broken row");
        if (frontier->count > 0 &&
            (feed_compare(&frontier->rows[frontier->count - 1].feed, &row.feed) >= 0 ||
             (i == 0 && frontier->rows[frontier->count - 1].feed.scope == row.feed.scope)))
            return error_set(err, STATUS_BAD_INPUT, "a frontier's rows are out of order");
        TRY(reserve(frontier, frontier->count + 1, err));
        frontier->rows[frontier->count++] = row;
    }
    return STATUS_OK;
}

enum status frontier_decode(struct frontier *frontier, struct bytes bytes, struct error *err)
{
    struct unpack in = unpack_of(bytes);
    uint32_t left;
    frontier_clear(frontier);
    if (!unpack_array(&in, &left) || left > FRONTIER_ROWS_MAX * 5u)
        return error_set(err, STATUS_BAD_INPUT, "a frontier is not a list");
    while (left > 0)
        TRY(decode_scope(frontier, &in, &left, err));
    if (!unpack_done(&in))
        return error_set(err, STATUS_BAD_INPUT, "a frontier has bytes behind it");
    return STATUS_OK;
}

enum status frontier_digest(const struct frontier *frontier, struct hash *digest, struct error *err)
{
    static const struct network nowhere;
    struct buffer encoded = {0};
    enum status status = frontier_encode(frontier, &encoded, err);
    if (status == STATUS_OK)
        hash_object(digest, TAG_FRONTIER, &nowhere, buffer_bytes(&encoded));
    buffer_release(&encoded);
    return status;
}
