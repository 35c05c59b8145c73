/* A one-time code admits one device, for as long as it was given, whatever the clock does. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "common/codes.h"

#define MINUTE_MS 60000
#define START_MS 1790000000000

static struct replica *replica;
static int64_t now_ms;
static const uint8_t tablet[PUBLIC_KEY_BYTES] = {1}, stranger[PUBLIC_KEY_BYTES] = {2};
static const uint8_t dh_key[DH_KEY_BYTES] = {3};
static uint8_t token[INVITATION_TOKEN_BYTES];

static void done(enum status status)
{
    assert_int_equal(status, STATUS_OK);
}

static int64_t wall_ms(void *context)
{
    (void)context;
    return now_ms;
}

static uint64_t mono_ms(void *context)
{
    (void)context;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    struct network network = {{7}};
    struct replica_options options = {.path = ":memory:", .clock = {wall_ms, mono_ms, NULL}};
    struct code code = {5, ROLE_SECRETARY, "示例党员001", 10 * MINUTE_MS};
    now_ms = START_MS;
    done(replica_create(&replica, &options, &network, NULL));
    done(codes_give(replica, &code, token, NULL));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    replica_close(replica);
    return 0;
}

static struct code_kept find(const uint8_t *sign_key)
{
    struct code_kept kept;
    done(codes_find(replica, token, sign_key, &kept, NULL));
    return kept;
}

static void spend(uint32_t device)
{
    struct code_user user = {device, tablet, dh_key, NULL};
    done(replica_begin(replica, NULL));
    done(codes_spend(replica, token, &user, NULL));
    done(replica_commit(replica, NULL));
}

static void a_code_says_whom_it_admits(void **state)
{
    (void)state;
    struct code_kept kept = find(tablet);
    assert_int_equal(kept.state, CODE_OPEN);
    assert_int_equal(kept.org, 5);
    assert_int_equal(kept.role, ROLE_SECRETARY);
    assert_string_equal(kept.person, "示例党员001");
    token[0] ^= 1;
    assert_int_equal(find(tablet).state, CODE_REFUSED);
}

static void only_the_device_that_used_it_gets_its_answer_again(void **state)
{
    (void)state;
    spend(9);
    assert_int_equal(find(tablet).state, CODE_USED);
    assert_int_equal(find(tablet).device, 9);
    assert_int_equal(find(stranger).state, CODE_REFUSED);
    now_ms += 1000ll * MINUTE_MS;
    assert_int_equal(find(tablet).state, CODE_USED);
}

static void it_ends_with_its_lifetime(void **state)
{
    (void)state;
    now_ms = START_MS + 10 * MINUTE_MS;
    assert_int_equal(find(tablet).state, CODE_OPEN);
    now_ms++;
    assert_int_equal(find(tablet).state, CODE_REFUSED);
}

static void a_clock_that_is_put_back_does_not_make_it_live_longer(void **state)
{
    (void)state;
    now_ms = START_MS - 10 * MINUTE_MS;
    assert_int_equal(find(tablet).state, CODE_OPEN);
    now_ms--;
    assert_int_equal(find(tablet).state, CODE_REFUSED);
    now_ms = -1;
    assert_int_equal(find(tablet).state, CODE_REFUSED);
}

static bool holds(const uint8_t *bytes, size_t size)
{
    sqlite3_stmt *count = NULL;
    done(sqlite3_prepare_v2(replica_database(replica),
                            "SELECT count(*) FROM _invite WHERE instr(token_hash, ?)", -1, &count,
                            NULL) == SQLITE_OK
             ? STATUS_OK
             : STATUS_STORAGE);
    sqlite3_bind_blob(count, 1, bytes, (int)size, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    bool found = sqlite3_column_int(count, 0) > 0;
    sqlite3_finalize(count);
    return found;
}

static void the_file_does_not_hold_the_secret(void **state)
{
    (void)state;
    assert_false(holds(token, sizeof token));
    assert_false(holds(token, 4));
}

static void a_person_without_a_name_gets_none(void **state)
{
    (void)state;
    struct code code = {5, ROLE_SECRETARY, "", MINUTE_MS};
    assert_int_equal(codes_give(replica, &code, token, NULL), STATUS_BAD_INPUT);
    code.person = "\xff";
    assert_int_equal(codes_give(replica, &code, token, NULL), STATUS_BAD_INPUT);
}

static enum status keep_user(void *context, const struct code_user *user, struct error *err)
{
    uint32_t *devices = context;
    (void)err;
    devices[devices[0]++] = user->device;
    assert_memory_equal(user->sign_key, tablet, sizeof tablet);
    assert_memory_equal(user->dh_key, dh_key, sizeof dh_key);
    assert_int_equal(user->code->role, ROLE_SECRETARY);
    assert_string_equal(user->code->person, "示例党员001");
    return STATUS_OK;
}

static void who_came_with_codes_is_listed(void **state)
{
    (void)state;
    uint32_t devices[4] = {1};
    struct code code = {5, ROLE_SECRETARY, "示例党员001", MINUTE_MS};
    spend(9);
    done(codes_give(replica, &code, token, NULL));
    spend(8);
    done(codes_give(replica, &code, token, NULL));
    done(codes_used(replica, keep_user, devices, NULL));
    assert_int_equal(devices[0], 3);
    assert_int_equal(devices[1], 8);
    assert_int_equal(devices[2], 9);
}

/* The last column is younger than the table. */
static void codes_of_an_older_file_work(void **state)
{
    (void)state;
    done(sqlite3_exec(replica_database(replica), "ALTER TABLE _invite DROP COLUMN given_ms", NULL,
                      NULL, NULL) == SQLITE_OK
             ? STATUS_OK
             : STATUS_STORAGE);
    assert_int_equal(find(tablet).state, CODE_OPEN);
    now_ms += 11 * MINUTE_MS;
    assert_int_equal(find(tablet).state, CODE_REFUSED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(a_code_says_whom_it_admits),
        CASE(only_the_device_that_used_it_gets_its_answer_again),
        CASE(it_ends_with_its_lifetime),
        CASE(a_clock_that_is_put_back_does_not_make_it_live_longer),
        CASE(the_file_does_not_hold_the_secret),
        CASE(a_person_without_a_name_gets_none),
        CASE(who_came_with_codes_is_listed),
        CASE(codes_of_an_older_file_work),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
