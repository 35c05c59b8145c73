#ifndef TESTS_SUPPORT_STORY_H
#define TESTS_SUPPORT_STORY_H

/* Entries of one row in short words, and what the row shows after them.
 *
 *   story_write(&story, "2.1@20", "name[1.1]=new; tags=+a-b(1.1)");
 *
 * is entry 1 of device 2, written at time 20: it replaces by "new" the name that 1.1 wrote, adds
 * the element a and takes out the b that 1.1 had added. A value is "nil", a number, a text, a step
 * ("done", "done#2" for round 2), the place where a row went ("deleted=gone7": org 7) or, for a
 * text, "~" and what is sealed. Devices 1, 11, 21 … belong to one person, as do 2, 12 …. Faults of
 * a test itself stop the program.
 *
 * After story_apply the row can be read as text, a line for each field:
 *   name = new of old@1.1 new@2.1, conflict
 *   deleted, disputed
 *   waits for name 3.1 */

#include "common/row.h"

#define STORY_ENTRIES_MAX 64
#define STORY_WORDS_MAX 1024
#define STORY_SCOPE SCOPE_RECORDS(7)
#define STORY_TABLE 16

/* A schema of one table that has every merge rule. */
extern const char story_schema[];

struct written {
    struct dot dot;
    struct id person;
    struct entry_view view; /* decoded, borrows body */
    struct buffer body;
    char words[STORY_WORDS_MAX]; /* the call that made it, for traces */
};

struct story {
    struct schema *schema;
    const struct schema_table *table;
    struct id id;
    struct entry_writer writer;
    struct written entries[STORY_ENTRIES_MAX];
    size_t count;
    struct row row;
    bool applied[STORY_ENTRIES_MAX];
    struct buffer text;
};

void story_init(struct story *story);
void story_release(struct story *story);
void story_clear(struct story *story); /* forget the entries */

/* Write an entry; nothing is applied yet. Borrowed until story_clear. */
const struct written *story_write(struct story *story, const char *dot_and_time,
                                  const char *writes);

/* Start the row anew and apply entries by their dots: "1.1 3.1 2.1". */
void story_apply(struct story *story, const char *dots);
/* Apply further entries to the row as it is. */
void story_apply_more(struct story *story, const char *dots);
/* As story_apply, by place in `entries`. */
void story_apply_places(struct story *story, const size_t *places, size_t count);
void story_apply_place(struct story *story, size_t place); /* one more, to the row as it is */
/* The row as text. Borrowed until the next call. */
const char *story_read(struct story *story);
/* cell_canonical of all cells that have heads, one after the other. */
enum status row_canonical(const struct row *row, struct buffer *out, struct error *err);
/* Is the field's cell marked as changed? */
bool story_marked(const struct story *story, const char *field);
/* What row_show needs, from all entries written, applied or not. */
struct row_history story_history(struct story *story);

#endif
