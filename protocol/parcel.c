#include "protocol/parcel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "common/pack.h"
#include "protocol/parcel_units.h"

#define UNIT_BYTES 7000
#define BUDGET_BYTES ((size_t)1 << 30)
#define COMMIT_BYTES (1u << 20)

/* ---- receipts ---- */

enum status parcel_receipt(struct replica *replica, uint32_t reader, struct buffer *sealed,
                           struct error *err)
{
    const struct frontier *all = replica_frontier(replica);
    const struct identity *self = replica_identity(replica);
    struct frontier held = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < all->count && status == STATUS_OK; i++) {
        const struct feed_id *feed = &all->rows[i].feed;
        uint64_t number = replica_claim(replica, feed);
        bool told = reader == 0 || feed->device == reader ||
                    registry_may_read(replica_registry(replica), reader, feed->scope);
        if (told && number > 0)
            status = frontier_raise(&held, feed, number, err);
    }
    struct receipt receipt = {.device = self->device,
                              .lineage = replica_lineage(replica),
                              .beacon = replica_entry_head(replica).beacon,
                              .held = held};
    if (status == STATUS_OK)
        status = receipt_seal(&receipt, replica_network(replica), &self->sign, sealed, err);
    frontier_release(&held);
    return status;
}

enum status parcel_open_receipt(struct replica *replica, struct bytes sealed,
                                struct receipt *receipt, struct error *err)
{
    TRY(receipt_peek(receipt, sealed, err));
    const uint8_t *key = registry_device_key(replica_registry(replica), receipt->device);
    if (!key)
        return error_set(err, STATUS_UNKNOWN, "device %u is not known yet", receipt->device);
    return receipt_open(receipt, replica_network(replica), sealed, key, err);
}

static enum status remember_receipt(struct replica *replica, const struct receipt *receipt,
                                    bool anew, struct error *err)
{
    struct frontier told = {0}, held = {0};
    enum status status =
        anew ? STATUS_OK : replica_peer_load(replica, receipt->device, &told, &held, err);
    if (status == STATUS_OK)
        status = frontier_merge(&held, &receipt->held, err);
    if (status == STATUS_OK)
        status = replica_peer_save(replica, receipt->device, &told, &held, err);
    frontier_release(&told);
    frontier_release(&held);
    return status;
}

/* Of an earlier life of the hub it proves nothing: that hub may have lost what it held then. Of a
 * later one, whose beacons go on from ours, it says all that is held now. */
enum life { LIFE_SAME, LIFE_EARLIER, LIFE_LATER };

static enum status life_of(struct replica *replica, const struct receipt *receipt, enum life *life,
                           struct error *err)
{
    uint64_t known;
    TRY(replica_meta_number(replica, META_LINEAGE_SEEN, &known, err));
    if (known == 0)
        known = replica_lineage(replica);
    if (receipt->device != DEVICE_HUB || receipt->lineage == known)
        *life = LIFE_SAME;
    else
        *life = receipt->beacon >= replica_entry_head(replica).beacon ? LIFE_LATER : LIFE_EARLIER;
    return STATUS_OK;
}

static enum status follow_receipt(struct replica *replica, const struct receipt *receipt,
                                  struct error *err)
{
    enum life life;
    char lineage[24];
    TRY(life_of(replica, receipt, &life, err));
    if (life == LIFE_EARLIER || receipt->device == replica_identity(replica)->device)
        return STATUS_OK;
    if (life == LIFE_LATER) {
        snprintf(lineage, sizeof lineage, "%llu", (unsigned long long)receipt->lineage);
        TRY(replica_meta_set(replica, META_LINEAGE_SEEN, bytes_text(lineage), err));
    }
    return remember_receipt(replica, receipt, life == LIFE_LATER, err);
}

static enum status take_receipt(struct replica *replica, struct bytes sealed, struct error *err)
{
    struct receipt receipt = {0};
    struct error problem = {0};
    enum status status = parcel_open_receipt(replica, sealed, &receipt, &problem);
    if (status == STATUS_OK)
        status = follow_receipt(replica, &receipt, err);
    else if (status != STATUS_NO_MEMORY)
        status = STATUS_OK;
    receipt_release(&receipt);
    return status;
}

/* ---- writing ---- */

struct writing {
    struct replica *replica;
    struct bundle_writer *writer;
    uint32_t reader; /* whose rights limit what goes in; 0: everybody's it is for */
    uint64_t entries;
    struct parcel_units units;
};

static enum status put_run(void *context, const struct run *run, struct error *err)
{
    struct writing *writing = context;
    struct buffer encoded = {0};
    enum status status = run_encode(run, &encoded, err);
    if (status == STATUS_OK)
        status = bundle_put(writing->writer, MESSAGE_RUN, buffer_bytes(&encoded), err);
    buffer_release(&encoded);
    writing->entries += run->count;
    return status;
}

static enum status put_receipt(struct writing *writing, struct error *err)
{
    struct buffer sealed = {0}, message = {0};
    enum status status = parcel_receipt(writing->replica, writing->reader, &sealed, err);
    if (status == STATUS_OK && pack_array(&message, 1) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (status == STATUS_OK && pack_bin(&message, buffer_bytes(&sealed)) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (status == STATUS_OK)
        status = bundle_put(writing->writer, MESSAGE_RECEIPT, buffer_bytes(&message), err);
    buffer_release(&sealed);
    buffer_release(&message);
    return status;
}

/* The hub, and who may read all that this device may: those of its org and of the ones above. */
static size_t usual_recipients(const struct replica *replica,
                               uint8_t keys[BUNDLE_RECIPIENTS_MAX][DH_KEY_BYTES])
{
    const struct registry *registry = replica_registry(replica);
    const struct device *self = registry_device(registry, replica_identity(replica)->device);
    size_t count = 0;
    for (size_t i = 0; i < registry_devices_count(registry) && count < BUNDLE_RECIPIENTS_MAX; i++) {
        const struct device *device = registry_device_at(registry, i);
        bool above = registry_within(registry, device->certificate.org, self->certificate.org);
        if (device != self && above && registry_device_state(registry, device) == DEVICE_ACTIVE)
            memcpy(keys[count++], device->certificate.dh_key, DH_KEY_BYTES);
    }
    return count;
}

/* For whom, and what they are known to hold. */
static enum status choose(struct writing *writing, const struct receipt *receiver,
                          struct frontier *known, uint8_t keys[BUNDLE_RECIPIENTS_MAX][DH_KEY_BYTES],
                          size_t *count, struct error *err)
{
    const struct registry *registry = replica_registry(writing->replica);
    if (!receiver) {
        struct frontier told = {0};
        *count = usual_recipients(writing->replica, keys);
        enum status status = replica_peer_load(writing->replica, DEVICE_HUB, &told, known, err);
        frontier_release(&told);
        return status;
    }
    const struct device *device = registry_device(registry, receiver->device);
    if (!device || registry_device_state(registry, device) != DEVICE_ACTIVE)
        return error_set(err, STATUS_DENIED, "device %u was revoked", receiver->device);
    writing->reader = receiver->device;
    memcpy(keys[0], device->certificate.dh_key, DH_KEY_BYTES);
    *count = 1;
    return frontier_copy(known, &receiver->held, err);
}

static enum status put_content(struct writing *writing, struct frontier *known, bool *more,
                               struct error *err)
{
    struct run_wish wish = {.reader = writing->reader == DEVICE_HUB ? 0 : writing->reader,
                            .unit_bytes = UNIT_BYTES,
                            .budget_bytes = BUDGET_BYTES,
                            .take = put_run,
                            .context = writing};
    TRY(replica_runs(writing->replica, &wish, known, more, err));
    TRY(put_receipt(writing, err));
    writing->units.writer = writing->writer;
    writing->units.reader = wish.reader;
    TRY(parcel_units_write(writing->replica, &writing->units, err));
    return bundle_finish(writing->writer, err);
}

enum status parcel_write(struct replica *replica, const struct parcel_wish *wish,
                         struct parcel_written *written, struct error *err)
{
    static uint8_t keys[BUNDLE_RECIPIENTS_MAX][DH_KEY_BYTES];
    struct writing writing = {.replica = replica, .units.bytes_left = wish->files_bytes};
    struct frontier known = {0};
    bool more = false;
    struct bundle_options options = {.network = replica_network(replica),
                                     .sender = replica_identity(replica)->device,
                                     .recipients = keys,
                                     .sink = wish->sink,
                                     .context = wish->context};
    enum status status =
        choose(&writing, wish->receiver, &known, keys, &options.recipients_count, err);
    if (status == STATUS_OK)
        status = bundle_writer_new(&writing.writer, &options, err);
    if (status == STATUS_OK)
        status = put_content(&writing, &known, &more, err);
    bundle_writer_free(writing.writer);
    frontier_release(&known);
    *written = (struct parcel_written){writing.entries, writing.units.count};
    return status;
}

/* ---- reading ---- */

static enum status take_run(struct parcel *parcel, struct bytes body, struct error *err)
{
    struct run run;
    struct bytes *bodies = NULL;
    enum status status = run_decode(&run, &bodies, body, NULL);
    if (status == STATUS_NO_MEMORY)
        return error_set(err, status, "out of memory");
    if (status != STATUS_OK)
        return error_set(err, STATUS_BAD_INPUT, "the bundle is damaged: %s", "a run");
    status = replica_receive_carried(parcel->replica, &run, &parcel->received, err);
    free(bodies);
    return status;
}

/* What came so far stays, whatever comes next. */
static enum status commit_now(struct parcel *parcel, struct error *err)
{
    TRY(replica_commit(parcel->replica, err));
    parcel->since_commit = 0;
    return replica_begin(parcel->replica, err);
}

static enum status take_message(void *context, const struct message *message, struct error *err)
{
    struct parcel *parcel = context;
    struct bytes sealed;
    parcel->since_commit += message->body.size;
    if (message->type == MESSAGE_RUN)
        TRY(take_run(parcel, message->body, err));
    else if (message->type == MESSAGE_RECEIPT && message_decode_bin(message->body, &sealed))
        TRY(take_receipt(parcel->replica, sealed, err));
    else if (message->type == MESSAGE_UNIT)
        TRY(parcel_unit_take(parcel->replica, message->body, err));
    return parcel->since_commit > COMMIT_BYTES ? commit_now(parcel, err) : STATUS_OK;
}

enum status parcel_open(struct parcel *parcel, struct replica *replica, struct error *err)
{
    *parcel = (struct parcel){.replica = replica};
    struct bundle_reader_options options = {.network = replica_network(replica),
                                            .key = &replica_identity(replica)->dh,
                                            .take = take_message,
                                            .context = parcel};
    TRY(bundle_reader_new(&parcel->reader, &options, err));
    enum status status = replica_begin(replica, err);
    if (status != STATUS_OK)
        bundle_reader_free(parcel->reader);
    return status;
}

enum status parcel_feed(struct parcel *parcel, struct bytes bytes, struct error *err)
{
    return bundle_feed(parcel->reader, bytes, err);
}

enum status parcel_close(struct parcel *parcel, enum status fed, struct error *err)
{
    bool complete = bundle_complete(parcel->reader);
    bundle_reader_free(parcel->reader);
    if (fed != STATUS_OK && fed != STATUS_BAD_INPUT) {
        replica_rollback(parcel->replica);
        return fed;
    }
    TRY(replica_commit(parcel->replica, err));
    if (fed == STATUS_OK && !complete)
        return error_set(err, STATUS_BAD_INPUT,
                         "the bundle is cut off: what came before was taken in");
    return fed;
}
