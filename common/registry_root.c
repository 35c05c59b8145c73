/* The root sets and authorities of a registry, and who may have signed a certificate. */

#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "common/pack.h"
#include "common/registry_state.h"
#include "common/registry_value.h"

/* Roles that only the root admits, whatever an authority's certificate says. */
#define ROLES_OF_ROOT (ROLE_BIT(ROLE_BUREAU) | ROLE_BIT(ROLE_AUDITOR))

/* ---- the root's signatures ---- */

/* Has a key signed that is in no set we know? */
static bool signed_by_stranger(const struct registry *registry, struct bytes sealed)
{
    uint8_t keys[ROOT_SIGNATURES_MAX][PUBLIC_KEY_BYTES];
    uint32_t count = root_object_keys(sealed, keys);
    for (uint32_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t set = 0; set < registry->roots_count && !known; set++)
            known = root_set_holds(&registry->roots[set], keys[i]);
        if (!known)
            return true;
    }
    return false;
}

/* What an earlier set signed stays signed; a set that isn't known yet may still come. */
static enum status root_of(const struct registry *registry, const struct root_object *object,
                           const struct root_set **root, struct error *err)
{
    struct bytes body;
    for (size_t i = registry->roots_count; i-- > 0;) {
        *root = &registry->roots[i];
        if (root_object_open(object, *root, &body, err) == STATUS_OK)
            return STATUS_OK;
    }
    if (signed_by_stranger(registry, object->sealed))
        return error_set(err, STATUS_UNKNOWN, "root keys have signed that are not known yet");
    return error_set(err, STATUS_FORGED, "too few of the root's keys have signed");
}

static enum status take_root(struct registry *registry, struct bytes sealed, struct error *err)
{
    struct root_set next;
    struct bytes body;
    size_t count = registry->roots_count;
    TRY(root_object_body(sealed, &body, err));
    TRY(root_set_decode(&next, body, err));
    if (next.version <= count)
        return memcmp(&next, &registry->roots[next.version - 1], sizeof next) == 0
                   ? STATUS_OK
                   : error_set(err, STATUS_FORGED, "there is another root set %u", next.version);
    if (next.version > count + 1 && !MUTANT("t7-root-version-skipped"))
        return error_set(err, STATUS_UNKNOWN, "root set %u is not known yet", next.version - 1);
    TRY(root_set_open(&next, &registry->network, sealed, count ? &registry->roots[count - 1] : NULL,
                      err));
    struct root_set *grown = realloc(registry->roots, (count + 1) * sizeof *grown);
    if (!grown)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    grown[count] = next;
    registry->roots = grown;
    registry->roots_count = count + 1;
    return STATUS_OK;
}

/* ---- authorities ---- */

static int compare_authorities(const struct authority *a, const struct authority *b)
{
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    int order = memcmp(a->sign_key, b->sign_key, PUBLIC_KEY_BYTES);
    return order ? order : (a->may_enrol > b->may_enrol) - (a->may_enrol < b->may_enrol);
}

/* A hub that was restored may give a number once more: whatever the root has signed holds, and of
 * one number the greater enrols, whichever came first. */
static enum status put_authority(struct registry *registry, const struct authority *authority,
                                 struct error *err)
{
    size_t count = registry->authorities_count, at = count;
    for (size_t i = 0; i < count; i++) {
        const struct authority *known = &registry->authorities[i];
        if (compare_authorities(known, authority) == 0 ||
            (known->number == authority->number && MUTANT("t7-first-authority-counts")))
            return STATUS_OK;
    }
    struct authority *grown = realloc(registry->authorities, (count + 1) * sizeof *grown);
    if (!grown)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    while (at > 0 && compare_authorities(&grown[at - 1], authority) > 0)
        at--;
    memmove(grown + at + 1, grown + at, (count - at) * sizeof *grown);
    grown[at] = *authority;
    registry->authorities = grown;
    registry->authorities_count = count + 1;
    return STATUS_OK;
}

static enum status take_authority(struct registry *registry, struct bytes sealed, struct error *err)
{
    struct authority authority;
    const struct root_set *root;
    struct root_object object = {TAG_AUTHORITY, &registry->network, sealed};
    TRY(root_of(registry, &object, &root, err));
    TRY(authority_open(&authority, &registry->network, sealed, root, err));
    return put_authority(registry, &authority, err);
}

/* ---- table 1 ---- */

static enum status found(struct registry *registry, const struct entry_view *entry,
                         const struct op *op, struct error *err)
{
    struct bytes root, authority;
    uint64_t lineage = 0;
    struct unpack in = registry_value(entry, op, 3);
    bool good = registry_value_bin(entry, op, 1, &root) &&
                registry_value_bin(entry, op, 2, &authority) &&
                (unpack_done(&in) || unpack_uint(&in, &lineage));
    if (!good || op->fields_count != 3)
        return registry_broken(err, "root, authority or lineage");
    TRY(take_root(registry, root, err));
    TRY(take_authority(registry, authority, err));
    registry->lineage = lineage;
    registry->founded = true;
    return STATUS_OK;
}

enum status registry_apply_network(struct registry *registry, const struct entry_view *entry,
                                   const struct op *op, struct error *err)
{
    struct bytes sealed;
    if (!registry->founded)
        return found(registry, entry, op, err);
    if (op->fields_count != 1)
        return error_set(err, STATUS_DENIED, "the network is founded already");
    if (registry_value_bin(entry, op, 1, &sealed))
        return take_root(registry, sealed, err);
    if (registry_value_bin(entry, op, 2, &sealed))
        return take_authority(registry, sealed, err);
    return error_set(err, STATUS_DENIED, "the network is founded already");
}

/* ---- certificates ---- */

static enum status open_by_root(const struct registry *registry, struct bytes sealed,
                                struct certificate *certificate, struct error *err)
{
    const struct root_set *root;
    struct root_object object = {TAG_CERTIFICATE, &registry->network, sealed};
    TRY(root_of(registry, &object, &root, err));
    return certificate_open_by_root(certificate, &registry->network, sealed, root, err);
}

static enum status open_by(const struct registry *registry, struct bytes sealed,
                           const struct authority *authority, struct certificate *certificate,
                           struct error *err)
{
    TRY(certificate_open(certificate, &registry->network, sealed, authority->sign_key, err));
    uint32_t role = ROLE_BIT(certificate->role);
    uint32_t never = MUTANT("t5-authority-enrols-bureau") ? 0 : ROLES_OF_ROOT;
    if (role & authority->may_enrol & ~never)
        return STATUS_OK;
    enum role refused = certificate->role;
    certificate_release(certificate);
    return error_set(err, STATUS_DENIED, "the authority may not enrol a %s", role_name(refused));
}

static enum status open_by_authority(const struct registry *registry, struct bytes sealed,
                                     uint32_t number, struct certificate *certificate,
                                     struct error *err)
{
    struct error why = {0};
    enum status status = STATUS_UNKNOWN;
    for (size_t i = 0; i < registry->authorities_count && status != STATUS_OK; i++) {
        const struct authority *authority = &registry->authorities[i];
        if (authority->number == number)
            status = open_by(registry, sealed, authority, certificate, &why);
        if (status == STATUS_NO_MEMORY)
            break;
    }
    if (status == STATUS_UNKNOWN)
        return error_set(err, status, "authority %u is not known yet", number);
    if (status != STATUS_OK && err)
        *err = why;
    return status;
}

bool role_may_admit(enum role role, enum role newcomer)
{
    if (newcomer != ROLE_VOLUNTEER && newcomer != ROLE_SECRETARY && newcomer != ROLE_CLERK)
        return false;
    return role == ROLE_BUREAU || (role == ROLE_CLERK && newcomer != ROLE_CLERK);
}

/* Has one of the certificates that count so far given it this roster index to give? */
static bool has_in_lot(const struct device_record *record, const struct dot *dot, uint32_t device)
{
    for (size_t i = 0; i <= record->older_count; i++) {
        const struct certificate *certificate =
            i == 0 ? &record->device.certificate : &record->older[i - 1];
        if (dot->number >= frontier_get(&certificate->from, &dot->feed) &&
            device >= certificate->lot && device - certificate->lot < certificate->lot_count)
            return true;
    }
    return false;
}

/* What this device's certificates don't allow, one that hasn't come yet may: then the admission
 * waits. So nothing depends on which comes first. */
static enum status check_rights(const struct registry *registry, const struct dot *dot,
                                const struct certificate *newcomer, struct error *err)
{
    const struct device_record *record = registry_record(registry, dot->feed.device);
    const struct certificate *self = device_certificate_at(record, &dot->feed, dot->number);
    if (!self || !role_may_admit(self->role, newcomer->role))
        return error_set(err, STATUS_UNKNOWN, "this role may not admit a %s",
                         role_name(newcomer->role));
    if (!has_in_lot(record, dot, newcomer->device) && !MUTANT("t5-index-of-another-lot"))
        return error_set(err, STATUS_UNKNOWN, "roster index %u is not device %u's to give",
                         newcomer->device, dot->feed.device);
    if (MUTANT("t5-certificate-not-narrowed"))
        return STATUS_OK;
    enum status status = registry_check_ever_within(registry, self->org, newcomer->org, err);
    return status == STATUS_DENIED
               ? error_set(err, STATUS_UNKNOWN, "the writer has no rights in this org")
               : status;
}

static enum status check_admission(const struct registry *registry, const struct dot *dot,
                                   const struct certificate *newcomer, struct error *err)
{
    if (dot->feed.scope != SCOPE_REGISTRY(newcomer->org))
        return error_set(err, STATUS_DENIED, "a certificate stands in another org's part");
    if (!role_may_admit(ROLE_BUREAU, newcomer->role))
        return error_set(err, STATUS_DENIED, "this role may not admit a %s",
                         role_name(newcomer->role));
    if (newcomer->serial != 1 || newcomer->from.count > 0 || newcomer->lot_count > 0)
        return error_set(err, STATUS_DENIED, "a device admits newcomers only, and as they are");
    return check_rights(registry, dot, newcomer, err);
}

static enum status open_by_device(const struct registry *registry, const struct dot *dot,
                                  struct bytes sealed, struct certificate *certificate,
                                  struct error *err)
{
    const uint8_t *key = registry_device_key(registry, dot->feed.device);
    if (!key)
        return error_set(err, STATUS_UNKNOWN, "device %u is not known yet", dot->feed.device);
    TRY(certificate_open(certificate, &registry->network, sealed, key, err));
    enum status status = check_admission(registry, dot, certificate, err);
    certificate->stands = *dot;
    if (status != STATUS_OK)
        certificate_release(certificate);
    return status;
}

enum status registry_open_certificate(const struct registry *registry, const struct dot *dot,
                                      struct bytes sealed, struct certificate *certificate,
                                      struct error *err)
{
    uint32_t issuer;
    TRY(certificate_issuer(sealed, &issuer, err));
    bool by_device = ISSUER_IS_DEVICE(issuer);
    uint32_t writer = dot->feed.device;
    if (by_device ? issuer != ISSUER_DEVICE(writer) : writer != DEVICE_HUB)
        return error_set(err, STATUS_FORGED, "a certificate names another issuer");
    if (by_device)
        return open_by_device(registry, dot, sealed, certificate, err);
    if (registry->reapplying)
        return certificate_reopen(certificate, &registry->network, sealed, err);
    return issuer == ISSUER_ROOT ? open_by_root(registry, sealed, certificate, err)
                                 : open_by_authority(registry, sealed, issuer, certificate, err);
}

bool certificate_void(const struct registry *registry, const struct certificate *certificate)
{
    if (MUTANT("t12-admitted-by-revoked-counts"))
        return false;
    /* Roles fall along the way, so it is short. */
    for (int steps = 0; ISSUER_IS_DEVICE(certificate->issuer) && steps < ROLE_HUB; steps++) {
        const struct device_record *issuer =
            registry_record(registry, certificate->stands.feed.device);
        if (!issuer || device_standing(issuer, &certificate->stands) != STANDS)
            return true;
        const struct certificate *judge =
            device_certificate_at(issuer, &certificate->stands.feed, certificate->stands.number);
        /* A newer one of the issuer's may have come since, and may not have admitted. */
        if (!judge || !role_may_admit(judge->role, certificate->role) ||
            registry_check_ever_within(registry, judge->org, certificate->org, NULL) ==
                STATUS_DENIED)
            return true;
        certificate = judge;
    }
    return false;
}

enum device_state registry_device_state(const struct registry *registry,
                                        const struct device *device)
{
    if (device->state == DEVICE_ACTIVE && certificate_void(registry, &device->certificate))
        return DEVICE_REVOKED;
    return device->state;
}

bool registry_admitted_by(const struct registry *registry, const struct device *device,
                          uint32_t ancestor)
{
    const struct certificate *certificate = &device->certificate;
    for (int steps = 0; ISSUER_IS_DEVICE(certificate->issuer) && steps < ROLE_HUB; steps++) {
        uint32_t issuer = certificate->stands.feed.device;
        const struct device *next = registry_device(registry, issuer);
        if (issuer == ancestor || !next)
            return issuer == ancestor;
        certificate = &next->certificate;
    }
    return false;
}
