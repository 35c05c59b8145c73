#include "client/arrival.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "client/folder.h"
#include "common/wipe.h"

struct arrival {
    struct arrival_options options;
    struct arrival_wish wish;
    struct goodbye *goodbye;
    uv_work_t work;
    struct arrival_news news;
    struct error error;
    pthread_mutex_t lock;
    struct arrival_progress progress; /* guarded by it */
};

void arrival_wish_release(struct arrival_wish *wish)
{
    passphrase_free(wish->code);
    passphrase_free(wish->secret);
    *wish = (struct arrival_wish){0};
}

static void free_arrival(struct arrival *arrival)
{
    arrival_wish_release(&arrival->wish);
    goodbye_free(arrival->goodbye);
    pthread_mutex_destroy(&arrival->lock);
    sodium_memzero(&arrival->news, sizeof arrival->news);
    free(arrival);
}

/* ---- on its thread ---- */

static void on_progress(void *context, const struct session_totals *totals)
{
    struct arrival *arrival = context;
    pthread_mutex_lock(&arrival->lock);
    arrival->progress =
        (struct arrival_progress){totals->snapshot_parts, totals->snapshot_parts_here};
    pthread_mutex_unlock(&arrival->lock);
}

static enum status arrive(struct arrival *arrival, struct replica **replica, struct error *err)
{
    const struct cli *cli = arrival->options.cli;
    struct passphrase *secret = arrival->wish.secret;
    struct newcomer newcomer = {
        .code = passphrase_text(arrival->wish.code),
        .choice = {.kind = secret ? KEYSLOT_PASSPHRASE : 0, .secret = secret},
        .bare = !secret,
        .goodbye = arrival->goodbye,
        .progress = on_progress,
        .context = arrival};
    enum status status = newcomer_join(cli, &newcomer, replica, arrival->news.digits, err);
    if (status != STATUS_OK && (!*replica || !newcomer_arrived(*replica)))
        return status;
    bool wants = *cli->vault && !keyslots_find(vault_slots(*cli->vault), KEYSLOT_RECOVERY);
    return wants ? unlock_recovery_code(*cli->vault, arrival->news.recovery, err) : STATUS_OK;
}

static void on_work(uv_work_t *work)
{
    struct arrival *arrival = work->data;
    struct replica *replica = NULL;
    if (arrive(arrival, &replica, &arrival->error) == STATUS_OK)
        arrival->error = (struct error){0};
    replica_close(replica);
    wipe_stack();
}

/* ---- on the loop ---- */

static void on_worked(uv_work_t *work, int status)
{
    struct arrival *arrival = work->data;
    (void)status; /* it is never cancelled */
    arrival->options.over(arrival->options.context, &arrival->news, &arrival->error);
    free_arrival(arrival);
}

enum status arrival_begin(struct arrival **out, uv_loop_t *loop,
                          const struct arrival_options *options, struct arrival_wish *wish,
                          struct error *err)
{
    *out = NULL;
    if (wish->secret && unlock_check_new(wish->secret, err) != STATUS_OK) {
        arrival_wish_release(wish);
        return err->status;
    }
    struct arrival *arrival = calloc(1, sizeof *arrival);
    struct goodbye *goodbye = goodbye_new();
    if (!arrival || !goodbye) {
        free(arrival);
        goodbye_free(goodbye);
        arrival_wish_release(wish);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    *arrival = (struct arrival){.options = *options, .wish = *wish, .goodbye = goodbye};
    pthread_mutex_init(&arrival->lock, NULL);
    arrival->work.data = arrival;
    uv_queue_work(loop, &arrival->work, on_work, on_worked);
    *out = arrival;
    return STATUS_OK;
}

struct arrival_progress arrival_progress(struct arrival *arrival)
{
    pthread_mutex_lock(&arrival->lock);
    struct arrival_progress progress = arrival->progress;
    pthread_mutex_unlock(&arrival->lock);
    return progress;
}

void arrival_break_off(struct arrival *arrival)
{
    goodbye_say(arrival->goodbye);
}
