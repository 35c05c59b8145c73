/* Who may sign whom: root sets and their successors, authorities, devices that admit devices. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
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

static enum status apply(const struct trust_entry *entry)
{
    return trust_apply(&trust, trust.registry, entry, NULL);
}

/* ---- the root ---- */

struct successor {
    struct root_set set;
    struct signing_key keys[TRUST_ROOTS];
};

static struct successor successor_of(const struct root_set *before, uint8_t salt)
{
    struct successor next = {
        .set = {.suite = SUITE_1, .version = before->version + 1, .threshold = 2}};
    for (uint8_t i = 0; i < TRUST_ROOTS; i++) {
        uint8_t seed[32] = {salt, i};
        signing_key_from_seed(&next.keys[i], seed);
        assert_int_equal(root_set_add(&next.set, next.keys[i].public_key, NULL), STATUS_OK);
    }
    return next;
}

/* Signed by the first `old` keys of the set in force and the first `own` of its own. */
static const struct trust_entry *write_root(const struct successor *next, size_t old, size_t own)
{
    static const struct id row;
    struct signing_key keys[2 * TRUST_ROOTS];
    struct root_signers signers = {keys, old + own};
    struct buffer body = {0}, sealed = {0};
    memcpy(keys, trust.roots, old * sizeof *keys);
    memcpy(keys + old, next->keys, own * sizeof *keys);
    assert_int_equal(root_set_encode(&next->set, &body), STATUS_OK);
    assert_int_equal(root_object_seal(&sealed, TAG_ROOT_SET, &trust.network, buffer_bytes(&body),
                                      &signers, NULL),
                     STATUS_OK);
    trust_start(&trust, SCOPE_REGISTRY(ORG_ROOT));
    trust_op(&trust, REGISTRY_NETWORK, &row);
    trust_bin(&trust, 1, buffer_bytes(&sealed));
    buffer_release(&body);
    buffer_release(&sealed);
    return trust_finish(&trust);
}

static void a_new_root_needs_the_threshold_of_the_old_and_of_its_own(void **state)
{
    (void)state;
    struct successor next = successor_of(&trust.root, 1);
    for (size_t old = 0; old <= 2; old++)
        for (size_t own = 0; own <= 2; own++)
            if (old < 2 || own < 2)
                assert_int_equal(apply(write_root(&next, old, own)), STATUS_FORGED);
    assert_int_equal(registry_root(trust.registry)->version, 1);
    const struct trust_entry *entry = write_root(&next, 2, 2);
    assert_int_equal(apply(entry), STATUS_OK);
    assert_int_equal(registry_root(trust.registry)->version, 2);
    assert_int_equal(apply(entry), STATUS_OK); /* again: nothing new */
}

static void root_versions_leave_no_gap_and_are_never_replaced(void **state)
{
    (void)state;
    struct successor skipping = successor_of(&trust.root, 1), second = successor_of(&trust.root, 2);
    skipping.set.version = 3;
    assert_int_equal(apply(write_root(&skipping, 2, 2)), STATUS_UNKNOWN);
    assert_int_equal(apply(write_root(&second, 2, 2)), STATUS_OK);
    struct successor other = successor_of(&trust.root, 3);
    assert_int_equal(apply(write_root(&other, 2, 2)), STATUS_FORGED);
}

/* ---- authorities ---- */

static const struct trust_entry *write_authority(uint32_t number, const struct signing_key *key,
                                                 size_t signatures)
{
    static const struct id row;
    struct root_signers signers = {trust.roots, signatures};
    struct authority next = {.suite = SUITE_1, .number = number, .may_enrol = 0x7e};
    struct buffer sealed = {0};
    memcpy(next.sign_key, key->public_key, PUBLIC_KEY_BYTES);
    assert_int_equal(authority_seal(&next, &trust.network, &signers, &sealed, NULL), STATUS_OK);
    trust_start(&trust, SCOPE_REGISTRY(ORG_ROOT));
    trust_op(&trust, REGISTRY_NETWORK, &row);
    trust_bin(&trust, 2, buffer_bytes(&sealed));
    buffer_release(&sealed);
    return trust_finish(&trust);
}

/* From now on number 2 enrols, whose mask has every role. */
static void replace_authority(void)
{
    uint8_t seed[32] = {7};
    signing_key_from_seed(&trust.authority_key, seed);
    assert_int_equal(apply(write_authority(2, &trust.authority_key, 2)), STATUS_OK);
    assert_int_equal(registry_authority(trust.registry)->number, 2);
    trust.authority.number = 2;
}

static void a_replaced_authority_leaves_those_it_admitted_in_place(void **state)
{
    (void)state;
    uint32_t before = trust_enrol(&trust, ROLE_SECRETARY, TRUST_BRANCH);
    replace_authority();
    uint32_t after = trust_enrol(&trust, ROLE_SECRETARY, TRUST_BRANCH);
    for (uint32_t seed_of_order = 1; seed_of_order < 20; seed_of_order++) {
        struct registry *other = trust_registry(&trust, seed_of_order);
        assert_non_null(registry_device(other, before));
        assert_non_null(registry_device(other, after));
        registry_free(other);
    }
    assert_int_equal(apply(write_authority(3, &trust.authority_key, 1)), STATUS_FORGED);
}

static void bureau_and_auditor_are_the_root_s_to_admit(void **state)
{
    (void)state;
    static const enum role roles[] = {ROLE_BUREAU, ROLE_AUDITOR};
    replace_authority();
    for (size_t i = 0; i < 2; i++) {
        struct certificate certificate =
            trust_certificate(&trust, 2 + (uint32_t)i, roles[i], ORG_ROOT);
        certificate.issuer = trust.authority.number; /* whose mask would allow it */
        assert_int_equal(apply(trust_write_device(&trust, &certificate)), STATUS_DENIED);
        certificate.issuer = ISSUER_ROOT;
        trust.root.threshold = 1; /* one signature only */
        assert_int_equal(apply(trust_write_device(&trust, &certificate)), STATUS_FORGED);
        trust.root.threshold = 2;
        assert_int_equal(apply(trust_write_device(&trust, &certificate)), STATUS_OK);
    }
}

/* ---- devices that admit devices ---- */

/* A clerk of the township with ten roster indices to give, from 40 on. */
static uint32_t clerk_with_lot(enum role role, uint32_t org)
{
    struct certificate clerk = trust_certificate(&trust, ++trust.devices_count, role, org);
    clerk.lot = 40;
    clerk.lot_count = 10;
    trust_take(&trust, trust_write_device(&trust, &clerk));
    return clerk.device;
}

static struct certificate newcomer_of(uint32_t issuer, uint32_t device, enum role role,
                                      uint32_t org)
{
    struct certificate certificate = trust_certificate(&trust, device, role, org);
    certificate.issuer = ISSUER_DEVICE(issuer);
    return certificate;
}

static const struct trust_entry *admit(uint32_t issuer, const struct certificate *newcomer)
{
    trust.author = issuer;
    const struct trust_entry *entry = trust_write_device(&trust, newcomer);
    trust.author = DEVICE_HUB;
    return entry;
}

/* What its certificate doesn't allow waits: one that hasn't come yet may. */
static void a_clerk_admits_whom_it_may_and_nobody_else(void **state)
{
    (void)state;
    static const struct {
        enum role by, role;
        uint32_t org, device;
        enum status status;
    } cases[] = {
        {ROLE_CLERK, ROLE_VOLUNTEER, TRUST_BRANCH, 40, STATUS_OK},
        {ROLE_CLERK, ROLE_SECRETARY, TRUST_TOWNSHIP, 49, STATUS_OK},
        {ROLE_CLERK, ROLE_CLERK, TRUST_BRANCH, 40, STATUS_UNKNOWN},
        {ROLE_CLERK, ROLE_BUREAU, TRUST_BRANCH, 40, STATUS_DENIED},
        {ROLE_CLERK, ROLE_AUDITOR, TRUST_BRANCH, 40, STATUS_DENIED},
        {ROLE_CLERK, ROLE_VOLUNTEER, TRUST_COUNTY, 40, STATUS_UNKNOWN},
        {ROLE_CLERK, ROLE_VOLUNTEER, TRUST_FAR_BRANCH, 40, STATUS_UNKNOWN},
        {ROLE_CLERK, ROLE_VOLUNTEER, TRUST_BRANCH, 39, STATUS_UNKNOWN},
        {ROLE_CLERK, ROLE_VOLUNTEER, TRUST_BRANCH, 50, STATUS_UNKNOWN},
        {ROLE_BUREAU, ROLE_CLERK, TRUST_BRANCH, 40, STATUS_OK},
        {ROLE_BUREAU, ROLE_BUREAU, TRUST_BRANCH, 40, STATUS_DENIED},
        {ROLE_SECRETARY, ROLE_VOLUNTEER, TRUST_BRANCH, 40, STATUS_UNKNOWN},
        {ROLE_VOLUNTEER, ROLE_VOLUNTEER, TRUST_BRANCH, 40, STATUS_UNKNOWN},
        {ROLE_AUDITOR, ROLE_VOLUNTEER, TRUST_BRANCH, 40, STATUS_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        trust_release(&trust);
        trust_init(&trust);
        uint32_t issuer = clerk_with_lot(cases[i].by, TRUST_TOWNSHIP);
        struct certificate newcomer =
            newcomer_of(issuer, cases[i].device, cases[i].role, cases[i].org);
        assert_int_equal(apply(admit(issuer, &newcomer)), cases[i].status);
        assert_int_equal(registry_device(trust.registry, cases[i].device) != NULL,
                         cases[i].status == STATUS_OK);
    }
}

static void a_clerk_writes_no_other_thing_and_no_other_s_certificate(void **state)
{
    (void)state;
    uint32_t clerk = clerk_with_lot(ROLE_CLERK, TRUST_TOWNSHIP);
    trust.author = clerk;
    assert_int_equal(apply(trust_write_org(&trust, 10, TRUST_TOWNSHIP, "branch")), STATUS_DENIED);
    trust.author = DEVICE_HUB;
    struct certificate newcomer = newcomer_of(clerk, 40, ROLE_VOLUNTEER, TRUST_BRANCH);
    newcomer.issuer = trust.authority.number;
    assert_int_equal(apply(admit(clerk, &newcomer)), STATUS_FORGED);
    newcomer.issuer = ISSUER_DEVICE(clerk + 1);
    assert_int_equal(apply(admit(clerk, &newcomer)), STATUS_FORGED);
    newcomer.issuer = ISSUER_DEVICE(clerk);
    newcomer.serial = 2;
    assert_int_equal(apply(admit(clerk, &newcomer)), STATUS_DENIED);
    newcomer.serial = 1;
    newcomer.lot = 60;
    newcomer.lot_count = 1;
    assert_int_equal(apply(admit(clerk, &newcomer)), STATUS_DENIED);
    newcomer.lot_count = 0;
    assert_int_equal(apply(admit(clerk, &newcomer)), STATUS_OK);
    /* That number is another key's now. */
    struct certificate second = newcomer_of(clerk, 41, ROLE_VOLUNTEER, TRUST_BRANCH);
    second.device = 40;
    assert_int_equal(apply(admit(clerk, &second)), STATUS_DENIED);
    assert_int_equal(registry_next_device(trust.registry), 50);
}

static enum device_state state_in(struct registry *registry, uint32_t device)
{
    return registry_device_state(registry, registry_device(registry, device));
}

static void whom_a_revoked_clerk_admits_later_never_was_in_any_order(void **state)
{
    (void)state;
    uint32_t clerk = clerk_with_lot(ROLE_CLERK, TRUST_TOWNSHIP);
    struct certificate before = newcomer_of(clerk, 40, ROLE_VOLUNTEER, TRUST_BRANCH);
    struct certificate after = newcomer_of(clerk, 41, ROLE_VOLUNTEER, TRUST_BRANCH);
    trust_take(&trust, admit(clerk, &before));
    trust_take(&trust, admit(clerk, &after));
    assert_true(registry_may_read(trust.registry, 41, SCOPE_RECORDS(TRUST_BRANCH)));
    /* One admission counts. It stands in the branch's part of the registry. */
    trust_take(&trust, trust_write_revocation(&trust, clerk, TRUST_BRANCH, 1));
    for (uint32_t seed = 0; seed < 40; seed++) {
        struct registry *other = trust_registry(&trust, seed);
        assert_int_equal(state_in(other, clerk), DEVICE_REVOKED);
        assert_int_equal(state_in(other, 40), DEVICE_ACTIVE);
        assert_int_equal(state_in(other, 41), DEVICE_REVOKED);
        assert_false(registry_may_read(other, 41, SCOPE_RECORDS(TRUST_BRANCH)));
        assert_true(registry_admitted_by(other, registry_device(other, 41), clerk));
        registry_free(other);
    }
    /* The hub may vouch for it, and then it is as any other. */
    struct certificate vouched = after;
    vouched.serial = 2;
    vouched.issuer = trust.authority.number;
    trust_take(&trust, trust_write_device(&trust, &vouched));
    assert_int_equal(state_in(trust.registry, 41), DEVICE_ACTIVE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_root_needs_the_threshold_of_the_old_and_of_its_own,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(root_versions_leave_no_gap_and_are_never_replaced, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_replaced_authority_leaves_those_it_admitted_in_place,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(bureau_and_auditor_are_the_root_s_to_admit, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_clerk_admits_whom_it_may_and_nobody_else, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_clerk_writes_no_other_thing_and_no_other_s_certificate,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(whom_a_revoked_clerk_admits_later_never_was_in_any_order,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
