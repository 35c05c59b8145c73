/* Reading XLSX: which parts the workbook names, then texts and formats, then the rows.
 *
 * One expat parser a part. A handler that finds a fault keeps it and stops the parser. */

#include "common/sheet_xlsx.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive.h"
#include "common/sheet_cell.h"

#define DEPTH_MAX 64
#define FORMATS_MAX 1000
#define STYLES_MAX 65536
#define PART_NAME_BYTES 256

struct number_format {
    unsigned id;
    enum cell_format format;
};

struct workbook {
    struct sheet *sheet;
    struct archive *archive;
    XML_Parser parser;
    enum status status;
    struct error *err;
    int depth;
    bool from_1904;
    const char *wanted;               /* the sheet's name; NULL: the first */
    char sheet_id[64];                /* its relation */
    char sheet_part[PART_NAME_BYTES]; /* its part of the file */
    struct buffer texts;              /* shared ones, one behind the other */
    size_t *text_ends;
    size_t texts_count, texts_capacity;
    bool in_phonetic, in_text;
    struct number_format formats[FORMATS_MAX];
    size_t formats_count;
    enum cell_format *styles;
    size_t styles_count;
    bool in_styles;
    /* the row in the making */
    struct buffer row_text, cell_text;
    size_t cell_starts[CSV_CELLS_MAX], cell_sizes[CSV_CELLS_MAX];
    int columns, column;
    uint64_t row;
    uint64_t cells, bytes;
    char type; /* s shared, i inline, t text, b bool, d day, n number */
    size_t style;
};

static void stop(struct workbook *book, enum status status)
{
    if (book->status == STATUS_OK)
        book->status = status;
    XML_StopParser(book->parser, XML_FALSE);
}

static const char *local(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

static bool is(const char *name, const char *wanted)
{
    return strcmp(local(name), wanted) == 0;
}

static const char *attribute(const char **attributes, const char *name)
{
    for (; *attributes; attributes += 2)
        if (is(*attributes, name))
            return attributes[1];
    return NULL;
}

static void refuse_doctype(void *context, const char *name, const char *system, const char *public,
                           int internal)
{
    struct workbook *book = context;
    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    stop(book, error_set(book->err, STATUS_BAD_INPUT, "the spreadsheet declares a document type"));
}

/* ---- parts ---- */

struct handlers {
    XML_StartElementHandler start;
    XML_EndElementHandler end;
    XML_CharacterDataHandler text;
};

static enum status parse_bytes(struct workbook *book, struct bytes in,
                               const struct handlers *handlers, struct error *err)
{
    book->parser = XML_ParserCreate(NULL);
    if (!book->parser)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    book->status = STATUS_OK;
    book->err = err;
    book->depth = 0;
    XML_SetUserData(book->parser, book);
    XML_SetElementHandler(book->parser, handlers->start, handlers->end);
    XML_SetCharacterDataHandler(book->parser, handlers->text);
    XML_SetStartDoctypeDeclHandler(book->parser, refuse_doctype);
    enum XML_Status parsed = XML_Parse(book->parser, (const char *)in.data, (int)in.size, 1);
    if (parsed != XML_STATUS_OK && book->status == STATUS_OK)
        book->status = error_set(err, STATUS_BAD_INPUT, "the spreadsheet is not XML: line %lu: %s",
                                 (unsigned long)XML_GetCurrentLineNumber(book->parser),
                                 XML_ErrorString(XML_GetErrorCode(book->parser)));
    XML_ParserFree(book->parser);
    return book->status;
}

static enum status parse_part(struct workbook *book, const char *name,
                              const struct handlers *handlers, struct error *err)
{
    struct buffer part = {0};
    enum status status = archive_read(book->archive, name, &part, err);
    if (status == STATUS_OK)
        status = parse_bytes(book, buffer_bytes(&part), handlers, err);
    buffer_release(&part);
    return status;
}

static enum status parse_optional(struct workbook *book, const char *name,
                                  const struct handlers *handlers, struct error *err)
{
    enum status status = parse_part(book, name, handlers, err);
    if (status != STATUS_NOT_FOUND)
        return status;
    error_clear(err);
    return STATUS_OK;
}

static bool too_deep(struct workbook *book)
{
    if (++book->depth > DEPTH_MAX)
        stop(book, error_set(book->err, STATUS_TOO_LARGE, "the spreadsheet is nested too deep"));
    return book->depth > DEPTH_MAX;
}

static void leave(void *context, const char *name)
{
    (void)name;
    ((struct workbook *)context)->depth--;
}

/* ---- which sheet ---- */

static void start_workbook(void *context, const char *name, const char **attributes)
{
    struct workbook *book = context;
    const char *id = attribute(attributes, "id"), *early = attribute(attributes, "date1904");
    const char *name_of = attribute(attributes, "name");
    bool wanted = !book->wanted || (name_of && strcmp(name_of, book->wanted) == 0);
    if (too_deep(book))
        return;
    if (is(name, "workbookPr") && early)
        book->from_1904 = strcmp(early, "1") == 0 || strcmp(early, "true") == 0;
    if (is(name, "sheet") && id && wanted && !*book->sheet_id)
        snprintf(book->sheet_id, sizeof book->sheet_id, "%s", id);
}

static void start_relations(void *context, const char *name, const char **attributes)
{
    struct workbook *book = context;
    const char *id = attribute(attributes, "Id"), *target = attribute(attributes, "Target");
    if (too_deep(book) || !is(name, "Relationship") || !id || !target)
        return;
    if (strcmp(id, book->sheet_id) == 0)
        snprintf(book->sheet_part, sizeof book->sheet_part, "%s%s", *target == '/' ? "" : "xl/",
                 *target == '/' ? target + 1 : target);
}

/* ---- formats ---- */

static void add_format(struct workbook *book, const char *id, const char *code)
{
    if (!id || !code || book->formats_count == FORMATS_MAX)
        return;
    unsigned number = (unsigned)strtoul(id, NULL, 10);
    book->formats[book->formats_count++] =
        (struct number_format){number, cell_format_of(number, code)};
}

static void add_style(struct workbook *book, const char *id)
{
    unsigned number = id ? (unsigned)strtoul(id, NULL, 10) : 0;
    enum cell_format format = cell_format_of(number, NULL);
    for (size_t i = 0; i < book->formats_count; i++)
        if (book->formats[i].id == number)
            format = book->formats[i].format;
    if (!book->styles)
        book->styles = calloc(STYLES_MAX, sizeof *book->styles);
    if (book->styles && book->styles_count < STYLES_MAX)
        book->styles[book->styles_count++] = format;
}

static void start_styles(void *context, const char *name, const char **attributes)
{
    struct workbook *book = context;
    if (too_deep(book))
        return;
    if (is(name, "numFmt"))
        add_format(book, attribute(attributes, "numFmtId"), attribute(attributes, "formatCode"));
    if (is(name, "cellXfs"))
        book->in_styles = true;
    if (is(name, "xf") && book->in_styles)
        add_style(book, attribute(attributes, "numFmtId"));
}

static void end_styles(void *context, const char *name)
{
    struct workbook *book = context;
    book->depth--;
    if (is(name, "cellXfs"))
        book->in_styles = false;
}

/* ---- shared texts ---- */

static void start_texts(void *context, const char *name, const char **attributes)
{
    struct workbook *book = context;
    (void)attributes;
    if (too_deep(book))
        return;
    if (is(name, "si"))
        buffer_clear(&book->cell_text);
    if (is(name, "rPh"))
        book->in_phonetic = true;
    book->in_text = is(name, "t") && !book->in_phonetic;
}

static bool grow_ends(struct workbook *book)
{
    if (book->texts_count < book->texts_capacity)
        return true;
    size_t capacity = book->texts_capacity ? book->texts_capacity * 2 : 1024;
    size_t *grown = realloc(book->text_ends, capacity * sizeof *grown);
    if (!grown)
        return false;
    book->text_ends = grown;
    book->texts_capacity = capacity;
    return true;
}

static void end_texts(void *context, const char *name)
{
    struct workbook *book = context;
    book->depth--;
    book->in_text = false;
    if (is(name, "rPh"))
        book->in_phonetic = false;
    if (!is(name, "si"))
        return;
    cell_unescape(&book->cell_text);
    if (!grow_ends(book) ||
        buffer_append_bytes(&book->texts, buffer_bytes(&book->cell_text)) != STATUS_OK)
        stop(book, error_set(book->err, STATUS_NO_MEMORY, "out of memory"));
    else
        book->text_ends[book->texts_count++] = book->texts.size;
}

static void take_text(void *context, const char *text, int size)
{
    struct workbook *book = context;
    if (book->in_text && buffer_append(&book->cell_text, text, (size_t)size) != STATUS_OK)
        stop(book, error_set(book->err, STATUS_NO_MEMORY, "out of memory"));
}

/* ---- rows ---- */

static void start_row(struct workbook *book, const char *number)
{
    uint64_t row = number ? strtoull(number, NULL, 10) : book->row + 1;
    if (row <= book->row || row > SHEET_ROWS_MAX + 1)
        stop(book, error_set(book->err, STATUS_BAD_INPUT, "row '%.20s' doesn't follow row %llu",
                             number ? number : "?", (unsigned long long)book->row));
    book->row = row;
    book->columns = 0;
    book->column = -1;
    buffer_clear(&book->row_text);
}

static char type_of(const char *type)
{
    if (!type || strcmp(type, "n") == 0)
        return 'n';
    if (strcmp(type, "inlineStr") == 0)
        return 'i';
    return strcmp(type, "str") == 0 || strcmp(type, "e") == 0 ? 't' : *type;
}

static void start_cell(struct workbook *book, const char **attributes)
{
    const char *place = attribute(attributes, "r"), *style = attribute(attributes, "s");
    int column = place ? cell_column(place, CSV_CELLS_MAX) : book->column + 1;
    if (column <= book->column || column >= CSV_CELLS_MAX) {
        stop(book, error_set(book->err, STATUS_TOO_LARGE, "row %llu: more than %d columns",
                             (unsigned long long)book->row, CSV_CELLS_MAX));
        return;
    }
    book->column = column;
    book->type = type_of(attribute(attributes, "t"));
    book->style = style ? strtoul(style, NULL, 10) : 0;
    buffer_clear(&book->cell_text);
}

static void start_sheet(void *context, const char *name, const char **attributes)
{
    struct workbook *book = context;
    if (too_deep(book))
        return;
    if (is(name, "row"))
        start_row(book, attribute(attributes, "r"));
    if (is(name, "c"))
        start_cell(book, attributes);
    if (is(name, "rPh"))
        book->in_phonetic = true;
    book->in_text = is(name, "v") || (is(name, "t") && !book->in_phonetic);
}

static enum status put_shared(struct workbook *book, const char *number, struct error *err)
{
    size_t at = strtoul(number, NULL, 10);
    if (at >= book->texts_count)
        return error_set(err, STATUS_BAD_INPUT, "the spreadsheet has no text '%.20s'", number);
    size_t from = at ? book->text_ends[at - 1] : 0;
    if (book->text_ends[at] - from > CSV_RECORD_BYTES_MAX - book->row_text.size)
        return error_set(err, STATUS_TOO_LARGE, "more than %d bytes", CSV_RECORD_BYTES_MAX);
    return buffer_append(&book->row_text, book->texts.data + from, book->text_ends[at] - from);
}

static enum status put_cell(struct workbook *book, const char *text, struct error *err)
{
    enum cell_format format =
        book->style < book->styles_count ? book->styles[book->style] : CELL_NUMBER;
    switch (book->type) {
    case 's':
        return put_shared(book, text, err);
    case 'b':
        return buffer_append_bytes(&book->row_text, bytes_text(*text == '1' ? "true" : "false"));
    case 'd': /* 2026-11-01T00:00:00 */
        if (strstr(text, "T00:00:00"))
            return buffer_append(&book->row_text, text, strcspn(text, "T"));
        return buffer_append_bytes(&book->row_text, bytes_text(text));
    case 'n':
        return cell_number(text, format, book->from_1904, &book->row_text, err);
    default:
        cell_unescape(&book->cell_text);
        return buffer_append_bytes(&book->row_text, buffer_bytes(&book->cell_text));
    }
}

static void end_cell(struct workbook *book)
{
    enum status status = STATUS_OK;
    size_t before = book->row_text.size;
    if (book->cell_text.size == 0)
        return;
    if (buffer_append(&book->cell_text, "", 1) == STATUS_OK)
        book->cell_text.size--;
    else
        status = STATUS_NO_MEMORY;
    if (status == STATUS_OK && book->cell_text.size > CSV_RECORD_BYTES_MAX - before)
        status = error_set(book->err, STATUS_TOO_LARGE, "more than %d bytes", CSV_RECORD_BYTES_MAX);
    if (status == STATUS_OK)
        status = put_cell(book, (const char *)book->cell_text.data, book->err);
    if (status == STATUS_NO_MEMORY)
        error_set(book->err, status, "out of memory");
    if (status != STATUS_OK) {
        if (status != STATUS_NO_MEMORY)
            error_wrap(book->err, "row %llu", (unsigned long long)book->row);
        stop(book, status);
        return;
    }
    for (; book->columns < book->column; book->columns++)
        book->cell_sizes[book->columns] = book->cell_starts[book->columns] = 0;
    book->cell_starts[book->columns] = before;
    book->cell_sizes[book->columns++] = book->row_text.size - before;
}

static void end_row(struct workbook *book)
{
    struct bytes cells[CSV_CELLS_MAX];
    struct csv_record record = {book->row, cells, (size_t)book->columns};
    book->cells += record.count;
    book->bytes += book->row_text.size; /* one shared text may stand in many cells */
    if (record.count == 0)
        return;
    if (book->bytes > SHEET_FILE_BYTES_MAX) {
        stop(book,
             error_set(book->err, STATUS_TOO_LARGE, "larger than %d bytes", SHEET_FILE_BYTES_MAX));
        return;
    }
    if (book->cells > XLSX_CELLS_MAX) {
        stop(book, error_set(book->err, STATUS_TOO_LARGE, "more than %d cells", XLSX_CELLS_MAX));
        return;
    }
    for (size_t i = 0; i < record.count; i++)
        cells[i] = bytes_of(book->row_text.data + book->cell_starts[i], book->cell_sizes[i]);
    enum status status = sheet_add(book->sheet, &record, book->err);
    if (status != STATUS_OK)
        stop(book, status);
}

static void end_sheet(void *context, const char *name)
{
    struct workbook *book = context;
    book->depth--;
    book->in_text = false;
    if (book->status != STATUS_OK)
        return;
    if (is(name, "rPh"))
        book->in_phonetic = false;
    if (is(name, "c"))
        end_cell(book);
    if (is(name, "row"))
        end_row(book);
}

/* ---- the whole ---- */

static enum status read_book(struct workbook *book, struct error *err)
{
    static const struct handlers workbook = {start_workbook, leave, NULL};
    static const struct handlers relations = {start_relations, leave, NULL};
    static const struct handlers styles = {start_styles, end_styles, NULL};
    static const struct handlers texts = {start_texts, end_texts, take_text};
    static const struct handlers rows = {start_sheet, end_sheet, take_text};
    TRY(parse_part(book, "xl/workbook.xml", &workbook, err));
    if (book->wanted && !*book->sheet_id)
        return error_set(err, STATUS_NOT_FOUND, "the spreadsheet has no sheet '%.60s'",
                         book->wanted);
    TRY(parse_part(book, "xl/_rels/workbook.xml.rels", &relations, err));
    if (!*book->sheet_part)
        return error_set(err, STATUS_BAD_INPUT, "the spreadsheet has no sheet");
    TRY(parse_optional(book, "xl/styles.xml", &styles, err));
    TRY(parse_optional(book, "xl/sharedStrings.xml", &texts, err));
    return parse_part(book, book->sheet_part, &rows, err);
}

bool sheet_is_xlsx(struct bytes in)
{
    return in.size >= 4 && memcmp(in.data, "PK\x03\x04", 4) == 0;
}

enum status sheet_parse_xlsx(struct sheet *sheet, struct bytes in, const char *name,
                             struct error *err)
{
    static const struct archive_bounds bounds = {XLSX_ENTRIES_MAX, XLSX_UNPACKED_BYTES_MAX,
                                                 XLSX_RATIO_MAX};
    struct workbook *book = calloc(1, sizeof *book);
    if (!book)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    book->sheet = sheet;
    book->wanted = name;
    enum status status = archive_open(&book->archive, in, &bounds, err);
    if (status == STATUS_OK)
        status = read_book(book, err);
    archive_close(book->archive);
    buffer_release(&book->texts);
    buffer_release(&book->row_text);
    buffer_release(&book->cell_text);
    free(book->text_ends);
    free(book->styles);
    free(book);
    return status;
}
