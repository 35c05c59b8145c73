/* transfer offer, accept, return, list: the letters by which a row goes to another org. They are
 * ordinary rows; here the fields that the schema names in `moves` are filled in. */

#include <stdlib.h>
#include <string.h>

#include "client/command.h"
#include "client/command_write.h"
#include "common/reading_print.h"
#include "common/view.h"

static const char *code_of(const struct schema_table *table, size_t place)
{
    return table_field(table, table->moves.state)->codes[place].code;
}

/* ---- offering ---- */

/* The table of letters for the row `id`, which must be here. */
static enum status find_letters(struct replica *replica, const char *id,
                                const struct schema_table **letters, struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    for (size_t i = 0; schema && i < schema->tables_count; i++) {
        const struct schema_table *table = &schema->tables[i];
        json_t *row = NULL;
        if (!table->moves.row)
            continue;
        uint32_t number = table_field(table, table->moves.row)->ref_tables[0];
        if (view_row(replica, schema_table(schema, number)->name, id, &row, NULL) != STATUS_OK)
            continue;
        bool here = !json_object_get(row, "_deleted");
        json_decref(row);
        if (!here)
            break;
        *letters = table;
        return STATUS_OK;
    }
    return error_set(err, STATUS_NOT_FOUND, "there is no row '%s' that can be transferred", id);
}

static enum status fill_in(struct edit *edit, uint16_t number, const char *text, struct error *err)
{
    if (!text || edit_has(edit, number))
        return STATUS_OK;
    return edit_text(edit, table_field(edit->table, number), EDIT_ASSIGN, text, err);
}

/* The id of an org that the registry here knows by this name; any other id as it was typed: a
 * branch doesn't know those beside it. */
static enum status fill_in_target(struct edit *edit, const char *to, struct error *err)
{
    const struct org *org;
    char text[ID_TEXT_BYTES];
    struct id id;
    if (view_org(edit->replica, to, &org, err) == STATUS_OK)
        id = org->id;
    else if (!id_parse(to, &id))
        return err->status;
    id_format(&id, text);
    return fill_in(edit, edit->table->moves.to, text, err);
}

static enum status fill_in_name(struct edit *edit, const char *id, struct error *err)
{
    const struct schema_moves *moves = &edit->table->moves;
    char *title = NULL;
    TRY(view_title(edit->replica, table_field(edit->table, moves->row), id, &title, err));
    enum status status = fill_in(edit, moves->name, title, err);
    free(title);
    return status;
}

static enum status fill_in_kind(struct edit *edit, struct error *err)
{
    const struct schema_field *when = table_field(edit->table, edit->table->moves.when);
    for (size_t i = 0; i < when->codes_count && i < 64; i++)
        if (edit->table->moves.when_codes >> i & 1)
            return fill_in(edit, when->number, when->codes[i].code, err);
    return STATUS_OK;
}

/* A day in the key is that of the letter: another one, another time, is another row. */
static enum status fill_in_day(struct edit *edit, struct error *err)
{
    char today[32];
    time_format(clock_wall_ms(replica_clock(edit->replica)), today);
    today[10] = '\0';
    for (size_t i = 0; i < edit->table->key_fields_count; i++) {
        uint16_t number = edit->table->key_fields[i];
        if (table_field(edit->table, number)->type == FIELD_DATE)
            return fill_in(edit, number, today, err);
    }
    return STATUS_OK;
}

static enum status build_offer(struct cli *cli, struct edit *edit, struct error *err)
{
    const struct schema_table *letters = NULL;
    const char *row = cli->arguments[0], *to = cli_value(cli, "--to");
    if (!to)
        return error_set(err, STATUS_USAGE, "'%s' is missing", "--to");
    TRY(find_letters(edit->replica, row, &letters, err));
    TRY(edit_start(edit, edit->replica, CHANGE_ADD, letters->name, err));
    TRY(command_take_assignments(cli, edit, 1, err));
    TRY(fill_in(edit, letters->moves.row, row, err));
    TRY(fill_in_target(edit, to, err));
    TRY(fill_in_name(edit, row, err));
    TRY(fill_in_kind(edit, err));
    TRY(fill_in_day(edit, err));
    return fill_in(edit, letters->moves.state, code_of(letters, letters->moves.offered), err);
}

static int command_offer(struct cli *cli)
{
    return command_write_row(cli, build_offer, true);
}

/* ---- answering ---- */

static enum status build_answer(struct cli *cli, struct edit *edit, bool accept, struct error *err)
{
    const struct schema *schema = replica_schema(edit->replica);
    const char *id = cli->arguments[0];
    for (size_t i = 0; schema && i < schema->tables_count; i++) {
        const struct schema_table *table = &schema->tables[i];
        const struct schema_moves *moves = &table->moves;
        json_t *row = NULL;
        if (!moves->row || view_row(edit->replica, table->name, id, &row, NULL) != STATUS_OK)
            continue;
        json_decref(row);
        TRY(edit_start(edit, edit->replica, CHANGE_SET, table->name, err));
        TRY(edit_row(edit, id, err));
        TRY(command_take_assignments(cli, edit, 1, err));
        return fill_in(edit, moves->state,
                       code_of(table, accept ? moves->accepted : moves->returned), err);
    }
    return error_set(err, STATUS_NOT_FOUND, "there is no letter '%s'", id);
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
