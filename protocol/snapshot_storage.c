#include "protocol/snapshot_storage.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/snapshot_message.h"
#include "protocol/storage.h"

bool snapshot_writes(const struct snapshot_question *question)
{
    return question->step == SNAPSHOT_PREPARE || question->step == SNAPSHOT_WISH ||
           question->step == SNAPSHOT_KEEP; /* PLACE has a transaction of its own */
}

/* ---- held back ---- */

enum status snapshot_hold_back(struct replica *replica, const struct session_question *question,
                               struct storage_reply *reply, struct error *err)
{
    struct session_answer *answer = &reply->answer;
    answer->held_back = question->held_back;
    answer->held_back_count = question->held_back_count;
    if (!question->may_hold_back)
        return STATUS_OK;
    struct snapshot_choice choice = {question->peer, question->known, question->worth};
    free(reply->held_back);
    reply->held_back = NULL;
    TRY(replica_snapshot_scopes(replica, &choice, &reply->held_back, &answer->held_back_count,
                                err));
    answer->held_back = reply->held_back;
    return STATUS_OK;
}

static bool is_held_back(const struct session_answer *held, uint32_t scope)
{
    for (size_t i = 0; i < held->held_back_count; i++)
        if (held->held_back[i] == scope)
            return true;
    return false;
}

enum status snapshot_pretend(struct replica *replica, const struct session_answer *held,
                             struct frontier *known, struct error *err)
{
    const struct frontier *all = replica_frontier(replica);
    for (size_t i = 0; i < all->count && held->held_back_count > 0; i++)
        if (is_held_back(held, all->rows[i].feed.scope))
            TRY(frontier_raise(known, &all->rows[i].feed, all->rows[i].number, err));
    return STATUS_OK;
}

/* Adds the rows of one of two frontiers: of scopes that are held back, or of the others. */
static enum status add_rows(struct frontier *to, const struct frontier *from,
                            const struct session_answer *held, bool held_back, struct error *err)
{
    for (size_t i = 0; i < from->count; i++)
        if (is_held_back(held, from->rows[i].feed.scope) == held_back)
            TRY(frontier_raise(to, &from->rows[i].feed, from->rows[i].number, err));
    return STATUS_OK;
}

enum status snapshot_admit(const struct session_answer *held, const struct frontier *known,
                           struct frontier *loaded, struct error *err)
{
    struct frontier true_ones = {0};
    if (held->held_back_count == 0)
        return STATUS_OK;
    enum status status = add_rows(&true_ones, loaded, held, false, err);
    if (status == STATUS_OK)
        status = add_rows(&true_ones, known, held, true, err);
    if (status == STATUS_OK)
        status = frontier_copy(loaded, &true_ones, err);
    frontier_release(&true_ones);
    return status;
}

/* ---- giving ---- */

/* What one question is answered with. */
struct answering {
    struct replica *replica;
    const struct session_question *question;
    const struct storage_host *host;
    struct storage_reply *reply;
    struct snapshot_answer *answer;
};

/* Not a fault of storage, but of what is asked for or of when. */
static bool is_refusal(enum status status)
{
    return status == STATUS_NOT_FOUND || status == STATUS_UNSUPPORTED ||
           status == STATUS_TOO_LARGE || status == STATUS_BAD_INPUT;
}

static enum status find(const struct answering *answering, struct error *err)
{
    uint32_t scope = answering->question->snapshot.scope;
    enum status status =
        replica_snapshot_find(answering->replica, scope, &answering->answer->given, err);
    answering->answer->found = status == STATUS_OK;
    return is_refusal(status) ? STATUS_OK : status;
}

/* What nobody can make anew here is of no use any more. */
static enum status make(const struct answering *answering, struct error *err)
{
    const struct storage_host *host = answering->host;
    struct replica *replica = answering->replica;
    uint32_t scope = answering->question->snapshot.scope;
    if (replica_identity(replica)->device != DEVICE_HUB)
        return replica_snapshot_drop(replica, scope, err);
    if (host && host->make) {
        answering->answer->later = host->make(host->context, scope);
        return STATUS_OK;
    }
    enum status status = replica_snapshot_prepare(replica, scope, err);
    return is_refusal(status) ? STATUS_OK : status == STATUS_OK ? find(answering, err) : status;
}

static enum status answer_prepare(const struct answering *answering, struct error *err)
{
    TRY(find(answering, err));
    return answering->answer->found ? STATUS_OK : make(answering, err);
}

static enum status answer_give(const struct answering *answering, struct error *err)
{
    const struct snapshot_question *question = &answering->question->snapshot;
    struct buffer *pieces = &answering->reply->pieces;
    struct snapshot_part part = {question->given.scope, question->place, question->given.name,
                                 question->from, question->most};
    const struct registry *registry = replica_registry(answering->replica);
    buffer_clear(pieces);
    if (!registry_may_read(registry, answering->question->peer, part.scope))
        return STATUS_OK;
    enum status status =
        replica_snapshot_part(answering->replica, &part, pieces, &answering->answer->whole, err);
    answering->answer->found = status == STATUS_OK;
    answering->answer->bytes = buffer_bytes(pieces);
    return is_refusal(status) ? STATUS_OK : status;
}

/* ---- taking ---- */

/* What a status of staging or placing means for the offer. The hub's word is what all of it rests
 * on: where that fails, the log is asked for. From anybody else another part may come another day.
 */
static enum status conclude(const struct answering *answering, enum status status,
                            struct error *err)
{
    struct snapshot_answer *answer = answering->answer;
    uint32_t scope = answering->question->snapshot.given.scope;
    bool hub = answering->question->peer == DEVICE_HUB;
    switch (status) {
    case STATUS_OK:
        return STATUS_OK;
    case STATUS_FORGED:
    case STATUS_BAD_INPUT:
        answer->lied = true;
        answer->code = hub ? SNAPSHOT_LOG : SNAPSHOT_LATER;
        return hub ? replica_snapshot_drop(answering->replica, scope, err) : STATUS_OK;
    case STATUS_EXISTS:
    case STATUS_DENIED:
        answer->code = SNAPSHOT_LOG;
        return replica_snapshot_drop(answering->replica, scope, err);
    case STATUS_UNSUPPORTED:
    case STATUS_NOT_FOUND:
        answer->code = SNAPSHOT_NEWER;
        return STATUS_OK;
    case STATUS_UNKNOWN:
    case STATUS_GAP:
        answer->code = SNAPSHOT_LATER;
        return STATUS_OK;
    default:
        return status;
    }
}

static enum status answer_wish(const struct answering *answering, struct error *err)
{
    const struct snapshot_given *given = &answering->question->snapshot.given;
    struct snapshot_answer *answer = answering->answer;
    struct snapshot_lack lack = {0};
    bool staged = false;
    answer->code = SNAPSHOT_GOES_ON;
    enum status status = replica_snapshot_wanted(answering->replica, given, &staged, err);
    if (status != STATUS_OK)
        return conclude(answering, status, err);
    answer->count = 1; /* the head */
    if (!staged)
        return STATUS_OK;
    TRY(replica_snapshot_lacks(answering->replica, given->scope, &lack, err));
    answer->place = lack.first + 1;
    answer->count = lack.count;
    return STATUS_OK;
}

static enum status keep_head(const struct answering *answering, struct error *err)
{
    const struct snapshot_given *given = &answering->question->snapshot.given;
    struct bytes head = answering->question->snapshot.part;
    struct bytes sealed = bytes_of(head.data, given->sealed_bytes);
    struct bytes leaves =
        bytes_of(head.data + given->sealed_bytes, head.size - given->sealed_bytes);
    bool staged;
    TRY(replica_snapshot_stage(answering->replica, sealed, leaves, err));
    TRY(replica_snapshot_wanted(answering->replica, given, &staged, err));
    return staged ? STATUS_OK
                  : error_set(err, STATUS_FORGED, "the snapshot of scope %u does not hold",
                              given->scope);
}

static enum status answer_keep(const struct answering *answering, struct error *err)
{
    const struct snapshot_question *question = &answering->question->snapshot;
    struct snapshot_chunk chunk = {question->given.scope, question->place - 1, question->part};
    answering->answer->code = SNAPSHOT_GOES_ON;
    enum status status = question->place == 0
                             ? keep_head(answering, err)
                             : replica_snapshot_chunk(answering->replica, &chunk, err);
    return conclude(answering, status, err);
}

static enum status answer_place(const struct answering *answering, struct error *err)
{
    uint32_t scope = answering->question->snapshot.given.scope;
    const struct frontier *all = replica_frontier(answering->replica);
    struct frontier *held = &answering->reply->stored;
    answering->answer->code = SNAPSHOT_TAKEN;
    frontier_clear(held);
    TRY(conclude(answering, replica_snapshot_place(answering->replica, scope, err), err));
    for (size_t i = 0; i < all->count; i++)
        if (all->rows[i].feed.scope == scope)
            TRY(frontier_raise(held, &all->rows[i].feed, all->rows[i].number, err));
    answering->answer->frontier = held;
    return STATUS_OK;
}

enum status snapshot_answer(struct replica *replica, const struct session_question *question,
                            const struct storage_host *host, struct storage_reply *reply,
                            struct error *err)
{
    const struct answering answering = {replica, question, host, reply, &reply->answer.snapshot};
    switch (question->snapshot.step) {
    case SNAPSHOT_PREPARE:
        return answer_prepare(&answering, err);
    case SNAPSHOT_GIVE:
        return answer_give(&answering, err);
    case SNAPSHOT_WISH:
        return answer_wish(&answering, err);
    case SNAPSHOT_KEEP:
        return answer_keep(&answering, err);
    case SNAPSHOT_PLACE:
        return answer_place(&answering, err);
    }
    return STATUS_OK;
}
