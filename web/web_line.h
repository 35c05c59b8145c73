#ifndef WEB_WEB_LINE_H
#define WEB_WEB_LINE_H

/* One connection of a browser: requests in, answers out, one at a time. For web_site.c alone.
 *
 *   READING --request complete--> ANSWERING --answered, keep-alive--> READING
 *                                     |  '--asked for events--> STREAMING
 *   any state --gone, too slow, broken rule, stop--> CLOSING --handles closed, answered--> freed
 * Below a cover the same: bytes go through it on their way from and to the socket. */

#include "web/web_cover.h"
#include "web/web_site.h"

struct web_line; /* opaque */

struct web_line_host {
    uv_loop_t *loop;
    const struct web_cover *cover; /* NULL: none */
    /* A complete request; answer it with the functions of web_site.h. */
    void (*asked)(void *context, struct web_call *call);
    /* The line is about to be freed. */
    void (*gone)(void *context, struct web_line *line);
    void *context;
};

/* NULL: out of memory. `host` is borrowed for the line's life. */
struct web_line *web_line_new(const struct web_line_host *host);
uv_tcp_t *web_line_tcp(struct web_line *line);
/* The connection stands: read. */
void web_line_start(struct web_line *line);
/* Close it; `gone` comes when the handles are closed and nothing waits to be answered. */
void web_line_close(struct web_line *line);
bool web_line_streams(const struct web_line *line);
/* Below a cover, and nothing was understood of it yet. */
bool web_line_strange(const struct web_line *line);
/* Write an event to a stream. */
void web_line_tell(struct web_line *line, struct bytes event);

void web_line_link(struct web_line *line, struct web_line **first);
void web_line_unlink(struct web_line *line, struct web_line **first);
struct web_line *web_line_next(const struct web_line *line);

#endif
