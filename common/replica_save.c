/* Saving: from what a person changed to a signed entry, through the same door as received ones. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "common/replica_draft.h"
#include "common/replica_seal.h"
#include "common/steps.h"

struct entry_head replica_entry_head(struct replica *replica)
{
    struct buffer number = {0};
    struct entry_head head = {.time_ms = clock_wall_ms(&replica->clock)};
    if (replica_meta_get(replica, "beacon_number", &number, NULL) == STATUS_OK &&
        number.size < 20 && buffer_append(&number, "", 1) == STATUS_OK)
        head.beacon = strtoull((const char *)number.data, NULL, 10);
    buffer_release(&number);
    if (replica->schema)
        head.epoch = replica->schema->epoch;
    return head;
}

/* ---- one entry of our own ---- */

static enum status own_feed(struct replica *replica, uint32_t scope, uint32_t *local,
                            struct error *err)
{
    const struct identity *self = &replica->identity;
    struct feed_id id = {scope, self->device, self->incarnation};
    if (self->device == 0)
        return error_set(err, STATUS_DENIED, "this replica is not enrolled yet");
    return feed_ensure(replica, &id, local, err);
}

static enum status append_signed(struct replica *replica, uint32_t local, struct bytes body,
                                 struct dot *dot, struct error *err)
{
    struct hash hash;
    uint8_t signature[SIGNATURE_BYTES];
    struct feed *feed = feed_at(replica, local);
    *dot = (struct dot){feed->id, feed->number + 1};
    entry_hash(&hash, &replica->network, dot, &feed->hash, body);
    entry_sign(signature, &replica->network, &hash, &replica->identity.sign);
    struct piece piece = {&body, 1, signature, hash};
    TRY(feed_append(replica, local, &piece, err));
    return frontier_raise(&replica->frontier, &dot->feed, dot->number, err);
}

enum status replica_append(struct replica *replica, uint32_t scope, struct bytes body,
                           struct dot *dot, struct error *err)
{
    uint32_t local;
    assert(replica->in_transaction);
    TRY(own_feed(replica, scope, &local, err));
    struct feed *feed = feed_at(replica, local);
    *dot = (struct dot){feed->id, feed->number + 1};
    /* Our own mistake must stop here, not be set aside: judge it on a copy of the door first. */
    TRY(entry_decode(&replica->save_view, &feed->id, body, err));
    if (SCOPE_IS_REGISTRY(scope)) {
        TRY(append_signed(replica, local, body, dot, err));
        TRY(registry_apply(replica->registry, dot, &replica->save_view, err));
        TRY(registry_followed(replica, &replica->save_view, err));
        return feeds_write(replica, err);
    }
    TRY(registry_permits(replica->registry, dot, &replica->save_view, err));
    TRY(append_signed(replica, local, body, dot, err));
    TRY(keys_note(replica, dot, &replica->save_view, err));
    return apply_entry(replica, dot, &replica->save_view, err);
}

enum status replica_append_unjudged(struct replica *replica, uint32_t scope, struct bytes body,
                                    struct dot *dot, struct error *err)
{
    uint32_t local;
    struct received received = {0};
    assert(replica->in_transaction);
    TRY(own_feed(replica, scope, &local, err));
    TRY(append_signed(replica, local, body, dot, err));
    return admit_entry(replica, dot, body, &received, err);
}

/* What one change does to one row. */
struct edit {
    struct drafts *drafts;
    const struct change *change;
    const struct schema_table *table;
    struct row *row;
    struct id id;
    bool exists;
    bool op_started;
};

/* ---- bases ---- */

struct dot_list {
    struct dot items[ENTRY_BASES_MAX];
    size_t count;
};

static void list_heads(const struct row *row, uint16_t field, struct dot_list *list)
{
    const struct cell *cell = row_find_cell(row, field);
    for (size_t i = 0; cell && i < cell->heads_count && list->count < ENTRY_BASES_MAX; i++)
        list->items[list->count++] = cell->heads[i].dot;
}

static enum status write_field(struct draft *draft, struct edit *edit, uint16_t field,
                               struct bytes value, const struct dot_list *bases, struct error *err)
{
    if (!edit->op_started) {
        TRY(entry_writer_op(&draft->writer, edit->table->number, &edit->id, err));
        draft->rows[draft->rows_count++] = edit->id;
        edit->op_started = true;
    }
    return entry_writer_field(&draft->writer, field, value, bases->items, bases->count, err);
}

/* ---- sets ---- */

static int by_element(const void *a, const void *b)
{
    const struct set_change *left = a, *right = b;
    if (left->removed != right->removed)
        return left->removed ? 1 : -1;
    return bytes_compare(left->element, right->element);
}

/* Dots of the element as we hold it, sorted (heads of a set stand by element and dot). */
static void list_element(const struct cell *cell, struct set_change *change, struct dot *dots,
                         uint32_t *used)
{
    change->bases_at = *used;
    for (size_t i = 0; cell && i < cell->heads_count && *used < ENTRY_ELEMENTS_MAX; i++)
        if (bytes_equal(cell->heads[i].value, change->element))
            dots[(*used)++] = cell->heads[i].dot;
    change->bases_count = *used - change->bases_at;
}

static enum status read_part(struct unpack *in, bool removed, struct set_change *changes,
                             size_t *count, struct error *err)
{
    uint32_t elements;
    if (!unpack_array(in, &elements) || *count + elements > ENTRY_ELEMENTS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "more than %d elements of a set",
                         ENTRY_ELEMENTS_MAX);
    for (uint32_t i = 0; i < elements; i++) {
        struct set_change *change = &changes[(*count)++];
        *change = (struct set_change){.removed = removed};
        if (!unpack_value(in, &change->element))
            return error_set(err, STATUS_BAD_INPUT, "an element of a set is broken");
    }
    return STATUS_OK;
}

/* Keeps adds once, and removals of what is there. */
static size_t settle_changes(struct set_change *changes, size_t count, const struct cell *cell,
                             struct dot *dots)
{
    uint32_t used = 0;
    size_t kept = 0;
    qsort(changes, count, sizeof *changes, by_element);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && by_element(&changes[kept - 1], &changes[i]) == 0)
            continue;
        if (changes[i].removed)
            list_element(cell, &changes[i], dots, &used);
        if (!changes[i].removed || changes[i].bases_count > 0)
            changes[kept++] = changes[i];
    }
    return kept;
}

/* The value of a set's change as the entry carries it, into draft->value; nothing: size 0. Each
 * element takes a byte at least, and each dot is a head's. */
static enum status pack_set_change(struct draft *draft, const struct edit *edit,
                                   const struct change_field *given, struct error *err)
{
    struct unpack in = unpack_of(given->value);
    const struct cell *cell = row_find_cell(edit->row, given->field);
    struct set_change *changes = calloc(given->value.size + 1, sizeof *changes);
    struct dot *dots = calloc(cell ? cell->heads_count + 1 : 1, sizeof *dots);
    size_t count = 0;
    uint32_t parts;
    enum status status = STATUS_OK;
    buffer_clear(&draft->value);
    if (!changes || !dots)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    else if (!unpack_array(&in, &parts) || parts != 2)
        status = error_set(err, STATUS_BAD_INPUT, "a set is not two lists");
    if (status == STATUS_OK)
        status = read_part(&in, false, changes, &count, err);
    if (status == STATUS_OK)
        status = read_part(&in, true, changes, &count, err);
    if (status == STATUS_OK)
        count = settle_changes(changes, count, cell, dots);
    if (status == STATUS_OK && count > 0)
        status = entry_pack_set(&draft->value, &draft->writer.feed, changes, count, dots, err);
    free(changes);
    free(dots);
    return status;
}

/* ---- fields ---- */

static const struct change_field *given_field(const struct change *change, uint16_t field)
{
    for (size_t i = 0; i < change->fields_count; i++)
        if (change->fields[i].field == field)
            return &change->fields[i];
    return NULL;
}

/* A field of a group is written when any of its group is. */
static const struct change_field *given_group(const struct edit *edit,
                                              const struct schema_field *field)
{
    for (size_t i = 0; field->group && i < edit->table->fields_count; i++) {
        const struct schema_field *other = &edit->table->fields[i];
        const struct change_field *given =
            other->group == field->group ? given_field(edit->change, other->number) : NULL;
        if (given)
            return given;
    }
    return NULL;
}

static enum status shown_value(struct draft *draft, const struct edit *edit,
                               const struct schema_field *field, struct shown *shown,
                               struct error *err)
{
    struct row_history history = replica_history(draft->replica);
    return row_show(edit->row, field, &history, shown, err);
}

static bool replaces(const struct schema_field *field)
{
    return field->merge != MERGE_APPEND && field->merge != MERGE_MAX && field->merge != MERGE_MIN &&
           field->merge != MERGE_COUNTER && field->merge != MERGE_SET;
}

static void choose_bases(const struct edit *edit, const struct schema_field *field,
                         const struct change_field *given, struct dot_list *bases)
{
    bases->count = 0;
    if (!replaces(field))
        return;
    if (given->has_bases) {
        for (size_t i = 0; i < given->bases_count && i < ENTRY_BASES_MAX; i++)
            bases->items[bases->count++] = given->bases[i];
        return;
    }
    list_heads(edit->row, field->number, bases);
}

/* Who settles chooses among steps that were taken; all others take the next one. */
static enum status check_step(struct draft *draft, const struct edit *edit,
                              const struct schema_field *field, struct bytes value,
                              struct error *err)
{
    struct shown shown = {0};
    if (field->merge != MERGE_STEPS || edit->change->kind == CHANGE_SETTLE)
        return STATUS_OK;
    TRY(shown_value(draft, edit, field, &shown, err));
    struct bytes now = shown.present ? shown.value : (struct bytes){0};
    return steps_check_order(edit->table, field, now, value, err);
}

/* Nothing to say when the row alone shows this value already. */
static enum status is_news(struct draft *draft, const struct edit *edit,
                           const struct schema_field *field, struct bytes value, bool *news,
                           struct error *err)
{
    const struct cell *cell = row_find_cell(edit->row, field->number);
    struct shown shown;
    *news = true;
    if (edit->change->kind == CHANGE_SETTLE || field->merge == MERGE_COUNTER ||
        field->merge == MERGE_SET || field->group || !cell || cell->heads_count != 1)
        return STATUS_OK;
    TRY(shown_value(draft, edit, field, &shown, err));
    struct seal_place place = {edit->table->number, edit->id, field->number};
    struct bytes plain;
    TRY(replica_plain(draft->replica, &place, shown.value, &plain, err));
    *news = !bytes_equal(plain, value);
    return STATUS_OK;
}

/* ---- sealed fields ---- */

/* The person whom the row is about. */
static enum status subject_of(struct draft *draft, const struct edit *edit, struct id *subject,
                              struct error *err)
{
    const struct schema_field *field =
        edit->table->subject_field ? table_field(edit->table, edit->table->subject_field) : NULL;
    const struct change_field *given = field ? given_field(edit->change, field->number) : NULL;
    struct shown shown = {0};
    struct bytes data;
    *subject = edit->id;
    if (field && !given)
        TRY(shown_value(draft, edit, field, &shown, err));
    struct unpack in = unpack_of(given ? given->value : shown.value);
    if (field && unpack_bin(&in, &data) && data.size >= ID_BYTES)
        memcpy(subject->bytes, data.data + data.size - ID_BYTES, ID_BYTES);
    return STATUS_OK;
}

static enum status write_sealed(struct draft *draft, struct edit *edit,
                                const struct schema_field *field, struct bytes value,
                                const struct dot_list *bases, struct error *err)
{
    struct seal_place place = {edit->table->number, edit->id, field->number};
    struct id subject;
    TRY(subject_of(draft, edit, &subject, err));
    TRY(draft_seal(draft, &place, field, &subject, &value, err));
    return write_field(draft, edit, field->number, value, bases, err);
}

static enum status check_required(const struct edit *edit, const struct schema_field *field,
                                  const struct change_field *given, struct error *err)
{
    bool nil = given && given->value.size == 1 && given->value.data[0] == 0xc0;
    bool missing = edit->change->kind == CHANGE_ADD && !edit->exists && !given;
    if (field->required && (nil || missing))
        return error_set(err, STATUS_BAD_INPUT, "field '%s' of table '%s' is required", field->name,
                         edit->table->name);
    return STATUS_OK;
}

static enum status edit_set(struct draft *draft, struct edit *edit,
                            const struct change_field *given, struct error *err)
{
    static const struct dot_list none;
    TRY(pack_set_change(draft, edit, given, err));
    if (draft->value.size == 0)
        return STATUS_OK;
    return write_field(draft, edit, given->field, buffer_bytes(&draft->value), &none, err);
}

static enum status edit_field(struct draft *draft, struct edit *edit,
                              const struct schema_field *field, struct error *err)
{
    static const uint8_t nil = 0xc0;
    struct dot_list bases;
    struct shown shown = {0};
    bool news;
    const struct change_field *given = given_field(edit->change, field->number);
    TRY(check_required(edit, field, given, err));
    const struct change_field *leader = given ? given : given_group(edit, field);
    if (!leader)
        return STATUS_OK;
    if (field->merge == MERGE_SET)
        return edit_set(draft, edit, leader, err);
    struct bytes value = given ? given->value : bytes_of(&nil, 1);
    if (!given) { /* the rest of a group keeps what it shows */
        TRY(shown_value(draft, edit, field, &shown, err));
        if (shown.present)
            value = shown.value;
    }
    TRY(field_check_typed(field, value, err));
    TRY(check_step(draft, edit, field, value, err));
    TRY(is_news(draft, edit, field, value, &news, err));
    if (!news)
        return STATUS_OK;
    if (field->merge == MERGE_APPEND && edit->exists && row_find_cell(edit->row, field->number) &&
        edit->change->kind != CHANGE_SETTLE)
        return error_set(err, STATUS_DENIED, "field '%s' of '%s' is written once only", field->name,
                         edit->table->name);
    choose_bases(edit, field, leader, &bases);
    if (field->seal_roles)
        return write_sealed(draft, edit, field, value, &bases, err);
    return write_field(draft, edit, field->number, value, &bases, err);
}

/* Deleting names every head that was seen; putting back names the deletions. */
static enum status edit_deleted(struct draft *draft, struct edit *edit, struct bytes value,
                                struct error *err)
{
    struct dot_list bases = {.count = 0};
    if (tombstone_gone(value))
        for (size_t i = 0; i < edit->row->cells_count; i++)
            list_heads(edit->row, edit->row->cells[i].field, &bases);
    else
        list_heads(edit->row, FIELD_DELETED, &bases);
    return write_field(draft, edit, FIELD_DELETED, value, &bases, err);
}

static enum status edit_row(struct draft *draft, struct edit *edit, struct error *err)
{
    static const uint8_t yes = 0xc3, no = 0xc2;
    const struct change_field *mark = given_field(edit->change, FIELD_DELETED);
    if (edit->change->kind == CHANGE_DELETE)
        return edit_deleted(draft, edit, bytes_of(&yes, 1), err);
    /* Who enters anew what a natural key names, and was deleted, means it to be there. */
    if (edit->change->kind == CHANGE_ADD && edit->exists && row_deleted(edit->row) && !mark)
        TRY(edit_deleted(draft, edit, bytes_of(&no, 1), err));
    if (mark)
        TRY(edit_deleted(draft, edit, mark->value, err));
    for (size_t i = 0; i < edit->change->fields_count; i++) {
        uint16_t number = edit->change->fields[i].field;
        if (number != FIELD_DELETED && !table_field(edit->table, number))
            return error_set(err, STATUS_BAD_INPUT, "table '%s' has no field %u", edit->table->name,
                             number);
    }
    for (size_t i = 0; i < edit->table->fields_count; i++)
        TRY(edit_field(draft, edit, &edit->table->fields[i], err));
    return STATUS_OK;
}

/* ---- where a change goes ---- */

static enum status natural_id(const struct edit *edit, struct id *id, struct error *err)
{
    struct bytes values[8] = {{0}};
    for (size_t i = 0; i < edit->table->key_fields_count && i < 8; i++) {
        const struct change_field *given = given_field(edit->change, edit->table->key_fields[i]);
        if (given)
            values[i] = given->value;
    }
    return table_natural_id(edit->table, values, id, err);
}

static enum status choose_id(struct replica *replica, struct edit *edit, struct error *err)
{
    edit->id = edit->change->id;
    if (!id_is_zero(&edit->id))
        return STATUS_OK;
    if (edit->change->kind != CHANGE_ADD)
        return error_set(err, STATUS_BAD_INPUT, "a change needs the id of its row");
    if (edit->table->key_fields_count > 0)
        return natural_id(edit, &edit->id, err);
    edit->id = id_random(clock_wall_ms(&replica->clock));
    return STATUS_OK;
}

/* Into edit->row what is known of it. One whose id was just drawn isn't looked for. */
static enum status load_row(struct replica *replica, struct edit *edit, uint32_t scope,
                            struct error *err)
{
    bool drawn = id_is_zero(&edit->change->id) && edit->table->key_fields_count == 0;
    if (!drawn)
        return replica_row(replica, edit->table->number, &edit->id, scope, edit->row, &edit->exists,
                           err);
    row_start(edit->row, edit->table, scope, &edit->id);
    edit->exists = false;
    return STATUS_OK;
}

/* The scope of the row that the scope field names; 0 when there is none of ours. */
static enum status scope_of_ref(struct replica *replica, const struct edit *edit, uint32_t *scope,
                                struct error *err)
{
    const struct schema_field *field =
        edit->table->scope_field ? table_field(edit->table, edit->table->scope_field) : NULL;
    const struct change_field *given = field ? given_field(edit->change, field->number) : NULL;
    const struct schema_table *table;
    struct id id;
    *scope = 0;
    if (!given || !schema_ref(replica->schema, field, given->value, &table, &id))
        return STATUS_OK;
    TRY(drafts_apply_row(edit->drafts, &id, err));
    return replica_row_scope(replica, table->number, &id, scope, err);
}

/* Of the org that was asked for, the part where rows of this table stand; 0: none was. */
static uint32_t asked_scope(const struct edit *edit)
{
    uint32_t asked = edit->change->scope;
    return asked ? table_scope(edit->table, SCOPE_ORG(asked)) : 0;
}

static enum status choose_scope(struct replica *replica, const struct edit *edit, uint32_t *scope,
                                struct error *err)
{
    const struct device *self = registry_device(replica->registry, replica->identity.device);
    *scope = asked_scope(edit);
    if (*scope != 0)
        return STATUS_OK;
    if (!self)
        return error_set(err, STATUS_DENIED, "this replica is not enrolled yet");
    TRY(scope_of_ref(replica, edit, scope, err));
    uint32_t org = SCOPE_ORG(*scope);
    if (*scope == 0 || !registry_within(replica->registry, self->certificate.org, org))
        org = self->certificate.org;
    *scope = table_scope(edit->table, org);
    return STATUS_OK;
}

/* Finds or places the row; edit->row then holds what is known of it. */
static enum status find_row(struct replica *replica, struct edit *edit, uint32_t *scope,
                            struct error *err)
{
    char text[ID_TEXT_BYTES];
    TRY(load_row(replica, edit, asked_scope(edit), err));
    if (edit->exists) {
        *scope = edit->row->scope;
        if (edit->change->kind == CHANGE_ADD && edit->table->key_fields_count == 0) {
            id_format(&edit->id, text);
            return error_set(err, STATUS_EXISTS, "row '%s' of table '%s' exists already", text,
                             edit->table->name);
        }
        return STATUS_OK;
    }
    if (edit->change->kind != CHANGE_ADD) {
        id_format(&edit->id, text);
        return error_set(err, STATUS_NOT_FOUND, "there is no row '%s' in table '%s'", text,
                         edit->table->name);
    }
    return choose_scope(replica, edit, scope, err);
}

/* What is gone isn't changed; what has moved isn't put back here, either: it lives elsewhere. */
static enum status check_live(const struct edit *edit, struct error *err)
{
    const struct change *change = edit->change;
    const struct change_field *mark = given_field(change, FIELD_DELETED);
    struct moved moved;
    bool settles = change->kind == CHANGE_SETTLE;
    bool puts_back = mark && !tombstone_gone(mark->value);
    if (row_moved(edit->row, &moved) && (puts_back || (row_deleted(edit->row) && !settles)))
        return error_set(err, STATUS_DENIED, "the row of table '%s' has moved to '%.*s'",
                         edit->table->name, (int)moved.name.size, (const char *)moved.name.data);
    if (change->kind == CHANGE_ADD || !row_deleted(edit->row) || mark || settles)
        return STATUS_OK;
    return error_set(err, STATUS_NOT_FOUND, "the row of table '%s' is deleted", edit->table->name);
}

static enum status save_change(struct drafts *drafts, const struct change *change,
                               struct saved *saved, struct error *err)
{
    struct replica *replica = drafts->replica;
    struct edit edit = {.drafts = drafts, .change = change, .row = &replica->row};
    struct draft *draft;
    uint32_t scope = 0;
    edit.table = replica->schema ? schema_table(replica->schema, change->table) : NULL;
    if (!edit.table)
        return error_set(err, STATUS_NOT_FOUND, "table %u is not in the schema", change->table);
    TRY(choose_id(replica, &edit, err));
    TRY(drafts_apply_row(drafts, &edit.id, err));
    TRY(find_row(replica, &edit, &scope, err));
    TRY(check_live(&edit, err));
    saved->id = edit.id;
    size_t before = drafts_entries(drafts);
    TRY(drafts_find(drafts, scope, &draft, err));
    TRY(draft_turn_to(draft, scope, &edit.id, err));
    if (drafts_entries(drafts) != before) /* a flush used the row's memory */
        TRY(load_row(replica, &edit, scope, err));
    if (!edit.exists)
        row_start(edit.row, edit.table, scope, &edit.id);
    enum status status = edit_row(draft, &edit, err);
    saved->written = edit.op_started;
    return status;
}

static enum status save_all(struct drafts *drafts, const struct change *changes, size_t count,
                            struct saved *saved, size_t *failed, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        *failed = i;
        TRY(save_change(drafts, &changes[i], &saved[i], err));
    }
    return drafts_flush(drafts, err);
}

enum status replica_save(struct replica *replica, const struct change *changes, size_t count,
                         struct saved *saved, size_t *entries, size_t *failed, struct error *err)
{
    struct drafts drafts = {.replica = replica};
    bool own = !replica->in_transaction;
    *entries = *failed = 0;
    enum status status = own ? replica_begin(replica, err) : STATUS_OK;
    if (status == STATUS_OK) {
        status = save_all(&drafts, changes, count, saved, failed, err);
        *entries = drafts_entries(&drafts);
        if (own && status == STATUS_OK)
            status = replica_commit(replica, err);
        else if (own)
            replica_rollback(replica);
    }
    drafts_release(&drafts);
    return status;
}
