#include "common/question_joined.h"

#include <stdlib.h>

#include "common/array.h"
#include "common/bytes.h"

struct item {
    size_t at; /* in `bytes`: the text, and behind it the tie */
    size_t text_size, tie_size;
};

struct joined {
    struct buffer bytes, separator;
    struct item *items;
    size_t count, capacity;
    int64_t most;
};

static struct bytes value_bytes(sqlite3_value *value)
{
    const void *data = sqlite3_value_blob(value);
    return bytes_of(data, (size_t)sqlite3_value_bytes(value));
}

static void step(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct joined *joined = sqlite3_aggregate_context(context, sizeof *joined);
    (void)count;
    if (sqlite3_value_type(values[2]) == SQLITE_NULL)
        return;
    struct item *items =
        joined ? array_grow(joined->items, joined->count, &joined->capacity, sizeof *items) : NULL;
    if (!items) {
        sqlite3_result_error_nomem(context);
        return;
    }
    struct bytes text = value_bytes(values[2]), tie = value_bytes(values[3]);
    joined->items = items;
    items[joined->count] = (struct item){joined->bytes.size, text.size, tie.size};
    enum status status = STATUS_OK;
    if (joined->count == 0) {
        joined->most = sqlite3_value_int64(values[1]);
        status = buffer_append_bytes(&joined->separator, value_bytes(values[0]));
    }
    if (status == STATUS_OK)
        status = buffer_append_bytes(&joined->bytes, text);
    if (status == STATUS_OK)
        status = buffer_append_bytes(&joined->bytes, tie);
    if (status != STATUS_OK)
        sqlite3_result_error_nomem(context);
    else
        joined->count++;
}

static int in_order(const void *a, const void *b, void *data)
{
    const uint8_t *bytes = data;
    const struct item *left = a, *right = b;
    int order = bytes_compare(bytes_of(bytes + left->at, left->text_size),
                              bytes_of(bytes + right->at, right->text_size));
    if (order != 0)
        return order;
    return bytes_compare(bytes_of(bytes + left->at + left->text_size, left->tie_size),
                         bytes_of(bytes + right->at + right->text_size, right->tie_size));
}

static enum status join(const struct joined *joined, struct buffer *text)
{
    for (size_t i = 0; i < joined->count && (int64_t)i < joined->most; i++) {
        const struct item *item = &joined->items[i];
        if (i > 0)
            TRY(buffer_append_bytes(text, buffer_bytes(&joined->separator)));
        TRY(buffer_append(text, joined->bytes.data + item->at, item->text_size));
    }
    return STATUS_OK;
}

static void final(sqlite3_context *context)
{
    struct buffer text = {0};
    struct joined *joined = sqlite3_aggregate_context(context, 0);
    if (!joined)
        return;
    if (joined->count > 0)
        qsort_r(joined->items, joined->count, sizeof *joined->items, in_order, joined->bytes.data);
    if (join(joined, &text) != STATUS_OK)
        sqlite3_result_error_nomem(context);
    else if (joined->count > 0)
        sqlite3_result_text64(context, text.data ? (const char *)text.data : "", text.size,
                              SQLITE_TRANSIENT, SQLITE_UTF8);
    buffer_release(&text);
    buffer_release(&joined->bytes);
    buffer_release(&joined->separator);
    free(joined->items);
}

enum status question_joined_open(sqlite3 *database, struct error *err)
{
    if (sqlite3_create_function(database, "_joined", 4, SQLITE_UTF8, NULL, NULL, step, final) !=
        SQLITE_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    return STATUS_OK;
}

void question_joined_close(sqlite3 *database)
{
    sqlite3_create_function(database, "_joined", 4, SQLITE_UTF8, NULL, NULL, NULL, NULL);
}
