/* What may follow a schema, and the ids that follow from it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "tests/support/small_schema.h"

/* ---- successors ---- */

#define OLD                                                                                        \
    ", {'number': 2, 'name': 'age', 'zh': '龄', 'en': 'age', 'type': 'int', 'merge': 'register'," \
    " 'min': 1, 'max': 9, 'write': ['clerk'], 'group': 'g'},"                                      \
    "{'number': 3, 'name': 'kind', 'zh': '类', 'en': 'kind', 'type': 'enum', 'write': ['clerk']," \
    " 'merge': 'register', 'group': 'g', 'codes': [['a', '甲', 'A'], ['b', '乙', 'B']]},"        \
    "{'number': 4, 'name': 'at', 'zh': '处', 'en': 'at', 'type': 'ref_any', 'merge': 'latest',"   \
    " 'refs': ['thing']},"                                                                         \
    "{'number': 5, 'name': 'word', 'zh': '字', 'en': 'word', 'type': 'text', 'merge': 'latest',"  \
    " 'bytes': 50}"

/* The old fields with `from` written as `to`. */
static void changed(char out[JSON_MAX], const char *from, const char *to)
{
    const char *at = strstr(OLD, from);
    if (!at)
        fail_msg("no %s", from);
    snprintf(out, JSON_MAX, "%.*s%s%s", (int)(at - OLD), OLD, to, at + strlen(from));
}

static void expect_successor(int epoch, const char *fields, const char *tables,
                             const char *sentence)
{
    char text[JSON_MAX];
    struct error err = {0};
    struct schema *old = schema_of(thing_json(text, 1, OLD, ""));
    struct schema *next = schema_of(thing_json(text, epoch, fields, tables));
    schema_check_successor(old, next, &err);
    assert_string_equal(err.text, sentence);
    assert_int_equal(schema_check_successor(old, next, NULL), err.status);
    schema_free(old);
    schema_free(next);
}

static void test_a_successor_adds(void **state)
{
    char tables[JSON_MAX], fields[JSON_MAX];
    mark_table(tables, ", 'key': ['of', 'word']");
    expect_successor(2, OLD, tables, "");
    changed(fields, "['b', '乙', 'B']",
            "['c', '丙', 'C'], ['b', '第二', 'second'], ['d', '丁', 'D']");
    expect_successor(2, fields, "", "");
    changed(fields, " 'min': 1, 'max': 9,", " 'min': 0,");
    expect_successor(2, fields, "", "");
    changed(fields, "'zh': '龄', 'en': 'age'", "'zh': '年龄', 'en': 'years'");
    expect_successor(2, fields, "", "");
    changed(fields, " 'refs': ['thing']", " 'default': 'me'");
    expect_successor(2, fields, "", "");
    (void)state;
}

static void test_a_successor_takes_rights(void **state)
{
    char fields[JSON_MAX];
    changed(fields, "'bytes': 50", "'bytes': 50, 'write': ['clerk']");
    expect_successor(2, fields, "", "");
    (void)state;
}

static void test_a_successor_takes_nothing_away(void **state)
{
    static const struct {
        const char *from, *to, *sentence;
    } faults[] = {
        {"'name': 'age'", "'name': 'years'", "field 'age': it is called 'years' now"},
        {"'number': 5", "'number': 6", "field 'word': it is gone; a number is never given up"},
        {"'type': 'int'", "'type': 'money'", "field 'age': its type changed"},
        {"'merge': 'latest'", "'merge': 'append'", "field 'at': its merge rule changed"},
        {" 'min': 1,", " 'min': 2,", "field 'age': its range is narrower"},
        {" 'max': 9,", " 'max': 8,", "field 'age': its range is narrower"},
        {"'bytes': 50", "'bytes': 49", "field 'word': its range is narrower"},
        {"['a', '甲', 'A'], ", "", "field 'kind': it lost its code 'a'"},
        {"['a', '甲', 'A'], ['b', '乙', 'B']", "['b', '乙', 'B'], ['a', '甲', 'A']",
         "field 'kind': its code 'b' has another place"},
        {"'refs': ['thing']", "'refs': ['mark']",
         "field 'at': it may no longer name the rows it could"},
    };
    char fields[JSON_MAX], tables[JSON_MAX], sentence[512];
    mark_table(tables, "");
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        changed(fields, faults[i].from, faults[i].to);
        snprintf(sentence, sizeof sentence, "table 'thing': %s", faults[i].sentence);
        expect_successor(2, fields, tables, sentence);
    }
    expect_successor(2,
                     OLD ", {'number': 6, 'name': 'more', 'zh': '再', 'en': 'more',"
                         " 'type': 'int', 'merge': 'register', 'group': 'g', 'write': ['clerk']}",
                     "", "table 'thing': field 'more': a group that exists takes no new field");
    expect_successor(1, OLD, "", "epoch 1 cannot follow epoch 1");
    expect_successor(3, OLD, "", "epoch 3 cannot follow epoch 1");
    (void)state;
}

static void test_a_successor_keeps_tables_and_keys(void **state)
{
    char text[JSON_MAX], tables[JSON_MAX];
    struct error err = {0};
    mark_table(tables, ", 'key': ['of', 'word']");
    struct schema *old = schema_of(thing_json(text, 1, "", tables));
    struct schema *without = schema_of(thing_json(text, 2, "", ""));
    mark_table(tables, ", 'key': ['word', 'of']");
    struct schema *swapped = schema_of(thing_json(text, 2, "", tables));
    mark_table(tables, ", 'key': ['of', 'word'], 'reach': 'below'");
    struct schema *further = schema_of(thing_json(text, 2, "", tables));
    mark_table(tables, ", 'key': ['of', 'word'], 'reach': 'own'");
    struct schema *same = schema_of(thing_json(text, 2, "", tables));
    assert_int_equal(schema_check_successor(old, without, &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, "table 'mark': it is gone; a number is never given up");
    assert_int_equal(schema_check_successor(old, swapped, &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, "table 'mark': its key changed");
    assert_int_equal(schema_check_successor(old, further, &err), STATUS_BAD_INPUT);
    assert_string_equal(err.text, "table 'mark': its reach changed");
    assert_int_equal(schema_check_successor(old, same, NULL), STATUS_OK);
    schema_free(old);
    schema_free(without);
    schema_free(swapped);
    schema_free(further);
    schema_free(same);
    (void)state;
}

/* ---- natural ids ---- */

static struct id natural(const struct schema_table *table, struct bytes of, struct bytes word)
{
    struct bytes values[] = {of, word};
    struct id id;
    struct error err = {0};
    if (table_natural_id(table, values, &id, &err) != STATUS_OK)
        fail_msg("%s", err.text);
    return id;
}

static void test_rows_of_one_key_have_one_id(void **state)
{
    static const uint8_t nil = 0xc0;
    static const uint8_t sealed[] = {0xd4, 0x01, 0x00};
    char text[JSON_MAX], tables[JSON_MAX];
    mark_table(tables, ", 'key': ['of', 'word']");
    struct schema *schema = schema_of(thing_json(text, 1, "", tables));
    const struct schema_table *mark = schema_table_named(schema, "mark");
    struct buffer of = {0}, word = {0};
    uint8_t row[ID_BYTES] = {7};
    assert_int_equal(pack_bin(&of, bytes_of(row, sizeof row)), STATUS_OK);
    assert_int_equal(pack_str(&word, bytes_text("书法")), STATUS_OK);

    struct id id = natural(mark, buffer_bytes(&of), buffer_bytes(&word));
    struct id again = natural(mark, buffer_bytes(&of), buffer_bytes(&word));
    struct id absent = natural(mark, buffer_bytes(&of), bytes_of(NULL, 0));
    struct id empty = natural(mark, buffer_bytes(&of), bytes_of(&nil, 1));
    assert_true(id_equal(&id, &again));
    assert_false(id_equal(&id, &absent));
    assert_true(id_equal(&absent, &empty));

    /* docs/schema.md: BLAKE2b-128 over the tag, the table's number and the packed array. */
    uint8_t key[64] = {0x92, 0xc4, 0x10, 7};
    memcpy(key + 19, word.data, word.size);
    struct id expected = id_natural(17, bytes_of(key, 19 + word.size));
    assert_true(id_equal(&id, &expected));

    struct bytes wrong[] = {buffer_bytes(&word), buffer_bytes(&word)};
    assert_int_equal(table_natural_id(mark, wrong, &id, NULL), STATUS_BAD_INPUT);
    struct bytes secret[] = {buffer_bytes(&of), bytes_of(sealed, sizeof sealed)};
    assert_int_equal(table_natural_id(mark, secret, &id, NULL), STATUS_BAD_INPUT);
    buffer_release(&of);
    buffer_release(&word);
    schema_free(schema);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_successor_adds),
        cmocka_unit_test(test_a_successor_takes_rights),
        cmocka_unit_test(test_a_successor_takes_nothing_away),
        cmocka_unit_test(test_a_successor_keeps_tables_and_keys),
        cmocka_unit_test(test_rows_of_one_key_have_one_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
