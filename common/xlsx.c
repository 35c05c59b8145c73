#include "common/xlsx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "common/file.h"

#define PATH_BYTES 4096
#define SHEET_NAME_CHARACTERS 31
#define SHARED_MEMORY "/dev/shm/"

struct xlsx {
    lxw_workbook *workbook;
    lxw_worksheet *sheet;
    lxw_format *bold, *decimals;
    lxw_row_t row;
    lxw_col_t column;
    char file[PATH_BYTES];
    char part[PATH_BYTES];
    char folder[PATH_BYTES];
    int memory; /* the file, when it is made there; else -1 */
};

/* The format refuses []:*?/\ and more than 31 characters. */
static void clean_name(const char *name, char out[SHEET_NAME_CHARACTERS * 4 + 1])
{
    size_t size = 0, characters = 0;
    for (; *name; name++) {
        bool first = ((unsigned char)*name & 0xc0) != 0x80;
        if (first && characters++ == SHEET_NAME_CHARACTERS)
            break;
        out[size++] = strchr("[]:*?/\\'", *name) ? '_' : *name;
    }
    out[size] = '\0';
}

static enum status set_paths(struct xlsx *xlsx, const char *file, struct error *err)
{
    const char *slash = strrchr(file, '/');
    size_t folder = slash ? (size_t)(slash - file) + 1 : 0;
    if (strlen(file) + sizeof ".part" > PATH_BYTES)
        return error_set(err, STATUS_TOO_LARGE, "the path '%.100s' is too long", file);
    snprintf(xlsx->file, PATH_BYTES, "%s", file);
    snprintf(xlsx->part, PATH_BYTES, "%.*s.part", PATH_BYTES - 6, file);
    snprintf(xlsx->folder, PATH_BYTES, "%.*s", folder ? (int)folder : 2, folder ? file : "./");
    return STATUS_OK;
}

/* Its paths are set; takes it. */
static enum status begin(struct xlsx *xlsx, struct xlsx **out, const char *sheet, struct error *err)
{
    char name[SHEET_NAME_CHARACTERS * 4 + 1];
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = xlsx->folder};
    xlsx->workbook = workbook_new_opt(xlsx->part, &options);
    clean_name(sheet, name);
    xlsx->sheet = xlsx->workbook ? workbook_add_worksheet(xlsx->workbook, name) : NULL;
    if (!xlsx->sheet) {
        error_set(err, STATUS_STORAGE, "cannot begin a spreadsheet in '%.120s'", xlsx->file);
        xlsx_abandon(xlsx);
        return STATUS_STORAGE;
    }
    xlsx->bold = workbook_add_format(xlsx->workbook);
    xlsx->decimals = workbook_add_format(xlsx->workbook);
    format_set_bold(xlsx->bold);
    format_set_num_format(xlsx->decimals, "0.00");
    worksheet_freeze_panes(xlsx->sheet, 1, 0);
    *out = xlsx;
    return STATUS_OK;
}

enum status xlsx_open(struct xlsx **out, const char *file, const char *sheet, struct error *err)
{
    struct xlsx *xlsx = calloc(1, sizeof *xlsx);
    *out = NULL;
    if (!xlsx)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    xlsx->memory = -1;
    if (set_paths(xlsx, file, err) != STATUS_OK) {
        free(xlsx);
        return STATUS_TOO_LARGE;
    }
    return begin(xlsx, out, sheet, err);
}

enum status xlsx_open_memory(struct xlsx **out, const char *sheet, struct error *err)
{
    struct xlsx *xlsx = calloc(1, sizeof *xlsx);
    *out = NULL;
    if (!xlsx)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    xlsx->memory = memfd_create("spreadsheet", MFD_CLOEXEC);
    if (xlsx->memory < 0) {
        free(xlsx);
        return error_set(err, STATUS_STORAGE, "cannot begin a spreadsheet in '%.120s'", "memory");
    }
    snprintf(xlsx->file, PATH_BYTES, "memory");
    snprintf(xlsx->part, PATH_BYTES, "/proc/self/fd/%d", xlsx->memory);
    snprintf(xlsx->folder, PATH_BYTES, SHARED_MEMORY);
    return begin(xlsx, out, sheet, err);
}

static enum status check(const struct xlsx *xlsx, lxw_error code, struct error *err)
{
    if (code == LXW_NO_ERROR)
        return STATUS_OK;
    return error_set(err, STATUS_TOO_LARGE, "row %u of the spreadsheet: %s", xlsx->row + 1,
                     lxw_strerror(code));
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* Control characters are spelled _x000D_ in this format, and what looks so by chance gets _x005F_
 * for its first stroke. */
static enum status spell(struct buffer *out, const char *text)
{
    char spelled[16];
    for (; *text; text++) {
        bool control = (unsigned char)*text < 0x20 && *text != '\t' && *text != '\n';
        bool alike = text[0] == '_' && text[1] == 'x' && is_hex(text[2]) && is_hex(text[3]) &&
                     is_hex(text[4]) && is_hex(text[5]) && text[6] == '_';
        if (control || alike) {
            snprintf(spelled, sizeof spelled, "_x%04X_", (unsigned)(unsigned char)*text);
            TRY(buffer_append_bytes(out, bytes_text(spelled)));
        } else {
            TRY(buffer_append(out, text, 1));
        }
    }
    return buffer_append(out, "", 1);
}

enum status xlsx_text(struct xlsx *xlsx, const char *text, bool heading, struct error *err)
{
    struct buffer spelled = {0};
    lxw_col_t column = xlsx->column++;
    lxw_format *format = heading ? xlsx->bold : NULL;
    if (!*text)
        return STATUS_OK;
    enum status status = spell(&spelled, text);
    const char *ready = (const char *)spelled.data;
    if (status != STATUS_OK)
        error_set(err, status, "out of memory");
    else
        status =
            check(xlsx, worksheet_write_string(xlsx->sheet, xlsx->row, column, ready, format), err);
    buffer_release(&spelled);
    return status;
}

enum status xlsx_number(struct xlsx *xlsx, double number, int decimals, struct error *err)
{
    return check(xlsx,
                 worksheet_write_number(xlsx->sheet, xlsx->row, xlsx->column++, number,
                                        decimals ? xlsx->decimals : NULL),
                 err);
}

enum status xlsx_next_row(struct xlsx *xlsx, struct error *err)
{
    if (xlsx->row + 1 >= XLSX_ROWS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "more than %d rows", XLSX_ROWS_MAX);
    xlsx->row++;
    xlsx->column = 0;
    return STATUS_OK;
}

static enum status put_in_place(const struct xlsx *xlsx, struct error *err)
{
    int part = open(xlsx->part, O_RDONLY | O_CLOEXEC);
    bool synced = part >= 0 && fsync(part) == 0;
    if (part >= 0)
        close(part);
    if (!synced || rename(xlsx->part, xlsx->file) != 0)
        return file_cannot_write(xlsx->file, err);
    return STATUS_OK;
}

static enum status close_workbook(struct xlsx *xlsx, struct error *err)
{
    lxw_error code = workbook_close(xlsx->workbook);
    xlsx->workbook = NULL;
    if (code == LXW_NO_ERROR)
        return STATUS_OK;
    return error_set(err, file_status(errno), "cannot write '%s': %s", xlsx->file,
                     lxw_strerror(code));
}

static enum status read_all(int file, struct buffer *out, struct error *err)
{
    uint8_t area[16384];
    ssize_t got = lseek(file, 0, SEEK_SET) == 0 ? 1 : -1;
    while (got > 0) {
        got = read(file, area, sizeof area);
        if (got > 0 && buffer_append(out, area, (size_t)got) != STATUS_OK)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    return got == 0 ? STATUS_OK : file_cannot_write("memory", err);
}

enum status xlsx_take(struct xlsx *xlsx, struct buffer *out, struct error *err)
{
    enum status status = close_workbook(xlsx, err);
    if (status == STATUS_OK)
        status = read_all(xlsx->memory, out, err);
    xlsx_abandon(xlsx);
    return status;
}

enum status xlsx_save(struct xlsx *xlsx, struct error *err)
{
    unlink(xlsx->part); /* what a broken export left */
    enum status status = close_workbook(xlsx, err);
    if (status == STATUS_OK)
        status = put_in_place(xlsx, err);
    if (status != STATUS_OK)
        unlink(xlsx->part);
    free(xlsx);
    return status;
}

void xlsx_abandon(struct xlsx *xlsx)
{
    if (!xlsx)
        return;
    if (xlsx->workbook)
        lxw_workbook_free(xlsx->workbook);
    if (xlsx->memory >= 0)
        close(xlsx->memory);
    free(xlsx);
}
