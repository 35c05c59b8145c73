/* jinqiu serve: the local pages, and syncing while they are open.
 *
 * Happy path: the office opens the folder -> site -> "ready" -> a signal -> close the office, then
 * lookout and site -> the loop ends. Closing waits for one room after the other, since answers on
 * their way need the next one. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/api.h"
#include "client/browser.h"
#include "client/command.h"
#include "client/pages.h"
#include "common/invitation.h"
#include "common/wipe.h"

#define USUAL_ADDRESS "127.0.0.1:0"
#define LOCK_MINUTES_MOST 1440

struct serving {
    struct cli *cli;
    struct api api;
    uv_loop_t loop;
    uv_signal_t interrupt, term;
    struct browser browser;
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
    lookout_close(serving->api.lookout);
    if (serving->api.site)
        web_site_close(serving->api.site, on_site_closed, serving);
}

static void close_all(struct serving *serving)
{
    if (serving->closing)
        return;
    serving->closing = true;
    browser_close(&serving->browser);
    uv_close((uv_handle_t *)&serving->interrupt, NULL);
    uv_close((uv_handle_t *)&serving->term, NULL);
    if (serving->api.office)
        office_close(serving->api.office, close_site, serving);
    else
        close_site(serving);
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
        api_handle(&serving->api.host, call);
}

/* Takes `state`; NULL: there is none to be told. */
static void tell_state(struct serving *serving, const char *name, json_t *state)
{
    char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;
    if (text)
        web_site_tell(serving->api.site, name, bytes_text(text));
    free(text);
    json_decref(state);
}

static void on_office(void *context, enum office_news news)
{
    static const char *const names[] = {[OFFICE_CHANGED] = "changed",
                                        [OFFICE_LEAVING] = "leaving",
                                        [OFFICE_LOCKED] = "locked",
                                        [OFFICE_UNLOCKED] = "unlocked"};
    struct serving *serving = context;
    if (serving->closing)
        return;
    struct background *background = office_background(serving->api.office);
    struct neighbours *neighbours = office_neighbours(serving->api.office);
    if (news == OFFICE_SYNC)
        tell_state(serving, "sync", background ? background_state(background) : NULL);
    else if (news == OFFICE_NEAR)
        tell_state(serving, "near", neighbours ? neighbours_state(neighbours) : NULL);
    else
        web_site_tell(serving->api.site, names[news], bytes_text("{}"));
}

static void print_link(struct serving *serving)
{
    char link[WEB_LINK_BYTES];
    web_site_link(serving->api.site, link);
    printf("open %s\n", link);
    fflush(stdout);
}

/* A browser came in by the link: there is a next one. */
static void on_started(void *context)
{
    struct serving *serving = context;
    browser_came(&serving->browser);
    print_link(serving);
}

/* Without a browser the link can still be typed. */
static void open_browser(struct serving *serving)
{
    char link[WEB_LINK_BYTES];
    struct error err = {0};
    web_site_link(serving->api.site, link);
    if (browser_open(&serving->browser, &serving->loop, serving->cli, link, &err) != STATUS_OK)
        cli_fail(serving->cli, &err);
}

/* ---- starting ---- */

static enum status open_site(struct serving *serving, struct error *err)
{
    char host[INVITATION_ADDRESS_MAX + 1];
    const char *address = cli_value(serving->cli, "--http");
    struct web_site_options options = {
        .host = host, .handle = handle, .started = on_started, .context = serving};
    TRY(address_split(address ? address : USUAL_ADDRESS, host, &options.port, err));
    options.assets = pages_assets(&options.assets_count);
    return web_site_open(&serving->api.site, &serving->loop, &options, err);
}

/* JINQIU_LOCK_MS in the environment is for tests, which can't wait for minutes. */
static enum status read_idle(const struct cli *cli, uint64_t *idle_ms, struct error *err)
{
    int64_t minutes = OFFICE_IDLE_MINUTES;
    const char *ms = getenv("JINQIU_LOCK_MS");
    TRY(cli_number(cli, "--lock", (struct cli_range){0, LOCK_MINUTES_MOST}, &minutes, err));
    *idle_ms = ms ? strtoull(ms, NULL, 10) : (uint64_t)minutes * 60000;
    return STATUS_OK;
}

static enum status open_rooms(struct serving *serving, struct error *err)
{
    struct office_options options = {.cli = serving->cli, .tell = on_office, .context = serving};
    TRY(read_idle(serving->cli, &options.idle_ms, err));
    TRY(wipe_what_is_freed(err));
    TRY(lookout_open(&serving->api.lookout, &serving->loop, err));
    TRY(office_open(&serving->api.office, &serving->loop, &options, err));
    return open_site(serving, err);
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
    api_init(&serving.api);
    init_loop(&serving);
    enum status status = open_rooms(&serving, &err);
    if (status == STATUS_OK) {
        printf("ready http=%s\n", web_site_address(serving.api.site));
        print_link(&serving);
        if (cli_has(cli, "--open"))
            open_browser(&serving);
    } else {
        close_all(&serving);
    }
    uv_run(&serving.loop, UV_RUN_DEFAULT);
    uv_loop_close(&serving.loop);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}
