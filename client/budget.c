#include "client/budget.h"

#include <stdlib.h>
#include <strings.h>

#define NUMBER_MAX 1000000000000ull

static bool parse(const char *text, uint64_t *bytes)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = {{"", 1}, {"B", 1}, {"KB", 1000}, {"K", 1000}, {"MB", 1000000}, {"M", 1000000}};
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || number > NUMBER_MAX)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcasecmp(end, units[i].name) == 0) {
            *bytes = number * units[i].bytes;
            return true;
        }
    return false;
}

enum status budget_choose(const struct cli *cli, struct link_options *options, struct error *err)
{
    const char *text = cli_value(cli, "--budget");
    if (!text)
        return STATUS_OK;
    if (!parse(text, &options->budget_bytes))
        return error_set(err, STATUS_USAGE, "'%s' is not a size, such as 200KB", text);
    if (options->budget_bytes == 0)
        options->attachments = SESSION_ATTACHMENTS_NONE;
    return STATUS_OK;
}
