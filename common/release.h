#ifndef COMMON_RELEASE_H
#define COMMON_RELEASE_H

/* Is this file a release of ours? FILE.sig says so, offline:
 *
 *   jinqiu release 1
 *   version 0.2.0
 *   blake2b 64 hex digits: BLAKE2b-256 of FILE
 *   KEY SIGNATURE       one line for each key, hex
 *
 * Each signature covers the three lines above, under TAG_RELEASE and a network of zeros. Two of the
 * release keys that are built into the program (release-keys.txt) must have signed. A value; knows
 * no folder and no clock. */

#include "common/keys.h"

#define RELEASE_KEYS_MAX 16
#define RELEASE_THRESHOLD 2
#define RELEASE_VERSION_BYTES 32
#define RELEASE_TEXT_MAX 8192

struct release {
    char version[RELEASE_VERSION_BYTES];
    struct hash hash;
    size_t count;
    uint8_t keys[RELEASE_KEYS_MAX][PUBLIC_KEY_BYTES];
    uint8_t signatures[RELEASE_KEYS_MAX][SIGNATURE_BYTES];
};

struct release_keys {
    size_t count;
    uint8_t keys[RELEASE_KEYS_MAX][PUBLIC_KEY_BYTES];
};

/* The keys that are built in. */
struct bytes release_keys_builtin(void);
/* Lines "NAME KEY"; empty ones and those after a # don't count. STATUS_BAD_INPUT. */
enum status release_keys_parse(struct release_keys *keys, struct bytes text, struct error *err);

/* 1 to 4 numbers up to 999,999 with dots between. */
bool release_version_valid(const char *version);
/* As strcmp; both valid. */
int release_version_compare(const char *a, const char *b);

/* STATUS_BAD_INPUT: not such a text. */
enum status release_parse(struct release *release, struct bytes text, struct error *err);
enum status release_format(const struct release *release, struct buffer *out, struct error *err);
/* Adds our signature, or replaces it. STATUS_TOO_LARGE. */
enum status release_sign(struct release *release, const struct signing_key *key, struct error *err);

/* What a release must be. */
struct release_demand {
    const struct release_keys *keys;
    const struct hash *hash; /* of the file that is there */
    const char *versions[2]; /* it must not be older than these; NULL: none */
};
/* STATUS_FORGED: another file, or too few of our keys. STATUS_DENIED: older. */
enum status release_check(const struct release *release, const struct release_demand *demand,
                          struct error *err);

#endif
