#include "common/tombstone.h"

#include "common/pack.h"
#include "common/registry.h"

static bool take_flag(struct bytes value, bool *flag)
{
    struct unpack in = unpack_of(value);
    return unpack_bool(&in, flag) && unpack_done(&in);
}

bool tombstone_moved(struct bytes value, struct moved *moved)
{
    struct unpack in = unpack_of(value);
    uint32_t parts;
    uint64_t org;
    if (!unpack_array(&in, &parts) || parts != 2 || !unpack_uint_max(&in, ORG_MAX, &org) ||
        org == 0 || !unpack_str(&in, &moved->name) || moved->name.size == 0 ||
        moved->name.size > ORG_NAME_BYTES_MAX || !unpack_done(&in))
        return false;
    moved->org = (uint32_t)org;
    return true;
}

bool tombstone_valid(struct bytes value)
{
    struct moved moved;
    bool flag;
    return take_flag(value, &flag) || tombstone_moved(value, &moved);
}

bool tombstone_gone(struct bytes value)
{
    struct moved moved;
    bool deleted;
    return take_flag(value, &deleted) ? deleted : tombstone_moved(value, &moved);
}

enum status tombstone_pack_moved(struct buffer *out, const struct moved *moved)
{
    TRY(pack_array(out, 2));
    TRY(pack_uint(out, moved->org));
    return pack_str(out, moved->name);
}
