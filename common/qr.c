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

enum status qr_print(const char *text, FILE *out, struct error *err)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!code)
        return errno == ERANGE
                   ? error_set(err, STATUS_TOO_LARGE, "the text is too long for a QR code")
                   : error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (int row = -QUIET; row < code->width + QUIET; row += 2) {
        for (int column = -QUIET; column < code->width + QUIET; column++)
            fputs(block(is_dark(code, row, column), is_dark(code, row + 1, column)), out);
        fputc('\n', out);
    }
    QRcode_free(code);
    return STATUS_OK;
}
