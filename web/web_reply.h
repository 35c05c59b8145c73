#ifndef WEB_WEB_REPLY_H
#define WEB_WEB_REPLY_H

/* The bytes of an answer: status line, the headers that every answer carries, and its body. Pure.
 *
 * Every answer forbids being framed, being sniffed for another type, being read by other origins,
 * and running anything that didn't come from this origin as a file (Content-Security-Policy
 * without inline script, Trusted Types without any policy). */

#include "common/bytes.h"

struct web_reply {
    int status;         /* HTTP's */
    const char *type;   /* content type; NULL: no body */
    const char *cookie; /* value of Set-Cookie; NULL: none */
    const char *allow;  /* value of Allow, for 405; NULL: none */
    const char *tag;    /* entity tag with its quotes; NULL: the answer must not be kept */
    /* A file for the person's disk, under this name: saved by the browser, and never shown or run
     * as a page of ours. NULL: none. */
    const char *download;
    struct bytes body;
    bool head_only;  /* to HEAD: as if there were a body */
    bool keep_alive; /* else the connection closes after it */
    bool stream;     /* events follow: no length is told */
};

/* Appends to `out`. STATUS_NO_MEMORY leaves it unchanged. */
enum status web_reply_write(const struct web_reply *reply, struct buffer *out);

/* One server-sent event; `data` is one line. Appends. */
enum status web_event_write(const char *name, struct bytes data, struct buffer *out);

/* "404 Not Found" */
const char *web_status_text(int status);

#endif
