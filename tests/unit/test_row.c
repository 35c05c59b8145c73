/* The merge of one row: registers, settling, deleting, bases that come late. tests/support/story.h
 * explains the words. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

/* ---- registers ---- */

static void later_save_replaces_what_its_writer_saw(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=示例党员001");
    story_write(&story, "2.1@20", "name[1.1]=示例党员002");
    expect_in_any_order(&story, "name = 示例党员002\n");
}

static void clock_years_behind_still_replaces_what_it_saw(void **state)
{
    (void)state;
    story_write(&story, "1.1@900", "name=old");
    story_write(&story, "2.1@1", "name[1.1]=new");
    expect_in_any_order(&story, "name = new\n");
}

static void edits_made_apart_are_a_conflict_that_shows_the_latest(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=base");
    story_write(&story, "2.1@30", "name[1.1]=left");
    story_write(&story, "3.1@20", "name[1.1]=right");
    expect_in_any_order(&story, "name = left of left@2.1 right@3.1, conflict\n");
}

static void tie_on_time_shows_the_greater_dot(void **state)
{
    (void)state;
    story_write(&story, "2.1@20", "name=a; first=a");
    story_write(&story, "3.1@20", "name=b; first=b");
    expect_in_any_order(&story, "name = b of a@2.1 b@3.1, conflict\n"
                                "first = a of a@2.1 b@3.1, conflict\n");
}

static void same_value_written_apart_is_no_conflict(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=same");
    story_write(&story, "2.1@10", "name=same");
    expect_in_any_order(&story, "name = same of same@1.1 same@2.1\n");
}

static void emptied_field_and_empty_text_differ(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=nil");
    story_write(&story, "2.1@20", "name=");
    expect_in_any_order(&story, "name =  of nil@1.1 @2.1, conflict\n");
}

static void show_rule_chooses_among_heads(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "first=a; health=ill; floor=3");
    story_write(&story, "2.1@20", "first=b; health=critical; floor=-2");
    story_write(&story, "3.1@30", "first=c; health=well; floor=5");
    expect_in_any_order(&story, "first = a of a@1.1 b@2.1 c@3.1, conflict\n"
                                "health = critical of ill@1.1 critical@2.1 well@3.1, conflict\n"
                                "floor = -2 of 3@1.1 -2@2.1 5@3.1, conflict\n");
}

static void latest_shows_the_latest_and_lists_no_conflict(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "phone=1");
    story_write(&story, "2.1@20", "phone=2");
    expect_in_any_order(&story, "phone = 2 of 1@1.1 2@2.1\n");
}

/* ---- settling ---- */

static void settlement_replaces_all_heads_it_names(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "name=b");
    story_write(&story, "3.1@5", "name[1.1 2.1]=a");
    expect_in_any_order(&story, "name = a\n");
}

static void settlement_leaves_a_head_that_it_did_not_name(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "name=b");
    story_write(&story, "3.1@30", "name=c");
    story_write(&story, "4.1@40", "name[1.1 2.1]=d");
    expect_in_any_order(&story, "name = d of c@3.1 d@4.1, conflict\n");
}

static void two_settlements_made_apart_are_a_new_conflict(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "name=b");
    story_write(&story, "3.1@30", "name[1.1 2.1]=a");
    story_write(&story, "4.1@40", "name[1.1 2.1]=b");
    expect_in_any_order(&story, "name = b of a@3.1 b@4.1, conflict\n");
}

static void two_equal_settlements_made_apart_agree(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "name=b");
    story_write(&story, "3.1@30", "name[1.1 2.1]=a");
    story_write(&story, "4.1@40", "name[1.1 2.1]=a");
    expect_in_any_order(&story, "name = a of a@3.1 a@4.1\n");
}

/* ---- bases that come late ---- */

static void base_that_comes_late_never_shows(void **state)
{
    (void)state;
    story_write(&story, "1.1@90", "name=old");
    story_write(&story, "2.1@20", "name[1.1]=new");
    expect_after(&story, "2.1", "name = new\nwaits for name 1.1\n");
    expect_after(&story, "2.1 1.1", "name = new\n");
}

static void bases_of_a_value_that_came_too_late_still_count(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "name[1.1]=b");
    story_write(&story, "3.1@30", "name[2.1]=c");
    expect_after(&story, "3.1 1.1", "name = c of a@1.1 c@3.1, conflict\nwaits for name 2.1\n");
    expect_after(&story, "3.1 2.1", "name = c\nwaits for name 1.1\n");
    expect_in_any_order(&story, "name = c\n");
}

static void base_waits_for_its_own_field_only(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a; first=x");
    story_write(&story, "2.1@20", "name[1.1]=b");
    expect_in_any_order(&story, "name = b\nfirst = x\n");
}

static void entry_that_names_itself_as_replaced_never_shows(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "name[1.1 2.1]=b");
    expect_in_any_order(&story, "");
}

/* ---- deleting ---- */

static void delete_takes_the_row_away_and_putting_back_brings_it(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "deleted[1.1]=true");
    story_write(&story, "3.1@30", "deleted[2.1]=false");
    expect_after(&story, "1.1 2.1", "deleted\nname = a\n");
    expect_in_any_order(&story, "name = a\n");
}

static void edit_made_apart_survives_a_delete_in_either_order(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "deleted[1.1]=true");
    story_write(&story, "3.1@30", "name[1.1]=b");
    expect_in_any_order(&story, "deleted, disputed\nname = b\n");
}

static void edit_of_another_field_survives_a_delete(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "deleted[1.1]=true");
    story_write(&story, "3.1@30", "phone=1");
    expect_in_any_order(&story, "deleted, disputed\nname = a\nphone = 1\n");
}

static void update_after_the_other_sides_delete_is_listed(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "deleted[1.1]=true");
    story_write(&story, "1.2@30", "name[1.1]=b");
    expect_after(&story, "1.1 2.1 1.2", "deleted, disputed\nname = b\n");
    story_write(&story, "2.2@40", "deleted[2.1 1.2]=true");
    expect_in_any_order(&story, "deleted\nname = b\n");
}

static void deletes_made_apart_agree(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "deleted[1.1]=true");
    story_write(&story, "3.1@30", "deleted[1.1]=true");
    expect_in_any_order(&story, "deleted\nname = a\n");
}

static void deletes_that_saw_different_edits_cover_both(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@10", "phone=1");
    story_write(&story, "3.1@20", "deleted[1.1]=true");
    story_write(&story, "4.1@20", "deleted[2.1]=true");
    expect_in_any_order(&story, "deleted\nname = a\nphone = 1\n");
}

static void delete_against_putting_back_is_disputed(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "deleted[1.1]=true");
    story_write(&story, "3.1@30", "deleted[2.1]=false");
    story_write(&story, "4.1@40", "deleted[1.1 2.1]=true");
    expect_in_any_order(&story, "deleted, disputed\nname = a\n");
}

static void create_delete_create_shows_the_new_row(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "1.2@20", "deleted[1.1]=true");
    story_write(&story, "2.1@5", "deleted[1.2]=false; name[1.1]=again");
    expect_in_any_order(&story, "name = again\n");
}

static void bases_of_a_delete_leave_the_heads_of_other_fields(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "deleted[1.1]=true");
    expect_after(&story, "2.1", "deleted\nwaits for deleted 1.1\n");
    expect_in_any_order(&story, "deleted\nname = a\n");
}

static void what_the_deleting_entry_wrote_itself_counts_as_seen(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "deleted[1.1]=true; name[1.1]=b");
    expect_in_any_order(&story, "deleted\nname = b\n");
}

static void delete_saw_all_that_a_feed_had_counted_so_far(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "points=1");
    story_write(&story, "1.2@20", "points=2");
    story_write(&story, "2.1@30", "deleted[1.2]=true");
    expect_after(&story, "1.1 2.1", "deleted\npoints = 1\nwaits for deleted 1.2\n");
    expect_in_any_order(&story, "deleted\npoints = 3\n");
    story_write(&story, "1.3@40", "points=4");
    expect_in_any_order(&story, "deleted, disputed\npoints = 7\n");
}

static void element_added_apart_survives_a_delete(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "tags=+a");
    story_write(&story, "2.1@20", "deleted[1.1]=true");
    expect_in_any_order(&story, "deleted\ntags = a@1.1\n");
    story_write(&story, "3.1@30", "tags=+a");
    expect_in_any_order(&story, "deleted, disputed\ntags = a@1.1 a@3.1\n");
}

/* ---- the row as a thing ---- */

static void only_written_fields_are_marked_as_changed(void **state)
{
    (void)state;
    story_write(&story, "1.1@10", "name=a");
    story_write(&story, "2.1@20", "phone=1");
    story_apply(&story, "1.1");
    assert_true(story_marked(&story, "name"));
    row_settle_changes(&story.row);
    assert_false(story_marked(&story, "name"));
    story_apply_more(&story, "2.1");
    assert_false(story_marked(&story, "name"));
    assert_true(story_marked(&story, "phone"));
}

static void row_started_again_holds_nothing_of_the_row_before(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    story_write(&story, "1.1@10", "name=a; tags=+a-b(2.1); points=3");
    story_apply(&story, "1.1");
    row_start(&story.row, story.table, STORY_SCOPE, &story.id);
    assert_string_equal(story_read(&story), "");
    assert_int_equal(row_canonical(&story.row, &bytes, NULL), STATUS_OK);
    assert_int_equal(bytes.size, 0);
    buffer_release(&bytes);
    expect_after(&story, "1.1", "name = a\ntags = a@1.1\npoints = 3\nwaits for tags b@2.1\n");
}

static void canonical_bytes_are_these(void **state)
{
    (void)state;
    static const uint8_t frozen[] = {
        16,   0,    0,    0,    14,   0,    0,    0,                 /* table, scope */
        0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a,              /* id */
        0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a,              /* */
        1,    0,    1,    0,    0,    0,                             /* field 1, one head */
        3,    0,    0,    0,    1,    0,    0,    0,    14, 0, 0, 0, /* device, incarnation, scope
                                                                      */
        1,    0,    0,    0,    0,    0,    0,    0,    2,  0, 0, 0, 0xa1, 'a', /* number, value */
        16,   0,    0,    0,    14,   0,    0,    0,                            /* table, scope */
        0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a,                         /* id */
        0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a,                         /* */
        10,   0,    1,    0,    0,    0,                             /* field 10, one head */
        3,    0,    0,    0,    1,    0,    0,    0,    14, 0, 0, 0, /* device, incarnation, scope
                                                                      */
        1,    0,    0,    0,    0,    0,    0,    0,    0,  0, 0, 0, /* number, no value */
        0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,              /* total -2 */
    };
    struct buffer bytes = {0};
    story_write(&story, "3.1@10", "name=a; points=-2");
    story_apply(&story, "3.1");
    assert_int_equal(row_canonical(&story.row, &bytes, NULL), STATUS_OK);
    assert_int_equal(bytes.size, sizeof frozen);
    assert_memory_equal(bytes.data, frozen, sizeof frozen);
    buffer_release(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(later_save_replaces_what_its_writer_saw, setup, teardown),
        cmocka_unit_test_setup_teardown(clock_years_behind_still_replaces_what_it_saw, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(edits_made_apart_are_a_conflict_that_shows_the_latest,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(tie_on_time_shows_the_greater_dot, setup, teardown),
        cmocka_unit_test_setup_teardown(same_value_written_apart_is_no_conflict, setup, teardown),
        cmocka_unit_test_setup_teardown(emptied_field_and_empty_text_differ, setup, teardown),
        cmocka_unit_test_setup_teardown(show_rule_chooses_among_heads, setup, teardown),
        cmocka_unit_test_setup_teardown(latest_shows_the_latest_and_lists_no_conflict, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(settlement_replaces_all_heads_it_names, setup, teardown),
        cmocka_unit_test_setup_teardown(settlement_leaves_a_head_that_it_did_not_name, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(two_settlements_made_apart_are_a_new_conflict, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(two_equal_settlements_made_apart_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(base_that_comes_late_never_shows, setup, teardown),
        cmocka_unit_test_setup_teardown(bases_of_a_value_that_came_too_late_still_count, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(base_waits_for_its_own_field_only, setup, teardown),
        cmocka_unit_test_setup_teardown(entry_that_names_itself_as_replaced_never_shows, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(delete_takes_the_row_away_and_putting_back_brings_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(edit_made_apart_survives_a_delete_in_either_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(edit_of_another_field_survives_a_delete, setup, teardown),
        cmocka_unit_test_setup_teardown(update_after_the_other_sides_delete_is_listed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(deletes_made_apart_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(deletes_that_saw_different_edits_cover_both, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(delete_against_putting_back_is_disputed, setup, teardown),
        cmocka_unit_test_setup_teardown(create_delete_create_shows_the_new_row, setup, teardown),
        cmocka_unit_test_setup_teardown(bases_of_a_delete_leave_the_heads_of_other_fields, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_the_deleting_entry_wrote_itself_counts_as_seen, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(delete_saw_all_that_a_feed_had_counted_so_far, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(element_added_apart_survives_a_delete, setup, teardown),
        cmocka_unit_test_setup_teardown(only_written_fields_are_marked_as_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(row_started_again_holds_nothing_of_the_row_before, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(canonical_bytes_are_these, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
