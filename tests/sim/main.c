/* jinqiu-sim: worlds from seeds. */

#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/explore.h"
#include "tests/sim/faces.h"
#include "tests/sim/fleet.h"
#include "tests/sim/shrink.h"
#include "tests/sim/world.h"

enum { EXIT_CRASH = 1, EXIT_INVARIANT = 2, EXIT_LIVENESS = 3, EXIT_NONDETERMINISM = 4 };
#define EXIT_USAGE 64
#define TWICE 20 /* one world in so many is lived twice */

struct options {
    uint64_t from, worlds;
    double hours;
    enum plan_class only;
    const char *plan;
    unsigned explore; /* events of every world; 0: worlds from seeds */
    bool json, verbose, one, keep, faces;
};

struct totals {
    uint64_t worlds, device_minutes, saves, sessions, twice;
    uint64_t probes[PROBES];
    uint64_t hubs; /* that lied */
    struct faces_report faces;
    struct timespec begun;
};

static double seconds_since(const struct timespec *begun)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begun->tv_sec) + (double)(now.tv_nsec - begun->tv_nsec) / 1e9;
}

static void add_up(struct totals *totals, const struct world_report *report)
{
    totals->worlds++;
    totals->device_minutes += report->device_minutes;
    totals->saves += report->saves;
    totals->sessions += report->sessions;
    for (unsigned i = 0; i < PROBES; i++)
        totals->probes[i] += report->probes[i];
}

static void print_totals(const struct options *options, const struct totals *totals)
{
    double seconds = seconds_since(&totals->begun);
    double years = (double)totals->device_minutes / 60 / 24 / 365.25;
    double speed = seconds > 0 ? years * 60 / seconds : 0;
    if (options->json) {
        printf("{\"worlds\":%" PRIu64 ",\"device_years\":%.2f,\"device_years_per_minute\":%.1f,"
               "\"saves\":%" PRIu64 ",\"sessions\":%" PRIu64 ",\"twice\":%" PRIu64 ",\"probes\":{",
               totals->worlds, years, speed, totals->saves, totals->sessions, totals->twice);
        for (unsigned i = 0; i < PROBES; i++)
            printf("%s\"%s\":%" PRIu64, i ? "," : "", probe_names[i], totals->probes[i]);
        printf("}}\n");
        return;
    }
    printf("%" PRIu64 " worlds, %" PRIu64 " saves, %" PRIu64 " sessions in %.1f s; %" PRIu64
           " worlds lived twice\n%.1f device-years, %.1f in a minute\n",
           totals->worlds, totals->saves, totals->sessions, seconds, totals->twice, years, speed);
    for (unsigned i = 0; i < PROBES; i++)
        printf("%10" PRIu64 "  %s\n", totals->probes[i], probe_names[i]);
    printf("%" PRIu64 " hubs that lied: %" PRIu64 " sessions, %" PRIu64 " saves, %" PRIu64
           " times another face, %" PRIu64 " proofs, %" PRIu64 " risks refused\n",
           totals->hubs, totals->faces.sessions, totals->faces.saves, totals->faces.turns,
           totals->faces.split, totals->faces.stale);
}

static int code_of(const struct world_report *report)
{
    return strcmp(report->finding.oracle, "O15") == 0 ? EXIT_LIVENESS : EXIT_INVARIANT;
}

static int fail(const struct options *options, const struct plan *plan,
                const struct world_report *report)
{
    printf("seed %" PRIu64 ": %s at event %zu of %zu: %s\n", plan->seed, report->finding.oracle,
           report->event, plan->count, report->finding.what);
    if (options->keep) {
        struct plan small = *plan;
        struct world_report again;
        shrink(&small, report->finding.oracle);
        printf("# %s: %s\n", report->finding.oracle, report->finding.what);
        plan_write(&small, stdout);
        world_live(&small, &again, stdout);
        printf("# %s\n", again.finding.what);
    }
    return code_of(report);
}

static int live(const struct options *options, const struct plan *plan, struct totals *totals)
{
    struct world_report report, again;
    FILE *log = options->verbose ? stdout : NULL;
    world_live(plan, &report, log);
    add_up(totals, &report);
    if (report.finding.oracle[0])
        return fail(options, plan, &report);
    if (!options->one && plan->seed % TWICE != 0)
        return 0;
    totals->twice++;
    world_live(plan, &again, NULL);
    if (report.trace == again.trace)
        return 0;
    printf("seed %" PRIu64 ": two lives of one world differ\n", plan->seed);
    return EXIT_NONDETERMINISM;
}

static int live_file(const struct options *options, struct totals *totals)
{
    struct plan plan;
    unsigned line = 0;
    FILE *in = fopen(options->plan, "r");
    bool good = in && plan_read(&plan, in, &line);
    if (in)
        fclose(in);
    if (!good) {
        fprintf(stderr, "jinqiu-sim: '%s' is no plan, see line %u\n", options->plan, line);
        return EXIT_USAGE;
    }
    return live(options, &plan, totals);
}

static int live_faces(const struct options *options, uint64_t seed, struct totals *totals)
{
    totals->hubs++;
    faces_live(seed, &totals->faces, options->verbose ? stdout : NULL);
    const struct finding *finding = &totals->faces.finding;
    if (finding->oracle[0] == '\0')
        return 0;
    printf("seed %" PRIu64 ": %s of a hub that lies: %s\n", seed, finding->oracle, finding->what);
    return strcmp(finding->oracle, "O15") == 0 ? EXIT_LIVENESS : EXIT_INVARIANT;
}

static int live_seeds(const struct options *options, struct totals *totals)
{
    int code = 0;
    for (uint64_t i = 0; code == 0; i++) {
        struct plan plan;
        bool late = options->hours > 0 && seconds_since(&totals->begun) > options->hours * 3600;
        if (options->hours > 0 ? late : i == options->worlds)
            break;
        plan_make(&plan, options->from + i, options->only);
        code =
            options->faces ? live_faces(options, plan.seed, totals) : live(options, &plan, totals);
    }
    return code;
}

static int live_all(const struct options *options, struct totals *totals)
{
    struct exploring exploring = {.length = options->explore};
    struct plan plan;
    int code = 0;
    while (code == 0 && explore_next(&exploring, &plan)) {
        code = live(options, &plan, totals);
        if (code != 0)
            printf("# of all words of %u events: %s\n", options->explore, explore_name(&exploring));
    }
    return code;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: jinqiu-sim [--seed N | --worlds N [--from SEED] | --hours H | --plan FILE\n"
            "                   | --explore EVENTS]\n"
            "                  [--class NAME | --faces] [--json] [--verbose] [--no-shrink]\n"
            "--faces: only worlds whose hub lies (tests/sim/faces.h).\n"
            "Exit codes: 0 all is well, 1 crash, 2 an invariant is broken, 3 no rest, 4 two lives\n"
            "of one world differ.\n");
    return EXIT_USAGE;
}

static bool read_options(struct options *options, int argc, char **argv)
{
    static const struct option longs[] = {
        {"seed", 1, NULL, 's'},      {"worlds", 1, NULL, 'w'}, {"from", 1, NULL, 'f'},
        {"class", 1, NULL, 'c'},     {"plan", 1, NULL, 'p'},   {"hours", 1, NULL, 'h'},
        {"explore", 1, NULL, 'e'},   {"json", 0, NULL, 'j'},   {"verbose", 0, NULL, 'v'},
        {"no-shrink", 0, NULL, 'n'}, {"faces", 0, NULL, 'l'},  {NULL, 0, NULL, 0}};
    *options = (struct options){.from = 1, .worlds = 100, .only = CLASSES, .keep = true};
    for (int option; (option = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;
        unsigned class = 0;
        while (option == 'c' && class < CLASSES && strcmp(class_names[class], optarg) != 0)
            class ++;
        if (option == 's')
            *options = (struct options){.from = number,
                                        .worlds = 1,
                                        .only = options->only,
                                        .json = options->json,
                                        .verbose = true,
                                        .one = true,
                                        .faces = options->faces,
                                        .keep = options->keep};
        else if (option == 'w')
            options->worlds = number;
        else if (option == 'f')
            options->from = number;
        else if (option == 'p')
            options->plan = optarg;
        else if (option == 'h')
            options->hours = strtod(optarg, NULL);
        else if (option == 'e' && number > 0 && number <= EXPLORE_LENGTH_MAX)
            options->explore = (unsigned)number;
        else if (option == 'j')
            options->json = true;
        else if (option == 'v')
            options->verbose = true;
        else if (option == 'n')
            options->keep = false;
        else if (option == 'l')
            options->faces = true;
        else if (option == 'c' && class < CLASSES)
            options->only = (enum plan_class) class;
        else
            return false;
    }
    return optind == argc;
}

int main(int argc, char **argv)
{
    struct options options;
    struct totals totals = {0};
    if (!read_options(&options, argc, argv))
        return usage();
    setvbuf(stdout, NULL, _IOLBF, 0);
    /* The next world takes the memory of the last one, large pieces too. */
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    fleet_prepare();
    clock_gettime(CLOCK_MONOTONIC, &totals.begun);
    int code = options.plan      ? live_file(&options, &totals)
               : options.explore ? live_all(&options, &totals)
                                 : live_seeds(&options, &totals);
    print_totals(&options, &totals);
    fleet_forget();
    return code;
}
