#include "client/self.h"

#include <stdlib.h>

#include "client/remember.h"
#include "common/freshness.h"
#include "common/mutant.h"
#include "common/view.h"

/* A number kept as decimal text; false when it was never set. */
static bool meta_number(struct replica *replica, const char *name, int64_t *number)
{
    struct buffer text = {0};
    bool found = replica_meta_get(replica, name, &text, NULL) == STATUS_OK && text.size > 0 &&
                 text.size < 24 && buffer_append(&text, "", 1) == STATUS_OK;
    if (found)
        *number = strtoll((const char *)text.data, NULL, 10);
    buffer_release(&text);
    return found;
}

static void put_self(struct replica *replica, json_t *status)
{
    const struct registry *registry = replica_registry(replica);
    const struct device *self = registry_device(registry, replica_identity(replica)->device);
    const struct org *org = self ? registry_org(registry, self->certificate.org) : NULL;
    char device_id[ID_TEXT_BYTES], org_id[ID_TEXT_BYTES], person_id[ID_TEXT_BYTES];
    if (self) {
        id_format(&self->id, device_id);
        id_format(&self->certificate.person, person_id);
    }
    if (org)
        id_format(&org->id, org_id);
    json_object_set_new(status, "device", self ? json_string(device_id) : json_null());
    json_object_set_new(status, "person",
                        self ? json_string(self->certificate.person_name) : json_null());
    json_object_set_new(status, "person_id", self ? json_string(person_id) : json_null());
    json_object_set_new(status, "role",
                        self ? json_string(role_name(self->certificate.role)) : json_null());
    json_object_set_new(status, "org", org ? json_string(org_id) : json_null());
    json_object_set_new(status, "org_name", org ? json_string(org->name) : json_null());
}

static void put_times(struct replica *replica, json_t *status)
{
    int64_t last_sync, offset;
    char time[32];
    json_t *sync = json_null();
    if (meta_number(replica, "last_sync", &last_sync)) {
        time_format(last_sync, time);
        sync = json_string(time);
    }
    json_object_set_new(status, "last_sync", sync);
    json_t *rights = json_null();
    uint64_t as_of = 0, behind = 0;
    bool split = false;
    freshness_as_of(replica, &as_of, NULL);
    if (as_of != 0 && !MUTANT("t6-age-of-rights-not-shown")) {
        time_format((int64_t)as_of, time);
        rights = json_string(time);
    }
    json_object_set_new(status, "rights_as_of", rights);
    freshness_behind(replica, &behind, NULL);
    replica_split_view(replica, &split, NULL);
    json_object_set_new(status, "rights_behind", json_integer((json_int_t)behind));
    json_object_set_new(status, "split_view", json_boolean(split));
    int64_t lost;
    json_t *end_lost = json_null();
    if (meta_number(replica, META_END_LOST, &lost)) {
        time_format(lost, time);
        end_lost = json_string(time);
    }
    json_object_set_new(status, "end_lost", end_lost);
    struct buffer fault = {0};
    json_t *damaged = json_null();
    if (replica_meta_get(replica, META_SCRUB_FAULT, &fault, NULL) == STATUS_OK && fault.size > 0)
        damaged = json_stringn((const char *)fault.data, fault.size);
    json_object_set_new(status, "damaged", damaged);
    buffer_release(&fault);
    json_object_set_new(status, "clock_offset_ms",
                        meta_number(replica, "clock_offset_ms", &offset) ? json_integer(offset)
                                                                         : json_null());
}

enum status self_status(struct replica *replica, json_t **made, struct error *err)
{
    json_t *counts = NULL;
    bool changed;
    TRY(replica_refresh(replica, &changed, err));
    TRY(view_counts(replica, &counts, err));
    *made = json_object();
    put_self(replica, *made);
    json_object_update(*made, counts);
    put_times(replica, *made);
    enum session_code held = recall_held(replica);
    json_object_set_new(*made, "held",
                        held == SESSION_DONE ? json_null() : json_string(session_code_text(held)));
    json_object_set_new(*made, "disk_full", json_boolean(replica_disk_full(replica)));
    json_decref(counts);
    return STATUS_OK;
}
