/* What people type into a search box, and the names that it finds. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pinyin.h"
#include "common/search.h"
#include "common/view.h"
#include "tests/support/world.h"

static bool names(const char *text, const char *query)
{
    return pinyin_names(bytes_text(text), bytes_text(query));
}

static bool finds(const char *text, const char *query)
{
    struct search search;
    search_start(&search, bytes_text(query));
    for (size_t i = 0; i < search.words_count; i++)
        if (!search_finds(&search, i, bytes_text(text), true))
            return false;
    return true;
}

static void a_name_is_found_by_full_pinyin_and_by_initials(void **state)
{
    (void)state;
    static const char *const good[] = {"lixiaoming", "lxm",      "lixm", "lxming",
                                       "lixiao",     "xiaoming", "xm",   "ming",
                                       "lixiaom",    "l",        "李xm", "李小ming"};
    static const char *const bad[] = {"lixiaomang",  "lmx", "lm",       "ixiaoming",
                                      "lixiaomingg", "xx",  "lixaoming"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!names("李小明", good[i]))
            fail_msg("'%s' did not find it", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (names("李小明", bad[i]))
            fail_msg("'%s' found it", bad[i]);
}

static void zh_ch_sh_are_typed_with_and_without_their_h(void **state)
{
    (void)state;
    assert_true(names("张春生", "zcs"));
    assert_true(names("张春生", "zhchsh"));
    assert_true(names("张春生", "zhangcs"));
    assert_true(names("张春生", "zhcsheng"));
    assert_false(names("张春生", "zhcg"));
}

static void a_surname_is_read_as_a_surname(void **state)
{
    (void)state;
    static const char *const read[][2] = {
        {"单", "shan"}, {"仇", "qiu"},     {"曾", "zeng"},   {"朴", "piao"}, {"区", "ou"},
        {"解", "xie"},  {"查", "zha"},     {"盖", "ge"},     {"覃", "qin"},  {"乐", "yue"},
        {"翟", "zhai"}, {"缪", "miao"},    {"冼", "xian"},   {"折", "she"},  {"员", "yun"},
        {"任", "ren"},  {"尉迟", "yuchi"}, {"万俟", "moqi"}, {"繁", "po"},   {"召", "shao"},
        {"吕", "lv"},   {"吕", "lu"},      {"吕", "lyu"},    {"𠮷", "ji"},   {"佴", "nai"}};
    for (size_t i = 0; i < sizeof read / sizeof read[0]; i++)
        if (!names(read[i][0], read[i][1]))
            fail_msg("'%s' is not read '%s'", read[i][0], read[i][1]);
    assert_true(names("单位", "danwei"));
    assert_false(names("单", "sha n"));
}

static void every_word_must_be_found_and_characters_anywhere_do(void **state)
{
    (void)state;
    assert_true(finds("硕龙镇第二党支部", "龙镇"));
    assert_true(finds("硕龙镇第二党支部", "支部 硕龙"));
    assert_false(finds("硕龙镇第二党支部", "支部 下雷"));
    assert_true(finds("13800138000", "8000"));
    assert_false(finds("13800138000", "8001380001"));
    assert_true(finds("ABC 大厦", "abc"));
    assert_true(finds("abc大厦", "ＡＢＣ"));
    assert_true(finds("李小明", "　"));
    assert_true(finds("李小明", "li xiao ming"));
}

static void long_and_broken_queries_do_no_harm(void **state)
{
    (void)state;
    char many[2000];
    memset(many, 'a', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    assert_false(finds("李小明", many));
    for (size_t i = 1; i < sizeof many - 1; i += 2)
        many[i] = ' ';
    assert_false(finds("李小明", many));
    assert_false(names("\xe6\x9d", "li"));
    assert_false(names("\xff\xff\xe6", "li"));
}

static void names_that_are_heard_alike_are_told(void **state)
{
    (void)state;
    assert_true(pinyin_sounds_alike(bytes_text("张晓明"), bytes_text("张小明")));
    assert_true(pinyin_sounds_alike(bytes_text("张 晓明"), bytes_text("张小明")));
    assert_true(pinyin_sounds_alike(bytes_text("單秀英"), bytes_text("单秀英")));
    assert_false(pinyin_sounds_alike(bytes_text("张晓明"), bytes_text("张小")));
    assert_false(pinyin_sounds_alike(bytes_text("张晓明"), bytes_text("张大明")));
}

static enum status count_row(void *context, json_t *row, struct error *err)
{
    (void)row;
    (void)err;
    ++*(size_t *)context;
    return STATUS_OK;
}

static size_t found(struct replica *replica, const char *table, const char *search)
{
    struct view_query query = {.table = table, .search = search};
    struct error err = {0};
    size_t count = 0;
    int64_t counted = 0;
    if (view_list(replica, &query, count_row, &count, &err) != STATUS_OK ||
        view_count(replica, &query, &counted, &err) != STATUS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(counted, count);
    return count;
}

static void a_list_finds_people_by_name_reading_and_phone(void **state)
{
    (void)state;
    struct world world;
    world_start(&world);
    struct replica *one = world.clients[world_join(&world, ROLE_SECRETARY, world.branches[0])];
    world_add(one, "person", "name", "单示例", "phone", "13800000001", NULL);
    world_add(one, "person", "name", "仇示范", "phone", "13800000002", "rank", "shan", NULL);
    assert_int_equal(found(one, "person", "ssl"), 1);
    assert_int_equal(found(one, "person", "示"), 2);
    assert_int_equal(found(one, "person", "shan"), 2); /* by its letters in another field, too */
    assert_int_equal(found(one, "person", "qiu 0002"), 1);
    assert_int_equal(found(one, "person", "qiu 0001"), 0);
    assert_int_equal(found(one, "person", ""), 2);
    assert_int_equal(found(one, "link", "shan"), 0);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_found_by_full_pinyin_and_by_initials),
        cmocka_unit_test(zh_ch_sh_are_typed_with_and_without_their_h),
        cmocka_unit_test(a_surname_is_read_as_a_surname),
        cmocka_unit_test(every_word_must_be_found_and_characters_anywhere_do),
        cmocka_unit_test(long_and_broken_queries_do_no_harm),
        cmocka_unit_test(names_that_are_heard_alike_are_told),
        cmocka_unit_test(a_list_finds_people_by_name_reading_and_phone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
