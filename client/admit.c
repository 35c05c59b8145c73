#include "client/admit.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "client/remember.h"
#include "common/freshness.h"
#include "common/mutant.h"
#include "common/registry_draft.h"
#include "common/replica_seal.h"

void admit_digits(const uint8_t token[INVITATION_TOKEN_BYTES],
                  const uint8_t sign_key[PUBLIC_KEY_BYTES], char digits[ADMIT_DIGITS])
{
    uint8_t both[INVITATION_TOKEN_BYTES + PUBLIC_KEY_BYTES], hash[16];
    memcpy(both, token, INVITATION_TOKEN_BYTES);
    memcpy(both + INVITATION_TOKEN_BYTES, sign_key, PUBLIC_KEY_BYTES);
    crypto_generichash(hash, sizeof hash, both, sizeof both, NULL, 0);
    unsigned number = MUTANT("t24-digits-always-alike") ? 0 : get_u32le(hash) % 1000000;
    snprintf(digits, ADMIT_DIGITS, "%03u %03u", number / 1000, number % 1000);
}

/* ---- what this device may ---- */

/* The next roster index of its lot; 0: none is left. */
static uint32_t next_index(const struct registry *registry, const struct certificate *self)
{
    for (uint32_t i = 0; i < self->lot_count; i++)
        if (!registry_device(registry, self->lot + i))
            return self->lot + i;
    return 0;
}

static enum status check(struct replica *replica, enum role role, uint32_t org, struct error *err)
{
    TRY(freshness_check(replica, err));
    const struct registry *registry = replica_registry(replica);
    const struct device *self = registry_device(registry, replica_identity(replica)->device);
    if (!self || registry_device_state(registry, self) != DEVICE_ACTIVE ||
        !role_may_admit(self->certificate.role, role))
        return error_set(err, STATUS_DENIED, "this role may not admit a %s", role_name(role));
    if (!registry_within(registry, self->certificate.org, org))
        return error_set(err, STATUS_DENIED, "the org is not below this device's own");
    if (next_index(registry, &self->certificate) == 0)
        return error_set(err, STATUS_DENIED,
                         "this device has no place left to give: the bureau gives new ones with "
                         "'jinqiud device change'");
    return STATUS_OK;
}

/* ---- codes ---- */

static enum status invite(struct replica *replica, const struct admission *admission,
                          struct invitation *invitation, struct error *err)
{
    char host[INVITATION_ADDRESS_MAX + 1], hub[HUB_ADDRESS_BYTES];
    uint8_t link_key[DH_KEY_BYTES];
    uint16_t port;
    *invitation = (struct invitation){.network = *replica_network(replica),
                                      .issuer = replica_identity(replica)->device};
    TRY(address_split(admission->address, host, &port, err));
    TRY(recall_hub(replica, hub, link_key, err));
    if (strlen(admission->address) > INVITATION_ADDRESS_MAX || strlen(hub) > INVITATION_ADDRESS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the address is too long");
    memcpy(invitation->address, admission->address, strlen(admission->address) + 1);
    memcpy(invitation->hub, hub, strlen(hub) + 1);
    memcpy(invitation->link_key, replica_identity(replica)->dh.public_key, DH_KEY_BYTES);
    return STATUS_OK;
}

enum status admit_create(struct replica *replica, const struct admission *admission, char *text,
                         struct error *err)
{
    struct invitation invitation;
    TRY(check(replica, admission->code.role, admission->code.org, err));
    TRY(invite(replica, admission, &invitation, err));
    TRY(codes_give(replica, &admission->code, invitation.token, err));
    invitation_format(&invitation, text);
    sodium_memzero(&invitation, sizeof invitation);
    return STATUS_OK;
}

/* ---- a newcomer comes ---- */

/* One entry of our own in the registry part of the newcomer's org. */
static enum status write_certificate(struct replica *replica, const struct certificate *certificate,
                                     struct error *err)
{
    struct registry_draft draft;
    struct buffer sealed = {0};
    TRY(registry_draft_start(&draft, replica, SCOPE_REGISTRY(certificate->org), err));
    enum status status = certificate_seal(certificate, replica_network(replica),
                                          &replica_identity(replica)->sign, &sealed, err);
    if (status == STATUS_OK)
        status = registry_draft_device(&draft, certificate, buffer_bytes(&sealed), err);
    buffer_release(&sealed);
    return registry_draft_finish(&draft, status, err);
}

static enum status admit(struct replica *replica, const struct session_question *question,
                         const struct code_kept *code, struct certificate *certificate,
                         struct error *err)
{
    const struct registry *registry = replica_registry(replica);
    struct id id = device_id(replica_network(replica), question->sign_key);
    uint32_t issuer = replica_identity(replica)->device;
    TRY(check(replica, code->role, code->org, err));
    if (registry_device_by_id(registry, &id) ||
        registry_device_by_dh(registry, question->remote_dh))
        return error_set(err, STATUS_DENIED, "a device with these keys is enrolled already");
    *certificate = (struct certificate){.suite = SUITE_1,
                                        .serial = 1,
                                        .role = code->role,
                                        .org = code->org,
                                        .issuer = ISSUER_DEVICE(issuer),
                                        .beacon = replica_entry_head(replica).beacon};
    certificate->device = next_index(registry, &registry_device(registry, issuer)->certificate);
    certificate->person = id_random(clock_wall_ms(replica_clock(replica)));
    memcpy(certificate->sign_key, question->sign_key, PUBLIC_KEY_BYTES);
    memcpy(certificate->dh_key, question->remote_dh, DH_KEY_BYTES);
    memcpy(certificate->person_name, code->person, sizeof code->person);
    TRY(write_certificate(replica, certificate, err));
    return replica_grant_newcomer(replica, certificate, err);
}

enum status admit_enrol(void *context, struct replica *replica,
                        const struct session_question *question, uint32_t *device,
                        enum session_code *refuse, struct error *err)
{
    const struct admit_told *told = context;
    struct code_kept code;
    struct certificate certificate;
    char digits[ADMIT_DIGITS];
    *refuse = SESSION_BAD_TOKEN;
    TRY(codes_find(replica, question->token, question->sign_key, &code, err));
    if (code.state == CODE_USED) {
        *device = code.device;
        *refuse = SESSION_DONE;
    }
    if (code.state != CODE_OPEN)
        return STATUS_OK;
    enum status status = admit(replica, question, &code, &certificate, err);
    if (status == STATUS_DENIED)
        return STATUS_OK;
    TRY(status);
    struct code_user user = {certificate.device, question->sign_key, question->remote_dh, NULL};
    TRY(codes_spend(replica, question->token, &user, err));
    *device = certificate.device;
    *refuse = SESSION_DONE;
    admit_digits(question->token, question->sign_key, digits);
    if (told && told->admitted)
        told->admitted(told->context, registry_device(replica_registry(replica), *device), digits);
    return STATUS_OK;
}
