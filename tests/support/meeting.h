#ifndef TESTS_SUPPORT_MEETING_H
#define TESTS_SUPPORT_MEETING_H

/* A phone that the hub knows, with the line between them: what a session's story starts from. */

#include "tests/support/wire.h"

struct meeting {
    struct fake phone, hub; /* devices 7 and DEVICE_HUB */
    struct wire wire;
};
void meeting_init(struct meeting *meeting);
void meeting_release(struct meeting *meeting);
/* Have both the same entries? */
bool meeting_agrees(struct meeting *meeting);

/* The same for cmocka: the state is a fresh meeting. */
int meeting_set_up(void **state);
int meeting_tear_down(void **state);

#endif
