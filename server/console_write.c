/* What a person of the bureau changes through the console: invitations, revocations, and rows that
 * the bureau hands down, written by the hub's own device. As tasks of the storage thread; each is
 * noted with the account's name (common/access.h). */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/consent.h"
#include "common/edit.h"
#include "common/messages.h"
#include "common/qr.h"
#include "common/view.h"
#include "server/console_state.h"
#include "server/invite.h"
#include "server/log.h"
#include "server/revoke.h"

#define INVITE_HOURS 168
#define INVITE_HOURS_MAX (24 * 30)
#define ADD_ORGS_MAX 1000 /* that get the same row at once */

struct deed {
    struct task task;
    struct api_call *call;
    enum status (*act)(struct deed *deed, struct hub *hub, struct error *err);
    enum language language;
    struct access note;
    bool notes_itself;
    char purpose[200];
};

/* ---- on the storage thread ---- */

/* What was done stands, whether or not it can be noted: the registry tells of it, too. */
static void note(struct deed *deed, struct hub *hub)
{
    struct error err = {0};
    enum status status = replica_begin(hub->replica, &err);
    if (status == STATUS_OK) {
        status = access_note(hub->replica, &deed->note, &err);
        if (status == STATUS_OK)
            status = replica_commit(hub->replica, &err);
        else
            replica_rollback(hub->replica);
    }
    if (status != STATUS_OK)
        log_error("access_notes", &err);
}

static enum status work(struct task *task, struct hub *hub, struct error *err)
{
    struct deed *deed = (struct deed *)task;
    bool changed;
    language_begin(deed->language);
    enum status status = replica_refresh(hub->replica, &changed, err);
    if (status == STATUS_OK)
        status = account_require(hub->replica, deed->call->who, deed->call->version, err);
    if (status == STATUS_OK)
        status = deed->act(deed, hub, err);
    language_end();
    if (status == STATUS_OK && !deed->notes_itself)
        note(deed, hub);
    return status;
}

static enum status invite_device(struct deed *deed, struct hub *hub, struct error *err)
{
    struct api_call *call = deed->call;
    char code[INVITATION_TEXT_MAX];
    const char *org_text, *role;
    const struct org *org;
    struct invite_options options;
    struct buffer modules = {0};
    json_t *hours = json_object_get(call->body, "hours");
    TRY(api_text(call, "org", false, &org_text, err));
    TRY(api_text(call, "role", false, &role, err));
    TRY(api_text(call, "person", false, &options.code.person, err));
    TRY(api_text(call, "address", false, &options.address, err));
    TRY(view_org(hub->replica, org_text, &org, err));
    if (!role_parse(role, &options.code.role) || options.code.role == ROLE_HUB)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a role", role);
    json_int_t life = hours ? json_integer_value(hours) : INVITE_HOURS;
    if (life < 1 || life > INVITE_HOURS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a number from %lld to %lld", "hours",
                         1ll, (long long)INVITE_HOURS_MAX);
    options.code.org = org->number;
    options.code.lifetime_ms = life * 3600000;
    TRY(invite_create(hub, &options, code, err));
    TRY(qr_modules(code, &modules, err));
    call->answer =
        json_pack("{ss ss%}", "code", code, "qr", (const char *)modules.data, modules.size);
    buffer_release(&modules);
    sodium_memzero(code, sizeof code);
    return STATUS_OK;
}

static enum status revoke_device(struct deed *deed, struct hub *hub, struct error *err)
{
    struct api_call *call = deed->call;
    const json_t *last = json_object_get(call->body, "last_good");
    struct id id;
    const struct device *device = NULL;
    if (id_parse(call->parts[0], &id))
        device = registry_device_by_id(replica_registry(hub->replica), &id);
    if (!device)
        return error_set(err, STATUS_NOT_FOUND, "there is no device '%s'", call->parts[0]);
    if (last && (!json_is_integer(last) || json_integer_value(last) < 0))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a number from 0 on", "last_good");
    TRY(hub_revoke(hub, device, last ? (uint64_t)json_integer_value(last) : UINT64_MAX, err));
    call->answer = json_pack("{ss}", "id", call->parts[0]);
    return STATUS_OK;
}

/* ---- rows ---- */

static enum status add_one(struct deed *deed, struct hub *hub, const char *org, json_t *ids,
                           struct error *err)
{
    struct edit edit = {0};
    struct saved saved;
    size_t entries, failed;
    const char *name;
    char id[ID_TEXT_BYTES];
    json_t *value;
    enum status status = edit_start(&edit, hub->replica, CHANGE_ADD, deed->call->parts[0], err);
    if (status == STATUS_OK)
        status = edit_org(&edit, org, err);
    json_object_foreach(json_object_get(deed->call->body, "fields"), name, value)
    {
        if (status == STATUS_OK)
            status = edit_json(&edit, name, value, err);
    }
    if (status == STATUS_OK)
        status = edit_finish(&edit, err);
    if (status == STATUS_OK)
        status = replica_save(hub->replica, &edit.change, 1, &saved, &entries, &failed, err);
    if (status == STATUS_OK) {
        id_format(&saved.id, id);
        json_array_append_new(ids, json_string(id));
    }
    edit_release(&edit);
    return status;
}

static enum status add_rows(struct deed *deed, struct hub *hub, struct error *err)
{
    const json_t *orgs = json_object_get(deed->call->body, "orgs");
    size_t count = json_array_size(orgs);
    enum status status = STATUS_OK;
    if (count == 0 || count > ADD_ORGS_MAX)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a list of 1 to %d", "orgs",
                         ADD_ORGS_MAX);
    deed->note.rows = count;
    TRY(replica_begin(hub->replica, err));
    json_t *ids = json_array();
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const char *org = json_string_value(json_array_get(orgs, i));
        status = add_one(deed, hub, org ? org : "", ids, err);
    }
    if (status == STATUS_OK)
        status = replica_commit(hub->replica, err);
    else
        replica_rollback(hub->replica);
    deed->call->answer = json_pack("{so}", "ids", ids);
    return status;
}

static enum status export_people(struct deed *deed, struct hub *hub, struct error *err)
{
    return consent_export(hub->replica, &deed->note, err);
}

/* ---- on the loop ---- */

static void on_done(struct task *task)
{
    struct deed *deed = (struct deed *)task;
    struct api_call *call = deed->call;
    enum status status = task->status;
    struct error err = task->err;
    free(deed);
    if (status == STATUS_OK)
        api_answer(call);
    else
        api_fail(call, status, &err);
}

static void submit(struct api_call *call, const struct deed *wanted)
{
    struct console *console = console_of(call);
    struct error err = {0};
    struct deed *deed = malloc(sizeof *deed);
    enum status status =
        deed ? api_parse_body(call, &err) : error_set(&err, STATUS_NO_MEMORY, "out of memory");
    if (status != STATUS_OK) {
        free(deed);
        api_fail(call, status, &err);
        return;
    }
    *deed = *wanted;
    deed->task = (struct task){.work = work, .done = on_done};
    deed->call = call;
    deed->language = console_language(call->request);
    deed->note.purpose = deed->purpose;
    deed->note.who = call->who;
    worker_do(console->options.worker, &deed->task);
}

void console_invite(struct api_call *call)
{
    struct deed deed = {.act = invite_device,
                        .note = {.action = "admin", .table = "device", .rows = 1}};
    snprintf(deed.purpose, sizeof deed.purpose, "console invite");
    submit(call, &deed);
}

void console_revoke(struct api_call *call)
{
    struct deed deed = {.act = revoke_device,
                        .note = {.action = "admin", .table = "device", .rows = 1}};
    snprintf(deed.purpose, sizeof deed.purpose, "console revoke %.40s", call->parts[0]);
    submit(call, &deed);
}

void console_add(struct api_call *call)
{
    struct deed deed = {.act = add_rows, .note = {.action = "admin", .table = call->parts[0]}};
    snprintf(deed.purpose, sizeof deed.purpose, "console add");
    submit(call, &deed);
}

void console_export(struct api_call *call)
{
    struct deed deed = {
        .act = export_people,
        .notes_itself = true,
        .note = {.action = "export", .table = call->parts[0], .rows = call->exported}};
    snprintf(deed.purpose, sizeof deed.purpose, "console");
    submit(call, &deed);
}
