/* What --man prints: a manual page in mdoc(7), from the same tables as --help. */

#include <stdio.h>
#include <string.h>

#include "common/cli.h"

/* A word of mdoc: what could be a macro or an escape is made harmless. */
static void put(const char *text)
{
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '|')
            fputs("\\&|\\&", stdout);
        else if (strchr(".,:;()[]?!'", *text))
            printf("\\&%c", *text);
        else if (strncmp(text, "…", 3) == 0)
            fputs("\\&...", stdout), text += 2;
        else
            putchar(*text);
    }
}

static void put_line(const char *before, const char *text)
{
    fputs(before, stdout);
    put(text);
    putchar('\n');
}

static void put_flags(const struct cli_flag *flags)
{
    if (!flags || !flags->name)
        return;
    puts(".Bl -tag -width Ds -compact");
    for (; flags->name; flags++) {
        printf(".It Fl Fl ");
        put(flags->name + 2);
        if (flags->value) {
            printf(" Ar ");
            put(flags->value);
        }
        putchar('\n');
        put_line("", flags->help.en);
    }
    puts(".El");
}

static void put_command(const struct cli_program *program, const struct cli_command *command)
{
    printf(".It Xo\n.Cm %s\n", command->name);
    if (command->arguments && *command->arguments)
        put_line(".Ar ", command->arguments);
    puts(".Xc");
    put_line("", command->help.en);
    if (!command->run)
        puts("(Not there yet.)");
    put_flags(command->flags);
    if (command->example) {
        puts(".Pp\nExample:");
        printf(".Dl %s ", program->name);
        put(command->example);
        putchar('\n');
    }
}

static void put_exit_codes(void)
{
    static const char *const codes[] = {
        "Done.", "Refused or failed; one line on stderr says what and why.",
        "Wrong usage, or not there yet.", "The other side can't be reached; local data is fine.",
        "Done, and conflicts wait."};
    puts(".Sh EXIT STATUS\n.Bl -tag -width Ds -compact");
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        printf(".It %zu\n%s\n", i, codes[i]);
    puts(".El");
}

static void put_named(const char *macro, const struct cli_flag *things)
{
    for (; things && things->name; things++) {
        printf(".It %s %s\n", macro, things->name);
        put_line("", things->help.en);
    }
}

void cli_print_man(const struct cli_program *program)
{
    static const struct cli_flag variables[] = {
        {"JINQIU_DIR", NULL, {"The data folder, where none is named.", NULL}, false},
        {"JINQIU_LANG", NULL, {"Language of messages, before LC_ALL and LANG.", NULL}, false},
        {"JINQIU_PASSPHRASE", NULL, {"Unlocks an encrypted folder, in scripts.", NULL}, false},
        {0}};
    printf(".Dd November 21, 2026\n.Dt %s 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd ", program->title,
           program->name);
    put_line("", program->help.en);
    printf(".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar argument ...\n.Op Ar flag ...\n"
           ".Sh DESCRIPTION\n.Nm\n%s\n.Pp\nEvery command knows these flags:\n",
           program->description);
    put_flags(cli_common_flags);
    put_flags(program->flags);
    puts(".Sh COMMANDS\n.Bl -tag -width Ds");
    for (const struct cli_command *const *table = program->commands; *table; table++)
        for (const struct cli_command *command = *table; command->name; command++)
            put_command(program, command);
    puts(".El");
    puts(".Sh ENVIRONMENT\n.Bl -tag -width Ds -compact");
    put_named("Ev", variables);
    put_named("Ev", program->variables);
    puts(".El\n.Sh FILES\n.Bl -tag -width Ds -compact");
    put_named("Pa", program->files);
    puts(".El");
    put_exit_codes();
    printf(".Sh SEE ALSO\n.Xr %s 1\n", strcmp(program->name, "jinqiu") ? "jinqiu" : "jinqiud");
}
