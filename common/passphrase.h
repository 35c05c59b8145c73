#ifndef COMMON_PASSPHRASE_H
#define COMMON_PASSPHRASE_H

/* Secrets that people give: where they come from, and whether they are worth anything. In locked
 * memory, zeroed when freed. */

#include "common/bytes.h"

#define PASSPHRASE_BYTES_MAX 1024
#define SECRET_FILE_BYTES_MAX 4096

struct passphrase; /* opaque */

struct bytes passphrase_bytes(const struct passphrase *passphrase);
const char *passphrase_text(const struct passphrase *passphrase); /* terminated */
void passphrase_free(struct passphrase *passphrase);              /* NULL is fine */

/* The first line of a file. STATUS_NOT_FOUND, STATUS_BAD_INPUT (empty, too long). Gives. */
enum status passphrase_from_file(struct passphrase **passphrase, const char *path,
                                 struct error *err);
/* A whole file, as it is. */
enum status passphrase_from_key_file(struct passphrase **key, const char *path, struct error *err);
/* A text that came another way; the caller wipes its own copy. STATUS_BAD_INPUT (empty, too long).
 */
enum status passphrase_from_text(struct passphrase **passphrase, const char *text,
                                 struct error *err);
/* A variable of the environment, which is wiped there: neither a child nor who reads
 * /proc/PID/environ later finds it. *passphrase NULL when it isn't set or empty. */
enum status passphrase_from_environment(struct passphrase **passphrase, const char *name,
                                        struct error *err);

/* Can somebody be asked? Standard input must be a terminal. */
bool passphrase_can_ask(void);
/* Prompts on stderr and reads a line without echo. STATUS_BAD_INPUT when it is empty, or was broken
 * off with the interrupt key. Gives. */
enum status passphrase_ask(struct passphrase **passphrase, const char *prompt, struct error *err);

/* How long guessing would take, roughly: a PIN falls within minutes even to Argon2id. */
enum passphrase_worth { PASSPHRASE_WORTHLESS, PASSPHRASE_SHORT, PASSPHRASE_GOOD };
enum passphrase_worth passphrase_worth(struct bytes passphrase);

#endif
