#include "common/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"

#define FIRST_LINE "jinqiu release 1"
#define NUMBERS_MAX 4
#define LINE_MAX_BYTES 256

/* ---- lines ---- */

/* The next line, without its end, as a text; false at the end, or when it is too long. */
static bool take_line(struct bytes *in, char line[LINE_MAX_BYTES])
{
    const uint8_t *end = in->size ? memchr(in->data, '\n', in->size) : NULL;
    size_t size = end ? (size_t)(end - in->data) : 0;
    if (!end || size >= LINE_MAX_BYTES || memchr(in->data, '\0', size))
        return false;
    memcpy(line, in->data, size);
    line[size] = '\0';
    *in = bytes_of(end + 1, in->size - size - 1);
    return true;
}

/* What follows `name` and a blank. */
static const char *named(const char *line, const char *name)
{
    size_t size = strlen(name);
    return strncmp(line, name, size) == 0 && line[size] == ' ' ? line + size + 1 : NULL;
}

/* ---- versions ---- */

static bool take_version(const char *text, unsigned long numbers[NUMBERS_MAX])
{
    for (size_t i = 0; i < NUMBERS_MAX; i++) {
        char *end = NULL;
        if (*text < '0' || *text > '9')
            return false;
        numbers[i] = strtoul(text, &end, 10);
        if (numbers[i] > 999999)
            return false;
        if (*end == '\0')
            return true;
        if (*end != '.')
            return false;
        text = end + 1;
    }
    return false;
}

bool release_version_valid(const char *version)
{
    unsigned long numbers[NUMBERS_MAX];
    return strlen(version) < RELEASE_VERSION_BYTES && take_version(version, numbers);
}

int release_version_compare(const char *a, const char *b)
{
    unsigned long left[NUMBERS_MAX] = {0}, right[NUMBERS_MAX] = {0};
    take_version(a, left);
    take_version(b, right);
    for (size_t i = 0; i < NUMBERS_MAX; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return 0;
}

/* ---- keys ---- */

enum status release_keys_parse(struct release_keys *keys, struct bytes text, struct error *err)
{
    char line[LINE_MAX_BYTES];
    *keys = (struct release_keys){0};
    while (text.size > 0) {
        bool taken = take_line(&text, line);
        if (taken && (line[0] == '#' || line[0] == '\0'))
            continue;
        const char *key = taken ? strchr(line, ' ') : NULL;
        if (!key || keys->count == RELEASE_KEYS_MAX ||
            !hex_decode(key + 1, keys->keys[keys->count], PUBLIC_KEY_BYTES))
            return error_set(err, STATUS_BAD_INPUT, "the list of release keys is broken");
        keys->count++;
    }
    return STATUS_OK;
}

static bool has_key(const struct release_keys *keys, const uint8_t *key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (memcmp(keys->keys[i], key, PUBLIC_KEY_BYTES) == 0)
            return true;
    return false;
}

/* ---- the text ---- */

static enum status put_head(const struct release *release, struct buffer *out)
{
    char hex[2 * HASH_BYTES + 1], head[LINE_MAX_BYTES];
    hex_encode(bytes_of(release->hash.bytes, HASH_BYTES), hex);
    int size =
        snprintf(head, sizeof head, FIRST_LINE "\nversion %s\nblake2b %s\n", release->version, hex);
    return buffer_append(out, head, (size_t)size);
}

enum status release_format(const struct release *release, struct buffer *out, struct error *err)
{
    char key[2 * PUBLIC_KEY_BYTES + 1], signature[2 * SIGNATURE_BYTES + 1], line[LINE_MAX_BYTES];
    buffer_clear(out);
    enum status status = put_head(release, out);
    for (size_t i = 0; i < release->count && status == STATUS_OK; i++) {
        hex_encode(bytes_of(release->keys[i], PUBLIC_KEY_BYTES), key);
        hex_encode(bytes_of(release->signatures[i], SIGNATURE_BYTES), signature);
        int size = snprintf(line, sizeof line, "%s %s\n", key, signature);
        status = buffer_append(out, line, (size_t)size);
    }
    return status == STATUS_OK ? status : error_set(err, status, "out of memory");
}

static bool take_signature(struct release *release, char *line)
{
    char *blank = strchr(line, ' ');
    if (!blank || release->count == RELEASE_KEYS_MAX)
        return false;
    *blank = '\0';
    size_t at = release->count++;
    return hex_decode(line, release->keys[at], PUBLIC_KEY_BYTES) &&
           hex_decode(blank + 1, release->signatures[at], SIGNATURE_BYTES);
}

enum status release_parse(struct release *release, struct bytes text, struct error *err)
{
    char line[LINE_MAX_BYTES];
    const char *value;
    *release = (struct release){0};
    bool good = text.size <= RELEASE_TEXT_MAX && take_line(&text, line) &&
                strcmp(line, FIRST_LINE) == 0 && take_line(&text, line) &&
                (value = named(line, "version")) && release_version_valid(value);
    if (good) {
        snprintf(release->version, sizeof release->version, "%s", value);
        good = take_line(&text, line) && (value = named(line, "blake2b")) &&
               hex_decode(value, release->hash.bytes, HASH_BYTES);
    }
    while (good && text.size > 0)
        good = take_line(&text, line) && take_signature(release, line);
    if (good)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_INPUT, "the signature file is not one of a release");
}

/* ---- signing and checking ---- */

static const struct network everywhere;

enum status release_sign(struct release *release, const struct signing_key *key, struct error *err)
{
    struct buffer head = {0};
    size_t at = 0;
    while (at < release->count && memcmp(release->keys[at], key->public_key, PUBLIC_KEY_BYTES) != 0)
        at++;
    if (at == RELEASE_KEYS_MAX)
        return error_set(err, STATUS_TOO_LARGE, "a release has at most %d signatures",
                         RELEASE_KEYS_MAX);
    if (put_head(release, &head) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    memcpy(release->keys[at], key->public_key, PUBLIC_KEY_BYTES);
    sign_object(release->signatures[at], TAG_RELEASE, &everywhere, buffer_bytes(&head), key);
    release->count += at == release->count;
    buffer_release(&head);
    return STATUS_OK;
}

/* Of our keys, those whose signature holds; each once. */
static size_t count_signers(const struct release *release, const struct release_keys *keys,
                            struct bytes head)
{
    struct release_keys seen = {0};
    for (size_t i = 0; i < release->count; i++) {
        const uint8_t *key = release->keys[i];
        bool twice = has_key(&seen, key) && !MUTANT("t29-one-key-twice");
        if (has_key(keys, key) && !twice &&
            verify_object(release->signatures[i], TAG_RELEASE, &everywhere, head, key))
            memcpy(seen.keys[seen.count++], key, PUBLIC_KEY_BYTES);
    }
    return seen.count;
}

enum status release_check(const struct release *release, const struct release_demand *demand,
                          struct error *err)
{
    struct buffer head = {0};
    if (demand->keys->count < RELEASE_THRESHOLD)
        return error_set(err, STATUS_DENIED,
                         "this program was built without release keys and accepts no release");
    if (memcmp(release->hash.bytes, demand->hash->bytes, HASH_BYTES) != 0)
        return error_set(err, STATUS_FORGED, "the file is not the one that was signed");
    if (put_head(release, &head) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    size_t signers = count_signers(release, demand->keys, buffer_bytes(&head));
    buffer_release(&head);
    if (signers < RELEASE_THRESHOLD && !MUTANT("t29-half-signed"))
        return error_set(err, STATUS_FORGED,
                         "the release is signed by %zu of the release keys, and %d must have "
                         "signed it",
                         signers, RELEASE_THRESHOLD);
    for (size_t i = 0; i < 2; i++)
        if (demand->versions[i] && !MUTANT("t29-older-release") &&
            release_version_compare(release->version, demand->versions[i]) < 0)
            return error_set(err, STATUS_DENIED,
                             "the release %s is older than %s, which was here already",
                             release->version, demand->versions[i]);
    return STATUS_OK;
}
