#ifndef TESTS_SUPPORT_COMMANDS_H
#define TESTS_SUPPORT_COMMANDS_H

/* The commands that both programs have, run in this process on the file of a branch's desk.
 *
 * The file holds people and visits, a conflict, a possible duplicate, a deleted row, a picture and
 * what a revoked device wrote. Set up and taken down once for a group of tests; faults of that end
 * the program. */

#include "common/replica.h"

int commands_set_up(void **state);
int commands_tear_down(void **state);

/* The desk's file; nobody else has it open. */
struct replica_options commands_file(void);

struct said {
    char *out, *err;
};
void said_release(struct said *said);
/* Runs a command line, cut at its spaces, where PERSON, VISIT and DIR stand for the ids of rows and
 * a folder for files. Gives the exit code, and what it printed: said_release. */
int commands_run(const char *line, struct said *said);

#endif
