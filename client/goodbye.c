#include "client/goodbye.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct goodbye {
    pthread_mutex_t lock;
    uv_async_t *async; /* of who runs */
    bool said;
};

struct goodbye *goodbye_new(void)
{
    struct goodbye *goodbye = calloc(1, sizeof *goodbye);
    if (goodbye)
        pthread_mutex_init(&goodbye->lock, NULL);
    return goodbye;
}

void goodbye_free(struct goodbye *goodbye)
{
    if (!goodbye)
        return;
    pthread_mutex_destroy(&goodbye->lock);
    free(goodbye);
}

void goodbye_say(struct goodbye *goodbye)
{
    pthread_mutex_lock(&goodbye->lock);
    goodbye->said = true;
    if (goodbye->async)
        uv_async_send(goodbye->async);
    pthread_mutex_unlock(&goodbye->lock);
}

void goodbye_take(struct goodbye *goodbye, uv_async_t *async)
{
    if (!goodbye)
        return;
    pthread_mutex_lock(&goodbye->lock);
    goodbye->async = async;
    if (async && goodbye->said)
        uv_async_send(async);
    pthread_mutex_unlock(&goodbye->lock);
}
