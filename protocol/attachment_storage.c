#include "protocol/attachment_storage.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/storage.h"

void attachment_reply_release(struct attachment_reply *reply)
{
    free(reply->lists);
    buffer_release(&reply->units);
    buffer_release(&reply->unit);
}

bool attachment_writes(const struct attachment_question *question)
{
    return question->step == ATTACHMENT_KEEP || question->step == ATTACHMENT_SENT;
}

/* What one question is answered with. */
struct answering {
    struct replica *replica;
    const struct session_question *question;
    const struct storage_host *host;
    struct attachment_reply *reply;
    struct attachment_answer *answer;
};

static uint32_t reader_of(const struct session_question *question)
{
    return question->peer == DEVICE_HUB ? 0 : question->peer;
}

/* Known here, with a key that wasn't erased. */
static enum status find_living(struct replica *replica, const struct attachment_name *name,
                               uint32_t reader, struct attachment_state *state, bool *living,
                               struct error *err)
{
    TRY(replica_attachment_find(replica, name, state, living, err));
    return *living ? replica_attachment_readable(replica, state, reader, living, err) : STATUS_OK;
}

/* ---- what is offered and sought ---- */

static enum status offer_sought(const struct answering *answering, struct error *err)
{
    const struct attachment_question *question = &answering->question->attachment;
    struct attachment_answer *answer = answering->answer;
    for (size_t i = 0; i < question->sought_count && answer->names_count < OFFER_NAMES_MAX; i++) {
        struct attachment_state state;
        bool found;
        TRY(replica_attachment_beginning(answering->replica,
                                         bytes_of(question->sought[i].root, SOUGHT_BYTES), &state,
                                         &found, err));
        if (found && state.held == state.units)
            TRY(replica_attachment_readable(answering->replica, &state,
                                            reader_of(answering->question), &found, err));
        if (found && state.held == state.units)
            answering->reply->lists->names[answer->names_count++] = state.name;
    }
    return STATUS_OK;
}

/* What the hub isn't known to have: it is for the hub itself, or for who may carry it there. */
static enum status offer_unsent(const struct answering *answering, struct error *err)
{
    struct attachment_answer *answer = answering->answer;
    struct attachment_state state;
    bool found = replica_identity(answering->replica)->device != DEVICE_HUB, may;
    while (found && answer->names_count < OFFER_NAMES_MAX) {
        TRY(replica_attachment_next(answering->replica, ATTACHMENTS_TO_OFFER, &answer->offer_mark,
                                    &state, &found, err));
        if (!found)
            break;
        TRY(replica_attachment_readable(answering->replica, &state, reader_of(answering->question),
                                        &may, err));
        if (may)
            answering->reply->lists->names[answer->names_count++] = state.name;
    }
    answer->more |= answer->names_count == OFFER_NAMES_MAX;
    return STATUS_OK;
}

static enum status seek(const struct answering *answering, struct error *err)
{
    struct attachment_answer *answer = answering->answer;
    struct attachment_state state;
    enum attachment_choice choice =
        answering->question->attachment.all ? ATTACHMENTS_MISSING : ATTACHMENTS_TO_FETCH;
    bool found = true;
    while (found && answer->sought_count < OFFER_NAMES_MAX) {
        TRY(replica_attachment_next(answering->replica, choice, &answer->seek_mark, &state, &found,
                                    err));
        if (found)
            memcpy(answering->reply->lists->sought[answer->sought_count++].root, state.name.root,
                   SOUGHT_BYTES);
    }
    answer->more |= found;
    return STATUS_OK;
}

static enum status answer_offer(const struct answering *answering, struct error *err)
{
    struct attachment_answer *answer = answering->answer;
    answer->offer_mark = answering->question->attachment.offer_mark;
    answer->seek_mark = answering->question->attachment.seek_mark;
    answer->names = answering->reply->lists->names;
    answer->sought = answering->reply->lists->sought;
    TRY(offer_sought(answering, err));
    TRY(offer_unsent(answering, err));
    return answering->question->attachment.seeking ? seek(answering, err) : STATUS_OK;
}

/* The first of those offered that isn't whole here. */
static enum status answer_wish(const struct answering *answering, struct error *err)
{
    const struct attachment_question *question = &answering->question->attachment;
    struct attachment_answer *answer = answering->answer;
    answer->names = answering->reply->lists->names;
    while (!answer->found && answer->looked < question->names_count) {
        const struct attachment_name *name = &question->names[answer->looked++];
        struct attachment_state state;
        bool living;
        TRY(find_living(answering->replica, name, 0, &state, &living, err));
        if (!living)
            continue;
        if (state.held == state.units) {
            answering->reply->lists->names[answer->names_count++] = *name;
            continue;
        }
        answer->found = true;
        answer->name = *name;
        answer->from = state.held;
    }
    return STATUS_OK;
}

/* ---- units ---- */

static enum status answer_give(const struct answering *answering, struct error *err)
{
    const struct attachment_question *question = &answering->question->attachment;
    struct attachment_answer *answer = answering->answer;
    struct attachment_state state;
    struct buffer *units = &answering->reply->units, *unit = &answering->reply->unit;
    bool living;
    buffer_clear(units);
    TRY(find_living(answering->replica, &question->name, reader_of(answering->question), &state,
                    &living, err));
    while (living && answer->count < question->count) {
        enum status status = replica_unit_read(answering->replica, &state,
                                               question->from + answer->count, unit, err);
        if (status == STATUS_NOT_FOUND)
            break;
        TRY(status);
        if (buffer_append_bytes(units, buffer_bytes(unit)) != STATUS_OK)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        answer->count++;
    }
    answer->units = buffer_bytes(units);
    return STATUS_OK;
}

/* Has the host room for them today? */
static enum status may_stay(const struct answering *answering, struct error *err)
{
    const struct storage_host *host = answering->host;
    struct storage_arrival arrival = {answering->question->peer, 0,
                                      answering->question->attachment.units.size};
    enum session_code hold = SESSION_DONE;
    if (host && host->admit)
        TRY(host->admit(host->context, answering->replica, &arrival, &hold, err));
    answering->answer->full = hold != SESSION_DONE;
    return STATUS_OK;
}

static enum status keep_units(const struct answering *answering, struct attachment_state *state,
                              struct error *err)
{
    const struct attachment_question *question = &answering->question->attachment;
    struct attachment_answer *answer = answering->answer;
    const uint8_t *at = question->units.data;
    for (uint32_t i = 0; i < question->count && answer->fits; i++) {
        uint32_t position = question->from + i;
        size_t size = attachment_unit_bytes(question->name.bytes, position);
        /* Another session may have brought it meanwhile. */
        if (position == state->held)
            TRY(replica_unit_take(answering->replica, state, bytes_of(at, size), &answer->fits,
                                  err));
        at += size;
    }
    if (state->held == state->units && answering->question->peer == DEVICE_HUB)
        return replica_attachment_delivered(answering->replica, state, err);
    return STATUS_OK;
}

static enum status answer_keep(const struct answering *answering, struct error *err)
{
    struct attachment_answer *answer = answering->answer;
    struct attachment_state state;
    bool living;
    answer->fits = true;
    TRY(find_living(answering->replica, &answering->question->attachment.name, 0, &state, &living,
                    err));
    TRY(may_stay(answering, err));
    if (!living || answer->full)
        return STATUS_OK;
    TRY(keep_units(answering, &state, err));
    answer->held = state.held;
    return STATUS_OK;
}

static enum status answer_sent(const struct answering *answering, struct error *err)
{
    const struct attachment_question *question = &answering->question->attachment;
    for (size_t i = 0; i < question->names_count; i++) {
        struct attachment_state state;
        bool found;
        TRY(replica_attachment_find(answering->replica, &question->names[i], &state, &found, err));
        if (found)
            TRY(replica_attachment_delivered(answering->replica, &state, err));
    }
    return STATUS_OK;
}

enum status attachment_answer(struct replica *replica, const struct session_question *question,
                              const struct storage_host *host, struct storage_reply *reply,
                              struct error *err)
{
    struct attachment_lists **lists = &reply->attachment.lists;
    if (!*lists && !(*lists = malloc(sizeof **lists)))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    const struct answering answering = {replica, question, host, &reply->attachment,
                                        &reply->answer.attachment};
    switch (question->attachment.step) {
    case ATTACHMENT_OFFER:
        return answer_offer(&answering, err);
    case ATTACHMENT_WISH:
        return answer_wish(&answering, err);
    case ATTACHMENT_GIVE:
        return answer_give(&answering, err);
    case ATTACHMENT_KEEP:
        return answer_keep(&answering, err);
    case ATTACHMENT_SENT:
        return answer_sent(&answering, err);
    }
    return STATUS_OK;
}
