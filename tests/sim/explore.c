#include "tests/sim/explore.h"

#include <string.h>

#define LETTERS_MAX 6
#define SETUP_MAX 3
#define PLACES 4
#define MINUTES 60

/* Rows 0 and 1 are the township's. Fields: 1 phone, 2 next of kin (sealed), 5 identity number. */
#define SAVE(at, field)                                     \
    {                                                       \
        .kind = EVENT_SAVE, .place = (at), .b = 7 + (field) \
    }
#define SYNC(at)                          \
    {                                     \
        .kind = EVENT_SYNC, .place = (at) \
    }
#define RENEW(at, role, org)                                        \
    {                                                               \
        .kind = EVENT_RENEW, .place = (at), .a = (role), .b = (org) \
    }
#define MEET(at, other)                                   \
    {                                                     \
        .kind = EVENT_PEER, .place = (at), .b = (other)-1 \
    }

/* What somebody does about the member of the branch (`a` as live_member takes it). */
enum { WRITES = 0, OFFERS = 2, ANSWERS = 3 };
#define MEMBER(at, what)                                         \
    {                                                            \
        .kind = EVENT_MEMBER, .place = (at), .a = (what), .b = 1 \
    }

struct alphabet {
    const char *name;
    struct event setup[SETUP_MAX];
    size_t setup_count;
    struct event letters[LETTERS_MAX];
    size_t letters_count;
};

static const struct alphabet alphabets[] = {
    {"two lives",
     {SAVE(1, 1), {.kind = EVENT_COPY, .place = 1}},
     2,
     {SAVE(1, 1), SAVE(3, 1), {.kind = EVENT_SWAP, .place = 1}, SYNC(1), SYNC(3)},
     5},
    {"put back",
     {SAVE(1, 1), SYNC(1), {.kind = EVENT_COPY, .place = 1}},
     3,
     {SAVE(1, 1), SAVE(2, 1), {.kind = EVENT_BACK, .place = 1}, SYNC(1), SYNC(2)},
     5},
    {"revocation",
     {SAVE(1, 1), SYNC(1), SYNC(2)},
     3,
     {SAVE(1, 1),
      SAVE(2, 1),
      SYNC(1),
      SYNC(2),
      {.kind = EVENT_REVOKE, .place = 1},
      {.kind = EVENT_ADOPT, .place = 2}},
     6},
    {"rights",
     {SAVE(1, 1), SYNC(1)},
     2,
     {SAVE(1, 5), SYNC(1), SYNC(4 - 1), RENEW(1, 0, 0), RENEW(1, 1, 0), RENEW(1, 1, 1)},
     6},
    {"carried by others",
     {SAVE(1, 1)},
     1,
     {SAVE(1, 1), MEET(1, 2), MEET(2, 1), SYNC(1), SYNC(2), {.kind = EVENT_REVOKE, .place = 1}},
     6},
    {"hub put back",
     {SAVE(1, 1), SYNC(1), {.kind = EVENT_COPY}},
     3,
     {SAVE(1, 1), SYNC(1), SYNC(2), {.kind = EVENT_REVIVE}, RENEW(1, 0, 0)},
     5},
    {"erasure",
     {SAVE(1, 2), SYNC(1), SYNC(2)},
     3,
     {SAVE(1, 2), SAVE(2, 2), SYNC(1), SYNC(2), {.kind = EVENT_ERASE}},
     5},
    {"a member moves",
     {MEMBER(3, WRITES), MEMBER(3, OFFERS), SYNC(3)},
     3,
     {MEMBER(3, WRITES), MEMBER(1, WRITES), MEMBER(1, ANSWERS), SYNC(1), SYNC(3)},
     5},
};
#define ALPHABETS (sizeof alphabets / sizeof alphabets[0])

static void append(struct plan *plan, const struct event *event)
{
    plan->events[plan->count] = *event;
    plan->events[plan->count].minutes = MINUTES;
    plan->events[plan->count].seed = plan->count + 1;
    plan->count++;
}

/* The places that an event reads or writes, a bit each. */
static unsigned touched(const struct event *event)
{
    const unsigned hub = 1, own = 1u << event->place;
    switch (event->kind) {
    case EVENT_SYNC:
        return own | hub;
    case EVENT_PEER:
        return own | 2u << event->b;
    case EVENT_REVOKE:
    case EVENT_RENEW:
    case EVENT_ERASE:
        return hub;
    default:
        return own;
    }
}

/* Could its neighbours be the other way round, in a word that comes before it? */
static bool is_twin(const struct exploring *exploring)
{
    const struct event *letters = alphabets[exploring->alphabet].letters;
    for (unsigned at = 1; at < exploring->length; at++) {
        unsigned left = exploring->letters[at - 1], right = exploring->letters[at];
        if (left > right && (touched(&letters[left]) & touched(&letters[right])) == 0)
            return true;
    }
    return false;
}

/* Counts up, the last letter first; false: that was the last word. */
static bool count_up(struct exploring *exploring)
{
    for (unsigned at = exploring->length; at > 0; at--) {
        if (++exploring->letters[at - 1] < alphabets[exploring->alphabet].letters_count)
            return true;
        exploring->letters[at - 1] = 0;
    }
    return false;
}

bool explore_next(struct exploring *exploring, struct plan *plan)
{
    do {
        if (exploring->begun && !count_up(exploring))
            exploring->alphabet++;
        exploring->begun = true;
        if (exploring->alphabet == ALPHABETS)
            return false;
    } while (is_twin(exploring));
    const struct alphabet *alphabet = &alphabets[exploring->alphabet];
    *plan = (struct plan){.places = PLACES};
    for (size_t i = 0; i < alphabet->setup_count; i++)
        append(plan, &alphabet->setup[i]);
    for (unsigned i = 0; i < exploring->length; i++) {
        append(plan, &alphabet->letters[exploring->letters[i]]);
        plan->seed = plan->seed * LETTERS_MAX + exploring->letters[i];
    }
    plan->seed = plan->seed * ALPHABETS + exploring->alphabet;
    return true;
}

const char *explore_name(const struct exploring *exploring)
{
    return exploring->alphabet < ALPHABETS ? alphabets[exploring->alphabet].name : "all";
}
