#include "paper/page.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/messages.h"

#define POINTS (72.0 / 25.4) /* a millimetre */
#define SHORT_SIDE 210.0
#define LONG_SIDE 297.0
#define MARGIN 15.0
#define FOOT 10.0
#define PADDING 1.4
#define THIN 0.12
#define FAMILIES "Noto Sans CJK SC, Noto Sans, sans"
#define TITLE_POINTS 17
#define TEXT_POINTS 10
#define SMALL_POINTS 8
#define LABEL_GREY 0.95
#define HEAD_MOST 60.0  /* higher ones don't stand again on every page */
#define WHOLE_MOST 60.0 /* lines up to this height are not cut */
#define ROOM_LEAST 25.0 /* higher ones begin where there is so much */

struct cell {
    PangoLayout *layout;
    int next; /* the first of its text lines that isn't drawn yet */
};

struct page {
    cairo_surface_t *surface;
    cairo_t *cairo;
    PangoFontDescription *fonts[3]; /* title, text, small */
    struct buffer pdf;
    struct buffer text; /* of one cell, cleaned */
    char *title;
    struct page_line head;
    char *head_texts[PAGE_CELLS_MAX];
    bool counting, begun;
    double wide, high, y;
    double top; /* where the first line of this page stands */
    unsigned number, total, missing;
};

enum font { FONT_TITLE, FONT_TEXT, FONT_SMALL };

static enum status out_of_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

double page_width(const struct page *page)
{
    return page->wide - 2 * MARGIN;
}

/* ---- life ---- */

static cairo_status_t take_bytes(void *context, const unsigned char *data, unsigned size)
{
    struct page *page = context;
    if (buffer_append(&page->pdf, data, size) == STATUS_OK)
        return CAIRO_STATUS_SUCCESS;
    return CAIRO_STATUS_NO_MEMORY;
}

static PangoFontDescription *make_font(double points, bool bold)
{
    PangoFontDescription *font = pango_font_description_from_string(FAMILIES);
    pango_font_description_set_absolute_size(font, points * PANGO_SCALE);
    pango_font_description_set_weight(font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    return font;
}

enum status page_open(struct page **out, const struct page_options *options, struct error *err)
{
    struct page *page = calloc(1, sizeof *page);
    *out = NULL;
    if (!page)
        return out_of_memory(err);
    page->wide = options->landscape ? LONG_SIDE : SHORT_SIDE;
    page->high = options->landscape ? SHORT_SIDE : LONG_SIDE;
    page->counting = options->total == 0;
    page->total = options->total;
    page->title = strdup(options->title);
    page->surface = cairo_pdf_surface_create_for_stream(page->counting ? NULL : take_bytes, page,
                                                        page->wide * POINTS, page->high * POINTS);
    page->cairo = cairo_create(page->surface);
    page->fonts[FONT_TITLE] = make_font(TITLE_POINTS, true);
    page->fonts[FONT_TEXT] = make_font(TEXT_POINTS, false);
    page->fonts[FONT_SMALL] = make_font(SMALL_POINTS, false);
    if (!page->title || cairo_status(page->cairo) != CAIRO_STATUS_SUCCESS) {
        page_abandon(page);
        return out_of_memory(err);
    }
    cairo_pdf_surface_set_metadata(page->surface, CAIRO_PDF_METADATA_TITLE, page->title);
    cairo_set_line_width(page->cairo, THIN * POINTS * 2);
    *out = page;
    return STATUS_OK;
}

static void forget_head(struct page *page)
{
    for (size_t i = 0; i < page->head.count; i++)
        free(page->head_texts[i]);
    page->head.count = 0;
}

void page_abandon(struct page *page)
{
    if (!page)
        return;
    forget_head(page);
    cairo_destroy(page->cairo);
    cairo_surface_destroy(page->surface);
    for (size_t i = 0; i < sizeof page->fonts / sizeof page->fonts[0]; i++)
        pango_font_description_free(page->fonts[i]);
    buffer_release(&page->pdf);
    buffer_release(&page->text);
    free(page->title);
    free(page);
}

/* ---- texts ---- */

/* Control characters would be drawn as boxes, and those that turn the direction of writing make a
 * text read otherwise than it is. */
static bool is_control(const char *at, size_t *size)
{
    unsigned char first = (unsigned char)at[0];
    *size = 1;
    if (first < 0x20 || first == 0x7f)
        return first != '\n';
    if (first != 0xe2)
        return false;
    *size = 3; /* U+202A..202E, U+2066..2069 */
    unsigned char second = (unsigned char)at[1], third = (unsigned char)at[2];
    return (second == 0x80 && third >= 0xaa && third <= 0xae) ||
           (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

static enum status clean(struct page *page, const char *text)
{
    size_t size;
    buffer_clear(&page->text);
    for (; *text; text += size) {
        bool control = is_control(text, &size);
        if (!control)
            size = 1;
        TRY(buffer_append(&page->text, control ? " " : text, 1));
    }
    return STATUS_OK;
}

/* NULL: out of memory. */
static PangoLayout *lay_out(struct page *page, const char *text, enum font font, double width)
{
    if (clean(page, utf8_valid(bytes_text(text)) ? text : "?") != STATUS_OK)
        return NULL;
    PangoLayout *layout = pango_cairo_create_layout(page->cairo);
    pango_layout_set_font_description(layout, page->fonts[font]);
    pango_context_set_language(pango_layout_get_context(layout),
                               pango_language_from_string("zh-cn"));
    pango_layout_set_width(layout, (int)(width * POINTS * PANGO_SCALE));
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_text(layout, (const char *)page->text.data, (int)page->text.size);
    page->missing += (unsigned)pango_layout_get_unknown_glyphs_count(layout);
    return layout;
}

static double height_of(PangoLayout *layout)
{
    int high;
    pango_layout_get_size(layout, NULL, &high);
    return (double)high / PANGO_SCALE / POINTS;
}

/* Text in one place, its top at `y`. */
static enum status write_at(struct page *page, const char *text, enum font font, double y,
                            PangoAlignment where, struct error *err)
{
    PangoLayout *layout = lay_out(page, text, font, page_width(page));
    if (!layout)
        return out_of_memory(err);
    pango_layout_set_alignment(layout, where);
    cairo_move_to(page->cairo, MARGIN * POINTS, y * POINTS);
    pango_cairo_show_layout(page->cairo, layout);
    if (font == FONT_TITLE)
        page->y = y + height_of(layout) + 3;
    g_object_unref(layout);
    return STATUS_OK;
}

/* ---- pages ---- */

static double bottom(const struct page *page)
{
    return page->high - MARGIN - FOOT;
}

static enum status end_page(struct page *page, struct error *err)
{
    char foot[80];
    if (page->total > 0)
        snprintf(foot, sizeof foot, tr("page %u of %u"), page->number, page->total);
    else
        snprintf(foot, sizeof foot, "%u", page->number);
    TRY(write_at(page, foot, FONT_SMALL, page->high - MARGIN - FOOT / 2, PANGO_ALIGN_CENTER, err));
    cairo_show_page(page->cairo);
    page->begun = false;
    return STATUS_OK;
}

static enum status begin_page(struct page *page, struct error *err)
{
    if (page->number == PAGES_MAX)
        return error_set(err, STATUS_TOO_LARGE, "more than %d pages", PAGES_MAX);
    page->number++;
    page->begun = true;
    page->y = MARGIN;
    struct page_line head = page->head;
    bool first = page->number == 1;
    TRY(write_at(page, page->title, first ? FONT_TITLE : FONT_SMALL, first ? MARGIN : MARGIN - 6,
                 first ? PANGO_ALIGN_CENTER : PANGO_ALIGN_RIGHT, err));
    page->top = page->y;
    return head.count > 0 ? page_put(page, &head, err) : STATUS_OK;
}

static enum status turn_page(struct page *page, struct error *err)
{
    if (page->begun)
        TRY(end_page(page, err));
    return begin_page(page, err);
}

/* ---- lines of cells ---- */

static void release_cells(struct cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (cells[i].layout)
            g_object_unref(cells[i].layout);
}

static enum status make_cells(struct page *page, const struct page_line *line, struct cell *cells,
                              struct error *err)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct page_cell *cell = &line->cells[i];
        double width = cell->width - 2 * PADDING;
        cells[i].layout =
            lay_out(page, cell->text ? cell->text : "", FONT_TEXT, width > 1 ? width : 1);
        if (!cells[i].layout)
            return out_of_memory(err);
        if (cell->style == PAGE_NUMBER)
            pango_layout_set_alignment(cells[i].layout, PANGO_ALIGN_RIGHT);
    }
    return STATUS_OK;
}

static double line_height(PangoLayout *layout, int number)
{
    PangoRectangle box;
    pango_layout_line_get_extents(pango_layout_get_line_readonly(layout, number), NULL, &box);
    return (double)box.height / PANGO_SCALE / POINTS;
}

/* How high what is left of a cell is, and how many of its text lines fit into `room`. */
static double fit(const struct cell *cell, double room, int *fitting)
{
    int count = pango_layout_get_line_count(cell->layout);
    double high = 2 * PADDING;
    for (*fitting = 0; cell->next + *fitting < count; (*fitting)++) {
        double more = line_height(cell->layout, cell->next + *fitting);
        if (high + more > room)
            break;
        high += more;
    }
    return high;
}

/* The height of a line's next piece on this page; *whole: nothing of it is left over. */
static double piece_height(const struct page_line *line, const struct cell *cells, double room,
                           bool *whole)
{
    double high = 0;
    *whole = true;
    for (size_t i = 0; i < line->count; i++) {
        int fitting, count = pango_layout_get_line_count(cells[i].layout);
        double cell = fit(&cells[i], room, &fitting);
        high = cell > high ? cell : high;
        if (cells[i].next + fitting < count)
            *whole = false;
    }
    return high;
}

static void draw_texts(struct page *page, struct cell *cell, const struct page_cell *how, double x,
                       double room)
{
    int fitting;
    double y = page->y + PADDING;
    fit(cell, room, &fitting);
    for (int end = cell->next + fitting; cell->next < end; cell->next++) {
        PangoRectangle box;
        PangoLayoutLine *text = pango_layout_get_line_readonly(cell->layout, cell->next);
        pango_layout_line_get_extents(text, NULL, &box);
        double indent = how->width - 2 * PADDING - (double)box.width / PANGO_SCALE / POINTS;
        double left = x + PADDING + (how->style == PAGE_NUMBER && indent > 0 ? indent : 0);
        cairo_move_to(page->cairo, left * POINTS, y * POINTS - (double)box.y / PANGO_SCALE);
        pango_cairo_show_layout_line(page->cairo, text);
        y += (double)box.height / PANGO_SCALE / POINTS;
    }
}

static void draw_piece(struct page *page, const struct page_line *line, struct cell *cells,
                       double high)
{
    double x = MARGIN;
    for (size_t i = 0; i < line->count; i++) {
        const struct page_cell *cell = &line->cells[i];
        cairo_rectangle(page->cairo, x * POINTS, page->y * POINTS, cell->width * POINTS,
                        high * POINTS);
        if (cell->style == PAGE_LABEL && !cell->open) {
            cairo_set_source_rgb(page->cairo, LABEL_GREY, LABEL_GREY, LABEL_GREY);
            cairo_fill_preserve(page->cairo);
        }
        cairo_set_source_rgb(page->cairo, 0, 0, 0);
        if (cell->open)
            cairo_new_path(page->cairo);
        else
            cairo_stroke(page->cairo);
        draw_texts(page, &cells[i], cell, x, high + 0.01);
        x += cell->width;
    }
    page->y += high;
}

/* Is the next page a better place to begin this line? Long texts may begin anywhere with room for
 * some of their lines; others stay whole. */
static bool better_next(const struct page *page, const struct page_line *line,
                        const struct cell *cells, double room)
{
    bool whole;
    double high = piece_height(line, cells, 2 * LONG_SIDE, &whole);
    high = line->least > high ? line->least : high;
    if (page->y <= page->top || high <= room)
        return false;
    return (whole && high <= WHOLE_MOST) || room < ROOM_LEAST;
}

static enum status put_pieces(struct page *page, const struct page_line *line, struct cell *cells,
                              struct error *err)
{
    bool whole = false;
    double least = line->least;
    if (better_next(page, line, cells, bottom(page) - page->y))
        TRY(turn_page(page, err));
    while (!whole) {
        double room = bottom(page) - page->y;
        double high = piece_height(line, cells, room, &whole);
        high = high < least ? least : high;
        draw_piece(page, line, cells, high < room ? high : room);
        least = 0;
        if (!whole)
            TRY(turn_page(page, err));
    }
    return STATUS_OK;
}

enum status page_put(struct page *page, const struct page_line *line, struct error *err)
{
    struct cell cells[PAGE_CELLS_MAX] = {{0}};
    if (!page->begun)
        TRY(begin_page(page, err));
    enum status status = make_cells(page, line, cells, err);
    if (status == STATUS_OK)
        status = put_pieces(page, line, cells, err);
    release_cells(cells, line->count);
    return status;
}

/* Does it leave most of a page to what it is the head of? */
static enum status may_repeat(struct page *page, const struct page_line *line, bool *may,
                              struct error *err)
{
    struct cell cells[PAGE_CELLS_MAX] = {{0}};
    enum status status = make_cells(page, line, cells, err);
    *may = false;
    if (status == STATUS_OK)
        piece_height(line, cells, HEAD_MOST, may);
    release_cells(cells, line->count);
    return status;
}

enum status page_head(struct page *page, const struct page_line *line, struct error *err)
{
    bool may;
    forget_head(page);
    if (!line)
        return STATUS_OK;
    TRY(page_put(page, line, err));
    TRY(may_repeat(page, line, &may, err));
    if (!may)
        return STATUS_OK;
    struct page_line head = *line;
    for (size_t i = 0; i < line->count; i++) {
        page->head_texts[i] = strdup(line->cells[i].text ? line->cells[i].text : "");
        if (!page->head_texts[i])
            return out_of_memory(err);
        head.cells[i].text = page->head_texts[i];
        page->head.count = i + 1;
    }
    page->head = head;
    return STATUS_OK;
}

void page_gap(struct page *page, double height)
{
    if (page->begun)
        page->y += height;
}

/* ---- the end ---- */

static enum status finish(struct page *page, struct buffer *pdf, struct error *err)
{
    if (!page->begun && page->number == 0)
        TRY(begin_page(page, err));
    if (page->begun)
        TRY(end_page(page, err));
    cairo_surface_finish(page->surface);
    if (cairo_status(page->cairo) != CAIRO_STATUS_SUCCESS ||
        cairo_surface_status(page->surface) != CAIRO_STATUS_SUCCESS)
        return out_of_memory(err);
    if (!page->counting && buffer_append_bytes(pdf, buffer_bytes(&page->pdf)) != STATUS_OK)
        return out_of_memory(err);
    return STATUS_OK;
}

enum status page_close(struct page *page, struct buffer *pdf, struct page_made *made,
                       struct error *err)
{
    enum status status = finish(page, pdf, err);
    *made = (struct page_made){page->number, page->missing};
    page_abandon(page);
    return status;
}
