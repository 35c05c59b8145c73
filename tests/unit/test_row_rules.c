/* The merge of one row, rule by rule. tests/support/story.h explains the words. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/expect.h"

static struct story story;

static int setup(void **state)
{
    (void)state;
    story_init(&story);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    story_release(&story);
    return 0;
}

/* ---- steps ---- */

static void furthest_step_wins_and_the_other_is_kept(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "state=open");
    story_write(&story, "2.1@20", "state[1.1]=done");
    story_write(&story, "3.1@30", "state[1.1]=taken");
    expect_in_any_order(&story, "state = done of done@2.1 taken@3.1\n");
}

static void step_of_a_later_round_is_further(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "state=done");
    story_write(&story, "2.1@5", "state=open#2");
    expect_in_any_order(&story, "state = open#2 of done@1.1 open#2@2.1\n");
}

static void two_persons_on_the_same_step_are_a_conflict(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "state=open");
    story_write(&story, "2.1@20", "state[1.1]=taken");
    story_write(&story, "3.1@30", "state[1.1]=taken");
    expect_in_any_order(&story, "state = taken of taken@2.1 taken@3.1, conflict\n");
}

static void one_person_with_two_devices_on_the_same_step_is_none(void **state)
{
    (void)state;
    story_write(&story, "2.1@20", "state=taken");
    story_write(&story, "12.1@30", "state=taken");
    expect_in_any_order(&story, "state = taken of taken@2.1 taken@12.1\n");
}

static void persons_behind_the_furthest_step_do_not_conflict(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "state=taken");
    story_write(&story, "2.1@20", "state=taken");
    story_write(&story, "3.1@30", "state=done");
    expect_in_any_order(&story, "state = done of taken@1.1 taken@2.1 done@3.1\n");
}

static void step_from_a_newer_list_stands_behind_those_we_know(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "state=open");
    story_write(&story, "2.1@20", "state=praised");
    expect_in_any_order(&story, "state = open of open@1.1 praised@2.1\n");
}

/* ---- max, min ---- */

static void extreme_of_all_values_stays_whatever_the_bases_say(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "seen=2026-03-05; signed=2026-03-05");
    story_write(&story, "2.1@20", "seen[1.1]=2026-01-01; signed[1.1]=2026-01-01");
    story_write(&story, "3.1@30", "seen[1.1]=2026-02-01; signed[1.1]=2026-09-01");
    expect_in_any_order(&story, "seen = 2026-03-05\nsigned = 2026-01-01\n");
}

static void equal_extremes_keep_the_lesser_dot(void **state)
{
    (void)state;
    story_write(&story, "3.1@10", "seen=2026-03-05");
    story_write(&story, "2.1@20", "seen=2026-03-05");
    expect_in_any_order(&story, "seen = 2026-03-05\n");
    assert_int_equal(story.row.cells[0].heads[0].dot.feed.device, 2);
}

static void emptied_extreme_gives_way_to_any_value(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "seen=nil; signed=nil");
    story_write(&story, "2.1@20", "seen=2026-01-01; signed=2026-01-01");
    story_write(&story, "1.2@30", "seen[2.1]=nil; signed[2.1]=nil");
    expect_in_any_order(&story, "seen = 2026-01-01\nsigned = 2026-01-01\n");
}

/* ---- set ---- */

static void element_is_added_and_removed(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "tags=+a+b");
    story_write(&story, "2.1@20", "tags=-a(1.1)");
    expect_in_any_order(&story, "tags = b@1.1\n");
}

static void add_that_the_remover_had_not_seen_survives(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "tags=+a");
    story_write(&story, "2.1@20", "tags=-a(1.1)");
    story_write(&story, "3.1@15", "tags=+a");
    expect_in_any_order(&story, "tags = a@3.1\n");
}

static void removal_that_comes_before_the_add_waits_for_it(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "tags=+a+b");
    story_write(&story, "2.1@20", "tags=-a(1.1)");
    expect_after(&story, "2.1", "waits for tags a@1.1\n");
    expect_after(&story, "2.1 1.1", "tags = b@1.1\n");
}

static void one_op_takes_an_element_out_and_puts_it_in_anew(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "tags=+a");
    story_write(&story, "2.1@20", "tags=+a-a(1.1)");
    expect_in_any_order(&story, "tags = a@2.1\n");
}

/* ---- counter ---- */

static void increments_add_up_each_counted_once(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "points=5");
    story_write(&story, "2.1@10", "points=-2");
    story_write(&story, "1.2@20", "points=10");
    expect_in_any_order(&story, "points = 13\n");
    assert_int_equal(story.row.cells[0].heads_count, 2);
}

/* ---- append ---- */

static void record_inserted_twice_shows_the_earliest_and_conflicts(void **state)
{
    (void)state;
    story_write(&story, "1.1@20", "found=a");
    story_write(&story, "2.1@10", "found=b");
    expect_in_any_order(&story, "found = b of a@1.1 b@2.1, conflict\n");
}

/* ---- groups ---- */

static void group_never_interleaves(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "amount=100; unit=yuan");
    story_write(&story, "2.1@20", "amount[1.1]=300; unit[1.1]=yuan");
    story_write(&story, "3.1@30", "amount[1.1]=200; unit[1.1]=dollar");
    expect_in_any_order(&story, "amount = 300 of 300@2.1 200@3.1, conflict\n"
                                "unit = yuan of yuan@2.1 dollar@3.1, conflict\n");
}

static void group_conflicts_together(void **state)
{
    (void)state;
    story_write(&story, "2.1@20", "amount=200; unit=yuan");
    story_write(&story, "3.1@30", "amount=200; unit=dollar");
    expect_in_any_order(&story, "amount = 200 of 200@2.1 200@3.1, conflict\n"
                                "unit = dollar of yuan@2.1 dollar@3.1, conflict\n");
}

static void group_of_equal_values_does_not_conflict(void **state)
{
    (void)state;
    story_write(&story, "2.1@20", "amount=200; unit=yuan");
    story_write(&story, "3.1@30", "amount=200; unit=yuan");
    expect_in_any_order(&story, "amount = 200 of 200@2.1 200@3.1\n"
                                "unit = yuan of yuan@2.1 yuan@3.1\n");
}

static void what_is_replaced_in_one_field_of_a_group_is_replaced_in_all(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "amount=100; unit=yuan");
    story_write(&story, "2.1@20", "amount[1.1]=300; unit=dollar");
    expect_in_any_order(&story, "amount = 300\nunit = dollar\n");
}

/* ---- text ---- */

static void edits_of_different_lines_merge(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "notes=血压\n用药\n需要");
    story_write(&story, "2.1@20", "notes[1.1]=血压偏高\n用药\n需要");
    story_write(&story, "3.1@30", "notes[1.1]=血压\n用药\n需要理发");
    expect_in_any_order(&story, "notes = 血压偏高/用药/需要理发 of 血压偏高/用药/需要@2.1 "
                                "血压/用药/需要理发@3.1, merged\n");
}

static void edits_of_the_same_line_are_a_conflict(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "notes=a\nb");
    story_write(&story, "2.1@20", "notes[1.1]=x\nb");
    story_write(&story, "3.1@30", "notes[1.1]=y\nb");
    expect_in_any_order(&story, "notes = y/b of x/b@2.1 y/b@3.1, conflict\n");
}

static void three_edits_of_different_lines_merge(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "notes=a\nb\nc\nd\ne");
    story_write(&story, "2.1@20", "notes[1.1]=A\nb\nc\nd\ne");
    story_write(&story, "3.1@30", "notes[1.1]=a\nb\nC\nd\ne");
    story_write(&story, "4.1@40", "notes[1.1]=a\nb\nc\nd\nE");
    expect_in_any_order(&story,
                        "notes = A/b/C/d/E of A/b/c/d/e@2.1 a/b/C/d/e@3.1 a/b/c/d/E@4.1, merged\n");
}

static void texts_without_one_common_base_do_not_merge(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "notes=a\nb\nc");
    story_write(&story, "4.1@10", "notes=a\nb\nc");
    story_write(&story, "2.1@20", "notes[1.1 4.1]=A\nb\nc");
    story_write(&story, "3.1@30", "notes[1.1 4.1]=a\nb\nC");
    expect_in_any_order(&story, "notes = a/b/C of A/b/c@2.1 a/b/C@3.1, conflict\n");
}

static void text_merges_as_soon_as_its_base_comes(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "notes=a\nb\nc");
    story_write(&story, "2.1@20", "notes[1.1]=A\nb\nc");
    story_write(&story, "3.1@30", "notes[1.1]=a\nb\nC");
    expect_after(&story, "2.1 3.1",
                 "notes = a/b/C of A/b/c@2.1 a/b/C@3.1, conflict\n"
                 "waits for notes 1.1\n");
    row_settle_changes(&story.row);
    story_apply_more(&story, "1.1");
    assert_string_equal(story_read(&story), "notes = A/b/C of A/b/c@2.1 a/b/C@3.1, merged\n");
    assert_true(story_marked(&story, "notes"));
}

static void emptied_and_sealed_texts_never_merge(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "notes=a\nb\nc");
    story_write(&story, "2.1@20", "notes[1.1]=A\nb\nc");
    story_write(&story, "3.1@30", "notes[1.1]=nil");
    expect_in_any_order(&story, "notes = nil of A/b/c@2.1 nil@3.1, conflict\n");
    story_clear(&story);
    story_write(&story, "1.1@10", "notes=a\nb\nc");
    story_write(&story, "2.1@20", "notes[1.1]=A\nb\nc");
    story_write(&story, "3.1@30", "notes[1.1]=~xyz");
    expect_in_any_order(&story, "notes = ~ of A/b/c@2.1 ~@3.1, conflict\n");
}

static void merge_longer_than_the_field_allows_is_left_to_a_person(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "notes=a\nb\nc");
    story_write(&story, "2.1@20", "notes[1.1]=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nb\nc");
    story_write(&story, "3.1@30", "notes[1.1]=a\nb\nCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC");
    story_apply(&story, "1.1 2.1 3.1");
    assert_non_null(strstr(story_read(&story), ", conflict"));
}

static void more_texts_than_anybody_reads_are_left_to_a_person(void **state)
{
    char dot[16], words[64];
    (void)state;
    story_write(&story, "1.1@10", "notes=a\nb\nc");
    for (unsigned device = 2; device < 19; device++) {
        snprintf(dot, sizeof dot, "%u.1@20", device);
        snprintf(words, sizeof words, "notes[1.1]=%s", device % 2 ? "A\nb\nc" : "a\nb\nC");
        story_write(&story, dot, words);
    }
    story_apply(&story, "1.1 2.1 3.1 4.1 5.1 6.1 7.1 8.1 9.1 10.1 11.1 12.1 13.1 14.1 15.1 16.1 "
                        "17.1");
    assert_non_null(strstr(story_read(&story), ", merged"));
    story_apply_more(&story, "18.1");
    assert_null(strstr(story_read(&story), ", merged"));
    assert_non_null(strstr(story_read(&story), ", conflict"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(furthest_step_wins_and_the_other_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(step_of_a_later_round_is_further, setup, teardown),
        cmocka_unit_test_setup_teardown(two_persons_on_the_same_step_are_a_conflict, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_person_with_two_devices_on_the_same_step_is_none, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(persons_behind_the_furthest_step_do_not_conflict, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(step_from_a_newer_list_stands_behind_those_we_know, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(extreme_of_all_values_stays_whatever_the_bases_say, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(equal_extremes_keep_the_lesser_dot, setup, teardown),
        cmocka_unit_test_setup_teardown(emptied_extreme_gives_way_to_any_value, setup, teardown),
        cmocka_unit_test_setup_teardown(element_is_added_and_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(add_that_the_remover_had_not_seen_survives, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(removal_that_comes_before_the_add_waits_for_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(one_op_takes_an_element_out_and_puts_it_in_anew, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(increments_add_up_each_counted_once, setup, teardown),
        cmocka_unit_test_setup_teardown(record_inserted_twice_shows_the_earliest_and_conflicts,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(group_never_interleaves, setup, teardown),
        cmocka_unit_test_setup_teardown(group_conflicts_together, setup, teardown),
        cmocka_unit_test_setup_teardown(group_of_equal_values_does_not_conflict, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_replaced_in_one_field_of_a_group_is_replaced_in_all,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(edits_of_different_lines_merge, setup, teardown),
        cmocka_unit_test_setup_teardown(edits_of_the_same_line_are_a_conflict, setup, teardown),
        cmocka_unit_test_setup_teardown(three_edits_of_different_lines_merge, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_without_one_common_base_do_not_merge, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(text_merges_as_soon_as_its_base_comes, setup, teardown),
        cmocka_unit_test_setup_teardown(emptied_and_sealed_texts_never_merge, setup, teardown),
        cmocka_unit_test_setup_teardown(merge_longer_than_the_field_allows_is_left_to_a_person,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(more_texts_than_anybody_reads_are_left_to_a_person, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
