#include "common/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>

#define QUIET 4

static bool is_dark(const QRcode *code, int row, int column)
{
    bool inside = row >= 0 && column >= 0 && row < code->width && column < code->width;
    return inside && (code->data[row * code->width + column] & 1);
}

/* Light modules are drawn, so that the picture reads well on a dark terminal. */
static const char *block(bool upper_dark, bool lower_dark)
{
    if (upper_dark)
        return lower_dark ? " " : "▄";
    return lower_dark ? "▀" : "█";
}

static enum status make(const char *text, QRcode **code, struct error *err)
{
    *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (*code)
        return STATUS_OK;
    return errno == ERANGE ? error_set(err, STATUS_TOO_LARGE, "the text is too long for a QR code")
                           : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

enum status qr_print(const char *text, FILE *out, struct error *err)
{
    QRcode *code;
    TRY(make(text, &code, err));
    for (int row = -QUIET; row < code->width + QUIET; row += 2) {
        for (int column = -QUIET; column < code->width + QUIET; column++)
            fputs(block(is_dark(code, row, column), is_dark(code, row + 1, column)), out);
        fputc('\n', out);
    }
    QRcode_free(code);
    return STATUS_OK;
}

enum status qr_modules(const char *text, struct buffer *out, struct error *err)
{
    QRcode *code;
    enum status status = STATUS_OK;
    TRY(make(text, &code, err));
    for (int row = 0; row < code->width; row++) {
        for (int column = 0; column < code->width && status == STATUS_OK; column++)
            status = buffer_append(out, is_dark(code, row, column) ? "1" : "0", 1);
        if (status == STATUS_OK)
            status = buffer_append(out, "\n", 1);
    }
    QRcode_free(code);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}
