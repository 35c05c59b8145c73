#include "tests/support/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/attaching.h"
#include "common/place.h"
#include "common/reading.h"
#include "common/replica_attachment.h"
#include "common/reporting.h"
#include "common/updating.h"
#include "common/watching.h"
#include "protocol/carry.h"
#include "server/revoke.h"
#include "tests/support/world.h"

#define WORDS_MAX 16
#define LINE_MAX_BYTES 400

static char folder[] = "/tmp/jinqiu-commands-XXXXXX";
static char desk_path[64];
static struct world world;
static size_t desk, phone;
static struct id person, visit;
static const char *opened; /* the file that commands open */

/* ---- the program ---- */

struct replica_options commands_file(void)
{
    return (struct replica_options){.path = opened, .clock = clock_system()};
}

static enum status open_here(const struct cli *cli, bool read_only, struct replica **replica,
                             struct error *err)
{
    struct replica_options options = commands_file();
    (void)cli;
    options.read_only = read_only;
    return replica_open(replica, &options, err);
}

static enum status place_here(const struct cli *cli, struct place *place, struct error *err)
{
    (void)cli;
    (void)err;
    place->options = commands_file();
    return STATUS_OK;
}

static const struct cli_command *const tables[] = {reading_commands,
                                                   reporting_commands,
                                                   watching_commands,
                                                   attaching_commands,
                                                   updating_commands,
                                                   carry_commands,
                                                   NULL};
static const struct cli_program program = {.name = "jinqiu",
                                           .help = {"records", "记录"},
                                           .title = "JINQIU",
                                           .description = "keeps records",
                                           .commands = tables,
                                           .open = open_here,
                                           .place = place_here};

/* ---- one command ---- */

static void put_words(const char *line, char text[LINE_MAX_BYTES])
{
    char person_id[ID_TEXT_BYTES], visit_id[ID_TEXT_BYTES];
    const struct {
        const char *name, *value;
    } names[] = {{"PERSON", person_id}, {"VISIT", visit_id}, {"DIR", folder}};
    size_t used = 0;
    id_format(&person, person_id);
    id_format(&visit, visit_id);
    while (*line) {
        size_t i = 0;
        while (i < 3 && strncmp(line, names[i].name, strlen(names[i].name)) != 0)
            i++;
        int size = snprintf(text + used, LINE_MAX_BYTES - used, "%.*s", i < 3 ? LINE_MAX_BYTES : 1,
                            i < 3 ? names[i].value : line);
        used += (size_t)size;
        line += i < 3 ? strlen(names[i].name) : 1;
        assert_true(used < LINE_MAX_BYTES);
    }
}

static int run_words(const char *line)
{
    char text[LINE_MAX_BYTES], *words[WORDS_MAX] = {NULL}, *place = NULL;
    int count = 0;
    put_words(line, text);
    words[count++] = strdup("jinqiu");
    for (char *word = strtok_r(text, " ", &place); word; word = strtok_r(NULL, " ", &place)) {
        assert_true(count < WORDS_MAX);
        words[count++] = word;
    }
    int code = cli_main(&program, count, words);
    free(words[0]);
    return code;
}

void said_release(struct said *said)
{
    free(said->out);
    free(said->err);
    *said = (struct said){0};
}

int commands_run(const char *line, struct said *said)
{
    FILE *out = stdout, *errors = stderr;
    size_t size;
    said_release(said);
    stdout = open_memstream(&said->out, &size);
    stderr = open_memstream(&said->err, &size);
    int code = run_words(line);
    fclose(stdout);
    fclose(stderr);
    stdout = out;
    stderr = errors;
    return code;
}

/* ---- the world ---- */

static struct id add_visit(struct replica *replica)
{
    char text[ID_TEXT_BYTES], target[64];
    id_format(&person, text);
    snprintf(target, sizeof target, "person:%s", text);
    return world_add(replica, "visit", "target_ref", target, "kind", "home_visit", "at",
                     "2026-11-20T09:00", "situation", "示例情况", NULL);
}

static void attach_photo(struct replica *replica)
{
    static uint8_t content[3 * ATTACHMENT_LEAF_BYTES];
    struct attachment_file file = {bytes_text("照片.jpg"), bytes_text("image/jpeg"),
                                   bytes_of(content, sizeof content), bytes_of(content, 900)};
    world_attach(replica, &visit, &file);
}

/* A conflict, a possible duplicate, a deleted row, a merged one, and what a revoked device wrote
 * late. */
static void fill(void)
{
    struct replica *at_desk = world.clients[desk], *at_phone = world.clients[phone];
    size_t third = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    person = world_add(at_desk, "person", "name", "示例党员001", "phone", "13800000001", "kin",
                       "示例家属001", NULL);
    world_add(at_phone, "person", "name", "示例党员001", "phone", "13800000001", NULL);
    struct id gone = world_add(at_desk, "person", "name", "示例党员009", NULL);
    visit = add_visit(at_desk);
    attach_photo(at_desk);
    world_delete(at_desk, "person", &gone);
    for (size_t i = 0; i < 2 * world.clients_count; i++)
        assert_true(world_sync(&world, i % world.clients_count, 0, NULL));
    world_set(at_desk, "person", &person, "phone", "13800000002", NULL);
    world_set(at_phone, "person", &person, "phone", "13800000003", NULL);
    world_add(world.clients[third], "person", "name", "示例党员003", NULL);
    const struct registry *registry = replica_registry(world.hub.replica);
    uint32_t device = replica_identity(world.clients[third])->device;
    assert_int_equal(hub_revoke(&world.hub, registry_device(registry, device), UINT64_MAX, NULL),
                     STATUS_OK);
    for (size_t i = 0; i < 4; i++)
        assert_true(world_sync(&world, i % 2, 0, NULL));
    add_visit(at_desk);
}

int commands_set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(desk_path, sizeof desk_path, "%s/replica.db", folder);
    opened = desk_path;
    struct replica_options options = commands_file();
    world_start(&world);
    desk = world_join_in(&world, ROLE_SECRETARY, world.branches[0], &options);
    phone = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    fill();
    replica_close(world.clients[desk]);
    world.clients[desk] = NULL;
    setenv("JINQIU_LANG", "en", 1);
    return 0;
}

int commands_tear_down(void **state)
{
    char command[64];
    (void)state;
    world_end(&world);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}
