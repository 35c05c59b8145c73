/* Transfer letters on the pages: what commands do with them (client/letter.h). */

#include "client/api.h"
#include "client/letter.h"
#include "common/view.h"

enum status api_letters(struct api_call *call, struct error *err)
{
    json_t *letters;
    TRY(view_letters(call->replica, &letters, err));
    call->answer = json_pack("{so}", "letters", letters);
    return STATUS_OK;
}

static enum status offer(struct api_call *call, struct edit *edit, struct error *err)
{
    static const char *const keys[] = {"row", "to", "fields", NULL};
    const char *row, *to;
    TRY(api_check_keys(call, keys, err));
    TRY(api_text(call, "row", false, &row, err));
    TRY(api_text(call, "to", false, &to, err));
    TRY(letter_begin(edit, call->replica, row, err));
    TRY(api_fields(call, edit, err));
    TRY(letter_offer(edit, row, to, err));
    return api_save(call, edit, err);
}

enum status api_letter_offer(struct api_call *call, struct error *err)
{
    return api_edit(call, offer, err);
}

static enum status answer(struct api_call *call, struct edit *edit, struct error *err)
{
    static const char *const keys[] = {"accept", "fields", NULL};
    const json_t *accept = json_object_get(call->body, "accept");
    TRY(api_check_keys(call, keys, err));
    if (!json_is_boolean(accept))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is missing", "accept");
    TRY(letter_begin_answer(edit, call->replica, call->parts[0], err));
    TRY(api_fields(call, edit, err));
    TRY(letter_answer(edit, json_is_true(accept), err));
    return api_save(call, edit, err);
}

enum status api_letter_answer(struct api_call *call, struct error *err)
{
    return api_edit(call, answer, err);
}
