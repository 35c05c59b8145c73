#include "common/wal_check.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/mutant.h"

#define HEADER_BYTES 32
#define FRAME_HEADER_BYTES 24
#define PAGE_MAX 65536
#define MAGIC 0x377f0682u /* its last bit: in which order sums read words */
/* Where every connection to a database in WAL mode holds a shared lock. */
#define SHARED_FIRST (0x40000000 + 2)
#define SHARED_SIZE 510

static uint32_t get_u32be(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

/* ---- who uses it ---- */

bool database_in_use(const char *path)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SHARED_FIRST, .l_len = SHARED_SIZE};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    bool used = fd >= 0 && (fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK);
    if (fd >= 0)
        close(fd);
    return used;
}

int database_lock(const char *path)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SHARED_FIRST, .l_len = SHARED_SIZE};
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* ---- sums ---- */

struct wal {
    FILE *file;
    uint8_t header[HEADER_BYTES];
    uint8_t frame[FRAME_HEADER_BYTES + PAGE_MAX];
    uint32_t page_bytes, sum[2];
    bool big_endian;
};

static void add_sum(struct wal *wal, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i + 8 <= size; i += 8) {
        uint32_t first = wal->big_endian ? get_u32be(bytes + i) : get_u32le(bytes + i);
        uint32_t second = wal->big_endian ? get_u32be(bytes + i + 4) : get_u32le(bytes + i + 4);
        wal->sum[0] += first + wal->sum[1];
        wal->sum[1] += second + wal->sum[0];
    }
}

static bool sum_is(const struct wal *wal, const uint8_t *stored)
{
    return wal->sum[0] == get_u32be(stored) && wal->sum[1] == get_u32be(stored + 4);
}

static bool header_holds(struct wal *wal)
{
    uint32_t magic = get_u32be(wal->header);
    wal->page_bytes = get_u32be(wal->header + 8);
    wal->big_endian = magic & 1;
    add_sum(wal, wal->header, 24);
    return (magic & ~1u) == MAGIC && wal->page_bytes >= 512 && wal->page_bytes <= PAGE_MAX &&
           (wal->page_bytes & (wal->page_bytes - 1)) == 0 && sum_is(wal, wal->header + 24);
}

/* A frame of this round of the log has both of its salts; what an earlier round left has neither,
 * but for chance. */
static bool of_this_round(const struct wal *wal)
{
    return memcmp(wal->frame + 8, wal->header + 16, 4) == 0 ||
           memcmp(wal->frame + 12, wal->header + 20, 4) == 0;
}

static bool next_frame(struct wal *wal)
{
    size_t size = FRAME_HEADER_BYTES + wal->page_bytes;
    return fread(wal->frame, 1, size, wal->file) == size;
}

static bool frame_holds(struct wal *wal)
{
    if (memcmp(wal->frame + 8, wal->header + 16, 8) != 0)
        return false;
    add_sum(wal, wal->frame, 8);
    add_sum(wal, wal->frame + FRAME_HEADER_BYTES, wal->page_bytes);
    return sum_is(wal, wal->frame + 16);
}

static bool drops_frames(struct wal *wal)
{
    bool held = true;
    if (fread(wal->header, 1, HEADER_BYTES, wal->file) != HEADER_BYTES)
        return false;
    if (!header_holds(wal))
        return fgetc(wal->file) != EOF; /* frames, and nobody can tell whose */
    while (held && next_frame(wal))
        held = frame_holds(wal);
    if (held)
        return false;
    do
        if (of_this_round(wal))
            return true;
    while (next_frame(wal));
    return false;
}

bool wal_is_torn(const char *path)
{
    char name[4096];
    int size = snprintf(name, sizeof name, "%s-wal", path);
    if (size < 0 || (size_t)size >= sizeof name || access(name, F_OK) != 0 || database_in_use(path))
        return false;
    struct wal *wal = calloc(1, sizeof *wal);
    bool torn = false;
    if (wal && (wal->file = fopen(name, "rbe"))) {
        torn = drops_frames(wal);
        fclose(wal->file);
    }
    free(wal);
    return torn && !MUTANT("t18-torn-log-not-told");
}
