#include "client/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/mutant.h"

static enum status make_one(const char *path, struct error *err)
{
    if (mkdir(path, MUTANT("t2-modes-open") ? 0777 : 0700) == 0 || errno == EEXIST)
        return STATUS_OK;
    return error_set(err, file_status(errno), "cannot make the folder '%.120s': %s", path,
                     strerror(errno));
}

enum status folder_make(const struct cli *cli, struct error *err)
{
    char path[CLI_PATH_MAX];
    TRY(cli_path(cli, "", path, err));
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        TRY(make_one(path, err));
        *slash = '/';
    }
    return STATUS_OK;
}

enum status folder_holds(const struct cli *cli, bool *holds, struct error *err)
{
    char path[CLI_PATH_MAX];
    TRY(cli_path(cli, FOLDER_REPLICA, path, err));
    *holds = access(path, F_OK) == 0;
    return STATUS_OK;
}

enum status folder_place(const struct cli *cli, struct place *place, struct error *err)
{
    struct vault *vault;
    bool holds;
    TRY(folder_holds(cli, &holds, err));
    if (!holds)
        return error_set(err, STATUS_NOT_FOUND,
                         "the folder '%.120s' holds no replica: join a hub first", cli->directory);
    TRY(cli_path(cli, FOLDER_REPLICA, place->path, err));
    TRY(cli_path(cli, FOLDER_BALLAST, place->ballast, err));
    TRY(unlock_folder(cli, &vault, err));
    place->options = (struct replica_options){.path = place->path,
                                              .clock = clock_system(),
                                              .ballast = place->ballast,
                                              .key = vault ? vault_page_key(vault) : NULL};
    return STATUS_OK;
}

enum status folder_open(const struct cli *cli, bool read_only, struct replica **replica,
                        struct error *err)
{
    struct place place;
    *replica = NULL;
    TRY(folder_place(cli, &place, err));
    place.options.read_only = read_only;
    return replica_open(replica, &place.options, err);
}

enum status folder_create(const struct cli *cli, const struct network *network,
                          const struct unlock_choice *choice, struct replica **replica,
                          struct error *err)
{
    char path[CLI_PATH_MAX], ballast[CLI_PATH_MAX];
    struct vault *vault;
    *replica = NULL;
    TRY(folder_make(cli, err));
    TRY(cli_path(cli, FOLDER_BALLAST, ballast, err));
    TRY(cli_path(cli, FOLDER_REPLICA, path, err));
    TRY(unlock_create(cli, choice, FOLDER_REPLICA, &vault, err));
    struct replica_options options = {.path = path,
                                      .clock = clock_system(),
                                      .ballast = ballast,
                                      .key = vault ? vault_page_key(vault) : NULL};
    enum status status = replica_create(replica, &options, network, err);
    if (vault)
        vault_let_go(vault);
    return status;
}
