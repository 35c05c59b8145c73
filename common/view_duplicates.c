/* Rows that may be one: the same person registered twice apart. The schema says by what (`same`).
 *
 * Rows that agree in a list's exact fields stand together once sorted; only within such a group are
 * names compared by ear. What was found by several lists becomes one group. */

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/doubles.h"
#include "common/pinyin.h"
#include "common/view.h"

#define VALUES_MAX (SCHEMA_SAME_MAX * SCHEMA_SAME_FIELDS_MAX)
#define HEARD_GROUP_MAX 300 /* rows of one group that are compared by ear, each with each */

struct suspect {
    struct id id;
    uint32_t scope;
    char *label;
    char *values[VALUES_MAX]; /* NULL: none */
    char *apart;              /* ids of rows that it is not, in one text */
    size_t leader;            /* another suspect's place, or its own */
    size_t by;                /* of a leader: the list that found the group */
};

struct inquiry {
    struct replica *replica;
    const struct schema_table *table;
    uint16_t fields[VALUES_MAX];
    size_t fields_count;
    struct suspect *suspects;
    size_t count, capacity;
    size_t *order;
};

static void inquiry_release(struct inquiry *inquiry)
{
    for (size_t i = 0; i < inquiry->count; i++) {
        free(inquiry->suspects[i].label);
        free(inquiry->suspects[i].apart);
        for (size_t v = 0; v < inquiry->fields_count; v++)
            free(inquiry->suspects[i].values[v]);
    }
    free(inquiry->suspects);
    free(inquiry->order);
}

/* ---- reading ---- */

static size_t place_of(const struct inquiry *inquiry, uint16_t field)
{
    size_t at = 0;
    while (at < inquiry->fields_count && inquiry->fields[at] != field)
        at++;
    return at;
}

static void list_fields(struct inquiry *inquiry)
{
    for (size_t s = 0; s < inquiry->table->same_count; s++)
        for (size_t f = 0; f < inquiry->table->same[s].count; f++)
            if (place_of(inquiry, inquiry->table->same[s].fields[f]) == inquiry->fields_count)
                inquiry->fields[inquiry->fields_count++] = inquiry->table->same[s].fields[f];
}

static enum status put_sql(const struct inquiry *inquiry, bool doubles, struct buffer *sql)
{
    char part[160];
    const struct schema_table *table = inquiry->table;
    const struct schema_field *title = table_field(table, table->title_field);
    const struct schema_field *unless = table_field(table, table->same_unless);
    const struct schema_field *apart = table_field(table, table->same_apart);
    snprintf(part, sizeof part, "SELECT id, _scope, \"%s\", \"%s\"", title ? title->name : "id",
             apart ? apart->name : "_deleted");
    TRY(buffer_append_bytes(sql, bytes_text(part)));
    for (size_t i = 0; i < inquiry->fields_count; i++) {
        snprintf(part, sizeof part, ", \"%s\"", table_field(table, inquiry->fields[i])->name);
        TRY(buffer_append_bytes(sql, bytes_text(part)));
    }
    TRY(buffer_append_bytes(sql, bytes_text(" FROM ")));
    TRY(doubles_put_table(sql, table, doubles, DOUBLES_HIDDEN));
    TRY(buffer_append_bytes(sql, bytes_text(" WHERE _deleted = 0")));
    if (unless) {
        snprintf(part, sizeof part, " AND IFNULL(\"%s\", 0) = 0", unless->name);
        TRY(buffer_append_bytes(sql, bytes_text(part)));
    }
    return buffer_append(sql, "", 1);
}

static bool is_letter(uint32_t code)
{
    bool ascii = (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z');
    return ascii || (code >= 0x80 && code != 0x3000 && code != 0xb7 && code != 0x2022);
}

/* What was typed, without what people type differently: spaces, hyphens, width and case. NULL when
 * nothing is left. */
static char *plain_text(struct bytes text)
{
    char *plain = malloc(text.size + 1);
    size_t size = 0;
    while (plain && text.size > 0) {
        const uint8_t *from = text.data;
        uint32_t code = pinyin_take(&text);
        size_t bytes = (size_t)(text.data - from);
        if (code >= 0xff01 && code <= 0xff5e)
            code -= 0xff01 - '!';
        if (code >= 'A' && code <= 'Z')
            code += 'a' - 'A';
        if (!is_letter(code))
            continue;
        if (code < 0x80)
            plain[size++] = (char)code;
        else
            memcpy(plain + size, from, bytes);
        size += code < 0x80 ? 0 : bytes;
    }
    if (plain)
        plain[size] = '\0';
    if (plain && size == 0) {
        free(plain);
        return NULL;
    }
    return plain;
}

static char *value_of(sqlite3_stmt *row, int column)
{
    struct bytes data = {0};
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
        return NULL;
    case SQLITE_BLOB: {
        data =
            bytes_of(sqlite3_column_blob(row, column), (size_t)sqlite3_column_bytes(row, column));
        char *hex = malloc(2 * data.size + 1);
        if (hex)
            hex_encode(data, hex);
        return hex;
    }
    default:
        data.data = sqlite3_column_text(row, column);
        data.size = (size_t)sqlite3_column_bytes(row, column);
        return plain_text(data);
    }
}

static enum status add_suspect(struct inquiry *inquiry, sqlite3_stmt *row, struct error *err)
{
    if (inquiry->count == inquiry->capacity) {
        size_t capacity = inquiry->capacity ? inquiry->capacity * 2 : 256;
        struct suspect *grown = realloc(inquiry->suspects, capacity * sizeof *grown);
        if (!grown)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        inquiry->suspects = grown;
        inquiry->capacity = capacity;
    }
    struct suspect *suspect = &inquiry->suspects[inquiry->count];
    *suspect = (struct suspect){.leader = inquiry->count, .by = SCHEMA_SAME_MAX};
    if (sqlite3_column_bytes(row, 0) != ID_BYTES)
        return STATUS_OK;
    memcpy(suspect->id.bytes, sqlite3_column_blob(row, 0), ID_BYTES);
    suspect->scope = (uint32_t)sqlite3_column_int64(row, 1);
    if (sqlite3_column_type(row, 2) == SQLITE_TEXT)
        suspect->label = strdup((const char *)sqlite3_column_text(row, 2));
    if (sqlite3_column_type(row, 3) == SQLITE_TEXT)
        suspect->apart = strdup((const char *)sqlite3_column_text(row, 3));
    for (size_t i = 0; i < inquiry->fields_count; i++)
        suspect->values[i] = value_of(row, (int)i + 4);
    inquiry->count++;
    return STATUS_OK;
}

static enum status read_suspects(struct inquiry *inquiry, bool doubles, struct error *err)
{
    struct buffer sql = {0};
    sqlite3_stmt *rows = NULL;
    sqlite3 *database = replica_database(inquiry->replica);
    int code = SQLITE_ROW;
    enum status status = put_sql(inquiry, doubles, &sql);
    if (status != STATUS_OK)
        error_set(err, status, "out of memory");
    else if (sqlite3_prepare_v2(database, (const char *)sql.data, -1, &rows, NULL) != SQLITE_OK)
        code = SQLITE_ERROR;
    while (status == STATUS_OK && code == SQLITE_ROW && (code = sqlite3_step(rows)) == SQLITE_ROW)
        status = add_suspect(inquiry, rows, err);
    if (status == STATUS_OK && code != SQLITE_DONE)
        status = error_set(err, STATUS_STORAGE, "cannot read table '%s': %s", inquiry->table->name,
                           sqlite3_errmsg(database));
    sqlite3_finalize(rows);
    buffer_release(&sql);
    return status;
}

/* ---- finding ---- */

struct comparison {
    const struct inquiry *inquiry;
    const struct schema_same *same;
};

static const char *value_at(const struct comparison *by, size_t suspect, size_t field)
{
    size_t place = place_of(by->inquiry, by->same->fields[field]);
    return by->inquiry->suspects[suspect].values[place];
}

/* By the exact fields of a list. */
static int by_values(const void *a, const void *b, void *context)
{
    const struct comparison *by = context;
    for (size_t i = 0; i < by->same->count; i++) {
        if (by->same->heard[i])
            continue;
        int order =
            strcmp(value_at(by, *(const size_t *)a, i), value_at(by, *(const size_t *)b, i));
        if (order != 0)
            return order;
    }
    return 0;
}

static size_t leader_of(struct inquiry *inquiry, size_t at)
{
    while (inquiry->suspects[at].leader != at) {
        inquiry->suspects[at].leader = inquiry->suspects[inquiry->suspects[at].leader].leader;
        at = inquiry->suspects[at].leader;
    }
    return at;
}

static bool says_apart(const struct suspect *one, const struct suspect *other)
{
    char id[ID_TEXT_BYTES];
    id_format(&other->id, id);
    return one->apart && strstr(one->apart, id);
}

static void join(struct inquiry *inquiry, size_t a, size_t b, size_t by)
{
    if (says_apart(&inquiry->suspects[a], &inquiry->suspects[b]) ||
        says_apart(&inquiry->suspects[b], &inquiry->suspects[a]))
        return;
    a = leader_of(inquiry, a);
    b = leader_of(inquiry, b);
    if (id_equal(&inquiry->suspects[a].id, &inquiry->suspects[b].id))
        return; /* a row that moved stands in two scopes */
    size_t found = inquiry->suspects[a].by < inquiry->suspects[b].by ? inquiry->suspects[a].by
                                                                     : inquiry->suspects[b].by;
    inquiry->suspects[b].leader = a;
    inquiry->suspects[a].by = found < by ? found : by;
}

static bool heard_alike(const struct comparison *by, size_t a, size_t b)
{
    for (size_t i = 0; i < by->same->count; i++)
        if (by->same->heard[i] &&
            !pinyin_sounds_alike(bytes_text(value_at(by, a, i)), bytes_text(value_at(by, b, i))))
            return false;
    return true;
}

static void join_group(struct inquiry *inquiry, const struct comparison *by, const size_t *group,
                       size_t count)
{
    size_t list = (size_t)(by->same - inquiry->table->same);
    bool hears = false;
    for (size_t i = 0; i < by->same->count; i++)
        hears |= by->same->heard[i];
    for (size_t i = 1; i < count; i++) {
        size_t first = hears && i > HEARD_GROUP_MAX ? i - HEARD_GROUP_MAX : 0;
        for (size_t j = first; j < (hears ? i : 1); j++)
            if (!hears || heard_alike(by, group[j], group[i]))
                join(inquiry, group[j], group[i], list);
    }
}

static bool has_all(const struct comparison *by, size_t suspect)
{
    for (size_t i = 0; i < by->same->count; i++)
        if (!value_at(by, suspect, i))
            return false;
    return true;
}

static void try_list(struct inquiry *inquiry, const struct schema_same *same)
{
    struct comparison by = {inquiry, same};
    size_t count = 0, from = 0;
    for (size_t i = 0; i < inquiry->count; i++)
        if (has_all(&by, i))
            inquiry->order[count++] = i;
    if (count > 1)
        qsort_r(inquiry->order, count, sizeof *inquiry->order, by_values, &by);
    for (size_t i = 1; i <= count; i++) {
        if (i < count && by_values(&inquiry->order[from], &inquiry->order[i], &by) == 0)
            continue;
        join_group(inquiry, &by, inquiry->order + from, i - from);
        from = i;
    }
}

/* ---- telling ---- */

static json_t *row_json(const struct inquiry *inquiry, const struct suspect *suspect)
{
    char id[ID_TEXT_BYTES], org_id[ID_TEXT_BYTES] = "";
    const struct org *org =
        registry_org(replica_registry(inquiry->replica), SCOPE_ORG(suspect->scope));
    id_format(&suspect->id, id);
    if (org)
        id_format(&org->id, org_id);
    return json_pack("{ss ss* ss}", "id", id, "label", suspect->label, "_org", org_id);
}

static json_t *group_json(const struct inquiry *inquiry, const struct suspect *leader)
{
    const struct schema_same *same = &inquiry->table->same[leader->by];
    json_t *by = json_array();
    for (size_t i = 0; i < same->count; i++)
        json_array_append_new(by, json_string(table_field(inquiry->table, same->fields[i])->name));
    return json_pack("{ss so s[]}", "table", inquiry->table->name, "by", by, "rows");
}

static enum status tell(struct inquiry *inquiry, json_t *list, struct error *err)
{
    json_t **groups = calloc(inquiry->count + 1, sizeof(json_t *));
    if (!groups)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < inquiry->count; i++) {
        size_t leader = leader_of(inquiry, i);
        if (inquiry->suspects[leader].by == SCHEMA_SAME_MAX)
            continue;
        if (!groups[leader]) {
            groups[leader] = group_json(inquiry, &inquiry->suspects[leader]);
            json_array_append_new(list, groups[leader]);
        }
        json_array_append_new(json_object_get(groups[leader], "rows"),
                              row_json(inquiry, &inquiry->suspects[i]));
    }
    free(groups);
    return STATUS_OK;
}

static enum status inquire(struct replica *replica, const struct schema_table *table, json_t *list,
                           struct error *err)
{
    struct inquiry inquiry = {.replica = replica, .table = table};
    bool doubles;
    list_fields(&inquiry);
    enum status status = doubles_follow(replica, &doubles, err);
    if (status == STATUS_OK)
        status = read_suspects(&inquiry, doubles, err);
    inquiry.order = calloc(inquiry.count + 1, sizeof *inquiry.order);
    if (status == STATUS_OK && !inquiry.order)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; status == STATUS_OK && i < table->same_count; i++)
        try_list(&inquiry, &table->same[i]);
    if (status == STATUS_OK)
        status = tell(&inquiry, list, err);
    inquiry_release(&inquiry);
    return status;
}

enum status view_duplicates(struct replica *replica, const char *name, json_t **list,
                            struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    const struct schema_table *only = NULL;
    *list = NULL;
    if (name)
        TRY(view_table(replica, name, &only, err));
    *list = json_array();
    for (size_t i = 0; schema && i < schema->tables_count; i++) {
        const struct schema_table *table = &schema->tables[i];
        if (table->same_count == 0 || (only && table != only))
            continue;
        enum status status = inquire(replica, table, *list, err);
        if (status == STATUS_OK)
            continue;
        json_decref(*list);
        *list = NULL;
        return status;
    }
    return STATUS_OK;
}
