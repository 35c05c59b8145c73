/* Who wrote a row. Its heads say who wrote last; each of those entries names what it replaced, and
 * so on, back to the first. An entry that nothing leads to is noted in _touch when it is applied
 * (replica_apply.c). */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/dots.h"
#include "common/replica_state.h"
#include "common/row_state.h"

/* Few dots are looked through; more are found by a keyed hash: whoever writes entries chooses the
 * dots that these name. */
#define DOTS_FEW 16
_Static_assert(sizeof(((struct dots *)NULL)->key) == crypto_shorthash_KEYBYTES, "its key");

void dots_release(struct dots *dots)
{
    free(dots->items);
    free(dots->places);
    *dots = (struct dots){0};
}

/* Where the dot stands among the places, or would stand. */
static size_t hashed_place(const struct dots *dots, const struct dot *dot)
{
    const uint64_t words[3] = {(uint64_t)dot->feed.scope << 32 | dot->feed.device,
                               dot->feed.incarnation, dot->number};
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)words, sizeof words, dots->key);
    size_t at = (size_t)hash & (dots->places_count - 1);
    while (dots->places[at] && !dot_equal(&dots->items[dots->places[at] - 1], dot))
        at = (at + 1) & (dots->places_count - 1);
    return at;
}

/* Twice as many places as there is room for dots, so that half of them are empty. */
static enum status make_places(struct dots *dots, struct error *err)
{
    size_t wanted = dots->capacity * 2;
    uint32_t *places = wanted <= UINT32_MAX ? calloc(wanted, sizeof *places) : NULL;
    if (!places)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!dots->places)
        crypto_shorthash_keygen(dots->key);
    free(dots->places);
    dots->places = places;
    dots->places_count = wanted;
    for (size_t i = 0; i < dots->count; i++)
        places[hashed_place(dots, &dots->items[i])] = (uint32_t)i + 1;
    return STATUS_OK;
}

static enum status dots_room(struct dots *dots, struct error *err)
{
    if (dots->count < dots->capacity)
        return STATUS_OK;
    size_t capacity = dots->capacity ? dots->capacity * 2 : DOTS_FEW;
    struct dot *items = realloc(dots->items, capacity * sizeof *items);
    if (!items)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    dots->items = items;
    dots->capacity = capacity;
    return capacity > DOTS_FEW ? make_places(dots, err) : STATUS_OK;
}

static bool is_known(const struct dots *dots, const struct dot *dot)
{
    if (dots->places)
        return dots->places[hashed_place(dots, dot)] != 0;
    for (size_t i = 0; i < dots->count; i++)
        if (dot_equal(&dots->items[i], dot))
            return true;
    return false;
}

enum status dots_add(struct dots *dots, const struct dot *dot, bool *added, struct error *err)
{
    *added = false;
    if (is_known(dots, dot))
        return STATUS_OK;
    TRY(dots_room(dots, err));
    dots->items[dots->count++] = *dot;
    if (dots->places)
        dots->places[hashed_place(dots, dot)] = (uint32_t)dots->count;
    *added = true;
    return STATUS_OK;
}

static enum status add_noted(struct replica *replica, const struct row *row, struct dots *dots,
                             struct error *err)
{
    bool added;
    sqlite3_stmt *read = sql_use(replica, SQL_TOUCH_READ);
    if (!read)
        return sql_fail(replica, err, "touched rows");
    sqlite3_bind_int64(read, 1, row->table->number);
    sqlite3_bind_blob(read, 2, row->id.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(read, 3, row->scope);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(replica, read, &status, err)) {
        int64_t local = sqlite3_column_int64(read, 0);
        if (local < 1 || (uint64_t)local > replica->feeds_count)
            continue;
        struct dot dot = {feed_at(replica, (uint32_t)local)->id,
                          (uint64_t)sqlite3_column_int64(read, 1)};
        status = dots_add(dots, &dot, &added, err);
    }
    sqlite3_reset(read);
    return status;
}

static enum status add_all(struct dots *dots, const struct dot *more, size_t count,
                           struct error *err)
{
    bool added;
    for (size_t i = 0; i < count; i++)
        TRY(dots_add(dots, &more[i], &added, err));
    return STATUS_OK;
}

static enum status add_removed(struct entry_view *view, struct bytes value, struct dots *dots,
                               struct error *err)
{
    struct set_change *changes = NULL;
    size_t count = 0;
    TRY(entry_decode_set(view, value, &changes, &count, err));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = add_all(dots, view->dots + changes[i].bases_at, changes[i].bases_count, err);
    free(changes);
    return status;
}

/* What the entry at `dot` replaced in the row. */
static enum status add_bases(struct replica *replica, const struct row *row, const struct dot *dot,
                             struct dots *dots, struct error *err)
{
    struct entry_view *view = &replica->story_view;
    enum status status = feed_read(replica, dot, &replica->story_body, err);
    if (status == STATUS_NOT_FOUND) /* named, and not come yet */
        return STATUS_OK;
    TRY(status);
    if (entry_decode(view, &dot->feed, buffer_bytes(&replica->story_body), NULL) != STATUS_OK)
        return STATUS_OK;
    for (size_t i = 0; i < view->ops_count; i++) {
        const struct op *op = &view->ops[i];
        if (op->table != row->table->number || !id_equal(&op->row, &row->id))
            continue;
        for (uint32_t f = 0; f < op->fields_count; f++) {
            struct op_field written = view->fields[op->fields_at + f];
            const struct schema_field *field = table_field(row->table, written.number);
            TRY(add_all(dots, view->dots + written.bases_at, written.bases_count, err));
            if (field && field->merge == MERGE_SET)
                TRY(add_removed(view, written.value, dots, err));
        }
    }
    return STATUS_OK;
}

enum status row_writers(struct replica *replica, const struct row *row, struct dots *dots,
                        struct error *err)
{
    bool added;
    TRY(add_noted(replica, row, dots, err));
    for (size_t c = 0; c < row->cells_count; c++)
        for (size_t h = 0; h < row->cells[c].heads_count; h++)
            TRY(dots_add(dots, &row->cells[c].heads[h].dot, &added, err));
    for (size_t i = 0; i < dots->count; i++) {
        struct dot dot = dots->items[i];
        TRY(add_bases(replica, row, &dot, dots, err));
    }
    return STATUS_OK;
}
