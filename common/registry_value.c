#include "common/registry_value.h"

struct unpack registry_value(const struct entry_view *entry, const struct op *op, uint16_t field)
{
    for (uint32_t i = 0; i < op->fields_count; i++)
        if (entry->fields[op->fields_at + i].number == field)
            return unpack_of(entry->fields[op->fields_at + i].value);
    return unpack_of((struct bytes){0});
}

bool registry_value_uint(const struct entry_view *entry, const struct op *op, uint16_t field,
                         uint64_t max, uint64_t *number)
{
    struct unpack in = registry_value(entry, op, field);
    return unpack_uint_max(&in, max, number);
}

bool registry_value_bin(const struct entry_view *entry, const struct op *op, uint16_t field,
                        struct bytes *data)
{
    struct unpack in = registry_value(entry, op, field);
    return unpack_bin(&in, data);
}

bool registry_value_str(const struct entry_view *entry, const struct op *op, uint16_t field,
                        struct bytes *text)
{
    struct unpack in = registry_value(entry, op, field);
    return unpack_str(&in, text);
}

enum status registry_broken(struct error *err, const char *what)
{
    return error_set(err, STATUS_BAD_INPUT, "a registry entry has a broken %s", what);
}
