#ifndef CLIENT_DRAFT_H
#define CLIENT_DRAFT_H

/* What somebody typed and hasn't saved yet, in a table of the replica's file that no changelog
 * knows: it lies under the same encryption, survives a crash and a power cut, and never leaves the
 * machine. The text of a draft means something to the pages only. */

#include <jansson.h>

#include "common/replica.h"

#define DRAFT_KEY_BYTES_MAX 120
#define DRAFT_BYTES_MAX (256 * 1024)
#define DRAFTS_MAX 200

/* Make the table when it is missing. */
enum status draft_open(struct replica *replica, struct error *err);
/* [{"key","saved","draft"}], the newest first. Gives. */
enum status draft_list(struct replica *replica, json_t **drafts, struct error *err);
/* Keep or replace one, durably. STATUS_BAD_INPUT (the key), STATUS_TOO_LARGE (the draft, or too
 * many of them). */
enum status draft_save(struct replica *replica, const char *key, const json_t *draft,
                       struct error *err);
/* No failure when there is none. */
enum status draft_delete(struct replica *replica, const char *key, struct error *err);

#endif
