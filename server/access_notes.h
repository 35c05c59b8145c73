#ifndef SERVER_ACCESS_NOTES_H
#define SERVER_ACCESS_NOTES_H

/* Who looked at whose record through the console: gathered for a few seconds, then written into the
 * changelog as notes of access (common/access.h), one for each account, action and table.
 *
 * A note of single records names them; one of lists says how many rows were shown. Several looks at
 * one record within the time are one. What was gathered is lost only when the hub is killed. Lives
 * on the loop's thread; the writing is a task of the storage thread. */

#include <uv.h>

#include "server/account.h"
#include "server/worker.h"

#define ACCESS_NOTES_MS 3000
#define ACCESS_NOTE_IDS 12 /* in one note; then another begins */

struct access_item {
    const char *action; /* "read": static */
    char who[ACCOUNT_NAME_BYTES];
    char table[64];
    uint64_t rows;
    size_t ids_count;
    char ids[ACCESS_NOTE_IDS][ID_TEXT_BYTES];
    struct access_item *next;
};

struct access_notes {
    uv_timer_t timer;
    struct worker *worker;
    struct access_item *first;
    unsigned tasks; /* out */
    bool closing, timer_gone;
    void (*closed)(void *context);
    void *context;
};

void access_notes_init(struct access_notes *notes, uv_loop_t *loop, struct worker *worker);
/* `action` must be static. `id` NULL: `rows` of a list. */
void access_notes_add(struct access_notes *notes, const struct access_item *item, const char *id);
/* Write what there is; `closed` comes on the loop. */
void access_notes_close(struct access_notes *notes, void (*closed)(void *context), void *context);

#endif
