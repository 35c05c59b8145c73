#ifndef TESTS_SUPPORT_WORLD_H
#define TESTS_SUPPORT_WORLD_H

/* A small world for tests: a real hub in a temporary folder, clients with replicas in memory, and
 * real sessions between them without sockets. Failures of the set-up abort. */

#include <jansson.h>

#include "common/replica_attachment.h"
#include "protocol/session.h"
#include "server/hub.h"

#define WORLD_CLIENTS_MAX 8

struct world {
    char directory[64];
    struct hub hub;
    uint32_t county, township, branches[3]; /* org numbers */
    struct replica *clients[WORLD_CLIENTS_MAX];
    size_t clients_count;
    enum session_attachments attachments; /* of the sessions; world_start: none */
    uint64_t budget_bytes;
    uint64_t snapshot_worth; /* entries and rows that are worth a snapshot; 0: as usual */
    /* Changes what the answering side's storage says; NULL: it says the truth. */
    void (*lie)(const struct session_question *question, struct session_answer *answer);
    bool keeps_beacons; /* clients remember the hub's newest beacon, as those of people do */
    struct session_totals hub_totals; /* the hub's of the last session */
};

void world_start(struct world *world);
/* The same with its folder in `parent`, which is short. */
void world_start_in(struct world *world, const char *parent);
void world_end(struct world *world);
/* Enrols a device for `role` at `org`, and exchanges once. Gives its place. */
size_t world_join(struct world *world, enum role role, uint32_t org);
/* The same, with a replica that is made as `options` say. */
size_t world_join_in(struct world *world, enum role role, uint32_t org,
                     const struct replica_options *options);
/* One session of a client with the hub; `cut` != 0: the line dies after so many bytes of either
 * side. False when it didn't end well. */
bool world_sync(struct world *world, size_t client, uint64_t cut, struct session_totals *totals);
/* The same with another client, which answers. */
bool world_meet(struct world *world, size_t client, size_t with, uint64_t cut,
                struct session_totals *totals);

/* Saves one change typed as text: "table", id or NULL, then pairs "field", "value", …, NULL. */
struct id world_add(struct replica *replica, const char *table, ...);
/* The same, for an org (number). */
struct id world_add_at(struct replica *replica, uint32_t org, const char *table, ...);
void world_set(struct replica *replica, const char *table, const struct id *id, ...);
void world_delete(struct replica *replica, const char *table, const struct id *id);
/* The visit's photo from now on. */
void world_attach(struct replica *replica, const struct id *visit,
                  const struct attachment_file *file);

/* Takes an encoded run alone, as one that comes with nothing else. */
struct received world_take_run(struct replica *replica, const struct buffer *encoded);

/* The row as a JSON object, as it is shown; decref it. NULL: there is none. */
json_t *world_row(struct replica *replica, const char *table, const struct id *id);

/* Digests of all scopes that both hold agree? */
bool world_agree(struct replica *a, struct replica *b);
/* Faults that verify finds. */
size_t world_faults(struct replica *replica);

#endif
