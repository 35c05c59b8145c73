#include "common/steps.h"

#include "common/messages.h"
#include "common/pack.h"

/* NULL when the value is no step that the field lists. */
static const struct schema_code *step_of(const struct schema_field *field, struct bytes value)
{
    struct unpack in = unpack_of(value);
    struct bytes code;
    uint32_t parts;
    uint64_t round;
    if (unpack_array(&in, &parts) && !unpack_uint(&in, &round))
        return NULL;
    int rank = unpack_str(&in, &code) ? field_code_rank(field, code) : -1;
    return rank >= 0 ? &field->codes[rank] : NULL;
}

static const char *label_of(const struct label *label)
{
    return language_get() == LANGUAGE_ZH ? label->zh : label->en;
}

enum status steps_check_role(const struct schema_table *table, const struct schema_field *field,
                             struct bytes value, uint32_t role_bit, struct error *err)
{
    const struct schema_code *step = step_of(field, value);
    if (!step || !step->roles || (step->roles & role_bit))
        return STATUS_OK;
    return error_set(err, STATUS_DENIED, "this role may not take the step '%s' of '%s' (%s.%s)",
                     label_of(&step->label), label_of(&field->label), table->name, field->name);
}

enum status steps_check_order(const struct schema_table *table, const struct schema_field *field,
                              struct bytes now, struct bytes value, struct error *err)
{
    const struct schema_code *from = step_of(field, now), *step = step_of(field, value);
    if (!from || !step || !step->has_from || bytes_equal(now, value))
        return STATUS_OK;
    if (!(step->from >> (from - field->codes) & 1))
        return error_set(err, STATUS_DENIED, "the step '%s' does not follow '%s' (%s.%s)",
                         label_of(&step->label), label_of(&from->label), table->name, field->name);
    /* Typed with an earlier round it would be saved and never shown. */
    if (field_compare(field, value, now) < 0)
        return error_set(err, STATUS_DENIED,
                         "the step '%s' needs a round after that of '%s' (%s.%s)",
                         label_of(&step->label), label_of(&from->label), table->name, field->name);
    return STATUS_OK;
}
