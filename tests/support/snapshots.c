#include "tests/support/snapshots.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "common/zstd_frame.h"
#include "tests/support/must.h"

/* ---- writing ---- */

#define FIELDS_MAX 8

struct writing {
    struct replica *replica;
    const struct schema_table *table;
    struct change_field fields[FIELDS_MAX];
    struct buffer values[FIELDS_MAX];
    size_t count;
};

static void start(struct writing *writing, struct replica *replica, const char *table)
{
    *writing = (struct writing){.replica = replica,
                                .table = schema_table_named(replica_schema(replica), table)};
    assert(writing->table);
}

static struct buffer *field(struct writing *writing, const char *name)
{
    struct buffer *value = &writing->values[writing->count];
    const struct schema_field *found = table_field_named(writing->table, name);
    assert(found && writing->count < FIELDS_MAX);
    writing->fields[writing->count++].field = found->number;
    return value;
}

static void text(struct writing *writing, const char *name, const char *typed)
{
    const struct schema_field *found = table_field_named(writing->table, name);
    MUST(field_parse(replica_schema(writing->replica), found, typed, field(writing, name), err));
}

/* An element that is added, and one that is removed. */
static void set(struct writing *writing, const char *name, const char *added, const char *removed)
{
    const struct schema_field *found = table_field_named(writing->table, name);
    struct buffer *value = field(writing, name);
    const char *const typed[] = {added, removed};
    MUST(pack_array(value, 2));
    for (int i = 0; i < 2; i++) {
        MUST(pack_array(value, typed[i] != NULL));
        if (typed[i])
            MUST(field_parse(replica_schema(writing->replica), found, typed[i], value, err));
    }
}

static int by_number(const void *a, const void *b)
{
    const struct change_field *left = a, *right = b;
    return (int)left->field - (int)right->field;
}

static void finish(struct writing *writing, enum change_kind kind, const struct id *id,
                   uint32_t org)
{
    struct change change = {.kind = kind,
                            .table = writing->table->number,
                            .scope = SCOPE_RECORDS(org),
                            .fields = writing->fields,
                            .fields_count = writing->count};
    struct saved saved;
    size_t entries, failed;
    if (id)
        change.id = *id;
    for (size_t i = 0; i < writing->count; i++)
        writing->fields[i].value = buffer_bytes(&writing->values[i]);
    qsort(writing->fields, writing->count, sizeof *writing->fields, by_number);
    struct error refusal = {0};
    replica_save(writing->replica, &change, 1, &saved, &entries, &failed, &refusal);
    for (size_t i = 0; i < FIELDS_MAX; i++)
        buffer_release(&writing->values[i]);
}

static const char *one_of(struct chance *chance, const char *const *texts, size_t count)
{
    return texts[chance_below(chance, count)];
}
#define ONE_OF(chance, texts) one_of(chance, texts, sizeof(texts) / sizeof((texts)[0]))

static const char *const words[] = {"甲", "乙", "丙"};
static const char *const lines[] = {"一\n二\n三\n四\n五\n", "一\n二改\n三\n四\n五\n",
                                    "一\n二\n三\n四改\n五\n", "一\n二\n三\n四\n五\n六\n", "另\n"};
static const char *const states[] = {"planned", "applied", "approved"};
static const char *const codes[] = {"c1", "c2", "c3"};
static const char *const kinds[] = {"study", "talk", "home_visit"};

static bool pick_row(struct replica *replica, struct chance *chance, const char *table,
                     struct id *id)
{
    sqlite3_stmt *list;
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT id FROM \"%s\" ORDER BY id", table);
    assert(sqlite3_prepare_v2(replica_database(replica), sql, -1, &list, NULL) == SQLITE_OK);
    size_t count = 0, chosen;
    while (sqlite3_step(list) == SQLITE_ROW)
        count++;
    sqlite3_reset(list);
    chosen = count ? chance_below(chance, count) : 0;
    for (size_t i = 0; count > 0 && i <= chosen; i++)
        sqlite3_step(list);
    if (count > 0)
        memcpy(id->bytes, sqlite3_column_blob(list, 0), ID_BYTES);
    sqlite3_finalize(list);
    return count > 0;
}

static void change_event(struct replica *replica, struct chance *chance, const struct id *id,
                         uint32_t org)
{
    struct writing writing;
    start(&writing, replica, "event");
    if (!id)
        text(&writing, "kind", "members_meeting");
    if (!id || chance_below(chance, 2))
        text(&writing, "theme", ONE_OF(chance, words));
    if (chance_below(chance, 2))
        text(&writing, "summary", ONE_OF(chance, lines));
    if (chance_below(chance, 3) == 0)
        text(&writing, "title", ONE_OF(chance, words));
    if (chance_below(chance, 3) == 0)
        text(&writing, "state", ONE_OF(chance, states));
    if (chance_below(chance, 3) == 0)
        text(&writing, "leaflets", "3");
    if (chance_below(chance, 6) == 0)
        text(&writing, "void", "true");
    finish(&writing, id ? CHANGE_SET : CHANGE_ADD, id, org);
}

static void add_figure(struct replica *replica, struct chance *chance, uint32_t org)
{
    struct writing writing;
    start(&writing, replica, "figure");
    text(&writing, "owner_ref", "org:0123456789abcdef0123456789abcdef");
    text(&writing, "metric", ONE_OF(chance, codes));
    text(&writing, "period", "2026");
    text(&writing, "count", "2");
    text(&writing, "reading", chance_below(chance, 2) ? "7" : "9");
    if (chance_below(chance, 2))
        text(&writing, "note", ONE_OF(chance, lines));
    finish(&writing, CHANGE_ADD, NULL, org);
}

static void add_visit(struct replica *replica, struct chance *chance, uint32_t org)
{
    struct writing writing;
    start(&writing, replica, "visit");
    text(&writing, "target_ref", "person:0123456789abcdef0123456789abcdef");
    text(&writing, "kind", ONE_OF(chance, kinds));
    text(&writing, "situation", ONE_OF(chance, words)); /* it is sealed */
    set(&writing, "also", ONE_OF(chance, kinds), NULL);
    finish(&writing, CHANGE_ADD, NULL, org);
}

static void change_visit(struct replica *replica, struct chance *chance, const struct id *id,
                         uint32_t org)
{
    struct writing writing;
    const char *added = chance_below(chance, 2) ? ONE_OF(chance, kinds) : NULL;
    start(&writing, replica, "visit");
    set(&writing, "also", added, added ? NULL : ONE_OF(chance, kinds));
    finish(&writing, CHANGE_SET, id, org);
}

static void add_tag(struct replica *replica, struct chance *chance, uint32_t org)
{
    struct writing writing;
    start(&writing, replica, "tag");
    text(&writing, "ref", "person:0123456789abcdef0123456789abcdef");
    text(&writing, "scheme", "skill");
    text(&writing, "code", ONE_OF(chance, codes));
    set(&writing, "present", "true", NULL);
    finish(&writing, CHANGE_ADD, NULL, org);
}

static void delete_event(struct replica *replica, const struct id *id, uint32_t org)
{
    struct writing writing;
    start(&writing, replica, "event");
    finish(&writing, CHANGE_DELETE, id, org);
}

void snapshots_write(struct replica *replica, struct chance *chance, uint32_t org)
{
    struct id id;
    switch (chance_below(chance, 10)) {
    case 0:
    case 1:
        change_event(replica, chance, NULL, org);
        break;
    case 2:
        add_figure(replica, chance, org);
        break;
    case 3:
        add_visit(replica, chance, org);
        break;
    case 4:
        add_tag(replica, chance, org);
        break;
    case 5:
        if (pick_row(replica, chance, "visit", &id))
            change_visit(replica, chance, &id, org);
        break;
    case 6:
        if (chance_below(chance, 2) && pick_row(replica, chance, "event", &id))
            delete_event(replica, &id, org);
        break;
    default:
        if (pick_row(replica, chance, "event", &id))
            change_event(replica, chance, &id, org);
    }
}

/* ---- handing on ---- */

struct feeding {
    struct replica *to;
    bool registry;
};

static enum status hand_on(void *context, const struct run *run, struct error *err)
{
    const struct feeding *feeding = context;
    struct received received = {0};
    if (feeding->registry && !SCOPE_IS_REGISTRY(run->feed.scope))
        return STATUS_OK;
    return replica_receive(feeding->to, run, &received, err);
}

void snapshots_feed(struct replica *from, struct replica *to, bool registry)
{
    struct frontier known = {0};
    struct feeding feeding = {to, registry};
    struct run_wish wish = {.reader = replica_identity(to)->device,
                            .unit_bytes = 1000,
                            .budget_bytes = SIZE_MAX,
                            .take = hand_on,
                            .context = &feeding};
    const struct frontier *held = replica_frontier(to);
    bool more;
    for (size_t i = 0; i < held->count; i++)
        MUST(frontier_raise(&known, &held->rows[i].feed, replica_claim(to, &held->rows[i].feed),
                            err));
    MUST(replica_begin(to, err));
    MUST(replica_runs(from, &wish, &known, &more, err));
    MUST(replica_commit(to, err));
    frontier_release(&known);
}

struct replica *snapshots_reader(struct world *world, size_t client,
                                 const struct replica_options *options)
{
    struct replica_options in_memory = {.path = ":memory:", .clock = clock_system()};
    struct replica *replica, *hub = world->hub.replica;
    MUST(replica_create(&replica, options ? options : &in_memory, replica_network(hub), err));
    MUST(replica_set_identity(replica, replica_identity(world->clients[client]), err));
    snapshots_feed(hub, replica, true);
    return replica;
}

/* ---- snapshots ---- */

void snapshots_release(struct snapshots_made *made)
{
    for (size_t i = 0; i < made->count; i++)
        buffer_release(&made->frames[i]);
    free(made->frames);
    buffer_release(&made->sealed);
    snapshot_release(&made->snapshot);
    *made = (struct snapshots_made){0};
}

static enum status keep_chunk(void *context, struct bytes chunk, struct error *err)
{
    struct snapshots_made *made = context;
    struct zstd_room room = {0};
    if (made->count == made->capacity) {
        made->capacity = made->capacity ? made->capacity * 2 : 16;
        made->frames = realloc(made->frames, made->capacity * sizeof *made->frames);
        assert(made->frames);
    }
    struct buffer *frame = &made->frames[made->count++];
    *frame = (struct buffer){0};
    enum status status = zstd_frame_append(frame, &room, chunk, 3);
    zstd_room_release(&room);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

static void seal(struct snapshots_made *made, const struct replica *hub)
{
    buffer_clear(&made->sealed);
    MUST(snapshot_seal(&made->snapshot, replica_network(hub), &replica_identity(hub)->sign,
                       &made->sealed, err));
}

void snapshots_make(struct replica *hub, uint32_t scope, struct snapshots_made *made)
{
    struct snapshot_wish wish = {.scope = scope, .take = keep_chunk, .context = made};
    MUST(replica_snapshot_make(hub, &wish, &made->snapshot, err));
    seal(made, hub);
}

void snapshots_stage(struct replica *replica, const struct snapshots_made *made)
{
    MUST(replica_snapshot_stage(replica, buffer_bytes(&made->sealed),
                                buffer_bytes(&made->snapshot.leaves), err));
    for (size_t i = made->count; i-- > 0;) {
        struct snapshot_chunk chunk = {made->snapshot.scope, (uint32_t)i,
                                       buffer_bytes(&made->frames[i])};
        MUST(replica_snapshot_chunk(replica, &chunk, err));
    }
}

void snapshots_alter(struct snapshots_made *made, struct replica *hub, const char *from,
                     const char *to)
{
    struct buffer plain = {0};
    struct zstd_room room = {0};
    uint8_t *at = NULL;
    buffer_clear(&made->snapshot.leaves);
    made->snapshot.bytes = 0;
    for (size_t i = 0; i < made->count; i++) {
        buffer_clear(&plain);
        MUST(zstd_frame_open(&plain, &room, buffer_bytes(&made->frames[i]), SNAPSHOT_CHUNK_MAX));
        while ((at = memmem(plain.data, plain.size, from, strlen(from))))
            memcpy(at, to, strlen(to));
        buffer_clear(&made->frames[i]);
        MUST(zstd_frame_append(&made->frames[i], &room, buffer_bytes(&plain), 3));
        MUST(snapshot_add_chunk(&made->snapshot, replica_network(hub), buffer_bytes(&plain), err));
    }
    seal(made, hub);
    zstd_room_release(&room);
    buffer_release(&plain);
}

void snapshots_open(const struct snapshots_made *made, struct buffer *plain)
{
    struct zstd_room room = {0};
    for (size_t i = 0; i < made->count; i++)
        MUST(zstd_frame_open(plain, &room, buffer_bytes(&made->frames[i]), SNAPSHOT_CHUNK_MAX));
    zstd_room_release(&room);
}

void snapshots_forge(struct snapshots_made *made, struct replica *hub, struct bytes chunk)
{
    for (size_t i = 0; i < made->count; i++)
        buffer_release(&made->frames[i]);
    made->count = 0;
    made->snapshot.bytes = 0;
    buffer_clear(&made->snapshot.leaves);
    MUST(keep_chunk(made, chunk, err));
    MUST(snapshot_add_chunk(&made->snapshot, replica_network(hub), chunk, err));
    seal(made, hub);
}

/* ---- showing ---- */

static void put(struct buffer *out, const char *words_)
{
    MUST(buffer_append(out, words_, strlen(words_)));
}

static void put_column(struct buffer *out, sqlite3_stmt *row, int column)
{
    const uint8_t *blob = sqlite3_column_blob(row, column);
    int size = sqlite3_column_bytes(row, column);
    char digits[3];
    put(out, "|");
    if (sqlite3_column_type(row, column) != SQLITE_BLOB) {
        const char *shown = (const char *)sqlite3_column_text(row, column);
        put(out, shown ? shown : "-");
        return;
    }
    for (int i = 0; i < size; i++) {
        snprintf(digits, sizeof digits, "%02x", blob[i]);
        put(out, digits);
    }
}

static void put_query(struct replica *replica, const char *sql, struct buffer *out)
{
    sqlite3_stmt *list;
    if (sqlite3_prepare_v2(replica_database(replica), sql, -1, &list, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(replica_database(replica)));
        abort();
    }
    put(out, sql);
    put(out, "\n");
    while (sqlite3_step(list) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(list); i++)
            if (strcmp(sqlite3_column_name(list, i), "_mark") != 0)
                put_column(out, list, i);
        put(out, "\n");
    }
    sqlite3_finalize(list);
}

void snapshots_show(struct replica *replica, struct buffer *out)
{
    static const char *const queries[] = {
        "SELECT h.table_no, h.row, h.scope, h.field, f.device, f.incarnation, h.number, h.value, "
        "h.time_ms, h.person, h.seen, h.conflict FROM _head h JOIN _feed f ON f.id = h.feed "
        "ORDER BY 1, 2, 3, 4, 5, 6, 7",
        "SELECT e.table_no, e.row, e.scope, e.field, e.element, f.device, f.incarnation, e.number "
        "FROM _element e JOIN _feed f ON f.id = e.feed ORDER BY 1, 2, 3, 4, 5, 6, 7, 8",
        "SELECT f.scope, f.device, f.incarnation, j.id & 0xffffffffff, j.state FROM _judged j "
        "JOIN _feed f ON f.id = j.id >> 40 ORDER BY 1, 2, 3, 4",
        "SELECT scope, device, incarnation, number, status, reason FROM _set_aside "
        "WHERE body IS NULL ORDER BY 1, 2, 3, 4",
        "SELECT k.id, k.subject, k.year, k.beacon, f.scope, f.device, f.incarnation, k.wrapped "
        "FROM _key k JOIN _feed f ON f.id = k.feed ORDER BY 1",
        "SELECT scope, table_no, rows, sum FROM _tally WHERE rows > 0 ORDER BY 1, 2",
        "SELECT scope, device, incarnation, number, hash FROM _feed WHERE number > 0 "
        "ORDER BY 1, 2, 3"};
    const struct schema *schema = replica_schema(replica);
    char sql[128];
    buffer_clear(out);
    for (size_t i = 0; i < schema->tables_count; i++) {
        snprintf(sql, sizeof sql, "SELECT * FROM \"%s\" ORDER BY id, _scope",
                 schema->tables[i].name);
        put_query(replica, sql, out);
    }
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        put_query(replica, queries[i], out);
    put(out, "");
}
