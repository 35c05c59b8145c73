#ifndef WEB_WEB_PARSER_H
#define WEB_WEB_PARSER_H

/* Bytes of a connection in, requests out. llhttp reads the syntax (RFC 9112), strictly; this room
 * keeps the bounds. Knows no socket and no clock. One parser serves one connection. */

#include "web/web_request.h"

struct web_parser; /* opaque */

/* A body of WEB_FILE_TYPE may have WEB_FILE_TIMES as many bytes. */
#define WEB_FILE_TIMES 16
enum status web_parser_new(struct web_parser **parser, size_t body_bytes_max, struct error *err);
void web_parser_free(struct web_parser *parser);

enum web_progress {
    WEB_MORE,     /* all bytes were taken, the request isn't complete */
    WEB_COMPLETE, /* web_parser_request holds it; *taken may be less than what was given */
    WEB_REFUSED   /* answer with web_parser_refusal and close */
};
enum web_progress web_parser_feed(struct web_parser *parser, struct bytes in, size_t *taken);
/* The HTTP status after WEB_REFUSED: 400, 413, 414, 431, 501, 503 or 505. */
int web_parser_refusal(const struct web_parser *parser);
/* After WEB_COMPLETE, until web_parser_next. Borrows. */
const struct web_request *web_parser_request(const struct web_parser *parser);
/* Make ready for the next request of the connection. */
void web_parser_next(struct web_parser *parser);
/* Has a request begun that isn't complete? For time limits. */
bool web_parser_waiting(const struct web_parser *parser);

#endif
