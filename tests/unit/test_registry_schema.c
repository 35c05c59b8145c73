/* The schema in the registry: which frame is opened, which epoch is in force, which one judges. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#include "tests/support/spell.h"
#include "tests/support/trust.h"

static struct trust trust;

static int setup(void **state)
{
    (void)state;
    trust_init(&trust);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    trust_release(&trust);
    return 0;
}

static void expect_taken(struct registry *registry, const struct trust_entry *entry)
{
    assert_int_equal(trust_apply(&trust, registry, entry, NULL), STATUS_OK);
}

/* ---- schema ---- */

/* The test's schema with another epoch, free() it. */
static char *schema_of_epoch(const char *epoch)
{
    size_t size = strlen(trust_schema) + 16;
    char *text = malloc(size);
    const char *behind = strchr(trust_schema, ',');
    assert_non_null(text);
    snprintf(text, size, "{\"epoch\": %s%s", epoch, behind);
    return text;
}

static void the_highest_epoch_is_in_force_and_the_older_one_stays_readable(void **state)
{
    (void)state;
    const struct schema *first = registry_schema(trust.registry);
    assert_int_equal(first->epoch, 1);
    char *text = schema_of_epoch("2");
    expect_taken(trust.registry, trust_write_schema(&trust, text));
    assert_int_equal(registry_schema(trust.registry)->epoch, 2);
    assert_int_equal(first->epoch, 1);
    assert_non_null(schema_table(first, 16));
    assert_int_not_equal(
        trust_apply(&trust, trust.registry, trust_write_schema(&trust, text), NULL), STATUS_OK);
    free(text);
    text = schema_of_epoch("4"); /* waits for the third */
    assert_int_equal(trust_apply(&trust, trust.registry, trust_write_schema(&trust, text), NULL),
                     STATUS_UNKNOWN);
    free(text);
    assert_int_equal(registry_schema(trust.registry)->epoch, 2);
}

/* Applies a schema entry with this epoch and frame. */
static enum status apply_frame(uint64_t epoch, struct bytes frame)
{
    static const struct id row;
    trust_start(&trust, SCOPE_REGISTRY(ORG_ROOT));
    trust_op(&trust, REGISTRY_SCHEMA, &row);
    trust_uint(&trust, 1, epoch);
    trust_bin(&trust, 2, frame);
    enum status status = trust_apply(&trust, trust.registry, trust_finish(&trust), NULL);
    assert_int_equal(registry_schema(trust.registry)->epoch, status == STATUS_OK ? 2 : 1);
    return status;
}

static size_t compress(uint8_t *frame, size_t room, const char *text, size_t size, int window,
                       bool declared)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_inBuffer in = {text, size, 0};
    ZSTD_outBuffer out = {frame, room, 0};
    assert_non_null(context);
    if (window)
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window);
    if (declared)
        ZSTD_CCtx_setPledgedSrcSize(context, size);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, declared);
    /* Nothing at the flush, so that the encoder can't shrink the window to what it has seen. */
    ZSTD_inBuffer none = {text, 0, 0};
    assert_false(ZSTD_isError(ZSTD_compressStream2(context, &out, &none, ZSTD_e_flush)));
    assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0);
    ZSTD_freeCCtx(context);
    return out.pos;
}

static void a_schema_is_one_small_frame_that_declares_its_size(void **state)
{
    (void)state;
    static uint8_t frame[1 << 20];
    static char blanks[SCHEMA_TEXT_MAX + 1];
    char *text = schema_of_epoch("2");
    size_t size = compress(frame, sizeof frame, text, strlen(text), 0, false);
    assert_int_equal(apply_frame(2, bytes_of(frame, size)), STATUS_BAD_INPUT);

    /* JSON may have blanks at its end: a text as large as one likes. */
    memset(blanks, ' ', sizeof blanks);
    memcpy(blanks, text, strlen(text));
    size = compress(frame, sizeof frame, blanks, SCHEMA_TEXT_MAX + 1, 0, true);
    assert_true(size < 9000);
    assert_int_equal(apply_frame(2, bytes_of(frame, size)), STATUS_BAD_INPUT);
    size = compress(frame, sizeof frame, blanks, SCHEMA_TEXT_MAX, 18, true);
    assert_int_equal(apply_frame(2, bytes_of(frame, size)), STATUS_BAD_INPUT);

    size = compress(frame, sizeof frame, text, strlen(text), 0, true);
    assert_int_equal(apply_frame(2, bytes_of(frame, size - 1)), STATUS_BAD_INPUT);
    assert_int_equal(apply_frame(2, bytes_of(frame, size + 1)), STATUS_BAD_INPUT);
    assert_int_equal(apply_frame(2, bytes_of(frame, 0)), STATUS_BAD_INPUT);
    assert_int_equal(apply_frame(2, bytes_of(frame, 5)), STATUS_BAD_INPUT);
    assert_int_equal(apply_frame(3, bytes_of(frame, size)), STATUS_BAD_INPUT);
    assert_int_equal(apply_frame(2, bytes_of(frame, size)), STATUS_OK);
    free(text);
}

static void a_schema_of_the_full_size_fits_the_window(void **state)
{
    (void)state;
    static uint8_t frame[1 << 20];
    static char blanks[SCHEMA_TEXT_MAX];
    char *text = schema_of_epoch("2");
    memset(blanks, ' ', sizeof blanks);
    memcpy(blanks, text, strlen(text));
    size_t size = compress(frame, sizeof frame, blanks, SCHEMA_TEXT_MAX, 17, true);
    assert_int_equal(apply_frame(2, bytes_of(frame, size)), STATUS_OK);
    free(text);
}

/* ---- rights of an epoch ---- */

/* A schema of this epoch, in which `roles` stands for the roles that may write visits. */
static void write_rights(const char *epoch, const char *roles)
{
    static const char all[] = "[\"volunteer\", \"secretary\", \"clerk\", \"bureau\", \"hub\"]";
    char *text = schema_of_epoch(epoch), changed[8192];
    const char *at = strstr(text, all);
    assert_non_null(at);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, roles, at + strlen(all));
    trust_take(&trust, trust_write_schema(&trust, changed));
    free(text);
}

static enum status judge_visit(const struct registry *registry, uint32_t device, unsigned epoch)
{
    struct dot dot = {{SCOPE_RECORDS(TRUST_BRANCH), device, INCARNATION_FIRST}, 1};
    struct entry_view view = {0};
    struct buffer body = {0};
    char text[100];
    snprintf(text, sizeof text, "[1 0 0 nil %u [[16 r1 [1 'x'] []]]]", epoch);
    spell_pack(text, &body);
    assert_int_equal(entry_decode(&view, &dot.feed, buffer_bytes(&body), NULL), STATUS_OK);
    enum status status = registry_permits(registry, &dot, &view, NULL);
    entry_view_release(&view);
    buffer_release(&body);
    return status;
}

/* What a registry says of visits that name epoch 0 to 4: + counts, - denied, ? later. */
static void expect_verdicts(const struct registry *registry, uint32_t device, const char *wanted)
{
    char said[6] = "";
    for (unsigned epoch = 0; epoch < 5; epoch++) {
        enum status status = judge_visit(registry, device, epoch);
        said[epoch] = status == STATUS_OK        ? '+'
                      : status == STATUS_DENIED  ? '-'
                      : status == STATUS_UNKNOWN ? '?'
                                                 : '!';
    }
    assert_string_equal(said, wanted);
}

static void an_entry_has_the_rights_of_its_epoch_whatever_came_since(void **state)
{
    (void)state;
    uint32_t volunteer = trust_enrol(&trust, ROLE_VOLUNTEER, TRUST_BRANCH);
    uint32_t auditor = trust_enrol(&trust, ROLE_AUDITOR, TRUST_BRANCH);
    expect_verdicts(trust.registry, volunteer, "-+???");
    expect_verdicts(trust.registry, auditor, "--???");
    write_rights("2", "[\"clerk\", \"hub\"]");
    expect_verdicts(trust.registry, volunteer, "-+-??");
    expect_verdicts(trust.registry, auditor, "---??");
    write_rights("3", "[\"volunteer\", \"clerk\", \"auditor\", \"hub\"]");
    for (uint32_t seed = 1; seed <= 3; seed++) {
        struct registry *registry = trust_registry(&trust, seed);
        expect_verdicts(registry, volunteer, "-+-+?");
        expect_verdicts(registry, auditor, "---+?");
        registry_free(registry);
    }
}

static void nothing_is_judged_before_a_schema_came(void **state)
{
    (void)state;
    struct registry *registry;
    assert_int_equal(registry_new(&registry, &trust.network, NULL), STATUS_OK);
    expect_taken(registry, &trust.entries[0]);
    assert_int_equal(judge_visit(registry, DEVICE_HUB, 0), STATUS_UNKNOWN);
    assert_int_equal(judge_visit(registry, DEVICE_HUB, 1), STATUS_UNKNOWN);
    registry_free(registry);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_highest_epoch_is_in_force_and_the_older_one_stays_readable),
        CASE(a_schema_is_one_small_frame_that_declares_its_size),
        CASE(a_schema_of_the_full_size_fits_the_window),
        CASE(an_entry_has_the_rights_of_its_epoch_whatever_came_since),
        CASE(nothing_is_judged_before_a_schema_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
