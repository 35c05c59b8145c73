#ifndef COMMON_PINYIN_H
#define COMMON_PINYIN_H

/* How Chinese characters are read in Mandarin, without tones, and whether what somebody typed is
 * such a reading of a name.
 *
 * The table is made from the Unihan database when the program is built (cmake/pinyin.py). A
 * character has all its readings, so a surname is found under its own (单 shan, 仇 qiu, 曾 zeng)
 * as well as under the common one: who looks for a person must not have to know which it is. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"

#define PINYIN_QUERY_BYTES_MAX 63

/* The readings of one character; gives how many there are, of which `readings` gets the first
 * `most`. They ascend. */
size_t pinyin_readings(uint32_t character, const char **readings, size_t most);

/* Does `query` name consecutive characters of `text`? Each is typed as itself, as a whole reading
 * or as its initials (zh, ch and sh also as z, c and s); the last one may be cut short. `query` is
 * lower-case and without spaces; one that is empty or longer than PINYIN_QUERY_BYTES_MAX names
 * nothing. Latin letters of `text` stand for themselves, in either case. */
bool pinyin_names(struct bytes text, struct bytes query);

/* Could two texts be the same name, heard? As many characters, and each pair shares a reading or is
 * the same; spaces don't count. */
bool pinyin_sounds_alike(struct bytes a, struct bytes b);

/* Takes one character off the front of UTF-8; 0 at the end. A broken byte counts as itself. */
uint32_t pinyin_take(struct bytes *text);

#endif
