#ifndef TESTS_SIM_LEDGER_H
#define TESTS_SIM_LEDGER_H

/* What was saved in a world, and what must follow from that: a model without SQL, deltas or caches.
 *
 * Every value that is saved is unique, so a value names its save wherever it turns up, also after a
 * device with two lives saved it anew. The ledger knows which saves were acknowledged, what each of
 * them replaced, and which of them each place was seen to hold. From these sets alone it says what
 * the heads of every field must be, and compares. */

#include "common/replica_seal.h"
#include "tests/sim/fleet.h"
#include "tests/sim/rights.h"

#define LEDGER_SAVES_MAX 1000
#define LEDGER_ROWS 8
#define LEDGER_FIELDS 7
#define LEDGER_ID_NUMBER 5 /* not for volunteers */
#define LEDGER_NEWER 6     /* of the next epoch of the schema */
#define LEDGER_VALUE_BYTES 24

struct saves { /* a set */
    uint8_t has[LEDGER_SAVES_MAX];
};

struct save {
    unsigned row, field; /* place in ledger_fields */
    unsigned author;
    bool acknowledged, tried; /* tried: it may have happened */
    bool cut;                 /* beyond what a newer certificate or a revocation names: it may
                               * count or not, as far as that is known */
    bool adopted;             /* by somebody else */
    struct dot dot;           /* where its author put it; number 0: not known */
    bool renamed;             /* may be saved anew under a name that its successor does not know */
    unsigned partner;         /* another save of the same entry; itself: none */
    struct saves replaces;
};

struct account {               /* of one disk */
    struct saves holds;        /* when it was last looked at */
    struct saves acknowledged; /* of its own, by this life */
    struct saves tried;
    bool partial; /* its history began with a snapshot, when it was last looked at */
};

struct glance { /* a process, and how much it had written by then */
    unsigned starts;
    uint64_t writes;
};

struct ledger {
    struct id rows[LEDGER_ROWS];
    uint32_t orgs[LEDGER_ROWS];
    struct save saves[LEDGER_SAVES_MAX];
    unsigned count;
    struct account places[FLEET_MAX], images[FLEET_MAX][FLEET_IMAGES];
    struct glance glances[FLEET_MAX]; /* when each place was last looked at */
    unsigned conflicts_seen, undone_seen, sealed_seen;
    struct rights rights[FLEET_MAX];
    bool erased[LEDGER_ROWS]; /* somebody asked for it */
    bool at_rest;
};

extern const uint16_t ledger_fields[LEDGER_FIELDS];
#define LEDGER_TABLE 17 /* person */
#define LEDGER_NEWER_FIELD 190

/* A sentence about what is wrong; empty: nothing is. */
struct finding {
    char oracle[8];
    char what[320];
};
void finding_set(struct finding *finding, const char *oracle, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void ledger_init(struct ledger *ledger, uint64_t seed, const struct fleet *fleet);
void ledger_release(struct ledger *ledger);
/* Notes a save that is about to be tried; gives its number. */
unsigned ledger_try(struct ledger *ledger, unsigned author, unsigned row, unsigned field);
void ledger_value(unsigned save, char text[LEDGER_VALUE_BYTES]);
/* The save that a stored value names; false: none. */
bool ledger_find(const struct ledger *ledger, struct bytes value, unsigned *save);
/* The same for a value as a replica has it, which may be sealed and have no key here: then by its
 * dot. */
struct ledger_value {
    struct seal_place place;
    struct bytes value;
    struct dot dot;
};
bool ledger_find_in(const struct ledger *ledger, struct replica *replica,
                    const struct ledger_value *value, unsigned *save);
void ledger_acknowledge(struct ledger *ledger, unsigned save);
/* It was refused before anything was written. */
void ledger_refuse(struct ledger *ledger, unsigned save);

/* The hub has signed something new of a device: what the hub doesn't hold of it is judged by that,
 * and so is whatever it saves from now on. `held`: the hub's frontier when it did so. */
void ledger_follow(struct ledger *ledger, const struct fleet *fleet, unsigned author,
                   const struct frontier *held);

/* Look at what a place holds: that it forgot nothing, invents nothing, holds whole entries, and
 * that the heads of every field are those that follow. */
void ledger_look(struct ledger *ledger, struct fleet *fleet, size_t at, struct finding *finding);
/* A folder is copied: from now on two lives may save anew what the hub doesn't hold. */
void ledger_copy(struct ledger *ledger, unsigned place, unsigned slot);
/* It is put back: what is written now may get the names of what only the folder had. */
void ledger_back(struct ledger *ledger, unsigned place);
/* The other of two lives goes on. */
void ledger_swap(struct ledger *ledger, unsigned place, unsigned slot);
/* Would nobody else hold something that is held here? `keeps`: an account that stays; or NULL. */
bool ledger_would_lose(const struct ledger *ledger, const struct fleet *fleet,
                       const struct account *gone, const struct account *keeps);
/* Is everything of this account at the hub? */
bool ledger_at_hub(const struct ledger *ledger, const struct account *account);
/* Everything that was acknowledged is wherever it may be read. */
void ledger_complete(struct ledger *ledger, const struct fleet *fleet, struct finding *finding);

#endif
