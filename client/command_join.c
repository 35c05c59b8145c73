/* jinqiu join CODE: keys, enrolment at the hub, the first exchange. */

#include <stdio.h>
#include <string.h>

#include "client/admit.h"
#include "client/command.h"
#include "client/exchange.h"
#include "client/folder.h"
#include "client/remember.h"
#include "common/invitation.h"

static enum status prepare(struct cli *cli, const struct invitation *invitation,
                           const struct unlock_choice *choice, struct replica **replica,
                           struct error *err)
{
    struct identity identity = {.incarnation = INCARNATION_FIRST};
    TRY(folder_create(cli, &invitation->network, choice, replica, err));
    signing_key_generate(&identity.sign);
    dh_key_generate(&identity.dh);
    enum status status = replica_set_identity(*replica, &identity, err);
    signing_key_release(&identity.sign);
    dh_key_release(&identity.dh);
    if (status == STATUS_OK)
        status = remember_hub(*replica, invitation->address, invitation->link_key, err);
    return status;
}

/* The keys stay: if the answer was lost on the way, the same code works again with them. */
static enum status prepare_again(struct cli *cli, const struct invitation *invitation,
                                 struct replica **replica, struct error *err)
{
    TRY(folder_open(cli, false, replica, err));
    if (!*cli->vault && !cli_has(cli, "--no-passphrase"))
        return error_set(err, STATUS_EXISTS,
                         "this folder holds an unencrypted replica: remove it, or say "
                         "--no-passphrase");
    if (memcmp(replica_network(*replica)->id, invitation->network.id, NETWORK_BYTES) != 0)
        return error_set(err, STATUS_EXISTS, "this folder belongs to another network");
    if (replica_identity(*replica)->device != 0)
        return error_set(err, STATUS_EXISTS, "this folder is enrolled already");
    return remember_hub(*replica, invitation->address, invitation->link_key, err);
}

static void on_progress(void *context, const struct session_totals *totals)
{
    exchange_say_progress(context, totals);
}

static enum status enrol(struct cli *cli, struct replica *replica,
                         const struct invitation *invitation, struct error *err)
{
    struct link_result result;
    struct link_options options = {.address = invitation->address,
                                   .enrolling = true,
                                   .progress = on_progress,
                                   .context = cli,
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

static void print_device(const struct device *device)
{
    char id[ID_TEXT_BYTES];
    id_format(&device->id, id);
    printf("%s\n", id);
}

static enum status join(struct cli *cli, struct replica **replica, struct error *err)
{
    struct invitation invitation;
    struct unlock_choice choice = {0};
    bool holds;
    TRY(invitation_parse(cli->arguments[0], &invitation, err));
    TRY(folder_holds(cli, &holds, err));
    if (!holds)
        TRY(unlock_choose(cli, UNLOCK_ALWAYS, &choice, err));
    bool asked = choice.asked;
    enum status status = holds ? prepare_again(cli, &invitation, replica, err)
                               : prepare(cli, &invitation, &choice, replica, err);
    unlock_choice_release(&choice);
    TRY(status);
    TRY(enrol(cli, *replica, &invitation, err));
    const struct device *device =
        registry_device(replica_registry(*replica), replica_identity(*replica)->device);
    if (!device)
        return error_set(err, STATUS_PROTOCOL, "the hub did not send this device's certificate");
    print_device(device);
    if (invitation.issuer != DEVICE_HUB) {
        char digits[ADMIT_DIGITS];
        admit_digits(invitation.token, device->certificate.sign_key, digits);
        cli_say(cli, "you are %s, as %s; both screens must show %s",
                device->certificate.person_name, role_name(device->certificate.role), digits);
    }
    /* Where a person sees it, or it was asked for. */
    if (*cli->vault && (asked || cli_has(cli, "--recovery-code")))
        return unlock_print_recovery_code(cli, *cli->vault, err);
    return STATUS_OK;
}

int command_join(struct cli *cli)
{
    struct replica *replica = NULL;
    struct error err = {0};
    enum status status = join(cli, &replica, &err);
    replica_close(replica);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}
