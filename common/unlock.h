#ifndef COMMON_UNLOCK_H
#define COMMON_UNLOCK_H

/* How the commands of both programs come to the keys of the folder that --dir names. A secret is
 * taken from, in this order: --key-file (or JINQIU_KEY_FILE), --passphrase-file,
 * JINQIU_PASSPHRASE, the terminal. Opened once in a call of the program, however often its folder
 * is opened (struct cli keeps the vault); nothing is kept beyond that. */

#include "common/cli.h"
#include "common/passphrase.h"
#include "common/vault.h"

/* *vault is NULL when the folder isn't encrypted. Borrows. STATUS_DENIED: the secret doesn't fit,
 * or none was given and nobody can be asked. STATUS_BAD_INPUT: the slots are damaged. */
enum status unlock_folder(const struct cli *cli, struct vault **vault, struct error *err);
/* Unlocks what isn't the folder's: `vault` is taken, and kept in `cli` when it opens. */
enum status unlock_vault(const struct cli *cli, struct vault *vault, struct error *err);

/* Is it a passphrase that opens the folder, and none was given: would a person be asked? */
bool unlock_would_ask(const struct cli *cli);
/* A program that runs on may forget the keys and ask a person for them again: can it? Only where
 * a passphrase opens the folder, and the folder is open. */
bool unlock_can_ask_again(const struct cli *cli);
/* Wipe the keys. Whatever was opened with them must be closed. */
void unlock_forget(const struct cli *cli);
/* Open the folder's slots, as they are now, with a passphrase or recovery code. STATUS_DENIED: it
 * doesn't fit. */
enum status unlock_again(const struct cli *cli, const struct passphrase *secret, struct error *err);

enum unlock_wish {
    UNLOCK_ALWAYS, /* without a secret only when --no-passphrase says so; asks on a terminal */
    UNLOCK_OFFERED /* without a secret: not encrypted, with a warning */
};
/* The secret that a new folder gets, before anything is made. */
struct unlock_choice {
    enum keyslot_kind kind; /* 0: no encryption */
    struct passphrase *secret;
    bool asked; /* on the terminal */
};
/* STATUS_DENIED: no secret and no --no-passphrase. STATUS_BAD_INPUT: worth nothing. Release with
 * unlock_choice_release. */
enum status unlock_choose(const struct cli *cli, enum unlock_wish wish,
                          struct unlock_choice *choice, struct error *err);
void unlock_choice_release(struct unlock_choice *choice);
/* STATUS_BAD_INPUT: a passphrase that is worth nothing. */
enum status unlock_check_new(const struct passphrase *secret, struct error *err);
/* Make the folder's key slots, before its `database`; the folder exists. *vault is NULL when the
 * choice was none; else vault_let_go when the database is there. */
enum status unlock_create(const struct cli *cli, const struct unlock_choice *choice,
                          const char *database, struct vault **vault, struct error *err);

/* A new recovery code: on paper it opens the folder when the passphrase is forgotten. An older one
 * is void. The caller wipes `text`. */
enum status unlock_recovery_code(struct vault *vault, char text[RECOVERY_CODE_TEXT],
                                 struct error *err);
/* The same on stdout. */
enum status unlock_print_recovery_code(const struct cli *cli, struct vault *vault,
                                       struct error *err);

/* Where a passphrase is to come from. */
struct unlock_source {
    const char *flag;     /* "--passphrase-file" */
    const char *variable; /* "JINQIU_PASSPHRASE" */
    const char *prompt;   /* English; translated here. NULL: never ask */
};
/* *secret is NULL when nothing was given and nobody can be asked. *asked may be NULL. */
enum status unlock_read(const struct cli *cli, const struct unlock_source *source,
                        struct passphrase **secret, bool *asked, struct error *err);
/* A new passphrase; on the terminal it is asked for twice. Refuses what is worth nothing, and warns
 * about what is short. *secret NULL as above. */
enum status unlock_read_new(const struct cli *cli, const struct unlock_source *source,
                            struct passphrase **secret, bool *asked, struct error *err);

#endif
