#ifndef CLIENT_BROWSER_H
#define CLIENT_BROWSER_H

/* The person's browser, opened by the desktop's own means: xdg-open (freedesktop.org, xdg-utils).
 *
 * What a program is started with can be read by everybody on the machine, and the link lets in who
 * comes first. So the browser is given a file that only its owner reads, and that leads on. */

#include <uv.h>

#include "common/cli.h"

struct browser {
    uv_process_t opener;
    bool watched;            /* is the opener a handle of the loop? */
    char page[CLI_PATH_MAX]; /* that file; empty: none stands */
};
/* Write the page, DIR/start.html, and show it. The browser outlives us. STATUS_NOT_FOUND: this
 * machine has no xdg-open; STATUS_STORAGE and its kin (common/file.h). */
enum status browser_open(struct browser *browser, uv_loop_t *loop, const struct cli *cli,
                         const char *link, struct error *err);
/* The link was used, or leads nowhere any more: the page goes. May be called always. */
void browser_came(struct browser *browser);
/* As browser_came, and the loop is freed of it. */
void browser_close(struct browser *browser);

#endif
