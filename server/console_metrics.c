/* /health and /metrics, for machines that watch the hub.
 *
 * /metrics is Prometheus' text format 0.0.4. It is open to this machine; where a proxy stands in
 * front, or a token is set, only to who bears the token (Authorization: Bearer …). Numbers alone:
 * no name, no id. */

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mutant.h"
#include "server/console_state.h"
#include "server/log.h"
#include "server/standing.h"

struct scrape {
    struct desk_job job;
    struct console *console;
    struct web_call *web;
    struct standing standing;
    enum status status;
    struct error err;
};

static void answer_text(struct web_call *web, int status, const char *type, struct bytes body)
{
    struct web_reply reply = {.status = status, .type = type, .body = body};
    web_call_answer(web, &reply);
}

static const char plain[] = "text/plain; charset=utf-8";

/* ---- /health ---- */

/* Healthy: what arrives can be stored. */
static void answer_health(struct console *console, struct web_call *web)
{
    bool well = !worker_totals(console->options.worker).failing;
    answer_text(web, well ? 200 : 503, "application/json",
                bytes_text(well ? "{\"ok\":true}" : "{\"ok\":false}"));
}

/* ---- /metrics ---- */

static void put(struct buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct buffer *out, const char *format, ...)
{
    char line[300];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (size > 0 && (size_t)size < sizeof line)
        buffer_append(out, line, (size_t)size);
}

static void put_one(struct buffer *out, const char *name, const char *type, const char *help,
                    uint64_t value)
{
    put(out, "# HELP jinqiu_%s %s\n# TYPE jinqiu_%s %s\njinqiu_%s %" PRIu64 "\n", name, help, name,
        type, name, value);
}

static void put_connections(struct buffer *out, const struct console_figures *figures)
{
    put(out,
        "# HELP jinqiu_connections clients connected now\n"
        "# TYPE jinqiu_connections gauge\n"
        "jinqiu_connections{state=\"known\"} %u\njinqiu_connections{state=\"stranger\"} %u\n",
        figures->known, figures->strangers);
    put_one(out, "connections_accepted_total", "counter", "connections accepted",
            figures->accepted);
    put_one(out, "sessions_total", "counter", "sessions of known devices", figures->sessions);
    put_one(out, "connections_shed_total", "counter", "connections cut over a limit",
            figures->shed);
    put(out,
        "# HELP jinqiu_bytes_total bytes of all sessions\n"
        "# TYPE jinqiu_bytes_total counter\n"
        "jinqiu_bytes_total{direction=\"in\"} %" PRIu64 "\n"
        "jinqiu_bytes_total{direction=\"out\"} %" PRIu64 "\n",
        figures->bytes_in, figures->bytes_out);
}

static void put_storage(struct buffer *out, const struct worker_totals *totals)
{
    uint64_t rounds = 0;
    put_one(out, "storage_queue", "gauge", "questions that wait for storage", totals->waiting);
    put_one(out, "storage_questions_total", "counter", "questions answered", totals->jobs);
    put_one(out, "storage_commits_total", "counter", "group commits", totals->commits);
    put_one(out, "entries_applied_total", "counter", "entries applied", totals->applied);
    put_one(out, "storage_failing", "gauge", "1: the last commit failed", totals->failing);
    put(out, "# HELP jinqiu_storage_round_seconds how long rounds of the storage thread took\n"
             "# TYPE jinqiu_storage_round_seconds histogram\n");
    for (int i = 0; i < WORKER_TIMES; i++) {
        rounds += totals->times[i];
        if (i < WORKER_TIMES - 1)
            put(out, "jinqiu_storage_round_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
                worker_times_ms[i] / 1000.0, rounds);
    }
    put(out,
        "jinqiu_storage_round_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n"
        "jinqiu_storage_round_seconds_sum %.6f\njinqiu_storage_round_seconds_count %" PRIu64 "\n",
        rounds, (double)totals->busy_us / 1e6, rounds);
}

static void put_standing(struct buffer *out, const struct standing *standing)
{
    put_one(out, "entries", "gauge", "entries in the log", standing->counts.entries);
    put_one(out, "rows", "gauge", "rows of all tables", standing->counts.rows);
    put_one(out, "conflicts", "gauge", "conflicts that wait", standing->counts.conflicts);
    put_one(out, "set_aside", "gauge", "entries set aside", standing->counts.set_aside);
    put_one(out, "missing", "gauge", "entries missing since a repair", standing->counts.missing);
    put_one(out, "staged_bytes", "gauge", "bytes of entries that came in part",
            standing->counts.staged);
    put_one(out, "devices", "gauge", "devices in the registry", standing->devices);
    put_one(out, "over_quota", "gauge", "devices that had to wait today",
            (uint64_t)standing->over_quota);
    put_one(out, "damaged", "gauge", "1: the file is damaged", standing->damaged);
    put_one(out, "disk_full", "gauge", "1: nothing can be saved", standing->disk_full);
    put_one(out, "disk_free_bytes", "gauge", "room on the disk of the folder", standing->disk_free);
}

static void put_all(struct scrape *scrape, struct buffer *out)
{
    struct console *console = scrape->console;
    uint64_t now_ms = console_now_ms(console);
    struct console_figures figures = {0};
    struct worker_totals totals = worker_totals(console->options.worker);
    console->options.figures(console->options.context, &figures);
    put_connections(out, &figures);
    put_storage(out, &totals);
    put_standing(out, &scrape->standing);
    put_one(out, "console_sessions", "gauge", "people signed in to the console",
            console_session_count(&console->sessions, now_ms));
    put_one(out, "uptime_seconds", "gauge", "since the hub began",
            (now_ms - console->began_ms) / 1000);
    put(out, "# HELP jinqiu_info the program\n# TYPE jinqiu_info gauge\n"
             "jinqiu_info{version=\"" JINQIU_VERSION "\"} 1\n");
}

static void read_standing(struct desk_job *job, struct replica *replica)
{
    struct scrape *scrape = (struct scrape *)job;
    bool changed;
    scrape->status = replica_refresh(replica, &changed, &scrape->err);
    if (scrape->status == STATUS_OK)
        scrape->status = standing_read(replica, &scrape->standing, &scrape->err);
}

static void on_read(struct desk_job *job)
{
    struct scrape *scrape = (struct scrape *)job;
    struct buffer text = {0};
    if (scrape->status == STATUS_OK) {
        put_all(scrape, &text);
        answer_text(scrape->web, 200, "text/plain; version=0.0.4; charset=utf-8",
                    buffer_bytes(&text));
    } else {
        log_error("metrics", &scrape->err);
        answer_text(scrape->web, 500, plain, bytes_text("500\n"));
    }
    buffer_release(&text);
    free(scrape);
}

static bool may_scrape(const struct console *console, const struct web_request *request)
{
    static const char bearer[] = "Bearer ";
    const char *token = console->options.metrics_token;
    const char *given = web_request_header(request, "authorization");
    if (!token)
        return (!console->options.name && !console->tls) || MUTANT("console-metrics-for-all");
    return given && strncmp(given, bearer, strlen(bearer)) == 0 &&
           strlen(given) - strlen(bearer) == strlen(token) &&
           sodium_memcmp(given + strlen(bearer), token, strlen(token)) == 0;
}

static void answer_metrics(struct console *console, struct web_call *web)
{
    struct scrape *scrape;
    if (!may_scrape(console, web_call_request(web))) {
        answer_text(web, 401, plain, bytes_text("401 Unauthorized\n"));
        return;
    }
    scrape = calloc(1, sizeof *scrape);
    if (!scrape) {
        answer_text(web, 503, plain, bytes_text("503\n"));
        return;
    }
    scrape->job = (struct desk_job){.work = read_standing, .done = on_read};
    scrape->console = console;
    scrape->web = web;
    desk_submit(console->slow, &scrape->job);
}

bool console_machine(struct console *console, struct web_call *web)
{
    const struct web_request *request = web_call_request(web);
    const char *path = web_request_path(request);
    bool health = strcmp(path, "/health") == 0, metrics = strcmp(path, "/metrics") == 0;
    if ((!health && !metrics) || !web_method_safe(request->method))
        return false;
    if (health)
        answer_health(console, web);
    else
        answer_metrics(console, web);
    return true;
}
