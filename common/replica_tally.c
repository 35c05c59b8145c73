/* Tallies: a sum over the canonical bytes of all cells, per scope and table. */

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "common/replica_state.h"

/* Fixed: the tally finds faults of disks and programs, it doesn't keep out an enemy. */
static const uint8_t tally_key[crypto_shorthash_siphashx24_KEYBYTES] = {
    'j', 'i', 'n', 'q', 'i', 'u', ' ', 't', 'a', 'l', 'l', 'y', ' ', ' ', ' ', '1'};

/* Numbers of 128 bits, little-endian. */
static void sum_add(uint8_t sum[16], const uint8_t item[16], bool subtract)
{
    uint64_t low = get_u64le(sum), high = get_u64le(sum + 8);
    uint64_t item_low = get_u64le(item), item_high = get_u64le(item + 8);
    uint64_t left = subtract ? low - item_low : low + item_low;
    bool carry = subtract ? low < item_low : left < low;
    put_u64le(sum, left);
    put_u64le(sum + 8, subtract ? high - item_high - carry : high + item_high + carry);
}

static void tally_bytes(struct tally *tally, struct bytes canonical, bool subtract)
{
    uint8_t hash[16];
    crypto_shorthash_siphashx24(hash, canonical.data, canonical.size, tally_key);
    sum_add(tally->sum, hash, subtract);
}

/* The tally of a scope and table, made when missing. */
static struct tally_row *tally_of(struct replica *replica, uint32_t scope, uint32_t table)
{
    size_t at = 0, high = replica->tallies_count;
    while (at < high) {
        size_t middle = at + (high - at) / 2;
        const struct tally *tally = &replica->tallies[middle].tally;
        if (tally->scope < scope || (tally->scope == scope && tally->table < table))
            at = middle + 1;
        else
            high = middle;
    }
    struct tally_row *found = replica->tallies ? &replica->tallies[at] : NULL;
    if (at < replica->tallies_count && found->tally.scope == scope && found->tally.table == table)
        return found;
    if (replica->tallies_count == replica->tallies_capacity) {
        size_t capacity = replica->tallies_capacity ? replica->tallies_capacity * 2 : 32;
        struct tally_row *grown = realloc(replica->tallies, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        replica->tallies = grown;
        replica->tallies_capacity = capacity;
    }
    memmove(replica->tallies + at + 1, replica->tallies + at,
            (replica->tallies_count - at) * sizeof *replica->tallies);
    replica->tallies[at] = (struct tally_row){.tally = {.scope = scope, .table = table}};
    replica->tallies_count++;
    return &replica->tallies[at];
}

enum status tally_cells(struct replica *replica, const struct row *row, bool subtract,
                        struct error *err)
{
    struct tally_row *tally = tally_of(replica, row->scope, row->table->number);
    if (!tally)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < row->cells_count; i++) {
        if (row->cells[i].heads_count == 0)
            continue;
        buffer_clear(&replica->scratch);
        TRY(cell_canonical(row, &row->cells[i], &replica->scratch, err));
        tally_bytes(&tally->tally, buffer_bytes(&replica->scratch), subtract);
    }
    tally->dirty = true;
    return STATUS_OK;
}

enum status tally_row(struct replica *replica, const struct row *row, bool less, struct error *err)
{
    struct tally_row *tally = tally_of(replica, row->scope, row->table->number);
    if (!tally)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    tally->tally.rows += less ? UINT64_MAX : 1;
    tally->dirty = true;
    return STATUS_OK;
}

void tallies_clear(struct replica *replica, uint32_t scope)
{
    for (size_t i = 0; i < replica->tallies_count; i++) {
        struct tally *tally = &replica->tallies[i].tally;
        if (tally->scope != scope)
            continue;
        *tally = (struct tally){.scope = scope, .table = tally->table};
        replica->tallies[i].dirty = true;
    }
}

static enum status put_head(struct buffer *out, const struct dot *dot, struct bytes value)
{
    TRY(buffer_reserve(out, 24 + value.size));
    uint8_t *at = out->data + out->size;
    put_u32le(at, dot->feed.device);
    put_u32le(at + 4, dot->feed.incarnation);
    put_u32le(at + 8, dot->feed.scope);
    put_u64le(at + 12, dot->number);
    put_u32le(at + 20, (uint32_t)value.size);
    if (value.size > 0)
        memcpy(at + 24, value.data, value.size);
    out->size += 24 + value.size;
    return STATUS_OK;
}

static enum status put_cell(struct buffer *out, uint16_t field, uint32_t heads)
{
    uint8_t cell[6] = {(uint8_t)field, (uint8_t)(field >> 8)};
    put_u32le(cell + 2, heads);
    return buffer_append(out, cell, sizeof cell);
}

/* The same bytes as cell_canonical's for a row that this one op made; none for an empty set. */
static enum status put_field(struct buffer *out, const struct schema_field *field,
                             const struct op_field *written, const struct dot *dot)
{
    struct unpack in = unpack_of(written->value);
    uint32_t parts, elements;
    struct bytes element;
    if (field->merge == MERGE_SET) {
        if (!unpack_array(&in, &parts) || !unpack_array(&in, &elements) || elements == 0)
            return STATUS_OK;
        TRY(put_cell(out, field->number, elements));
        for (uint32_t i = 0; i < elements && unpack_value(&in, &element); i++)
            TRY(put_head(out, dot, element));
        return STATUS_OK;
    }
    TRY(put_cell(out, field->number, 1));
    if (field->merge != MERGE_COUNTER)
        return put_head(out, dot, written->value);
    int64_t increment = 0;
    uint8_t total[8];
    unpack_int(&in, &increment);
    put_u64le(total, (uint64_t)increment);
    TRY(put_head(out, dot, (struct bytes){0}));
    return buffer_append(out, total, sizeof total);
}

enum status tally_add_op(struct replica *replica, const struct entry_view *view,
                         const struct op *op, const struct dot *dot, struct error *err)
{
    const struct schema_table *table = schema_table(replica->schema, op->table);
    struct tally_row *tally = tally_of(replica, dot->feed.scope, op->table);
    struct buffer *out = &replica->scratch;
    buffer_clear(out);
    if (!tally || cell_canonical_start(out, op->table, dot->feed.scope, &op->row) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    size_t start = out->size;
    for (uint32_t i = 0; i < op->fields_count; i++) {
        const struct op_field *written = &view->fields[op->fields_at + i];
        const struct schema_field *field = table_field(table, written->number);
        out->size = start;
        if (field && put_field(out, field, written, dot) != STATUS_OK)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        if (out->size > start)
            tally_bytes(&tally->tally, buffer_bytes(out), false);
    }
    tally->tally.rows++;
    tally->dirty = true;
    return STATUS_OK;
}

enum status tallies_load(struct replica *replica, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    replica->tallies_count = 0;
    TRY(sql_prepare(replica, "SELECT scope, table_no, rows, sum FROM _tally", &statement, err));
    enum status status = STATUS_OK;
    while (status == STATUS_OK && sql_row(replica, statement, &status, err)) {
        struct tally_row *row = tally_of(replica, (uint32_t)sqlite3_column_int64(statement, 0),
                                         (uint32_t)sqlite3_column_int64(statement, 1));
        struct bytes sum = sql_blob(statement, 3);
        if (!row) {
            status = error_set(err, STATUS_NO_MEMORY, "out of memory");
            break;
        }
        row->tally.rows = (uint64_t)sqlite3_column_int64(statement, 2);
        if (sum.size == 16)
            memcpy(row->tally.sum, sum.data, 16);
    }
    sqlite3_finalize(statement);
    return status;
}

enum status tallies_write(struct replica *replica, struct error *err)
{
    for (size_t i = 0; i < replica->tallies_count; i++) {
        struct tally_row *row = &replica->tallies[i];
        if (!row->dirty)
            continue;
        sqlite3_stmt *write = sql_use(replica, SQL_TALLY_WRITE);
        if (!write)
            return sql_fail(replica, err, "tallies");
        sqlite3_bind_int64(write, 1, row->tally.scope);
        sqlite3_bind_int64(write, 2, row->tally.table);
        sqlite3_bind_int64(write, 3, (int64_t)row->tally.rows);
        sqlite3_bind_blob(write, 4, row->tally.sum, 16, SQLITE_STATIC);
        TRY(sql_done(replica, write, "tallies", err));
        row->dirty = false;
    }
    return STATUS_OK;
}

/* ---- reading them ---- */

bool replica_shares(const struct replica *replica, uint32_t reader, uint32_t scope)
{
    uint32_t self = replica->identity.device;
    return reader == 0 || (registry_may_read(replica->registry, reader, scope) &&
                           (self == reader || self == DEVICE_HUB ||
                            registry_may_read(replica->registry, self, scope)));
}

enum status replica_tallies(struct replica *replica, uint32_t reader, struct tally **tallies,
                            size_t *count, struct error *err)
{
    *count = 0;
    *tallies = calloc(replica->tallies_count + 1, sizeof **tallies);
    if (!*tallies)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < replica->tallies_count; i++)
        if (replica->tallies[i].tally.rows > 0 &&
            replica_shares(replica, reader, replica->tallies[i].tally.scope))
            (*tallies)[(*count)++] = replica->tallies[i].tally;
    return STATUS_OK;
}

static enum status put_tally(struct buffer *out, const struct tally *tally)
{
    uint8_t bytes[32];
    put_u32le(bytes, tally->scope);
    put_u32le(bytes + 4, tally->table);
    put_u64le(bytes + 8, tally->rows);
    memcpy(bytes + 16, tally->sum, 16);
    return buffer_append(out, bytes, sizeof bytes);
}

enum status replica_tally_digest(struct replica *replica, uint32_t reader, struct hash *digest,
                                 struct error *err)
{
    struct tally *tallies;
    size_t count;
    struct buffer all = {0};
    TRY(replica_tallies(replica, reader, &tallies, &count, err));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = put_tally(&all, &tallies[i]);
    hash_object(digest, TAG_DIGEST, &replica->network, buffer_bytes(&all));
    free(tallies);
    buffer_release(&all);
    return status;
}

enum status replica_chains_digest(struct replica *replica, uint32_t reader, struct hash *digest,
                                  struct error *err)
{
    struct buffer all = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < replica->feeds_count && status == STATUS_OK; i++) {
        const struct feed *feed = &replica->feeds[replica->feed_order[i]];
        uint8_t place[20];
        if (!SCOPE_IS_REGISTRY(feed->id.scope) || feed->number == 0 ||
            !replica_shares(replica, reader, feed->id.scope))
            continue;
        put_u32le(place, feed->id.scope);
        put_u32le(place + 4, feed->id.device);
        put_u32le(place + 8, feed->id.incarnation);
        put_u64le(place + 12, feed->number);
        status = buffer_append(&all, place, sizeof place);
        if (status == STATUS_OK)
            status = buffer_append(&all, feed->hash.bytes, HASH_BYTES);
    }
    hash_object(digest, TAG_DIGEST, &replica->network, buffer_bytes(&all));
    buffer_release(&all);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

static enum status scan_table(struct replica *replica, const struct schema_table *table,
                              struct replica *sums, struct error *err)
{
    sqlite3_stmt *scan = NULL;
    enum status status = table_scan(replica, table, "", &scan, err);
    int code = SQLITE_DONE;
    while (status == STATUS_OK && (code = sqlite3_step(scan)) == SQLITE_ROW) {
        status = row_load_from(replica, table, scan, &replica->old_row, err);
        if (status == STATUS_OK)
            status = tally_row(sums, &replica->old_row, false, err);
        if (status == STATUS_OK)
            status = tally_cells(sums, &replica->old_row, false, err);
    }
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = sql_fail(replica, err, table->name);
    sqlite3_finalize(scan);
    return status;
}

enum status tallies_scan(struct replica *replica, struct tally **tallies, size_t *count,
                         struct error *err)
{
    struct replica sums = {0}; /* only its tallies and scratch are used */
    enum status status = STATUS_OK;
    const struct schema *schema = replica->schema;
    for (size_t i = 0; schema && i < schema->tables_count && status == STATUS_OK; i++)
        status = scan_table(replica, &schema->tables[i], &sums, err);
    if (status == STATUS_OK)
        status = replica_tallies(&sums, 0, tallies, count, err);
    free(sums.tallies);
    buffer_release(&sums.scratch);
    return status;
}

static enum status put_scope(struct replica *replica, uint32_t scope, const struct tally *tallies,
                             size_t count, struct buffer *out, struct error *err)
{
    struct frontier part = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        if (tallies[i].scope == scope)
            status = put_tally(out, &tallies[i]);
    for (size_t i = 0; i < replica->frontier.count && status == STATUS_OK; i++)
        if (replica->frontier.rows[i].feed.scope == scope)
            status = frontier_raise(&part, &replica->frontier.rows[i].feed,
                                    replica->frontier.rows[i].number, err);
    if (status == STATUS_OK)
        status = frontier_encode(&part, out, err);
    frontier_release(&part);
    return status;
}

enum status replica_digests(struct replica *replica, struct scope_digest **digests, size_t *count,
                            struct error *err)
{
    struct tally *tallies;
    size_t tallies_count;
    struct buffer text = {0};
    *count = 0;
    TRY(tallies_scan(replica, &tallies, &tallies_count, err));
    *digests = calloc(replica->frontier.count + 1, sizeof **digests);
    enum status status = *digests ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; status == STATUS_OK && i < replica->frontier.count; i++) {
        uint32_t scope = replica->frontier.rows[i].feed.scope;
        if (*count > 0 && (*digests)[*count - 1].scope == scope)
            continue;
        buffer_clear(&text);
        status = put_scope(replica, scope, tallies, tallies_count, &text, err);
        struct scope_digest *digest = &(*digests)[(*count)++];
        digest->scope = scope;
        hash_object(&digest->digest, TAG_DIGEST, &replica->network, buffer_bytes(&text));
    }
    free(tallies);
    buffer_release(&text);
    return status;
}
