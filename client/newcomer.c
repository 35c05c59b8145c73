#include "client/newcomer.h"

#include <string.h>

#include "client/folder.h"
#include "client/remember.h"
#include "common/invitation.h"

bool newcomer_arrived(const struct replica *replica)
{
    return replica_schema(replica) != NULL;
}

static enum status give_keys(struct replica *replica, struct error *err)
{
    struct identity identity = {.incarnation = INCARNATION_FIRST};
    signing_key_generate(&identity.sign);
    dh_key_generate(&identity.dh);
    enum status status = replica_set_identity(replica, &identity, err);
    signing_key_release(&identity.sign);
    dh_key_release(&identity.dh);
    return status;
}

static enum status prepare(const struct cli *cli, const struct newcomer *newcomer,
                           const struct invitation *invitation, struct replica **replica,
                           struct error *err)
{
    TRY(folder_create(cli, &invitation->network, &newcomer->choice, replica, err));
    return give_keys(*replica, err);
}

/* The keys stay: if the answer was lost on the way, the same code works again with them. */
static enum status prepare_again(const struct cli *cli, const struct newcomer *newcomer,
                                 const struct invitation *invitation, struct replica **replica,
                                 struct error *err)
{
    TRY(folder_open(cli, false, replica, err));
    if (!*cli->vault && !newcomer->bare)
        return error_set(err, STATUS_EXISTS,
                         "this folder holds an unencrypted replica: remove it, or say "
                         "--no-passphrase");
    if (memcmp(replica_network(*replica)->id, invitation->network.id, NETWORK_BYTES) != 0)
        return error_set(err, STATUS_EXISTS, "this folder belongs to another network");
    if (newcomer_arrived(*replica))
        return error_set(err, STATUS_EXISTS, "this folder is enrolled already");
    /* None: it ended just after the folder was made. */
    return replica_identity(*replica)->incarnation == 0 ? give_keys(*replica, err) : STATUS_OK;
}

static enum status enrol(const struct newcomer *newcomer, struct replica *replica,
                         const struct invitation *invitation, struct error *err)
{
    struct link_result result;
    struct link_options options = {.address = invitation->address,
                                   .enrolling = replica_identity(replica)->device == 0,
                                   .progress = newcomer->progress,
                                   .context = newcomer->context,
                                   .goodbye = newcomer->goodbye,
                                   .peer = invitation->issuer != DEVICE_HUB,
                                   .peer_device = invitation->issuer};
    memcpy(options.link_key, invitation->link_key, DH_KEY_BYTES);
    memcpy(options.token, invitation->token, sizeof options.token);
    TRY(link_run(replica, &options, &result, err));
    if (invitation->issuer == DEVICE_HUB)
        return remember_sync(replica, err);
    /* The hub's key came with the registry. */
    const struct link_key *link = registry_link_key(replica_registry(replica));
    return link ? remember_hub(replica, invitation->hub, link->dh_key, err) : STATUS_OK;
}

static enum status join(const struct cli *cli, const struct newcomer *newcomer,
                        const struct invitation *invitation, struct replica **replica,
                        struct error *err)
{
    bool holds;
    TRY(folder_holds(cli, &holds, err));
    TRY(holds ? prepare_again(cli, newcomer, invitation, replica, err)
              : prepare(cli, newcomer, invitation, replica, err));
    TRY(remember_hub(*replica, invitation->address, invitation->link_key, err));
    TRY(enrol(newcomer, *replica, invitation, err));
    if (!registry_device(replica_registry(*replica), replica_identity(*replica)->device))
        return error_set(err, STATUS_PROTOCOL, "the hub did not send this device's certificate");
    return STATUS_OK;
}

enum status newcomer_join(const struct cli *cli, const struct newcomer *newcomer,
                          struct replica **replica, char digits[ADMIT_DIGITS], struct error *err)
{
    struct invitation invitation;
    *replica = NULL;
    *digits = '\0';
    TRY(invitation_parse(newcomer->code, &invitation, err));
    enum status status = join(cli, newcomer, &invitation, replica, err);
    if (status == STATUS_OK && invitation.issuer != DEVICE_HUB)
        admit_digits(invitation.token, replica_identity(*replica)->sign.public_key, digits);
    return status;
}
