#ifndef SERVER_ROOT_REQUEST_H
#define SERVER_ROOT_REQUEST_H

/* What the root is asked to sign, as a file that goes from the hub to wherever the root keys are,
 * and back:
 *   ["JQROOT", 1, network bin 16, [[kind, signed by root bin], …]]
 * The file is no secret, and nothing in it counts before the registry has checked it. */

#include "common/certificate.h"

#define ROOT_REQUEST_ITEMS_MAX 64

enum root_request_kind { ROOT_ASKS_SET = 1, ROOT_ASKS_AUTHORITY = 2, ROOT_ASKS_CERTIFICATE = 3 };

struct root_request {
    struct network network;
    size_t count;
    struct {
        enum root_request_kind kind;
        struct buffer sealed;
    } items[ROOT_REQUEST_ITEMS_MAX];
};
void root_request_release(struct root_request *request);
/* The sealed object is copied. STATUS_TOO_LARGE. */
enum status root_request_add(struct root_request *request, enum root_request_kind kind,
                             struct bytes sealed, struct error *err);
/* Replaces what is there, whole and durable. */
enum status root_request_write(const struct root_request *request, const char *path,
                               struct error *err);
/* STATUS_NOT_FOUND, STATUS_BAD_INPUT. Release also after a failure. */
enum status root_request_read(struct root_request *request, const char *path, struct error *err);
/* One key signs everything that it hasn't signed yet. */
enum status root_request_sign(struct root_request *request, const struct signing_key *key,
                              struct error *err);
enum tag root_request_tag(enum root_request_kind kind);

#endif
