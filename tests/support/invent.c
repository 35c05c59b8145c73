#include "tests/support/invent.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"

#define FIELDS_MAX 32
#define DOTS_MAX 64

void inventor_release(struct inventor *inventor)
{
    buffer_release(&inventor->words);
}

uint64_t invent_number(struct inventor *inventor) /* splitmix64 */
{
    uint64_t z = (inventor->random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

size_t invent_below(struct inventor *inventor, size_t bound)
{
    return (size_t)(invent_number(inventor) % bound);
}

bool invent_one_in(struct inventor *inventor, size_t bound)
{
    return invent_below(inventor, bound) == 0;
}

static void put_words(struct inventor *inventor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put_words(struct inventor *inventor, const char *format, ...)
{
    char words[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    if (buffer_append(&inventor->words, words, strlen(words)) != STATUS_OK)
        abort();
}

struct dots {
    struct dot list[DOTS_MAX];
    size_t count;
};

static void dots_add(struct dots *dots, const struct dot *dot)
{
    for (size_t i = 0; i < dots->count; i++)
        if (dot_equal(&dots->list[i], dot))
            return;
    if (dots->count < DOTS_MAX)
        dots->list[dots->count++] = *dot;
}

static void dots_add_heads(struct dots *dots, const struct cell *cell)
{
    for (size_t i = 0; cell && i < cell->heads_count; i++)
        dots_add(dots, &cell->heads[i].dot);
}

/* Now and then a screen is old: it lacks a head, or has a value that was replaced since. */
static void dots_age(struct inventor *inventor, const struct screen *screen, struct dots *dots)
{
    if (dots->count && invent_one_in(inventor, 6)) {
        size_t lost = invent_below(inventor, dots->count--);
        dots->list[lost] = dots->list[dots->count];
    }
    if (screen->model->count && invent_one_in(inventor, 6))
        dots_add(dots, &screen->model->writes[invent_below(inventor, screen->model->count)].dot);
    if (invent_one_in(inventor, 60)) /* no honest writer does that */
        dots_add(dots, &screen->own);
}

static void put_dots(struct inventor *inventor, const struct dots *dots, const char *around)
{
    if (!dots->count)
        return;
    for (size_t i = 0; i < dots->count; i++)
        put_words(inventor, "%c%u.%u", i ? ' ' : around[0], dots->list[i].feed.device,
                  (unsigned)dots->list[i].number);
    put_words(inventor, "%c", around[1]);
}

static void put_one_of(struct inventor *inventor, const char *const *words, size_t count)
{
    put_words(inventor, "%s", words[invent_below(inventor, count)]);
}

#define PUT_ONE_OF(inventor, ...)                              \
    put_one_of((inventor), (const char *const[]){__VA_ARGS__}, \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* The text on the screen with one line changed, added or dropped. */
static void put_edited_text(struct inventor *inventor, const struct screen *screen,
                            const struct schema_field *field)
{
    struct shown shown;
    struct bytes text = bytes_text("a\nb\nc\nd\ne\nf\ng");
    if (row_show(screen->row, field, &screen->history, &shown, NULL) != STATUS_OK)
        abort();
    struct unpack in = unpack_of(shown.value);
    if (shown.present && !invent_one_in(inventor, 8))
        unpack_str(&in, &text);
    size_t line = invent_below(inventor, 8), choice = invent_below(inventor, 4);
    for (size_t i = 0, at = 0; i < text.size; i++) {
        bool feed = text.data[i] == '\n';
        at += feed;
        if (at == line && feed && choice == 1)
            put_words(inventor, "\n%c", (char)('p' + invent_below(inventor, 3)));
        if (at == line && !feed && choice == 2)
            put_words(inventor, "%c", (char)('P' + invent_below(inventor, 3)));
        else if (at != line || choice != 3)
            put_words(inventor, "%c", text.data[i]);
    }
}

static void put_set(struct inventor *inventor, const struct screen *screen, const struct cell *cell)
{
    bool removes = cell && cell->heads_count && !invent_one_in(inventor, 3);
    if (!removes || invent_one_in(inventor, 3))
        put_words(inventor, "+%c", (char)('a' + invent_below(inventor, 3)));
    if (!removes)
        return;
    const struct head *chosen = &cell->heads[invent_below(inventor, cell->heads_count)];
    struct dots dots = {.count = 0};
    for (size_t i = 0; i < cell->heads_count; i++)
        if (bytes_equal(cell->heads[i].value, chosen->value))
            dots_add(&dots, &cell->heads[i].dot);
    dots_age(inventor, screen, &dots);
    put_words(inventor, "-%.*s", 1, (const char *)chosen->value.data + 1);
    put_dots(inventor, &dots, "()");
}

static void put_value(struct inventor *inventor, const struct screen *screen,
                      const struct schema_field *field)
{
    if (field->merge == MERGE_SET)
        put_set(inventor, screen, row_find_cell(screen->row, field->number));
    else if (field->merge == MERGE_TEXT && !invent_one_in(inventor, 12))
        put_edited_text(inventor, screen, field);
    else if (field->merge == MERGE_STEPS)
        PUT_ONE_OF(inventor, "open", "taken", "taken", "done", "open#2", "taken#2", "praised");
    else if (field->merge == MERGE_COUNTER)
        PUT_ONE_OF(inventor, "1", "2", "-1", "-3", "9223372036854775807");
    else if (field->type == FIELD_ENUM)
        PUT_ONE_OF(inventor, "well", "ill", "critical", "odd", "nil");
    else if (field->type == FIELD_DATE)
        PUT_ONE_OF(inventor, "2026-01-01", "2026-02-02", "2026-03-03", "2025-12-31", "nil");
    else if (field->type == FIELD_INT || field->type == FIELD_MONEY)
        PUT_ONE_OF(inventor, "0", "1", "2", "-1", "nil");
    else if (field->type == FIELD_CODE)
        PUT_ONE_OF(inventor, "yuan", "dollar", "nil");
    else
        PUT_ONE_OF(inventor, "甲", "乙", "丙", "", "nil", "~x");
}

/* The bases of a save: the heads on the screen. A group has one screen. */
static void bases_of(struct inventor *inventor, const struct screen *screen,
                     const struct schema_field *field, struct dots *dots)
{
    dots->count = 0;
    if (field->merge == MERGE_SET || field->merge == MERGE_COUNTER || field->merge == MERGE_APPEND)
        return;
    dots_add_heads(dots, row_find_cell(screen->row, field->group ? field->group : field->number));
    dots_age(inventor, screen, dots);
}

static void put_saves(struct inventor *inventor, const struct screen *screen, const bool *chosen)
{
    const struct schema_table *table = screen->row->table;
    struct dots dots = {.count = 0};
    for (size_t i = 0; i < table->fields_count; i++) {
        const struct schema_field *field = &table->fields[i];
        if (!chosen[i])
            continue;
        put_words(inventor, "%s%s", inventor->words.size ? "; " : "", field->name);
        /* The fields of a group stand side by side and have one screen; bases that differ are
         * possible all the same. */
        if (!field->group || field->group == field->number || invent_one_in(inventor, 8))
            bases_of(inventor, screen, field, &dots);
        put_dots(inventor, &dots, "[]");
        put_words(inventor, "=");
        put_value(inventor, screen, field);
    }
}

static const struct schema_field *field_with_rule(const struct schema_table *table,
                                                  enum merge_rule rule)
{
    size_t i = 0;
    while (table->fields[i].merge != rule)
        i++;
    return &table->fields[i];
}

/* Some fields; of a group all or none. What is appended is written once. */
static void choose_fields(struct inventor *inventor, const struct screen *screen, bool *chosen)
{
    const struct schema_table *table = screen->row->table;
    for (size_t rounds = 1 + invent_below(inventor, 3); rounds > 0; rounds--) {
        const struct schema_field *field =
            &table->fields[invent_below(inventor, table->fields_count)];
        if (invent_one_in(inventor, 5)) /* the richest rule */
            field = field_with_rule(table, MERGE_TEXT);
        const struct cell *cell = row_find_cell(screen->row, field->number);
        bool written = field->merge == MERGE_APPEND && cell && cell->heads_count;
        for (size_t i = 0; i < table->fields_count && !written; i++)
            if (&table->fields[i] == field ||
                (field->group && table->fields[i].group == field->group))
                chosen[i] = true;
    }
}

/* Fields that have several heads get one value that names them all. */
static void choose_open_conflicts(const struct screen *screen, bool *chosen)
{
    const struct schema_table *table = screen->row->table;
    for (size_t i = 0; i < table->fields_count; i++) {
        const struct schema_field *field = &table->fields[i];
        const struct cell *cell = row_find_cell(screen->row, field->number);
        chosen[i] = cell && cell->heads_count > 1 && field->merge != MERGE_APPEND;
    }
}

static bool any_chosen(const bool *chosen)
{
    for (size_t i = 0; i < FIELDS_MAX; i++)
        if (chosen[i])
            return true;
    return false;
}

static void put_delete(struct inventor *inventor, const struct screen *screen)
{
    struct dots dots = {.count = 0};
    for (size_t i = 0; i < screen->row->cells_count; i++)
        dots_add_heads(&dots, &screen->row->cells[i]);
    dots_age(inventor, screen, &dots);
    put_words(inventor, "deleted");
    put_dots(inventor, &dots, "[]");
    static const char *const values[] = {"=true", "=true", "=gone2", "=gone3"};
    put_words(inventor, "%s", values[invent_below(inventor, 4)]);
}

static void put_back(struct inventor *inventor, const struct screen *screen)
{
    struct dots dots = {.count = 0};
    dots_add_heads(&dots, row_find_cell(screen->row, FIELD_DELETED));
    dots_age(inventor, screen, &dots);
    put_words(inventor, "deleted");
    put_dots(inventor, &dots, "[]");
    put_words(inventor, "=false");
}

const char *invent_writes(struct inventor *inventor, const struct screen *screen)
{
    bool chosen[FIELDS_MAX] = {false};
    size_t choice = invent_below(inventor, 20);
    buffer_clear(&inventor->words);
    if (choice < 3)
        put_delete(inventor, screen);
    else if (choice < 6)
        put_back(inventor, screen);
    else if (choice < 10)
        choose_open_conflicts(screen, chosen);
    /* One delete in three and one put-back in three write other fields as well. */
    bool alone = choice < 6 && choice % 3 != 0;
    while (!alone && !any_chosen(chosen))
        choose_fields(inventor, screen, chosen);
    put_saves(inventor, screen, chosen);
    if (buffer_append(&inventor->words, "", 1) != STATUS_OK)
        abort();
    return (const char *)inventor->words.data;
}
