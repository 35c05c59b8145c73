/* The same entries in any order of scopes make the same registry, and who may read what. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

/* ---- any order ---- */

/* What a registry answers, as text: who is where with which rights. */
static void describe(const struct registry *registry, struct buffer *out)
{
    char line[200];
    for (size_t i = 0; i < registry_devices_count(registry); i++) {
        const struct device *device = registry_device_at(registry, i);
        const struct certificate *certificate = &device->certificate;
        snprintf(line, sizeof line, "%u: %s%s %s at %u, serial %u, cut %u, by key %u\n",
                 certificate->device, device_state_name(device->state),
                 device->lapsed ? ", lapsed" : "", role_name(certificate->role), certificate->org,
                 certificate->serial, registry_cut_serial(registry, certificate->device),
                 registry_device_by_dh(registry, certificate->dh_key)->certificate.device);
        assert_int_equal(buffer_append(out, line, strlen(line)), STATUS_OK);
        for (uint32_t scope = 0; scope < 48; scope++)
            assert_int_equal(buffer_append(out,
                                           registry_may_read(registry, certificate->device,
                                                             scope % 24 | scope / 24 << 31)
                                               ? "1"
                                               : "0",
                                           1),
                             STATUS_OK);
    }
    for (size_t i = 0; i < registry_orgs_count(registry); i++) {
        const struct org *org = registry_org_at(registry, i);
        snprintf(line, sizeof line, "%u below %u, by id %u\n", org->number, org->parent,
                 registry_org_by_id(registry, &org->id)->number);
        assert_int_equal(buffer_append(out, line, strlen(line)), STATUS_OK);
    }
}

static void scopes_in_any_order_make_the_same_registry(void **state)
{
    (void)state;
    struct buffer wanted = {0}, text = {0};
    for (uint32_t i = 0; i < 12; i++)
        trust_enrol(&trust, ROLE_VOLUNTEER + i % 5, 1 + i * 5 % 9);
    /* Devices that move from org to org, with certificates in each. */
    for (uint32_t i = 0; i < 12; i++) {
        struct certificate next = trust_certificate(&trust, 2 + i % 6, ROLE_CLERK, 1 + i * 7 % 9);
        next.serial = 2 + i / 6;
        expect_taken(trust.registry, trust_write_device(&trust, &next));
    }
    /* Two orgs that claim one id. */
    for (uint32_t org = 10; org <= 11; org++) {
        struct id row = trust_id(10);
        trust_start(&trust, SCOPE_REGISTRY(org));
        trust_op(&trust, REGISTRY_ORG, &row);
        trust_uint(&trust, 1, org);
        trust_uint(&trust, 2, TRUST_TOWNSHIP);
        trust_text(&trust, 3, "branch");
        trust_text(&trust, 4, "示例支部");
        expect_taken(trust.registry, trust_finish(&trust));
    }
    describe(trust.registry, &wanted);
    for (uint32_t seed = 1; seed < 200; seed += 7) {
        struct registry *registry = trust_registry(&trust, seed);
        buffer_clear(&text);
        describe(registry, &text);
        if (!bytes_equal(buffer_bytes(&text), buffer_bytes(&wanted)))
            fail_msg("seed %u:\n%.*s\nwanted:\n%.*s", seed, (int)text.size, (char *)text.data,
                     (int)wanted.size, (char *)wanted.data);
        registry_free(registry);
    }
    buffer_release(&wanted);
    buffer_release(&text);
}

static void take_lapse(uint32_t device, uint32_t serial, bool lapsed)
{
    struct id row = registry_device(trust.registry, device)->id;
    trust_start(&trust, SCOPE_REGISTRY(TRUST_BRANCH));
    trust_op(&trust, REGISTRY_LAPSE, &row);
    trust_uint(&trust, 1, device);
    trust_uint(&trust, 2, serial);
    trust_uint(&trust, 3, lapsed);
    trust_take(&trust, trust_finish(&trust));
}

/* The hub was put back from a backup: it goes on in other feeds, and its clients bring back what it
 * had written before. */
static void a_hub_s_lives_in_any_order_make_the_same_registry(void **state)
{
    (void)state;
    struct buffer wanted = {0}, text = {0};
    uint32_t phone = trust_enrol(&trust, ROLE_VOLUNTEER, TRUST_BRANCH);
    trust.life = 77;
    trust_take(&trust, trust_write_revocation(&trust, phone, TRUST_BRANCH, 5));
    trust_take(&trust, trust_write_link_key(&trust, 2));
    take_lapse(phone, 1, true);
    take_lapse(phone, 2, true);
    uint32_t desk = trust_enrol(&trust, ROLE_CLERK, TRUST_TOWNSHIP);
    trust.life = 33;
    trust_take(&trust, trust_write_revocation(&trust, phone, TRUST_BRANCH, 3));
    take_lapse(phone, 1, false);
    take_lapse(phone, 2, false);
    take_lapse(desk, 2, true);
    take_lapse(desk, 1, false);
    trust_take(&trust, trust_write_link_key(&trust, 2));
    struct certificate moved = trust_certificate(&trust, desk, ROLE_SECRETARY, TRUST_SIBLING);
    moved.serial = 2;
    trust_take(&trust, trust_write_device(&trust, &moved));
    trust_take(&trust, trust_write_revocation(&trust, desk, TRUST_SIBLING, 9));
    char *next = strdup(trust_schema);
    assert_non_null(next);
    *strchr(next, '1') = '2'; /* its epoch */
    trust_take(&trust, trust_write_schema(&trust, next));
    free(next);
    describe(trust.registry, &wanted);
    struct link_key link = *registry_link_key(trust.registry);
    for (uint32_t seed = 1; seed < 200; seed++) {
        struct registry *registry = trust_registry(&trust, seed);
        buffer_clear(&text);
        describe(registry, &text);
        if (!bytes_equal(buffer_bytes(&text), buffer_bytes(&wanted)))
            fail_msg("seed %u", seed);
        assert_memory_equal(registry_link_key(registry)->dh_key, link.dh_key, DH_KEY_BYTES);
        assert_int_equal(registry_schema(registry)->epoch, 2);
        registry_free(registry);
    }
    buffer_release(&wanted);
    buffer_release(&text);
}

/* ---- reading ---- */

static void a_device_reads_its_subtree_and_what_reaches_down_to_it(void **state)
{
    (void)state;
    static const struct {
        uint32_t org;
        const char *records, *registry; /* of orgs 1 to 9; what reaches below as the registry */
    } cases[] = {
        {ORG_ROOT, "111111111", "111111111"},         {TRUST_COUNTY, "011111000", "111111000"},
        {TRUST_TOWNSHIP, "001111000", "111111000"},   {TRUST_BRANCH, "000100000", "111100000"},
        {TRUST_SIBLING, "000010000", "111010000"},    {TRUST_FAR_COUNTY, "000000111", "100000111"},
        {TRUST_FAR_BRANCH, "000000001", "100000111"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (enum role role = ROLE_VOLUNTEER; role <= ROLE_AUDITOR; role++) {
            uint32_t device = trust_enrol(&trust, role, cases[i].org);
            for (uint32_t org = 1; org <= 9; org++) {
                assert_int_equal(registry_may_read(trust.registry, device, SCOPE_RECORDS(org)),
                                 cases[i].records[org - 1] == '1');
                assert_int_equal(registry_may_read(trust.registry, device, SCOPE_REGISTRY(org)),
                                 cases[i].registry[org - 1] == '1');
                assert_int_equal(registry_may_read(trust.registry, device, SCOPE_BELOW(org)),
                                 cases[i].registry[org - 1] == '1');
                assert_false(registry_may_read(trust.registry, device, SCOPE_BELOW(org) + 1));
            }
            assert_false(registry_may_read(trust.registry, device, 0));
            assert_false(registry_may_read(trust.registry, device, 1));
            assert_false(registry_may_read(trust.registry, device, SCOPE_RECORDS(77)));
        }
    assert_true(registry_may_read(trust.registry, DEVICE_HUB, SCOPE_RECORDS(TRUST_FAR_BRANCH)));
    assert_true(registry_may_read(trust.registry, DEVICE_HUB, SCOPE_RECORDS(77)));
    assert_true(registry_may_read(trust.registry, DEVICE_HUB, SCOPE_BELOW(77)));
    assert_false(registry_may_read(trust.registry, DEVICE_HUB, SCOPE_BELOW(ORG_ROOT) + 1));
    assert_false(registry_may_read(trust.registry, 99, SCOPE_RECORDS(TRUST_BRANCH)));
    assert_false(registry_may_read(trust.registry, 99, SCOPE_REGISTRY(ORG_ROOT)));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(scopes_in_any_order_make_the_same_registry),
        CASE(a_hub_s_lives_in_any_order_make_the_same_registry),
        CASE(a_device_reads_its_subtree_and_what_reaches_down_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
