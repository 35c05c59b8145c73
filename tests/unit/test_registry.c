/* The registry: genesis, orgs, devices, link keys; what counts and what does not.
 * tests/support/trust.h draws the network. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/trust.h"

static struct trust trust;
static struct registry *fresh; /* of the same network, empty */

static int setup(void **state)
{
    (void)state;
    trust_init(&trust);
    return registry_new(&fresh, &trust.network, NULL) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    registry_free(fresh);
    trust_release(&trust);
    return 0;
}

static void expect(struct registry *registry, const struct trust_entry *entry, enum status wanted,
                   const char *sentence)
{
    struct error err = {0};
    assert_int_equal(trust_apply(&trust, registry, entry, &err), wanted);
    assert_string_equal(err.text, sentence);
}

static void expect_taken(struct registry *registry, const struct trust_entry *entry)
{
    expect(registry, entry, STATUS_OK, "");
}

/* Applied as if it stood elsewhere. */
static enum status apply_at(struct registry *registry, const struct trust_entry *entry,
                            struct dot dot)
{
    struct entry_view view = {0};
    assert_int_equal(entry_decode(&view, &dot.feed, buffer_bytes(&entry->body), NULL), STATUS_OK);
    enum status status = registry_apply(registry, &dot, &view, NULL);
    entry_view_release(&view);
    return status;
}

static void expect_empty(const struct registry *registry)
{
    assert_null(registry_authority(registry));
    assert_null(registry_schema(registry));
    assert_null(registry_link_key(registry));
    assert_null(registry_device_key(registry, DEVICE_HUB));
    assert_int_equal(registry_orgs_count(registry), 0);
    assert_int_equal(registry_devices_count(registry), 0);
    assert_int_equal(registry_next_org(registry), ORG_ROOT);
    assert_int_equal(registry_next_device(registry), DEVICE_HUB);
}

/* ---- genesis ---- */

static void genesis_names_network_root_org_and_hub(void **state)
{
    (void)state;
    expect_empty(fresh);
    expect_taken(fresh, &trust.entries[0]);
    assert_int_equal(registry_lineage(fresh), 7);
    assert_memory_equal(registry_authority(fresh)->sign_key, trust.authority_key.public_key,
                        PUBLIC_KEY_BYTES);
    assert_memory_equal(registry_device_key(fresh, DEVICE_HUB),
                        trust.devices[DEVICE_HUB].sign.public_key, PUBLIC_KEY_BYTES);
    assert_string_equal(registry_org(fresh, ORG_ROOT)->kind, "bureau");
    assert_int_equal(registry_device(fresh, DEVICE_HUB)->certificate.role, ROLE_HUB);
    assert_int_equal(registry_next_org(fresh), 2);
    assert_int_equal(registry_next_device(fresh), 2);
}

static void genesis_key_is_told_before_anything_is_applied(void **state)
{
    (void)state;
    uint8_t key[PUBLIC_KEY_BYTES];
    struct bytes body = buffer_bytes(&trust.entries[0].body);
    assert_int_equal(registry_genesis_key(&trust.network, body, key, NULL), STATUS_OK);
    assert_memory_equal(key, trust.devices[DEVICE_HUB].sign.public_key, PUBLIC_KEY_BYTES);
    struct network other =
        network_of_root(bytes_of(trust.authority_key.public_key, PUBLIC_KEY_BYTES));
    assert_int_equal(registry_genesis_key(&other, body, key, NULL), STATUS_FORGED);
    body.size--;
    assert_int_equal(registry_genesis_key(&trust.network, body, key, NULL), STATUS_BAD_INPUT);
}

enum part { NETWORK_PART = 1, ORG_PART = 2, HUB_PART = 4 };

/* A first entry with these parts, by this certificate; applied to `fresh`. */
static enum status apply_parts(int parts, const struct certificate *hub, struct error *err)
{
    struct dot first = {{SCOPE_REGISTRY(ORG_ROOT), DEVICE_HUB, INCARNATION_FIRST}, 1};
    struct entry_view view = {0};
    trust_start(&trust, SCOPE_REGISTRY(ORG_ROOT));
    if (parts & NETWORK_PART)
        trust_put_network(&trust);
    if (parts & ORG_PART)
        trust_put_org(&trust, ORG_ROOT, 0, "bureau");
    if (parts & HUB_PART)
        trust_put_device(&trust, hub);
    const struct trust_entry *entry = trust_finish(&trust);
    assert_int_equal(entry_decode(&view, &first.feed, buffer_bytes(&entry->body), NULL), STATUS_OK);
    enum status status = registry_apply(fresh, &first, &view, err);
    entry_view_release(&view);
    return status;
}

static void genesis_counts_whole_or_not_at_all(void **state)
{
    (void)state;
    struct certificate hub = trust_certificate(&trust, DEVICE_HUB, ROLE_HUB, ORG_ROOT);
    for (int parts = 1; parts < 7; parts++) {
        assert_int_not_equal(apply_parts(parts, &hub, NULL), STATUS_OK);
        expect_empty(fresh);
    }
    struct error err = {0};
    assert_int_equal(apply_parts(NETWORK_PART | ORG_PART, &hub, &err), STATUS_FORGED);
    assert_string_equal(err.text,
                        "the registry's first entry lacks the network, the root org or the hub");
    assert_int_equal(apply_parts(7, &hub, NULL), STATUS_OK);
}

static void genesis_hub_is_device_1_with_the_role_hub(void **state)
{
    (void)state;
    struct certificate hub = trust_certificate(&trust, DEVICE_HUB, ROLE_BUREAU, ORG_ROOT);
    assert_int_equal(apply_parts(7, &hub, NULL), STATUS_DENIED);
    hub = trust_certificate(&trust, 2, ROLE_HUB, ORG_ROOT);
    assert_int_equal(apply_parts(7, &hub, NULL), STATUS_DENIED);
    hub = trust_certificate(&trust, DEVICE_HUB, ROLE_HUB, TRUST_COUNTY);
    assert_int_equal(apply_parts(7, &hub, NULL), STATUS_DENIED);
    expect_empty(fresh);
}

static void genesis_of_another_root_is_forged(void **state)
{
    (void)state;
    struct certificate hub = trust_certificate(&trust, DEVICE_HUB, ROLE_HUB, ORG_ROOT);
    struct root_set root = trust.root;
    struct signing_key keys[TRUST_ROOTS], stranger;
    uint8_t seed[32] = {9};
    memcpy(keys, trust.roots, sizeof keys);
    signing_key_from_seed(&stranger, seed);
    /* Another root, which signs its own authority. */
    trust.root = (struct root_set){.suite = SUITE_1, .version = 1, .threshold = 1};
    assert_int_equal(root_set_add(&trust.root, stranger.public_key, NULL), STATUS_OK);
    trust.roots[0] = stranger;
    assert_int_equal(apply_parts(7, &hub, NULL), STATUS_FORGED);
    /* Ours, but signed by too few of its keys. */
    trust.root = root;
    assert_int_equal(apply_parts(7, &hub, NULL), STATUS_FORGED);
    memcpy(trust.roots, keys, sizeof keys);
    expect_empty(fresh);
}

static void nothing_counts_before_the_genesis(void **state)
{
    (void)state;
    for (size_t i = 1; i < trust.entries_count; i++)
        assert_int_equal(apply_at(fresh, &trust.entries[i], trust.entries[i].dot), STATUS_UNKNOWN);
    struct dot dot = trust.entries[0].dot;
    dot.number = 2;
    assert_int_equal(apply_at(fresh, &trust.entries[0], dot), STATUS_UNKNOWN);
    dot.number = 1;
    dot.feed.incarnation = 2;
    assert_int_equal(apply_at(fresh, &trust.entries[0], dot), STATUS_UNKNOWN);
    expect_empty(fresh);
}

static void a_second_genesis_does_not_count_and_takes_nothing_away(void **state)
{
    (void)state;
    size_t orgs = registry_orgs_count(trust.registry);
    assert_int_equal(apply_at(trust.registry, &trust.entries[0], trust.entries[0].dot),
                     STATUS_DENIED);
    trust_start(&trust, SCOPE_REGISTRY(ORG_ROOT));
    trust_put_network(&trust);
    expect(trust.registry, trust_finish(&trust), STATUS_DENIED, "the network is founded already");
    assert_int_equal(registry_orgs_count(trust.registry), orgs);
    assert_non_null(registry_authority(trust.registry));
}

/* ---- who writes where ---- */

static void only_the_hub_writes_and_only_in_registry_scopes(void **state)
{
    (void)state;
    const struct trust_entry *entry = trust_write_org(&trust, 10, TRUST_TOWNSHIP, "branch");
    struct dot dot = entry->dot;
    dot.feed.device = 2;
    assert_int_equal(apply_at(trust.registry, entry, dot), STATUS_DENIED);
    dot = entry->dot;
    dot.feed.scope = SCOPE_RECORDS(10);
    assert_int_equal(apply_at(trust.registry, entry, dot), STATUS_DENIED);
    dot.feed.scope = SCOPE_REGISTRY(TRUST_TOWNSHIP);
    assert_int_equal(apply_at(trust.registry, entry, dot), STATUS_DENIED);
    assert_null(registry_org(trust.registry, 10));
    expect_taken(trust.registry, entry);
}

static void an_entry_makes_one_change(void **state)
{
    (void)state;
    trust_start(&trust, SCOPE_REGISTRY(10));
    trust_put_org(&trust, 10, TRUST_TOWNSHIP, "branch");
    struct certificate certificate = trust_certificate(&trust, 2, ROLE_VOLUNTEER, 10);
    trust_put_device(&trust, &certificate);
    expect(trust.registry, trust_finish(&trust), STATUS_DENIED,
           "a registry entry has more than one change");
    assert_null(registry_org(trust.registry, 10));
}

static void network_wide_things_stand_in_the_root_s_part(void **state)
{
    (void)state;
    static const enum registry_table tables[] = {REGISTRY_NETWORK, REGISTRY_SCHEMA,
                                                 REGISTRY_LINK_KEY, 11, 16};
    static const struct id row;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        trust_start(&trust, SCOPE_REGISTRY(TRUST_COUNTY));
        trust_op(&trust, tables[i], &row);
        trust_uint(&trust, 1, 1);
        assert_int_equal(trust_apply(&trust, trust.registry, trust_finish(&trust), NULL),
                         STATUS_DENIED);
    }
}

/* ---- orgs ---- */

static void org_tree_knows_who_is_below_whom(void **state)
{
    (void)state;
    /* Per row an ancestor, per column an org: 1 to 9. */
    static const char *const within[] = {"111111111", "011111000", "001111000",
                                         "000100000", "000010000", "000001000",
                                         "000000111", "000000011", "000000001"};
    for (uint32_t ancestor = 1; ancestor <= 9; ancestor++)
        for (uint32_t org = 1; org <= 9; org++)
            assert_int_equal(registry_within(trust.registry, ancestor, org),
                             within[ancestor - 1][org - 1] == '1');
    assert_false(registry_within(trust.registry, 0, 1));
    assert_false(registry_within(trust.registry, 1, 0));
    assert_false(registry_within(trust.registry, 1, 99));
    assert_int_equal(registry_orgs_count(trust.registry), 9);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(registry_org_at(trust.registry, i)->number, i + 1);
    struct id id = trust_id(TRUST_BRANCH), nobody = trust_id(77);
    assert_int_equal(registry_org_by_id(trust.registry, &id)->number, TRUST_BRANCH);
    assert_null(registry_org_by_id(trust.registry, &nobody));
}

static void broken_orgs_are_refused(void **state)
{
    (void)state;
    struct registry *registry = trust.registry;
    expect(registry, trust_write_org(&trust, 10, 3, "village"), STATUS_BAD_INPUT,
           "a registry entry has a broken org");
    expect(registry, trust_write_org(&trust, 10, 0, "branch"), STATUS_BAD_INPUT,
           "a registry entry has a broken org");
    expect(registry, trust_write_org(&trust, 10, 10, "branch"), STATUS_DENIED,
           "org 10 stands below the later org 10");
    expect(registry, trust_write_org(&trust, 10, 11, "branch"), STATUS_DENIED,
           "org 10 stands below the later org 11");
    expect(registry, trust_write_org(&trust, TRUST_BRANCH, TRUST_TOWNSHIP, "branch"), STATUS_DENIED,
           "org number 4 is taken by '示例支部'");
    trust_start(&trust, SCOPE_REGISTRY(10));
    trust_put_org(&trust, ORG_MAX + 1, 3, "branch");
    expect(registry, trust_finish(&trust), STATUS_BAD_INPUT, "a registry entry has a broken org");
    assert_int_equal(registry_orgs_count(registry), 9);
    expect_taken(registry, trust_write_org(&trust, ORG_MAX, 3, "branch"));
}

static void org_names_have_a_limit(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        enum status status;
    } cases[] = {{0, STATUS_BAD_INPUT}, {241, STATUS_BAD_INPUT}, {240, STATUS_OK}};
    struct id row = trust_id(10);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[256] = {0};
        memset(name, 'a', cases[i].size);
        trust_start(&trust, SCOPE_REGISTRY(10));
        trust_op(&trust, REGISTRY_ORG, &row);
        trust_uint(&trust, 1, 10);
        trust_uint(&trust, 2, TRUST_TOWNSHIP);
        trust_text(&trust, 3, "branch");
        trust_text(&trust, 4, name);
        assert_int_equal(trust_apply(&trust, trust.registry, trust_finish(&trust), NULL),
                         cases[i].status);
    }
    assert_int_equal(strlen(registry_org(trust.registry, 10)->name), 240);
}

static void an_org_may_come_before_its_parent(void **state)
{
    (void)state;
    uint32_t volunteer = trust_enrol(&trust, ROLE_SECRETARY, TRUST_COUNTY);
    expect_taken(fresh, &trust.entries[0]);
    /* Everything but orgs 2 and 3, then 3, then 2. */
    for (size_t i = 1; i < trust.entries_count; i++)
        if (SCOPE_ORG(trust.entries[i].dot.feed.scope) != 2 &&
            SCOPE_ORG(trust.entries[i].dot.feed.scope) != 3)
            expect_taken(fresh, &trust.entries[i]);
    assert_false(registry_within(fresh, ORG_ROOT, TRUST_BRANCH));
    for (uint32_t org = 3; org >= 2; org--)
        for (size_t i = 1; i < trust.entries_count; i++)
            if (SCOPE_ORG(trust.entries[i].dot.feed.scope) == org)
                expect_taken(fresh, &trust.entries[i]);
    assert_true(registry_within(fresh, ORG_ROOT, TRUST_BRANCH));
    assert_true(registry_may_read(fresh, volunteer, SCOPE_RECORDS(TRUST_BRANCH)));
}

static void a_tree_is_walked_16_levels_deep_and_no_deeper(void **state)
{
    (void)state;
    for (uint32_t org = 10; org < 10 + ORG_DEPTH_MAX + 1; org++)
        expect_taken(trust.registry,
                     trust_write_org(&trust, org, org == 10 ? ORG_ROOT : org - 1, "community"));
    assert_true(registry_within(trust.registry, ORG_ROOT, 10 + ORG_DEPTH_MAX - 1));
    assert_false(registry_within(trust.registry, ORG_ROOT, 10 + ORG_DEPTH_MAX));
    assert_true(registry_within(trust.registry, 10, 10 + ORG_DEPTH_MAX));
}

/* ---- devices ---- */

static void a_device_is_found_by_number_id_and_key(void **state)
{
    (void)state;
    uint32_t phone = trust_enrol(&trust, ROLE_VOLUNTEER, TRUST_BRANCH);
    const struct device *device = registry_device(trust.registry, phone);
    assert_int_equal(phone, 2);
    assert_int_equal(device->certificate.role, ROLE_VOLUNTEER);
    assert_int_equal(device->state, DEVICE_ACTIVE);
    assert_string_equal(registry_person_name(trust.registry, phone), "示例党员001");
    assert_string_equal(registry_person_name(trust.registry, 99), "?");
    struct id id = device_id(&trust.network, trust.devices[phone].sign.public_key);
    assert_ptr_equal(registry_device_by_id(trust.registry, &id), device);
    assert_ptr_equal(registry_device_by_dh(trust.registry, trust.devices[phone].dh.public_key),
                     device);
    assert_memory_equal(registry_device_key(trust.registry, phone),
                        trust.devices[phone].sign.public_key, PUBLIC_KEY_BYTES);
    assert_null(registry_device(trust.registry, 99));
    assert_null(registry_device_key(trust.registry, 99));
    assert_null(registry_device_by_dh(trust.registry, trust.roots[0].public_key));
    id = trust_id(1);
    assert_null(registry_device_by_id(trust.registry, &id));
    assert_int_equal(registry_next_device(trust.registry), 3);
    assert_ptr_equal(registry_device_at(trust.registry, 1), device);
}

static void a_newer_certificate_replaces_the_one_before(void **state)
{
    (void)state;
    uint32_t phone = trust_enrol(&trust, ROLE_VOLUNTEER, TRUST_BRANCH);
    struct certificate next = trust_certificate(&trust, phone, ROLE_SECRETARY, TRUST_BRANCH);
    uint8_t old_dh[DH_KEY_BYTES];
    memcpy(old_dh, next.dh_key, DH_KEY_BYTES);
    next.serial = 2;
    next.dh_key[0] ^= 1; /* the index's key stays the same … */
    expect_taken(trust.registry, trust_write_device(&trust, &next));
    next.serial = 3;
    next.dh_key[8] ^= 1; /* … and here it changes */
    expect_taken(trust.registry, trust_write_device(&trust, &next));
    const struct device *device = registry_device(trust.registry, phone);
    assert_int_equal(device->certificate.role, ROLE_SECRETARY);
    assert_int_equal(device->certificate.serial, 3);
    assert_ptr_equal(registry_device_by_dh(trust.registry, next.dh_key), device);
    assert_null(registry_device_by_dh(trust.registry, old_dh));
    assert_int_equal(registry_devices_count(trust.registry), 2);
}

static void a_certificate_that_comes_again_changes_nothing(void **state)
{
    (void)state;
    uint32_t phone = trust_enrol(&trust, ROLE_VOLUNTEER, TRUST_BRANCH);
    struct certificate certificate = trust_certificate(&trust, phone, ROLE_CLERK, TRUST_SIBLING);
    certificate.serial = 2;
    for (int i = 0; i < 3; i++)
        expect_taken(trust.registry, trust_write_device(&trust, &certificate));
    const struct device *device = registry_device(trust.registry, phone);
    assert_int_equal(device->certificate.serial, 2);
    assert_int_equal(registry_devices_count(trust.registry), 2);
    uint32_t orgs[4];
    assert_int_equal(registry_device_orgs(trust.registry, phone, orgs, 4), 2);
}

/* Not what a hub should do; but replicas must not differ over it. */
static void of_two_certificates_with_one_serial_all_take_the_same(void **state)
{
    (void)state;
    uint32_t phone = trust_enrol(&trust, ROLE_VOLUNTEER, TRUST_BRANCH);
    for (uint32_t org = TRUST_COUNTY; org <= TRUST_FAR_BRANCH; org++) {
        struct certificate next = trust_certificate(&trust, phone, ROLE_SECRETARY, org);
        next.serial = 2;
        expect_taken(trust.registry, trust_write_device(&trust, &next));
    }
    uint32_t chosen = registry_device(trust.registry, phone)->certificate.org;
    for (uint32_t seed = 1; seed < 20; seed++) {
        struct registry *registry = trust_registry(&trust, seed);
        assert_int_equal(registry_device(registry, phone)->certificate.org, chosen);
        registry_free(registry);
    }
}

static void an_index_never_changes_its_key(void **state)
{
    (void)state;
    uint32_t phone = trust_enrol(&trust, ROLE_VOLUNTEER, TRUST_BRANCH);
    struct certificate next = trust_certificate(&trust, 3, ROLE_VOLUNTEER, TRUST_BRANCH);
    next.device = phone;
    next.serial = 2;
    expect(trust.registry, trust_write_device(&trust, &next), STATUS_DENIED,
           "roster index 2 belongs to another key");
}

static void a_certificate_stands_under_its_device_s_id(void **state)
{
    (void)state;
    struct certificate certificate = trust_certificate(&trust, 2, ROLE_VOLUNTEER, TRUST_BRANCH);
    struct id row = trust_id(1);
    struct buffer sealed = {0};
    assert_int_equal(
        certificate_seal(&certificate, &trust.network, &trust.authority_key, &sealed, NULL),
        STATUS_OK);
    trust_start(&trust, SCOPE_REGISTRY(TRUST_BRANCH));
    trust_op(&trust, REGISTRY_DEVICE, &row);
    trust_bin(&trust, 1, buffer_bytes(&sealed));
    buffer_release(&sealed);
    expect(trust.registry, trust_finish(&trust), STATUS_FORGED,
           "a certificate stands under another device's id");
    assert_int_equal(registry_devices_count(trust.registry), 1);
}

static void only_the_authority_enrols_and_only_what_it_may(void **state)
{
    (void)state;
    struct certificate certificate = trust_certificate(&trust, 2, ROLE_VOLUNTEER, TRUST_BRANCH);
    struct signing_key authority = trust.authority_key;
    trust.authority_key = trust.devices[DEVICE_HUB].sign;
    assert_int_equal(
        trust_apply(&trust, trust.registry, trust_write_device(&trust, &certificate), NULL),
        STATUS_FORGED);
    trust.authority_key = authority;
    certificate.issuer = 2;
    expect(trust.registry, trust_write_device(&trust, &certificate), STATUS_UNKNOWN,
           "authority 2 is not known yet");
    certificate = trust_certificate(&trust, 2, ROLE_HUB, ORG_ROOT);
    expect(trust.registry, trust_write_device(&trust, &certificate), STATUS_DENIED,
           "device 1 and no other is the hub");
    certificate = trust_certificate(&trust, DEVICE_HUB, ROLE_VOLUNTEER, ORG_ROOT);
    certificate.serial = 2;
    expect(trust.registry, trust_write_device(&trust, &certificate), STATUS_DENIED,
           "device 1 and no other is the hub");
}

static void the_mask_of_the_authority_is_the_limit(void **state)
{
    (void)state;
    struct certificate hub = trust_certificate(&trust, DEVICE_HUB, ROLE_HUB, ORG_ROOT);
    trust.authority.may_enrol = ROLE_BIT(ROLE_HUB) | ROLE_BIT(ROLE_VOLUNTEER);
    assert_int_equal(apply_parts(7, &hub, NULL), STATUS_OK);
    for (enum role role = ROLE_VOLUNTEER; role <= ROLE_AUDITOR; role++) {
        struct certificate certificate = trust_certificate(&trust, 2, role, TRUST_BRANCH);
        certificate.issuer = trust.authority.number;
        enum status status =
            trust_apply(&trust, fresh, trust_write_device(&trust, &certificate), NULL);
        assert_int_equal(status, role == ROLE_VOLUNTEER ? STATUS_OK : STATUS_DENIED);
    }
}

/* ---- link keys ---- */

static enum status apply_link_key(uint32_t number, const struct signing_key *signer)
{
    static const struct id row;
    struct link_key link = {.number = number, .dh_key = {(uint8_t)number}};
    struct buffer sealed = {0};
    assert_int_equal(link_key_seal(&link, &trust.network, signer, &sealed, NULL), STATUS_OK);
    trust_start(&trust, SCOPE_REGISTRY(ORG_ROOT));
    trust_op(&trust, REGISTRY_LINK_KEY, &row);
    trust_bin(&trust, 1, buffer_bytes(&sealed));
    buffer_release(&sealed);
    return trust_apply(&trust, trust.registry, trust_finish(&trust), NULL);
}

static void link_keys_rise_and_are_the_authority_s(void **state)
{
    (void)state;
    assert_int_equal(registry_link_key(trust.registry)->number, 1);
    assert_int_equal(apply_link_key(3, &trust.authority_key), STATUS_OK);
    assert_int_equal(apply_link_key(2, &trust.authority_key), STATUS_OK); /* in vain */
    assert_int_equal(apply_link_key(4, &trust.devices[DEVICE_HUB].sign), STATUS_FORGED);
    assert_int_equal(registry_link_key(trust.registry)->number, 3);
    assert_int_equal(registry_link_key(trust.registry)->dh_key[0], 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(genesis_names_network_root_org_and_hub),
        CASE(genesis_key_is_told_before_anything_is_applied),
        CASE(genesis_counts_whole_or_not_at_all),
        CASE(genesis_hub_is_device_1_with_the_role_hub),
        CASE(genesis_of_another_root_is_forged),
        CASE(nothing_counts_before_the_genesis),
        CASE(a_second_genesis_does_not_count_and_takes_nothing_away),
        CASE(only_the_hub_writes_and_only_in_registry_scopes),
        CASE(an_entry_makes_one_change),
        CASE(network_wide_things_stand_in_the_root_s_part),
        CASE(org_tree_knows_who_is_below_whom),
        CASE(broken_orgs_are_refused),
        CASE(org_names_have_a_limit),
        CASE(an_org_may_come_before_its_parent),
        CASE(a_tree_is_walked_16_levels_deep_and_no_deeper),
        CASE(a_device_is_found_by_number_id_and_key),
        CASE(a_newer_certificate_replaces_the_one_before),
        CASE(an_index_never_changes_its_key),
        CASE(a_certificate_that_comes_again_changes_nothing),
        CASE(of_two_certificates_with_one_serial_all_take_the_same),
        CASE(a_certificate_stands_under_its_device_s_id),
        CASE(only_the_authority_enrols_and_only_what_it_may),
        CASE(the_mask_of_the_authority_is_the_limit),
        CASE(link_keys_rise_and_are_the_authority_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
