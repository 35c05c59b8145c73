/* May this entry count? Every role, table and operation of the schema that we ship, from every
 * place in the tree. What must come out is read from the same file by jansson alone.
 * Three registries that heard the same in different orders must answer alike. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/pack.h"
#include "tests/support/trust.h"

#define REGISTRIES 3
#define STRANGER 60u
#define CUT 3u    /* the last entry of the revoked device that counts */
#define CHANGE 5u /* the first entry that a newer certificate judges */

/* Where the writer stands, seen from the scope that is written to. */
enum place {
    PLACE_OWN,
    PLACE_ABOVE, /* the writer's org is above the scope's */
    PLACE_BELOW,
    PLACE_SIBLING,
    PLACE_BEFORE_CUT, /* at its own org, as all that follow */
    PLACE_AFTER_CUT,
    PLACE_BEFORE_DEMOTION,
    PLACE_AFTER_DEMOTION, /* an auditor since */
    PLACE_TOO_EARLY,      /* its one certificate begins later */
    PLACE_STRANGER,
    PLACE_WRONG_PART, /* of its own org: where rows of other tables stand */
    PLACES
};

enum operation { INSERT_ALL, INSERT_OWN, UPDATE, FILL, SETTLE, DELETE, OPERATIONS };
static const char *const operation_names[] = {
    "insert of all", "insert of what it may", "update", "fill", "settlement", "deletion"};

struct question {
    enum role role;
    enum place place;
    enum operation operation;
    const struct schema_table *table;
    const json_t *json; /* the table in the file */
    size_t field;       /* of UPDATE, FILL, SETTLE */
};

static struct trust trust;
static struct registry *registries[REGISTRIES];
static uint32_t devices[ROLE_HUB + 1][PLACES];
static json_t *file;
static struct entry_writer writer;
static struct entry_view view;
static struct buffer body, value;

/* ---- the network ---- */

static void make_writers(enum role role)
{
    uint32_t *places = devices[role];
    places[PLACE_OWN] = trust_enrol(&trust, role, TRUST_BRANCH);
    places[PLACE_BELOW] = places[PLACE_WRONG_PART] = places[PLACE_OWN];
    places[PLACE_ABOVE] = trust_enrol(&trust, role, TRUST_COUNTY);
    places[PLACE_SIBLING] = trust_enrol(&trust, role, TRUST_SIBLING);
    places[PLACE_STRANGER] = STRANGER;

    uint32_t cut = trust_enrol(&trust, role, TRUST_BRANCH);
    trust_take(&trust, trust_write_revocation(&trust, cut, TRUST_BRANCH, CUT));
    places[PLACE_BEFORE_CUT] = places[PLACE_AFTER_CUT] = cut;

    uint32_t demoted = trust_enrol(&trust, role, TRUST_BRANCH);
    struct certificate next = trust_certificate(&trust, demoted, ROLE_AUDITOR, TRUST_BRANCH);
    next.serial = 2;
    trust_raise(&next.from, demoted, TRUST_BRANCH, CHANGE);
    trust_take(&trust, trust_write_device(&trust, &next));
    places[PLACE_BEFORE_DEMOTION] = places[PLACE_AFTER_DEMOTION] = demoted;
    certificate_release(&next);

    places[PLACE_TOO_EARLY] = ++trust.devices_count;
    struct certificate late =
        trust_certificate(&trust, places[PLACE_TOO_EARLY], role, TRUST_BRANCH);
    trust_raise(&late.from, late.device, TRUST_BRANCH, CHANGE);
    trust_take(&trust, trust_write_device(&trust, &late));
    certificate_release(&late);
}

static int setup(void **state)
{
    (void)state;
    file = json_load_file(SOURCE_DIR "/schema/jinqiu.json", 0, NULL);
    char *text = file ? json_dumps(file, JSON_COMPACT) : NULL;
    if (!text)
        return -1;
    trust_init_with(&trust, text);
    free(text);
    for (enum role role = ROLE_VOLUNTEER; role <= ROLE_AUDITOR; role++)
        make_writers(role);
    for (int place = PLACE_OWN; place <= PLACE_SIBLING; place++)
        devices[ROLE_HUB][place] = DEVICE_HUB;
    devices[ROLE_HUB][PLACE_WRONG_PART] = DEVICE_HUB;
    for (uint32_t i = 0; i < REGISTRIES; i++)
        registries[i] = trust_registry(&trust, 7 * i + 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < REGISTRIES; i++)
        registry_free(registries[i]);
    trust_release(&trust);
    entry_writer_release(&writer);
    entry_view_release(&view);
    buffer_release(&body);
    buffer_release(&value);
    json_decref(file);
    return 0;
}

/* ---- what the file says ---- */

static bool lists(const json_t *roles, enum role role)
{
    for (size_t i = 0; i < json_array_size(roles); i++)
        if (strcmp(json_string_value(json_array_get(roles, i)), role_name(role)) == 0)
            return true;
    return false;
}

static bool file_says_table(const json_t *table, enum role role)
{
    return lists(json_object_get(table, "write"), role);
}

static const json_t *file_field(const json_t *table, size_t at)
{
    return json_array_get(json_object_get(table, "fields"), at);
}

static bool file_says_field(const json_t *table, size_t at, enum role role)
{
    const json_t *own = json_object_get(file_field(table, at), "write");
    return own ? lists(own, role) : file_says_table(table, role);
}

static bool file_merges(const json_t *table, size_t at, const char *rule)
{
    return strcmp(json_string_value(json_object_get(file_field(table, at), "merge")), rule) == 0;
}

/* Who was made an auditor judges as one from then on. */
static enum role role_there(const struct question *question)
{
    return question->place == PLACE_AFTER_DEMOTION ? ROLE_AUDITOR : question->role;
}


static bool place_counts(const struct question *question)
{
    switch (question->place) {
    case PLACE_OWN:
    case PLACE_ABOVE:
    case PLACE_BEFORE_CUT:
    case PLACE_BEFORE_DEMOTION:
    case PLACE_AFTER_DEMOTION:
        return true;
    case PLACE_BELOW:
    case PLACE_SIBLING:
        return role_there(question) == ROLE_HUB;
    default:
        return false;
    }
}

static bool operation_counts(const struct question *question)
{
    const json_t *table = question->json;
    enum role role = role_there(question);
    size_t fields = json_array_size(json_object_get(table, "fields"));
    bool all = true;
    switch (question->operation) {
    case INSERT_ALL:
        for (size_t i = 0; i < fields; i++)
            all &= file_says_field(table, i, role);
        return all;
    case INSERT_OWN:
    case DELETE:
        return file_says_table(table, role);
    case UPDATE:
    case SETTLE:
        return file_says_field(table, question->field, role) &&
               !file_merges(table, question->field, "append");
    default:
        return file_says_field(table, question->field, role);
    }
}

/* ---- entries ---- */

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static void put_scalar(const struct schema_field *field)
{
    static const uint8_t bytes[32] = {1};
    static const uint8_t attachment[121] = {1, [32] = 1}; /* of one byte, without a thumbnail */
    switch (field->type) {
    case FIELD_BOOL:
        done(pack_bool(&value, true));
        break;
    case FIELD_INT:
    case FIELD_MONEY:
        done(pack_int(&value, field->has_min ? field->min : 0));
        break;
    case FIELD_DATE:
        done(pack_str(&value, bytes_text("2026-11-01")));
        break;
    case FIELD_DATETIME:
        done(pack_str(&value, bytes_text("2026-11-01T09:30")));
        break;
    case FIELD_MONTH:
        done(pack_str(&value, bytes_text("2026-11")));
        break;
    case FIELD_ENUM:
        done(pack_str(&value, bytes_text(field->codes[0].code)));
        break;
    case FIELD_REF:
        done(pack_bin(&value, bytes_of(bytes, ID_BYTES)));
        break;
    case FIELD_BLOB:
        done(pack_bin(&value, bytes_of(bytes, 32)));
        break;
    case FIELD_ATTACHMENT:
        done(pack_bin(&value, bytes_of(attachment, sizeof attachment)));
        break;
    case FIELD_GEO:
        done(pack_array(&value, 2));
        done(pack_int(&value, 228000000));
        done(pack_int(&value, 1083000000));
        break;
    case FIELD_SEALED:
        done(pack_sealed(&value, bytes_of(bytes, 32)));
        break;
    default:
        done(pack_str(&value, bytes_text("x")));
    }
}

static void put_value(const struct schema_field *field)
{
    uint8_t any[2 + ID_BYTES] = {0};
    buffer_clear(&value);
    if (field->merge == MERGE_SET) {
        done(pack_array(&value, 2));
        done(pack_array(&value, 1));
    }
    if (field->type == FIELD_REF_ANY) {
        uint16_t table = field->ref_tables_count ? field->ref_tables[0] : TABLE_NUMBER_FIRST;
        any[0] = (uint8_t)table;
        any[1] = (uint8_t)(table >> 8);
        done(pack_bin(&value, bytes_of(any, sizeof any)));
    } else {
        put_scalar(field);
    }
    if (field->merge == MERGE_SET)
        done(pack_array(&value, 0));
}

static bool replaces(const struct schema_field *field)
{
    return field->merge != MERGE_SET && field->merge != MERGE_COUNTER &&
           field->merge != MERGE_MAX && field->merge != MERGE_MIN;
}

static void write_field(const struct question *question, const struct schema_field *field)
{
    const struct feed_id *feed = &writer.feed;
    struct dot seen[2] = {{{feed->scope, DEVICE_HUB, 1}, 1}, {{feed->scope, DEVICE_HUB, 1}, 2}};
    bool inserts = question->operation < UPDATE || question->operation == FILL;
    size_t bases = inserts || !replaces(field) ? 0 : question->operation == SETTLE ? 2 : 1;
    put_value(field);
    done(entry_writer_field(&writer, field->number, buffer_bytes(&value), seen, bases, NULL));
}

static struct id row_of(const struct question *question)
{
    const struct schema_table *table = question->table;
    struct buffer keys[SCHEMA_KEY_MAX] = {{0}};
    struct bytes values[SCHEMA_KEY_MAX];
    struct id id = trust_id(1);
    if (table->key_fields_count == 0)
        return id;
    for (size_t i = 0; i < table->key_fields_count; i++) {
        put_value(table_field(table, table->key_fields[i]));
        done(buffer_append_bytes(&keys[i], buffer_bytes(&value)));
        values[i] = buffer_bytes(&keys[i]);
    }
    done(table_natural_id(table, values, &id, NULL));
    for (size_t i = 0; i < table->key_fields_count; i++)
        buffer_release(&keys[i]);
    return id;
}

static void write_fields(const struct question *question)
{
    static const uint8_t yes = 0xc3;
    const struct schema_table *table = question->table;
    bool whole = question->operation == INSERT_ALL || !operation_counts(question);
    if (question->operation == DELETE) {
        done(entry_writer_field(&writer, FIELD_DELETED, bytes_of(&yes, 1), NULL, 0, NULL));
        return;
    }
    for (size_t i = 0; i < table->fields_count; i++) {
        const struct schema_field *field = &table->fields[i], *asked = &table->fields[0];
        bool meant = whole || file_says_field(question->json, i, role_there(question));
        if (question->operation >= UPDATE) {
            asked = &table->fields[question->field];
            meant = i == question->field || (asked->group && field->group == asked->group);
        }
        if (meant)
            write_field(question, field);
    }
}

static struct dot place_of(const struct question *question)
{
    uint32_t org = question->place == PLACE_BELOW ? TRUST_TOWNSHIP : TRUST_BRANCH;
    bool below = json_object_get(question->json, "reach") != NULL;
    if (question->place == PLACE_WRONG_PART)
        below = !below;
    struct dot dot = {{below ? SCOPE_BELOW(org) : SCOPE_RECORDS(org),
                       devices[question->role][question->place], INCARNATION_FIRST},
                      1};
    if (question->place == PLACE_BEFORE_CUT)
        dot.number = CUT;
    if (question->place == PLACE_AFTER_CUT)
        dot.number = CUT + 1;
    if (question->place == PLACE_BEFORE_DEMOTION || question->place == PLACE_TOO_EARLY)
        dot.number = CHANGE - 1;
    if (question->place == PLACE_AFTER_DEMOTION)
        dot.number = CHANGE;
    return dot;
}

/* The verdict, the same of all registries. */
static enum status judge(const struct dot *dot, struct error *err)
{
    enum status first = STATUS_OK;
    done(entry_decode(&view, &dot->feed, buffer_bytes(&body), NULL));
    for (size_t i = 0; i < REGISTRIES; i++) {
        struct error reason = {0};
        enum status status = registry_permits(registries[i], dot, &view, &reason);
        if (i > 0 && (status != first || strcmp(reason.text, err->text) != 0))
            fail_msg("registry %zu says '%s', not '%s'", i, reason.text, err->text);
        first = status;
        *err = reason;
    }
    return first;
}

static void ask(const struct question *question)
{
    struct dot dot = place_of(question);
    struct entry_head head = {.epoch = 1};
    struct id row = row_of(question);
    struct error err = {0};
    buffer_clear(&body);
    done(entry_writer_start(&writer, &dot.feed, &head, NULL));
    done(entry_writer_op(&writer, question->table->number, &row, NULL));
    write_fields(question);
    done(entry_writer_finish(&writer, &body, NULL));
    enum status status = judge(&dot, &err);
    enum status wanted =
        place_counts(question) && operation_counts(question) ? STATUS_OK : STATUS_DENIED;
    if (status != wanted)
        fail_msg("%s, place %d: %s of %s.%s gives '%s' %s", role_name(question->role),
                 (int)question->place, operation_names[question->operation], question->table->name,
                 question->table->fields[question->field].name, status_name(status), err.text);
}

/* ---- every question ---- */

static void ask_fields(struct question *question)
{
    for (question->field = 0; question->field < question->table->fields_count; question->field++) {
        const struct schema_field *field = &question->table->fields[question->field];
        question->operation = UPDATE;
        ask(question);
        question->operation = SETTLE;
        ask(question);
        question->operation = FILL;
        if (field->merge == MERGE_APPEND && !field->in_key)
            ask(question);
    }
    question->field = 0;
}

static void the_schema_s_write_rules_hold_for_every_role_and_place(void **state)
{
    (void)state;
    const struct schema *schema = registry_schema(registries[0]);
    const json_t *tables = json_object_get(file, "tables");
    assert_true(schema->tables_count > 15 && json_array_size(tables) == schema->tables_count);
    struct question question = {0};
    for (size_t t = 0; t < schema->tables_count; t++)
        for (question.role = ROLE_VOLUNTEER; question.role <= ROLE_HUB; question.role++)
            for (question.place = PLACE_OWN; question.place < PLACES; question.place++) {
                if (devices[question.role][question.place] == 0)
                    continue;
                question.table = &schema->tables[t];
                question.json = json_array_get(tables, t);
                question.operation = INSERT_ALL;
                ask(&question);
                question.operation = INSERT_OWN;
                ask(&question);
                question.operation = DELETE;
                ask(&question);
                ask_fields(&question);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_s_write_rules_hold_for_every_role_and_place),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
