#include "common/replica_seal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/array.h"
#include "common/attachment.h"
#include "common/mutant.h"
#include "common/pack.h"
#include "common/replica_draft.h"

/* ---- keys in memory ---- */

#define VALUE_KEYS 1024

/* A key that a feed of ours has named, what for, and opened. */
struct own_key {
    uint32_t feed; /* 0: none */
    uint32_t year;
    struct id subject;
    struct seal_id scope; /* wrapped under */
    struct seal_key key;
};

/* Scope keys stay; value keys have one place each, and push each other out. */
struct seal_cache {
    struct seal_key *scopes;
    size_t scopes_count, scopes_capacity;
    struct seal_key values[VALUE_KEYS];
    struct own_key own[VALUE_KEYS];
};

static struct seal_cache *cache_of(struct replica *replica)
{
    if (!replica->seals)
        replica->seals = calloc(1, sizeof *replica->seals);
    return replica->seals;
}

void seal_cache_release(struct replica *replica)
{
    struct seal_cache *cache = replica->seals;
    if (!cache)
        return;
    if (cache->scopes)
        sodium_memzero(cache->scopes, cache->scopes_count * sizeof *cache->scopes);
    free(cache->scopes);
    sodium_memzero(cache, sizeof *cache);
    free(cache);
    replica->seals = NULL;
    buffer_release(&replica->plain);
}

static struct seal_key *value_place(struct seal_cache *cache, const struct seal_id *id)
{
    return &cache->values[get_u64le(id->bytes) % VALUE_KEYS];
}

/* A lost race for memory only costs time. */
static void keep_scope(struct replica *replica, const struct seal_key *key)
{
    struct seal_cache *cache = cache_of(replica);
    if (!cache)
        return;
    struct seal_key *scopes =
        array_grow(cache->scopes, cache->scopes_count, &cache->scopes_capacity, sizeof *scopes);
    if (!scopes)
        return;
    cache->scopes = scopes;
    scopes[cache->scopes_count++] = *key;
}

/* ---- scope keys ---- */

static bool open_grant(struct replica *replica, struct seal_key *key)
{
    const struct scope_grant *grants;
    size_t count =
        registry_scope_grants(replica->registry, &key->id, replica->identity.device, &grants);
    for (size_t i = 0; i < count; i++)
        if (scope_key_take(key, &replica->network, grants[i].sealed, &replica->identity.dh))
            return true;
    return false;
}

static bool open_above(struct replica *replica, struct seal_key *key, int depth)
{
    const struct scope_key *known = registry_scope_key(replica->registry, &key->id);
    if (!known || !known->has_above || depth == ORG_DEPTH_MAX)
        return false;
    struct seal_key above = {.id = seal_wrapped_under(known->above)};
    bool opened = scope_key_open(replica, &above, depth + 1) &&
                  scope_key_unwrap(key, &replica->network, known->above, &above);
    sodium_memzero(&above, sizeof above);
    return opened;
}

bool scope_key_open(struct replica *replica, struct seal_key *key, int depth)
{
    const struct seal_cache *cache = replica->seals;
    for (size_t i = 0; cache && i < cache->scopes_count; i++)
        if (seal_id_compare(&cache->scopes[i].id, &key->id) == 0) {
            *key = cache->scopes[i];
            return true;
        }
    if (replica->identity.device == 0 ||
        (!open_grant(replica, key) && !open_above(replica, key, depth)))
        return false;
    keep_scope(replica, key);
    return true;
}

/* ---- value keys ---- */

static bool unwrap_stored(struct replica *replica, sqlite3_stmt *row, struct seal_key *key)
{
    struct bytes subject = sql_blob(row, 0), wrapped = sql_blob(row, 2);
    struct entry_key named = {.year = (uint32_t)sqlite3_column_int64(row, 1)};
    if (subject.size != ID_BYTES || wrapped.size != SEAL_WRAPPED_BYTES)
        return false;
    memcpy(named.subject.bytes, subject.data, ID_BYTES);
    struct seal_key scope = {.id = seal_wrapped_under(wrapped.data)};
    bool opened = scope_key_open(replica, &scope, 0) &&
                  value_key_unwrap(key->secret, wrapped.data, &named, &replica->network, &scope);
    sodium_memzero(&scope, sizeof scope);
    return opened;
}

static enum status value_key_open(struct replica *replica, struct seal_key *key, bool *opened,
                                  struct error *err)
{
    struct seal_cache *cache = cache_of(replica);
    struct seal_key *place = cache ? value_place(cache, &key->id) : NULL;
    if (place && seal_id_compare(&place->id, &key->id) == 0) {
        *key = *place;
        *opened = true;
        return STATUS_OK;
    }
    sqlite3_stmt *get = sql_use(replica, SQL_KEY_GET);
    enum status status = STATUS_OK;
    if (!get)
        return sql_fail(replica, err, "keys");
    sqlite3_bind_int64(get, 1, (int64_t)get_u64le(key->id.bytes));
    *opened = sql_row(replica, get, &status, err) && unwrap_stored(replica, get, key);
    sqlite3_reset(get);
    if (*opened && place)
        *place = *key;
    return status;
}

/* A sealed text, or what of an attachment's value is sealed, with the head before it. */
static bool sealed_part(struct bytes value, struct bytes *head, struct bytes *content)
{
    struct unpack in = unpack_of(value);
    *head = (struct bytes){0};
    if (unpack_sealed(&in, content))
        return true;
    if (!unpack_bin(&in, content) || content->size < ATTACHMENT_HEAD_BYTES + ATTACHMENT_SEALED_MIN)
        return false;
    *head = bytes_of(content->data, ATTACHMENT_HEAD_BYTES);
    content->data += ATTACHMENT_HEAD_BYTES;
    content->size -= ATTACHMENT_HEAD_BYTES;
    return true;
}

enum status replica_plain(struct replica *replica, const struct seal_place *place,
                          struct bytes value, struct bytes *plain, struct error *err)
{
    struct bytes content, head;
    struct seal_key key;
    bool opened = false;
    *plain = value;
    if (!sealed_part(value, &head, &content) || !seal_value_key(content, &key.id))
        return STATUS_OK;
    TRY(value_key_open(replica, &key, &opened, err));
    if (!opened)
        return STATUS_OK;
    buffer_clear(&replica->plain);
    enum status status = STATUS_OK;
    if (head.size > 0 && (pack_array(&replica->plain, 2) != STATUS_OK ||
                          pack_bin(&replica->plain, head) != STATUS_OK))
        status = STATUS_NO_MEMORY;
    struct seal_means means = {&replica->network, &key, &replica->zstd};
    if (status == STATUS_OK)
        status = seal_open(&replica->plain, &means, place, content);
    sodium_memzero(&key, sizeof key);
    if (status == STATUS_NO_MEMORY)
        return error_set(err, status, "out of memory");
    if (status == STATUS_OK)
        *plain = buffer_bytes(&replica->plain);
    return STATUS_OK;
}

enum status replica_seal_subject(struct replica *replica, struct bytes value, struct id *subject,
                                 bool *found, struct error *err)
{
    struct unpack in = unpack_of(value);
    struct bytes content;
    struct seal_id id;
    enum status status = STATUS_OK;
    sqlite3_stmt *get = sql_use(replica, SQL_KEY_GET);
    *found = false;
    if (!get)
        return sql_fail(replica, err, "keys");
    if (!unpack_sealed(&in, &content) || !seal_value_key(content, &id))
        return STATUS_OK;
    sqlite3_bind_int64(get, 1, (int64_t)get_u64le(id.bytes));
    *found = sql_row(replica, get, &status, err) && sqlite3_column_bytes(get, 0) == ID_BYTES;
    if (*found)
        memcpy(subject->bytes, sqlite3_column_blob(get, 0), ID_BYTES);
    sqlite3_reset(get);
    return status;
}

/* ---- keys that come and go ---- */

/* The next wrapped key of the run, when it is the one that is named. */
static struct bytes take_wrapped(struct replica *replica, const struct entry_key *named)
{
    struct bytes wrapped = bytes_of(replica->keys_in.data, SEAL_WRAPPED_BYTES);
    if (replica->keys_in.size < SEAL_WRAPPED_BYTES)
        return (struct bytes){0};
    struct seal_id id = value_key_id(&replica->network, wrapped.data);
    if (memcmp(id.bytes, named->id, SEAL_ID_BYTES) != 0)
        return (struct bytes){0};
    replica->keys_in.data += SEAL_WRAPPED_BYTES;
    replica->keys_in.size -= SEAL_WRAPPED_BYTES;
    return wrapped;
}

enum status keys_note(struct replica *replica, const struct dot *dot, const struct entry_view *view,
                      struct error *err)
{
    for (size_t i = 0; i < view->keys_count; i++) {
        const struct entry_key *named = &view->keys[i];
        struct bytes wrapped = take_wrapped(replica, named);
        sqlite3_stmt *note = sql_use(replica, SQL_KEY_NOTE);
        if (!note)
            return sql_fail(replica, err, "keys");
        if (registry_erased(replica->registry, named, view->head.beacon) &&
            !MUTANT("t33-keys-come-back"))
            wrapped = (struct bytes){0};
        sqlite3_bind_int64(note, 1, (int64_t)get_u64le(named->id));
        sqlite3_bind_blob(note, 2, named->subject.bytes, ID_BYTES, SQLITE_STATIC);
        sqlite3_bind_int64(note, 3, named->year);
        sqlite3_bind_int64(note, 4, (int64_t)view->head.beacon);
        sqlite3_bind_int64(note, 5, feed_find(replica, &dot->feed));
        if (wrapped.size > 0)
            sql_bind_bytes(note, 6, wrapped);
        else
            sqlite3_bind_null(note, 6);
        TRY(sql_done(replica, note, "keys", err));
    }
    return STATUS_OK;
}

enum status keys_note_known(struct replica *replica, const struct run *run, size_t count,
                            struct error *err)
{
    if (replica->keys_in.size == 0)
        return STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        struct dot dot = {run->feed, run->first + i};
        if (entry_decode_keys(&replica->view, run->bodies[i], NULL) == STATUS_OK)
            TRY(keys_note(replica, &dot, &replica->view, err));
    }
    return STATUS_OK;
}

static enum status put_wrapped(struct replica *replica, const struct entry_key *named,
                               struct buffer *out, struct error *err)
{
    sqlite3_stmt *get = sql_use(replica, SQL_KEY_GET);
    enum status status = STATUS_OK;
    if (!get)
        return sql_fail(replica, err, "keys");
    sqlite3_bind_int64(get, 1, (int64_t)get_u64le(named->id));
    if (sql_row(replica, get, &status, err) && sql_blob(get, 2).size == SEAL_WRAPPED_BYTES &&
        buffer_append_bytes(out, sql_blob(get, 2)) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    sqlite3_reset(get);
    return status;
}

enum status keys_gather(struct replica *replica, const struct entry_view *view, struct buffer *out,
                        struct error *err)
{
    for (size_t i = 0; i < view->keys_count; i++)
        TRY(put_wrapped(replica, &view->keys[i], out, err));
    return STATUS_OK;
}

enum status keys_of_run(struct replica *replica, const struct run *run, struct buffer *out,
                        struct error *err)
{
    buffer_clear(out);
    if (SCOPE_IS_REGISTRY(run->feed.scope))
        return STATUS_OK;
    for (size_t i = 0; i < run->count; i++)
        if (entry_decode_keys(&replica->view, run->bodies[i], NULL) == STATUS_OK)
            TRY(keys_gather(replica, &replica->view, out, err));
    return STATUS_OK;
}

enum status keys_erase(struct replica *replica, struct error *err)
{
    const struct registry_seals *seals = registry_seals(replica->registry);
    for (size_t i = 0; i < seals->erasures_count && !MUTANT("t33-erased-keys-stay"); i++) {
        sqlite3_stmt *erase = sql_use(replica, SQL_KEY_ERASE);
        if (!erase)
            return sql_fail(replica, err, "keys");
        sqlite3_bind_blob(erase, 1, seals->erasures[i].subject.bytes, ID_BYTES, SQLITE_STATIC);
        sqlite3_bind_int64(erase, 2, seals->erasures[i].year);
        sqlite3_bind_int64(erase, 3, (int64_t)seals->erasures[i].beacon);
        TRY(sql_done(replica, erase, "keys", err));
    }
    seal_cache_release(replica);
    replica_forget_log(replica);
    return attachments_erase(replica, err);
}

enum status replica_keys_count(struct replica *replica, const struct id *subject, uint64_t *count,
                               struct error *err)
{
    sqlite3_stmt *statement = NULL;
    TRY(sql_prepare(replica, "SELECT count(*) FROM _key WHERE subject = ? AND wrapped IS NOT NULL",
                    &statement, err));
    sqlite3_bind_blob(statement, 1, subject->bytes, ID_BYTES, SQLITE_STATIC);
    bool read = sqlite3_step(statement) == SQLITE_ROW;
    *count = read ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return read ? STATUS_OK : sql_fail(replica, err, "keys");
}

/* ---- sealing ---- */

/* The newest that we can open. */
static bool newest_scope_key(struct replica *replica, uint32_t org, uint32_t roles,
                             struct seal_key *key)
{
    const struct scope_key *keys;
    for (size_t i = registry_scope_keys(replica->registry, org, roles, &keys); i-- > 0;) {
        key->id = keys[i].id;
        if (scope_key_open(replica, key, 0))
            return true;
    }
    return false;
}

static uint32_t year_of(int64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) || parts.tm_year < -1900 || parts.tm_year > 8099)
        return 0;
    return (uint32_t)(parts.tm_year + 1900);
}

/* One of this entry in the making. */
static bool find_pending(const struct draft *draft, const struct entry_key *wanted,
                         const struct seal_id *scope, struct seal_key *key)
{
    for (size_t i = 0; i < draft->keys_count; i++) {
        const struct draft_key *pending = &draft->keys[i];
        if (id_equal(&pending->named.subject, &wanted->subject) &&
            pending->named.year == wanted->year && seal_id_compare(&pending->scope, scope) == 0) {
            memcpy(key->id.bytes, pending->named.id, SEAL_ID_BYTES);
            memcpy(key->secret, pending->secret, SEAL_KEY_BYTES);
            return true;
        }
    }
    return false;
}

/* The lowest that our feed named before: nobody depends on another's feed to read ours. 0: none.
 * Sorted here: for a statement that sorts, SQLite makes a table each time. */
static enum status read_own(struct replica *replica, const struct own_key *wanted,
                            struct seal_id *found, struct error *err)
{
    enum status status = STATUS_OK;
    bool named = false;
    int64_t lowest = 0;
    sqlite3_stmt *list = sql_use(replica, SQL_KEY_OWN);
    if (!list)
        return sql_fail(replica, err, "keys");
    sqlite3_bind_blob(list, 1, wanted->subject.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(list, 2, wanted->year);
    sqlite3_bind_int64(list, 3, wanted->feed);
    while (sql_row(replica, list, &status, err)) {
        struct bytes wrapped = sql_blob(list, 1);
        int64_t id = sqlite3_column_int64(list, 0);
        if (wrapped.size != SEAL_WRAPPED_BYTES ||
            memcmp(wrapped.data, wanted->scope.bytes, SEAL_ID_BYTES) || (named && id > lowest))
            continue;
        lowest = id;
        named = true;
    }
    sqlite3_reset(list);
    put_u64le(found->bytes, (uint64_t)lowest);
    return status;
}

static struct own_key *own_place(struct seal_cache *cache, const struct id *subject)
{
    const uint8_t *end = subject->bytes + ID_BYTES - 2;
    return &cache->own[(end[0] << 8 | end[1]) % VALUE_KEYS];
}

static bool is_own(const struct own_key *own, const struct own_key *wanted)
{
    return wanted->feed != 0 && own->feed == wanted->feed && own->year == wanted->year &&
           id_equal(&own->subject, &wanted->subject) &&
           seal_id_compare(&own->scope, &wanted->scope) == 0;
}

/* STATUS_NOT_FOUND. */
static enum status find_own(const struct draft *draft, const struct entry_key *wanted,
                            const struct seal_id *scope, struct seal_key *key, struct error *err)
{
    struct replica *replica = draft->replica;
    struct seal_cache *cache = cache_of(replica);
    struct own_key *place = cache ? own_place(cache, &wanted->subject) : NULL;
    struct own_key own = {.feed = feed_find(replica, &draft->writer.feed),
                          .year = wanted->year,
                          .subject = wanted->subject,
                          .scope = *scope};
    bool opened = false;
    if (place && is_own(place, &own)) {
        *key = place->key;
        return STATUS_OK;
    }
    TRY(read_own(replica, &own, &key->id, err));
    if (get_u64le(key->id.bytes) != 0)
        TRY(value_key_open(replica, key, &opened, err));
    if (!opened)
        return STATUS_NOT_FOUND;
    own.key = *key;
    if (place && own.feed != 0)
        *place = own;
    sodium_memzero(&own, sizeof own);
    return STATUS_OK;
}

static enum status new_key(struct draft *draft, struct entry_key *wanted,
                           const struct seal_key *scope, struct seal_key *key, struct error *err)
{
    uint8_t wrapped[SEAL_WRAPPED_BYTES];
    struct draft_key *keys =
        array_grow(draft->keys, draft->keys_count, &draft->keys_capacity, sizeof *keys);
    if (!keys)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    draft->keys = keys;
    value_key_generate(key->secret, wrapped, wanted, &draft->replica->network, scope);
    memcpy(key->id.bytes, wanted->id, SEAL_ID_BYTES);
    if (buffer_append(&draft->wrapped, wrapped, sizeof wrapped) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    struct draft_key *pending = &keys[draft->keys_count++];
    *pending = (struct draft_key){.named = *wanted, .scope = scope->id};
    memcpy(pending->secret, key->secret, SEAL_KEY_BYTES);
    return entry_writer_key(&draft->writer, wanted, err);
}

/* What of a plain value is to be sealed: a text, or an attachment's description. */
static bool part_to_seal(const struct schema_field *field, struct bytes value, struct bytes *head,
                         struct bytes *part)
{
    struct unpack in = unpack_of(value);
    struct bytes text;
    *head = (struct bytes){0};
    *part = value;
    if (field->type == FIELD_ATTACHMENT)
        return attachment_plain_split(head, part, value);
    return unpack_str(&in, &text);
}

/* The sealed description, of which `sealed` is the MessagePack form, joins its head. */
static enum status join_head(struct buffer *sealed, struct bytes head)
{
    struct unpack in = unpack_of(buffer_bytes(sealed));
    struct bytes content;
    struct buffer joined = {0};
    if (!unpack_sealed(&in, &content))
        return STATUS_BAD_INPUT;
    enum status status = buffer_append_bytes(&joined, head);
    if (status == STATUS_OK)
        status = buffer_append_bytes(&joined, content);
    buffer_clear(sealed);
    if (status == STATUS_OK)
        status = pack_bin(sealed, buffer_bytes(&joined));
    buffer_release(&joined);
    return status;
}

enum status draft_seal(struct draft *draft, const struct seal_place *place,
                       const struct schema_field *field, const struct id *subject,
                       struct bytes *value, struct error *err)
{
    struct replica *replica = draft->replica;
    struct entry_key wanted = {.subject = *subject, .year = year_of(draft->writer.head.time_ms)};
    struct seal_key scope, key;
    struct seal_means means = {&replica->network, &key, &replica->zstd};
    struct bytes head, part;
    if (!part_to_seal(field, *value, &head, &part)) /* emptied, or sealed already */
        return STATUS_OK;
    if (!newest_scope_key(replica, SCOPE_ORG(draft->scope), field->seal_roles, &scope))
        return field->type != FIELD_TEXT
                   ? error_set(err, STATUS_DENIED,
                               "this device has no key yet to seal field '%s' with: sync first",
                               field->name)
                   : STATUS_OK;
    enum status status = STATUS_OK;
    if (!find_pending(draft, &wanted, &scope.id, &key))
        status = find_own(draft, &wanted, &scope.id, &key, err);
    if (status == STATUS_NOT_FOUND)
        status = new_key(draft, &wanted, &scope, &key, err);
    buffer_clear(&draft->sealed);
    if (status == STATUS_OK && (seal_value(&draft->sealed, &means, place, part) != STATUS_OK ||
                                (head.size > 0 && join_head(&draft->sealed, head) != STATUS_OK)))
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    sodium_memzero(&scope, sizeof scope);
    sodium_memzero(&key, sizeof key);
    *value = buffer_bytes(&draft->sealed);
    return status;
}

void draft_forget_keys(struct draft *draft)
{
    if (draft->keys)
        sodium_memzero(draft->keys, draft->keys_count * sizeof *draft->keys);
    draft->keys_count = 0;
    buffer_clear(&draft->wrapped);
}

/* ---- in SQL ---- */

enum status replica_sealed_text(struct replica *replica, const struct seal_place *place,
                                struct bytes content, struct bytes *text, struct error *err)
{
    struct buffer sealed = {0};
    struct bytes plain;
    *text = (struct bytes){0};
    enum status status = pack_sealed(&sealed, content);
    status = status == STATUS_OK ? replica_plain(replica, place, buffer_bytes(&sealed), &plain, err)
                                 : error_set(err, status, "out of memory");
    struct unpack in = unpack_of(status == STATUS_OK ? plain : (struct bytes){0});
    if (!unpack_str(&in, text))
        *text = (struct bytes){0};
    buffer_release(&sealed);
    return status;
}

/* unsealed(value, table, row, field): a text that is sealed as it reads, NULL when we can't. */
static void sql_unsealed(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct seal_place place = {.table = (uint32_t)sqlite3_value_int64(values[1]),
                               .field = (uint16_t)sqlite3_value_int(values[3])};
    struct bytes text;
    (void)count;
    if (sqlite3_value_type(values[0]) != SQLITE_BLOB) {
        sqlite3_result_value(context, values[0]);
        return;
    }
    if (sqlite3_value_bytes(values[2]) != ID_BYTES)
        return;
    memcpy(place.row.bytes, sqlite3_value_blob(values[2]), ID_BYTES);
    struct bytes content =
        bytes_of(sqlite3_value_blob(values[0]), (size_t)sqlite3_value_bytes(values[0]));
    if (replica_sealed_text(sqlite3_user_data(context), &place, content, &text, NULL) != STATUS_OK)
        sqlite3_result_error_code(context, SQLITE_IOERR);
    else if (text.data)
        sqlite3_result_text(context, (const char *)text.data, (int)text.size, SQLITE_TRANSIENT);
}

enum status seal_add_function(struct replica *replica, struct error *err)
{
    if (sqlite3_create_function(replica->database, "unsealed", 4, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                replica, sql_unsealed, NULL, NULL) == SQLITE_OK)
        return STATUS_OK;
    return sql_fail(replica, err, "the database");
}
