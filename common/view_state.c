/* The replica as a whole: digests, verification, schema, counts. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json_read.h"
#include "common/replica_snapshot.h"
#include "common/view.h"

#define FAULTS_MAX 1000 /* listed; more are only counted */

/* ---- digest ---- */

static void scope_name(struct replica *replica, uint32_t scope, char *name, size_t size)
{
    const struct org *org = registry_org(replica_registry(replica), SCOPE_ORG(scope));
    char id[ID_TEXT_BYTES];
    /* An org that the registry doesn't hold yet: its number still tells scopes apart. */
    snprintf(id, sizeof id, "%u", SCOPE_ORG(scope));
    if (org)
        id_format(&org->id, id);
    const char *part = SCOPE_IS_REGISTRY(scope) ? "/registry"
                       : SCOPE_IS_BELOW(scope)  ? "/below"
                                                : "";
    snprintf(name, size, "%s%s", id, part);
}

enum status view_digest(struct replica *replica, json_t **digest, struct error *err)
{
    struct scope_digest *digests = NULL;
    size_t count = 0;
    char name[64], hex[2 * HASH_BYTES + 1];
    *digest = NULL;
    TRY(replica_digests(replica, &digests, &count, err));
    *digest = json_object();
    for (size_t i = 0; i < count; i++) {
        scope_name(replica, digests[i].scope, name, sizeof name);
        hex_encode(bytes_of(digests[i].digest.bytes, HASH_BYTES), hex);
        json_object_set_new(*digest, name, json_string(hex));
    }
    free(digests);
    return STATUS_OK;
}

/* ---- verify ---- */

struct faults {
    json_t *list;
    size_t count;
};

static void note_fault(void *context, const char *what)
{
    struct faults *faults = context;
    if (faults->count++ < FAULTS_MAX)
        json_array_append_new(faults->list, json_string(what));
}

/* Of people's records: the org's name. */
static json_t *org_name(struct replica *replica, uint32_t scope)
{
    const struct org *org = registry_org(replica_registry(replica), SCOPE_ORG(scope));
    return org ? json_string(org->name) : json_integer(scope);
}

/* The orgs whose records came as a snapshot and rest on it still; and those of which the log was
 * cleaned away here. */
static enum status add_snapshots(struct replica *replica, json_t *report, struct error *err)
{
    uint64_t wrong = 0;
    uint32_t *scopes;
    size_t count;
    TRY(replica_meta_number(replica, META_SNAPSHOT_WRONG, &wrong, err));
    TRY(replica_cut_logs(replica, &scopes, &count, err));
    json_t *snapshots = json_array(), *cleaned = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(replica_rests_on_snapshot(replica, scopes[i]) ? snapshots : cleaned,
                              org_name(replica, scopes[i]));
    free(scopes);
    json_object_set_new(report, "snapshots", snapshots);
    json_object_set_new(report, "cleaned", cleaned);
    json_object_set_new(report, "wrong", wrong ? org_name(replica, (uint32_t)wrong) : json_null());
    return STATUS_OK;
}

enum status view_verify(struct replica *replica, json_t **report, struct error *err)
{
    uint64_t entries = 0, shortages = json_shortages();
    struct faults faults = {json_array(), 0};
    *report = NULL;
    enum status status = replica_verify(replica, note_fault, &faults, &entries, err);
    if (status != STATUS_OK) {
        json_decref(faults.list);
        return status;
    }
    *report = json_object();
    json_object_set_new(*report, "ok", json_boolean(faults.count == 0));
    json_object_set_new(*report, "entries", json_integer((json_int_t)entries));
    json_object_set_new(*report, "bad", faults.list);
    status = add_snapshots(replica, *report, err);
    if (status == STATUS_OK)
        status = json_whole(shortages, err);
    if (status == STATUS_OK)
        return status;
    json_decref(*report);
    *report = NULL;
    return status;
}

/* ---- schema and counts ---- */

enum status view_schema(struct replica *replica, json_t **schema, struct error *err)
{
    const struct schema *found = replica_schema(replica);
    json_error_t problem;
    *schema = NULL;
    if (!found)
        return error_set(err, STATUS_NOT_FOUND,
                         "this replica has no schema yet: synchronise with the hub first");
    enum status status = json_read(schema, bytes_of(found->text, found->text_size), &problem, err);
    return status == STATUS_BAD_INPUT
               ? error_set(err, status, "the schema is not JSON: %s", problem.text)
               : status;
}

enum status view_count_unsent(struct replica *replica, uint64_t *unsent, struct error *err)
{
    const struct identity *self = replica_identity(replica);
    const struct frontier *mine = replica_frontier(replica);
    struct frontier told = {0}, held = {0};
    *unsent = 0;
    enum status status = replica_peer_load(replica, DEVICE_HUB, &told, &held, err);
    for (size_t i = 0; status == STATUS_OK && i < mine->count; i++) {
        const struct frontier_row *row = &mine->rows[i];
        uint64_t there = frontier_get(&held, &row->feed);
        if (row->feed.device == self->device && self->device != DEVICE_HUB && row->number > there)
            *unsent += row->number - there;
    }
    frontier_release(&told);
    frontier_release(&held);
    return status;
}

enum status view_counts(struct replica *replica, json_t **made, struct error *err)
{
    struct replica_counts counts;
    uint64_t unsent;
    *made = NULL;
    TRY(replica_counts(replica, &counts, err));
    TRY(view_count_unsent(replica, &unsent, err));
    *made = json_pack("{sI sI sI sI sI sI sI sI}", "entries", (json_int_t)counts.entries, "rows",
                      (json_int_t)counts.rows, "conflicts", (json_int_t)counts.conflicts,
                      "set_aside", (json_int_t)counts.set_aside, "unsent", (json_int_t)unsent,
                      "missing", (json_int_t)counts.missing, "early", (json_int_t)counts.early,
                      "staged", (json_int_t)counts.staged);
    return *made ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
}
