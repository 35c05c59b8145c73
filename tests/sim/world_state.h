#ifndef TESTS_SIM_WORLD_STATE_H
#define TESTS_SIM_WORLD_STATE_H

/* Inside of world*.c. */

#include "tests/sim/talk.h"
#include "tests/sim/world.h"

#define WORLD_STICKS 2
#define WORLD_PHOTOS 16
#define WORLD_MEMBERS 2
#define WORLD_DEEDS 64

/* A visit of one of the ledger's persons, with a photo whose bytes follow from its number. */
struct photo {
    unsigned author, row;
    struct id visit;
    size_t bytes;
    bool doubtful; /* its author's folder went back in time, or lived twice */
};

/* What somebody did about a member who moves. */
struct deed {
    unsigned author, member;
    bool phone;    /* wrote its number, counted from 1, and it was acknowledged */
    bool doubtful; /* as a photo's */
};

struct world {
    const struct plan *plan;
    struct world_report *report;
    FILE *log;
    struct fleet fleet;
    struct ledger ledger;
    struct chance chance;               /* of the event under way */
    struct buffer sticks[WORLD_STICKS]; /* bundles that lie about */
    struct photo photos[WORLD_PHOTOS];  /* that were acknowledged */
    size_t photos_count;
    struct deed deeds[WORLD_DEEDS];
    size_t deeds_count;
};

static inline bool world_ok(const struct world *world)
{
    return world->report->finding.oracle[0] == '\0';
}

void world_note(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
void world_probe(struct world *world, enum probe probe);
/* The process of a place, until it runs; what it held is still there. */
void world_start(struct world *world, size_t at);
/* After whatever may have brought a process down: on again, and what it held is still there. */
void world_mend(struct world *world);
/* Sessions of these clients; all are looked at afterwards. */
void world_sync(struct world *world, const struct talk_line *lines, size_t count,
                struct talk_end *ends);

/* What the hub has just signed, as far as it stands there: `held` is what it held before. */
void world_follow(struct world *world, const struct frontier *held);
/* Bundles lose their worth when a device that they may speak of goes back in time. */
void world_lose_sticks(struct world *world);

/* One kind of event each. */
void live_save(struct world *world, const struct event *event);
void live_delete(struct world *world, const struct event *event);
void live_adopt(struct world *world, const struct event *event);
void live_revoke(struct world *world, const struct event *event);
void live_renew(struct world *world, const struct event *event);
void live_schema(struct world *world, const struct event *event);
void live_erase(struct world *world, const struct event *event);
void live_revive(struct world *world, const struct event *event);
void live_passphrase(struct world *world, const struct event *event);
void live_photo(struct world *world, const struct event *event);
void live_member(struct world *world, const struct event *event);
void live_clean(struct world *world, const struct event *event);
void live_pack(struct world *world, const struct event *event);
void live_unpack(struct world *world, const struct event *event);
/* May it write in the row's org, by what it knows itself? */
bool world_may_write(const struct world *world, size_t at, unsigned row);
/* Whatever a place holds of a photo is that photo; its author and, at rest, all who read it have it
 * whole. */
void world_look_at_photos(struct world *world, size_t at, bool at_rest);
void world_doubt_photos(struct world *world, size_t author);
/* The hub looks at what asks to be moved, in a world that has members; true: it wrote something. */
bool world_move_members(struct world *world);
/* At rest: each is in one place, with all that was written in it. */
void world_look_at_members(struct world *world);
void world_doubt_deeds(struct world *world, size_t author);
struct id world_member(const struct world *world, unsigned member);
/* At rest: what each place shows of each row is what the hub shows. */
void world_compare_rows(struct world *world);
/* Is one of the two in two lives? Then they exchange nothing but with the hub. */
bool world_apart(const struct world *world, size_t one, size_t other);
/* The process of a place ends, and an armed fault may strike while it does. */
void world_stop(struct world *world, size_t at);

void event_live(struct world *world, const struct event *event);
/* No more faults: everything arrives, everywhere alike. */
void world_rest(struct world *world);
/* Nothing that was saved can be read on an encrypted disk. */
void world_search_disk(struct world *world, size_t at);
/* Into the log: what verify says of every place, after something was found. */
void world_autopsy(struct world *world);

#endif
