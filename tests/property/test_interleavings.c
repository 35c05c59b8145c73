/* Every interleaving of four saves on three replicas of one row, not some of them.
 *
 *   test_interleavings [--saves N]
 *
 * A step is a save by any replica, of any kind of its alphabet and with the bases that it sees, or
 * one entry passed on to a replica that lacks it, each feed in order. All states that can be
 * reached so are visited once: which entries there are, and who knows which of them. In what order
 * they were written changes neither, and an entry is named by its feed and its number in it, so the
 * ways that lead to one state meet there. What a replica shows follows from the set of entries that
 * it knows, and that this is so is what is checked: each set that can be written is folded in every
 * order of its feeds, and after every entry the row must be, byte for byte, what the naive model
 * says of the entries so far. Orders without the last entry were those of the set before it. */

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/model.h"
#include "tests/support/story.h"

#define REPLICAS 3
#define SAVES_MAX 5
#define SETS_MAX (1u << SAVES_MAX)
#define KEY_BYTES 16

/* What a replica may save: a format with the heads of the field, then a number of its own: that of
 * its place, or, where values are compared and not replaced, that of its turn. */
struct kind {
    const char *field;  /* whose heads it replaces; NULL: none */
    const char *format; /* %s the heads' dots, %u the save's number */
};

struct alphabet {
    const char *name;
    struct kind kinds[3];
    size_t kinds_count;
};

/* A deletion names all heads of the field that it stands for, so that it has seen them. */
static const struct alphabet alphabets[] = {
    {"register and deletion", {{"name", "name[%s]=w%u"}, {"name", "deleted[%s]=true"}}, 2},
    {"deletion and what puts back",
     {{"name", "deleted[%s]=true"}, {"deleted", "deleted[%s]=false"}},
     2},
    {"two places", {{"name", "deleted[%s]=gone2"}, {"name", "deleted[%s]=gone3"}}, 2},
    {"set", {{NULL, "tags=+a"}, {"tags", "tags=-a(%s)"}}, 2},
    {"steps", {{"state", "state[%s]=taken"}, {"state", "state[%s]=open#2"}}, 2},
    {"counter and deletion", {{NULL, "points=%.0s%u"}, {"points", "deleted[%s]=true"}}, 2},
    {"extreme", {{NULL, "seen=2026-11-0%.0s%u"}, {NULL, "signed=2026-11-0%.0s%u"}}, 2},
    {"text", {{"notes", "notes[%s]=%u\nb\nc"}, {"notes", "notes[%s]=a\nb\n%u"}}, 2},
    {"group", {{"amount", "amount[%1$s]=%2$u; unit[%1$s]=u"}}, 1},
};

struct known {
    uint64_t of[REPLICAS]; /* entries of each feed */
};

struct seen {
    uint8_t (*keys)[KEY_BYTES];
    size_t count, capacity;
};

static struct story story;
static struct model model;
static struct model_key row_key;
static const struct alphabet *alphabet;
static size_t writers[SAVES_MAX]; /* of the story's entries */
static size_t saves_wanted = 4;
static struct seen states, sets;
static unsigned long steps, folds, conflicts;

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    printf("FAILED: %s, with %s\n", what, alphabet->name);
    for (size_t i = 0; i < story.count; i++)
        printf("story_write(&story, %s);\n", story.entries[i].words);
    exit(1);
}

/* ---- what was seen before ---- */

static bool seen_grow(struct seen *seen)
{
    struct seen grown = {.capacity = seen->capacity ? seen->capacity * 2 : 4096};
    grown.keys = calloc(grown.capacity, KEY_BYTES);
    if (!grown.keys)
        return false;
    for (size_t i = 0; i < seen->capacity; i++) {
        size_t at = get_u64le(seen->keys[i]) % grown.capacity;
        if (sodium_is_zero(seen->keys[i], KEY_BYTES))
            continue;
        while (!sodium_is_zero(grown.keys[at], KEY_BYTES))
            at = (at + 1) % grown.capacity;
        memcpy(grown.keys[at], seen->keys[i], KEY_BYTES);
        grown.count++;
    }
    free(seen->keys);
    *seen = grown;
    return true;
}

/* Of the entries, feed by feed, and of who knows them. */
static void put_key(const struct known known[REPLICAS], uint8_t key[KEY_BYTES])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, KEY_BYTES);
    for (size_t replica = 0; replica < REPLICAS; replica++)
        for (size_t i = 0; i < story.count; i++)
            if (writers[i] == replica)
                crypto_generichash_update(&state, (const uint8_t *)story.entries[i].words,
                                          strlen(story.entries[i].words) + 1);
    if (known)
        crypto_generichash_update(&state, (const uint8_t *)known, REPLICAS * sizeof *known);
    crypto_generichash_final(&state, key, KEY_BYTES);
}

/* False when it was there already. */
static bool seen_add(struct seen *seen, const struct known known[REPLICAS])
{
    uint8_t key[KEY_BYTES];
    put_key(known, key);
    if (seen->count * 2 >= seen->capacity)
        must(seen_grow(seen), "out of memory");
    size_t at = get_u64le(key) % seen->capacity;
    while (!sodium_is_zero(seen->keys[at], KEY_BYTES)) {
        if (memcmp(seen->keys[at], key, KEY_BYTES) == 0)
            return false;
        at = (at + 1) % seen->capacity;
    }
    memcpy(seen->keys[at], key, KEY_BYTES);
    seen->count++;
    return true;
}

static void seen_clear(struct seen *seen)
{
    free(seen->keys);
    *seen = (struct seen){0};
}

/* ---- one set, in every order ---- */

static struct expected {
    bool known, deleted, disputed;
    struct buffer bytes;
    bool conflict[32];
} expected[SETS_MAX];

static void expect_set(unsigned set)
{
    struct expected *wanted = &expected[set];
    model_clear(&model);
    for (size_t i = 0; i < story.count; i++)
        if (set & 1u << i)
            model_know(&model, &story.entries[i].dot, &story.entries[i].person,
                       &story.entries[i].view);
    buffer_clear(&wanted->bytes);
    model_canonical(&model, &row_key, &wanted->bytes);
    wanted->deleted = model_deleted(&model, &row_key);
    wanted->disputed = model_delete_conflict(&model, &row_key);
    for (size_t i = 0; i < story.table->fields_count; i++) {
        struct model_shown shown;
        model_show(&model, &row_key, story.table->fields[i].number, &shown);
        wanted->conflict[i] = shown.conflict;
        conflicts += shown.conflict;
        model_shown_release(&shown);
    }
    wanted->known = true;
}

static void check_set(unsigned set)
{
    static struct buffer bytes;
    struct expected *wanted = &expected[set];
    struct row_history history = story_history(&story);
    if (!wanted->known)
        expect_set(set);
    buffer_clear(&bytes);
    must(row_canonical(&story.row, &bytes, NULL) == STATUS_OK, "out of memory");
    must(bytes_equal(buffer_bytes(&bytes), buffer_bytes(&wanted->bytes)), "another row");
    must(row_deleted(&story.row) == wanted->deleted, "deleted or not");
    must(row_delete_conflict(&story.row) == wanted->disputed, "disputed or not");
    for (size_t i = 0; i < story.table->fields_count; i++) {
        struct shown shown;
        must(row_show(&story.row, &story.table->fields[i], &history, &shown, NULL) == STATUS_OK,
             "row_show failed");
        must(shown.conflict == wanted->conflict[i], "a conflict or none");
    }
}

/* Entries of its feed that come before each, as a set. */
static unsigned before(size_t entry)
{
    unsigned set = 0;
    for (size_t other = 0; other < entry; other++)
        if (writers[other] == writers[entry])
            set |= 1u << other;
    return set;
}

/* Every order in which `order` may go on; `set` is what is in it. The row stands behind its last
 * entry, and goes on from there; for the second way on it begins anew. */
static void fold_from(size_t *order, size_t count, unsigned set)
{
    bool stands = count > 0;
    for (size_t next = 0; next < story.count; next++) {
        unsigned with = set | 1u << next;
        if (with == set || before(next) & ~set)
            continue;
        order[count] = next;
        if (stands)
            story_apply_place(&story, next);
        else
            story_apply_places(&story, order, count + 1);
        stands = false;
        folds++;
        if (with & 1u << (story.count - 1))
            check_set(with);
        fold_from(order, count + 1, with);
    }
}

static void fold_all(void)
{
    size_t order[SAVES_MAX];
    if (!seen_add(&sets, NULL))
        return;
    for (size_t i = 0; i < SETS_MAX; i++)
        expected[i].known = false;
    fold_from(order, 0, 0);
}

/* ---- steps ---- */

static void show_replica(const struct known *known)
{
    size_t order[SAVES_MAX], count = 0;
    struct known taken = {{0}};
    for (size_t i = 0; i < story.count; i++)
        if (taken.of[writers[i]]++ < known->of[writers[i]])
            order[count++] = i;
    story_apply_places(&story, order, count);
}

static void put_heads(const char *name, char out[256])
{
    const struct schema_field *field = name ? table_field_named(story.table, name) : NULL;
    const struct cell *cell = name ? row_find_cell(&story.row, field ? field->number : 0) : NULL;
    size_t size = 0;
    out[0] = '\0';
    for (size_t i = 0; cell && i < cell->heads_count; i++)
        size +=
            (size_t)snprintf(out + size, 256 - size, "%s%u.%u", i ? " " : "",
                             cell->heads[i].dot.feed.device, (unsigned)cell->heads[i].dot.number);
}

/* The clock of the first device is far ahead, those of the others stand still: ties. Numbers don't
 * go in the order of the dots. */
static void save(struct known known[REPLICAS], size_t replica, size_t kind)
{
    char words[512], dot[32], heads[256];
    const struct kind *what = &alphabet->kinds[kind];
    unsigned place = (unsigned)known[replica].of[replica] + 1;
    unsigned number = what->field ? REPLICAS * place - (unsigned)(replica + 1) % REPLICAS
                                  : (unsigned)story.count + 1;
    show_replica(&known[replica]);
    put_heads(what->field, heads);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(words, sizeof words, what->format, heads, number);
#pragma GCC diagnostic pop
    writers[story.count] = replica;
    known[replica].of[replica] = place;
    snprintf(dot, sizeof dot, "%u.%u@%u", (unsigned)replica + 1, place, replica == 0 ? 900u : 5u);
    story_write(&story, dot, words);
}

static void explore(const struct known known[REPLICAS]);

static void explore_saves(const struct known known[REPLICAS])
{
    for (size_t replica = 0; replica < REPLICAS; replica++)
        for (size_t kind = 0; kind < alphabet->kinds_count; kind++) {
            struct known after[REPLICAS];
            memcpy(after, known, sizeof after);
            save(after, replica, kind);
            steps++;
            fold_all();
            explore(after);
            story.count--;
        }
}

static void explore_passing(const struct known known[REPLICAS])
{
    for (size_t to = 0; to < REPLICAS; to++)
        for (size_t feed = 0; feed < REPLICAS; feed++) {
            struct known after[REPLICAS];
            if (known[to].of[feed] >= known[feed].of[feed])
                continue;
            memcpy(after, known, sizeof after);
            after[to].of[feed]++;
            steps++;
            explore(after);
        }
}

/* When all saves are made, what is passed on changes nothing that wasn't folded. Any entry comes
 * from its writer here; through a third replica it would be the same entry. */
static void explore(const struct known known[REPLICAS])
{
    if (story.count == saves_wanted || !seen_add(&states, known))
        return;
    explore_saves(known);
    explore_passing(known);
}

int main(int argc, char **argv)
{
    static const struct known nothing[REPLICAS];
    if (argc == 3 && strcmp(argv[1], "--saves") == 0)
        saves_wanted = strtoul(argv[2], NULL, 10);
    if (saves_wanted < 1 || saves_wanted > SAVES_MAX)
        return 2;
    story_init(&story);
    model.schema = story.schema;
    row_key = (struct model_key){STORY_TABLE, STORY_SCOPE, story.id};
    for (size_t i = 0; i < sizeof alphabets / sizeof alphabets[0]; i++) {
        alphabet = &alphabets[i];
        steps = folds = conflicts = 0;
        explore(nothing);
        printf(
            "%s: %zu states, %lu steps, %zu sets of entries, %lu folds, %lu fields in conflict\n",
            alphabet->name, states.count, steps, sets.count, folds, conflicts);
        seen_clear(&states);
        seen_clear(&sets);
    }
    for (size_t i = 0; i < SETS_MAX; i++)
        buffer_release(&expected[i].bytes);
    model_release(&model);
    story_release(&story);
    return 0;
}
