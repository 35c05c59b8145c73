/* The units of attachments: added here, taken from others, given away, read. */

#include "common/replica_attachment.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/mutant.h"
#include "common/replica_state.h"

static enum status out_of_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* ---- finding ---- */

void attachment_state_read(struct attachment_state *state, sqlite3_stmt *row)
{
    struct bytes root = sql_blob(row, 1);
    *state = (struct attachment_state){.id = sqlite3_column_int64(row, 0),
                                       .name.bytes = (uint32_t)sqlite3_column_int64(row, 2),
                                       .held = (uint32_t)sqlite3_column_int64(row, 3),
                                       .thumbnail = sqlite3_column_int(row, 4) != 0,
                                       .wanted = sqlite3_column_int(row, 5) != 0,
                                       .sent = sqlite3_column_type(row, 6) != SQLITE_NULL};
    if (root.size == HASH_BYTES)
        memcpy(state->name.root, root.data, HASH_BYTES);
    state->units = attachment_units(state->name.bytes);
}

enum status replica_attachment_find(struct replica *replica, const struct attachment_name *name,
                                    struct attachment_state *state, bool *found, struct error *err)
{
    sqlite3_stmt *find = sql_use(replica, SQL_ATTACHMENT_FIND);
    enum status status = STATUS_OK;
    if (!find)
        return sql_fail(replica, err, "attachments");
    sqlite3_bind_blob(find, 1, name->root, HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(find, 2, name->bytes);
    *found = sql_row(replica, find, &status, err);
    if (*found)
        attachment_state_read(state, find);
    return sql_end(replica, find, status, err);
}

enum status replica_attachment_beginning(struct replica *replica, struct bytes beginning,
                                         struct attachment_state *state, bool *found,
                                         struct error *err)
{
    sqlite3_stmt *find = sql_use(replica, SQL_ATTACHMENT_LIKE);
    enum status status = STATUS_OK;
    uint8_t last[HASH_BYTES];
    if (!find)
        return sql_fail(replica, err, "attachments");
    memset(last, 0xff, sizeof last);
    memcpy(last, beginning.data, beginning.size < HASH_BYTES ? beginning.size : HASH_BYTES);
    sql_bind_bytes(find, 1, beginning);
    sqlite3_bind_blob(find, 2, last, HASH_BYTES, SQLITE_STATIC);
    *found = sql_row(replica, find, &status, err);
    if (*found)
        attachment_state_read(state, find);
    return sql_end(replica, find, status, err);
}

/* ---- units ---- */

static enum status unit_get(struct replica *replica, const struct attachment_state *state,
                            uint32_t position, struct buffer *unit, struct error *err)
{
    sqlite3_stmt *get = sql_use(replica, SQL_UNIT_GET);
    enum status status = STATUS_OK;
    buffer_clear(unit);
    if (!get)
        return sql_fail(replica, err, "attachments");
    sqlite3_bind_int64(get, 1, UNIT_ID(state->id, position));
    bool found = sql_row(replica, get, &status, err);
    if (found && buffer_append_bytes(unit, sql_blob(get, 0)) != STATUS_OK)
        status = out_of_memory(err);
    status = sql_end(replica, get, status, err);
    return status == STATUS_OK && !found
               ? error_set(err, STATUS_NOT_FOUND, "a part of the attachment is not here")
               : status;
}

static enum status set_held(struct replica *replica, struct attachment_state *state, uint32_t held,
                            struct error *err)
{
    sqlite3_stmt *set = sql_use(replica, SQL_ATTACHMENT_HELD);
    if (!set)
        return sql_fail(replica, err, "attachments");
    sqlite3_bind_int64(set, 1, state->id);
    sqlite3_bind_int64(set, 2, held);
    sqlite3_bind_int(set, 3, held == state->units);
    state->held = held;
    return sql_done(replica, set, "attachments", err);
}

static enum status unit_put(struct replica *replica, struct attachment_state *state,
                            struct bytes unit, struct error *err)
{
    sqlite3_stmt *put = sql_use(replica, SQL_UNIT_PUT);
    if (!put)
        return sql_fail(replica, err, "attachments");
    sqlite3_bind_int64(put, 1, UNIT_ID(state->id, state->held));
    sql_bind_bytes(put, 2, unit);
    TRY(sql_done(replica, put, "attachments", err));
    return set_held(replica, state, state->held + 1, err);
}

/* Is `unit` what the root, or the list before it, says? */
static enum status unit_fits(struct replica *replica, const struct attachment_state *state,
                             uint32_t position, struct bytes unit, bool *fits, struct error *err)
{
    struct hash hash;
    *fits = unit.size == attachment_unit_bytes(state->name.bytes, position);
    if (!*fits)
        return STATUS_OK;
    attachment_unit_hash(&hash, &replica->network, state->name.bytes, position, unit);
    if (position == 0 || MUTANT("attachment-unit-unchecked")) {
        *fits = position > 0 || memcmp(hash.bytes, state->name.root, HASH_BYTES) == 0;
        return STATUS_OK;
    }
    struct attachment_parent parent = attachment_parent_of(state->name.bytes, position);
    size_t at = (size_t)parent.index * HASH_BYTES;
    struct buffer list = {0};
    enum status status = unit_get(replica, state, parent.position, &list, err);
    *fits = status == STATUS_OK && list.size >= at + HASH_BYTES &&
            memcmp(hash.bytes, list.data + at, HASH_BYTES) == 0;
    buffer_release(&list);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status unit_look(struct replica *replica, const struct attachment_state *state,
                      uint32_t position, struct buffer *unit, bool *sound, struct error *err)
{
    *sound = false;
    enum status status = unit_get(replica, state, position, unit, err);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    TRY(status);
    return unit_fits(replica, state, position, buffer_bytes(unit), sound, err);
}

enum status units_drop(struct replica *replica, struct attachment_state *state, uint32_t position,
                       struct error *err)
{
    sqlite3_stmt *drop = sql_use(replica, SQL_UNIT_DROP);
    if (!drop)
        return sql_fail(replica, err, "attachments");
    sqlite3_bind_int64(drop, 1, UNIT_ID(state->id, position));
    sqlite3_bind_int64(drop, 2, UNIT_ID(state->id, UINT16_MAX));
    TRY(sql_done(replica, drop, "attachments", err));
    return set_held(replica, state, position, err);
}

/* What is damaged is fetched again, and what stood behind it couldn't be checked any more. */
static enum status forget_damaged(struct replica *replica, struct attachment_state *state,
                                  uint32_t position, struct error *err)
{
    bool own = !replica->in_transaction && !replica->read_only;
    if (own)
        TRY(replica_begin(replica, err));
    enum status status = replica->read_only ? STATUS_OK : units_lost(replica, state, position, err);
    if (own && status == STATUS_OK)
        status = replica_commit(replica, err);
    else if (own)
        replica_rollback(replica);
    return status == STATUS_OK ? error_set(err, STATUS_NOT_FOUND,
                                           "a part of the attachment is damaged on this disk")
                               : status;
}

enum status replica_unit_read(struct replica *replica, struct attachment_state *state,
                              uint32_t position, struct buffer *unit, struct error *err)
{
    bool sound;
    if (position >= state->held)
        return error_set(err, STATUS_NOT_FOUND, "a part of the attachment is not here");
    TRY(unit_look(replica, state, position, unit, &sound, err));
    return sound ? STATUS_OK : forget_damaged(replica, state, position, err);
}

enum status replica_unit_take(struct replica *replica, struct attachment_state *state,
                              struct bytes unit, bool *fits, struct error *err)
{
    *fits = false;
    if (state->held >= state->units)
        return STATUS_OK;
    TRY(unit_fits(replica, state, state->held, unit, fits, err));
    return *fits ? unit_put(replica, state, unit, err) : STATUS_OK;
}

/* ---- adding ---- */

/* So that the same file is the same units again, as long as this device lives, and nobody else can
 * tell which file they are. */
static void own_secret(const struct replica *replica, uint8_t secret[ATTACHMENT_KEY_BYTES])
{
    crypto_generichash(secret, ATTACHMENT_KEY_BYTES, (const uint8_t *)tag_text(TAG_ATTACHMENT), 16,
                       replica->identity.sign.secret, SECRET_KEY_BYTES);
}

struct collecting {
    struct replica *replica;
    struct attachment_state state;
    struct buffer units; /* until the name is known, which is when all are made */
};

static enum status collect(void *context, uint32_t position, struct bytes unit, struct error *err)
{
    struct collecting *collecting = context;
    (void)position;
    return buffer_append_bytes(&collecting->units, unit) == STATUS_OK ? STATUS_OK
                                                                      : out_of_memory(err);
}

/* Those that aren't here yet. */
static enum status keep_units(struct collecting *collecting, struct error *err)
{
    struct attachment_state *state = &collecting->state;
    size_t at = 0;
    for (uint32_t position = 0; position < state->units; position++) {
        size_t size = attachment_unit_bytes(state->name.bytes, position);
        if (position == state->held)
            TRY(unit_put(collecting->replica, state, bytes_of(collecting->units.data + at, size),
                         err));
        at += size;
    }
    return STATUS_OK;
}

static enum status add_content(struct replica *replica, struct bytes content, bool thumbnail,
                               uint8_t key[ATTACHMENT_KEY_BYTES], struct attachment_name *name,
                               struct error *err)
{
    struct collecting collecting = {.replica = replica};
    struct attachment_sealing sealing = {&replica->network, key, collect, &collecting};
    uint8_t secret[ATTACHMENT_KEY_BYTES];
    bool found = false;
    own_secret(replica, secret);
    attachment_key(key, secret, content);
    sodium_memzero(secret, sizeof secret);
    enum status status = attachment_seal(name, &sealing, content, err);
    if (status == STATUS_OK)
        status = attachment_ensure(replica, name, thumbnail, err);
    if (status == STATUS_OK)
        status = replica_attachment_find(replica, name, &collecting.state, &found, err);
    if (status == STATUS_OK && found)
        status = keep_units(&collecting, err);
    buffer_release(&collecting.units);
    return status;
}

static enum status check_file(const struct replica *replica, const struct attachment_file *file,
                              struct error *err)
{
    if (replica->identity.device == 0)
        return error_set(err, STATUS_DENIED, "this replica is not enrolled yet");
    if (file->name.size == 0 || file->name.size > ATTACHMENT_NAME_BYTES_MAX ||
        !utf8_valid(file->name))
        return error_set(err, STATUS_BAD_INPUT, "a file name has 1 to %d bytes of UTF-8",
                         ATTACHMENT_NAME_BYTES_MAX);
    if (file->media_type.size > 0 && !attachment_type_valid(file->media_type))
        return error_set(err, STATUS_BAD_INPUT, "that is not a media type, such as image/jpeg");
    if (file->thumbnail.size > ATTACHMENT_LEAF_BYTES)
        return error_set(err, STATUS_TOO_LARGE, "the thumbnail has more than %u bytes",
                         ATTACHMENT_LEAF_BYTES);
    return STATUS_OK;
}

enum status replica_attach(struct replica *replica, const struct attachment_file *file,
                           struct buffer *plain, struct error *err)
{
    struct attachment_head head = {0};
    struct attachment_description described = {.name = file->name, .media_type = file->media_type};
    if (file->media_type.size == 0)
        described.media_type = bytes_text("application/octet-stream");
    TRY(check_file(replica, file, err));
    TRY(attachments_expire(replica, err));
    TRY(add_content(replica, file->content, false, described.key, &head.file, err));
    if (file->thumbnail.size > 0)
        TRY(add_content(replica, file->thumbnail, true, described.thumbnail_key, &head.thumbnail,
                        err));
    buffer_clear(plain);
    enum status status = attachment_plain_pack(plain, &head, &described);
    sodium_memzero(&described, sizeof described);
    return status == STATUS_OK ? attachment_stage(replica, &head.file, buffer_bytes(plain), err)
                               : out_of_memory(err);
}

/* ---- reading ---- */

static enum status read_leaves(struct replica *replica, const struct attachment_reading *reading,
                               struct attachment_state *state, const uint8_t *key,
                               struct error *err)
{
    uint8_t part[ATTACHMENT_LEAF_BYTES];
    struct buffer unit = {0};
    uint32_t leaf;
    enum status status = STATUS_OK;
    for (uint32_t position = 0; position < state->units && status == STATUS_OK; position++) {
        if (!attachment_leaf_at(state->name.bytes, position, &leaf))
            continue;
        status = replica_unit_read(replica, state, position, &unit, err);
        if (status == STATUS_OK &&
            !attachment_open_leaf(part, &replica->network, key, position, buffer_bytes(&unit)))
            status = error_set(err, STATUS_FORGED, "the attachment is not what its value says");
        if (status == STATUS_OK)
            status = reading->take(
                reading->context,
                bytes_of(part, unit.size - (ATTACHMENT_UNIT_BYTES - ATTACHMENT_LEAF_BYTES)), err);
    }
    sodium_memzero(part, sizeof part);
    buffer_release(&unit);
    return status;
}

enum status replica_attachment_read(struct replica *replica,
                                    const struct attachment_reading *reading, struct error *err)
{
    struct attachment_description described;
    struct attachment_head head;
    struct attachment_state state;
    bool found = false;
    if (!attachment_plain_read(&head, &described, reading->plain))
        return error_set(err, STATUS_DENIED, "this attachment is sealed, or there is none");
    const struct attachment_name *name = reading->thumbnail ? &head.thumbnail : &head.file;
    if (name->bytes == 0)
        return error_set(err, STATUS_NOT_FOUND, "this attachment has no thumbnail");
    TRY(replica_attachment_find(replica, name, &state, &found, err));
    if (!found || state.held < state.units)
        return error_set(err, STATUS_NOT_FOUND,
                         "'%.*s' is not here yet: ask for it with 'attachment fetch'",
                         (int)described.name.size, (const char *)described.name.data);
    enum status status =
        read_leaves(replica, reading, &state,
                    reading->thumbnail ? described.thumbnail_key : described.key, err);
    sodium_memzero(&described, sizeof described);
    return status;
}
