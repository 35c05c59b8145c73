#include "common/report_wish.h"

#include <stdio.h>
#include <string.h>

#include "common/calendar.h"
#include "common/view.h"

static enum status take_day(char day[32], const char *typed, struct error *err)
{
    if (!typed)
        return STATUS_OK;
    if (!calendar_date_valid(bytes_text(typed)))
        return error_set(err, STATUS_USAGE, "'%s' is not a date like 2026-11-20", typed);
    memcpy(day, typed, strlen(typed) + 1);
    return STATUS_OK;
}

enum status report_wish_fill(struct report_wish *wish, struct replica *replica, const char *from,
                             const char *to, const char *org, struct error *err)
{
    const struct registry *registry = replica_registry(replica);
    const struct device *self = registry_device(registry, replica_identity(replica)->device);
    const struct org *asked = NULL;
    if (!time_format_local(clock_wall_ms(replica_clock(replica)), wish->to))
        return error_set(err, STATUS_BAD_INPUT, "this machine's clock shows no time");
    wish->to[10] = '\0';
    snprintf(wish->from, sizeof wish->from, "%.4s-01-01", wish->to);
    TRY(take_day(wish->from, from, err));
    TRY(take_day(wish->to, to, err));
    if (org)
        TRY(view_org(replica, org, &asked, err));
    wish->question = (struct report_question){.from = wish->from,
                                              .to = wish->to,
                                              .org = asked  ? asked->number
                                                     : self ? self->certificate.org
                                                            : ORG_ROOT,
                                              .role = self ? self->certificate.role : ROLE_HUB,
                                              .me = self ? &self->certificate.person : NULL};
    return STATUS_OK;
}
