#include "common/replica_move.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/array.h"
#include "common/pack.h"
#include "common/replica_draft.h"
#include "common/replica_seal.h"

/* ---- writes ---- */

static enum status name_of(struct replica *replica, struct write *write, struct error *err)
{
    struct entry_view *view = &replica->story_view;
    TRY(feed_read(replica, &write->dot, &replica->story_body, err));
    TRY(entry_decode(view, &write->dot.feed, buffer_bytes(&replica->story_body), err));
    const struct entry_head *head = &view->head;
    bool carried = head->has_origin && head->origin.feed.scope != write->dot.feed.scope;
    write->name = carried ? head->origin : write->dot;
    write->time_ms = head->time_ms;
    return STATUS_OK;
}

static enum status add_write(struct writes *writes, const struct write *write, struct error *err)
{
    struct write *items =
        array_grow(writes->items, writes->count, &writes->capacity, sizeof *items);
    if (!items)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    writes->items = items;
    items[writes->count++] = *write;
    return STATUS_OK;
}

static int by_time(const void *left, const void *right)
{
    const struct write *a = left, *b = right;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    return dot_compare(&a->name, &b->name);
}

static enum status list_counting(struct replica *replica, const struct dots *dots,
                                 struct writes *writes, struct error *err)
{
    for (size_t i = 0; i < dots->count; i++) {
        struct write write = {.dot = dots->items[i]};
        bool counts;
        TRY(entry_counts(replica, &write.dot, &counts, err));
        if (!counts)
            continue;
        TRY(name_of(replica, &write, err));
        TRY(add_write(writes, &write, err));
    }
    if (writes->count > 0)
        qsort(writes->items, writes->count, sizeof *writes->items, by_time);
    return STATUS_OK;
}

enum status writes_list(struct replica *replica, const struct row_wish *wish, struct writes *writes,
                        struct error *err)
{
    struct row row = {0};
    struct dots dots = {0};
    *writes = (struct writes){0};
    enum status status = row_load(replica, wish, &row, err);
    if (status == STATUS_OK && replica->place.found)
        status = row_writers(replica, &row, &dots, err);
    if (status == STATUS_OK)
        status = list_counting(replica, &dots, writes, err);
    dots_release(&dots);
    row_release(&row);
    return status;
}

static const struct op *find_op(const struct entry_view *view, const struct row_wish *row)
{
    for (size_t i = 0; i < view->ops_count; i++)
        if (view->ops[i].table == row->table->number && id_equal(&view->ops[i].row, &row->id))
            return &view->ops[i];
    return NULL;
}

enum status write_field_of(struct replica *replica, const struct row_wish *row,
                           const struct write *write, uint16_t field, struct op_field *said,
                           bool *found, struct error *err)
{
    struct entry_view *view = &replica->story_view;
    *found = false;
    TRY(feed_read(replica, &write->dot, &replica->story_body, err));
    TRY(entry_decode(view, &write->dot.feed, buffer_bytes(&replica->story_body), err));
    const struct op *op = find_op(view, row);
    for (uint32_t i = 0; op && i < op->fields_count && !*found; i++) {
        *said = view->fields[op->fields_at + i];
        *found = said->number == field;
    }
    return STATUS_OK;
}

static const struct write *find_dot(const struct writes *writes, const struct dot *dot)
{
    for (size_t i = 0; i < writes->count; i++)
        if (dot_equal(&writes->items[i].dot, dot))
            return &writes->items[i];
    return NULL;
}

static const struct write *find_name(const struct writes *writes, const struct dot *name)
{
    for (size_t i = 0; i < writes->count; i++)
        if (dot_equal(&writes->items[i].name, name))
            return &writes->items[i];
    return NULL;
}

/* ---- carrying ---- */

/* A row on its way. `draft` makes one entry after the other. */
struct carrying {
    struct replica *replica;
    const struct row_wish *row;
    struct writes here, there;
    struct draft draft;
    struct entry_view view; /* of the write at hand */
    struct buffer source, set;
    size_t carried;
};

/* What a dot of this scope is called in the other one; false: it isn't there. */
static bool called_there(const struct carrying *carrying, const struct dot *dot, struct dot *as)
{
    const struct write *here = find_dot(&carrying->here, dot);
    const struct write *there = here ? find_name(&carrying->there, &here->name) : NULL;
    if (there)
        *as = there->dot;
    return there != NULL;
}

static int by_dot(const void *a, const void *b)
{
    return dot_compare(a, b);
}

/* Renames `dots` in place, ascending; those that aren't there fall out. Gives how many are left. */
static size_t rename_dots(const struct carrying *carrying, struct dot *dots, size_t count)
{
    size_t kept = 0, once = 0;
    for (size_t i = 0; i < count; i++)
        if (called_there(carrying, &dots[i], &dots[kept]))
            kept++;
    if (kept > 0)
        qsort(dots, kept, sizeof *dots, by_dot);
    for (size_t i = 0; i < kept; i++)
        if (once == 0 || !dot_equal(&dots[once - 1], &dots[i]))
            dots[once++] = dots[i];
    return once;
}

/* A set's value with the dots of what it removes as they are called there; empty: nothing is left.
 */
static enum status rename_set(struct carrying *carrying, struct bytes value, struct error *err)
{
    struct entry_view view = {.feed = carrying->view.feed};
    struct set_change *changes = NULL;
    size_t count = 0, kept = 0;
    enum status status = entry_decode_set(&view, value, &changes, &count, err);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct set_change *change = &changes[i];
        if (change->removed)
            change->bases_count =
                (uint32_t)rename_dots(carrying, view.dots + change->bases_at, change->bases_count);
        if (!change->removed || change->bases_count > 0)
            changes[kept++] = *change;
    }
    buffer_clear(&carrying->set);
    if (status == STATUS_OK && kept > 0)
        status = entry_pack_set(&carrying->set, &carrying->draft.writer.feed, changes, kept,
                                view.dots, err);
    free(changes);
    entry_view_release(&view);
    return status;
}

/* Under a key of the other scope, for those who read there; what nobody can open stays as it is. */
static enum status seal_anew(struct carrying *carrying, const struct schema_field *field,
                             struct bytes *value, struct error *err)
{
    struct replica *replica = carrying->replica;
    struct seal_place place = {carrying->row->table->number, carrying->row->id, field->number};
    struct bytes plain;
    struct id subject;
    bool found = false;
    TRY(replica_plain(replica, &place, *value, &plain, err));
    if (plain.data != value->data)
        TRY(replica_seal_subject(replica, *value, &subject, &found, err));
    if (!found)
        return STATUS_OK;
    *value = plain;
    return draft_seal(&carrying->draft, &place, field, &subject, value, err);
}

static enum status carry_field(struct carrying *carrying, const struct op_field *written,
                               struct error *err)
{
    const struct schema_field *field = table_field(carrying->row->table, written->number);
    struct dot bases[ENTRY_BASES_MAX];
    struct bytes value = written->value;
    struct moved moved;
    size_t count = written->bases_count;
    if ((written->number == FIELD_DELETED && tombstone_moved(value, &moved)) ||
        (written->number != FIELD_DELETED && !field))
        return STATUS_OK;
    for (size_t i = 0; i < count; i++)
        bases[i] = carrying->view.dots[written->bases_at + i];
    count = rename_dots(carrying, bases, count);
    if (field && field->merge == MERGE_SET) {
        TRY(rename_set(carrying, value, err));
        value = buffer_bytes(&carrying->set);
        if (value.size == 0)
            return STATUS_OK;
    }
    if (field && field->seal_roles)
        TRY(seal_anew(carrying, field, &value, err));
    struct draft *draft = &carrying->draft;
    if (draft->rows_count++ == 0)
        TRY(entry_writer_op(&draft->writer, carrying->row->table->number, &carrying->row->id, err));
    return entry_writer_field(&draft->writer, written->number, value, bases, count, err);
}

/* Whose name stands on the device that wrote; "" for somebody else who used it. */
static struct bytes writer_name(const struct registry *registry, const struct dot *dot,
                                const struct entry_head *head)
{
    const struct device *device = registry_device(registry, dot->feed.device);
    if (!device || (head->has_person && !id_equal(&head->person, &device->certificate.person)))
        return bytes_text("");
    return bytes_text(device->certificate.person_name);
}

static struct entry_head carried_head(struct carrying *carrying, const struct write *write)
{
    struct replica *replica = carrying->replica;
    const struct entry_head *from = &carrying->view.head;
    const struct org *org = registry_org(replica->registry, SCOPE_ORG(write->dot.feed.scope));
    struct entry_head head = replica_entry_head(replica);
    head.time_ms = from->time_ms;
    head.has_person = true;
    head.person = feed_person(replica, &write->dot, from);
    head.has_origin = true;
    head.origin = write->name;
    head.origin_org = bytes_text(org ? org->name : "");
    head.origin_person = writer_name(replica->registry, &write->dot, from);
    if (!dot_equal(&write->dot, &write->name)) {
        head.origin_org = from->origin_org;
        head.origin_person = from->origin_person;
    }
    return head;
}

static enum status append_draft(struct draft *draft, struct dot *as, struct error *err)
{
    struct replica *replica = draft->replica;
    buffer_clear(&draft->body);
    TRY(entry_writer_finish(&draft->writer, &draft->body, err));
    replica->keys_in = buffer_bytes(&draft->wrapped);
    enum status status = replica_append(replica, draft->scope, buffer_bytes(&draft->body), as, err);
    replica->keys_in = (struct bytes){0};
    draft_forget_keys(draft);
    return status;
}

static enum status read_write(struct carrying *carrying, const struct write *write,
                              struct error *err)
{
    TRY(feed_read(carrying->replica, &write->dot, &carrying->source, err));
    return entry_decode(&carrying->view, &write->dot.feed, buffer_bytes(&carrying->source), err);
}

static enum status carry_write(struct carrying *carrying, const struct write *write,
                               struct error *err)
{
    struct draft *draft = &carrying->draft;
    struct write there = *write;
    const struct identity *self = &carrying->replica->identity;
    struct feed_id feed = {draft->scope, self->device, self->incarnation};
    const struct op *op = find_op(&carrying->view, carrying->row);
    struct entry_head head = carried_head(carrying, write);
    draft->rows_count = 0;
    TRY(entry_writer_start(&draft->writer, &feed, &head, err));
    for (uint32_t i = 0; op && i < op->fields_count; i++)
        TRY(carry_field(carrying, &carrying->view.fields[op->fields_at + i], err));
    if (draft->rows_count == 0)
        return STATUS_OK;
    TRY(append_draft(draft, &there.dot, err));
    carrying->carried++;
    return add_write(&carrying->there, &there, err);
}

/* The write at hand also names dots in the sets that it takes elements out of: all in view.dots. */
static enum status read_sets(struct carrying *carrying, struct error *err)
{
    struct entry_view *view = &carrying->view;
    const struct op *op = find_op(view, carrying->row);
    for (uint32_t i = 0; op && i < op->fields_count; i++) {
        const struct op_field *written = &view->fields[op->fields_at + i];
        const struct schema_field *field = table_field(carrying->row->table, written->number);
        struct set_change *changes = NULL;
        size_t count;
        if (!field || field->merge != MERGE_SET)
            continue;
        enum status status = entry_decode_set(view, written->value, &changes, &count, err);
        free(changes);
        TRY(status);
    }
    return STATUS_OK;
}

/* Does the write replace something that has yet to be carried? */
static bool waits_for_bases(const struct carrying *carrying, const bool *done)
{
    for (size_t i = 0; i < carrying->view.dots_count; i++) {
        const struct write *base = find_dot(&carrying->here, &carrying->view.dots[i]);
        if (base && !done[base - carrying->here.items])
            return true;
    }
    return false;
}

/* What is replaced goes before what replaces it. Entries that name each other (of two hands who
 * cheat) would wait for ever: then the first of them goes all the same. */
static enum status carry_all(struct carrying *carrying, bool *done, struct error *err)
{
    bool progress = true, forced = false;
    while (progress || forced) {
        bool left = false;
        progress = false;
        for (size_t i = 0; i < carrying->here.count; i++) {
            const struct write write = carrying->here.items[i];
            if (done[i])
                continue;
            TRY(read_write(carrying, &write, err));
            TRY(read_sets(carrying, err));
            if (waits_for_bases(carrying, done) && !forced) {
                left = true;
                continue;
            }
            TRY(carry_write(carrying, &write, err));
            done[i] = progress = true;
            forced = false;
        }
        forced = left && !progress;
    }
    return STATUS_OK;
}

static enum status carry_missing(struct carrying *carrying, struct error *err)
{
    bool *done = calloc(carrying->here.count + 1, sizeof *done);
    if (!done)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < carrying->here.count; i++)
        done[i] = find_name(&carrying->there, &carrying->here.items[i].name) != NULL;
    enum status status = carry_all(carrying, done, err);
    free(done);
    return status;
}

enum status row_carry(struct replica *replica, const struct row_wish *row, uint32_t to,
                      size_t *carried, struct error *err)
{
    struct carrying carrying = {
        .replica = replica, .row = row, .draft = {.replica = replica, .scope = to}};
    struct row_wish there = *row;
    there.scope = to;
    enum status status = writes_list(replica, row, &carrying.here, err);
    if (status == STATUS_OK)
        status = writes_list(replica, &there, &carrying.there, err);
    if (status == STATUS_OK)
        status = carry_missing(&carrying, err);
    *carried = carrying.carried;
    free(carrying.here.items);
    free(carrying.there.items);
    draft_release(&carrying.draft);
    entry_view_release(&carrying.view);
    buffer_release(&carrying.source);
    buffer_release(&carrying.set);
    return status;
}

/* ---- the mark ---- */

enum heads { HEADS_ALL, HEADS_BUT_MARK, HEADS_OF_MARK };

static size_t list_heads(const struct row *row, enum heads which, struct dot *dots)
{
    size_t count = 0;
    for (size_t c = 0; c < row->cells_count; c++) {
        const struct cell *cell = &row->cells[c];
        enum heads here = cell->field == FIELD_DELETED ? HEADS_OF_MARK : HEADS_BUT_MARK;
        if (which != HEADS_ALL && which != here)
            continue;
        for (size_t i = 0; i < cell->heads_count && count < ENTRY_BASES_MAX; i++)
            dots[count++] = cell->heads[i].dot;
    }
    if (count > 0)
        qsort(dots, count, sizeof *dots, by_dot);
    size_t once = 0;
    for (size_t i = 0; i < count; i++)
        if (once == 0 || !dot_equal(&dots[once - 1], &dots[i]))
            dots[once++] = dots[i];
    return once;
}

static enum status write_mark(struct replica *replica, const struct row_wish *wish,
                              struct bytes value, const struct dot *bases, size_t count,
                              struct error *err)
{
    struct draft draft = {.replica = replica, .scope = wish->scope};
    struct feed_id feed = {wish->scope, replica->identity.device, replica->identity.incarnation};
    struct entry_head head = replica_entry_head(replica);
    struct dot dot;
    enum status status = entry_writer_start(&draft.writer, &feed, &head, err);
    if (status == STATUS_OK)
        status = entry_writer_op(&draft.writer, wish->table->number, &wish->id, err);
    if (status == STATUS_OK)
        status = entry_writer_field(&draft.writer, FIELD_DELETED, value, bases, count, err);
    if (status == STATUS_OK)
        status = append_draft(&draft, &dot, err);
    draft_release(&draft);
    return status;
}

enum status row_close(struct replica *replica, const struct row_wish *wish, uint32_t number,
                      bool beside, struct error *err)
{
    const struct org *org = registry_org(replica->registry, number);
    struct moved moved = {number, bytes_text(org ? org->name : "?")};
    struct dot bases[ENTRY_BASES_MAX];
    struct buffer value = {0};
    struct row row = {0};
    enum status status = row_load(replica, wish, &row, err);
    size_t count = list_heads(&row, beside ? HEADS_BUT_MARK : HEADS_ALL, bases);
    row_release(&row);
    if (status == STATUS_OK && tombstone_pack_moved(&value, &moved) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (status == STATUS_OK)
        status = write_mark(replica, wish, buffer_bytes(&value), bases, count, err);
    buffer_release(&value);
    return status;
}

enum status row_reopen(struct replica *replica, const struct row_wish *wish, struct error *err)
{
    static const uint8_t here = 0xc2; /* false: it isn't gone */
    struct dot bases[ENTRY_BASES_MAX];
    struct moved moved;
    struct row row = {0};
    enum status status = row_load(replica, wish, &row, err);
    bool left = status == STATUS_OK && row_moved(&row, &moved);
    size_t count = list_heads(&row, HEADS_OF_MARK, bases);
    row_release(&row);
    return left ? write_mark(replica, wish, bytes_of(&here, 1), bases, count, err) : status;
}
