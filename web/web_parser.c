#include "web/web_parser.h"

#include <llhttp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SMALL_BODY_BYTES 8192

struct web_parser {
    llhttp_t llhttp;
    llhttp_settings_t settings;
    struct web_request request;
    struct buffer target;
    size_t body_bytes_max, head_bytes;
    size_t bytes_max; /* of this request's body */
    int refusal;
    bool begun, complete;
    bool in_name, head_done; /* what stands behind the body (trailers) isn't kept */
};

/* Stops llhttp: what follows isn't looked at any more. */
static int give_up(struct web_parser *parser, int status)
{
    if (parser->refusal == 0)
        parser->refusal = status;
    return HPE_USER;
}

static int on_begin(llhttp_t *llhttp)
{
    struct web_parser *parser = llhttp->data;
    parser->begun = true;
    return 0;
}

static int on_url(llhttp_t *llhttp, const char *at, size_t size)
{
    struct web_parser *parser = llhttp->data;
    if (parser->target.size + size > WEB_TARGET_BYTES_MAX)
        return give_up(parser, 414);
    return buffer_append(&parser->target, at, size) == STATUS_OK ? 0 : give_up(parser, 503);
}

/* Text of a header, in pieces; the terminator comes with on_name_end or on_value_end. */
static int put_text(struct web_parser *parser, const char *at, size_t size)
{
    struct buffer *text = &parser->request.text;
    parser->head_bytes += size;
    if (parser->head_bytes > WEB_HEAD_BYTES_MAX)
        return give_up(parser, 431);
    if (parser->head_done)
        return 0;
    return buffer_append(text, at, size) == STATUS_OK ? 0 : give_up(parser, 503);
}

static int end_text(struct web_parser *parser)
{
    if (parser->head_done || buffer_append(&parser->request.text, "", 1) == STATUS_OK)
        return 0;
    return give_up(parser, 503);
}

static int on_name(llhttp_t *llhttp, const char *at, size_t size)
{
    struct web_parser *parser = llhttp->data;
    struct web_request *request = &parser->request;
    size_t from = request->text.size;
    if (request->headers_count == WEB_HEADERS_MAX)
        return give_up(parser, 431);
    if (!parser->in_name && !parser->head_done)
        request->headers[request->headers_count].name = from;
    parser->in_name = true;
    if (memchr(at, ' ', size)) /* llhttp takes it for a part of the name */
        return give_up(parser, 400);
    int code = put_text(parser, at, size);
    for (size_t i = from; code == 0 && i < request->text.size; i++)
        if (request->text.data[i] >= 'A' && request->text.data[i] <= 'Z')
            request->text.data[i] |= 0x20;
    return code;
}

static int on_name_end(llhttp_t *llhttp)
{
    struct web_parser *parser = llhttp->data;
    struct web_request *request = &parser->request;
    int code = end_text(parser);
    parser->in_name = false;
    if (code == 0 && !parser->head_done)
        request->headers[request->headers_count].value = request->text.size;
    return code;
}

static int on_value(llhttp_t *llhttp, const char *at, size_t size)
{
    return put_text(llhttp->data, at, size);
}

static int on_value_end(llhttp_t *llhttp)
{
    struct web_parser *parser = llhttp->data;
    int code = end_text(parser);
    if (code == 0 && !parser->head_done)
        parser->request.headers_count++;
    return code;
}

static bool method_of(const llhttp_t *llhttp, enum web_method *method)
{
    static const struct {
        llhttp_method_t code;
        enum web_method method;
    } methods[] = {{HTTP_GET, WEB_GET}, {HTTP_HEAD, WEB_HEAD},   {HTTP_POST, WEB_POST},
                   {HTTP_PUT, WEB_PUT}, {HTTP_PATCH, WEB_PATCH}, {HTTP_DELETE, WEB_DELETE}};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if ((llhttp_method_t)llhttp->method == methods[i].code) {
            *method = methods[i].method;
            return true;
        }
    }
    return false;
}

static int on_headers(llhttp_t *llhttp)
{
    struct web_parser *parser = llhttp->data;
    if (llhttp->http_major != 1)
        return give_up(parser, 505);
    if (!method_of(llhttp, &parser->request.method) || llhttp->upgrade)
        return give_up(parser, 501);
    const char *type = web_request_header(&parser->request, "content-type");
    parser->bytes_max = parser->body_bytes_max;
    if (type && strcasecmp(type, WEB_FILE_TYPE) == 0)
        parser->bytes_max = WEB_FILE_TIMES * parser->body_bytes_max;
    if (llhttp->content_length > parser->bytes_max)
        return give_up(parser, 413);
    parser->head_done = true;
    int refusal = web_request_set_target(&parser->request, buffer_bytes(&parser->target));
    /* One place for a small body, so that a passphrase in pieces leaves no copy behind. */
    if (refusal == 0 && buffer_reserve(&parser->request.body, SMALL_BODY_BYTES) != STATUS_OK)
        refusal = 503;
    return refusal == 0 ? 0 : give_up(parser, refusal);
}

static int on_body(llhttp_t *llhttp, const char *at, size_t size)
{
    struct web_parser *parser = llhttp->data;
    struct buffer *body = &parser->request.body;
    if (body->size + size > parser->bytes_max)
        return give_up(parser, 413);
    return buffer_append(body, at, size) == STATUS_OK ? 0 : give_up(parser, 503);
}

static int on_complete(llhttp_t *llhttp)
{
    struct web_parser *parser = llhttp->data;
    parser->complete = true;
    parser->request.keep_alive = llhttp_should_keep_alive(llhttp) != 0;
    return HPE_PAUSED; /* one request at a time */
}

enum status web_parser_new(struct web_parser **out, size_t body_bytes_max, struct error *err)
{
    struct web_parser *parser = calloc(1, sizeof *parser);
    *out = parser;
    if (!parser)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    parser->body_bytes_max = body_bytes_max;
    llhttp_settings_init(&parser->settings);
    parser->settings.on_message_begin = on_begin;
    parser->settings.on_url = on_url;
    parser->settings.on_header_field = on_name;
    parser->settings.on_header_field_complete = on_name_end;
    parser->settings.on_header_value = on_value;
    parser->settings.on_header_value_complete = on_value_end;
    parser->settings.on_headers_complete = on_headers;
    parser->settings.on_body = on_body;
    parser->settings.on_message_complete = on_complete;
    llhttp_init(&parser->llhttp, HTTP_REQUEST, &parser->settings);
    parser->llhttp.data = parser;
    return STATUS_OK;
}

void web_parser_free(struct web_parser *parser)
{
    if (!parser)
        return;
    web_request_release(&parser->request);
    buffer_release(&parser->target);
    free(parser);
}

/* llhttp's own verdict, when none of our bounds spoke first. */
static int status_of(llhttp_errno_t code)
{
    switch (code) {
    case HPE_INVALID_VERSION:
        return 505;
    case HPE_INVALID_METHOD:
    case HPE_PAUSED_UPGRADE:
        return 501;
    default:
        return 400;
    }
}

enum web_progress web_parser_feed(struct web_parser *parser, struct bytes in, size_t *taken)
{
    const char *data = (const char *)in.data;
    *taken = in.size;
    if (parser->refusal != 0)
        return WEB_REFUSED;
    if (in.size == 0)
        return WEB_MORE;
    llhttp_errno_t code = llhttp_execute(&parser->llhttp, data, in.size);
    if (code == HPE_OK)
        return WEB_MORE;
    if (code == HPE_PAUSED && parser->complete) {
        *taken = (size_t)(llhttp_get_error_pos(&parser->llhttp) - data);
        llhttp_resume(&parser->llhttp);
        return WEB_COMPLETE;
    }
    give_up(parser, status_of(code));
    return WEB_REFUSED;
}

int web_parser_refusal(const struct web_parser *parser)
{
    return parser->refusal;
}

const struct web_request *web_parser_request(const struct web_parser *parser)
{
    return &parser->request;
}

void web_parser_next(struct web_parser *parser)
{
    web_request_clear(&parser->request);
    buffer_clear(&parser->target);
    parser->head_bytes = 0;
    parser->begun = parser->complete = parser->in_name = parser->head_done = false;
}

bool web_parser_waiting(const struct web_parser *parser)
{
    return parser->begun && !parser->complete;
}
