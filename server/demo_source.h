#ifndef SERVER_DEMO_SOURCE_H
#define SERVER_DEMO_SOURCE_H

/* Invented orgs and rows, out of schema/demo.json: SQL over numbers, asked of a database in memory.
 *
 * What comes out depends on size, seed, day and schema alone. Nothing here knows what a row means,
 * nor where it goes. In the file stand
 *   "real"  rows [size, kind, name, parent's name, members] of organisations that exist; the table
 *           `real` for questions
 *   "words" lists of texts, for the function word
 *   "orgs"  one question: kind, name, parent's name ('': the root), members; parents first
 *   "rows"  [{"table", "sql"}]: asked once for each org, in this order. A column is a field, as one
 *           would type it; those that begin with _ : _id of the row, _at when it was written,
 *           _apart: written over what stands there without having seen it
 * Questions have :n (the org's place, 0: the root) :id :kind :name :members :parent (its place)
 * :place (its name) :first (members of all branches before) :size :day, the table nat(k) of 0 to
 * 999, and the functions
 *   rnd(m, key…)           0 to m - 1
 *   word(list, key…)       one of a list of words
 *   rid(table, key…)       a row's id
 *   natural(table, key…)   the id of a row that has these values in its natural key */

#include <jansson.h>

#include "common/error.h"
#include "common/id.h"
#include "common/schema.h"

struct demo_wish {
    const char *size; /* township, city, province */
    uint64_t seed;
    const char *day; /* the last day that rows speak of */
    const struct schema *schema;
};

struct demo_org {
    size_t place; /* 0: the root */
    struct id id;
    const char *kind, *name;
    size_t parent; /* the place of the org above */
    int64_t members, first;
};

struct demo_source; /* opaque */
/* STATUS_NOT_FOUND: no such size. Gives. Borrows all that `wish` names. */
enum status demo_source_open(struct demo_source **source, const struct demo_wish *wish,
                             struct error *err);
void demo_source_free(struct demo_source *source); /* NULL is fine */

size_t demo_source_orgs_count(const struct demo_source *source);
/* Borrowed until the source is freed. */
const struct demo_org *demo_source_org(const struct demo_source *source, size_t place);

struct demo_row {
    const char *table;
    struct id id;   /* zero: none was given */
    const char *at; /* a day; NULL: any */
    bool apart;
    json_t *fields; /* {"field": "what one would type"}; borrowed during the call */
};
typedef enum status demo_taker(void *context, const struct demo_org *org,
                               const struct demo_row *row, struct error *err);
/* All rows of one org, in order. */
enum status demo_source_rows(struct demo_source *source, const struct demo_org *org,
                             demo_taker *take, void *context, struct error *err);

#endif
