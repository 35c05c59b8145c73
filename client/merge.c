#include "client/merge.h"

#include <string.h>

#include "common/doubles.h"
#include "common/edit.h"
#include "common/view.h"

/* The table that has the row and may merge. */
static enum status find_table(struct replica *replica, const char *text,
                              const struct schema_table **table, struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    *table = NULL;
    for (size_t i = 0; schema && i < schema->tables_count && !*table; i++) {
        json_t *row = NULL;
        if (!schema->tables[i].same_into)
            continue;
        if (view_row(replica, schema->tables[i].name, text, &row, NULL) == STATUS_OK)
            *table = &schema->tables[i];
        json_decref(row);
    }
    if (!*table)
        return error_set(err, STATUS_NOT_FOUND, "there is no row '%s' that can be merged", text);
    return STATUS_OK;
}

static enum status find_root(struct replica *replica, const char *text, struct id *root,
                             struct error *err)
{
    struct id id;
    TRY(view_id(text, &id, err));
    return doubles_root(replica, &id, root, err);
}

/* Of two the smaller id stays, so that two who merge apart choose alike. */
static enum status find_pair(struct replica *replica, const char *const texts[2],
                             struct merged *pair, struct error *err)
{
    const struct schema_table *other;
    TRY(find_table(replica, texts[0], &pair->table, err));
    TRY(find_table(replica, texts[1], &other, err));
    if (other != pair->table)
        return error_set(err, STATUS_BAD_INPUT, "'%s' is in table '%s', '%s' in '%s'", texts[0],
                         pair->table->name, texts[1], other->name);
    TRY(find_root(replica, texts[0], &pair->kept, err));
    TRY(find_root(replica, texts[1], &pair->merged, err));
    int order = memcmp(pair->kept.bytes, pair->merged.bytes, ID_BYTES);
    if (order == 0)
        return error_set(err, STATUS_EXISTS, "'%s' and '%s' are one row already", texts[0],
                         texts[1]);
    if (order > 0) {
        struct id greater = pair->kept;
        pair->kept = pair->merged;
        pair->merged = greater;
    }
    return STATUS_OK;
}

/* Who merges is told in what the two disagree; the kept row's values are shown from now on. */
static enum status compare(struct replica *replica, struct merged *pair, struct error *err)
{
    char kept[ID_TEXT_BYTES], merged[ID_TEXT_BYTES];
    json_t *a = NULL, *b = NULL;
    id_format(&pair->kept, kept);
    id_format(&pair->merged, merged);
    enum status status = view_row(replica, pair->table->name, kept, &a, err);
    if (status == STATUS_OK)
        status = view_row(replica, pair->table->name, merged, &b, err);
    for (size_t i = 0; status == STATUS_OK && i < pair->table->fields_count; i++) {
        const char *name = pair->table->fields[i].name;
        const json_t *left = json_object_get(a, name), *right = json_object_get(b, name);
        if (!json_is_null(left) && !json_is_null(right) && !json_equal(left, right))
            json_array_append_new(pair->differs, json_string(name));
    }
    json_decref(a);
    json_decref(b);
    return status;
}

/* Writes who stands for the row; NULL: itself again. */
static enum status write_into(struct replica *replica, const struct schema_table *table,
                              const struct id *row, const char *into, struct error *err)
{
    struct edit edit = {.replica = replica};
    struct saved saved;
    size_t entries, failed;
    char text[ID_TEXT_BYTES];
    id_format(row, text);
    enum status status = edit_start(&edit, replica, CHANGE_SET, table->name, err);
    if (status == STATUS_OK)
        status = edit_row(&edit, text, err);
    if (status == STATUS_OK)
        status = edit_text(&edit, table_field(table, table->same_into), EDIT_ASSIGN, into, err);
    if (status == STATUS_OK)
        status = edit_finish(&edit, err);
    if (status == STATUS_OK)
        status = replica_save(replica, &edit.change, 1, &saved, &entries, &failed, err);
    edit_release(&edit);
    return status;
}

enum status merge_rows(struct replica *replica, const char *const ids[2], struct merged *merged,
                       struct error *err)
{
    char kept[ID_TEXT_BYTES];
    TRY(find_pair(replica, ids, merged, err));
    TRY(compare(replica, merged, err));
    id_format(&merged->kept, kept);
    return write_into(replica, merged->table, &merged->merged, kept, err);
}

enum status merge_undo(struct replica *replica, const char *id, struct merged *merged,
                       struct error *err)
{
    TRY(find_table(replica, id, &merged->table, err));
    TRY(view_id(id, &merged->merged, err));
    TRY(doubles_root(replica, &merged->merged, &merged->kept, err));
    if (id_equal(&merged->kept, &merged->merged))
        return error_set(err, STATUS_BAD_INPUT, "'%s' was not merged into another row", id);
    return write_into(replica, merged->table, &merged->merged, "", err);
}

json_t *merged_json(const struct merged *merged)
{
    char kept[ID_TEXT_BYTES], gone[ID_TEXT_BYTES];
    id_format(&merged->kept, kept);
    id_format(&merged->merged, gone);
    return json_pack("{ss ss sO}", "id", kept, "merged", gone, "differs", merged->differs);
}
