#ifndef TESTS_BENCH_CLIENT_MEMORY_H
#define TESTS_BENCH_CLIENT_MEMORY_H

/* Resident memory of a client, as people run it, while it syncs many rows with a hub. */

#include <stddef.h>

struct client_memory {
    double sending_bytes, receiving_bytes; /* the most of each */
};

/* `jinqiu` and `jinqiud` are programs. */
struct client_memory client_memory_measure(const char *jinqiu, const char *jinqiud, size_t rows);

#endif
