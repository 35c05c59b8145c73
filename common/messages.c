#include "common/messages.h"

#include <string.h>
#include <strings.h>

static enum language current = LANGUAGE_EN;

/* One fragment a room, so that a room's sentences stand beside its other files. */
static const struct {
    const char *english;
    const char *chinese;
} catalogue[] = {
#define MESSAGE(english, chinese) {english, chinese},
#include "client/messages_client.inc"
#include "common/messages_attachment.inc"
#include "common/messages_base.inc"
#include "common/messages_replica.inc"
#include "common/messages_schema.inc"
#include "common/messages_secrets.inc"
#include "common/messages_trust.inc"
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
    return current;
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

const char *tr(const char *english)
{
    if (current == LANGUAGE_EN)
        return english;
    const char *chinese = messages_find_chinese(english);
    return chinese ? chinese : english;
}
