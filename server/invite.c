#include "server/invite.h"

#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "common/mutant.h"
#include "server/link_keys.h"

#define HASH_OF_TOKEN_BYTES 32

/* Only the hash is kept: who reads the hub's disk can't use the codes. */
static void hash_token(const uint8_t token[INVITATION_TOKEN_BYTES],
                       uint8_t hash[HASH_OF_TOKEN_BYTES])
{
    crypto_generichash(hash, HASH_OF_TOKEN_BYTES, token, INVITATION_TOKEN_BYTES, NULL, 0);
}

static enum status failed(struct hub *hub, struct error *err)
{
    return error_set(err, STATUS_STORAGE, "cannot use the hub's invitations: %s",
                     sqlite3_errmsg(replica_database(hub->replica)));
}

static enum status insert(struct hub *hub, const struct invite_options *options,
                          const uint8_t hash[HASH_OF_TOKEN_BYTES], struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int64_t expires = clock_wall_ms(replica_clock(hub->replica)) + options->lifetime_ms;
    if (sqlite3_prepare_v2(replica_database(hub->replica),
                           "INSERT INTO _invite(token_hash, org, role, person, expires_ms) "
                           "VALUES(?, ?, ?, ?, ?)",
                           -1, &statement, NULL) != SQLITE_OK)
        return failed(hub, err);
    sqlite3_bind_blob(statement, 1, hash, HASH_OF_TOKEN_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, options->org);
    sqlite3_bind_int64(statement, 3, options->role);
    sqlite3_bind_text(statement, 4, options->person, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, expires);
    int code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? STATUS_OK : failed(hub, err);
}

enum status invite_create(struct hub *hub, const struct invite_options *options, char *text,
                          struct error *err)
{
    size_t length = strlen(options->person);
    if (length == 0 || length > PERSON_NAME_BYTES_MAX || !utf8_valid(bytes_text(options->person)))
        return error_set(err, STATUS_BAD_INPUT,
                         "the person's name must have 1 to %d bytes of UTF-8",
                         PERSON_NAME_BYTES_MAX);
    char host[INVITATION_ADDRESS_MAX + 1];
    uint16_t port;
    struct invitation invitation = {.network = *replica_network(hub->replica),
                                    .issuer = DEVICE_HUB};
    if (strlen(options->address) > INVITATION_ADDRESS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the address is too long");
    TRY(address_split(options->address, host, &port, err));
    memcpy(invitation.address, options->address, strlen(options->address) + 1);
    TRY(link_keys_newest(hub, invitation.link_key, err));
    randombytes_buf(invitation.token, sizeof invitation.token);

    uint8_t hash[HASH_OF_TOKEN_BYTES];
    hash_token(invitation.token, hash);
    TRY(replica_begin(hub->replica, err));
    enum status status = insert(hub, options, hash, err);
    if (status == STATUS_OK)
        status = replica_commit(hub->replica, err);
    else
        replica_rollback(hub->replica);
    if (status == STATUS_OK)
        invitation_format(&invitation, text);
    sodium_memzero(&invitation, sizeof invitation);
    return status;
}

struct invite_row {
    uint32_t org, device;
    enum role role;
    int64_t expires_ms;
    char person[PERSON_NAME_BYTES_MAX + 1];
    uint8_t sign_key[PUBLIC_KEY_BYTES];
    bool found, used;
};

static void take_row(sqlite3_stmt *statement, struct invite_row *row)
{
    row->found = true;
    row->org = (uint32_t)sqlite3_column_int64(statement, 0);
    row->role = (enum role)sqlite3_column_int(statement, 1);
    const unsigned char *person = sqlite3_column_text(statement, 2);
    size_t length = (size_t)sqlite3_column_bytes(statement, 2);
    if (person && length <= PERSON_NAME_BYTES_MAX)
        memcpy(row->person, person, length + 1);
    row->expires_ms = sqlite3_column_int64(statement, 3);
    row->used =
        sqlite3_column_type(statement, 4) != SQLITE_NULL && !MUTANT("t24-hub-code-used-twice");
    row->device = (uint32_t)sqlite3_column_int64(statement, 4);
    if (sqlite3_column_bytes(statement, 5) == PUBLIC_KEY_BYTES)
        memcpy(row->sign_key, sqlite3_column_blob(statement, 5), PUBLIC_KEY_BYTES);
}

static enum status find(struct hub *hub, const uint8_t hash[HASH_OF_TOKEN_BYTES],
                        struct invite_row *row, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    *row = (struct invite_row){0};
    if (sqlite3_prepare_v2(replica_database(hub->replica),
                           "SELECT org, role, person, expires_ms, device, sign_key FROM _invite "
                           "WHERE token_hash = ?",
                           -1, &statement, NULL) != SQLITE_OK)
        return failed(hub, err);
    sqlite3_bind_blob(statement, 1, hash, HASH_OF_TOKEN_BYTES, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        take_row(statement, row);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK : failed(hub, err);
}

static enum status mark_used(struct hub *hub, const uint8_t hash[HASH_OF_TOKEN_BYTES],
                             uint32_t device, const struct session_question *question,
                             struct error *err)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(replica_database(hub->replica),
                           "UPDATE _invite SET device = ?, sign_key = ?, dh_key = ? "
                           "WHERE token_hash = ?",
                           -1, &statement, NULL) != SQLITE_OK)
        return failed(hub, err);
    sqlite3_bind_int64(statement, 1, device);
    sqlite3_bind_blob(statement, 2, question->sign_key, PUBLIC_KEY_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, question->remote_dh, DH_KEY_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 4, hash, HASH_OF_TOKEN_BYTES, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? STATUS_OK : failed(hub, err);
}

enum status invite_enrol(void *context, struct replica *replica,
                         const struct session_question *question, uint32_t *device,
                         enum session_code *refuse, struct error *err)
{
    struct hub *hub = context;
    struct invite_row row;
    uint8_t hash[HASH_OF_TOKEN_BYTES];
    hash_token(question->token, hash);
    TRY(find(hub, hash, &row, err));
    *refuse = SESSION_BAD_TOKEN;
    if (!row.found)
        return STATUS_OK;
    if (row.used) {
        if (memcmp(row.sign_key, question->sign_key, PUBLIC_KEY_BYTES) != 0)
            return STATUS_OK;
        *device = row.device;
        *refuse =
            registry_device(replica_registry(replica), row.device) ? SESSION_DONE : SESSION_WAITS;
        return STATUS_OK;
    }
    if (clock_wall_ms(replica_clock(replica)) > row.expires_ms &&
        !MUTANT("t24-hub-code-never-ends"))
        return STATUS_OK;
    struct hub_device wish = {question->sign_key, question->remote_dh, row.person, row.role,
                              row.org};
    enum status status = hub_add_device(hub, &wish, device, err);
    if (status == STATUS_EXISTS)
        return STATUS_OK;
    /* Only the root may: the keys are kept until it has signed (jinqiud root request). */
    if (status == STATUS_DENIED) {
        *refuse = SESSION_WAITS;
        return mark_used(hub, hash, *device, question, err);
    }
    TRY(status);
    *refuse = SESSION_DONE;
    return mark_used(hub, hash, *device, question, err);
}
