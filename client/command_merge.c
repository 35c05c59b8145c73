/* merge and unmerge: two rows become one for whoever reads, and two again (common/doubles.h). */

#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/edit.h"
#include "common/doubles.h"
#include "common/view.h"

struct pair {
    const struct schema_table *table;
    struct id kept, merged;
    json_t *differs; /* names of fields in which both say something else */
};

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
static enum status find_pair(struct cli *cli, struct replica *replica, struct pair *pair,
                             struct error *err)
{
    const char **texts = cli->arguments;
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
static enum status compare(struct replica *replica, struct pair *pair, struct error *err)
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

static enum status merge(struct cli *cli, struct replica *replica, struct pair *pair,
                         struct error *err)
{
    char kept[ID_TEXT_BYTES];
    TRY(find_pair(cli, replica, pair, err));
    TRY(compare(replica, pair, err));
    id_format(&pair->kept, kept);
    return write_into(replica, pair->table, &pair->merged, kept, err);
}

static enum status unmerge(struct cli *cli, struct replica *replica, struct pair *pair,
                           struct error *err)
{
    struct id root;
    TRY(find_table(replica, cli->arguments[0], &pair->table, err));
    TRY(view_id(cli->arguments[0], &pair->merged, err));
    TRY(doubles_root(replica, &pair->merged, &root, err));
    if (id_equal(&root, &pair->merged))
        return error_set(err, STATUS_BAD_INPUT, "'%s' was not merged into another row",
                         cli->arguments[0]);
    pair->kept = root;
    return write_into(replica, pair->table, &pair->merged, "", err);
}

typedef enum status merge_work(struct cli *cli, struct replica *replica, struct pair *pair,
                               struct error *err);

static enum status in_transaction(struct cli *cli, struct replica *replica, merge_work *work,
                                  struct pair *pair, struct error *err)
{
    TRY(replica_begin(replica, err));
    enum status status = work(cli, replica, pair, err);
    if (status == STATUS_OK)
        return replica_commit(replica, err);
    replica_rollback(replica);
    return status;
}

static int run_merge(struct cli *cli, merge_work *work)
{
    struct error err = {0};
    struct replica *replica = NULL;
    struct pair pair = {.differs = json_array()};
    char kept[ID_TEXT_BYTES], merged[ID_TEXT_BYTES];
    enum status status = cli->program->open(cli, false, &replica, &err);
    if (status == STATUS_OK)
        status = in_transaction(cli, replica, work, &pair, &err);
    replica_close(replica);
    if (status != STATUS_OK) {
        json_decref(pair.differs);
        return cli_fail(cli, &err);
    }
    id_format(&pair.kept, kept);
    id_format(&pair.merged, merged);
    if (cli->json)
        return cli_print_json(
            cli, json_pack("{ss ss so}", "id", kept, "merged", merged, "differs", pair.differs));
    for (size_t i = 0; i < json_array_size(pair.differs); i++)
        cli_say(cli, "they differ in '%s'", json_string_value(json_array_get(pair.differs, i)));
    json_decref(pair.differs);
    printf("%s\n", kept);
    return CLI_DONE;
}

int command_merge(struct cli *cli)
{
    return run_merge(cli, merge);
}

int command_unmerge(struct cli *cli)
{
    return run_merge(cli, unmerge);
}
