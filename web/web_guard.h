#ifndef WEB_WEB_GUARD_H
#define WEB_WEB_GUARD_H

/* Who may talk to pages on this machine: the door of every request.
 *
 * Against DNS rebinding: the Host must be one of an exact list. Against requests that other sites
 * make the browser send: Origin and Sec-Fetch-Site, and a cookie that SameSite=Strict keeps at
 * home. Against other users of the machine: that cookie is only given for a start token, which
 * stands in a link that this user alone can read and which works once. Pages with accounts of their
 * own (WEB_DOOR_ACCOUNTS) have no such cookie: their program asks who it is.
 * Pure: no socket, no clock. (A cookie doesn't know ports: whoever opens a page that another
 * program serves at another port of the same host shows it the cookie. Hence the cookie's name
 * bears the port, and Origin is compared with it.) */

#include <stdbool.h>

#include "web/web_request.h"

#define WEB_HOSTS_MAX 8
#define WEB_HOST_BYTES 80
#define WEB_TOKEN_BYTES 65 /* 64 hex digits and the terminator */
#define WEB_START_PATH "/start"

enum web_door { WEB_DOOR_LINK, WEB_DOOR_ACCOUNTS };

struct web_guard {
    enum web_door door;
    bool covered; /* browsers come by https to this program itself, whatever they call it */
    char hosts[WEB_HOSTS_MAX][WEB_HOST_BYTES]; /* "127.0.0.1:47800" */
    bool proxied[WEB_HOSTS_MAX];               /* the browser comes by https to a proxy */
    size_t hosts_count;
    char cookie_name[24];
    char cookie[WEB_TOKEN_BYTES];
    char token[WEB_TOKEN_BYTES]; /* of the next start link */
};

/* For a server that listens on `host` (a numeric address) and `port`. Fresh secrets. */
void web_guard_init(struct web_guard *guard, const char *host, uint16_t port);
/* The name that browsers know: "console.example.cn", with its port when that isn't 443. Of a proxy
 * with TLS that stands in front, unless the guard is covered; then with the port of this server,
 * too. STATUS_BAD_INPUT: it is no such name. */
enum status web_guard_add_name(struct web_guard *guard, const char *name, struct error *err);
/* Did the request come by that name? */
bool web_guard_proxied(const struct web_guard *guard, const struct web_request *request);
/* Did the browser come by https? */
bool web_guard_by_https(const struct web_guard *guard, const struct web_request *request);
void web_guard_release(struct web_guard *guard); /* wipes the secrets */

/* 0, or the HTTP status to refuse with: 400 no or several Hosts, 421 another Host, 403 another
 * site's request, 401 no cookie, 415 a body that is neither JSON nor WEB_FILE_TYPE. */
int web_guard_check(const struct web_guard *guard, const struct web_request *request);

/* Is this the start page's request with the right token? Then the token is spent and a new one
 * stands in its place. */
bool web_guard_start(struct web_guard *guard, const struct web_request *request);

#endif
