#ifndef COMMON_CLI_H
#define COMMON_CLI_H

/* The command line of both programs: a table of commands and flags in, a parsed `struct cli` out.
 *
 * Knows no command itself and touches no data. --dir, --json, --csv, --lang, --help, --version and
 * --man are known everywhere, before and behind the command. Flags may be written "--limit 5" or
 * "--limit=5"; "--" ends them, "-" is an argument. Messages go to stderr as one line "PROGRAM:
 * sentence". */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json_read.h"

struct cli;
struct replica;
struct place;
struct vault;

/* The exit codes that scripts rely on. */
enum cli_exit {
    CLI_DONE = 0,
    CLI_FAILED = 1,      /* refused or failed */
    CLI_USAGE = 2,       /* wrong usage, or not there yet */
    CLI_UNREACHABLE = 3, /* the other side can't be reached; local data is fine */
    CLI_CONFLICTS = 4    /* done, and conflicts wait */
};

struct cli_text {
    const char *en;
    const char *zh;
};
const char *cli_text(const struct cli_text *text); /* in the process's language */

struct cli_flag {
    const char *name;  /* "--where" */
    const char *value; /* what stands for its value in the help; NULL: a switch */
    struct cli_text help;
    bool repeated;
};

struct cli_command {
    const char *name;      /* "list", or two words: "org add" */
    const char *arguments; /* for the help: "TABLE ID FIELD=VALUE…" */
    struct cli_text help;
    const struct cli_flag *flags; /* ends with a NULL name; NULL: none */
    const char *example;          /* behind the program's name; NULL: none */
    int arguments_min;
    int arguments_max;           /* -1: no bound */
    int (*run)(struct cli *cli); /* gives the exit code; NULL: not there yet */
};

struct cli_program {
    const char *name;
    struct cli_text help;
    const char *title;            /* of the manual page, in capitals */
    const char *description;      /* mdoc text of the manual page */
    const struct cli_flag *files; /* name and help of what lies in its folder */
    const struct cli_flag *flags; /* that every command takes besides the common ones; or NULL */
    const struct cli_flag *variables; /* of the environment, besides the common ones; or NULL */
    /* Tables of commands, each ended by a NULL name; the list ends with NULL. */
    const struct cli_command *const *commands;
    /* Open the replica in the folder that --dir names: what the reading commands use. */
    enum status (*open)(const struct cli *cli, bool read_only, struct replica **replica,
                        struct error *err);
    /* Where that replica lies and what opens it (place.h). */
    enum status (*place)(const struct cli *cli, struct place *place, struct error *err);
    /* Bring the log of what came here as a snapshot; NULL: nothing ever comes so. */
    enum status (*deepen)(struct cli *cli, struct replica *replica, struct error *err);
};

struct cli_value {
    const struct cli_flag *flag;
    const char *value; /* "" for a switch */
};

/* One parsed call. Everything in it is borrowed from argv but the two arrays. */
struct cli {
    const struct cli_program *program;
    const struct cli_command *command;
    const char *directory; /* --dir or JINQIU_DIR; NULL: none */
    bool json, csv;
    const char **arguments;
    size_t arguments_count;
    struct cli_value *values;
    size_t values_count;
    struct vault **vault; /* where common/unlock.h keeps what it opened; NULL: nowhere */
    uint64_t shortages;   /* of json_read.h, before it began */
};

/* Parse, run the command, and give the exit code; answers --help, --version and wrong usage itself.
 */
int cli_main(const struct cli_program *program, int argc, char **argv);

/* Only the parsing, for tests and cli_main. STATUS_USAGE names what is wrong. With --help or
 * --version *command stays NULL or is the one to tell about; see `help` and `version`. */
struct cli_request {
    bool help, version, man;
    const char *language; /* --lang; NULL: from the environment */
};
enum status cli_parse(struct cli *cli, const struct cli_program *program, int argc, char **argv,
                      struct cli_request *request, struct error *err);
void cli_release(struct cli *cli);

/* ---- what commands ask ---- */
bool cli_has(const struct cli *cli, const char *flag);
/* The last value of a flag; NULL: not given. */
const char *cli_value(const struct cli *cli, const char *flag);
/* The values of a repeated flag by place; NULL past the last. */
const char *cli_value_at(const struct cli *cli, const char *flag, size_t index);
/* A whole number within bounds; `number` keeps what it is when the flag is absent. STATUS_USAGE. */
struct cli_range {
    int64_t min, max;
};
enum status cli_number(const struct cli *cli, const char *flag, struct cli_range range,
                       int64_t *number, struct error *err);
/* A size in bytes: "4096", "200KB", "5MB". Absent: keeps what it is. STATUS_USAGE. */
enum status cli_size(const struct cli *cli, const char *flag, uint64_t *bytes, struct error *err);
/* "DIR/name" into `path` (room for CLI_PATH_MAX); STATUS_USAGE when no folder was named,
 * STATUS_TOO_LARGE. */
#define CLI_PATH_MAX 4096
enum status cli_path(const struct cli *cli, const char *name, char *path, struct error *err);

/* ---- what commands say ---- */
int cli_exit_code(enum status status);
/* Print the error's sentence and give its exit code. */
int cli_fail(const struct cli *cli, const struct error *err);
/* One line on stderr, translated, with the program's name in front. */
void cli_say(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Print a JSON document on stdout; takes it. NULL counts as out of memory. Gives the exit code. */
int cli_print_json(const struct cli *cli, json_t *json);
/* Have all bytes left? Turns CLI_DONE into CLI_FAILED (with a message) when stdout is broken. */
int cli_finish(const struct cli *cli, int code);

/* ---- help (cli_help.c) ---- */
void cli_print_help(const struct cli_program *program, const struct cli_command *command);
/* The manual page, mdoc (cli_man.c). */
void cli_print_man(const struct cli_program *program);
/* --dir, --json, …; ends with a NULL name. */
extern const struct cli_flag cli_common_flags[];

#endif
