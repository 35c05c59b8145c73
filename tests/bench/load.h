#ifndef TESTS_BENCH_LOAD_H
#define TESTS_BENCH_LOAD_H

/* The hub under load: what a hub in a process of its own does while this program plays all of its
 * clients. Both share the machine's cores, so the figures are lower bounds. */

struct load_size {
    unsigned sessions, idle, watchers, push;
};

struct load_figures {
    double poor_s, poor_limit_s; /* 20 visits over a poor line; their bytes and two round trips */
    double session_cpu_ms;       /* of the hub, for one of the sessions that follow */
    double sessions_a_second;    /* connect, handshake, 20 visits, durable, close */
    double idle_bytes;           /* resident memory of the hub with so many idle clients */
    double idle_bytes_each;      /* what one of them added */
    double seen_p50_ms, seen_p99_ms; /* from a save's leaving to its arrival at each watcher */
    double push_a_second;            /* visits of one device, until they are durable */
};

#define LOAD_VISITS 20 /* of a session */

/* `hub` is the program jinqiud. A count of 0 leaves its part out. */
struct load_figures load_measure(const char *hub, const struct load_size *size);

#endif
