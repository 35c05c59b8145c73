/* The routes of the local pages, and what the loop has to say to each call. Some routes never see
 * the desk: the stream of events, the wish to sync, and what concerns the lock. */

#include "client/api.h"

static api_loop_handler sync_now;

static const struct api_route routes[] = {
    {WEB_GET, "status", {api_status}, WORK_STATUS, 200},
    {WEB_GET, "schema", {api_schema}, WORK_READ, 200},
    {WEB_GET, "orgs", {api_orgs}, WORK_READ, 200},
    {WEB_GET, "due", {api_due}, WORK_READ, 200},
    {WEB_GET, "marks/*", {api_marks}, WORK_READ, 200},
    {WEB_GET, "marks/*/*", {api_marks_of}, WORK_READ, 200},
    {WEB_GET, "unsent", {api_unsent}, WORK_READ, 200},
    {WEB_GET, "conflicts", {api_conflicts}, WORK_READ, 200},
    {WEB_GET, "rows/*", {api_list}, WORK_READ, 200},
    {WEB_POST, "rows/*", {api_add}, WORK_WRITE, 201},
    {WEB_GET, "cells/*", {api_cells}, WORK_READ, 200},
    {WEB_GET, "duplicates", {api_duplicates}, WORK_READ, 200},
    {WEB_POST, "merge", {api_merge}, WORK_WRITE, 200},
    {WEB_POST, "unmerge", {api_unmerge}, WORK_WRITE, 200},
    {WEB_POST, "changes", {api_changes}, WORK_WRITE, 200},
    {WEB_GET, "letters", {api_letters}, WORK_READ, 200},
    {WEB_POST, "letters", {api_letter_offer}, WORK_WRITE, 201},
    {WEB_POST, "letters/*", {api_letter_answer}, WORK_WRITE, 200},
    {WEB_GET, "reports", {api_reports}, WORK_READ, 200},
    {WEB_GET, "reports/*", {api_report}, WORK_READ, 200},
    {WEB_GET, "reports/*/*", {api_report_file}, WORK_READ, 200},
    {WEB_GET, "reminders", {api_reminders}, WORK_READ, 200},
    {WEB_GET, "bundle", {api_bundle_write}, WORK_READ, 200},
    {WEB_POST, "bundle", {api_bundle_read}, WORK_TAKE, 200},
    {WEB_GET, "bundle/pictures", {api_bundle_pictures}, WORK_READ, 200},
    {WEB_POST, "bundle/picture", {api_bundle_look}, WORK_TAKE, 200},
    {WEB_POST, "bundle/parts", {api_bundle_join}, WORK_KEEP, 200},
    {WEB_POST, "import/*", {api_import}, WORK_FILE, 200},
    {WEB_POST, "export/*", {api_export}, WORK_READ, 200},
    {WEB_GET, "papers", {api_papers}, WORK_READ, 200},
    {WEB_GET, "papers/*", {api_paper}, WORK_READ, 200},
    {WEB_GET, "rows/*/*", {api_get}, WORK_READ, 200},
    {WEB_PATCH, "rows/*/*", {api_set}, WORK_WRITE, 200},
    {WEB_DELETE, "rows/*/*", {api_delete}, WORK_WRITE, 200},
    {WEB_GET, "rows/*/*/history", {api_history}, WORK_READ, 200},
    {WEB_GET, "rows/*/*/related", {api_related}, WORK_READ, 200},
    {WEB_POST, "rows/*/*/settle", {api_settle}, WORK_WRITE, 200},
    {WEB_GET, "rows/*/*/files", {api_files}, WORK_READ, 200},
    {WEB_GET, "rows/*/*/files/*", {api_file}, WORK_READ, 200},
    {WEB_POST, "rows/*/*/files/*", {api_file_want}, WORK_WRITE, 202},
    {WEB_POST, "files", {api_attach}, WORK_FILE, 201},
    {WEB_GET, "drafts", {api_drafts}, WORK_KEEP, 200},
    {WEB_PUT, "drafts/*", {api_draft_save}, WORK_KEEP, 200},
    {WEB_DELETE, "drafts/*", {api_draft_delete}, WORK_KEEP, 200},
    {WEB_GET, "preferences", {api_preferences}, WORK_KEEP, 200},
    {WEB_PUT, "preferences", {api_preferences_save}, WORK_KEEP, 200},
    {WEB_POST, "sync", {.on_loop = sync_now}, WORK_LOOP, 202},
    {WEB_GET, "near", {api_near}, WORK_READ, 200},
    {WEB_POST, "near/listen", {.on_loop = api_near_listen}, WORK_LOOP, 202},
    {WEB_POST, "near/meet", {.on_loop = api_near_meet}, WORK_LOOP, 202},
    {WEB_POST, "near/enrol", {api_enrol}, WORK_KEEP, 201},
    {WEB_POST, "presence", {.on_loop = api_presence}, WORK_LOOP, 200},
    {WEB_POST, "lock", {.on_loop = api_lock}, WORK_DOOR, 202},
    {WEB_POST, "unlock", {.on_loop = api_unlock}, WORK_DOOR, 200},
    {WEB_GET, "join", {.on_loop = api_joining}, WORK_DOOR, 200},
    {WEB_POST, "join", {.on_loop = api_join}, WORK_DOOR, 200},
    {WEB_POST, "join/picture", {.on_loop = api_join_look}, WORK_DOOR_FILE, 200},
    {WEB_GET, "events", {.on_loop = api_stream}, WORK_DOOR, 200},
    {.path = NULL}};

/* Pages read again by themselves, so that only other methods tell of a person. */
static bool admit(struct api_call *call)
{
    struct office *office = api_of(call)->office;
    if (!office_is_open(office) && call->route->work < WORK_DOOR) {
        api_is_locked(call);
        api_answer(call);
        return false;
    }
    if (!web_method_safe(call->route->method))
        office_person(office);
    if (call->route->handle == api_near)
        lookout_ask(api_of(call)->lookout);
    return true;
}

static struct desk *desk(struct api_call *call)
{
    return office_desk(api_of(call)->office);
}

/* What belongs to the loop's rooms is added here; they may have been closed meanwhile. */
static bool leave(struct api_call *call)
{
    struct office *office = api_of(call)->office;
    struct background *background = office_background(office);
    if (call->route->work == WORK_STATUS && call->status == 200) {
        json_object_set_new(call->answer, "lock", api_lock_state(api_of(call)));
        if (background) {
            json_object_set_new(call->answer, "sync", background_state(background));
            json_object_set_new(call->answer, "near", neighbours_state(office_neighbours(office)));
        } else {
            api_is_locked(call);
        }
    }
    /* Another window may show what this one changed. */
    if (api_wrote(call))
        web_site_tell(api_of(call)->site, "changed", bytes_text("{}"));
    return true;
}

static void sync_now(struct api_call *call)
{
    struct background *background = office_background(api_of(call)->office);
    background_try(background);
    call->answer = background_state(background);
    api_answer(call);
}

void api_init(struct api *api)
{
    api->host = (struct api_host){.routes = routes,
                                  .admit = admit,
                                  .desk = desk,
                                  .export = api_note_export,
                                  .leave = leave,
                                  .context = api};
}
