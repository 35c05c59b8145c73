#include "tests/support/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/must.h"

/* ---- feeds ---- */

static struct fake_feed *feed_of(struct fake *fake, const struct feed_id *id, bool make)
{
    for (size_t i = 0; i < fake->feeds_count; i++)
        if (feed_compare(&fake->feeds[i].feed, id) == 0)
            return &fake->feeds[i];
    if (!make)
        return NULL;
    if (fake->feeds_count == fake->feeds_capacity) {
        fake->feeds_capacity = fake->feeds_capacity ? fake->feeds_capacity * 2 : 16;
        fake->feeds = realloc(fake->feeds, fake->feeds_capacity * sizeof *fake->feeds);
        MUST_HOLD(fake->feeds != NULL);
    }
    struct fake_feed *feed = &fake->feeds[fake->feeds_count++];
    *feed = (struct fake_feed){.feed = *id};
    return feed;
}

static void feed_append(struct fake_feed *feed, uint32_t size)
{
    if (feed->count == feed->capacity) {
        feed->capacity = feed->capacity ? feed->capacity * 2 : 16;
        feed->sizes = realloc(feed->sizes, feed->capacity * sizeof *feed->sizes);
        MUST_HOLD(feed->sizes != NULL);
    }
    feed->sizes[feed->count++] = size;
}

/* Noise, as ciphertext is: the line carries all of it (SplitMix64). */
static uint8_t entry_byte(const struct feed_id *feed, uint64_t number, size_t at)
{
    uint64_t z = ((uint64_t)feed->device << 48) ^ ((uint64_t)feed->scope << 40) ^ (number << 24);
    z = (z + at + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint8_t)(z >> 32);
}

static void entry_bytes(const struct feed_id *feed, uint64_t number, uint32_t size,
                        struct buffer *out)
{
    MUST_HOLD(buffer_reserve(out, size) == STATUS_OK);
    for (size_t i = 0; i < size; i++)
        out->data[out->size + i] = entry_byte(feed, number, i);
    out->size += size;
}

static bool entry_whole(const struct feed_id *feed, uint64_t number, struct bytes body)
{
    for (size_t i = 0; i < body.size; i++)
        if (body.data[i] != entry_byte(feed, number, i))
            return false;
    return true;
}

void fake_carry(struct fake *fake, uint32_t device, uint32_t scope, size_t count, uint32_t size)
{
    struct feed_id id = {scope, device, 1};
    struct fake_feed *feed = feed_of(fake, &id, true);
    for (size_t i = 0; i < count; i++)
        feed_append(feed, size);
}

void fake_write(struct fake *fake, uint32_t scope, size_t count, uint32_t size)
{
    fake_carry(fake, fake->device, scope, count, size);
}

void fake_cut(struct fake *fake, uint32_t device, uint32_t scope, size_t count)
{
    struct feed_id id = {scope, device, 1};
    struct fake_feed *feed = feed_of(fake, &id, true);
    MUST_HOLD(count <= feed->count);
    feed->count = count;
}

uint64_t fake_has(const struct fake *fake, uint32_t device, uint32_t scope)
{
    for (size_t i = 0; i < fake->feeds_count; i++)
        if (fake->feeds[i].feed.device == device && fake->feeds[i].feed.scope == scope)
            return fake->feeds[i].count;
    return 0;
}

const struct frontier *fake_frontier(struct fake *fake)
{
    frontier_clear(&fake->frontier);
    for (size_t i = 0; i < fake->feeds_count; i++)
        MUST_HOLD(frontier_raise(&fake->frontier, &fake->feeds[i].feed, fake->feeds[i].count,
                                 NULL) == STATUS_OK);
    return &fake->frontier;
}

size_t fake_times_asked(const struct fake *fake, enum session_ask ask)
{
    size_t times = 0;
    for (size_t i = 0; i < fake->asked_count; i++)
        times += fake->asked[i] == ask;
    return times;
}

/* ---- peers ---- */

static struct fake_peer *peer_of(struct fake *fake, uint32_t device)
{
    for (size_t i = 0; i < fake->peers_count; i++)
        if (fake->peers[i].device == device)
            return &fake->peers[i];
    MUST_HOLD(fake->peers_count < FAKE_PEERS_MAX);
    struct fake_peer *peer = &fake->peers[fake->peers_count++];
    *peer = (struct fake_peer){.device = device};
    return peer;
}

void fake_knows(struct fake *hub, const struct fake *client, enum session_code refuse)
{
    struct fake_peer *peer = peer_of(hub, client->device);
    memcpy(peer->dh_key, client->dh.public_key, DH_KEY_BYTES);
    peer->refuse = refuse;
}

void fake_forget(struct fake *fake)
{
    for (size_t i = 0; i < fake->peers_count; i++) {
        frontier_clear(&fake->peers[i].told);
        frontier_clear(&fake->peers[i].held);
    }
}

void fake_init(struct fake *fake, const char *name, uint32_t device, uint8_t seed)
{
    uint8_t secret[32];
    *fake = (struct fake){.name = name, .device = device, .lineage = 77};
    memset(fake->network.id, 0xa5, sizeof fake->network.id);
    memset(secret, seed, sizeof secret);
    dh_key_from_secret(&fake->dh, secret);
    signing_key_from_seed(&fake->sign, secret);
}

void fake_release(struct fake *fake)
{
    for (size_t i = 0; i < fake->feeds_count; i++)
        free(fake->feeds[i].sizes);
    free(fake->feeds);
    for (size_t i = 0; i < fake->peers_count; i++) {
        frontier_release(&fake->peers[i].told);
        frontier_release(&fake->peers[i].held);
        buffer_release(&fake->peers[i].staged);
    }
    frontier_release(&fake->frontier);
    frontier_release(&fake->stored);
    frontier_release(&fake->loaded);
    buffer_release(&fake->runs_bytes);
    buffer_release(&fake->receipt);
}

/* ---- who ---- */

static void answer_known(struct fake *fake, uint32_t device)
{
    struct session_answer *answer = &fake->answer;
    struct fake_peer *peer = peer_of(fake, device);
    answer->device = device;
    answer->self = fake->device;
    answer->lineage = fake->lineage;
    answer->beacon = fake->beacon;
    answer->beacon_sealed = fake->beacon_sealed;
    answer->link_key = fake->link_key;
    answer->frontier = fake_frontier(fake);
    answer->told = &peer->told;
    answer->held = &peer->held;
    answer->staged = buffer_bytes(&peer->staged);
    answer->unfinished = peer->unfinished;
    answer->asks_stable = fake->asks_stable;
}

static enum session_code admit(struct fake *hub, const struct session_question *question,
                               uint32_t *device)
{
    *device = question->device;
    if (question->enrolling) {
        if (hub->token_used || memcmp(question->token, hub->token, sizeof hub->token) != 0)
            return SESSION_BAD_TOKEN;
        hub->token_used = true;
        *device = 40;
        memcpy(peer_of(hub, *device)->dh_key, question->remote_dh, DH_KEY_BYTES);
        return SESSION_DONE;
    }
    for (size_t i = 0; i < hub->peers_count; i++) {
        const struct fake_peer *peer = &hub->peers[i];
        if (memcmp(peer->dh_key, question->remote_dh, DH_KEY_BYTES) == 0)
            return peer->device == question->device ? peer->refuse : SESSION_UNKNOWN_DEVICE;
    }
    return SESSION_UNKNOWN_DEVICE;
}

static void answer_who(struct fake *hub, const struct session_question *question)
{
    uint32_t device;
    hub->answer.refuse = admit(hub, question, &device);
    if (hub->answer.refuse == SESSION_DONE)
        answer_known(hub, device);
}

/* ---- runs ---- */

static void store_run(struct fake *fake, struct bytes encoded)
{
    struct run run;
    struct bytes *bodies;
    struct session_answer *answer = &fake->answer;
    MUST_HOLD(run_decode(&run, &bodies, encoded, NULL) == STATUS_OK);
    struct fake_feed *feed = feed_of(fake, &run.feed, true);
    for (size_t i = 0; i < run.count; i++) {
        uint64_t number = run.first + i;
        if (number <= feed->count) {
            answer->known++;
        } else if (number > feed->count + 1 || !entry_whole(&run.feed, number, run.bodies[i])) {
            answer->refused++;
        } else {
            feed_append(feed, (uint32_t)run.bodies[i].size);
            answer->applied++;
            fake->stored_count++;
        }
    }
    if (feed->count > 0)
        MUST_HOLD(frontier_raise(&fake->stored, &run.feed, feed->count, NULL) == STATUS_OK);
    free(bodies);
}

static void answer_store(struct fake *fake, const struct session_question *question)
{
    frontier_clear(&fake->stored);
    if (question->unstage)
        buffer_clear(&peer_of(fake, question->peer)->staged);
    for (size_t i = 0; i < question->runs_count && fake->answer.hold == SESSION_DONE; i++) {
        if (fake->quota > 0 && fake->stored_count >= fake->quota)
            fake->answer.hold = SESSION_OVER_QUOTA;
        else
            store_run(fake, question->runs[i].encoded);
    }
    fake->answer.stored = &fake->stored;
    buffer_clear(&fake->receipt);
    struct receipt receipt = {.device = fake->device,
                              .lineage = fake->lineage,
                              .beacon = fake->beacon,
                              .held = fake->stored};
    if (fake->device != 0)
        MUST_HOLD(receipt_seal(&receipt, &fake->network, &fake->sign, &fake->receipt, NULL) ==
                  STATUS_OK);
    fake->answer.receipt = buffer_bytes(&fake->receipt);
}

/* One run from behind `known`, of about FAKE_UNIT_BYTES; gives the bytes of its bodies. */
static size_t load_run(struct fake *fake, const struct fake_feed *feed)
{
    static const uint8_t signature[SIGNATURE_BYTES];
    struct bytes bodies[4096];
    struct buffer bytes = {0};
    uint64_t first = frontier_get(&fake->loaded, &feed->feed) + 1, next = first;
    while (next <= feed->count && bytes.size < FAKE_UNIT_BYTES && next - first < 4096) {
        uint32_t size = feed->sizes[next - 1];
        entry_bytes(&feed->feed, next, size, &bytes);
        bodies[next++ - first].size = size;
    }
    size_t count = (size_t)(next - first), at = 0, before = fake->runs_bytes.size;
    for (size_t i = 0; i < count; i++) {
        bodies[i].data = bytes.data + at;
        at += bodies[i].size;
    }
    struct run run = {feed->feed, first, bodies, count, signature, {0}};
    MUST_HOLD(run_encode(&run, &fake->runs_bytes, NULL) == STATUS_OK);
    MUST_HOLD(fake->answer.runs_count < sizeof fake->runs / sizeof fake->runs[0]);
    fake->runs[fake->answer.runs_count++].encoded = bytes_of(NULL, fake->runs_bytes.size - before);
    MUST_HOLD(frontier_raise(&fake->loaded, &feed->feed, next - 1, NULL) == STATUS_OK);
    buffer_release(&bytes);
    return at;
}

/* A scope that goes as a snapshot, until the session lets it go. */
static bool is_held_back(struct fake *fake, const struct session_question *question, uint32_t scope)
{
    struct session_answer *answer = &fake->answer;
    if (question->may_hold_back && fake->snapshot_scope != 0) {
        answer->held_back = &fake->snapshot_scope;
        answer->held_back_count = 1;
    }
    return (answer->held_back_count > 0 && scope == fake->snapshot_scope) ||
           (question->held_back_count > 0 && scope == question->held_back[0]);
}

static void answer_load(struct fake *fake, const struct session_question *question)
{
    size_t left = question->budget_bytes;
    MUST_HOLD(frontier_copy(&fake->loaded, question->known, NULL) == STATUS_OK);
    buffer_clear(&fake->runs_bytes);
    for (size_t i = 0; i < fake->feeds_count; i++) {
        const struct fake_feed *feed = &fake->feeds[i];
        if (is_held_back(fake, question, feed->feed.scope))
            continue;
        while (left > 0 && feed->count > frontier_get(&fake->loaded, &feed->feed)) {
            size_t size = load_run(fake, feed);
            left -= size < left ? size : left;
        }
        fake->answer.more |= feed->count > frontier_get(&fake->loaded, &feed->feed);
    }
    size_t at = 0;
    for (size_t i = 0; i < fake->answer.runs_count; i++) {
        fake->runs[i].encoded.data = fake->runs_bytes.data + at;
        at += fake->runs[i].encoded.size;
    }
    fake->answer.runs = fake->runs;
    fake->answer.loaded = &fake->loaded;
}

/* ---- digests, memory ---- */

static void answer_tally(struct fake *fake)
{
    MUST_HOLD(frontier_digest(fake_frontier(fake), &fake->answer.frontier_digest, NULL) ==
              STATUS_OK);
    fake->answer.frontier = &fake->frontier;
    fake->answer.tally_digest = fake->answer.frontier_digest;
    fake->answer.tally_digest.bytes[0] ^= 0x55;
    fake->answer.tally_digest.bytes[1] ^= fake->damaged;
}

static void remember(struct fake *fake, const struct session_question *question)
{
    struct fake_peer *peer = peer_of(fake, question->peer);
    MUST_HOLD(frontier_copy(&peer->told, question->told, NULL) == STATUS_OK);
    MUST_HOLD(frontier_copy(&peer->held, question->held, NULL) == STATUS_OK);
    peer->unfinished = question->unfinished;
}

static void stage(struct fake *fake, const struct session_question *question)
{
    struct buffer *staged = &peer_of(fake, question->peer)->staged;
    if (question->piece_at == 0)
        buffer_clear(staged);
    MUST_HOLD(staged->size == question->piece_at);
    MUST_HOLD(buffer_append_bytes(staged, question->piece) == STATUS_OK);
}

/* Lacks whatever it is offered, and keeps what comes; has nothing itself. */
static void answer_attachment(struct fake *fake, const struct attachment_question *question)
{
    struct attachment_answer *answer = &fake->answer.attachment;
    answer->fits = true;
    answer->held = question->from + question->count;
    answer->looked = question->names_count > 0;
    answer->found = answer->looked > 0 && question->step == ATTACHMENT_WISH;
    if (answer->found)
        answer->name = question->names[0];
}

/* ---- a snapshot ---- */

static void give_part(struct fake *fake, const struct snapshot_question *question)
{
    struct snapshot_answer *answer = &fake->answer.snapshot;
    size_t head = FAKE_MANIFEST_BYTES + fake->snapshot_chunks * HASH_BYTES;
    answer->found = question->place <= fake->snapshot_chunks;
    answer->whole = question->place == 0 ? head : FAKE_CHUNK_BYTES;
    MUST_HOLD(question->from < answer->whole);
    size_t left = answer->whole - question->from;
    answer->bytes = bytes_of(fake->piece, left < question->most ? left : question->most);
}

/* What it then holds: nine entries of device 4. */
static void place(struct fake *fake, const struct snapshot_question *question)
{
    struct feed_id feed = {question->given.scope, 4, 1};
    MUST_HOLD(fake->snapshot_here == question->given.chunks + 1);
    fake->answer.snapshot.code = fake->snapshot_code;
    if (fake->snapshot_code != SNAPSHOT_TAKEN)
        return;
    fake_carry(fake, 4, question->given.scope, 9, 100);
    frontier_clear(&fake->stored);
    MUST_HOLD(frontier_raise(&fake->stored, &feed, 9, NULL) == STATUS_OK);
    fake->answer.snapshot.frontier = &fake->stored;
}

static void answer_snapshot(struct fake *fake, const struct snapshot_question *question)
{
    struct snapshot_answer *answer = &fake->answer.snapshot;
    answer->code = SNAPSHOT_GOES_ON;
    if (fake->full && question->step == SNAPSHOT_KEEP) {
        fake->answer.status = STATUS_DISK_FULL;
        return;
    }
    switch (question->step) {
    case SNAPSHOT_PREPARE:
        answer->found = fake->snapshot_scope == question->scope;
        answer->given = (struct snapshot_given){.scope = question->scope,
                                                .chunks = fake->snapshot_chunks,
                                                .sealed_bytes = FAKE_MANIFEST_BYTES,
                                                .bytes = 1000};
        memset(&answer->given.name, 7, sizeof answer->given.name);
        break;
    case SNAPSHOT_GIVE:
        give_part(fake, question);
        break;
    case SNAPSHOT_WISH:
        answer->place = fake->snapshot_here;
        answer->count =
            fake->snapshot_here == 0 ? 1 : question->given.chunks + 1 - fake->snapshot_here;
        break;
    case SNAPSHOT_KEEP:
        MUST_HOLD(question->place == fake->snapshot_here++);
        break;
    case SNAPSHOT_PLACE:
        place(fake, question);
        break;
    }
}

const struct session_answer *fake_answer(struct fake *fake, const struct session_question *question)
{
    fake->answer = (struct session_answer){0};
    if (fake->asked_count < sizeof fake->asked / sizeof fake->asked[0])
        fake->asked[fake->asked_count++] = question->ask;
    switch (question->ask) {
    case ASK_OPEN:
        answer_known(fake, DEVICE_HUB);
        break;
    case ASK_WHO:
        answer_who(fake, question);
        break;
    case ASK_STORE:
        if (fake->failing || fake->full)
            fake->answer.status = fake->full ? STATUS_DISK_FULL : STATUS_STORAGE;
        else
            answer_store(fake, question);
        break;
    case ASK_LOAD:
        answer_load(fake, question);
        break;
    case ASK_TALLY:
        answer_tally(fake);
        break;
    case ASK_REMEMBER:
        remember(fake, question);
        break;
    case ASK_STAGE:
        stage(fake, question);
        break;
    case ASK_ATTACHMENT:
        answer_attachment(fake, &question->attachment);
        break;
    case ASK_SNAPSHOT:
        answer_snapshot(fake, &question->snapshot);
        break;
    case ASK_NONE:
        MUST_HOLD(question->ask != ASK_NONE);
    }
    return &fake->answer;
}
