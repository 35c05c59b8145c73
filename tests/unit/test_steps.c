/* Steps: who may take which, and which may follow which, by the schema that we ship. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/messages.h"
#include "common/pack.h"
#include "common/steps.h"
#include "tests/support/small_schema.h"
#include "tests/support/trust.h"

#define BUILT_IN SOURCE_DIR "/schema/jinqiu.json"
#define REGISTRIES 3

static struct bytes step(struct buffer *buffer, const char *code, uint64_t round)
{
    buffer_clear(buffer);
    if (round > 1) {
        assert_int_equal(pack_array(buffer, 2), STATUS_OK);
        assert_int_equal(pack_uint(buffer, round), STATUS_OK);
    }
    assert_int_equal(pack_str(buffer, bytes_text(code)), STATUS_OK);
    return buffer_bytes(buffer);
}

/* ---- who ---- */

/* The verdict over one step of a ticket or document, the same of registries that heard the
 * network's story in different orders. */
static enum status judge(struct registry *const *registries, uint32_t device, const char *name,
                         struct bytes value)
{
    const struct schema_table *table = schema_table_named(registry_schema(registries[0]), name);
    const struct schema_field *field = table_field_named(table, "state");
    struct trust_write write = {device, table->number, field->number, value};
    enum status first = STATUS_OK;
    for (size_t i = 0; i < REGISTRIES; i++) {
        enum status status = trust_judge(registries[i], &write, NULL);
        assert_true(i == 0 || status == first);
        first = status;
    }
    return first;
}

static void a_step_of_a_peer_is_judged_by_its_writer_s_role_on_every_replica(void **state)
{
    (void)state;
    struct trust trust;
    struct registry *registries[REGISTRIES];
    struct buffer value = {0};
    json_t *file = json_load_file(BUILT_IN, 0, NULL);
    char *text = json_dumps(file, JSON_COMPACT);
    trust_init_with(&trust, text);
    uint32_t volunteer = trust_enrol(&trust, ROLE_VOLUNTEER, TRUST_BRANCH);
    uint32_t secretary = trust_enrol(&trust, ROLE_SECRETARY, TRUST_BRANCH);
    for (uint32_t i = 0; i < REGISTRIES; i++)
        registries[i] = trust_registry(&trust, 7 * i + 1);
    static const struct {
        const char *table, *code;
        bool volunteers;
    } cases[] = {
        {"ticket", "submitted", true},   {"ticket", "accepted", true},  {"ticket", "done", true},
        {"ticket", "dispatched", false}, {"ticket", "archived", false}, {"event", "held", true},
        {"event", "approved", false},    {"event", "cancelled", false}, {"doc", "submitted", true},
        {"doc", "published", false},     {"figure", "entered", true},   {"figure", "sealed", false},
        {"affiliation", "issued", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (uint64_t round = 1; round <= 2; round++) {
            step(&value, cases[i].code, round);
            enum status wanted = cases[i].volunteers ? STATUS_OK : STATUS_DENIED;
            if (judge(registries, volunteer, cases[i].table, buffer_bytes(&value)) != wanted)
                fail_msg("%s %s by a volunteer", cases[i].table, cases[i].code);
            if (judge(registries, secretary, cases[i].table, buffer_bytes(&value)) != STATUS_OK)
                fail_msg("%s %s by a secretary", cases[i].table, cases[i].code);
        }
    for (size_t i = 0; i < REGISTRIES; i++)
        registry_free(registries[i]);
    trust_release(&trust);
    buffer_release(&value);
    free(text);
    json_decref(file);
}

/* ---- in which order ---- */

struct order {
    const char *table, *now;
    uint64_t now_round;
    const char *next;
    uint64_t next_round;
    bool allowed;
};

static void a_step_follows_only_those_that_the_schema_names(void **state)
{
    (void)state;
    static const struct order orders[] = {
        {"ticket", "submitted", 1, "accepted", 1, true},
        {"ticket", "accepted", 1, "done", 1, true},
        {"ticket", "done", 1, "working", 1, false},
        {"ticket", "done", 1, "working", 2, false},
        {"ticket", "archived", 1, "submitted", 2, false},
        {"ticket", "returned", 1, "submitted", 2, true},
        {"ticket", "returned", 1, "submitted", 1, false}, /* would never show */
        {"ticket", "returned", 1, "returned", 1, true},   /* says nothing new */
        {"ticket", NULL, 1, "archived", 1, true},         /* from paper */
        {"event", "cancelled", 1, "held", 1, true},       /* who was there knows better */
        {"event", "archived", 1, "held", 2, false},
        {"doc", "received", 1, "returned", 2, false},
        {"affiliation", "returned", 1, "applied", 2, true},
        {"affiliation", "received", 1, "issued", 2, false},
        {"ledger", "entered", 1, "published", 1, false},
        {"ledger", "checked", 1, "published", 1, true},
        {"person", "full", 1, "none", 2, true}, /* declares nothing */
    };
    struct schema *schema = schema_of_file(BUILT_IN);
    struct buffer now = {0}, next = {0};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        const struct order *order = &orders[i];
        const struct schema_table *table = schema_table_named(schema, order->table);
        bool person = strcmp(order->table, "person") == 0;
        const struct schema_field *field =
            table_field_named(table, person ? "party_status" : "state");
        struct bytes from = {0};
        if (order->now)
            from = step(&now, order->now, order->now_round);
        struct bytes to = step(&next, order->next, order->next_round);
        enum status status = steps_check_order(table, field, from, to, NULL);
        if (status != (order->allowed ? STATUS_OK : STATUS_DENIED))
            fail_msg("%s: %s after %s", order->table, order->next, order->now);
    }
    buffer_release(&now);
    buffer_release(&next);
    schema_free(schema);
}

static void a_refusal_speaks_of_the_labels_of_the_step(void **state)
{
    (void)state;
    struct schema *schema = schema_of_file(BUILT_IN);
    const struct schema_table *table = schema_table_named(schema, "ticket");
    const struct schema_field *field = table_field_named(table, "state");
    struct buffer now = {0}, next = {0};
    struct error err = {0};
    language_set(LANGUAGE_ZH);
    steps_check_order(table, field, step(&now, "done", 1), step(&next, "working", 1), &err);
    assert_string_equal(err.text, "“办理”不能接在“办结”之后（ticket.state）");
    steps_check_role(table, field, step(&next, "archived", 1), ROLE_BIT(ROLE_VOLUNTEER), &err);
    assert_string_equal(err.text, "您的角色无权办理“归档”这一步（进程，ticket.state）");
    language_set(LANGUAGE_EN);
    buffer_release(&now);
    buffer_release(&next);
    schema_free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_of_a_peer_is_judged_by_its_writer_s_role_on_every_replica),
        cmocka_unit_test(a_step_follows_only_those_that_the_schema_names),
        cmocka_unit_test(a_refusal_speaks_of_the_labels_of_the_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
