/* Happy path: add -> the timer -> a task with all items -> the storage thread saves them -> done. A
 * note is no news: pages that read again for it would be noted again.
 * Failures: what can't be saved is told in the log, with its count; nothing is tried again. */

#include "server/access_notes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/access.h"
#include "common/mutant.h"
#include "server/log.h"

struct notes_task {
    struct task task;
    struct access_notes *notes;
    struct access_item *first;
};

static void free_items(struct access_item *item)
{
    while (item) {
        struct access_item *next = item->next;
        free(item);
        item = next;
    }
}

static void tell_closed(struct access_notes *notes)
{
    if (notes->closing && notes->timer_gone && notes->tasks == 0)
        notes->closed(notes->context);
}

/* ---- on the storage thread ---- */

static enum status save_item(struct replica *replica, const struct access_item *item,
                             struct error *err)
{
    char purpose[ACCESS_NOTE_IDS * ID_TEXT_BYTES + 16];
    size_t at = (size_t)snprintf(purpose, sizeof purpose, "console");
    for (size_t i = 0; i < item->ids_count; i++)
        at += (size_t)snprintf(purpose + at, sizeof purpose - at, " %s", item->ids[i]);
    struct access access = {.action = item->action,
                            .table = item->table,
                            .rows = item->rows,
                            .purpose = purpose,
                            .who = item->who};
    return access_note(replica, &access, err);
}

static enum status save_items(struct task *task, struct hub *hub, struct error *err)
{
    struct notes_task *notes = (struct notes_task *)task;
    TRY(replica_begin(hub->replica, err));
    enum status status = STATUS_OK;
    for (struct access_item *item = notes->first; item && status == STATUS_OK; item = item->next)
        status = save_item(hub->replica, item, err);
    if (status == STATUS_OK)
        return replica_commit(hub->replica, err);
    replica_rollback(hub->replica);
    return status;
}

/* ---- on the loop ---- */

static void on_saved(struct task *task)
{
    struct notes_task *done = (struct notes_task *)task;
    struct access_notes *notes = done->notes;
    if (task->status != STATUS_OK)
        log_error("access_notes", &task->err);
    free_items(done->first);
    free(done);
    notes->tasks--;
    tell_closed(notes);
}

static void write_out(struct access_notes *notes)
{
    struct notes_task *task = notes->first ? calloc(1, sizeof *task) : NULL;
    if (!task)
        return;
    *task = (struct notes_task){.task = {.work = save_items, .done = on_saved, .quiet = true},
                                .notes = notes,
                                .first = notes->first};
    notes->first = NULL;
    notes->tasks++;
    worker_do(notes->worker, &task->task);
}

static void on_timer(uv_timer_t *timer)
{
    write_out(timer->data);
}

void access_notes_init(struct access_notes *notes, uv_loop_t *loop, struct worker *worker)
{
    *notes = (struct access_notes){.worker = worker};
    uv_timer_init(loop, &notes->timer);
    notes->timer.data = notes;
}

static bool holds(const struct access_item *item, const char *id)
{
    for (size_t i = 0; i < item->ids_count; i++)
        if (strcmp(item->ids[i], id) == 0)
            return true;
    return false;
}

/* The item that takes this look; a list and single records are never one. */
static struct access_item *find(const struct access_notes *notes, const struct access_item *look,
                                const char *id)
{
    for (struct access_item *item = notes->first; item; item = item->next)
        if (strcmp(item->action, look->action) == 0 && strcmp(item->who, look->who) == 0 &&
            strcmp(item->table, look->table) == 0 && (item->ids_count > 0) == (id != NULL) &&
            (!id || holds(item, id) || item->ids_count < ACCESS_NOTE_IDS))
            return item;
    return NULL;
}

void access_notes_add(struct access_notes *notes, const struct access_item *look, const char *id)
{
    struct access_item *item = find(notes, look, id);
    if (MUTANT("t32-console-reads-not-noted"))
        return;
    if (!item) {
        item = malloc(sizeof *item);
        if (!item) {
            log_event("access_notes", "lost=1");
            return;
        }
        *item = *look;
        item->rows = 0;
        item->next = notes->first;
        notes->first = item;
    }
    if (!id)
        item->rows += look->rows;
    else if (!holds(item, id)) {
        snprintf(item->ids[item->ids_count++], ID_TEXT_BYTES, "%s", id);
        item->rows++;
    }
    if (!uv_is_active((uv_handle_t *)&notes->timer))
        uv_timer_start(&notes->timer, on_timer, ACCESS_NOTES_MS, 0);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct access_notes *notes = handle->data;
    notes->timer_gone = true;
    tell_closed(notes);
}

void access_notes_close(struct access_notes *notes, void (*closed)(void *context), void *context)
{
    notes->closing = true;
    notes->closed = closed;
    notes->context = context;
    write_out(notes);
    uv_close((uv_handle_t *)&notes->timer, on_timer_closed);
}
