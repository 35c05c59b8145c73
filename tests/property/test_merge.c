/* The merge of rows against a naive model, over random programs.
 *
 *   test_merge [--seed N] [--programs N]
 *
 * A program is a handful of replicas of one row that save, edit, delete, put back and settle, and
 * between that pass entries on: any replica any entries, each feed in order, so that a value often
 * comes before what it replaces. After every delivery the row that was kept by row_apply must show
 * what the model computes from all known entries at once. In the end all replicas must hold equal
 * bytes. Program i of seed S is program 0 of seed S + i; a failure prints that seed and the
 * program. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/invent.h"
#include "tests/support/model.h"
#include "tests/support/story.h"

#define PEERS_MAX 6
#define WRITES_MAX 12
#define FIELDS_MAX 32
#define ORDERED_MAX 5

/* 1 and 11 are one person, 2 and 12 another. */
static const uint32_t devices[PEERS_MAX] = {1, 2, 11, 3, 12, 4};

struct peer {
    struct row row;
    struct model model;
    uint64_t known[PEERS_MAX];            /* entries of each feed */
    struct model_shown shown[FIELDS_MAX]; /* at the last check */
};

/* How often something was seen that the rules are about: a run without it proves nothing. */
struct tallies {
    uint64_t deliveries, conflicts, merges, deletes, disputes, waits;
};

struct program {
    struct tallies tallies;
    uint64_t seed;
    struct inventor inventor;
    struct story story; /* the schema, and all entries ever written */
    struct model_key key;
    struct peer peers[PEERS_MAX];
    size_t peers_count;
    struct buffer trace;
};

/* ---- trace ---- */

static void put_words(struct buffer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put_words(struct buffer *out, const char *format, ...)
{
    char words[STORY_WORDS_MAX + 64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    if (buffer_append(out, words, strlen(words)) != STATUS_OK)
        abort();
}

static void must(struct program *p, bool holds, const char *what, const char *where)
{
    if (holds)
        return;
    printf("FAILED: %s (%s)\n%.*s", what, where, (int)p->trace.size, (const char *)p->trace.data);
    printf("run again with: --seed %" PRIu64 " --programs 1\n", p->seed);
    exit(1);
}

/* ---- what a replica knows ---- */

static size_t peer_of(uint32_t device)
{
    size_t peer = 0;
    while (devices[peer] != device)
        peer++;
    return peer;
}

static bool peer_covers(void *context, const struct dot *dot)
{
    const struct peer *peer = context;
    return dot->number <= peer->known[peer_of(dot->feed.device)];
}

struct telling {
    struct program *program;
    const struct peer *peer;
};

static enum status peer_tell(void *context, const struct row *row, uint16_t field,
                             const struct dot *dot, struct head_story *told, struct error *err)
{
    const struct telling *telling = context;
    const struct model_write *write =
        model_find(&telling->peer->model, &telling->program->key, field, dot);
    (void)row;
    if (!write)
        return error_set(err, STATUS_NOT_FOUND, "not told");
    *told = (struct head_story){.time_ms = write->time_ms,
                                .person = write->person,
                                .value = write->value,
                                .bases = write->bases,
                                .bases_count = write->bases_count};
    return STATUS_OK;
}

static void peer_show(struct program *p, struct peer *peer, const struct schema_field *field,
                      struct shown *shown)
{
    struct telling telling = {p, peer};
    struct row_history history = {.story = peer_tell, .context = &telling};
    enum status status = row_show(&peer->row, field, &history, shown, NULL);
    must(p, status == STATUS_OK, "row_show failed", field->name);
}

/* ---- checking a replica against the model ---- */

static bool same_shown(const struct model_shown *a, const struct model_shown *b)
{
    return a->present == b->present && a->conflict == b->conflict && a->merged == b->merged &&
           dot_equal(&a->dot, &b->dot) &&
           bytes_equal(buffer_bytes(&a->value), buffer_bytes(&b->value));
}

static bool marked(const struct program *p, const struct peer *peer,
                   const struct schema_field *field)
{
    const struct schema_table *table = p->story.table;
    for (size_t i = 0; i < table->fields_count; i++) {
        const struct schema_field *other = &table->fields[i];
        const struct cell *cell = row_find_cell(&peer->row, other->number);
        bool together = other == field || (field->group && other->group == field->group);
        if (together && cell && cell->changed)
            return true;
    }
    return false;
}

static void check_heads(struct program *p, const struct peer *peer, uint16_t number,
                        const char *name)
{
    size_t count;
    const struct model_write **heads = model_heads(&peer->model, &p->key, number, &count);
    const struct cell *cell = row_find_cell(&peer->row, number);
    must(p, (cell ? cell->heads_count : 0) == count, "another count of heads", name);
    for (size_t i = 0; i < count; i++)
        must(p, dot_equal(&cell->heads[i].dot, &heads[i]->dot), "other heads", name);
    free(heads);
}

static void check_field(struct program *p, struct peer *peer, size_t place)
{
    const struct schema_field *field = &p->story.table->fields[place];
    struct shown shown;
    struct model_shown wanted;
    check_heads(p, peer, field->number, field->name);
    peer_show(p, peer, field, &shown);
    model_show(&peer->model, &p->key, field->number, &wanted);
    must(p, shown.present == wanted.present, "present", field->name);
    must(p, shown.conflict == wanted.conflict, "conflict", field->name);
    must(p, shown.merged == wanted.merged, "merged", field->name);
    if (field->merge != MERGE_SET && field->merge != MERGE_COUNTER) {
        must(p, !wanted.present || dot_equal(&shown.dot, &wanted.dot), "dot shown", field->name);
        must(p, bytes_equal(shown.value, buffer_bytes(&wanted.value)), "value shown", field->name);
    }
    must(p, same_shown(&peer->shown[place], &wanted) || marked(p, peer, field),
         "shows something else, but isn't marked", field->name);
    model_shown_release(&peer->shown[place]);
    peer->shown[place] = wanted;
    p->tallies.conflicts += wanted.conflict;
    p->tallies.merges += wanted.merged;
}

static void check_bytes(struct program *p, const struct peer *peer)
{
    struct buffer bytes = {0}, wanted = {0};
    must(p, row_canonical(&peer->row, &bytes, NULL) == STATUS_OK, "row_canonical failed", "");
    model_canonical(&peer->model, &p->key, &wanted);
    must(p, bytes_equal(buffer_bytes(&bytes), buffer_bytes(&wanted)), "other bytes", "row");
    buffer_release(&bytes);
    buffer_release(&wanted);
}

static void check_peer(struct program *p, struct peer *peer)
{
    check_heads(p, peer, FIELD_DELETED, "deleted");
    for (size_t i = 0; i < p->story.table->fields_count; i++)
        check_field(p, peer, i);
    check_bytes(p, peer);
    must(p, row_deleted(&peer->row) == model_deleted(&peer->model, &p->key), "deleted", "row");
    must(p, row_delete_conflict(&peer->row) == model_delete_conflict(&peer->model, &p->key),
         "disputed", "row");
    row_settle_changes(&peer->row);
    p->tallies.deliveries++;
    p->tallies.deletes += row_deleted(&peer->row);
    p->tallies.disputes += row_delete_conflict(&peer->row);
    p->tallies.waits += peer->row.replaced_count != 0;
}

/* ---- delivering ---- */

static void reload_cell(struct program *p, const struct cell *cell, struct row *row)
{
    struct cell *made = row_cell(row, cell->field);
    must(p, made != NULL, "row_cell failed", "");
    made->total = cell->total;
    for (size_t i = 0; i < cell->heads_count; i++) {
        struct head head = cell->heads[i];
        head.described = false;
        head.time_ms = 0;
        must(p, row_add_head(row, cell->field, &head, NULL) == STATUS_OK, "row_add_head failed",
             "");
    }
}

/* As a replica does between two transactions: the row goes to the disk and comes back. */
static void reload_peer(struct program *p, struct peer *peer)
{
    struct row row = {0};
    row_start(&row, p->story.table, STORY_SCOPE, &p->story.id);
    for (size_t i = peer->row.cells_count; i-- > 0;)
        reload_cell(p, &peer->row.cells[i], &row);
    for (size_t i = peer->row.replaced_count; i-- > 0;)
        must(p, row_add_replaced(&row, &peer->row.replaced[i], NULL) == STATUS_OK,
             "row_add_replaced failed", "");
    row_release(&peer->row);
    peer->row = row;
}

static void deliver(struct program *p, struct peer *peer, const struct written *entry)
{
    struct row_source source = {.covered = peer_covers, .context = peer};
    put_words(&p->trace, "  %u takes %u.%u\n", devices[peer - p->peers], entry->dot.feed.device,
              (unsigned)entry->dot.number);
    if (invent_one_in(&p->inventor, 3))
        reload_peer(p, peer);
    enum status status = row_apply(&peer->row, &entry->view, &entry->view.ops[0], &entry->dot,
                                   &entry->person, &source, NULL);
    must(p, status == STATUS_OK, "row_apply failed", entry->words);
    model_know(&peer->model, &entry->dot, &entry->person, &entry->view);
    peer->known[peer_of(entry->dot.feed.device)]++;
    if (invent_one_in(&p->inventor, 2))
        row_forget_met(&peer->row, &source);
    check_peer(p, peer);
}

static const struct written *entry_of(const struct program *p, size_t feed, uint64_t number)
{
    for (size_t i = 0; i < p->story.count; i++) {
        const struct written *entry = &p->story.entries[i];
        if (entry->dot.feed.device == devices[feed] && entry->dot.number == number)
            return entry;
    }
    return NULL;
}

/* Pass the next entry of a feed on; false when `to` lacks none. */
static bool pass_feed(struct program *p, const struct peer *from, struct peer *to, size_t feed)
{
    if (to->known[feed] >= from->known[feed])
        return false;
    deliver(p, to, entry_of(p, feed, to->known[feed] + 1));
    return true;
}

static bool pass_any(struct program *p, const struct peer *from, struct peer *to)
{
    size_t first = invent_below(&p->inventor, p->peers_count);
    for (size_t i = 0; i < p->peers_count; i++)
        if (pass_feed(p, from, to, (first + i) % p->peers_count))
            return true;
    return false;
}

/* A contact that may break off after any entry. Every other one speaks of a single feed: what its
 * entries replace is then often missing. */
static void sync_some(struct program *p)
{
    const struct peer *from = &p->peers[invent_below(&p->inventor, p->peers_count)];
    struct peer *to = &p->peers[invent_below(&p->inventor, p->peers_count)];
    size_t feed = invent_below(&p->inventor, p->peers_count);
    bool single = invent_one_in(&p->inventor, 2);
    while (single ? pass_feed(p, from, to, feed) : pass_any(p, from, to))
        if (invent_one_in(&p->inventor, 5))
            break;
}

static void sync_all(struct program *p)
{
    for (size_t i = 0; i < p->peers_count; i++)
        for (size_t j = 0; j < p->peers_count; j++)
            while (pass_any(p, &p->peers[j], &p->peers[i]))
                continue;
}

/* ---- writing ---- */

static void write_one(struct program *p)
{
    size_t place = invent_below(&p->inventor, p->peers_count);
    struct peer *peer = &p->peers[place];
    char dot[64];
    struct telling telling = {p, peer};
    struct screen screen = {
        .row = &peer->row,
        .model = &peer->model,
        .history = {.story = peer_tell, .context = &telling},
        .own = {{STORY_SCOPE, devices[place], INCARNATION_FIRST}, peer->known[place] + 1}};
    const char *words = invent_writes(&p->inventor, &screen);
    snprintf(dot, sizeof dot, "%u.%u@%u", devices[place], (unsigned)peer->known[place] + 1,
             (unsigned)invent_below(&p->inventor, 4));
    const struct written *entry = story_write(&p->story, dot, words);
    put_words(&p->trace, "story_write(&story, %s);\n", entry->words);
    deliver(p, peer, entry);
}

/* ---- programs ---- */

static void swap_places(size_t *a, size_t *b)
{
    size_t swapped = *a;
    *a = *b;
    *b = swapped;
}

/* Some of the entries, whether or not they come from one feed, give one row in all k! orders. */
static void check_orders(struct program *p)
{
    size_t places[STORY_ENTRIES_MAX], turns[ORDERED_MAX] = {0};
    size_t count = 2 + invent_below(&p->inventor, ORDERED_MAX - 1);
    struct buffer first = {0}, bytes = {0};
    for (size_t i = 0; i < p->story.count; i++)
        places[i] = i;
    for (size_t i = p->story.count; i-- > 1;)
        swap_places(&places[i], &places[invent_below(&p->inventor, i + 1)]);
    if (count > p->story.count)
        count = p->story.count;
    for (size_t i = 0; i < count;) { /* Heap's algorithm */
        story_apply_places(&p->story, places, count);
        buffer_clear(&bytes);
        must(p, row_canonical(&p->story.row, &bytes, NULL) == STATUS_OK, "row_canonical", "");
        must(p, p->story.row.replaced_count == 0 || count < p->story.count, "waits", "orders");
        if (!first.size && buffer_append_bytes(&first, buffer_bytes(&bytes)) != STATUS_OK)
            abort();
        must(p, bytes_equal(buffer_bytes(&first), buffer_bytes(&bytes)), "other bytes",
             "in another order");
        for (i = 0; i < count && turns[i] >= i; i++)
            turns[i] = 0;
        if (i < count) {
            swap_places(&places[i % 2 ? turns[i] : 0], &places[i]);
            turns[i]++;
        }
    }
    buffer_release(&first);
    buffer_release(&bytes);
}

static void program_start(struct program *p, uint64_t seed)
{
    p->seed = seed;
    p->inventor.random = seed;
    p->peers_count = 2 + invent_below(&p->inventor, PEERS_MAX - 1);
    buffer_clear(&p->trace);
    story_clear(&p->story);
    for (size_t i = 0; i < p->peers_count; i++) {
        struct peer *peer = &p->peers[i];
        row_start(&peer->row, p->story.table, STORY_SCOPE, &p->story.id);
        model_clear(&peer->model);
        memset(peer->known, 0, sizeof peer->known);
        for (size_t j = 0; j < FIELDS_MAX; j++)
            model_shown_release(&peer->shown[j]);
        memset(peer->shown, 0, sizeof peer->shown);
    }
}

static void program_run(struct program *p)
{
    struct row_source source = {.covered = peer_covers};
    for (size_t writes = 2 + invent_below(&p->inventor, WRITES_MAX - 1); writes > 0; writes--) {
        write_one(p);
        while (!invent_one_in(&p->inventor, 3))
            sync_some(p);
    }
    sync_all(p);
    for (size_t i = 0; i < p->peers_count; i++) {
        source.context = &p->peers[i];
        row_forget_met(&p->peers[i].row, &source);
        must(p, p->peers[i].row.replaced_count == 0, "still waits for a base", "at the end");
        must(p, p->peers[i].model.count == p->peers[0].model.count, "not synced", "at the end");
    }
    check_orders(p);
}

static bool tallies_print(const struct tallies *t)
{
    printf("checked %" PRIu64 " deliveries; fields in conflict %" PRIu64 ", merged %" PRIu64
           "; rows deleted %" PRIu64 ", disputed %" PRIu64 ", waiting for a base %" PRIu64 "\n",
           t->deliveries, t->conflicts, t->merges, t->deletes, t->disputes, t->waits);
    return t->conflicts && t->merges && t->deletes && t->disputes && t->waits;
}

int main(int argc, char **argv)
{
    static struct program program;
    uint64_t seed = 1, programs = 4000;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--programs") == 0)
            programs = strtoull(argv[i + 1], NULL, 10);
    }
    printf("seed %" PRIu64 ", %" PRIu64 " programs\n", seed, programs);
    story_init(&program.story);
    program.key = (struct model_key){STORY_TABLE, STORY_SCOPE, program.story.id};
    for (size_t i = 0; i < PEERS_MAX; i++)
        program.peers[i].model.schema = program.story.schema;
    for (uint64_t i = 0; i < programs; i++) {
        program_start(&program, seed + i);
        program_run(&program);
    }
    bool seen_all = tallies_print(&program.tallies);
    for (size_t i = 0; i < PEERS_MAX; i++) {
        row_release(&program.peers[i].row);
        model_release(&program.peers[i].model);
        for (size_t j = 0; j < FIELDS_MAX; j++)
            model_shown_release(&program.peers[i].shown[j]);
    }
    story_release(&program.story);
    buffer_release(&program.trace);
    inventor_release(&program.inventor);
    return seen_all || programs < 1000 ? 0 : 1;
}
