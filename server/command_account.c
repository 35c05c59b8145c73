#include "server/command_account.h"

#include <sodium.h>
#include <stdio.h>

#include "common/messages.h"
#include "common/qr.h"
#include "common/reading_print.h"
#include "common/unlock.h"
#include "server/account.h"
#include "server/hub_folder.h"

/* The wish of one call; a password is asked for before the folder is opened. */
struct wish {
    const char *name;
    enum role role;
    struct passphrase *secret;
    bool off;
    uint8_t totp[TOTP_SECRET_BYTES];
};
typedef enum status wish_step(struct hub *hub, const struct wish *wish, struct error *err);

static enum status read_secret(const struct cli *cli, struct passphrase **secret, struct error *err)
{
    static const struct unlock_source source = {"--password-file", "JINQIU_ACCOUNT_PASSWORD",
                                                "password of the account"};
    TRY(unlock_read_new(cli, &source, secret, NULL, err));
    return *secret ? STATUS_OK : error_set(err, STATUS_USAGE, "'%s' is needed", "--password-file");
}

static enum status with_hub(const struct cli *cli, const struct wish *wish, wish_step *step,
                            struct error *err)
{
    struct hub hub = {0};
    enum status status = hub_folder_begin(cli, &hub, err);
    if (status == STATUS_OK)
        status = replica_begin(hub.replica, err);
    if (status == STATUS_OK) {
        status = step(&hub, wish, err);
        if (status == STATUS_OK)
            status = replica_commit(hub.replica, err);
        else
            replica_rollback(hub.replica);
    }
    hub_close(&hub);
    return status;
}

static enum status add(struct hub *hub, const struct wish *wish, struct error *err)
{
    return account_add(hub->replica, wish->name, wish->role, wish->secret, err);
}

static enum status set_secret(struct hub *hub, const struct wish *wish, struct error *err)
{
    return account_set_secret(hub->replica, wish->name, wish->secret, err);
}

static enum status set_totp(struct hub *hub, const struct wish *wish, struct error *err)
{
    return account_set_totp(hub->replica, wish->name, wish->off ? NULL : wish->totp, err);
}

static enum status remove_account(struct hub *hub, const struct wish *wish, struct error *err)
{
    return account_remove(hub->replica, wish->name, err);
}

static int finish(struct cli *cli, struct wish *wish, enum status status, const struct error *err)
{
    passphrase_free(wish->secret);
    sodium_memzero(wish, sizeof *wish);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, err);
}

static int command_add(struct cli *cli)
{
    struct wish wish = {.name = cli->arguments[0]};
    struct error err = {0};
    const char *role = cli_value(cli, "--role");
    enum status status = STATUS_OK;
    if (!role)
        status = error_set(&err, STATUS_USAGE, "'%s' is needed", "--role");
    else if (!role_parse(role, &wish.role))
        status = error_set(&err, STATUS_USAGE, "'%s' is not a role", role);
    if (status == STATUS_OK)
        status = read_secret(cli, &wish.secret, &err);
    if (status == STATUS_OK)
        status = with_hub(cli, &wish, add, &err);
    return finish(cli, &wish, status, &err);
}

static int command_passwd(struct cli *cli)
{
    struct wish wish = {.name = cli->arguments[0]};
    struct error err = {0};
    enum status status = read_secret(cli, &wish.secret, &err);
    if (status == STATUS_OK)
        status = with_hub(cli, &wish, set_secret, &err);
    return finish(cli, &wish, status, &err);
}

static int command_totp(struct cli *cli)
{
    struct wish wish = {.name = cli->arguments[0], .off = cli_has(cli, "--off")};
    struct error err = {0};
    char link[TOTP_LINK_BYTES];
    randombytes_buf(wish.totp, sizeof wish.totp);
    enum status status = with_hub(cli, &wish, set_totp, &err);
    if (status == STATUS_OK && !wish.off) {
        totp_link(wish.totp, wish.name, link);
        printf("%s\n", link);
        if (cli_has(cli, "--qr"))
            status = qr_print(link, stdout, &err);
        sodium_memzero(link, sizeof link);
    }
    return finish(cli, &wish, status, &err);
}

static int command_remove(struct cli *cli)
{
    struct wish wish = {.name = cli->arguments[0]};
    struct error err = {0};
    enum status status = with_hub(cli, &wish, remove_account, &err);
    return finish(cli, &wish, status, &err);
}

static enum status print_accounts(struct cli *cli, struct hub *hub, struct error *err)
{
    static const struct reading_column columns[] = {{"name", {"name", "名称"}},
                                                    {"role", {"role", "角色"}},
                                                    {"totp", {"second factor", "动态口令"}},
                                                    {"changed", {"changed", "变更时间"}},
                                                    {0}};
    json_t *list;
    TRY(account_list(hub->replica, &list, err));
    return reading_list(cli, list, columns, err);
}

/* As one that writes: an older hub gets the table first. */
static int command_list(struct cli *cli)
{
    return hub_folder_run(cli, print_accounts);
}

/* clang-format off */
#define PASSWORD_FLAG {"--password-file", "FILE", \
    {"its first line is the password (else JINQIU_ACCOUNT_PASSWORD, or it is asked for)", \
     "首行为密码的文件（也可用环境变量 JINQIU_ACCOUNT_PASSWORD；都没有则当场询问）"}, false}
static const struct cli_flag add_flags[] = {
    {"--role", "ROLE", {"bureau, or auditor (reads only)", "bureau（局）或 auditor（审计，只读）"}, false},
    PASSWORD_FLAG,
    {0}};
static const struct cli_flag passwd_flags[] = {PASSWORD_FLAG, {0}};
static const struct cli_flag totp_flags[] = {
    {"--qr", NULL, {"draw the link, too", "同时画出二维码"}, false},
    {"--off", NULL, {"no second factor any more", "取消动态口令"}, false},
    {0}};

const struct cli_command account_commands[] = {
    {"account add", "NAME", {"an account for the console", "新增管理台账号"}, add_flags,
     "account add wang --role bureau", 1, 1, command_add},
    {"account passwd", "NAME", {"another password; ends its sessions", "更换密码，已登录的即退出"},
     passwd_flags, NULL, 1, 1, command_passwd},
    {"account totp", "NAME", {"a second factor: six digits of an app (RFC 6238, SHA-256)",
                              "动态口令：手机应用里的六位数（RFC 6238，SHA-256）"}, totp_flags,
     NULL, 1, 1, command_totp},
    {"account remove", "NAME", {"remove an account", "删除账号"}, NULL, NULL, 1, 1, command_remove},
    {"account list", "", {"list the accounts", "列出账号"}, NULL, NULL, 0, 0, command_list},
    {0}};
/* clang-format on */
