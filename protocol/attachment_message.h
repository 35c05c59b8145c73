#ifndef PROTOCOL_ATTACHMENT_MESSAGE_H
#define PROTOCOL_ATTACHMENT_MESSAGE_H

/* The messages about attachments as bytes (docs/protocol.md, part 14); as message.h has the others.
 *
 *   OFFER  [[name, …], [bin 8, …]]     what I hold and you may lack; beginnings of roots that I
 * seek WANT   [name, from, count]         units from `from` on; 0 of them: I hold all that stand
 * before UNIT   [name, position, unit bin]  an answer to WANT, in order NONE   [name] there come no
 * more of those that you wanted ENOUGH []                          I want nothing more of what you
 * offered A name is two elements: root bin 32, bytes. */

#include "protocol/message.h"

#define WANT_UNITS_MAX 32 /* of one WANT */

struct message_offer {
    struct attachment_name names[OFFER_NAMES_MAX];
    size_t names_count;
    struct attachment_sought sought[OFFER_NAMES_MAX];
    size_t sought_count;
};
enum status message_put_offer(struct buffer *stream, const struct message_offer *offer);
bool message_decode_offer(struct bytes body, struct message_offer *offer);

struct message_want {
    struct attachment_name name;
    uint32_t from, count; /* within the attachment's units */
};
enum status message_put_want(struct buffer *stream, const struct message_want *want);
bool message_decode_want(struct bytes body, struct message_want *want);

struct message_unit {
    struct attachment_name name;
    uint32_t position;
    struct bytes unit; /* of the size that it has there */
};
enum status message_put_unit(struct buffer *stream, const struct message_unit *unit);
bool message_decode_unit(struct bytes body, struct message_unit *unit);

enum status message_put_none(struct buffer *stream, const struct attachment_name *name);
bool message_decode_none(struct bytes body, struct attachment_name *name);

#endif
