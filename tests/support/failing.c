#include "tests/support/failing.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <sqlite3.h>

#define PLACES_MAX 16384 /* of one act and kind; a power of two */
#define FRAMES_MAX 48
#define TRIES 6
#define WAY_START 14695981039346656037ull

struct place {
    uint64_t way;
    unsigned long first; /* call that came from there; 0: free */
};

static struct {
    bool on, learning, inside; /* inside: a call of SQLite's is under way */
    enum failing_kind kind;
    unsigned long count, fails_at;
    bool met;
    int code;      /* errno, or SQLite's */
    void **bottom; /* the frame of who plays */
    struct place *places;
    size_t places_count;
    /* What the statement that failed says about it when asked. */
    const void *broken;
    bool broken_told;
    void *met_at[FRAMES_MAX];
    int met_frames;
} failing;

/* ---- which call fails ---- */

static uint64_t mix(uint64_t way, const void *from)
{
    return (way ^ (uint64_t)(uintptr_t)from) * 1099511628211ull;
}

/* By the chain of frame pointers, which is quick; where foreign code breaks it, as a debugger does
 * it. */
static uint64_t way_here(void)
{
    uint64_t way = WAY_START;
    void **frame = __builtin_frame_address(0);
    while (frame < failing.bottom) {
        void **next = (void **)frame[0];
        way = mix(way, frame[1]);
        if (next <= frame || next > failing.bottom || (uintptr_t)next % sizeof *next != 0)
            break;
        frame = next;
    }
    if (frame == failing.bottom)
        return way;
    void *frames[FRAMES_MAX];
    int count = backtrace(frames, FRAMES_MAX);
    for (int i = 0; i < count; i++)
        way = mix(way, frames[i]);
    return way;
}

static void learn(void)
{
    uint64_t way = way_here();
    size_t at = (size_t)(way ^ way >> 32) % PLACES_MAX;
    while (failing.places[at].first != 0 && failing.places[at].way != way)
        at = (at + 1) % PLACES_MAX;
    if (failing.places[at].first != 0)
        return;
    failing.places[at] = (struct place){way, failing.count};
    if (++failing.places_count > PLACES_MAX / 2)
        fail_msg("more than %d places", PLACES_MAX / 2);
}

static bool fails(enum failing_kind kind)
{
    if (!failing.on || failing.inside || failing.kind != kind)
        return false;
    failing.count++;
    if (failing.learning) {
        failing.on = false;
        learn();
        failing.on = true;
        return false;
    }
    if (failing.count != failing.fails_at)
        return false;
    failing.on = false;
    failing.met = true;
    failing.met_frames = backtrace(failing.met_at, FRAMES_MAX);
    failing.on = true;
    return true;
}

void failing_tell(void)
{
    fprintf(stderr, "call %lu failed with %d, reached by (see addr2line):\n", failing.fails_at,
            failing.code);
    backtrace_symbols_fd(failing.met_at, failing.met_frames, fileno(stderr));
}

/* ---- memory ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

void *__wrap_malloc(size_t size)
{
    return fails(FAILING_MEMORY) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(FAILING_MEMORY) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails(FAILING_MEMORY) ? NULL : __real_realloc(old, size);
}

char *__wrap_strndup(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    char *copy = fails(FAILING_MEMORY) ? NULL : __real_malloc(length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

char *__wrap_strdup(const char *text)
{
    return __wrap_strndup(text, strlen(text));
}

/* jansson keeps its own: what it builds isn't refused here. */
void __wrap_json_set_alloc_funcs(json_malloc_t give, json_free_t take);
void __wrap_json_set_alloc_funcs(json_malloc_t give, json_free_t take)
{
    (void)give;
    (void)take;
}

/* ---- SQLite ---- */

int __real_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int size, sqlite3_stmt **out,
                              const char **tail);
int __real_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int size, unsigned flags,
                              sqlite3_stmt **out, const char **tail);
int __real_sqlite3_step(sqlite3_stmt *statement);
int __real_sqlite3_reset(sqlite3_stmt *statement);
int __real_sqlite3_finalize(sqlite3_stmt *statement);
int __real_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *context, char **message);
int __real_sqlite3_errcode(sqlite3 *db);
const char *__real_sqlite3_errmsg(sqlite3 *db);
int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int size, sqlite3_stmt **out,
                              const char **tail);
int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int size, unsigned flags,
                              sqlite3_stmt **out, const char **tail);
int __wrap_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_reset(sqlite3_stmt *statement);
int __wrap_sqlite3_finalize(sqlite3_stmt *statement);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *context, char **message);
int __wrap_sqlite3_errcode(sqlite3 *db);
const char *__wrap_sqlite3_errmsg(sqlite3 *db);

static int enter(void)
{
    bool was = failing.inside;
    failing.inside = true;
    failing.broken_told = false;
    return was;
}

static int leave(bool was, int code)
{
    failing.inside = was;
    return code;
}

static int break_now(const void *broken)
{
    failing.broken = broken;
    failing.broken_told = true;
    return failing.code;
}

int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int size, sqlite3_stmt **out,
                              const char **tail)
{
    *out = NULL;
    if (fails(FAILING_SQL))
        return break_now(NULL);
    bool was = enter();
    return leave(was, __real_sqlite3_prepare_v2(db, sql, size, out, tail));
}

int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int size, unsigned flags,
                              sqlite3_stmt **out, const char **tail)
{
    *out = NULL;
    if (fails(FAILING_SQL))
        return break_now(NULL);
    bool was = enter();
    return leave(was, __real_sqlite3_prepare_v3(db, sql, size, flags, out, tail));
}

int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
    if (statement && fails(FAILING_SQL))
        return break_now(statement);
    bool was = enter();
    return leave(was, __real_sqlite3_step(statement));
}

/* Both tell again what the last step said. */
static int told_again(const void *statement, int code)
{
    if (!statement || statement != failing.broken)
        return code;
    failing.broken = NULL;
    failing.broken_told = true;
    return failing.code;
}

int __wrap_sqlite3_reset(sqlite3_stmt *statement)
{
    bool was = failing.inside;
    failing.inside = true;
    int code = told_again(statement, __real_sqlite3_reset(statement));
    return leave(was, code);
}

int __wrap_sqlite3_finalize(sqlite3_stmt *statement)
{
    bool was = failing.inside;
    failing.inside = true;
    int code = told_again(statement, __real_sqlite3_finalize(statement));
    return leave(was, code);
}

int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **),
                        void *context, char **message)
{
    if (strncasecmp(sql, "ROLLBACK", 8) != 0 && fails(FAILING_SQL)) {
        if (message)
            *message = NULL;
        return break_now(NULL);
    }
    bool was = enter();
    return leave(was, __real_sqlite3_exec(db, sql, row, context, message));
}

int __wrap_sqlite3_errcode(sqlite3 *db)
{
    return failing.broken_told ? failing.code : __real_sqlite3_errcode(db);
}

const char *__wrap_sqlite3_errmsg(sqlite3 *db)
{
    return failing.broken_told ? sqlite3_errstr(failing.code) : __real_sqlite3_errmsg(db);
}

/* ---- the system ---- */

int __real_open(const char *path, int flags, ...);
ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __real_pwrite64(int fd, const void *bytes, size_t size, off_t at);
int __real_fsync(int fd);
int __real_fdatasync(int fd);
int __real_ftruncate(int fd, off_t size);
int __real_rename(const char *from, const char *to);
int __real_unlink(const char *path);
FILE *__real_fopen(const char *path, const char *mode);
int __real_fclose(FILE *file);
int __real_fflush(FILE *file);
size_t __real_fread(void *bytes, size_t size, size_t count, FILE *file);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t at);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_rename(const char *from, const char *to);
int __wrap_unlink(const char *path);
FILE *__wrap_fopen(const char *path, const char *mode);
int __wrap_fclose(FILE *file);
int __wrap_fflush(FILE *file);

/* SQLite's calls count, too. */
static bool system_fails(void)
{
    bool was = failing.inside;
    failing.inside = false;
    bool now = fails(FAILING_SYSTEM);
    failing.inside = was;
    if (now)
        errno = failing.code;
    return now;
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
    va_end(arguments);
    return system_fails() ? -1 : __real_open(path, flags, mode);
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    int mode = flags & O_CREAT ? va_arg(arguments, int) : 0;
    va_end(arguments);
    return system_fails() ? -1 : __real_open(path, flags, mode);
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    return system_fails() ? -1 : __real_read(fd, bytes, size);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    return system_fails() ? -1 : __real_write(fd, bytes, size);
}

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    return system_fails() ? -1 : __real_pwrite64(fd, bytes, size, at);
}

int __wrap_fsync(int fd)
{
    return system_fails() ? -1 : __real_fsync(fd);
}

int __wrap_fdatasync(int fd)
{
    return system_fails() ? -1 : __real_fdatasync(fd);
}

int __wrap_ftruncate(int fd, off_t size)
{
    return system_fails() ? -1 : __real_ftruncate(fd, size);
}

int __wrap_rename(const char *from, const char *to)
{
    return system_fails() ? -1 : __real_rename(from, to);
}

int __wrap_unlink(const char *path)
{
    return system_fails() ? -1 : __real_unlink(path);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    return system_fails() ? NULL : __real_fopen(path, mode);
}

int __wrap_fclose(FILE *file)
{
    bool now = system_fails();
    int code = errno, done = __real_fclose(file);
    errno = now ? code : errno;
    return now ? EOF : done;
}

int __wrap_fflush(FILE *file)
{
    return system_fails() ? EOF : __real_fflush(file);
}

/* ---- playing ---- */

static const char *const names[FAILING_KINDS] = {"memory", "SQLite", "system"};

static enum status play(const struct failing_act *act, enum failing_kind kind,
                        unsigned long fails_at)
{
    static const int codes[FAILING_KINDS][2] = {{0, 0}, {SQLITE_IOERR, SQLITE_FULL}, {EIO, ENOSPC}};
    struct error err = {0};
    if (act->prepare)
        act->prepare(act->context);
    failing.kind = kind;
    failing.count = 0;
    failing.fails_at = fails_at;
    failing.code = codes[kind][fails_at % 2];
    failing.broken = NULL;
    failing.met = failing.broken_told = false;
    failing.bottom = __builtin_frame_address(0);
    failing.on = true;
    enum status status = act->play(act->context, &err);
    failing.on = failing.broken_told = false;
    if (status != STATUS_OK && !failing.met)
        fail_msg("%s: fails without need: %s", act->name, err.text);
    if (status != STATUS_OK && status != STATUS_NO_MEMORY && err.text[0] == '\0') {
        failing_tell();
        fail_msg("%s: call %lu of %s fails without a word", act->name, fails_at, names[kind]);
    }
    act->look(act->context, status, &err);
    return status;
}

static int by_first(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    return (left->first > right->first) - (left->first < right->first);
}

/* Sorts the places that were found to the front. */
static void gather_places(void)
{
    size_t count = 0;
    for (size_t i = 0; i < PLACES_MAX; i++)
        if (failing.places[i].first != 0)
            failing.places[count++] = failing.places[i];
    qsort(failing.places, count, sizeof *failing.places, by_first);
}

static void play_kind(const struct failing_act *act, enum failing_kind kind)
{
    memset(failing.places, 0, PLACES_MAX * sizeof *failing.places);
    failing.places_count = 0;
    failing.learning = true;
    assert_int_equal(play(act, kind, 0), STATUS_OK);
    failing.learning = false;
    gather_places();
    size_t count = failing.places_count, tries = act->tries ? act->tries : TRIES;
    size_t borne = 0, step = getenv("JINQIU_FAILURES") ? 1 : (count + tries - 1) / tries;
    for (size_t i = 0; i < count; i += step)
        borne += play(act, kind, failing.places[i].first) == STATUS_OK;
    printf("%s: %s fails in %zu places, step %zu; done without %zu\n", act->name, names[kind],
           count, step, borne);
}

void failing_play(const struct failing_act *act)
{
    backtrace(failing.met_at, FRAMES_MAX); /* the first time it allocates */
    failing.places = calloc(PLACES_MAX, sizeof *failing.places);
    assert_non_null(failing.places);
    for (enum failing_kind kind = 0; kind < FAILING_KINDS; kind++)
        play_kind(act, kind);
    free(failing.places);
    failing.places = NULL;
}
