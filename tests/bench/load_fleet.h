#ifndef TESTS_BENCH_LOAD_FLEET_H
#define TESTS_BENCH_LOAD_FLEET_H

/* A hub as people run it, in a process of its own, and devices that it knows, with visits that
 * wait to be sent.
 *
 * Each device was once a real replica: it joined, synced and saved; then only its runs and what it
 * remembers of the hub were kept. */

#include <netinet/in.h>
#include <sys/types.h>

#include "tests/bench/load_store.h"
#include "tests/support/world.h"

struct load_group { /* devices that are made alike */
    size_t devices;
    size_t batches, visits; /* what each has saved: so often so many, a run or more for each */
    bool together;          /* in one branch, where each reads what the others write */
};

struct load_fleet {
    struct world world;
    char branch[ID_TEXT_BYTES]; /* an org to which people may be invited */
    struct load_store *stores;
    size_t count;
    uint8_t hub_key[DH_KEY_BYTES];
    pid_t hub; /* 0: not running */
    struct sockaddr_in address;
};

/* All groups, one behind the other in `stores`; then the hub's folder is closed. */
void load_fleet_make(struct load_fleet *fleet, const struct load_group *groups, size_t count);
/* Runs the program at `path` until load_fleet_stop. */
void load_fleet_start(struct load_fleet *fleet, const char *path);
void load_fleet_stop(struct load_fleet *fleet);
/* Resident memory of the hub, and the processor's time that it took so far. */
double load_fleet_hub_bytes(const struct load_fleet *fleet);
double load_fleet_hub_cpu_s(const struct load_fleet *fleet);
void load_fleet_release(struct load_fleet *fleet);

#endif
