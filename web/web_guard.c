#include "web/web_guard.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/mutant.h"

#define TOKEN_RANDOM_BYTES 32

static void make_token(char token[WEB_TOKEN_BYTES])
{
    uint8_t random[TOKEN_RANDOM_BYTES];
    randombytes_buf(random, sizeof random);
    hex_encode(bytes_of(random, sizeof random), token);
    sodium_memzero(random, sizeof random);
}

static void add_host(struct web_guard *guard, const char *name, uint16_t port)
{
    bool v6 = strchr(name, ':') != NULL;
    snprintf(guard->hosts[guard->hosts_count++], WEB_HOST_BYTES, "%s%s%s:%u", v6 ? "[" : "", name,
             v6 ? "]" : "", (unsigned)port);
}

void web_guard_init(struct web_guard *guard, const char *host, uint16_t port)
{
    *guard = (struct web_guard){0};
    add_host(guard, host, port);
    add_host(guard, "localhost", port);
    snprintf(guard->cookie_name, sizeof guard->cookie_name, "jinqiu_%u", (unsigned)port);
    make_token(guard->cookie);
    make_token(guard->token);
}

enum status web_guard_add_name(struct web_guard *guard, const char *name, struct error *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";
    size_t size = strlen(name);
    if (size == 0 || size >= WEB_HOST_BYTES || name[strspn(name, allowed)] != '\0')
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not the name of a host", name);
    guard->proxied[guard->hosts_count] = !guard->covered;
    memcpy(guard->hosts[guard->hosts_count++], name, size + 1);
    if (guard->covered && !strchr(name, ':'))
        snprintf(guard->hosts[guard->hosts_count++], WEB_HOST_BYTES, "%s%s", name,
                 strrchr(guard->hosts[0], ':'));
    return STATUS_OK;
}

void web_guard_release(struct web_guard *guard)
{
    sodium_memzero(guard, sizeof *guard);
}

static bool token_equal(const char *a, const char *b)
{
    return strlen(a) == WEB_TOKEN_BYTES - 1 && strlen(b) == WEB_TOKEN_BYTES - 1 &&
           sodium_memcmp(a, b, WEB_TOKEN_BYTES - 1) == 0;
}

/* The page that may be reached from anywhere: the start link, or, where accounts are asked for, the
 * first page, which holds nothing. */
static bool is_start(const struct web_guard *guard, const struct web_request *request)
{
    const char *start = guard->door == WEB_DOOR_LINK ? WEB_START_PATH : "/";
    return strcmp(web_request_path(request), start) == 0 && request->method == WEB_GET;
}

/* Which of our hosts was asked for; hosts_count: none. */
static size_t host_of(const struct web_guard *guard, const struct web_request *request)
{
    const char *host = web_request_header(request, "host");
    size_t i = 0;
    while (host && i < guard->hosts_count && strcasecmp(guard->hosts[i], host) != 0 &&
           !MUTANT("t22-any-host"))
        i++;
    return host ? i : guard->hosts_count;
}

bool web_guard_proxied(const struct web_guard *guard, const struct web_request *request)
{
    size_t host = host_of(guard, request);
    return host < guard->hosts_count && guard->proxied[host];
}

bool web_guard_by_https(const struct web_guard *guard, const struct web_request *request)
{
    return guard->covered || web_guard_proxied(guard, request);
}

static int check_host(const struct web_guard *guard, const struct web_request *request)
{
    if (web_request_header_count(request, "host") != 1)
        return 400;
    return host_of(guard, request) < guard->hosts_count ? 0 : 421;
}

/* The scheme that the browser uses, and the very Host that was asked. */
static bool is_own_origin(const struct web_guard *guard, const struct web_request *request,
                          const char *origin)
{
    const char *scheme = web_guard_by_https(guard, request) ? "https://" : "http://";
    size_t size = strlen(scheme);
    return strncmp(origin, scheme, size) == 0 &&
           strcasecmp(origin + size, web_request_header(request, "host")) == 0;
}

static int check_site(const struct web_guard *guard, const struct web_request *request)
{
    const char *origin = web_request_header(request, "origin");
    const char *site = web_request_header(request, "sec-fetch-site");
    bool safe = web_method_safe(request->method);
    if (web_request_header_count(request, "origin") > 1 ||
        web_request_header_count(request, "sec-fetch-site") > 1)
        return 403;
    /* The start link may be followed from anywhere: its token says enough. */
    if (is_start(guard, request) && !origin)
        return 0;
    if (origin && !is_own_origin(guard, request, origin) && !MUTANT("t22-any-origin"))
        return 403;
    if (site && !MUTANT("t22-any-site") && strcmp(site, "same-origin") != 0 &&
        !(safe && strcmp(site, "none") == 0))
        return 403;
    /* A browser says where a writing request comes from. */
    return safe || origin ? 0 : 403;
}

static bool has_cookie(const struct web_guard *guard, const struct web_request *request)
{
    char value[WEB_TOKEN_BYTES];
    return web_request_header_count(request, "cookie") == 1 &&
           web_request_cookie(request, guard->cookie_name, value, sizeof value) &&
           token_equal(value, guard->cookie);
}

/* Neither of the two can be sent by another site's form. */
static bool is_file(const struct web_request *request)
{
    const char *type = web_request_header(request, "content-type");
    return type && web_request_header_count(request, "content-type") == 1 &&
           strcasecmp(type, WEB_FILE_TYPE) == 0;
}

static bool is_json(const struct web_request *request)
{
    static const char json[] = "application/json";
    const char *type = web_request_header(request, "content-type");
    if (!type || web_request_header_count(request, "content-type") != 1 ||
        strncasecmp(type, json, sizeof json - 1) != 0)
        return false;
    type += sizeof json - 1;
    return *type == '\0' || strcasecmp(type, "; charset=utf-8") == 0 ||
           strcasecmp(type, ";charset=utf-8") == 0;
}

int web_guard_check(const struct web_guard *guard, const struct web_request *request)
{
    int refusal = check_host(guard, request);
    if (refusal == 0)
        refusal = check_site(guard, request);
    if (refusal != 0)
        return refusal;
    if (is_start(guard, request))
        return 0;
    if (guard->door == WEB_DOOR_LINK && !has_cookie(guard, request) &&
        !MUTANT("t22-no-cookie-asked"))
        return 401;
    bool has_body = request->body.size > 0 || request->method == WEB_POST ||
                    request->method == WEB_PUT || request->method == WEB_PATCH;
    return has_body && !is_json(request) && !is_file(request) && !MUTANT("t22-any-body") ? 415 : 0;
}

bool web_guard_start(struct web_guard *guard, const struct web_request *request)
{
    const char *token = web_request_parameter(request, "token", 0);
    if (!is_start(guard, request) || !token || !token_equal(token, guard->token))
        return false;
    if (!MUTANT("t22-start-link-twice"))
        make_token(guard->token);
    return true;
}
