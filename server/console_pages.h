#ifndef SERVER_CONSOLE_PAGES_H
#define SERVER_CONSOLE_PAGES_H

/* The files of the console's pages, embedded at build (cmake/pages.cmake). */

#include "web/web_site.h"

/* Borrows. */
const struct web_asset *console_pages(size_t *count);

#endif
