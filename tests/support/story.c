#include "tests/support/story.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"

#define ALL_MAX 32 /* fields, bases, elements of one entry */

static void must(bool holds, const char *what, const char *words)
{
    if (holds)
        return;
    fprintf(stderr, "story: %s: %s\n", what, words);
    abort();
}

/* ---- life ---- */

void story_init(struct story *story)
{
    struct error err = {0};
    memset(story, 0, sizeof *story);
    enum status status = schema_load(&story->schema, bytes_text(story_schema), &err);
    must(status == STATUS_OK, "the schema", err.text);
    story->table = schema_table(story->schema, STORY_TABLE);
    must(story->table != NULL, "the schema", "no table");
    memset(story->id.bytes, 0x5a, ID_BYTES);
}

void story_clear(struct story *story)
{
    story->count = 0;
}

void story_release(struct story *story)
{
    for (size_t i = 0; i < STORY_ENTRIES_MAX; i++) {
        entry_view_release(&story->entries[i].view);
        buffer_release(&story->entries[i].body);
    }
    entry_writer_release(&story->writer);
    row_release(&story->row);
    buffer_release(&story->text);
    schema_free(story->schema);
}

/* ---- reading words ---- */

static struct dot dot_from(uint32_t device, uint64_t number)
{
    return (struct dot){{STORY_SCOPE, device, INCARNATION_FIRST}, number};
}

/* "1.1 2.3": gives how many; moves past them. */
static size_t take_dots(const char **at, struct dot *dots)
{
    unsigned device, number;
    int taken;
    size_t count = 0;
    while (sscanf(*at, " %u.%u%n", &device, &number, &taken) == 2) {
        must(count < ALL_MAX, "too many dots", *at);
        dots[count++] = dot_from(device, number);
        *at += taken;
    }
    return count;
}

static bool take_mark(const char **at, char mark)
{
    *at += strspn(*at, " ");
    if (**at != mark)
        return false;
    (*at)++;
    return true;
}

/* What stands before one of `ends`. */
static struct bytes take_until(const char **at, const char *ends)
{
    struct bytes word = bytes_of(*at, strcspn(*at, ends));
    *at += word.size;
    return word;
}

/* ---- values ---- */

static void pack_step(struct buffer *out, struct bytes word)
{
    const char *hash = memchr(word.data, '#', word.size);
    size_t size = hash ? (size_t)(hash - (const char *)word.data) : word.size;
    if (hash) {
        pack_array(out, 2);
        pack_uint(out, strtoull(hash + 1, NULL, 10));
    }
    pack_str(out, bytes_of(word.data, size));
}

static bool is_number(const struct schema_field *field)
{
    return field->type == FIELD_INT || field->type == FIELD_MONEY;
}

static void pack_word(struct buffer *out, const struct schema_field *field, struct bytes word)
{
    if (bytes_equal(word, bytes_text("nil")))
        pack_nil(out);
    else if (!field)
        pack_bool(out, bytes_equal(word, bytes_text("true")));
    else if (field->merge == MERGE_STEPS)
        pack_step(out, word);
    else if (is_number(field))
        pack_int(out, strtoll((const char *)word.data, NULL, 10));
    else if (word.size && word.data[0] == '~')
        pack_sealed(out, bytes_of(word.data + 1, word.size - 1));
    else
        pack_str(out, word);
}

/* One element of a set as written. */
struct element {
    bool removed;
    struct buffer value;
    struct dot dots[ALL_MAX];
    size_t dots_count;
};

static int order_elements(const void *a, const void *b)
{
    const struct element *left = a, *right = b;
    if (left->removed != right->removed)
        return left->removed ? 1 : -1;
    return bytes_compare(buffer_bytes(&left->value), buffer_bytes(&right->value));
}

static int order_dots(const void *a, const void *b)
{
    return dot_compare(a, b);
}

static void pack_elements(struct story *story, struct buffer *out, const struct element *elements,
                          size_t count)
{
    struct set_change changes[ALL_MAX];
    struct dot dots[ALL_MAX * 2];
    size_t dots_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct element *element = &elements[i];
        changes[i] = (struct set_change){.element = buffer_bytes(&element->value),
                                         .removed = element->removed,
                                         .bases_at = (uint32_t)dots_count,
                                         .bases_count = (uint32_t)element->dots_count};
        must(dots_count + element->dots_count <= ALL_MAX * 2, "too many dots", "in a set");
        memcpy(dots + dots_count, element->dots, element->dots_count * sizeof *dots);
        dots_count += element->dots_count;
    }
    struct error err = {0};
    enum status status = entry_pack_set(out, &story->writer.feed, changes, count, dots, &err);
    must(status == STATUS_OK, "a set", err.text);
}

/* "+a+b-c(1.1 2.1)" */
static void pack_set(struct story *story, struct buffer *out, const struct schema_field *field,
                     const char **at)
{
    struct element elements[ALL_MAX];
    size_t count = 0;
    memset(elements, 0, sizeof elements);
    for (char mark; (mark = **at) == '+' || mark == '-';) {
        struct element *element = &elements[count++];
        must(count < ALL_MAX, "too many elements", *at);
        (*at)++;
        element->removed = mark == '-';
        pack_word(&element->value, field, take_until(at, "+-(; "));
        if (take_mark(at, '(')) {
            element->dots_count = take_dots(at, element->dots);
            must(take_mark(at, ')'), "no ) after dots", *at);
            qsort(element->dots, element->dots_count, sizeof(struct dot), order_dots);
        }
    }
    qsort(elements, count, sizeof elements[0], order_elements);
    pack_elements(story, out, elements, count);
    for (size_t i = 0; i < count; i++)
        buffer_release(&elements[i].value);
}

/* ---- writing ---- */

/* "gone7": the row moved to org 7. */
static void pack_place(struct buffer *out, struct bytes word)
{
    struct moved moved = {(uint32_t)(word.data[4] - '0'), word};
    must(word.size == 5 && tombstone_pack_moved(out, &moved) == STATUS_OK, "a place", "gone");
}

/* "name[1.1]=value" */
static void write_field(struct story *story, const char **at)
{
    struct dot bases[ALL_MAX];
    size_t bases_count = 0;
    struct buffer value = {0};
    struct error err = {0};
    char name[64];
    const char *words = *at;
    *at += strspn(*at, " ");
    struct bytes word = take_until(at, "[=");
    snprintf(name, sizeof name, "%.*s", (int)word.size, (const char *)word.data);
    const struct schema_field *field = table_field_named(story->table, name);
    must(field || strcmp(name, "deleted") == 0, "no such field", words);
    if (take_mark(at, '[')) {
        bases_count = take_dots(at, bases);
        must(take_mark(at, ']'), "no ] after bases", words);
    }
    must(**at == '=', "no value", words);
    (*at)++;
    if (field && field->merge == MERGE_SET)
        pack_set(story, &value, field, at);
    else if (!field && strncmp(*at, "gone", 4) == 0)
        pack_place(&value, take_until(at, ";"));
    else
        pack_word(&value, field, take_until(at, ";"));
    enum status status = entry_writer_field(&story->writer, field ? field->number : FIELD_DELETED,
                                            buffer_bytes(&value), bases, bases_count, &err);
    must(status == STATUS_OK, words, err.text);
    buffer_release(&value);
}

const struct written *story_write(struct story *story, const char *dot_and_time, const char *writes)
{
    struct error err = {0};
    unsigned device, number, time = 0;
    must(story->count < STORY_ENTRIES_MAX, "too many entries", writes);
    must(sscanf(dot_and_time, "%u.%u@%u", &device, &number, &time) >= 2, "no dot", dot_and_time);
    struct written *entry = &story->entries[story->count++];
    struct entry_head head = {.time_ms = time, .epoch = 1};
    entry->dot = dot_from(device, number);
    memset(&entry->person, (int)(device % 10), sizeof entry->person);
    snprintf(entry->words, sizeof entry->words, "\"%s\", \"%s\"", dot_and_time, writes);
    buffer_clear(&entry->body);
    bool started = entry_writer_start(&story->writer, &entry->dot.feed, &head, &err) == STATUS_OK &&
                   entry_writer_op(&story->writer, STORY_TABLE, &story->id, &err) == STATUS_OK;
    must(started, writes, err.text);
    do
        write_field(story, &writes);
    while (take_mark(&writes, ';'));
    must(*writes == '\0', "what is this", writes);
    bool made =
        entry_writer_finish(&story->writer, &entry->body, &err) == STATUS_OK &&
        entry_decode(&entry->view, &entry->dot.feed, buffer_bytes(&entry->body), &err) == STATUS_OK;
    must(made, entry->words, err.text);
    return entry;
}

/* ---- applying ---- */

static bool story_covered(void *context, const struct dot *dot)
{
    const struct story *story = context;
    for (size_t i = 0; i < story->count; i++)
        if (story->applied[i] && dot_equal(&story->entries[i].dot, dot))
            return true;
    return false;
}

void story_apply_place(struct story *story, size_t place)
{
    struct error err = {0};
    struct row_source source = {.covered = story_covered, .context = story};
    const struct written *entry = &story->entries[place];
    enum status status = row_apply(&story->row, &entry->view, &entry->view.ops[0], &entry->dot,
                                   &entry->person, &source, &err);
    must(status == STATUS_OK, entry->words, err.text);
    story->applied[place] = true;
    row_forget_met(&story->row, &source);
}

static void start_row(struct story *story)
{
    memset(story->applied, 0, sizeof story->applied);
    row_start(&story->row, story->table, STORY_SCOPE, &story->id);
}

void story_apply_places(struct story *story, const size_t *places, size_t count)
{
    start_row(story);
    for (size_t i = 0; i < count; i++)
        story_apply_place(story, places[i]);
}

void story_apply_more(struct story *story, const char *dots)
{
    struct dot wanted[ALL_MAX];
    size_t count = take_dots(&dots, wanted);
    must(*dots == '\0', "what is this", dots);
    for (size_t i = 0; i < count; i++) {
        size_t place = 0;
        while (place < story->count && !dot_equal(&story->entries[place].dot, &wanted[i]))
            place++;
        must(place < story->count, "no such entry among", dots);
        story_apply_place(story, place);
    }
}

void story_apply(struct story *story, const char *dots)
{
    start_row(story);
    story_apply_more(story, dots);
}

bool story_marked(const struct story *story, const char *name)
{
    const struct schema_field *field = table_field_named(story->table, name);
    must(field, "no such field", name);
    const struct cell *cell = row_find_cell(&story->row, field->number);
    return cell && cell->changed;
}

/* ---- history ---- */

static enum status story_tell(void *context, const struct row *row, uint16_t field,
                              const struct dot *dot, struct head_story *told, struct error *err)
{
    const struct story *story = context;
    (void)row;
    for (size_t i = 0; i < story->count; i++) {
        const struct written *entry = &story->entries[i];
        for (size_t j = 0; story->applied[i] && j < entry->view.fields_count; j++) {
            const struct op_field *at = &entry->view.fields[j];
            if (!dot_equal(&entry->dot, dot) || at->number != field)
                continue;
            *told = (struct head_story){.time_ms = entry->view.head.time_ms,
                                        .person = entry->person,
                                        .value = at->value,
                                        .bases = entry->view.dots + at->bases_at,
                                        .bases_count = at->bases_count};
            return STATUS_OK;
        }
    }
    return error_set(err, STATUS_NOT_FOUND, "not told");
}

struct row_history story_history(struct story *story)
{
    return (struct row_history){.story = story_tell, .context = story};
}

/* ---- reading the row ---- */

static void say(struct buffer *out, const char *words)
{
    must(buffer_append(out, words, strlen(words)) == STATUS_OK, "out of memory", words);
}

static void say_number(struct buffer *out, int64_t number)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRId64, number);
    say(out, digits);
}

/* Line feeds become "/". */
static void say_text(struct buffer *out, struct bytes text)
{
    size_t from = out->size;
    must(buffer_append_bytes(out, text) == STATUS_OK, "out of memory", "");
    for (size_t i = from; i < out->size; i++)
        if (out->data[i] == '\n')
            out->data[i] = '/';
}

static void say_value(struct buffer *out, struct bytes value)
{
    struct unpack in = unpack_of(value);
    struct bytes text;
    int64_t number;
    uint64_t round = 0;
    uint32_t parts;
    bool flag;
    if (unpack_array(&in, &parts))
        must(unpack_uint(&in, &round), "a step has no round", "");
    if (unpack_nil(&in))
        say(out, "nil");
    else if (unpack_bool(&in, &flag))
        say(out, flag ? "true" : "false");
    else if (unpack_int(&in, &number))
        say_number(out, number);
    else if (unpack_str(&in, &text))
        say_text(out, text);
    else if (unpack_sealed(&in, &text))
        say(out, "~");
    if (round) {
        say(out, "#");
        say_number(out, (int64_t)round);
    }
}

static void say_dot(struct buffer *out, const struct dot *dot)
{
    say_number(out, dot->feed.device);
    say(out, ".");
    say_number(out, (int64_t)dot->number);
}

static void say_heads(struct buffer *out, const struct cell *cell)
{
    for (size_t i = 0; i < cell->heads_count; i++) {
        say(out, i ? " " : "");
        say_value(out, cell->heads[i].value);
        say(out, "@");
        say_dot(out, &cell->heads[i].dot);
    }
}

static void say_field(struct story *story, const struct schema_field *field)
{
    struct row_history history = story_history(story);
    struct buffer *out = &story->text;
    struct shown shown;
    struct error err = {0};
    enum status status = row_show(&story->row, field, &history, &shown, &err);
    must(status == STATUS_OK, field->name, err.text);
    if (!shown.present)
        return;
    const struct cell *cell = row_find_cell(&story->row, field->number);
    say(out, field->name);
    say(out, " = ");
    if (field->merge == MERGE_COUNTER)
        say_number(out, (int64_t)cell->total);
    else if (field->merge == MERGE_SET)
        say_heads(out, cell);
    else
        say_value(out, shown.value);
    if (cell->heads_count > 1 && field->merge != MERGE_SET && field->merge != MERGE_COUNTER) {
        say(out, " of ");
        say_heads(out, cell);
    }
    say(out, shown.merged ? ", merged" : "");
    say(out, shown.conflict ? ", conflict\n" : "\n");
}

const char *story_read(struct story *story)
{
    struct buffer *out = &story->text;
    buffer_clear(out);
    if (row_deleted(&story->row))
        say(out, "deleted\n");
    if (row_delete_conflict(&story->row))
        say(out, "deleted, disputed\n");
    for (size_t i = 0; i < story->table->fields_count; i++)
        say_field(story, &story->table->fields[i]);
    for (size_t i = 0; i < story->row.replaced_count; i++) {
        const struct replaced *replaced = &story->row.replaced[i];
        const struct schema_field *field = table_field(story->table, replaced->field);
        say(out, "waits for ");
        say(out, field ? field->name : "deleted");
        say(out, " ");
        if (replaced->element.data)
            say_value(out, replaced->element);
        say(out, replaced->element.data ? "@" : "");
        say_dot(out, &replaced->dot);
        say(out, "\n");
    }
    must(buffer_append(out, "", 1) == STATUS_OK, "out of memory", "");
    return (const char *)out->data;
}

enum status row_canonical(const struct row *row, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < row->cells_count; i++)
        if (row->cells[i].heads_count)
            TRY(cell_canonical(row, &row->cells[i], out, err));
    return STATUS_OK;
}
