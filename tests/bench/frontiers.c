#include "tests/bench/frontiers.h"

#include "common/frontier_sketch.h"
#include "tests/bench/timing.h"
#include "tests/support/must.h"
#include "tests/support/wire.h"

#define DEVICES 10000u
#define CHANGED 20u
#define FIRST_DEVICE 100u
#define SCOPE SCOPE_RECORDS(2)
#define BEFORE_RUNS_MS 39u /* a session's first run of the hub comes at 40 */
#define A_DAY_MS 86400000u

static void time_sketch(const struct frontier *hub, const struct frontier *phone,
                        struct frontiers_cost *cost)
{
    struct sketch_difference difference = {0};
    struct frontier theirs = {0};
    struct buffer sketch = {0};
    bool found;
    double start = now();
    MUST(sketch_make(hub, SKETCH_FEEDS, &sketch, err));
    cost->sketch_ms = (now() - start) * 1e3;
    start = now();
    MUST(sketch_read(buffer_bytes(&sketch), phone, &found, &theirs, &difference, err));
    cost->read_ms = (now() - start) * 1e3;
    MUST_HOLD(found);
    buffer_release(&sketch);
    frontier_release(&theirs);
    sketch_difference_release(&difference);
}

struct frontiers_cost frontiers_measure(void)
{
    static struct fake phone, hub;
    struct frontiers_cost cost;
    struct wire wire;
    fake_init(&phone, "phone", 7, 1);
    fake_init(&hub, "hub", DEVICE_HUB, 2);
    fake_knows(&hub, &phone, SESSION_DONE);
    wire_init(&wire, &phone, &hub);
    for (uint32_t i = 0; i < DEVICES; i++) {
        fake_carry(&phone, FIRST_DEVICE + i, SCOPE, 1, 20);
        fake_carry(&hub, FIRST_DEVICE + i, SCOPE, 1, 20);
    }
    wire_exchange(&wire);
    fake_forget(&hub);
    for (uint32_t i = 0; i < CHANGED; i++)
        fake_carry(&hub, FIRST_DEVICE + DEVICES / CHANGED * i, SCOPE, 1, 20);
    time_sketch(fake_frontier(&hub), fake_frontier(&phone), &cost);
    wire_open(&wire);
    wire_run(&wire, BEFORE_RUNS_MS);
    cost.bytes = (double)wire.payload_bytes;
    wire_run(&wire, A_DAY_MS);
    cost.round_trips = wire_totals(&wire, WIRE_CLIENT)->round_trips;
    MUST_HOLD(wire_totals(&wire, WIRE_CLIENT)->received == CHANGED);
    wire_release(&wire);
    fake_release(&phone);
    fake_release(&hub);
    return cost;
}
