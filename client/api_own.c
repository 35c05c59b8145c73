/* What the pages read of this device itself: how its replica stands, and what it hasn't sent. */

#include "client/api.h"
#include "client/self.h"
#include "common/messages.h"
#include "common/view.h"

#define UNSENT_ROWS 200

enum status api_status(struct api_call *call, struct error *err)
{
    json_t *unsent = NULL;
    char time[32];
    TRY(self_status(call->replica, &call->answer, err));
    TRY(view_unsent(call->replica, 1, &unsent, err));
    json_object_set(call->answer, "unsent_since", json_object_get(unsent, "since"));
    json_decref(unsent);
    time_format(clock_wall_ms(replica_clock(call->replica)), time);
    json_object_set_new(call->answer, "now", json_string(time));
    json_object_set_new(call->answer, "language",
                        json_string(language_get() == LANGUAGE_ZH ? "zh" : "en"));
    return STATUS_OK;
}

enum status api_unsent(struct api_call *call, struct error *err)
{
    json_t *unsent;
    TRY(view_unsent(call->replica, UNSENT_ROWS, &unsent, err));
    call->answer = json_pack("{sO sO}", "since", json_object_get(unsent, "since"), "unsent",
                             json_object_get(unsent, "rows"));
    json_decref(unsent);
    return api_add_rows(call, json_object_get(call->answer, "unsent"), err);
}
