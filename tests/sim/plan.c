#include "tests/sim/plan.h"

#include <inttypes.h>
#include <string.h>

#include "tests/sim/fleet.h"
#include "tests/support/chance.h"

static const char *const kind_names[] = {
#define X(kind, name) name,
    EVENT_LIST(X)
#undef X
};

const char *const class_names[CLASSES] = {
#define X(class, name, percent) name,
    CLASS_LIST(X)
#undef X
};

static const unsigned class_percent[CLASSES] = {
#define X(class, name, percent) percent,
    CLASS_LIST(X)
#undef X
};

/* ---- making ---- */

struct making {
    struct chance chance;
    struct plan *plan;
    bool on[CLASSES];
    unsigned often[CLASSES]; /* in 1000 events */
    bool island[FLEET_MAX];  /* no line reaches the hub from there; others carry */
};

/* From 1 to `most`, each size as likely as its double. */
static uint64_t log_uniform(struct chance *chance, uint64_t most)
{
    unsigned bits = 0;
    while (bits < 63 && (most >> (bits + 1)) > 0)
        bits++;
    uint64_t upper = 2ull << chance_below(chance, bits + 1);
    return 1 + chance_number(chance) % (upper < most ? upper : most);
}

static struct event *add(struct making *making, enum event_kind kind, unsigned place)
{
    struct plan *plan = making->plan;
    if (plan->count == PLAN_EVENTS_MAX)
        plan->count--;
    struct event *event = &plan->events[plan->count++];
    *event = (struct event){.kind = kind, .place = place, .seed = chance_number(&making->chance)};
    event->minutes = (unsigned)log_uniform(&making->chance, 4000);
    return event;
}

static void choose_classes(struct making *making, enum plan_class only)
{
    struct chance *chance = &making->chance;
    size_t profile = chance_below(chance, 10);
    enum plan_class alone = (enum plan_class)chance_below(chance, CLASS_MEMBER);
    struct chance later = {making->plan->seed ^ 0x6d656d6265720000u};
    for (unsigned i = 0; i < CLASSES; i++) {
        /* A class that came later leaves the others' worlds as they were. */
        struct chance *from = i < CLASS_MEMBER ? chance : &later;
        making->on[i] = chance_below(from, 100) < class_percent[i];
        making->often[i] = (unsigned)log_uniform(from, 200);
        if (i == CLASS_MEMBER) /* one move takes many steps */
            making->often[i] = 400;
        if (i == CLASS_CLEAN)
            making->often[i] = 60;
        if (profile == 0)
            making->on[i] = false;
        if (profile == 1)
            making->on[i] = i == alone;
        if (only != CLASSES)
            making->on[i] = i == only;
        if (making->on[i] && i < CLASS_MEMBER && (profile == 1 || only != CLASSES))
            making->often[i] = 150;
    }
}

static bool wants(struct making *making, enum plan_class class)
{
    /* Else nobody would be left. */
    if (class == CLASS_REVOKE && making->on[class] && chance_below(&making->chance, 4))
        return false;
    return making->on[class] && chance_below(&making->chance, 1000) < making->often[class];
}

static void shape_line(struct making *making, struct event *event)
{
    if (making->on[CLASS_LINE] && chance_below(&making->chance, 100) < 50)
        event->a = log_uniform(&making->chance, 8000);
    if (making->on[CLASS_STALL] && chance_below(&making->chance, 100) < 10)
        event->b = 10000 + chance_below(&making->chance, 290000);
}

/* What lies on an island comes out by neighbours and sticks only, until the world comes to rest. */
static void choose_islands(struct making *making)
{
    bool carried = making->on[CLASS_PEER] || making->on[CLASS_STICK];
    for (unsigned at = 1; at < making->plan->places; at++)
        making->island[at] = carried && chance_below(&making->chance, 100) < 40;
}

/* A stick goes from a client to the hub, or from one to the other. */
static void carry(struct making *making, struct event *event)
{
    struct chance *chance = &making->chance;
    event->kind = chance_below(chance, 2) ? EVENT_PACK : EVENT_UNPACK;
    event->a = chance_below(chance, 2);
    event->b = chance_below(chance, 3) ? 0 : log_uniform(chance, 60000);
    if (event->kind == EVENT_UNPACK && chance_below(chance, 3))
        event->place = 0;
}

static void meet(struct making *making, struct event *event)
{
    struct chance *chance = &making->chance;
    event->kind = EVENT_PEER;
    event->a = chance_below(chance, 3) ? 0 : log_uniform(chance, 60000);
    event->b = chance_below(chance, 12);
}

static void add_sync(struct making *making, unsigned client, bool storm)
{
    bool any = false;
    for (unsigned at = 1; at < making->plan->places; at++)
        any |= making->island[at];
    struct event *event = add(making, storm && !any ? EVENT_STORM : EVENT_SYNC, client);
    if (!making->island[client])
        shape_line(making, event);
    else if (making->on[CLASS_STICK] &&
             (!making->on[CLASS_PEER] || chance_below(&making->chance, 2)))
        carry(making, event);
    else
        meet(making, event);
}

static void add_fault(struct making *making, enum plan_class class)
{
    struct chance *chance = &making->chance;
    static const enum event_kind kinds[CLASSES] = {
        [CLASS_LINE] = EVENT_SYNC,         [CLASS_STALL] = EVENT_SYNC,
        [CLASS_POWER] = EVENT_POWER,       [CLASS_KILL] = EVENT_KILL,
        [CLASS_FULL] = EVENT_FULL,         [CLASS_ERROR] = EVENT_ERROR,
        [CLASS_CLOCK] = EVENT_CLOCK,       [CLASS_COPY] = EVENT_COPY,
        [CLASS_CLONE] = EVENT_SWAP,        [CLASS_REVIVE] = EVENT_COPY,
        [CLASS_REVOKE] = EVENT_REVOKE,     [CLASS_RIGHTS] = EVENT_RENEW,
        [CLASS_SCHEMA] = EVENT_SCHEMA,     [CLASS_ERASE] = EVENT_ERASE,
        [CLASS_PEER] = EVENT_PEER,         [CLASS_STICK] = EVENT_PACK,
        [CLASS_CIPHER] = EVENT_PASSPHRASE, [CLASS_PHOTO] = EVENT_PHOTO,
        [CLASS_MEMBER] = EVENT_MEMBER,     [CLASS_CLEAN] = EVENT_CLEAN};
    unsigned place = (unsigned)chance_below(chance, making->plan->places);
    unsigned client = 1 + (unsigned)chance_below(chance, making->plan->places - 1);
    struct event *event = add(making, kinds[class], place);
    event->a = log_uniform(chance, 60);
    event->b = log_uniform(chance, 12);
    if (class == CLASS_LINE || class == CLASS_STALL) {
        event->place = client;
        event->a = event->b = 0;
        shape_line(making, event);
    } else if (class == CLASS_POWER) {
        event->b = chance_below(chance, 5) == 0 ? log_uniform(chance, 20) : 0;
    } else if (class == CLASS_CLOCK) {
        uint64_t step = log_uniform(chance, 5256000);
        bool back = chance_below(chance, 2);
        event->kind = chance_below(chance, 4) ? EVENT_CLOCK : EVENT_DRIFT;
        if (event->kind == EVENT_DRIFT)
            step = chance_below(chance, 50000);
        event->a = back ? 0 : step;
        event->b = back ? step : 0;
    } else if (class == CLASS_COPY) {
        event->place = client;
        event->kind = chance_below(chance, 2) ? EVENT_COPY : EVENT_BACK;
        event->a = event->b = 0;
    } else if (class == CLASS_CLONE) {
        event->place = client;
        event->kind = chance_below(chance, 3) ? EVENT_SWAP : EVENT_COPY;
        event->a = 1;
        event->b = 0;
    } else if (class == CLASS_REVOKE) {
        event->place = client;
        event->a = event->b = 0;
    } else if (class == CLASS_RIGHTS) {
        event->place = client;
        event->kind = chance_below(chance, 2) ? EVENT_RENEW : EVENT_ADOPT;
    } else if (class == CLASS_PEER) {
        event->place = client;
        meet(making, event);
    } else if (class == CLASS_STICK) {
        carry(making, event);
    } else if (class == CLASS_PHOTO) {
        event->place = client;
        event->a = chance_below(chance, 64);
        event->b = log_uniform(chance, 30000);
    } else if (class == CLASS_MEMBER) {
        event->place = client == FLEET_VOLUNTEER ? 1 : client;
        event->a = chance_below(chance, 6);
        event->b = chance_below(chance, 64);
        add_sync(making, 1 + (unsigned)chance_below(chance, making->plan->places - 1), false);
    } else if (class == CLASS_CLEAN) {
        event->place = client;
    } else if (class == CLASS_REVIVE) {
        event->place = 0;
        event->kind = chance_below(chance, 2) ? EVENT_COPY : EVENT_REVIVE;
        event->a = event->b = 0;
    }
}

static void add_work(struct making *making)
{
    struct chance *chance = &making->chance;
    unsigned client = 1 + (unsigned)chance_below(chance, making->plan->places - 1);
    size_t what = chance_below(chance, 20);
    if (what == 0) {
        struct event *event = add(making, EVENT_DELETE, client);
        event->a = chance_below(chance, 64);
    } else if (what < 12) {
        struct event *event = add(making, EVENT_SAVE, client);
        event->a = chance_below(chance, 64);
        event->b = chance_below(chance, 64);
    } else {
        add_sync(making, client, what >= 18);
    }
}

#define SNAPSHOTS_EVERY 5 /* of so many worlds one */

void plan_make(struct plan *plan, uint64_t seed, enum plan_class only)
{
    struct making making = {.chance = {seed}, .plan = plan};
    *plan = (struct plan){.seed = seed};
    bool small = chance_below(&making.chance, 100) < 73;
    plan->places = 3 + (unsigned)chance_below(&making.chance, small ? 2 : FLEET_MAX - 2);
    size_t events = (small ? 20 : 60) + chance_below(&making.chance, small ? 60 : 240);
    choose_classes(&making, only);
    choose_islands(&making);
    plan->encrypted = making.on[CLASS_CIPHER];
    plan->snapshots = seed % SNAPSHOTS_EVERY == 0;
    while (plan->count < events) {
        for (unsigned class = 0; class < CLASSES; class ++)
            if (wants(&making, (enum plan_class) class))
                add_fault(&making, (enum plan_class) class);
        add_work(&making);
    }
}

/* ---- as text ---- */

void event_write(const struct event *event, FILE *out)
{
    fprintf(out, "+%u %s place=%u a=%" PRIu64 " b=%" PRIu64 " seed=%" PRIx64 "\n", event->minutes,
            kind_names[event->kind], event->place, event->a, event->b, event->seed);
}

void plan_write(const struct plan *plan, FILE *out)
{
    fprintf(out, "world seed=%" PRIu64 " places=%u%s%s\n", plan->seed, plan->places,
            plan->encrypted ? " encrypted" : "", plan->snapshots ? " snapshots" : "");
    for (size_t i = 0; i < plan->count; i++)
        event_write(&plan->events[i], out);
}

static bool event_read(struct event *event, const char *text)
{
    char name[16];
    if (sscanf(text, "+%u %15s place=%u a=%" SCNu64 " b=%" SCNu64 " seed=%" SCNx64, &event->minutes,
               name, &event->place, &event->a, &event->b, &event->seed) != 6)
        return false;
    for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
        if (strcmp(name, kind_names[kind]) == 0) {
            event->kind = (enum event_kind)kind;
            return true;
        }
    return false;
}

bool plan_read(struct plan *plan, FILE *in, unsigned *line)
{
    char text[256];
    *plan = (struct plan){0};
    for (*line = 1; fgets(text, sizeof text, in); ++*line) {
        if (text[0] == '#' || text[0] == '\n')
            continue;
        if (plan->places == 0) {
            if (sscanf(text, "world seed=%" SCNu64 " places=%u", &plan->seed, &plan->places) != 2 ||
                plan->places < 2 || plan->places > FLEET_MAX)
                return false;
            plan->encrypted = strstr(text, " encrypted") != NULL;
            plan->snapshots = strstr(text, " snapshots") != NULL;
            continue;
        }
        struct event event;
        if (plan->count == PLAN_EVENTS_MAX || !event_read(&event, text) ||
            event.place >= plan->places)
            return false;
        plan->events[plan->count++] = event;
    }
    return plan->places > 0;
}
