#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

/* One world: a plan is lived through, watched by the ledger, and must come to rest.
 *
 * First the plan's events with their faults, and after each of them what is true of every replica
 * (safety). Then no more faults: hub and clients must be equal after a few sessions each
 * (liveness). Faults never destroy the last durable copy of what was acknowledged: events that
 * would are passed over. */

#include "tests/sim/ledger.h"
#include "tests/sim/plan.h"

/* Rare situations; one that is never reached says that the plans are too tame. */
#define PROBE_LIST(X)                                           \
    X(PROBE_CUT_SAVING, "power cut while saving")               \
    X(PROBE_CUT_CLIENT, "power cut of a client in a session")   \
    X(PROBE_CUT_HUB, "power cut of the hub in a session")       \
    X(PROBE_CUT_AGAIN, "second power cut while starting")       \
    X(PROBE_KILLED, "process killed")                           \
    X(PROBE_UNSAID, "committed though never acknowledged")      \
    X(PROBE_FULL, "save refused by a full disk")                \
    X(PROBE_ERROR, "save refused by a failing disk")            \
    X(PROBE_LINE_DIED, "session ended by its line")             \
    X(PROBE_STALLED, "session ended by silence")                \
    X(PROBE_BACK, "folder put back from a copy")                \
    X(PROBE_SWAPPED, "folder used on two machines")             \
    X(PROBE_NEW_LIFE, "client under a new incarnation")         \
    X(PROBE_LIVES, "sync of more than one session")             \
    X(PROBE_REVIVED, "hub put back from a copy")                \
    X(PROBE_REVOKED, "device told that it is revoked")          \
    X(PROBE_UNDONE, "save beyond the cut of a revocation")      \
    X(PROBE_CONFLICT, "conflict listed")                        \
    X(PROBE_DELETED, "row deleted")                             \
    X(PROBE_ON_DELETED, "edit of a deleted row refused")        \
    X(PROBE_BACKWARDS, "wall clock stepped back")               \
    X(PROBE_RENEWED, "device under another certificate")        \
    X(PROBE_BY_OLD_RIGHTS, "save by rights that had ended")     \
    X(PROBE_ADOPTED, "entry that didn't count adopted")         \
    X(PROBE_EPOCH, "next epoch of the schema")                  \
    X(PROBE_NEWER, "save of a field of the next epoch")         \
    X(PROBE_PEER, "session of two clients")                     \
    X(PROBE_CARRIED, "client that took from another client")    \
    X(PROBE_PACKED, "bundle written")                           \
    X(PROBE_UNPACKED, "bundle read that brought something")     \
    X(PROBE_UNPACKED_AGAIN, "bundle read that brought nothing") \
    X(PROBE_TORN, "bundle torn or spoiled")                     \
    X(PROBE_NOT_FOR, "bundle read by a stranger")               \
    X(PROBE_ERASED, "sealed values erased")                     \
    X(PROBE_SEALED, "value that can't be opened here")          \
    X(PROBE_ENCRYPTED, "place whose disk is encrypted")         \
    X(PROBE_PASSPHRASE, "passphrase changed")                   \
    X(PROBE_CUT_PASSPHRASE, "power cut while changing it")      \
    X(PROBE_PHOTO, "photo added")                               \
    X(PROBE_PHOTO_THERE, "photo whole on another machine")      \
    X(PROBE_PHOTO_PART, "part of a photo on another machine")   \
    X(PROBE_MOVED, "member moved to another org")               \
    X(PROBE_CARRIED_AFTER, "write carried after its member")    \
    X(PROBE_APART, "carrying passed over: two lives")           \
    X(PROBE_CLEANED, "place that cleaned up")                   \
    X(PROBE_SPARED, "fault passed over that would destroy the last copy")

enum probe {
#define X(probe, name) probe,
    PROBE_LIST(X)
#undef X
        PROBES
};
extern const char *const probe_names[PROBES];

struct world_report {
    struct finding finding;  /* oracle "": all is well; "O15" is liveness */
    size_t event;            /* at which it was found; plan.count: at the end */
    uint64_t trace;          /* a hash of all that happened, as far as people would see it */
    uint64_t device_minutes; /* simulated, over all devices */
    uint64_t probes[PROBES];
    uint64_t saves, sessions;
};

/* `log`: what happens, line by line; NULL: nothing is printed. */
void world_live(const struct plan *plan, struct world_report *report, FILE *log);

#endif
