#include "common/row.h"

#include <stdlib.h>
#include <string.h>

/* Three-way merge of lines (diff3; Khanna, Kunal, Pierce 2007, section 2).
 *
 * Each side is matched with the base by a longest common subsequence of lines. Base lines that both
 * sides kept are stable and cut the texts into chunks. A chunk that one side left alone takes the
 * other side's lines; one that both changed alike is taken once; any other is not clean. A line is
 * compared without its line feed, and whether the text ends with one is merged apart: else whoever
 * adds a line at the end would seem to change the line before. */

#define LINES_MAX 4000

struct line {
    const uint8_t *data;
    size_t size;
    uint64_t hash;
};

struct text {
    struct line *lines;
    size_t count;
    bool ends_with_feed;
};

/* ---- lines ---- */

static uint64_t line_hash(const uint8_t *data, size_t size)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a; only spares comparisons */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ data[i]) * 1099511628211u;
    return hash;
}

static bool line_equal(const struct line *a, const struct line *b)
{
    return a->hash == b->hash && a->size == b->size &&
           (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static bool lines_equal(const struct line *a, size_t a_count, const struct line *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (!line_equal(&a[i], &b[i]))
            return false;
    return true;
}

static size_t lines_count(struct bytes in)
{
    size_t count = 0;
    for (size_t i = 0; i < in.size; i++)
        count += in.data[i] == '\n';
    return count + (in.size && in.data[in.size - 1] != '\n');
}

/* `count` comes from lines_count. */
static enum status text_split(struct text *text, struct bytes in, size_t count, struct error *err)
{
    size_t start = 0;
    *text = (struct text){.ends_with_feed = in.size && in.data[in.size - 1] == '\n'};
    text->lines = calloc(count + 1, sizeof *text->lines);
    if (!text->lines)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    while (text->count < count) {
        const uint8_t *at = in.data + start;
        const uint8_t *feed = memchr(at, '\n', in.size - start);
        size_t size = feed ? (size_t)(feed - at) : in.size - start;
        text->lines[text->count++] = (struct line){at, size, line_hash(at, size)};
        start += size + 1;
    }
    return STATUS_OK;
}

/* ---- matching a side with the base ---- */

/* One bit for each pair of lines: does the longest common subsequence of what follows pass over the
 * base's line, rather than over the side's? */
struct grid {
    uint8_t *bits;
    size_t columns;
};

static void grid_set(struct grid *grid, size_t row, size_t column)
{
    size_t at = row * grid->columns + column;
    grid->bits[at / 8] = (uint8_t)(grid->bits[at / 8] | 1u << at % 8);
}

static bool grid_get(const struct grid *grid, size_t row, size_t column)
{
    size_t at = row * grid->columns + column;
    return grid->bits[at / 8] >> at % 8 & 1;
}

/* Fill the grid from the end. `below` and `here` have room for one number more than `b` has lines.
 */
static void grid_fill(struct grid *grid, const struct text *a, const struct text *b,
                      uint16_t *below, uint16_t *here)
{
    memset(below, 0, (b->count + 1) * sizeof *below);
    for (size_t i = a->count; i-- > 0;) {
        here[b->count] = 0;
        for (size_t j = b->count; j-- > 0;) {
            if (line_equal(&a->lines[i], &b->lines[j])) {
                here[j] = (uint16_t)(below[j + 1] + 1);
            } else if (below[j] >= here[j + 1]) {
                here[j] = below[j];
                grid_set(grid, i, j);
            } else {
                here[j] = here[j + 1];
            }
        }
        uint16_t *swapped = below;
        below = here;
        here = swapped;
    }
}

/* Matches of the middle parts, which neither start nor end alike. */
static enum status match_middle(const struct text *a, const struct text *b, int32_t *match,
                                int32_t b_start, struct error *err)
{
    if (a->count == 0 || b->count == 0)
        return STATUS_OK;
    struct grid grid = {.columns = b->count};
    uint16_t *numbers = calloc(2 * (b->count + 1), sizeof *numbers);
    grid.bits = calloc(a->count * b->count / 8 + 1, 1);
    if (!numbers || !grid.bits) {
        free(numbers);
        free(grid.bits);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    grid_fill(&grid, a, b, numbers, numbers + b->count + 1);
    for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
        if (line_equal(&a->lines[i], &b->lines[j]))
            match[i++] = b_start + (int32_t)j++;
        else if (grid_get(&grid, i, j))
            i++;
        else
            j++;
    }
    free(numbers);
    free(grid.bits);
    return STATUS_OK;
}

/* For each line of the base the line of the side that it stayed, or -1. Gives an array. */
static enum status text_match(const struct text *base, const struct text *side, int32_t **match,
                              struct error *err)
{
    size_t start = 0, end = 0;
    *match = calloc(base->count + 1, sizeof **match);
    if (!*match)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    memset(*match, 0xff, (base->count + 1) * sizeof **match);
    while (start < base->count && start < side->count &&
           line_equal(&base->lines[start], &side->lines[start])) {
        (*match)[start] = (int32_t)start;
        start++;
    }
    while (start + end < base->count && start + end < side->count &&
           line_equal(&base->lines[base->count - end - 1], &side->lines[side->count - end - 1])) {
        (*match)[base->count - end - 1] = (int32_t)(side->count - end - 1);
        end++;
    }
    struct text base_middle = {.lines = base->lines + start, .count = base->count - start - end};
    struct text side_middle = {.lines = side->lines + start, .count = side->count - start - end};
    return match_middle(&base_middle, &side_middle, *match + start, (int32_t)start, err);
}

/* ---- merging ---- */

struct merging {
    struct text base, left, right;
    int32_t *left_match, *right_match;
    struct buffer *out;
    size_t out_lines;
};

static enum status put_lines(struct merging *m, const struct line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (m->out_lines++)
            TRY(buffer_append(m->out, "\n", 1));
        TRY(buffer_append(m->out, lines[i].data, lines[i].size));
    }
    return STATUS_OK;
}

/* Where one is in the three texts. */
struct place {
    size_t base, left, right;
};

/* Put the lines between two stable ones. */
static enum status put_chunk(struct merging *m, struct place from, struct place to, bool *clean)
{
    const struct line *base = m->base.lines + from.base;
    const struct line *left = m->left.lines + from.left;
    const struct line *right = m->right.lines + from.right;
    size_t base_count = to.base - from.base;
    size_t left_count = to.left - from.left;
    size_t right_count = to.right - from.right;
    if (lines_equal(base, base_count, left, left_count))
        return put_lines(m, right, right_count);
    if (lines_equal(base, base_count, right, right_count) ||
        lines_equal(left, left_count, right, right_count))
        return put_lines(m, left, left_count);
    *clean = false;
    return STATUS_OK;
}

static enum status put_feed(struct merging *m)
{
    bool left = m->left.ends_with_feed, right = m->right.ends_with_feed;
    bool feed = left == m->base.ends_with_feed ? right : left;
    return feed && m->out_lines ? buffer_append(m->out, "\n", 1) : STATUS_OK;
}

static enum status merge_chunks(struct merging *m, bool *clean)
{
    struct place from = {0, 0, 0};
    for (size_t i = 0; i < m->base.count && *clean; i++) {
        if (m->left_match[i] < 0 || m->right_match[i] < 0)
            continue;
        struct place to = {i, (size_t)m->left_match[i], (size_t)m->right_match[i]};
        TRY(put_chunk(m, from, to, clean));
        TRY(put_lines(m, m->base.lines + i, 1));
        from = (struct place){to.base + 1, to.left + 1, to.right + 1};
    }
    struct place end = {m->base.count, m->left.count, m->right.count};
    if (*clean)
        TRY(put_chunk(m, from, end, clean));
    return *clean ? put_feed(m) : STATUS_OK;
}

enum status merge_lines(struct bytes base, struct bytes left, struct bytes right,
                        struct buffer *out, bool *clean, struct error *err)
{
    struct merging m = {.out = out};
    size_t base_lines = lines_count(base), left_lines = lines_count(left);
    size_t right_lines = lines_count(right);
    buffer_clear(out);
    *clean = base_lines <= LINES_MAX && left_lines <= LINES_MAX && right_lines <= LINES_MAX;
    if (!*clean)
        return STATUS_OK;
    enum status status = text_split(&m.base, base, base_lines, err);
    if (status == STATUS_OK)
        status = text_split(&m.left, left, left_lines, err);
    if (status == STATUS_OK)
        status = text_split(&m.right, right, right_lines, err);
    if (status == STATUS_OK)
        status = text_match(&m.base, &m.left, &m.left_match, err);
    if (status == STATUS_OK)
        status = text_match(&m.base, &m.right, &m.right_match, err);
    if (status == STATUS_OK && merge_chunks(&m, clean) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (status != STATUS_OK || !*clean)
        buffer_clear(out);
    free(m.base.lines);
    free(m.left.lines);
    free(m.right.lines);
    free(m.left_match);
    free(m.right_match);
    return status;
}
