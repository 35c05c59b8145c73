/* jinqiu join CODE: keys, enrolment at the hub, the first exchange. */

#include <stdio.h>

#include "client/command.h"
#include "client/exchange.h"
#include "client/folder.h"
#include "client/newcomer.h"
#include "common/invitation.h"

static void on_progress(void *context, const struct session_totals *totals)
{
    exchange_say_progress(context, totals);
}

static void print_device(const struct cli *cli, const struct device *device, const char *digits)
{
    char id[ID_TEXT_BYTES];
    id_format(&device->id, id);
    printf("%s\n", id);
    if (*digits)
        cli_say(cli, "you are %s, as %s; both screens must show %s",
                device->certificate.person_name, role_name(device->certificate.role), digits);
}

/* A code that can't be one, and a folder that is in use, are told before anybody is asked for a
 * passphrase. */
static enum status choose(const struct cli *cli, struct newcomer *newcomer, struct error *err)
{
    struct invitation invitation;
    bool holds;
    TRY(invitation_parse(newcomer->code, &invitation, err));
    TRY(folder_holds(cli, &holds, err));
    return holds ? STATUS_OK : unlock_choose(cli, UNLOCK_ALWAYS, &newcomer->choice, err);
}

static enum status join(struct cli *cli, struct replica **replica, struct error *err)
{
    struct newcomer newcomer = {.code = cli->arguments[0],
                                .bare = cli_has(cli, "--no-passphrase"),
                                .progress = on_progress,
                                .context = cli};
    char digits[ADMIT_DIGITS];
    TRY(choose(cli, &newcomer, err));
    bool asked = newcomer.choice.asked;
    enum status status = newcomer_join(cli, &newcomer, replica, digits, err);
    unlock_choice_release(&newcomer.choice);
    TRY(status);
    print_device(cli,
                 registry_device(replica_registry(*replica), replica_identity(*replica)->device),
                 digits);
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
