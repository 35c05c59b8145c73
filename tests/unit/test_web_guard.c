/* The door of the local pages, request by request. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/web_guard.h"
#include "web/web_parser.h"
#include "web/web_reply.h"

static struct web_guard guard;

/* "METHOD /path" and headers, without the cookie. */
static int ask_raw(const char *line, const char *headers, const char *body)
{
    struct web_parser *parser;
    char text[2000];
    size_t taken;
    snprintf(text, sizeof text, "%s HTTP/1.1\r\n%sContent-Length: %zu\r\n\r\n%s", line, headers,
             strlen(body), body);
    assert_int_equal(web_parser_new(&parser, 1000, NULL), STATUS_OK);
    assert_int_equal(web_parser_feed(parser, bytes_text(text), &taken), WEB_COMPLETE);
    int refusal = web_guard_check(&guard, web_parser_request(parser));
    web_parser_free(parser);
    return refusal;
}

static int ask(const char *line, const char *headers)
{
    char all[1000];
    snprintf(all, sizeof all, "Cookie: jinqiu_8080=%s\r\n%s", guard.cookie, headers);
    bool get = strncmp(line, "GET", 3) == 0;
    return ask_raw(line, all, get ? "" : "{}");
}

#define HOST "Host: 127.0.0.1:8080\r\n"
#define OWN HOST "Origin: http://127.0.0.1:8080\r\nSec-Fetch-Site: same-origin\r\n"
#define JSON "Content-Type: application/json\r\n"

static void the_own_page_is_let_in(void **state)
{
    (void)state;
    assert_int_equal(ask("GET /", HOST), 0);
    assert_int_equal(ask("GET /", HOST "Sec-Fetch-Site: none\r\n"), 0);
    assert_int_equal(ask("GET /api/status", HOST "Sec-Fetch-Site: same-origin\r\n"), 0);
    assert_int_equal(ask("GET /", "Host: LOCALHOST:8080\r\n"), 0);
    assert_int_equal(ask("POST /api/rows", OWN JSON), 0);
    assert_int_equal(
        ask("PATCH /api/rows", OWN "Content-Type: application/json; charset=UTF-8\r\n"), 0);
}

static void behind_a_proxy_the_name_goes_with_https_and_accounts_are_the_programs_business(void **s)
{
    (void)s;
    struct web_guard before = guard;
#define NAMED "Host: console.example.cn\r\n"
    assert_int_equal(ask_raw("GET /assets/x.js", NAMED, ""), 421);
    assert_int_equal(web_guard_add_name(&guard, "console.example.cn", NULL), STATUS_OK);
    guard.door = WEB_DOOR_ACCOUNTS;
    assert_int_equal(ask_raw("GET /assets/x.js", NAMED, ""), 0);
    assert_int_equal(ask_raw("GET /start", NAMED "Sec-Fetch-Site: cross-site\r\n", ""), 403);
    assert_int_equal(ask_raw("GET /", NAMED "Sec-Fetch-Site: cross-site\r\n", ""), 0);
    assert_int_equal(ask_raw("GET /api/x", NAMED "Sec-Fetch-Site: cross-site\r\n", ""), 403);
    assert_int_equal(
        ask_raw("POST /api/x", NAMED "Origin: https://console.example.cn\r\n" JSON, "{}"), 0);
    assert_int_equal(
        ask_raw("POST /api/x", NAMED "Origin: http://console.example.cn\r\n" JSON, "{}"), 403);
    assert_int_equal(ask_raw("POST /api/x", HOST "Origin: https://127.0.0.1:8080\r\n" JSON, "{}"),
                     403);
    assert_int_equal(ask_raw("POST /api/x", NAMED JSON, "{}"), 403);
    guard = before;
}

static void what_is_no_host_is_no_name(void **state)
{
    static const char *const names[] = {"", "a b", "a/b", "evil.example\r\nX: 1", "me@example.cn"};
    struct web_guard copy = guard;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(web_guard_add_name(&copy, names[i], NULL), STATUS_BAD_INPUT);
}

static void another_host_is_refused(void **state)
{
    static const char *const hosts[] = {"127.0.0.1",
                                        "127.0.0.1:8081",
                                        "127.0.0.1:80800",
                                        "localhost",
                                        "localhost.:8080",
                                        "evil.example:8080",
                                        "127.0.0.1.evil.example:8080",
                                        "127.0.0.1:8080.evil.example",
                                        "[::1]:8080",
                                        "0.0.0.0:8080",
                                        "127.0.0.2:8080",
                                        "user@127.0.0.1:8080",
                                        "127.1:8080",
                                        "2130706433:8080",
                                        ""};
    char headers[100];
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        snprintf(headers, sizeof headers, "Host: %s\r\n", hosts[i]);
        assert_int_equal(ask("GET /", headers), 421);
        snprintf(headers, sizeof headers, HOST "Host: %s\r\n", hosts[i]);
        assert_int_equal(ask("GET /", headers), 400);
    }
    assert_int_equal(ask("GET /", ""), 400);
}

static void another_site_is_refused(void **state)
{
    static const char *const headers[] = {
        HOST "Origin: http://evil.example\r\n",
        HOST "Origin: null\r\n",
        HOST "Origin: https://127.0.0.1:8080\r\n",
        HOST "Origin: http://127.0.0.1:8081\r\n",
        HOST "Origin: http://127.0.0.1\r\n",
        HOST "Origin: http://localhost:8080\r\n",
        HOST "Origin: http://127.0.0.1:8080/\r\n",
        HOST "Origin: \r\n",
        OWN "Origin: http://127.0.0.1:8080\r\n",
        HOST "Sec-Fetch-Site: cross-site\r\n",
        HOST "Sec-Fetch-Site: same-site\r\n",
        HOST "Sec-Fetch-Site: Same-Origin\r\n",
        HOST "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: none\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_int_equal(ask("GET /api/status", headers[i]), 403);
}

static void writing_needs_an_origin_and_json(void **state)
{
    (void)state;
    assert_int_equal(ask("POST /api/rows", HOST JSON), 403);
    assert_int_equal(ask("DELETE /api/rows", HOST JSON), 403);
    assert_int_equal(ask("POST /api/rows",
                         HOST JSON "Origin: http://127.0.0.1:8080\r\nSec-Fetch-Site: none\r\n"),
                     403);
    assert_int_equal(ask("POST /api/rows", OWN), 415);
    assert_int_equal(ask("POST /api/rows", OWN "Content-Type: text/plain\r\n"), 415);
    assert_int_equal(ask("POST /api/rows", OWN "Content-Type: application/jsonx\r\n"), 415);
    assert_int_equal(ask("POST /api/rows", OWN JSON JSON), 415);
    assert_int_equal(
        ask("PUT /api/rows", OWN "Content-Type: application/x-www-form-urlencoded\r\n"), 415);
}

static void without_the_cookie_nothing_is_shown(void **state)
{
    char headers[400];
    (void)state;
    assert_int_equal(ask_raw("GET /", HOST, ""), 401);
    assert_int_equal(ask_raw("GET /", HOST "Cookie: jinqiu_8080=\r\n", ""), 401);
    snprintf(headers, sizeof headers, HOST "Cookie: jinqiu_8081=%s\r\n", guard.cookie);
    assert_int_equal(ask_raw("GET /", headers, ""), 401);
    snprintf(headers, sizeof headers, HOST "Cookie: jinqiu_8080=%sx\r\n", guard.cookie);
    assert_int_equal(ask_raw("GET /", headers, ""), 401);
    snprintf(headers, sizeof headers, HOST "Cookie: jinqiu_8080=%s\r\n", guard.token);
    assert_int_equal(ask_raw("GET /", headers, ""), 401);
    snprintf(headers, sizeof headers, HOST "Cookie: a=b\r\nCookie: jinqiu_8080=%s\r\n",
             guard.cookie);
    assert_int_equal(ask_raw("GET /", headers, ""), 401);
}

static bool start_with(const char *line)
{
    struct web_parser *parser;
    char text[400];
    size_t taken;
    snprintf(text, sizeof text, "%s HTTP/1.1\r\n" HOST "\r\n", line);
    assert_int_equal(web_parser_new(&parser, 1000, NULL), STATUS_OK);
    assert_int_equal(web_parser_feed(parser, bytes_text(text), &taken), WEB_COMPLETE);
    bool started = web_guard_start(&guard, web_parser_request(parser));
    web_parser_free(parser);
    return started;
}

static void a_start_link_works_once(void **state)
{
    char line[200];
    (void)state;
    assert_int_equal(ask_raw("GET /start?token=x", HOST "Sec-Fetch-Site: cross-site\r\n", ""), 0);
    assert_false(start_with("GET /start"));
    assert_false(start_with("GET /start?token="));
    snprintf(line, sizeof line, "HEAD /start?token=%s", guard.token);
    assert_false(start_with(line));
    snprintf(line, sizeof line, "GET /other?token=%s", guard.token);
    assert_false(start_with(line));
    snprintf(line, sizeof line, "GET /start?token=%s", guard.token);
    assert_true(start_with(line));
    assert_false(start_with(line));
    snprintf(line, sizeof line, "GET /start?token=%s", guard.token);
    assert_true(start_with(line));
}

static void every_answer_carries_the_protecting_headers(void **state)
{
    static const char *const wanted[] = {
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
        "X-Content-Type-Options: nosniff\r\n",
        "Cross-Origin-Resource-Policy: same-origin\r\n",
        "Referrer-Policy: no-referrer\r\n"};
    static const int statuses[] = {200, 201, 204, 304, 400, 401, 403, 404, 405, 413, 421, 500, 503};
    (void)state;
    for (size_t s = 0; s < sizeof statuses / sizeof statuses[0]; s++) {
        struct web_reply reply = {.status = statuses[s], .type = "text/plain"};
        struct buffer out = {0};
        assert_int_equal(web_reply_write(&reply, &out), STATUS_OK);
        assert_int_equal(buffer_append(&out, "", 1), STATUS_OK);
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
            assert_non_null(strstr((const char *)out.data, wanted[i]));
        assert_null(strstr((const char *)out.data, "Access-Control"));
        assert_null(strstr((const char *)out.data, "unsafe"));
        buffer_release(&out);
    }
}

static int open_door(void **state)
{
    (void)state;
    web_guard_init(&guard, "127.0.0.1", 8080);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_own_page_is_let_in),
        cmocka_unit_test(
            behind_a_proxy_the_name_goes_with_https_and_accounts_are_the_programs_business),
        cmocka_unit_test(what_is_no_host_is_no_name),
        cmocka_unit_test(another_host_is_refused),
        cmocka_unit_test(another_site_is_refused),
        cmocka_unit_test(writing_needs_an_origin_and_json),
        cmocka_unit_test(without_the_cookie_nothing_is_shown),
        cmocka_unit_test(a_start_link_works_once),
        cmocka_unit_test(every_answer_carries_the_protecting_headers)};
    return cmocka_run_group_tests(tests, open_door, NULL);
}
