#ifndef TESTS_SIM_PLAN_H
#define TESTS_SIM_PLAN_H

/* What happens in a world, as a list that can be read, edited and cut down.
 *
 * A seed gives a plan. Every event has a seed of its own for all chance within it, so that leaving
 * out one doesn't change the others. As text: a line "world seed=N places=N" (" encrypted"), then a
 * line per event, "+MINUTES KIND place=N a=N b=N seed=HEX"; '#' begins a comment. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* kind, name, what a and b mean */
#define EVENT_LIST(X)                                                                          \
    X(EVENT_SAVE, "save")     /* a: which row, b: which field, and how the bases are chosen */ \
    X(EVENT_DELETE, "delete") /* a: which row */                                               \
    X(EVENT_SYNC, "sync")     /* a: the line dies after so many bytes, b: it stalls, ms */     \
    X(EVENT_STORM, "storm")   /* all clients at once; a, b as above for one of them */         \
    X(EVENT_POWER, "power")   /* the power goes a calls from now; b: again while starting */   \
    X(EVENT_KILL, "kill")     /* the process dies a calls from now */                          \
    X(EVENT_FULL, "full")     /* the disk is full a calls from now, for b calls */             \
    X(EVENT_ERROR, "error")   /* the disk fails a calls from now, for b calls */               \
    X(EVENT_CLOCK, "clock")   /* a: minutes to step, b: as many backwards; both 0: 1970 */     \
    X(EVENT_DRIFT, "drift")   /* a, b: ppm fast or slow */                                     \
    X(EVENT_COPY, "copy")     /* the folder is copied to image a */                            \
    X(EVENT_BACK, "back")     /* image a is put back */                                        \
    X(EVENT_SWAP, "swap")     /* image a and the folder change places: two lives */            \
    X(EVENT_REVOKE, "revoke") /* the hub takes a device's rights */                            \
    X(EVENT_RENEW, "renew")   /* a device gets a role (a) and an org (b) anew */               \
    X(EVENT_ADOPT, "adopt")   /* a: which entry that doesn't count */                          \
    X(EVENT_SCHEMA, "schema") /* the hub publishes the next epoch */                           \
    X(EVENT_ERASE, "erase")   /* a: of which row the sealed values go */                       \
    X(EVENT_PEER, "peer")     /* a: as in sync, b: with which other client */                  \
    X(EVENT_PACK, "pack")     /* bundle a is written; b: for whom; 0: as usual */              \
    X(EVENT_UNPACK, "unpack") /* bundle a is read; b: torn or spoiled there */                 \
    X(EVENT_PASSPHRASE, "passphrase") /* it is changed, where the world is encrypted */        \
    X(EVENT_PHOTO, "photo")           /* a visit with a photo; a: of whom, b: its size */      \
    X(EVENT_MEMBER, "member")         /* a: writes, offers or answers letters; b: of whom */   \
    X(EVENT_REVIVE, "revive")         /* the hub is put back from image a, as a new lineage */ \
    X(EVENT_CLEAN, "clean")           /* it cleans up; odd b: its file gets smaller, too */

enum event_kind {
#define X(kind, name) kind,
    EVENT_LIST(X)
#undef X
        EVENT_KINDS
};

struct event {
    enum event_kind kind;
    unsigned minutes; /* since the event before */
    unsigned place;
    uint64_t a, b, seed;
};

/* Classes of faults, each on or off in a world; one of 0 percent only where it is asked for. */
#define CLASS_LIST(X)             \
    X(CLASS_LINE, "line", 80)     \
    X(CLASS_STALL, "stall", 40)   \
    X(CLASS_POWER, "power", 80)   \
    X(CLASS_KILL, "kill", 50)     \
    X(CLASS_FULL, "full", 20)     \
    X(CLASS_ERROR, "error", 20)   \
    X(CLASS_CLOCK, "clock", 50)   \
    X(CLASS_COPY, "copy", 20)     \
    X(CLASS_CLONE, "clone", 10)   \
    X(CLASS_REVIVE, "revive", 10) \
    X(CLASS_REVOKE, "revoke", 20) \
    X(CLASS_RIGHTS, "rights", 20) \
    X(CLASS_SCHEMA, "schema", 15) \
    X(CLASS_ERASE, "erase", 15)   \
    X(CLASS_PEER, "peer", 30)     \
    X(CLASS_STICK, "stick", 30)   \
    X(CLASS_CIPHER, "cipher", 20) \
    X(CLASS_PHOTO, "photo", 20) X(CLASS_MEMBER, "member", 15) X(CLASS_CLEAN, "clean", 0)

enum plan_class {
#define X(class, name, percent) class,
    CLASS_LIST(X)
#undef X
        CLASSES
};
extern const char *const class_names[CLASSES];

#define PLAN_EVENTS_MAX 400

struct plan {
    uint64_t seed;
    unsigned places;
    bool encrypted;
    bool snapshots; /* whatever can, comes as a snapshot */
    struct event events[PLAN_EVENTS_MAX];
    size_t count;
};

/* `only`: no other class than this one, which is on; CLASSES: as the seed says. */
void plan_make(struct plan *plan, uint64_t seed, enum plan_class only);
void plan_write(const struct plan *plan, FILE *out);
/* False: *line is the one that can't be read. */
bool plan_read(struct plan *plan, FILE *in, unsigned *line);
void event_write(const struct event *event, FILE *out);

#endif
