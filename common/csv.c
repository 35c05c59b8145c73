#include "common/csv.h"

#include <string.h>

#include "common/mutant.h"

void csv_release(struct csv *csv)
{
    buffer_release(&csv->text);
    *csv = (struct csv){0};
}

/* ---- reading ---- */

static enum status fail(const struct csv *csv, enum status status, const char *what,
                        struct error *err)
{
    return error_set(err, status, "row %llu: %s", (unsigned long long)csv->row + 1, what);
}

static enum status start_cell(struct csv *csv, struct error *err)
{
    if (csv->count == CSV_CELLS_MAX)
        return fail(csv, STATUS_TOO_LARGE, "too many columns", err);
    csv->starts[csv->count++] = csv->text.size;
    return STATUS_OK;
}

static enum status put_bytes(struct csv *csv, struct bytes bytes, struct error *err)
{
    if (bytes.size > CSV_RECORD_BYTES_MAX - csv->text.size)
        return fail(csv, STATUS_TOO_LARGE, "the row is too long", err);
    if (buffer_append_bytes(&csv->text, bytes) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

static enum status put_byte(struct csv *csv, uint8_t byte, struct error *err)
{
    return put_bytes(csv, bytes_of(&byte, 1), err);
}

static enum status end_cell(struct csv *csv, struct error *err)
{
    csv->state = CSV_CELL_START;
    return put_byte(csv, 0, err);
}

static enum status end_record(struct csv *csv, struct error *err)
{
    struct bytes cells[CSV_CELLS_MAX];
    for (size_t i = 0; i < csv->count; i++) {
        size_t end = i + 1 < csv->count ? csv->starts[i + 1] : csv->text.size;
        cells[i] = bytes_of(csv->text.data + csv->starts[i], end - csv->starts[i] - 1);
    }
    struct csv_record record = {++csv->row, cells, csv->count};
    bool blank = csv->count == 1 && cells[0].size == 0 && !csv->any_quote;
    enum status status = blank ? STATUS_OK : csv->take(csv->context, &record, err);
    buffer_clear(&csv->text);
    csv->count = 0;
    csv->any_quote = false;
    return status;
}

/* A byte that stands outside of quotes. */
static enum status take_plain(struct csv *csv, uint8_t byte, struct error *err)
{
    if (byte == ',') {
        TRY(end_cell(csv, err));
        return start_cell(csv, err);
    }
    if (byte == '\n') {
        TRY(end_cell(csv, err));
        return end_record(csv, err);
    }
    if (byte == '\r') {
        csv->cr_pending = true;
        return STATUS_OK;
    }
    if (csv->state == CSV_QUOTE_SEEN)
        return fail(csv, STATUS_BAD_INPUT, "text stands behind a closing quote", err);
    if (byte == '"' && csv->state == CSV_CELL_START) {
        csv->state = CSV_QUOTED;
        csv->any_quote = true;
        return STATUS_OK;
    }
    csv->state = CSV_PLAIN;
    return put_byte(csv, byte, err);
}

static enum status take_byte(struct csv *csv, uint8_t byte, struct error *err)
{
    if (byte == 0)
        return fail(csv, STATUS_BAD_INPUT, "a NUL byte: this is not a text file", err);
    if (csv->count == 0)
        TRY(start_cell(csv, err));
    if (csv->state == CSV_QUOTED) {
        if (byte != '"')
            return put_byte(csv, byte, err);
        csv->state = CSV_QUOTE_SEEN;
        return STATUS_OK;
    }
    if (csv->state == CSV_QUOTE_SEEN && byte == '"' && !csv->cr_pending) {
        csv->state = CSV_QUOTED;
        return put_byte(csv, byte, err);
    }
    if (csv->cr_pending && byte != '\n') {
        csv->cr_pending = false;
        if (csv->state == CSV_QUOTE_SEEN)
            return fail(csv, STATUS_BAD_INPUT, "text stands behind a closing quote", err);
        csv->state = CSV_PLAIN;
        TRY(put_byte(csv, '\r', err));
    }
    csv->cr_pending = false;
    return take_plain(csv, byte, err);
}

/* How many bytes in front of `in` are text of the cell and nothing else. */
static size_t text_ahead(const struct csv *csv, struct bytes in)
{
    bool quoted = csv->state == CSV_QUOTED;
    size_t size = 0;
    if ((!quoted && csv->state != CSV_PLAIN) || csv->count == 0 || csv->cr_pending)
        return 0;
    while (size < in.size && in.data[size] != 0 &&
           (quoted ? in.data[size] != '"'
                   : in.data[size] != ',' && in.data[size] != '\n' && in.data[size] != '\r'))
        size++;
    return size;
}

enum status csv_feed(struct csv *csv, struct bytes in, struct error *err)
{
    while (in.size > 0) {
        size_t size = text_ahead(csv, in);
        if (size > 0) {
            TRY(put_bytes(csv, bytes_of(in.data, size), err));
        } else {
            size = 1;
            TRY(take_byte(csv, in.data[0], err));
        }
        in = bytes_of(in.data + size, in.size - size);
    }
    return STATUS_OK;
}

enum status csv_end(struct csv *csv, struct error *err)
{
    if (csv->state == CSV_QUOTED)
        return fail(csv, STATUS_BAD_INPUT, "a quote is not closed", err);
    csv->cr_pending = false;
    if (csv->count == 0)
        return STATUS_OK;
    TRY(end_cell(csv, err));
    return end_record(csv, err);
}

/* ---- writing ---- */

static bool is_risky(uint8_t byte)
{
    return byte == '=' || byte == '+' || byte == '-' || byte == '@' || byte == '\t' ||
           byte == '\r' || byte == '\'';
}

static bool needs_quotes(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (strchr(",\"\r\n", text.data[i]))
            return true;
    return text.size > 0 && (text.data[0] == ' ' || text.data[text.size - 1] == ' ');
}

static enum status put_cell(struct buffer *out, const char *before, struct bytes text, bool first)
{
    if (!first)
        TRY(buffer_append(out, ",", 1));
    if (!needs_quotes(text)) {
        TRY(buffer_append_bytes(out, bytes_text(before)));
        return buffer_append_bytes(out, text);
    }
    TRY(buffer_append(out, "\"", 1));
    TRY(buffer_append_bytes(out, bytes_text(before)));
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"')
            TRY(buffer_append(out, "\"", 1));
        TRY(buffer_append(out, &text.data[i], 1));
    }
    return buffer_append(out, "\"", 1);
}

enum status csv_put(struct buffer *out, struct bytes text, bool first)
{
    return put_cell(out, "", text, first);
}

enum status csv_put_guarded(struct buffer *out, struct bytes text, bool first)
{
    return put_cell(
        out, text.size > 0 && is_risky(text.data[0]) && !MUTANT("t20-formula-unguarded") ? "'" : "",
        text, first);
}

enum status csv_put_end(struct buffer *out)
{
    return buffer_append(out, "\r\n", 2);
}

struct bytes csv_unguard(struct bytes text)
{
    if (text.size >= 2 && text.data[0] == '\'' && is_risky(text.data[1]) &&
        !MUTANT("t20-guard-stays"))
        return bytes_of(text.data + 1, text.size - 1);
    return text;
}
