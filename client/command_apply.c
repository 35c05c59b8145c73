/* apply: many saves from JSON lines.
 *
 * A unit is what becomes one entry: one line, or --batch N of them. It is written whole or not at
 * all. Many units share one durable transaction, for speed; nothing counts as saved before its
 * commit. Happy path: read lines -> unit full -> save it in the open transaction -> group full:
 * commit. A bad line is told with its number, its unit is left out, and the next unit goes on. When
 * a unit fails after a part of it was written (it touched two scopes), the group is rolled back and
 * saved again without it. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/command.h"
#include "common/edit_change.h"
#include "common/json_read.h"
#include "common/view.h"

#define LINE_BYTES_MAX (4 * 1024 * 1024)
#define BATCH_MAX 10000
#define GROUP_LINES_MAX 500
#define GROUP_MS_MAX 200

struct line {
    json_t *json;
    uint64_t number;
};

struct unit {
    struct line *lines;
    size_t count;
    bool bad; /* told already */
    size_t entries;
    struct id *ids;
};

struct apply {
    struct cli *cli;
    struct replica *replica;
    struct clock clock;
    size_t batch;
    struct unit filling;
    struct unit *group; /* units of the open transaction */
    size_t group_count, group_lines;
    uint64_t group_started_ms;
    uint64_t line, bad_lines;
    uint64_t entries, rows;
    struct buffer ids; /* struct id after struct id, for --json */
    bool terminal;
};

static enum status out_of_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* Does this failure speak of the line, or of the disk and the machine? */
static bool is_lines_fault(enum status status)
{
    return status == STATUS_BAD_INPUT || status == STATUS_TOO_LARGE || status == STATUS_NOT_FOUND ||
           status == STATUS_EXISTS || status == STATUS_DENIED || status == STATUS_UNKNOWN ||
           status == STATUS_USAGE || status == STATUS_UNSUPPORTED;
}

static void tell_bad(struct apply *apply, uint64_t line, const struct error *why)
{
    apply->bad_lines++;
    cli_say(apply->cli, "line %llu: %s", (unsigned long long)line, why->text);
}

static void unit_release(struct unit *unit)
{
    for (size_t i = 0; i < unit->count; i++)
        json_decref(unit->lines[i].json);
    free(unit->lines);
    free(unit->ids);
    *unit = (struct unit){0};
}

static void group_clear(struct apply *apply)
{
    for (size_t i = 0; i < apply->group_count; i++)
        unit_release(&apply->group[i]);
    apply->group_count = apply->group_lines = 0;
}

/* ---- one unit ---- */

static enum status save_edits(struct apply *apply, struct unit *unit, struct edit *edits,
                              size_t *failed, struct error *err)
{
    struct change *changes = calloc(unit->count, sizeof *changes);
    struct saved *saved = calloc(unit->count, sizeof *saved);
    enum status status = changes && saved ? STATUS_OK : out_of_memory(err);
    for (size_t i = 0; i < unit->count && status == STATUS_OK; i++)
        changes[i] = edits[i].change;
    if (status == STATUS_OK)
        status =
            replica_save(apply->replica, changes, unit->count, saved, &unit->entries, failed, err);
    for (size_t i = 0; i < unit->count && status == STATUS_OK; i++)
        unit->ids[i] = saved[i].id;
    free(changes);
    free(saved);
    return status;
}

/* Saves a unit in the open transaction; a fault of its lines is told and marks it as bad. *torn: a
 * part of it stands in the transaction. */
static enum status unit_save(struct apply *apply, struct unit *unit, bool *torn, struct error *err)
{
    struct edit *edits = calloc(unit->count, sizeof *edits);
    enum status status = edits ? STATUS_OK : out_of_memory(err);
    size_t failed = 0;
    *torn = false;
    unit->entries = 0;
    for (size_t i = 0; i < unit->count && status == STATUS_OK; i++) {
        failed = i;
        status = edit_change(&edits[i], apply->replica, unit->lines[i].json, err);
    }
    if (status == STATUS_OK)
        status = save_edits(apply, unit, edits, &failed, err);
    for (size_t i = 0; edits && i < unit->count; i++)
        edit_release(&edits[i]);
    free(edits);
    if (status != STATUS_OK && is_lines_fault(status)) {
        tell_bad(apply, unit->lines[failed].number, err);
        unit->bad = true;
        *torn = unit->entries > 0;
        status = STATUS_OK;
    }
    return status;
}

/* ---- the group of one transaction ---- */

static enum status group_begin(struct apply *apply, struct error *err)
{
    if (replica_in_transaction(apply->replica))
        return STATUS_OK;
    apply->group_started_ms = clock_mono_ms(&apply->clock);
    return replica_begin(apply->replica, err);
}

/* Saves the group's good units once more, after a torn one: what it wrote goes away with it. */
static enum status group_again(struct apply *apply, struct error *err)
{
    bool torn = true;
    while (torn) {
        torn = false;
        replica_rollback(apply->replica);
        TRY(replica_begin(apply->replica, err));
        for (size_t i = 0; i < apply->group_count && !torn; i++)
            if (!apply->group[i].bad)
                TRY(unit_save(apply, &apply->group[i], &torn, err));
    }
    return STATUS_OK;
}

static enum status count_unit(struct apply *apply, const struct unit *unit, struct error *err)
{
    apply->entries += unit->entries;
    apply->rows += unit->count;
    if (apply->cli->json &&
        buffer_append(&apply->ids, unit->ids, unit->count * sizeof *unit->ids) != STATUS_OK)
        return out_of_memory(err);
    return STATUS_OK;
}

static enum status group_commit(struct apply *apply, struct error *err)
{
    if (!replica_in_transaction(apply->replica))
        return STATUS_OK;
    TRY(replica_commit(apply->replica, err));
    for (size_t i = 0; i < apply->group_count; i++)
        if (!apply->group[i].bad)
            TRY(count_unit(apply, &apply->group[i], err));
    group_clear(apply);
    if (apply->terminal)
        fprintf(stderr, "\r%llu", (unsigned long long)apply->rows);
    return STATUS_OK;
}

/* The filling unit is complete: into the open transaction with it. */
static enum status unit_done(struct apply *apply, struct error *err)
{
    struct unit *unit = &apply->group[apply->group_count];
    bool torn = false;
    if (apply->filling.count == 0 || apply->filling.bad) {
        unit_release(&apply->filling);
        return STATUS_OK;
    }
    TRY(group_begin(apply, err));
    *unit = apply->filling;
    apply->filling = (struct unit){0};
    apply->group_count++;
    apply->group_lines += unit->count;
    TRY(unit_save(apply, unit, &torn, err));
    if (torn)
        TRY(group_again(apply, err));
    bool late = clock_mono_ms(&apply->clock) - apply->group_started_ms >= GROUP_MS_MAX;
    if (late || apply->group_lines >= GROUP_LINES_MAX || apply->group_count == GROUP_LINES_MAX)
        return group_commit(apply, err);
    return STATUS_OK;
}

/* ---- lines ---- */

static enum status unit_start(struct apply *apply, struct error *err)
{
    struct unit *unit = &apply->filling;
    if (unit->lines)
        return STATUS_OK;
    unit->lines = calloc(apply->batch, sizeof *unit->lines);
    unit->ids = calloc(apply->batch, sizeof *unit->ids);
    return unit->lines && unit->ids ? STATUS_OK : out_of_memory(err);
}

static enum status take_line(struct apply *apply, const char *text, size_t size, struct error *err)
{
    json_error_t problem;
    struct error why = {0};
    struct unit *unit = &apply->filling;
    json_t *json;
    TRY(unit_start(apply, err));
    if (json_read(&json, bytes_of(text, size), &problem, err) == STATUS_NO_MEMORY)
        return STATUS_NO_MEMORY;
    if (!json_is_object(json)) {
        error_set(&why, STATUS_BAD_INPUT, "not a JSON object: %s", json ? "" : problem.text);
        tell_bad(apply, apply->line, &why);
        unit->bad = true;
    }
    unit->lines[unit->count++] = (struct line){json, apply->line};
    return unit->count == apply->batch ? unit_done(apply, err) : STATUS_OK;
}

static bool is_blank(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!strchr(" \t\r\n", text[i]))
            return false;
    return true;
}

static enum status too_long(struct apply *apply, struct error *err)
{
    return error_set(err, STATUS_TOO_LARGE, "line %llu: longer than %d bytes",
                     (unsigned long long)apply->line, LINE_BYTES_MAX);
}

static enum status read_lines(struct apply *apply, FILE *in, struct error *err)
{
    static char text[64 * 1024];
    struct buffer line = {0};
    enum status status = STATUS_OK;
    apply->line = 1;
    while (status == STATUS_OK && fgets(text, sizeof text, in)) {
        size_t size = strlen(text);
        bool complete = size > 0 && text[size - 1] == '\n';
        if (buffer_append(&line, text, size) != STATUS_OK)
            status = out_of_memory(err);
        else if (line.size > LINE_BYTES_MAX)
            status = too_long(apply, err);
        if (status != STATUS_OK || !complete)
            continue;
        if (!is_blank((const char *)line.data, line.size))
            status = take_line(apply, (const char *)line.data, line.size, err);
        buffer_clear(&line);
        apply->line++;
    }
    if (status == STATUS_OK && ferror(in))
        status = error_set(err, STATUS_STORAGE, "cannot read the lines: %s", strerror(errno));
    if (status == STATUS_OK && line.size > 0 && !is_blank((const char *)line.data, line.size))
        status = take_line(apply, (const char *)line.data, line.size, err);
    buffer_release(&line);
    return status;
}

static enum status apply_file(struct apply *apply, const char *file, struct error *err)
{
    FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "r");
    if (!in)
        return error_set(err, STATUS_NOT_FOUND, "cannot open '%s': %s", file, strerror(errno));
    enum status status = read_lines(apply, in, err);
    if (status == STATUS_OK)
        status = unit_done(apply, err);
    /* What was good before a fatal line is kept: it stands in whole units. */
    if (status == STATUS_OK || status == STATUS_TOO_LARGE) {
        struct error commit_err = {0};
        enum status committed = group_commit(apply, &commit_err);
        if (committed != STATUS_OK && status == STATUS_OK) {
            status = committed;
            *err = commit_err;
        }
    }
    if (in != stdin)
        fclose(in);
    return status;
}

/* ---- the answer ---- */

static int print_result(struct apply *apply)
{
    const struct id *ids = (const struct id *)(const void *)apply->ids.data;
    char id[ID_TEXT_BYTES];
    printf("{\"entries\":%llu,\"rows\":%llu,\"ids\":[", (unsigned long long)apply->entries,
           (unsigned long long)apply->rows);
    for (size_t i = 0; i < apply->ids.size / sizeof *ids; i++) {
        id_format(&ids[i], id);
        printf("%s\"%s\"", i > 0 ? "," : "", id);
    }
    puts("]}");
    return CLI_DONE;
}

static int tell_result(struct apply *apply, enum status status, const struct error *err)
{
    if (apply->terminal && apply->rows > 0)
        fputc('\n', stderr);
    if (apply->cli->json)
        print_result(apply);
    else
        cli_say(apply->cli, "%llu rows saved in %llu entries", (unsigned long long)apply->rows,
                (unsigned long long)apply->entries);
    if (status != STATUS_OK)
        return cli_fail(apply->cli, err);
    if (apply->bad_lines == 0)
        return CLI_DONE;
    cli_say(apply->cli, "%llu bad lines were left out", (unsigned long long)apply->bad_lines);
    return CLI_FAILED;
}

int command_apply(struct cli *cli)
{
    struct error err = {0};
    struct apply apply = {.cli = cli, .clock = clock_system()};
    int64_t batch = 1;
    enum status status = cli_number(cli, "--batch", (struct cli_range){1, BATCH_MAX}, &batch, &err);
    apply.batch = (size_t)batch;
    apply.terminal = !cli->json && isatty(STDERR_FILENO);
    apply.group = calloc(GROUP_LINES_MAX, sizeof *apply.group);
    if (status == STATUS_OK && !apply.group)
        status = out_of_memory(&err);
    if (status == STATUS_OK)
        status = cli->program->open(cli, false, &apply.replica, &err);
    if (!apply.replica) {
        free(apply.group);
        return cli_fail(cli, &err);
    }
    status = apply_file(&apply, cli->arguments[0], &err);
    replica_close(apply.replica);
    int code = tell_result(&apply, status, &err);
    group_clear(&apply);
    unit_release(&apply.filling);
    free(apply.group);
    buffer_release(&apply.ids);
    return code;
}
