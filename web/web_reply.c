#include "web/web_reply.h"

#include <stdio.h>
#include <string.h>

#include "common/mutant.h"

static const char common_headers[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Embedder-Policy: require-corp\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: geolocation=(), microphone=(), payment=(), usb=()\r\n";

const char *web_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {{200, "200 OK"},
                 {201, "201 Created"},
                 {202, "202 Accepted"},
                 {204, "204 No Content"},
                 {304, "304 Not Modified"},
                 {400, "400 Bad Request"},
                 {401, "401 Unauthorized"},
                 {403, "403 Forbidden"},
                 {404, "404 Not Found"},
                 {405, "405 Method Not Allowed"},
                 {408, "408 Request Timeout"},
                 {409, "409 Conflict"},
                 {413, "413 Content Too Large"},
                 {414, "414 URI Too Long"},
                 {415, "415 Unsupported Media Type"},
                 {421, "421 Misdirected Request"},
                 {423, "423 Locked"},
                 {429, "429 Too Many Requests"},
                 {431, "431 Request Header Fields Too Large"},
                 {501, "501 Not Implemented"},
                 {503, "503 Service Unavailable"},
                 {505, "505 HTTP Version Not Supported"},
                 {507, "507 Insufficient Storage"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "500 Internal Server Error";
}

static enum status put(struct buffer *out, const char *name, const char *value)
{
    TRY(buffer_append_bytes(out, bytes_text(name)));
    TRY(buffer_append_bytes(out, bytes_text(value)));
    return buffer_append(out, "\r\n", 2);
}

/* The name as RFC 8187 has it: whatever isn't a letter or digit by its bytes in hex. */
static enum status put_download(const char *name, struct buffer *out)
{
    TRY(buffer_append_bytes(out, bytes_text("Content-Security-Policy: sandbox; default-src 'none'"
                                            "\r\nContent-Disposition: attachment; "
                                            "filename*=UTF-8''")));
    for (; *name; name++) {
        bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                     (*name >= '0' && *name <= '9') || *name == '.' || *name == '-';
        char hex[4];
        snprintf(hex, sizeof hex, "%%%02X", (unsigned)(uint8_t)*name);
        TRY(plain ? buffer_append(out, name, 1) : buffer_append(out, hex, 3));
    }
    return buffer_append(out, "\r\n", 2);
}

static enum status put_head(const struct web_reply *reply, struct buffer *out)
{
    char length[32];
    TRY(put(out, "HTTP/1.1 ", web_status_text(reply->status)));
    if (!MUTANT("t21-no-content-policy"))
        TRY(buffer_append_bytes(out, bytes_text(common_headers)));
    if (reply->type)
        TRY(put(out, "Content-Type: ", reply->type));
    if (reply->download && !MUTANT("t21-attachments-in-place"))
        TRY(put_download(reply->download, out));
    if (reply->cookie)
        TRY(put(out, "Set-Cookie: ", reply->cookie));
    if (reply->allow)
        TRY(put(out, "Allow: ", reply->allow));
    if (reply->tag)
        TRY(put(out, "ETag: ", reply->tag));
    TRY(put(out, "Cache-Control: ", reply->tag ? "private, no-cache" : "no-store"));
    snprintf(length, sizeof length, "%zu", reply->body.size);
    if (!reply->stream && reply->status != 204 && reply->status != 304)
        TRY(put(out, "Content-Length: ", length));
    TRY(put(out, "Connection: ", reply->keep_alive ? "keep-alive" : "close"));
    return buffer_append(out, "\r\n", 2);
}

enum status web_reply_write(const struct web_reply *reply, struct buffer *out)
{
    size_t before = out->size;
    enum status status = put_head(reply, out);
    if (status == STATUS_OK && !reply->head_only)
        status = buffer_append_bytes(out, reply->body);
    if (status != STATUS_OK)
        out->size = before;
    return status;
}

enum status web_event_write(const char *name, struct bytes data, struct buffer *out)
{
    TRY(buffer_append_bytes(out, bytes_text("event: ")));
    TRY(buffer_append_bytes(out, bytes_text(name)));
    TRY(buffer_append_bytes(out, bytes_text("\ndata: ")));
    TRY(buffer_append_bytes(out, data));
    return buffer_append(out, "\n\n", 2);
}
