#ifndef SERVER_CONSOLE_STATE_H
#define SERVER_CONSOLE_STATE_H

/* What the rooms of the console share (server/console_*.c). Lives on the loop's thread, but for
 * handlers that work on a desk: these see only their call and its replica. */

#include "api/api_read.h"
#include "common/messages.h"
#include "server/access_notes.h"
#include "server/console.h"
#include "server/console_session.h"
#include "server/guesses.h"
#include "server/tls.h"

#define CONSOLE_LOGINS_MAX 4 /* passwords that are looked at at a time */

struct console {
    struct console_options options;
    uv_loop_t *loop;
    char address[WEB_HOST_BYTES], cookie_name[32];
    struct clock clock;
    uint64_t began_ms;
    struct api_host api;
    struct tls *tls; /* NULL: none */
    struct web_cover cover;
    uv_signal_t hangup; /* with TLS: read its files anew */
    struct web_site *site;
    struct replica *replicas[2];
    struct desk *quick, *slow;
    struct console_sessions sessions;
    struct guesses guesses;
    unsigned logins; /* under way */
    struct access_notes notes;
    bool closing;
    unsigned waits; /* for desks, site, notes and the signal, while closing */
    void (*closed)(void *context);
    void *closed_context;
};

static inline struct console *console_of(const struct api_call *call)
{
    return call->host->context;
}
uint64_t console_now_ms(const struct console *console);

/* console_api.c */
void console_api_init(struct console *console);
/* The session that a request's cookie names; NULL: nobody is signed in. */
struct console_session *console_session_of(struct console *console,
                                           const struct web_request *request);

/* Of the person who asks: Accept-Language, as the page sets it. */
enum language console_language(const struct web_request *request);

/* console_login.c */
api_loop_handler console_login, console_logout, console_me;

/* console_metrics.c: answers /health and /metrics; false: it is neither. */
bool console_machine(struct console *console, struct web_call *web);

/* console_write.c */
api_loop_handler console_invite, console_revoke, console_add;
/* The answer is a file that names people: it leaves once the export is noted and needs nobody's
 * consent, or has it (common/consent.h). Answers. */
void console_export(struct api_call *call);

/* console_read.c */
api_handler console_status, console_devices, console_accounts;

#endif
