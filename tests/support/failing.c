#include "tests/support/failing.h"

#include <errno.h>
#include <execinfo.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/support/wrapped.h"

#define PLACES_MAX 16384 /* of one act and kind; a power of two */
#define NEAR_MAX 65536   /* of all acts; a power of two */
#define FRAMES_MAX 48
#define FRAMES_NEAR 12 /* of these four are ours */
#define TRIES 3
#define WAY_START 14695981039346656037ull

struct place {
    uint64_t way, near;
    unsigned long first; /* call that came from there; 0: free */
};

struct places {
    struct place items[PLACES_MAX];
    size_t count;
    unsigned long calls;
};

static struct {
    bool on, learning, inside; /* inside: a call of SQLite's is under way */
    enum failing_kind kind;
    unsigned long count, fails_at;
    bool met;
    int code;              /* errno, or SQLite's */
    void **bottom;         /* the frame of who plays */
    struct places *places; /* of each kind */
    /* The innermost frames of places that earlier acts went through; 0: free. */
    uint64_t near[NEAR_MAX];
    size_t near_count;
    /* What the statement that failed says about it when asked. */
    const void *broken;
    bool broken_told;
    void *met_at[FRAMES_MAX];
    int met_frames;
} failing;

/* ---- which call fails ---- */

static void mix(struct place *place, const void *from, size_t depth)
{
    place->way = (place->way ^ (uint64_t)(uintptr_t)from) * 1099511628211ull;
    if (depth < FRAMES_NEAR)
        place->near = place->way;
}

/* By the chain of frame pointers, which is quick; where foreign code breaks it, as a debugger does
 * it. */
static struct place place_here(void)
{
    struct place place = {WAY_START, WAY_START, 0};
    void **frame = __builtin_frame_address(0);
    for (size_t depth = 0; frame < failing.bottom; depth++) {
        void **next = (void **)frame[0];
        mix(&place, frame[1], depth);
        if (next <= frame || next > failing.bottom || (uintptr_t)next % sizeof *next != 0)
            break;
        frame = next;
    }
    if (frame == failing.bottom)
        return place;
    void *frames[FRAMES_MAX];
    int count = backtrace(frames, FRAMES_MAX);
    for (int i = 0; i < count; i++)
        mix(&place, frames[i], (size_t)i);
    return place;
}

static void learn(struct places *places)
{
    struct place here = place_here();
    size_t at = (size_t)(here.way ^ here.way >> 32) % PLACES_MAX;
    while (places->items[at].first != 0 && places->items[at].way != here.way)
        at = (at + 1) % PLACES_MAX;
    if (places->items[at].first != 0)
        return;
    here.first = places->calls;
    places->items[at] = here;
    if (++places->count > PLACES_MAX / 2)
        fail_msg("more than %d places", PLACES_MAX / 2);
}

static bool fails(enum failing_kind kind)
{
    if (!failing.on || failing.inside)
        return false;
    if (failing.learning) {
        failing.on = false;
        failing.places[kind].calls++;
        learn(&failing.places[kind]);
        failing.on = true;
        return false;
    }
    if (failing.kind != kind || ++failing.count != failing.fails_at)
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

/* ---- memory and the system ---- */

static bool memory_fails(const void *from)
{
    (void)from;
    return fails(FAILING_MEMORY);
}

/* SQLite's calls count, too. */
static int system_fails(enum wrapped_use use)
{
    (void)use;
    bool was = failing.inside;
    failing.inside = false;
    bool now = fails(FAILING_SYSTEM);
    failing.inside = was;
    return now ? failing.code : 0;
}

/* ---- SQLite ---- */

int __real_sqlite3_open_v2(const char *path, sqlite3 **out, int flags, const char *vfs);
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
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **out, int flags, const char *vfs);
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

int __wrap_sqlite3_open_v2(const char *path, sqlite3 **out, int flags, const char *vfs)
{
    bool was = enter();
    return leave(was, __real_sqlite3_open_v2(path, out, flags, vfs));
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
static void gather_places(struct places *places)
{
    size_t count = 0;
    for (size_t i = 0; i < PLACES_MAX; i++)
        if (places->items[i].first != 0)
            places->items[count++] = places->items[i];
    qsort(places->items, count, sizeof *places->items, by_first);
}

/* False when an earlier place had the same innermost frames. */
static bool is_new(const struct place *place)
{
    size_t at = (size_t)(place->near ^ place->near >> 32) % NEAR_MAX;
    while (failing.near[at] != 0 && failing.near[at] != place->near)
        at = (at + 1) % NEAR_MAX;
    if (failing.near[at] != 0)
        return false;
    failing.near[at] = place->near;
    if (++failing.near_count > NEAR_MAX / 2)
        fail_msg("more than %d places of all acts", NEAR_MAX / 2);
    return true;
}

/* Leaves those that are to fail; their number. */
static size_t choose_places(struct places *places, size_t tries)
{
    size_t fresh = 0, chosen = 0;
    if (getenv("JINQIU_FAILURES"))
        return places->count;
    for (size_t i = 0; i < places->count; i++)
        if (is_new(&places->items[i]))
            places->items[fresh++] = places->items[i];
    size_t step = fresh > tries ? (fresh + tries - 1) / tries : 1;
    for (size_t i = step / 2; i < fresh; i += step)
        places->items[chosen++] = places->items[i];
    return chosen;
}

static void play_kind(const struct failing_act *act, enum failing_kind kind)
{
    struct places *places = &failing.places[kind];
    size_t borne = 0, chosen;
    gather_places(places);
    chosen = choose_places(places, act->tries ? act->tries : TRIES);
    for (size_t i = 0; i < chosen; i++)
        borne += play(act, kind, places->items[i].first) == STATUS_OK;
    printf("%s: %s fails in %zu of %zu places; done without %zu\n", act->name, names[kind], chosen,
           places->count, borne);
}

void failing_play(const struct failing_act *act)
{
    backtrace(failing.met_at, FRAMES_MAX); /* the first time it allocates */
    wrapped_memory_fails = memory_fails;
    wrapped_system_fails = system_fails;
    failing.places = calloc(FAILING_KINDS, sizeof *failing.places);
    assert_non_null(failing.places);
    failing.learning = true;
    assert_int_equal(play(act, FAILING_MEMORY, 0), STATUS_OK);
    failing.learning = false;
    for (enum failing_kind kind = 0; kind < FAILING_KINDS; kind++)
        play_kind(act, kind);
    free(failing.places);
    failing.places = NULL;
}
