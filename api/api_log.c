/* What the log tells: who did what, what doesn't count, which schemas there were. */

#include "api/api_read.h"

#include "common/alarm.h"
#include "common/view.h"

#define AUDIT_USUAL 200
#define AUDIT_MAX 5000

enum status api_audit(struct api_call *call, struct error *err)
{
    struct view_audit_query query = {.limit = AUDIT_USUAL, .since_ms = INT64_MIN};
    const char *since = api_parameter(call, "since");
    static const int64_t limits[2] = {1, AUDIT_MAX}, devices[2] = {1, UINT32_MAX};
    int64_t device = 0;
    json_t *list;
    TRY(api_number(call, "limit", limits, &query.limit, err));
    TRY(api_number(call, "device", devices, &device, err));
    if (since && !time_of_day_start(since, &query.since_ms))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a date like 2026-11-20", since);
    query.device = (uint32_t)device;
    TRY(view_audit(call->replica, &query, &list, err));
    call->answer = json_pack("{so}", "audit", list);
    return STATUS_OK;
}

enum status api_alarms(struct api_call *call, struct error *err)
{
    json_t *list;
    TRY(alarm_recent(call->replica, &list, err));
    call->answer = json_pack("{so}", "alarms", list);
    return STATUS_OK;
}

enum status api_set_aside(struct api_call *call, struct error *err)
{
    json_t *list, *item;
    size_t i;
    TRY(view_set_aside(call->replica, &list, err));
    json_array_foreach(list, i, item) view_retell_reason(item);
    call->answer = json_pack("{so}", "set_aside", list);
    return STATUS_OK;
}

enum status api_schemas(struct api_call *call, struct error *err)
{
    json_t *list;
    TRY(view_schemas(call->replica, &list, err));
    call->answer = json_pack("{so}", "schemas", list);
    return STATUS_OK;
}
