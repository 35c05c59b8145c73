/* jinqiu listen: others on the local network sync with this replica; jinqiu enrol: a code that
 * admits one of them. */

#include <stdio.h>
#include <string.h>

#include "client/admit.h"
#include "client/command.h"
#include "client/folder.h"
#include "client/hail.h"
#include "client/link.h"
#include "client/listen.h"
#include "common/qr.h"
#include "common/view.h"

#define ADDRESS_DEFAULT "0.0.0.0:7412"

/* ---- listen ---- */

static void on_ready(void *context, const char *address)
{
    (void)context;
    printf("ready listen=%s\n", address);
    fflush(stdout);
}

static void on_ended(void *context, uint32_t device, const struct session_totals *totals)
{
    const struct cli *cli = context;
    if (device != 0)
        cli_say(cli, "device %u: sent %llu, received %llu entries", device,
                (unsigned long long)totals->sent, (unsigned long long)totals->received);
}

static void on_admitted(void *context, const struct device *device, const char *digits)
{
    const struct cli *cli = context;
    cli_say(cli, "admitted %s as %s; both screens must show %s", device->certificate.person_name,
            role_name(device->certificate.role), digits);
}

int command_listen(struct cli *cli)
{
    struct replica *replica = NULL;
    struct error err = {0};
    struct admit_told told = {on_admitted, cli};
    struct storage_host host = {.enrol = admit_enrol, .context = &told};
    const char *address = cli_value(cli, "--listen");
    struct listen_options options = {.address = address ? address : ADDRESS_DEFAULT,
                                     .host = &host,
                                     .ready = on_ready,
                                     .ended = on_ended,
                                     .context = cli};
    enum status status = folder_open(cli, false, &replica, &err);
    if (status == STATUS_OK)
        status = link_ready(replica, &err);
    if (status == STATUS_OK)
        status = listen_run(replica, &options, &err);
    replica_close(replica);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}

/* ---- enrol ---- */

static enum status read_flags(const struct cli *cli, struct admission *admission, struct error *err)
{
    const char *role = cli_value(cli, "--role"), *expires = cli_value(cli, "--expires");
    admission->code.person = cli_value(cli, "--person");
    if (!role || !admission->code.person || !cli_value(cli, "--org"))
        return error_set(err, STATUS_USAGE, "'%s' is needed", "--org, --role, --person");
    if (!role_parse(role, &admission->code.role))
        return error_set(err, STATUS_USAGE, "'%s' is not a role", role);
    admission->code.lifetime_ms = ADMIT_MS;
    return expires ? lifetime_parse(expires, &admission->code.lifetime_ms, err) : STATUS_OK;
}

static enum status enrol(const struct cli *cli, struct replica *replica,
                         struct admission *admission, struct error *err)
{
    char text[INVITATION_TEXT_MAX], address[HAIL_PLACE_BYTES];
    const struct org *org;
    const char *given = cli_value(cli, "--address");
    hail_place(HAIL_PORT, address);
    admission->address = given ? given : address;
    TRY(view_org(replica, cli_value(cli, "--org"), &org, err));
    admission->code.org = org->number;
    TRY(admit_create(replica, admission, text, err));
    printf("%s\n", text);
    cli_say(cli, "this code admits %s as %s, once; now run: jinqiu listen", admission->code.person,
            role_name(admission->code.role));
    return cli_has(cli, "--qr") ? qr_print(text, stdout, err) : STATUS_OK;
}

int command_enrol(struct cli *cli)
{
    struct replica *replica = NULL;
    struct error err = {0};
    struct admission admission = {0};
    enum status status = read_flags(cli, &admission, &err);
    if (status == STATUS_OK)
        status = folder_open(cli, false, &replica, &err);
    if (status == STATUS_OK)
        status = link_ready(replica, &err);
    if (status == STATUS_OK)
        status = enrol(cli, replica, &admission, &err);
    replica_close(replica);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}
