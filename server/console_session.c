#include "server/console_session.h"

#include <sodium.h>
#include <string.h>

#include "common/mutant.h"

#define TOKEN_RANDOM_BYTES 32

static void hash_token(const char *token, uint8_t hash[CONSOLE_TOKEN_HASH_BYTES])
{
    crypto_generichash(hash, CONSOLE_TOKEN_HASH_BYTES, (const uint8_t *)token, strlen(token), NULL,
                       0);
}

static bool is_over(const struct console_session *session, uint64_t now_ms)
{
    return !session->used ||
           (now_ms - session->seen_ms >= CONSOLE_IDLE_MS && !MUTANT("console-idle-never-ends")) ||
           (now_ms - session->began_ms >= CONSOLE_LIFE_MS && !MUTANT("console-life-never-ends"));
}

static struct console_session *find_room(struct console_sessions *sessions, uint64_t now_ms)
{
    struct console_session *quietest = &sessions->sessions[0];
    for (size_t i = 0; i < CONSOLE_SESSIONS_MAX; i++) {
        struct console_session *session = &sessions->sessions[i];
        if (is_over(session, now_ms))
            return session;
        if (session->seen_ms < quietest->seen_ms)
            quietest = session;
    }
    return quietest;
}

void console_session_begin(struct console_sessions *sessions, const struct account *account,
                           uint64_t now_ms, char token[CONSOLE_TOKEN_BYTES])
{
    uint8_t random[TOKEN_RANDOM_BYTES];
    struct console_session *session = find_room(sessions, now_ms);
    *session = (struct console_session){.used = true,
                                        .role = account->role,
                                        .version = account->version,
                                        .began_ms = now_ms,
                                        .seen_ms = now_ms};
    memcpy(session->name, account->name, sizeof session->name);
    randombytes_buf(random, sizeof random);
    hex_encode(bytes_of(random, sizeof random), token);
    sodium_memzero(random, sizeof random);
    hash_token(token, session->hash);
}

struct console_session *console_session_find(struct console_sessions *sessions, const char *token,
                                             uint64_t now_ms)
{
    uint8_t hash[CONSOLE_TOKEN_HASH_BYTES];
    hash_token(token, hash);
    for (size_t i = 0; i < CONSOLE_SESSIONS_MAX; i++) {
        struct console_session *session = &sessions->sessions[i];
        if (!session->used || sodium_memcmp(session->hash, hash, sizeof hash) != 0)
            continue;
        if (is_over(session, now_ms)) {
            console_session_end(session);
            return NULL;
        }
        return session;
    }
    return NULL;
}

void console_session_touch(struct console_session *session, uint64_t now_ms)
{
    session->seen_ms = now_ms;
}

void console_session_end(struct console_session *session)
{
    if (session)
        sodium_memzero(session, sizeof *session);
}

void console_session_end_version(struct console_sessions *sessions, uint64_t version)
{
    for (size_t i = 0; i < CONSOLE_SESSIONS_MAX; i++)
        if (sessions->sessions[i].used && sessions->sessions[i].version == version)
            console_session_end(&sessions->sessions[i]);
}

size_t console_session_count(struct console_sessions *sessions, uint64_t now_ms)
{
    size_t count = 0;
    for (size_t i = 0; i < CONSOLE_SESSIONS_MAX; i++)
        count += !is_over(&sessions->sessions[i], now_ms);
    return count;
}
