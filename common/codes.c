#include "common/codes.h"

#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "common/mutant.h"

#define HASH_OF_TOKEN_BYTES 32

static enum status failed(struct replica *replica, struct error *err)
{
    return error_set(err, STATUS_STORAGE, "cannot use the codes that were given out: %s",
                     sqlite3_errmsg(replica_database(replica)));
}

static bool run(struct replica *replica, const char *sql)
{
    return sqlite3_exec(replica_database(replica), sql, NULL, NULL, NULL) == SQLITE_OK;
}

static enum status prepare(struct replica *replica, const char *sql, sqlite3_stmt **statement,
                           struct error *err)
{
    if (sqlite3_prepare_v2(replica_database(replica), sql, -1, statement, NULL) == SQLITE_OK)
        return STATUS_OK;
    return failed(replica, err);
}

/* Files of older programs lack the last column. */
enum status codes_prepare(struct replica *replica, struct error *err)
{
    if (run(replica, "CREATE TABLE IF NOT EXISTS _invite(token_hash BLOB PRIMARY KEY, "
                     "org INTEGER NOT NULL, role INTEGER NOT NULL, person TEXT NOT NULL, "
                     "expires_ms INTEGER NOT NULL, device INTEGER, sign_key BLOB, dh_key BLOB, "
                     "given_ms INTEGER NOT NULL DEFAULT 0) STRICT") &&
        (run(replica, "SELECT given_ms FROM _invite LIMIT 0") ||
         run(replica, "ALTER TABLE _invite ADD COLUMN given_ms INTEGER NOT NULL DEFAULT 0")))
        return STATUS_OK;
    return failed(replica, err);
}

static void bind_token(sqlite3_stmt *statement, int index,
                       const uint8_t token[INVITATION_TOKEN_BYTES])
{
    uint8_t hash[HASH_OF_TOKEN_BYTES];
    crypto_generichash(hash, sizeof hash, token, INVITATION_TOKEN_BYTES, NULL, 0);
    sqlite3_bind_blob(statement, index, hash, sizeof hash, SQLITE_TRANSIENT);
}

static enum status finish(struct replica *replica, sqlite3_stmt *statement, struct error *err)
{
    int code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? STATUS_OK : failed(replica, err);
}

/* ---- giving ---- */

static enum status insert(struct replica *replica, const struct code *code,
                          const uint8_t token[INVITATION_TOKEN_BYTES], struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int64_t now = clock_wall_ms(replica_clock(replica));
    TRY(codes_prepare(replica, err));
    TRY(prepare(replica,
                "INSERT INTO _invite(token_hash, org, role, person, expires_ms, given_ms) "
                "VALUES(?, ?, ?, ?, ?, ?)",
                &statement, err));
    bind_token(statement, 1, token);
    sqlite3_bind_int64(statement, 2, code->org);
    sqlite3_bind_int64(statement, 3, code->role);
    sqlite3_bind_text(statement, 4, code->person, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, now + code->lifetime_ms);
    sqlite3_bind_int64(statement, 6, now);
    return finish(replica, statement, err);
}

enum status codes_give(struct replica *replica, const struct code *code,
                       uint8_t token[INVITATION_TOKEN_BYTES], struct error *err)
{
    size_t length = strlen(code->person);
    if (length == 0 || length > PERSON_NAME_BYTES_MAX || !utf8_valid(bytes_text(code->person)))
        return error_set(err, STATUS_BAD_INPUT,
                         "the person's name must have 1 to %d bytes of UTF-8",
                         PERSON_NAME_BYTES_MAX);
    randombytes_buf(token, INVITATION_TOKEN_BYTES);
    TRY(replica_begin(replica, err));
    enum status status = insert(replica, code, token, err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

/* ---- using ---- */

static bool in_time(struct replica *replica, int64_t given_ms, int64_t expires_ms)
{
    int64_t now = clock_wall_ms(replica_clock(replica));
    bool back = given_ms != 0 && given_ms - now > expires_ms - given_ms;
    return (now <= expires_ms && !back) || MUTANT("t24-code-never-ends");
}

static void take_person(sqlite3_stmt *row, int column, char person[PERSON_NAME_BYTES_MAX + 1])
{
    const unsigned char *text = sqlite3_column_text(row, column);
    size_t length = (size_t)sqlite3_column_bytes(row, column);
    person[0] = '\0';
    if (text && length <= PERSON_NAME_BYTES_MAX)
        memcpy(person, text, length + 1);
}

/* A row of org, role, person, device, sign_key, given_ms, expires_ms. */
static void take_row(struct replica *replica, sqlite3_stmt *row,
                     const uint8_t sign_key[PUBLIC_KEY_BYTES], struct code_kept *kept)
{
    bool used = sqlite3_column_type(row, 3) != SQLITE_NULL && !MUTANT("t24-code-used-twice");
    bool same = sqlite3_column_bytes(row, 4) == PUBLIC_KEY_BYTES &&
                memcmp(sqlite3_column_blob(row, 4), sign_key, PUBLIC_KEY_BYTES) == 0;
    kept->org = (uint32_t)sqlite3_column_int64(row, 0);
    kept->role = (enum role)sqlite3_column_int(row, 1);
    take_person(row, 2, kept->person);
    kept->device = (uint32_t)sqlite3_column_int64(row, 3);
    if (used)
        kept->state = same ? CODE_USED : CODE_REFUSED;
    else if (in_time(replica, sqlite3_column_int64(row, 5), sqlite3_column_int64(row, 6)))
        kept->state = CODE_OPEN;
}

enum status codes_find(struct replica *replica, const uint8_t token[INVITATION_TOKEN_BYTES],
                       const uint8_t sign_key[PUBLIC_KEY_BYTES], struct code_kept *kept,
                       struct error *err)
{
    sqlite3_stmt *statement = NULL;
    *kept = (struct code_kept){.state = CODE_REFUSED};
    TRY(codes_prepare(replica, err));
    TRY(prepare(replica,
                "SELECT org, role, person, device, sign_key, given_ms, expires_ms FROM _invite "
                "WHERE token_hash = ?",
                &statement, err));
    bind_token(statement, 1, token);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        take_row(replica, statement, sign_key, kept);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK : failed(replica, err);
}

enum status codes_spend(struct replica *replica, const uint8_t token[INVITATION_TOKEN_BYTES],
                        const struct code_user *user, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    TRY(prepare(replica,
                "UPDATE _invite SET device = ?, sign_key = ?, dh_key = ? WHERE token_hash = ?",
                &statement, err));
    sqlite3_bind_int64(statement, 1, user->device);
    sqlite3_bind_blob(statement, 2, user->sign_key, PUBLIC_KEY_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, user->dh_key, DH_KEY_BYTES, SQLITE_STATIC);
    bind_token(statement, 4, token);
    return finish(replica, statement, err);
}

enum status codes_used(struct replica *replica,
                       enum status (*take)(void *context, const struct code_user *user,
                                           struct error *err),
                       void *context, struct error *err)
{
    sqlite3_stmt *rows = NULL;
    enum status status = STATUS_OK;
    char person[PERSON_NAME_BYTES_MAX + 1];
    TRY(prepare(replica,
                "SELECT org, role, person, device, sign_key, dh_key FROM _invite "
                "WHERE device IS NOT NULL AND length(sign_key) = 32 AND length(dh_key) = 32 "
                "ORDER BY device",
                &rows, err));
    while (status == STATUS_OK && replica_step(replica, rows, &status, err)) {
        take_person(rows, 2, person);
        struct code code = {.org = (uint32_t)sqlite3_column_int64(rows, 0),
                            .role = (enum role)sqlite3_column_int(rows, 1),
                            .person = person};
        struct code_user user = {(uint32_t)sqlite3_column_int64(rows, 3),
                                 sqlite3_column_blob(rows, 4), sqlite3_column_blob(rows, 5), &code};
        status = take(context, &user, err);
    }
    sqlite3_finalize(rows);
    return status;
}
