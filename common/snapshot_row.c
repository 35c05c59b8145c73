#include "common/snapshot_row.h"

#include <string.h>

#include "common/pack.h"
#include "common/snapshot.h"

enum status snapshot_dot_pack(struct buffer *out, const struct dot *dot)
{
    TRY(pack_uint(out, dot->feed.device));
    TRY(pack_uint(out, dot->feed.incarnation));
    return pack_uint(out, dot->number);
}

bool snapshot_dot_take(struct unpack *in, uint32_t scope, struct dot *dot)
{
    uint64_t device, incarnation;
    if (!unpack_uint_max(in, UINT32_MAX, &device) ||
        !unpack_uint_max(in, UINT32_MAX, &incarnation) ||
        !unpack_uint_max(in, ENTRY_NUMBER_MAX, &dot->number) || dot->number == 0)
        return false;
    dot->feed = (struct feed_id){scope, (uint32_t)device, (uint32_t)incarnation};
    return true;
}

enum status snapshot_id_pack(struct buffer *out, const struct id *id)
{
    return pack_bin(out, bytes_of(id->bytes, ID_BYTES));
}

/* ---- writing ---- */

/* Does one entry stand behind the whole cell? Then it is written as that entry wrote it. */
static bool is_simple(const struct cell *cell)
{
    for (size_t i = 1; i < cell->heads_count; i++)
        if (!dot_equal(&cell->heads[0].dot, &cell->heads[i].dot))
            return false;
    return cell->heads_count > 0 && cell->field != FIELD_DELETED;
}

static enum status put_value(struct buffer *out, const struct schema_field *field,
                             const struct cell *cell)
{
    if (field->merge == MERGE_COUNTER)
        return pack_int(out, (int64_t)cell->total);
    if (field->merge != MERGE_SET)
        return buffer_append_bytes(out, cell->heads[0].value);
    TRY(pack_array(out, 2));
    TRY(pack_array(out, (uint32_t)cell->heads_count));
    for (size_t i = 0; i < cell->heads_count; i++)
        TRY(buffer_append_bytes(out, cell->heads[i].value));
    return pack_array(out, 0);
}

/* The first simple cell whose entry hasn't had its turn: dots ascend. */
static const struct dot *next_dot(const struct row *row, const struct dot *before)
{
    const struct dot *next = NULL;
    for (size_t c = 0; c < row->cells_count; c++) {
        const struct cell *cell = &row->cells[c];
        if (!is_simple(cell) || (before && dot_compare(&cell->heads[0].dot, before) <= 0))
            continue;
        if (!next || dot_compare(&cell->heads[0].dot, next) < 0)
            next = &cell->heads[0].dot;
    }
    return next;
}

static enum status put_group(struct buffer *out, const struct row *row, const struct dot *dot)
{
    uint32_t fields = 0;
    for (int writing = 0; writing < 2; writing++) {
        if (writing) {
            TRY(pack_array(out, 4));
            TRY(snapshot_dot_pack(out, dot));
            TRY(pack_array(out, fields * 2));
        }
        for (size_t c = 0; c < row->cells_count; c++) {
            const struct cell *cell = &row->cells[c];
            if (!is_simple(cell) || !dot_equal(&cell->heads[0].dot, dot))
                continue;
            fields += !writing;
            if (!writing)
                continue;
            TRY(pack_uint(out, cell->field));
            TRY(put_value(out, table_field(row->table, cell->field), cell));
        }
    }
    return STATUS_OK;
}

static enum status put_groups(struct buffer *out, const struct row *row)
{
    uint32_t count = 0;
    for (const struct dot *dot = NULL; (dot = next_dot(row, dot));)
        count++;
    TRY(pack_array(out, count));
    for (const struct dot *dot = NULL; (dot = next_dot(row, dot));)
        TRY(put_group(out, row, dot));
    return STATUS_OK;
}

static enum status put_head(struct buffer *out, const struct head *head)
{
    TRY(pack_array(out, 5));
    TRY(snapshot_dot_pack(out, &head->dot));
    TRY(head->value.size > 0 ? buffer_append_bytes(out, head->value) : pack_nil(out));
    TRY(pack_array(out, (uint32_t)head->seen_count * 4));
    for (size_t i = 0; i < head->seen_count; i++) {
        TRY(pack_uint(out, head->seen[i].feed.scope));
        TRY(snapshot_dot_pack(out, &head->seen[i]));
    }
    return STATUS_OK;
}

static enum status put_spread(struct buffer *out, const struct row *row)
{
    uint32_t count = 0;
    for (size_t c = 0; c < row->cells_count; c++)
        count += row->cells[c].heads_count > 0 && !is_simple(&row->cells[c]);
    TRY(pack_array(out, count));
    for (size_t c = 0; c < row->cells_count; c++) {
        const struct cell *cell = &row->cells[c];
        const struct schema_field *field = table_field(row->table, cell->field);
        if (cell->heads_count == 0 || is_simple(cell))
            continue;
        TRY(pack_array(out, 3));
        TRY(pack_uint(out, cell->field));
        TRY(field && field->merge == MERGE_COUNTER ? pack_int(out, (int64_t)cell->total)
                                                   : pack_nil(out));
        TRY(pack_array(out, (uint32_t)cell->heads_count));
        for (size_t h = 0; h < cell->heads_count; h++)
            TRY(put_head(out, &cell->heads[h]));
    }
    return STATUS_OK;
}

static enum status put_waiting(struct buffer *out, const struct row *row)
{
    TRY(pack_array(out, (uint32_t)row->replaced_count));
    for (size_t i = 0; i < row->replaced_count; i++) {
        const struct replaced *replaced = &row->replaced[i];
        TRY(pack_array(out, 6));
        TRY(pack_uint(out, replaced->field));
        TRY(pack_uint(out, replaced->dot.feed.scope));
        TRY(snapshot_dot_pack(out, &replaced->dot));
        TRY(replaced->element.size > 0 ? buffer_append_bytes(out, replaced->element)
                                       : pack_nil(out));
    }
    return STATUS_OK;
}

enum status snapshot_row_pack(struct buffer *out, const struct row *row)
{
    TRY(pack_array(out, 6));
    TRY(pack_uint(out, SNAPSHOT_ROW));
    TRY(pack_uint(out, row->table->number));
    TRY(snapshot_id_pack(out, &row->id));
    TRY(put_groups(out, row));
    TRY(put_spread(out, row));
    return put_waiting(out, row);
}

/* ---- reading ---- */

static bool is_nil(const struct unpack *in)
{
    enum pack_kind kind;
    return unpack_peek(in, &kind) && kind == PACK_NIL;
}

/* A value, or nil for none. */
static bool take_value(struct unpack *in, struct bytes *value)
{
    if (!is_nil(in))
        return unpack_value(in, value);
    *value = (struct bytes){0};
    return unpack_nil(in);
}

bool snapshot_row_open(struct snapshot_row *row, struct unpack *in)
{
    uint64_t table;
    if (!unpack_uint_max(in, UINT16_MAX, &table) ||
        !unpack_bin_exact(in, row->id.bytes, ID_BYTES) || !unpack_array(in, &row->groups))
        return false;
    row->table = (uint32_t)table;
    row->in = *in;
    for (uint32_t i = 0; i < row->groups; i++) {
        struct bytes skipped;
        if (!unpack_value(in, &skipped))
            return false;
    }
    return true;
}

bool snapshot_group_take(struct unpack *in, uint32_t scope, struct snapshot_group *group)
{
    uint32_t parts;
    uint64_t number;
    if (!unpack_array(in, &parts) || parts != 4 || !snapshot_dot_take(in, scope, &group->dot) ||
        !unpack_array(in, &parts) || parts % 2 != 0 || parts == 0 || parts / 2 > ENTRY_FIELDS_MAX)
        return false;
    group->count = parts / 2;
    for (uint32_t i = 0; i < group->count; i++) {
        struct op_field *field = &group->fields[i];
        *field = (struct op_field){0};
        if (!unpack_uint_max(in, FIELD_NUMBER_MAX, &number) || !unpack_value(in, &field->value) ||
            number == FIELD_DELETED || (i > 0 && number <= group->fields[i - 1].number))
            return false;
        field->number = (uint16_t)number;
    }
    return true;
}

bool snapshot_spread_take(struct unpack *in, struct snapshot_spread *spread)
{
    uint32_t parts;
    uint64_t field;
    spread->has_total = false;
    if (!unpack_array(in, &parts) || parts != 3 || !unpack_uint_max(in, FIELD_NUMBER_MAX, &field))
        return false;
    spread->field = (uint16_t)field;
    if (!is_nil(in)) {
        int64_t total;
        if (!unpack_int(in, &total))
            return false;
        spread->has_total = true;
        spread->total = (uint64_t)total;
    } else if (!unpack_nil(in)) {
        return false;
    }
    return unpack_array(in, &spread->heads) && spread->heads > 0;
}

static bool take_seen(struct unpack *in, struct snapshot_head *head)
{
    uint32_t parts;
    uint64_t scope;
    if (!unpack_array(in, &parts) || parts % 4 != 0 || parts / 4 > ENTRY_BASES_MAX)
        return false;
    head->seen_count = parts / 4;
    for (uint32_t i = 0; i < head->seen_count; i++)
        if (!unpack_uint_max(in, UINT32_MAX, &scope) ||
            !snapshot_dot_take(in, (uint32_t)scope, &head->seen[i]) ||
            (i > 0 && dot_compare(&head->seen[i - 1], &head->seen[i]) >= 0))
            return false;
    return true;
}

bool snapshot_head_take(struct unpack *in, uint32_t scope, struct snapshot_head *head)
{
    uint32_t parts;
    return unpack_array(in, &parts) && parts == 5 && snapshot_dot_take(in, scope, &head->dot) &&
           unpack_value(in, &head->value) && take_seen(in, head);
}

bool snapshot_waiting_take(struct unpack *in, struct replaced *replaced)
{
    uint32_t parts;
    uint64_t field, scope;
    if (!unpack_array(in, &parts) || parts != 6 || !unpack_uint_max(in, FIELD_NUMBER_MAX, &field) ||
        !unpack_uint_max(in, UINT32_MAX, &scope) ||
        !snapshot_dot_take(in, (uint32_t)scope, &replaced->dot))
        return false;
    replaced->field = (uint16_t)field;
    return take_value(in, &replaced->element);
}
