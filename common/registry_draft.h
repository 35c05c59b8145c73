#ifndef COMMON_REGISTRY_DRAFT_H
#define COMMON_REGISTRY_DRAFT_H

/* One entry of the registry in the making, for whoever may write there: the hub, and a device that
 * admits others. Inside a transaction: start, then per op entry_writer_op on `writer` and its
 * fields, then finish, whatever went wrong between. */

#include "common/replica.h"

struct registry_draft {
    struct replica *replica;
    struct entry_writer writer;
    struct buffer value; /* of the field at hand, packed by the caller */
    struct buffer body;
    uint32_t scope;
};

enum status registry_draft_start(struct registry_draft *draft, struct replica *replica,
                                 uint32_t scope, struct error *err);
/* Writes what stands in draft->value as `field` of the op at hand; `packed` is how packing it went.
 */
enum status registry_draft_field(struct registry_draft *draft, uint16_t field, enum status packed,
                                 struct error *err);
/* The op of a certificate: the device's row, and the sealed object in field 1. */
enum status registry_draft_device(struct registry_draft *draft,
                                  const struct certificate *certificate, struct bytes sealed,
                                  struct error *err);
/* Appends the entry to our own feed when all went well so far, and releases the draft. */
enum status registry_draft_finish(struct registry_draft *draft, enum status so_far,
                                  struct error *err);

#endif
