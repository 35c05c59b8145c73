#include "client/hail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hail {
    struct network network;
    uint8_t dh_key[DH_KEY_BYTES];
    hail_address host; /* "": everywhere */
    uint16_t port;
    uv_udp_t udp;
    uv_timer_t timer;
    int handles_open;
};

size_t hail_interfaces(hail_address addresses[HAIL_INTERFACES_MAX])
{
    uv_interface_address_t *all = NULL;
    int all_count = 0;
    size_t count = 0;
    if (uv_interface_addresses(&all, &all_count) != 0)
        return 0;
    for (int i = 0; i < all_count && count < HAIL_INTERFACES_MAX; i++)
        if (all[i].address.address4.sin_family == AF_INET &&
            uv_ip4_name(&all[i].address.address4, addresses[count], sizeof addresses[count]) == 0)
            count++;
    uv_free_interface_addresses(all, all_count);
    return count;
}

void hail_place(uint16_t port, char place[HAIL_PLACE_BYTES])
{
    hail_address addresses[HAIL_INTERFACES_MAX], *first = NULL;
    size_t count = hail_interfaces(addresses);
    for (size_t i = 0; i < count && !first; i++)
        if (strncmp(addresses[i], "127.", 4) != 0)
            first = &addresses[i];
    snprintf(place, HAIL_PLACE_BYTES, "%s:%u", first ? *first : "127.0.0.1", (unsigned)port);
}

static void say(struct hail *hail, const char *interface)
{
    uint8_t bytes[HAIL_BYTES];
    struct sockaddr_in group;
    uv_buf_t buffer = uv_buf_init((char *)bytes, sizeof bytes);
    peer_hint_make(&hail->network, hail->dh_key, bytes);
    bytes[PEER_HINT_BYTES] = (uint8_t)(hail->port >> 8);
    bytes[PEER_HINT_BYTES + 1] = (uint8_t)hail->port;
    uv_ip4_addr(HAIL_GROUP, HAIL_PORT, &group);
    /* What isn't heard this time is said again: no failure matters. */
    if (uv_udp_set_multicast_interface(&hail->udp, interface) == 0)
        uv_udp_try_send(&hail->udp, &buffer, 1, (struct sockaddr *)&group);
}

/* Cables and wireless networks come and go, so interfaces are looked up each time. */
static void on_timer(uv_timer_t *timer)
{
    struct hail *hail = timer->data;
    hail_address addresses[HAIL_INTERFACES_MAX];
    size_t count = hail_interfaces(addresses);
    for (size_t i = 0; i < count; i++)
        if (!*hail->host || strcmp(hail->host, addresses[i]) == 0)
            say(hail, addresses[i]);
}

static void on_closed(uv_handle_t *handle)
{
    struct hail *hail = handle->data;
    if (--hail->handles_open == 0)
        free(hail);
}

void hail_close(struct hail *hail)
{
    if (!hail)
        return;
    uv_close((uv_handle_t *)&hail->udp, on_closed);
    uv_close((uv_handle_t *)&hail->timer, on_closed);
}

struct hail *hail_open(uv_loop_t *loop, const struct hail_options *options)
{
    struct sockaddr_in any;
    struct hail *hail = calloc(1, sizeof *hail);
    if (!hail)
        return NULL;
    hail->network = *options->network;
    memcpy(hail->dh_key, options->dh_key, sizeof hail->dh_key);
    hail->port = options->port;
    bool everywhere = strcmp(options->host, "0.0.0.0") == 0 || strcmp(options->host, "::") == 0;
    if (!everywhere && strlen(options->host) < sizeof hail->host)
        memcpy(hail->host, options->host, strlen(options->host) + 1);
    uv_udp_init(loop, &hail->udp);
    uv_timer_init(loop, &hail->timer);
    hail->udp.data = hail->timer.data = hail;
    hail->handles_open = 2;
    uv_ip4_addr("0.0.0.0", 0, &any);
    if (uv_udp_bind(&hail->udp, (struct sockaddr *)&any, 0) < 0) {
        hail_close(hail);
        return NULL;
    }
    uv_udp_set_multicast_ttl(&hail->udp, 1);
    uv_timer_start(&hail->timer, on_timer, 0, HAIL_MS);
    return hail;
}
