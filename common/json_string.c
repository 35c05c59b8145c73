#include "common/json_string.h"

#include <stdio.h>
#include <string.h>

static enum status put_escape(struct buffer *out, uint8_t byte)
{
    static const char plain[] = "\"\\\b\f\n\r\t", named[] = "\"\\bfnrt";
    const char *at = memchr(plain, byte, sizeof plain - 1);
    char escape[8];
    if (at)
        snprintf(escape, sizeof escape, "\\%c", named[at - plain]);
    else
        snprintf(escape, sizeof escape, "\\u%04X", byte);
    return buffer_append_bytes(out, bytes_text(escape));
}

enum status json_string_put(struct buffer *out, struct bytes text)
{
    TRY(buffer_append(out, "\"", 1));
    while (text.size > 0) {
        size_t size = 0;
        while (size < text.size && text.data[size] >= 0x20 && text.data[size] != '"' &&
               text.data[size] != '\\')
            size++;
        TRY(buffer_append_bytes(out, bytes_of(text.data, size)));
        if (size < text.size)
            TRY(put_escape(out, text.data[size++]));
        text = bytes_of(text.data + size, text.size - size);
    }
    return buffer_append(out, "\"", 1);
}
