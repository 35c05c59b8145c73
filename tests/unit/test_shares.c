/* A device that keeps the storage thread busy doesn't make others wait. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/shares.h"

#define FLOODER 7u
#define JOBS_MAX 16

struct line { /* jobs that wait, in the order in which they came */
    struct shares shares;
    struct job jobs[JOBS_MAX];
    struct job *first, **last;
    size_t count;
    uint64_t now_ms;
};

static void line_init(struct line *line)
{
    *line = (struct line){.now_ms = 1000000};
    line->last = &line->first;
}

static void come(struct line *line, uint32_t device)
{
    struct job *job = &line->jobs[line->count++];
    job->device = device;
    *line->last = job;
    line->last = &job->next;
}

/* The devices of the next round, as a text. */
static const char *round_of(struct line *line)
{
    static char text[64];
    size_t at = 0;
    text[0] = '\0';
    struct job *round = shares_take(&line->shares, &line->first, line->now_ms);
    for (; round; round = round->next)
        at += (size_t)snprintf(text + at, sizeof text - at, "%u ", round->device);
    return text;
}

static void while_nobody_is_busy_all_go_together(void **state)
{
    struct line line;
    (void)state;
    line_init(&line);
    for (uint32_t device = 2; device < 6; device++)
        come(&line, device);
    assert_string_equal(round_of(&line), "2 3 4 5 ");
    assert_string_equal(round_of(&line), "");
}

static void a_busy_device_has_one_job_between_the_rounds_of_others(void **state)
{
    struct line line;
    (void)state;
    line_init(&line);
    shares_charge(&line.shares, FLOODER, 10 * SHARES_BUSY_US, line.now_ms);
    come(&line, FLOODER);
    come(&line, FLOODER);
    come(&line, 2);
    come(&line, FLOODER);
    come(&line, 0); /* a stranger */
    assert_string_equal(round_of(&line), "2 0 ");
    line.last = &line.jobs[3].next;
    come(&line, 3);
    assert_string_equal(round_of(&line), "7 ");
    assert_string_equal(round_of(&line), "3 ");
    assert_string_equal(round_of(&line), "7 ");
    assert_string_equal(round_of(&line), "7 ");
    assert_string_equal(round_of(&line), "");
}

static void a_device_that_rests_is_like_any_other_again(void **state)
{
    struct line line;
    (void)state;
    line_init(&line);
    shares_charge(&line.shares, FLOODER, 3 * SHARES_BUSY_US, line.now_ms);
    assert_true(shares_busy(&line.shares, FLOODER, line.now_ms));
    assert_false(shares_busy(&line.shares, FLOODER + 1, line.now_ms));
    line.now_ms += 2000;
    assert_false(shares_busy(&line.shares, FLOODER, line.now_ms));
    come(&line, FLOODER);
    come(&line, 2);
    assert_string_equal(round_of(&line), "7 2 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_nobody_is_busy_all_go_together),
        cmocka_unit_test(a_busy_device_has_one_job_between_the_rounds_of_others),
        cmocka_unit_test(a_device_that_rests_is_like_any_other_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
