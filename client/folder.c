#include "client/folder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static enum status make_one(const char *path, struct error *err)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return STATUS_OK;
    return error_set(err, errno == ENOSPC ? STATUS_DISK_FULL : STATUS_STORAGE,
                     "cannot make the folder '%.120s': %s", path, strerror(errno));
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

enum status folder_open(const struct cli *cli, bool read_only, struct replica **replica,
                        struct error *err)
{
    char path[CLI_PATH_MAX];
    *replica = NULL;
    TRY(cli_path(cli, FOLDER_REPLICA, path, err));
    struct replica_options options = {
        .path = path, .clock = clock_system(), .read_only = read_only};
    enum status status = replica_open(replica, &options, err);
    if (status == STATUS_NOT_FOUND)
        return error_set(err, status, "the folder '%.120s' holds no replica: join a hub first",
                         cli->directory);
    return status;
}

enum status folder_create(const struct cli *cli, const struct network *network,
                          struct replica **replica, struct error *err)
{
    char path[CLI_PATH_MAX];
    *replica = NULL;
    TRY(folder_make(cli, err));
    TRY(cli_path(cli, FOLDER_REPLICA, path, err));
    struct replica_options options = {.path = path, .clock = clock_system()};
    return replica_create(replica, &options, network, err);
}

void folder_warn_unencrypted(const struct cli *cli)
{
    if (!cli_has(cli, "--no-passphrase"))
        cli_say(cli, "warning: this replica is not encrypted on the disk yet, "
                     "and a passphrase has no effect");
}
