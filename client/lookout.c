/* Happy path: asked -> the socket is bound, groups are joined -> hails are kept, again and again ->
 * nobody asked for a while: the socket is closed. Failures: without a socket nobody is heard; the
 * next one who asks tries again. */

#include "client/lookout.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heard {
    uint8_t hint[PEER_HINT_BYTES];
    hail_address host;
    uint16_t port;
    uint64_t at_ms;
};

struct lookout {
    uv_loop_t *loop;
    uv_udp_t *udp; /* NULL: not listening */
    uv_timer_t timer;
    uint64_t until_ms;
    pthread_mutex_t lock;           /* guards what stands below */
    struct heard list[LOOKOUT_MAX]; /* port 0: free */
    char area[HAIL_BYTES + 1];      /* a longer one shows */
};

/* Uses no loop's time, which belongs to one thread. */
static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* ---- keeping ---- */

/* Its own place, a free one, or the oldest: of its address when that has its share, or of all. */
static struct heard *place_for(struct lookout *lookout, const struct heard *heard)
{
    struct heard *oldest = &lookout->list[0], *oldest_there = NULL;
    unsigned there = 0;
    for (struct heard *at = lookout->list; at < lookout->list + LOOKOUT_MAX; at++) {
        bool same = at->port != 0 && strcmp(at->host, heard->host) == 0;
        if (same && at->port == heard->port)
            return at;
        if (at->at_ms < oldest->at_ms)
            oldest = at;
        if (same && (!oldest_there || at->at_ms < oldest_there->at_ms))
            oldest_there = at;
        there += same;
    }
    return there >= LOOKOUT_EACH_MAX ? oldest_there : oldest;
}

static bool read_hail(const char *bytes, const struct sockaddr *from, struct heard *heard)
{
    memcpy(heard->hint, bytes, PEER_HINT_BYTES);
    const uint8_t *port = (const uint8_t *)bytes + PEER_HINT_BYTES;
    heard->port = (uint16_t)(port[0] << 8 | port[1]);
    heard->at_ms = now_ms();
    return from->sa_family == AF_INET && heard->port != 0 && peer_hint_valid(heard->hint) &&
           uv_ip4_name((const struct sockaddr_in *)from, heard->host, sizeof heard->host) == 0;
}

static void on_hail(uv_udp_t *udp, ssize_t size, const uv_buf_t *buffer,
                    const struct sockaddr *from, unsigned flags)
{
    struct lookout *lookout = udp->data;
    struct heard heard = {0};
    (void)flags;
    if (size != HAIL_BYTES || !from || !read_hail(buffer->base, from, &heard))
        return;
    pthread_mutex_lock(&lookout->lock);
    *place_for(lookout, &heard) = heard;
    pthread_mutex_unlock(&lookout->lock);
}

static int later_first(const void *a, const void *b)
{
    const struct heard *one = a, *other = b;
    return one->at_ms < other->at_ms ? 1 : one->at_ms > other->at_ms ? -1 : 0;
}

/* What was heard lately, the latest first. */
static size_t take(struct lookout *lookout, struct heard list[LOOKOUT_MAX])
{
    uint64_t now = now_ms();
    size_t count = 0;
    pthread_mutex_lock(&lookout->lock);
    for (size_t i = 0; i < LOOKOUT_MAX; i++)
        if (lookout->list[i].port != 0 && now - lookout->list[i].at_ms <= LOOKOUT_FORGET_MS)
            list[count++] = lookout->list[i];
    pthread_mutex_unlock(&lookout->lock);
    qsort(list, count, sizeof *list, later_first);
    return count;
}

/* ---- who it is ---- */

/* The device that says so, when the registry has it. */
static const struct device *device_of(const struct heard *heard, const struct registry *registry)
{
    const struct network *network = registry_network(registry);
    for (size_t i = 0; i < registry_devices_count(registry); i++) {
        const struct device *device = registry_device_at(registry, i);
        if (peer_hint_fits(heard->hint, network, device->certificate.dh_key))
            return device;
    }
    return NULL;
}

static json_t *heard_json(const struct heard *heard, const struct registry *registry, uint32_t self)
{
    const struct device *device = device_of(heard, registry);
    if (!device || device->certificate.device == self ||
        registry_device_state(registry, device) != DEVICE_ACTIVE)
        return NULL;
    const struct org *org = registry_org(registry, device->certificate.org);
    char id[ID_TEXT_BYTES], address[HAIL_PLACE_BYTES];
    id_format(&device->id, id);
    snprintf(address, sizeof address, "%s:%u", heard->host, (unsigned)heard->port);
    return json_pack("{ss ss ss ss? ss}", "device", id, "person", device->certificate.person_name,
                     "role", role_name(device->certificate.role), "org_name",
                     org ? org->name : NULL, "address", address);
}

/* A device that several networks lead to is there once, by the way that was heard last. */
static bool listed(const json_t *near, const json_t *item)
{
    size_t place;
    const json_t *other;
    json_array_foreach(near, place, other)
    {
        if (json_equal(json_object_get(other, "device"), json_object_get(item, "device")))
            return true;
    }
    return false;
}

json_t *lookout_devices(struct lookout *lookout, const struct registry *registry, uint32_t self)
{
    struct heard list[LOOKOUT_MAX];
    size_t count = take(lookout, list);
    json_t *near = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *item = heard_json(&list[i], registry, self);
        if (item && !listed(near, item))
            json_array_append(near, item);
        json_decref(item);
    }
    return near;
}

/* ---- listening ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct lookout *lookout = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(lookout->area, sizeof lookout->area);
}

static void on_udp_closed(uv_handle_t *handle)
{
    free(handle);
}

static void stop(struct lookout *lookout)
{
    if (lookout->udp)
        uv_close((uv_handle_t *)lookout->udp, on_udp_closed);
    lookout->udp = NULL;
}

static void start(struct lookout *lookout)
{
    struct sockaddr_in any;
    lookout->udp = malloc(sizeof *lookout->udp);
    if (!lookout->udp)
        return;
    uv_udp_init(lookout->loop, lookout->udp);
    lookout->udp->data = lookout;
    uv_ip4_addr("0.0.0.0", HAIL_PORT, &any);
    /* Several programs of one machine hear the same group. */
    if (uv_udp_bind(lookout->udp, (struct sockaddr *)&any, UV_UDP_REUSEADDR) < 0 ||
        uv_udp_recv_start(lookout->udp, on_alloc, on_hail) < 0)
        stop(lookout);
}

/* Networks come and go; where it has joined already, nothing happens. */
static void join_groups(struct lookout *lookout)
{
    hail_address addresses[HAIL_INTERFACES_MAX];
    size_t count = hail_interfaces(addresses);
    for (size_t i = 0; lookout->udp && i < count; i++)
        uv_udp_set_membership(lookout->udp, HAIL_GROUP, addresses[i], UV_JOIN_GROUP);
}

static void on_timer(uv_timer_t *timer)
{
    struct lookout *lookout = timer->data;
    if (now_ms() < lookout->until_ms) {
        join_groups(lookout);
        return;
    }
    uv_timer_stop(&lookout->timer);
    stop(lookout);
}

void lookout_ask(struct lookout *lookout)
{
    lookout->until_ms = now_ms() + LOOKOUT_MS;
    if (lookout->udp)
        return;
    start(lookout);
    join_groups(lookout);
    uv_timer_start(&lookout->timer, on_timer, HAIL_MS, HAIL_MS);
}

/* ---- life ---- */

enum status lookout_open(struct lookout **out, uv_loop_t *loop, struct error *err)
{
    struct lookout *lookout = calloc(1, sizeof *lookout);
    *out = lookout;
    if (!lookout)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    lookout->loop = loop;
    pthread_mutex_init(&lookout->lock, NULL);
    uv_timer_init(loop, &lookout->timer);
    lookout->timer.data = lookout;
    return STATUS_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct lookout *lookout = handle->data;
    pthread_mutex_destroy(&lookout->lock);
    free(lookout);
}

void lookout_close(struct lookout *lookout)
{
    if (!lookout)
        return;
    stop(lookout);
    uv_close((uv_handle_t *)&lookout->timer, on_closed);
}
