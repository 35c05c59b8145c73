#ifndef COMMON_MESSAGES_H
#define COMMON_MESSAGES_H

/* The one catalogue of sentences for people, zh-CN and English.
 *
 * An English printf format is the key. messages.c holds one table {English, Chinese}; both formats
 * take the same arguments (Chinese may reorder them with %1$s). A test collects every format given
 * to error_set, error_wrap and tr() in the sources and fails when one has no translation. */

#include <stddef.h>

enum language { LANGUAGE_ZH, LANGUAGE_EN };

/* Process-wide; set once by main(). LANGUAGE_EN until set, so that logs stay English. */
void language_set(enum language language);
enum language language_get(void);

/* For this thread alone, until language_end: one of several people asks, while logs go on in the
 * process's language. */
void language_begin(enum language language);
void language_end(void);

/* From --lang or LANG/LC_ALL: "en…" is English, all else (also unset and "C") is Chinese. */
enum language language_from_name(const char *name);

/* The format in the process's language; `english` itself when there is no translation. */
const char *tr(const char *english) __attribute__((format_arg(1)));

/* The translation, or NULL: for the test that looks for gaps, and for retell.h. */
const char *messages_find_chinese(const char *english);
/* The English formats, one after the other; NULL behind the last. */
const char *messages_at(size_t index);

#endif
