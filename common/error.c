#include "common/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/messages.h"

const char *status_name(enum status status)
{
    static const char *const names[] = {
#define X(name, text) text,
        STATUS_LIST(X)
#undef X
    };
    return status >= 0 && status < STATUS_COUNT ? names[status] : "?";
}

/* A sentence that was cut must not end inside a character (RFC 3629). */
static void cut_at_character(char *text, size_t size)
{
    size_t length = strnlen(text, size);
    if (length + 1 < size)
        return;
    size_t at = length;
    while (at > 0 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
        at--;
    if (at == 0)
        return;
    unsigned char lead = (unsigned char)text[--at];
    size_t whole = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length - at < whole)
        text[at] = '\0';
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

enum status error_set(struct error *err, enum status status, const char *format, ...)
{
    if (!err)
        return status;
    char text[ERROR_TEXT_MAX]; /* an argument may be err->text itself */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, tr(format), arguments);
    va_end(arguments);
    cut_at_character(text, sizeof text);
    memcpy(err->text, text, sizeof text);
    err->status = status;
    return status;
}

enum status error_wrap(struct error *err, const char *format, ...)
{
    if (!err)
        return STATUS_BAD_INPUT;
    char context[ERROR_TEXT_MAX], text[ERROR_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof context, tr(format), arguments);
    va_end(arguments);
    if ((size_t)snprintf(text, sizeof text, tr("%s: %s"), context, err->text) >= sizeof text)
        cut_at_character(text, sizeof text);
    memcpy(err->text, text, sizeof text);
    return err->status;
}

#pragma GCC diagnostic pop

void error_clear(struct error *err)
{
    if (err)
        *err = (struct error){.status = STATUS_OK};
}
