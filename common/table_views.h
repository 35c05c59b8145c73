#ifndef COMMON_TABLE_VIEWS_H
#define COMMON_TABLE_VIEWS_H

/* A view per table for people who ask in SQL: v_NAME beside the table NAME, temporary ones of the
 * connection, made of what a report book shows (report.h; without deleted, voided and merged rows).
 *
 * docs/views.md lists them all; its rules by type:
 *   id, ref       32 hex digits         ref_any  "table:hex"
 *   money         yuan, a number        bool     0 and 1
 *   steps         NAME, NAME_round      geo      NAME_lat, NAME_lon in degrees
 *   set           a JSON array of texts attachment  'file'
 *   sealed text   as it reads; "***" where this replica hasn't the key
 * then _org (hex), _org_name, _written and _changed ("2026-11-01T09:30").
 * v_codes(table_name, field, code, zh, en, place) has the labels of all codes. */

#include <jansson.h>

#include "common/replica.h"

/* Make them; a report book is open for the replica. STATUS_STORAGE, STATUS_NO_MEMORY. */
enum status table_views_make(struct replica *replica, struct error *err);
void table_views_drop(struct replica *replica);

/* [{"view","table","zh","en","columns":[[name, zh, en, type], …]}] Gives. */
json_t *table_views_list(const struct schema *schema);

#endif
