/* The HTTP parser on any bytes: fed whole or byte by byte it comes to the same requests and the
 * same refusal, and the guard judges each without falling over. */

#include <stdlib.h>
#include <string.h>

#include "web/web_guard.h"
#include "web/web_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Method, path, headers' count, body and the guard's verdict of each request, then the refusal. */
static void note(const struct web_guard *guard, const struct web_request *request,
                 struct buffer *out)
{
    uint8_t facts[8] = {(uint8_t)request->method, (uint8_t)request->headers_count,
                        (uint8_t)request->parameters_count, request->keep_alive};
    put_u32le(facts + 4, (uint32_t)web_guard_check(guard, request));
    must(utf8_valid(bytes_text(web_request_path(request))));
    must(buffer_append(out, facts, sizeof facts) == STATUS_OK);
    must(buffer_append_bytes(out, bytes_text(web_request_path(request))) == STATUS_OK);
    must(buffer_append_bytes(out, buffer_bytes(&request->body)) == STATUS_OK);
}

static void parse(const struct web_guard *guard, struct bytes in, size_t step, struct buffer *out)
{
    struct web_parser *parser;
    enum web_progress progress = WEB_MORE;
    must(web_parser_new(&parser, 1000, NULL) == STATUS_OK);
    for (size_t at = 0; at < in.size && progress != WEB_REFUSED;) {
        size_t taken, left = in.size - at;
        progress =
            web_parser_feed(parser, bytes_of(in.data + at, left < step ? left : step), &taken);
        must(taken <= step);
        at += taken;
        if (progress != WEB_COMPLETE)
            continue;
        note(guard, web_parser_request(parser), out);
        web_parser_next(parser);
    }
    uint8_t refused = progress == WEB_REFUSED;
    must(buffer_append(out, &refused, 1) == STATUS_OK);
    web_parser_free(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct web_guard guard = {0};
    struct buffer whole = {0}, bytewise = {0};
    web_guard_init(&guard, "127.0.0.1", 8080);
    memset(guard.cookie, 'c', sizeof guard.cookie - 1);
    memset(guard.token, 't', sizeof guard.token - 1);
    parse(&guard, bytes_of(data, size), size + 1, &whole);
    parse(&guard, bytes_of(data, size), 1, &bytewise);
    must(bytes_equal(buffer_bytes(&whole), buffer_bytes(&bytewise)));
    buffer_release(&whole);
    buffer_release(&bytewise);
    return 0;
}
