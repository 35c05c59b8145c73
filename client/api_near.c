/* Other devices on the local network: who can be heard, whether others may sync here, and syncing
 * with one of them. */

#include "client/api.h"

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
