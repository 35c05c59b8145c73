#include "server/invite.h"

#include <sodium.h>
#include <string.h>

#include "server/link_keys.h"

enum status invite_create(struct hub *hub, const struct invite_options *options, char *text,
                          struct error *err)
{
    char host[INVITATION_ADDRESS_MAX + 1];
    uint16_t port;
    struct invitation invitation = {.network = *replica_network(hub->replica),
                                    .issuer = DEVICE_HUB};
    if (strlen(options->address) > INVITATION_ADDRESS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the address is too long");
    TRY(address_split(options->address, host, &port, err));
    memcpy(invitation.address, options->address, strlen(options->address) + 1);
    TRY(link_keys_newest(hub, invitation.link_key, err));
    TRY(codes_give(hub->replica, &options->code, invitation.token, err));
    invitation_format(&invitation, text);
    sodium_memzero(&invitation, sizeof invitation);
    return STATUS_OK;
}

/* Only the root may admit bureau and auditor: their keys are kept until it has signed (jinqiud root
 * request). */
static enum status add_device(struct hub *hub, const struct session_question *question,
                              const struct code_kept *code, uint32_t *device,
                              enum session_code *refuse, struct error *err)
{
    struct hub_device wish = {question->sign_key, question->remote_dh, code->person, code->role,
                              code->org};
    enum status status = hub_add_device(hub, &wish, device, err);
    if (status == STATUS_EXISTS)
        return STATUS_OK;
    if (status != STATUS_DENIED)
        TRY(status);
    *refuse = status == STATUS_DENIED ? SESSION_WAITS : SESSION_DONE;
    struct code_user user = {*device, question->sign_key, question->remote_dh, NULL};
    return codes_spend(hub->replica, question->token, &user, err);
}

enum status invite_enrol(void *context, struct replica *replica,
                         const struct session_question *question, uint32_t *device,
                         enum session_code *refuse, struct error *err)
{
    struct hub *hub = context;
    struct code_kept code;
    *refuse = SESSION_BAD_TOKEN;
    TRY(codes_find(replica, question->token, question->sign_key, &code, err));
    if (code.state == CODE_OPEN)
        return add_device(hub, question, &code, device, refuse, err);
    if (code.state == CODE_USED) {
        *device = code.device;
        *refuse =
            registry_device(replica_registry(replica), *device) ? SESSION_DONE : SESSION_WAITS;
    }
    return STATUS_OK;
}
