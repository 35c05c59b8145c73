#ifndef TESTS_SIM_FLEET_H
#define TESTS_SIM_FLEET_H

/* A hub and its clients: replicas on simulated disks, with a clock each.
 *
 * Place 0 is the hub. Enrolling them takes longer than most worlds live, so it is done once per
 * process; every world starts from copies of those disks, of which one set is encrypted, clients by
 * the one page cipher and the hub by the other. A place's process may be down: `replica` is NULL
 * then, and fleet_start reads its disk again. Failures of the set-up abort. */

#include "common/vault.h"
#include "server/hub.h"
#include "tests/support/sim_disk.h"

#define FLEET_MAX 7 /* the hub included */
#define FLEET_IMAGES 2
#define FLEET_VOLUNTEER 2 /* the place of the only one; the others are secretaries */

/* An older state of a client's disk: of its folder, as people copy it. */
struct fleet_image {
    struct sim_disk disk;
    bool taken;
    unsigned passphrase;
};

struct fleet_clock {
    const uint64_t *now_ms; /* of the world */
    int64_t offset_ms;
    int64_t drift_ppm;
};

struct place {
    struct sim_disk disk;
    struct fleet_image images[FLEET_IMAGES];
    struct fleet_clock clock;
    char folder[DISK_PATH_BYTES];
    struct hub hub;          /* place 0 */
    struct replica *replica; /* NULL: down */
    unsigned starts;         /* of its process */
    uint64_t writes;         /* of rows that may say something about records, by its processes */
    struct vault *vault;     /* while it is up; NULL: it isn't encrypted */
    unsigned passphrase;     /* its people's, by number; the next one, if a change was cut off */
    uint32_t device;         /* roster index */
    uint32_t org;            /* by what the hub has signed, as `role` */
    enum role role;
    bool put_back, two_lives; /* its folder: and it has not met the hub since; on two machines */
    bool revoked, retired;    /* by the hub; and it has been told */
    uint64_t next_cut; /* calls after the next start, at which the power goes again; 0: never */
};

struct fleet {
    struct place places[FLEET_MAX];
    size_t count;
    uint64_t now_ms; /* since the world began; clocks follow it */
    uint32_t township, branch;
    uint8_t hub_key[DH_KEY_BYTES];
    const char *directory; /* of all folders */
    bool encrypted;
    uint64_t snapshot_worth; /* entries and rows that are worth a snapshot; 0: as usual */
};

/* Once per process: VFS, randomness, the first disks. Makes an empty folder outside, where the
 * hub's key files are. */
void fleet_prepare(void);
void fleet_forget(void);

/* A world of `count` places; all are up. */
void fleet_open(struct fleet *fleet, size_t count, bool encrypted);
void fleet_close(struct fleet *fleet);

/* Starts the process of a place, when it isn't running. Fails as vault_unlock and replica_open. */
enum status fleet_start(struct fleet *fleet, size_t at, struct error *err);
void fleet_stop(struct fleet *fleet, size_t at);
/* What opens the folder of an encrypted place, as its people type it. Borrows `text`. */
#define FLEET_PASSPHRASE_BYTES 32
struct key_secret fleet_secret(unsigned passphrase, char text[FLEET_PASSPHRASE_BYTES]);
/* Has a client given others entries that the hub doesn't hold? */
bool fleet_spread(const struct fleet *fleet, size_t at);
/* By the hub's registry: org and role of every place. */
void fleet_follow(struct fleet *fleet);
/* Does a place read the records of this org? */
bool fleet_reads(const struct fleet *fleet, size_t at, uint32_t org);

#endif
