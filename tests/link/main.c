/* jinqiu-link: a poor line in front of a hub, by seed. */

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/link/relay.h"

#define EXIT_USAGE 2

struct options {
    struct relay_options relay;
    bool json, have_hub;
    uint64_t connections; /* to end after; 0: none */
};

struct program {
    struct options options;
    struct relay *relay;
    uv_signal_t term, interrupt;
    uint64_t ended;
    bool stopping;
};

static void stop(struct program *program)
{
    if (program->stopping)
        return;
    program->stopping = true;
    uv_close((uv_handle_t *)&program->term, NULL);
    uv_close((uv_handle_t *)&program->interrupt, NULL);
    relay_close(program->relay);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    stop(handle->data);
}

static void on_ended(void *context, const struct relay_ended *ended)
{
    struct program *program = context;
    const struct line_counts *counts = &ended->counts;
    if (program->options.json)
        printf("{\"connection\":%" PRIu64 ",\"to_hub\":%" PRIu64 ",\"to_client\":%" PRIu64
               ",\"flights\":%u,\"stalls\":%" PRIu64 ",\"corrupted\":%" PRIu64
               ",\"cut\":%s,\"ms\":%" PRIu64 "}\n",
               ended->number, counts->to_hub, counts->to_client, counts->flights, counts->stalls,
               counts->corrupted, counts->cut ? "true" : "false", ended->ms);
    else
        printf("connection %" PRIu64 ": %" PRIu64 " bytes to the hub, %" PRIu64
               " back, %u flights, %" PRIu64 " ms%s\n",
               ended->number, counts->to_hub, counts->to_client, counts->flights, ended->ms,
               counts->cut ? ", cut" : "");
    if (++program->ended == program->options.connections)
        stop(program);
}

static void print_total(const struct program *program)
{
    const struct relay_total *total = relay_total(program->relay);
    if (program->options.json)
        printf("{\"connections\":%" PRIu64 ",\"cuts\":%" PRIu64 ",\"unreached\":%" PRIu64
               ",\"to_hub\":%" PRIu64 ",\"to_client\":%" PRIu64 ",\"stalls\":%" PRIu64
               ",\"corrupted\":%" PRIu64 ",\"flights\":%u}\n",
               total->connections, total->cuts, total->unreached, total->to_hub, total->to_client,
               total->stalls, total->corrupted, total->flights);
    else
        printf("%" PRIu64 " connections, %" PRIu64 " cut, %" PRIu64 " without a hub; %" PRIu64
               " bytes to the hub, %" PRIu64 " back, %" PRIu64 " stalls, %" PRIu64 " changed\n",
               total->connections, total->cuts, total->unreached, total->to_hub, total->to_client,
               total->stalls, total->corrupted);
}

static int usage(void)
{
    fprintf(stderr,
            "usage: jinqiu-link --to ADDRESS:PORT [--listen ADDRESS:PORT] [--seed N] [--json]\n"
            "                   [--rate BYTES/S] [--delay MS] [--jitter MS]\n"
            "                   [--stall PERCENT:MS] [--cut BYTES|LEAST-MOST] [--corrupt BYTES]\n"
            "                   [--connections N]\n"
            "Prints \"ready listen=ADDRESS:PORT\", a line for each connection that has ended, and\n"
            "the total after SIGTERM or N connections. Times are one way, the rate is of each\n"
            "direction. --cut: a connection dies after so many bytes. --corrupt: one byte in so\n"
            "many has a bit changed.\n");
    return EXIT_USAGE;
}

/* ADDRESS:PORT, numeric, IPv4. */
static bool read_address(const char *text, struct sockaddr_storage *out)
{
    char address[64];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof address)
        return false;
    memcpy(address, text, (size_t)(colon - text));
    address[colon - text] = '\0';
    return uv_ip4_addr(address, atoi(colon + 1), (struct sockaddr_in *)out) == 0;
}

/* A, or A and B with `between` in between; how many. */
static int read_numbers(const char *text, char between, uint64_t *a, uint64_t *b)
{
    char *end;
    *a = strtoull(text, &end, 10);
    if (end == text || (*end && *end != between))
        return 0;
    if (!*end)
        return 1;
    const char *second = end + 1;
    *b = strtoull(second, &end, 10);
    return end > second && !*end ? 2 : 0;
}

static bool read_number(struct options *options, int option, const char *text)
{
    struct line_manner *manner = &options->relay.manner;
    uint64_t a = 0, b = 0;
    int count = read_numbers(text, option == 't' ? ':' : '-', &a, &b);
    bool pair = option == 't' || option == 'x';
    if (count == 0 || (count == 2 && !pair) || (count == 1 && option == 't'))
        return false;
    if (option == 's')
        manner->seed = a;
    else if (option == 'r')
        manner->bytes_per_s = a;
    else if (option == 'd')
        manner->delay_ms = (uint32_t)a;
    else if (option == 'J')
        manner->jitter_ms = (uint32_t)a;
    else if (option == 'c')
        manner->corrupt_bytes = a;
    else if (option == 'n')
        options->connections = a;
    else if (option == 't')
        manner->stall_percent = (uint32_t)a, manner->stall_ms = (uint32_t)b;
    else
        manner->cut_min_bytes = a, manner->cut_bytes = count == 2 ? b : a;
    return true;
}

static bool read_options(struct options *options, int argc, char **argv)
{
    static const struct option longs[] = {
        {"to", 1, NULL, 'o'},    {"listen", 1, NULL, 'l'},      {"seed", 1, NULL, 's'},
        {"rate", 1, NULL, 'r'},  {"delay", 1, NULL, 'd'},       {"jitter", 1, NULL, 'J'},
        {"stall", 1, NULL, 't'}, {"cut", 1, NULL, 'x'},         {"corrupt", 1, NULL, 'c'},
        {"json", 0, NULL, 'j'},  {"connections", 1, NULL, 'n'}, {NULL, 0, NULL, 0}};
    *options = (struct options){.relay.manner.seed = 1};
    uv_ip4_addr("127.0.0.1", 0, (struct sockaddr_in *)&options->relay.listen);
    for (int option; (option = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        bool good = option != '?';
        if (option == 'j')
            options->json = true;
        else if (option == 'o')
            good = options->have_hub = read_address(optarg, &options->relay.hub);
        else if (option == 'l')
            good = read_address(optarg, &options->relay.listen);
        else if (good)
            good = read_number(options, option, optarg);
        if (!good)
            return false;
    }
    return optind == argc && options->have_hub;
}

int main(int argc, char **argv)
{
    struct program program = {.relay = NULL};
    uv_loop_t loop;
    char host[64];
    if (!read_options(&program.options, argc, argv))
        return usage();
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    uv_loop_init(&loop);
    program.options.relay.ended = on_ended;
    program.options.relay.context = &program;
    int code = relay_open(&program.relay, &loop, &program.options.relay);
    if (code < 0) {
        fprintf(stderr, "jinqiu-link: cannot listen: %s\n", uv_strerror(code));
        return 1;
    }
    uv_signal_init(&loop, &program.term);
    uv_signal_init(&loop, &program.interrupt);
    program.term.data = program.interrupt.data = &program;
    uv_signal_start(&program.term, on_signal, SIGTERM);
    uv_signal_start(&program.interrupt, on_signal, SIGINT);
    uv_ip_name((const struct sockaddr *)&program.options.relay.listen, host, sizeof host);
    printf("ready listen=%s:%u\n", host, relay_port(program.relay));
    uv_run(&loop, UV_RUN_DEFAULT);
    print_total(&program);
    uv_loop_close(&loop);
    relay_free(program.relay);
    return 0;
}
