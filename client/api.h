#ifndef CLIENT_API_H
#define CLIENT_API_H

/* The JSON interface of the local pages (docs/openapi.json): its routes, and the handlers that only
 * a client has. What it stands on: api/api.h.
 *
 * Routes stand in one table (api.c). While the folder is locked nothing reaches the desk
 * (client/office.h, api_lock.c). */

#include "api/api_read.h"
#include "client/lookout.h"
#include "client/office.h"
#include "common/edit.h"

struct api {
    struct api_host host;
    struct office *office;
    struct lookout *lookout;
    struct web_site *site;
};

/* Fill in the host; the rest comes when it is open. */
void api_init(struct api *api);
/* The pages that a call belongs to. */
static inline struct api *api_of(const struct api_call *call)
{
    return call->host->context;
}

/* api_lock.c */
api_loop_handler api_lock, api_unlock, api_presence;
/* The answer to everything else while the folder is locked, or fresh. */
void api_is_locked(struct api_call *call);
/* What the status says of the lock. Gives. */
json_t *api_lock_state(struct api *api);

/* api_join.c */
api_loop_handler api_joining, api_join, api_join_look;

/* api_letter.c */
api_handler api_letters, api_letter_offer, api_letter_answer;
/* api_near.c */
api_handler api_near;
api_handler api_enrol;
api_loop_handler api_near_listen, api_near_meet;

/* api_own.c */
api_handler api_status, api_unsent;
/* api_write.c */
/* STATUS_BAD_INPUT when the body has other keys than these; NULL ends them. */
enum status api_check_keys(const struct api_call *call, const char *const *known,
                           struct error *err);
/* One edit around a step, which begins, finishes and saves it. */
typedef enum status api_edit_step(struct api_call *call, struct edit *edit, struct error *err);
enum status api_edit(struct api_call *call, api_edit_step *step, struct error *err);
/* Take the body's "fields", and "bases" where it has them. */
enum status api_fields(const struct api_call *call, struct edit *edit, struct error *err);
/* Finish and save the edit, forget the body's draft, and answer with the row's id. */
enum status api_save(struct api_call *call, struct edit *edit, struct error *err);
api_handler api_add, api_set, api_delete, api_settle;
/* api_keep.c */
api_handler api_drafts, api_draft_save, api_draft_delete, api_preferences, api_preferences_save;
/* api_file.c */
api_handler api_attach, api_files, api_file, api_file_want;
/* api_bundle.c */
api_handler api_bundle_write, api_bundle_read;
/* Appends what the hub isn't known to hold. STATUS_DENIED: the device has no keys. */
enum status api_make_bundle(struct api_call *call, struct buffer *bundle, struct error *err);
/* Take it in, in a transaction of its own, and answer how many entries came. */
enum status api_take_bundle(struct api_call *call, struct bytes bundle, struct error *err);
/* api_pictures.c */
api_handler api_bundle_pictures, api_bundle_look, api_bundle_join;
/* api_cells.c */
api_handler api_cells;
/* api_merge.c */
api_handler api_duplicates, api_merge, api_unmerge;
/* api_changes.c */
api_handler api_changes;
/* api_import.c */
api_handler api_import;
/* api_export.c */
api_handler api_export;
/* Note what leaves in a file, when one person may carry so much away; every file comes by here. */
enum status api_note_export(struct api_call *call, struct error *err);

#endif
