/* transfer offer, accept, return, list: the letters by which a row goes to another org. */

#include "client/command.h"
#include "client/command_write.h"
#include "client/letter.h"
#include "common/reading_print.h"

/* ---- offering ---- */

static enum status build_offer(struct cli *cli, struct edit *edit, struct error *err)
{
    const char *row = cli->arguments[0], *to = cli_value(cli, "--to");
    if (!to)
        return error_set(err, STATUS_USAGE, "'%s' is missing", "--to");
    TRY(letter_begin(edit, edit->replica, row, err));
    TRY(command_take_assignments(cli, edit, 1, err));
    return letter_offer(edit, row, to, err);
}

static int command_offer(struct cli *cli)
{
    return command_write_row(cli, build_offer, true);
}

/* ---- answering ---- */

static enum status build_answer(struct cli *cli, struct edit *edit, bool accept, struct error *err)
{
    TRY(letter_begin_answer(edit, edit->replica, cli->arguments[0], err));
    TRY(command_take_assignments(cli, edit, 1, err));
    return letter_answer(edit, accept, err);
}

static enum status build_accept(struct cli *cli, struct edit *edit, struct error *err)
{
    return build_answer(cli, edit, true, err);
}

static enum status build_return(struct cli *cli, struct edit *edit, struct error *err)
{
    return build_answer(cli, edit, false, err);
}

static int command_accept(struct cli *cli)
{
    return command_write_row(cli, build_accept, false);
}

static int command_return(struct cli *cli)
{
    return command_write_row(cli, build_return, false);
}

/* ---- listing ---- */

static enum status step_letters(struct cli *cli, struct replica *replica, int *code,
                                struct error *err)
{
    static const struct reading_column columns[] = {
        {"id", {"letter", "编号"}},   {"name", {"who", "姓名"}},         {"to", {"to", "转往"}},
        {"state", {"state", "状态"}}, {"_moved", {"lies with", "现在"}}, {0}};
    json_t *list;
    (void)code;
    TRY(view_letters(replica, &list, err));
    return reading_list(cli, list, columns, err);
}

static int command_letters(struct cli *cli)
{
    return reading_run(cli, step_letters);
}

static const struct cli_flag offer_flags[] = {
    {"--to",
     "ORG",
     {"where it is to go: an org's id, or a name that is known here",
      "转往的组织：编号，或本机已知的名称"},
     false},
    {0}};

const struct cli_command transfer_commands[] = {
    {"transfer offer",
     "ID [FIELD=VALUE…]",
     {"write the letter that sends a member to another org, and print its id",
      "开出组织关系转接：写下转接单并输出其编号"},
     offer_flags,
     "transfer offer 0190b6f2a1c47d2e8f00112233445566 --to 示例支部2 letter_no=12",
     1,
     -1,
     command_offer},
    {"transfer accept",
     "LETTER [FIELD=VALUE…]",
     {"take the member in: the record moves here with the next sync",
      "接收转来的党员：同步后档案转入本组织"},
     NULL,
     "transfer accept 0190b6f2a1c47d2e8f00112233445566",
     1,
     -1,
     command_accept},
    {"transfer return",
     "LETTER [FIELD=VALUE…]",
     {"send the letter back", "退回转接单"},
     NULL,
     "transfer return 0190b6f2a1c47d2e8f00112233445566 note=材料不全",
     1,
     -1,
     command_return},
    {"transfer list",
     "",
     {"letters that came, lie here or were sent", "收到、在手和已转出的转接单"},
     NULL,
     "transfer list --json",
     0,
     0,
     command_letters},
    {0}};
