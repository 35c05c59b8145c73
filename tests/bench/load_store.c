#include "tests/bench/load_store.h"

#include <sodium.h>
#include <string.h>

#include "protocol/message.h"
#include "tests/support/must.h"

void load_store_release(struct load_store *store)
{
    for (size_t i = 0; i < store->runs_count; i++)
        free((void *)(uintptr_t)store->runs[i].encoded.data);
    free(store->runs);
    frontier_release(&store->holds);
    frontier_release(&store->told);
    frontier_release(&store->held);
    *store = (struct load_store){0};
}

void load_reply_release(struct load_reply *reply)
{
    free(reply->runs);
    frontier_release(&reply->stored);
    frontier_release(&reply->loaded);
    buffer_release(&reply->receipt);
}

static struct message_run run_of(struct bytes encoded)
{
    struct message_run run;
    MUST_HOLD(message_decode_run(encoded, &run));
    return run;
}

void load_store_add(struct load_store *store, struct bytes encoded)
{
    struct message_run run = run_of(encoded);
    if (store->runs_count == store->runs_capacity) {
        store->runs_capacity = store->runs_capacity ? 2 * store->runs_capacity : 16;
        store->runs = realloc(store->runs, store->runs_capacity * sizeof *store->runs);
    }
    uint8_t *copy = malloc(encoded.size);
    MUST_HOLD(store->runs && copy);
    memcpy(copy, encoded.data, encoded.size);
    store->feed = run.feed;
    store->runs[store->runs_count++] =
        (struct load_run){bytes_of(copy, encoded.size), run.first + run.count - 1};
}

/* ---- answers ---- */

static void answer_open(struct load_store *store, struct session_answer *answer)
{
    MUST(frontier_raise(&store->holds, &store->feed, store->written, err));
    answer->self = store->device;
    answer->lineage = store->lineage;
    answer->beacon = store->beacon;
    answer->frontier = &store->holds;
    answer->told = &store->told;
    answer->held = &store->held;
}

static void answer_load(struct load_store *store, const struct session_question *question,
                        struct load_reply *reply)
{
    uint64_t known = frontier_get(question->known, &store->feed);
    size_t count = 0, left = question->budget_bytes, at = 0;
    if (reply->runs_capacity < store->runs_count) {
        reply->runs = realloc(reply->runs, store->runs_count * sizeof *reply->runs);
        reply->runs_capacity = store->runs_count;
        MUST_HOLD(reply->runs);
    }
    MUST(frontier_copy(&reply->loaded, question->known, err));
    while (at < store->runs_count && store->runs[at].last <= known)
        at++;
    for (; at < store->runs_count && store->runs[at].last <= store->written; at++) {
        size_t size = store->runs[at].encoded.size;
        if (size > left) {
            reply->answer.more = true;
            break;
        }
        left -= size;
        reply->runs[count++].encoded = store->runs[at].encoded;
        MUST(frontier_raise(&reply->loaded, &store->feed, store->runs[at].last, err));
    }
    reply->answer.runs = reply->runs;
    reply->answer.runs_count = count;
    reply->answer.loaded = &reply->loaded;
}

static void answer_store(struct load_store *store, const struct session_question *question,
                         struct load_reply *reply)
{
    frontier_clear(&reply->stored);
    for (size_t i = 0; i < question->runs_count; i++) {
        struct message_run run = run_of(question->runs[i].encoded);
        uint64_t last = run.first + run.count - 1;
        MUST(frontier_raise(&reply->stored, &run.feed, last, err));
        MUST(frontier_raise(&store->holds, &run.feed, last, err));
        reply->answer.applied += run.count;
    }
    struct receipt receipt = {.device = store->device,
                              .lineage = store->lineage,
                              .beacon = store->beacon,
                              .held = reply->stored};
    buffer_clear(&reply->receipt);
    MUST(receipt_seal(&receipt, &store->network, &store->sign, &reply->receipt, err));
    reply->answer.receipt = buffer_bytes(&reply->receipt);
    reply->answer.stored = &reply->stored;
}

static void remember(struct load_store *store, const struct session_question *question)
{
    MUST(frontier_copy(&store->told, question->told, err));
    MUST(frontier_copy(&store->held, question->held, err));
}

void load_store_answer(struct load_store *store, const struct session_question *question,
                       struct load_reply *reply)
{
    reply->answer = (struct session_answer){0};
    switch (question->ask) {
    case ASK_OPEN:
        answer_open(store, &reply->answer);
        break;
    case ASK_LOAD:
        answer_load(store, question, reply);
        break;
    case ASK_STORE:
        answer_store(store, question, reply);
        break;
    case ASK_REMEMBER:
        remember(store, question);
        break;
    case ASK_STAGE:      /* never: its line is fast */
    case ASK_ATTACHMENT: /* none */
    case ASK_SNAPSHOT:   /* none */
    case ASK_TALLY:      /* of no frontier: nothing is compared, but the hub has reckoned its own */
    case ASK_WHO:
    case ASK_NONE:
        break;
    }
}
