#ifndef TESTS_BENCH_LOAD_CLIENT_H
#define TESTS_BENCH_LOAD_CLIENT_H

/* One client's connection to the hub under load: a socket, a session and answers from a
 * load_store. Frees itself when it is over. All on the caller's loop. */

#include <uv.h>

#include "tests/bench/load_store.h"

struct load_client;

struct load_client_events {                                     /* any may be NULL */
    void (*settled)(void *context, struct load_client *client); /* watching: all is exchanged */
    void (*arrived)(void *context, struct load_client *client); /* entries, not yet stored */
    void (*over)(void *context, struct load_client *client);    /* before it is freed */
};

struct load_client_options {
    uv_loop_t *loop;
    struct sockaddr_in hub;
    uint8_t hub_key[DH_KEY_BYTES];
    struct load_store *store; /* borrowed */
    bool watch;
    unsigned store_ms; /* how long its disk takes, at most; by chance */
    struct load_client_events events;
    void *context;
};

struct load_client *load_client_start(const struct load_client_options *options);
/* More was written: send it. */
void load_client_news(struct load_client *client);
/* Says BYE. */
void load_client_stop(struct load_client *client);
const struct session_totals *load_client_totals(const struct load_client *client);
struct load_store *load_client_store(const struct load_client *client);

#endif
