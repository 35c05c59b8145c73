/* The schema file: the built-in one, and which sentence a fault is refused with. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/small_schema.h"

#define BUILT_IN SOURCE_DIR "/schema/jinqiu.json"

/* ---- the built-in schema ---- */

static void test_numbers_of_tables_are_fixed(void **state)
{
    static const struct {
        uint32_t number;
        const char *name;
    } tables[] = {{16, "org"},   {17, "person"}, {18, "affiliation"}, {19, "link"},  {20, "venue"},
                  {21, "offer"}, {22, "event"},  {23, "attendance"},  {24, "visit"}, {25, "ticket"},
                  {26, "log"},   {27, "ledger"}, {28, "standard"},    {29, "score"}, {30, "award"},
                  {31, "doc"},   {32, "figure"}, {33, "tag"},         {34, "rule"}};
    struct schema *schema = schema_of_file(BUILT_IN);
    assert_int_equal(schema->epoch, 1);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const struct schema_table *table = schema_table(schema, tables[i].number);
        assert_non_null(table);
        assert_string_equal(table->name, tables[i].name);
    }
    assert_null(schema_table(schema, 15));
    schema_free(schema);
    (void)state;
}

/* What a person is, does or gets never reaches the other branches. */
static void test_only_what_is_offered_or_ruled_reaches_below(void **state)
{
    struct schema *schema = schema_of_file(BUILT_IN);
    char names[200] = "";
    for (size_t i = 0; i < schema->tables_count; i++)
        if (schema->tables[i].reaches_below) {
            strcat(names, " ");
            strcat(names, schema->tables[i].name);
        }
    assert_string_equal(names, " venue offer standard rule notice");
    schema_free(schema);
    (void)state;
}

static void test_every_merge_and_show_rule_is_used(void **state)
{
    struct schema *schema = schema_of_file(BUILT_IN);
    size_t merges[MERGE_RULES_COUNT] = {0}, shows[SHOW_RULES_COUNT] = {0}, groups = 0;
    for (size_t i = 0; i < schema->tables_count; i++)
        for (size_t j = 0; j < schema->tables[i].fields_count; j++) {
            const struct schema_field *field = &schema->tables[i].fields[j];
            merges[field->merge]++;
            if (field->merge == MERGE_REGISTER)
                shows[field->show]++;
            groups += field->group != 0;
        }
    for (size_t i = 0; i < MERGE_RULES_COUNT; i++)
        assert_true(merges[i] > 0);
    for (size_t i = 0; i < SHOW_RULES_COUNT; i++)
        assert_true(shows[i] > 0);
    assert_true(groups >= 2);
    schema_free(schema);
    (void)state;
}

static void test_every_table_can_be_voided(void **state)
{
    struct schema *schema = schema_of_file(BUILT_IN);
    for (size_t i = 0; i < schema->tables_count; i++) {
        const struct schema_field *voided = table_field(&schema->tables[i], 200);
        if (schema->tables[i].records_access)
            continue; /* nobody takes back that they looked */
        assert_non_null(voided);
        assert_string_equal(voided->name, "void");
        assert_int_equal(voided->merge, MERGE_MAX);
        assert_non_null(table_field_named(&schema->tables[i], "void_reason"));
    }
    schema_free(schema);
    (void)state;
}

/* A visit is logged in under a minute: whom and how; the rest is filled in or left. */
static void test_visit_needs_target_and_kind_only(void **state)
{
    struct schema *schema = schema_of_file(BUILT_IN);
    const struct schema_table *visit = schema_table_named(schema, "visit");
    size_t required = 0;
    for (size_t i = 0; i < visit->fields_count; i++)
        required += visit->fields[i].required;
    assert_int_equal(required, 2);
    assert_true(field_of(schema, "visit", "target_ref")->required);
    assert_true(field_of(schema, "visit", "kind")->required);
    assert_string_equal(field_of(schema, "visit", "at")->default_text, "now");
    assert_string_equal(field_of(schema, "visit", "by_ids")->default_text, "me");
    assert_int_equal(visit->scope_field, field_of(schema, "visit", "target_ref")->number);
    assert_true(visit->write_roles & ROLE_BIT(ROLE_VOLUNTEER));
    schema_free(schema);
    (void)state;
}

static void test_roles_write_what_they_should(void **state)
{
    struct schema *schema = schema_of_file(BUILT_IN);
    uint32_t bureau = ROLE_BIT(ROLE_BUREAU) | ROLE_BIT(ROLE_HUB);
    assert_int_equal(schema_table_named(schema, "rule")->write_roles, bureau);
    assert_int_equal(schema_table_named(schema, "standard")->write_roles, bureau);
    assert_false(schema_table_named(schema, "affiliation")->write_roles & ROLE_BIT(ROLE_VOLUNTEER));
    assert_false(field_of(schema, "person", "dues_fen")->write_roles & ROLE_BIT(ROLE_VOLUNTEER));
    for (size_t i = 0; i < schema->tables_count; i++) {
        /* An auditor writes nothing but what it has looked at. */
        assert_int_equal((schema->tables[i].write_roles & ROLE_BIT(ROLE_AUDITOR)) != 0,
                         schema->tables[i].records_access);
        assert_true(schema->tables[i].write_roles & ROLE_BIT(ROLE_HUB));
    }
    schema_free(schema);
    (void)state;
}

static void test_amount_and_unit_are_one_group(void **state)
{
    struct schema *schema = schema_of_file(BUILT_IN);
    const struct schema_field *unit = field_of(schema, "ledger", "unit");
    const struct schema_field *amount = field_of(schema, "ledger", "amount");
    assert_int_equal(unit->group, unit->number);
    assert_int_equal(amount->group, unit->group);
    assert_int_equal(field_of(schema, "person", "location")->group,
                     field_of(schema, "person", "address")->number);
    schema_free(schema);
    (void)state;
}

/* ---- what is refused ---- */

static void expect_refused(struct bytes json, const char *sentence)
{
    struct error err = {0};
    struct schema *schema = (struct schema *)&err; /* must be overwritten */
    assert_int_not_equal(schema_load(&schema, json, &err), STATUS_OK);
    assert_null(schema);
    assert_string_equal(err.text, sentence);
    assert_int_not_equal(schema_load(&schema, json, NULL), STATUS_OK);
}

#define FIELD "{'number': 2, 'name': 'size', 'zh': '大小', 'en': 'size', "

static void test_faults_of_a_field_name_it(void **state)
{
    static const struct {
        const char *field, *sentence;
    } faults[] = {
        {FIELD "'type': 'int', 'merge': 'latest', 'colour': 1}", "unknown key 'colour'"},
        {FIELD "'merge': 'latest'}", "'type' is missing"},
        {FIELD "'type': 'number', 'merge': 'latest'}", "unknown type 'number'"},
        {FIELD "'type': 'int', 'merge': 'newest'}", "unknown merge 'newest'"},
        {FIELD "'type': 'int', 'merge': 'register', 'show': 'best'}", "unknown show 'best'"},
        {FIELD "'type': 7, 'merge': 'latest'}", "'type' is not a text"},
        {FIELD "'type': 'int', 'merge': 'latest', 'min': 1.5}", "'min' is not a whole number"},
        {FIELD "'type': 'int', 'merge': 'latest', 'min': 2, 'max': 1}", "'min' is above 'max'"},
        {FIELD "'type': 'int', 'merge': 'latest', 'required': 1}",
         "'required' is neither true nor false"},
        {FIELD "'type': 'int', 'merge': 'text'}", "merge 'text' does not go with type 'int'"},
        {FIELD "'type': 'text', 'merge': 'max'}", "merge 'max' does not go with type 'text'"},
        {FIELD "'type': 'code', 'merge': 'min'}", "merge 'min' does not go with type 'code'"},
        {FIELD "'type': 'date', 'merge': 'counter'}",
         "merge 'counter' does not go with type 'date'"},
        {FIELD "'type': 'int', 'merge': 'steps'}", "merge 'steps' does not go with type 'int'"},
        {FIELD "'type': 'sealed', 'merge': 'set'}", "merge 'set' does not go with type 'sealed'"},
        {FIELD "'type': 'text', 'merge': 'register', 'show': 'highest'}",
         "show 'highest' does not go with type 'text'"},
        {FIELD "'type': 'int', 'merge': 'latest', 'show': 'highest'}",
         "'show' does not go with type 'int', merge 'latest'"},
        {FIELD "'type': 'date', 'merge': 'latest', 'min': 1}",
         "'min' does not go with type 'date', merge 'latest'"},
        {FIELD "'type': 'int', 'merge': 'latest', 'bytes': 9}",
         "'bytes' does not go with type 'int', merge 'latest'"},
        {FIELD "'type': 'text', 'merge': 'latest', 'bytes': 65537}",
         "'bytes' is not between 1 and 65536"},
        {FIELD "'type': 'enum', 'merge': 'latest'}", "an enum needs 'codes'"},
        {FIELD "'type': 'enum', 'merge': 'latest', 'codes': []}", "'codes' is an empty list"},
        {FIELD "'type': 'enum', 'merge': 'latest', 'codes': [['a', '甲']]}",
         "a code is not [code, zh, en]"},
        {FIELD "'type': 'enum', 'merge': 'latest', 'codes': [['甲', '甲', 'a']]}",
         "'甲' is no code: a-z, then a-z, 0-9 and _"},
        {FIELD "'type': 'enum', 'merge': 'latest', 'codes': [['a', '甲', 'x'], ['b', '甲', 'y']]}",
         "'甲' stands for two codes, 'a' and 'b'"},
        {FIELD "'type': 'enum', 'merge': 'latest', 'codes': [['a', '甲', 'b'], ['b', '乙', 'y']]}",
         "'b' stands for two codes, 'a' and 'b'"},
        {FIELD "'type': 'ref', 'merge': 'latest'}", "a ref needs one table in 'refs'"},
        {FIELD "'type': 'ref', 'merge': 'latest', 'refs': ['planet']}",
         "there is no table 'planet'"},
        {FIELD "'type': 'int', 'merge': 'latest', 'refs': ['thing']}",
         "'refs' does not go with type 'int', merge 'latest'"},
        {FIELD "'type': 'ref_any', 'merge': 'latest', 'refs': ['thing', 'thing']}",
         "table 'thing' stands twice in 'refs'"},
        {FIELD "'type': 'int', 'merge': 'latest', 'write': ['king']}", "unknown role 'king'"},
        {FIELD "'type': 'int', 'merge': 'latest', 'write': ['bureau']}",
         "a role of its 'write' may not write the table"},
        {FIELD "'type': 'int', 'merge': 'latest', 'default': 'many'}",
         "default: field 'size' takes a value of type int, not 'many'"},
        {FIELD "'type': 'date', 'merge': 'latest', 'default': 'now'}",
         "default: field 'size' takes a date like 2026-11-01, not 'now'"},
        {FIELD "'type': 'int', 'merge': 'latest', 'group': 'box'}", "it is alone in its group"},
        {FIELD "'type': 'int', 'merge': 'latest', 'group': 7}", "'group' is not a text"},
    };
    char text[JSON_MAX], fields[JSON_MAX], sentence[512];
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        snprintf(fields, sizeof fields, ", %s", faults[i].field);
        snprintf(sentence, sizeof sentence, "table 'thing': field 'size': %s", faults[i].sentence);
        expect_refused(thing_json(text, 1, fields, ""), sentence);
    }
    (void)state;
}

#define STEPS                                                                                  \
    FIELD "'type': 'enum', 'merge': 'steps', 'codes': [['a', '甲', 'x'], ['b', '乙', 'y']]," \
          "'steps': "

static void test_faults_of_steps_name_the_step(void **state)
{
    static const struct {
        const char *field, *sentence;
    } faults[] = {
        {FIELD "'type': 'int', 'merge': 'latest', 'steps': {}}",
         "'steps' does not go with type 'int', merge 'latest'"},
        {STEPS "[]}", "'steps' is not an object"},
        {STEPS "{'c': {}}}", "'c' is no code of this field"},
        {STEPS "{'a': {'by': ['cook']}}}", "step 'a': unknown role 'cook'"},
        {STEPS "{'a': {'by': ['auditor']}}}", "step 'a': a role of 'by' may not write the field"},
        {STEPS "{'a': {'from': ['a']}}}", "step 'a': 'a' is no other step"},
        {STEPS "{'a': {'from': []}}}", "step 'a': 'from' is an empty list"},
        {STEPS "{'a': {'to': ['b']}}}", "step 'a': unknown key 'to'"},
    };
    char text[JSON_MAX], fields[JSON_MAX], sentence[512];
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        snprintf(fields, sizeof fields, ", %s", faults[i].field);
        snprintf(sentence, sizeof sentence, "table 'thing': field 'size': %s", faults[i].sentence);
        expect_refused(thing_json(text, 1, fields, ""), sentence);
    }
    (void)state;
}

static void test_faults_of_same_name_what_is_wrong(void **state)
{
    static const char table[] =
        ", {'number': 17, 'name': 'mark', 'zh': '标', 'en': 'mark', 'write': ['clerk'], 'fields': ["
        "{'number': 1, 'name': 'word', 'zh': '字', 'en': 'word', 'type': 'text', 'merge': "
        "'latest'},"
        "{'number': 2, 'name': 'into', 'zh': '并', 'en': 'into', 'type': 'ref', 'refs': ['mark'],"
        " 'merge': 'register'}, {'number': 3, 'name': 'seen', 'zh': '见', 'en': 'seen',"
        " 'type': 'int', 'merge': 'counter'}], 'same': %s}";
    static const struct {
        const char *same, *sentence;
    } faults[] = {
        {"{'into': 'into'}", "'by' is missing"},
        {"{'into': 'word', 'by': [['word']]}", "'word' is no ref to its own table"},
        {"{'into': 'into', 'unless': 'word', 'by': [['word']]}", "'word' is not a bool"},
        {"{'into': 'into', 'apart': 'into', 'by': [['word']]}",
         "'into' is no set of refs to its own table"},
        {"{'into': 'into', 'by': [[]]}", "not a list of 1 to 4 fields"},
        {"{'into': 'into', 'by': ['word']}", "not a list of 1 to 4 fields"},
        {"{'into': 'into', 'by': [['size']]}", "there is no field 'size'"},
        {"{'into': 'into', 'by': [[7]]}", "there is no field '?'"},
        {"{'into': 'into', 'by': [['seen']]}", "field 'seen' can't be compared so"},
        {"{'into': 'into', 'by': [['~word']]}", "what only sounds alike needs a field that agrees"},
        {"{'into': 'into', 'by': [['word']], 'at': 1}", "unknown key 'at'"},
    };
    char text[JSON_MAX], filled[JSON_MAX], sentence[512];
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        snprintf(filled, sizeof filled, table, faults[i].same);
        snprintf(sentence, sizeof sentence, "table 'mark': 'same': %s", faults[i].sentence);
        expect_refused(thing_json(text, 1, "", filled), sentence);
    }
    (void)state;
}

static void test_names_and_numbers_are_single(void **state)
{
    static const struct {
        const char *field, *sentence;
    } faults[] = {
        {"{'number': 2, 'name': 'Größe'}",
         "field 'Größe': 'Größe' is no name: a-z, then a-z, 0-9 and _, at most 63"},
        {"{'number': 2}", "field '?': 'name' is missing"},
        {"7", "field '?': not a JSON object"},
        {"{'number': 1, 'name': 'size', 'zh': '大', 'en': 's', 'type': 'int', 'merge': 'latest'}",
         "field 'size' does not stand in the order of numbers"},
        {"{'number': 0, 'name': 'size', 'zh': '大', 'en': 's', 'type': 'int', 'merge': 'latest'}",
         "field 'size': 'number' is not between 1 and 250"},
        {"{'number': 251, 'name': 'size', 'zh': '大', 'en': 's', 'type': 'int', 'merge': 'max'}",
         "field 'size': 'number' is not between 1 and 250"},
        {"{'number': 2, 'name': 'name', 'zh': '大', 'en': 's', 'type': 'int', 'merge': 'latest'}",
         "field 'name' stands twice"},
        {"{'number': 2, 'name': 'id', 'zh': '大', 'en': 's', 'type': 'int', 'merge': 'latest'}",
         "field 'id': this name is kept for the row's id"},
        {"{'number': 2, 'name': 'size', 'zh': '', 'en': 's', 'type': 'int', 'merge': 'latest'}",
         "field 'size': 'zh' is empty or longer than 240 bytes"},
        {"{'number': 2, 'name': 'size', 'zh': 'a\\u001b[1m', 'en': 's', 'type': 'int'}",
         "field 'size': 'zh' has control characters"},
        {"{'number': 2, 'name': 'do', 'zh': '态', 'en': 'do', 'type': 'enum', 'merge': 'steps',"
         " 'codes': [['a', '甲', 'A']]},"
         "{'number': 3, 'name': 'do_round', 'zh': '轮', 'en': 'r', 'type': 'int', 'merge': 'max'}",
         "field 'do_round': this name is kept for the rounds of 'do'"},
    };
    char text[JSON_MAX], fields[JSON_MAX], sentence[512];
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        snprintf(fields, sizeof fields, ", %s", faults[i].field);
        snprintf(sentence, sizeof sentence, "table 'thing': %s", faults[i].sentence);
        expect_refused(thing_json(text, 1, fields, ""), sentence);
    }
    (void)state;
}

static void test_a_name_has_nothing_that_sql_could_stumble_over(void **state)
{
    static const char *const names[] = {"a\\\"b", "a b", "a-b", "a;drop", "a.b",  "aB",
                                        "名",     "a名", "1a",  "_a",     "a\\n", "a)"};
    char text[JSON_MAX], fields[JSON_MAX];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct schema *schema = NULL;
        snprintf(fields, sizeof fields,
                 ", {'number': 2, 'name': '%s', 'zh': '大小', 'en': 'size', 'type': 'int',"
                 " 'merge': 'latest'}",
                 names[i]);
        struct bytes json = thing_json(text, 1, fields, "");
        assert_int_equal(schema_load(&schema, json, NULL), STATUS_BAD_INPUT);
    }
    (void)state;
}

static void test_words_of_sql_are_names_like_others(void **state)
{
    char text[JSON_MAX];
    schema_free(schema_of(thing_json(
        text, 1,
        ", {'number': 2, 'name': 'on', 'zh': '日', 'en': 'on', 'type': 'date', 'merge': 'max'}",
        ", {'number': 17, 'name': 'select', 'zh': '选', 'en': 'select', 'write': ['hub'],"
        " 'fields': [{'number': 1, 'name': 'table', 'zh': '表', 'en': 'table', 'type': 'int',"
        " 'merge': 'latest'}]}")));
    (void)state;
}

#define FIELD_A "{'number': 2, 'name': 'a', 'zh': '甲', 'en': 'a', 'group': 'g', "
#define FIELD_B "{'number': 3, 'name': 'b', 'zh': '乙', 'en': 'b', 'group': 'g', "

static void test_fields_of_a_group_go_together(void **state)
{
    static const struct {
        const char *fields, *sentence;
    } faults[] = {
        {FIELD_A "'type': 'int', 'merge': 'register'}, " FIELD_B
                 "'type': 'int', 'merge': 'latest'}",
         "it merges unlike 'a' of its group"},
        {FIELD_A "'type': 'int', 'merge': 'register'}, " FIELD_B
                 "'type': 'int', 'merge': 'register', 'show': 'highest'}",
         "it is shown unlike 'a' of its group"},
        {FIELD_A "'type': 'int', 'merge': 'latest'}, " FIELD_B
                 "'type': 'int', 'merge': 'latest', 'write': ['clerk']}",
         "other roles may write 'a' of its group"},
        {FIELD_A "'type': 'int', 'merge': 'max'}, " FIELD_B "'type': 'int', 'merge': 'max'}",
         "merge 'max' does not go with a group"},
    };
    char text[JSON_MAX], fields[JSON_MAX], sentence[512];
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        char at = i < 3 ? 'b' : 'a';
        snprintf(fields, sizeof fields, ", %s", faults[i].fields);
        snprintf(sentence, sizeof sentence, "table 'thing': field '%c': %s", at,
                 faults[i].sentence);
        expect_refused(thing_json(text, 1, fields, ""), sentence);
    }
    struct schema *schema =
        schema_of(thing_json(text, 1,
                             ", " FIELD_A "'type': 'int', 'merge': 'register',"
                             " 'show': 'highest'}, " FIELD_B "'type': 'text', 'merge': 'register'}",
                             ""));
    assert_int_equal(field_of(schema, "thing", "b")->group, 2);
    assert_int_equal(field_of(schema, "thing", "b")->show, SHOW_HIGHEST);
    schema_free(schema);
    (void)state;
}

static void test_faults_of_a_table_name_it(void **state)
{
    static const struct {
        const char *rest, *sentence;
    } faults[] = {
        {", 'key': ['of', 'colour']", "table 'mark': there is no field 'colour'"},
        {", 'key': ['of', 'of']", "table 'mark': field 'of' stands twice in 'key'"},
        {", 'key': []", "table 'mark': 'key' is an empty list"},
        {", 'key': ['of', 'level']",
         "table 'mark': field 'level': it is in the key and must merge by 'append'"},
        {", 'key': ['spot']", "table 'mark': field 'spot': type 'geo' does not go with a key"},
        {", 'key': ['day']", "table 'mark': field 'day': it is in the key and takes no default"},
        {", 'key': ['of', 'of', 'of', 'of', 'of', 'of', 'of', 'of', 'of']",
         "table 'mark': 'key' has more than 8 items"},
        {", 'reach': 'far'", "table 'mark': unknown reach 'far'"},
        {", 'reach': true", "table 'mark': 'reach' is not a text"},
        {", 'scope': 'word'", "table 'mark': 'scope' names 'word', which is not a ref"},
        {", 'title': 'colour'", "table 'mark': 'title': there is no field 'colour'"},
        {", 'icon': 'x'", "table 'mark': unknown key 'icon'"},
    };
    char text[JSON_MAX], tables[JSON_MAX];
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        mark_table(tables, faults[i].rest);
        expect_refused(thing_json(text, 1, "", tables), faults[i].sentence);
    }
    (void)state;
}

static void test_faults_of_the_whole(void **state)
{
    static const struct {
        const char *json, *sentence;
    } faults[] = {
        {"[]", "not a JSON object"},
        {"{'epoch': 1}", "'tables' is missing"},
        {"{'epoch': 0, 'tables': [1]}", "'epoch' is not between 1 and 4294967295"},
        {"{'epoch': 1.0, 'tables': [1]}", "'epoch' is not a whole number"},
        {"{'epoch': 1, 'tables': {}}", "'tables' is not a list"},
        {"{'epoch': 1, 'tables': [1]}", "table '?': not a JSON object"},
        {"{'epoch': 1, 'tables': [], 'x': 1}", "unknown key 'x'"},
        {"{'epoch': 1, 'tables': [{'name': 'sqlite_x'}]}", "table 'sqlite_x': 'number' is missing"},
        {"{'epoch': 1, 'tables': [{'name': 'x', 'number': 15}]}",
         "table 'x': 'number' is not between 16 and 65535"},
        {"{'epoch': 1, 'tables': [{'name': 'x', 'number': 16, 'zh': '物', 'en': 'x'}]}",
         "table 'x': 'write' is missing"},
        {"{'epoch': 1, 'tables': [{'name': 'x', 'number': 16, 'zh': '物', 'en': 'x',"
         " 'write': ['hub']}]}",
         "table 'x': 'fields' is missing"},
    };
    char text[JSON_MAX];
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        snprintf(text, sizeof text, "%s", faults[i].json);
        expect_refused(json_of(text), faults[i].sentence);
    }
    (void)state;
}

static enum status load_status(struct bytes json)
{
    struct schema *schema;
    enum status status = schema_load(&schema, json, NULL);
    schema_free(schema);
    return status;
}

static void test_limits_and_doubles(void **state)
{
    char text[JSON_MAX], list[JSON_MAX] = ", 'x': [";
    snprintf(text, sizeof text, "{'epoch': 1, 'epoch': 1, 'tables': []}");
    assert_int_equal(load_status(json_of(text)), STATUS_BAD_INPUT);
    assert_int_equal(load_status(bytes_of("{", 1)), STATUS_BAD_INPUT);
    assert_int_equal(load_status(bytes_of(NULL, 0)), STATUS_BAD_INPUT);
    assert_int_equal(load_status(bytes_of("{}\xff", 3)), STATUS_BAD_INPUT);

    char *large = malloc(SCHEMA_TEXT_MAX + 1);
    assert_non_null(large);
    memset(large, ' ', SCHEMA_TEXT_MAX + 1);
    assert_int_equal(load_status(bytes_of(large, SCHEMA_TEXT_MAX + 1)), STATUS_TOO_LARGE);
    struct bytes json = thing_json(text, 1, "", "");
    memcpy(large + SCHEMA_TEXT_MAX - json.size, json.data, json.size);
    assert_int_equal(load_status(bytes_of(large, SCHEMA_TEXT_MAX)), STATUS_OK);
    free(large);

    snprintf(list, sizeof list, "{'epoch': 1, 'tables': [0");
    for (int i = 0; i < SCHEMA_TABLES_MAX; i++)
        strncat(list, ",0", sizeof list - strlen(list) - 1);
    strncat(list, "]}", sizeof list - strlen(list) - 1);
    expect_refused(json_of(list), "'tables' has more than 200 items");
    (void)state;
}

static void test_text_is_kept_as_it_came(void **state)
{
    char text[JSON_MAX];
    struct bytes json = thing_json(text, 3, "", "");
    struct schema *schema = schema_of(json);
    assert_int_equal(schema->epoch, 3);
    assert_true(bytes_equal(bytes_of(schema->text, schema->text_size), json));
    schema_free(schema);
    (void)state;
}

static void test_roles_have_names(void **state)
{
    for (enum role role = ROLE_VOLUNTEER; role <= ROLE_HUB; role++) {
        enum role found = 0;
        assert_true(role_parse(role_name(role), &found));
        assert_int_equal(found, role);
    }
    enum role role;
    assert_false(role_parse("king", &role));
    assert_false(role_parse("", &role));
    assert_string_equal(role_name((enum role)0), "?");
    assert_string_equal(role_name((enum role)7), "?");
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_of_tables_are_fixed),
        cmocka_unit_test(test_only_what_is_offered_or_ruled_reaches_below),
        cmocka_unit_test(test_every_merge_and_show_rule_is_used),
        cmocka_unit_test(test_every_table_can_be_voided),
        cmocka_unit_test(test_visit_needs_target_and_kind_only),
        cmocka_unit_test(test_roles_write_what_they_should),
        cmocka_unit_test(test_amount_and_unit_are_one_group),
        cmocka_unit_test(test_faults_of_a_field_name_it),
        cmocka_unit_test(test_faults_of_steps_name_the_step),
        cmocka_unit_test(test_faults_of_same_name_what_is_wrong),
        cmocka_unit_test(test_names_and_numbers_are_single),
        cmocka_unit_test(test_a_name_has_nothing_that_sql_could_stumble_over),
        cmocka_unit_test(test_words_of_sql_are_names_like_others),
        cmocka_unit_test(test_fields_of_a_group_go_together),
        cmocka_unit_test(test_faults_of_a_table_name_it),
        cmocka_unit_test(test_faults_of_the_whole),
        cmocka_unit_test(test_limits_and_doubles),
        cmocka_unit_test(test_text_is_kept_as_it_came),
        cmocka_unit_test(test_roles_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
