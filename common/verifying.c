#include "common/verifying.h"

#include <stdio.h>

#include "common/place.h"
#include "common/reading_print.h"
#include "common/repair.h"
#include "common/view.h"

/* clang-format off */
const struct cli_flag verifying_flags[] = {
    {"--deep", NULL, {"fetch the log of what came as a snapshot, and compare",
                     "取回以快照方式到达的数据的日志并核对"}, false},
    {"--repair", NULL, {"mend what is damaged; a damaged file is kept aside",
                        "修复损坏之处；损坏的文件另存备查"}, false},
    {0}};
/* clang-format on */

static void print_faults(const json_t *bad)
{
    for (size_t i = 0; i < json_array_size(bad); i++)
        puts(json_string_value(json_array_get(bad, i)));
}

static void print_sound(json_int_t entries)
{
    static const struct cli_text done = {"all entries are sound", "全部条目核验无误"};
    printf("%s: %lld\n", cli_text(&done), (long long)entries);
}

/* ---- checking ---- */

static void say_snapshots(struct cli *cli, const json_t *report)
{
    const json_t *list = json_object_get(report, "snapshots");
    const json_t *cleaned = json_object_get(report, "cleaned");
    const char *wrong = json_string_value(json_object_get(report, "wrong"));
    for (size_t i = 0; i < json_array_size(list); i++)
        cli_say(cli,
                "the records of '%s' came as a snapshot and rest on the hub's signature: '%s' "
                "brings their log",
                json_string_value(json_array_get(list, i)), "verify --deep");
    for (size_t i = 0; i < json_array_size(cleaned); i++)
        cli_say(cli, "older entries of '%s' were cleaned away and are at the hub: '%s' brings them",
                json_string_value(json_array_get(cleaned, i)), "verify --deep");
    if (wrong)
        cli_say(cli,
                "the snapshot of '%s' was not what the log says, though the hub signed it: tell "
                "the bureau",
                wrong);
}

static enum status check(struct cli *cli, struct replica *replica, int *code, struct error *err)
{
    json_t *report = NULL;
    TRY(view_verify(replica, &report, err));
    bool ok = json_is_true(json_object_get(report, "ok"));
    say_snapshots(cli, report);
    if (!json_is_null(json_object_get(report, "wrong")))
        *code = CLI_FAILED;
    if (cli->json) {
        int printed = cli_print_json(cli, json_incref(report));
        *code = *code == CLI_DONE ? printed : *code;
    } else {
        print_faults(json_object_get(report, "bad"));
        if (ok)
            print_sound(json_integer_value(json_object_get(report, "entries")));
    }
    json_decref(report);
    if (ok)
        return STATUS_OK;
    cli_say(cli, "this replica is damaged: its tables or its log don't hold what was signed");
    cli_say(cli, "'%s' mends what can be mended", "verify --repair");
    *code = CLI_FAILED;
    return STATUS_OK;
}

/* What the log is fetched for is said by the check that follows. */
static int deep(struct cli *cli)
{
    struct replica *replica = NULL;
    struct error err = {0};
    int code = CLI_DONE;
    enum status status = cli->program->open(cli, false, &replica, &err);
    if (status == STATUS_OK && cli->program->deepen)
        status = cli->program->deepen(cli, replica, &err);
    if (status == STATUS_OK)
        status = check(cli, replica, &code, &err);
    replica_close(replica);
    return status == STATUS_OK ? code : cli_fail(cli, &err);
}

/* ---- mending ---- */

static void take_fault(void *context, const char *what)
{
    json_array_append_new(context, json_string(what));
}

static const char *mended_name(enum mended mended)
{
    static const char *const names[] = {"nothing", "tables", "file"};
    return names[mended];
}

static int tell_mended(struct cli *cli, const struct mending *mending, json_t *faults)
{
    const struct repaired *repaired = &mending->repaired;
    bool file = mending->mended == MENDED_FILE;
    bool lossy = mending->attachments_lost > 0 ||
                 (file && (repaired->missing > 0 || repaired->keys_lost > 0));
    if (cli->json) {
        json_t *report = json_pack(
            "{sb sI sO ss ss? sI sI sI}", "ok", !lossy, "entries", (json_int_t)mending->entries,
            "bad", faults, "mended", mended_name(mending->mended), "aside",
            file ? repaired->aside : NULL, "missing", (json_int_t)repaired->missing, "keys_lost",
            (json_int_t)repaired->keys_lost, "attachments_lost",
            (json_int_t)mending->attachments_lost);
        int code = cli_print_json(cli, report);
        return code == CLI_DONE && lossy ? CLI_FAILED : code;
    }
    print_faults(faults);
    print_sound((json_int_t)mending->entries);
    if (mending->mended == MENDED_TABLES)
        cli_say(cli, "the tables were made anew from the log");
    if (file)
        cli_say(cli, "the file was made anew; the damaged one is '%s'", repaired->aside);
    if (repaired->missing > 0)
        cli_say(cli, "%llu entries could not be read: synchronise, so that others bring them back",
                (unsigned long long)repaired->missing);
    if (mending->attachments_lost > 0)
        cli_say(cli,
                "parts of %llu attachments could not be read: synchronise, so that others bring "
                "them back; what only this device had must be added again",
                (unsigned long long)mending->attachments_lost);
    if (repaired->keys_lost > 0)
        cli_say(cli, "sealed texts of %llu own entries can't be opened any more",
                (unsigned long long)repaired->keys_lost);
    return lossy ? CLI_FAILED : CLI_DONE;
}

static int mend(struct cli *cli)
{
    struct error err = {0};
    struct place place;
    json_t *faults = json_array();
    struct mending mending = {.report = take_fault, .context = faults};
    enum status status = cli->program->place(cli, &place, &err);
    if (status == STATUS_OK)
        status = replica_mend(&place.options, &mending, &err);
    int code = CLI_FAILED;
    if (status == STATUS_OK) {
        code = tell_mended(cli, &mending, faults);
    } else {
        print_faults(faults);
        code = cli_fail(cli, &err);
    }
    json_decref(faults);
    return code;
}

int verifying_command(struct cli *cli)
{
    if (cli_has(cli, "--repair"))
        return mend(cli);
    return cli_has(cli, "--deep") ? deep(cli) : reading_run(cli, check);
}
