#ifndef COMMON_ERROR_H
#define COMMON_ERROR_H

/* Status codes and the sentence that goes with them.
 *
 * A function that can fail returns `enum status` and takes `struct error *err` last (may be
 * NULL). Reporting never allocates. Set where the fault is seen, wrapped where context is known,
 * printed once at the edge. The English format is the key of the catalogue in messages.h: when the
 * process speaks Chinese, the sentence is the catalogue's translation of that same format. */

#define STATUS_LIST(X)                                                                \
    X(STATUS_OK, "ok")                                                                \
    X(STATUS_NO_MEMORY, "out of memory")                                              \
    X(STATUS_BAD_INPUT, "bad input") /* text or bytes from outside break a rule */    \
    X(STATUS_TOO_LARGE, "too large") /* a declared limit would be passed */           \
    X(STATUS_NOT_FOUND, "not found")                                                  \
    X(STATUS_EXISTS, "exists already")                                                \
    X(STATUS_DENIED, "not allowed")    /* known person, no such right */              \
    X(STATUS_FORGED, "forged")         /* signature, hash or chain does not hold */   \
    X(STATUS_FORKED, "forked")         /* two contents under one number */            \
    X(STATUS_GAP, "gap")               /* an earlier number is missing */             \
    X(STATUS_UNKNOWN, "not known yet") /* a newer schema or registry is needed */     \
    X(STATUS_STORAGE, "storage failed")                                               \
    X(STATUS_DISK_FULL, "disk is full")                                               \
    X(STATUS_NEWER, "made by a newer version")                                        \
    X(STATUS_BUSY, "busy")                                                            \
    X(STATUS_UNREACHABLE, "cannot be reached")                                        \
    X(STATUS_PROTOCOL, "protocol broken") /* the other side broke docs/protocol.md */ \
    X(STATUS_USAGE, "wrong usage")                                                    \
    X(STATUS_UNSUPPORTED, "not there yet")

enum status {
#define X(name, text) name,
    STATUS_LIST(X)
#undef X
        STATUS_COUNT
};

#define ERROR_TEXT_MAX 256

struct error {
    enum status status;
    char text[ERROR_TEXT_MAX]; /* always terminated, cut at a UTF-8 border */
};

/* English name of a status, for logs. */
const char *status_name(enum status status);

/* Record `status` and a sentence; returns `status`, so that one can `return error_set(…)`.
 * Lower case, no full stop, what failed first, the subject in quotes. */
enum status error_set(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "`context`: " in front of what stands in `err`. Returns err->status. */
enum status error_wrap(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void error_clear(struct error *err);

/* Return early with the status of a call that failed. */
#define TRY(call)                         \
    do {                                  \
        enum status try_status_ = (call); \
        if (try_status_ != STATUS_OK)     \
            return try_status_;           \
    } while (0)

#endif
