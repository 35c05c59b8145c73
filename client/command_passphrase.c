/* jinqiu passphrase: change what opens the folder. The data itself isn't touched. */

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/folder.h"
#include "common/escrow.h"

/* ---- what opens it now ---- */

static enum status read_code(const struct cli *cli, uint8_t code[RECOVERY_CODE_BYTES],
                             struct error *err)
{
    static const struct unlock_source source = {"--recovery-file", "JINQIU_RECOVERY_CODE",
                                                "recovery code"};
    struct passphrase *text;
    TRY(unlock_read(cli, &source, &text, NULL, err));
    if (!text)
        return error_set(err, STATUS_DENIED,
                         "no recovery code: give --recovery-file or set JINQIU_RECOVERY_CODE");
    bool good = recovery_code_parse(passphrase_text(text), code);
    passphrase_free(text);
    return good ? STATUS_OK
                : error_set(err, STATUS_BAD_INPUT, "a recovery code has 24 letters and digits");
}

/* The paper's code or, opened by the bureau, the escrow's. */
static enum status recover(const struct cli *cli, struct vault *vault, enum keyslot_kind *by,
                           struct error *err)
{
    uint8_t code[RECOVERY_CODE_BYTES];
    TRY(read_code(cli, code, err));
    struct key_secret secret = {.kind = KEYSLOT_RECOVERY, .bytes = bytes_of(code, sizeof code)};
    enum status status = vault_unlock(vault, &secret, NULL);
    if (status != STATUS_OK) {
        secret.kind = KEYSLOT_ESCROW;
        status = vault_unlock(vault, &secret, NULL);
    }
    *by = secret.kind;
    sodium_memzero(code, sizeof code);
    return status == STATUS_OK
               ? status
               : error_set(err, STATUS_DENIED, "the recovery code doesn't open this folder");
}

/* Locked when it is only looked at, or opened by a code later. */
static enum status load_vault(const struct cli *cli, bool locked, struct vault **vault,
                              struct error *err)
{
    bool holds;
    TRY(folder_holds(cli, &holds, err));
    if (!holds)
        return error_set(err, STATUS_NOT_FOUND,
                         "the folder '%.120s' holds no replica: join a hub first", cli->directory);
    if (!locked)
        TRY(unlock_folder(cli, vault, err));
    else if (vault_load(vault, cli->directory, err) == STATUS_OK)
        *cli->vault = *vault;
    else if (err->status != STATUS_NOT_FOUND)
        return err->status;
    return *vault
               ? STATUS_OK
               : error_set(err, STATUS_NOT_FOUND, "the records in this folder are not encrypted");
}

/* ---- changes ---- */

static enum status set_passphrase(const struct cli *cli, struct vault *vault, struct error *err)
{
    static const struct unlock_source source = {"--new-passphrase-file", "JINQIU_NEW_PASSPHRASE",
                                                "new passphrase"};
    struct passphrase *text;
    TRY(unlock_read_new(cli, &source, &text, NULL, err));
    if (!text)
        return error_set(err, STATUS_DENIED,
                         "no new passphrase: give --new-passphrase-file or set "
                         "JINQIU_NEW_PASSPHRASE");
    struct key_secret secret = {.kind = KEYSLOT_PASSPHRASE,
                                .bytes = passphrase_bytes(text),
                                .cost = kdf_calibrate(kdf_processor_ms)};
    enum status status = vault_set(vault, &secret, err);
    passphrase_free(text);
    if (status == STATUS_OK)
        cli_say(cli, "the passphrase was changed");
    return status;
}

static enum status add_escrow(const struct cli *cli, struct vault *vault, struct error *err)
{
    uint8_t key[ESCROW_KEY_BYTES];
    TRY(escrow_key_parse(cli_value(cli, "--add-escrow"), key, err));
    struct key_secret secret = {.kind = KEYSLOT_ESCROW, .bytes = bytes_of(key, sizeof key)};
    TRY(vault_set(vault, &secret, err));
    cli_say(cli, "the bureau can open this folder now");
    return STATUS_OK;
}

static enum status drop(const struct cli *cli, struct vault *vault, enum keyslot_kind kind,
                        struct error *err)
{
    TRY(vault_remove(vault, kind, err));
    if (kind == KEYSLOT_RECOVERY)
        cli_say(cli, "the recovery code is void");
    else
        cli_say(cli, "the bureau can't open this folder any more");
    return STATUS_OK;
}

/* ---- showing ---- */

static json_t *slots_json(const struct keyslots *slots)
{
    json_t *list = json_array();
    for (size_t i = 0; i < slots->count; i++) {
        const struct keyslot *slot = &slots->slots[i];
        json_t *json = json_pack("{ss}", "kind", keyslot_kind_name(slot->kind));
        if (slot->kind == KEYSLOT_PASSPHRASE) {
            json_object_set_new(json, "passes", json_integer(slot->cost.passes));
            json_object_set_new(json, "memory_kib", json_integer(slot->cost.memory_kib));
        }
        json_array_append_new(list, json);
    }
    return json_pack("{ss so}", "cipher", page_cipher_name(slots->cipher), "slots", list);
}

static void show(const struct cli *cli, const struct keyslots *slots)
{
    if (cli->json) {
        cli_print_json(cli, slots_json(slots));
        return;
    }
    printf("%s\n", page_cipher_name(slots->cipher));
    for (size_t i = 0; i < slots->count; i++) {
        const struct keyslot *slot = &slots->slots[i];
        printf("%s", keyslot_kind_name(slot->kind));
        if (slot->kind == KEYSLOT_PASSPHRASE)
            printf(" argon2id passes=%u memory_kib=%u", slot->cost.passes, slot->cost.memory_kib);
        printf("\n");
    }
}

static enum status show_escrow(const struct keyslots *slots, struct error *err)
{
    char text[ESCROW_TEXT_MAX];
    struct escrow_request request;
    const struct keyslot *slot = keyslots_find(slots, KEYSLOT_ESCROW);
    if (!slot)
        return error_set(err, STATUS_NOT_FOUND, "there is no key slot '%s'",
                         keyslot_kind_name(KEYSLOT_ESCROW));
    memcpy(request.key, slot->recipient, sizeof request.key);
    memcpy(request.sealed, slot->sealed, sizeof request.sealed);
    escrow_request_format(&request, text);
    printf("%s\n", text);
    return STATUS_OK;
}

/* ---- the command ---- */

static enum status recover_and_set(const struct cli *cli, struct vault *vault, struct error *err)
{
    enum keyslot_kind by;
    TRY(recover(cli, vault, &by, err));
    TRY(set_passphrase(cli, vault, err));
    if (by != KEYSLOT_ESCROW)
        return STATUS_OK;
    /* That code went from hand to hand: the bureau gets another one. */
    uint8_t key[ESCROW_KEY_BYTES];
    memcpy(key, keyslots_find(vault_slots(vault), KEYSLOT_ESCROW)->recipient, sizeof key);
    struct key_secret secret = {.kind = KEYSLOT_ESCROW, .bytes = bytes_of(key, sizeof key)};
    return vault_set(vault, &secret, err);
}

static enum status change(const struct cli *cli, struct vault *vault, struct error *err)
{
    bool any = false;
    if (cli_has(cli, "--remove-recovery")) {
        TRY(drop(cli, vault, KEYSLOT_RECOVERY, err));
        any = true;
    }
    if (cli_has(cli, "--remove-escrow")) {
        TRY(drop(cli, vault, KEYSLOT_ESCROW, err));
        any = true;
    }
    if (cli_has(cli, "--add-recovery")) {
        TRY(unlock_print_recovery_code(cli, vault, err));
        any = true;
    }
    if (cli_has(cli, "--add-escrow")) {
        TRY(add_escrow(cli, vault, err));
        any = true;
    }
    return any ? STATUS_OK : set_passphrase(cli, vault, err);
}

int command_passphrase(struct cli *cli)
{
    struct vault *vault = NULL;
    struct error err = {0};
    bool shows = cli_has(cli, "--show"), shows_escrow = cli_has(cli, "--show-escrow");
    bool recovers = cli_has(cli, "--recover");
    enum status status = load_vault(cli, shows || shows_escrow || recovers, &vault, &err);
    if (status == STATUS_OK && shows)
        show(cli, vault_slots(vault));
    else if (status == STATUS_OK && shows_escrow)
        status = show_escrow(vault_slots(vault), &err);
    else if (status == STATUS_OK)
        status = recovers ? recover_and_set(cli, vault, &err) : change(cli, vault, &err);
    return status == STATUS_OK ? CLI_DONE : cli_fail(cli, &err);
}
