/* The CSV parser on any bytes: fed whole or byte by byte it says the same, and what it read is read
 * again from what csv_put writes of it. */

#include <stdlib.h>
#include <string.h>

#include "common/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Writes each record again: the canonical form of what was read. */
static enum status rewrite(void *context, const struct csv_record *record, struct error *err)
{
    struct buffer *out = context;
    (void)err;
    bool blank = record->count == 1 && record->cells[0].size == 0;
    for (size_t i = 0; i < record->count; i++)
        must(csv_put(out, record->cells[i], i == 0) == STATUS_OK);
    if (blank) /* else it would be an empty line */
        must(buffer_append(out, "\"\"", 2) == STATUS_OK);
    must(csv_put_end(out) == STATUS_OK);
    return STATUS_OK;
}

static enum status parse(struct bytes in, size_t step, struct buffer *out)
{
    struct csv csv = {.take = rewrite, .context = out};
    enum status status = STATUS_OK;
    for (size_t at = 0; at < in.size && status == STATUS_OK; at += step) {
        size_t left = in.size - at;
        status = csv_feed(&csv, bytes_of(in.data + at, left < step ? left : step), NULL);
    }
    if (status == STATUS_OK)
        status = csv_end(&csv, NULL);
    csv_release(&csv);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    struct buffer whole = {0}, bytewise = {0}, again = {0};
    enum status status = parse(in, size + 1, &whole);
    must(status == parse(in, 1, &bytewise));
    must(bytes_equal(buffer_bytes(&whole), buffer_bytes(&bytewise)));
    if (status == STATUS_OK && whole.size < CSV_RECORD_BYTES_MAX / 2) {
        must(parse(buffer_bytes(&whole), 7, &again) == STATUS_OK);
        must(bytes_equal(buffer_bytes(&whole), buffer_bytes(&again)));
    }
    buffer_release(&whole);
    buffer_release(&bytewise);
    buffer_release(&again);
    return 0;
}
