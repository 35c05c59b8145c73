/* The registry that a replica holds in memory, built from the log.
 *
 * Its entries come in feeds of their own: one to each org's part, and, since the hub was restored
 * from a backup, one to each of its lives. These may come in any order, so an entry may lack what
 * it speaks of (STATUS_UNKNOWN). It waits, and is asked again when something new is known. */

#include "common/mutant.h"
#include "common/replica_state.h"

/* ---- from the log ---- */

/* Those that count were verified when they came; what they hang on may stand in a feed that is read
 * later, then they are asked `again`. So are the others: this program may know more than the one
 * that refused them. */
static enum status apply_logged_entry(struct replica *replica, const struct dot *dot, bool *again,
                                      struct error *err)
{
    struct buffer body = {0};
    enum log_state state;
    enum status verdict = STATUS_OK;
    enum status status = feed_read(replica, dot, &body, err);
    if (status == STATUS_NOT_FOUND)
        status = error_set(err, STATUS_STORAGE, "the log of device %u lacks entry %llu",
                           dot->feed.device, (unsigned long long)dot->number);
    if (status == STATUS_OK)
        status = feed_get_state(replica, dot, &state, err);
    if (status == STATUS_OK)
        verdict = entry_decode(&replica->view, &dot->feed, buffer_bytes(&body), NULL);
    if (status == STATUS_OK && verdict == STATUS_OK)
        verdict = state == LOG_IN_FORCE
                      ? registry_reapply(replica->registry, dot, &replica->view, NULL)
                      : registry_apply(replica->registry, dot, &replica->view, NULL);
    buffer_release(&body);
    if (status == STATUS_OK && verdict == STATUS_NO_MEMORY)
        status = error_set(err, verdict, "out of memory");
    *again = status == STATUS_OK &&
             (verdict == STATUS_UNKNOWN || (verdict != STATUS_OK && state == LOG_IN_FORCE));
    return status;
}

/* The entries of a feed of the registry from `first` on. What lacks something goes into `late`. */
static enum status apply_logged(struct replica *replica, const struct frontier_row *row,
                                uint64_t first, struct dots *late, struct error *err)
{
    bool added, again;
    for (uint64_t number = first; number <= row->number; number++) {
        struct dot dot = {row->feed, number};
        TRY(apply_logged_entry(replica, &dot, &again, err));
        if (again)
            TRY(dots_add(late, &dot, &added, err));
    }
    return STATUS_OK;
}

/* Again and again, as long as it helps. */
static enum status apply_late(struct replica *replica, struct dots *late, struct error *err)
{
    bool helped = true;
    while (helped && late->count > 0) {
        struct dots still = {0};
        enum status status = STATUS_OK;
        bool added, again;
        for (size_t i = 0; i < late->count && status == STATUS_OK; i++) {
            status = apply_logged_entry(replica, &late->items[i], &again, err);
            if (status == STATUS_OK && again)
                status = dots_add(&still, &late->items[i], &added, err);
        }
        helped = still.count < late->count;
        dots_release(late);
        *late = still;
        TRY(status);
    }
    return STATUS_OK;
}

enum status registry_follow(struct replica *replica, const struct frontier *before,
                            struct error *err)
{
    struct dots late = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < replica->frontier.count && status == STATUS_OK; i++) {
        const struct frontier_row *row = &replica->frontier.rows[i];
        if (SCOPE_IS_REGISTRY(row->feed.scope))
            status = apply_logged(replica, row, frontier_get(before, &row->feed) + 1, &late, err);
    }
    if (status == STATUS_OK)
        status = apply_late(replica, &late, err);
    replica->registry_waits = late.count > 0;
    dots_release(&late);
    TRY(status);
    TRY(cuts_look(replica, 0, err));
    if (replica->schema == registry_schema(replica->registry))
        return STATUS_OK;
    replica->schema = registry_schema(replica->registry);
    sql_finalize_all(replica);
    return STATUS_OK;
}

enum status registry_load(struct replica *replica, struct error *err)
{
    static const struct frontier nothing;
    registry_free(replica->registry);
    replica->registry = NULL;
    replica->schema = NULL;
    TRY(registry_new(&replica->registry, &replica->network, err));
    sql_finalize_all(replica);
    return registry_follow(replica, &nothing, err);
}

/* ---- something new is known ---- */

static enum status settle_waiting(struct replica *replica, const struct dot *dot, bool *taken,
                                  struct error *err)
{
    struct error reason = {0};
    struct entry_view view = {0};
    struct buffer body = {0};
    enum status verdict = STATUS_UNKNOWN, status = feed_read(replica, dot, &body, err);
    if (status == STATUS_OK)
        status = entry_decode(&view, &dot->feed, buffer_bytes(&body), err);
    if (status == STATUS_OK)
        verdict = registry_apply(replica->registry, dot, &view, &reason);
    if (status == STATUS_OK && verdict == STATUS_NO_MEMORY)
        status = error_set(err, verdict, "out of memory");
    *taken = status == STATUS_OK && verdict == STATUS_OK;
    if (*taken)
        status = feed_set_state(replica, dot, LOG_IN_FORCE, err);
    else if (status == STATUS_OK && verdict != STATUS_UNKNOWN)
        status = feed_set_state(replica, dot, LOG_NOT_PERMITTED, err);
    if (status == STATUS_OK && verdict != STATUS_UNKNOWN)
        status = aside_forget(replica, dot, err);
    if (status == STATUS_OK && !*taken && verdict != STATUS_UNKNOWN)
        status = aside_note(replica, dot, &reason, (struct bytes){0}, err);
    if (*taken && status == STATUS_OK)
        status = judge_affected(replica, &view, err);
    entry_view_release(&view);
    buffer_release(&body);
    return status;
}

/* With those that were refused, when keys have come that may have signed them. */
static enum status settle_all_waiting(struct replica *replica, bool refused, bool *taken,
                                      struct error *err)
{
    struct dots dots = {0};
    enum status status = list_waiting(replica, refused, &dots, err);
    *taken = false;
    for (size_t i = 0; i < dots.count && status == STATUS_OK; i++) {
        bool this_one = false;
        if (SCOPE_IS_REGISTRY(dots.items[i].feed.scope))
            status = settle_waiting(replica, &dots.items[i], &this_one, err);
        *taken |= this_one;
    }
    dots_release(&dots);
    return status;
}

enum status registry_followed(struct replica *replica, const struct entry_view *view,
                              struct error *err)
{
    bool taken = true, keys = view->ops[0].table == REGISTRY_NETWORK;
    TRY(judge_affected(replica, view, err));
    while (taken && !MUTANT("waiting-forgotten"))
        TRY(settle_all_waiting(replica, keys, &taken, err));
    return STATUS_OK;
}
