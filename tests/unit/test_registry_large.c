/* The registry of a province: 6,540 branches and 20,000 devices are taken in, found again and
 * judged within seconds. There is no stopwatch here: what grows with the square of the number is
 * noticed by whoever waits for this test. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/support/trust.h"

#define COUNTIES 100u
#define BRANCHES 6540u
#define DEVICES 20000u
#define FIRST_COUNTY 10u
#define FIRST_BRANCH (FIRST_COUNTY + COUNTIES)
#define FIRST_DEVICE 2u

static struct trust trust;
static struct entry_writer writer;
static struct entry_view view;
static struct buffer body, value, sealed;

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static void start(uint32_t scope, uint32_t device, uint32_t table, const struct id *row)
{
    struct feed_id feed = {scope, device, INCARNATION_FIRST};
    struct entry_head head = {.epoch = 1};
    done(entry_writer_start(&writer, &feed, &head, NULL));
    done(entry_writer_op(&writer, table, row, NULL));
}

static void put(uint16_t field)
{
    done(entry_writer_field(&writer, field, buffer_bytes(&value), NULL, 0, NULL));
    buffer_clear(&value);
}

static void finish(void)
{
    buffer_clear(&body);
    done(entry_writer_finish(&writer, &body, NULL));
    done(entry_decode(&view, &writer.feed, buffer_bytes(&body), NULL));
}

static void apply(struct registry *registry, uint64_t number)
{
    struct dot dot = {writer.feed, number};
    finish();
    done(registry_apply(registry, &dot, &view, NULL));
}

static uint32_t org_of(uint32_t device)
{
    return FIRST_BRANCH + device % BRANCHES;
}

static void add_org(struct registry *registry, uint32_t number, uint32_t parent, const char *kind)
{
    struct id row = trust_id(number);
    start(SCOPE_REGISTRY(number), DEVICE_HUB, REGISTRY_ORG, &row);
    done(pack_uint(&value, number));
    put(1);
    done(pack_uint(&value, parent));
    put(2);
    done(pack_str(&value, bytes_text(kind)));
    put(3);
    done(pack_str(&value, bytes_text("示例支部")));
    put(4);
    apply(registry, 1);
}

static void keys_of(uint32_t device, struct signing_key *sign, struct dh_key *dh)
{
    uint8_t seed[32] = {1};
    put_u32le(seed + 8, device);
    signing_key_from_seed(sign, seed);
    seed[0] = 2;
    dh_key_from_secret(dh, seed);
}

static void add_device(struct registry *registry, uint32_t device)
{
    struct certificate certificate = {.suite = SUITE_1,
                                      .device = device,
                                      .serial = 1,
                                      .person = trust_id(device),
                                      .person_name = "示例党员001",
                                      .role = ROLE_SECRETARY,
                                      .org = org_of(device),
                                      .issuer = trust.authority.number};
    struct signing_key sign;
    struct dh_key dh;
    keys_of(device, &sign, &dh);
    memcpy(certificate.sign_key, sign.public_key, PUBLIC_KEY_BYTES);
    memcpy(certificate.dh_key, dh.public_key, DH_KEY_BYTES);
    struct id row = device_id(&trust.network, certificate.sign_key);
    buffer_clear(&sealed);
    done(certificate_seal(&certificate, &trust.network, &trust.authority_key, &sealed, NULL));
    start(SCOPE_REGISTRY(certificate.org), DEVICE_HUB, REGISTRY_DEVICE, &row);
    done(pack_bin(&value, buffer_bytes(&sealed)));
    put(1);
    apply(registry, 2 + device / BRANCHES);
}

static void expect_found(const struct registry *registry, uint32_t device)
{
    struct signing_key sign;
    struct dh_key dh;
    keys_of(device, &sign, &dh);
    struct id id = device_id(&trust.network, sign.public_key);
    const struct device *found = registry_device(registry, device);
    assert_non_null(found);
    assert_ptr_equal(registry_device_by_id(registry, &id), found);
    assert_ptr_equal(registry_device_by_dh(registry, dh.public_key), found);
    assert_memory_equal(registry_device_key(registry, device), sign.public_key, PUBLIC_KEY_BYTES);
    assert_true(registry_may_read(registry, device, SCOPE_RECORDS(org_of(device))));
    assert_true(registry_may_read(registry, device, SCOPE_REGISTRY(ORG_ROOT)));
    assert_false(registry_may_read(registry, device, SCOPE_RECORDS(org_of(device + 1))));
}

static enum status judge(const struct registry *registry, uint32_t device, uint32_t org)
{
    struct id row = trust_id(1);
    start(SCOPE_RECORDS(org), device, 16, &row);
    done(pack_str(&value, bytes_text("x")));
    put(1);
    finish();
    struct dot dot = {writer.feed, 1};
    return registry_permits(registry, &dot, &view, NULL);
}

/* Devices in an order in which hardly one follows another: the step has no divisor in common with
 * their number. */
static uint32_t shuffled(uint32_t i)
{
    return FIRST_DEVICE + (uint32_t)((uint64_t)i * 7919 % DEVICES);
}

static void a_province_s_registry_is_taken_in_found_and_judged(void **state)
{
    (void)state;
    trust_init(&trust);
    for (uint32_t i = 0; i < COUNTIES; i++)
        add_org(trust.registry, FIRST_COUNTY + i, ORG_ROOT, "county");
    for (uint32_t i = 0; i < BRANCHES; i++)
        add_org(trust.registry, FIRST_BRANCH + i, FIRST_COUNTY + i % COUNTIES, "branch");
    for (uint32_t i = 0; i < DEVICES; i++)
        add_device(trust.registry, shuffled(i));
    assert_int_equal(registry_devices_count(trust.registry), DEVICES + 1);
    assert_int_equal(registry_orgs_count(trust.registry), 9 + COUNTIES + BRANCHES);
    for (uint32_t device = FIRST_DEVICE; device < FIRST_DEVICE + DEVICES; device++) {
        expect_found(trust.registry, device);
        assert_int_equal(judge(trust.registry, device, org_of(device)), STATUS_OK);
        assert_int_equal(judge(trust.registry, device, org_of(device + 1)), STATUS_DENIED);
    }
    trust_release(&trust);
    entry_writer_release(&writer);
    entry_view_release(&view);
    buffer_release(&body);
    buffer_release(&value);
    buffer_release(&sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_province_s_registry_is_taken_in_found_and_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
