/* When a row was written: its mark names the entries behind its fields, and each says its time. */

#include "common/replica_floor.h"
#include "common/replica_state.h"

int64_t replica_entry_ms(struct replica *replica, int64_t feed, int64_t number)
{
    struct buffer body = {0};
    struct entry_head head = {0};
    if (feed < 1 || (uint64_t)feed > replica->feeds_count || number < 1)
        return 0;
    struct dot dot = {feed_at(replica, (uint32_t)feed)->id, (uint64_t)number};
    if ((feed_read(replica, &dot, &body, NULL) != STATUS_OK ||
         entry_decode_head(&head, buffer_bytes(&body), NULL) != STATUS_OK) &&
        floor_told(replica, &dot, &head, NULL) != STATUS_OK)
        head.time_ms = 0;
    buffer_release(&body);
    return head.time_ms;
}

struct written replica_mark_written(struct replica *replica, struct bytes mark)
{
    struct mark_group group;
    struct written written = {0};
    while (mark.size > 0 && mark_take(&mark, &group)) {
        int64_t time_ms = replica_entry_ms(replica, group.feed, (int64_t)group.number);
        if (time_ms > 0 && (written.oldest_ms == 0 || time_ms < written.oldest_ms))
            written.oldest_ms = time_ms;
        if (time_ms > written.newest_ms)
            written.newest_ms = time_ms;
    }
    return written;
}
