#ifndef SERVER_INVITE_H
#define SERVER_INVITE_H

/* Invitations: one-time codes (common/codes.h) for devices that the hub admits. */

#include "common/codes.h"
#include "server/hub.h"

struct invite_options {
    struct code code;
    const char *address; /* where the hub can be reached */
};

/* Make one; `text` has room for INVITATION_TEXT_MAX. */
enum status invite_create(struct hub *hub, const struct invite_options *options, char *text,
                          struct error *err);

/* storage_host.enrol: `context` is the struct hub. Spends the token and certifies the device. A
 * second request with the same token and the same keys gets the same device again (the first answer
 * may have been lost on the way). */
enum status invite_enrol(void *context, struct replica *replica,
                         const struct session_question *question, uint32_t *device,
                         enum session_code *refuse, struct error *err);

#endif
