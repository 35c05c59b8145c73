/* import: a CSV or XLSX file into one table, whole or not at all (client/import.h). */

#include "client/command.h"
#include "client/import.h"

static enum status read_map(const char *file, json_t **map, struct error *err)
{
    json_error_t problem;
    if (!file)
        return STATUS_OK;
    *map = json_load_file(file, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(*map))
        return error_set(err, STATUS_BAD_INPUT, "'%.120s' is not a JSON object: %.80s", file,
                         *map ? "" : problem.text);
    return STATUS_OK;
}

static enum status import_file(struct cli *cli, struct replica *replica, struct sheet *sheet,
                               struct imported *made, struct error *err)
{
    json_t *map = NULL;
    enum status status = read_map(cli_value(cli, "--map"), &map, err);
    struct import_options options = {
        .table = cli->arguments[0], .map = map, .org = cli_value(cli, "--org")};
    if (status == STATUS_OK)
        status = replica_begin(replica, err);
    if (status == STATUS_OK) {
        status = import_sheet(replica, sheet, &options, made, err);
        if (status != STATUS_OK || json_array_size(made->errors) > 0 || cli_has(cli, "--dry-run"))
            replica_rollback(replica);
        else
            status = replica_commit(replica, err);
    }
    json_decref(map);
    return status;
}

static int tell_result(struct cli *cli, const struct imported *made)
{
    size_t errors = json_array_size(made->errors);
    for (size_t i = 0; i < errors; i++) {
        const json_t *item = json_array_get(made->errors, i);
        cli_say(cli, "row %lld, column '%s': %s",
                (long long)json_integer_value(json_object_get(item, "row")),
                json_string_value(json_object_get(item, "column")),
                json_string_value(json_object_get(item, "message")));
    }
    if (errors > 0)
        cli_say(cli, "nothing was imported");
    else
        cli_say(cli,
                cli_has(cli, "--dry-run")
                    ? "%llu rows would be added, %llu changed, %llu are the same"
                    : "%llu rows added, %llu changed, %llu are the same",
                (unsigned long long)made->added, (unsigned long long)made->changed,
                (unsigned long long)made->same);
    if (cli->json)
        cli_print_json(cli, imported_json(made));
    return errors > 0 ? CLI_FAILED : CLI_DONE;
}

int command_import(struct cli *cli)
{
    struct error err = {0};
    struct replica *replica = NULL;
    struct sheet sheet = {0};
    struct imported made = {0};
    enum status status = sheet_read(&sheet, cli->arguments[1], &err);
    if (status == STATUS_OK)
        status = cli->program->open(cli, false, &replica, &err);
    if (status == STATUS_OK)
        status = import_file(cli, replica, &sheet, &made, &err);
    replica_close(replica);
    int code = status == STATUS_OK ? tell_result(cli, &made) : cli_fail(cli, &err);
    sheet_release(&sheet);
    imported_release(&made);
    return code;
}
