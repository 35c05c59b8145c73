#include "common/frontier_sketch.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PRIME 4294967291u /* 2^32 - 5 */
#define SYMBOLS_MAX SKETCH_SYMBOLS(SKETCH_FEEDS_MAX)
#define DEGREE_MAX (SYMBOLS_MAX + 1)

/* ---- the field ---- */

static uint32_t times(uint32_t a, uint32_t b)
{
    return (uint32_t)((uint64_t)a * b % PRIME);
}

static uint32_t plus(uint32_t a, uint32_t b)
{
    return (uint32_t)(((uint64_t)a + b) % PRIME);
}

static uint32_t minus(uint32_t a, uint32_t b)
{
    return (uint32_t)(((uint64_t)a + PRIME - b) % PRIME);
}

/* Of a != 0: a^(PRIME - 2). */
static uint32_t inverse(uint32_t a)
{
    uint32_t result = 1;
    for (uint32_t left = PRIME - 2; left > 0; left >>= 1) {
        if (left & 1)
            result = times(result, a);
        a = times(a, a);
    }
    return result;
}

/* The feed's place in the code: never 0. */
static uint32_t place_of(const struct feed_id *feed)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES + 1] = "jinqiu sketch  1";
    uint8_t id[12], hash[crypto_shorthash_BYTES];
    put_u32le(id, feed->scope);
    put_u32le(id + 4, feed->device);
    put_u32le(id + 8, feed->incarnation);
    crypto_shorthash(hash, id, sizeof id, key);
    return (uint32_t)(get_u64le(hash) % (PRIME - 1)) + 1;
}

/* ---- syndromes ---- */

static void syndromes(const struct frontier *frontier, uint32_t *symbols, unsigned count)
{
    memset(symbols, 0, count * sizeof *symbols);
    for (size_t i = 0; i < frontier->count; i++) {
        uint32_t place = place_of(&frontier->rows[i].feed);
        uint32_t term = (uint32_t)(frontier->rows[i].number % PRIME);
        for (unsigned j = 0; j < count; j++) {
            symbols[j] = plus(symbols[j], term);
            term = times(term, place);
        }
    }
}

static enum status put_symbols(struct buffer *out, const uint32_t *symbols, unsigned count,
                               struct error *err)
{
    if (buffer_reserve(out, 4 * (size_t)count) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (unsigned i = 0; i < count; i++)
        put_u32le(out->data + out->size + (size_t)4 * i, symbols[i]);
    out->size += 4 * (size_t)count;
    return STATUS_OK;
}

static bool take_symbols(struct bytes in, uint32_t *symbols, unsigned most, unsigned *count)
{
    if (in.size % 4 != 0 || in.size / 4 > most)
        return false;
    *count = (unsigned)(in.size / 4);
    for (unsigned i = 0; i < *count; i++) {
        symbols[i] = get_u32le(in.data + (size_t)4 * i);
        if (symbols[i] >= PRIME)
            return false;
    }
    return true;
}

enum status sketch_make(const struct frontier *frontier, unsigned feeds, struct buffer *out,
                        struct error *err)
{
    uint32_t symbols[SYMBOLS_MAX];
    assert(feeds >= 1 && feeds <= SKETCH_FEEDS_MAX);
    syndromes(frontier, symbols, SKETCH_SYMBOLS(feeds));
    return put_symbols(out, symbols, SKETCH_SYMBOLS(feeds), err);
}

/* ---- decoding ---- */

struct decoded {
    uint32_t symbols[SYMBOLS_MAX]; /* theirs minus ours */
    unsigned count;
    uint32_t locator[DEGREE_MAX];   /* product of (1 - X x) over all that differs; [0] is 1 */
    uint32_t evaluator[DEGREE_MAX]; /* symbols * locator, below x^degree */
    unsigned degree;
};

/* into -= factor * x^shift * other */
static void subtract(uint32_t *into, const uint32_t *other, uint32_t factor, unsigned shift)
{
    for (unsigned i = 0; i + shift < DEGREE_MAX; i++)
        into[i + shift] = minus(into[i + shift], times(factor, other[i]));
}

/* Berlekamp-Massey: the shortest recurrence of the symbols. */
static void find_locator(struct decoded *decoded)
{
    uint32_t *current = decoded->locator, before[DEGREE_MAX] = {1}, kept[DEGREE_MAX];
    uint32_t last = 1;
    unsigned shift = 1;
    memset(current, 0, sizeof decoded->locator);
    current[0] = 1;
    decoded->degree = 0;
    for (unsigned n = 0; n < decoded->count; n++) {
        uint32_t off = decoded->symbols[n];
        for (unsigned i = 1; i <= decoded->degree; i++)
            off = plus(off, times(current[i], decoded->symbols[n - i]));
        if (off == 0) {
            shift++;
            continue;
        }
        memcpy(kept, current, sizeof kept);
        subtract(current, before, times(off, inverse(last)), shift++);
        if (2 * decoded->degree <= n) {
            decoded->degree = n + 1 - decoded->degree;
            memcpy(before, kept, sizeof before);
            last = off;
            shift = 1;
        }
    }
}

static void find_evaluator(struct decoded *decoded)
{
    for (unsigned i = 0; i < decoded->degree; i++) {
        uint32_t sum = 0;
        for (unsigned j = 0; j <= i; j++)
            sum = plus(sum, times(decoded->locator[j], decoded->symbols[i - j]));
        decoded->evaluator[i] = sum;
    }
}

/* Of a polynomial whose coefficients are given from the lowest on. */
static uint32_t value_at(const uint32_t *polynomial, unsigned degree, uint32_t x)
{
    uint32_t value = 0;
    for (unsigned i = degree + 1; i > 0; i--)
        value = plus(times(value, x), polynomial[i - 1]);
    return value;
}

/* Does the feed at `place` differ? The locator from its other end vanishes at the place itself. */
static bool differs(const struct decoded *decoded, uint32_t place)
{
    uint32_t value = 0;
    for (unsigned i = 0; i <= decoded->degree; i++)
        value = plus(times(value, place), decoded->locator[i]);
    return value == 0;
}

/* Forney: theirs minus ours, as a signed number. */
static int64_t by_how_much(const struct decoded *decoded, uint32_t place)
{
    uint32_t x = inverse(place), slope = 0;
    for (unsigned i = decoded->degree; i > 0; i--)
        slope = plus(times(slope, x), times(i, decoded->locator[i]));
    uint32_t top = times(place, value_at(decoded->evaluator, decoded->degree - 1, x));
    uint32_t by = slope ? minus(0, times(top, inverse(slope))) : 0;
    return by > PRIME / 2 ? (int64_t)by - PRIME : by;
}

/* ---- what is told ---- */

static enum status put_number(struct buffer *out, uint64_t number, struct error *err)
{
    if (buffer_append_varint(out, number) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

#define OTHER_SCOPE 1u
#define LATER_LIFE 2u

/* The feed as it follows `before` ({0} in front of the first one): how far the device is from that
 * one where the scope is the same, and marks for what else follows; then the number's sign and
 * size. */
static enum status put_row(struct buffer *out, const struct feed_id *before,
                           const struct feed_id *feed, int64_t by, struct error *err)
{
    bool other = before->scope != feed->scope, later = feed->incarnation != INCARNATION_FIRST;
    uint64_t device = other ? feed->device : feed->device - before->device;
    unsigned marks = (other ? OTHER_SCOPE : 0) | (later ? LATER_LIFE : 0);
    TRY(put_number(out, device << 2 | marks, err));
    if (other)
        TRY(put_number(out, feed->scope - before->scope, err));
    if (later)
        TRY(put_number(out, feed->incarnation, err));
    return put_number(out, by < 0 ? ((uint64_t)-by << 1) - 1 : (uint64_t)by << 1, err);
}

static bool take_row(struct bytes *in, struct feed_id *feed, int64_t *by)
{
    uint64_t device, scope = 0, incarnation = INCARNATION_FIRST, size;
    if (!bytes_take_varint(in, &device) ||
        ((device & OTHER_SCOPE) && !bytes_take_varint(in, &scope)) ||
        ((device & LATER_LIFE) && !bytes_take_varint(in, &incarnation)) ||
        !bytes_take_varint(in, &size))
        return false;
    uint64_t from = device & OTHER_SCOPE ? 0 : feed->device;
    if (scope > UINT32_MAX - feed->scope || device >> 2 > UINT32_MAX - from ||
        incarnation > UINT32_MAX || size >> 1 > INT64_MAX / 2)
        return false;
    feed->scope += (uint32_t)scope;
    feed->device = (uint32_t)(from + (device >> 2));
    feed->incarnation = (uint32_t)incarnation;
    *by = size & 1 ? -(int64_t)((size >> 1) + 1) : (int64_t)(size >> 1);
    return feed->device > 0 && feed->incarnation > 0;
}

void sketch_difference_release(struct sketch_difference *difference)
{
    buffer_release(&difference->rows);
    buffer_release(&difference->absent);
}

/* `polynomial` of `degree` without its root: the highest coefficient, 1, stands at [degree]. */
static void divide(uint32_t *polynomial, unsigned degree, uint32_t root)
{
    uint32_t carried = 0;
    for (unsigned i = degree + 1; i > 0; i--) {
        uint32_t next = plus(polynomial[i - 1], times(carried, root));
        polynomial[i - 1] = carried;
        carried = next;
    }
}

/* Goes through our feeds and notes those that differ. What is left of the locator has the places
 * of feeds that only they hold. */
static enum status note_rows(const struct decoded *decoded, const struct frontier *ours,
                             bool *found, struct frontier *theirs,
                             struct sketch_difference *difference, struct error *err)
{
    struct feed_id before = {0};
    uint32_t left[DEGREE_MAX] = {0};
    unsigned degree = decoded->degree;
    for (unsigned i = 0; i <= degree; i++)
        left[i] = decoded->locator[degree - i];
    for (size_t i = 0; i < ours->count && *found; i++) {
        const struct frontier_row *row = &ours->rows[i];
        uint32_t place = place_of(&row->feed);
        int64_t by = 0;
        if (decoded->degree > 0 && differs(decoded, place)) {
            by = by_how_much(decoded, place);
            *found = degree > 0 && by != 0 && value_at(left, degree, place) == 0 &&
                     (by > 0 || (uint64_t)-by <= row->number);
            divide(left, degree--, place);
            TRY(put_row(&difference->rows, &before, &row->feed, -by, err));
            before = row->feed;
        }
        if (*found)
            TRY(frontier_raise(theirs, &row->feed, row->number + (uint64_t)by, err));
    }
    return *found ? put_symbols(&difference->absent, left, degree, err) : STATUS_OK;
}

enum status sketch_read(struct bytes sketch, const struct frontier *ours, bool *found,
                        struct frontier *theirs, struct sketch_difference *difference,
                        struct error *err)
{
    struct decoded decoded = {0};
    uint32_t symbols[SYMBOLS_MAX];
    frontier_clear(theirs);
    buffer_clear(&difference->rows);
    buffer_clear(&difference->absent);
    *found = false;
    if (!take_symbols(sketch, decoded.symbols, SYMBOLS_MAX, &decoded.count) ||
        decoded.count < SKETCH_SYMBOLS(1) || decoded.count % 2 != 0)
        return error_set(err, STATUS_BAD_INPUT, "a frontier's sketch is broken");
    syndromes(ours, symbols, decoded.count);
    for (unsigned i = 0; i < decoded.count; i++)
        decoded.symbols[i] = minus(decoded.symbols[i], symbols[i]);
    find_locator(&decoded);
    if (SKETCH_SYMBOLS(decoded.degree) > decoded.count)
        return STATUS_OK;
    find_evaluator(&decoded);
    *found = true;
    return note_rows(&decoded, ours, found, theirs, difference, err);
}

static enum status broken(struct error *err)
{
    return error_set(err, STATUS_BAD_INPUT, "a frontier's difference is broken");
}

/* The rest of ours, without the feeds at the roots of the polynomial. */
static enum status add_the_same(const struct frontier *ours, const uint32_t *polynomial,
                                unsigned degree, struct frontier *theirs, struct error *err)
{
    unsigned roots = 0;
    for (size_t i = 0; i < ours->count; i++) {
        const struct frontier_row *row = &ours->rows[i];
        if (degree > 0 && value_at(polynomial, degree, place_of(&row->feed)) == 0)
            roots++;
        else if (frontier_get(theirs, &row->feed) == 0)
            TRY(frontier_raise(theirs, &row->feed, row->number, err));
    }
    return roots == degree ? STATUS_OK : broken(err);
}

enum status sketch_apply(const struct frontier *ours, struct bytes rows, struct bytes absent,
                         struct frontier *theirs, struct error *err)
{
    uint32_t polynomial[SKETCH_FEEDS_MAX + 1];
    unsigned degree;
    struct feed_id feed = {0};
    int64_t by;
    frontier_clear(theirs);
    if (!take_symbols(absent, polynomial, SKETCH_FEEDS_MAX, &degree))
        return broken(err);
    polynomial[degree] = 1;
    while (rows.size > 0) {
        struct feed_id before = feed;
        if (theirs->count == SKETCH_FEEDS_MAX || !take_row(&rows, &feed, &by) ||
            feed_compare(&before, &feed) >= 0)
            return broken(err);
        uint64_t number = frontier_get(ours, &feed);
        if (by == 0 || (by < 0 && (uint64_t)-by >= number))
            return broken(err);
        TRY(frontier_raise(theirs, &feed, number + (uint64_t)by, err));
    }
    return add_the_same(ours, polynomial, degree, theirs, err);
}
