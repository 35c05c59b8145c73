#include "common/unlock.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/messages.h"

#define TRIES 3

static const struct unlock_source usual = {"--passphrase-file", "JINQIU_PASSPHRASE", "passphrase"};

/* ---- secrets ---- */

static enum status ask(const char *prompt, struct passphrase **secret, struct error *err)
{
    char text[128];
    snprintf(text, sizeof text, "%s: ", tr(prompt));
    return passphrase_ask(secret, text, err);
}

static enum status read_given(const struct cli *cli, const struct unlock_source *source,
                              struct passphrase **secret, struct error *err)
{
    const char *path = cli_value(cli, source->flag);
    if (path)
        return passphrase_from_file(secret, path, err);
    return passphrase_from_environment(secret, source->variable, err);
}

enum status unlock_read(const struct cli *cli, const struct unlock_source *source,
                        struct passphrase **secret, bool *asked, struct error *err)
{
    TRY(read_given(cli, source, secret, err));
    bool ask_now = !*secret && source->prompt && passphrase_can_ask();
    if (asked)
        *asked = ask_now;
    return ask_now ? ask(source->prompt, secret, err) : STATUS_OK;
}

/* The same line again: nobody sees what they type. */
static enum status ask_again(const struct passphrase *secret, struct error *err)
{
    struct passphrase *again;
    TRY(ask("once more", &again, err));
    bool same = bytes_equal(passphrase_bytes(secret), passphrase_bytes(again));
    passphrase_free(again);
    return same ? STATUS_OK : error_set(err, STATUS_BAD_INPUT, "the two lines differ");
}

enum status unlock_check_new(const struct passphrase *secret, struct error *err)
{
    if (passphrase_worth(passphrase_bytes(secret)) == PASSPHRASE_WORTHLESS)
        return error_set(err, STATUS_BAD_INPUT,
                         "this passphrase is guessed in no time: take four words or more");
    return STATUS_OK;
}

enum status unlock_read_new(const struct cli *cli, const struct unlock_source *source,
                            struct passphrase **secret, bool *asked, struct error *err)
{
    bool on_terminal;
    TRY(unlock_read(cli, source, secret, &on_terminal, err));
    if (asked)
        *asked = on_terminal;
    if (!*secret)
        return STATUS_OK;
    enum status status = unlock_check_new(*secret, err);
    if (status == STATUS_OK && on_terminal)
        status = ask_again(*secret, err);
    if (status != STATUS_OK) {
        passphrase_free(*secret);
        *secret = NULL;
        return status;
    }
    if (passphrase_worth(passphrase_bytes(*secret)) == PASSPHRASE_SHORT)
        cli_say(cli, "this passphrase is short: four words or more are better");
    return STATUS_OK;
}

static const char *key_file_of(const struct cli *cli)
{
    const char *path = cli_value(cli, "--key-file");
    if (!path)
        path = getenv("JINQIU_KEY_FILE");
    return path && *path ? path : NULL;
}

/* ---- a folder that is there ---- */

static enum status try_secret(struct vault *vault, enum keyslot_kind kind,
                              const struct passphrase *secret, struct error *err)
{
    struct key_secret key = {.kind = kind, .bytes = passphrase_bytes(secret)};
    enum status status = vault_unlock(vault, &key, err);
    if (status != STATUS_DENIED)
        return status;
    return kind == KEYSLOT_KEY_FILE
               ? error_set(err, status, "the key file doesn't open this folder")
               : error_set(err, status, "the passphrase doesn't open this folder");
}

static enum status try_key_file(const struct cli *cli, struct vault *vault, struct error *err)
{
    struct passphrase *key;
    const char *path = key_file_of(cli);
    if (!path)
        return error_set(err, STATUS_DENIED,
                         "this folder is locked with a key file: name it with --key-file");
    TRY(passphrase_from_key_file(&key, path, err));
    enum status status = try_secret(vault, KEYSLOT_KEY_FILE, key, err);
    passphrase_free(key);
    return status;
}

static enum status try_passphrase(const struct cli *cli, struct vault *vault, struct error *err)
{
    struct passphrase *secret;
    bool asked = false;
    enum status status = STATUS_DENIED;
    for (int i = 0; i < TRIES && status == STATUS_DENIED && (i == 0 || asked); i++) {
        if (i > 0)
            cli_say(cli, "the passphrase doesn't open this folder");
        TRY(unlock_read(cli, &usual, &secret, &asked, err));
        if (!secret)
            return error_set(err, STATUS_DENIED,
                             "this folder is encrypted: give --passphrase-file or set "
                             "JINQIU_PASSPHRASE");
        status = try_secret(vault, KEYSLOT_PASSPHRASE, secret, err);
        passphrase_free(secret);
    }
    return status;
}

enum status unlock_vault(const struct cli *cli, struct vault *vault, struct error *err)
{
    const struct keyslots *slots = vault_slots(vault);
    bool by_file = keyslots_find(slots, KEYSLOT_KEY_FILE) &&
                   (key_file_of(cli) || !keyslots_find(slots, KEYSLOT_PASSPHRASE));
    enum status status = by_file ? try_key_file(cli, vault, err) : try_passphrase(cli, vault, err);
    if (status != STATUS_OK) {
        vault_free(vault);
        return status;
    }
    assert(cli->vault && !*cli->vault);
    *cli->vault = vault;
    return STATUS_OK;
}

/* The folder's slots; *vault NULL: it isn't encrypted. */
static enum status load_slots(const struct cli *cli, struct vault **vault, struct error *err)
{
    struct vault *found;
    *vault = NULL;
    enum status status = vault_load(&found, cli->directory, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status != STATUS_OK)
        return error_wrap(err, "the folder '%.60s'", cli->directory);
    if (vault_slots(found)->count == 0) {
        vault_free(found);
        return error_set(err, STATUS_DENIED,
                         "the keys of this folder were erased, because the device was revoked");
    }
    *vault = found;
    return STATUS_OK;
}

enum status unlock_folder(const struct cli *cli, struct vault **vault, struct error *err)
{
    struct vault *found;
    *vault = *cli->vault;
    if (*vault)
        return STATUS_OK;
    TRY(load_slots(cli, &found, err));
    if (found)
        TRY(unlock_vault(cli, found, err));
    *vault = found;
    return STATUS_OK;
}

/* ---- locked again while the program runs ---- */

bool unlock_would_ask(const struct cli *cli)
{
    struct vault *vault = NULL;
    struct error err = {0};
    const char *given = getenv(usual.variable);
    if (*cli->vault || cli_value(cli, usual.flag) || (given && *given) || key_file_of(cli))
        return false;
    bool asks = load_slots(cli, &vault, &err) == STATUS_OK && vault &&
                keyslots_find(vault_slots(vault), KEYSLOT_PASSPHRASE);
    vault_free(vault);
    return asks;
}

bool unlock_can_ask_again(const struct cli *cli)
{
    return *cli->vault && keyslots_find(vault_slots(*cli->vault), KEYSLOT_PASSPHRASE);
}

void unlock_forget(const struct cli *cli)
{
    vault_free(*cli->vault);
    *cli->vault = NULL;
}

static enum status try_recovery_code(struct vault *vault, const struct passphrase *secret)
{
    uint8_t code[RECOVERY_CODE_BYTES];
    struct key_secret key = {.kind = KEYSLOT_RECOVERY, .bytes = bytes_of(code, sizeof code)};
    enum status status = STATUS_DENIED;
    if (keyslots_find(vault_slots(vault), KEYSLOT_RECOVERY) &&
        recovery_code_parse(passphrase_text(secret), code))
        status = vault_unlock(vault, &key, NULL);
    sodium_memzero(code, sizeof code);
    return status;
}

enum status unlock_again(const struct cli *cli, const struct passphrase *secret, struct error *err)
{
    struct vault *vault;
    assert(cli->vault && !*cli->vault);
    TRY(load_slots(cli, &vault, err));
    if (!vault)
        return STATUS_OK;
    enum status status = try_recovery_code(vault, secret);
    if (status != STATUS_OK)
        status = try_secret(vault, KEYSLOT_PASSPHRASE, secret, err);
    if (status != STATUS_OK) {
        vault_free(vault);
        return status;
    }
    *cli->vault = vault;
    return STATUS_OK;
}

/* ---- a new folder ---- */

void unlock_choice_release(struct unlock_choice *choice)
{
    passphrase_free(choice->secret);
    *choice = (struct unlock_choice){0};
}

static enum status choose_nothing(const struct cli *cli, enum unlock_wish wish, struct error *err)
{
    if (!cli_has(cli, "--no-passphrase") && wish == UNLOCK_ALWAYS)
        return error_set(err, STATUS_DENIED,
                         "no passphrase: give --passphrase-file, set JINQIU_PASSPHRASE, or say "
                         "--no-passphrase to leave the records unencrypted");
    cli_say(cli, "warning: the records in this folder are not encrypted");
    return STATUS_OK;
}

enum status unlock_choose(const struct cli *cli, enum unlock_wish wish,
                          struct unlock_choice *choice, struct error *err)
{
    struct unlock_source source = usual;
    *choice = (struct unlock_choice){0};
    source.prompt = wish == UNLOCK_ALWAYS ? "new passphrase" : NULL;
    const char *key_file = wish == UNLOCK_OFFERED ? key_file_of(cli) : NULL;
    if (cli_has(cli, "--no-passphrase"))
        return choose_nothing(cli, wish, err);
    if (key_file) {
        choice->kind = KEYSLOT_KEY_FILE;
        return passphrase_from_key_file(&choice->secret, key_file, err);
    }
    TRY(unlock_read_new(cli, &source, &choice->secret, &choice->asked, err));
    if (!choice->secret)
        return choose_nothing(cli, wish, err);
    choice->kind = KEYSLOT_PASSPHRASE;
    return STATUS_OK;
}

enum status unlock_create(const struct cli *cli, const struct unlock_choice *choice,
                          const char *database, struct vault **vault, struct error *err)
{
    struct vault_place place = {cli->directory, database};
    *vault = NULL;
    if (!choice->secret)
        return STATUS_OK;
    struct key_secret secret = {.kind = choice->kind, .bytes = passphrase_bytes(choice->secret)};
    if (secret.kind == KEYSLOT_PASSPHRASE)
        secret.cost = kdf_calibrate(kdf_processor_ms);
    TRY(vault_create(vault, &place, page_cipher_best(), &secret, err));
    assert(cli->vault && !*cli->vault);
    *cli->vault = *vault;
    return STATUS_OK;
}

enum status unlock_recovery_code(struct vault *vault, char text[RECOVERY_CODE_TEXT],
                                 struct error *err)
{
    uint8_t code[RECOVERY_CODE_BYTES];
    randombytes_buf(code, sizeof code);
    struct key_secret secret = {.kind = KEYSLOT_RECOVERY, .bytes = bytes_of(code, sizeof code)};
    enum status status = vault_set(vault, &secret, err);
    recovery_code_format(code, text);
    sodium_memzero(code, sizeof code);
    return status;
}

enum status unlock_print_recovery_code(const struct cli *cli, struct vault *vault,
                                       struct error *err)
{
    char text[RECOVERY_CODE_TEXT];
    enum status status = unlock_recovery_code(vault, text, err);
    if (status == STATUS_OK) {
        cli_say(cli, "write down the recovery code: it opens this folder when the passphrase is "
                     "forgotten");
        printf("%s\n", text);
    }
    sodium_memzero(text, sizeof text);
    return status;
}
