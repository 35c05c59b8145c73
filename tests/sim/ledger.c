#include "tests/sim/ledger.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/pack.h"
#include "common/replica_snapshot.h"
#include "tests/support/chance.h"

/* name, phone, kin (sealed), identity number (sealed for some), the newer one: register;
 * rank: latest; note: text, sealed */
const uint16_t ledger_fields[LEDGER_FIELDS] = {1, 10, 18, 9, 24, 25, LEDGER_NEWER_FIELD};
static const bool listed[LEDGER_FIELDS] = {true, true, true, false, false, true, true};

void finding_set(struct finding *finding, const char *oracle, const char *format, ...)
{
    va_list arguments;
    if (finding->oracle[0])
        return;
    snprintf(finding->oracle, sizeof finding->oracle, "%s", oracle);
    va_start(arguments, format);
    vsnprintf(finding->what, sizeof finding->what, format, arguments);
    va_end(arguments);
}

void ledger_init(struct ledger *ledger, uint64_t seed, const struct fleet *fleet)
{
    struct chance chance = {seed ^ 0x6c65646765720000u};
    memset(ledger, 0, sizeof *ledger);
    for (unsigned i = 0; i < LEDGER_ROWS; i++) {
        for (size_t byte = 0; byte < ID_BYTES; byte++)
            ledger->rows[i].bytes[byte] = (uint8_t)chance_number(&chance);
        ledger->orgs[i] = i % 3 == 2 ? fleet->branch : fleet->township;
    }
    for (size_t at = 0; at < fleet->count; at++)
        rights_init(&ledger->rights[at], fleet, at);
}

void ledger_release(struct ledger *ledger)
{
    for (size_t at = 0; at < FLEET_MAX; at++)
        rights_release(&ledger->rights[at]);
}

void ledger_value(unsigned save, char text[LEDGER_VALUE_BYTES])
{
    snprintf(text, LEDGER_VALUE_BYTES, "save %u", save);
}

bool ledger_find(const struct ledger *ledger, struct bytes value, unsigned *save)
{
    char text[LEDGER_VALUE_BYTES] = {0};
    if (value.size < 2 || value.size > sizeof text)
        return false;
    memcpy(text, value.data + 1, value.size - 1); /* behind the head of a short string */
    return sscanf(text, "save %u", save) == 1 && *save < ledger->count;
}

static bool is_sealed(struct bytes value)
{
    struct unpack in = unpack_of(value);
    struct bytes content;
    return unpack_sealed(&in, &content);
}

/* Two lives of a device may give one dot twice; then it names none. */
static bool find_dot(const struct ledger *ledger, const struct ledger_value *value, unsigned *save)
{
    unsigned found = 0;
    for (unsigned i = 0; i < ledger->count; i++)
        if (dot_equal(&ledger->saves[i].dot, &value->dot) &&
            ledger_fields[ledger->saves[i].field] == value->place.field) {
            *save = i;
            found++;
        }
    return found == 1 && !ledger->saves[*save].renamed;
}

bool ledger_find_in(const struct ledger *ledger, struct replica *replica,
                    const struct ledger_value *value, unsigned *save)
{
    struct bytes plain;
    if (replica_plain(replica, &value->place, value->value, &plain, NULL) != STATUS_OK)
        return false;
    return is_sealed(plain) ? find_dot(ledger, value, save) : ledger_find(ledger, plain, save);
}

unsigned ledger_try(struct ledger *ledger, unsigned author, unsigned row, unsigned field)
{
    assert(ledger->count < LEDGER_SAVES_MAX);
    unsigned number = ledger->count++;
    ledger->saves[number] = (struct save){
        .row = row, .field = field, .author = author, .tried = true, .partner = number};
    ledger->places[author].tried.has[number] = 1;
    return number;
}

void ledger_acknowledge(struct ledger *ledger, unsigned save)
{
    ledger->saves[save].acknowledged = true;
    ledger->places[ledger->saves[save].author].acknowledged.has[save] = 1;
}

void ledger_refuse(struct ledger *ledger, unsigned save)
{
    ledger->saves[save].tried = false;
    ledger->places[ledger->saves[save].author].tried.has[save] = 0;
}

void ledger_follow(struct ledger *ledger, const struct fleet *fleet, unsigned author,
                   const struct frontier *held)
{
    struct rights *rights = &ledger->rights[author];
    uint32_t serial = rights->serial, cut_serial = rights->cut_serial;
    rights_follow(rights, fleet, author, held);
    if (rights->serial == serial && rights->cut_serial == cut_serial)
        return;
    for (unsigned i = 0; i < ledger->count; i++)
        if (ledger->saves[i].author == author && !ledger->places[0].holds.has[i])
            ledger->saves[i].cut = true;
}

/* Can a place tell whether it holds this save? Not where its history begins later, nor where the
 * value is sealed, can't be opened any more, and was given another dot meanwhile. */
static bool can_tell(const struct ledger *ledger, const struct fleet *fleet, size_t at,
                     unsigned number)
{
    const struct save *save = &ledger->saves[number];
    bool secret = save->field == LEDGER_ID_NUMBER, moved = ledger->rights[at].count > 1;
    bool sealed = secret || ledger_fields[save->field] == 18 || ledger_fields[save->field] == 24;
    if (ledger->places[at].partial)
        return false;
    if (!sealed || (save->dot.number > 0 && !save->renamed))
        return true;
    return !ledger->erased[save->row] && !moved &&
           !(secret && fleet->places[at].role == ROLE_VOLUNTEER);
}

/* ---- looking ---- */

struct looking {
    struct ledger *ledger;
    const struct fleet *fleet;
    struct replica *replica;
    size_t at;
    unsigned row;
    struct saves now;
    bool blind[LEDGER_FIELDS]; /* of this row: something stands there that can't be told */
    struct finding *finding;
};

/* Nothing that may not count is shown, once the device's rights are known. */
static void check_rights(struct looking *looking, const struct history_item *item, unsigned number)
{
    const struct fleet *fleet = looking->fleet;
    struct ledger *ledger = looking->ledger;
    size_t author = 1;
    while (author < fleet->count && fleet->places[author].device != item->dot.feed.device)
        author++;
    if (author == fleet->count ||
        !rights_known(&ledger->rights[author], looking->replica, item->dot.feed.device) ||
        rights_allow(&ledger->rights[author], fleet, &item->dot, item->field))
        return;
    finding_set(looking->finding, "O10", "place %zu shows save %u, which may not count",
                looking->at, number);
}

/* What was erased can't be read, nor what others only may read; and what may be read can be. */
static void check_seal(struct looking *looking, const struct history_item *item, bool opened)
{
    const struct place *place = &looking->fleet->places[looking->at];
    const struct registry_seals *seals = registry_seals(replica_registry(looking->replica));
    const struct id *row = &looking->ledger->rows[looking->row];
    bool secret = item->field == ledger_fields[LEDGER_ID_NUMBER];
    bool outsider =
        secret && looking->ledger->rights[looking->at].count == 1 && place->role == ROLE_VOLUNTEER;
    /* Of an entry that left the log, nobody knows the beacon. */
    bool told = looking->ledger->places[looking->at].partial && item->head.beacon == 0;
    for (size_t i = 0; i < seals->erasures_count && opened && !told; i++)
        if (id_equal(&seals->erasures[i].subject, row) &&
            item->head.beacon < seals->erasures[i].beacon)
            finding_set(looking->finding, "O12", "place %zu shows what was erased in row %u",
                        looking->at, looking->row);
    if (opened && outsider)
        finding_set(looking->finding, "O13", "place %zu shows a value that it may not read",
                    looking->at);
    looking->ledger->sealed_seen += !opened;
    if (!opened && !outsider && looking->ledger->at_rest && !place->revoked &&
        !(secret && place->role == ROLE_VOLUNTEER) &&
        fleet_reads(looking->fleet, looking->at, looking->ledger->orgs[looking->row]) &&
        !looking->ledger->erased[looking->row])
        finding_set(looking->finding, "O12", "place %zu can't open what it may read in row %u",
                    looking->at, looking->row);
}

static enum status take_item(void *context, const struct history_item *item, struct error *err)
{
    struct looking *looking = context;
    struct finding *finding = looking->finding;
    const struct ledger *ledger = looking->ledger;
    unsigned number, field;
    for (field = 0; field < LEDGER_FIELDS && ledger_fields[field] != item->field; field++)
        ;
    if (field == LEDGER_FIELDS)
        return STATUS_OK;
    struct ledger_value value = {
        {LEDGER_TABLE, ledger->rows[looking->row], item->field}, item->value, item->dot};
    bool found = ledger_find_in(ledger, looking->replica, &value, &number);
    if (is_sealed(item->value)) {
        struct bytes plain;
        TRY(replica_plain(looking->replica, &value.place, item->value, &plain, err));
        bool opened = !is_sealed(plain);
        check_seal(looking, item, opened);
        looking->blind[field] |= !found && !opened;
        if (!found && !opened)
            return STATUS_OK;
    }
    if (!found) {
        finding_set(finding, "O4", "place %zu holds a value that nobody saved", looking->at);
        return STATUS_OK;
    }
    check_rights(looking, item, number);
    const struct save *save = &looking->ledger->saves[number];
    if (!save->tried || save->row != looking->row || save->field != field)
        finding_set(finding, "O4", "place %zu holds save %u, which was %s", looking->at, number,
                    save->tried ? "made elsewhere" : "refused");
    looking->now.has[number] = 1;
    return STATUS_OK;
}

/* The heads by their definition: known, and replaced by nothing that is known. */
static bool is_head(const struct looking *looking, unsigned number)
{
    const struct ledger *ledger = looking->ledger;
    if (!looking->now.has[number])
        return false;
    for (unsigned other = 0; other < ledger->count; other++)
        if (looking->now.has[other] && ledger->saves[other].replaces.has[number])
            return false;
    return true;
}

static unsigned count_listed(struct replica *replica, const struct id *row, uint16_t field)
{
    sqlite3_stmt *count = NULL;
    unsigned listed_heads = 0;
    if (sqlite3_prepare_v2(replica_database(replica),
                           "SELECT count(*) FROM _head WHERE table_no = ? AND row = ? AND "
                           "field = ? AND conflict <> 0",
                           -1, &count, NULL) == SQLITE_OK) {
        sqlite3_bind_int(count, 1, LEDGER_TABLE);
        sqlite3_bind_blob(count, 2, row->bytes, ID_BYTES, SQLITE_STATIC);
        sqlite3_bind_int(count, 3, field);
        if (sqlite3_step(count) == SQLITE_ROW)
            listed_heads = (unsigned)sqlite3_column_int(count, 0);
    }
    sqlite3_finalize(count);
    return listed_heads;
}

/* The saves that a cell's heads name. One that was copied with its folder and saved anew by both
 * lives stands there twice, and whoever replaces one of the two leaves the other. */
static size_t shown_heads(struct looking *looking, const struct cell *cell, struct saves *shown)
{
    size_t count = 0;
    for (size_t i = 0; cell && i < cell->heads_count; i++) {
        unsigned number;
        struct ledger_value value = {
            {LEDGER_TABLE, looking->ledger->rows[looking->row], cell->field},
            cell->heads[i].value,
            cell->heads[i].dot};
        bool found = ledger_find_in(looking->ledger, looking->replica, &value, &number);
        if (found && looking->ledger->saves[number].renamed && !is_head(looking, number))
            continue;
        if (!found || !is_head(looking, number)) {
            finding_set(looking->finding, "O11",
                        "place %zu shows a head in row %u that is replaced", looking->at,
                        looking->row);
            continue;
        }
        count += !shown->has[number];
        shown->has[number] = 1;
    }
    return count;
}

static void compare_field(struct looking *looking, struct replica *replica, const struct row *row,
                          unsigned field)
{
    const struct ledger *ledger = looking->ledger;
    struct saves heads = {{0}};
    size_t wanted = 0;
    if (looking->blind[field] || ledger->places[looking->at].partial)
        return;
    size_t shown = shown_heads(looking, row_find_cell(row, ledger_fields[field]), &heads);
    for (unsigned i = 0; i < ledger->count; i++)
        wanted += ledger->saves[i].row == looking->row && ledger->saves[i].field == field &&
                  is_head(looking, i);
    if (wanted != shown)
        finding_set(looking->finding, "O11",
                    "place %zu has %zu heads in row %u, field %u, where %zu follow", looking->at,
                    shown, looking->row, ledger_fields[field], wanted);
    if (shown < 2 || !listed[field] || row_deleted(row))
        return;
    looking->ledger->conflicts_seen++;
    if (count_listed(replica, &ledger->rows[looking->row], ledger_fields[field]) == 0)
        finding_set(looking->finding, "O11", "place %zu doesn't list the conflict in row %u",
                    looking->at, looking->row);
}

static void look_at_row(struct looking *looking, struct replica *replica)
{
    const struct id *id = &looking->ledger->rows[looking->row];
    struct row row = {0};
    bool found;
    struct error err = {0};
    enum status status = replica_row_history(replica, LEDGER_TABLE, id, take_item, looking, &err);
    if (status == STATUS_NOT_FOUND)
        return;
    if (status == STATUS_OK)
        status = replica_row(replica, LEDGER_TABLE, id, 0, &row, &found, &err);
    if (status == STATUS_OK && found)
        for (unsigned field = 0; field < LEDGER_FIELDS; field++)
            compare_field(looking, replica, &row, field);
    else if (status != STATUS_OK)
        finding_set(looking->finding, "read", "place %zu can't read row %u: %s", looking->at,
                    looking->row, err.text);
    row_release(&row);
}

static bool is_elsewhere(const struct looking *looking, unsigned number)
{
    for (size_t at = 0; at < looking->fleet->count; at++)
        if (at != looking->at && looking->ledger->places[at].holds.has[number])
            return true;
    return false;
}

static void compare_with_before(struct looking *looking)
{
    struct ledger *ledger = looking->ledger;
    const struct account *account = &ledger->places[looking->at];
    for (unsigned i = 0; i < ledger->count; i++) {
        const struct save *save = &ledger->saves[i];
        if (!can_tell(ledger, looking->fleet, looking->at, i)) {
            looking->now.has[i] |= account->holds.has[i];
            continue;
        }
        if (save->cut)
            continue;
        if (looking->now.has[i] != looking->now.has[save->partner] &&
            can_tell(ledger, looking->fleet, looking->at, save->partner))
            finding_set(looking->finding, "O9", "place %zu holds half of the entry of save %u",
                        looking->at, i);
        if (looking->now.has[i])
            continue;
        if (account->acknowledged.has[i])
            finding_set(looking->finding, "O1", "place %zu lost save %u, which it acknowledged",
                        looking->at, i);
        if (account->holds.has[i])
            finding_set(looking->finding, "O3", "place %zu lost save %u, which it had committed",
                        looking->at, i);
        if (looking->at != 0 && account->tried.has[i] && is_elsewhere(looking, i))
            finding_set(looking->finding, "O2", "place %zu sent save %u and doesn't hold it",
                        looking->at, i);
    }
}

/* Did its process write anything since then? Else all rows are what they were. At rest more is
 * asked of them. */
static bool is_as_before(struct looking *looking)
{
    struct glance *before = &looking->ledger->glances[looking->at];
    const struct place *place = &looking->fleet->places[looking->at];
    struct glance now = {place->starts, place->writes};
    bool same = now.starts == before->starts && now.writes == before->writes;
    *before = now;
    return same && !looking->ledger->at_rest;
}

/* Of what came as a snapshot or was cleaned away the history lacks its beginning: what was replaced
 * before isn't known here. Digests are compared all the same. */
static bool lacks_a_beginning(struct replica *replica)
{
    uint32_t *scopes = NULL;
    size_t count = 0;
    if (replica_cut_logs(replica, &scopes, &count, NULL) != STATUS_OK)
        count = 0;
    free(scopes);
    return count > 0;
}

void ledger_look(struct ledger *ledger, struct fleet *fleet, size_t at, struct finding *finding)
{
    struct replica *replica = fleet->places[at].replica;
    struct looking looking = {
        .ledger = ledger, .fleet = fleet, .replica = replica, .at = at, .finding = finding};
    if (!replica)
        return;
    ledger->places[at].partial = lacks_a_beginning(replica);
    bool as_before = is_as_before(&looking);
    if (as_before)
        looking.now = ledger->places[at].holds;
    for (looking.row = 0; looking.row < LEDGER_ROWS && !as_before; looking.row++) {
        memset(looking.blind, 0, sizeof looking.blind);
        look_at_row(&looking, replica);
    }
    compare_with_before(&looking);
    ledger->places[at].holds = looking.now;
}

/* ---- what a fault may destroy ---- */

/* Its device has two lives: what the hub hasn't got may lose its name to what the other life wrote.
 */
static void doubt_names(struct ledger *ledger, const struct account *account)
{
    for (unsigned i = 0; i < ledger->count; i++)
        if (account->tried.has[i] && !ledger->places[0].holds.has[i])
            ledger->saves[i].renamed = true;
}

void ledger_copy(struct ledger *ledger, unsigned place, unsigned slot)
{
    ledger->images[place][slot] = ledger->places[place];
    doubt_names(ledger, &ledger->places[place]);
}

void ledger_back(struct ledger *ledger, unsigned place)
{
    doubt_names(ledger, &ledger->places[place]);
}

void ledger_swap(struct ledger *ledger, unsigned place, unsigned slot)
{
    doubt_names(ledger, &ledger->places[place]);
    doubt_names(ledger, &ledger->images[place][slot]);
}

bool ledger_would_lose(const struct ledger *ledger, const struct fleet *fleet,
                       const struct account *gone, const struct account *keeps)
{
    for (unsigned i = 0; i < ledger->count; i++) {
        bool elsewhere = keeps && keeps->holds.has[i];
        if (!gone->holds.has[i] || !ledger->saves[i].acknowledged || ledger->saves[i].cut)
            continue;
        for (size_t at = 0; at < fleet->count && !elsewhere; at++)
            elsewhere = &ledger->places[at] != gone && ledger->places[at].holds.has[i];
        if (!elsewhere)
            return true;
    }
    return false;
}

bool ledger_at_hub(const struct ledger *ledger, const struct account *account)
{
    for (unsigned i = 0; i < ledger->count; i++)
        if (account->holds.has[i] && !ledger->places[0].holds.has[i] && !ledger->saves[i].cut)
            return false;
    return true;
}

/* Does a save count that was made before its author knew by which rights? */
static bool surely_counts(const struct ledger *ledger, const struct fleet *fleet,
                          const struct save *save)
{
    const struct rights *rights = &ledger->rights[save->author];
    return save->dot.number > 0 && !save->renamed && !rights->unsure &&
           frontier_covers(replica_frontier(fleet->places[0].replica), &save->dot) &&
           rights_allow(rights, fleet, &save->dot, ledger_fields[save->field]) &&
           rights_allow(rights, fleet, &save->dot,
                        ledger_fields[ledger->saves[save->partner].field]);
}

void ledger_complete(struct ledger *ledger, const struct fleet *fleet, struct finding *finding)
{
    for (unsigned i = 0; i < ledger->count; i++) {
        const struct save *save = &ledger->saves[i];
        if (!save->acknowledged || (save->cut && !surely_counts(ledger, fleet, save)))
            continue;
        for (size_t at = 0; at < fleet->count; at++)
            if (!fleet->places[at].revoked && can_tell(ledger, fleet, at, i) &&
                fleet_reads(fleet, at, ledger->orgs[save->row]) && !ledger->places[at].holds.has[i])
                finding_set(finding, at == 0 ? "O1" : "O12",
                            "save %u of place %u was acknowledged and never reached place %zu", i,
                            save->author, at);
    }
}
