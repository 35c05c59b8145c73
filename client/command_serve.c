/* jinqiu serve: the local pages, and syncing while they are open.
 *
 * Happy path: open the replica -> desk -> site -> syncing thread -> "ready" -> a signal -> close
 * the syncing thread, then the desk, then the site -> the loop ends. Closing waits for one room
 * after the other, since answers on their way need the next one. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/api.h"
#include "client/command.h"
#include "client/draft.h"
#include "client/folder.h"
#include "client/pages.h"
#include "common/invitation.h"

#define USUAL_ADDRESS "127.0.0.1:0"

struct serving {
    struct cli *cli;
    struct replica *replica;
    struct api api;
    uv_loop_t loop;
    uv_signal_t interrupt, term;
    bool closing;
};

/* ---- closing ---- */

static void on_site_closed(void *context)
{
    (void)context;
}

static void close_site(void *context)
{
    struct serving *serving = context;
    if (serving->api.site)
        web_site_close(serving->api.site, on_site_closed, serving);
}

static void close_desk(void *context)
{
    struct serving *serving = context;
    if (serving->api.desk)
        desk_close(serving->api.desk, close_site, serving);
    else
        close_site(serving);
}

static void close_all(struct serving *serving)
{
    if (serving->closing)
        return;
    serving->closing = true;
    uv_close((uv_handle_t *)&serving->interrupt, NULL);
    uv_close((uv_handle_t *)&serving->term, NULL);
    if (serving->api.background)
        background_close(serving->api.background, close_desk, serving);
    else
        close_desk(serving);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    close_all(handle->data);
}

/* ---- what the rooms tell ---- */

static void handle(void *context, struct web_call *call)
{
    struct serving *serving = context;
    struct web_reply stopping = {.status = 503, .type = "text/plain"};
    if (serving->closing)
        web_call_answer(call, &stopping);
    else
        api_handle(&serving->api, call);
}

static void on_news(void *context)
{
    struct serving *serving = context;
    if (!serving->closing)
        web_site_tell(serving->api.site, "changed", bytes_text("{}"));
}

static void on_sync(void *context)
{
    struct serving *serving = context;
    json_t *state = background_state(serving->api.background);
    char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;
    if (text && !serving->closing)
        web_site_tell(serving->api.site, "sync", bytes_text(text));
    free(text);
    json_decref(state);
}

/* The next link for a browser: the one before was just used. */
static void print_link(void *context)
{
    struct serving *serving = context;
    char link[WEB_LINK_BYTES];
    web_site_link(serving->api.site, link);
    printf("open %s\n", link);
    fflush(stdout);
}

/* ---- starting ---- */

static enum status open_site(struct serving *serving, struct error *err)
{
    char host[INVITATION_ADDRESS_MAX + 1];
    const char *address = cli_value(serving->cli, "--http");
    struct web_site_options options = {
        .host = host, .handle = handle, .started = print_link, .context = serving};
    TRY(address_split(address ? address : USUAL_ADDRESS, host, &options.port, err));
    options.assets = pages_assets(&options.assets_count);
    return web_site_open(&serving->api.site, &serving->loop, &options, err);
}

static enum status open_rooms(struct serving *serving, struct error *err)
{
    TRY(folder_open(serving->cli, false, &serving->replica, err));
    TRY(draft_open(serving->replica, err));
    TRY(open_site(serving, err));
    TRY(desk_open(&serving->api.desk, &serving->loop, serving->replica, on_news, serving, err));
    return background_open(&serving->api.background, &serving->loop, serving->cli, on_sync, serving,
                           err);
}

static void init_loop(struct serving *serving)
{
    uv_loop_init(&serving->loop);
    uv_signal_init(&serving->loop, &serving->interrupt);
    uv_signal_init(&serving->loop, &serving->term);
    serving->interrupt.data = serving->term.data = serving;
    uv_signal_start(&serving->interrupt, on_signal, SIGINT);
    uv_signal_start(&serving->term, on_signal, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
}

int command_serve(struct cli *cli)
{
    struct error err = {0};
    struct serving serving = {.cli = cli};
    init_loop(&serving);
    enum status status = open_rooms(&serving, &err);
    if (status == STATUS_OK) {
        printf("ready http=%s\n", web_site_address(serving.api.site));
        print_link(&serving);
    } else {
        close_all(&serving);
    }
    uv_run(&serving.loop, UV_RUN_DEFAULT);
    uv_loop_close(&serving.loop);
    replica_close(serving.replica);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}
