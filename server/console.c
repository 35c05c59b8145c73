/* Happy path: open replicas -> desks -> TLS -> site -> requests … -> close: desks finish and hand
 * back, then notes, site and signal close, then the console is gone. Failures while opening close
 * what is open; the loop has to run until their handles are gone. */

#include "server/console_state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/invitation.h"
#include "server/console_pages.h"
#include "server/hub_folder.h"
#include "server/log.h"

#define PATH_BYTES 4096
#define QUICK_CACHE_KIB 16384

uint64_t console_now_ms(const struct console *console)
{
    return clock_mono_ms(&console->clock);
}

/* ---- closing ---- */

static void one_less(void *context)
{
    struct console *console = context;
    void (*closed)(void *) = console->closed;
    void *closed_context = console->closed_context;
    if (--console->waits > 0)
        return;
    for (int i = 0; i < 2; i++)
        replica_close(console->replicas[i]);
    tls_close(console->tls);
    free(console);
    if (closed)
        closed(closed_context);
}

static void on_signal_closed(uv_handle_t *handle)
{
    one_less(handle->data);
}

static void close_desk(struct console *console, struct desk **desk)
{
    struct desk *going = *desk;
    *desk = NULL;
    if (going) {
        console->waits++;
        desk_close(going, one_less, console);
    }
}

void console_close(struct console *console, void (*closed)(void *context), void *context)
{
    console->closing = true;
    console->closed = closed;
    console->closed_context = context;
    console->waits = 2; /* the notes, and this call */
    close_desk(console, &console->quick);
    close_desk(console, &console->slow);
    access_notes_close(&console->notes, one_less, console);
    if (console->tls) {
        console->waits++;
        uv_close((uv_handle_t *)&console->hangup, on_signal_closed);
    }
    if (console->site) {
        console->waits++;
        web_site_close(console->site, one_less, console);
    }
    one_less(console);
}

/* ---- opening ---- */

static void on_asked(void *context, struct web_call *call)
{
    struct console *console = context;
    struct web_reply stopping = {.status = 503, .type = "text/plain"};
    if (console->closing)
        web_call_answer(call, &stopping);
    else if (!console_machine(console, call))
        api_handle(&console->api, call);
}

void console_news(struct console *console)
{
    if (!console->closing)
        web_site_tell(console->site, "changed", bytes_text("{}"));
}

static enum status open_desk(struct console *console, uv_loop_t *loop, int which,
                             struct desk **desk, struct error *err)
{
    TRY(hub_open_reader(&console->options.hub, QUICK_CACHE_KIB, &console->replicas[which], err));
    struct desk_options desk_options = {.replica = console->replicas[which]};
    return desk_open(desk, loop, &desk_options, err);
}

static void log_certificate(const struct tls *tls)
{
    char expires[TLS_TIME_BYTES];
    tls_expires(tls, expires);
    log_event("tls", "certificate_expires=%s", expires);
}

static void on_hangup(uv_signal_t *handle, int number)
{
    struct console *console = handle->data;
    struct error err = {0};
    (void)number;
    if (tls_reload(console->tls, &err) == STATUS_OK)
        log_certificate(console->tls);
    else
        log_error("tls", &err);
}

static enum status open_tls(struct console *console, struct error *err)
{
    if (!console->options.tls.certificate)
        return STATUS_OK;
    TRY(tls_open(&console->tls, &console->options.tls, err));
    console->cover = tls_cover(console->tls);
    uv_signal_init(console->loop, &console->hangup);
    console->hangup.data = console;
    uv_signal_start(&console->hangup, on_hangup, SIGHUP);
    log_certificate(console->tls);
    return STATUS_OK;
}

static enum status open_site(struct console *console, uv_loop_t *loop, struct error *err)
{
    char host[INVITATION_ADDRESS_MAX + 1];
    struct web_site_options options = {.host = host,
                                       .door = WEB_DOOR_ACCOUNTS,
                                       .cover = console->tls ? &console->cover : NULL,
                                       .name = console->options.name,
                                       .handle = on_asked,
                                       .context = console};
    TRY(address_split(console->options.address, host, &options.port, err));
    options.assets = console_pages(&options.assets_count);
    TRY(web_site_open(&console->site, loop, &options, err));
    snprintf(console->address, sizeof console->address, "%s", web_site_address(console->site));
    snprintf(console->cookie_name, sizeof console->cookie_name, "jinqiu_hub_%s",
             strrchr(console->address, ':') + 1);
    return STATUS_OK;
}

enum status console_open(struct console **out, uv_loop_t *loop,
                         const struct console_options *options, struct error *err)
{
    struct console *console = calloc(1, sizeof *console);
    *out = NULL;
    if (!console)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    console->options = *options;
    console->loop = loop;
    console->clock = options->hub.clock;
    console->began_ms = console_now_ms(console);
    guesses_init(&console->guesses);
    access_notes_init(&console->notes, loop, options->worker);
    console_api_init(console);
    enum status status = open_desk(console, loop, 0, &console->quick, err);
    if (status == STATUS_OK)
        status = open_desk(console, loop, 1, &console->slow, err);
    if (status == STATUS_OK)
        status = open_tls(console, err);
    if (status == STATUS_OK)
        status = open_site(console, loop, err);
    if (status == STATUS_OK)
        *out = console;
    else
        console_close(console, NULL, NULL);
    return status;
}

const char *console_address(const struct console *console)
{
    return console->address;
}
