#include "common/updating.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "common/file.h"
#include "common/release.h"
#include "common/replica.h"

#define META_RELEASE "release" /* the newest that was accepted here */
#define SEED_BYTES 32

/* ---- files ---- */

static enum status hash_file(const char *path, struct hash *hash, struct error *err)
{
    crypto_generichash_state state;
    uint8_t part[16384];
    size_t size;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return file_cannot_open(path, err);
    crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    while ((size = fread(part, 1, sizeof part, file)) > 0)
        crypto_generichash_update(&state, part, size);
    enum status status = ferror(file) ? file_cannot_open(path, err) : STATUS_OK;
    fclose(file);
    crypto_generichash_final(&state, hash->bytes, HASH_BYTES);
    return status;
}

static enum status read_small(const char *path, struct buffer *out, struct error *err)
{
    uint8_t part[RELEASE_TEXT_MAX + 1];
    FILE *file = fopen(path, "rbe");
    if (!file)
        return file_cannot_open(path, err);
    size_t size = fread(part, 1, sizeof part, file);
    fclose(file);
    enum status status = buffer_append(out, part, size);
    sodium_memzero(part, sizeof part);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

static enum status path_of_signature(const char *file, char path[CLI_PATH_MAX], struct error *err)
{
    int size = snprintf(path, CLI_PATH_MAX, "%s.sig", file);
    if (size < 0 || size >= CLI_PATH_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the path '%.100s' is too long", file);
    return STATUS_OK;
}

static enum status read_release(const char *file, struct release *release, struct error *err)
{
    char path[CLI_PATH_MAX];
    struct buffer text = {0};
    TRY(path_of_signature(file, path, err));
    enum status status = read_small(path, &text, err);
    if (status == STATUS_OK)
        status = release_parse(release, buffer_bytes(&text), err);
    buffer_release(&text);
    return status;
}

/* ---- update check ---- */

/* The newest that this folder has accepted; "" when there is none, or no folder. */
static enum status newest_here(const struct cli *cli, struct replica **replica, char *version,
                               struct error *err)
{
    struct buffer stored = {0};
    *replica = NULL;
    version[0] = '\0';
    if (!cli->directory)
        return STATUS_OK;
    TRY(cli->program->open(cli, false, replica, err));
    enum status status = replica_meta_get(*replica, META_RELEASE, &stored, err);
    if (status == STATUS_OK && stored.size > 0 && stored.size < RELEASE_VERSION_BYTES) {
        memcpy(version, stored.data, stored.size);
        version[stored.size] = '\0';
    }
    buffer_release(&stored);
    return status;
}

static enum status check(const char *file, const char *newest, struct release *release,
                         struct error *err)
{
    struct release_keys keys;
    struct hash hash;
    bool known = release_version_valid(newest);
    struct release_demand demand = {
        .keys = &keys, .hash = &hash, .versions = {JINQIU_VERSION, known ? newest : NULL}};
    TRY(release_keys_parse(&keys, release_keys_builtin(), err));
    TRY(read_release(file, release, err));
    TRY(hash_file(file, &hash, err));
    return release_check(release, &demand, err);
}

static int command_check(struct cli *cli)
{
    struct error err = {0};
    struct release release;
    struct replica *replica;
    char newest[RELEASE_VERSION_BYTES];
    enum status status = newest_here(cli, &replica, newest, &err);
    if (status == STATUS_OK)
        status = check(cli->arguments[0], newest, &release, &err);
    if (status == STATUS_OK && replica)
        status = replica_meta_set(replica, META_RELEASE, bytes_text(release.version), &err);
    replica_close(replica);
    if (status != STATUS_OK)
        return cli_fail(cli, &err);
    if (cli->json)
        return cli_print_json(cli, json_pack("{sb ss}", "ok", 1, "version", release.version));
    cli_say(cli, "'%s' is release %s, signed by the release keys", cli->arguments[0],
            release.version);
    return CLI_DONE;
}

/* ---- update key, update sign ---- */

static int command_key(struct cli *cli)
{
    struct error err = {0};
    struct signing_key key;
    uint8_t seed[SEED_BYTES];
    char hex[2 * SEED_BYTES + 2];
    randombytes_buf(seed, sizeof seed);
    signing_key_from_seed(&key, seed);
    hex_encode(bytes_of(seed, sizeof seed), hex);
    strcat(hex, "\n");
    enum status status = file_create(cli->arguments[0], FILE_PRIVATE, bytes_text(hex), &err);
    hex_encode(bytes_of(key.public_key, PUBLIC_KEY_BYTES), hex);
    if (status == STATUS_OK)
        puts(hex);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(hex, sizeof hex);
    signing_key_release(&key);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}

static enum status read_key(const char *path, struct signing_key *key, struct error *err)
{
    struct buffer text = {0};
    uint8_t seed[SEED_BYTES];
    enum status status = read_small(path, &text, err);
    bool whole = status == STATUS_OK && text.size == 2 * SEED_BYTES + 1;
    if (whole)
        text.data[2 * SEED_BYTES] = '\0';
    if (whole && hex_decode((const char *)text.data, seed, sizeof seed))
        signing_key_from_seed(key, seed);
    else if (status == STATUS_OK)
        status = error_set(err, STATUS_BAD_INPUT, "'%s' holds no release key", path);
    sodium_memzero(seed, sizeof seed);
    if (text.data)
        sodium_memzero(text.data, text.capacity);
    buffer_release(&text);
    return status;
}

/* Beside the signatures that are there for the same file and version; others are void. */
static enum status sign(const char *file, const char *version, const struct signing_key *key,
                        struct error *err)
{
    char path[CLI_PATH_MAX];
    struct buffer text = {0};
    struct release release, there;
    struct hash hash;
    TRY(path_of_signature(file, path, err));
    TRY(hash_file(file, &hash, err));
    release = (struct release){.hash = hash};
    snprintf(release.version, sizeof release.version, "%s", version);
    if (read_release(file, &there, NULL) == STATUS_OK && strcmp(there.version, version) == 0 &&
        memcmp(there.hash.bytes, hash.bytes, HASH_BYTES) == 0)
        release = there;
    TRY(release_sign(&release, key, err));
    enum status status = release_format(&release, &text, err);
    if (status == STATUS_OK)
        status = file_replace(path, FILE_SHARED, buffer_bytes(&text), err);
    buffer_release(&text);
    return status;
}

static int command_sign(struct cli *cli)
{
    struct error err = {0};
    struct signing_key key = {{0}, {0}};
    const char *version = cli_value(cli, "--version-number");
    const char *path = cli_value(cli, "--release-key");
    enum status status = STATUS_OK;
    if (!version || !path)
        status = error_set(&err, STATUS_USAGE, "'%s' is needed",
                           version ? "--release-key" : "--version-number");
    else if (!release_version_valid(version))
        status = error_set(&err, STATUS_USAGE, "'%s' is not a version like 1.2.3", version);
    if (status == STATUS_OK)
        status = read_key(path, &key, &err);
    if (status == STATUS_OK)
        status = sign(cli->arguments[0], version, &key, &err);
    signing_key_release(&key);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}

/* clang-format off */
static const struct cli_flag sign_flags[] = {
    {"--version-number", "VERSION", {"what the release calls itself", "发布版本号"}, false},
    {"--release-key", "FILE", {"made by update key", "由 update key 生成的密钥文件"}, false},
    {0}};

const struct cli_command updating_commands[] = {
    {"update check", "FILE", {"is this file a release of ours, and none older than what was here?",
                              "核验升级包：是否由发布密钥签名、是否不低于已有版本"}, NULL,
     "update check jinqiu-0.2.0.tar", 1, 1, command_check},
    {"update key", "FILE", {"make a release key, and print its public half (for maintainers)",
                            "生成发布密钥并输出公钥（供维护者用）"}, NULL,
     "update key release.key", 1, 1, command_key},
    {"update sign", "FILE", {"add a signature to FILE.sig (for maintainers)",
                             "在 FILE.sig 中加上签名（供维护者用）"}, sign_flags,
     "update sign jinqiu-0.2.0.tar --version-number 0.2.0 --release-key release.key",
     1, 1, command_sign},
    {0}};
/* clang-format on */
