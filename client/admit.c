#include "client/admit.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "client/remember.h"
#include "common/freshness.h"
#include "common/mutant.h"
#include "common/registry_draft.h"
#include "common/replica_seal.h"

#define HASH_OF_TOKEN_BYTES 32

static enum status failed(struct replica *replica, struct error *err)
{
    return error_set(err, STATUS_STORAGE, "cannot use this device's codes: %s",
                     sqlite3_errmsg(replica_database(replica)));
}

static enum status make_table(struct replica *replica, struct error *err)
{
    if (sqlite3_exec(replica_database(replica),
                     "CREATE TABLE IF NOT EXISTS _admission(token_hash BLOB PRIMARY KEY, "
                     "org INTEGER NOT NULL, role INTEGER NOT NULL, person TEXT NOT NULL, "
                     "expires_ms INTEGER NOT NULL, device INTEGER, sign_key BLOB) STRICT",
                     NULL, NULL, NULL) == SQLITE_OK)
        return STATUS_OK;
    return failed(replica, err);
}

static void hash_token(const uint8_t token[INVITATION_TOKEN_BYTES],
                       uint8_t hash[HASH_OF_TOKEN_BYTES])
{
    crypto_generichash(hash, HASH_OF_TOKEN_BYTES, token, INVITATION_TOKEN_BYTES, NULL, 0);
}

void admit_digits(const uint8_t token[INVITATION_TOKEN_BYTES],
                  const uint8_t sign_key[PUBLIC_KEY_BYTES], char digits[ADMIT_DIGITS])
{
    uint8_t both[INVITATION_TOKEN_BYTES + PUBLIC_KEY_BYTES], hash[16];
    memcpy(both, token, INVITATION_TOKEN_BYTES);
    memcpy(both + INVITATION_TOKEN_BYTES, sign_key, PUBLIC_KEY_BYTES);
    crypto_generichash(hash, sizeof hash, both, sizeof both, NULL, 0);
    unsigned number = MUTANT("t24-digits-always-alike") ? 0 : get_u32le(hash) % 1000000;
    snprintf(digits, ADMIT_DIGITS, "%03u %03u", number / 1000, number % 1000);
}

/* ---- what this device may ---- */

/* The next roster index of its lot; 0: none is left. */
static uint32_t next_index(const struct registry *registry, const struct certificate *self)
{
    for (uint32_t i = 0; i < self->lot_count; i++)
        if (!registry_device(registry, self->lot + i))
            return self->lot + i;
    return 0;
}

static enum status check(struct replica *replica, enum role role, uint32_t org, struct error *err)
{
    TRY(freshness_check(replica, err));
    const struct registry *registry = replica_registry(replica);
    const struct device *self = registry_device(registry, replica_identity(replica)->device);
    if (!self || registry_device_state(registry, self) != DEVICE_ACTIVE ||
        !role_may_admit(self->certificate.role, role))
        return error_set(err, STATUS_DENIED, "this role may not admit a %s", role_name(role));
    if (!registry_within(registry, self->certificate.org, org))
        return error_set(err, STATUS_DENIED, "the org is not below this device's own");
    if (next_index(registry, &self->certificate) == 0)
        return error_set(err, STATUS_DENIED,
                         "this device has no place left to give: the bureau gives new ones with "
                         "'jinqiud device change'");
    return STATUS_OK;
}

/* ---- codes ---- */

static enum status insert(struct replica *replica, const struct admission *admission,
                          const uint8_t hash[HASH_OF_TOKEN_BYTES], struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int64_t expires = clock_wall_ms(replica_clock(replica)) + admission->lifetime_ms;
    TRY(make_table(replica, err));
    if (sqlite3_prepare_v2(replica_database(replica),
                           "INSERT INTO _admission(token_hash, org, role, person, expires_ms) "
                           "VALUES(?, ?, ?, ?, ?)",
                           -1, &statement, NULL) != SQLITE_OK)
        return failed(replica, err);
    sqlite3_bind_blob(statement, 1, hash, HASH_OF_TOKEN_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, admission->org);
    sqlite3_bind_int64(statement, 3, admission->role);
    sqlite3_bind_text(statement, 4, admission->person, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, expires);
    int code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? STATUS_OK : failed(replica, err);
}

static enum status invite(struct replica *replica, const struct admission *admission,
                          struct invitation *invitation, struct error *err)
{
    char host[INVITATION_ADDRESS_MAX + 1], hub[HUB_ADDRESS_BYTES];
    uint8_t link_key[DH_KEY_BYTES];
    uint16_t port;
    *invitation = (struct invitation){.network = *replica_network(replica),
                                      .issuer = replica_identity(replica)->device};
    TRY(address_split(admission->address, host, &port, err));
    TRY(recall_hub(replica, hub, link_key, err));
    if (strlen(admission->address) > INVITATION_ADDRESS_MAX || strlen(hub) > INVITATION_ADDRESS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "the address is too long");
    memcpy(invitation->address, admission->address, strlen(admission->address) + 1);
    memcpy(invitation->hub, hub, strlen(hub) + 1);
    memcpy(invitation->link_key, replica_identity(replica)->dh.public_key, DH_KEY_BYTES);
    randombytes_buf(invitation->token, sizeof invitation->token);
    return STATUS_OK;
}

enum status admit_create(struct replica *replica, const struct admission *admission, char *text,
                         struct error *err)
{
    struct invitation invitation;
    uint8_t hash[HASH_OF_TOKEN_BYTES];
    size_t length = strlen(admission->person);
    if (length == 0 || length > PERSON_NAME_BYTES_MAX || !utf8_valid(bytes_text(admission->person)))
        return error_set(err, STATUS_BAD_INPUT,
                         "the person's name must have 1 to %d bytes of UTF-8",
                         PERSON_NAME_BYTES_MAX);
    TRY(check(replica, admission->role, admission->org, err));
    TRY(invite(replica, admission, &invitation, err));
    hash_token(invitation.token, hash);
    TRY(replica_begin(replica, err));
    enum status status = insert(replica, admission, hash, err);
    if (status == STATUS_OK)
        status = replica_commit(replica, err);
    else
        replica_rollback(replica);
    if (status == STATUS_OK)
        invitation_format(&invitation, text);
    sodium_memzero(&invitation, sizeof invitation);
    return status;
}

/* ---- a newcomer comes ---- */

struct issued {
    uint32_t org, device;
    enum role role;
    int64_t expires_ms;
    char person[PERSON_NAME_BYTES_MAX + 1];
    uint8_t sign_key[PUBLIC_KEY_BYTES];
    bool found, used;
};

static void take_row(sqlite3_stmt *statement, struct issued *row)
{
    const unsigned char *person = sqlite3_column_text(statement, 2);
    size_t length = (size_t)sqlite3_column_bytes(statement, 2);
    row->found = true;
    row->org = (uint32_t)sqlite3_column_int64(statement, 0);
    row->role = (enum role)sqlite3_column_int(statement, 1);
    if (person && length <= PERSON_NAME_BYTES_MAX)
        memcpy(row->person, person, length + 1);
    row->expires_ms = sqlite3_column_int64(statement, 3);
    row->used = sqlite3_column_type(statement, 4) != SQLITE_NULL && !MUTANT("t24-code-used-twice");
    row->device = (uint32_t)sqlite3_column_int64(statement, 4);
    if (sqlite3_column_bytes(statement, 5) == PUBLIC_KEY_BYTES)
        memcpy(row->sign_key, sqlite3_column_blob(statement, 5), PUBLIC_KEY_BYTES);
}

static enum status find(struct replica *replica, const uint8_t hash[HASH_OF_TOKEN_BYTES],
                        struct issued *row, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    *row = (struct issued){0};
    TRY(make_table(replica, err));
    if (sqlite3_prepare_v2(replica_database(replica),
                           "SELECT org, role, person, expires_ms, device, sign_key "
                           "FROM _admission WHERE token_hash = ?",
                           -1, &statement, NULL) != SQLITE_OK)
        return failed(replica, err);
    sqlite3_bind_blob(statement, 1, hash, HASH_OF_TOKEN_BYTES, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        take_row(statement, row);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK : failed(replica, err);
}

static enum status mark_used(struct replica *replica, const uint8_t hash[HASH_OF_TOKEN_BYTES],
                             const struct certificate *certificate, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(replica_database(replica),
                           "UPDATE _admission SET device = ?, sign_key = ? WHERE token_hash = ?",
                           -1, &statement, NULL) != SQLITE_OK)
        return failed(replica, err);
    sqlite3_bind_int64(statement, 1, certificate->device);
    sqlite3_bind_blob(statement, 2, certificate->sign_key, PUBLIC_KEY_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, hash, HASH_OF_TOKEN_BYTES, SQLITE_STATIC);
    int code = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return code == SQLITE_DONE ? STATUS_OK : failed(replica, err);
}

/* One entry of our own in the registry part of the newcomer's org. */
static enum status write_certificate(struct replica *replica, const struct certificate *certificate,
                                     struct error *err)
{
    struct registry_draft draft;
    struct buffer sealed = {0};
    TRY(registry_draft_start(&draft, replica, SCOPE_REGISTRY(certificate->org), err));
    enum status status = certificate_seal(certificate, replica_network(replica),
                                          &replica_identity(replica)->sign, &sealed, err);
    if (status == STATUS_OK)
        status = registry_draft_device(&draft, certificate, buffer_bytes(&sealed), err);
    buffer_release(&sealed);
    return registry_draft_finish(&draft, status, err);
}

static enum status admit(struct replica *replica, const struct session_question *question,
                         const struct issued *row, struct certificate *certificate,
                         struct error *err)
{
    const struct registry *registry = replica_registry(replica);
    struct id id = device_id(replica_network(replica), question->sign_key);
    uint32_t issuer = replica_identity(replica)->device;
    TRY(check(replica, row->role, row->org, err));
    if (registry_device_by_id(registry, &id) ||
        registry_device_by_dh(registry, question->remote_dh))
        return error_set(err, STATUS_DENIED, "a device with these keys is enrolled already");
    *certificate = (struct certificate){.suite = SUITE_1,
                                        .serial = 1,
                                        .role = row->role,
                                        .org = row->org,
                                        .issuer = ISSUER_DEVICE(issuer),
                                        .beacon = replica_entry_head(replica).beacon};
    certificate->device = next_index(registry, &registry_device(registry, issuer)->certificate);
    certificate->person = id_random(clock_wall_ms(replica_clock(replica)));
    memcpy(certificate->sign_key, question->sign_key, PUBLIC_KEY_BYTES);
    memcpy(certificate->dh_key, question->remote_dh, DH_KEY_BYTES);
    memcpy(certificate->person_name, row->person, sizeof row->person);
    TRY(write_certificate(replica, certificate, err));
    return replica_grant_newcomer(replica, certificate, err);
}

enum status admit_enrol(void *context, struct replica *replica,
                        const struct session_question *question, uint32_t *device,
                        enum session_code *refuse, struct error *err)
{
    const struct admit_told *told = context;
    struct issued row;
    struct certificate certificate;
    uint8_t hash[HASH_OF_TOKEN_BYTES];
    char digits[ADMIT_DIGITS];
    hash_token(question->token, hash);
    *refuse = SESSION_BAD_TOKEN;
    TRY(find(replica, hash, &row, err));
    if (row.used && memcmp(row.sign_key, question->sign_key, PUBLIC_KEY_BYTES) == 0) {
        *device = row.device;
        *refuse = SESSION_DONE;
    }
    bool late = clock_wall_ms(replica_clock(replica)) > row.expires_ms;
    if (!row.found || row.used || (late && !MUTANT("t24-code-never-ends")))
        return STATUS_OK;
    enum status status = admit(replica, question, &row, &certificate, err);
    if (status == STATUS_DENIED)
        return STATUS_OK;
    TRY(status);
    TRY(mark_used(replica, hash, &certificate, err));
    *device = certificate.device;
    *refuse = SESSION_DONE;
    admit_digits(question->token, question->sign_key, digits);
    if (told && told->admitted)
        told->admitted(told->context, registry_device(replica_registry(replica), *device), digits);
    return STATUS_OK;
}
