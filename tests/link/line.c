#include "tests/link/line.h"

#include <stdlib.h>
#include <string.h>

#define WAITING_BYTES_MIN (16u * 1024)       /* what a modem and two kernels keep */
#define WAITING_BYTES_MAX (4u * 1024 * 1024) /* of a line as fast as it can be */
#define WAITING_MS 500u                      /* beyond what is under way by the delay */

/* ---- chance ---- */

/* So that faults lie anywhere, and one in `about` bytes on the average. */
static uint64_t next_fault(struct line_way *way, uint64_t about)
{
    return about ? chance_below(&way->chance, 2 * (size_t)about) : UINT64_MAX;
}

static uint64_t seed_of(uint64_t seed, uint64_t number, unsigned stream)
{
    struct chance chance = {seed * 0x100000001b3u + number * 4 + stream};
    return chance_number(&chance);
}

void line_init(struct line *line, const struct line_manner *manner, uint64_t number,
               uint64_t now_us)
{
    *line = (struct line){.manner = *manner, .cut_at = UINT64_MAX};
    struct chance chance = {seed_of(manner->seed, number, LINE_ENDS)};
    for (unsigned to = 0; to < LINE_ENDS; to++) {
        struct line_way *way = &line->ways[to];
        way->last = &way->first;
        way->chance.state = seed_of(manner->seed, number, to);
        way->until_fault = next_fault(way, manner->corrupt_bytes);
        way->free_us = now_us;
    }
    line->ways[LINE_HUB].free_us += 2000u * (uint64_t)manner->delay_ms;
    if (manner->cut_bytes == 0)
        return;
    uint64_t least =
        manner->cut_min_bytes < manner->cut_bytes ? manner->cut_min_bytes : manner->cut_bytes;
    line->cut_at = least + chance_below(&chance, (size_t)(manner->cut_bytes - least + 1));
}

void line_release(struct line *line)
{
    for (unsigned to = 0; to < LINE_ENDS; to++) {
        struct line_piece *next;
        for (struct line_piece *at = line->ways[to].first; at; at = next) {
            next = at->next;
            free(at);
        }
        line->ways[to] = (struct line_way){.last = NULL};
    }
}

/* ---- in ---- */

/* When a piece that is put in now comes out. */
static uint64_t due_us(struct line *line, struct line_way *way, size_t size, uint64_t now_us)
{
    const struct line_manner *manner = &line->manner;
    if (way->free_us < now_us)
        way->free_us = now_us;
    if (manner->bytes_per_s)
        way->free_us += size * 1000000u / manner->bytes_per_s;
    uint64_t due = way->free_us + 1000u * (uint64_t)manner->delay_ms;
    if (manner->jitter_ms)
        due += chance_below(&way->chance, 1000 * (size_t)manner->jitter_ms + 1);
    if (manner->stall_percent && chance_below(&way->chance, 100) < manner->stall_percent) {
        due += 1000u * (uint64_t)manner->stall_ms;
        line->counts.stalls++;
    }
    if (way->due_us < due)
        way->due_us = due;
    return way->due_us;
}

static void corrupt(struct line *line, struct line_way *way, struct line_piece *piece)
{
    uint64_t left = piece->size, at = 0;
    while (way->until_fault < left) {
        at += way->until_fault;
        left -= way->until_fault + 1;
        piece->data[at++] ^= (uint8_t)(1u << chance_below(&way->chance, 8));
        line->counts.corrupted++;
        way->until_fault = next_fault(way, line->manner.corrupt_bytes);
    }
    if (way->until_fault != UINT64_MAX)
        way->until_fault -= left;
}

static struct line_piece *put_piece(struct line *line, enum line_end to, struct bytes bytes,
                                    uint64_t now_us)
{
    struct line_way *way = &line->ways[to];
    enum line_end from = to == LINE_HUB ? LINE_CLIENT : LINE_HUB;
    struct line_piece *piece = calloc(1, sizeof *piece + bytes.size);
    if (!piece)
        return NULL;
    piece->size = bytes.size;
    piece->flight = line->ways[from].flight + 1;
    if (bytes.size > 0)
        memcpy(piece->data, bytes.data, bytes.size);
    piece->due_us = due_us(line, way, bytes.size, now_us);
    corrupt(line, way, piece);
    way->waiting += bytes.size;
    *way->last = piece;
    way->last = &piece->next;
    return piece;
}

bool line_put(struct line *line, enum line_end to, struct bytes bytes, uint64_t now_us)
{
    for (size_t at = 0, size; at < bytes.size; at += size) {
        size = bytes.size - at < LINE_PIECE_BYTES ? bytes.size - at : LINE_PIECE_BYTES;
        if (!put_piece(line, to, bytes_of(bytes.data + at, size), now_us))
            return false;
    }
    return true;
}

bool line_put_end(struct line *line, enum line_end to, uint64_t now_us)
{
    struct line_piece *piece = put_piece(line, to, (struct bytes){0}, now_us);
    if (piece)
        piece->end = true;
    return piece != NULL;
}

bool line_full(const struct line *line, enum line_end to)
{
    const struct line_manner *manner = &line->manner;
    uint64_t most = WAITING_BYTES_MAX;
    if (manner->bytes_per_s)
        most = manner->bytes_per_s * (manner->delay_ms + WAITING_MS) / 1000;
    if (most < WAITING_BYTES_MIN)
        most = WAITING_BYTES_MIN;
    return line->ways[to].waiting >= most;
}

/* ---- out ---- */

uint64_t line_due_us(const struct line *line, enum line_end to)
{
    const struct line_piece *first = line->ways[to].first;
    if (line->counts.cut)
        return UINT64_MAX;
    while (first && first->taken)
        first = first->next;
    return first ? first->due_us : UINT64_MAX;
}

/* What was given out last is the caller's until now. */
static void drop_taken(struct line_way *way)
{
    struct line_piece *first = way->first;
    if (!first || !first->taken)
        return;
    way->first = first->next;
    if (!way->first)
        way->last = &way->first;
    free(first);
}

const struct line_piece *line_take(struct line *line, enum line_end to, uint64_t now_us)
{
    struct line_way *way = &line->ways[to];
    struct line_counts *counts = &line->counts;
    drop_taken(way);
    struct line_piece *piece = way->first;
    if (!piece || counts->cut || piece->due_us > now_us)
        return NULL;
    piece->taken = true;
    way->waiting -= piece->size;
    if (counts->to_hub + counts->to_client + piece->size >= line->cut_at) {
        piece->size = (size_t)(line->cut_at - counts->to_hub - counts->to_client);
        counts->cut = true;
    }
    *(to == LINE_HUB ? &counts->to_hub : &counts->to_client) += piece->size;
    if (piece->flight > way->flight)
        way->flight = piece->flight;
    if (piece->size > 0 && piece->flight > counts->flights)
        counts->flights = piece->flight;
    return piece;
}
