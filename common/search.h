#ifndef COMMON_SEARCH_H
#define COMMON_SEARCH_H

/* Finding rows by what people type into a search box, as a function of SQL.
 *
 * _search(QUERY, NAME, TEXT…) is 1 when each word of QUERY stands somewhere: its characters within
 * any of the texts (Latin letters in either case, the tail of a phone number), or the name read
 * aloud: 李小明 is found by "lixiaoming", "lxm", "li xm" and "李xm". Only texts are looked at. A
 * query without any word finds every row. There is no index to keep: a scan of 50,000 people takes
 * some ten milliseconds (tests/bench). */

#include <sqlite3.h>

#include "common/bytes.h"

#define SEARCH_QUERY_BYTES_MAX 256
#define SEARCH_WORDS_MAX 8

/* A query cut into words, lower-case; what is beyond the limits is ignored. */
struct search {
    char text[SEARCH_QUERY_BYTES_MAX];
    struct bytes words[SEARCH_WORDS_MAX];
    bool reads[SEARCH_WORDS_MAX]; /* holds a Latin letter: may be a reading */
    size_t words_count;
};

void search_start(struct search *search, struct bytes query);
/* Does the text hold word `word`? `name`: may it be a reading as well? */
bool search_finds(const struct search *search, size_t word, struct bytes text, bool name);

/* Adds the function to a connection. STATUS_STORAGE. */
enum status search_register(sqlite3 *database, struct error *err);

#endif
