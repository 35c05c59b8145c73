#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/dots.h"
#include "common/entry.h"
#include "common/mutant.h"
#include "common/pack.h"

void entry_writer_release(struct entry_writer *writer)
{
    if (!writer)
        return;
    buffer_release(&writer->ops);
    buffer_release(&writer->fields);
    buffer_release(&writer->bases);
    buffer_release(&writer->first_bases);
    buffer_release(&writer->keys);
    *writer = (struct entry_writer){0};
}

enum status entry_writer_start(struct entry_writer *writer, const struct feed_id *feed,
                               const struct entry_head *head, struct error *err)
{
    (void)err;
    buffer_clear(&writer->ops);
    buffer_clear(&writer->fields);
    buffer_clear(&writer->keys);
    writer->keys_count = 0;
    writer->feed = *feed;
    writer->head = *head;
    writer->ops_count = 0;
    writer->op_open = false;
    return STATUS_OK;
}

/* The bases of the op at hand: none, one list for all its fields, or one for each. */
static enum status close_bases(struct entry_writer *writer)
{
    bool none = !writer->bases_differ && writer->first_bases.size == 1; /* "[]" is one byte */
    if (none)
        return pack_array(&writer->ops, 0);
    TRY(pack_array(&writer->ops, writer->bases_differ ? writer->fields_count : 1));
    return buffer_append_bytes(
        &writer->ops, buffer_bytes(writer->bases_differ ? &writer->bases : &writer->first_bases));
}

static enum status close_op(struct entry_writer *writer)
{
    if (!writer->op_open)
        return STATUS_OK;
    assert(writer->fields_count > 0);
    writer->op_open = false;
    writer->ops_count++;
    TRY(pack_array(&writer->ops, 4));
    TRY(pack_uint(&writer->ops, writer->table));
    TRY(pack_bin(&writer->ops, bytes_of(writer->row.bytes, ID_BYTES)));
    TRY(pack_array(&writer->ops, writer->fields_count * 2));
    TRY(buffer_append_bytes(&writer->ops, buffer_bytes(&writer->fields)));
    return close_bases(writer);
}

enum status entry_writer_op(struct entry_writer *writer, uint32_t table, const struct id *row,
                            struct error *err)
{
    assert(table <= UINT16_MAX);
    if (close_op(writer) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (writer->ops_count >= ENTRY_OPS_MAX || writer->ops.size > ENTRY_BYTES_MAX)
        return error_set(err, STATUS_TOO_LARGE, "one entry can't hold so many changes");
    writer->table = table;
    writer->row = *row;
    writer->fields_count = 0;
    writer->op_open = true;
    writer->bases_differ = false;
    buffer_clear(&writer->fields);
    buffer_clear(&writer->bases);
    buffer_clear(&writer->first_bases);
    return STATUS_OK;
}

static int by_dot(const void *a, const void *b)
{
    return dot_compare(a, b);
}

/* Packs a sorted copy without doubles. */
static enum status pack_sorted(struct buffer *out, uint32_t scope, const struct dot *dots,
                               size_t count)
{
    struct dot few[8], *sorted = few;
    if (count > 8 && !(sorted = malloc(count * sizeof *sorted)))
        return STATUS_NO_MEMORY;
    if (count > 0)
        memcpy(sorted, dots, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_dot);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !dot_equal(&sorted[kept - 1], &sorted[i]))
            sorted[kept++] = sorted[i];
    enum status status = dots_pack(out, scope, sorted, kept);
    if (sorted != few)
        free(sorted);
    return status;
}

static enum status add_field(struct entry_writer *writer, uint16_t field, struct bytes value,
                             const struct dot *bases, size_t bases_count)
{
    TRY(pack_uint(&writer->fields, field));
    TRY(buffer_append_bytes(&writer->fields, value));
    size_t before = writer->bases.size;
    TRY(pack_sorted(&writer->bases, writer->feed.scope, bases, bases_count));
    struct bytes added = bytes_of(writer->bases.data + before, writer->bases.size - before);
    if (writer->fields_count == 0)
        TRY(buffer_append_bytes(&writer->first_bases, added));
    else if (!bytes_equal(added, buffer_bytes(&writer->first_bases)))
        writer->bases_differ = true;
    writer->fields_count++;
    writer->last_field = field;
    return STATUS_OK;
}

enum status entry_writer_field(struct entry_writer *writer, uint16_t field, struct bytes value,
                               const struct dot *bases, size_t bases_count, struct error *err)
{
    assert(writer->op_open && field <= UINT8_MAX);
    assert(writer->fields_count == 0 || writer->last_field < field);
    if (bases_count > ENTRY_BASES_MAX)
        return error_set(err, STATUS_TOO_LARGE, "a field names more than %d bases",
                         ENTRY_BASES_MAX);
    if (add_field(writer, field, value, bases, bases_count) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

static enum status pack_head(const struct entry_head *head, struct buffer *out)
{
    TRY(pack_uint(out, ENTRY_VERSION));
    TRY(pack_int(out, head->time_ms));
    TRY(pack_uint(out, MUTANT("t3-no-beacon-named") ? 0 : head->beacon));
    TRY(head->has_person ? pack_bin(out, bytes_of(head->person.bytes, ID_BYTES)) : pack_nil(out));
    return pack_uint(out, head->epoch);
}

static enum status pack_origin(const struct entry_writer *writer, struct buffer *out)
{
    const struct entry_head *head = &writer->head;
    const struct dot *origin = &head->origin;
    bool named = origin->feed.scope != writer->feed.scope;
    TRY(pack_array(out, named ? 6 : 4));
    TRY(pack_uint(out, origin->feed.scope));
    TRY(pack_uint(out, origin->feed.device));
    TRY(pack_uint(out, origin->feed.incarnation));
    TRY(pack_uint(out, origin->number));
    if (!named)
        return STATUS_OK;
    TRY(pack_str(out, head->origin_org));
    return pack_str(out, head->origin_person);
}

enum status entry_writer_key(struct entry_writer *writer, const struct entry_key *key,
                             struct error *err)
{
    if (writer->keys_count == ENTRY_KEYS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "one entry can't hold so many changes");
    writer->keys_count++;
    if (pack_array(&writer->keys, 3) != STATUS_OK ||
        pack_bin(&writer->keys, bytes_of(key->id, sizeof key->id)) != STATUS_OK ||
        pack_bin(&writer->keys, bytes_of(key->subject.bytes, ID_BYTES)) != STATUS_OK ||
        pack_uint(&writer->keys, key->year) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

static enum status assemble(struct entry_writer *writer, struct buffer *body)
{
    TRY(close_op(writer));
    bool origin = writer->head.has_origin, keys = writer->keys_count > 0;
    TRY(pack_array(body, keys ? 8u : 6u + origin));
    TRY(pack_head(&writer->head, body));
    TRY(pack_array(body, writer->ops_count));
    TRY(buffer_append_bytes(body, buffer_bytes(&writer->ops)));
    if (origin)
        TRY(pack_origin(writer, body));
    if (!keys)
        return STATUS_OK;
    if (!origin)
        TRY(pack_nil(body));
    TRY(pack_array(body, writer->keys_count));
    return buffer_append_bytes(body, buffer_bytes(&writer->keys));
}

enum status entry_writer_finish(struct entry_writer *writer, struct buffer *body, struct error *err)
{
    size_t before = body->size;
    if (!writer->op_open && writer->ops_count == 0)
        return error_set(err, STATUS_BAD_INPUT, "an entry needs at least one change");
    if (assemble(writer, body) != STATUS_OK) {
        body->size = before;
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    if (body->size - before > ENTRY_BYTES_MAX) {
        body->size = before;
        return error_set(err, STATUS_TOO_LARGE, "the entry would have more than %d bytes",
                         ENTRY_BYTES_MAX);
    }
    return STATUS_OK;
}
