/* jinqiud: the hub's commands. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/asking.h"
#include "common/attaching.h"
#include "common/cli.h"
#include "common/messages.h"
#include "common/qr.h"
#include "common/reading.h"
#include "common/reporting.h"
#include "common/unlock.h"
#include "common/updating.h"
#include "common/view.h"
#include "common/watching.h"
#include "paper/printing.h"
#include "protocol/carry.h"
#include "server/backup.h"
#include "server/command_account.h"
#include "server/command_demo.h"
#include "server/command_erase.h"
#include "server/command_escrow.h"
#include "server/command_lapse.h"
#include "server/command_late.h"
#include "server/command_quota.h"
#include "server/command_root.h"
#include "server/command_run.h"
#include "server/command_schema.h"
#include "server/command_status.h"
#include "server/device_list.h"
#include "server/hub.h"
#include "server/hub_folder.h"
#include "server/invite.h"
#include "server/renew.h"
#include "server/revoke.h"

static void print_id(const struct id *id)
{
    char text[ID_TEXT_BYTES];
    id_format(id, text);
    printf("%s\n", text);
}

static int command_init(struct cli *cli)
{
    struct hub hub = {0};
    struct error err = {0};
    struct hub_options options;
    static const struct cli_range range = {1, ROOT_KEYS_MAX};
    int64_t keys = 0, threshold = 0;
    const char *name = cli_value(cli, "--name");
    enum status status = name ? hub_folder_options(cli, &options, &err)
                              : error_set(&err, STATUS_USAGE, "'%s' is needed", "--name");
    if (status == STATUS_OK)
        status = cli_number(cli, "--root-keys", range, &keys, &err);
    if (status == STATUS_OK)
        status = cli_number(cli, "--root-threshold", range, &threshold, &err);
    options.root_keys = (uint32_t)keys;
    options.root_threshold = (uint32_t)threshold;
    if (status == STATUS_OK)
        status = hub_folder_make_keys(cli, &options, &err);
    if (status == STATUS_OK)
        status = hub_create(&hub, &options, name, &err);
    if (*cli->vault)
        vault_let_go(*cli->vault);
    if (status == STATUS_OK)
        print_id(&registry_org(replica_registry(hub.replica), ORG_ROOT)->id);
    return hub_folder_end(cli, &hub, status, &err);
}

/* ---- orgs ---- */

/* The org that an id names; without one, the root. */
/* By id or name; the root when nothing is said. */
static enum status find_org(const struct hub *hub, const char *text, const struct org **org,
                            struct error *err)
{
    if (text)
        return view_org(hub->replica, text, org, err);
    *org = registry_org(replica_registry(hub->replica), ORG_ROOT);
    return STATUS_OK;
}

static int command_org_add(struct cli *cli)
{
    struct hub hub = {0};
    struct error err = {0};
    struct id id;
    const struct org *parent = NULL;
    const char *name = cli_value(cli, "--name"), *kind = cli_value(cli, "--kind");
    enum status status = STATUS_OK;
    if (!name || !kind)
        status = error_set(&err, STATUS_USAGE, "'%s' is needed", name ? "--kind" : "--name");
    if (status == STATUS_OK)
        status = hub_folder_begin(cli, &hub, &err);
    if (status == STATUS_OK)
        status = find_org(&hub, cli_value(cli, "--parent"), &parent, &err);
    if (status == STATUS_OK)
        status = hub_add_org(&hub, parent->number, kind, name, &id, &err);
    if (status == STATUS_OK)
        print_id(&id);
    return hub_folder_end(cli, &hub, status, &err);
}

static json_t *org_json(const struct registry *registry, const struct org *org)
{
    char id[ID_TEXT_BYTES], parent[ID_TEXT_BYTES];
    const struct org *above = org->parent ? registry_org(registry, org->parent) : NULL;
    id_format(&org->id, id);
    if (above)
        id_format(&above->id, parent);
    return json_pack("{s:s, s:s, s:s, s:s?}", "id", id, "name", org->name, "kind", org->kind,
                     "parent", above ? parent : NULL);
}

static int command_org_list(struct cli *cli)
{
    struct replica *replica = NULL;
    struct error err = {0};
    if (hub_folder_open(cli, true, &replica, &err) != STATUS_OK)
        return cli_fail(cli, &err);
    const struct registry *registry = replica_registry(replica);
    json_t *list = json_array();
    for (size_t i = 0; i < registry_orgs_count(registry); i++) {
        const struct org *org = registry_org_at(registry, i);
        json_t *json = org_json(registry, org);
        if (!cli->json)
            printf("%s  %-10s %s\n", json_string_value(json_object_get(json, "id")), org->kind,
                   org->name);
        json_array_append_new(list, json);
    }
    int code = cli->json ? cli_print_json(cli, list) : CLI_DONE;
    if (!cli->json)
        json_decref(list);
    replica_close(replica);
    return code;
}

static int command_invite(struct cli *cli)
{
    struct hub hub = {0};
    struct error err = {0};
    char text[INVITATION_TEXT_MAX];
    const struct org *org = NULL;
    const char *role = cli_value(cli, "--role"), *expires = cli_value(cli, "--expires");
    const char *address = cli_value(cli, "--address");
    struct invite_options options = {.code.person = cli_value(cli, "--person"),
                                     .address = address ? address : RUN_ADDRESS};
    enum status status = STATUS_OK;
    if (!role || !options.code.person || !cli_value(cli, "--org"))
        status = error_set(&err, STATUS_USAGE, "'%s' is needed", "--org, --role, --person");
    else if (!role_parse(role, &options.code.role) || options.code.role == ROLE_HUB)
        status = error_set(&err, STATUS_USAGE, "'%s' is not a role", role);
    if (status == STATUS_OK)
        status = lifetime_parse(expires ? expires : "7d", &options.code.lifetime_ms, &err);
    if (status == STATUS_OK)
        status = hub_folder_begin(cli, &hub, &err);
    if (status == STATUS_OK)
        status = find_org(&hub, cli_value(cli, "--org"), &org, &err);
    if (status == STATUS_OK) {
        options.code.org = org->number;
        status = invite_create(&hub, &options, text, &err);
    }
    if (status == STATUS_OK)
        printf("%s\n", text);
    if (status == STATUS_OK && cli_has(cli, "--qr"))
        status = qr_print(text, stdout, &err);
    return hub_folder_end(cli, &hub, status, &err);
}

/* ---- devices and status ---- */

static int command_device_list(struct cli *cli)
{
    struct replica *replica = NULL;
    struct error err = {0};
    size_t i;
    json_t *device;
    if (hub_folder_open(cli, true, &replica, &err) != STATUS_OK)
        return cli_fail(cli, &err);
    json_t *list;
    enum status status = device_list(replica, &list, &err);
    replica_close(replica);
    if (status != STATUS_OK) {
        json_decref(list);
        return cli_fail(cli, &err);
    }
    if (cli->json)
        return cli_print_json(cli, list);
    json_array_foreach(list, i, device)
        printf("%s  %-10s %-8s %s\n", json_string_value(json_object_get(device, "id")),
               json_string_value(json_object_get(device, "role")),
               json_string_value(json_object_get(device, "state")),
               json_string_value(json_object_get(device, "person")));
    json_decref(list);
    return CLI_DONE;
}

static int command_backup(struct cli *cli)
{
    struct error err = {0};
    struct hub_options options;
    enum status status = hub_folder_unlock(cli, &options, &err);
    if (status == STATUS_OK)
        status = hub_backup(&options, cli->arguments[0], &err);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}

static enum status unlock_backup(void *context, struct vault *vault, struct error *err)
{
    return unlock_vault(context, vault, err);
}

static int command_restore(struct cli *cli)
{
    struct error err = {0};
    struct hub_options options;
    struct backup_unlocker unlocker = {unlock_backup, cli};
    bool with_keys = false;
    enum status status = hub_folder_options(cli, &options, &err);
    if (status == STATUS_OK)
        status = hub_restore(&options, cli->arguments[0], &unlocker, &with_keys, &err);
    if (status == STATUS_OK && !with_keys) {
        fprintf(stderr, tr("sealed texts stay closed: '%s.keys' is not there"), cli->arguments[0]);
        fputc('\n', stderr);
    }
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}

static enum status find_device(const struct hub *hub, const char *text,
                               const struct device **device, struct error *err)
{
    struct id id;
    *device =
        id_parse(text, &id) ? registry_device_by_id(replica_registry(hub->replica), &id) : NULL;
    return *device ? STATUS_OK : error_set(err, STATUS_NOT_FOUND, "there is no device '%s'", text);
}

static int command_revoke(struct cli *cli)
{
    struct hub hub = {0};
    struct error err = {0};
    int64_t last_good = INT64_MAX;
    const struct device *device = NULL;
    enum status status =
        cli_number(cli, "--last-good", (struct cli_range){0, INT64_MAX}, &last_good, &err);
    if (status == STATUS_OK)
        status = hub_folder_begin(cli, &hub, &err);
    if (status == STATUS_OK)
        status = find_device(&hub, cli->arguments[0], &device, &err);
    if (status == STATUS_OK)
        status = hub_revoke(&hub, device, (uint64_t)last_good, &err);
    return hub_folder_end(cli, &hub, status, &err);
}

static int command_device_change(struct cli *cli)
{
    struct hub hub = {0};
    struct error err = {0};
    struct renewal renewal = {0};
    const struct device *device = NULL;
    const struct org *org = NULL;
    const char *role = cli_value(cli, "--role"), *place = cli_value(cli, "--org");
    enum status status = STATUS_OK;
    if (!role && !place)
        status = error_set(&err, STATUS_USAGE, "'%s' is needed", "--role");
    if (role && (!role_parse(role, &renewal.role) || renewal.role == ROLE_HUB))
        status = error_set(&err, STATUS_USAGE, "'%s' is not a role", role);
    if (status == STATUS_OK)
        status = hub_folder_begin(cli, &hub, &err);
    if (status == STATUS_OK)
        status = find_device(&hub, cli->arguments[0], &device, &err);
    if (status == STATUS_OK && place)
        status = find_org(&hub, place, &org, &err);
    if (status == STATUS_OK) {
        renewal.role = role ? renewal.role : device->certificate.role;
        renewal.org = org ? org->number : device->certificate.org;
        status = hub_renew_device(&hub, device, &renewal, &err);
    }
    return hub_folder_end(cli, &hub, status, &err);
}

/* ---- the table ---- */

static const struct cli_flag every_flags[] = {
    {"--key-file",
     "FILE",
     {"unlocks the folder; 32 bytes or more, kept elsewhere (else JINQIU_KEY_FILE)",
      "解锁文件夹的密钥文件，至少 32 字节，存放在别处（也可用 JINQIU_KEY_FILE）"},
     false},
    {"--passphrase-file",
     "FILE",
     {"its first line unlocks the folder (else JINQIU_PASSPHRASE)",
      "首行为解锁口令的文件（也可用环境变量 JINQIU_PASSPHRASE）"},
     false},
    {0}};
static const struct cli_flag init_flags[] = {
    {"--name", "NAME", {"name of the bureau", "老干部局名称"}, false},
    {"--no-passphrase", NULL, {"no encryption on disk", "磁盘不加密"}, false},
    {"--root-keys",
     "N",
     {"how many root keys there are, 1 to 5 (3)", "根密钥共几把，1 至 5（默认 3）"},
     false},
    {"--root-threshold",
     "N",
     {"how many of them must sign (2)", "须几把同时签名（默认 2）"},
     false},
    {0}};
static const struct cli_flag org_flags[] = {
    {"--name", "NAME", {"its name", "名称"}, false},
    {"--kind", "KIND", {"bureau county township community branch", "组织类别"}, false},
    {"--parent", "ORG", {"id of the org above (the root)", "上级组织编号"}, false},
    {0}};
static const struct cli_flag invite_flags[] = {
    {"--org", "ORG", {"id of the org", "组织编号"}, false},
    {"--role", "ROLE", {"volunteer secretary clerk bureau auditor", "角色"}, false},
    {"--person", "NAME", {"whose device it is", "使用人"}, false},
    {"--address", "HOST:PORT", {"where the device reaches the hub", "中心地址"}, false},
    {"--expires", "7d", {"how long the code works", "有效期"}, false},
    {"--qr", NULL, {"draw it, too", "同时画出二维码"}, false},
    {0}};

static const struct cli_flag change_flags[] = {
    {"--role", "ROLE", {"its role from now on", "今后的角色"}, false},
    {"--org", "ORG", {"id of its org from now on", "今后所属组织的编号"}, false},
    {0}};

static const struct cli_flag revoke_flags[] = {
    {"--last-good",
     "N",
     {"the last entry of each of its feeds that counts (all that the hub holds)",
      "每条序列中最后一个有效条目的序号（默认为中心已有的全部）"},
     false},
    {0}};

static const struct cli_command hub_commands[] = {
    {"init",
     "",
     {"make a hub", "建立中心"},
     init_flags,
     "init --dir D --name 老干部局 --key-file /etc/jinqiu/hub.key",
     0,
     0,
     command_init},
    {"org add", "", {"add an org to the tree", "增加组织"}, org_flags, NULL, 0, 0, command_org_add},
    {"org list", "", {"list the tree", "列出组织"}, NULL, NULL, 0, 0, command_org_list},
    {"invite",
     "",
     {"a code that admits one device", "邀请一台设备"},
     invite_flags,
     NULL,
     0,
     0,
     command_invite},
    {"device list", "", {"list the devices", "列出设备"}, NULL, NULL, 0, 0, command_device_list},
    {"device change",
     "DEVICE",
     {"another role or org for a device", "变更设备的角色或组织"},
     change_flags,
     "device change 0190b6f2a1c47d2e8f00112233445566 --role clerk",
     1,
     1,
     command_device_change},
    {"status", "", {"numbers of this hub", "中心状态"}, NULL, NULL, 0, 0, command_status},
    {"revoke",
     "DEVICE",
     {"take a device's rights", "吊销设备"},
     revoke_flags,
     "revoke 0190b6f2a1c47d2e8f00112233445566 --last-good 417",
     1,
     1,
     command_revoke},
    {"backup",
     "FILE",
     {"a copy of the hub in one file, while it runs", "运行中备份到一个文件"},
     NULL,
     "backup /mnt/usb/hub-2026-11-21.jinqiu --dir D",
     1,
     1,
     command_backup},
    {"restore",
     "FILE",
     {"a backup into an empty folder", "将备份恢复到空文件夹"},
     NULL,
     "restore /mnt/usb/hub-2026-11-21.jinqiu --dir D",
     1,
     1,
     command_restore},
    {"escrow key",
     "",
     {"the key for which clients seal a way into their folders", "客户端托管解锁方式所用的公钥"},
     NULL,
     NULL,
     0,
     0,
     command_escrow_key},
    {"escrow open",
     "REQUEST",
     {"a recovery code, out of what a client shows as its escrow",
      "由客户端显示的托管文本得到恢复码"},
     NULL,
     NULL,
     1,
     1,
     command_escrow_open},
    {0}};

static const struct cli_flag files[] = {
    {"hub.db", NULL, {"The hub's replica, in the data folder.", NULL}, false},
    {"root-1.key", NULL, {"A root key, one of several; may be carried away.", NULL}, false},
    {"authority.key", NULL, {"The key that certifies devices.", NULL}, false},
    {"escrow.key", NULL, {"The key that opens escrows; may be carried away.", NULL}, false},
    {"slots.a",
     NULL,
     {"The key slots of an encrypted hub. Without them nobody can read it.", NULL},
     false},
    {"slots.b", NULL, {"Their second copy.", NULL}, false},
    {"ballast", NULL, {"Room for the day when the disk is full.", NULL}, false},
    {0}};

static const struct cli_flag variables[] = {
    {"JINQIU_KEY_FILE", NULL, {"Names the key file, where no flag does.", NULL}, false},
    {"JINQIU_ACCOUNT_PASSWORD",
     NULL,
     {"The password of an account, where no flag does.", NULL},
     false},
    {"JINQIU_BALLAST", NULL, {"MiB of the ballast (16); 0: none.", NULL}, false},
    {0}};

int main(int argc, char **argv)
{
    static const struct cli_command *const tables[] = {hub_commands,
                                                       run_commands,
                                                       late_commands,
                                                       erase_commands,
                                                       root_commands,
                                                       carry_commands,
                                                       quota_commands,
                                                       lapse_commands,
                                                       account_commands,
                                                       demo_commands,
                                                       schema_commands,
                                                       reading_commands,
                                                       attaching_commands,
                                                       reporting_commands,
                                                       printing_commands,
                                                       asking_commands,
                                                       updating_commands,
                                                       watching_commands,
                                                       NULL};
    static const struct cli_program program = {
        .name = "jinqiud",
        .help = {"the hub of jinqiu", "金秋中心"},
        .title = "JINQIUD",
        .description =
            "is the central server: it admits devices, keeps the records of all orgs and\n"
            "exchanges them with the clients\n"
            ".Pq Xr jinqiu 1 .\n"
            "Its commands may be used while\n"
            ".Cm run\n"
            "serves the same folder.",
        .files = files,
        .flags = every_flags,
        .variables = variables,
        .commands = tables,
        .open = hub_folder_open,
        .place = hub_folder_place};
    struct error err = {0};
    umask(077);
    if (keys_init(&err) != STATUS_OK) {
        fprintf(stderr, "jinqiud: %s\n", err.text);
        return CLI_FAILED;
    }
    return cli_main(&program, argc, argv);
}
