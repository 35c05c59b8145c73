#include "tests/support/spell.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"

#define DEPTH_MAX 16
#define ITEM_BYTES_MAX 4096

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void must_ok(enum status status)
{
    must(status == STATUS_OK);
}

/* ---- text to MessagePack ---- */

/* The array at hand: its items so far, and how many. */
struct level {
    struct buffer items;
    uint32_t count;
};

static size_t word_length(const char *text)
{
    return strcspn(text, " \n[]");
}

static const char *pack_text(const char *text, struct buffer *out)
{
    const char *end = strchr(text, '\'');
    must(end != NULL);
    must_ok(pack_str(out, bytes_of(text, (size_t)(end - text))));
    return end + 1;
}

static struct bytes read_hex(const char *digits, size_t length, uint8_t area[ITEM_BYTES_MAX])
{
    char word[2 * ITEM_BYTES_MAX + 1];
    must(length < sizeof word);
    memcpy(word, digits, length);
    word[length] = '\0';
    must(hex_decode(word, area, length / 2));
    return bytes_of(area, length / 2);
}

static bool is_word(const char *word, size_t length, const char *wanted)
{
    return strlen(wanted) == length && strncmp(word, wanted, length) == 0;
}

static void pack_word(const char *word, size_t length, struct buffer *out)
{
    uint8_t area[ITEM_BYTES_MAX];
    bool yes = is_word(word, length, "true");
    if (is_word(word, length, "nil")) {
        must_ok(pack_nil(out));
    } else if (yes || is_word(word, length, "false")) {
        must_ok(pack_bool(out, yes));
    } else if (word[0] == 'x') {
        must_ok(pack_bin(out, read_hex(word + 1, length - 1, area)));
    } else if (word[0] == 'r') {
        memset(area, atoi(word + 1), ID_BYTES);
        must_ok(pack_bin(out, bytes_of(area, ID_BYTES)));
    } else if (word[0] == '#') {
        must_ok(buffer_append_bytes(out, read_hex(word + 1, length - 1, area)));
    } else if (word[0] == '-') {
        must_ok(pack_int(out, strtoll(word, NULL, 10)));
    } else {
        must(word[0] >= '0' && word[0] <= '9');
        must_ok(pack_uint(out, strtoull(word, NULL, 10)));
    }
}

static void close_array(struct level *inner, struct level *outer)
{
    must_ok(pack_array(&outer->items, inner->count));
    must_ok(buffer_append_bytes(&outer->items, buffer_bytes(&inner->items)));
    outer->count++;
    buffer_release(&inner->items);
}

void spell_pack(const char *text, struct buffer *out)
{
    struct level levels[DEPTH_MAX] = {{{0}, 0}};
    size_t depth = 0;
    while (*(text += strspn(text, " \n"))) {
        if (*text == '[') {
            must(++depth < DEPTH_MAX);
            levels[depth] = (struct level){{0}, 0};
            text++;
        } else if (*text == ']') {
            must(depth > 0);
            close_array(&levels[depth], &levels[depth - 1]);
            depth--;
            text++;
        } else if (*text == '\'') {
            levels[depth].count++;
            text = pack_text(text + 1, &levels[depth].items);
        } else {
            levels[depth].count++;
            pack_word(text, word_length(text), &levels[depth].items);
            text += word_length(text);
        }
    }
    must(depth == 0);
    must_ok(buffer_append_bytes(out, buffer_bytes(&levels[0].items)));
    buffer_release(&levels[0].items);
}

/* ---- entries to text ---- */

__attribute__((format(printf, 2, 3))) static void say(struct buffer *out, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    must(length >= 0 && (size_t)length < sizeof text);
    must_ok(buffer_append(out, text, (size_t)length));
}

static void say_hex(struct buffer *out, struct bytes bytes)
{
    must_ok(buffer_reserve(out, 2 * bytes.size + 1));
    hex_encode(bytes, (char *)out->data + out->size);
    out->size += 2 * bytes.size;
}

static void say_field(struct buffer *out, const struct entry_view *view,
                      const struct op_field *field)
{
    char dot[DOT_TEXT_BYTES];
    say(out, "  %d = ", field->number);
    say_hex(out, field->value);
    for (uint32_t i = 0; i < field->bases_count; i++) {
        dot_format(&view->dots[field->bases_at + i], dot);
        say(out, "%s%s", i == 0 ? " replaces " : " ", dot);
    }
    say(out, "\n");
}

void spell_entry(const struct entry_view *view, struct buffer *out)
{
    const struct entry_head *head = &view->head;
    say(out, "time %" PRId64 " beacon %" PRIu64 " person ", head->time_ms, head->beacon);
    if (head->has_person)
        say_hex(out, bytes_of(head->person.bytes, ID_BYTES));
    else
        say(out, "none");
    say(out, " epoch %" PRIu32 "\n", head->epoch);
    for (size_t i = 0; i < view->ops_count; i++) {
        const struct op *op = &view->ops[i];
        say(out, "table %" PRIu32 " row ", op->table);
        say_hex(out, bytes_of(op->row.bytes, ID_BYTES));
        say(out, "\n");
        for (uint32_t j = 0; j < op->fields_count; j++)
            say_field(out, view, &view->fields[op->fields_at + j]);
    }
}

/* ---- entries written again ---- */

void spell_again(const struct entry_view *view, struct buffer *out)
{
    struct entry_writer writer = {0};
    must_ok(entry_writer_start(&writer, &view->feed, &view->head, NULL));
    for (size_t i = 0; i < view->ops_count; i++) {
        const struct op *op = &view->ops[i];
        must_ok(entry_writer_op(&writer, op->table, &op->row, NULL));
        for (uint32_t j = 0; j < op->fields_count; j++) {
            const struct op_field *field = &view->fields[op->fields_at + j];
            const struct dot *bases = field->bases_count ? view->dots + field->bases_at : NULL;
            must_ok(entry_writer_field(&writer, field->number, field->value, bases,
                                       field->bases_count, NULL));
        }
    }
    must_ok(entry_writer_finish(&writer, out, NULL));
    entry_writer_release(&writer);
}

/* What stands behind the header of the outermost array. */
static struct bytes elements(struct bytes body)
{
    struct unpack in = unpack_of(body);
    uint32_t count;
    must(unpack_array(&in, &count));
    return bytes_of(in.at, (size_t)(in.end - in.at));
}

bool spell_same(const struct entry_view *view, struct bytes body)
{
    struct buffer again = {0};
    spell_again(view, &again);
    struct bytes was = elements(body), is = elements(buffer_bytes(&again));
    bool same = is.size <= was.size && memcmp(is.data, was.data, is.size) == 0;
    buffer_release(&again);
    return same;
}
