#include "common/dots.h"

#include <stdlib.h>

#include "common/array.h"

enum status dot_pack(struct buffer *out, uint32_t scope, const struct dot *dot)
{
    bool elsewhere = dot->feed.scope != scope;
    bool later = elsewhere || dot->feed.incarnation != INCARNATION_FIRST;
    TRY(pack_array(out, 2u + later + elsewhere));
    TRY(pack_uint(out, dot->feed.device));
    TRY(pack_uint(out, dot->number));
    if (later)
        TRY(pack_uint(out, dot->feed.incarnation));
    return elsewhere ? pack_uint(out, dot->feed.scope) : STATUS_OK;
}

enum status dots_pack(struct buffer *out, uint32_t scope, const struct dot *dots, size_t count)
{
    TRY(pack_array(out, (uint32_t)count));
    for (size_t i = 0; i < count; i++)
        TRY(dot_pack(out, scope, &dots[i]));
    return STATUS_OK;
}

static bool take_dot(struct unpack *in, uint32_t own_scope, struct dot *dot)
{
    uint32_t parts;
    uint64_t device, number, incarnation = INCARNATION_FIRST, scope = own_scope;
    if (!unpack_array(in, &parts) || parts < 2 || parts > 4 ||
        !unpack_uint_max(in, UINT32_MAX, &device) || !unpack_uint(in, &number))
        return false;
    if (parts > 2 && !unpack_uint_max(in, UINT32_MAX, &incarnation))
        return false;
    if (parts > 3 && (!unpack_uint_max(in, UINT32_MAX, &scope) || scope == own_scope))
        return false;
    if (parts == 3 && incarnation == INCARNATION_FIRST)
        return false;
    *dot = (struct dot){{(uint32_t)scope, (uint32_t)device, (uint32_t)incarnation}, number};
    return device > 0 && number > 0 && incarnation > 0;
}

enum status dots_start(struct entry_view *view, struct error *err)
{
    struct dot *dots = array_grow(view->dots, 0, &view->dots_capacity, sizeof *dots);
    if (!dots)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    view->dots = dots;
    view->dots_count = 0;
    return STATUS_OK;
}

static enum status push(struct entry_view *view, const struct dot *dot, struct error *err)
{
    struct dot *dots = array_grow(view->dots, view->dots_count, &view->dots_capacity, sizeof *dots);
    if (!dots)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    view->dots = dots;
    view->dots[view->dots_count++] = *dot;
    return STATUS_OK;
}

enum status dots_take(struct entry_view *view, struct unpack *in, uint32_t *at, uint32_t *count,
                      struct error *err)
{
    if (!unpack_array(in, count))
        return error_set(err, STATUS_BAD_INPUT, "bases are not a list");
    if (*count > ENTRY_BASES_MAX)
        return error_set(err, STATUS_TOO_LARGE, "a field names more than %d bases",
                         ENTRY_BASES_MAX);
    if (!view->dots)
        TRY(dots_start(view, err));
    *at = (uint32_t)view->dots_count;
    for (uint32_t i = 0; i < *count; i++) {
        struct dot dot;
        if (!take_dot(in, view->feed.scope, &dot))
            return error_set(err, STATUS_BAD_INPUT, "a base is not a dot");
        if (i > 0 && dot_compare(&view->dots[view->dots_count - 1], &dot) >= 0)
            return error_set(err, STATUS_BAD_INPUT, "bases are out of order");
        TRY(push(view, &dot, err));
    }
    return STATUS_OK;
}
