#ifndef TESTS_BENCH_IMPORTING_H
#define TESTS_BENCH_IMPORTING_H

/* A file of many visits into a client's folder by `jinqiu import`, and into an empty database by
 * `.import` of SQLite's own program. */

#include <stddef.h>

struct importing {
    double seconds, sqlite_seconds; /* the best of each */
};

/* `jinqiu` and `jinqiud` are programs; `sqlite3` is found on PATH. */
struct importing importing_measure(const char *jinqiu, const char *jinqiud, size_t rows);

#endif
