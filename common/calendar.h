#ifndef COMMON_CALENDAR_H
#define COMMON_CALENDAR_H

/* The text forms of days, months and times: "2026-11-01", "2026-11", "2026-11-01T09:30[:00]".
 *
 * Local civil time, years 1 to 9999 of the Gregorian calendar. No clock, no time zone, and nothing
 * forgiving: what people type is made regular by field_parse first. */

#include <stdbool.h>

#include "common/bytes.h"

int calendar_month_days(int year, int month); /* month 1..12 */
bool calendar_date_valid(struct bytes text);
bool calendar_month_valid(struct bytes text);
bool calendar_datetime_valid(struct bytes text); /* with or without seconds; no leap second */

#endif
