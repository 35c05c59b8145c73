#include "tests/bench/load_fleet.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/must.h"

/* ---- devices ---- */

static uint32_t add_branch(struct world *world)
{
    struct id id;
    MUST(hub_add_org(&world->hub, world->township, "branch", "示例支部", &id, err));
    return registry_org_by_id(replica_registry(world->hub.replica), &id)->number;
}

static void enrol(struct world *world, uint32_t org, struct load_store *store)
{
    signing_key_generate(&store->sign);
    dh_key_generate(&store->dh);
    store->network = *replica_network(world->hub.replica);
    struct hub_device device = {store->sign.public_key, store->dh.public_key, "示例党员001",
                                ROLE_VOLUNTEER, org};
    MUST(hub_add_device(&world->hub, &device, &store->device, err));
}

static enum status keep_run(void *context, const struct run *run, struct error *err)
{
    struct buffer encoded = {0};
    TRY(run_encode(run, &encoded, err));
    load_store_add(context, buffer_bytes(&encoded));
    buffer_release(&encoded);
    return STATUS_OK;
}

/* Each batch ends with a run of its own. */
static void write_batch(struct replica *replica, size_t visits, struct load_store *store)
{
    struct frontier known = {0};
    struct run_wish wish = {.unit_bytes = SESSION_UNIT_BYTES,
                            .budget_bytes = SIZE_MAX,
                            .take = keep_run,
                            .context = store};
    bool more;
    MUST(frontier_copy(&known, replica_frontier(replica), err));
    MUST(replica_begin(replica, err));
    for (size_t i = 0; i < visits; i++)
        world_add(replica, "visit", "target_ref", "person:0123456789abcdef0123456789abcdef", "at",
                  "2026-11-01T09:30", "kind", "home_visit", "situation",
                  "老人精神尚好，想听广播，血压偏高，已提醒按时服药。", NULL);
    MUST(replica_commit(replica, err));
    MUST(replica_runs(replica, &wish, &known, &more, err));
    frontier_release(&known);
}

/* A real replica for as long as it takes to sync and to save. */
static void live(struct world *world, const struct load_group *group, struct load_store *store)
{
    struct replica_options options = {.path = ":memory:", .clock = clock_system()};
    struct identity identity = {store->device, INCARNATION_FIRST, store->sign, store->dh};
    struct replica *replica;
    MUST(replica_create(&replica, &options, &store->network, err));
    MUST(replica_set_identity(replica, &identity, err));
    world->clients[0] = replica;
    world->clients_count = 1;
    for (int i = 0; i < 2; i++)
        MUST_HOLD(world_sync(world, 0, 0, NULL));
    MUST(frontier_copy(&store->holds, replica_frontier(replica), err));
    MUST(replica_peer_load(replica, DEVICE_HUB, &store->told, &store->held, err));
    store->lineage = replica_lineage(world->hub.replica);
    for (size_t i = 0; i < group->batches; i++)
        write_batch(replica, group->visits, store);
    replica_close(replica);
    world->clients_count = 0;
}

void load_fleet_make(struct load_fleet *fleet, const struct load_group *groups, size_t count)
{
    struct world *world = &fleet->world;
    *fleet = (struct load_fleet){0};
    for (size_t i = 0; i < count; i++)
        fleet->count += groups[i].devices;
    fleet->stores = calloc(fleet->count + 1, sizeof *fleet->stores);
    MUST_HOLD(fleet->stores);
    world_start(world);
    id_format(&registry_org(replica_registry(world->hub.replica), world->branches[0])->id,
              fleet->branch);
    MUST(replica_begin(world->hub.replica, err));
    struct load_store *store = fleet->stores;
    for (size_t i = 0; i < count; i++) {
        uint32_t branch = ORG_ROOT;
        for (size_t j = 0; j < groups[i].devices; j++) {
            if (j == 0 || !groups[i].together)
                branch = add_branch(world);
            enrol(world, branch, store++);
        }
    }
    MUST(replica_commit(world->hub.replica, err));
    store = fleet->stores;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < groups[i].devices; j++)
            live(world, &groups[i], store++);
    uint64_t beacon = replica_entry_head(world->hub.replica).beacon;
    for (size_t i = 0; i < fleet->count; i++)
        fleet->stores[i].beacon = beacon;
    memcpy(fleet->hub_key, replica_identity(world->hub.replica)->dh.public_key, DH_KEY_BYTES);
    hub_close(&world->hub);
}

/* ---- the hub's process ---- */

static void run_hub(const char *path, const char *directory, int output)
{
    dup2(output, STDOUT_FILENO);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO); /* its log */
    execl(path, path, "run", "--dir", directory, "--listen", "127.0.0.1:0", "--connections",
          "20000", "--per-device", "1000", "--quota-entries", "100000000", "--quota-mib", "1000000",
          (char *)NULL);
    _exit(127);
}

void load_fleet_start(struct load_fleet *fleet, const char *path)
{
    int ends[2];
    unsigned port;
    MUST_HOLD(pipe(ends) == 0);
    fflush(stdout);
    fleet->hub = fork();
    MUST_HOLD(fleet->hub >= 0);
    if (fleet->hub == 0)
        run_hub(path, fleet->world.directory, ends[1]);
    close(ends[1]);
    FILE *said = fdopen(ends[0], "r");
    MUST_HOLD(said && fscanf(said, "ready listen=127.0.0.1:%u", &port) == 1);
    fclose(said);
    fleet->address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, "127.0.0.1", &fleet->address.sin_addr);
}

void load_fleet_stop(struct load_fleet *fleet)
{
    int code = 0;
    if (fleet->hub == 0)
        return;
    kill(fleet->hub, SIGTERM);
    MUST_HOLD(waitpid(fleet->hub, &code, 0) == fleet->hub && code == 0);
    fleet->hub = 0;
}

static FILE *open_process(const struct load_fleet *fleet, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)fleet->hub, name);
    FILE *in = fopen(path, "r");
    MUST_HOLD(in);
    return in;
}

double load_fleet_hub_bytes(const struct load_fleet *fleet)
{
    long long resident;
    FILE *in = open_process(fleet, "statm");
    MUST_HOLD(fscanf(in, "%*d %lld", &resident) == 1);
    fclose(in);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

/* Fields 14 and 15 of proc(5). */
double load_fleet_hub_cpu_s(const struct load_fleet *fleet)
{
    long long user, system;
    FILE *in = open_process(fleet, "stat");
    MUST_HOLD(fscanf(in, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %lld %lld",
                     &user, &system) == 2);
    fclose(in);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

void load_fleet_release(struct load_fleet *fleet)
{
    load_fleet_stop(fleet);
    for (size_t i = 0; i < fleet->count; i++)
        load_store_release(&fleet->stores[i]);
    free(fleet->stores);
    world_end(&fleet->world);
}
