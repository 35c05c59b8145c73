/* Joining from the pages: a code that a person typed, pasted or held before the camera. */

#include <stdio.h>

#include "client/api.h"
#include "common/invitation.h"
#include "common/qr_read.h"

void api_joining(struct api_call *call)
{
    struct office *office = api_of(call)->office;
    struct arrival *arrival = office_arrival(office);
    struct arrival_progress progress = {0};
    if (arrival)
        progress = arrival_progress(arrival);
    call->answer =
        json_pack("{sb sb sb sI sI}", "fresh", office_is_fresh(office), "joins", arrival != NULL,
                  "chosen", office_has_chosen(office), "parts", (json_int_t)progress.parts,
                  "parts_here", (json_int_t)progress.parts_here);
    api_answer(call);
}

/* ---- joining ---- */

static void on_joined(void *context, const struct arrival_news *news, const struct error *err)
{
    struct api_call *call = context;
    if (err->status != STATUS_OK) {
        api_fail(call, err->status, err);
        return;
    }
    call->answer = json_pack("{ss? ss?}", "digits", *news->digits ? news->digits : NULL,
                             "recovery_code", *news->recovery ? news->recovery : NULL);
    api_answer(call);
}

static enum status read_wish(struct api_call *call, struct arrival_wish *wish, struct error *err)
{
    struct invitation invitation;
    const char *code, *secret;
    TRY(api_parse_body(call, err));
    TRY(api_text(call, "code", false, &code, err));
    TRY(api_text(call, "secret", true, &secret, err));
    TRY(invitation_parse(code, &invitation, err));
    TRY(passphrase_from_text(&wish->code, code, err));
    return secret ? passphrase_from_text(&wish->secret, secret, err) : STATUS_OK;
}

void api_join(struct api_call *call)
{
    struct error err = {0};
    struct arrival_wish wish = {0};
    enum status status = read_wish(call, &wish, &err);
    json_decref(call->body); /* wiped with it: common/wipe.h */
    call->body = NULL;
    if (status == STATUS_OK) {
        office_join(api_of(call)->office, &wish, on_joined, call);
        return;
    }
    arrival_wish_release(&wish);
    api_fail(call, status, &err);
}

/* ---- looking ---- */

static enum status take_code(void *context, struct bytes text, struct error *err)
{
    json_t *codes = context;
    struct invitation invitation;
    char code[INVITATION_TEXT_MAX];
    (void)err;
    if (text.size >= sizeof code)
        return STATUS_OK;
    snprintf(code, sizeof code, "%.*s", (int)text.size, (const char *)text.data);
    if (invitation_parse(code, &invitation, NULL) == STATUS_OK)
        json_array_append_new(codes, json_string(code));
    return STATUS_OK;
}

/* On the loop: while a folder is fresh, nobody waits for anything else. */
void api_join_look(struct api_call *call)
{
    struct error err = {0};
    enum status status = STATUS_OK;
    json_t *codes = json_array();
    if (!office_is_fresh(api_of(call)->office))
        status = error_set(&err, STATUS_EXISTS, "this folder is enrolled already");
    else
        status = qr_read(buffer_bytes(&call->request->body), take_code, codes, &err);
    call->answer = json_pack("{so}", "codes", codes);
    /* A picture without any code is the usual thing before a camera. */
    if (status == STATUS_OK || status == STATUS_NOT_FOUND)
        api_answer(call);
    else
        api_fail(call, status, &err);
}
