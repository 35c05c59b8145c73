/* Two connections to one file: what the one commits is news to the other, once, whatever the other
 * did meanwhile. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/replica.h"

struct scene {
    char folder[64], path[80];
    struct replica *one, *two;
};

static int open_scene(void **state)
{
    static const struct network network = {{1}};
    struct scene *scene = calloc(1, sizeof *scene);
    snprintf(scene->folder, sizeof scene->folder, "/tmp/jinqiu-news-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    snprintf(scene->path, sizeof scene->path, "%s/replica.db", scene->folder);
    struct replica_options options = {.path = scene->path, .clock = clock_system()};
    assert_int_equal(replica_create(&scene->one, &options, &network, NULL), STATUS_OK);
    assert_int_equal(replica_open(&scene->two, &options, NULL), STATUS_OK);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    replica_close(scene->one);
    replica_close(scene->two);
    unlink(scene->path);
    rmdir(scene->folder);
    free(scene);
    return 0;
}

/* Another value each time: the same one again would write nothing. */
static void write_by(struct replica *replica)
{
    static uint8_t value;
    value++;
    assert_int_equal(replica_meta_set(replica, "word", bytes_of(&value, 1), NULL), STATUS_OK);
}

static bool news(struct replica *replica, int64_t *seen)
{
    bool any;
    assert_int_equal(replica_news(replica, seen, &any, NULL), STATUS_OK);
    return any;
}

static void anothers_commit_is_news_once(void **state)
{
    struct scene *scene = *state;
    int64_t seen = 0;
    write_by(scene->two);
    assert_false(news(scene->one, &seen));
    write_by(scene->one);
    assert_false(news(scene->one, &seen));
    write_by(scene->two);
    assert_true(news(scene->one, &seen));
    assert_false(news(scene->one, &seen));
}

static void catching_up_does_not_swallow_the_news(void **state)
{
    struct scene *scene = *state;
    int64_t seen = 0;
    bool changed;
    assert_false(news(scene->one, &seen));
    write_by(scene->two);
    assert_int_equal(replica_begin(scene->one, NULL), STATUS_OK);
    assert_int_equal(replica_commit(scene->one, NULL), STATUS_OK);
    assert_int_equal(replica_refresh(scene->one, &changed, NULL), STATUS_OK);
    assert_false(changed);
    assert_true(news(scene->one, &seen));
}

static void a_changed_identity_is_seen_by_the_other(void **state)
{
    struct scene *scene = *state;
    struct identity identity = {.device = 7, .incarnation = 2};
    bool changed;
    assert_int_equal(replica_set_identity(scene->two, &identity, NULL), STATUS_OK);
    assert_int_equal(replica_refresh(scene->one, &changed, NULL), STATUS_OK);
    assert_int_equal(replica_identity(scene->one)->device, 7);
    assert_int_equal(replica_identity(scene->one)->incarnation, 2);
    assert_int_equal(replica_forget_identity(scene->two, NULL), STATUS_OK);
    assert_int_equal(replica_refresh(scene->one, &changed, NULL), STATUS_OK);
    assert_int_equal(replica_identity(scene->one)->device, 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {STORY(anothers_commit_is_news_once),
                                       STORY(catching_up_does_not_swallow_the_news),
                                       STORY(a_changed_identity_is_seen_by_the_other)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
