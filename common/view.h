#ifndef COMMON_VIEW_H
#define COMMON_VIEW_H

/* What a replica shows, as JSON values in the form that scripts rely on (docs/commands.md).
 *
 * Used by the commands of both programs and by their pages. Only reads; writes no text itself.
 * Values: texts, dates, codes and ids are strings, money a string with two decimals, whole numbers
 * are numbers, bool is true or false, a set an array of texts, an absent value null, a sealed one
 * "***". Every json_t is given to the caller unless said otherwise.
 *
 * Around several calls that must see the same state: view_begin … view_end. */

#include <jansson.h>

#include "common/replica_seal.h"

/* Catch up with other processes and hold one state of the file. Always pair with view_end. */
enum status view_begin(struct replica *replica, struct error *err);
void view_end(struct replica *replica);

/* ---- names ---- */
/* STATUS_NOT_FOUND names what isn't there. */
enum status view_table(struct replica *replica, const char *name, const struct schema_table **table,
                       struct error *err);
enum status view_field(const struct schema_table *table, const char *name,
                       const struct schema_field **field, struct error *err);
enum status view_id(const char *text, struct id *id, struct error *err);
/* An org by its id or, when only one bears it, its name. */
enum status view_org(struct replica *replica, const char *text, const struct org **org,
                     struct error *err);
/* The label in the process's language. */
const char *view_label(const struct label *label);
/* The name of a person who wrote by `device`; their id in hex when no name is known. `name` has
 * room for VIEW_NAME_BYTES. */
#define VIEW_NAME_BYTES 128
void view_person(struct replica *replica, const struct id *person, uint32_t device, char *name);

/* ---- values ---- */
/* One canonical value (for a set: one element; steps: "code" or "code#round"). */
enum status view_value(const struct schema *schema, const struct schema_field *field,
                       struct bytes value, json_t **json, struct error *err);

/* ---- rows ---- */
enum view_match {
    VIEW_IS,   /* this value; none, when `value` is empty; a set: holds this element */
    VIEW_FROM, /* it or a later or greater one: dates, months, times and numbers */
    VIEW_UNTIL /* it or an earlier or lesser one */
};
struct view_where {
    const char *field; /* a field, "id" or "_org" */
    const char *value; /* text for field_parse */
    enum view_match match;
    bool or_next; /* this condition or the next one */
};
struct view_query {
    const char *table;
    const struct view_where *wheres;
    size_t wheres_count;
    const char *search; /* words that text fields hold, or the title read aloud (search.h); sealed
                         * texts are looked through when no other has them; NULL: all rows */
    int64_t limit;      /* 0: no limit */
    int64_t offset;
    const char *order; /* a field that is no set; NULL: by id */
    bool descending;   /* absent values first, or last when descending */
    const char *after; /* go on behind this row's id (which may be gone); NULL: from the first */
    const char *after_value; /* what that row had in `order`, as text; NULL or empty: nothing */
};
/* Gets one row: {"id", fields…, "NAME_round" from 2 on, "_org", "_conflicts": […], "_deleted" when
 * deleted or moved, "_moved" the name of the org it moved to}. Borrows `row`. */
typedef enum status view_taker(void *context, json_t *row, struct error *err);
/* Rows that are not deleted, ascending by id unless the query says otherwise. */
enum status view_list(struct replica *replica, const struct view_query *query, view_taker *take,
                      void *context, struct error *err);
/* How many rows the query has, whatever its limit and place. */
enum status view_count(struct replica *replica, const struct view_query *query, int64_t *count,
                       struct error *err);
/* What people call the row `id` of one of the tables that `field` may name (a ref or an element of
 * a set of refs): its title field; for an id that has no row, the name of the person with a device.
 * NULL in *title when there is neither. Gives. */
enum status view_title(struct replica *replica, const struct schema_field *field, const char *ref,
                       char **title, struct error *err);
/* One row, deleted or not. STATUS_NOT_FOUND. */
enum status view_row(struct replica *replica, const char *table, const char *id, json_t **row,
                     struct error *err);
/* {"field": ["dot", …]}: the heads of each field of a row, that is what somebody who looks at it
 * now has seen. STATUS_NOT_FOUND. */
enum status view_bases(struct replica *replica, const char *table, const char *id, json_t **bases,
                       struct error *err);

/* ---- history and conflicts (view_history.c) ---- */
/* Does the row's history lack its first values? *snapshot: because its scope came as one. */
bool view_history_is_cut(struct replica *replica, const char *table, const char *id,
                         bool *snapshot);
/* NULL: field 0, the tombstone. */
const char *view_field_name(const struct schema_field *field);
/* [{"field","value","person","device","time","dot","state"}] in the order of time; value of a set:
 * {"added":[…],"removed":[…]}. "adopted": the dot of the entry that it was adopted from; "carried",
 * "org": what was written in another org, under which dot. */
enum status view_history(struct replica *replica, const char *table, const char *id,
                         json_t **history, struct error *err);
/* [{"table","id","field","heads_count","heads":[{"value","person","device","time","dot"}]}]: of
 * each writer's values in one field the newest VIEW_HEADS_MAX (view_conflicts.c). */
#define VIEW_HEADS_MAX 20
enum status view_conflicts(struct replica *replica, json_t **conflicts, struct error *err);
/* [{"table","by":["field",…],"rows":[{"id","label","_org"}]}]: groups of rows that the schema's
 * `same` takes for one, not merged yet. `table` NULL: of all (view_duplicates.c). */
enum status view_duplicates(struct replica *replica, const char *table, json_t **list,
                            struct error *err);
/* [{"table","id","row","name","to","state","_org","_moved"}]: letters by which rows go to another
 * org (transfer.h), also those that were sent on: "_moved" says where they lie (view_letters.c). */
enum status view_letters(struct replica *replica, json_t **letters, struct error *err);
/* Puts "person", "device", "time", "dot" into `item`: who wrote, when, with which entry. */
enum status view_origin(struct replica *replica, json_t *item, const struct dot *dot,
                        const struct id *person, int64_t time_ms, struct error *err);
/* What an entry wrote at a place (field NULL: field 0), unsealed where we can; for a set
 * {"added":[…],"removed":[…]}. */
enum status view_written(struct replica *replica, const struct seal_place *place,
                         const struct schema_field *field, struct bytes value, json_t **json,
                         struct error *err);

/* ---- what doesn't count (view_aside.c) ---- */
/* [{"dot","person","device","time","received","reason","adopted_as" (a dot or null),
 *   "proof" (of a fork: a run in base64), "ops":[{"table","id","fields":{…}}]}],
 * the newest first, at most 1,000. */
enum status view_set_aside(struct replica *replica, json_t **list, struct error *err);
/* Its "reason", kept in English, in the language of whoever reads it now. */
void view_retell_reason(json_t *item);

/* ---- who did what (view_audit.c) ---- */
struct view_audit_query {
    uint32_t device;  /* only of this roster index; 0: of all */
    int64_t since_ms; /* by the writer's clock */
    int64_t limit;    /* the newest so many; 0: all */
};
/* [{"time","person","device","org","action","table","id","ops","subject","access","state","dot"}],
 * the newest first. action: add change delete move settle adopt carry access, or of the registry
 * found root org enrol schema link_key revoke; access: the fields of a note of access; state:
 * counts or set_aside. */
enum status view_audit(struct replica *replica, const struct view_audit_query *query, json_t **list,
                       struct error *err);

/* ---- which schemas there were (view_schemas.c) ---- */
/* [{"epoch","schema","person","device","time","dot"}], the oldest first. */
enum status view_schemas(struct replica *replica, json_t **list, struct error *err);

/* ---- the whole (view_state.c) ---- */
/* {"ORG": hex, "ORG/registry": hex} */
enum status view_digest(struct replica *replica, json_t **digest, struct error *err);
/* {"ok","entries","bad":[…],"snapshots":[org…],"wrong": org or null}: snapshots: of whose records
 * the log isn't here; wrong: the last whose records weren't what their log says, though the hub
 * signed them. */
enum status view_verify(struct replica *replica, json_t **report, struct error *err);
enum status view_schema(struct replica *replica, json_t **schema, struct error *err);
/* {"entries","rows","conflicts","set_aside","unsent"} ; unsent: own entries that the hub isn't
 * known to hold. */
enum status view_counts(struct replica *replica, json_t **counts, struct error *err);
/* {"since","rows":[{"table","id","time"}]}: the rows of own entries that the hub isn't known to
 * hold, oldest first, each once, at most `limit`; since: the oldest one's time or null. */
/* Own entries that the hub isn't known to hold. */
enum status view_count_unsent(struct replica *replica, uint64_t *unsent, struct error *err);
enum status view_unsent(struct replica *replica, size_t limit, json_t **unsent, struct error *err);

#endif
