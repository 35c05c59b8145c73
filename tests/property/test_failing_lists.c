/* What is listed from tables that the hub and a desk keep beside the replica's, while memory,
 * SQLite or the system fails: a list is the whole list, or a failure that is told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/draft.h"
#include "common/json_read.h"
#include "server/account.h"
#include "server/device_list.h"
#include "server/late.h"
#include "server/link_keys.h"
#include "server/quota.h"
#include "server/standing.h"
#include "tests/support/failing.h"
#include "tests/support/world.h"

static struct world world;
static size_t desk;

typedef enum status lister(json_t **list, struct error *err);

struct listing {
    lister *ask;
    json_t *list, *whole;
};

/* As the console and the commands ask: nothing in the answer may be left out. */
static enum status play(void *context, struct error *err)
{
    struct listing *listing = context;
    uint64_t shortages = json_shortages();
    json_decref(listing->list);
    listing->list = NULL;
    TRY(listing->ask(&listing->list, err));
    return json_whole(shortages, err);
}

static void look(void *context, enum status status, const struct error *err)
{
    struct listing *listing = context;
    (void)err;
    if (status != STATUS_OK)
        return;
    if (!listing->whole)
        listing->whole = json_incref(listing->list);
    if (json_equal(listing->list, listing->whole))
        return;
    failing_tell();
    fail_msg("a list is told as whole, and isn't");
}

static void is_whole_or_refused(const char *name, lister *ask)
{
    struct listing listing = {.ask = ask};
    struct failing_act act = {
        .name = name, .play = play, .look = look, .context = &listing, .tries = 20};
    failing_play(&act);
    json_decref(listing.list);
    json_decref(listing.whole);
}

/* ---- the hub's ---- */

static enum status list_devices(json_t **list, struct error *err)
{
    TRY(device_list(world.hub.replica, list, err));
    return device_list_add_log(world.hub.replica, *list, err);
}

static enum status list_accounts(json_t **list, struct error *err)
{
    return account_list(world.hub.replica, list, err);
}

static enum status list_quotas(json_t **list, struct error *err)
{
    return quota_list(&world.hub, list, err);
}

static enum status list_late(json_t **list, struct error *err)
{
    return late_list(&world.hub, 0, list, err);
}

static enum status read_standing(json_t **list, struct error *err)
{
    struct standing standing;
    TRY(standing_read(world.hub.replica, &standing, err));
    standing.disk_free = 0;
    *list = standing_json(&standing);
    return STATUS_OK;
}

static enum status newest_link_key(json_t **list, struct error *err)
{
    uint8_t key[DH_KEY_BYTES];
    char text[2 * DH_KEY_BYTES + 1];
    TRY(link_keys_newest(&world.hub, key, err));
    for (size_t i = 0; i < sizeof key; i++)
        snprintf(text + 2 * i, 3, "%02x", key[i]);
    *list = json_string(text);
    return STATUS_OK;
}

static void what_the_hub_lists_is_whole_or_refused(void **state)
{
    (void)state;
    is_whole_or_refused("devices", list_devices);
    is_whole_or_refused("accounts", list_accounts);
    is_whole_or_refused("quotas", list_quotas);
    is_whole_or_refused("late", list_late);
    is_whole_or_refused("standing", read_standing);
    is_whole_or_refused("link key", newest_link_key);
}

/* ---- a desk's ---- */

static enum status list_drafts(json_t **list, struct error *err)
{
    return draft_list(world.clients[desk], list, err);
}

/* The key must not be there, nor the list be full. */
static enum status save_draft(json_t **list, struct error *err)
{
    json_t *draft = json_pack("{ss}", "name", "示例党员002");
    enum status status = draft ? draft_save(world.clients[desk], "two", draft, err)
                               : error_set(err, STATUS_NO_MEMORY, "out of memory");
    json_decref(draft);
    TRY(status);
    TRY(draft_delete(world.clients[desk], "two", err));
    return draft_list(world.clients[desk], list, err);
}

static void drafts_are_whole_or_refused(void **state)
{
    (void)state;
    is_whole_or_refused("drafts", list_drafts);
    is_whole_or_refused("a draft", save_draft);
}

/* ---- setting up ---- */

static void add_account(const char *name)
{
    struct passphrase *secret;
    assert_int_equal(passphrase_from_text(&secret, "示例口令 2026", NULL), STATUS_OK);
    assert_int_equal(account_add(world.hub.replica, name, ROLE_AUDITOR, secret, NULL), STATUS_OK);
    passphrase_free(secret);
}

/* An entry that claims another day than that of its arrival, and a device of its own limits. */
static void fill(void)
{
    struct quota_limits limits = {1000, 1000000};
    struct frontier stored = {0};
    json_t *draft = json_pack("{ss}", "name", "示例党员001");
    char person[ID_TEXT_BYTES + 8] = "person:";
    struct id id = world_add(world.clients[desk], "person", "name", "示例党员001", NULL);
    id_format(&id, person + strlen(person));
    world_add(world.clients[desk], "visit", "target_ref", person, "kind", "home_visit", "at",
              "2020-01-01T09:00", NULL);
    assert_true(world_sync(&world, desk, 0, NULL));
    assert_int_equal(frontier_copy(&stored, replica_frontier(world.hub.replica), NULL), STATUS_OK);
    assert_int_equal(late_note_arrival(&world.hub, &stored, NULL), STATUS_OK);
    frontier_release(&stored);
    assert_int_equal(
        quota_set(&world.hub, replica_identity(world.clients[desk])->device, limits, NULL),
        STATUS_OK);
    assert_int_equal(draft_open(world.clients[desk], NULL), STATUS_OK);
    assert_int_equal(draft_save(world.clients[desk], "one", draft, NULL), STATUS_OK);
    json_decref(draft);
    add_account("auditor-1");
    add_account("auditor-2");
}

static int setup(void **state)
{
    (void)state;
    world_start(&world);
    desk = world_join(&world, ROLE_SECRETARY, world.branches[0]);
    world_join(&world, ROLE_VOLUNTEER, world.branches[1]);
    fill();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_hub_lists_is_whole_or_refused),
        cmocka_unit_test(drafts_are_whole_or_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
