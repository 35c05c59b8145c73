#include "tests/support/flood.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/pack.h"
#include "protocol/storage.h"

#define RUNS_MAX 200

static void must(bool holds)
{
    if (!holds) {
        fputs("a flood that doesn't arrive\n", stderr);
        abort();
    }
}

void flood_init(struct flood *flood, struct replica *hub, const struct identity *writer,
                uint32_t org)
{
    *flood = (struct flood){.hub = hub,
                            .writer = writer,
                            .feed = {SCOPE_RECORDS(org), writer->device, INCARNATION_FIRST}};
}

static void write_body(const struct flood *flood, struct buffer *body)
{
    const struct schema *schema = replica_schema(flood->hub);
    const struct schema_table *table = schema_table_named(schema, "person");
    const struct schema_field *field = table_field_named(table, "phone");
    struct entry_head head = {.time_ms = (int64_t)flood->number, .epoch = schema->epoch};
    struct entry_writer out = {0};
    struct buffer value = {0};
    struct id row = FLOOD_ROW;
    char text[16];
    snprintf(text, sizeof text, "%09llu", (unsigned long long)flood->number);
    must(pack_str(&value, bytes_text(text)) == STATUS_OK);
    buffer_clear(body);
    must(entry_writer_start(&out, &flood->feed, &head, NULL) == STATUS_OK);
    must(entry_writer_op(&out, table->number, &row, NULL) == STATUS_OK);
    must(entry_writer_field(&out, field->number, buffer_bytes(&value), NULL, 0, NULL) == STATUS_OK);
    must(entry_writer_finish(&out, body, NULL) == STATUS_OK);
    entry_writer_release(&out);
    buffer_release(&value);
}

void flood_run(struct flood *flood, struct buffer *encoded)
{
    const struct network *network = replica_network(flood->hub);
    struct buffer bodies[FLOOD_RUN] = {{0}};
    struct bytes parts[FLOOD_RUN];
    uint8_t signature[SIGNATURE_BYTES];
    struct run run = {flood->feed, flood->number + 1, parts, FLOOD_RUN, signature, {0}};
    for (size_t i = 0; i < FLOOD_RUN; i++) {
        struct dot dot = {flood->feed, ++flood->number};
        struct hash previous = flood->hash;
        write_body(flood, &bodies[i]);
        parts[i] = buffer_bytes(&bodies[i]);
        entry_hash(&flood->hash, network, &dot, &previous, parts[i]);
    }
    entry_sign(signature, network, &flood->hash, &flood->writer->sign);
    must(run_encode(&run, encoded, NULL) == STATUS_OK);
    for (size_t i = 0; i < FLOOD_RUN; i++)
        buffer_release(&bodies[i]);
}

void flood_job(struct flood *flood, size_t runs)
{
    struct buffer encoded[RUNS_MAX] = {{0}};
    struct session_run asked[RUNS_MAX];
    struct storage_reply reply = {0};
    struct session_question question = {
        .ask = ASK_STORE, .runs = asked, .runs_count = runs, .peer = flood->writer->device};
    must(runs <= RUNS_MAX);
    for (size_t i = 0; i < runs; i++) {
        flood_run(flood, &encoded[i]);
        asked[i].encoded = buffer_bytes(&encoded[i]);
    }
    must(storage_answer(flood->hub, &question, NULL, &reply, NULL) == STATUS_OK);
    must(reply.answer.applied == runs * FLOOD_RUN);
    storage_reply_release(&reply);
    for (size_t i = 0; i < runs; i++)
        buffer_release(&encoded[i]);
}
