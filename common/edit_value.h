#ifndef COMMON_EDIT_VALUE_H
#define COMMON_EDIT_VALUE_H

/* From texts to the value that one field's change carries; for edit.c alone. */

#include "common/edit.h"

/* What was typed for one field: one text, or the elements of a set. {0} is valid; release. */
struct edit_texts {
    enum edit_sign sign;
    char **items;
    size_t count, capacity;
};
void edit_texts_release(struct edit_texts *texts);
enum status edit_texts_add(struct edit_texts *texts, const char *text, struct error *err);
/* "a,b\,c" are two elements; an empty text is none. */
enum status edit_texts_split(struct edit_texts *texts, const char *text, struct error *err);

struct edit_reading {
    struct replica *replica;
    const struct schema_field *field;
    struct row *row;    /* as it stands; NULL: a new one */
    struct buffer *out; /* the value is appended here */
};
enum status edit_value_read(struct edit_reading *reading, const struct edit_texts *texts,
                            struct error *err);
/* The schema's default; appends nothing when there is none to give. */
enum status edit_value_default(struct edit_reading *reading, struct error *err);

#endif
