#ifndef WEB_WEB_REQUEST_H
#define WEB_WEB_REQUEST_H

/* One HTTP/1.1 request as a value: what was asked, its headers and its body.
 *
 * Made by web_parser.h; knows no socket. Everything in it came from outside and is bounded by the
 * limits below; texts are NUL-terminated and hold no NUL. Names of headers are in lower case. Owns
 * its memory; web_request_clear keeps it for the next one. */

#include <stdbool.h>

#include "common/bytes.h"

#define WEB_TARGET_BYTES_MAX 8192
#define WEB_HEAD_BYTES_MAX 16384 /* names and values of all headers */
#define WEB_HEADERS_MAX 64
#define WEB_PARAMETERS_MAX 64

#define WEB_FILE_TYPE "application/octet-stream" /* a body that is somebody's file */

enum web_method { WEB_GET, WEB_HEAD, WEB_POST, WEB_PUT, WEB_PATCH, WEB_DELETE };
/* Does this method only read? */
bool web_method_safe(enum web_method method);

struct web_pair { /* offsets into `text` */
    size_t name, value;
};

struct web_request {
    enum web_method method;
    size_t path; /* offset of the decoded path, "/…"; use web_request_path */
    struct web_pair headers[WEB_HEADERS_MAX];
    size_t headers_count;
    struct web_pair parameters[WEB_PARAMETERS_MAX];
    size_t parameters_count;
    struct buffer text, body;
    bool keep_alive;
};

void web_request_release(struct web_request *request);
void web_request_clear(struct web_request *request);

/* Percent-decoded, UTF-8, without control characters. */
const char *web_request_path(const struct web_request *request);
/* NULL: there is none. The first one; see count. */
const char *web_request_header(const struct web_request *request, const char *name);
size_t web_request_header_count(const struct web_request *request, const char *name);
/* By name and, for repeated ones, by place among those of this name; NULL past the last. */
const char *web_request_parameter(const struct web_request *request, const char *name,
                                  size_t index);
/* One cookie's value into `value`; false when there is none or it is too long. */
bool web_request_cookie(const struct web_request *request, const char *name, char *value,
                        size_t size);

/* Take the target "/path?name=value&…" apart into path and parameters. Gives 0 or the HTTP status
 * to refuse with. For web_parser.c. */
int web_request_set_target(struct web_request *request, struct bytes target);

#endif
