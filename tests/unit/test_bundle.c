/* The form of a bundle: units in their order and of their head, none longer than it may be. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/bundle.h"

static struct network network;
static struct dh_key key;
static struct buffer file;
static size_t head_bytes; /* all before the first unit */
static unsigned taken;

static enum status to_file(void *context, struct bytes bytes, struct error *err)
{
    (void)context;
    (void)err;
    return buffer_append_bytes(&file, bytes);
}

static enum status count_message(void *context, const struct message *message, struct error *err)
{
    (void)context;
    (void)message;
    (void)err;
    taken++;
    return STATUS_OK;
}

static int write_bundle(void **state)
{
    (void)state;
    static uint8_t keys[1][DH_KEY_BYTES];
    static uint8_t body[20000];
    struct bundle_writer *writer;
    struct bundle_options options = {.network = &network,
                                     .sender = 7,
                                     .recipients = keys,
                                     .recipients_count = 1,
                                     .sink = to_file};
    if (keys_init(NULL) != STATUS_OK)
        return -1;
    memset(network.id, 5, sizeof network.id);
    dh_key_generate(&key);
    memcpy(keys[0], key.public_key, DH_KEY_BYTES);
    buffer_clear(&file);
    if (bundle_writer_new(&writer, &options, NULL) != STATUS_OK)
        return -1;
    head_bytes = file.size;
    enum status status = bundle_put(writer, MESSAGE_RUN, bytes_of(body, sizeof body), NULL);
    if (status == STATUS_OK)
        status = bundle_finish(writer, NULL);
    bundle_writer_free(writer);
    taken = 0;
    return status == STATUS_OK ? 0 : -1;
}

static int release(void **state)
{
    (void)state;
    buffer_release(&file);
    return 0;
}

static enum status read_all(struct bytes bytes, size_t piece, bool *complete)
{
    struct bundle_reader *reader;
    struct bundle_reader_options options = {
        .network = &network, .key = &key, .take = count_message};
    enum status status = STATUS_OK;
    assert_int_equal(bundle_reader_new(&reader, &options, NULL), STATUS_OK);
    while (bytes.size > 0 && status == STATUS_OK) {
        size_t size = bytes.size < piece ? bytes.size : piece;
        status = bundle_feed(reader, bytes_of(bytes.data, size), NULL);
        bytes = bytes_of(bytes.data + size, bytes.size - size);
    }
    *complete = bundle_complete(reader);
    bundle_reader_free(reader);
    return status;
}

static void a_bundle_reads_whole_and_byte_by_byte(void **state)
{
    (void)state;
    bool complete;
    assert_int_equal(read_all(buffer_bytes(&file), file.size, &complete), STATUS_OK);
    assert_true(complete && taken == 1);
    assert_int_equal(read_all(buffer_bytes(&file), 1, &complete), STATUS_OK);
    assert_true(complete && taken == 2);
}

static void a_unit_that_is_too_long_is_refused_by_its_length_alone(void **state)
{
    (void)state;
    static const unsigned lengths[] = {BUNDLE_UNIT_MAX + 1, 0xffff, 0, 1};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        bool complete;
        file.data[head_bytes] = (uint8_t)(lengths[i] >> 8);
        file.data[head_bytes + 1] = (uint8_t)lengths[i];
        assert_int_equal(read_all(bytes_of(file.data, head_bytes + 2), 64, &complete),
                         STATUS_BAD_INPUT);
    }
    assert_int_equal(taken, 0);
}

static void a_bundle_that_ends_early_is_not_complete(void **state)
{
    (void)state;
    for (size_t size = 0; size < file.size; size += size < head_bytes + 8 ? 1 : 997) {
        bool complete;
        assert_int_equal(read_all(bytes_of(file.data, size), 4096, &complete), STATUS_OK);
        assert_false(complete);
    }
    assert_int_equal(taken, 0);
}

static void any_changed_byte_is_refused(void **state)
{
    (void)state;
    for (size_t at = 0; at < file.size; at += at < head_bytes + 64 ? 1 : 991) {
        bool complete;
        file.data[at] ^= 1;
        /* Who sent it is in the head, and the first unit holds the head's hash. */
        enum status status = read_all(buffer_bytes(&file), 4096, &complete);
        assert_true(status != STATUS_OK || !complete);
        file.data[at] ^= 1;
    }
    assert_int_equal(taken, 0);
}

/* Two units have changed places, one is there twice, one is missing. */
static void units_in_another_order_are_refused(void **state)
{
    (void)state;
    size_t first = 2 + (size_t)(file.data[head_bytes] << 8 | file.data[head_bytes + 1]);
    const uint8_t *at = file.data + head_bytes + first;
    size_t second = 2 + (size_t)(at[0] << 8 | at[1]);
    struct bytes head = bytes_of(file.data, head_bytes),
                 one = bytes_of(head.data + head.size, first);
    struct bytes two = bytes_of(at, second),
                 three = bytes_of(at + second, file.size - head_bytes - first - second);
    const struct bytes orders[][5] = {{head, two, one, three},
                                      {head, one, one, two, three},
                                      {head, one, three},
                                      {head, one, two, two, three}};
    assert_true(three.size > 0);
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct buffer mixed = {0};
        bool complete;
        for (size_t j = 0; j < 5; j++)
            assert_int_equal(buffer_append_bytes(&mixed, orders[i][j]), STATUS_OK);
        assert_int_equal(read_all(buffer_bytes(&mixed), 4096, &complete), STATUS_BAD_INPUT);
        assert_false(complete);
        buffer_release(&mixed);
    }
    assert_int_equal(taken, 0);
}

static void bytes_behind_the_end_are_refused(void **state)
{
    (void)state;
    bool complete;
    assert_int_equal(buffer_append(&file, "x", 1), STATUS_OK);
    assert_int_equal(read_all(buffer_bytes(&file), file.size, &complete), STATUS_BAD_INPUT);
}

static void another_network_or_device_reads_nothing(void **state)
{
    (void)state;
    bool complete;
    network.id[0] ^= 1;
    assert_int_equal(read_all(buffer_bytes(&file), 4096, &complete), STATUS_DENIED);
    network.id[0] ^= 1;
    dh_key_generate(&key);
    assert_int_equal(read_all(buffer_bytes(&file), 4096, &complete), STATUS_DENIED);
    assert_int_equal(taken, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, write_bundle, release)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(a_bundle_reads_whole_and_byte_by_byte),
        CASE(a_unit_that_is_too_long_is_refused_by_its_length_alone),
        CASE(a_bundle_that_ends_early_is_not_complete),
        CASE(any_changed_byte_is_refused),
        CASE(units_in_another_order_are_refused),
        CASE(bytes_behind_the_end_are_refused),
        CASE(another_network_or_device_reads_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
