#include "tests/bench/table.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool json;
static const char *part = "";

/* As the kernel names the processor; "?" where it doesn't. */
static void processor_name(char *out, size_t size)
{
    char line[256], *colon;
    FILE *in = fopen("/proc/cpuinfo", "r");
    snprintf(out, size, "?");
    while (in && fgets(line, sizeof line, in)) {
        if (strncmp(line, "model name", 10) != 0 || !(colon = strchr(line, ':')))
            continue;
        line[strcspn(line, "\n\"\\")] = '\0';
        snprintf(out, size, "%s", colon + 2);
        break;
    }
    if (in)
        fclose(in);
}

void table_begin(bool as_json, unsigned long rows)
{
    char processor[200], date[16];
    json = as_json;
    if (!json) {
        printf("%-40s %12s %12s %7s %12s  %s\n", "", "figure", "limit", "ratio", "bar", "unit");
        return;
    }
    time_t today = time(NULL);
    strftime(date, sizeof date, "%Y-%m-%d", gmtime(&today));
    processor_name(processor, sizeof processor);
    printf("{\"machine\":{\"processor\":\"%s\",\"cores\":%ld},\"date\":\"%s\",\"rows\":%lu}\n",
           processor, sysconf(_SC_NPROCESSORS_ONLN), date, rows);
}

void table_part(const char *name)
{
    part = name;
    if (!json)
        printf("%s\n", name);
}

static bool met(const struct table_row *row, double ratio)
{
    switch (row->bar.of) {
    case BAR_NONE:
        break;
    case BAR_AT_LEAST:
        return row->figure >= row->bar.value;
    case BAR_AT_MOST:
        return row->figure <= row->bar.value;
    case BAR_RATIO_AT_LEAST:
        return ratio >= row->bar.value;
    case BAR_RATIO_AT_MOST:
        return ratio <= row->bar.value;
    }
    return true;
}

static void print_json(const struct table_row *row, double ratio)
{
    static const char *const senses[] = {"", "at least", "at most", "at least", "at most"};
    bool of_ratio = row->bar.of == BAR_RATIO_AT_LEAST || row->bar.of == BAR_RATIO_AT_MOST;
    printf("{\"part\":\"%s\",\"name\":\"%s\",\"unit\":\"%s\",\"figure\":%.3f", part, row->name,
           row->unit, row->figure);
    if (row->limit > 0)
        printf(",\"limit\":%.3f,\"limit_is\":\"%s\",\"ratio\":%.3f", row->limit, row->limit_is,
               ratio);
    if (row->bar.of != BAR_NONE)
        printf(",\"bar\":%.3f,\"bar_of\":\"%s\",\"sense\":\"%s\",\"met\":%s", row->bar.value,
               of_ratio ? "ratio" : "figure", senses[row->bar.of],
               met(row, ratio) ? "true" : "false");
    printf("}\n");
}

static void print_text(const struct table_row *row, double ratio)
{
    static const char *const senses[] = {"", ">=", "<=", ">=", "<="};
    bool of_ratio = row->bar.of == BAR_RATIO_AT_LEAST || row->bar.of == BAR_RATIO_AT_MOST;
    char limit[32] = "", by[32] = "", bar[32] = "";
    int digits = row->figure < 100 ? 1 : 0;
    if (row->limit > 0) {
        snprintf(limit, sizeof limit, "%.*f", row->limit < 100 ? 1 : 0, row->limit);
        snprintf(by, sizeof by, "%.2f", ratio);
    }
    if (row->bar.of != BAR_NONE)
        snprintf(bar, sizeof bar, "%s %.*f", senses[row->bar.of], of_ratio ? 2 : 0, row->bar.value);
    printf("  %-38s %12.*f %12s %7s %12s  %s%s\n", row->name, digits, row->figure, limit, by, bar,
           row->unit, met(row, ratio) ? "" : "  MISSED");
}

void table_print(const struct table_row *row)
{
    double ratio = row->limit > 0 ? row->figure / row->limit : 0;
    if (json)
        print_json(row, ratio);
    else
        print_text(row, ratio);
    fflush(stdout);
}
