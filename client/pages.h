#ifndef CLIENT_PAGES_H
#define CLIENT_PAGES_H

/* The files of the pages, embedded at build (cmake/embed_folder.cmake). */

#include "web/web_site.h"

/* Borrows. */
const struct web_asset *pages_assets(size_t *count);

#endif
