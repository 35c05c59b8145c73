#include "common/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/keys.h"
#include "common/messages.h"
#include "common/process.h"
#include "common/vault.h"

#define ARGUMENTS_MAX 65536
#define SIZE_NUMBER_MAX 1000000000000ull

const char *cli_text(const struct cli_text *text)
{
    return language_get() == LANGUAGE_ZH && text->zh ? text->zh : text->en;
}

/* ---- parsing ---- */

struct parser {
    struct cli *cli;
    struct cli_request *request;
    int argc;
    char **argv;
    int at;
    const char *first_word; /* of a command of two words */
    bool flags_ended;
};

static const struct cli_flag *find_flag(const struct cli_flag *flags, const char *name, size_t size)
{
    for (; flags && flags->name; flags++)
        if (strlen(flags->name) == size && memcmp(flags->name, name, size) == 0)
            return flags;
    return NULL;
}

static enum status keep_value(struct parser *parser, const struct cli_flag *flag, const char *value,
                              struct error *err)
{
    struct cli *cli = parser->cli;
    if (strcmp(flag->name, "--help") == 0)
        parser->request->help = true;
    else if (strcmp(flag->name, "--version") == 0)
        parser->request->version = true;
    else if (strcmp(flag->name, "--man") == 0)
        parser->request->man = true;
    else if (strcmp(flag->name, "--lang") == 0)
        parser->request->language = value;
    else if (strcmp(flag->name, "--dir") == 0)
        cli->directory = value;
    else if (strcmp(flag->name, "--json") == 0)
        cli->json = true;
    else if (strcmp(flag->name, "--csv") == 0)
        cli->csv = true;
    else if (!flag->repeated && cli_has(cli, flag->name))
        return error_set(err, STATUS_USAGE, "flag '%s' is given twice", flag->name);
    else
        cli->values[cli->values_count++] = (struct cli_value){flag, value};
    return STATUS_OK;
}

static enum status take_flag(struct parser *parser, const char *text, struct error *err)
{
    const char *equals = strchr(text, '=');
    size_t size = equals ? (size_t)(equals - text) : strlen(text);
    const struct cli_command *command = parser->cli->command;
    const struct cli_flag *flag = find_flag(cli_common_flags, text, size);
    if (!flag)
        flag = find_flag(parser->cli->program->flags, text, size);
    if (!flag && command)
        flag = find_flag(command->flags, text, size);
    if (!flag && command && !command->run)
        return error_set(err, STATUS_UNSUPPORTED, "'%s' is not there yet", command->name);
    if (!flag)
        return error_set(err, STATUS_USAGE, "unknown flag '%.*s'", (int)size, text);
    if (!flag->value)
        return equals ? error_set(err, STATUS_USAGE, "flag '%s' takes no value", flag->name)
                      : keep_value(parser, flag, "", err);
    if (equals)
        return keep_value(parser, flag, equals + 1, err);
    if (parser->at + 1 >= parser->argc)
        return error_set(err, STATUS_USAGE, "flag '%s' needs a value", flag->name);
    return keep_value(parser, flag, parser->argv[++parser->at], err);
}

/* Finds "word", or "first word" for commands of two words; *part: `word` may begin one. */
static const struct cli_command *find_command(const struct cli_program *program, const char *first,
                                              const char *word, bool *part)
{
    size_t size = strlen(word);
    *part = false;
    for (const struct cli_command *const *table = program->commands; *table; table++) {
        for (const struct cli_command *command = *table; command->name; command++) {
            const char *space = strchr(command->name, ' ');
            const char *last = space ? space + 1 : command->name;
            size_t first_size = space ? (size_t)(space - command->name) : 0;
            if (!first && space && first_size == size && memcmp(command->name, word, size) == 0)
                *part = true;
            bool same_first = first ? space && strlen(first) == first_size &&
                                          memcmp(command->name, first, first_size) == 0
                                    : !space;
            if (same_first && strcmp(last, word) == 0)
                return command;
        }
    }
    return NULL;
}

static enum status take_word(struct parser *parser, const char *word, struct error *err)
{
    struct cli *cli = parser->cli;
    bool part;
    const struct cli_command *longer =
        cli->command && cli->arguments_count == 0
            ? find_command(cli->program, cli->command->name, word, &part)
            : NULL;
    if (longer) { /* "schema", and "schema apply" */
        cli->command = longer;
        return STATUS_OK;
    }
    if (cli->command) {
        cli->arguments[cli->arguments_count++] = word;
        return STATUS_OK;
    }
    cli->command = find_command(cli->program, parser->first_word, word, &part);
    if (cli->command)
        return STATUS_OK;
    if (parser->first_word)
        return error_set(err, STATUS_USAGE, "unknown command '%s %s'", parser->first_word, word);
    if (!part)
        return error_set(err, STATUS_USAGE, "unknown command '%s'", word);
    parser->first_word = word;
    return STATUS_OK;
}

static enum status check_arguments(const struct parser *parser, struct error *err)
{
    const struct cli *cli = parser->cli;
    const struct cli_command *command = cli->command;
    if (parser->request->help || parser->request->version || parser->request->man)
        return STATUS_OK;
    if (!command)
        return parser->first_word
                   ? error_set(err, STATUS_USAGE, "unknown command '%s'", parser->first_word)
                   : error_set(err, STATUS_USAGE, "no command was given, see --help");
    if (!command->run)
        return error_set(err, STATUS_UNSUPPORTED, "'%s' is not there yet", command->name);
    if (cli->arguments_count < (size_t)command->arguments_min)
        return error_set(err, STATUS_USAGE, "too few arguments: %s %s", command->name,
                         command->arguments);
    if (command->arguments_max >= 0 && cli->arguments_count > (size_t)command->arguments_max)
        return error_set(err, STATUS_USAGE, "unexpected argument '%s'",
                         cli->arguments[command->arguments_max]);
    return STATUS_OK;
}

enum status cli_parse(struct cli *cli, const struct cli_program *program, int argc, char **argv,
                      struct cli_request *request, struct error *err)
{
    struct parser parser = {.cli = cli, .request = request, .argc = argc, .argv = argv};
    *cli = (struct cli){.program = program, .directory = getenv("JINQIU_DIR")};
    *request = (struct cli_request){0};
    if (argc < 0 || argc > ARGUMENTS_MAX)
        return error_set(err, STATUS_USAGE, "too many arguments");
    cli->arguments = calloc((size_t)argc + 1, sizeof *cli->arguments);
    cli->values = calloc((size_t)argc + 1, sizeof *cli->values);
    if (!cli->arguments || !cli->values)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (parser.at = 1; parser.at < argc; parser.at++) {
        const char *text = argv[parser.at];
        if (!parser.flags_ended && strcmp(text, "--") == 0)
            parser.flags_ended = true;
        else if (!parser.flags_ended && strcmp(text, "-h") == 0)
            request->help = true;
        else if (!parser.flags_ended && text[0] == '-' && text[1] != '\0')
            TRY(take_flag(&parser, text, err));
        else
            TRY(take_word(&parser, text, err));
    }
    return check_arguments(&parser, err);
}

void cli_release(struct cli *cli)
{
    free(cli->arguments);
    free(cli->values);
    *cli = (struct cli){0};
}

/* ---- what commands ask ---- */

const char *cli_value_at(const struct cli *cli, const char *flag, size_t index)
{
    for (size_t i = 0; i < cli->values_count; i++)
        if (strcmp(cli->values[i].flag->name, flag) == 0 && index-- == 0)
            return cli->values[i].value;
    return NULL;
}

const char *cli_value(const struct cli *cli, const char *flag)
{
    return cli_value_at(cli, flag, 0);
}

bool cli_has(const struct cli *cli, const char *flag)
{
    return cli_value_at(cli, flag, 0) != NULL;
}

enum status cli_number(const struct cli *cli, const char *flag, struct cli_range range,
                       int64_t *number, struct error *err)
{
    const char *text = cli_value(cli, flag);
    char *end;
    if (!text)
        return STATUS_OK;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < range.min || value > range.max)
        return error_set(err, STATUS_USAGE, "flag '%s': '%s' is not a number from %lld to %lld",
                         flag, text, (long long)range.min, (long long)range.max);
    *number = value;
    return STATUS_OK;
}

static bool parse_size(const char *text, uint64_t *bytes)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"", 1}, {"B", 1}, {"KB", 1000}, {"K", 1000}, {"MB", 1000000}, {"M", 1000000}};
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || number > SIZE_NUMBER_MAX)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcasecmp(end, units[i].name) == 0) {
            *bytes = number * units[i].bytes;
            return true;
        }
    return false;
}

enum status cli_size(const struct cli *cli, const char *flag, uint64_t *bytes, struct error *err)
{
    const char *text = cli_value(cli, flag);
    if (!text || parse_size(text, bytes))
        return STATUS_OK;
    return error_set(err, STATUS_USAGE, "'%s' is not a size, such as 200KB", text);
}

enum status cli_path(const struct cli *cli, const char *name, char *path, struct error *err)
{
    if (!cli->directory || !*cli->directory)
        return error_set(err, STATUS_USAGE,
                         "no data folder was named: give --dir DIR or set JINQIU_DIR");
    int size = snprintf(path, CLI_PATH_MAX, "%s/%s", cli->directory, name);
    if (size < 0 || size >= CLI_PATH_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the path '%.100s' is too long", cli->directory);
    return STATUS_OK;
}

/* ---- what commands say ---- */

int cli_exit_code(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return CLI_DONE;
    case STATUS_USAGE:
    case STATUS_UNSUPPORTED:
        return CLI_USAGE;
    case STATUS_UNREACHABLE:
        return CLI_UNREACHABLE;
    default:
        return CLI_FAILED;
    }
}

/* A sentence may quote what somebody typed: it stays one line and moves no cursor. */
static void print_line(const char *program, char *text)
{
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
    fprintf(stderr, "%s: %s\n", program, text);
}

int cli_fail(const struct cli *cli, const struct error *err)
{
    char text[ERROR_TEXT_MAX];
    snprintf(text, sizeof text, "%s", err->text[0] ? err->text : tr("out of memory"));
    print_line(cli->program->name, text);
    return err->status == STATUS_OK ? CLI_FAILED : cli_exit_code(err->status);
}

void cli_say(const struct cli *cli, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, tr(format), arguments);
    va_end(arguments);
    print_line(cli->program->name, text);
}

int cli_print_json(const struct cli *cli, json_t *json)
{
    struct error err = {0};
    enum status status = json_whole(cli->shortages, &err);
    if (!json || (status == STATUS_OK &&
                  json_dumpf(json, stdout, JSON_COMPACT | JSON_ENCODE_ANY) != 0 && !ferror(stdout)))
        status = error_set(&err, STATUS_NO_MEMORY, "out of memory");
    json_decref(json);
    if (status != STATUS_OK)
        return cli_fail(cli, &err);
    putchar('\n');
    return CLI_DONE;
}

int cli_finish(const struct cli *cli, int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    cli_say(cli, "cannot write the output: %s", strerror(errno));
    return code == CLI_DONE || code == CLI_CONFLICTS ? CLI_FAILED : code;
}

/* ---- the whole call ---- */

static const char *environment_language(void)
{
    static const char *const names[] = {"JINQIU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return value;
    }
    return NULL;
}

/* The language must be known before anything is said, also about what stands before --lang. */
static void choose_language(int argc, char **argv)
{
    const char *name = environment_language();
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--lang=", 7) == 0)
            name = argv[i] + 7;
        else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc)
            name = argv[i + 1];
    }
    language_set(language_from_name(name));
}

static int run(struct cli *cli, struct vault **vault, int argc, char **argv)
{
    struct error err = {0};
    struct cli_request request;
    const struct cli_program *program = cli->program;
    enum status status = cli_parse(cli, program, argc, argv, &request, &err);
    cli->vault = vault;
    cli->shortages = json_shortages();
    if (status != STATUS_OK && request.help)
        status = STATUS_OK;
    if (status == STATUS_OK && request.help)
        cli_print_help(program, cli->command);
    else if (status == STATUS_OK && request.version)
        printf("%s %s\n", program->name, JINQIU_VERSION);
    else if (status == STATUS_OK && request.man)
        cli_print_man(program);
    else if (status == STATUS_OK)
        status = keys_init(&err);
    if (status != STATUS_OK)
        return cli_fail(cli, &err);
    bool told = request.help || request.version || request.man;
    int code = told ? CLI_DONE : cli->command->run(cli);
    bool good = code == CLI_DONE || code == CLI_CONFLICTS;
    return good && json_whole(cli->shortages, &err) != STATUS_OK ? cli_fail(cli, &err) : code;
}

int cli_main(const struct cli_program *program, int argc, char **argv)
{
    struct cli cli = {.program = program};
    struct vault *vault = NULL;
    process_protect();
    choose_language(argc, argv);
    int code = cli_finish(&cli, run(&cli, &vault, argc, argv));
    cli_release(&cli);
    vault_free(vault);
    return code;
}
