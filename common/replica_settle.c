/* A decision about fields that may have more values than one entry can name. */

#include "common/replica_state.h"

#define VALUES_MAX 25600 /* more are the work of a device that is to be revoked */

/* Of the field of the change that has the most. */
static enum status count_heads(struct replica *replica, const struct change *change, size_t *most,
                               struct error *err)
{
    struct row row = {0};
    bool found;
    *most = 0;
    enum status status =
        replica_row(replica, change->table, &change->id, change->scope, &row, &found, err);
    for (size_t i = 0; status == STATUS_OK && found && i < change->fields_count; i++) {
        const struct cell *cell = row_find_cell(&row, change->fields[i].field);
        if (cell && cell->heads_count > *most)
            *most = cell->heads_count;
    }
    row_release(&row);
    return status;
}

enum status replica_settle(struct replica *replica, const struct change *change,
                           struct saved *saved, size_t *entries, struct error *err)
{
    size_t values, made, failed;
    *entries = 0;
    TRY(count_heads(replica, change, &values, err));
    if (values > VALUES_MAX)
        return error_set(err, STATUS_TOO_LARGE,
                         "%zu values wait here, more than people write: the bureau revokes the "
                         "device that wrote them",
                         values);
    do {
        TRY(replica_save(replica, change, 1, saved, &made, &failed, err));
        *entries += made;
        values -= values < ENTRY_BASES_MAX ? values : ENTRY_BASES_MAX - 1;
    } while (values > 1);
    return STATUS_OK;
}
