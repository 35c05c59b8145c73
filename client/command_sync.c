/* jinqiu sync [--watch]: one session with the hub, or a lasting one. */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/budget.h"
#include "client/cleaning.h"
#include "client/command.h"
#include "client/deepen.h"
#include "client/exchange.h"
#include "client/folder.h"
#include "client/link.h"
#include "client/remember.h"
#include "client/revoked.h"
#include "common/messages.h"

static json_t *totals_json(struct replica *replica, const struct session_totals *totals,
                           uint64_t ms)
{
    struct replica_counts counts = {0};
    replica_counts(replica, &counts, NULL);
    bool held = totals->held != SESSION_DONE;
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:b, s:s?, s:I, s:I, s:I}", "sent",
        (json_int_t)totals->sent, "received", (json_int_t)totals->received, "bytes_out",
        (json_int_t)totals->bytes_out, "bytes_in", (json_int_t)totals->bytes_in, "round_trips",
        (json_int_t)totals->round_trips, "conflicts", (json_int_t)counts.conflicts, "set_aside",
        (json_int_t)totals->aside, "refused", (json_int_t)totals->refused, "ms", (json_int_t)ms,
        "checked", totals->truth_checked, "differs", totals->truth_failed, "split_view",
        totals->split_view, "held", held ? session_code_text(totals->held) : NULL, "parts_sent",
        (json_int_t)totals->units_sent, "parts_received", (json_int_t)totals->units_received,
        "snapshots", (json_int_t)totals->snapshots_taken);
}

struct watching {
    struct cli *cli;
    struct replica *replica;
};

static void on_progress(void *context, const struct session_totals *totals)
{
    const struct watching *watching = context;
    exchange_say_progress(watching->cli, totals);
}

static void print_line(struct cli *cli, struct replica *replica,
                       const struct session_totals *totals, uint64_t ms)
{
    if (cli->json) {
        json_t *json = totals_json(replica, totals, ms);
        char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
        printf("%s\n", text ? text : "{}");
        free(text);
        json_decref(json);
    } else {
        cli_say(cli, "sent %llu, received %llu entries", (unsigned long long)totals->sent,
                (unsigned long long)totals->received);
    }
    fflush(stdout);
}

static void on_settled(void *context, const struct session_totals *totals)
{
    struct watching *watching = context;
    struct scrubbed found;
    if (!replica_in_transaction(watching->replica))
        replica_scrub(watching->replica, SCRUB_BYTES, &found, NULL);
    print_line(watching->cli, watching->replica, totals, 0);
}

/* Ours are made anew at once; should they differ still, then the hub's are at fault. What came as a
 * snapshot has no log to be made from yet. */
static void mend_tables(struct cli *cli, struct replica *replica)
{
    struct error err = {0};
    size_t snapshots = 0;
    cli_say(cli, "the tables differ from the hub's although both hold the same entries: run "
                 "'verify'");
    if (deepen_want(replica, &snapshots, &err) == STATUS_OK && snapshots > 0)
        cli_say(cli, "the next sync fetches the log, and makes the tables anew from it");
    else if (replica_refold(replica, &err) == STATUS_OK)
        cli_say(cli, "the tables were made anew from the log");
    else
        cli_fail(cli, &err);
}

static int report(struct cli *cli, struct replica *replica, const struct link_result *result)
{
    struct replica_counts counts = {0};
    replica_counts(replica, &counts, NULL);
    if (result->totals.truth_failed)
        mend_tables(cli, replica);
    if (result->totals.split_view)
        cli_say(cli,
                "the hub has shown this device and the other two different registries: the proof "
                "is in 'set-aside', tell the bureau");
    if (!cli_has(cli, "--watch"))
        print_line(cli, replica, &result->totals, result->ms);
    if (result->totals.held != SESSION_DONE)
        cli_say(cli, "the hub took not everything, and the rest waits here: %s",
                tr(session_code_text(result->totals.held)));
    if (result->totals.holding != SESSION_DONE)
        cli_say(cli, "this disk is full: what was saved here was sent, but nothing was fetched");
    bool whole = result->totals.held == SESSION_DONE && result->totals.holding == SESSION_DONE;
    if (result->totals.truth_failed || result->totals.split_view || !whole)
        return CLI_FAILED;
    return counts.conflicts > 0 ? CLI_CONFLICTS : CLI_DONE;
}

static void obey(struct cli *cli, struct replica *replica)
{
    struct error err = {0};
    enum revoked left;
    if (revoked_obey(cli, replica, &left, &err) != STATUS_OK)
        cli_fail(cli, &err);
    else if (left == REVOKED_ALL_ERASED)
        cli_say(cli, "the keys of this folder were erased: the hub has what was saved here");
    else if (left == REVOKED_READABLE)
        cli_say(cli, "the keys of this device were erased; what was saved here can still be read");
}

int command_sync(struct cli *cli)
{
    struct replica *replica = NULL;
    struct error err = {0};
    struct link_result result = {0};
    char address[HUB_ADDRESS_BYTES];
    struct watching watching = {.cli = cli};
    struct link_options options = {.watch = cli_has(cli, "--watch"),
                                   .attachments = cli_has(cli, "--attachments")
                                                      ? SESSION_ATTACHMENTS_ALL
                                                      : SESSION_ATTACHMENTS_ASKED,
                                   .settled = on_settled,
                                   .progress = on_progress,
                                   .context = &watching,
                                   .address = address};
    const char *peer = cli_value(cli, "--peer");
    enum status status = budget_choose(cli, &options, &err);
    if (status == STATUS_OK)
        status = folder_open(cli, false, &replica, &err);
    watching.replica = replica;
    if (peer) {
        options.address = peer;
        options.peer = true;
    } else if (status == STATUS_OK) {
        status = recall_hub(replica, address, options.link_key, &err);
    }
    if (status == STATUS_OK)
        status = exchange_run(replica, &options, &result, &err);
    if (!peer && status == STATUS_DENIED && result.totals.code == SESSION_REVOKED)
        obey(cli, replica);
    if (status == STATUS_OK && !peer)
        status = remember_sync(replica, &err);
    if (status == STATUS_DISK_FULL && result.totals.code == SESSION_DONE)
        status = STATUS_OK; /* what was exchanged counts, though it isn't noted when */
    int code = status == STATUS_OK ? report(cli, replica, &result) : cli_fail(cli, &err);
    if (status == STATUS_OK && !peer)
        cleaning_after_session(replica, true);
    replica_close(replica);
    return code;
}
