/* Is what was carried into a scope what was written in the other one? Whoever holds both can tell;
 * all others believe the hub, as do those who took the scope by a snapshot. */

#include <stdio.h>

#include "common/pack.h"
#include "common/replica_floor.h"
#include "common/replica_move.h"

struct carried {
    struct replica *replica;
    struct entry_view here, there;
    struct buffer here_body, there_body;
};

static const struct op_field *find_field(const struct entry_view *view, const struct op *op,
                                         uint16_t number)
{
    for (size_t o = 0; o < view->ops_count; o++) {
        const struct op *other = &view->ops[o];
        if (other->table != op->table || !id_equal(&other->row, &op->row))
            continue;
        for (uint32_t i = 0; i < other->fields_count; i++)
            if (view->fields[other->fields_at + i].number == number)
                return &view->fields[other->fields_at + i];
    }
    return NULL;
}

/* Sealed values are sealed anew, and a set names its dots otherwise. */
static bool same_value(const struct carried *carried, const struct op *op,
                       const struct op_field *here, const struct op_field *there)
{
    const struct schema_table *table = schema_table(carried->replica->schema, op->table);
    const struct schema_field *field = table ? table_field(table, here->number) : NULL;
    if (!there || (field && (field->seal_roles || field->merge == MERGE_SET)))
        return there != NULL;
    return bytes_equal(here->value, there->value);
}

static bool same_ops(const struct carried *carried)
{
    const struct entry_view *here = &carried->here;
    for (size_t o = 0; o < here->ops_count; o++) {
        const struct op *op = &here->ops[o];
        for (uint32_t i = 0; i < op->fields_count; i++) {
            const struct op_field *field = &here->fields[op->fields_at + i];
            if (!same_value(carried, op, field, find_field(&carried->there, op, field->number)))
                return false;
        }
    }
    return true;
}

/* *holds is left alone when there is nothing to compare with. */
static enum status compare(struct carried *carried, const struct dot *dot, bool *holds,
                           struct error *err)
{
    struct replica *replica = carried->replica;
    const struct entry_head *here = &carried->here.head, *there = &carried->there.head;
    TRY(feed_read(replica, dot, &carried->here_body, err));
    if (entry_decode(&carried->here, &dot->feed, buffer_bytes(&carried->here_body), NULL) !=
            STATUS_OK ||
        !here->has_origin || here->origin.feed.scope == dot->feed.scope)
        return STATUS_OK;
    enum status status = feed_read(replica, &here->origin, &carried->there_body, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    TRY(status);
    *holds = entry_decode(&carried->there, &here->origin.feed, buffer_bytes(&carried->there_body),
                          NULL) == STATUS_OK;
    if (!*holds)
        return STATUS_OK;
    struct id wrote = feed_person(replica, &here->origin, there);
    *holds = here->time_ms == there->time_ms && here->has_person &&
             id_equal(&here->person, &wrote) && same_ops(carried);
    return STATUS_OK;
}

static enum status check_feed(struct carried *carried, const struct feed *feed,
                              verify_report *report, void *context, struct error *err)
{
    char line[160];
    struct dot dot = {feed->id, 1};
    for (; dot.number <= feed->number; dot.number++) {
        bool holds = true;
        if (below_floor(carried->replica, &dot))
            continue;
        TRY(compare(carried, &dot, &holds, err));
        if (holds)
            continue;
        snprintf(line, sizeof line,
                 "entry %llu of device %u in scope %u carries what was not written",
                 (unsigned long long)dot.number, dot.feed.device, dot.feed.scope);
        report(context, line);
    }
    return STATUS_OK;
}

enum status carried_check(struct replica *replica, verify_report *report, void *context,
                          struct error *err)
{
    struct carried carried = {.replica = replica};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < replica->feeds_count && status == STATUS_OK; i++) {
        struct feed feed = replica->feeds[i];
        if (feed.id.device == DEVICE_HUB && !SCOPE_IS_REGISTRY(feed.id.scope) && replica->schema)
            status = check_feed(&carried, &feed, report, context, err);
    }
    entry_view_release(&carried.here);
    entry_view_release(&carried.there);
    buffer_release(&carried.here_body);
    buffer_release(&carried.there_body);
    return status;
}
