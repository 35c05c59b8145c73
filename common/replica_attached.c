/* Which rows name an attachment, and what follows: who may have it, what is fetched and offered,
 * what is forgotten. */

#include <string.h>

#include "common/mutant.h"
#include "common/pack.h"
#include "common/replica_attachment.h"
#include "common/replica_floor.h"
#include "common/replica_state.h"

#define STATE_COLUMNS "a.id, a.root, a.bytes, a.held, a.small, a.wanted, a.delivered"
/* A row names it whose key wasn't erased. */
#define ALIVE                                                                                 \
    "EXISTS(SELECT 1 FROM _attached d JOIN _key k ON k.id = d.key AND k.wrapped IS NOT NULL " \
    "WHERE d.attachment = a.id)"

/* ---- entries that name attachments ---- */

enum status attachment_ensure(struct replica *replica, const struct attachment_name *name,
                              bool thumbnail, struct error *err)
{
    sqlite3_stmt *note = sql_use(replica, SQL_ATTACHMENT_NOTE);
    if (!note)
        return sql_fail(replica, err, "attachments");
    sqlite3_bind_blob(note, 1, name->root, HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(note, 2, name->bytes);
    sqlite3_bind_int(note, 3, thumbnail);
    sqlite3_bind_int64(note, 4, clock_wall_ms(&replica->clock));
    return sql_done(replica, note, "attachments", err);
}

/* One field of a row names one attachment. */
struct naming {
    uint32_t scope;
    struct seal_place place;
    struct seal_id key;
};

static enum status note_name(struct replica *replica, const struct attachment_name *name,
                             bool thumbnail, const struct naming *naming, struct error *err)
{
    struct attachment_state state;
    bool found;
    if (name->bytes == 0)
        return STATUS_OK;
    TRY(attachment_ensure(replica, name, thumbnail, err));
    TRY(replica_attachment_find(replica, name, &state, &found, err));
    sqlite3_stmt *note = found ? sql_use(replica, SQL_ATTACHED_NOTE) : NULL;
    if (!note)
        return sql_fail(replica, err, "attachments");
    sqlite3_bind_int64(note, 1, state.id);
    sqlite3_bind_int64(note, 2, naming->scope);
    sqlite3_bind_int64(note, 3, naming->place.table);
    sqlite3_bind_blob(note, 4, naming->place.row.bytes, ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(note, 5, naming->place.field);
    sqlite3_bind_int64(note, 6, (int64_t)get_u64le(naming->key.bytes));
    TRY(sql_done(replica, note, "attachments", err));
    sqlite3_stmt *saved = sql_use(replica, SQL_ATTACHED_SAVED);
    if (!saved)
        return sql_fail(replica, err, "attachments");
    sqlite3_bind_int64(saved, 1, state.id);
    return sql_done(replica, saved, "attachments", err);
}

enum status attached_note_name(struct replica *replica, const struct snapshot_name *said,
                               struct error *err)
{
    struct attachment_name name = {.bytes = said->bytes};
    struct naming naming = {said->scope, {said->table, said->row, said->field}, said->key};
    memcpy(name.root, said->root.bytes, HASH_BYTES);
    return note_name(replica, &name, said->thumbnail, &naming, err);
}

static enum status note_value(struct replica *replica, struct bytes value, struct naming *naming,
                              struct error *err)
{
    struct unpack in = unpack_of(value);
    struct attachment_head head;
    struct bytes data;
    if (!unpack_bin(&in, &data) || !attachment_head_read(&head, data) ||
        !seal_value_key(
            bytes_of(data.data + ATTACHMENT_HEAD_BYTES, data.size - ATTACHMENT_HEAD_BYTES),
            &naming->key))
        return STATUS_OK; /* emptied */
    TRY(note_name(replica, &head.file, false, naming, err));
    return note_name(replica, &head.thumbnail, true, naming, err);
}

enum status attached_note(struct replica *replica, const struct dot *dot,
                          const struct entry_view *view, const struct op *op, struct error *err)
{
    const struct schema_table *table = schema_table(replica->schema, op->table);
    if (!table || !table->has_attachments)
        return STATUS_OK;
    for (uint32_t i = 0; i < op->fields_count; i++) {
        const struct op_field *written = &view->fields[op->fields_at + i];
        const struct schema_field *field = table_field(table, written->number);
        struct naming naming = {dot->feed.scope, {op->table, op->row, written->number}, {{0}}};
        if (field && field->type == FIELD_ATTACHMENT)
            TRY(note_value(replica, written->value, &naming, err));
    }
    return STATUS_OK;
}

/* ---- added, and not saved yet ---- */

enum status attachment_stage(struct replica *replica, const struct attachment_name *name,
                             struct bytes plain, struct error *err)
{
    sqlite3_stmt *stage = sql_use(replica, SQL_ATTACHED_STAGE);
    if (!stage)
        return sql_fail(replica, err, "attachments");
    sqlite3_bind_blob(stage, 1, name->root, HASH_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(stage, 2, name->bytes);
    sql_bind_bytes(stage, 3, plain);
    sqlite3_bind_int64(stage, 4, clock_wall_ms(&replica->clock));
    return sql_done(replica, stage, "attachments", err);
}

enum status replica_attach_again(struct replica *replica, const char *root, struct buffer *plain,
                                 struct error *err)
{
    uint8_t bytes[HASH_BYTES];
    sqlite3_stmt *statement = NULL;
    enum status status = STATUS_OK;
    buffer_clear(plain);
    if (!hex_decode(root, bytes, sizeof bytes))
        return error_set(err, STATUS_NOT_FOUND, "there is no file that was just added as '%.80s'",
                         root);
    TRY(sql_prepare(replica, "SELECT plain FROM _attachment WHERE root = ? AND plain IS NOT NULL",
                    &statement, err));
    sqlite3_bind_blob(statement, 1, bytes, sizeof bytes, SQLITE_STATIC);
    bool found = sql_row(replica, statement, &status, err);
    if (found && buffer_append_bytes(plain, sql_blob(statement, 0)) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    sqlite3_finalize(statement);
    if (status == STATUS_OK && !found)
        status = error_set(err, STATUS_NOT_FOUND, "there is no file that was just added as '%.80s'",
                           root);
    return status;
}

/* Units and all of attachments that a query names. */
static enum status forget(struct replica *replica, const char *units, const char *names,
                          int64_t until_ms, struct error *err)
{
    const char *const texts[] = {units, names};
    for (size_t i = 0; i < 2; i++) {
        sqlite3_stmt *statement = NULL;
        TRY(sql_prepare(replica, texts[i], &statement, err));
        sqlite3_bind_int64(statement, 1, until_ms);
        bool done = sqlite3_step(statement) == SQLITE_DONE;
        enum status status = done ? STATUS_OK : sql_fail(replica, err, "attachments");
        sqlite3_finalize(statement);
        TRY(status);
    }
    return STATUS_OK;
}

#define UNITS_OF(condition)                                                       \
    "DELETE FROM _unit WHERE id IN (SELECT u.id FROM _attachment a JOIN _unit u " \
    "ON u.id BETWEEN a.id << 16 AND (a.id << 16) + 65535 WHERE " condition ")"

/* What nobody names, of long ago. */
#define UNSAVED \
    "NOT EXISTS(SELECT 1 FROM _attached d WHERE d.attachment = a.id) AND a.added_ms < ?1"

enum status attachments_expire(struct replica *replica, struct error *err)
{
    struct frontier missing = {0};
    uint64_t count;
    enum status status = replica_missing(replica, &missing, &count, err);
    frontier_release(&missing);
    TRY(status);
    if (count > 0) /* after a repair: entries that name some may be among them */
        return STATUS_OK;
    return forget(replica, UNITS_OF(UNSAVED), "DELETE FROM _attachment AS a WHERE " UNSAVED,
                  clock_wall_ms(&replica->clock) - ATTACHMENT_STAGED_MS, err);
}

#define ERASED \
    "a.held > ?1 AND EXISTS(SELECT 1 FROM _attached d WHERE d.attachment = a.id) AND NOT " ALIVE

enum status attachments_erase(struct replica *replica, struct error *err)
{
    if (MUTANT("t33-attachments-stay"))
        return STATUS_OK;
    return forget(replica, UNITS_OF(ERASED),
                  "UPDATE _attachment AS a SET held = 0, whole = 0, wanted = 0 WHERE " ERASED, 0,
                  err);
}

/* ---- who may have it, and who has it ---- */

enum status replica_attachment_readable(struct replica *replica,
                                        const struct attachment_state *state, uint32_t reader,
                                        bool *readable, struct error *err)
{
    sqlite3_stmt *list = sql_use(replica, SQL_ATTACHED_SCOPES);
    enum status status = STATUS_OK;
    *readable = false;
    if (!list)
        return sql_fail(replica, err, "attachments");
    sqlite3_bind_int64(list, 1, state->id);
    while (!*readable && sql_row(replica, list, &status, err))
        *readable =
            reader == 0 || MUTANT("attachment-for-anybody") ||
            registry_may_read(replica->registry, reader, (uint32_t)sqlite3_column_int64(list, 0));
    return sql_end(replica, list, status, err);
}

static enum status change(struct replica *replica, const char *sql, int64_t id, int64_t value,
                          struct error *err)
{
    sqlite3_stmt *statement = NULL;
    TRY(sql_prepare(replica, sql, &statement, err));
    sqlite3_bind_int64(statement, 1, id);
    sqlite3_bind_int64(statement, 2, value);
    bool done = sqlite3_step(statement) == SQLITE_DONE;
    enum status status = done ? STATUS_OK : sql_fail(replica, err, "attachments");
    sqlite3_finalize(statement);
    return status;
}

/* The hub's lineage as it was last seen: a hub that was put back may have lost attachments. */
static enum status lineage_seen(struct replica *replica, int64_t *lineage, struct error *err)
{
    uint64_t number = 0;
    TRY(replica_meta_number(replica, META_LINEAGE_SEEN, &number, err));
    *lineage = (int64_t)number;
    return STATUS_OK;
}

enum status replica_attachment_delivered(struct replica *replica,
                                         const struct attachment_state *state, struct error *err)
{
    int64_t lineage;
    TRY(lineage_seen(replica, &lineage, err));
    return change(replica, "UPDATE _attachment SET delivered = ?2 WHERE id = ?1", state->id,
                  lineage, err);
}

enum status replica_attachment_want(struct replica *replica, const struct attachment_name *name,
                                    struct error *err)
{
    struct attachment_state state;
    bool found;
    TRY(replica_attachment_find(replica, name, &state, &found, err));
    if (!found)
        return error_set(err, STATUS_NOT_FOUND, "no row names this attachment");
    return change(replica, "UPDATE _attachment SET wanted = ?2 WHERE id = ?1", state.id, 1, err);
}

/* ---- lists ---- */

#define RANK "CASE WHEN a.small THEN 1 WHEN a.wanted THEN 2 ELSE 3 END"
#define BEHIND                                                                           \
    " AND (" RANK " > ?2 OR (" RANK " = ?2 AND a.id < ?3)) AND " ALIVE " ORDER BY " RANK \
    ", a.id DESC LIMIT 1"

enum status replica_attachment_next(struct replica *replica, enum attachment_choice choice,
                                    struct attachment_mark *mark, struct attachment_state *next,
                                    bool *found, struct error *err)
{
    static const char *const texts[] = {
        [ATTACHMENTS_TO_OFFER] = "SELECT " STATE_COLUMNS " FROM _attachment a WHERE a.whole = 1 "
                                 "AND a.delivered IS NOT ?1" BEHIND,
        [ATTACHMENTS_TO_FETCH] = "SELECT " STATE_COLUMNS " FROM _attachment a WHERE a.whole = 0 "
                                 "AND (a.small OR a.wanted) AND ?1 IS NOT NULL" BEHIND,
        [ATTACHMENTS_MISSING] = "SELECT " STATE_COLUMNS " FROM _attachment a WHERE a.whole = 0 "
                                "AND ?1 IS NOT NULL" BEHIND};
    sqlite3_stmt *statement = NULL;
    enum status status = STATUS_OK;
    int64_t lineage;
    TRY(lineage_seen(replica, &lineage, err));
    TRY(sql_prepare(replica, texts[choice], &statement, err));
    sqlite3_bind_int64(statement, 1, lineage);
    sqlite3_bind_int64(statement, 2, mark->rank);
    sqlite3_bind_int64(statement, 3, mark->id);
    *found = sql_row(replica, statement, &status, err);
    if (*found) {
        attachment_state_read(next, statement);
        *mark = (struct attachment_mark){next->thumbnail ? 1 : next->wanted ? 2 : 3, next->id};
    }
    sqlite3_finalize(statement);
    return status;
}

enum status replica_attachment_counts(struct replica *replica, struct attachment_counts *counts,
                                      struct error *err)
{
    sqlite3_stmt *statement = NULL;
    enum status status = STATUS_OK;
    int64_t lineage;
    TRY(lineage_seen(replica, &lineage, err));
    TRY(sql_prepare(replica,
                    "SELECT count(*), total(whole), total(whole AND delivered IS NOT ?1), "
                    "total(held > 0 AND NOT whole), "
                    "(SELECT total(length(unit)) FROM _unit) FROM _attachment",
                    &statement, err));
    sqlite3_bind_int64(statement, 1, lineage);
    if (sql_row(replica, statement, &status, err))
        *counts = (struct attachment_counts){.known = (uint64_t)sqlite3_column_int64(statement, 0),
                                             .whole = (uint64_t)sqlite3_column_int64(statement, 1),
                                             .unsent = (uint64_t)sqlite3_column_int64(statement, 2),
                                             .begun = (uint64_t)sqlite3_column_int64(statement, 3),
                                             .bytes = (uint64_t)sqlite3_column_int64(statement, 4)};
    sqlite3_finalize(statement);
    return status;
}
