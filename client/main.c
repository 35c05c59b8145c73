/* jinqiu: a replica on a PC. */

#include <sys/stat.h>

#include "client/command.h"
#include "client/deepen.h"
#include "client/folder.h"
#include "common/asking.h"
#include "common/attaching.h"
#include "common/mutant.h"
#include "common/reading.h"
#include "common/reporting.h"
#include "common/updating.h"
#include "common/watching.h"
#include "paper/printing.h"
#include "protocol/carry.h"

/* clang-format off */
static const struct cli_flag every_flags[] = {
    {"--passphrase-file", "FILE", {"its first line unlocks the folder (else JINQIU_PASSPHRASE)",
                                   "首行为解锁口令的文件（也可用环境变量 JINQIU_PASSPHRASE）"}, false},
    {0}};
static const struct cli_flag join_flags[] = {
    {"--no-passphrase", NULL, {"leave the replica unencrypted", "不加密本地副本"}, false},
    {"--recovery-code", NULL, {"print a code that opens the folder if the passphrase is lost",
                               "输出恢复码，忘记口令时可用来打开文件夹"}, false},
    {0}};
static const struct cli_flag passphrase_flags[] = {
    {"--new-passphrase-file", "FILE", {"the new one (else JINQIU_NEW_PASSPHRASE)",
                                       "新口令所在的文件（也可用 JINQIU_NEW_PASSPHRASE）"}, false},
    {"--recover", NULL, {"unlock by the recovery code", "用恢复码解锁"}, false},
    {"--recovery-file", "FILE", {"where the recovery code stands (else JINQIU_RECOVERY_CODE)",
                                 "恢复码所在的文件（也可用 JINQIU_RECOVERY_CODE）"}, false},
    {"--add-recovery", NULL, {"print a new recovery code; an older one is void",
                              "输出新的恢复码，旧码作废"}, false},
    {"--remove-recovery", NULL, {"make the recovery code void", "作废恢复码"}, false},
    {"--add-escrow", "KEY", {"let the bureau open the folder (see jinqiud escrow key)",
                             "允许老干部局打开（见 jinqiud escrow key）"}, false},
    {"--remove-escrow", NULL, {"the bureau can't open it any more", "取消老干部局的打开权"}, false},
    {"--show-escrow", NULL, {"print what the bureau needs to give out a recovery code",
                             "输出老干部局给出恢复码所需的文本"}, false},
    {"--show", NULL, {"tell what opens the folder, and change nothing",
                      "显示可打开文件夹的方式，不作修改"}, false},
    {0}};
static const struct cli_flag add_flags[] = {
    {"--org", "ORG", {"where the row belongs: an org's id or name", "记录所属的组织：编号或名称"}, false},
    {"--id", "ID", {"the new row's id, 32 hex digits", "新行的编号，32 位十六进制"}, false},
    {"--thumbnail", "FILE", {"a small picture of the file in FIELD=@FILE, at most 7,152 bytes",
                             "FIELD=@FILE 中文件的缩略图，至多 7152 字节"}, false},
    {0}};
static const struct cli_flag set_flags[] = {
    {"--thumbnail", "FILE", {"a small picture of the file in FIELD=@FILE, at most 7,152 bytes",
                             "FIELD=@FILE 中文件的缩略图，至多 7152 字节"}, false},
    {0}};
static const struct cli_flag settle_flags[] = {
    {"--take", "DOT", {"keep the value of this entry (see conflicts, history)",
                       "采用该条目的值（见 conflicts、history）"}, false},
    {"--value", "V", {"a new value", "另写一个值"}, false},
    {0}};
static const struct cli_flag apply_flags[] = {
    {"--batch", "N", {"so many lines become one entry for each org, whole or not at all",
                      "每 N 行按组织各合为一个条目，要么全写要么不写"}, false},
    {0}};
static const struct cli_flag import_flags[] = {
    {"--map", "FILE", {"JSON that names the field of each heading: {\"heading\": \"field\"}",
                       "JSON 文件，说明每个表头对应的字段：{\"表头\": \"字段\"}"}, false},
    {"--dry-run", NULL, {"check only, save nothing", "只检查，不保存"}, false},
    {"--org", "ORG", {"where new rows belong: an org's id or name", "新行所属的组织：编号或名称"}, false},
    {0}};
static const struct cli_flag sync_flags[] = {
    {"--watch", NULL, {"stay connected", "保持连接"}, false},
    {"--peer", "HOST:PORT", {"with another client, which runs listen",
                              "与另一台运行 listen 的设备同步"}, false},
    {"--attachments", NULL, {"fetch all files, not only thumbnails and those asked for",
                             "取回全部附件，而不只是缩略图和点名要的"}, false},
    {"--budget", "SIZE", {"leave files for another time beyond so much, as 200KB; 0: no files",
                          "流量超过此数时把附件留待下次，如 200KB；0 为不传附件"}, false},
    {0}};
static const struct cli_flag fetch_flags[] = {
    {"--peer", "HOST:PORT", {"from another client, which runs listen",
                              "从另一台运行 listen 的设备取"}, false},
    {"--budget", "SIZE", {"at most about so many bytes now, as 200KB", "本次流量上限，如 200KB"}, false},
    {0}};
static const struct cli_flag listen_flags[] = {
    {"--listen", "HOST:PORT", {"where to listen (0.0.0.0:7412)", "监听地址（默认 0.0.0.0:7412）"}, false},
    {0}};
static const struct cli_flag enrol_flags[] = {
    {"--org", "ORG", {"where it belongs: an org's id or name", "所属组织：编号或名称"}, false},
    {"--role", "ROLE", {"volunteer secretary clerk", "角色"}, false},
    {"--person", "NAME", {"whose device it is", "使用人"}, false},
    {"--address", "HOST:PORT", {"where it reaches this machine", "对方连接本机的地址"}, false},
    {"--expires", "10m", {"how long the code works", "有效期"}, false},
    {"--qr", NULL, {"draw it, too", "同时画出二维码"}, false},
    {0}};

static const struct cli_flag serve_flags[] = {
    {"--http", "HOST:PORT", {"where to listen, on this machine alone (default 127.0.0.1:0)",
                             "监听地址，只限本机（默认 127.0.0.1:0，端口自选）"}, false},
    {"--open", NULL, {"open them in the browser", "在浏览器中打开"}, false},
    {"--lock", "MINUTES", {"lock an encrypted folder when unused for so long (10; 0: never)",
                           "无人操作多少分钟后锁定加密的文件夹（默认 10，0 为不锁定）"}, false},
    {0}};

static const struct cli_command commands[] = {
    {"join", "CODE", {"enrol at the hub and fetch its records", "凭邀请码加入并取回数据"}, join_flags,
     "join JQ1-… --dir ~/jinqiu", 1, 1, command_join},
    {"add", "TABLE FIELD=VALUE…",
     {"save a new row and print its id; FIELD=@FILE attaches a file",
      "新增一行并输出其编号；FIELD=@FILE 为添加附件"}, add_flags,
     "add visit target_ref=person:0190b6f2a1c47d2e8f00112233445566 kind=home_visit",
     1, -1, command_add},
    {"set", "TABLE ID FIELD=VALUE…", {"change a row; FIELD+=V and FIELD-=V for sets and counters",
                                      "修改一行；集合与计数字段可用 FIELD+=V、FIELD-=V"}, set_flags,
     "set person 0190b6f2a1c47d2e8f00112233445566 phone=13800000000", 3, -1, command_set},
    {"delete", "TABLE ID", {"delete a row", "删除一行"}, NULL,
     "delete visit 0190b6f2a1c47d2e8f00112233445566", 2, 2, command_delete},
    {"settle", "TABLE ID FIELD", {"decide a conflict", "处理冲突"}, settle_flags,
     "settle person 0190b6f2a1c47d2e8f00112233445566 phone --take 3.1.2.17", 3, 3, command_settle},
    {"merge", "ID ID", {"two rows are one; prints the id that stays (see duplicates)",
                        "两行实为同一对象：合并并输出保留的编号（见 duplicates）"}, NULL,
     "merge 0190b6f2a1c47d2e8f00112233445566 0190b6f2a1c47d2e8f00112233445577", 2, 2,
     command_merge},
    {"unmerge", "ID", {"a merged row stands for itself again", "撤销合并，恢复为单独一行"}, NULL,
     "unmerge 0190b6f2a1c47d2e8f00112233445577", 1, 1, command_unmerge},
    {"adopt", "ENTRY…", {"save anew what an entry that doesn't count wanted to write",
                        "采纳未生效条目的内容，以本人名义重新保存"}, NULL,
     "adopt 3.1.10.17", 1, -1, command_adopt},
    {"apply", "FILE|-", {"many saves from JSON lines", "按 JSON 行批量保存"}, apply_flags,
     "apply visits.jsonl --batch 10 --json", 1, 1, command_apply},
    {"import", "TABLE FILE.csv|.xlsx",
     {"take in a CSV or XLSX file, whole or not at all",
      "导入 CSV 或 XLSX，要么全部导入要么不导入"}, import_flags,
     "import person members.csv --dry-run", 2, 2, command_import},
    {"sync", "", {"one session with the hub", "与中心同步一次"}, sync_flags,
     "sync --json", 0, 0, command_sync},
    {"passphrase", "", {"change the passphrase, or what else opens the folder",
                        "修改口令，或其他打开文件夹的方式"}, passphrase_flags,
     "passphrase --recover", 0, 0, command_passphrase},
    {"attachment fetch", "TABLE ID [FIELD]", {"bring the file of a row here, from the hub",
                                              "从中心取回某行的附件"}, fetch_flags,
     "attachment fetch visit 0190b6f2a1c47d2e8f00112233445566 photo", 2, 3,
     command_attachment_fetch},
    {"status", "", {"who and how this replica is", "本副本的身份与状态"}, NULL,
     "status --json", 0, 0, command_status},
    {"listen", "", {"let other clients of the network sync here", "供局域网内其他设备同步"}, listen_flags,
     "listen --listen 0.0.0.0:7412", 0, 0, command_listen},
    {"compact", "", {"remove from the log what every device and the hub hold; nothing is lost",
                     "从日志清理各设备与中心均已持有的旧条目，不丢失数据"}, NULL,
     "compact --json", 0, 0, command_compact},
    {"near", "", {"devices on the local network that others can sync with",
                  "局域网内可以互相同步的设备"}, NULL, "near --json", 0, 0, command_near},
    {"enrol", "", {"a code that admits a device without the hub", "不经中心接纳一台设备的邀请码"}, enrol_flags,
     "enrol --org 示例支部 --role volunteer --person 示例党员001 --qr", 0, 0, command_enrol},
    {"serve", "", {"the local pages, and syncing while they are open", "本地页面，打开期间自动同步"},
     serve_flags, "serve --http 127.0.0.1:8899", 0, 0, command_serve},
    {0}};
/* clang-format on */

static const struct cli_flag files[] = {
    {"replica.db", NULL, {"The replica: records, log and keys, in the data folder.", NULL}, false},
    {"slots.a",
     NULL,
     {"The key slots of an encrypted replica. Without them nobody can read it.", NULL},
     false},
    {"slots.b", NULL, {"Their second copy.", NULL}, false},
    {"ballast", NULL, {"Room for the day when the disk is full.", NULL}, false},
    {0}};

static const struct cli_flag variables[] = {
    {"JINQIU_NEW_PASSPHRASE", NULL, {"The new one, for passphrase.", NULL}, false},
    {"JINQIU_BALLAST", NULL, {"MiB of the ballast (16); 0: none.", NULL}, false},
    {"JINQIU_RECOVERY_CODE", NULL, {"For passphrase --recover.", NULL}, false},
    {0}};

int main(int argc, char **argv)
{
    static const struct cli_command *const tables[] = {commands,
                                                       transfer_commands,
                                                       carry_commands,
                                                       reading_commands,
                                                       attaching_commands,
                                                       reporting_commands,
                                                       printing_commands,
                                                       asking_commands,
                                                       updating_commands,
                                                       watching_commands,
                                                       NULL};
    static const struct cli_program program = {
        .name = "jinqiu",
        .help = {"records of Party branches for retired cadres, also without a network",
                 "离退休干部党支部记录，无网络也能用"},
        .title = "JINQIU",
        .description = "keeps the records of Party branches for retired cadres\n"
                       "in a folder of this machine.\n"
                       "Everything works without a network; what is saved is signed, and\n"
                       ".Cm sync\n"
                       "exchanges it with the hub\n"
                       ".Pq Xr jinqiud 1 .\n"
                       "A command that saves is durable when it returns;\n"
                       "several may use one folder at a time.",
        .files = files,
        .flags = every_flags,
        .variables = variables,
        .commands = tables,
        .open = folder_open,
        .place = folder_place,
        .deepen = deepen};
    umask(MUTANT("t2-modes-open") ? 0 : 0077); /* the folder holds people's data */
    return cli_main(&program, argc, argv);
}
