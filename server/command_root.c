#include "server/command_root.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/messages.h"
#include "server/hub_folder.h"
#include "server/root_change.h"
#include "server/seed.h"

#define KEY_NAME_BYTES 9 /* the first four bytes of the public key */

static void key_name(const uint8_t key[PUBLIC_KEY_BYTES], char text[KEY_NAME_BYTES])
{
    sodium_bin2hex(text, KEY_NAME_BYTES, key, 4);
}

/* ---- list ---- */

static bool seed_of_key(const struct hub_options *options, size_t place, uint8_t seed[SEED_BYTES],
                        struct signing_key *key)
{
    struct seed_place file = {options->directory, root_key_file(place), options->vault};
    if (seed_read(&file, seed, NULL) != STATUS_OK)
        return false;
    signing_key_from_seed(key, seed);
    return true;
}

/* Which of the folder's files holds this public key; 0: none. */
static int file_of_key(const struct hub_options *options, const uint8_t key[PUBLIC_KEY_BYTES])
{
    for (size_t i = 0; i < ROOT_KEYS_MAX; i++) {
        uint8_t seed[SEED_BYTES];
        struct signing_key found;
        bool here = seed_of_key(options, i, seed, &found) &&
                    memcmp(found.public_key, key, PUBLIC_KEY_BYTES) == 0;
        sodium_memzero(seed, sizeof seed);
        signing_key_release(&found);
        if (here)
            return (int)i + 1;
    }
    return 0;
}

static int command_list(struct cli *cli)
{
    struct hub hub;
    struct error err = {0};
    enum status status = hub_folder_begin(cli, &hub, &err);
    if (status != STATUS_OK)
        return hub_folder_end(cli, &hub, status, &err);
    const struct registry *registry = replica_registry(hub.replica);
    const struct root_set *set = registry_root(registry);
    json_t *keys = json_array();
    for (uint32_t i = 0; i < set->count; i++) {
        char name[KEY_NAME_BYTES];
        int place = file_of_key(&hub.options, set->keys[i]);
        key_name(set->keys[i], name);
        json_array_append_new(keys, json_pack("{s:s, s:i}", "key", name, "here", place));
        if (!cli->json)
            printf("%s  %s\n", name, place ? root_key_file((size_t)place - 1) : tr("away"));
    }
    int code = CLI_DONE;
    if (cli->json)
        code =
            cli_print_json(cli, json_pack("{s:i, s:i, s:i, s:o}", "version", (int)set->version,
                                          "threshold", (int)set->threshold, "authority",
                                          (int)registry_authority(registry)->number, "keys", keys));
    else
        json_decref(keys);
    hub_close(&hub);
    return code;
}

/* ---- export ---- */

static enum status export_key(struct cli *cli, const struct hub_options *options, size_t place,
                              const char *path, struct error *err)
{
    uint8_t seed[SEED_BYTES];
    struct signing_key key;
    struct root_keys back = {0};
    struct seed_place file = {options->directory, root_key_file(place), options->vault};
    if (!seed_of_key(options, place, seed, &key))
        return error_set(err, STATUS_NOT_FOUND, "'%s' is not in the folder", file.name);
    enum status status = root_key_export(seed, path, err);
    sodium_memzero(seed, sizeof seed);
    /* What was written is read again before anything goes. */
    if (status == STATUS_OK)
        status = root_keys_add_file(&back, path, NULL, err);
    bool same = status == STATUS_OK &&
                memcmp(back.keys[0].public_key, key.public_key, PUBLIC_KEY_BYTES) == 0;
    root_keys_release(&back);
    signing_key_release(&key);
    TRY(status);
    if (!same)
        return error_set(err, STATUS_STORAGE, "'%.120s' was not written as it should be", path);
    if (!cli_has(cli, "--remove"))
        return STATUS_OK;
    TRY(seed_erase(&file, err));
    cli_say(cli, "the key is on the stick only now: keep it safe, and apart from the others");
    return STATUS_OK;
}

static int command_export(struct cli *cli)
{
    struct error err = {0};
    struct hub_options options;
    static const struct cli_range range = {1, ROOT_KEYS_MAX};
    int64_t place = 1;
    enum status status = cli_number(cli, "--key", range, &place, &err);
    if (status == STATUS_OK)
        status = hub_folder_unlock(cli, &options, &err);
    if (status == STATUS_OK)
        status = export_key(cli, &options, (size_t)place - 1, cli->arguments[0], &err);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}

/* ---- signing ---- */

static enum status keys_of_flags(const struct cli *cli, struct root_keys *keys,
                                 const struct root_set *set, struct error *err)
{
    const char *path;
    for (size_t i = 0; (path = cli_value_at(cli, "--root-key", i)); i++)
        TRY(root_keys_add_file(keys, path, set, err));
    return STATUS_OK;
}

static void tell_certificate(const struct cli *cli, struct bytes sealed)
{
    static const struct network any;
    struct certificate certificate;
    if (certificate_reopen(&certificate, &any, sealed, NULL) != STATUS_OK)
        return;
    cli_say(cli, "certificate: device %u, %s, %s, org %u", certificate.device,
            certificate.person_name, role_name(certificate.role), certificate.org);
    certificate_release(&certificate);
}

/* Whoever signs should see what. */
static void tell(const struct cli *cli, const struct root_request *request)
{
    for (size_t i = 0; i < request->count; i++) {
        struct bytes body, sealed = buffer_bytes(&request->items[i].sealed);
        struct root_set set;
        if (request->items[i].kind == ROOT_ASKS_CERTIFICATE)
            tell_certificate(cli, sealed);
        else if (request->items[i].kind == ROOT_ASKS_AUTHORITY)
            cli_say(cli, "a new key for the hub's daily signatures");
        else if (root_object_body(sealed, &body, NULL) == STATUS_OK &&
                 root_set_decode(&set, body, NULL) == STATUS_OK)
            cli_say(cli, "a new root, version %u: %u of %u keys", set.version, set.threshold,
                    set.count);
    }
}

static enum status sign_all(struct root_request *request, const struct root_keys *keys,
                            struct error *err)
{
    for (size_t i = 0; i < keys->count; i++)
        TRY(root_request_sign(request, &keys->keys[i], err));
    return STATUS_OK;
}

static int command_sign(struct cli *cli)
{
    struct error err = {0};
    struct root_request request;
    struct root_keys keys = {0};
    enum status status = root_request_read(&request, cli->arguments[0], &err);
    if (status == STATUS_OK && !cli_has(cli, "--root-key"))
        status = error_set(&err, STATUS_USAGE, "'%s' is needed", "--root-key");
    if (status == STATUS_OK)
        status = keys_of_flags(cli, &keys, NULL, &err);
    if (status == STATUS_OK)
        tell(cli, &request);
    if (status == STATUS_OK)
        status = sign_all(&request, &keys, &err);
    if (status == STATUS_OK)
        status = root_request_write(&request, cli->arguments[0], &err);
    root_keys_release(&keys);
    root_request_release(&request);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}

/* ---- asking and applying ---- */

/* Sign with what is at hand; apply, or leave the request for the others to sign. */
static enum status settle(struct cli *cli, struct hub *hub, struct root_request *request,
                          const char *path, struct error *err)
{
    struct root_keys keys = {0};
    const struct root_set *set = registry_root(replica_registry(hub->replica));
    request->network = *replica_network(hub->replica);
    enum status status = root_keys_find(&keys, &hub->options, set, err);
    if (status == STATUS_OK)
        status = keys_of_flags(cli, &keys, set, err);
    if (status == STATUS_OK)
        status = sign_all(request, &keys, err);
    root_keys_release(&keys);
    TRY(status);
    if (root_request_complete(hub, request) && !cli_has(cli, "--request"))
        return root_apply(hub, request, err);
    if (!path)
        return error_set(err, STATUS_DENIED,
                         "too few root keys are here: name them with --root-key, or a file with "
                         "--request");
    TRY(root_request_write(request, path, err));
    cli_say(cli, "now each holder signs: jinqiud root sign %s --root-key STICK", path);
    return STATUS_OK;
}

static int command_rotate(struct cli *cli)
{
    struct hub hub;
    struct error err = {0};
    static const struct cli_range range = {1, ROOT_KEYS_MAX};
    struct root_request request = {0};
    int64_t count = 3, threshold = 2;
    enum status status = cli_number(cli, "--keys", range, &count, &err);
    if (status == STATUS_OK && count < threshold)
        threshold = count;
    if (status == STATUS_OK)
        status = cli_number(cli, "--threshold", range, &threshold, &err);
    if (status == STATUS_OK)
        status = hub_folder_begin(cli, &hub, &err);
    else
        hub = (struct hub){0};
    struct root_wish wish = {(uint32_t)count, (uint32_t)threshold};
    if (status == STATUS_OK)
        status = cli_has(cli, "--root") ? root_ask_set(&hub, &wish, &request, &err)
                                        : root_ask_authority(&hub, &request, &err);
    if (status == STATUS_OK)
        status = settle(cli, &hub, &request, cli_value(cli, "--request"), &err);
    root_request_release(&request);
    return hub_folder_end(cli, &hub, status, &err);
}

static int command_request(struct cli *cli)
{
    struct hub hub;
    struct error err = {0};
    struct root_request request = {0};
    enum status status = hub_folder_begin(cli, &hub, &err);
    if (status == STATUS_OK)
        status = root_ask_waiting(&hub, &request, &err);
    if (status == STATUS_OK && request.count == 0)
        status = error_set(&err, STATUS_NOT_FOUND, "nobody waits for the root");
    if (status == STATUS_OK)
        tell(cli, &request);
    if (status == STATUS_OK)
        status = settle(cli, &hub, &request, cli->arguments[0], &err);
    root_request_release(&request);
    return hub_folder_end(cli, &hub, status, &err);
}

static int command_apply(struct cli *cli)
{
    struct hub hub = {0};
    struct error err = {0};
    struct root_request request;
    enum status status = root_request_read(&request, cli->arguments[0], &err);
    if (status == STATUS_OK)
        status = hub_folder_begin(cli, &hub, &err);
    if (status == STATUS_OK)
        status = root_apply(&hub, &request, &err);
    root_request_release(&request);
    return hub_folder_end(cli, &hub, status, &err);
}

/* ---- the table ---- */

static const struct cli_flag export_flags[] = {
    {"--key", "N", {"which of them, 1 to 5 (1)", "第几把，1 至 5（默认 1）"}, false},
    {"--remove", NULL, {"and erase it here", "同时清除此处的"}, false},
    {0}};
static const struct cli_flag sign_flags[] = {
    {"--root-key",
     "FILE",
     {"an exported root key; several times", "导出的根密钥，可多次给出"},
     true},
    {0}};
static const struct cli_flag rotate_flags[] = {
    {"--root",
     NULL,
     {"replace the root keys, not the daily key", "更换根密钥，而不是签发密钥"},
     false},
    {"--keys",
     "N",
     {"with --root: how many there are (3)", "与 --root 同用：共几把（默认 3）"},
     false},
    {"--threshold",
     "N",
     {"with --root: how many must sign (2)", "与 --root 同用：须几把签名（默认 2）"},
     false},
    {"--root-key",
     "FILE",
     {"an exported root key; several times", "导出的根密钥，可多次给出"},
     true},
    {"--request",
     "FILE",
     {"write a request that others sign elsewhere", "写出请求文件，到别处签名"},
     false},
    {0}};

const struct cli_command root_commands[] = {
    {"root list",
     "",
     {"the root keys, and which are here", "列出根密钥，以及哪些在此处"},
     NULL,
     NULL,
     0,
     0,
     command_list},
    {"root export",
     "FILE",
     {"copy or move a root key to a stick", "将根密钥复制或移到 U 盘"},
     export_flags,
     "root export /media/usb/root.key --key 1 --remove",
     1,
     1,
     command_export},
    {"root rotate",
     "",
     {"replace the key that certifies devices, or the root", "更换签发密钥或根密钥"},
     rotate_flags,
     "root rotate --root-key /media/a/root.key --root-key /media/b/root.key",
     0,
     0,
     command_rotate},
    {"root request",
     "FILE",
     {"ask the root for the devices that wait for it", "为等待的设备请求根密钥签名"},
     sign_flags,
     "root request /media/usb/request",
     1,
     1,
     command_request},
    {"root sign",
     "FILE",
     {"sign a request with root keys; needs no data folder", "用根密钥签署请求，不需要数据文件夹"},
     sign_flags,
     "root sign /media/usb/request --root-key /media/a/root.key",
     1,
     1,
     command_sign},
    {"root apply",
     "FILE",
     {"take in a request that enough root keys have signed", "收下已签够的请求"},
     NULL,
     NULL,
     1,
     1,
     command_apply},
    {0}};
