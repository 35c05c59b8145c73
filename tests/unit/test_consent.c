/* Two persons for what carries many rows away, and unusual counts: asked, consented and made on
 * three devices that only exchange with the hub, judged alike everywhere. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/alarm.h"
#include "common/consent.h"
#include "common/view.h"
#include "server/revoke.h"
#include "tests/support/world.h"

#define MANY 500 /* more than the schema lets one person carry away */
#define FEW 20
#define DAY_MS (24 * 60 * 60 * 1000ll)
#define FIRST_DAY_MS 1761955200000ll /* 2025-11-01 */

static struct world world;
static int64_t now_ms;
static size_t secretary, colleague, volunteer;

static int64_t told_wall(void *context)
{
    (void)context;
    return now_ms;
}

static uint64_t told_mono(void *context)
{
    (void)context;
    return (uint64_t)now_ms;
}

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static size_t join(enum role role, uint32_t org)
{
    struct replica_options options = {.path = ":memory:", .clock = {told_wall, told_mono, NULL}};
    return world_join_in(&world, role, org, &options);
}

static int setup(void **state)
{
    (void)state;
    now_ms = FIRST_DAY_MS;
    world_start(&world);
    secretary = join(ROLE_SECRETARY, world.branches[0]);
    colleague = join(ROLE_CLERK, world.township);
    volunteer = join(ROLE_VOLUNTEER, world.branches[0]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

static void exchange(void)
{
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < world.clients_count; i++)
            assert_true(world_sync(&world, i, 0, NULL));
}

static enum status carry(size_t client, uint64_t rows)
{
    struct access access = {.action = "export", .table = "person", .rows = rows, .purpose = "核对"};
    return consent_export(world.clients[client], &access, NULL);
}

static json_t *asked(size_t client)
{
    json_t *list;
    done(consent_asked(world.clients[client], &list, NULL));
    return list;
}

static struct id only_ask(size_t client, const char *state)
{
    json_t *list = asked(client);
    struct id id;
    assert_int_equal(json_array_size(list), 1);
    const json_t *item = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(item, "state")), state);
    assert_true(id_parse(json_string_value(json_object_get(item, "id")), &id));
    json_decref(list);
    return id;
}

static enum status consent(size_t client, const struct id *ask)
{
    return consent_give(world.clients[client], ask, NULL);
}

static size_t alarms(struct replica *replica, const char *kind)
{
    json_t *list;
    size_t count = 0;
    done(alarm_list(replica, "2025-10-01", &list, NULL));
    for (size_t i = 0; i < json_array_size(list); i++)
        count +=
            strcmp(json_string_value(json_object_get(json_array_get(list, i), "kind")), kind) == 0;
    json_decref(list);
    return count;
}

/* ---- two persons ---- */

static void a_few_rows_need_nobody(void **state)
{
    (void)state;
    done(carry(volunteer, FEW));
    exchange();
    assert_int_equal(alarms(world.hub.replica, "alone"), 0);
}

static void many_rows_need_somebody_else_and_once_each(void **state)
{
    (void)state;
    assert_int_equal(carry(secretary, MANY), STATUS_DENIED);
    assert_int_equal(carry(secretary, MANY), STATUS_DENIED);
    exchange();
    struct id ask = only_ask(colleague, "asked");
    done(consent(colleague, &ask));
    assert_int_equal(carry(secretary, MANY), STATUS_DENIED); /* hasn't heard of it */
    exchange();
    only_ask(secretary, "consented");
    assert_int_equal(carry(secretary, MANY + 1), STATUS_DENIED);
    done(carry(secretary, MANY));
    assert_int_equal(carry(secretary, MANY), STATUS_DENIED);
    exchange();
    assert_int_equal(alarms(world.hub.replica, "alone"), 0);
}

static void nobody_consents_to_what_they_ask_themselves(void **state)
{
    (void)state;
    assert_int_equal(carry(secretary, MANY), STATUS_DENIED);
    struct id ask = only_ask(secretary, "asked");
    assert_int_equal(consent(secretary, &ask), STATUS_DENIED);
    /* Written by a program that doesn't care. */
    struct access own = {.action = "consent", .table = "person", .rows = MANY, .of = ask};
    done(access_note(world.clients[secretary], &own, NULL));
    assert_int_equal(carry(secretary, MANY), STATUS_DENIED);
}

static void a_second_device_of_the_same_person_is_no_second_person(void **state)
{
    const struct registry *registry = replica_registry(world.hub.replica);
    uint32_t device = replica_identity(world.clients[colleague])->device;
    struct access ask = {.action = "ask", .table = "person", .rows = MANY}, answer = ask;
    struct noted_list notes;
    (void)state;
    done(access_note_row(world.clients[secretary], &ask, &answer.of, NULL));
    exchange();
    answer.action = "consent";
    answer.org = world.branches[0];
    done(access_note(world.clients[colleague], &answer, NULL));
    struct access made = {.action = "export", .table = "person", .rows = MANY, .of = answer.of};
    done(access_note(world.clients[secretary], &made, NULL));
    exchange();
    assert_int_equal(alarms(world.hub.replica, "alone"), 0);
    done(access_list(world.hub.replica, "2025-10-01", &notes, NULL));
    for (size_t i = 0; i < notes.count; i++)
        notes.items[i].person = registry_device(registry, device)->certificate.person;
    for (size_t i = 0; i < notes.count; i++)
        if (strcmp(notes.items[i].action, "export") == 0)
            assert_false(consent_stands(world.hub.replica, &notes, &notes.items[i]));
    noted_list_release(&notes);
}

static void who_is_not_entitled_can_t_consent(void **state)
{
    (void)state;
    size_t far = join(ROLE_CLERK, world.branches[1]);
    assert_int_equal(carry(secretary, MANY), STATUS_DENIED);
    exchange();
    struct id ask = only_ask(volunteer, "asked");
    assert_int_equal(consent(volunteer, &ask), STATUS_DENIED);
    assert_int_equal(consent(far, &ask), STATUS_NOT_FOUND); /* another branch: it never hears */
    exchange();
    only_ask(secretary, "asked");
}

static void an_ask_is_good_for_some_days(void **state)
{
    (void)state;
    assert_int_equal(carry(secretary, MANY), STATUS_DENIED);
    exchange();
    struct id ask = only_ask(colleague, "asked");
    done(consent(colleague, &ask));
    exchange();
    now_ms += (CONSENT_DAYS + 1) * DAY_MS;
    assert_int_equal(carry(secretary, MANY), STATUS_DENIED);
}

/* ---- alarms ---- */

/* A program that doesn't ask leaves the note at least; one that leaves none can't be seen. */
static void an_export_without_consent_is_told_everywhere(void **state)
{
    struct access access = {.action = "export", .table = "person", .rows = MANY};
    (void)state;
    done(access_note(world.clients[secretary], &access, NULL));
    exchange();
    assert_int_equal(alarms(world.hub.replica, "alone"), 1);
    assert_int_equal(alarms(world.clients[colleague], "alone"), 1);
}

static void one_consent_is_not_for_two_exports(void **state)
{
    struct access access = {.action = "export", .table = "person", .rows = MANY};
    (void)state;
    assert_int_equal(carry(secretary, MANY), STATUS_DENIED);
    exchange();
    access.of = only_ask(colleague, "asked");
    done(consent(colleague, &access.of));
    exchange();
    done(carry(secretary, MANY));
    done(access_note(world.clients[secretary], &access, NULL));
    exchange();
    assert_int_equal(alarms(world.hub.replica, "alone"), 2);
}

static void read_rows(size_t client, uint64_t rows)
{
    struct access access = {.action = "read", .table = "person", .rows = rows};
    done(access_note(world.clients[client], &access, NULL));
}

/* A month of ordinary days of two people, and one evening on which one of them looks through
 * everybody. */
static void a_month_with_planted_browsing_tells_that_day_alone(void **state)
{
    json_t *list;
    (void)state;
    for (int day = 0; day < 30; day++) {
        now_ms = FIRST_DAY_MS + day * DAY_MS;
        for (int i = 0; i < 6; i++) {
            read_rows(secretary, 5);
            read_rows(colleague, 40);
        }
        done(carry(colleague, FEW));
        for (int i = 0; day == 17 && i < 70; i++)
            read_rows(secretary, 5);
    }
    exchange();
    done(alarm_list(world.hub.replica, "2025-10-01", &list, NULL));
    assert_int_equal(json_array_size(list), 1);
    const json_t *item = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(item, "kind")), "reads");
    assert_string_equal(json_string_value(json_object_get(item, "day")), "2025-11-18");
    assert_int_equal(json_integer_value(json_object_get(item, "count")), 380);
    assert_string_equal(json_string_value(json_object_get(item, "person")), "示例党员001");
    json_decref(list);
    done(alarm_list(world.hub.replica, "2025-11-19", &list, NULL));
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
}

/* Two people with accounts at one console: each for themselves. */
static void accounts_of_one_device_are_counted_apart(void **state)
{
    struct access access = {.action = "read", .table = "person", .rows = 200};
    (void)state;
    for (int i = 0; i < 2; i++) {
        access.who = i == 0 ? "zhang" : "wang";
        done(access_note(world.clients[colleague], &access, NULL));
    }
    exchange();
    assert_int_equal(alarms(world.hub.replica, "reads"), 0);
    done(access_note(world.clients[colleague], &access, NULL));
    exchange();
    assert_int_equal(alarms(world.hub.replica, "reads"), 1);
}

static enum status carry_as(const char *who)
{
    struct access access = {
        .action = "export", .table = "person", .rows = MANY, .purpose = "核对", .who = who};
    return consent_export(world.clients[secretary], &access, NULL);
}

static void an_account_can_t_use_what_was_consented_to_another(void **state)
{
    (void)state;
    assert_int_equal(carry_as("zhang"), STATUS_DENIED);
    struct id ask = only_ask(secretary, "asked");
    exchange();
    done(consent(colleague, &ask));
    exchange();
    assert_int_equal(carry_as("wang"), STATUS_DENIED); /* and has asked, too */
    assert_int_equal(carry_as(NULL), STATUS_DENIED);
    done(carry_as("zhang"));
    assert_int_equal(carry_as("zhang"), STATUS_DENIED);
    exchange();
    assert_int_equal(alarms(world.hub.replica, "alone"), 0);
}

static void many_small_exports_in_a_day_are_told(void **state)
{
    (void)state;
    for (int i = 0; i < 11; i++)
        done(carry(secretary, 190));
    exchange();
    assert_int_equal(alarms(world.hub.replica, "rows"), 1);
    assert_int_equal(alarms(world.hub.replica, "alone"), 0);
}

static void many_entries_set_aside_in_a_day_are_told(void **state)
{
    const struct registry *registry = replica_registry(world.hub.replica);
    uint32_t device = replica_identity(world.clients[secretary])->device;
    (void)state;
    done(hub_revoke(&world.hub, registry_device(registry, device), UINT64_MAX, NULL));
    for (int i = 0; i < 101; i++)
        world_add(world.clients[secretary], "person", "name", "示例党员001", NULL);
    world_sync(&world, secretary, 0, NULL);
    assert_int_equal(alarms(world.hub.replica, "aside"), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(a_few_rows_need_nobody),
        CASE(many_rows_need_somebody_else_and_once_each),
        CASE(nobody_consents_to_what_they_ask_themselves),
        CASE(a_second_device_of_the_same_person_is_no_second_person),
        CASE(who_is_not_entitled_can_t_consent),
        CASE(an_ask_is_good_for_some_days),
        CASE(an_export_without_consent_is_told_everywhere),
        CASE(one_consent_is_not_for_two_exports),
        CASE(a_month_with_planted_browsing_tells_that_day_alone),
        CASE(accounts_of_one_device_are_counted_apart),
        CASE(an_account_can_t_use_what_was_consented_to_another),
        CASE(many_small_exports_in_a_day_are_told),
        CASE(many_entries_set_aside_in_a_day_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
