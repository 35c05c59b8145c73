/* Every message of a session: fed byte by byte, one byte short, one byte long, and with each byte
 * changed to each other value. What is still taken then must be another message, written as we
 * would write it: no two byte strings mean the same. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/pack.h"
#include "common/seal.h"
#include "protocol/message.h"

static uint8_t noise[512];

/* ---- the messages ---- */

static struct bytes some(size_t at, size_t size)
{
    return bytes_of(noise + at, size);
}

static enum status make_hello(struct buffer *out)
{
    struct message_hello hello = {.version = 1,
                                  .flags = HELLO_WATCH,
                                  .device = 300,
                                  .lineage = UINT64_MAX / 3,
                                  .beacon = 70000,
                                  .told_digest = some(0, SHORT_DIGEST_BYTES),
                                  .delta = some(9, 40)};
    return message_put_hello(out, &hello);
}

/* Of a device that tells of its clock and its program, too. */
static enum status make_telling_hello(struct buffer *out)
{
    struct message_hello hello = {.version = 1,
                                  .device = 7,
                                  .delta = some(9, 40),
                                  .clock_s = 1795000000,
                                  .program = bytes_text("0.1.0")};
    return message_put_hello(out, &hello);
}

static enum status make_enrol(struct buffer *out)
{
    struct message_enrol enrol;
    memcpy(&enrol, noise, sizeof enrol);
    return message_put_enrol(out, &enrol);
}

static enum status make_welcome(struct buffer *out)
{
    struct message_welcome welcome = {.device = 7, .lineage = 1u << 20, .beacon = some(3, 90)};
    return message_put_welcome(out, &welcome);
}

static enum status make_have(struct buffer *out)
{
    return message_put_bin(out, MESSAGE_HAVE, some(5, 33));
}

static enum status make_receipt(struct buffer *out)
{
    return message_put_bin(out, MESSAGE_RECEIPT, some(50, 120));
}

static enum status put_run(struct buffer *out, struct bytes keys)
{
    struct buffer body = {0};
    struct bytes bodies[] = {some(0, 20), some(20, 31)};
    struct run run = {{SCOPE_RECORDS(2), 7, 4}, 300, bodies, 2, noise + 100, keys};
    enum status status = run_encode(&run, &body, NULL);
    if (status == STATUS_OK)
        status = message_put(out, MESSAGE_RUN, buffer_bytes(&body));
    buffer_release(&body);
    return status;
}

static enum status make_run(struct buffer *out)
{
    return put_run(out, (struct bytes){0});
}

static enum status make_run_with_keys(struct buffer *out)
{
    return put_run(out, some(60, SEAL_WRAPPED_BYTES));
}

static enum status make_sent(struct buffer *out)
{
    return message_put_empty(out, MESSAGE_SENT);
}

static enum status put_tally(struct buffer *out, bool has_chains)
{
    struct message_tally tally = {.has_chains = has_chains};
    memcpy(tally.frontier, noise + 30, sizeof tally.frontier);
    memcpy(tally.tally, noise + 40, sizeof tally.tally);
    memcpy(tally.chains, noise + 50, sizeof tally.chains);
    return message_put_tally(out, &tally);
}

static enum status make_tally(struct buffer *out)
{
    return put_tally(out, false);
}

static enum status make_tally_with_chains(struct buffer *out)
{
    return put_tally(out, true);
}

static enum status make_bye(struct buffer *out)
{
    struct message_bye bye = {.code = SESSION_STOPPING, .text = bytes_text("静默 silence")};
    return message_put_bye(out, &bye);
}

/* ---- read, and written again ---- */

static bool again_hello(struct bytes body, struct buffer *out)
{
    struct message_hello hello;
    if (!message_decode_hello(body, &hello))
        return false;
    /* Of a newer version nothing but that is known. */
    return hello.version > SESSION_VERSION ? message_put(out, MESSAGE_HELLO, body) == STATUS_OK
                                           : message_put_hello(out, &hello) == STATUS_OK;
}

static bool again_enrol(struct bytes body, struct buffer *out)
{
    struct message_enrol enrol;
    return message_decode_enrol(body, &enrol) && message_put_enrol(out, &enrol) == STATUS_OK;
}

static bool again_welcome(struct bytes body, struct buffer *out)
{
    struct message_welcome welcome;
    return message_decode_welcome(body, &welcome) &&
           message_put_welcome(out, &welcome) == STATUS_OK;
}

static bool again_have(struct bytes body, struct buffer *out)
{
    struct bytes data;
    return message_decode_bin(body, &data) && message_put_bin(out, MESSAGE_HAVE, data) == STATUS_OK;
}

static bool again_receipt(struct bytes body, struct buffer *out)
{
    struct bytes data;
    return message_decode_bin(body, &data) &&
           message_put_bin(out, MESSAGE_RECEIPT, data) == STATUS_OK;
}

static bool again_run(struct bytes body, struct buffer *out)
{
    struct message_run looked;
    struct run run;
    struct bytes *bodies = NULL;
    struct buffer encoded = {0};
    /* The session looks first, storage reads. */
    bool good =
        message_decode_run(body, &looked) && run_decode(&run, &bodies, body, NULL) == STATUS_OK;
    if (good)
        good = run_encode(&run, &encoded, NULL) == STATUS_OK &&
               message_put(out, MESSAGE_RUN, buffer_bytes(&encoded)) == STATUS_OK;
    free(bodies);
    buffer_release(&encoded);
    return good;
}

static bool again_sent(struct bytes body, struct buffer *out)
{
    return message_decode_empty(body) && message_put_empty(out, MESSAGE_SENT) == STATUS_OK;
}

static bool again_tally(struct bytes body, struct buffer *out)
{
    struct message_tally tally;
    return message_decode_tally(body, &tally) && message_put_tally(out, &tally) == STATUS_OK;
}

static bool again_bye(struct bytes body, struct buffer *out)
{
    struct message_bye bye;
    return message_decode_bye(body, &bye) && message_put_bye(out, &bye) == STATUS_OK;
}

static enum status make_hold(struct buffer *out)
{
    return message_put_number(out, MESSAGE_HOLD, SESSION_FULL);
}

static bool again_hold(struct bytes body, struct buffer *out)
{
    uint64_t code;
    return message_decode_number(body, &code) &&
           message_put_number(out, MESSAGE_HOLD, code) == STATUS_OK;
}

static enum status make_difference(struct buffer *out)
{
    struct message_difference difference = {.rows = some(70, 30), .absent = some(100, 8)};
    memcpy(difference.frontier, noise + 60, sizeof difference.frontier);
    return message_put_difference(out, &difference);
}

static bool again_difference(struct bytes body, struct buffer *out)
{
    struct message_difference difference;
    return message_decode_difference(body, &difference) &&
           message_put_difference(out, &difference) == STATUS_OK;
}

static enum status make_part(struct buffer *out)
{
    struct message_part part = {{SCOPE_RECORDS(2), 7, 1}, 300, 70000, some(20, SHORT_DIGEST_BYTES)};
    return message_put_part(out, &part);
}

static bool again_part(struct bytes body, struct buffer *out)
{
    struct message_part part;
    return message_decode_part(body, &part) && message_put_part(out, &part) == STATUS_OK;
}

static const struct sample {
    enum status (*make)(struct buffer *out);
    bool (*again)(struct bytes body, struct buffer *out);
} samples[] = {{make_hello, again_hello},
               {make_telling_hello, again_hello},
               {make_enrol, again_enrol},
               {make_welcome, again_welcome},
               {make_have, again_have},
               {make_run, again_run},
               {make_run_with_keys, again_run},
               {make_sent, again_sent},
               {make_receipt, again_receipt},
               {make_tally, again_tally},
               {make_tally_with_chains, again_tally},
               {make_bye, again_bye},
               {make_hold, again_hold},
               {make_difference, again_difference},
               {make_part, again_part}};

#define EACH_SAMPLE(sample)                       \
    for (const struct sample *(sample) = samples; \
         (sample) < samples + sizeof samples / sizeof samples[0]; (sample)++)

/* The sample as it crosses the line; buffer_release. */
static struct buffer made(const struct sample *sample, struct message *message)
{
    struct buffer stream = {0};
    bool taken;
    assert_int_equal(sample->make(&stream), STATUS_OK);
    struct bytes rest = buffer_bytes(&stream);
    assert_int_equal(message_take(&rest, message, &taken), STATUS_OK);
    assert_true(taken && rest.size == 0);
    return stream;
}

/* ---- the tests ---- */

static void a_message_is_taken_with_its_last_byte_and_not_before(void **state)
{
    (void)state;
    EACH_SAMPLE(sample)
    {
        struct message message;
        struct buffer stream = made(sample, &message);
        for (size_t size = 0; size < stream.size; size++) {
            struct bytes part = bytes_of(stream.data, size);
            bool taken;
            assert_int_equal(message_take(&part, &message, &taken), STATUS_OK);
            assert_false(taken);
            assert_int_equal(part.size, size);
        }
        buffer_release(&stream);
    }
}

static void a_message_reads_as_it_was_written(void **state)
{
    (void)state;
    EACH_SAMPLE(sample)
    {
        struct message message;
        struct buffer stream = made(sample, &message), again = {0};
        assert_true(sample->again(message.body, &again));
        assert_int_equal(again.size, stream.size);
        assert_memory_equal(again.data, stream.data, stream.size);
        buffer_release(&stream);
        buffer_release(&again);
    }
}

static void a_body_that_is_cut_or_longer_is_refused(void **state)
{
    (void)state;
    EACH_SAMPLE(sample)
    {
        struct message message;
        struct buffer stream = made(sample, &message), longer = {0}, again = {0};
        for (size_t size = 0; size < message.body.size; size++) {
            uint8_t *part = malloc(size + 1); /* its end is watched by the sanitizer */
            assert_non_null(part);
            memcpy(part + 1, message.body.data, size);
            assert_false(sample->again(bytes_of(part + 1, size), &again));
            free(part);
        }
        assert_int_equal(buffer_append_bytes(&longer, message.body), STATUS_OK);
        assert_int_equal(pack_nil(&longer), STATUS_OK);
        assert_false(sample->again(buffer_bytes(&longer), &again));
        buffer_release(&stream);
        buffer_release(&longer);
        buffer_release(&again);
    }
}

static void a_changed_byte_is_refused_or_makes_another_message(void **state)
{
    (void)state;
    EACH_SAMPLE(sample)
    {
        struct message message;
        struct buffer stream = made(sample, &message), body = {0}, again = {0}, wanted = {0};
        assert_int_equal(buffer_append_bytes(&body, message.body), STATUS_OK);
        for (size_t at = 0; at < body.size; at++)
            for (unsigned change = 1; change < 256; change++) {
                body.data[at] ^= (uint8_t)change;
                buffer_clear(&again);
                buffer_clear(&wanted);
                if (sample->again(buffer_bytes(&body), &again)) {
                    assert_int_equal(message_put(&wanted, message.type, buffer_bytes(&body)),
                                     STATUS_OK);
                    assert_int_equal(again.size, wanted.size);
                    assert_memory_equal(again.data, wanted.data, wanted.size);
                }
                body.data[at] ^= (uint8_t)change;
            }
        buffer_release(&stream);
        buffer_release(&body);
        buffer_release(&again);
        buffer_release(&wanted);
    }
}

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * 167 + 13);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_reads_as_it_was_written),
        cmocka_unit_test(a_message_is_taken_with_its_last_byte_and_not_before),
        cmocka_unit_test(a_body_that_is_cut_or_longer_is_refused),
        cmocka_unit_test(a_changed_byte_is_refused_or_makes_another_message),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
