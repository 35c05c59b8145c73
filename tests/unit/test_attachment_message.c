/* Messages about attachments: their form, and what a session takes from a peer that keeps no rules.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/attachment_message.h"
#include "tests/support/puppet.h"

static const struct attachment_name large = {{1, 2, 3}, 40 * ATTACHMENT_LEAF_BYTES};
static const struct attachment_name small = {{9, 8, 7}, 100};
static uint8_t unit_bytes[ATTACHMENT_UNIT_BYTES];

/* ---- form ---- */

static enum status put_offer(struct buffer *out)
{
    static struct message_offer offer = {.names_count = 2, .sought_count = 1};
    offer.names[0] = large;
    offer.names[1] = small;
    return message_put_offer(out, &offer);
}

static enum status put_want(struct buffer *out)
{
    return message_put_want(out, &(struct message_want){large, 3, 32});
}

static enum status put_unit(struct buffer *out)
{
    return message_put_unit(out, &(struct message_unit){small, 0, bytes_of(unit_bytes, 116)});
}

static enum status put_none(struct buffer *out)
{
    return message_put_none(out, &small);
}

static enum status again_offer(struct bytes body, struct buffer *out)
{
    static struct message_offer offer;
    return message_decode_offer(body, &offer) ? message_put_offer(out, &offer) : STATUS_PROTOCOL;
}

static enum status again_want(struct bytes body, struct buffer *out)
{
    struct message_want want;
    return message_decode_want(body, &want) ? message_put_want(out, &want) : STATUS_PROTOCOL;
}

static enum status again_unit(struct bytes body, struct buffer *out)
{
    struct message_unit unit;
    return message_decode_unit(body, &unit) ? message_put_unit(out, &unit) : STATUS_PROTOCOL;
}

static enum status again_none(struct bytes body, struct buffer *out)
{
    struct attachment_name name;
    return message_decode_none(body, &name) ? message_put_none(out, &name) : STATUS_PROTOCOL;
}

static const struct {
    enum status (*put)(struct buffer *out);
    enum status (*again)(struct bytes body, struct buffer *out);
} kinds[] = {{put_offer, again_offer},
             {put_want, again_want},
             {put_unit, again_unit},
             {put_none, again_none}};

static struct bytes body_of(const struct buffer *stream)
{
    struct bytes rest = buffer_bytes(stream);
    struct message message;
    bool taken;
    assert_int_equal(message_take(&rest, &message, &taken), STATUS_OK);
    assert_true(taken && rest.size == 0);
    return message.body;
}

static void each_comes_back_whole_and_not_a_byte_shorter(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct buffer written = {0}, again = {0};
        assert_int_equal(kinds[i].put(&written), STATUS_OK);
        struct bytes body = body_of(&written);
        assert_int_equal(kinds[i].again(body, &again), STATUS_OK);
        assert_true(bytes_equal(buffer_bytes(&written), buffer_bytes(&again)));
        for (size_t size = 0; size < body.size; size++)
            assert_int_equal(kinds[i].again(bytes_of(body.data, size), &again), STATUS_PROTOCOL);
        buffer_release(&written);
        buffer_release(&again);
    }
}

static bool want_holds(uint32_t from, uint32_t count)
{
    struct buffer written = {0};
    struct message_want want = {large, from, count}, read;
    assert_int_equal(message_put_want(&written, &want), STATUS_OK);
    bool holds = message_decode_want(body_of(&written), &read);
    buffer_release(&written);
    return holds;
}

static bool unit_holds(const struct attachment_name *name, uint32_t position, size_t size)
{
    struct buffer written = {0};
    struct message_unit unit = {*name, position, bytes_of(unit_bytes, size)}, read;
    assert_int_equal(message_put_unit(&written, &unit), STATUS_OK);
    bool holds = message_decode_unit(body_of(&written), &read);
    buffer_release(&written);
    return holds;
}

static void nothing_beyond_the_end_of_a_file_is_wanted_or_given(void **state)
{
    (void)state;
    uint32_t units = attachment_units(large.bytes);
    assert_int_equal(units, 41);
    assert_true(want_holds(0, 32) && want_holds(units - 1, 1) && want_holds(units, 0));
    assert_false(want_holds(units, 1) || want_holds(units - 1, 2) || want_holds(units + 1, 0));
    assert_false(want_holds(0, WANT_UNITS_MAX + 1));
    assert_true(unit_holds(&large, 0, 40 * 32) && unit_holds(&large, 40, ATTACHMENT_UNIT_BYTES));
    assert_false(unit_holds(&large, 0, 39 * 32) || unit_holds(&large, 41, 16) ||
                 unit_holds(&large, 40, ATTACHMENT_UNIT_BYTES - 1));
    assert_true(unit_holds(&small, 0, 116));
    assert_false(unit_holds(&small, 0, 117) || unit_holds(&small, 1, 116));
    struct attachment_name none = {{1}, 0}, much = {{1}, ATTACHMENT_BYTES_MAX + 1};
    assert_false(unit_holds(&none, 0, 16) || unit_holds(&much, 0, 32));
}

/* ---- a peer that keeps no rules ---- */

static struct puppet puppet;

static void greet(void)
{
    struct buffer hello = {0};
    puppet_init(&puppet, SESSION_RESPONDER);
    puppet_event(&puppet, SESSION_STARTED);
    puppet_hello(&hello);
    assert_int_equal(message_put_empty(&hello, MESSAGE_SENT), STATUS_OK);
    puppet_shake(&puppet, buffer_bytes(&hello));
    assert_false(puppet.over);
    buffer_release(&hello);
}

static void offer(void)
{
    struct buffer message = {0};
    assert_int_equal(put_offer(&message), STATUS_OK);
    puppet_tell(&puppet, &message);
}

static void give(const struct attachment_name *name, uint32_t position)
{
    struct buffer message = {0};
    struct message_unit unit = {*name, position,
                                bytes_of(unit_bytes, attachment_unit_bytes(name->bytes, position))};
    assert_int_equal(message_put_unit(&message, &unit), STATUS_OK);
    puppet_tell(&puppet, &message);
}

static void refuse(const struct attachment_name *name)
{
    struct buffer message = {0};
    assert_int_equal(message_put_none(&message, name), STATUS_OK);
    puppet_tell(&puppet, &message);
}

static void want(uint32_t from, uint32_t count)
{
    struct buffer message = {0};
    assert_int_equal(message_put_want(&message, &(struct message_want){large, from, count}),
                     STATUS_OK);
    puppet_tell(&puppet, &message);
}

static void who_offers_is_asked_and_gives_in_order(void **state)
{
    (void)state;
    greet();
    offer();
    for (uint32_t position = 0; position < 32; position++)
        give(&large, position);
    for (uint32_t position = 32; position < 41; position++)
        give(&large, position);
    give(&small, 0);
    assert_int_equal(session_totals(puppet.session)->units_received, 42);
    puppet_end(&puppet, false);
}

static void an_endless_stream_of_units_ends_the_session(void **state)
{
    (void)state;
    greet();
    give(&large, 0); /* nobody wanted it */
    puppet_end(&puppet, true);
    greet();
    offer();
    give(&large, 1); /* not the next one */
    puppet_end(&puppet, true);
    greet();
    offer();
    give(&large, 0);
    give(&large, 0); /* the same again */
    puppet_end(&puppet, true);
    greet();
    offer();
    give(&small, 0); /* of another file */
    puppet_end(&puppet, true);
}

static void refusals_and_wishes_keep_their_turn(void **state)
{
    (void)state;
    greet();
    refuse(&large); /* of nothing */
    puppet_end(&puppet, true);
    greet();
    offer();
    refuse(&large);
    give(&small, 0); /* the next one was wanted then */
    puppet_end(&puppet, false);
    greet();
    offer();
    refuse(&large);
    refuse(&large);
    puppet_end(&puppet, true);
    greet();
    offer();
    offer(); /* before the first was answered */
    puppet_end(&puppet, true);
    greet();
    struct buffer enough = {0};
    assert_int_equal(message_put_empty(&enough, MESSAGE_ENOUGH), STATUS_OK);
    puppet_tell(&puppet, &enough); /* of nothing */
    puppet_end(&puppet, true);
}

static void who_wants_what_is_not_there_hears_none(void **state)
{
    (void)state;
    greet();
    want(0, 5);
    want(3, 32);
    want(41, 0); /* and what it holds is no question */
    assert_true(puppet.heard.size > 0);
    puppet_end(&puppet, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_comes_back_whole_and_not_a_byte_shorter),
        cmocka_unit_test(nothing_beyond_the_end_of_a_file_is_wanted_or_given),
        cmocka_unit_test(who_offers_is_asked_and_gives_in_order),
        cmocka_unit_test(an_endless_stream_of_units_ends_the_session),
        cmocka_unit_test(refusals_and_wishes_keep_their_turn),
        cmocka_unit_test(who_wants_what_is_not_there_hears_none),
    };
    if (keys_init(NULL) != STATUS_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
