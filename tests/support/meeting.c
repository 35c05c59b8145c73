#include "tests/support/meeting.h"

#include <string.h>

#include "tests/support/must.h"

void meeting_init(struct meeting *meeting)
{
    fake_init(&meeting->phone, "phone", 7, 1);
    fake_init(&meeting->hub, "hub", DEVICE_HUB, 2);
    fake_knows(&meeting->hub, &meeting->phone, SESSION_DONE);
    wire_init(&meeting->wire, &meeting->phone, &meeting->hub);
}

void meeting_release(struct meeting *meeting)
{
    wire_release(&meeting->wire);
    fake_release(&meeting->phone);
    fake_release(&meeting->hub);
}

bool meeting_agrees(struct meeting *meeting)
{
    struct hash phone, hub;
    MUST(frontier_digest(fake_frontier(&meeting->phone), &phone, err));
    MUST(frontier_digest(fake_frontier(&meeting->hub), &hub, err));
    return memcmp(phone.bytes, hub.bytes, HASH_BYTES) == 0;
}

int meeting_set_up(void **state)
{
    static struct meeting meeting;
    meeting_init(&meeting);
    *state = &meeting;
    return 0;
}

int meeting_tear_down(void **state)
{
    meeting_release(*state);
    return 0;
}
