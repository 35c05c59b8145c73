/* Putting a staged snapshot in its place. What it says was signed by the hub and has no witness
 * yet, so nothing here relies on it being well made. */

#include <string.h>

#include "common/attachment.h"
#include "common/pack.h"
#include "common/registry_seal.h"
#include "common/seal.h"
#include "common/snapshot_row.h"
#include "common/snapshot_staged.h"

struct placing {
    struct replica *replica;
    const struct snapshot *snapshot;
    struct buffer plain;
    struct snapshot_group group;
    struct snapshot_head head;
    struct snapshot_row row, row_before;
};

static enum status wrong(const struct placing *placing, struct error *err)
{
    return error_set(err, STATUS_FORGED, "the snapshot of scope %u does not hold",
                     placing->snapshot->scope);
}

/* ---- feeds ---- */

static enum status place_feed(struct placing *placing, const struct snapshot_feed *said,
                              struct error *err)
{
    struct replica *replica = placing->replica;
    struct floor floor = {.number = said->number, .hash = said->hash, .rights = said->rights};
    struct feed_id id = {placing->snapshot->scope, said->device, said->incarnation};
    memcpy(floor.signature, said->signature, SIGNATURE_BYTES);
    TRY(feed_ensure(replica, &id, &floor.feed, err));
    struct feed *feed = feed_at(replica, floor.feed);
    feed->number = said->number;
    feed->hash = said->hash;
    feed->dirty = true;
    TRY(frontier_raise(&replica->frontier, &id, said->number, err));
    return floor_set(replica, &floor, err);
}

static enum status place_feeds(struct placing *placing, struct error *err)
{
    for (size_t i = 0; i < placing->snapshot->feeds_count; i++)
        TRY(place_feed(placing, &placing->snapshot->feeds[i], err));
    return cuts_look(placing->replica, 0, err);
}

/* Is it an entry of the snapshot? */
static bool is_within(const struct placing *placing, const struct dot *dot)
{
    return below_floor(placing->replica, dot);
}

/* ---- entries ---- */

static enum status place_told(struct placing *placing, struct unpack *in, struct bytes item,
                              struct error *err)
{
    struct dot dot;
    uint32_t count, persons;
    uint64_t place;
    int64_t time_ms;
    struct id person;
    if (!snapshot_dot_take(in, placing->snapshot->scope, &dot) || !unpack_array(in, &count) ||
        count == 0 || count > SNAPSHOT_TOLD_MAX)
        return wrong(placing, err);
    for (uint32_t i = 0; i < count; i++)
        if (!unpack_int(in, &time_ms))
            return wrong(placing, err);
    if (!unpack_array(in, &persons))
        return wrong(placing, err);
    for (uint32_t i = 0; i < persons; i += 2)
        if (!unpack_uint(in, &place) || !unpack_bin_exact(in, person.bytes, ID_BYTES))
            return wrong(placing, err);
    dot.number += count - 1;
    if (!is_within(placing, &dot))
        return wrong(placing, err);
    return floor_put(placing->replica, FLOOR_TOLD, &dot, item, err);
}

static enum log_state state_of(enum status verdict)
{
    if (verdict == STATUS_UNKNOWN)
        return LOG_WAITING;
    return verdict == STATUS_OK ? LOG_IN_FORCE : LOG_NOT_PERMITTED;
}

/* Judged here as there? */
static enum status place_judged(struct placing *placing, const struct dot *dot, struct bytes body,
                                enum log_state state, struct error *err)
{
    struct replica *replica = placing->replica;
    struct error reason = {0};
    enum status verdict = entry_decode(&replica->view, &dot->feed, body, &reason);
    if (verdict == STATUS_OK)
        verdict = registry_permits(replica->registry, dot, &replica->view, &reason);
    else if (verdict != STATUS_NO_MEMORY)
        verdict = STATUS_BAD_INPUT; /* also one of a later version: what can't be read, waits not */
    if (verdict == STATUS_NO_MEMORY)
        return error_set(err, verdict, "out of memory");
    if (state_of(verdict) != state)
        return wrong(placing, err);
    if (state == LOG_IN_FORCE)
        return STATUS_OK;
    TRY(feed_set_state(replica, dot, state, err));
    return state == LOG_WAITING ? STATUS_OK
                                : aside_note(replica, dot, &reason, (struct bytes){0}, err);
}

static enum status place_kept(struct placing *placing, struct unpack *in, struct error *err)
{
    struct replica *replica = placing->replica;
    struct dot dot;
    uint64_t state;
    struct bytes body;
    if (!snapshot_dot_take(in, placing->snapshot->scope, &dot) || !is_within(placing, &dot) ||
        !unpack_uint_max(in, LOG_WAITING, &state) || !unpack_bin(in, &body))
        return wrong(placing, err);
    TRY(floor_put(replica, FLOOR_KEPT, &dot, body, err));
    return place_judged(placing, &dot, body, (enum log_state)state, err);
}

/* ---- keys ---- */

static bool take_wrapped(const struct placing *placing, struct unpack *in, uint64_t id,
                         struct bytes *wrapped)
{
    *wrapped = (struct bytes){0};
    if (unpack_nil(in))
        return true;
    if (!unpack_bin(in, wrapped) || wrapped->size != SEAL_WRAPPED_BYTES)
        return false;
    struct seal_id found = value_key_id(&placing->replica->network, wrapped->data);
    return get_u64le(found.bytes) == id;
}

static enum status place_key(struct placing *placing, struct unpack *in, struct error *err)
{
    struct replica *replica = placing->replica;
    struct feed_id feed = {.scope = placing->snapshot->scope};
    uint8_t id[SEAL_ID_BYTES];
    uint64_t device, incarnation, year, beacon;
    struct id subject;
    struct bytes wrapped;
    if (!unpack_bin_exact(in, id, sizeof id) || !unpack_uint_max(in, UINT32_MAX, &device) ||
        !unpack_uint_max(in, UINT32_MAX, &incarnation) ||
        !unpack_bin_exact(in, subject.bytes, ID_BYTES) || !unpack_uint_max(in, 9999, &year) ||
        !unpack_uint_max(in, INT64_MAX, &beacon) ||
        !take_wrapped(placing, in, get_u64le(id), &wrapped))
        return wrong(placing, err);
    feed.device = (uint32_t)device;
    feed.incarnation = (uint32_t)incarnation;
    uint32_t local = feed_find(replica, &feed);
    sqlite3_stmt *note = sql_use(replica, SQL_KEY_NOTE);
    if (!local || !note)
        return local ? sql_fail(replica, err, "keys") : wrong(placing, err);
    sqlite3_bind_int64(note, 1, (int64_t)get_u64le(id));
    sqlite3_bind_blob(note, 2, subject.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(note, 3, (int64_t)year);
    sqlite3_bind_int64(note, 4, (int64_t)beacon);
    sqlite3_bind_int64(note, 5, local);
    sql_bind_bytes(note, 6, wrapped);
    return sql_done(replica, note, "keys", err);
}

/* ---- rows ---- */

static enum status check_set(const struct placing *placing, const struct schema_field *field,
                             struct bytes value, struct error *err)
{
    struct unpack in;
    struct bytes before = {0}, element;
    uint32_t count;
    if (!set_only_adds(value, &in, &count) || count == 0)
        return wrong(placing, err);
    for (uint32_t i = 0; i < count; i++) {
        if (!unpack_value(&in, &element) || (i > 0 && bytes_compare(before, element) >= 0))
            return wrong(placing, err);
        TRY(field_check(field, element, true, err));
        before = element;
    }
    return STATUS_OK;
}

static enum status check_group(const struct placing *placing, const struct schema_table *table,
                               struct error *err)
{
    const struct snapshot_group *group = &placing->group;
    if (!is_within(placing, &group->dot))
        return wrong(placing, err);
    for (uint32_t i = 0; i < group->count; i++) {
        const struct schema_field *field = table_field(table, group->fields[i].number);
        if (!field)
            return wrong(placing, err);
        TRY(field->merge == MERGE_SET ? check_set(placing, field, group->fields[i].value, err)
                                      : field_check(field, group->fields[i].value, true, err));
    }
    return STATUS_OK;
}

/* A row that one entry stands behind goes the way of an entry's op. */
static enum status place_whole(struct placing *placing, struct error *err)
{
    struct op op = {
        .table = placing->row.table, .row = placing->row.id, .fields_count = placing->group.count};
    struct entry_view view = {.feed = placing->group.dot.feed,
                              .ops = &op,
                              .ops_count = 1,
                              .fields = placing->group.fields,
                              .fields_count = placing->group.count};
    bool inserted;
    TRY(row_insert(placing->replica, &placing->group.dot, &view, &op, &inserted, err));
    return inserted ? STATUS_OK : wrong(placing, err);
}

static enum status add_set(struct placing *placing, struct row *row, const struct op_field *written,
                           struct error *err)
{
    struct head head = {.dot = placing->group.dot};
    struct unpack in;
    uint32_t count;
    set_only_adds(written->value, &in, &count);
    for (uint32_t i = 0; i < count; i++) {
        unpack_value(&in, &head.value);
        TRY(row_add_head(row, written->number, &head, err));
    }
    return STATUS_OK;
}

static enum status add_total(struct row *row, uint16_t field, uint64_t total, struct error *err)
{
    struct cell *cell = row_cell(row, field);
    if (!cell)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    cell->total = total;
    return STATUS_OK;
}

static enum status add_group(struct placing *placing, struct row *row, struct error *err)
{
    for (uint32_t i = 0; i < placing->group.count; i++) {
        const struct op_field *written = &placing->group.fields[i];
        const struct schema_field *field = table_field(row->table, written->number);
        struct head head = {.dot = placing->group.dot, .value = written->value};
        struct unpack in = unpack_of(written->value);
        int64_t total;
        if (row_find_cell(row, written->number))
            return wrong(placing, err);
        if (field->merge == MERGE_SET) {
            TRY(add_set(placing, row, written, err));
            continue;
        }
        if (field->merge == MERGE_COUNTER) {
            if (!unpack_int(&in, &total))
                return wrong(placing, err);
            TRY(add_total(row, written->number, (uint64_t)total, err));
            head.value = (struct bytes){0};
        }
        TRY(row_add_head(row, written->number, &head, err));
    }
    return STATUS_OK;
}

static enum status check_head(const struct placing *placing, const struct schema_field *field,
                              bool has_total, struct error *err)
{
    const struct snapshot_head *head = &placing->head;
    bool empty = head->value.size == 1 && head->value.data[0] == 0xc0;
    if (!is_within(placing, &head->dot) || (field && head->seen_count > 0))
        return wrong(placing, err);
    if (!field)
        return tombstone_valid(head->value) ? STATUS_OK : wrong(placing, err);
    if ((field->merge == MERGE_COUNTER) != has_total || (has_total && !empty))
        return wrong(placing, err);
    return has_total ? STATUS_OK : field_check(field, head->value, true, err);
}

static bool heads_ascend(const struct schema_field *field, const struct head *before,
                         const struct head *head)
{
    int order = field && field->merge == MERGE_SET ? bytes_compare(before->value, head->value) : 0;
    return order < 0 || (order == 0 && dot_compare(&before->dot, &head->dot) < 0);
}

static enum status add_spread(struct placing *placing, struct row *row, struct unpack *in,
                              struct error *err)
{
    struct snapshot_spread spread;
    const struct schema_field *field;
    struct head before = {0};
    if (!snapshot_spread_take(in, &spread) || row_find_cell(row, spread.field))
        return wrong(placing, err);
    field = table_field(row->table, spread.field);
    if (!field && spread.field != FIELD_DELETED)
        return wrong(placing, err);
    if (spread.has_total)
        TRY(add_total(row, spread.field, spread.total, err));
    for (uint32_t i = 0; i < spread.heads; i++) {
        if (!snapshot_head_take(in, row->scope, &placing->head))
            return wrong(placing, err);
        TRY(check_head(placing, field, spread.has_total, err));
        struct head head = {.dot = placing->head.dot,
                            .value = spread.has_total ? (struct bytes){0} : placing->head.value,
                            .seen = placing->head.seen,
                            .seen_count = placing->head.seen_count};
        if (i > 0 && !heads_ascend(field, &before, &head))
            return wrong(placing, err);
        before = head;
        TRY(row_add_head(row, spread.field, &head, err));
    }
    return STATUS_OK;
}

static enum status add_waiting(struct placing *placing, struct row *row, struct unpack *in,
                               uint32_t count, struct error *err)
{
    struct row_source source = replica_source(placing->replica);
    for (uint32_t i = 0; i < count; i++) {
        struct replaced replaced;
        if (!snapshot_waiting_take(in, &replaced))
            return wrong(placing, err);
        TRY(row_add_replaced(row, &replaced, err));
    }
    row_forget_met(row, &source);
    return STATUS_OK;
}

/* What was replaced since may have led to them (replica_story.c). */
static enum status note_writers(struct replica *replica, const struct row *row, struct error *err)
{
    struct op op = {.table = row->table->number, .row = row->id};
    for (size_t c = 0; c < row->cells_count; c++)
        for (size_t h = 0; h < row->cells[c].heads_count; h++)
            TRY(op_note(replica, &op, &row->cells[c].heads[h].dot, err));
    return STATUS_OK;
}

/* Stands behind the row's groups; the row goes the way of one that was merged. */
static enum status place_merged(struct placing *placing, const struct schema_table *table,
                                struct unpack *in, struct error *err)
{
    struct replica *replica = placing->replica;
    struct row *row = &replica->row;
    struct unpack groups = placing->row.in;
    uint32_t count;
    row_start(row, table, placing->snapshot->scope, &placing->row.id);
    for (uint32_t i = 0; i < placing->row.groups; i++) {
        if (!snapshot_group_take(&groups, row->scope, &placing->group))
            return wrong(placing, err);
        TRY(check_group(placing, table, err));
        TRY(add_group(placing, row, err));
    }
    if (!unpack_array(in, &count))
        return wrong(placing, err);
    for (uint32_t i = 0; i < count; i++)
        TRY(add_spread(placing, row, in, err));
    if (!unpack_array(in, &count))
        return wrong(placing, err);
    TRY(add_waiting(placing, row, in, count, err));
    TRY(note_writers(replica, row, err));
    replica->place.found = false;
    replica->place.groups_count = 0;
    replica->place.fields = all_fields;
    replica->place.spread = no_fields;
    TRY(tally_row(replica, row, false, err));
    TRY(row_store(replica, row, err));
    return tally_cells(replica, row, false, err);
}

/* Rows ascend by table and id, so that none comes twice. */
static bool in_order(const struct snapshot_row *before, const struct snapshot_row *row)
{
    if (before->table != row->table)
        return before->table < row->table;
    return memcmp(before->id.bytes, row->id.bytes, ID_BYTES) < 0;
}

static bool is_empty_list(struct unpack *in)
{
    struct unpack ahead = *in;
    uint32_t count;
    if (!unpack_array(&ahead, &count) || count != 0)
        return false;
    *in = ahead;
    return true;
}

static enum status place_row(struct placing *placing, struct unpack *in, struct error *err)
{
    if (!snapshot_row_open(&placing->row, in) || !in_order(&placing->row_before, &placing->row))
        return wrong(placing, err);
    placing->row_before = placing->row;
    const struct schema_table *table = schema_table(placing->replica->schema, placing->row.table);
    struct unpack rest = *in;
    if (!table)
        return wrong(placing, err);
    if (placing->row.groups != 1 || !is_empty_list(&rest) || !is_empty_list(&rest))
        return place_merged(placing, table, in, err);
    *in = rest;
    if (!snapshot_group_take(&placing->row.in, placing->snapshot->scope, &placing->group))
        return wrong(placing, err);
    TRY(check_group(placing, table, err));
    return place_whole(placing, err);
}

/* ---- what else follows from the log ---- */

static enum status place_named(struct placing *placing, struct unpack *in, struct error *err)
{
    struct snapshot_name name = {.scope = placing->snapshot->scope};
    uint64_t bytes, table, field;
    uint8_t key[SEAL_ID_BYTES];
    if (!unpack_bin_exact(in, name.root.bytes, HASH_BYTES) ||
        !unpack_uint_max(in, ATTACHMENT_BYTES_MAX, &bytes) || bytes == 0 ||
        !unpack_bool(in, &name.thumbnail) || !unpack_uint_max(in, UINT16_MAX, &table) ||
        !unpack_bin_exact(in, name.row.bytes, ID_BYTES) ||
        !unpack_uint_max(in, FIELD_NUMBER_MAX, &field) || !unpack_bin_exact(in, key, sizeof key))
        return wrong(placing, err);
    name.bytes = (uint32_t)bytes;
    name.table = (uint32_t)table;
    name.field = (uint16_t)field;
    memcpy(name.key.bytes, key, sizeof key);
    return attached_note_name(placing->replica, &name, err);
}

static enum status place_adopted(struct placing *placing, struct unpack *in, struct error *err)
{
    struct replica *replica = placing->replica;
    uint32_t scope = placing->snapshot->scope, origin_feed;
    struct dot origin, as;
    if (!snapshot_dot_take(in, scope, &origin) || !snapshot_dot_take(in, scope, &as) ||
        !is_within(placing, &as))
        return wrong(placing, err);
    TRY(feed_ensure(replica, &origin.feed, &origin_feed, err));
    sqlite3_stmt *set = sql_use(replica, SQL_ADOPTED_SET);
    if (!set)
        return sql_fail(replica, err, "adopted entries");
    sqlite3_bind_int64(set, 1, LOG_ID(origin_feed, origin.number));
    sqlite3_bind_int64(set, 2, LOG_ID(feed_find(replica, &as.feed), as.number));
    return sql_done(replica, set, "adopted entries", err);
}

/* ---- the whole ---- */

static enum status place_item(struct placing *placing, struct unpack *in, struct error *err)
{
    const uint8_t *start = in->at;
    struct unpack ahead = *in;
    struct bytes whole;
    uint32_t parts;
    uint64_t kind;
    if (!unpack_array(in, &parts) || !unpack_uint_max(in, SNAPSHOT_ADOPTED, &kind))
        return wrong(placing, err);
    switch ((enum snapshot_item)kind) {
    case SNAPSHOT_TOLD:
        if (!unpack_value(&ahead, &whole))
            return wrong(placing, err);
        return place_told(placing, in, bytes_of(start, whole.size), err);
    case SNAPSHOT_KEPT:
        return place_kept(placing, in, err);
    case SNAPSHOT_KEY:
        return place_key(placing, in, err);
    case SNAPSHOT_ROW:
        return place_row(placing, in, err);
    case SNAPSHOT_NAMED:
        return place_named(placing, in, err);
    case SNAPSHOT_ADOPTED:
        return place_adopted(placing, in, err);
    }
    return wrong(placing, err);
}

static enum status read_chunk(struct placing *placing, size_t index, struct error *err)
{
    struct replica *replica = placing->replica;
    const uint8_t *leaf = snapshot_leaf_at(placing->snapshot, index);
    struct hash found;
    sqlite3_stmt *get = sql_use(replica, SQL_CHUNK_GET);
    enum status status = STATUS_OK;
    if (!get)
        return sql_fail(replica, err, "the snapshot");
    sqlite3_bind_int64(get, 1, placing->snapshot->scope);
    sqlite3_bind_blob(get, 2, leaf, HASH_BYTES, SQLITE_STATIC);
    if (sql_row(replica, get, &status, err))
        status = snapshot_chunk_open(replica, sql_blob(get, 0), &placing->plain, err);
    else if (status == STATUS_OK)
        status = error_set(err, STATUS_GAP, "chunk %u of scope %u is not here yet", (unsigned)index,
                           placing->snapshot->scope);
    status = sql_end(replica, get, status, err);
    /* It may have rotted since it was staged. */
    snapshot_leaf(&found, &replica->network, buffer_bytes(&placing->plain));
    if (status == STATUS_OK && memcmp(found.bytes, leaf, HASH_BYTES) != 0)
        status = wrong(placing, err);
    return status;
}

static enum status place_chunks(struct placing *placing, struct error *err)
{
    for (size_t i = 0; i < snapshot_chunks(placing->snapshot); i++) {
        TRY(read_chunk(placing, i, err));
        struct unpack in = unpack_of(buffer_bytes(&placing->plain));
        while (!unpack_done(&in))
            TRY(place_item(placing, &in, err));
    }
    return STATUS_OK;
}

/* What was written adds up to what the manifest says. */
static enum status check_tallies(struct placing *placing, struct error *err)
{
    const struct replica *replica = placing->replica;
    const struct snapshot *snapshot = placing->snapshot;
    size_t at = 0;
    for (size_t i = 0; i < replica->tallies_count; i++) {
        const struct tally *tally = &replica->tallies[i].tally;
        if (tally->scope != snapshot->scope || tally->rows == 0)
            continue;
        if (at == snapshot->tallies_count || snapshot->tallies[at].table != tally->table ||
            snapshot->tallies[at].rows != tally->rows ||
            memcmp(snapshot->tallies[at].sum, tally->sum, sizeof tally->sum) != 0)
            return wrong(placing, err);
        at++;
    }
    return at == snapshot->tallies_count ? STATUS_OK : wrong(placing, err);
}

static enum status place(struct placing *placing, struct error *err)
{
    TRY(snapshot_may_take(placing->replica, placing->snapshot, err));
    TRY(floor_tables(placing->replica, err));
    TRY(place_feeds(placing, err));
    TRY(place_chunks(placing, err));
    TRY(check_tallies(placing, err));
    if (registry_seals(placing->replica->registry)->erasures_count > 0)
        TRY(keys_erase(placing->replica, err));
    return snapshot_placed(placing->replica, placing->snapshot->scope, err);
}

/* Would it fare the same the next time, and every chunk too? Of one that was made under other
 * rights a newer one may share most. */
static bool is_useless(enum status status)
{
    return status != STATUS_GAP && status != STATUS_UNKNOWN && status != STATUS_NO_MEMORY &&
           status != STATUS_STORAGE && status != STATUS_DISK_FULL && status != STATUS_BUSY &&
           status != STATUS_UNSUPPORTED;
}

enum status replica_snapshot_place(struct replica *replica, uint32_t scope, struct error *err)
{
    struct snapshot snapshot = {0};
    struct placing placing = {.replica = replica, .snapshot = &snapshot};
    TRY(replica_begin(replica, err));
    enum status status = snapshot_staged(replica, scope, &snapshot, err);
    if (status == STATUS_OK)
        status = place(&placing, err);
    if (status == STATUS_OK) {
        status = replica_commit(replica, err);
    } else {
        replica_rollback(replica);
        if (is_useless(status))
            replica_snapshot_drop(replica, scope, NULL);
    }
    buffer_release(&placing.plain);
    snapshot_release(&snapshot);
    return status;
}
