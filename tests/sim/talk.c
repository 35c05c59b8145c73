#include "tests/sim/talk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lives.h"
#include "client/remember.h"
#include "protocol/storage.h"

#define STEPS_MAX 200000
#define TICKS_MAX 400

struct side {
    size_t place;
    struct session *session; /* NULL: its process died */
    struct storage_reply reply;
    const struct session_question *question;
    struct buffer inbox;
    bool pause, over, failed;
};

struct talk {
    const struct talk_line *line;
    struct talk_end *end;
    struct side sides[2]; /* who begins, who answers: the hub or a peer */
    uint64_t carried;
    bool lost, stalled, active, again;
};

struct talks {
    struct fleet *fleet;
    struct chance *chance;
    struct talk talks[FLEET_MAX];
    size_t count;
};

static bool live(const struct side *side)
{
    return side->session && !side->over;
}

static bool dead(const struct talks *talks, size_t place)
{
    return talks->fleet->places[place].disk.dead;
}

/* ---- one step ---- */

static void carry(struct talks *talks, struct talk *talk, struct side *to, struct bytes bytes)
{
    size_t size = bytes.size;
    const struct talk_line *line = talk->line;
    if (talk->lost)
        return;
    if (line->cut && talk->carried + size >= line->cut) {
        size = (size_t)(line->cut - talk->carried);
        talk->lost = true;
    }
    talk->carried += size;
    if (buffer_append(&to->inbox, bytes.data, size) != STATUS_OK)
        abort();
    if (line->stall_ms && !talk->stalled && talk->carried >= line->stall_at) {
        talk->stalled = true;
        talks->fleet->now_ms += line->stall_ms;
    }
}

static void step(struct talks *talks, struct talk *talk, size_t at, struct session_event event)
{
    struct side *side = &talk->sides[at];
    struct session_update update = {0};
    event.now_ms = talks->fleet->now_ms;
    if (session_step(side->session, &event, &update, NULL) != STATUS_OK)
        abort();
    carry(talks, talk, &talk->sides[1 - at], update.send);
    side->question = update.question;
    side->pause = update.pause;
    side->over |= update.over;
    if (at == 0 && (update.over || update.settled))
        remember_beacon(talks->fleet->places[side->place].replica, session_beacon(side->session),
                        NULL);
}

/* ---- storage ---- */

static void answered(struct talks *talks, struct talk *talk, size_t at)
{
    struct side *side = &talk->sides[at];
    side->question = NULL;
    if (!dead(talks, side->place))
        step(talks, talk, at,
             (struct session_event){.kind = SESSION_ANSWER, .answer = &side->reply.answer});
}

static void answer_inline(struct talks *talks, struct talk *talk, size_t at)
{
    struct side *side = &talk->sides[at];
    struct replica *replica = talks->fleet->places[side->place].replica;
    if (storage_answer(replica, side->question, NULL, &side->reply, NULL) != STATUS_OK)
        side->failed = true;
    answered(talks, talk, at);
}

static bool asks_to_write(const struct talk *talk)
{
    const struct side *side = &talk->sides[1];
    return talk->active && side->place == 0 && live(side) && side->question &&
           storage_writes(side->question);
}

/* One transaction for all that wait. */
static bool write_round(struct talks *talks, bool asking[FLEET_MAX])
{
    struct replica *replica = talks->fleet->places[0].replica;
    if (replica_begin(replica, NULL) != STATUS_OK)
        return false;
    for (size_t i = 0; i < talks->count; i++) {
        struct side *side = &talks->talks[i].sides[1];
        if (asking[i] &&
            storage_answer(replica, side->question, NULL, &side->reply, NULL) != STATUS_OK) {
            replica_rollback(replica);
            return false;
        }
    }
    return replica_commit(replica, NULL) == STATUS_OK;
}

static void answer_hub(struct talks *talks, struct talk *talk)
{
    struct side *side = &talk->sides[1];
    bool asking[FLEET_MAX] = {false};
    if (!storage_writes(side->question)) {
        storage_answer(talks->fleet->places[0].replica, side->question, NULL, &side->reply, NULL);
        answered(talks, talk, 1);
        return;
    }
    for (size_t i = 0; i < talks->count; i++)
        asking[i] = asks_to_write(&talks->talks[i]);
    bool committed = write_round(talks, asking);
    for (size_t i = 0; i < talks->count; i++) {
        if (!asking[i])
            continue;
        if (!committed)
            talks->talks[i].sides[1].reply.answer.status = STATUS_STORAGE;
        answered(talks, &talks->talks[i], 1);
    }
}

/* ---- what can happen next ---- */

static bool readable(const struct side *side)
{
    return live(side) && side->inbox.size > 0 && !side->pause && !side->question;
}

static void deliver(struct talks *talks, struct talk *talk, size_t at)
{
    struct side *side = &talk->sides[at];
    size_t size = side->inbox.size;
    if (chance_below(talks->chance, 4) == 0)
        size = 1 + chance_below(talks->chance, size);
    struct buffer piece = {0};
    if (buffer_append(&piece, side->inbox.data, size) != STATUS_OK)
        abort();
    buffer_consume(&side->inbox, size);
    talks->fleet->now_ms += 1 + chance_below(talks->chance, talk->line->delay_ms + 1);
    step(talks, talk, at,
         (struct session_event){.kind = SESSION_BYTES, .bytes = buffer_bytes(&piece)});
    buffer_release(&piece);
}

static void act(struct talks *talks, struct talk *talk, size_t at)
{
    struct side *side = &talk->sides[at];
    if (!side->question)
        deliver(talks, talk, at);
    else if (side->place != 0)
        answer_inline(talks, talk, at);
    else
        answer_hub(talks, talk);
}

static bool can_act(const struct side *side)
{
    return readable(side) || (live(side) && side->question);
}

/* One of all sides that have something to do; false: none has. */
static bool act_somewhere(struct talks *talks)
{
    size_t choices = 0;
    for (size_t i = 0; i < talks->count * 2; i++)
        choices += talks->talks[i / 2].active && can_act(&talks->talks[i / 2].sides[i % 2]);
    if (choices == 0)
        return false;
    size_t choice = chance_below(talks->chance, choices);
    for (size_t i = 0; i < talks->count * 2; i++)
        if (talks->talks[i / 2].active && can_act(&talks->talks[i / 2].sides[i % 2]) &&
            choice-- == 0) {
            act(talks, &talks->talks[i / 2], i % 2);
            return true;
        }
    return true;
}

/* ---- the ends of lines and processes ---- */

static void drop_dead(struct talks *talks)
{
    for (size_t i = 0; i < talks->count * 2; i++) {
        struct side *side = &talks->talks[i / 2].sides[i % 2];
        if (!side->session || !dead(talks, side->place))
            continue;
        session_free(side->session);
        side->session = NULL;
        side->question = NULL;
        talks->talks[i / 2].lost = true;
    }
}

/* What has been read to its end tells the other side that the line is gone. */
static bool tell_lost(struct talks *talks)
{
    bool told = false;
    for (size_t i = 0; i < talks->count * 2; i++) {
        struct talk *talk = &talks->talks[i / 2];
        struct side *side = &talk->sides[i % 2], *peer = &talk->sides[1 - i % 2];
        if (!talk->active || !live(side) || (!talk->lost && live(peer)))
            continue;
        side->question = NULL;
        step(talks, talk, i % 2, (struct session_event){.kind = SESSION_LOST});
        side->over = told = true;
    }
    return told;
}

static bool tick(struct talks *talks, bool wait)
{
    uint64_t soonest = UINT64_MAX;
    bool any = false;
    for (size_t i = 0; i < talks->count * 2; i++) {
        struct side *side = &talks->talks[i / 2].sides[i % 2];
        if (!talks->talks[i / 2].active || !live(side))
            continue;
        uint64_t deadline = session_deadline_ms(side->session);
        if (deadline < soonest)
            soonest = deadline;
    }
    if (wait && soonest != UINT64_MAX && soonest > talks->fleet->now_ms)
        talks->fleet->now_ms = soonest;
    for (size_t i = 0; i < talks->count * 2; i++) {
        struct side *side = &talks->talks[i / 2].sides[i % 2];
        if (!talks->talks[i / 2].active || !live(side) || side->question ||
            session_deadline_ms(side->session) > talks->fleet->now_ms)
            continue;
        step(talks, &talks->talks[i / 2], i % 2, (struct session_event){.kind = SESSION_TICK});
        any = true;
    }
    return any;
}

static bool all_over(const struct talks *talks)
{
    for (size_t i = 0; i < talks->count * 2; i++)
        if (talks->talks[i / 2].active && live(&talks->talks[i / 2].sides[i % 2]))
            return false;
    return true;
}

static bool run(struct talks *talks)
{
    unsigned ticks = 0;
    for (unsigned steps = 0; steps < STEPS_MAX; steps++) {
        drop_dead(talks);
        if (all_over(talks))
            return true;
        if (tick(talks, false) || act_somewhere(talks) || tell_lost(talks))
            continue;
        if (!tick(talks, true) || ++ticks > TICKS_MAX)
            return false;
    }
    return false;
}

/* ---- one round of sessions ---- */

static void begin(struct talks *talks, struct talk *talk)
{
    struct fleet *fleet = talks->fleet;
    struct replica *client = fleet->places[talk->line->client].replica;
    const struct place *other = &fleet->places[talk->line->with];
    struct session_options options = {.role = SESSION_INITIATOR,
                                      .network = *replica_network(client),
                                      .attachments = talk->line->attachments,
                                      .local = replica_identity(client)->dh,
                                      .sign = replica_identity(client)->sign};
    talk->sides[0] = (struct side){.place = talk->line->client};
    talk->sides[1] = (struct side){.place = talk->line->with};
    talk->carried = 0;
    talk->active = true;
    talk->lost = talk->stalled = talk->again = false;
    memcpy(options.remote, fleet->hub_key, DH_KEY_BYTES);
    if (talk->line->with != 0) {
        options.peer = other->device;
        memcpy(options.remote, replica_identity(other->replica)->dh.public_key, DH_KEY_BYTES);
    }
    if (session_new(&talk->sides[0].session, &options, NULL) != STATUS_OK)
        abort();
    options.role = SESSION_RESPONDER;
    options.peer = 0;
    options.snapshot_worth = fleet->snapshot_worth;
    options.local = replica_identity(other->replica)->dh;
    if (session_new(&talk->sides[1].session, &options, NULL) != STATUS_OK)
        abort();
    step(talks, talk, 1, (struct session_event){.kind = SESSION_STARTED});
    step(talks, talk, 0, (struct session_event){.kind = SESSION_STARTED});
}

/* What the client makes of its session's end, as client/link does. */
static enum status verdict(struct replica *replica, const struct side *side, bool peer)
{
    if (side->failed)
        return STATUS_STORAGE;
    switch (session_totals(side->session)->code) {
    case SESSION_DONE:
        return peer ? STATUS_OK : remember_lineage(replica, session_lineage(side->session), NULL);
    case SESSION_FORKED:
        return STATUS_FORKED;
    case SESSION_AGAIN:
        return STATUS_BUSY;
    default:
        return STATUS_UNREACHABLE;
    }
}

static void finish(struct talks *talks, struct talk *talk)
{
    struct side *side = &talk->sides[0];
    struct replica *replica = talks->fleet->places[side->place].replica;
    enum status status = STATUS_UNREACHABLE;
    bool again = false, peer = talk->line->with != 0;
    talk->end->sessions++;
    talk->end->done = false;
    if (side->session && !dead(talks, side->place)) {
        talk->end->totals = *session_totals(side->session);
        talk->end->code = talk->end->totals.code;
        snprintf(talk->end->why, sizeof talk->end->why, "%s", talk->end->totals.reason);
        status = verdict(replica, side, peer);
        talk->end->done = status == STATUS_OK && !talk->lost;
    }
    if (!peer && (status == STATUS_OK || status == STATUS_FORKED))
        status = lives_settle(replica, status, &again, NULL);
    talk->again = again || status == STATUS_BUSY;
    if (!peer && !talk->again && talk->end->done)
        remember_sync(replica, NULL);
    talk->end->done &= status == STATUS_OK && !again;
}

static void release(struct talk *talk)
{
    for (size_t i = 0; i < 2; i++) {
        session_free(talk->sides[i].session);
        storage_reply_release(&talk->sides[i].reply);
        buffer_release(&talk->sides[i].inbox);
        talk->sides[i] = (struct side){0};
    }
    talk->active = false;
}

static bool round_of(struct talks *talks)
{
    bool bounded = run(talks);
    for (size_t i = 0; i < talks->count; i++) {
        if (!talks->talks[i].active)
            continue;
        finish(talks, &talks->talks[i]);
        release(&talks->talks[i]);
    }
    return bounded;
}

bool talk_sync(struct fleet *fleet, const struct talk_line *lines, size_t count,
               struct chance *chance, struct talk_end *ends)
{
    struct talks talks = {.fleet = fleet, .chance = chance, .count = count};
    bool any = true;
    assert(count <= FLEET_MAX);
    for (size_t i = 0; i < count; i++) {
        ends[i] = (struct talk_end){.code = SESSION_STOPPING};
        talks.talks[i] = (struct talk){.line = &lines[i], .end = &ends[i], .again = true};
    }
    for (unsigned lives = 0; any && lives <= LIVES_SESSIONS_MAX; lives++) {
        any = false;
        for (size_t i = 0; i < count; i++) {
            if (!talks.talks[i].again || dead(&talks, lines[i].with) ||
                dead(&talks, lines[i].client))
                continue;
            begin(&talks, &talks.talks[i]);
            any = true;
        }
        if (!round_of(&talks))
            return false;
    }
    return true;
}

void talk_quietly(struct fleet *fleet, size_t client)
{
    struct chance chance = {client};
    struct talk_line line = {.client = client};
    struct talk_end end;
    bool bounded = talk_sync(fleet, &line, 1, &chance, &end);
    if (!bounded || !end.done) {
        fprintf(stderr, "the first session of place %zu ended with %d: %s\n", client, (int)end.code,
                end.why);
        abort();
    }
}
