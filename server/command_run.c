#include "server/command_run.h"

#include "common/passphrase.h"
#include "common/process.h"
#include "server/hub_folder.h"
#include "server/listener.h"

static enum status limits_of(const struct cli *cli, struct listener_options *options,
                             struct error *err)
{
    int64_t connections = 0, per_address = 0, per_device = 0, handshake = 0, silence = 0;
    static const struct cli_range counts = {1, 100000}, seconds = {1, 3600};
    TRY(cli_number(cli, "--connections", counts, &connections, err));
    TRY(cli_number(cli, "--per-address", counts, &per_address, err));
    TRY(cli_number(cli, "--per-device", counts, &per_device, err));
    TRY(cli_number(cli, "--handshake", seconds, &handshake, err));
    TRY(cli_number(cli, "--silence", seconds, &silence, err));
    const char *address = cli_value(cli, "--listen");
    *options = (struct listener_options){.address = address ? address : RUN_ADDRESS,
                                         .directory = cli->directory,
                                         .connections_max = (unsigned)connections,
                                         .per_address_max = (unsigned)per_address,
                                         .per_device_max = (unsigned)per_device,
                                         .handshake_ms = (uint32_t)handshake * 1000,
                                         .silence_ms = (uint32_t)silence * 1000};
    return STATUS_OK;
}

static enum status quota_of(const struct cli *cli, struct quota_limits *quota, struct error *err)
{
    int64_t entries = 0, mib = 0;
    static const struct cli_range counts = {1, 100000000}, mibs = {1, 1000000};
    TRY(cli_number(cli, "--quota-entries", counts, &entries, err));
    TRY(cli_number(cli, "--quota-mib", mibs, &mib, err));
    *quota = (struct quota_limits){(uint64_t)entries, (uint64_t)mib * 1024 * 1024};
    return STATUS_OK;
}

static enum status bound_memory(const struct cli *cli, struct error *err)
{
    int64_t mib = 0;
    static const struct cli_range mibs = {256, 1 << 24};
    TRY(cli_number(cli, "--memory-mib", mibs, &mib, err));
    return mib > 0 ? process_bound_memory((uint64_t)mib, err) : STATUS_OK;
}

static enum status tls_of(const struct cli *cli, struct listener_options *options,
                          struct error *err)
{
    struct tls_files *files = &options->tls;
    *files = (struct tls_files){cli_value(cli, "--tls-cert"), cli_value(cli, "--tls-key")};
    if (!files->certificate != !files->key)
        return error_set(err, STATUS_USAGE, "'%s' is needed",
                         files->key ? "--tls-cert" : "--tls-key");
    if (files->key && !options->http)
        return error_set(err, STATUS_USAGE, "'%s' is needed", "--http");
    return STATUS_OK;
}

/* `token` is kept for the options' life. */
static enum status http_of(const struct cli *cli, struct listener_options *options,
                           struct passphrase **token, struct error *err)
{
    const char *file = cli_value(cli, "--metrics-token-file");
    options->http = cli_value(cli, "--http");
    options->http_name = cli_value(cli, "--http-name");
    TRY(tls_of(cli, options, err));
    if (!file)
        return STATUS_OK;
    TRY(passphrase_from_file(token, file, err));
    options->metrics_token = passphrase_text(*token);
    return STATUS_OK;
}

static int command_run(struct cli *cli)
{
    struct hub hub = {0};
    struct error err = {0};
    struct listener_options options;
    struct quota_limits quota = {0};
    struct passphrase *token = NULL;
    enum status status = limits_of(cli, &options, &err);
    if (status == STATUS_OK)
        status = http_of(cli, &options, &token, &err);
    if (status == STATUS_OK)
        status = quota_of(cli, &quota, &err);
    if (status == STATUS_OK)
        status = bound_memory(cli, &err);
    if (status == STATUS_OK)
        status = hub_folder_begin(cli, &hub, &err);
    hub.quota = quota;
    if (status == STATUS_OK)
        status = listener_run(&hub, &options, &err);
    passphrase_free(token);
    return hub_folder_end(cli, &hub, status, &err);
}

static const struct cli_flag run_flags[] = {
    {"--listen", "HOST:PORT", {"where clients connect (127.0.0.1:7411)", "客户端连接地址"}, false},
    {"--http",
     "HOST:PORT",
     {"the console's pages, without TLS on this machine alone (127.0.0.1:7480)",
      "管理台网页的地址，不带 TLS 时只限本机"},
     false},
    {"--http-name",
     "NAME",
     {"the name by which browsers reach the console, or the proxy with TLS before it",
      "浏览器访问管理台（或其前面的 TLS 代理）所用的域名"},
     false},
    {"--tls-cert",
     "FILE",
     {"the console speaks TLS: certificate with its chain, PEM; read again at SIGHUP",
      "管理台使用 TLS：证书及证书链（PEM），收到 SIGHUP 时重新读取"},
     false},
    {"--tls-key",
     "FILE",
     {"its key, PEM, without a passphrase", "证书的私钥（PEM，不加口令）"},
     false},
    {"--metrics-token-file",
     "FILE",
     {"its first line opens /metrics", "首行为读取 /metrics 所需令牌的文件"},
     false},
    {"--connections", "N", {"at most so many at once (4000)", "同时连接上限（4000）"}, false},
    {"--per-address",
     "N",
     {"at most so many strangers at once from one address (32; this machine: any)",
      "同一地址同时未表明身份的连接上限（32；本机不限）"},
     false},
    {"--per-device",
     "N",
     {"at most so many connections at once of one device (4)", "同一设备同时连接上限（4）"},
     false},
    {"--handshake",
     "SECONDS",
     {"who hasn't shown who he is by then is cut (20)", "连接后须在此时间内表明身份（20 秒）"},
     false},
    {"--silence",
     "SECONDS",
     {"who says or takes nothing for so long is cut (60)", "对方超过此时间不收不发即断开（60 秒）"},
     false},
    {"--quota-entries",
     "N",
     {"entries a day from a device (20000)", "每台设备每日条目上限"},
     false},
    {"--memory-mib",
     "N",
     {"memory that it gets at most (as much as there is): what asks for more is refused",
      "内存上限（默认不限）：超出的请求被拒绝，其余照常"},
     false},
    {"--quota-mib", "N", {"MiB a day from a device (64)", "每台设备每日 MiB 上限（64）"}, false},
    {0}};
const struct cli_command run_commands[] = {
    {"run", "", {"serve until SIGTERM", "运行"}, run_flags, "run --dir D", 0, 0, command_run}, {0}};
