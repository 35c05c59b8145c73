#include "common/schema_json.h"

#include <string.h>

#include "common/mutant.h"

#define NAME_BYTES_MAX 63

enum status object_check_keys(const json_t *json, const char *const *keys, struct error *err)
{
    if (!json_is_object(json))
        return error_set(err, STATUS_BAD_INPUT, "not a JSON object");
    /* jansson iterates through a pointer to non-const, but changes nothing. */
    json_t *object = json_incref((json_t *)(uintptr_t)json);
    enum status status = STATUS_OK;
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *key = json_object_iter_key(at);
        size_t i = 0;
        while (keys[i] && strcmp(keys[i], key) != 0)
            i++;
        if (!keys[i]) {
            status = error_set(err, STATUS_BAD_INPUT, "unknown key '%s'", key);
            break;
        }
    }
    json_decref(object);
    return status;
}

/* Labels and names go to terminals and pages: nothing below a space. */
static bool printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

enum status json_text(const json_t *json, const char *what, size_t bytes_max, char **text,
                      struct error *err)
{
    if (!json)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is missing", what);
    if (!json_is_string(json))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a text", what);
    size_t size = json_string_length(json);
    if (size == 0 || size > bytes_max)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is empty or longer than %zu bytes", what,
                         bytes_max);
    if (!printable(json_string_value(json)))
        return error_set(err, STATUS_BAD_INPUT, "'%s' has control characters", what);
    *text = strdup(json_string_value(json));
    return *text ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

enum status object_text(const json_t *object, const char *key, size_t bytes_max, char **text,
                        struct error *err)
{
    return json_text(json_object_get(object, key), key, bytes_max, text, err);
}

bool name_valid(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size > NAME_BYTES_MAX || name[0] < 'a' || name[0] > 'z')
        return false;
    if (MUTANT("t19-any-name"))
        return true;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

enum status object_name(const json_t *object, const char *key, char **name, struct error *err)
{
    if (!json_is_object(object))
        return error_set(err, STATUS_BAD_INPUT, "not a JSON object");
    TRY(object_text(object, key, NAME_BYTES_MAX, name, err));
    if (!name_valid(*name))
        return error_set(err, STATUS_BAD_INPUT,
                         "'%s' is no name: a-z, then a-z, 0-9 and _, at most 63", *name);
    return STATUS_OK;
}

enum status object_number(const json_t *object, const char *key, struct number_range range,
                          int64_t *number, struct error *err)
{
    const json_t *json = json_object_get(object, key);
    if (!json)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is missing", key);
    if (!json_is_integer(json))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a whole number", key);
    *number = json_integer_value(json);
    if (*number < range.min || *number > range.max)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not between %lld and %lld", key,
                         (long long)range.min, (long long)range.max);
    return STATUS_OK;
}

enum status object_flag(const json_t *object, const char *key, bool *flag, struct error *err)
{
    const json_t *json = json_object_get(object, key);
    if (json && !json_is_boolean(json))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is neither true nor false", key);
    *flag = json && json_is_true(json);
    return STATUS_OK;
}

enum status object_list(const json_t *object, const char *key, size_t count_max,
                        const json_t **list, struct error *err)
{
    const json_t *json = json_object_get(object, key);
    if (!json)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is missing", key);
    if (!json_is_array(json))
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a list", key);
    if (json_array_size(json) == 0)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is an empty list", key);
    if (json_array_size(json) > count_max)
        return error_set(err, STATUS_TOO_LARGE, "'%s' has more than %zu items", key, count_max);
    *list = json;
    return STATUS_OK;
}

enum status object_word(const json_t *object, const char *key, const char *(*word)(size_t),
                        size_t words_count, size_t *place, struct error *err)
{
    const json_t *json = json_object_get(object, key);
    if (!json)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is missing", key);
    const char *text = json_string_value(json);
    if (!text)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is not a text", key);
    for (size_t i = 0; i < words_count; i++)
        if (strcmp(word(i), text) == 0) {
            *place = i;
            return STATUS_OK;
        }
    return error_set(err, STATUS_BAD_INPUT, "unknown %s '%s'", key, text);
}
