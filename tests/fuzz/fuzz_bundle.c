/* Bundles: any bytes as a file; any bytes as the content of a good one, torn, flipped and fed in
 * pieces. What is taken is a beginning of what was put in, and memory stays bounded. */

#include <stdlib.h>
#include <string.h>

#include "protocol/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct network network;
static struct dh_key key;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void prepare(void)
{
    static bool done;
    static const uint8_t secret[DH_KEY_BYTES] = {7};
    if (done)
        return;
    done = true;
    must(keys_init(NULL) == STATUS_OK);
    dh_key_from_secret(&key, secret);
}

/* The bodies that came, end to end. */
static enum status take(void *context, const struct message *message, struct error *err)
{
    (void)err;
    return buffer_append_bytes(context, message->body);
}

static enum status read_in_pieces(struct bytes file, size_t piece, struct buffer *taken,
                                  bool *complete)
{
    struct bundle_reader_options options = {&network, &key, take, taken};
    struct bundle_reader *reader;
    must(bundle_reader_new(&reader, &options, NULL) == STATUS_OK);
    enum status status = STATUS_OK;
    while (file.size > 0 && status == STATUS_OK) {
        size_t size = piece < file.size ? piece : file.size;
        status = bundle_feed(reader, bytes_of(file.data, size), NULL);
        file = bytes_of(file.data + size, file.size - size);
    }
    *complete = bundle_complete(reader);
    bundle_reader_free(reader);
    return status;
}

static enum status keep(void *context, struct bytes bytes, struct error *err)
{
    (void)err;
    return buffer_append_bytes(context, bytes);
}

/* A good bundle whose messages are cut out of the input. */
static void write_bundle(struct bytes content, struct buffer *file)
{
    struct bundle_options options = {&network, 3, &key.public_key, 1, keep, file};
    struct bundle_writer *writer;
    must(bundle_writer_new(&writer, &options, NULL) == STATUS_OK);
    while (content.size > 0) {
        size_t size = 1 + content.data[0] * 97u;
        size = size < content.size ? size : content.size;
        must(bundle_put(writer, MESSAGE_RUN, bytes_of(content.data, size), NULL) == STATUS_OK);
        content = bytes_of(content.data + size, content.size - size);
    }
    must(bundle_finish(writer, NULL) == STATUS_OK);
    bundle_writer_free(writer);
}

static bool begins_with(struct bytes whole, struct bytes part)
{
    return part.size <= whole.size &&
           (part.size == 0 || memcmp(whole.data, part.data, part.size) == 0);
}

static void check_good(struct bytes content, const struct buffer *file)
{
    struct buffer taken = {0};
    bool complete;
    must(read_in_pieces(buffer_bytes(file), 1 + content.size % 700, &taken, &complete) ==
         STATUS_OK);
    must(complete && bytes_equal(buffer_bytes(&taken), content));
    buffer_release(&taken);
}

/* Damage at a place that the content chooses. */
static void check_damaged(struct bytes content, const struct buffer *file)
{
    struct buffer taken = {0};
    bool complete;
    size_t at = 0;
    for (size_t i = 0; i < content.size && i < 4; i++)
        at = at << 8 | content.data[i];
    at %= file->size;
    read_in_pieces(bytes_of(file->data, at), 4096, &taken, &complete);
    must(!complete && begins_with(content, buffer_bytes(&taken)));
    buffer_clear(&taken);
    file->data[at] ^= 0x10;
    enum status status = read_in_pieces(buffer_bytes(file), 4096, &taken, &complete);
    /* The sender's number is told in clear, and hashed with the rest. */
    must(status != STATUS_OK || !complete);
    must(begins_with(content, buffer_bytes(&taken)));
    buffer_release(&taken);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer file = {0}, taken = {0};
    struct bytes content = bytes_of(data, size);
    bool complete;
    prepare();
    read_in_pieces(content, 513, &taken, &complete);
    must(!complete && taken.size == 0);
    write_bundle(content, &file);
    check_good(content, &file);
    check_damaged(content, &file);
    buffer_release(&file);
    buffer_release(&taken);
    return 0;
}
