/* Three-way merge of lines: what merges by itself, what is left to a person. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/row.h"

/* `wanted` NULL: must not be clean. The sides are also swapped: the answer must be the same. */
static void expect_merge(const char *base, const char *left, const char *right, const char *wanted)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        struct buffer out = {0};
        struct error err = {0};
        bool clean = !wanted;
        assert_int_equal(buffer_append(&out, "old", 3), STATUS_OK);
        assert_int_equal(merge_lines(bytes_text(base), bytes_text(swapped ? right : left),
                                     bytes_text(swapped ? left : right), &out, &clean, &err),
                         STATUS_OK);
        assert_int_equal(clean, wanted != NULL);
        assert_int_equal(out.size, wanted ? strlen(wanted) : 0);
        if (wanted && out.size)
            assert_memory_equal(out.data, wanted, out.size);
        buffer_release(&out);
    }
}

static void nothing_changed_gives_the_base(void **state)
{
    (void)state;
    expect_merge("", "", "", "");
    expect_merge("a\nb\n", "a\nb\n", "a\nb\n", "a\nb\n");
    expect_merge("\n\n", "\n\n", "\n\n", "\n\n");
}

static void change_on_one_side_is_taken(void **state)
{
    (void)state;
    expect_merge("a\nb\nc", "a\nB\nc", "a\nb\nc", "a\nB\nc");
    expect_merge("a\nb\nc", "a\nc", "a\nb\nc", "a\nc");
    expect_merge("a\nb", "a\nx\ny\nb", "a\nb", "a\nx\ny\nb");
    expect_merge("a\nb", "", "a\nb", "");
    expect_merge("", "new", "", "new");
}

static void changes_to_different_lines_merge(void **state)
{
    (void)state;
    expect_merge("a\nb\nc", "A\nb\nc", "a\nb\nC", "A\nb\nC");
    expect_merge("a\nb\nc\nd\ne", "a\nc\nd\ne", "a\nb\nc\nd\nx\ne", "a\nc\nd\nx\ne");
    expect_merge("a\nb\nc\n", "0\na\nb\nc\n", "a\nb\nc\nz\n", "0\na\nb\nc\nz\n");
}

static void chinese_visit_notes_merge_line_by_line(void **state)
{
    (void)state;
    expect_merge("血压：正常\n用药：无\n需要：送药", "血压：偏高，已提醒\n用药：无\n需要：送药",
                 "血压：正常\n用药：无\n需要：送药、理发",
                 "血压：偏高，已提醒\n用药：无\n需要：送药、理发");
    expect_merge("看望示例党员001\n精神好", "看望示例党员001\n精神很好",
                 "看望示例党员001\n精神一般", NULL);
}

static void same_change_on_both_sides_is_taken_once(void **state)
{
    (void)state;
    expect_merge("a\nb\nc", "a\nX\nc", "a\nX\nc", "a\nX\nc");
    expect_merge("a", "a\nnew", "a\nnew", "a\nnew");
    expect_merge("a\nb\nc\nd", "a\nX\nc\nD", "a\nX\nc\nd", "a\nX\nc\nD");
    expect_merge("", "same", "same", "same");
}

static void different_changes_of_one_line_are_not_clean(void **state)
{
    (void)state;
    expect_merge("a\nb\nc", "a\nX\nc", "a\nY\nc", NULL);
    expect_merge("a\nb\nc", "a\nX\nc", "a\nc", NULL);
    expect_merge("", "left", "right", NULL);
    expect_merge("a", "a\nleft", "a\nright", NULL);
}

static void changes_of_touching_lines_are_not_clean(void **state)
{
    (void)state;
    expect_merge("a\nb\nc\nd", "a\nB\nc\nd", "a\nb\nC\nd", NULL);
    expect_merge("a\nb\nc", "a\nnew\nb\nc", "a\nB\nc", NULL);
    expect_merge("a\nb\nc\nd", "a\nc\nd", "a\nb\nd", NULL);
}

static void final_newline_stays_as_it_was(void **state)
{
    (void)state;
    expect_merge("a\nb\nc", "A\nb\nc", "a\nb\nC", "A\nb\nC");
    expect_merge("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n");
}

static void final_newline_added_on_one_side_does_not_touch_the_last_line(void **state)
{
    (void)state;
    expect_merge("a\nb", "a\nb\n", "a\nB", "a\nB\n");
    expect_merge("a\nb\n", "a\nb", "a\nB\n", "a\nB");
    expect_merge("a\nb\nc", "A\nb\nc", "a\nb\nc\nd", "A\nb\nc\nd");
}

static void empty_lines_and_carriage_returns_are_lines_like_others(void **state)
{
    (void)state;
    expect_merge("\n", "\n", "\n\n", "\n\n");
    expect_merge("a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n", "A\r\nb\r\nC\r\n");
    expect_merge("a\n\n\nb", "x\na\n\n\nb", "a\n\n\nb\ny", "x\na\n\n\nb\ny");
}

/* Lines 0 … count-1 with one of them replaced (replaced == count: none). */
static void numbered_lines(struct buffer *out, size_t count, size_t replaced)
{
    for (size_t i = 0; i < count; i++) {
        char line[16];
        int size = snprintf(line, sizeof line, "%zx%s\n", i, i == replaced ? "!" : "");
        assert_int_equal(buffer_append(out, line, (size_t)size), STATUS_OK);
    }
}

static void expect_long_merge(size_t count, bool wanted)
{
    struct buffer base = {0}, left = {0}, right = {0}, out = {0};
    bool clean;
    numbered_lines(&base, count, count);
    numbered_lines(&left, count, 0);
    numbered_lines(&right, count, count - 1);
    assert_int_equal(merge_lines(buffer_bytes(&base), buffer_bytes(&left), buffer_bytes(&right),
                                 &out, &clean, NULL),
                     STATUS_OK);
    assert_int_equal(clean, wanted);
    assert_int_equal(out.size, wanted ? base.size + 2 : 0);
    buffer_release(&base);
    buffer_release(&left);
    buffer_release(&right);
    buffer_release(&out);
}

static void four_thousand_lines_merge_and_one_more_does_not(void **state)
{
    (void)state;
    expect_long_merge(4000, true);
    expect_long_merge(4001, false);
}

static void one_side_of_too_many_lines_is_enough(void **state)
{
    static char many[2 * 4001 + 1];
    (void)state;
    for (size_t i = 0; i < 4001; i++)
        memcpy(many + 2 * i, "x\n", 2);
    expect_merge("a\n", many, "b\n", NULL);
}

/* Nothing in common: the longest way through the grid, at the largest size. */
static void wholly_rewritten_text_goes_against_an_untouched_one(void **state)
{
    (void)state;
    struct buffer base = {0}, left = {0}, out = {0};
    bool clean;
    for (int i = 0; i < 4000; i++) {
        char line[16];
        int size = snprintf(line, sizeof line, "b%d\n", i);
        assert_int_equal(buffer_append(&base, line, (size_t)size), STATUS_OK);
        size = snprintf(line, sizeof line, "l%d\n", i);
        assert_int_equal(buffer_append(&left, line, (size_t)size), STATUS_OK);
    }
    assert_int_equal(merge_lines(buffer_bytes(&base), buffer_bytes(&left), buffer_bytes(&base),
                                 &out, &clean, NULL),
                     STATUS_OK);
    assert_true(clean);
    assert_true(bytes_equal(buffer_bytes(&out), buffer_bytes(&left)));
    buffer_release(&base);
    buffer_release(&left);
    buffer_release(&out);
}

/* ---- random texts against what a merge must always hold to ---- */

static uint32_t random_state;

static uint32_t random_below(uint32_t bound)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % bound;
}

/* A copy with some lines changed, dropped or added. `alphabet` keeps what the sides add apart. */
static void random_edit(const char *base, char alphabet, char *out)
{
    for (; *base; base++) {
        uint32_t choice = random_below(8);
        if (choice == 0) /* drop the line */
            continue;
        if (choice == 1)
            *out++ = (char)(alphabet + random_below(3));
        *out++ = choice == 2 ? (char)(alphabet + random_below(3)) : *base;
    }
    *out = '\0';
}

/* "abc" -> "a\nb\nc\n". */
static void one_letter_lines(const char *letters, char *out)
{
    for (; *letters; letters++) {
        *out++ = *letters;
        *out++ = '\n';
    }
    *out = '\0';
}

static bool has_letter(const char *text, char letter)
{
    return strchr(text, letter) != NULL;
}

/* With every letter of the base only once, what became of each letter can be told by looking. */
static void expect_merge_loses_nothing(const char *base, const char *left, const char *right)
{
    char texts[3][64];
    struct buffer out = {0};
    bool clean;
    one_letter_lines(base, texts[0]);
    one_letter_lines(left, texts[1]);
    one_letter_lines(right, texts[2]);
    assert_int_equal(merge_lines(bytes_text(texts[0]), bytes_text(texts[1]), bytes_text(texts[2]),
                                 &out, &clean, NULL),
                     STATUS_OK);
    assert_int_equal(buffer_append(&out, "", 1), STATUS_OK);
    const char *merged = (const char *)out.data;
    for (const char *at = base; clean && *at; at++)
        assert_int_equal(has_letter(merged, *at), has_letter(left, *at) && has_letter(right, *at));
    for (const char *at = left; clean && *at; at++)
        assert_true(has_letter(base, *at) || has_letter(merged, *at));
    for (const char *at = right; clean && *at; at++)
        assert_true(has_letter(base, *at) || has_letter(merged, *at));
    buffer_release(&out);
    expect_merge(texts[0], texts[1], texts[0], texts[1]);
    expect_merge(texts[0], texts[2], texts[2], texts[2]);
}

static void clean_merge_keeps_every_addition_and_every_removal(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 5000; seed++) {
        char left[32], right[32];
        random_state = seed;
        random_edit("abcdefgh", 'P', left);
        random_edit("abcdefgh", 'U', right);
        expect_merge_loses_nothing("abcdefgh", left, right);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changed_gives_the_base),
        cmocka_unit_test(change_on_one_side_is_taken),
        cmocka_unit_test(changes_to_different_lines_merge),
        cmocka_unit_test(chinese_visit_notes_merge_line_by_line),
        cmocka_unit_test(same_change_on_both_sides_is_taken_once),
        cmocka_unit_test(different_changes_of_one_line_are_not_clean),
        cmocka_unit_test(changes_of_touching_lines_are_not_clean),
        cmocka_unit_test(final_newline_stays_as_it_was),
        cmocka_unit_test(final_newline_added_on_one_side_does_not_touch_the_last_line),
        cmocka_unit_test(empty_lines_and_carriage_returns_are_lines_like_others),
        cmocka_unit_test(four_thousand_lines_merge_and_one_more_does_not),
        cmocka_unit_test(one_side_of_too_many_lines_is_enough),
        cmocka_unit_test(wholly_rewritten_text_goes_against_an_untouched_one),
        cmocka_unit_test(clean_merge_keeps_every_addition_and_every_removal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
