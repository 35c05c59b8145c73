#include "web/web_request.h"

#include <sodium.h>
#include <string.h>

bool web_method_safe(enum web_method method)
{
    return method == WEB_GET || method == WEB_HEAD;
}

/* A body may be a passphrase. */
static void wipe_body(struct buffer *body)
{
    if (body->data)
        sodium_memzero(body->data, body->size);
    buffer_clear(body);
}

void web_request_release(struct web_request *request)
{
    wipe_body(&request->body);
    buffer_release(&request->text);
    buffer_release(&request->body);
    *request = (struct web_request){0};
}

void web_request_clear(struct web_request *request)
{
    struct buffer text = request->text, body = request->body;
    *request = (struct web_request){.text = text, .body = body};
    buffer_clear(&request->text);
    wipe_body(&request->body);
}

static const char *text_at(const struct web_request *request, size_t offset)
{
    return (const char *)request->text.data + offset;
}

const char *web_request_path(const struct web_request *request)
{
    return text_at(request, request->path);
}

const char *web_request_header(const struct web_request *request, const char *name)
{
    for (size_t i = 0; i < request->headers_count; i++)
        if (strcmp(text_at(request, request->headers[i].name), name) == 0)
            return text_at(request, request->headers[i].value);
    return NULL;
}

size_t web_request_header_count(const struct web_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->headers_count; i++)
        count += strcmp(text_at(request, request->headers[i].name), name) == 0;
    return count;
}

const char *web_request_parameter(const struct web_request *request, const char *name, size_t index)
{
    for (size_t i = 0; i < request->parameters_count; i++)
        if (strcmp(text_at(request, request->parameters[i].name), name) == 0 && index-- == 0)
            return text_at(request, request->parameters[i].value);
    return NULL;
}

bool web_request_cookie(const struct web_request *request, const char *name, char *value,
                        size_t size)
{
    const char *at = web_request_header(request, "cookie");
    size_t name_size = strlen(name);
    while (at && *at) {
        at += strspn(at, " \t;");
        size_t length = strcspn(at, ";");
        if (length > name_size && at[name_size] == '=' && strncmp(at, name, name_size) == 0) {
            length -= name_size + 1;
            if (length >= size)
                return false;
            memcpy(value, at + name_size + 1, length);
            value[length] = '\0';
            return true;
        }
        at += length;
    }
    return false;
}

/* ---- the target ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends `in` decoded, with a terminator, and tells where it begins. Refuses what would not be
 * text: broken escapes, control characters, anything that isn't UTF-8. */
static int put_decoded(struct web_request *request, struct bytes in, bool plus, size_t *at)
{
    *at = request->text.size;
    if (buffer_reserve(&request->text, in.size + 1) != STATUS_OK)
        return 503;
    uint8_t *out = request->text.data + *at;
    size_t size = 0;
    for (size_t i = 0; i < in.size; i++) {
        uint8_t c = in.data[i];
        if (c == '%') {
            int high = i + 2 < in.size ? hex_digit(in.data[i + 1]) : -1;
            int low = i + 2 < in.size ? hex_digit(in.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return 400;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f)
            return 400;
        out[size++] = c;
    }
    if (!utf8_valid(bytes_of(out, size)))
        return 400;
    out[size] = '\0';
    request->text.size += size + 1;
    return 0;
}

static struct bytes cut_at(struct bytes *in, uint8_t mark)
{
    const uint8_t *found = in->size ? memchr(in->data, mark, in->size) : NULL;
    size_t size = found ? (size_t)(found - in->data) : in->size;
    struct bytes front = bytes_of(in->data, size);
    size += found != NULL;
    *in = bytes_of(in->data + size, in->size - size);
    return front;
}

static int put_parameter(struct web_request *request, struct bytes pair)
{
    struct web_pair *parameter = &request->parameters[request->parameters_count];
    if (request->parameters_count == WEB_PARAMETERS_MAX)
        return 414;
    struct bytes name = cut_at(&pair, '=');
    int refusal = put_decoded(request, name, true, &parameter->name);
    if (refusal == 0)
        refusal = put_decoded(request, pair, true, &parameter->value);
    request->parameters_count += refusal == 0;
    return refusal;
}

int web_request_set_target(struct web_request *request, struct bytes target)
{
    if (target.size == 0 || target.data[0] != '/' || memchr(target.data, '#', target.size))
        return 400;
    struct bytes query = target;
    struct bytes path = cut_at(&query, '?');
    int refusal = put_decoded(request, path, false, &request->path);
    if (refusal != 0)
        return refusal;
    while (query.size > 0) {
        struct bytes pair = cut_at(&query, '&');
        if (pair.size == 0)
            continue;
        refusal = put_parameter(request, pair);
        if (refusal != 0)
            return refusal;
    }
    return 0;
}
