#include "common/edit_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "common/replica_attachment.h"

static enum status out_of_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "out of memory");
}

/* ---- texts ---- */

void edit_texts_release(struct edit_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        free(texts->items[i]);
    free(texts->items);
    *texts = (struct edit_texts){0};
}

static enum status keep_text(struct edit_texts *texts, char *text, struct error *err)
{
    if (text && texts->count == texts->capacity) {
        size_t capacity = texts->capacity ? texts->capacity * 2 : 8;
        char **grown = realloc(texts->items, capacity * sizeof *grown);
        if (!grown) {
            free(text);
            return out_of_memory(err);
        }
        texts->items = grown;
        texts->capacity = capacity;
    }
    if (!text)
        return out_of_memory(err);
    texts->items[texts->count++] = text;
    return STATUS_OK;
}

enum status edit_texts_add(struct edit_texts *texts, const char *text, struct error *err)
{
    return keep_text(texts, strdup(text), err);
}

enum status edit_texts_split(struct edit_texts *texts, const char *text, struct error *err)
{
    while (*text) {
        char *item = malloc(strlen(text) + 1), *end = item;
        if (!item)
            return out_of_memory(err);
        for (; *text && *text != ','; text++) {
            if (*text == '\\' && text[1])
                text++;
            *end++ = *text;
        }
        *end = '\0';
        text += *text == ',';
        TRY(keep_text(texts, item, err));
    }
    return STATUS_OK;
}

/* ---- sets ---- */

struct element_list {
    struct buffer values;
    size_t *ends;
    size_t count;
};

static void list_release(struct element_list *list)
{
    buffer_release(&list->values);
    free(list->ends);
}

static struct bytes list_at(const struct element_list *list, size_t index)
{
    size_t from = index ? list->ends[index - 1] : 0;
    return bytes_of(list->values.data + from, list->ends[index] - from);
}

static bool list_has(const struct element_list *list, struct bytes element)
{
    for (size_t i = 0; i < list->count; i++)
        if (bytes_equal(list_at(list, i), element))
            return true;
    return false;
}

static enum status parse_elements(struct edit_reading *reading, const struct edit_texts *texts,
                                  struct element_list *list, struct error *err)
{
    list->ends = calloc(texts->count + 1, sizeof *list->ends);
    if (!list->ends)
        return out_of_memory(err);
    for (size_t i = 0; i < texts->count; i++) {
        if (!*texts->items[i])
            continue;
        TRY(field_parse(replica_schema(reading->replica), reading->field, texts->items[i],
                        &list->values, err));
        list->ends[list->count++] = list->values.size;
    }
    return STATUS_OK;
}

static enum status pack_list(struct edit_reading *reading, const struct element_list *list)
{
    TRY(pack_array(reading->out, (uint32_t)list->count));
    return buffer_append_bytes(reading->out, buffer_bytes(&list->values));
}

/* What stands in the row and not in the list. */
static enum status pack_surplus(struct edit_reading *reading, const struct element_list *list)
{
    struct element_list surplus = {0};
    const struct cell *cell =
        reading->row ? row_find_cell(reading->row, reading->field->number) : NULL;
    size_t heads = cell ? cell->heads_count : 0;
    enum status status = STATUS_OK;
    surplus.ends = calloc(heads + 1, sizeof *surplus.ends);
    if (!surplus.ends)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < heads && status == STATUS_OK; i++) {
        if (list_has(list, cell->heads[i].value) || list_has(&surplus, cell->heads[i].value))
            continue;
        status = buffer_append_bytes(&surplus.values, cell->heads[i].value);
        surplus.ends[surplus.count++] = surplus.values.size;
    }
    if (status == STATUS_OK)
        status = pack_list(reading, &surplus);
    list_release(&surplus);
    return status;
}

/* What the list has and the row hasn't: an element that is there isn't added again. */
static enum status drop_present(struct edit_reading *reading, struct element_list *list)
{
    struct element_list kept = {0};
    const struct cell *cell =
        reading->row ? row_find_cell(reading->row, reading->field->number) : NULL;
    enum status status = STATUS_OK;
    kept.ends = calloc(list->count + 1, sizeof *kept.ends);
    if (!kept.ends)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < list->count && status == STATUS_OK; i++) {
        struct bytes element = list_at(list, i);
        bool present = list_has(&kept, element);
        for (size_t h = 0; cell && h < cell->heads_count && !present; h++)
            present = bytes_equal(cell->heads[h].value, element);
        if (present)
            continue;
        status = buffer_append_bytes(&kept.values, element);
        kept.ends[kept.count++] = kept.values.size;
    }
    list_release(list);
    *list = kept;
    return status;
}

static enum status pack_set(struct edit_reading *reading, enum edit_sign sign,
                            struct element_list *list)
{
    TRY(pack_array(reading->out, 2));
    if (sign == EDIT_MINUS) {
        TRY(pack_array(reading->out, 0));
        return pack_list(reading, list);
    }
    if (sign == EDIT_PLUS) {
        TRY(pack_list(reading, list));
        return pack_array(reading->out, 0);
    }
    struct buffer removed = {0};
    struct edit_reading aside = *reading;
    aside.out = &removed;
    enum status status = pack_surplus(&aside, list);
    if (status == STATUS_OK)
        status = drop_present(reading, list);
    if (status == STATUS_OK)
        status = pack_list(reading, list);
    if (status == STATUS_OK)
        status = buffer_append_bytes(reading->out, buffer_bytes(&removed));
    buffer_release(&removed);
    return status;
}

static enum status read_set(struct edit_reading *reading, const struct edit_texts *texts,
                            struct error *err)
{
    struct element_list list = {0};
    enum status status = parse_elements(reading, texts, &list, err);
    if (status == STATUS_OK && pack_set(reading, texts->sign, &list) != STATUS_OK)
        status = out_of_memory(err);
    list_release(&list);
    return status;
}

/* ---- counters and steps ---- */

/* Sums are modulo 2^64, as the merge's. */
static enum status read_counter(struct edit_reading *reading, const struct edit_texts *texts,
                                struct error *err)
{
    struct buffer value = {0};
    const struct cell *cell =
        reading->row ? row_find_cell(reading->row, reading->field->number) : NULL;
    int64_t amount = 0;
    enum status status =
        field_parse(replica_schema(reading->replica), reading->field, texts->items[0], &value, err);
    struct unpack in = unpack_of(buffer_bytes(&value));
    if (status == STATUS_OK && !unpack_int(&in, &amount))
        status = error_set(err, STATUS_BAD_INPUT, "field '%s': a counter needs a number",
                           reading->field->name);
    buffer_release(&value);
    if (status != STATUS_OK)
        return status;
    uint64_t step = (uint64_t)amount;
    if (texts->sign == EDIT_MINUS)
        step = 0 - step;
    if (texts->sign == EDIT_ASSIGN && cell)
        step -= cell->total;
    return pack_int(reading->out, (int64_t)step) == STATUS_OK ? STATUS_OK : out_of_memory(err);
}

/* The step that the row shows: 0 when there is none yet. */
static enum status step_now(struct edit_reading *reading, uint64_t *round, int *rank,
                            struct error *err)
{
    struct row_history history = replica_history(reading->replica);
    struct shown shown = {0};
    struct bytes code;
    uint32_t parts;
    *round = 0;
    *rank = -1;
    if (!reading->row)
        return STATUS_OK;
    TRY(row_show(reading->row, reading->field, &history, &shown, err));
    struct unpack in = unpack_of(shown.value);
    if (!shown.present || shown.value.size == 0)
        return STATUS_OK;
    if (!unpack_array(&in, &parts))
        *round = 1;
    else if (!unpack_uint(&in, round))
        return STATUS_OK;
    if (unpack_str(&in, &code))
        *rank = field_code_rank(reading->field, code);
    return STATUS_OK;
}

static enum status read_step(struct edit_reading *reading, const struct edit_texts *texts,
                             struct error *err)
{
    const char *text = texts->items[0];
    const char *hash = strrchr(text, '#');
    char *end = NULL;
    uint64_t round = hash ? strtoull(hash + 1, &end, 10) : 0, now;
    int rank_now;
    struct buffer code = {0};
    struct bytes name;
    bool named = hash && end != hash + 1 && *end == '\0' && round >= 1 && round <= INT32_MAX;
    char *bare = strndup(text, named ? (size_t)(hash - text) : strlen(text));
    enum status status =
        bare ? field_parse(replica_schema(reading->replica), reading->field, bare, &code, err)
             : out_of_memory(err);
    struct unpack in = unpack_of(buffer_bytes(&code));
    if (status == STATUS_OK && !unpack_str(&in, &name))
        status = error_set(err, STATUS_BAD_INPUT, "field '%s': a step needs a code",
                           reading->field->name);
    if (status == STATUS_OK)
        status = step_now(reading, &now, &rank_now, err);
    if (status == STATUS_OK && !named)
        round = now == 0 ? 1 : now + (field_code_rank(reading->field, name) < rank_now);
    if (status == STATUS_OK && round >= 2 &&
        (pack_array(reading->out, 2) != STATUS_OK || pack_uint(reading->out, round) != STATUS_OK))
        status = out_of_memory(err);
    if (status == STATUS_OK && buffer_append_bytes(reading->out, buffer_bytes(&code)) != STATUS_OK)
        status = out_of_memory(err);
    buffer_release(&code);
    free(bare);
    return status;
}

/* "upload:ROOT": what was added just before (client/api_attachment.c). */
static enum status read_attachment(struct edit_reading *reading, const char *text,
                                   struct error *err)
{
    static const char upload[] = "upload:";
    struct buffer plain = {0};
    if (strncmp(text, upload, sizeof upload - 1) != 0)
        return field_parse(replica_schema(reading->replica), reading->field, text, reading->out,
                           err);
    enum status status =
        replica_attach_again(reading->replica, text + sizeof upload - 1, &plain, err);
    if (status == STATUS_OK && buffer_append_bytes(reading->out, buffer_bytes(&plain)) != STATUS_OK)
        status = out_of_memory(err);
    buffer_release(&plain);
    return status;
}

enum status edit_value_read(struct edit_reading *reading, const struct edit_texts *texts,
                            struct error *err)
{
    const struct schema_field *field = reading->field;
    if (texts->sign != EDIT_ASSIGN && field->merge != MERGE_SET && field->merge != MERGE_COUNTER)
        return error_set(err, STATUS_BAD_INPUT,
                         "field '%s' is neither a set nor a counter: += and -= are not for it",
                         field->name);
    if (field->merge == MERGE_SET)
        return read_set(reading, texts, err);
    if (field->merge == MERGE_COUNTER)
        return read_counter(reading, texts, err);
    if (field->merge == MERGE_STEPS)
        return read_step(reading, texts, err);
    if (field->type == FIELD_ATTACHMENT)
        return read_attachment(reading, texts->items[0], err);
    return field_parse(replica_schema(reading->replica), field, texts->items[0], reading->out, err);
}

/* ---- defaults ---- */

/* "2026-11-01T09:30" in local time, as the forms have it. */
static void local_time(struct replica *replica, char out[32])
{
    if (!time_format_local(clock_wall_ms(replica_clock(replica)), out))
        snprintf(out, 32, "1970-01-01T00:00");
}

/* The user's person, as the device's certificate names them; false when not enrolled. */
static bool own_person(struct replica *replica, char out[ID_TEXT_BYTES])
{
    const struct device *self =
        registry_device(replica_registry(replica), replica_identity(replica)->device);
    if (self)
        id_format(&self->certificate.person, out);
    return self != NULL;
}

/* The text that stands for "now", "today" or "me"; others are themselves. NULL: nothing to give. */
static const char *default_text(const struct edit_reading *reading, char text[64])
{
    const struct schema_field *field = reading->field;
    const char *named = field->default_text;
    if (field->type == FIELD_REF && strcmp(named, "me") == 0)
        return own_person(reading->replica, text) ? text : NULL;
    bool now = field->type == FIELD_DATETIME && strcmp(named, "now") == 0;
    bool today =
        (field->type == FIELD_DATE || field->type == FIELD_MONTH) && strcmp(named, "today") == 0;
    if (!now && !today)
        return named;
    local_time(reading->replica, text);
    if (today)
        text[field->type == FIELD_MONTH ? 7 : 10] = '\0';
    return text;
}

enum status edit_value_default(struct edit_reading *reading, struct error *err)
{
    char made[64];
    struct edit_texts texts = {0};
    const char *text = default_text(reading, made);
    if (!text)
        return STATUS_OK;
    enum status status = reading->field->merge == MERGE_SET ? edit_texts_split(&texts, text, err)
                                                            : edit_texts_add(&texts, text, err);
    if (status == STATUS_OK)
        status = edit_value_read(reading, &texts, err);
    edit_texts_release(&texts);
    return status;
}
