#include "server/account.h"

#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "common/mutant.h"

static const struct kdf_cost usual_cost = {KDF_PASSES_LEAST, KDF_MEMORY_KIB_LEAST};

void account_release(struct account *account)
{
    sodium_memzero(account, sizeof *account);
}

bool account_name_valid(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size >= ACCOUNT_NAME_BYTES || !utf8_valid(bytes_text(name)))
        return false;
    for (; *name; name++)
        if ((unsigned char)*name <= ' ' || strchr("\"'\\<>\x7f", *name))
            return false;
    return true;
}

static int64_t new_version(void)
{
    uint64_t version;
    randombytes_buf(&version, sizeof version);
    return (int64_t)(version >> 1 | 1);
}

/* Runs a statement that changes the account `name`, bound as its last parameter. */
static enum status change(struct replica *replica, sqlite3_stmt *statement, const char *name,
                          struct error *err)
{
    sqlite3_bind_text(statement, sqlite3_bind_parameter_count(statement), name, -1, SQLITE_STATIC);
    TRY(replica_run_once(replica, statement, err));
    if (sqlite3_changes(replica_database(replica)) == 0)
        return error_set(err, STATUS_NOT_FOUND, "there is no account '%s'", name);
    return STATUS_OK;
}

/* ---- changing ---- */

struct proof {
    uint8_t salt[KDF_SALT_BYTES], key[KDF_KEY_BYTES];
};

static enum status prove(struct proof *proof, const struct passphrase *secret, struct error *err)
{
    randombytes_buf(proof->salt, sizeof proof->salt);
    return kdf_stretch(proof->key, passphrase_bytes(secret), proof->salt, &usual_cost, err);
}

static void bind_proof(sqlite3_stmt *statement, const struct proof *proof)
{
    sqlite3_bind_int64(statement, 1, new_version());
    sqlite3_bind_blob(statement, 2, proof->salt, sizeof proof->salt, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, usual_cost.passes);
    sqlite3_bind_int64(statement, 4, usual_cost.memory_kib);
    sqlite3_bind_blob(statement, 5, proof->key, sizeof proof->key, SQLITE_STATIC);
}

static enum status insert(struct replica *replica, const char *name, enum role role,
                          const struct proof *proof, struct error *err)
{
    sqlite3_stmt *statement;
    TRY(replica_prepare(
        replica,
        "INSERT OR IGNORE INTO _account(version, salt, passes, memory_kib, key, role, "
        "changed_ms, name) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        &statement, err));
    bind_proof(statement, proof);
    sqlite3_bind_int(statement, 6, (int)role);
    sqlite3_bind_int64(statement, 7, clock_wall_ms(replica_clock(replica)));
    enum status status = change(replica, statement, name, err);
    return status == STATUS_NOT_FOUND
               ? error_set(err, STATUS_EXISTS, "there is an account '%s' already", name)
               : status;
}

enum status account_add(struct replica *replica, const char *name, enum role role,
                        const struct passphrase *secret, struct error *err)
{
    struct proof proof;
    if (!account_name_valid(name))
        return error_set(err, STATUS_BAD_INPUT,
                         "an account's name has 1 to %d bytes, no spaces and no quotes",
                         ACCOUNT_NAME_BYTES - 1);
    if (role != ROLE_BUREAU && role != ROLE_AUDITOR)
        return error_set(err, STATUS_BAD_INPUT, "the role of an account is bureau or auditor");
    enum status status = prove(&proof, secret, err);
    if (status == STATUS_OK)
        status = insert(replica, name, role, &proof, err);
    sodium_memzero(&proof, sizeof proof);
    return status;
}

enum status account_set_secret(struct replica *replica, const char *name,
                               const struct passphrase *secret, struct error *err)
{
    struct proof proof;
    sqlite3_stmt *statement;
    TRY(prove(&proof, secret, err));
    TRY(replica_prepare(
        replica,
        "UPDATE _account SET version = ?, salt = ?, passes = ?, memory_kib = ?, key = ?, "
        "changed_ms = ? WHERE name = ?",
        &statement, err));
    bind_proof(statement, &proof);
    sqlite3_bind_int64(statement, 6, clock_wall_ms(replica_clock(replica)));
    enum status status = change(replica, statement, name, err);
    sodium_memzero(&proof, sizeof proof);
    return status;
}

enum status account_set_totp(struct replica *replica, const char *name,
                             const uint8_t secret[TOTP_SECRET_BYTES], struct error *err)
{
    sqlite3_stmt *statement;
    TRY(replica_prepare(replica,
                        "UPDATE _account SET version = ?, totp = ?, changed_ms = ? WHERE name = ?",
                        &statement, err));
    sqlite3_bind_int64(statement, 1, new_version());
    if (secret)
        sqlite3_bind_blob(statement, 2, secret, TOTP_SECRET_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, clock_wall_ms(replica_clock(replica)));
    return change(replica, statement, name, err);
}

enum status account_remove(struct replica *replica, const char *name, struct error *err)
{
    sqlite3_stmt *statement;
    TRY(replica_prepare(replica, "DELETE FROM _account WHERE name = ?", &statement, err));
    return change(replica, statement, name, err);
}

enum status account_use_totp(struct replica *replica, const char *name, uint64_t step,
                             struct error *err)
{
    sqlite3_stmt *statement;
    TRY(replica_prepare(replica,
                        "UPDATE _account SET totp_used = ?1 WHERE totp_used < ?1 AND name = ?2",
                        &statement, err));
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)step);
    enum status status = change(replica, statement, name, err);
    return status == STATUS_NOT_FOUND
               ? error_set(err, STATUS_DENIED, "this code was used already: wait for the next")
               : status;
}

/* ---- reading ---- */

static bool take_blob(sqlite3_stmt *row, int column, uint8_t *out, size_t size)
{
    if ((size_t)sqlite3_column_bytes(row, column) != size)
        return false;
    memcpy(out, sqlite3_column_blob(row, column), size);
    return true;
}

static bool take_row(sqlite3_stmt *row, struct account *account)
{
    account->role = (enum role)sqlite3_column_int(row, 0);
    account->version = (uint64_t)sqlite3_column_int64(row, 1);
    account->cost = (struct kdf_cost){(uint32_t)sqlite3_column_int64(row, 3),
                                      (uint32_t)sqlite3_column_int64(row, 4)};
    account->has_totp = take_blob(row, 6, account->totp, sizeof account->totp);
    account->totp_used = (uint64_t)sqlite3_column_int64(row, 7);
    return take_blob(row, 2, account->salt, sizeof account->salt) &&
           take_blob(row, 5, account->key, sizeof account->key) && kdf_cost_valid(&account->cost);
}

enum status account_load(struct replica *replica, const char *name, struct account *account,
                         bool *found, struct error *err)
{
    sqlite3_stmt *row;
    *account = (struct account){.cost = usual_cost};
    *found = false;
    randombytes_buf(account->key, sizeof account->key); /* no password leads there */
    TRY(replica_prepare(replica,
                        "SELECT role, version, salt, passes, memory_kib, key, totp, totp_used "
                        "FROM _account WHERE name = ?",
                        &row, err));
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    enum status status = STATUS_OK;
    if (replica_step(replica, row, &status, err))
        *found = take_row(row, account);
    sqlite3_finalize(row);
    if (*found && strlen(name) < sizeof account->name)
        memcpy(account->name, name, strlen(name) + 1);
    return status;
}

enum status account_require(struct replica *replica, const char *name, uint64_t version,
                            struct error *err)
{
    sqlite3_stmt *row;
    enum status status = STATUS_OK;
    TRY(replica_prepare(replica, "SELECT 1 FROM _account WHERE name = ? AND version = ?", &row,
                        err));
    sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 2, (sqlite3_int64)version);
    bool current = replica_step(replica, row, &status, err);
    sqlite3_finalize(row);
    if (current || status != STATUS_OK || MUTANT("console-old-sessions-live-on"))
        return status;
    return error_set(err, STATUS_DENIED, "the account was changed: sign in again");
}

enum status account_list(struct replica *replica, json_t **list, struct error *err)
{
    sqlite3_stmt *row;
    char changed[32];
    *list = NULL;
    TRY(replica_prepare(
        replica, "SELECT name, role, totp IS NOT NULL, changed_ms FROM _account ORDER BY name",
        &row, err));
    *list = json_array();
    enum status status = STATUS_OK;
    while (replica_step(replica, row, &status, err)) {
        time_format(sqlite3_column_int64(row, 3), changed);
        json_array_append_new(
            *list, json_pack("{ss ss sb ss}", "name", (const char *)sqlite3_column_text(row, 0),
                             "role", role_name((enum role)sqlite3_column_int(row, 1)), "totp",
                             sqlite3_column_int(row, 2), "changed", changed));
    }
    sqlite3_finalize(row);
    return status;
}

enum status account_check(const struct account *account, const struct passphrase *secret,
                          struct error *err)
{
    uint8_t key[KDF_KEY_BYTES];
    TRY(kdf_stretch(key, passphrase_bytes(secret), account->salt, &account->cost, err));
    bool fits = sodium_memcmp(key, account->key, sizeof key) == 0 && account->version != 0;
    sodium_memzero(key, sizeof key);
    return fits || MUTANT("console-any-password")
               ? STATUS_OK
               : error_set(err, STATUS_DENIED, "name or password is wrong");
}
