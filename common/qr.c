#include "common/qr.h"

#include <errno.h>
#include <png.h>
#include <qrencode.h>
#include <stdbool.h>
#include <stdlib.h>

#define QUIET 4
#define SCALE 6 /* pixels of a module: a phone's camera reads it off a screen */

static bool is_dark(const QRcode *code, int row, int column)
{
    bool inside = row >= 0 && column >= 0 && row < code->width && column < code->width;
    return inside && (code->data[row * code->width + column] & 1);
}

/* Digits and capitals take less room than bytes. */
static enum status make(const char *text, QRcode **code, struct error *err)
{
    *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (*code)
        return STATUS_OK;
    return errno == ERANGE ? error_set(err, STATUS_TOO_LARGE, "the text is too long for a QR code")
                           : error_set(err, STATUS_NO_MEMORY, "out of memory");
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

/* ---- as a file ---- */

/* One byte a pixel, 0 is black. */
struct picture {
    unsigned width, height;
    uint8_t *pixels;
};

static enum status draw(const QRcode *code, struct picture *picture)
{
    int side = (code->width + 2 * QUIET) * SCALE;
    picture->width = picture->height = (unsigned)side;
    picture->pixels = malloc((size_t)side * (size_t)side);
    if (!picture->pixels)
        return STATUS_NO_MEMORY;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            picture->pixels[(size_t)y * (size_t)side + (size_t)x] =
                is_dark(code, y / SCALE - QUIET, x / SCALE - QUIET) ? 0 : 255;
    return STATUS_OK;
}

static enum status pack_png(const struct picture *picture, struct buffer *png)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = picture->width,
                       .height = picture->height,
                       .format = PNG_FORMAT_GRAY};
    png_alloc_size_t size = 0;
    if (!png_image_write_get_memory_size(image, size, 0, picture->pixels, 0, NULL))
        return STATUS_NO_MEMORY;
    TRY(buffer_reserve(png, size));
    if (!png_image_write_to_memory(&image, png->data + png->size, &size, 0, picture->pixels, 0,
                                   NULL))
        return STATUS_NO_MEMORY;
    png->size += size;
    return STATUS_OK;
}

enum status qr_png(const char *text, struct buffer *png, struct error *err)
{
    struct picture picture = {0};
    QRcode *code;
    TRY(make(text, &code, err));
    enum status status = draw(code, &picture);
    if (status == STATUS_OK)
        status = pack_png(&picture, png);
    QRcode_free(code);
    free(picture.pixels);
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}
