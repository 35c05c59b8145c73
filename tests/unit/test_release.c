/* What a release is, and what is refused: another file, too few keys, strangers' keys, one key
 * twice, an older version. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/release.h"

#define KEYS 3

static struct signing_key makers[KEYS], stranger;
static struct release_keys keys;
static struct hash hash = {{7}};

static int make_keys(void **state)
{
    (void)state;
    for (int i = 0; i < KEYS; i++) {
        signing_key_generate(&makers[i]);
        memcpy(keys.keys[keys.count++], makers[i].public_key, PUBLIC_KEY_BYTES);
    }
    signing_key_generate(&stranger);
    return keys_init(NULL) == STATUS_OK ? 0 : 1;
}

static struct release signed_by(const char *version, const struct signing_key *a,
                                const struct signing_key *b)
{
    struct release release = {.hash = hash};
    strcpy(release.version, version);
    if (a)
        assert_int_equal(release_sign(&release, a, NULL), STATUS_OK);
    if (b)
        assert_int_equal(release_sign(&release, b, NULL), STATUS_OK);
    return release;
}

static enum status checked(const struct release *release, const char *running, const char *noted)
{
    struct release_demand demand = {&keys, &hash, {running, noted}};
    return release_check(release, &demand, NULL);
}

static void two_release_keys_make_a_release(void **state)
{
    (void)state;
    struct release release = signed_by("0.2.0", &makers[2], &makers[0]);
    assert_int_equal(checked(&release, "0.1.0", NULL), STATUS_OK);
    assert_int_equal(checked(&release, "0.1.0", "0.2.0"), STATUS_OK);
    assert_int_equal(release_sign(&release, &stranger, NULL), STATUS_OK);
    assert_int_equal(checked(&release, "0.1.0", NULL), STATUS_OK);
}

static void half_signed_or_foreign_packages_are_refused(void **state)
{
    (void)state;
    struct release none = signed_by("0.2.0", NULL, NULL);
    struct release half = signed_by("0.2.0", &makers[0], NULL);
    struct release foreign = signed_by("0.2.0", &makers[0], &stranger);
    struct release twice = half;
    memcpy(twice.keys[1], twice.keys[0], PUBLIC_KEY_BYTES);
    memcpy(twice.signatures[1], twice.signatures[0], SIGNATURE_BYTES);
    twice.count = 2;
    assert_int_equal(checked(&none, "0.1.0", NULL), STATUS_FORGED);
    assert_int_equal(checked(&half, "0.1.0", NULL), STATUS_FORGED);
    assert_int_equal(checked(&foreign, "0.1.0", NULL), STATUS_FORGED);
    assert_int_equal(checked(&twice, "0.1.0", NULL), STATUS_FORGED);
}

static void signatures_cover_version_and_file(void **state)
{
    (void)state;
    struct release release = signed_by("0.2.0", &makers[0], &makers[1]);
    struct release renamed = release, other = release;
    strcpy(renamed.version, "0.3.0");
    assert_int_equal(checked(&renamed, "0.1.0", NULL), STATUS_FORGED);
    other.hash.bytes[31] ^= 1;
    assert_int_equal(checked(&other, "0.1.0", NULL), STATUS_FORGED);
    hash.bytes[31] ^= 1;
    assert_int_equal(checked(&release, "0.1.0", NULL), STATUS_FORGED);
    assert_int_equal(checked(&other, "0.1.0", NULL), STATUS_FORGED);
    hash.bytes[31] ^= 1;
}

static void a_version_only_rises(void **state)
{
    (void)state;
    struct release release = signed_by("0.9.12", &makers[0], &makers[1]);
    assert_int_equal(checked(&release, "0.9.9", NULL), STATUS_OK);
    assert_int_equal(checked(&release, "0.10", NULL), STATUS_DENIED);
    assert_int_equal(checked(&release, "0.9.9", "0.9.13"), STATUS_DENIED);
    assert_int_equal(checked(&release, "1.0.0", NULL), STATUS_DENIED);
    assert_int_equal(release_version_compare("1.2", "1.2.0.0"), 0);
}

static void a_program_without_release_keys_accepts_nothing(void **state)
{
    (void)state;
    struct release release = signed_by("0.2.0", &makers[0], &makers[1]);
    struct release_keys none;
    struct release_demand demand = {&none, &hash, {"0.1.0", NULL}};
    assert_int_equal(release_keys_parse(&none, bytes_text("# nobody\n\n"), NULL), STATUS_OK);
    assert_int_equal(release_check(&release, &demand, NULL), STATUS_DENIED);
    none = (struct release_keys){.count = 1};
    assert_int_equal(release_check(&release, &demand, NULL), STATUS_DENIED);
    assert_int_equal(release_keys_parse(&none, release_keys_builtin(), NULL), STATUS_OK);
}

static void the_text_is_read_as_it_was_written_and_every_cut_is_refused(void **state)
{
    (void)state;
    struct release release = signed_by("0.2.0", &makers[0], &makers[1]), read;
    struct buffer text = {0};
    assert_int_equal(release_format(&release, &text, NULL), STATUS_OK);
    assert_int_equal(release_parse(&read, buffer_bytes(&text), NULL), STATUS_OK);
    assert_memory_equal(&read, &release, sizeof read);
    for (size_t size = 0; size < text.size; size++)
        if (release_parse(&read, bytes_of(text.data, size), NULL) == STATUS_OK)
            assert_int_equal(checked(&read, "0.1.0", NULL), STATUS_FORGED);
    for (size_t bit = 0; bit < text.size * 8; bit++) {
        text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        bool held = release_parse(&read, buffer_bytes(&text), NULL) == STATUS_OK &&
                    checked(&read, "0.1.0", NULL) == STATUS_OK;
        text.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (held)
            assert_memory_equal(&read, &release, sizeof read); /* a digit in another case */
    }
    buffer_release(&text);
}

static void what_is_no_version_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",   "1.", ".1",      "1..2", "1.2.3.4.5",           "1.x",
                                      "v1", "-1", "1000000", "1.2 ", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(release_version_valid(bad[i]));
    assert_true(release_version_valid("0.2.0") && release_version_valid("12"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_release_keys_make_a_release),
        cmocka_unit_test(half_signed_or_foreign_packages_are_refused),
        cmocka_unit_test(signatures_cover_version_and_file),
        cmocka_unit_test(a_version_only_rises),
        cmocka_unit_test(a_program_without_release_keys_accepts_nothing),
        cmocka_unit_test(the_text_is_read_as_it_was_written_and_every_cut_is_refused),
        cmocka_unit_test(what_is_no_version_is_refused),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
