/* The layout of a report's paper: that of all reports (schema/papers/report.json), its table filled
 * with the columns of this one, each as wide as what stands in it. */

#include <string.h>

#include "common/grid.h"
#include "common/report_sheet.h"
#include "paper/builtin_papers.h"
#include "paper/paper.h"

/* In places of a terminal, of which a Chinese character takes two. */
#define WIDTH_LEAST 5u
#define WIDTH_MOST 44u
#define WIDTH_UPRIGHT 90u /* more of them lie better on a page that is turned */

/* ---- the answer, as texts ---- */

struct column {
    struct report_column is;
    size_t width;
    bool number;
};

static enum status put_cell(struct column *column, const json_t *value, json_t *row)
{
    struct buffer text = {0};
    enum status status = report_cell(&column->is, value, &text);
    if (status == STATUS_OK) {
        size_t width = grid_width((const char *)text.data);
        column->width = width > column->width ? width : column->width;
        column->number |= json_is_number(value);
        if (json_object_set_new(row, column->is.name, json_string((const char *)text.data)) != 0)
            status = STATUS_NO_MEMORY;
    }
    buffer_release(&text);
    return status;
}

/* Gives; NULL: out of memory. */
static json_t *texts_of(struct column *columns, size_t count, const json_t *rows)
{
    json_t *texts = json_array();
    size_t i;
    const json_t *row;
    enum status status = STATUS_OK;
    json_array_foreach(rows, i, row)
    {
        json_t *made = json_object();
        for (size_t c = 0; c < count && status == STATUS_OK; c++)
            status = put_cell(&columns[c], json_object_get(row, columns[c].is.name), made);
        json_array_append_new(texts, made);
    }
    if (status == STATUS_OK)
        return texts;
    json_decref(texts);
    return NULL;
}

/* ---- the layout ---- */

static json_t *layout_of_reports(void)
{
    json_t *layout = NULL;
    for (size_t i = 0; builtin_papers(i).size > 0 && !layout; i++) {
        struct bytes text = builtin_papers(i);
        json_t *file = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
        layout = json_incref(json_object_get(file, "report"));
        json_decref(file);
    }
    return layout;
}

/* Gives how wide they are together. */
static size_t put_items(const struct column *columns, size_t count, json_t *items)
{
    size_t sum = 0;
    for (size_t c = 0; c < count; c++) {
        const struct cli_text *heading = &columns[c].is.heading;
        size_t least = grid_width(cli_text(heading)), width = columns[c].width;
        width = width < least ? least : width;
        width = width < WIDTH_LEAST ? WIDTH_LEAST : width > WIDTH_MOST ? WIDTH_MOST : width;
        sum += width;
        json_array_append_new(items, json_pack("{ss ss ss sI sb}", "name", columns[c].is.name, "zh",
                                               heading->zh, "en", heading->en, "width",
                                               (json_int_t)width, "number", columns[c].number));
    }
    return sum;
}

/* Takes the texts; NULL: the table stays empty. */
static void fill_layout(json_t *layout, const json_t *definition, const struct column *columns,
                        size_t count, json_t *texts)
{
    static const char *const named[] = {"name", "zh", "en"};
    size_t i, width = 0;
    json_t *part;
    for (i = 0; i < sizeof named / sizeof named[0]; i++)
        json_object_set(layout, named[i], json_object_get(definition, named[i]));
    json_array_foreach(json_object_get(layout, "parts"), i, part)
    {
        if (!json_object_get(part, "table"))
            continue;
        width = put_items(columns, count, json_object_get(part, "table"));
        json_object_set_new(part, "numbered", json_boolean(report_names_people(definition)));
        if (texts)
            json_object_set(part, "rows", texts);
    }
    json_object_set_new(layout, "landscape", json_boolean(width > WIDTH_UPRIGHT));
    json_decref(texts);
}

enum status paper_report(const struct paper_wish *wish, const json_t *rows, struct buffer *pdf,
                         struct paper_made *made, struct error *err)
{
    struct report_column defined[REPORT_COLUMNS_MAX];
    struct column columns[REPORT_COLUMNS_MAX] = {{.width = 0}};
    struct paper_wish whole = *wish;
    size_t count = report_columns(wish->paper, replica_schema(wish->replica), defined);
    for (size_t c = 0; c < count; c++)
        columns[c].is = defined[c];
    json_t *layout = layout_of_reports(), *texts = texts_of(columns, count, rows);
    if (!layout || !texts) {
        json_decref(layout);
        json_decref(texts);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    fill_layout(layout, wish->paper, columns, count, texts);
    whole.paper = layout;
    enum status status = paper_make(&whole, pdf, made, err);
    json_decref(layout);
    return status;
}
