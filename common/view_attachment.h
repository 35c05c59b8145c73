#ifndef COMMON_VIEW_ATTACHMENT_H
#define COMMON_VIEW_ATTACHMENT_H

/* The attachments that rows show, and how much of each is here. Only reads. */

#include "common/replica_attachment.h"
#include "common/view.h"

struct view_attachment_query {
    const char *table, *id; /* NULL: of all tables, of all rows */
};
/* [{"table","id","field","name","type","bytes","units","held","here","wanted","sent",
 *   "thumbnail"}]: name and type null when they are sealed for us; `thumbnail`: null: it has none,
 * else whether that is here. Gives. */
enum status view_attachments(struct replica *replica, const struct view_attachment_query *query,
                             json_t **list, struct error *err);

/* The value that a row shows, opened; replaces `plain`. `field` NULL: the table's only attachment.
 * STATUS_NOT_FOUND: no such row, field or file; STATUS_DENIED: sealed for us. */
struct view_attachment_place {
    const char *table, *id, *field;
};
enum status view_attachment(struct replica *replica, const struct view_attachment_place *place,
                            struct buffer *plain, struct error *err);

#endif
