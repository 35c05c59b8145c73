/* Locking and unlocking the folder from the pages; what is answered while it is locked
 * or has not joined yet. */

#include <stdlib.h>
#include <string.h>

#include "client/api.h"
#include "common/messages.h"

json_t *api_lock_state(struct api *api)
{
    struct office *office = api->office;
    return office_has_lock(office)
               ? json_pack("{sI}", "idle_ms", (json_int_t)office_idle_ms(office))
               : json_null();
}

void api_is_locked(struct api_call *call)
{
    bool fresh = office_is_fresh(api_of(call)->office);
    json_decref(call->answer);
    call->status = 423;
    call->answer = json_pack("{ss ss ss}", "error",
                             fresh ? tr("this folder has not joined yet")
                                   : tr("the folder is locked: give the passphrase to go on"),
                             "status", fresh ? "fresh" : "locked", "language",
                             language_get() == LANGUAGE_ZH ? "zh" : "en");
}

/* A person moved, typed or scrolled; that it came is enough. */
void api_presence(struct api_call *call)
{
    call->answer = json_object();
    api_answer(call);
}

void api_lock(struct api_call *call)
{
    struct error err = {0};
    enum status status = office_lock(api_of(call)->office, &err);
    if (status != STATUS_OK) {
        api_fail(call, status, &err);
        return;
    }
    call->answer = json_object();
    api_answer(call);
}

static void on_unlocked(void *context, uint64_t wait_ms, const struct error *err)
{
    struct api_call *call = context;
    if (err->status == STATUS_OK) {
        call->answer = json_object();
        api_answer(call);
        return;
    }
    call->status = err->status == STATUS_BUSY ? 429 : err->status == STATUS_DENIED ? 403 : 500;
    call->answer = json_pack("{ss ss sI}", "error", err->text, "status", status_name(err->status),
                             "wait_ms", (json_int_t)wait_ms);
    api_answer(call);
}

static enum status read_secret(struct api_call *call, struct passphrase **secret, struct error *err)
{
    const char *text;
    TRY(api_parse_body(call, err));
    TRY(api_text(call, "secret", false, &text, err));
    return passphrase_from_text(secret, text, err);
}

void api_unlock(struct api_call *call)
{
    struct error err = {0};
    struct passphrase *secret;
    enum status status = read_secret(call, &secret, &err);
    json_decref(call->body); /* wiped with it: common/wipe.h */
    call->body = NULL;
    if (status == STATUS_OK)
        office_unlock(api_of(call)->office, secret, on_unlocked, call);
    else
        api_fail(call, status, &err);
}
