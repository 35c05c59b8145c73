/* import: a CSV or XLSX file into one table, whole or not at all (client/import.h). */

#include <signal.h>

#include "client/command.h"
#include "client/import.h"

#define PROGRESS_ROWS 5000 /* told each time so many are done */

/* Ctrl-C: the rows so far are taken back, and it is said. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

struct progress {
    const struct cli *cli;
    uint64_t rows;
};

static bool go_on(void *context, uint64_t done)
{
    const struct progress *progress = context;
    if (done > 0 && done % PROGRESS_ROWS == 0)
        cli_say(progress->cli, "%llu of %llu rows", (unsigned long long)done,
                (unsigned long long)progress->rows);
    return !interrupted;
}

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
    struct progress progress = {cli, sheet->count};
    struct import_options options = {.table = cli->arguments[0],
                                     .map = map,
                                     .org = cli_value(cli, "--org"),
                                     .go_on = go_on,
                                     .context = &progress};
    if (status == STATUS_OK)
        status = replica_begin(replica, err);
    if (status == STATUS_OK) {
        status = import_sheet(replica, sheet, &options, made, err);
        if (status != STATUS_OK || made->cancelled || json_array_size(made->errors) > 0 ||
            cli_has(cli, "--dry-run"))
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
    bool dry = cli_has(cli, "--dry-run");
    for (size_t i = 0; i < errors; i++) {
        const json_t *item = json_array_get(made->errors, i);
        cli_say(cli, "row %lld, column '%s': %s",
                (long long)json_integer_value(json_object_get(item, "row")),
                json_string_value(json_object_get(item, "column")),
                json_string_value(json_object_get(item, "message")));
    }
    if (made->cancelled)
        cli_say(cli, "cancelled: nothing was imported");
    else if (errors > 0)
        cli_say(cli, "nothing was imported");
    else
        cli_say(cli,
                dry ? "%llu rows would be added, %llu changed, %llu are the same"
                    : "%llu rows added, %llu changed, %llu are the same",
                (unsigned long long)made->added, (unsigned long long)made->changed,
                (unsigned long long)made->same);
    if (cli->json)
        cli_print_json(cli, imported_json(made));
    return errors > 0 || made->cancelled ? CLI_FAILED : CLI_DONE;
}

int command_import(struct cli *cli)
{
    struct error err = {0};
    struct replica *replica = NULL;
    struct sheet sheet = {0};
    struct imported made = {0};
    signal(SIGINT, on_interrupt);
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
