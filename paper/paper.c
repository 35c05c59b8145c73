#include "paper/paper.h"

#include <string.h>

#include "common/cli.h"
#include "common/json_read.h"
#include "common/view.h"
#include "paper/builtin_papers.h"
#include "paper/paper_value.h"

#define LABEL_WIDTH 26.0
#define LABEL_SHARE 0.45
#define NUMBER_WIDTH 11.0
#define TEXT_LINE 4.6 /* what "lines" of a layout counts in, in millimetres */
#define LEAST 7.5
#define COPIES_MAX 200 /* empty lines or boxes of a blank paper */

struct filling {
    const struct paper_wish *wish;
    json_t *answers; /* the rows of each part, null where it asks nothing */
    struct page *page;
    struct paper_values values;
};

static const struct cli_text number_word = {"no.", "序号"};
static const struct cli_text total_word = {"total", "合计"};
static const struct cli_text colon = {": ", "："};

static enum status out_of_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* ---- which there are ---- */

json_t *paper_list(void)
{
    json_t *list = json_array();
    for (size_t i = 0; builtin_papers(i).size > 0; i++) {
        struct bytes text = builtin_papers(i);
        json_t *file = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
        json_array_extend(list, json_object_get(file, "papers"));
        json_decref(file);
    }
    return list;
}

const json_t *paper_named(const json_t *list, const char *name)
{
    return json_named(list, name);
}

/* ---- asking ---- */

static enum status check_row(const struct paper_wish *wish, struct error *err)
{
    const char *table = json_string_value(json_object_get(wish->paper, "of"));
    char id[ID_TEXT_BYTES];
    json_t *row;
    if (!table || wish->blank)
        return STATUS_OK;
    if (!wish->question.row)
        return error_set(err, STATUS_USAGE,
                         "'%s' is about one row of table '%s': name it, or ask for a blank one",
                         json_string_value(json_object_get(wish->paper, "name")), table);
    id_format(wish->question.row, id);
    TRY(view_row(wish->replica, table, id, &row, err));
    json_decref(row);
    return STATUS_OK;
}

/* What a part brings with it was answered already. */
static enum status ask_part(const struct paper_wish *wish, const json_t *part, json_t **answer,
                            struct error *err)
{
    const char *report = json_string_value(json_object_get(part, "report"));
    const json_t *question = report ? report_definition(wish->book, report) : part;
    *answer = json_null();
    if (wish->blank)
        return STATUS_OK;
    if (json_object_get(part, "rows"))
        *answer = json_incref(json_object_get(part, "rows"));
    else if (json_object_get(question, "sql"))
        return report_ask(wish->book, question, &wish->question, answer, err);
    return STATUS_OK;
}

/* A line above a table is about no record. */
static enum status ask(struct filling *filling, uint64_t *rows, struct error *err)
{
    const struct paper_wish *wish = filling->wish;
    size_t i;
    const json_t *part;
    json_array_foreach(json_object_get(wish->paper, "parts"), i, part)
    {
        json_t *answer;
        TRY(ask_part(wish, part, &answer, err));
        json_array_append_new(filling->answers, answer);
        bool records = json_object_get(part, "boxes") || json_object_get(part, "table");
        if (records && json_array_size(answer) > *rows)
            *rows = json_array_size(answer);
    }
    return STATUS_OK;
}

/* ---- lines ---- */

static double number_of(const json_t *item, const char *key, double usual)
{
    const json_t *value = json_object_get(item, key);
    return json_is_number(value) ? json_number_value(value) : usual;
}

static double weights_of(const json_t *items)
{
    size_t i;
    const json_t *item;
    double sum = 0;
    json_array_foreach(items, i, item) sum += number_of(item, "width", 1);
    return sum > 0 ? sum : 1;
}

static struct page_cell *next_cell(struct page_line *line)
{
    static struct page_cell spare;
    return line->count < PAGE_CELLS_MAX ? &line->cells[line->count++] : &spare;
}

static double least_of(const json_t *item)
{
    double lines = number_of(item, "lines", 1) * TEXT_LINE + 2;
    return lines > LEAST ? lines : LEAST;
}

/* "label: value" side by side, without frames; an empty value is room for a pen. */
static enum status put_line(struct filling *filling, const json_t *part, const json_t *rows,
                            struct error *err)
{
    struct page_line line = {.least = LEAST};
    const json_t *items = json_object_get(part, "line"), *item, *row = json_array_get(rows, 0);
    double wide = page_width(filling->page) / weights_of(items);
    size_t i;
    line.least = number_of(part, "least", LEAST);
    json_array_foreach(items, i, item)
    {
        struct buffer text = {0};
        enum status status =
            buffer_append_bytes(&text, bytes_text(paper_label(&filling->values, item)));
        if (status == STATUS_OK)
            status = buffer_append_bytes(&text, bytes_text(cli_text(&colon)));
        if (status == STATUS_OK)
            status = paper_value(&filling->values, item, row, &text);
        const char *kept = status == STATUS_OK ? paper_keep(&filling->values, &text) : NULL;
        buffer_release(&text);
        if (!kept)
            return out_of_memory(err);
        *next_cell(&line) = (struct page_cell){
            .text = kept, .width = wide * number_of(item, "width", 1), .open = true};
    }
    return page_put(filling->page, &line, err);
}

static const char *value_kept(struct filling *filling, const json_t *item, const json_t *row)
{
    struct buffer text = {0};
    const char *kept = NULL;
    if (paper_value(&filling->values, item, row, &text) == STATUS_OK)
        kept = paper_keep(&filling->values, &text);
    buffer_release(&text);
    return kept;
}

/* One line of a form: a label and a box for each item. */
static enum status put_boxes_line(struct filling *filling, const json_t *items, const json_t *row,
                                  struct error *err)
{
    struct page_line line = {.least = LEAST};
    double wide = page_width(filling->page) / weights_of(items);
    size_t i;
    const json_t *item;
    json_array_foreach(items, i, item)
    {
        double own = wide * number_of(item, "width", 1);
        double label = own * LABEL_SHARE < LABEL_WIDTH ? own * LABEL_SHARE : LABEL_WIDTH;
        const char *value = value_kept(filling, item, row);
        if (!value)
            return out_of_memory(err);
        *next_cell(&line) = (struct page_cell){
            .text = paper_label(&filling->values, item), .width = label, .style = PAGE_LABEL};
        *next_cell(&line) = (struct page_cell){.text = value, .width = own - label};
        if (least_of(item) > line.least)
            line.least = least_of(item);
    }
    enum status status = page_put(filling->page, &line, err);
    paper_forget(&filling->values);
    return status;
}

static size_t copies_of(const json_t *part, const char *key, size_t usual)
{
    double count = number_of(part, key, (double)usual);
    return count < 0 ? 0 : count > COPIES_MAX ? COPIES_MAX : (size_t)count;
}

static enum status put_boxes(struct filling *filling, const json_t *part, const json_t *rows,
                             struct error *err)
{
    size_t count = rows ? json_array_size(rows) : copies_of(part, "blank", 1), i;
    const json_t *items;
    for (size_t r = 0; r < count; r++) {
        if (r > 0)
            page_gap(filling->page, 4);
        json_array_foreach(json_object_get(part, "boxes"), i, items)
            TRY(put_boxes_line(filling, items, json_array_get(rows, r), err));
    }
    return STATUS_OK;
}

/* ---- tables ---- */

static double column_width(const struct filling *filling, const json_t *part, const json_t *item)
{
    double rest = json_is_true(json_object_get(part, "numbered")) ? NUMBER_WIDTH : 0;
    return (page_width(filling->page) - rest) / weights_of(json_object_get(part, "table")) *
           number_of(item, "width", 1);
}

static enum status put_table_head(struct filling *filling, const json_t *part, struct error *err)
{
    struct page_line line = {.least = LEAST};
    size_t i;
    const json_t *item;
    if (json_is_true(json_object_get(part, "numbered")))
        *next_cell(&line) = (struct page_cell){cli_text(&number_word), NUMBER_WIDTH, PAGE_LABEL, 0};
    json_array_foreach(json_object_get(part, "table"), i, item) * next_cell(&line) =
        (struct page_cell){paper_label(&filling->values, item), column_width(filling, part, item),
                           PAGE_LABEL, false};
    return page_head(filling->page, &line, err);
}

/* `first`: what stands in the column of numbers. */
static enum status put_table_line(struct filling *filling, const json_t *part, const json_t *row,
                                  const char *first, struct error *err)
{
    struct page_line line = {.least = number_of(part, "least", LEAST)};
    size_t i;
    const json_t *item;
    if (json_is_true(json_object_get(part, "numbered")))
        *next_cell(&line) = (struct page_cell){first, NUMBER_WIDTH, PAGE_PLAIN, false};
    json_array_foreach(json_object_get(part, "table"), i, item)
    {
        const char *value = value_kept(filling, item, row);
        if (!value)
            return out_of_memory(err);
        *next_cell(&line) = (struct page_cell){
            value, column_width(filling, part, item),
            paper_is_number(&filling->values, item) ? PAGE_NUMBER : PAGE_PLAIN, false};
    }
    enum status status = page_put(filling->page, &line, err);
    paper_forget(&filling->values);
    return status;
}

/* The columns that "totals" names, added up. */
static enum status put_totals(struct filling *filling, const json_t *part, const json_t *rows,
                              struct error *err)
{
    json_t *sums = json_object();
    size_t i, r;
    const json_t *name, *row;
    json_array_foreach(json_object_get(part, "totals"), i, name)
    {
        json_int_t sum = 0;
        const char *key = json_string_value(name);
        json_array_foreach(rows, r, row) sum += json_integer_value(json_object_get(row, key));
        json_object_set_new(sums, key, json_integer(sum));
    }
    enum status status = json_object_size(sums) == 0
                             ? STATUS_OK
                             : put_table_line(filling, part, sums, cli_text(&total_word), err);
    json_decref(sums);
    return status;
}

static enum status put_table(struct filling *filling, const json_t *part, const json_t *rows,
                             struct error *err)
{
    char number[24];
    size_t filled = json_array_size(rows);
    size_t empty = rows ? copies_of(part, "spare", 0) : copies_of(part, "blank", 15);
    TRY(put_table_head(filling, part, err));
    for (size_t i = 0; i < filled + empty; i++) {
        snprintf(number, sizeof number, "%zu", i + 1);
        TRY(put_table_line(filling, part, json_array_get(rows, i), number, err));
    }
    if (rows)
        TRY(put_totals(filling, part, rows, err));
    return page_head(filling->page, NULL, err);
}

/* ---- the whole ---- */

/* A paragraph; "{name}" in it stands for a column of the first row. */
static enum status put_text(struct filling *filling, const json_t *text, const json_t *rows,
                            struct error *err)
{
    struct page_line line = {.count = 1, .least = LEAST};
    struct buffer filled = {0};
    const char *kept = NULL;
    if (paper_fill(&filling->values, paper_label(&filling->values, text), json_array_get(rows, 0),
                   &filled) == STATUS_OK)
        kept = paper_keep(&filling->values, &filled);
    buffer_release(&filled);
    if (!kept)
        return out_of_memory(err);
    line.cells[0] = (struct page_cell){kept, page_width(filling->page), PAGE_PLAIN, true};
    return page_put(filling->page, &line, err);
}

static enum status put_part(struct filling *filling, const json_t *part, const json_t *answer,
                            struct error *err)
{
    const json_t *rows = json_is_array(answer) ? answer : NULL;
    if (json_object_get(part, "gap"))
        page_gap(filling->page, number_of(part, "gap", 0));
    if (json_object_get(part, "text"))
        TRY(put_text(filling, json_object_get(part, "text"), rows, err));
    if (json_object_get(part, "line"))
        TRY(put_line(filling, part, rows, err));
    if (json_object_get(part, "boxes"))
        TRY(put_boxes(filling, part, rows, err));
    if (json_object_get(part, "table"))
        TRY(put_table(filling, part, rows, err));
    return STATUS_OK;
}

static enum status draw(struct filling *filling, unsigned total, struct buffer *pdf,
                        struct page_made *made, struct error *err)
{
    const json_t *paper = filling->wish->paper, *part;
    struct page_options options = {.title = paper_label(&filling->values, paper),
                                   .landscape = json_is_true(json_object_get(paper, "landscape")),
                                   .total = total};
    size_t i;
    enum status status = page_open(&filling->page, &options, err);
    if (status != STATUS_OK)
        return status;
    json_array_foreach(json_object_get(paper, "parts"), i, part)
    {
        if (status == STATUS_OK)
            status = put_part(filling, part, json_array_get(filling->answers, i), err);
        paper_forget(&filling->values);
    }
    if (status == STATUS_OK)
        return page_close(filling->page, pdf, made, err);
    page_abandon(filling->page);
    return status;
}

enum status paper_make(const struct paper_wish *wish, struct buffer *pdf, struct paper_made *made,
                       struct error *err)
{
    struct filling filling = {
        .wish = wish, .answers = json_array(), .values = {.schema = replica_schema(wish->replica)}};
    *made = (struct paper_made){0};
    enum status status = check_row(wish, err);
    if (status == STATUS_OK)
        status = ask(&filling, &made->rows, err);
    if (status == STATUS_OK)
        status = draw(&filling, 0, pdf, &made->page, err);
    if (status == STATUS_OK)
        status = draw(&filling, made->page.pages, pdf, &made->page, err);
    json_decref(filling.answers);
    paper_release(&filling.values);
    return status;
}
