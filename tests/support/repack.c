#include "tests/support/repack.h"

#include <assert.h>

static void must(enum status status)
{
    assert(status == STATUS_OK);
}

static bool repack_number(struct unpack *in, enum pack_kind kind, struct buffer *out)
{
    uint64_t number;
    int64_t below_zero;
    if (kind == PACK_UINT && unpack_uint(in, &number)) {
        must(pack_uint(out, number));
        return true;
    }
    if (kind == PACK_NEGATIVE && unpack_int(in, &below_zero)) {
        assert(below_zero < 0);
        must(pack_int(out, below_zero));
        return true;
    }
    return false;
}

static bool repack_content(struct unpack *in, enum pack_kind kind, struct buffer *out)
{
    struct bytes content;
    if (kind == PACK_STR && unpack_str(in, &content)) {
        assert(utf8_valid(content));
        must(pack_str(out, content));
        return true;
    }
    if (kind == PACK_BIN && unpack_bin(in, &content)) {
        must(pack_bin(out, content));
        return true;
    }
    if (kind == PACK_SEALED && unpack_sealed(in, &content)) {
        must(pack_sealed(out, content));
        return true;
    }
    return false;
}

bool repack_item(struct unpack *in, struct buffer *out)
{
    enum pack_kind kind;
    bool flag;
    uint32_t count;
    if (!unpack_peek(in, &kind))
        return false;
    if (kind == PACK_NIL && unpack_nil(in)) {
        must(pack_nil(out));
        return true;
    }
    if (kind == PACK_BOOL && unpack_bool(in, &flag)) {
        must(pack_bool(out, flag));
        return true;
    }
    if (kind == PACK_ARRAY && unpack_array(in, &count)) {
        must(pack_array(out, count));
        return true;
    }
    bool taken = repack_number(in, kind, out) || repack_content(in, kind, out);
    assert(taken); /* what a look has shown can be taken */
    return taken;
}
