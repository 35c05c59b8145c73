#ifndef SERVER_CONSOLE_SESSION_H
#define SERVER_CONSOLE_SESSION_H

/* Who is signed in to the console: a random token each, which lives in a cookie.
 *
 * In memory only: after a restart everybody signs in again. A session ends CONSOLE_IDLE_MS after
 * a person last used it and CONSOLE_LIFE_MS after it began, whatever happens. Only hashes of the
 * tokens are kept. The time comes in, in ms of a clock that never steps back. For one thread. */

#include "server/account.h"

#define CONSOLE_SESSIONS_MAX 128
#define CONSOLE_IDLE_MS (30ull * 60 * 1000)
#define CONSOLE_LIFE_MS (12ull * 60 * 60 * 1000)
#define CONSOLE_TOKEN_BYTES 65 /* 64 hex digits and the terminator */
#define CONSOLE_TOKEN_HASH_BYTES 32

struct console_session {
    bool used;
    uint8_t hash[CONSOLE_TOKEN_HASH_BYTES];
    char name[ACCOUNT_NAME_BYTES];
    enum role role;
    uint64_t version; /* of the account */
    uint64_t began_ms, seen_ms;
};

struct console_sessions {
    struct console_session sessions[CONSOLE_SESSIONS_MAX];
};

/* A new one; where there is no room, the one that was quiet longest ends. Gives the token. */
void console_session_begin(struct console_sessions *sessions, const struct account *account,
                           uint64_t now_ms, char token[CONSOLE_TOKEN_BYTES]);
/* The live session of a token; NULL: there is none. Borrows until the next call. */
struct console_session *console_session_find(struct console_sessions *sessions, const char *token,
                                             uint64_t now_ms);
/* A person did something: it isn't idle. */
void console_session_touch(struct console_session *session, uint64_t now_ms);
void console_session_end(struct console_session *session); /* NULL is fine */
/* All that have this version of an account: it was changed. */
void console_session_end_version(struct console_sessions *sessions, uint64_t version);
size_t console_session_count(struct console_sessions *sessions, uint64_t now_ms);

#endif
