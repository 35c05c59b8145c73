#include "tests/sim/shrink.h"

#include <string.h>
#include <time.h>

#include "tests/sim/world.h"

#define SECONDS_MAX 60

static bool fails(const struct plan *plan, const char *oracle)
{
    struct world_report report;
    world_live(plan, &report, NULL);
    return strcmp(report.finding.oracle, oracle) == 0;
}

/* The shortest beginning, if shorter ones fail as soon as longer ones do. */
static void cut_end(struct plan *plan, const char *oracle)
{
    size_t low = 0, high = plan->count;
    struct plan part = *plan;
    while (low < high) {
        part.count = low + (high - low) / 2;
        if (fails(&part, oracle))
            high = part.count;
        else
            low = part.count + 1;
    }
    part.count = high;
    if (fails(&part, oracle))
        plan->count = high;
}

static struct plan without(const struct plan *plan, size_t from, size_t count)
{
    struct plan less = *plan;
    less.count = plan->count - count;
    memmove(less.events + from, plan->events + from + count,
            (plan->count - from - count) * sizeof *plan->events);
    if (from < less.count)
        for (size_t i = 0; i < count; i++)
            less.events[from].minutes += plan->events[from + i].minutes;
    return less;
}

void shrink(struct plan *plan, const char *oracle)
{
    time_t until = time(NULL) + SECONDS_MAX;
    cut_end(plan, oracle);
    for (size_t size = plan->count / 2; size > 0; size /= 2)
        for (size_t from = 0; from + size <= plan->count && time(NULL) < until;) {
            struct plan less = without(plan, from, size);
            if (fails(&less, oracle))
                *plan = less;
            else
                from += size;
        }
}
