#ifndef SERVER_STANDING_H
#define SERVER_STANDING_H

/* How a hub stands, in numbers: for the command, the console and the metrics. */

#include <jansson.h>

#include "common/replica.h"

struct standing {
    struct replica_counts counts;
    uint64_t devices;
    int64_t over_quota; /* devices that had to wait today */
    int64_t alarms;     /* -1: not counted */
    bool damaged, disk_full;
    uint64_t disk_free; /* bytes that this user may still use; 0: unknown */
};

/* Reads only; the caller's view, or none. */
enum status standing_read(struct replica *replica, struct standing *standing, struct error *err);
/* Count the alarms of late (common/alarm.h), inside view_begin … view_end: it costs more. */
void standing_count_alarms(struct replica *replica, struct standing *standing);
/* {"entries","rows","devices","conflicts","rejected","over_quota","missing","alarms","damaged",
 * "disk_full","disk_free"}. Gives. */
json_t *standing_json(const struct standing *standing);

#endif
