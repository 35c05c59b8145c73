#ifndef SERVER_CONSOLE_H
#define SERVER_CONSOLE_H

/* The hub's pages for the bureau, and what machines ask: /health and /metrics, over HTTP on the
 * hub's loop (docs/decisions/0018-the-console.md).
 *
 * It reads on two connections and threads of its own, a quick one and one for reports, and never
 * holds up the storage thread; what it changes goes there as a task. Without TLS of its own it
 * listens on this machine alone, and a proxy brings it to others. */

#include <uv.h>

#include "server/tls.h"
#include "server/worker.h"

struct console; /* opaque */

/* How the hub's connections stand; counters since it began. */
struct console_figures {
    unsigned known, strangers;
    uint64_t accepted, sessions, shed, bytes_in, bytes_out;
};

struct console_options {
    const char *address;  /* HOST:PORT; port 0 picks a free one */
    struct tls_files tls; /* read again at SIGHUP; NULL: none */
    const char *name;     /* by which browsers come, to a proxy when there is no TLS; NULL: none */
    const char
        *metrics_token; /* who gives it may read /metrics; NULL: whoever is on this machine */
    const char *listen; /* where clients connect, for invitations */
    struct worker *worker;
    struct hub_options hub; /* where the folder is and what opens it */
    void (*figures)(void *context, struct console_figures *figures);
    bool (*connected)(void *context, uint32_t device); /* just now */
    void *context;
};

/* Borrows what `options` points to. After a failure nothing is left but handles that are being
 * closed. */
enum status console_open(struct console **console, uv_loop_t *loop,
                         const struct console_options *options, struct error *err);
/* "127.0.0.1:7480". Borrows. */
const char *console_address(const struct console *console);
/* Entries came. */
void console_news(struct console *console);
/* Answer what was asked, write the notes, close. `closed` comes on the loop, after which the
 * console is gone; the worker must live until then. */
void console_close(struct console *console, void (*closed)(void *context), void *context);

#endif
