/* Photos of visits: whole or not at all, and in the end wherever they may be read. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/replica_attachment.h"
#include "common/view_attachment.h"
#include "tests/sim/world_state.h"

#define BYTES_MAX 30001

static struct bytes content_of(const struct photo *photo, uint8_t content[BYTES_MAX])
{
    struct chance chance = {get_u64le(photo->visit.bytes)};
    for (size_t i = 0; i < photo->bytes; i++)
        content[i] = (uint8_t)chance_number(&chance);
    return bytes_of(content, photo->bytes);
}

/* ---- adding ---- */

/* The visit's fields as people type them. */
static enum status put_value(struct replica *replica, const char *name, const char *text,
                             struct change_field *field, struct buffer *value)
{
    const struct schema *schema = replica_schema(replica);
    const struct schema_field *found = table_field_named(schema_table_named(schema, "visit"), name);
    enum status status = field_parse(schema, found, text, value, NULL);
    *field = (struct change_field){.field = found->number, .value = buffer_bytes(value)};
    return status;
}

static enum status save(struct world *world, struct photo *photo, struct error *err)
{
    struct replica *replica = world->fleet.places[photo->author].replica;
    static uint8_t content[BYTES_MAX];
    struct attachment_file file = {
        bytes_text("照片.jpg"), bytes_text("image/jpeg"), content_of(photo, content), {0}};
    const struct schema_table *table = schema_table_named(replica_schema(replica), "visit");
    char id[ID_TEXT_BYTES], person[ID_TEXT_BYTES + 8];
    struct buffer values[3] = {{0}};
    struct change_field fields[3] = {{0}};
    size_t entries, failed;
    struct saved saved;
    id_format(&world->ledger.rows[photo->row], id);
    snprintf(person, sizeof person, "person:%s", id);
    if (put_value(replica, "target_ref", person, &fields[0], &values[0]) != STATUS_OK ||
        put_value(replica, "kind", "home_visit", &fields[1], &values[1]) != STATUS_OK)
        abort();
    enum status status = replica_attach(replica, &file, &values[2], err);
    fields[2] = (struct change_field){.field = table_field_named(table, "photo")->number,
                                      .value = buffer_bytes(&values[2])};
    struct change change = {.kind = CHANGE_ADD,
                            .table = table->number,
                            .id = photo->visit,
                            .scope = SCOPE_RECORDS(world->ledger.orgs[photo->row]),
                            .fields = fields,
                            .fields_count = 3};
    if (status == STATUS_OK)
        status = replica_save(replica, &change, 1, &saved, &entries, &failed, err);
    for (size_t i = 0; i < 3; i++)
        buffer_release(&values[i]);
    return status;
}

void live_photo(struct world *world, const struct event *event)
{
    struct photo *photo = &world->photos[world->photos_count];
    struct replica *replica = world->fleet.places[event->place].replica;
    struct chance chance = {event->seed};
    struct error err = {0};
    if (world->photos_count == WORLD_PHOTOS)
        return;
    *photo = (struct photo){.author = event->place,
                            .row = (unsigned)(event->a % LEDGER_ROWS),
                            .bytes = 1 + event->b % (BYTES_MAX - 1)};
    for (size_t i = 0; i < ID_BYTES; i++)
        photo->visit.bytes[i] = (uint8_t)chance_number(&chance);
    if (!world_may_write(world, event->place, photo->row))
        return;
    photo->doubtful = world_apart(world, event->place, event->place);
    enum status status = replica_begin(replica, &err);
    if (status == STATUS_OK) {
        status = save(world, photo, &err);
        if (status == STATUS_OK)
            status = replica_commit(replica, &err);
        else
            replica_rollback(replica);
    }
    world_note(world, "place %u, photo %zu of %zu bytes: %s", event->place, world->photos_count,
               photo->bytes, status_name(status));
    if (status == STATUS_OK) {
        world->photos_count++;
        world_probe(world, PROBE_PHOTO);
    } else if (status == STATUS_BAD_INPUT || status == STATUS_NOT_FOUND) {
        finding_set(&world->report->finding, "save", "place %u may not add a photo: %s",
                    event->place, err.text);
    }
    world_mend(world);
    if (world_ok(world))
        world_look_at_photos(world, event->place, false);
}

/* ---- looking ---- */

struct comparing {
    struct bytes wanted;
    size_t at;
    bool other;
};

static enum status compare(void *context, struct bytes part, struct error *err)
{
    struct comparing *comparing = context;
    (void)err;
    comparing->other |= part.size > comparing->wanted.size - comparing->at ||
                        memcmp(comparing->wanted.data + comparing->at, part.data, part.size) != 0;
    if (!comparing->other)
        comparing->at += part.size;
    return STATUS_OK;
}

/* STATUS_NOT_FOUND: not all of it is there. */
static enum status read_photo(struct replica *replica, const struct photo *photo, bool *other)
{
    static uint8_t content[BYTES_MAX];
    char id[ID_TEXT_BYTES];
    struct view_attachment_place place = {"visit", id, "photo"};
    struct comparing comparing = {.wanted = content_of(photo, content)};
    struct buffer plain = {0};
    id_format(&photo->visit, id);
    enum status status = view_attachment(replica, &place, &plain, NULL);
    struct attachment_reading reading = {buffer_bytes(&plain), false, compare, &comparing};
    if (status == STATUS_OK)
        status = replica_attachment_read(replica, &reading, NULL);
    buffer_release(&plain);
    *other = comparing.other || (status == STATUS_OK && comparing.at != photo->bytes);
    return status;
}

/* Rights that changed, an erasure or a second life may take it from a place. */
static bool must_be_there(const struct world *world, const struct photo *photo, size_t at,
                          bool at_rest)
{
    const struct fleet *fleet = &world->fleet;
    const struct rights *author = &world->ledger.rights[photo->author];
    const struct place *place = &fleet->places[at];
    if (photo->doubtful || world->ledger.erased[photo->row] || place->retired || place->revoked ||
        author->revoked || author->unsure || author->count > 1 ||
        (at != 0 && world->ledger.rights[at].count > 1))
        return false;
    return at == photo->author ||
           (at_rest && fleet_reads(fleet, at, world->ledger.orgs[photo->row]));
}

static void note_part(struct world *world, struct replica *replica)
{
    struct attachment_counts counts;
    if (replica_attachment_counts(replica, &counts, NULL) == STATUS_OK && counts.begun > 0)
        world_probe(world, PROBE_PHOTO_PART);
}

void world_look_at_photos(struct world *world, size_t at, bool at_rest)
{
    struct replica *replica = world->fleet.places[at].replica;
    for (size_t i = 0; i < world->photos_count && world_ok(world); i++) {
        const struct photo *photo = &world->photos[i];
        bool other;
        enum status status = read_photo(replica, photo, &other);
        if (other || status == STATUS_FORGED)
            finding_set(&world->report->finding, "O5", "place %zu has another photo %zu", at, i);
        if (status == STATUS_OK && at != photo->author)
            world_probe(world, PROBE_PHOTO_THERE);
        if (status != STATUS_OK && must_be_there(world, photo, at, at_rest))
            finding_set(&world->report->finding, at == photo->author ? "O1" : "O12",
                        "place %zu has photo %zu of place %u not whole: %s", at, i, photo->author,
                        status_name(status));
        if (status == STATUS_NOT_FOUND)
            note_part(world, replica);
    }
}

void world_doubt_photos(struct world *world, size_t author)
{
    for (size_t i = 0; i < world->photos_count; i++)
        world->photos[i].doubtful |= world->photos[i].author == author;
}
