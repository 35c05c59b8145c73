#include "server/hub_folder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status hub_folder_options(const struct cli *cli, struct hub_options *options,
                               struct error *err)
{
    char path[CLI_PATH_MAX];
    TRY(cli_path(cli, HUB_DATABASE, path, err)); /* says when no folder was named */
    *options =
        (struct hub_options){.directory = cli->directory, .clock = clock_system(), .ballast = true};
    return STATUS_OK;
}

enum status hub_folder_unlock(const struct cli *cli, struct hub_options *options, struct error *err)
{
    char path[CLI_PATH_MAX];
    struct vault *vault = NULL;
    TRY(hub_folder_options(cli, options, err));
    TRY(cli_path(cli, HUB_DATABASE, path, err));
    if (access(path, F_OK) == 0)
        TRY(unlock_folder(cli, &vault, err));
    options->vault = vault;
    return STATUS_OK;
}

enum status hub_folder_begin(const struct cli *cli, struct hub *hub, struct error *err)
{
    struct hub_options options;
    *hub = (struct hub){0};
    TRY(hub_folder_unlock(cli, &options, err));
    return hub_open(hub, &options, err);
}

int hub_folder_end(struct cli *cli, struct hub *hub, enum status status, const struct error *err)
{
    hub_close(hub);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, err);
}

int hub_folder_run(struct cli *cli, hub_step *step)
{
    struct hub hub;
    struct error err = {0};
    enum status status = hub_folder_begin(cli, &hub, &err);
    if (status == STATUS_OK)
        status = step(cli, &hub, &err);
    return hub_folder_end(cli, &hub, status, &err);
}

enum status hub_folder_place(const struct cli *cli, struct place *place, struct error *err)
{
    struct hub_options hub;
    TRY(hub_folder_unlock(cli, &hub, err));
    TRY(cli_path(cli, HUB_DATABASE, place->path, err));
    TRY(cli_path(cli, HUB_BALLAST, place->ballast, err));
    place->options = (struct replica_options){.path = place->path,
                                              .clock = hub.clock,
                                              .ballast = place->ballast,
                                              .key = hub.vault ? vault_page_key(hub.vault) : NULL};
    return STATUS_OK;
}

enum status hub_folder_open(const struct cli *cli, bool read_only, struct replica **replica,
                            struct error *err)
{
    struct place place;
    *replica = NULL;
    TRY(hub_folder_place(cli, &place, err));
    place.options.read_only = read_only;
    return replica_open(replica, &place.options, err);
}

/* Key slots come before the database. A root key that is there may be sealed under the slots beside
 * it, even when the database was lost. */
enum status hub_folder_make_keys(const struct cli *cli, struct hub_options *options,
                                 struct error *err)
{
    char path[CLI_PATH_MAX];
    struct vault *vault = NULL;
    struct unlock_choice choice;
    TRY(cli_path(cli, AUTHORITY_FILE, path, err));
    if (access(path, F_OK) == 0)
        return error_set(err, STATUS_EXISTS, "'%s' exists already", path);
    TRY(unlock_choose(cli, UNLOCK_OFFERED, &choice, err));
    enum status status = STATUS_OK;
    if (choice.secret && mkdir(options->directory, 0700) != 0 && errno != EEXIST)
        status = error_set(err, STATUS_STORAGE, "cannot make '%s': %s", options->directory,
                           strerror(errno));
    if (status == STATUS_OK)
        status = unlock_create(cli, &choice, HUB_DATABASE, &vault, err);
    unlock_choice_release(&choice);
    options->vault = vault;
    return status;
}
