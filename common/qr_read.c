#include "common/qr_read.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>
#include <zbar.h>

/* One byte a pixel, 0 is black. */
struct picture {
    unsigned width, height;
    uint8_t *pixels;
};

static bool is_png(struct bytes file)
{
    return file.size > 8 && memcmp(file.data, "\x89PNG\r\n\x1a\n", 8) == 0;
}

static bool is_jpeg(struct bytes file)
{
    return file.size > 3 && memcmp(file.data, "\xff\xd8\xff", 3) == 0;
}

bool qr_is_picture(struct bytes file)
{
    return is_png(file) || is_jpeg(file);
}

static bool make_room(struct picture *picture, unsigned width, unsigned height)
{
    if (width == 0 || height == 0 || width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX)
        return false;
    *picture = (struct picture){width, height, malloc((size_t)width * height)};
    return picture->pixels != NULL;
}

static bool open_png(struct bytes file, struct picture *picture)
{
    static const png_color white = {255, 255, 255};
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, file.data, file.size))
        return false;
    image.format = PNG_FORMAT_GRAY;
    bool good = make_room(picture, image.width, image.height) &&
                png_image_finish_read(&image, &white, picture->pixels, 0, NULL);
    png_image_free(&image);
    return good;
}

static bool open_jpeg(struct bytes file, struct picture *picture)
{
    int width, height, sampling, colours;
    tjhandle handle = tjInitDecompress();
    bool good = handle &&
                tjDecompressHeader3(handle, file.data, file.size, &width, &height, &sampling,
                                    &colours) == 0 &&
                width > 0 && height > 0 && make_room(picture, (unsigned)width, (unsigned)height) &&
                tjDecompress2(handle, file.data, file.size, picture->pixels, width, 0, height,
                              TJPF_GRAY, TJFLAG_STOPONWARNING) == 0;
    if (handle)
        tjDestroy(handle);
    return good;
}

/* A code that stands in the picture twice is given twice. */
static enum status each_text(const zbar_image_t *image,
                             enum status (*take)(void *context, struct bytes text,
                                                 struct error *err),
                             void *context, struct error *err)
{
    const zbar_symbol_t *symbol = zbar_image_first_symbol(image);
    if (!symbol)
        return error_set(err, STATUS_NOT_FOUND, "no QR code is to be seen in the picture");
    for (; symbol; symbol = zbar_symbol_next(symbol))
        TRY(take(context,
                 bytes_of(zbar_symbol_get_data(symbol), zbar_symbol_get_data_length(symbol)), err));
    return STATUS_OK;
}

static enum status scan(const struct picture *picture,
                        enum status (*take)(void *context, struct bytes text, struct error *err),
                        void *context, struct error *err)
{
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    zbar_image_t *image = zbar_image_create();
    enum status status = STATUS_NO_MEMORY;
    if (scanner && image) {
        zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0);
        zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
        zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
        zbar_image_set_size(image, picture->width, picture->height);
        zbar_image_set_data(image, picture->pixels, (unsigned long)picture->width * picture->height,
                            NULL);
        status = zbar_scan_image(scanner, image) < 0 ? STATUS_NO_MEMORY : STATUS_OK;
    }
    if (status == STATUS_OK)
        status = each_text(image, take, context, err);
    else
        error_set(err, status, "out of memory");
    if (image)
        zbar_image_destroy(image);
    if (scanner)
        zbar_image_scanner_destroy(scanner);
    return status;
}

enum status qr_read(struct bytes file,
                    enum status (*take)(void *context, struct bytes text, struct error *err),
                    void *context, struct error *err)
{
    struct picture picture = {0};
    bool good = file.size <= PICTURE_BYTES_MAX && (is_png(file)    ? open_png(file, &picture)
                                                   : is_jpeg(file) ? open_jpeg(file, &picture)
                                                                   : false);
    enum status status = good ? scan(&picture, take, context, err)
                              : error_set(err, STATUS_BAD_INPUT,
                                          "this is no picture (PNG or JPEG) that can be read");
    free(picture.pixels);
    return status;
}
