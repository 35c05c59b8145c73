#ifndef COMMON_SCHEMA_H
#define COMMON_SCHEMA_H

/* The domain as data: tables, fields, labels, merge rules, roles.
 *
 * Read from one JSON file (schema/jinqiu.json; its form is docs/schema.md). `init` writes it into
 * the registry, clients receive it from there. SQL, commands and pages follow from it; no C
 * function knows what a visit is. A schema is immutable after loading and may be read by many
 * threads.
 *
 * Numbers of tables and fields are never reused: schema_check_successor refuses a schema that drops
 * or re-types one. Names match ^[a-z][a-z0-9_]{0,62}$. Owns all its strings; schema_free. */

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/id.h"

#define SCHEMA_TEXT_MAX (1024 * 1024)
#define SCHEMA_TABLES_MAX 200
#define SCHEMA_FIELDS_MAX 200 /* a table */
#define FIELD_NUMBER_MAX 250
#define FIELD_DELETED 0       /* every table's field 0: bool, the tombstone */
#define TABLE_NUMBER_FIRST 16 /* 1..15 are the registry's own, see registry.h */
#define TABLE_NUMBER_MAX 65535
#define FIELD_TEXT_BYTES_MAX (64 * 1024)
#define SCHEMA_CODES_MAX 200 /* an enum */
#define SCHEMA_STEPS_MAX 64  /* codes of an enum with declared steps */
#define SCHEMA_SAME_MAX 8
#define SCHEMA_SAME_FIELDS_MAX 4
#define SCHEMA_KEY_MAX 8 /* fields of a natural key */
#define SCHEMA_INDEX_MAX 8
#define SCHEMA_INDEX_FIELDS_MAX 12
#define SCHEMA_LABEL_BYTES_MAX 240
#define FIELD_CODE_BYTES_MAX 64  /* of an enum's code, and of a code */
#define SEALED_TEXT "***"        /* a sealed value, for those who can't open it */
#define FIELD_SEAL_BYTES_MAX 128 /* what sealing may add to a text's bytes_max */

enum field_type {
    FIELD_TEXT,     /* str; or sealed: ext 1 (seal.h) */
    FIELD_BOOL,     /* bool */
    FIELD_INT,      /* int64 */
    FIELD_MONEY,    /* int64, fen */
    FIELD_DATE,     /* str "2026-11-01" */
    FIELD_DATETIME, /* str "2026-11-01T09:30" or with seconds */
    FIELD_MONTH,    /* str "2026-11" */
    FIELD_ENUM,     /* str, a code of the list */
    FIELD_CODE,     /* str, ASCII word that is not listed: [A-Za-z0-9_.-]{1,64} */
    FIELD_REF,      /* bin 16: row id in ref_table */
    FIELD_REF_ANY,  /* bin 18: table number as u16le, row id; ref_tables limits which, if any */
    FIELD_PLACE,    /* str */
    FIELD_GEO,      /* [latitude, longitude] in 1e-7 degrees */
    FIELD_SEALED,   /* a text that is never but sealed */
    FIELD_BLOB,     /* bin 32: a BLAKE2b-256 */
    /* bin: a head, and behind it a description that is never but sealed (attachment.h) */
    FIELD_ATTACHMENT
};
#define FIELD_TYPES_COUNT (FIELD_ATTACHMENT + 1)

enum merge_rule {
    MERGE_REGISTER, /* all heads kept, a conflict is listed */
    MERGE_LATEST,   /* latest head shown, no conflict listed */
    MERGE_STEPS,    /* furthest (round, rank) wins */
    MERGE_MAX,      /* the extreme of all values ever written */
    MERGE_MIN,
    MERGE_SET,     /* add-wins set; `type` is the type of an element */
    MERGE_COUNTER, /* increments add up; int or money */
    MERGE_APPEND,  /* written once at the insert */
    MERGE_TEXT     /* like register, lines merge three-way */
};
#define MERGE_RULES_COUNT (MERGE_TEXT + 1)

enum show_rule {                /* which head is shown while a conflict waits */
                 SHOW_LATEST,   /* greatest time, then greatest dot */
                 SHOW_EARLIEST, /* least time, then least dot */
                 SHOW_HIGHEST,  /* greatest value: number, date, or place in the enum's list */
                 SHOW_LOWEST
};
#define SHOW_RULES_COUNT (SHOW_LOWEST + 1)

/* The words of the schema file: "ref_any", "latest", "highest". */
const char *field_type_name(enum field_type type);
const char *merge_rule_name(enum merge_rule merge);
const char *show_rule_name(enum show_rule show);

enum role {
    ROLE_VOLUNTEER = 1,
    ROLE_SECRETARY = 2,
    ROLE_CLERK = 3,
    ROLE_BUREAU = 4,
    ROLE_AUDITOR = 5,
    ROLE_HUB = 6
};
#define ROLE_BIT(role) (1u << (role))
#define ROLES_ALL 0x7eu
const char *role_name(enum role role);
bool role_parse(const char *name, enum role *role);

struct label {
    char *zh;
    char *en;
};

struct schema_code { /* one value of an enum or one step */
    char *code;
    struct label label;
    uint32_t roles; /* of steps: ROLE_BIT mask of who may take it; 0: who may write the field */
    bool has_from;  /* of steps: it only follows those in `from` */
    uint64_t from;  /* bit n: the nth code of the list */
};

struct schema_field {
    uint16_t number; /* 1..FIELD_NUMBER_MAX */
    char *name;
    struct label label;
    enum field_type type;
    enum merge_rule merge;
    enum show_rule show;
    bool required;
    uint16_t group;       /* 0: none; else the lowest field number of its group */
    uint16_t *ref_tables; /* table numbers a ref may name; empty for ref_any: all */
    size_t ref_tables_count;
    struct schema_code *codes; /* enum: in declared order, least first; steps: in order */
    size_t codes_count;
    bool has_min, has_max;
    int64_t min, max;     /* of int and money */
    uint32_t bytes_max;   /* of text; FIELD_TEXT_BYTES_MAX unless less is declared */
    uint32_t write_roles; /* ROLE_BIT mask; the table's unless declared */
    uint32_t seal_roles;  /* who may read what is sealed in it; 0: it is never sealed */
    bool in_key;          /* part of the table's natural key; such a text is never sealed */
    char *default_text;   /* what a new row gets when nothing is typed: text for field_parse, or
                           * "now" (datetime), "today" (date, month), "me" (ref); NULL: none */
};

/* How much access one person may have unseen (access.h); 0: nobody looks. */
struct schema_watch {
    uint32_t alone;    /* rows that one person may carry away alone, at a time */
    uint32_t by_roles; /* ROLE_BIT mask: whose consent it takes above that */
    uint32_t rows;     /* carried away by one person in a day, */
    uint32_t reads;    /* rows looked at, */
    uint32_t aside;    /* entries of one device set aside: more than that is unusual */
};

/* Two rows that agree in all these fields may be one. */
struct schema_same {
    uint16_t fields[SCHEMA_SAME_FIELDS_MAX];
    bool heard[SCHEMA_SAME_FIELDS_MAX]; /* alike when read aloud is enough; never all of them */
    size_t count;
};

/* Rows of the table move another row to another org (transfer.h): field numbers and codes. */
struct schema_moves {
    uint16_t row;  /* the ref to the row that moves; 0: this table moves none */
    uint16_t to;   /* the ref to the org where it goes */
    uint16_t name; /* a text: what people call the row, for who can't read it yet */
    uint16_t state;
    size_t offered, accepted, returned; /* places among the codes of `state` */
    uint16_t when;                      /* an enum */
    uint64_t when_codes;                /* bit n: its nth code means a move */
};

/* Fields by which rows are looked for; it makes reading faster, and nothing else. */
struct schema_index {
    uint16_t fields[SCHEMA_INDEX_FIELDS_MAX];
    size_t count;
};

struct schema_table {
    uint16_t number;
    char *name;
    struct label label;
    struct schema_field *fields; /* ascending by number */
    size_t fields_count;
    uint16_t *key_fields; /* natural key, in declared order; empty: random ids */
    size_t key_fields_count;
    uint16_t scope_field;   /* 0, or the ref whose row's scope a new row goes to */
    uint16_t subject_field; /* the ref to the person whom sealed values are about; 0: the row */
    uint16_t title_field;   /* what a person calls a row; 0: none */
    uint32_t write_roles;
    uint16_t same_into;   /* a ref to this table: the row that stands for this one; 0: none */
    uint16_t same_unless; /* a bool: rows where it is true are nobody's double; 0: none */
    uint16_t same_apart;  /* a set of refs to this table: rows that are not this one; 0: none */
    struct schema_same same[SCHEMA_SAME_MAX];
    size_t same_count;
    struct schema_index indexes[SCHEMA_INDEX_MAX];
    size_t indexes_count;
    bool records_access; /* notes of who looked at or carried away what (access.h) */
    struct schema_watch watch;
    bool has_attachments;
    bool reaches_below; /* all orgs below the row's read it; else only those above */
    bool follows;       /* its rows move with the row that their scope field names */
    struct schema_moves moves;
};

struct schema {
    uint32_t epoch;              /* rises by one with each change */
    struct schema_table *tables; /* ascending by number */
    size_t tables_count;
    char *text; /* the JSON it was read from, for the registry and for `schema --json` */
    size_t text_size;
};

/* Read a schema. Fails with STATUS_BAD_INPUT naming table and field, STATUS_TOO_LARGE,
 * STATUS_NO_MEMORY; *schema is then NULL. Gives the schema. */
enum status schema_load(struct schema **schema, struct bytes json, struct error *err);
void schema_free(struct schema *schema);

/* May `next` follow `old`? Same numbers mean the same names' tables, reach, types and rules; codes
 * and fields are only added; the epoch is old's + 1. */
enum status schema_check_successor(const struct schema *old, const struct schema *next,
                                   struct error *err);

const struct schema_table *schema_table(const struct schema *schema, uint32_t number);
const struct schema_table *schema_table_named(const struct schema *schema, const char *name);
const struct schema_field *table_field(const struct schema_table *table, uint32_t number);
const struct schema_field *table_field_named(const struct schema_table *table, const char *name);

/* The id of the row that has these values in the key fields, in the order of `key_fields`; an
 * absent value ({NULL, 0}) counts as nil. The table must have a natural key (asserted). Fails with
 * the statuses of field_check (lenient: an id must not depend on who knows a code),
 * STATUS_NO_MEMORY. */
enum status table_natural_id(const struct schema_table *table, const struct bytes *values,
                             struct id *id, struct error *err);

/* The row that a value of a ref names; false when it names none, or one of a table that the schema
 * doesn't know. */
bool schema_ref(const struct schema *schema, const struct schema_field *field, struct bytes value,
                const struct schema_table **table, struct id *id);

/* Place of a code in the field's list, from 0; -1 when it isn't there. Borrows. */
int field_code_rank(const struct schema_field *field, struct bytes code);

/* Is `value` (one canonical MessagePack value) of the field's type and within its bounds? A
 * code that an enum does not list is allowed when `lenient` (it came from a newer list). nil is
 * allowed (the field was emptied), except where the rule is set, counter or steps.
 * For set, counter and steps this checks ONE element, delta or step value:
 *   steps: str code (round 1) or [round >= 2, str code]. */
enum status field_check(const struct schema_field *field, struct bytes value, bool lenient,
                        struct error *err);

/* The same for what a person typed: the text that is to be sealed isn't sealed yet. */
enum status field_check_typed(const struct schema_field *field, struct bytes value,
                              struct error *err);

/* Comparable position of a value for show/max/min: ints by value, dates and text by bytes, enums by
 * rank. Returns <0, 0, >0. nil sorts first. */
int field_compare(const struct schema_field *field, struct bytes a, struct bytes b);

/* ---- text forms, for commands, CSV and pages ---- */

/* What a person or script typed -> canonical value. Enum: code, zh-CN or English label. money:
 * yuan with at most two decimals. ref: 32 hex digits; ref_any: "table:hex". bool:
 * true/false/1/0/是/ 否. Empty text: nil. Steps: a code of round 1 (rounds are chosen by the
 * caller). Set: one element. Appends to `out`. */
enum status field_parse(const struct schema *schema, const struct schema_field *field,
                        const char *text, struct buffer *out, struct error *err);

/* Canonical value -> the text that field_parse takes (codes, not labels). Appends without a
 * terminator. Steps show the code; "#2" is put behind it from round 2 on. */
enum status field_format(const struct schema *schema, const struct schema_field *field,
                         struct bytes value, struct buffer *out);

#endif
