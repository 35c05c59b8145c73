#include "common/sheet_xlsx.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

static enum status out_of_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

static void row_release(struct sheet_row *row)
{
    for (size_t i = 0; i < row->count; i++)
        free(row->cells[i]);
    free(row->cells);
}

void sheet_release(struct sheet *sheet)
{
    for (size_t i = 0; i < sheet->count; i++)
        row_release(&sheet->rows[i]);
    row_release(&sheet->heading);
    free(sheet->rows);
    buffer_release(&sheet->text);
    *sheet = (struct sheet){0};
}

/* ---- encoding ---- */

static enum status from_gb18030(struct bytes in, struct buffer *out, struct error *err)
{
    char part[16384];
    iconv_t converter = iconv_open("UTF-8", "GB18030");
    char *from = (char *)(uintptr_t)in.data; /* iconv doesn't write to it */
    size_t left = in.size;
    enum status status = STATUS_OK;
    if (converter == (iconv_t)-1)
        return error_set(err, STATUS_UNSUPPORTED, "this system can't read GB18030");
    while (left > 0 && status == STATUS_OK) {
        char *to = part;
        size_t room = sizeof part;
        size_t code = iconv(converter, &from, &left, &to, &room);
        if (code == (size_t)-1 && errno != E2BIG)
            status = error_set(err, STATUS_BAD_INPUT, "the text is neither UTF-8 nor GB18030");
        else if (buffer_append(out, part, (size_t)(to - part)) != STATUS_OK)
            status = out_of_memory(err);
    }
    iconv_close(converter);
    return status;
}

static struct bytes without_mark(struct bytes in)
{
    bool marked = in.size >= 3 && memcmp(in.data, "\xef\xbb\xbf", 3) == 0;
    return marked ? bytes_of(in.data + 3, in.size - 3) : in;
}

static enum status decode(struct bytes in, struct buffer *out, struct error *err)
{
    in = without_mark(in);
    if (memchr(in.size ? (const void *)in.data : "", 0, in.size))
        return error_set(err, STATUS_BAD_INPUT, "a NUL byte: this is not a text file");
    if (!utf8_valid(in))
        return from_gb18030(in, out, err);
    return buffer_append_bytes(out, in) == STATUS_OK ? STATUS_OK : out_of_memory(err);
}

/* ---- rows ---- */

static enum status copy_row(struct sheet_row *row, const struct csv_record *record,
                            struct error *err)
{
    row->number = record->row;
    row->cells = calloc(record->count + 1, sizeof *row->cells);
    if (!row->cells)
        return out_of_memory(err);
    for (size_t i = 0; i < record->count; i++) {
        struct bytes text = record->cells[i];
        row->cells[i] = strndup(text.size ? (const char *)text.data : "", text.size);
        if (!row->cells[i])
            return out_of_memory(err);
        row->count++;
    }
    return STATUS_OK;
}

enum status sheet_add(struct sheet *sheet, const struct csv_record *record, struct error *err)
{
    if (!sheet->heading.cells)
        return copy_row(&sheet->heading, record, err);
    if (sheet->count == SHEET_ROWS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "more than %d rows", SHEET_ROWS_MAX);
    if (sheet->count == sheet->capacity) {
        size_t capacity = sheet->capacity ? sheet->capacity * 2 : 256;
        struct sheet_row *grown = realloc(sheet->rows, capacity * sizeof *grown);
        if (!grown)
            return out_of_memory(err);
        sheet->rows = grown;
        sheet->capacity = capacity;
    }
    struct sheet_row *row = &sheet->rows[sheet->count++];
    *row = (struct sheet_row){0};
    return copy_row(row, record, err);
}

static enum status take_record(void *context, const struct csv_record *record, struct error *err)
{
    struct bytes cells[CSV_CELLS_MAX];
    for (size_t i = 0; i < record->count; i++)
        cells[i] = csv_unguard(record->cells[i]);
    return sheet_add(context, &(struct csv_record){record->row, cells, record->count}, err);
}

static enum status parse_csv(struct sheet *sheet, struct bytes in, struct error *err)
{
    struct csv csv = {.take = take_record, .context = sheet};
    enum status status = decode(in, &sheet->text, err);
    if (status == STATUS_OK)
        status = csv_feed(&csv, buffer_bytes(&sheet->text), err);
    if (status == STATUS_OK)
        status = csv_end(&csv, err);
    csv_release(&csv);
    return status;
}

enum status sheet_parse(struct sheet *sheet, struct bytes in, struct error *err)
{
    *sheet = (struct sheet){0};
    enum status status =
        sheet_is_xlsx(in) ? sheet_parse_xlsx(sheet, in, NULL, err) : parse_csv(sheet, in, err);
    if (status == STATUS_OK && !sheet->heading.cells)
        status = error_set(err, STATUS_BAD_INPUT, "there is no heading");
    if (status != STATUS_OK)
        sheet_release(sheet);
    return status;
}

static enum status read_all(FILE *in, struct buffer *out, struct error *err)
{
    char part[65536];
    size_t size;
    while ((size = fread(part, 1, sizeof part, in)) > 0) {
        if (out->size + size > SHEET_FILE_BYTES_MAX)
            return error_set(err, STATUS_TOO_LARGE, "larger than %d bytes", SHEET_FILE_BYTES_MAX);
        if (buffer_append(out, part, size) != STATUS_OK)
            return out_of_memory(err);
    }
    if (ferror(in))
        return error_set(err, STATUS_STORAGE, "cannot be read: %s", strerror(errno));
    return STATUS_OK;
}

enum status sheet_file(const char *file, struct buffer *out, struct error *err)
{
    FILE *stream = strcmp(file, "-") == 0 ? stdin : fopen(file, "rb");
    if (!stream)
        return error_set(err, STATUS_NOT_FOUND, "cannot open '%.120s': %s", file, strerror(errno));
    enum status status = read_all(stream, out, err);
    if (stream != stdin)
        fclose(stream);
    if (status != STATUS_OK)
        error_wrap(err, "'%.120s'", file);
    return status;
}

enum status sheet_read(struct sheet *sheet, const char *file, struct error *err)
{
    struct buffer in = {0};
    *sheet = (struct sheet){0};
    enum status status = sheet_file(file, &in, err);
    if (status == STATUS_OK) {
        status = sheet_parse(sheet, buffer_bytes(&in), err);
        if (status != STATUS_OK)
            error_wrap(err, "'%.120s'", file);
    }
    buffer_release(&in);
    return status;
}
