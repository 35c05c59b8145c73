/* A row that moved away from the scope where it is looked at: what came late for it there, and what
 * was settled when two orgs had taken it. */

#include <stdlib.h>

#include "common/transfer_state.h"

static enum status is_here(struct replica *replica, const struct row_wish *wish, bool *here,
                           struct error *err)
{
    struct row row = {0};
    enum status status = row_load(replica, wish, &row, err);
    *here = status == STATUS_OK && replica->place.found && row_presence(&row) == ROW_HERE;
    row_release(&row);
    return status;
}

static struct saying *saying_of(struct sayings *sayings, const struct dot *dot)
{
    for (size_t i = 0; i < sayings->count; i++)
        if (dot_equal(&sayings->items[i].dot, dot))
            return &sayings->items[i];
    return NULL;
}

static enum status add_saying(struct transfer *transfer, const struct row_wish *wish,
                              const struct write *write, struct sayings *sayings, struct error *err)
{
    struct op_field said;
    struct moved moved = {0};
    bool found;
    TRY(write_field_of(transfer->replica, wish, write, FIELD_DELETED, &said, &found, err));
    if (!found)
        return STATUS_OK;
    if (!tombstone_moved(said.value, &moved))
        moved.org = 0;
    sayings->items[sayings->count++] =
        (struct saying){write->dot, moved.org, write->dot.feed.device == DEVICE_HUB, false};
    return STATUS_OK;
}

/* Whatever a later `false` names was taken back. */
static enum status mark_taken_back(struct transfer *transfer, const struct row_wish *wish,
                                   const struct write *write, struct sayings *sayings,
                                   struct error *err)
{
    struct op_field said;
    bool found;
    TRY(write_field_of(transfer->replica, wish, write, FIELD_DELETED, &said, &found, err));
    for (uint32_t i = 0; found && !tombstone_gone(said.value) && i < said.bases_count; i++) {
        const struct dot *base = &transfer->replica->story_view.dots[said.bases_at + i];
        struct saying *saying = saying_of(sayings, base);
        if (saying)
            saying->taken_back = true;
    }
    return STATUS_OK;
}

enum status sayings_list(struct transfer *transfer, const struct row_wish *wish,
                         struct sayings *sayings, struct error *err)
{
    struct writes writes;
    *sayings = (struct sayings){0};
    enum status status = writes_list(transfer->replica, wish, &writes, err);
    if (status == STATUS_OK && !(sayings->items = calloc(writes.count + 1, sizeof(struct saying))))
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; status == STATUS_OK && i < writes.count; i++)
        status = add_saying(transfer, wish, &writes.items[i], sayings, err);
    for (size_t i = 0; status == STATUS_OK && i < writes.count; i++)
        status = mark_taken_back(transfer, wish, &writes.items[i], sayings, err);
    free(writes.items);
    return status;
}

uint32_t agreed_place(const struct row *row)
{
    const struct cell *cell = row_find_cell(row, FIELD_DELETED);
    uint32_t org = 0;
    for (size_t i = 0; cell && i < cell->heads_count; i++) {
        struct moved moved;
        if (!tombstone_moved(cell->heads[i].value, &moved))
            continue;
        if (org != 0 && org != moved.org)
            return 0;
        org = moved.org;
    }
    return org;
}

static bool hub_said(const struct sayings *sayings, uint32_t org)
{
    for (size_t i = 0; i < sayings->count; i++)
        if (sayings->items[i].org == org && sayings->items[i].by_hub)
            return true;
    return false;
}

/* A settlement chose `org` among several places: the row leaves the other one, if it still is there
 * and has never been sent on from there as the settlement says. */
static enum status leave_loser(struct transfer *transfer, uint32_t loser, uint32_t org,
                               struct error *err)
{
    struct row_wish there = transfer->wish;
    struct sayings sayings = {0};
    bool here;
    there.scope = SCOPE_RECORDS(loser);
    TRY(is_here(transfer->replica, &there, &here, err));
    if (!here)
        return STATUS_OK;
    enum status status = sayings_list(transfer, &there, &sayings, err);
    bool sent = status == STATUS_OK && hub_said(&sayings, org);
    free(sayings.items);
    return status != STATUS_OK || sent ? status : move_with_followers(transfer, &there, org, err);
}

static enum status follow_settlement(struct transfer *transfer, struct sayings *sayings,
                                     uint32_t org, struct error *err)
{
    const struct cell *cell = row_find_cell(&transfer->row, FIELD_DELETED);
    for (size_t h = 0; h < cell->heads_count; h++)
        for (size_t s = 0; s < cell->heads[h].seen_count; s++) {
            const struct saying *saying = saying_of(sayings, &cell->heads[h].seen[s]);
            if (saying && saying->by_hub && saying->org != 0 && saying->org != org)
                TRY(leave_loser(transfer, saying->org, org, err));
        }
    return STATUS_OK;
}

/* What came late for the old place is carried after the row, and the mark says that it is known. */
static enum status follow_late(struct transfer *transfer, uint32_t org, struct sayings *sayings,
                               struct error *err)
{
    size_t carried = 0;
    struct row_wish there = transfer->wish;
    bool here;
    there.scope = SCOPE_RECORDS(org);
    TRY(row_carry(transfer->replica, &transfer->wish, there.scope, &carried, err));
    transfer->entries += carried;
    if (carried > 0 && row_presence(&transfer->row) == ROW_HERE) {
        TRY(row_close(transfer->replica, &transfer->wish, org, false, err));
        transfer->entries++;
    }
    TRY(is_here(transfer->replica, &there, &here, err));
    return here ? follow_settlement(transfer, sayings, org, err) : STATUS_OK;
}

enum status look_at_left(struct transfer *transfer, struct error *err)
{
    struct sayings sayings = {0};
    uint32_t org = agreed_place(&transfer->row);
    if (org == 0)
        return STATUS_OK;
    enum status status = sayings_list(transfer, &transfer->wish, &sayings, err);
    if (status == STATUS_OK && hub_said(&sayings, org))
        status = follow_late(transfer, org, &sayings, err);
    free(sayings.items);
    return status;
}
