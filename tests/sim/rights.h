#ifndef TESTS_SIM_RIGHTS_H
#define TESTS_SIM_RIGHTS_H

/* Who may have written what: a model of certificates and revocations.
 *
 * What a certificate judges follows from what the hub held when it signed it. Says of a dot and a
 * field whether that value counts, for a replica that knows all that the hub has signed of the
 * device. A hub that was put back from a copy may sign two things under one serial: then the model
 * is unsure of that device for the rest of the world. */

#include "common/registry.h"
#include "tests/sim/fleet.h"

#define RIGHTS_MAX 24 /* certificates of a device in one world */

struct right {
    enum role role;
    uint32_t org;
    struct frontier held; /* what the hub held of the device: it judges what lies behind */
};

struct rights { /* of one device */
    struct right list[RIGHTS_MAX];
    size_t count;
    uint32_t serial, cut_serial;
    bool revoked, unsure;
    struct frontier cut;
};

/* As every device begins: by its first certificate. */
void rights_init(struct rights *rights, const struct fleet *fleet, size_t at);
void rights_release(struct rights *rights);
/* What the hub's registry says now and didn't before; `held`: what the hub held when it said so. */
void rights_follow(struct rights *rights, const struct fleet *fleet, size_t at,
                   const struct frontier *held);
/* Does this replica know of the device what the model does? */
bool rights_known(const struct rights *rights, const struct replica *replica, uint32_t device);
/* May what stands there count? */
bool rights_allow(const struct rights *rights, const struct fleet *fleet, const struct dot *dot,
                  uint16_t field);

#endif
