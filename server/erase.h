#ifndef SERVER_ERASE_H
#define SERVER_ERASE_H

/* Erasing what is sealed about a person (PIPL 47), and who has done so.
 *
 * The erasure is an entry of the registry; every replica that takes it in forgets the keys in the
 * same transaction. So a device whose receipts cover that entry has answered. */

#include <jansson.h>

#include "server/hub.h"

/* The row may be of any table; year 0: all years. A transaction of its own. STATUS_NOT_FOUND. */
enum status hub_erase(struct hub *hub, const char *table, const struct id *row, uint32_t year,
                      struct error *err);
/* [{"id","subject","year" (null: all),"time","waiting":[{"device","person"}]}], the newest first;
 * waiting: active devices that read the place and haven't answered. */
enum status hub_erasures(struct hub *hub, json_t **list, struct error *err);

#endif
