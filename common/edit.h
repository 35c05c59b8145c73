#ifndef COMMON_EDIT_H
#define COMMON_EDIT_H

/* One change of one row, built from names and texts: what `add` and `set` are given, a line of
 * `apply`, a row of `import`.
 *
 * How a text is read depends on the field's rule:
 *   set      "a,b": on a new row its elements; later the whole set (what is missing is added, what
 * is too much removed); += and -= add and remove. A comma within an element has a \ before it
 *   counter  "n": on a new row the first amount; later the total that it should come to; += and -=
 *   steps    a code; when it lies behind the step reached, it begins the next round. "code#2" names
 * one others   what field_parse takes; empty: no value A new row gets the schema's defaults for
 * what was not given. Texts are read against the replica as it stands, so build and save inside one
 * transaction. Owns its memory; edit_release. */

#include <jansson.h>

#include "common/replica.h"

enum edit_sign { EDIT_ASSIGN, EDIT_PLUS, EDIT_MINUS };

struct edit_part { /* a field's value, at its place in `values` */
    uint16_t field;
    size_t at, size;
    bool by_default;
};

struct edit {
    struct change change; /* complete after edit_finish; borrows from the rest */
    struct replica *replica;
    const struct schema_table *table;
    struct buffer values;
    struct edit_part parts[SCHEMA_FIELDS_MAX + 1];
    size_t parts_count;
    struct change_field *fields;
    const char *thumbnail; /* path, of the file that is attached; borrowed; NULL: none */
    const json_t *bases;   /* borrowed; NULL: what the replica shows now */
    struct dot *dots;      /* of `bases`, one field's behind the other's */
    struct row row;        /* as it stands */
    bool row_loaded, row_exists;
};

void edit_release(struct edit *edit);
/* Begin a change of `kind`. `id`: 32 hex digits; NULL for a new row. `org`: an id or name, NULL:
 * the usual place. STATUS_NOT_FOUND, STATUS_BAD_INPUT. Releases what was there. */
enum status edit_start(struct edit *edit, struct replica *replica, enum change_kind kind,
                       const char *table, struct error *err);
enum status edit_row(struct edit *edit, const char *id, struct error *err);
enum status edit_org(struct edit *edit, const char *org, struct error *err);

/* "FIELD=VALUE", "FIELD+=VALUE", "FIELD-=VALUE", and "FIELD=@FILE" for an attachment. STATUS_USAGE
 * when it is none of these. Only what was typed here names files of this machine. */
enum status edit_assignment(struct edit *edit, const char *text, struct error *err);
/* One field. STATUS_NOT_FOUND for an unknown one, STATUS_BAD_INPUT. */
enum status edit_text(struct edit *edit, const struct schema_field *field, enum edit_sign sign,
                      const char *text, struct error *err);
/* The same from JSON: texts, numbers, true/false, null, lists of them for sets. The name may end
 * with "+=" or "-=". */
enum status edit_json(struct edit *edit, const char *name, const json_t *value, struct error *err);
/* A value that is canonical already; nil for field 0 isn't allowed. */
enum status edit_value(struct edit *edit, uint16_t field, struct bytes value, struct error *err);
/* What the person had on the screen, as view_bases told it: {"field": ["dot", …]}. Without it, the
 * values that the replica shows at the save count as seen. Borrows until edit_finish, which fails
 * with STATUS_BAD_INPUT for what is no dot. */
void edit_seen(struct edit *edit, const json_t *bases);
/* Was the field given? */
bool edit_has(const struct edit *edit, uint16_t field);

/* Fill in defaults and put the fields in order; edit->change is then ready to be saved. */
enum status edit_finish(struct edit *edit, struct error *err);

#endif
