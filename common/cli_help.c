/* What --help prints: all of it follows from the tables of commands. */

#include <stdio.h>
#include <string.h>

#include "common/cli.h"

/* clang-format off */
const struct cli_flag cli_common_flags[] = {
    {"--dir", "DIR", {"the data folder (else JINQIU_DIR)", "数据目录（也可用环境变量 JINQIU_DIR）"}, false},
    {"--json", NULL, {"print one JSON document", "输出一个 JSON 文档"}, false},
    {"--csv", NULL, {"print lists as CSV", "以 CSV 输出列表"}, false},
    {"--lang", "zh|en", {"language of messages and tables", "提示与表格的语言"}, false},
    {"--help", NULL, {"this help, also behind a command", "显示帮助，也可写在命令之后"}, false},
    {"--version", NULL, {"print the version", "显示版本"}, false},
    {"--man", NULL, {"print the manual page, for man(1)", "输出手册页，供 man(1) 使用"}, false},
    {0}};

static const struct cli_text usage_word = {"usage", "用法"};
static const struct cli_text commands_word = {"commands", "命令"};
static const struct cli_text flags_word = {"flags", "选项"};
static const struct cli_text common_word = {"flags of every command", "通用选项"};
static const struct cli_text example_word = {"example", "示例"};
static const struct cli_text exit_word = {"exit codes", "退出码"};
static const struct cli_text exit_lines = {
    "  0  done\n"
    "  1  refused or failed; one line on stderr says what and why\n"
    "  2  wrong usage\n"
    "  3  the other side can't be reached; local data is fine\n"
    "  4  done, and conflicts wait\n",
    "  0  完成\n"
    "  1  被拒绝或失败，标准错误输出一行说明原因\n"
    "  2  用法错误\n"
    "  3  无法连接对方，本地数据完好\n"
    "  4  完成，但有冲突待处理\n"};
static const struct cli_text missing_word = {"not there yet", "尚未提供"};
/* clang-format on */

static void print_heading(const struct cli_text *text)
{
    printf("\n%s:\n", cli_text(text));
}

static void print_flags(const struct cli_flag *flags)
{
    for (; flags && flags->name; flags++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s%s%s", flags->name, flags->value ? " " : "",
                 flags->value ? flags->value : "", flags->repeated ? "…" : "");
        printf("  %-26s %s\n", left, cli_text(&flags->help));
    }
}

static void print_commands(const struct cli_program *program)
{
    for (const struct cli_command *const *table = program->commands; *table; table++)
        for (const struct cli_command *command = *table; command->name; command++)
            printf("  %-16s %s%s%s%s\n", command->name, cli_text(&command->help),
                   command->run ? "" : " (", command->run ? "" : cli_text(&missing_word),
                   command->run ? "" : ")");
}

static void print_program(const struct cli_program *program)
{
    printf("%s: %s\n\n", program->name, cli_text(&program->help));
    printf("%s: %s COMMAND [ARGUMENTS] [FLAGS]\n", cli_text(&usage_word), program->name);
    print_heading(&commands_word);
    print_commands(program);
}

static void print_command(const struct cli_program *program, const struct cli_command *command)
{
    bool has_flags = command->flags && command->flags->name;
    printf("%s %s: %s%s%s%s\n\n", program->name, command->name, cli_text(&command->help),
           command->run ? "" : " (", command->run ? "" : cli_text(&missing_word),
           command->run ? "" : ")");
    printf("%s: %s %s%s%s%s\n", cli_text(&usage_word), program->name, command->name,
           command->arguments && *command->arguments ? " " : "",
           command->arguments ? command->arguments : "", has_flags ? " [FLAGS]" : "");
    if (has_flags) {
        print_heading(&flags_word);
        print_flags(command->flags);
    }
    if (command->example) {
        print_heading(&example_word);
        printf("  %s %s\n", program->name, command->example);
    }
}

void cli_print_help(const struct cli_program *program, const struct cli_command *command)
{
    if (command)
        print_command(program, command);
    else
        print_program(program);
    print_heading(&common_word);
    print_flags(cli_common_flags);
    print_flags(program->flags);
    print_heading(&exit_word);
    fputs(cli_text(&exit_lines), stdout);
}
