#include "server/command_erase.h"

#include <stdio.h>

#include "common/reading_print.h"
#include "server/erase.h"
#include "server/hub_folder.h"

static int command_erase(struct cli *cli)
{
    static const struct cli_range years = {0, 9999};
    struct hub hub = {0};
    struct error err = {0};
    struct id id;
    int64_t year = 0;
    enum status status = cli_number(cli, "--year", years, &year, &err);
    if (status == STATUS_OK && !id_parse(cli->arguments[1], &id))
        status = error_set(&err, STATUS_BAD_INPUT, "'%s' is not an id", cli->arguments[1]);
    if (status == STATUS_OK)
        status = hub_folder_begin(cli, &hub, &err);
    if (status == STATUS_OK)
        status = hub_erase(&hub, cli->arguments[0], &id, (uint32_t)year, &err);
    return hub_folder_end(cli, &hub, status, &err);
}

/* The people whose devices haven't answered, in one cell. */
static void name_waiting(json_t *list)
{
    size_t i, k;
    json_t *item, *device;
    json_array_foreach(list, i, item)
    {
        char names[512] = "";
        size_t used = 0;
        json_array_foreach(json_object_get(item, "waiting"), k, device)
        {
            int more = snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                                json_string_value(json_object_get(device, "person")));
            used += more > 0 && (size_t)more < sizeof names - used ? (size_t)more : 0;
        }
        json_object_set_new(item, "waiting", json_string(names));
    }
}

static enum status print_erasures(struct cli *cli, struct hub *hub, struct error *err)
{
    static const struct reading_column columns[] = {{"time", {"time", "时间"}},
                                                    {"subject", {"of", "对象"}},
                                                    {"year", {"year", "年度"}},
                                                    {"waiting", {"not answered yet", "尚未回执"}},
                                                    {0}};
    json_t *list;
    TRY(hub_erasures(hub, &list, err));
    if (!cli->json)
        name_waiting(list);
    return reading_list(cli, list, columns, err);
}

static int command_erasures(struct cli *cli)
{
    return hub_folder_run(cli, print_erasures);
}

static const struct cli_flag erase_flags[] = {
    {"--year", "N", {"only what was written in that year", "只擦除该年度所写"}, false}, {0}};

const struct cli_command erase_commands[] = {
    {"erase",
     "TABLE ID",
     {"destroy the keys of what is sealed about a person", "销毁某人密封内容的密钥（擦除）"},
     erase_flags,
     "erase person 0190b6f2a1c47d2e8f00112233445566",
     2,
     2,
     command_erase},
    {"erasures",
     "",
     {"what was erased, and whose devices haven't answered", "擦除记录，以及哪些设备尚未回执"},
     NULL,
     "erasures --json",
     0,
     0,
     command_erasures},
    {0}};
