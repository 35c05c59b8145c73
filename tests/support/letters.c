#include "tests/support/letters.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/view.h"

static void take(const json_t *letter, struct letters *letters)
{
    const char *state = json_string_value(json_object_get(letter, "state"));
    const char *id = json_string_value(json_object_get(letter, "id"));
    /* Of one that stayed here it is null. */
    bool moved = json_is_string(json_object_get(letter, "_moved"));
    if (!state || strcmp(state, "issued") != 0 || moved)
        return;
    if (letters->count == LETTERS_MAX || !id || !id_parse(id, &letters->items[letters->count].id))
        abort();
    letters->items[letters->count++].arrived =
        json_equal(json_object_get(letter, "_org"), json_object_get(letter, "to_org"));
}

enum status letters_open(struct replica *replica, struct letters *letters, struct error *err)
{
    json_t *list = NULL;
    letters->count = 0;
    TRY(view_begin(replica, err));
    enum status status = view_letters(replica, &list, err);
    view_end(replica);
    for (size_t i = 0; i < json_array_size(list); i++)
        take(json_array_get(list, i), letters);
    json_decref(list);
    return status;
}
