#ifndef TESTS_SUPPORT_LETTERS_H
#define TESTS_SUPPORT_LETTERS_H

/* Letters of transfer (common/transfer.h) as somebody finds them at a replica. */

#include "common/replica.h"

#define LETTERS_MAX 128

struct letter_found {
    struct id id;
    bool arrived; /* it lies where it is to go */
};

/* Those that are open and haven't gone on from here. More than LETTERS_MAX abort. */
struct letters {
    struct letter_found items[LETTERS_MAX];
    size_t count;
};
enum status letters_open(struct replica *replica, struct letters *letters, struct error *err);

#endif
