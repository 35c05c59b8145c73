#include "common/search.h"

#include <stdlib.h>
#include <string.h>

#include "common/pinyin.h"

/* ---- words ---- */

static bool parts_words(uint32_t code)
{
    return code == ' ' || code == '\t' || code == '\n' || code == '\r' || code == 0x3000;
}

/* Full-width letters and digits are what a Chinese keyboard gives now and then. */
static uint32_t plain(uint32_t code)
{
    if (code >= 0xff01 && code <= 0xff5e)
        code -= 0xff01 - '!';
    return code >= 'A' && code <= 'Z' ? code - 'A' + 'a' : code;
}

void search_start(struct search *search, struct bytes query)
{
    size_t used = 0;
    bool within = false;
    *search = (struct search){.words_count = 0};
    while (query.size > 0) {
        const uint8_t *from = query.data;
        uint32_t code = plain(pinyin_take(&query));
        size_t size = (size_t)(query.data - from);
        if (parts_words(code)) {
            within = false;
            continue;
        }
        if (used + size > sizeof search->text ||
            (!within && search->words_count == SEARCH_WORDS_MAX))
            break;
        if (!within)
            search->words[search->words_count++] = bytes_of(search->text + used, 0);
        within = true;
        struct bytes *word = &search->words[search->words_count - 1];
        if (code < 0x80) {
            search->text[used] = (char)code;
            size = 1;
        } else {
            memcpy(search->text + used, from, size);
        }
        search->reads[search->words_count - 1] |= code >= 'a' && code <= 'z';
        used += size;
        word->size += size;
    }
}

/* ---- finding ---- */

static bool holds_letters(struct bytes text, struct bytes word)
{
    for (size_t at = 0; at + word.size <= text.size; at++) {
        size_t same = 0;
        while (same < word.size && plain(text.data[at + same]) == word.data[same])
            same++;
        if (same == word.size)
            return true;
    }
    return false;
}

bool search_finds(const struct search *search, size_t at, struct bytes text, bool name)
{
    struct bytes word = search->words[at];
    if (!search->reads[at])
        return memmem(text.data, text.size, word.data, word.size) != NULL;
    return holds_letters(text, word) || (name && pinyin_names(text, word));
}

static bool finds(const struct search *search, int count, sqlite3_value **texts)
{
    unsigned found = 0, all = (1u << search->words_count) - 1;
    for (int i = 0; i < count && found != all; i++) {
        if (sqlite3_value_type(texts[i]) != SQLITE_TEXT)
            continue;
        struct bytes text = bytes_text((const char *)sqlite3_value_text(texts[i]));
        for (size_t w = 0; w < search->words_count; w++)
            if (!(found >> w & 1) && search_finds(search, w, text, i == 0))
                found |= 1u << w;
    }
    return found == all;
}

static void run_search(sqlite3_context *context, int count, sqlite3_value **values)
{
    struct search *search = sqlite3_get_auxdata(context, 0);
    struct search *made = NULL;
    if (!search) {
        const char *query = (const char *)sqlite3_value_text(values[0]);
        search = made = malloc(sizeof *made);
        if (!made) {
            sqlite3_result_error_nomem(context);
            return;
        }
        search_start(made, bytes_text(query ? query : ""));
    }
    sqlite3_result_int(context, finds(search, count - 1, values + 1));
    if (made)
        sqlite3_set_auxdata(context, 0, made, free); /* also when it is freed at once */
}

enum status search_register(sqlite3 *database, struct error *err)
{
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    int code = sqlite3_create_function_v2(database, "_search", -1, flags, NULL, run_search, NULL,
                                          NULL, NULL);
    if (code != SQLITE_OK)
        return error_set(err, STATUS_STORAGE, "cannot prepare the search: %s",
                         sqlite3_errmsg(database));
    return STATUS_OK;
}
