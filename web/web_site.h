#ifndef WEB_WEB_SITE_H
#define WEB_WEB_SITE_H

/* Pages of one machine, served over HTTP/1.1 on a libuv loop: the embedded files, the start link,
 * and requests handed to the program that asks for it.
 *
 * Knows no replica and no record. The program's handler gets requests below "/api/", and for what
 * is no file, after the guard (web_guard.h) has let them in, and answers each once, at once or
 * later, on the loop's thread. */

#include <uv.h>

#include "web/web_cover.h"
#include "web/web_guard.h"
#include "web/web_reply.h"
#include "web/web_request.h"

#define WEB_BODY_BYTES_MAX (1024 * 1024) /* a file: WEB_FILE_TIMES as many */
#define WEB_LINES_MAX 64u                /* connections at a time */
#define WEB_STREAMS_MAX 16u              /* of them with events */
#define WEB_REQUEST_MS 15000             /* a request that has begun must be complete by then */
#define WEB_HANDSHAKE_MS 8000            /* below a cover the first one must have begun by then */
#define WEB_IDLE_MS 75000                /* between requests */
#define WEB_HEARTBEAT_MS 20000           /* how often an idle stream says that it lives */
#define WEB_UNSENT_MAX (1 << 20)         /* a stream that reads slower than that is cut */

struct web_asset {
    const char *path; /* "/index.html" is also "/" */
    const char *type;
    const char *tag; /* "\"…\"" */
    const uint8_t *data;
    size_t size;
};

struct web_call; /* one request on its way; valid until it is answered */
const struct web_request *web_call_request(const struct web_call *call);
/* Send the answer; `reply` needs status, type and body, and may be forgotten afterwards. */
void web_call_answer(struct web_call *call, const struct web_reply *reply);
/* Where it comes from, as a number: "192.168.1.20"; "" when it is gone. */
#define WEB_ADDRESS_BYTES 64
void web_call_address(const struct web_call *call, char text[WEB_ADDRESS_BYTES]);
/* Answer with a stream of events: this connection gets what web_site_tell tells from now on. */
void web_call_stream(struct web_call *call);

struct web_site_options {
    const char *host; /* numeric; without a cover of this machine only */
    uint16_t port;    /* 0: a free one */
    enum web_door door;
    const struct web_cover *cover; /* NULL: bytes go as they are */
    const char *name; /* see web_guard_add_name; NULL: browsers know it by its address */
    const struct web_asset *assets;
    size_t assets_count;
    void (*handle)(void *context, struct web_call *call);
    /* The start link was used, so there is a new one. May be NULL. */
    void (*started)(void *context);
    void *context;
};

struct web_site; /* opaque */

/* Listen. STATUS_BAD_INPUT: without a cover the host isn't a loopback address, or with one it is
 * every address and there is no name; STATUS_UNREACHABLE: the port is taken or not allowed.
 * `options` is copied, what it points to is borrowed. */
enum status web_site_open(struct web_site **site, uv_loop_t *loop,
                          const struct web_site_options *options, struct error *err);
/* "127.0.0.1:47800". Borrows. */
const char *web_site_address(const struct web_site *site);
/* Did it come by the name that a proxy serves? */
bool web_site_proxied(const struct web_site *site, const struct web_request *request);
/* Did it travel by https: below the cover, or to that proxy? */
bool web_site_by_https(const struct web_site *site, const struct web_request *request);
/* The link that lets one browser in, once: "http://127.0.0.1:47800/start?token=…" */
#define WEB_LINK_BYTES 200
void web_site_link(const struct web_site *site, char link[WEB_LINK_BYTES]);
/* An event for every stream; `data` is one line. */
void web_site_tell(struct web_site *site, const char *name, struct bytes data);
/* Close all connections. Calls still with the program must be answered before `closed` comes; the
 * site is freed after it. */
void web_site_close(struct web_site *site, void (*closed)(void *context), void *context);

#endif
