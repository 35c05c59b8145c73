/* Paper: what fits stays whole, the rest goes on, and nothing from outside runs away with it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "paper/page.h"

static struct page *start(unsigned total)
{
    struct page *page;
    struct page_options options = {.title = "示例表", .total = total};
    assert_int_equal(page_open(&page, &options, NULL), STATUS_OK);
    return page;
}

static enum status put(struct page *page, const char *text, double least)
{
    struct page_line line = {.count = 1, .least = least};
    line.cells[0] = (struct page_cell){.text = text, .width = page_width(page)};
    return page_put(page, &line, NULL);
}

static struct page_made finish(struct page *page, struct buffer *pdf)
{
    struct page_made made;
    assert_int_equal(page_close(page, pdf, &made, NULL), STATUS_OK);
    return made;
}

static char *repeated(const char *word, size_t count)
{
    size_t size = strlen(word);
    char *text = malloc(size * count + 1);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * size, word, size);
    text[size * count] = '\0';
    return text;
}

static void counting_keeps_nothing_and_drawing_gives_a_document(void **state)
{
    (void)state;
    struct buffer pdf = {0};
    struct page *page = start(0);
    assert_int_equal(put(page, "一", 10), STATUS_OK);
    assert_int_equal(finish(page, &pdf).pages, 1);
    assert_int_equal(pdf.size, 0);
    page = start(1);
    assert_int_equal(put(page, "一", 10), STATUS_OK);
    finish(page, &pdf);
    assert_true(pdf.size > 500 && memcmp(pdf.data, "%PDF-", 5) == 0);
    buffer_release(&pdf);
}

static void lines_go_on_the_next_page_and_long_texts_over_several(void **state)
{
    (void)state;
    struct page *page = start(0);
    for (int i = 0; i < 40; i++)
        assert_int_equal(put(page, "一行", 20), STATUS_OK);
    unsigned whole = finish(page, NULL).pages;
    assert_in_range(whole, 4, 5);
    char *text = repeated("很长的话。", 10000);
    page = start(0);
    assert_int_equal(put(page, text, 0), STATUS_OK);
    assert_in_range(finish(page, NULL).pages, 10, 60);
    free(text);
}

/* Pages that 40 lines of 20 mm take under a head of so many lines of text. */
static unsigned pages_under(size_t lines)
{
    char *text = repeated("头\n", lines);
    struct page *page = start(0);
    struct page_line head = {.count = 1};
    head.cells[0] = (struct page_cell){.text = text, .width = 30};
    assert_int_equal(page_head(page, &head, NULL), STATUS_OK);
    for (int i = 0; i < 40; i++)
        assert_int_equal(put(page, "一行", 20), STATUS_OK);
    free(text);
    return finish(page, NULL).pages;
}

static void a_head_stands_on_every_page_unless_it_leaves_little_of_one(void **state)
{
    (void)state;
    unsigned plain = pages_under(1);
    assert_true(pages_under(9) > plain);
    assert_in_range(pages_under(300), plain + 5, plain + 8);
}

static void too_many_pages_are_refused(void **state)
{
    (void)state;
    struct page *page = start(0);
    enum status status = STATUS_OK;
    for (int i = 0; i < PAGES_MAX + 2 && status == STATUS_OK; i++)
        status = put(page, "", 240);
    assert_int_equal(status, STATUS_TOO_LARGE);
    page_abandon(page);
}

static void what_no_font_has_is_counted_and_controls_are_blanks(void **state)
{
    (void)state;
    struct page *page = start(0);
    assert_int_equal(put(page, "示\x01例\t\xe2\x80\xae", 0), STATUS_OK);
    assert_int_equal(put(page, "\xff\xfe", 0), STATUS_OK);
    assert_int_equal(finish(page, NULL).missing, 0);
    page = start(0);
    assert_int_equal(put(page, "\xf0\xbf\xbf\xbd", 0), STATUS_OK); /* U+3FFFD */
    assert_int_equal(finish(page, NULL).missing, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counting_keeps_nothing_and_drawing_gives_a_document),
        cmocka_unit_test(lines_go_on_the_next_page_and_long_texts_over_several),
        cmocka_unit_test(a_head_stands_on_every_page_unless_it_leaves_little_of_one),
        cmocka_unit_test(too_many_pages_are_refused),
        cmocka_unit_test(what_no_font_has_is_counted_and_controls_are_blanks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
