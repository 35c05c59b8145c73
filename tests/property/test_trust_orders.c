/* Who may write, in every order in which it can become known.
 *
 * Two administrators act apart: certificates of one device with a new role and another org, its
 * revocation from two lives of the hub, once as forked, a newcomer that it admitted, the newcomer's
 * own revocation; a hub that was restored calls several orgs by one number. They stand in feeds of
 * their own, so each order is possible; all of them are played. After every entry the registry must
 * be what it is after the same entries in any other order: who stands where, and whether each
 * record of the two devices counts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/support/trust.h"

#define ACTS_MAX 8
#define RECORDS 5 /* entries of each device at each org that are judged */
#define NEW_ORG 10
#define NEW_BRANCH 11 /* below it */

static struct trust trust;
static const struct trust_entry *acts[ACTS_MAX];
static size_t acts_count;
static uint32_t clerk, newcomer;
static struct buffer record;
static struct entry_view record_view;

/* What a set of acts makes of a registry; the first order that ends in it says it. */
static struct buffer descriptions[1u << ACTS_MAX];
static unsigned long orders, applied, waited;

/* ---- what there is to know ---- */

static void put(struct buffer *out, const char *words)
{
    assert_int_equal(buffer_append(out, words, strlen(words)), STATUS_OK);
}

static void put_verdicts(const struct registry *registry, uint32_t device, struct buffer *out)
{
    static const uint32_t orgs[] = {TRUST_TOWNSHIP, TRUST_BRANCH, TRUST_SIBLING, NEW_ORG,
                                    NEW_BRANCH};
    for (size_t i = 0; i < sizeof orgs / sizeof orgs[0]; i++)
        for (uint64_t number = 1; number <= RECORDS; number++) {
            struct dot dot = {{SCOPE_RECORDS(orgs[i]), device, INCARNATION_FIRST}, number};
            record_view.feed = dot.feed;
            enum status verdict = registry_permits(registry, &dot, &record_view, NULL);
            put(out, verdict == STATUS_OK ? "+" : verdict == STATUS_UNKNOWN ? "?" : "-");
        }
}

/* A device that was never admitted, and one whose admission doesn't count, are the same. */
static void describe(const struct registry *registry, struct buffer *out)
{
    char line[160];
    const uint32_t devices[] = {DEVICE_HUB, clerk, newcomer};
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        const struct device *device = registry_device(registry, devices[i]);
        snprintf(line, sizeof line, "%u: ", devices[i]);
        put(out, line);
        for (uint32_t org = 1; org <= NEW_BRANCH; org++)
            put(out, registry_may_read(registry, devices[i], SCOPE_RECORDS(org)) ? "r" : ".");
        put_verdicts(registry, devices[i], out);
        if (device && registry_device_state(registry, device) == DEVICE_ACTIVE) {
            const struct certificate *certificate = &device->certificate;
            snprintf(line, sizeof line, " active %s at %u, serial %u", role_name(certificate->role),
                     certificate->org, certificate->serial);
            put(out, line);
        }
        put(out, "\n");
    }
    const struct authority *authority = registry_authority(registry);
    const struct link_key *link = registry_link_key(registry);
    const struct org *org = registry_org(registry, NEW_ORG);
    snprintf(line, sizeof line, "authority %u %02x%02x mask %x, link key %u, org below %u\n",
             authority->number, authority->sign_key[0], authority->sign_key[1],
             authority->may_enrol, link ? link->number : 0, org ? org->parent : 0);
    put(out, line);
}

/* ---- the acts ---- */

static const struct hash some_hash = {{7}};
static bool names_hashes; /* for what is written from now on */

static const struct trust_entry *revocation(uint32_t device, uint32_t serial, uint32_t state,
                                            uint64_t good)
{
    struct frontier cut = {0};
    struct buffer hashes = {0};
    struct buffer packed = {0};
    struct id row = device_id(&trust.network, trust.devices[device].sign.public_key);
    trust_raise(&cut, device, TRUST_TOWNSHIP, good);
    trust_raise(&cut, device, TRUST_BRANCH, good);
    assert_int_equal(frontier_encode(&cut, &packed, NULL), STATUS_OK);
    trust_start(&trust, SCOPE_REGISTRY(TRUST_TOWNSHIP));
    trust_op(&trust, REGISTRY_REVOCATION, &row);
    trust_uint(&trust, 1, device);
    trust_uint(&trust, 2, serial);
    trust_uint(&trust, 3, state);
    trust_bin(&trust, 4, buffer_bytes(&packed));
    for (size_t i = 0; names_hashes && i < cut.count; i++)
        assert_int_equal(buffer_append(&hashes, some_hash.bytes, HASH_BYTES), STATUS_OK);
    if (names_hashes)
        trust_bin(&trust, 5, buffer_bytes(&hashes));
    buffer_release(&hashes);
    buffer_release(&packed);
    frontier_release(&cut);
    return trust_finish(&trust);
}

static const struct trust_entry *certificate(enum role role, uint32_t org, uint32_t serial,
                                             uint64_t from)
{
    struct certificate next = trust_certificate(&trust, clerk, role, org);
    next.serial = serial;
    next.lot = 40;
    next.lot_count = role == ROLE_CLERK ? 4 : 0;
    if (role != ROLE_CLERK)
        next.lot = 0;
    if (from)
        trust_raise(&next.from, clerk, TRUST_TOWNSHIP, from);
    const struct trust_entry *entry = trust_write_device(&trust, &next);
    certificate_release(&next);
    return entry;
}

static const struct trust_entry *admission(uint32_t org)
{
    struct certificate next = trust_certificate(&trust, newcomer, ROLE_VOLUNTEER, org);
    next.issuer = ISSUER_DEVICE(clerk);
    trust.author = clerk;
    trust.life = INCARNATION_FIRST;
    const struct trust_entry *entry = trust_write_device(&trust, &next);
    trust.author = DEVICE_HUB;
    return entry;
}

/* Each in a life of the hub of its own: nothing says which comes first. */
static void write_demotion(void)
{
    trust.life = 11;
    acts[acts_count++] = certificate(ROLE_CLERK, TRUST_TOWNSHIP, 1, 0);
    trust.life = 12;
    acts[acts_count++] = certificate(ROLE_SECRETARY, TRUST_BRANCH, 2, 4);
    trust.life = 13;
    acts[acts_count++] = revocation(clerk, 1, DEVICE_REVOKED, 3);
    trust.life = 14;
    acts[acts_count++] = revocation(clerk, 1, DEVICE_FORKED, 2);
    acts[acts_count++] = admission(TRUST_BRANCH);
    trust.life = 15;
    acts[acts_count++] = revocation(newcomer, 1, DEVICE_REVOKED, 1);
}

/* The newcomer's admission may come before the certificate that allows it. */
static void write_promotion(void)
{
    trust.life = 11;
    acts[acts_count++] = certificate(ROLE_SECRETARY, TRUST_TOWNSHIP, 1, 0);
    trust.life = 12;
    acts[acts_count++] = certificate(ROLE_CLERK, TRUST_TOWNSHIP, 2, 2);
    trust.life = 13;
    acts[acts_count++] = certificate(ROLE_SECRETARY, TRUST_TOWNSHIP, 3, 4);
    acts[acts_count++] = admission(TRUST_BRANCH);
    trust.life = 14;
    acts[acts_count++] = revocation(newcomer, 1, DEVICE_REVOKED, 3);
    trust.life = 15;
    acts[acts_count++] = revocation(clerk, 1, DEVICE_REVOKED, 4);
}

static const struct trust_entry *next_authority(char name, uint8_t may_enrol)
{
    struct root_signers signers = {trust.roots, trust.root.threshold};
    struct buffer sealed = {0};
    uint8_t seed[32] = {(uint8_t)name, 'k'};
    signing_key_from_seed(&trust.authority_key, seed);
    trust.authority.number = 2;
    trust.authority.may_enrol = may_enrol;
    memcpy(trust.authority.sign_key, trust.authority_key.public_key, PUBLIC_KEY_BYTES);
    assert_int_equal(authority_seal(&trust.authority, &trust.network, &signers, &sealed, NULL),
                     STATUS_OK);
    trust_start(&trust, SCOPE_REGISTRY(ORG_ROOT));
    trust_op(&trust, REGISTRY_NETWORK, &(const struct id){{0}});
    trust_bin(&trust, 2, buffer_bytes(&sealed));
    buffer_release(&sealed);
    return trust_finish(&trust);
}

/* A hub that was restored gave number 2 once more: two keys, and one of them with two masks. Each
 * enrols somebody and a link key. */
static void write_authorities(void)
{
    trust.life = 11;
    acts[acts_count++] = next_authority('x', 0x4e);
    trust.life = 12;
    acts[acts_count++] = certificate(ROLE_CLERK, TRUST_TOWNSHIP, 1, 0);
    trust.life = 13;
    acts[acts_count++] = next_authority('y', ROLE_BIT(ROLE_CLERK));
    trust.life = 14;
    acts[acts_count++] = next_authority('y', ROLE_BIT(ROLE_VOLUNTEER));
    struct certificate next = trust_certificate(&trust, newcomer, ROLE_VOLUNTEER, TRUST_BRANCH);
    trust.life = 15;
    acts[acts_count++] = trust_write_device(&trust, &next);
    certificate_release(&next);
    trust.life = 16;
    acts[acts_count++] = trust_write_link_key(&trust, 5);
}

/* The clerk may admit the newcomer by one of three orgs that bear a number; another one counts. */
static void write_orgs(void)
{
    trust.life = 11;
    acts[acts_count++] = certificate(ROLE_CLERK, TRUST_TOWNSHIP, 1, 0);
    trust.life = 14;
    acts[acts_count++] = trust_write_org(&trust, NEW_ORG, TRUST_FAR_COUNTY, "branch");
    trust.life = 13;
    acts[acts_count++] = trust_write_org(&trust, NEW_ORG, TRUST_TOWNSHIP, "township");
    trust.life = 12;
    acts[acts_count++] = trust_write_org(&trust, NEW_ORG, TRUST_FAR_BRANCH, "branch");
    trust.life = 15;
    acts[acts_count++] = trust_write_org(&trust, NEW_BRANCH, NEW_ORG, "branch");
    acts[acts_count++] = admission(NEW_BRANCH);
    trust.life = 16;
    acts[acts_count++] = revocation(newcomer, 1, DEVICE_FORKED, 3);
}

static void write_record(void)
{
    struct feed_id feed = {SCOPE_RECORDS(TRUST_BRANCH), clerk, INCARNATION_FIRST};
    const struct schema *schema = registry_schema(trust.registry);
    const struct schema_table *table = schema_table_named(schema, "visit");
    const struct schema_field *field = &table->fields[0];
    struct entry_head head = {.time_ms = 1, .epoch = schema->epoch};
    struct entry_writer writer = {0};
    struct buffer value = {0};
    struct id row = trust_id(77);
    assert_int_equal(pack_nil(&value), STATUS_OK);
    assert_int_equal(entry_writer_start(&writer, &feed, &head, NULL), STATUS_OK);
    assert_int_equal(entry_writer_op(&writer, table->number, &row, NULL), STATUS_OK);
    assert_int_equal(
        entry_writer_field(&writer, field->number, buffer_bytes(&value), NULL, 0, NULL), STATUS_OK);
    assert_int_equal(entry_writer_finish(&writer, &record, NULL), STATUS_OK);
    assert_int_equal(entry_decode(&record_view, &feed, buffer_bytes(&record), NULL), STATUS_OK);
    entry_writer_release(&writer);
    buffer_release(&value);
}

/* ---- every order ---- */

static struct registry *registry_before(size_t entries)
{
    struct registry *registry;
    assert_int_equal(registry_new(&registry, &trust.network, NULL), STATUS_OK);
    for (size_t i = 0; i < entries; i++)
        assert_int_equal(trust_apply(&trust, registry, &trust.entries[i], NULL), STATUS_OK);
    return registry;
}

/* What waits is asked again as long as that helps, as a replica does; what was refused, too, which
 * a replica asks when keys have come. */
static void settle(struct registry *registry, bool *waiting)
{
    bool helped = true;
    while (helped) {
        helped = false;
        for (size_t i = 0; i < acts_count; i++) {
            if (!waiting[i])
                continue;
            enum status status = trust_apply(&trust, registry, acts[i], NULL);
            applied++;
            waiting[i] = status != STATUS_OK;
            helped |= !waiting[i];
        }
    }
}

static void look(const struct registry *registry, unsigned set, const size_t *order, size_t count)
{
    static struct buffer now;
    struct buffer *wanted = &descriptions[set];
    buffer_clear(&now);
    describe(registry, &now);
    if (wanted->size == 0)
        assert_int_equal(buffer_append_bytes(wanted, buffer_bytes(&now)), STATUS_OK);
    if (bytes_equal(buffer_bytes(&now), buffer_bytes(wanted)))
        return;
    for (size_t i = 0; i < count; i++)
        printf("act %zu\n", order[i]);
    fail_msg("is\n%.*s\nand was in another order\n%.*s", (int)now.size, (char *)now.data,
             (int)wanted->size, (char *)wanted->data);
}

static void play(const size_t *order, size_t base)
{
    struct registry *registry = registry_before(base);
    bool waiting[ACTS_MAX] = {false};
    unsigned set = 0;
    for (size_t i = 0; i < acts_count; i++) {
        enum status status = trust_apply(&trust, registry, acts[order[i]], NULL);
        applied++;
        waiting[order[i]] = status != STATUS_OK;
        waited += waiting[order[i]];
        settle(registry, waiting);
        set |= 1u << order[i];
        look(registry, set, order, i + 1);
    }
    registry_free(registry);
    orders++;
}

static void play_all(size_t *order, size_t count, size_t base)
{
    if (count == acts_count)
        play(order, base);
    for (size_t next = 0; next < acts_count && count < acts_count; next++) {
        bool taken = false;
        for (size_t i = 0; i < count; i++)
            taken |= order[i] == next;
        if (taken)
            continue;
        order[count] = next;
        play_all(order, count + 1, base);
    }
}

static void try_every_order(void (*write_acts)(void))
{
    size_t order[ACTS_MAX], base, sets = 0, shown = 0;
    trust_init(&trust);
    base = trust.entries_count;
    clerk = trust.devices_count + 1;
    newcomer = 41;
    acts_count = orders = applied = waited = 0;
    write_record();
    write_acts();
    play_all(order, 0, base);
    for (size_t i = 0; i < 1u << ACTS_MAX; i++) {
        struct buffer *text = &descriptions[i];
        sets += text->size > 0;
        shown += text->size > 0 && memchr(text->data, '+', text->size);
        buffer_release(text);
    }
    printf("%lu orders of %zu acts, %lu entries applied, %lu waited; %zu sets, %zu with records "
           "that count\n",
           orders, acts_count, applied, waited, sets, shown);
    assert_int_equal(sets, (1u << acts_count) - 1);
    assert_true(waited > 0 && shown > 0);
    entry_view_release(&record_view);
    buffer_release(&record);
    trust_release(&trust);
}

static void every_order_of_a_demotion_and_revocations_ends_alike(void **state)
{
    (void)state;
    try_every_order(write_demotion);
}

static void every_order_of_a_promotion_and_what_it_allowed_ends_alike(void **state)
{
    (void)state;
    try_every_order(write_promotion);
}

static void every_order_of_two_authorities_of_one_number_ends_alike(void **state)
{
    (void)state;
    try_every_order(write_authorities);
}

static void every_order_of_three_orgs_of_one_number_ends_alike(void **state)
{
    (void)state;
    try_every_order(write_orgs);
}

/* The clerk's device admitted the newcomer in its second entry at the most. */
static enum status verdict_of_newcomer(enum cut_chain chain, size_t base)
{
    struct dot dot = {{SCOPE_RECORDS(TRUST_BRANCH), newcomer, INCARNATION_FIRST}, 1};
    struct registry *registry = registry_before(base);
    struct cut cut;
    size_t walk = 0;
    for (size_t i = 0; i < acts_count; i++)
        assert_int_equal(trust_apply(&trust, registry, acts[i], NULL), STATUS_OK);
    while (registry_cut_next(registry, &walk, &cut)) {
        assert_int_equal(registry_cut_chain(registry, &cut.feed), CUT_AHEAD);
        assert_memory_equal(cut.hash.bytes, some_hash.bytes, HASH_BYTES);
        registry_cut_note(registry, &cut.feed, chain);
    }
    assert_int_equal(walk, 6);
    record_view.feed = dot.feed;
    enum status verdict = registry_permits(registry, &dot, &record_view, NULL);
    dot.feed.device = clerk;
    record_view.feed = dot.feed;
    enum status own = registry_permits(registry, &dot, &record_view, NULL);
    assert_int_equal(own, chain == CUT_FITS      ? STATUS_OK
                          : chain == CUT_DIFFERS ? STATUS_DENIED
                                                 : STATUS_UNKNOWN);
    registry_free(registry);
    return verdict;
}

static void whom_a_revoked_device_admitted_counts_only_in_the_history_that_was_left(void **state)
{
    size_t base;
    (void)state;
    trust_init(&trust);
    base = trust.entries_count;
    clerk = trust.devices_count + 1;
    newcomer = 41;
    acts_count = 0;
    names_hashes = true;
    write_record();
    trust.life = 11;
    acts[acts_count++] = certificate(ROLE_CLERK, TRUST_TOWNSHIP, 1, 0);
    acts[acts_count++] = admission(TRUST_BRANCH);
    trust.life = 12;
    acts[acts_count++] = revocation(clerk, 1, DEVICE_REVOKED, 2);
    assert_int_equal(verdict_of_newcomer(CUT_FITS, base), STATUS_OK);
    assert_int_equal(verdict_of_newcomer(CUT_DIFFERS, base), STATUS_DENIED);
    assert_int_equal(verdict_of_newcomer(CUT_AHEAD, base), STATUS_DENIED);
    names_hashes = false;
    entry_view_release(&record_view);
    buffer_release(&record);
    trust_release(&trust);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_of_a_demotion_and_revocations_ends_alike),
        cmocka_unit_test(every_order_of_a_promotion_and_what_it_allowed_ends_alike),
        cmocka_unit_test(every_order_of_two_authorities_of_one_number_ends_alike),
        cmocka_unit_test(every_order_of_three_orgs_of_one_number_ends_alike),
        cmocka_unit_test(whom_a_revoked_device_admitted_counts_only_in_the_history_that_was_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
