/* Sheets of any bytes: CSV in any encoding, ZIP files of any kind. What is read stays within its
 * bounds, and is read alike twice. */

#include <stdlib.h>
#include <string.h>

#include "common/sheet_xlsx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void same_row(const struct sheet_row *a, const struct sheet_row *b)
{
    must(a->number == b->number && a->count == b->count && a->count <= CSV_CELLS_MAX);
    for (size_t i = 0; i < a->count; i++)
        must(strcmp(a->cells[i], b->cells[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sheet once, again;
    struct error err = {0};
    enum status status = sheet_parse(&once, bytes_of(data, size), &err);
    must(status == sheet_parse(&again, bytes_of(data, size), NULL));
    must((status == STATUS_OK) == (*err.text == '\0'));
    if (status == STATUS_OK) {
        same_row(&once.heading, &again.heading);
        must(once.count == again.count && once.count <= SHEET_ROWS_MAX);
        for (size_t i = 0; i < once.count; i++) {
            must(i == 0 || once.rows[i].number > once.rows[i - 1].number);
            same_row(&once.rows[i], &again.rows[i]);
        }
    }
    sheet_release(&once);
    sheet_release(&again);
    return 0;
}
