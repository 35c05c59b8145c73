/* Happy path: bind -> listen -> accept -> a line -> asked: guard -> an embedded file, the start
 * page, or the program's handler -> the line answers. Failures: over WEB_LINES_MAX a connection
 * is closed at once: the oldest below the cover that hasn't said anything yet, or the new one.
 * Closing: the listener, then every line; the last that goes frees the site. */

#include "web/web_site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/web_guard.h"
#include "web/web_line.h"

#define BACKLOG 64
#define COOKIE_BYTES 160

struct web_site {
    struct web_site_options options;
    struct web_line_host line_host;
    struct web_guard guard;
    uv_tcp_t tcp;
    char address[WEB_HOST_BYTES];
    struct web_line *lines;
    unsigned lines_count;
    bool closing, listener_gone;
    void (*closed)(void *context);
    void *closed_context;
};

/* ---- pages of our own ---- */

static const char html[] = "text/html; charset=utf-8";

#define PAGE(head, body)                                                              \
    "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\">"              \
    "<meta name=\"viewport\" content=\"width=device-width\"><title>金秋</title>" head \
    "</head><body><main>" body "</main></body></html>"

/* A redirect would count as the navigation of whoever gave the link, and a cookie that is
 * SameSite=Strict would stay at home; this page's own refresh doesn't. */
static const char started_page[] = PAGE("<meta http-equiv=\"refresh\" content=\"0;url=/\">"
                                        "<link rel=\"icon\" href=\"/icon.svg\">",
                                        "<p><a href=\"/\">打开 · Open</a></p>");
static const char no_cookie_page[] =
    PAGE("", "<h1>请用启动链接打开</h1><p>请从“金秋”图标打开，或在运行 <code>jinqiu serve</code> "
             "的窗口里点最后一行的链接。每条链接只能用一次。</p>"
             "<p lang=\"en\">Open the link that <code>jinqiu serve</code> printed last. "
             "Each link works once.</p>");

static void answer_text(struct web_call *call, int status)
{
    struct web_reply reply = {.status = status,
                              .type = "text/plain; charset=utf-8",
                              .body = bytes_text(web_status_text(status))};
    web_call_answer(call, &reply);
}

static void answer_page(struct web_call *call, int status, const char *page, const char *cookie)
{
    struct web_reply reply = {
        .status = status, .type = html, .body = bytes_text(page), .cookie = cookie};
    web_call_answer(call, &reply);
}

static void start(struct web_site *site, struct web_call *call)
{
    char cookie[COOKIE_BYTES];
    if (!web_guard_start(&site->guard, web_call_request(call))) {
        answer_page(call, 403, no_cookie_page, NULL);
        return;
    }
    snprintf(cookie, sizeof cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict",
             site->guard.cookie_name, site->guard.cookie);
    answer_page(call, 200, started_page, cookie);
    if (site->options.started)
        site->options.started(site->options.context);
}

/* ---- files ---- */

static const struct web_asset *find_asset(const struct web_site *site, const char *path)
{
    if (strcmp(path, "/") == 0)
        path = "/index.html";
    for (size_t i = 0; i < site->options.assets_count; i++)
        if (strcmp(site->options.assets[i].path, path) == 0)
            return &site->options.assets[i];
    return NULL;
}

static void answer_asset(const struct web_asset *asset, struct web_call *call)
{
    const struct web_request *request = web_call_request(call);
    const char *known = web_request_header(request, "if-none-match");
    bool same = known && strcmp(known, asset->tag) == 0;
    struct web_reply reply = {.status = same ? 304 : 200, .tag = asset->tag};
    if (!same) {
        reply.type = asset->type;
        reply.body = bytes_of(asset->data, asset->size);
    }
    if (!web_method_safe(request->method))
        reply = (struct web_reply){.status = 405, .allow = "GET, HEAD"};
    web_call_answer(call, &reply);
}

static void on_asked(void *context, struct web_call *call)
{
    struct web_site *site = context;
    const struct web_request *request = web_call_request(call);
    const char *path = web_request_path(request);
    const struct web_asset *asset = find_asset(site, path);
    int refusal = web_guard_check(&site->guard, request);
    if (refusal == 401)
        answer_page(call, refusal, no_cookie_page, NULL);
    else if (refusal != 0)
        answer_text(call, refusal);
    else if (site->guard.door == WEB_DOOR_LINK && strcmp(path, WEB_START_PATH) == 0)
        start(site, call);
    else if (asset)
        answer_asset(asset, call);
    else
        site->options.handle(site->options.context, call);
}

/* ---- lines ---- */

static void free_when_over(struct web_site *site)
{
    if (!site->closing || !site->listener_gone || site->lines)
        return;
    void (*closed)(void *) = site->closed;
    void *context = site->closed_context;
    web_guard_release(&site->guard);
    free(site);
    if (closed)
        closed(context);
}

static void on_gone(void *context, struct web_line *line)
{
    struct web_site *site = context;
    web_line_unlink(line, &site->lines);
    site->lines_count--;
    free_when_over(site);
}

/* The newest stands first. */
static struct web_line *first_to_go(const struct web_site *site)
{
    struct web_line *found = site->lines;
    for (struct web_line *line = site->lines; line; line = web_line_next(line))
        if (web_line_strange(line))
            found = line;
    return found;
}

static void on_connection(uv_stream_t *server, int status)
{
    struct web_site *site = server->data;
    if (status < 0 || site->closing)
        return;
    struct web_line *line = web_line_new(&site->line_host);
    if (!line)
        return;
    web_line_link(line, &site->lines);
    site->lines_count++;
    if (uv_accept(server, (uv_stream_t *)web_line_tcp(line)) != 0)
        web_line_close(line);
    else
        web_line_start(line);
    if (site->lines_count > WEB_LINES_MAX)
        web_line_close(first_to_go(site));
}

/* ---- the site ---- */

/* 127.0.0.0/8 or ::1, as text. */
static bool is_loopback(const char *host)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (uv_ip4_addr(host, 0, &v4) == 0)
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    return uv_ip6_addr(host, 0, &v6) == 0 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

/* 0.0.0.0 or ::, which no browser calls anybody. */
static bool is_any(const char *host)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (uv_ip4_addr(host, 0, &v4) == 0)
        return v4.sin_addr.s_addr == INADDR_ANY;
    return uv_ip6_addr(host, 0, &v6) == 0 && IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr);
}

static enum status check_host(const struct web_site_options *options, struct error *err)
{
    if (!options->cover && !is_loopback(options->host))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not an address of this machine alone",
                         options->host);
    if (is_any(options->host) && !options->name)
        return error_set(err, STATUS_BAD_INPUT,
                         "'%s' is every address: say the name by which browsers come",
                         options->host);
    return STATUS_OK;
}

static int bind_and_listen(struct web_site *site, uint16_t *port)
{
    struct sockaddr_storage address;
    int size = (int)sizeof address;
    int code = uv_ip4_addr(site->options.host, site->options.port, (struct sockaddr_in *)&address);
    if (code < 0)
        code = uv_ip6_addr(site->options.host, site->options.port, (struct sockaddr_in6 *)&address);
    if (code == 0)
        code = uv_tcp_bind(&site->tcp, (struct sockaddr *)&address, 0);
    if (code == 0)
        code = uv_listen((uv_stream_t *)&site->tcp, BACKLOG, on_connection);
    if (code == 0)
        code = uv_tcp_getsockname(&site->tcp, (struct sockaddr *)&address, &size);
    /* The port stands at the same place in both forms of address. */
    *port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    return code;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct web_site *site = handle->data;
    site->listener_gone = true;
    free_when_over(site);
}

enum status web_site_open(struct web_site **out, uv_loop_t *loop,
                          const struct web_site_options *options, struct error *err)
{
    struct web_site *site = calloc(1, sizeof *site);
    uint16_t port;
    *out = NULL;
    if (!site)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (check_host(options, err) != STATUS_OK) {
        free(site);
        return STATUS_BAD_INPUT;
    }
    site->options = *options;
    site->line_host = (struct web_line_host){loop, options->cover, on_asked, on_gone, site};
    uv_tcp_init(loop, &site->tcp);
    site->tcp.data = site;
    int code = bind_and_listen(site, &port);
    if (code < 0) {
        web_site_close(site, NULL, NULL);
        return error_set(err, STATUS_UNREACHABLE, "cannot listen on '%s' port %u: %s",
                         options->host, (unsigned)options->port, uv_strerror(code));
    }
    web_guard_init(&site->guard, options->host, port);
    site->guard.door = options->door;
    site->guard.covered = options->cover != NULL;
    if (options->name && web_guard_add_name(&site->guard, options->name, err) != STATUS_OK) {
        web_site_close(site, NULL, NULL);
        return STATUS_BAD_INPUT;
    }
    snprintf(site->address, sizeof site->address, "%s", site->guard.hosts[0]);
    *out = site;
    return STATUS_OK;
}

const char *web_site_address(const struct web_site *site)
{
    return site->address;
}

bool web_site_proxied(const struct web_site *site, const struct web_request *request)
{
    return web_guard_proxied(&site->guard, request);
}

bool web_site_by_https(const struct web_site *site, const struct web_request *request)
{
    return web_guard_by_https(&site->guard, request);
}

void web_site_link(const struct web_site *site, char link[WEB_LINK_BYTES])
{
    snprintf(link, WEB_LINK_BYTES, "http://%s" WEB_START_PATH "?token=%s", site->address,
             site->guard.token);
}

void web_site_tell(struct web_site *site, const char *name, struct bytes data)
{
    struct buffer event = {0};
    struct web_line *next;
    if (web_event_write(name, data, &event) == STATUS_OK) {
        for (struct web_line *line = site->lines; line; line = next) {
            next = web_line_next(line);
            web_line_tell(line, buffer_bytes(&event));
        }
    }
    buffer_release(&event);
}

void web_site_close(struct web_site *site, void (*closed)(void *context), void *context)
{
    struct web_line *next;
    site->closing = true;
    site->closed = closed;
    site->closed_context = context;
    uv_close((uv_handle_t *)&site->tcp, on_listener_closed);
    for (struct web_line *line = site->lines; line; line = next) {
        next = web_line_next(line);
        web_line_close(line);
    }
}
