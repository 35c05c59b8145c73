#include "tests/support/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "tests/support/must.h"

static const struct id NO_ROW;

struct id trust_id(uint32_t number)
{
    struct id id = {{0}};
    put_u32le(id.bytes + ID_BYTES - 4, number);
    id.bytes[0] = 0x5a;
    return id;
}

/* A letter for what it is, and the number: not at the start, where X25519 overwrites bits. */
static void seed_of(uint8_t seed[32], char purpose, uint32_t number)
{
    memset(seed, purpose, 32);
    put_u32le(seed + 8, number);
}

static void make_key(struct signing_key *key, char purpose, uint32_t number)
{
    uint8_t seed[32];
    seed_of(seed, purpose, number);
    signing_key_from_seed(key, seed);
}

static void make_device(struct trust_device *device, uint32_t number)
{
    uint8_t seed[32];
    make_key(&device->sign, 's', number);
    seed_of(seed, 'd', number);
    dh_key_from_secret(&device->dh, seed);
}

/* ---- entries ---- */

static const struct trust_entry *last_of_feed(const struct trust *trust, const struct feed_id *feed)
{
    for (size_t i = trust->entries_count; i > 0; i--)
        if (feed_compare(&trust->entries[i - 1].dot.feed, feed) == 0)
            return &trust->entries[i - 1];
    return NULL;
}

void trust_start(struct trust *trust, uint32_t scope)
{
    struct feed_id feed = {scope, trust->author, trust->life};
    struct entry_head head = {.time_ms = 1000};
    trust->scope = scope;
    MUST(entry_writer_start(&trust->writer, &feed, &head, err));
}

void trust_op(struct trust *trust, enum registry_table table, const struct id *row)
{
    MUST(entry_writer_op(&trust->writer, table, row, err));
}

static void put_field(struct trust *trust, uint16_t field, struct buffer *value)
{
    MUST(entry_writer_field(&trust->writer, field, buffer_bytes(value), NULL, 0, err));
    buffer_release(value);
}

void trust_uint(struct trust *trust, uint16_t field, uint64_t value)
{
    struct buffer packed = {0};
    MUST(pack_uint(&packed, value));
    put_field(trust, field, &packed);
}

void trust_text(struct trust *trust, uint16_t field, const char *value)
{
    struct buffer packed = {0};
    MUST(pack_str(&packed, bytes_text(value)));
    put_field(trust, field, &packed);
}

void trust_nil(struct trust *trust, uint16_t field)
{
    struct buffer packed = {0};
    MUST(pack_nil(&packed));
    put_field(trust, field, &packed);
}

void trust_bin(struct trust *trust, uint16_t field, struct bytes value)
{
    struct buffer packed = {0};
    MUST(pack_bin(&packed, value));
    put_field(trust, field, &packed);
}

const struct trust_entry *trust_finish(struct trust *trust)
{
    static const struct hash none;
    struct feed_id feed = {trust->scope, trust->author, trust->life};
    const struct trust_entry *last = last_of_feed(trust, &feed);
    if (trust->entries_count == TRUST_ENTRIES_MAX)
        abort();
    struct trust_entry *entry = &trust->entries[trust->entries_count++];
    *entry = (struct trust_entry){.dot = {feed, last ? last->dot.number + 1 : 1}};
    MUST(entry_writer_finish(&trust->writer, &entry->body, err));
    entry_hash(&entry->hash, &trust->network, &entry->dot, last ? &last->hash : &none,
               buffer_bytes(&entry->body));
    entry_sign(entry->signature, &trust->network, &entry->hash,
               &trust->devices[trust->author].sign);
    return entry;
}

/* ---- what the hub writes ---- */

static uint32_t trust_issuer(const struct trust *trust, enum role role)
{
    return role == ROLE_BUREAU || role == ROLE_AUDITOR ? ISSUER_ROOT : trust->authority.number;
}

struct certificate trust_certificate(struct trust *trust, uint32_t device, enum role role,
                                     uint32_t org)
{
    struct certificate certificate = {.suite = SUITE_1,
                                      .device = device,
                                      .serial = 1,
                                      .person = trust_id(1000 + device),
                                      .person_name = "示例党员001",
                                      .role = role,
                                      .org = org,
                                      .issuer = trust_issuer(trust, role)};
    if (device >= TRUST_DEVICES_MAX)
        abort();
    make_device(&trust->devices[device], device);
    memcpy(certificate.sign_key, trust->devices[device].sign.public_key, PUBLIC_KEY_BYTES);
    memcpy(certificate.dh_key, trust->devices[device].dh.public_key, DH_KEY_BYTES);
    return certificate;
}

void trust_put_device(struct trust *trust, const struct certificate *certificate)
{
    struct buffer sealed = {0};
    struct id row = device_id(&trust->network, certificate->sign_key);
    trust_op(trust, REGISTRY_DEVICE, &row);
    struct root_signers signers = {trust->roots, trust->root.threshold};
    if (ISSUER_IS_DEVICE(certificate->issuer))
        MUST(certificate_seal(certificate, &trust->network, &trust->devices[trust->author].sign,
                              &sealed, err));
    else if (certificate->issuer == ISSUER_ROOT)
        MUST(certificate_seal_by_root(certificate, &trust->network, &signers, &sealed, err));
    else
        MUST(certificate_seal(certificate, &trust->network, &trust->authority_key, &sealed, err));
    trust_bin(trust, 1, buffer_bytes(&sealed));
    buffer_release(&sealed);
}

void trust_put_org(struct trust *trust, uint32_t number, uint32_t parent, const char *kind)
{
    struct id row = trust_id(number);
    trust_op(trust, REGISTRY_ORG, &row);
    trust_uint(trust, 1, number);
    if (parent)
        trust_uint(trust, 2, parent);
    else
        trust_nil(trust, 2);
    trust_text(trust, 3, kind);
    trust_text(trust, 4, "示例支部");
}

void trust_put_network(struct trust *trust)
{
    struct buffer sealed = {0};
    trust_op(trust, REGISTRY_NETWORK, &NO_ROW);
    struct root_signers signers = {trust->roots, trust->root.threshold};
    struct buffer body = {0};
    MUST(root_set_encode(&trust->root, &body));
    MUST(root_object_seal(&sealed, TAG_ROOT_SET, &trust->network, buffer_bytes(&body), &signers,
                          err));
    buffer_release(&body);
    trust_bin(trust, 1, buffer_bytes(&sealed));
    buffer_clear(&sealed);
    MUST(authority_seal(&trust->authority, &trust->network, &signers, &sealed, err));
    trust_bin(trust, 2, buffer_bytes(&sealed));
    buffer_release(&sealed);
    trust_uint(trust, 3, 7);
}

const struct trust_entry *trust_write_genesis(struct trust *trust)
{
    struct certificate hub = trust_certificate(trust, DEVICE_HUB, ROLE_HUB, ORG_ROOT);
    trust_start(trust, SCOPE_REGISTRY(ORG_ROOT));
    trust_put_network(trust);
    trust_put_org(trust, ORG_ROOT, 0, "bureau");
    trust_put_device(trust, &hub);
    return trust_finish(trust);
}

const struct trust_entry *trust_write_org(struct trust *trust, uint32_t number, uint32_t parent,
                                          const char *kind)
{
    trust_start(trust, SCOPE_REGISTRY(number));
    trust_put_org(trust, number, parent, kind);
    return trust_finish(trust);
}

const struct trust_entry *trust_write_device(struct trust *trust,
                                             const struct certificate *certificate)
{
    trust_start(trust, SCOPE_REGISTRY(certificate->org));
    trust_put_device(trust, certificate);
    return trust_finish(trust);
}

void trust_raise(struct frontier *frontier, uint32_t device, uint32_t org, uint64_t number)
{
    struct feed_id own = {SCOPE_RECORDS(org), device, INCARNATION_FIRST};
    struct feed_id below = {SCOPE_BELOW(org), device, INCARNATION_FIRST};
    struct feed_id admitted = {SCOPE_REGISTRY(org), device, INCARNATION_FIRST};
    MUST(frontier_raise(frontier, &own, number, err));
    MUST(frontier_raise(frontier, &below, number, err));
    MUST(frontier_raise(frontier, &admitted, number, err));
}

const struct trust_entry *trust_write_revocation(struct trust *trust, uint32_t device, uint32_t org,
                                                 uint64_t good)
{
    struct frontier cut = {0};
    struct buffer packed = {0};
    struct id row = device_id(&trust->network, trust->devices[device].sign.public_key);
    const struct device *known = registry_device(trust->registry, device);
    trust_raise(&cut, device, org, good);
    MUST(frontier_encode(&cut, &packed, err));
    trust_start(trust, SCOPE_REGISTRY(known->certificate.org));
    trust_op(trust, REGISTRY_REVOCATION, &row);
    trust_uint(trust, 1, device);
    trust_uint(trust, 2, registry_cut_serial(trust->registry, device) + 1);
    trust_uint(trust, 3, DEVICE_REVOKED);
    trust_bin(trust, 4, buffer_bytes(&packed));
    buffer_release(&packed);
    frontier_release(&cut);
    return trust_finish(trust);
}

const struct trust_entry *trust_write_schema(struct trust *trust, const char *json)
{
    struct schema *schema;
    struct buffer value = {0};
    MUST(schema_load(&schema, bytes_text(json), err));
    MUST(registry_pack_schema(schema, &value, err));
    trust_start(trust, SCOPE_REGISTRY(ORG_ROOT));
    trust_op(trust, REGISTRY_SCHEMA, &NO_ROW);
    trust_uint(trust, 1, schema->epoch);
    put_field(trust, 2, &value);
    schema_free(schema);
    return trust_finish(trust);
}

const struct trust_entry *trust_write_link_key(struct trust *trust, uint32_t number)
{
    struct buffer sealed = {0};
    struct link_key link = {.number = number};
    memcpy(link.dh_key, trust->devices[DEVICE_HUB].dh.public_key, DH_KEY_BYTES);
    link.dh_key[0] ^= (uint8_t)trust->life;
    MUST(link_key_seal(&link, &trust->network, &trust->authority_key, &sealed, err));
    trust_start(trust, SCOPE_REGISTRY(ORG_ROOT));
    trust_op(trust, REGISTRY_LINK_KEY, &NO_ROW);
    trust_bin(trust, 1, buffer_bytes(&sealed));
    buffer_release(&sealed);
    return trust_finish(trust);
}

/* ---- taking it in ---- */

static bool key_of(const struct trust *trust, const struct registry *registry,
                   const struct trust_entry *entry, uint8_t key[PUBLIC_KEY_BYTES])
{
    const uint8_t *known = registry_device_key(registry, entry->dot.feed.device);
    if (known)
        memcpy(key, known, PUBLIC_KEY_BYTES);
    return known || registry_genesis_key(&trust->network, buffer_bytes(&entry->body), key, NULL) ==
                        STATUS_OK;
}

enum status trust_apply(const struct trust *trust, struct registry *registry,
                        const struct trust_entry *entry, struct error *err)
{
    struct entry_view view = {0};
    uint8_t key[PUBLIC_KEY_BYTES];
    if (!key_of(trust, registry, entry, key))
        return entry->dot.feed.device == DEVICE_HUB
                   ? error_set(err, STATUS_FORGED, "the signature does not hold")
                   : error_set(err, STATUS_UNKNOWN, "the writer is not known yet");
    if (!entry_verify(entry->signature, &trust->network, &entry->hash, key))
        return error_set(err, STATUS_FORGED, "the signature does not hold");
    enum status status = entry_decode(&view, &entry->dot.feed, buffer_bytes(&entry->body), err);
    if (status == STATUS_OK)
        status = registry_apply(registry, &entry->dot, &view, err);
    entry_view_release(&view);
    return status;
}

void trust_take(struct trust *trust, const struct trust_entry *entry)
{
    MUST(trust_apply(trust, trust->registry, entry, err));
}

static uint32_t random_below(uint32_t *state, uint32_t bound)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % bound;
}

/* The first that isn't done of the feed in which entry `at` stands. */
static size_t first_of_feed(const struct trust *trust, const bool *done, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (!done[i] &&
            feed_compare(&trust->entries[i].dot.feed, &trust->entries[at].dot.feed) == 0)
            return i;
    return at;
}

static void try_waiting(const struct trust *trust, struct registry *registry, bool *waiting)
{
    bool helped = true;
    while (helped) {
        helped = false;
        for (size_t i = 0; i < trust->entries_count; i++)
            if (waiting[i] && trust_apply(trust, registry, &trust->entries[i], NULL) == STATUS_OK) {
                waiting[i] = false;
                helped = true;
            }
    }
}

struct registry *trust_registry(const struct trust *trust, uint32_t seed)
{
    struct registry *registry = NULL;
    bool done[TRUST_ENTRIES_MAX] = {true}, waiting[TRUST_ENTRIES_MAX] = {false};
    uint32_t state = seed;
    MUST(registry_new(&registry, &trust->network, err));
    MUST(trust_apply(trust, registry, &trust->entries[0], err));
    for (size_t left = trust->entries_count - 1; left > 0; left--) {
        size_t at = random_below(&state, (uint32_t)trust->entries_count);
        while (done[at])
            at = (at + 1) % trust->entries_count;
        at = first_of_feed(trust, done, at);
        enum status status = trust_apply(trust, registry, &trust->entries[at], NULL);
        waiting[at] = status == STATUS_UNKNOWN;
        MUST(waiting[at] ? STATUS_OK : status);
        done[at] = true;
        try_waiting(trust, registry, waiting);
    }
    for (size_t i = 0; i < trust->entries_count; i++)
        MUST(waiting[i] ? STATUS_UNKNOWN : STATUS_OK);
    return registry;
}

static void write_tree(struct trust *trust)
{
    static const struct {
        uint32_t number, parent;
        const char *kind;
    } orgs[] = {{2, 1, "county"}, {3, 2, "township"}, {4, 3, "branch"},   {5, 3, "branch"},
                {6, 3, "branch"}, {7, 1, "county"},   {8, 7, "township"}, {9, 8, "branch"}};
    for (size_t i = 0; i < sizeof orgs / sizeof orgs[0]; i++)
        trust_write_org(trust, orgs[i].number, orgs[i].parent, orgs[i].kind);
}

void trust_init(struct trust *trust)
{
    trust_init_with(trust, trust_schema);
}

void trust_init_with(struct trust *trust, const char *schema_json)
{
    *trust = (struct trust){
        .devices_count = DEVICE_HUB, .author = DEVICE_HUB, .life = INCARNATION_FIRST};
    MUST(keys_init(err));
    trust->root = (struct root_set){.suite = SUITE_1, .version = 1, .threshold = 2};
    for (uint32_t i = 0; i < TRUST_ROOTS; i++) {
        make_key(&trust->roots[i], 'r', i);
        MUST(root_set_add(&trust->root, trust->roots[i].public_key, err));
    }
    make_key(&trust->authority_key, 'a', 0);
    MUST(root_set_network(&trust->root, &trust->network, err));
    trust->authority = (struct authority){.suite = SUITE_1, .number = 1, .may_enrol = 0x4e};
    memcpy(trust->authority.sign_key, trust->authority_key.public_key, PUBLIC_KEY_BYTES);
    MUST(registry_new(&trust->registry, &trust->network, err));
    trust_write_genesis(trust);
    trust_write_link_key(trust, 1);
    trust_write_schema(trust, schema_json);
    write_tree(trust);
    for (size_t i = 0; i < trust->entries_count; i++)
        trust_take(trust, &trust->entries[i]);
}

void trust_release(struct trust *trust)
{
    for (size_t i = 0; i < trust->entries_count; i++)
        buffer_release(&trust->entries[i].body);
    entry_writer_release(&trust->writer);
    registry_free(trust->registry);
    *trust = (struct trust){0};
}

uint32_t trust_enrol(struct trust *trust, enum role role, uint32_t org)
{
    struct certificate certificate = trust_certificate(trust, ++trust->devices_count, role, org);
    MUST(trust_apply(trust, trust->registry, trust_write_device(trust, &certificate), err));
    return certificate.device;
}

enum status trust_judge(const struct registry *registry, const struct trust_write *write,
                        struct error *reason)
{
    struct dot dot = {{SCOPE_RECORDS(TRUST_BRANCH), write->device, INCARNATION_FIRST}, 1};
    struct entry_head head = {.epoch = 1};
    struct entry_writer writer = {0};
    struct entry_view view = {0};
    struct buffer body = {0};
    struct id row = trust_id(1);
    MUST(entry_writer_start(&writer, &dot.feed, &head, err));
    MUST(entry_writer_op(&writer, write->table, &row, err));
    MUST(entry_writer_field(&writer, write->field, write->value, NULL, 0, err));
    MUST(entry_writer_finish(&writer, &body, err));
    MUST(entry_decode(&view, &dot.feed, buffer_bytes(&body), err));
    enum status status = registry_permits(registry, &dot, &view, reason);
    entry_writer_release(&writer);
    entry_view_release(&view);
    buffer_release(&body);
    return status;
}
