/* What the pages keep on this machine alone: drafts, and how the person likes them to look. */

#include <stdlib.h>
#include <string.h>

#include "client/api.h"
#include "client/draft.h"

#define PREFERENCES "pages_preferences"
#define PREFERENCES_BYTES_MAX 4096

static enum status need_body(const struct api_call *call, struct error *err)
{
    return call->body ? STATUS_OK : error_set(err, STATUS_BAD_INPUT, "the request has no body");
}

enum status api_drafts(struct api_call *call, struct error *err)
{
    json_t *drafts;
    TRY(draft_list(call->replica, &drafts, err));
    call->answer = json_pack("{so}", "drafts", drafts);
    return STATUS_OK;
}

enum status api_draft_save(struct api_call *call, struct error *err)
{
    TRY(need_body(call, err));
    TRY(draft_save(call->replica, call->parts[0], call->body, err));
    call->answer = json_pack("{ss}", "key", call->parts[0]);
    return STATUS_OK;
}

enum status api_draft_delete(struct api_call *call, struct error *err)
{
    TRY(draft_delete(call->replica, call->parts[0], err));
    call->answer = json_pack("{ss}", "key", call->parts[0]);
    return STATUS_OK;
}

enum status api_preferences(struct api_call *call, struct error *err)
{
    struct buffer text = {0};
    TRY(replica_meta_get(call->replica, PREFERENCES, &text, err));
    call->answer = text.size ? json_loadb((const char *)text.data, text.size, 0, NULL) : NULL;
    if (!call->answer)
        call->answer = json_object();
    buffer_release(&text);
    return STATUS_OK;
}

enum status api_preferences_save(struct api_call *call, struct error *err)
{
    TRY(need_body(call, err));
    char *text = json_dumps(call->body, JSON_COMPACT);
    enum status status = STATUS_OK;
    if (!text)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    else if (strlen(text) > PREFERENCES_BYTES_MAX)
        status = error_set(err, STATUS_TOO_LARGE, "preferences have more than %d bytes",
                           PREFERENCES_BYTES_MAX);
    else
        status = replica_meta_set(call->replica, PREFERENCES, bytes_text(text), err);
    free(text);
    if (status == STATUS_OK)
        call->answer = json_incref(call->body);
    return status;
}
