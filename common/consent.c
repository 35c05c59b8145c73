#include "common/consent.h"

#include <string.h>

#include "common/mutant.h"
#include "common/view.h"

#define DAY_MS (24 * 60 * 60 * 1000ll)

static bool is_action(const struct noted *noted, const char *action)
{
    return strcmp(noted->action, action) == 0;
}

static const struct schema_watch *watch_of(struct replica *replica)
{
    static const struct schema_watch nobody;
    const struct schema_table *table = access_table(replica_schema(replica));
    return table ? &table->watch : &nobody;
}

/* ---- who may ---- */

/* May the person of this device answer what `ask` asks? Judged by what it may be now. */
static bool is_entitled(struct replica *replica, uint32_t device, const struct id *person,
                        const struct noted *ask)
{
    const struct registry *registry = replica_registry(replica);
    const struct device *found = registry_device(registry, device);
    if (!found || device == ask->dot.feed.device)
        return false;
    if (id_equal(person, &ask->person) && !MUTANT("t32-own-consent-will-do"))
        return false;
    return (ROLE_BIT(found->certificate.role) & watch_of(replica)->by_roles) &&
           registry_within(registry, found->certificate.org, SCOPE_ORG(ask->dot.feed.scope));
}

static const struct noted *find_note(const struct noted_list *notes, const struct id *id)
{
    for (size_t i = 0; i < notes->count; i++)
        if (id_equal(&notes->items[i].id, id))
            return &notes->items[i];
    return NULL;
}

static bool is_consented(struct replica *replica, const struct noted_list *notes,
                         const struct noted *ask)
{
    for (size_t i = 0; i < notes->count; i++) {
        const struct noted *note = &notes->items[i];
        if (is_action(note, "consent") && !note->mixed && id_equal(&note->of, &ask->id) &&
            is_entitled(replica, note->dot.feed.device, &note->person, ask))
            return true;
    }
    return false;
}

/* By another export than `but`. */
static bool is_used(const struct noted_list *notes, const struct noted *ask,
                    const struct noted *but)
{
    for (size_t i = 0; i < notes->count; i++) {
        const struct noted *note = &notes->items[i];
        if (note != but && is_action(note, "export") && id_equal(&note->of, &ask->id))
            return true;
    }
    return false;
}

/* Whoever carries rows away: a person, and on a device of several the account. */
struct wish {
    const char *table, *who;
    uint64_t rows;
    const struct id *person;
};

/* An account can't use what was consented to another one. */
static bool is_same_wish(const struct noted *ask, const struct wish *wish)
{
    return is_action(ask, "ask") && !ask->mixed && strcmp(ask->table, wish->table) == 0 &&
           ask->rows >= wish->rows && id_equal(&ask->person, wish->person) &&
           (strcmp(ask->who, wish->who) == 0 || MUTANT("t32-another-account-s-consent-will-do"));
}

bool consent_stands(struct replica *replica, const struct noted_list *notes,
                    const struct noted *export)
{
    const struct schema_watch *watch = watch_of(replica);
    const struct wish wish = {export->table, export->who, export->rows, &export->person};
    const struct noted *ask = find_note(notes, &export->of);
    if (watch->alone == 0 || export->rows <= watch->alone)
        return true;
    return ask && is_same_wish(ask, &wish) && is_consented(replica, notes, ask) &&
           !is_used(notes, ask, export);
}

/* ---- the notes ---- */

static enum status list_recent(struct replica *replica, struct noted_list *notes, struct error *err)
{
    char day[32];
    int64_t now = clock_wall_ms(replica_clock(replica));
    if (!time_format_local(now - CONSENT_DAYS * DAY_MS, day))
        return error_set(err, STATUS_BAD_INPUT, "this machine's clock shows no time");
    day[10] = '\0';
    return access_list(replica, day, notes, err);
}

static const struct id *own_person(struct replica *replica)
{
    static const struct id nobody;
    uint32_t own = replica_identity(replica)->device;
    const struct device *self = registry_device(replica_registry(replica), own);
    return self ? &self->certificate.person : &nobody;
}

/* The ask that this export may use, or else one that waits for an answer; NULL: none. */
static const struct noted *find_ask(struct replica *replica, const struct noted_list *notes,
                                    const struct access *access, bool consented)
{
    const struct wish wish = {access->table, access->who ? access->who : "", access->rows,
                              own_person(replica)};
    for (size_t i = 0; i < notes->count; i++) {
        const struct noted *note = &notes->items[i];
        if (is_same_wish(note, &wish) && !is_used(notes, note, NULL) &&
            is_consented(replica, notes, note) == consented)
            return note;
    }
    return NULL;
}

static enum status ask_for(struct replica *replica, const struct noted_list *notes,
                           const struct access *access, struct error *err)
{
    const struct noted *open = find_ask(replica, notes, access, false);
    struct access ask = *access;
    struct id id = open ? open->id : (struct id){{0}};
    char text[ID_TEXT_BYTES];
    ask.action = "ask";
    if (!open)
        TRY(access_note_row(replica, &ask, &id, err));
    id_format(&id, text);
    return error_set(err, STATUS_DENIED,
                     "%llu rows are more than one person may carry away alone: somebody else must "
                     "consent to '%s' first",
                     (unsigned long long)access->rows, text);
}

enum status consent_export(struct replica *replica, const struct access *access, struct error *err)
{
    uint32_t alone = watch_of(replica)->alone;
    struct noted_list notes;
    struct access noted = *access;
    if (alone == 0 || access->rows <= alone || MUTANT("t32-nobody-asked"))
        return access_note(replica, access, err);
    TRY(list_recent(replica, &notes, err));
    const struct noted *ask = find_ask(replica, &notes, access, true);
    if (ask)
        noted.of = ask->id;
    enum status status =
        ask ? access_note(replica, &noted, err) : ask_for(replica, &notes, access, err);
    noted_list_release(&notes);
    return status;
}

static enum status give(struct replica *replica, const struct noted *ask, struct error *err)
{
    struct access answer = {.action = "consent",
                            .table = ask->table,
                            .rows = ask->rows,
                            .of = ask->id,
                            .org = SCOPE_ORG(ask->dot.feed.scope)};
    if (!is_entitled(replica, replica_identity(replica)->device, own_person(replica), ask))
        return error_set(err, STATUS_DENIED,
                         "it takes another person, whose role may consent, at the asker's org or "
                         "above it");
    return access_note(replica, &answer, err);
}

enum status consent_give(struct replica *replica, const struct id *id, struct error *err)
{
    struct noted_list notes;
    char text[ID_TEXT_BYTES];
    id_format(id, text);
    TRY(list_recent(replica, &notes, err));
    const struct noted *ask = find_note(&notes, id);
    enum status status =
        ask && is_action(ask, "ask") && !ask->mixed
            ? give(replica, ask, err)
            : error_set(err, STATUS_NOT_FOUND, "nothing is asked under '%s'", text);
    noted_list_release(&notes);
    return status;
}

static enum status tell(struct replica *replica, const struct noted_list *notes,
                        const struct noted *ask, json_t *list, struct error *err)
{
    const struct schema_table *table = access_table(replica_schema(replica));
    const char *state = is_used(notes, ask, NULL)           ? "used"
                        : is_consented(replica, notes, ask) ? "consented"
                                                            : "asked";
    json_t *row = NULL, *item = json_object();
    char id[ID_TEXT_BYTES];
    id_format(&ask->id, id);
    json_array_append_new(list, item);
    TRY(view_row(replica, table->name, id, &row, err));
    json_object_set(item, "id", json_object_get(row, "id"));
    json_object_set(item, "at", json_object_get(row, "at"));
    json_object_set(item, "table", json_object_get(row, "table"));
    json_object_set(item, "rows", json_object_get(row, "rows"));
    json_object_set(item, "purpose", json_object_get(row, "purpose"));
    json_decref(row);
    json_object_set_new(item, "state", json_string(state));
    return view_origin(replica, item, &ask->dot, &ask->person, ask->time_ms, err);
}

enum status consent_asked(struct replica *replica, json_t **list, struct error *err)
{
    struct noted_list notes;
    TRY(list_recent(replica, &notes, err));
    enum status status = STATUS_OK;
    *list = json_array();
    for (size_t i = 0; i < notes.count && status == STATUS_OK; i++)
        if (is_action(&notes.items[i], "ask") && !notes.items[i].mixed)
            status = tell(replica, &notes, &notes.items[i], *list, err);
    noted_list_release(&notes);
    if (status != STATUS_OK) {
        json_decref(*list);
        *list = NULL;
    }
    return status;
}
