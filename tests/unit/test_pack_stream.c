/* One direction's compression: pieces that can be used as they come, and bounds on what they
 * expand to. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "protocol/pack_stream.h"

static struct buffer text_of(size_t size, unsigned seed)
{
    struct buffer text = {0};
    assert_int_equal(buffer_reserve(&text, size), STATUS_OK);
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1103515245 + 12345;
        text.data[i] = (uint8_t)("老人精神尚好"[seed >> 16 & 15]);
    }
    text.size = size;
    return text;
}

static void each_piece_can_be_used_before_the_next_comes(void **state)
{
    static const size_t sizes[] = {1, 600, PACK_PIECE_MAX, 0, 77, PACK_PIECE_MAX, 3};
    struct packer packer = {0};
    struct unpacker unpacker = {0};
    (void)state;
    for (int frame = 0; frame < 3; frame++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct buffer plain = text_of(sizes[i], (unsigned)i), piece = {0}, back = {0};
            bool last = i + 1 == sizeof sizes / sizeof sizes[0];
            assert_int_equal(packer_add(&packer, buffer_bytes(&plain), last, &piece), STATUS_OK);
            assert_int_equal(unpacker_add(&unpacker, buffer_bytes(&piece), &back), STATUS_OK);
            assert_true(bytes_equal(buffer_bytes(&plain), buffer_bytes(&back)));
            assert_true((packer.context == NULL) == last); /* a quiet side holds nothing */
            assert_true((unpacker.context == NULL) == last);
            buffer_release(&plain);
            buffer_release(&piece);
            buffer_release(&back);
        }
}

static void a_piece_leans_on_those_before_it(void **state)
{
    struct packer packer = {0};
    struct buffer plain = text_of(4000, 7), first = {0}, second = {0};
    (void)state;
    assert_int_equal(packer_add(&packer, buffer_bytes(&plain), false, &first), STATUS_OK);
    assert_int_equal(packer_add(&packer, buffer_bytes(&plain), true, &second), STATUS_OK);
    assert_true(second.size * 20 < first.size);
    buffer_release(&plain);
    buffer_release(&first);
    buffer_release(&second);
}

/* What entries look like needn't be said first. */
static void a_lone_piece_leans_on_the_dictionary(void **state)
{
    static const char visit[] = "2026-11-01T09:30\x04\xaahome_visit\x05\xa7routine";
    struct packer packer = {0};
    struct unpacker unpacker = {0};
    struct buffer piece = {0}, back = {0};
    (void)state;
    assert_int_equal(packer_add(&packer, bytes_text(visit), true, &piece), STATUS_OK);
    assert_int_equal(ZSTD_getDictID_fromFrame(piece.data, piece.size), 1);
    assert_in_range(piece.size, 1, sizeof visit - 5);
    assert_int_equal(unpacker_add(&unpacker, buffer_bytes(&piece), &back), STATUS_OK);
    assert_true(bytes_equal(buffer_bytes(&back), bytes_text(visit)));
    buffer_release(&piece);
    buffer_release(&back);
}

static void another_dictionary_breaks_a_rule(void **state)
{
    struct packer packer = {0};
    struct unpacker unpacker = {0};
    struct buffer plain = text_of(600, 3), piece = {0}, out = {0};
    (void)state;
    assert_int_equal(packer_add(&packer, buffer_bytes(&plain), true, &piece), STATUS_OK);
    assert_int_equal(piece.data[6], 1); /* behind magic number, descriptor and window */
    piece.data[6] = 77;
    assert_int_equal(unpacker_add(&unpacker, buffer_bytes(&piece), &out), STATUS_PROTOCOL);
    assert_null(unpacker.context);
    buffer_release(&plain);
    buffer_release(&piece);
    buffer_release(&out);
}

static struct buffer frame_of(const void *data, size_t size, int window_log)
{
    struct buffer frame = {0};
    ZSTD_CCtx *context = ZSTD_createCCtx();
    assert_int_equal(buffer_reserve(&frame, ZSTD_compressBound(size)), STATUS_OK);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    ZSTD_inBuffer in = {data, size, 0};
    ZSTD_outBuffer out = {frame.data, frame.capacity, 0};
    assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0);
    frame.size = out.pos;
    ZSTD_freeCCtx(context);
    return frame;
}

static enum status unpack(const struct buffer *piece, size_t *size)
{
    struct unpacker unpacker = {0};
    struct buffer out = {0};
    enum status status = unpacker_add(&unpacker, buffer_bytes(piece), &out);
    *size = out.capacity;
    assert_true(status == STATUS_OK || out.size == 0);
    unpacker_release(&unpacker);
    buffer_release(&out);
    return status;
}

static void a_bomb_is_refused_without_the_memory_for_it(void **state)
{
    static uint8_t zeros[1024 * 1024];
    size_t taken;
    (void)state;
    struct buffer exact = frame_of(zeros, PACK_PIECE_MAX, PACK_WINDOW_LOG);
    struct buffer above = frame_of(zeros, PACK_PIECE_MAX + 1, PACK_WINDOW_LOG);
    struct buffer bomb = frame_of(zeros, sizeof zeros, PACK_WINDOW_LOG);
    struct buffer wide = frame_of(zeros, sizeof zeros, 27);
    assert_int_equal(unpack(&exact, &taken), STATUS_OK);
    assert_int_equal(unpack(&above, &taken), STATUS_PROTOCOL);
    assert_int_equal(unpack(&bomb, &taken), STATUS_PROTOCOL);
    assert_true(taken <= 2 * PACK_PIECE_MAX);
    assert_int_equal(unpack(&wide, &taken), STATUS_PROTOCOL);
    assert_true(taken <= 2 * PACK_PIECE_MAX);
    buffer_release(&exact);
    buffer_release(&above);
    buffer_release(&bomb);
    buffer_release(&wide);
}

static void what_isnt_a_piece_is_refused(void **state)
{
    size_t taken;
    (void)state;
    struct buffer plain = text_of(3000, 3);
    struct buffer frame = frame_of(plain.data, plain.size, PACK_WINDOW_LOG);
    assert_int_equal(buffer_append(&frame, "x", 1), STATUS_OK);
    assert_int_equal(unpack(&frame, &taken), STATUS_PROTOCOL); /* bytes behind the frame */
    frame.data[0] ^= 1;
    assert_int_equal(unpack(&frame, &taken), STATUS_PROTOCOL);
    buffer_release(&plain);
    buffer_release(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_piece_can_be_used_before_the_next_comes),
        cmocka_unit_test(a_piece_leans_on_those_before_it),
        cmocka_unit_test(a_lone_piece_leans_on_the_dictionary),
        cmocka_unit_test(another_dictionary_breaks_a_rule),
        cmocka_unit_test(a_bomb_is_refused_without_the_memory_for_it),
        cmocka_unit_test(what_isnt_a_piece_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
