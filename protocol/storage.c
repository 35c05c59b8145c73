#include "protocol/storage.h"

#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "common/pack.h"
#include "common/replica_stable.h"

#define STABLE_BYTES_MAX (1024u * 1024u) /* of a frontier in one message */
#define META_BEACON "beacon"             /* the newest sealed beacon */
#define META_BEACON_NUMBER "beacon_number"
#define META_UNFINISHED "unfinished" /* 1: the last session with the hub broke */

void storage_reply_release(struct storage_reply *reply)
{
    if (!reply)
        return;
    frontier_release(&reply->frontier);
    frontier_release(&reply->told);
    frontier_release(&reply->held);
    frontier_release(&reply->stored);
    frontier_release(&reply->loaded);
    buffer_release(&reply->receipt);
    buffer_release(&reply->beacon);
    buffer_release(&reply->link_key);
    buffer_release(&reply->staged);
    buffer_release(&reply->stable);
    buffer_release(&reply->runs_bytes);
    free(reply->runs);
    attachment_reply_release(&reply->attachment);
    free(reply->held_back);
    buffer_release(&reply->pieces);
    *reply = (struct storage_reply){0};
}

bool storage_writes(const struct session_question *question)
{
    return question->ask == ASK_STORE || question->ask == ASK_REMEMBER ||
           question->ask == ASK_STAGE ||
           (question->ask == ASK_ATTACHMENT && attachment_writes(&question->attachment)) ||
           (question->ask == ASK_SNAPSHOT && snapshot_writes(&question->snapshot)) ||
           (question->ask == ASK_WHO && question->enrolling);
}

/* The device whose rights limit what is spoken of: towards the hub our own, else the peer's. */
static uint32_t reader_of(struct replica *replica, uint32_t peer)
{
    return peer == DEVICE_HUB ? replica_identity(replica)->device : peer;
}

/* What we claim; rows stand by scope: what may be read is asked once for each. */
static enum status readable_frontier(struct replica *replica, uint32_t reader, struct frontier *out,
                                     struct error *err)
{
    const struct frontier *all = replica_frontier(replica);
    const struct registry *registry = replica_registry(replica);
    bool may = reader == 0;
    frontier_clear(out);
    for (size_t i = 0; i < all->count; i++) {
        const struct frontier_row *row = &all->rows[i];
        uint32_t scope = row->feed.scope;
        if (reader != 0 && (i == 0 || scope != all->rows[i - 1].feed.scope))
            may = registry_may_read(registry, reader, scope);
        if (may || row->feed.device == reader)
            TRY(frontier_raise(out, &row->feed, replica_claim(replica, &row->feed), err));
    }
    return STATUS_OK;
}

/* What both sides of a session want to know first: ourselves, and what we remember of the peer. */
static enum status answer_common(struct replica *replica, uint32_t peer,
                                 struct storage_reply *reply, struct error *err)
{
    struct session_answer *answer = &reply->answer;
    answer->self = replica_identity(replica)->device;
    answer->lineage = replica_lineage(replica);
    TRY(replica_meta_number(replica, META_BEACON_NUMBER, &answer->beacon, err));
    TRY(readable_frontier(replica, reader_of(replica, peer), &reply->frontier, err));
    TRY(replica_peer_load(replica, peer, &reply->told, &reply->held, err));
    TRY(replica_staged(replica, peer, &reply->staged, err));
    answer->staged = buffer_bytes(&reply->staged);
    answer->frontier = &reply->frontier;
    answer->told = &reply->told;
    answer->held = &reply->held;
    return STATUS_OK;
}

/* A feed that has left since the peer was told of it (replica_cut.c) must be asked for: begin anew.
 * One that we may not read any more is still here. */
static enum status forget_what_left(struct replica *replica, struct storage_reply *reply,
                                    struct error *err)
{
    struct frontier left = {0};
    enum status status = frontier_beyond(&left, &reply->told, replica_frontier(replica), err);
    if (status == STATUS_OK && left.count > 0) {
        frontier_clear(&reply->told);
        frontier_clear(&reply->held);
    }
    frontier_release(&left);
    return status;
}

static enum status answer_open(struct replica *replica, uint32_t peer, struct storage_reply *reply,
                               struct error *err)
{
    TRY(answer_common(replica, peer, reply, err));
    TRY(forget_what_left(replica, reply, err));
    reply->answer.wants_log = replica_wants_any_log(replica);
    uint64_t seen = 0, unfinished = 0;
    if (peer != DEVICE_HUB)
        return STATUS_OK;
    TRY(replica_meta_number(replica, META_UNFINISHED, &unfinished, err));
    reply->answer.unfinished = unfinished != 0;
    TRY(replica_meta_number(replica, META_LINEAGE_SEEN, &seen, err));
    if (seen)
        reply->answer.lineage = seen;
    return replica_stable_due(replica, &reply->answer.asks_stable, err);
}

/* A hub that was put back from a copy may have lost the very entry that admitted the device: then
 * the device brings it. */
static bool may_have_been_lost(struct replica *replica, const struct session_question *question)
{
    const struct registry *registry = replica_registry(replica);
    uint64_t restored = 0;
    replica_meta_number(replica, "lineage", &restored, NULL);
    return restored != 0 && question->device != 0 && !registry_device(registry, question->device) &&
           !registry_device_by_dh(registry, question->remote_dh);
}

/* The device that the peer claims to be must have the key that the peer has shown. */
static enum session_code refusal(const struct device *device, const uint8_t dh_key[DH_KEY_BYTES])
{
    bool known = device && memcmp(device->certificate.dh_key, dh_key, DH_KEY_BYTES) == 0;
    return known ? SESSION_DONE : SESSION_UNKNOWN_DEVICE;
}

static enum status answer_who(struct replica *replica, const struct session_question *question,
                              const struct storage_host *host, struct storage_reply *reply,
                              struct error *err)
{
    struct session_answer *answer = &reply->answer;
    answer->device = question->device;
    bool lost = !question->enrolling && may_have_been_lost(replica, question);
    if (lost)
        answer->farewell = SESSION_AGAIN;
    else if (!question->enrolling)
        answer->refuse = refusal(registry_device(replica_registry(replica), question->device),
                                 question->remote_dh);
    else if (!host || !host->enrol)
        answer->refuse = SESSION_BAD_TOKEN;
    else
        TRY(host->enrol(host->context, replica, question, &answer->device, &answer->refuse, err));
    if (answer->refuse != SESSION_DONE)
        return STATUS_OK;
    /* A revoked device may still bring what it wrote: it is kept, and somebody may adopt it. */
    const struct device *peer = registry_device(replica_registry(replica), answer->device);
    if (peer && registry_device_state(replica_registry(replica), peer) != DEVICE_ACTIVE)
        answer->farewell = SESSION_REVOKED;
    TRY(answer_common(replica, answer->device, reply, err));
    buffer_clear(&reply->beacon);
    TRY(replica_meta_get(replica, META_BEACON, &reply->beacon, err));
    answer->beacon_sealed = buffer_bytes(&reply->beacon);
    return STATUS_OK;
}

static enum status seal_receipt(struct replica *replica, struct storage_reply *reply,
                                struct error *err)
{
    const struct identity *self = replica_identity(replica);
    buffer_clear(&reply->receipt);
    if (self->device == 0)
        return STATUS_OK;
    struct receipt receipt = {
        .device = self->device, .lineage = replica_lineage(replica), .held = reply->stored};
    TRY(replica_meta_number(replica, META_BEACON_NUMBER, &receipt.beacon, err));
    TRY(receipt_seal(&receipt, replica_network(replica), &self->sign, &reply->receipt, err));
    reply->answer.receipt = buffer_bytes(&reply->receipt);
    return STATUS_OK;
}

/* The registry proves itself, whoever carries it; records come from who wrote them, reads them or
 * read them once, and go to who may read them. What nobody but the hub could judge stays out. */
static bool may_bring(struct replica *replica, uint32_t peer, const struct feed_id *feed)
{
    const struct registry *registry = replica_registry(replica);
    uint32_t self = replica_identity(replica)->device;
    if (self == DEVICE_HUB && !registry_may_have_written(registry, feed))
        return false;
    if (peer == DEVICE_HUB || SCOPE_IS_REGISTRY(feed->scope))
        return true;
    if (self != DEVICE_HUB && feed->device != self &&
        !registry_may_read(registry, self, feed->scope))
        return false;
    return registry_device(registry, peer) &&
           (feed->device == peer || registry_may_have_read(registry, peer, feed->scope));
}

struct arriving { /* one run */
    const struct storage_host *host;
    uint32_t peer;
    struct bytes encoded;
};

/* Has the host room for what of the run is new? */
static enum status may_stay(struct replica *replica, const struct arriving *arriving,
                            const struct run *run, struct storage_reply *reply, struct error *err)
{
    const struct storage_host *host = arriving->host;
    uint64_t held = frontier_get(replica_frontier(replica), &run->feed);
    uint64_t last = run->first + run->count - 1;
    if (!host || !host->admit || last <= held)
        return STATUS_OK;
    uint64_t fresh = last - (run->first > held ? run->first - 1 : held);
    struct storage_arrival arrival = {arriving->peer, fresh, arriving->encoded.size};
    return host->admit(host->context, replica, &arrival, &reply->answer.hold, err);
}

/* The run doesn't go on from what is here, of which we hold `held`. If it is the peer's own, the
 * peer lives twice. The hub has no two lives under one name: then it shows us another face, or has
 * shown whoever carries its registry another one. */
static void note_other_chain(struct session_answer *answer, const struct run *run, uint64_t held,
                             uint32_t peer)
{
    bool of_hub = run->feed.device == DEVICE_HUB;
    if (of_hub && (peer == DEVICE_HUB || SCOPE_IS_REGISTRY(run->feed.scope)))
        answer->apart |= run->first <= held + 1 && !MUTANT("t5-other-chain-unseen");
    else if (run->feed.device == peer)
        answer->forked |= !MUTANT("t4-t26-fork-not-told");
}

/* One RUN's body. What a peer may not carry, or what isn't a run at all, is counted as refused. */
static enum status store_run(struct replica *replica, const struct arriving *arriving,
                             struct storage_reply *reply, struct received *received,
                             struct error *err)
{
    uint32_t peer = arriving->peer;
    struct run run;
    struct bytes *bodies = NULL;
    enum status status = run_decode(&run, &bodies, arriving->encoded, NULL);
    if (status != STATUS_OK) {
        received->refused++;
        return status == STATUS_NO_MEMORY ? error_set(err, status, "out of memory") : STATUS_OK;
    }
    bool may = may_bring(replica, peer, &run.feed);
    if (may)
        status = may_stay(replica, arriving, &run, reply, err);
    if (!may) {
        received->refused += run.count;
    } else if (status == STATUS_OK && reply->answer.hold == SESSION_DONE) {
        uint64_t refused = received->refused, held = replica_claim(replica, &run.feed);
        status = replica_receive(replica, &run, received, err);
        if (received->refused > refused)
            note_other_chain(&reply->answer, &run, held, peer);
        uint64_t now = replica_claim(replica, &run.feed);
        if (status == STATUS_OK && now > 0)
            status = frontier_raise(&reply->stored, &run.feed, now, err);
    }
    free(bodies);
    return status;
}

/* Behind a run that is held back none is taken: it may build on it. */
static enum status store_runs(struct replica *replica, const struct session_question *question,
                              const struct storage_host *host, struct storage_reply *reply,
                              struct error *err)
{
    struct received received = {0};
    struct session_answer *answer = &reply->answer;
    frontier_clear(&reply->stored);
    if (question->unstage)
        TRY(replica_unstage(replica, question->peer, err));
    TRY(replica_gather(replica, true, err));
    for (size_t i = 0; i < question->runs_count && answer->hold == SESSION_DONE; i++) {
        struct arriving arriving = {host, question->peer, question->runs[i].encoded};
        TRY(store_run(replica, &arriving, reply, &received, err));
    }
    TRY(replica_gather(replica, false, err));
    answer->applied = received.applied;
    answer->known = received.known;
    answer->aside = received.aside;
    answer->refused = received.refused;
    answer->stored = &reply->stored;
    return question->sealed ? seal_receipt(replica, reply, err) : STATUS_OK;
}

static enum status take_run(void *context, const struct run *run, struct error *err)
{
    struct storage_reply *reply = context;
    if (reply->runs_count == reply->runs_capacity) {
        size_t capacity = reply->runs_capacity ? reply->runs_capacity * 2 : 16;
        struct session_run *grown = realloc(reply->runs, capacity * sizeof *grown);
        if (!grown)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        reply->runs = grown;
        reply->runs_capacity = capacity;
    }
    size_t before = reply->runs_bytes.size;
    TRY(run_encode(run, &reply->runs_bytes, err));
    /* The buffer may still move: the pointer is set when all runs are in. */
    reply->runs[reply->runs_count++].encoded =
        (struct bytes){NULL, reply->runs_bytes.size - before};
    return STATUS_OK;
}

static enum status answer_load(struct replica *replica, const struct session_question *question,
                               struct storage_reply *reply, struct error *err)
{
    buffer_clear(&reply->runs_bytes);
    reply->runs_count = 0;
    TRY(snapshot_hold_back(replica, question, reply, err));
    TRY(frontier_copy(&reply->loaded, question->known, err));
    TRY(snapshot_pretend(replica, &reply->answer, &reply->loaded, err));
    struct run_wish wish = {.reader = question->peer == DEVICE_HUB ? 0 : question->peer,
                            .unit_bytes = SESSION_UNIT_BYTES,
                            .budget_bytes = question->budget_bytes,
                            .take = take_run,
                            .context = reply};
    TRY(replica_runs(replica, &wish, &reply->loaded, &reply->answer.more, err));
    TRY(snapshot_admit(&reply->answer, question->known, &reply->loaded, err));
    const uint8_t *at = reply->runs_bytes.data;
    for (size_t i = 0; i < reply->runs_count; i++) {
        reply->runs[i].encoded.data = at;
        at += reply->runs[i].encoded.size;
    }
    reply->answer.runs = reply->runs;
    reply->answer.runs_count = reply->runs_count;
    reply->answer.loaded = &reply->loaded;
    return STATUS_OK;
}

/* Of scopes that both may read, whose tables are compared. One that wants its log is left out: the
 * other side has judged anew what stands here as it was. So the frontiers differ, and nothing is
 * compared until the log is here. */
static enum status shared_frontier(struct replica *replica, uint32_t reader, struct frontier *out,
                                   struct error *err)
{
    const struct frontier *all = replica_frontier(replica);
    bool shared = false;
    frontier_clear(out);
    for (size_t i = 0; i < all->count; i++) {
        const struct frontier_row *row = &all->rows[i];
        if (i == 0 || row->feed.scope != all->rows[i - 1].feed.scope)
            shared = replica_shares(replica, reader, row->feed.scope) &&
                     !replica_wants_log(replica, row->feed.scope);
        if (shared)
            TRY(frontier_raise(out, &row->feed, row->number, err));
    }
    return STATUS_OK;
}

/* The hub alone knows what everybody holds. */
static enum status tell_stable(struct replica *replica, uint32_t reader,
                               struct storage_reply *reply, struct error *err)
{
    struct frontier stable = {0};
    buffer_clear(&reply->stable);
    if (replica_identity(replica)->device != DEVICE_HUB)
        return STATUS_OK;
    enum status status = replica_stable(replica, reader, &stable, err);
    if (status == STATUS_OK)
        status = frontier_encode(&stable, &reply->stable, err);
    frontier_release(&stable);
    if (reply->stable.size <= STABLE_BYTES_MAX)
        reply->answer.stable = buffer_bytes(&reply->stable);
    return status;
}

static enum status answer_tally(struct replica *replica, const struct session_question *question,
                                struct storage_reply *reply, struct error *err)
{
    uint32_t reader = reader_of(replica, question->peer);
    TRY(shared_frontier(replica, reader, &reply->frontier, err));
    TRY(frontier_digest(&reply->frontier, &reply->answer.frontier_digest, err));
    reply->answer.frontier = &reply->frontier;
    if (question->tell_stable)
        TRY(tell_stable(replica, reader, reply, err));
    TRY(replica_chains_digest(replica, reader, &reply->answer.chains_digest, err));
    return replica_tally_digest(replica, reader, &reply->answer.tally_digest, err);
}

static enum status remember(struct replica *replica, const struct session_question *question,
                            struct error *err)
{
    uint64_t before = 0;
    TRY(replica_peer_save(replica, question->peer, question->told, question->held, err));
    if (question->peer != DEVICE_HUB)
        return STATUS_OK;
    if (question->stable)
        TRY(replica_stable_keep(replica, question->stable, question->lineage, err));
    TRY(replica_meta_number(replica, META_UNFINISHED, &before, err));
    if ((before != 0) == question->unfinished)
        return STATUS_OK;
    return replica_meta_set(replica, META_UNFINISHED, bytes_text(question->unfinished ? "1" : "0"),
                            err);
}

static enum status dispatch(struct replica *replica, const struct session_question *question,
                            const struct storage_host *host, struct storage_reply *reply,
                            struct error *err)
{
    switch (question->ask) {
    case ASK_OPEN:
        return answer_open(replica, question->peer, reply, err);
    case ASK_WHO:
        return answer_who(replica, question, host, reply, err);
    case ASK_STORE:
        return store_runs(replica, question, host, reply, err);
    case ASK_LOAD:
        return answer_load(replica, question, reply, err);
    case ASK_TALLY:
        return answer_tally(replica, question, reply, err);
    case ASK_REMEMBER:
        return remember(replica, question, err);
    case ASK_STAGE:
        return replica_stage(replica, question->peer, question->piece_at, question->piece, err);
    case ASK_ATTACHMENT:
        return attachment_answer(replica, question, host, reply, err);
    case ASK_SNAPSHOT:
        return snapshot_answer(replica, question, host, reply, err);
    case ASK_NONE:
        break;
    }
    return STATUS_OK;
}

enum status storage_answer(struct replica *replica, const struct session_question *question,
                           const struct storage_host *host, struct storage_reply *reply,
                           struct error *err)
{
    reply->answer = (struct session_answer){0};
    bool own = storage_writes(question) && !replica_in_transaction(replica);
    bool greeting = question->ask == ASK_OPEN || question->ask == ASK_WHO, changed;
    enum status status = own ? replica_begin(replica, err) : STATUS_OK;
    /* Another process may just have changed who may do what. */
    if (!own && !replica_in_transaction(replica))
        status = greeting ? replica_refresh(replica, &changed, err) : replica_recover(replica, err);
    if (status == STATUS_OK)
        status = dispatch(replica, question, host, reply, err);
    if (status == STATUS_OK && own && MUTANT("answer-without-commit"))
        replica_rollback(replica);
    else if (status == STATUS_OK && own)
        status = replica_commit(replica, err);
    else if (own)
        replica_rollback(replica);
    reply->answer.status = status;
    return status;
}
