#include "common/messages.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static enum language current = LANGUAGE_EN;
/* Of a thread that answers a person. */
static _Thread_local bool has_own;
static _Thread_local enum language own;

/* One fragment a room, so that a room's sentences stand beside its other files. */
static const struct {
    const char *english;
    const char *chinese;
} catalogue[] = {
#define MESSAGE(english, chinese) {english, chinese},
#include "api/messages_api.inc"
#include "client/messages_client.inc"
#include "common/messages_attachment.inc"
#include "common/messages_base.inc"
#include "common/messages_replica.inc"
#include "common/messages_schema.inc"
#include "common/messages_secrets.inc"
#include "common/messages_snapshot.inc"
#include "common/messages_trust.inc"
#include "paper/messages_paper.inc"
#include "protocol/messages_protocol.inc"
#include "server/messages_server.inc"
#include "web/messages_web.inc"
#undef MESSAGE
};

void language_set(enum language language)
{
    current = language;
}

enum language language_get(void)
{
    return has_own ? own : current;
}

void language_begin(enum language language)
{
    has_own = true;
    own = language;
}

void language_end(void)
{
    has_own = false;
}

enum language language_from_name(const char *name)
{
    return name && strncasecmp(name, "en", 2) == 0 ? LANGUAGE_EN : LANGUAGE_ZH;
}

const char *messages_find_chinese(const char *english)
{
    for (size_t i = 0; i < sizeof catalogue / sizeof catalogue[0]; i++)
        if (strcmp(catalogue[i].english, english) == 0)
            return catalogue[i].chinese;
    return NULL;
}

const char *messages_at(size_t index)
{
    return index < sizeof catalogue / sizeof catalogue[0] ? catalogue[index].english : NULL;
}

const char *tr(const char *english)
{
    if (language_get() == LANGUAGE_EN)
        return english;
    const char *chinese = messages_find_chinese(english);
    return chinese ? chinese : english;
}
