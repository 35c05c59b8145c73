#ifndef COMMON_ALARM_H
#define COMMON_ALARM_H

/* What is unusual enough for somebody to look at, by the counts that the schema's `watch` names.
 *
 *   alone   an export above what one person may carry away, without another's consent (consent.h)
 *   rows    more rows carried away by one person in a day
 *   reads   more rows looked at by one person in a day
 *   aside   more entries of one device set aside in a day (by when they came, at this replica)
 *
 * Days are those of the notes, so of the clock of whoever wrote them. An alarm is no verdict, and
 * nothing is kept: it follows from the changelog whenever somebody asks. */

#include <jansson.h>

#include "common/replica.h"

/* [{"kind","day","person","device","who","count","limit"}], the newest day first; of notes from the
 * local day `since` ("2026-11-01") on. Inside view_begin … view_end. Gives. */
enum status alarm_list(struct replica *replica, const char *since, json_t **list,
                       struct error *err);
/* Of the last ALARM_DAYS days. */
#define ALARM_DAYS 31
enum status alarm_recent(struct replica *replica, json_t **list, struct error *err);

#endif
