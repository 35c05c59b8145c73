#ifndef COMMON_ACCESS_H
#define COMMON_ACCESS_H

/* Who looked at or carried away what: an entry like any other, in the table that the schema marks
 * with "records": "access". It travels to the bureau with everything else; `audit` lists it.
 * The table's fields are found by name: at, action, table, rows, purpose, of, who. Nothing in them
 * is ever changed; what belongs together names the note before it in `of` (consent.h). */

#include "common/replica.h"

struct access {
    const char *action;  /* a code of the field: "export", "read", "ask", "consent" */
    const char *table;   /* whose rows, or the name of a report */
    uint64_t rows;       /* how many */
    const char *purpose; /* what the person said it is for, or to where; NULL: nothing */
    const char *who;     /* the account, where several people use one device; NULL: its person */
    struct id of;        /* the note that this one answers; zero: none */
    uint32_t org;        /* where the note stands (a number); 0: at this device's org */
};
/* Durable when it returns. Does nothing when the schema has no such table (an older one).
 * STATUS_DENIED: this device may not write any more. */
enum status access_note(struct replica *replica, const struct access *access, struct error *err);
/* The same; *id is the note's row. */
enum status access_note_row(struct replica *replica, const struct access *access, struct id *id,
                            struct error *err);

/* A note as the log has it. */
struct noted {
    struct id id, of, person;
    struct dot dot;
    int64_t time_ms; /* of the entry, by the writer's clock */
    uint64_t rows;
    char action[16], table[64], who[128];
    char at[32]; /* local civil time "2026-11-01T09:30" */
    bool mixed;  /* several entries wrote in it: it proves nothing */
};
struct noted_list {
    struct noted *items;
    size_t count, capacity;
};
/* Those whose `at` is that day "2026-11-01" or later, deleted ones included. Release. */
enum status access_list(struct replica *replica, const char *since, struct noted_list *list,
                        struct error *err);
void noted_list_release(struct noted_list *list);
/* The table of the notes; NULL when the schema has none. */
const struct schema_table *access_table(const struct schema *schema);

#endif
