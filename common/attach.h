#ifndef COMMON_ATTACH_H
#define COMMON_ATTACH_H

/* A file of this machine as an attachment: read, sealed, and kept for the entry that names it. */

#include "common/replica_attachment.h"

/* Replaces `plain` by what the field is to be set to. `thumbnail`: a small picture of it, NULL:
 * none. The media type follows from the name's end. In a transaction. STATUS_NOT_FOUND,
 * STATUS_TOO_LARGE and what replica_attach says. */
enum status attach_file(struct replica *replica, const char *path, const char *thumbnail,
                        struct buffer *plain, struct error *err);
/* "image/jpeg" for "x.jpg"; application/octet-stream for ends that aren't known. */
const char *attach_type(const char *name);

#endif
