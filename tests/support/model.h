#ifndef TESTS_SUPPORT_MODEL_H
#define TESTS_SUPPORT_MODEL_H

/* The merge rules said a second time: slowly, from all known writes at once, without any order.
 *
 * The oracle for common/row.c and for replicas. It never applies anything: it keeps a list of
 * writes and answers each question by looking through all of it, by the definition
 *   heads(field) = { v known : no known w has v in base(w) }
 * It shares with the code under test only the decoding of entries, field_compare, field_code_rank
 * and merge_lines. Faults of a test itself stop the program. Owns copies of everything;
 * model_release. */

#include "common/entry.h"
#include "common/row.h"
#include "common/schema.h"

enum model_write_kind {
    MODEL_VALUE, /* a value with its bases; a counter's increment */
    MODEL_ADD,   /* an element added to a set */
    MODEL_REMOVE /* an element taken out, where these dots had put it in */
};

struct model_write {
    enum model_write_kind kind;
    uint32_t table;
    struct id row;
    uint16_t field;
    struct dot dot; /* its scope is the row's */
    int64_t time_ms;
    struct id person;
    struct bytes value; /* or the element; owned */
    struct dot *bases;  /* as written, ascending; owned */
    size_t bases_count;
};

struct model {
    const struct schema *schema; /* borrowed */
    struct model_write *writes;
    size_t count, capacity;
};

struct model_key {
    uint32_t table;
    uint32_t scope;
    struct id id;
};

void model_release(struct model *model);
/* Forget all writes. */
void model_clear(struct model *model);

/* Know all that one entry wrote. `person`: who it counts for when the entry names nobody. */
void model_know(struct model *model, const struct dot *dot, const struct id *person,
                const struct entry_view *entry);

/* The write of a field by an entry; NULL when there is none. Borrows. */
const struct model_write *model_find(const struct model *model, const struct model_key *key,
                                     uint16_t field, const struct dot *dot);

/* The heads of a field, ascending by (element,) dot. Gives an array of borrowed writes (free() it).
 */
const struct model_write **model_heads(const struct model *model, const struct model_key *key,
                                       uint16_t field, size_t *count);
/* Sum of a counter's increments. */
uint64_t model_total(const struct model *model, const struct model_key *key, uint16_t field);

/* What row_show is to answer. The value is owned by `shown`; model_shown_release. */
struct model_shown {
    bool present, conflict, merged;
    struct dot dot; /* not for sets and counters */
    struct buffer value;
};
void model_show(const struct model *model, const struct model_key *key, uint16_t field,
                struct model_shown *shown);
void model_shown_release(struct model_shown *shown);

bool model_deleted(const struct model *model, const struct model_key *key);
bool model_delete_conflict(const struct model *model, const struct model_key *key);

/* What cell_canonical is to append for all cells of the row, one after the other. */
void model_canonical(const struct model *model, const struct model_key *key, struct buffer *out);

#endif
