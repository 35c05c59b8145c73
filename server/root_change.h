#ifndef SERVER_ROOT_CHANGE_H
#define SERVER_ROOT_CHANGE_H

/* Replacing the authority or the root itself, and admitting whom only the root may admit.
 *
 * Each begins as a request; with enough root keys at hand it is signed and applied at once, else it
 * travels (server/root_request.h). New secrets lie in the folder under another name until the
 * registry knows their public halves; whoever opens the hub then finishes the change. */

#include "server/hub.h"
#include "server/root_keys.h"
#include "server/root_request.h"

/* A new authority key, of the next number; one that was begun before is taken up again. */
enum status root_ask_authority(struct hub *hub, struct root_request *request, struct error *err);
/* A new root set of `count` keys; its own keys sign right away. */
struct root_wish {
    uint32_t count, threshold;
};
enum status root_ask_set(struct hub *hub, const struct root_wish *wish,
                         struct root_request *request, struct error *err);
/* The certificates of all devices that wait for the root. */
enum status root_ask_waiting(struct hub *hub, struct root_request *request, struct error *err);

/* Does the root's threshold stand behind everything in it? */
bool root_request_complete(const struct hub *hub, const struct root_request *request);
/* Into the registry, in one transaction; nothing of it when one thing is refused. */
enum status root_apply(struct hub *hub, const struct root_request *request, struct error *err);

#endif
