/* Other devices on the local network: who can be heard, whether others may sync here, syncing with
 * one of them, and a code that admits one. */

#include "client/admit.h"
#include "client/api.h"
#include "common/qr.h"

enum status api_near(struct api_call *call, struct error *err)
{
    (void)err;
    struct replica *replica = call->replica;
    call->answer = json_pack("{so}", "near",
                             lookout_devices(api_of(call)->lookout, replica_registry(replica),
                                             replica_identity(replica)->device));
    return STATUS_OK;
}

static void answer(struct api_call *call, enum status status, const struct error *err)
{
    if (status != STATUS_OK) {
        api_fail(call, status, err);
        return;
    }
    call->answer = neighbours_state(office_neighbours(api_of(call)->office));
    api_answer(call);
}

void api_near_listen(struct api_call *call)
{
    struct error err = {0};
    enum status status = api_parse_body(call, &err);
    if (status == STATUS_OK)
        status = neighbours_listen(office_neighbours(api_of(call)->office),
                                   json_is_true(json_object_get(call->body, "on")), &err);
    answer(call, status, &err);
}

void api_near_meet(struct api_call *call)
{
    struct error err = {0};
    const char *address;
    enum status status = api_parse_body(call, &err);
    if (status == STATUS_OK)
        status = api_text(call, "address", false, &address, &err);
    if (status == STATUS_OK)
        status = neighbours_meet(office_neighbours(api_of(call)->office), address, &err);
    answer(call, status, &err);
}

/* ---- admitting ---- */

static enum status read_admission(struct api_call *call, struct admission *admission,
                                  struct error *err)
{
    const char *role, *name;
    const struct org *org;
    TRY(api_text(call, "person", false, &admission->code.person, err));
    TRY(api_text(call, "address", false, &admission->address, err));
    TRY(api_text(call, "role", false, &role, err));
    TRY(api_text(call, "org", false, &name, err));
    if (!role_parse(role, &admission->code.role))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a role", role);
    TRY(view_org(call->replica, name, &org, err));
    admission->code.org = org->number;
    admission->code.lifetime_ms = ADMIT_MS;
    return STATUS_OK;
}

enum status api_enrol(struct api_call *call, struct error *err)
{
    char text[INVITATION_TEXT_MAX];
    struct admission admission = {0};
    struct buffer modules = {0};
    TRY(read_admission(call, &admission, err));
    TRY(admit_create(call->replica, &admission, text, err));
    enum status status = qr_modules(text, &modules, err);
    if (status == STATUS_OK)
        call->answer = json_pack("{ss ss% sI}", "code", text, "qr", (const char *)modules.data,
                                 modules.size, "minutes", (json_int_t)(ADMIT_MS / 60000));
    buffer_release(&modules);
    return status;
}
