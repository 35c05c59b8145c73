#include "server/root_change.h"

#include <sodium.h>
#include <string.h>

#include "common/codes.h"
#include "server/roster.h"
#include "server/seed.h"

/* ---- asking ---- */

/* The seed in the file; a new one when there is none. */
static enum status seed_keep(struct hub *hub, const char *name, struct signing_key *key,
                             struct error *err)
{
    uint8_t seed[SEED_BYTES];
    struct seed_place place = {hub->options.directory, name, hub->options.vault};
    enum status status = seed_read(&place, seed, NULL);
    if (status == STATUS_NOT_FOUND) {
        randombytes_buf(seed, sizeof seed);
        status = seed_write(&place, seed, err);
    } else if (status != STATUS_OK) {
        error_set(err, status, "'%s' is not a key file", name);
    }
    if (status == STATUS_OK)
        signing_key_from_seed(key, seed);
    sodium_memzero(seed, sizeof seed);
    return status;
}

enum status root_ask_authority(struct hub *hub, struct root_request *request, struct error *err)
{
    const struct authority *now = registry_authority(replica_registry(hub->replica));
    struct authority next = {
        .suite = SUITE_1, .number = now->number + 1, .may_enrol = now->may_enrol};
    struct root_signers nobody = {0};
    struct signing_key key;
    struct buffer sealed = {0};
    TRY(seed_keep(hub, AUTHORITY_NEXT_FILE, &key, err));
    memcpy(next.sign_key, key.public_key, PUBLIC_KEY_BYTES);
    signing_key_release(&key);
    enum status status =
        authority_seal(&next, replica_network(hub->replica), &nobody, &sealed, err);
    if (status == STATUS_OK)
        status = root_request_add(request, ROOT_ASKS_AUTHORITY, buffer_bytes(&sealed), err);
    buffer_release(&sealed);
    return status;
}

static enum status make_set(struct hub *hub, const struct root_wish *wish, struct root_set *set,
                            struct root_keys *keys, struct error *err)
{
    if (wish->count == 0 || wish->count > ROOT_KEYS_MAX || wish->threshold == 0 ||
        wish->threshold > wish->count)
        return error_set(err, STATUS_BAD_INPUT,
                         "a root has 1 to %d keys, and as many of them must sign at most",
                         ROOT_KEYS_MAX);
    *set = (struct root_set){.suite = SUITE_1,
                             .version = registry_root(replica_registry(hub->replica))->version + 1,
                             .threshold = wish->threshold};
    for (; keys->count < wish->count; keys->count++) {
        struct signing_key *key = &keys->keys[keys->count];
        TRY(seed_keep(hub, root_key_file_next(keys->count), key, err));
        TRY(root_set_add(set, key->public_key, err));
    }
    return STATUS_OK;
}

enum status root_ask_set(struct hub *hub, const struct root_wish *wish,
                         struct root_request *request, struct error *err)
{
    struct root_set set;
    struct root_keys keys = {0};
    struct buffer body = {0}, sealed = {0};
    enum status status = make_set(hub, wish, &set, &keys, err);
    struct root_signers signers = root_keys_signers(&keys);
    if (status == STATUS_OK && root_set_encode(&set, &body) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (status == STATUS_OK)
        status = root_object_seal(&sealed, TAG_ROOT_SET, replica_network(hub->replica),
                                  buffer_bytes(&body), &signers, err);
    if (status == STATUS_OK)
        status = root_request_add(request, ROOT_ASKS_SET, buffer_bytes(&sealed), err);
    root_keys_release(&keys);
    buffer_release(&body);
    buffer_release(&sealed);
    return status;
}

static enum status ask_device(struct hub *hub, const struct hub_device *device, uint32_t index,
                              struct root_request *request, struct error *err)
{
    struct root_signers nobody = {0};
    struct buffer sealed = {0};
    struct certificate certificate = hub_certificate(hub, device, index);
    certificate.issuer = ISSUER_ROOT;
    enum status status = certificate_seal_by_root(&certificate, replica_network(hub->replica),
                                                  &nobody, &sealed, err);
    if (status == STATUS_OK)
        status = root_request_add(request, ROOT_ASKS_CERTIFICATE, buffer_bytes(&sealed), err);
    buffer_release(&sealed);
    return status;
}

struct asking {
    struct hub *hub;
    struct root_request *request;
};

static enum status ask_user(void *context, const struct code_user *user, struct error *err)
{
    struct asking *asking = context;
    struct hub_device device = {user->sign_key, user->dh_key, user->code->person, user->code->role,
                                user->code->org};
    if (registry_device(replica_registry(asking->hub->replica), user->device))
        return STATUS_OK;
    return ask_device(asking->hub, &device, user->device, asking->request, err);
}

enum status root_ask_waiting(struct hub *hub, struct root_request *request, struct error *err)
{
    struct asking asking = {hub, request};
    return codes_used(hub->replica, ask_user, &asking, err);
}

/* ---- applying ---- */

bool root_request_complete(const struct hub *hub, const struct root_request *request)
{
    const struct root_set *set = registry_root(replica_registry(hub->replica));
    for (size_t i = 0; i < request->count; i++) {
        struct root_object object = {root_request_tag(request->items[i].kind),
                                     replica_network(hub->replica),
                                     buffer_bytes(&request->items[i].sealed)};
        if (root_object_signers(&object, set) < set->threshold)
            return false;
    }
    return true;
}

static enum status apply_certificate(struct hub *hub, struct bytes sealed, struct error *err)
{
    struct certificate certificate;
    const struct registry *registry = replica_registry(hub->replica);
    TRY(certificate_open_by_root(&certificate, replica_network(hub->replica), sealed,
                                 registry_root(registry), err));
    enum status status = STATUS_OK;
    if (!registry_device(registry, certificate.device))
        status = roster_write_device(hub->replica, &certificate, sealed, err);
    certificate_release(&certificate);
    return status;
}

static enum status apply_item(struct hub *hub, enum root_request_kind kind, struct bytes sealed,
                              struct error *err)
{
    switch (kind) {
    case ROOT_ASKS_SET:
        return roster_write_network(hub->replica, 1, sealed, err);
    case ROOT_ASKS_AUTHORITY:
        return roster_write_network(hub->replica, 2, sealed, err);
    case ROOT_ASKS_CERTIFICATE:
        break;
    }
    return apply_certificate(hub, sealed, err);
}

static enum status apply_all(struct hub *hub, const struct root_request *request, struct error *err)
{
    for (size_t i = 0; i < request->count; i++)
        TRY(apply_item(hub, request->items[i].kind, buffer_bytes(&request->items[i].sealed), err));
    TRY(hub_take_authority(hub, err));
    return hub_raise_beacon(hub, err);
}

/* The keys of the set in force under their lasting names; those it replaced are erased. */
static enum status settle_roots(struct hub *hub, struct error *err)
{
    const struct root_set *set = registry_root(replica_registry(hub->replica));
    for (size_t i = 0; i < ROOT_KEYS_MAX; i++) {
        struct seed_place next = {hub->options.directory, root_key_file_next(i),
                                  hub->options.vault};
        uint8_t seed[SEED_BYTES];
        struct signing_key key;
        if (seed_read(&next, seed, NULL) != STATUS_OK)
            continue;
        signing_key_from_seed(&key, seed);
        sodium_memzero(seed, sizeof seed);
        bool in_force = root_set_holds(set, key.public_key);
        signing_key_release(&key);
        if (in_force)
            TRY(seed_rename(&next, root_key_file(i), err));
    }
    return STATUS_OK;
}

enum status root_apply(struct hub *hub, const struct root_request *request, struct error *err)
{
    if (memcmp(request->network.id, replica_network(hub->replica)->id, NETWORK_BYTES) != 0)
        return error_set(err, STATUS_DENIED, "this request is for another network");
    if (!root_request_complete(hub, request))
        return error_set(err, STATUS_FORGED, "too few of the root's keys have signed");
    TRY(replica_begin(hub->replica, err));
    enum status status = apply_all(hub, request, err);
    if (status != STATUS_OK) {
        replica_rollback(hub->replica);
        return status;
    }
    TRY(replica_commit(hub->replica, err));
    TRY(hub_follow_authority(hub, err));
    return settle_roots(hub, err);
}
