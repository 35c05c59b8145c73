/* The orgs of a registry: taking them in, finding them, who stands below whom.
 *
 * A hub that was restored may give a number twice. Then the org of its lowest life counts,
 * whichever came first, and the others are remembered: what they allowed is asked of all
 * (docs/decisions/0033-two-orgs-of-one-number.md). */

#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/mutant.h"
#include "common/pack.h"
#include "common/registry_state.h"
#include "common/registry_value.h"

bool org_kind_valid(const char *kind)
{
    static const char *const kinds[] = {"bureau", "county", "township", "community", "branch"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i], kind) == 0)
            return true;
    return false;
}

static void org_free(struct org *org)
{
    if (org)
        free(org->name);
    free(org);
}

void registry_orgs_release(struct registry *registry)
{
    for (size_t i = 0; i < registry->orgs_count; i++)
        org_free(registry->orgs[i]);
    for (size_t i = 0; i < registry->rivals_count; i++)
        org_free(registry->rivals[i]);
    free(registry->orgs);
    free(registry->rivals);
    registry_index_release(&registry->orgs_by_number);
    registry_index_release(&registry->orgs_by_id);
}

/* ---- finding ---- */

static struct org *find_org(const struct registry *registry, uint32_t number)
{
    size_t walk = 0;
    struct org *org;
    while ((org = registry_index_next(&registry->orgs_by_number, number, &walk)))
        if (org->number == number)
            return org;
    return NULL;
}

const struct org *registry_org(const struct registry *registry, uint32_t number)
{
    return find_org(registry, number);
}

/* Where several bear one id, the lowest number is meant, whatever came first. */
static bool is_meant(const struct org *org, const struct id *id, const struct org *before)
{
    return id_equal(&org->id, id) && (!before || org->number < before->number);
}

const struct org *registry_org_by_id(const struct registry *registry, const struct id *id)
{
    size_t walk = 0;
    const struct org *org, *found = NULL;
    while ((org = registry_index_next(&registry->orgs_by_id, registry_id_key(id), &walk)))
        if (is_meant(org, id, found))
            found = org;
    for (size_t i = 0; i < registry->rivals_count; i++)
        if (is_meant(registry->rivals[i], id, found))
            found = registry->rivals[i];
    return found;
}

size_t registry_orgs_count(const struct registry *registry)
{
    return registry->orgs_count;
}

const struct org *registry_org_at(const struct registry *registry, size_t index)
{
    return registry->orgs[index];
}

const struct org *registry_org_rival(const struct registry *registry, uint32_t number, size_t *walk)
{
    while (*walk < registry->rivals_count)
        if (registry->rivals[(*walk)++]->number == number)
            return registry->rivals[*walk - 1];
    return NULL;
}

uint32_t registry_next_org(const struct registry *registry)
{
    return registry->orgs_count ? registry->orgs[registry->orgs_count - 1]->number + 1 : ORG_ROOT;
}

/* ---- who is below whom ---- */

/* Orgs may be on their way still: then nobody can say yet. */
enum status registry_check_within(const struct registry *registry, uint32_t ancestor, uint32_t org,
                                  struct error *err)
{
    for (int depth = 0; depth <= ORG_DEPTH_MAX && org != 0; depth++) {
        if (org == ancestor)
            return STATUS_OK;
        const struct org *node = registry_org(registry, org);
        if (!node)
            return error_set(err, STATUS_UNKNOWN, "org %u is not known yet", org);
        org = node->parent;
    }
    return error_set(err, STATUS_DENIED, "the writer has no rights in this org");
}

bool registry_within(const struct registry *registry, uint32_t ancestor, uint32_t org)
{
    return registry_check_within(registry, ancestor, org, NULL) == STATUS_OK;
}

/* Orgs that are to be looked at yet, each once. So many lead up only where somebody means harm. */
struct climb {
    uint32_t orgs[ORG_DEPTH_MAX * 4];
    size_t count;
    bool full;
};

static void climb_add(struct climb *climb, uint32_t org)
{
    for (size_t i = 0; i < climb->count; i++)
        if (climb->orgs[i] == org)
            return;
    climb->full |= climb->count == sizeof climb->orgs / sizeof climb->orgs[0];
    if (org != 0 && !climb->full)
        climb->orgs[climb->count++] = org;
}

/* Parents have lower numbers, so whoever comes after the highest can't lead back to it. */
static uint32_t climb_take_highest(struct climb *climb)
{
    size_t highest = 0;
    for (size_t i = 1; i < climb->count; i++)
        if (climb->orgs[i] > climb->orgs[highest])
            highest = i;
    uint32_t org = climb->orgs[highest];
    climb->orgs[highest] = climb->orgs[--climb->count];
    return org;
}

enum status registry_check_ever_within(const struct registry *registry, uint32_t ancestor,
                                       uint32_t org, struct error *err)
{
    struct climb climb = {0};
    struct error why = {0};
    if (registry->rivals_count == 0 || MUTANT("t7-rivals-allow-nothing"))
        return registry_check_within(registry, ancestor, org, err);
    enum status status = registry_check_within(registry, ancestor, org, &why);
    climb_add(&climb, org);
    while (status != STATUS_OK && climb.count > 0 && !climb.full) {
        uint32_t at = climb_take_highest(&climb);
        const struct org *node = registry_org(registry, at), *rival;
        size_t walk = 0;
        if (at == ancestor)
            return STATUS_OK;
        if (node)
            climb_add(&climb, node->parent);
        else
            status = error_set(&why, STATUS_UNKNOWN, "org %u is not known yet", at);
        while ((rival = registry_org_rival(registry, at, &walk)))
            climb_add(&climb, rival->parent);
    }
    if (status != STATUS_OK && err)
        *err = why;
    return status;
}

/* ---- taking in ---- */

static enum status read_org(const struct entry_view *entry, const struct op *op, struct org *org,
                            struct bytes *name, struct error *err)
{
    uint64_t number, parent = 0;
    struct bytes kind;
    struct unpack in = registry_value(entry, op, 2);
    if (!registry_value_uint(entry, op, 1, ORG_MAX, &number) || number == 0 ||
        (!unpack_nil(&in) && !unpack_uint_max(&in, ORG_MAX, &parent)) ||
        !registry_value_str(entry, op, 3, &kind) || kind.size >= sizeof org->kind ||
        !registry_value_str(entry, op, 4, name) || name->size == 0 ||
        name->size > ORG_NAME_BYTES_MAX)
        return registry_broken(err, "org");
    memcpy(org->kind, kind.data, kind.size);
    org->number = (uint32_t)number;
    org->parent = (uint32_t)parent;
    org->id = op->row;
    if (!org_kind_valid(org->kind) || (org->parent == 0) != (org->number == ORG_ROOT))
        return registry_broken(err, "org");
    /* The one rule about the parent that holds in whatever order orgs arrive; it rules out rings.
     */
    if (org->parent >= org->number)
        return error_set(err, STATUS_DENIED, "org %u stands below the later org %u", org->number,
                         org->parent);
    return STATUS_OK;
}

/* Room for one more in the list and in the indexes. */
static enum status reserve_org(struct registry *registry, struct org ***list, size_t count,
                               size_t *capacity)
{
    struct org **grown = registry_room(*list, count, capacity);
    if (!grown)
        return STATUS_NO_MEMORY;
    *list = grown;
    TRY(registry_index_reserve(&registry->orgs_by_number));
    return registry_index_reserve(&registry->orgs_by_id);
}

static enum status reserve(struct registry *registry, bool rival)
{
    if (rival)
        return reserve_org(registry, &registry->rivals, registry->rivals_count,
                           &registry->rivals_capacity);
    return reserve_org(registry, &registry->orgs, registry->orgs_count, &registry->orgs_capacity);
}

static int org_by_number(const void *item, const void *wanted)
{
    uint32_t a = (*(struct org *const *)item)->number, b = ((const struct org *)wanted)->number;
    return (a > b) - (a < b);
}

/* Needs the room of reserve. Takes `org`. */
static void put_org(struct registry *registry, struct org *org)
{
    size_t at = array_place(registry->orgs, registry->orgs_count, sizeof org, org, org_by_number);
    memmove(registry->orgs + at + 1, registry->orgs + at,
            (registry->orgs_count - at) * sizeof(struct org *));
    registry->orgs[at] = org;
    registry->orgs_count++;
    registry_index_add(&registry->orgs_by_number, org->number, org);
    registry_index_add(&registry->orgs_by_id, registry_id_key(&org->id), org);
}

/* The one of the lower life gets the place of `known`. Needs the room of reserve. Takes `org`. */
static void put_rival(struct registry *registry, struct org *known, struct org *org)
{
    if (org->stands.feed.incarnation < known->stands.feed.incarnation &&
        !MUTANT("t7-first-org-counts")) {
        struct org lower = *org;
        *org = *known;
        *known = lower;
        registry_index_add(&registry->orgs_by_id, registry_id_key(&known->id), known);
    }
    registry->rivals[registry->rivals_count++] = org;
}

/* Each life of the hub may call one org by a number. */
static bool is_taken(const struct registry *registry, const struct org *known, uint32_t life)
{
    size_t walk = 0;
    const struct org *org = known;
    for (; org; org = registry_org_rival(registry, known->number, &walk))
        if (org->stands.feed.incarnation == life)
            return true;
    return false;
}

enum status registry_apply_org(struct registry *registry, const struct dot *dot,
                               const struct entry_view *entry, const struct op *op,
                               struct error *err)
{
    struct org read = {.stands = *dot};
    struct bytes name;
    TRY(read_org(entry, op, &read, &name, err));
    if (dot->feed.scope != SCOPE_REGISTRY(read.number))
        return error_set(err, STATUS_DENIED, "an org stands in another org's part of the registry");
    struct org *known = find_org(registry, read.number);
    if (is_taken(registry, known, dot->feed.incarnation))
        return error_set(err, STATUS_DENIED, "org number %u is taken by '%s'", read.number,
                         known->name);
    struct org *org = malloc(sizeof *org);
    read.name = org ? strndup((const char *)name.data, name.size) : NULL;
    if (!read.name || reserve(registry, known != NULL) != STATUS_OK) {
        free(read.name);
        free(org);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    *org = read;
    if (known)
        put_rival(registry, known, org);
    else
        put_org(registry, org);
    return STATUS_OK;
}
