#include "common/passphrase.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/mutant.h"

#define BYTES_MAX SECRET_FILE_BYTES_MAX

struct passphrase {
    size_t size;
    char text[BYTES_MAX + 1];
};

struct bytes passphrase_bytes(const struct passphrase *passphrase)
{
    return bytes_of(passphrase->text, passphrase->size);
}

const char *passphrase_text(const struct passphrase *passphrase)
{
    return passphrase->text;
}

void passphrase_free(struct passphrase *passphrase)
{
    sodium_free(passphrase);
}

static enum status passphrase_new(struct passphrase **passphrase, struct error *err)
{
    *passphrase = sodium_malloc(sizeof **passphrase);
    if (!*passphrase)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    (*passphrase)->size = 0;
    return STATUS_OK;
}

/* ---- files ---- */

static enum status read_all(struct passphrase *passphrase, const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0 && passphrase->size < BYTES_MAX) {
        got = read(fd, passphrase->text + passphrase->size, BYTES_MAX - passphrase->size);
        passphrase->size += got > 0 ? (size_t)got : 0;
    }
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return error_set(err, code == ENOENT ? STATUS_NOT_FOUND : STATUS_STORAGE,
                         "cannot read '%.120s': %s", path, strerror(code));
    passphrase->text[passphrase->size] = '\0';
    return STATUS_OK;
}

static enum status check_size(const struct passphrase *passphrase, const char *from,
                              struct error *err)
{
    if (passphrase->size == 0)
        return error_set(err, STATUS_BAD_INPUT, "'%.120s' gives an empty passphrase", from);
    if (passphrase->size > PASSPHRASE_BYTES_MAX || strlen(passphrase->text) != passphrase->size)
        return error_set(err, STATUS_BAD_INPUT,
                         "the passphrase of '%.120s' is longer than %d bytes", from,
                         PASSPHRASE_BYTES_MAX);
    return STATUS_OK;
}

static enum status kept(struct passphrase **out, struct passphrase *made, enum status status)
{
    if (status != STATUS_OK) {
        passphrase_free(made);
        made = NULL;
    }
    *out = made;
    return status;
}

enum status passphrase_from_file(struct passphrase **passphrase, const char *path,
                                 struct error *err)
{
    struct passphrase *made;
    *passphrase = NULL;
    TRY(passphrase_new(&made, err));
    enum status status = read_all(made, path, err);
    if (status == STATUS_OK) {
        made->size = strcspn(made->text, "\r\n");
        made->text[made->size] = '\0';
        status = check_size(made, path, err);
    }
    return kept(passphrase, made, status);
}

enum status passphrase_from_key_file(struct passphrase **key, const char *path, struct error *err)
{
    struct passphrase *made;
    *key = NULL;
    TRY(passphrase_new(&made, err));
    enum status status = read_all(made, path, err);
    if (status == STATUS_OK && (made->size < 32 || made->size >= BYTES_MAX))
        status = error_set(err, STATUS_BAD_INPUT, "the key file '%.120s' needs 32 to %d bytes",
                           path, BYTES_MAX - 1);
    return kept(key, made, status);
}

/* ---- texts ---- */

static enum status copy(struct passphrase **passphrase, const char *text, const char *from,
                        struct error *err)
{
    struct passphrase *made;
    size_t size = strlen(text);
    *passphrase = NULL;
    TRY(passphrase_new(&made, err));
    made->size = size <= PASSPHRASE_BYTES_MAX ? size : PASSPHRASE_BYTES_MAX + 1;
    memcpy(made->text, text, made->size);
    made->text[made->size] = '\0';
    return kept(passphrase, made, check_size(made, from, err));
}

enum status passphrase_from_text(struct passphrase **passphrase, const char *text,
                                 struct error *err)
{
    return copy(passphrase, text, "request", err);
}

enum status passphrase_from_environment(struct passphrase **passphrase, const char *name,
                                        struct error *err)
{
    char *value = getenv(name);
    *passphrase = NULL;
    if (!value || !*value)
        return STATUS_OK;
    enum status status = copy(passphrase, value, name, err);
    if (!MUTANT("t31-passphrase-stays-in-environment")) {
        sodium_memzero(value, strlen(value));
        unsetenv(name);
    }
    return status;
}

/* ---- the terminal ---- */

bool passphrase_can_ask(void)
{
    return isatty(STDIN_FILENO) == 1;
}

/* Without echo. The interrupt key ends the line instead of the program, which couldn't turn the
 * echo on again. */
static bool go_silent(struct termios *before, char *interrupt)
{
    struct termios silent;
    if (tcgetattr(STDIN_FILENO, before) != 0)
        return false;
    silent = *before;
    *interrupt = (char)before->c_cc[VINTR];
    silent.c_lflag &= (tcflag_t) ~(ECHO | ECHOE | ECHOK | ISIG);
    silent.c_lflag |= ECHONL | ICANON;
    silent.c_cc[VEOL] = before->c_cc[VINTR];
    return tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
}

static enum status read_line(struct passphrase *passphrase, char interrupt, struct error *err)
{
    char next = 0;
    ssize_t got;
    while ((got = read(STDIN_FILENO, &next, 1)) == 1 && next != '\n' && next != '\r') {
        if (interrupt && next == interrupt)
            return error_set(err, STATUS_BAD_INPUT, "broken off");
        if (passphrase->size < BYTES_MAX)
            passphrase->text[passphrase->size++] = next;
    }
    passphrase->text[passphrase->size] = '\0';
    if (got < 0)
        return error_set(err, STATUS_STORAGE, "cannot read from the terminal: %s", strerror(errno));
    return STATUS_OK;
}

enum status passphrase_ask(struct passphrase **passphrase, const char *prompt, struct error *err)
{
    struct passphrase *made;
    struct termios before;
    char interrupt = 0;
    *passphrase = NULL;
    TRY(passphrase_new(&made, err));
    fprintf(stderr, "%s", prompt);
    fflush(stderr);
    enum status status = STATUS_OK;
    if (!go_silent(&before, &interrupt))
        status =
            error_set(err, STATUS_STORAGE, "cannot read from the terminal: %s", strerror(errno));
    if (status == STATUS_OK) {
        status = read_line(made, interrupt, err);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    }
    if (status == STATUS_OK)
        status = check_size(made, "terminal", err);
    return kept(passphrase, made, status);
}

/* ---- what it is worth ---- */

enum passphrase_worth passphrase_worth(struct bytes passphrase)
{
    size_t points = 0;
    bool only_digits = true;
    for (size_t i = 0; i < passphrase.size; i++) {
        uint8_t byte = passphrase.data[i];
        if ((byte & 0xc0) == 0x80)
            continue; /* the rest of a character */
        points += byte >= 0x80 ? 2 : 1;
        only_digits &= isdigit(byte) != 0 || byte == ' ' || byte == '-';
    }
    if ((points < 6 || (only_digits && points < 12)) && !MUTANT("t1-weak-passphrase-taken"))
        return PASSPHRASE_WORTHLESS;
    return points < 16 ? PASSPHRASE_SHORT : PASSPHRASE_GOOD;
}
