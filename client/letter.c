#include "client/letter.h"

#include <stdlib.h>

#include "common/view.h"

static const char *code_of(const struct schema_table *table, size_t place)
{
    return table_field(table, table->moves.state)->codes[place].code;
}

/* The table of letters for the row `id`, which must be here. */
static enum status find_letters(struct replica *replica, const char *id,
                                const struct schema_table **letters, struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    for (size_t i = 0; schema && i < schema->tables_count; i++) {
        const struct schema_table *table = &schema->tables[i];
        json_t *row = NULL;
        if (!table->moves.row)
            continue;
        uint32_t number = table_field(table, table->moves.row)->ref_tables[0];
        if (view_row(replica, schema_table(schema, number)->name, id, &row, NULL) != STATUS_OK)
            continue;
        bool here = !json_object_get(row, "_deleted");
        json_decref(row);
        if (!here)
            break;
        *letters = table;
        return STATUS_OK;
    }
    return error_set(err, STATUS_NOT_FOUND, "there is no row '%s' that can be transferred", id);
}

static enum status fill_in(struct edit *edit, uint16_t number, const char *text, struct error *err)
{
    if (!text || edit_has(edit, number))
        return STATUS_OK;
    return edit_text(edit, table_field(edit->table, number), EDIT_ASSIGN, text, err);
}

/* The id of an org that the registry here knows by this name; any other id as it was typed: a
 * branch doesn't know those beside it. */
static enum status fill_in_target(struct edit *edit, const char *to, struct error *err)
{
    const struct org *org;
    char text[ID_TEXT_BYTES];
    struct id id;
    if (view_org(edit->replica, to, &org, err) == STATUS_OK)
        id = org->id;
    else if (!id_parse(to, &id))
        return err->status;
    id_format(&id, text);
    return fill_in(edit, edit->table->moves.to, text, err);
}

static enum status fill_in_name(struct edit *edit, const char *id, struct error *err)
{
    const struct schema_moves *moves = &edit->table->moves;
    char *title = NULL;
    TRY(view_title(edit->replica, table_field(edit->table, moves->row), id, &title, err));
    enum status status = fill_in(edit, moves->name, title, err);
    free(title);
    return status;
}

static enum status fill_in_kind(struct edit *edit, struct error *err)
{
    const struct schema_field *when = table_field(edit->table, edit->table->moves.when);
    for (size_t i = 0; i < when->codes_count && i < 64; i++)
        if (edit->table->moves.when_codes >> i & 1)
            return fill_in(edit, when->number, when->codes[i].code, err);
    return STATUS_OK;
}

/* A day in the key is that of the letter: another one, another time, is another row. */
static enum status fill_in_day(struct edit *edit, struct error *err)
{
    char today[32];
    time_format(clock_wall_ms(replica_clock(edit->replica)), today);
    today[10] = '\0';
    for (size_t i = 0; i < edit->table->key_fields_count; i++) {
        uint16_t number = edit->table->key_fields[i];
        if (table_field(edit->table, number)->type == FIELD_DATE)
            return fill_in(edit, number, today, err);
    }
    return STATUS_OK;
}

enum status letter_begin(struct edit *edit, struct replica *replica, const char *id,
                         struct error *err)
{
    const struct schema_table *letters = NULL;
    TRY(find_letters(replica, id, &letters, err));
    return edit_start(edit, replica, CHANGE_ADD, letters->name, err);
}

enum status letter_offer(struct edit *edit, const char *id, const char *to, struct error *err)
{
    const struct schema_moves *moves = &edit->table->moves;
    TRY(fill_in(edit, moves->row, id, err));
    TRY(fill_in_target(edit, to, err));
    TRY(fill_in_name(edit, id, err));
    TRY(fill_in_kind(edit, err));
    TRY(fill_in_day(edit, err));
    return fill_in(edit, moves->state, code_of(edit->table, moves->offered), err);
}

enum status letter_begin_answer(struct edit *edit, struct replica *replica, const char *id,
                                struct error *err)
{
    const struct schema *schema = replica_schema(replica);
    for (size_t i = 0; schema && i < schema->tables_count; i++) {
        const struct schema_table *table = &schema->tables[i];
        json_t *row = NULL;
        if (!table->moves.row || view_row(replica, table->name, id, &row, NULL) != STATUS_OK)
            continue;
        json_decref(row);
        TRY(edit_start(edit, replica, CHANGE_SET, table->name, err));
        return edit_row(edit, id, err);
    }
    return error_set(err, STATUS_NOT_FOUND, "there is no letter '%s'", id);
}

enum status letter_answer(struct edit *edit, bool accept, struct error *err)
{
    const struct schema_moves *moves = &edit->table->moves;
    return fill_in(edit, moves->state,
                   code_of(edit->table, accept ? moves->accepted : moves->returned), err);
}
