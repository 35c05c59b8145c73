/* Requests as browsers and attackers send them, fed whole and byte by byte. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/web_parser.h"

#define BODY_MAX 64

/* Feeds `text` in steps; gives the number of complete requests, or minus the refusal's status. */
static int feed(struct web_parser *parser, struct bytes text, size_t step, char *last, size_t size)
{
    int complete = 0;
    for (size_t at = 0; at < text.size;) {
        size_t taken, left = text.size - at;
        struct bytes part = bytes_of(text.data + at, left < step ? left : step);
        switch (web_parser_feed(parser, part, &taken)) {
        case WEB_REFUSED:
            return -web_parser_refusal(parser);
        case WEB_COMPLETE:
            complete++;
            snprintf(last, size, "%d %s", (int)web_parser_request(parser)->method,
                     web_request_path(web_parser_request(parser)));
            if (at + taken < text.size)
                web_parser_next(parser);
            break;
        case WEB_MORE:
            assert_int_equal(taken, part.size);
            break;
        }
        at += taken;
    }
    return complete;
}

static void expect(const char *text, int wanted, const char *last)
{
    for (size_t step = 1; step <= 400; step = step < 8 ? step + 1 : step * 2) {
        struct web_parser *parser;
        char seen[200] = "";
        assert_int_equal(web_parser_new(&parser, BODY_MAX, NULL), STATUS_OK);
        assert_int_equal(feed(parser, bytes_text(text), step, seen, sizeof seen), wanted);
        assert_string_equal(seen, last);
        web_parser_free(parser);
    }
}

static void requests_are_read_one_after_the_other(void **state)
{
    (void)state;
    expect("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1, "0 /");
    expect("GET /a HTTP/1.1\r\nHost: a\r\n\r\nHEAD /b HTTP/1.1\r\nHost: a\r\n\r\n", 2, "1 /b");
    expect("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
           "PATCH /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
           2, "4 /c");
    expect("GET /%E9%87%91%E7%A7%8B HTTP/1.1\r\nHost: a\r\n\r\n", 1, "0 /金秋");
    expect("GET / HTTP/1.1\r\nHost: a\r\n", 0, "");
}

static void what_breaks_the_syntax_is_refused(void **state)
{
    (void)state;
    expect("\x16\x03\x01\x02\x01", -501, "");
    expect("NOTHING\r\n\r\n", -501, "");
    expect("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", -400, "");
    expect("GET a HTTP/1.1\r\nHost: a\r\n\r\n", -400, "");
    expect("GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", -400, "");
    expect("GET / HTTP/2.0\r\nHost: a\r\n\r\n", -505, "");
    expect("GET / HTTP/1.1\r\nHo st: a\r\n\r\n", -400, "");
    expect("GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", -400, "");
    expect("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", -501, "");
    expect("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", -501, "");
    expect("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", -501, "");
    expect("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", -501,
           "");
    expect("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           -400, "");
    expect("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", -400, "");
    expect("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", -400, "");
}

static void a_path_is_text_and_nothing_else(void **state)
{
    static const char *const paths[] = {"/%00", "/%0a", "/%7f",    "/%zz",    "/%4",
                                        "/%",   "/%ff", "/%c0%af", "/?a=%00", "/?%0d=1"};
    char text[100];
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[i]);
        expect(text, -400, "");
    }
}

static void lengths_are_bounded(void **state)
{
    struct buffer text = {0};
    char seen[10] = "", *filler = malloc(20000);
    struct web_parser *parser;
    (void)state;
    memset(filler, 'x', 20000);
    expect("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65\r\n\r\n", -413, "");
    expect("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", -400, "");
    expect("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n"
           "0123456789012345678901234567890123456789012345678901234567890123456789",
           -413, "");
    assert_int_equal(buffer_append(&text, "GET /", 5), STATUS_OK);
    assert_int_equal(buffer_append(&text, filler, WEB_TARGET_BYTES_MAX), STATUS_OK);
    assert_int_equal(web_parser_new(&parser, BODY_MAX, NULL), STATUS_OK);
    assert_int_equal(feed(parser, buffer_bytes(&text), 100, seen, sizeof seen), -414);
    web_parser_free(parser);
    buffer_clear(&text);
    assert_int_equal(buffer_append(&text, "GET / HTTP/1.1\r\nA: ", 19), STATUS_OK);
    assert_int_equal(buffer_append(&text, filler, WEB_HEAD_BYTES_MAX), STATUS_OK);
    assert_int_equal(web_parser_new(&parser, BODY_MAX, NULL), STATUS_OK);
    assert_int_equal(feed(parser, buffer_bytes(&text), 100, seen, sizeof seen), -431);
    web_parser_free(parser);
    buffer_clear(&text);
    assert_int_equal(buffer_append(&text, "GET / HTTP/1.1\r\n", 16), STATUS_OK);
    for (int i = 0; i <= WEB_HEADERS_MAX; i++)
        assert_int_equal(buffer_append(&text, "a: b\r\n", 6), STATUS_OK);
    assert_int_equal(web_parser_new(&parser, BODY_MAX, NULL), STATUS_OK);
    assert_int_equal(feed(parser, buffer_bytes(&text), 100, seen, sizeof seen), -431);
    web_parser_free(parser);
    buffer_release(&text);
    free(filler);
}

static void headers_parameters_and_cookies_are_found(void **state)
{
    static const char text[] =
        "POST /a%20b?search=%E9%87%91+%2B&where=a:1&where=b:2&empty HTTP/1.1\r\n"
        "HOST: a\r\nX-Empty:\r\nCookie: one=1; jinqiu_1=secret;two=22\r\n"
        "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nHost: trailer\r\n\r\n";
    (void)state;
    for (size_t step = 1; step < 20; step++) {
        struct web_parser *parser;
        char seen[40], value[8];
        assert_int_equal(web_parser_new(&parser, BODY_MAX, NULL), STATUS_OK);
        assert_int_equal(feed(parser, bytes_text(text), step, seen, sizeof seen), 1);
        const struct web_request *request = web_parser_request(parser);
        assert_string_equal(web_request_path(request), "/a b");
        assert_string_equal(web_request_parameter(request, "search", 0), "金 +");
        assert_string_equal(web_request_parameter(request, "where", 1), "b:2");
        assert_null(web_request_parameter(request, "where", 2));
        assert_string_equal(web_request_parameter(request, "empty", 0), "");
        assert_string_equal(web_request_header(request, "host"), "a");
        assert_int_equal(web_request_header_count(request, "host"), 1);
        assert_string_equal(web_request_header(request, "x-empty"), "");
        assert_true(bytes_equal(buffer_bytes(&request->body), bytes_text("{}")));
        assert_true(web_request_cookie(request, "jinqiu_1", value, sizeof value));
        assert_string_equal(value, "secret");
        assert_true(web_request_cookie(request, "two", value, sizeof value));
        assert_string_equal(value, "22");
        assert_false(web_request_cookie(request, "jinqiu_1", value, 6));
        assert_false(web_request_cookie(request, "jinqiu", value, sizeof value));
        assert_true(request->keep_alive);
        web_parser_free(parser);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(requests_are_read_one_after_the_other),
                                       cmocka_unit_test(what_breaks_the_syntax_is_refused),
                                       cmocka_unit_test(a_path_is_text_and_nothing_else),
                                       cmocka_unit_test(lengths_are_bounded),
                                       cmocka_unit_test(headers_parameters_and_cookies_are_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
