#ifndef COMMON_SCHEMA_JSON_H
#define COMMON_SCHEMA_JSON_H

/* Typed reads from one JSON object, for schema_load.c alone.
 *
 * Each says which key is missing or of the wrong kind; the caller puts table and field in front.
 * STATUS_BAD_INPUT unless said otherwise. Objects are borrowed, texts are given. */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/* Is `json` an object with no other keys than these? `keys` ends with NULL. */
enum status object_check_keys(const json_t *json, const char *const *keys, struct error *err);

/* A text of 1..bytes_max bytes without control characters. STATUS_NO_MEMORY. */
enum status object_text(const json_t *object, const char *key, size_t bytes_max, char **text,
                        struct error *err);
/* The same for any JSON value; `what` names it in the sentence. */
enum status json_text(const json_t *json, const char *what, size_t bytes_max, char **text,
                      struct error *err);
/* A text that matches ^[a-z][a-z0-9_]{0,62}$. */
enum status object_name(const json_t *object, const char *key, char **name, struct error *err);
bool name_valid(const char *name);

struct number_range {
    int64_t min, max;
};
/* A whole number. */
enum status object_number(const json_t *object, const char *key, struct number_range range,
                          int64_t *number, struct error *err);
/* false when the key is absent. */
enum status object_flag(const json_t *object, const char *key, bool *flag, struct error *err);
/* A list of 1..count_max items. */
enum status object_list(const json_t *object, const char *key, size_t count_max,
                        const json_t **list, struct error *err);

/* One of the words of a list, by its place. */
enum status object_word(const json_t *object, const char *key, const char *(*word)(size_t),
                        size_t words_count, size_t *place, struct error *err);

#endif
