#include "server/device_note.h"

#include <sqlite3.h>
#include <stdio.h>

#include "common/release.h"

static enum status write_note(struct replica *replica, const char *sql, uint32_t device,
                              int64_t ahead_ms, const char *program, struct error *err)
{
    sqlite3_stmt *write;
    TRY(replica_prepare(replica, sql, &write, err));
    sqlite3_bind_int64(write, 1, device);
    sqlite3_bind_int64(write, 2, clock_wall_ms(replica_clock(replica)));
    sqlite3_bind_int64(write, 3, ahead_ms);
    sqlite3_bind_text(write, 4, program, -1, SQLITE_STATIC);
    return replica_run_once(replica, write, err);
}

enum status device_note_seen(struct replica *replica, uint32_t device, struct error *err)
{
    return write_note(replica,
                      "INSERT OR REPLACE INTO _device_seen(device, seen_ms) VALUES(?1, ?2)", device,
                      0, NULL, err);
}

enum status device_note_save(struct replica *replica, uint32_t device, int64_t ahead_ms,
                             const char *program, struct error *err)
{
    return write_note(replica,
                      "INSERT OR REPLACE INTO _device_told(device, told_ms, ahead_ms, program) "
                      "VALUES(?1, ?2, ?3, ?4)",
                      device, ahead_ms, release_version_valid(program) ? program : "", err);
}

enum status device_note_load(struct replica *replica, uint32_t device, struct device_note *note,
                             struct error *err)
{
    enum status status = STATUS_OK;
    sqlite3_stmt *read = NULL;
    *note = (struct device_note){0};
    if (sqlite3_prepare_v2(replica_database(replica),
                           "SELECT told_ms, ahead_ms, program FROM _device_told WHERE device = ?1",
                           -1, &read, NULL) != SQLITE_OK)
        return STATUS_OK;
    sqlite3_bind_int64(read, 1, device);
    if (replica_step(replica, read, &status, err)) {
        const unsigned char *program = sqlite3_column_text(read, 2);
        note->told_ms = sqlite3_column_int64(read, 0);
        note->ahead_ms = sqlite3_column_int64(read, 1);
        snprintf(note->program, sizeof note->program, "%s", program ? (const char *)program : "");
    }
    sqlite3_finalize(read);
    return status;
}
