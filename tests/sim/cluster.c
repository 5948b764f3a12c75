#include "tests/sim/cluster.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"

/* ---- configuration ---- */

static int resolve(void *arg, const char *name, char *ret_ip, size_t cap)
{
    (void)arg;
    return snprintf(ret_ip, cap, "%s", name) < (int)cap ? 0 : ERR_INVALID;
}

static int no_interface(void *arg, const char *name, bool ipv6, char *ret_ip, size_t cap)
{
    (void)arg, (void)name, (void)ipv6, (void)ret_ip, (void)cap;
    return ERR_NOT_FOUND;
}

static char *yaml_of(const sim_cluster_options *o, const sim_member *m)
{
    static const char *const syncs[] = {"periodic\ncommitlog_sync_period",
                                        "batch\ncommitlog_sync_batch_window",
                                        "group\ncommitlog_sync_group_window"};
    const char *name = o->ring ? "Sim" : m->address;
    const char *seed = o->ring ? "10.0.0.1,10.0.0.2" : m->address;
    return xprintf("cluster_name: '%s'\n"
                   "listen_address: %s\n"
                   "rpc_address: %s\n"
                   "num_tokens: %u\n"
                   "data_file_directories: ['/var/ilion/data']\n"
                   "commitlog_directory: /var/ilion/commitlog\n"
                   "saved_caches_directory: /var/ilion/caches\n"
                   "hints_directory: /var/ilion/hints\n"
                   "commitlog_sync: %s: %ums\n"
                   "commitlog_segment_size: 1MiB\n"
                   "commitlog_total_space: 16MiB\n"
                   "memtable_heap_space: %uMiB\n"
                   "file_cache_size: 1MiB\n"
                   "start_rpc: true\n"
                   "seed_provider:\n"
                   "  - class_name: org.apache.cassandra.locator.SimpleSeedProvider\n"
                   "    parameters:\n"
                   "      - seeds: '%s'\n",
                   name, m->address, m->address, o->num_tokens, syncs[o->sync], o->sync_ms,
                   o->memtable_mib, seed);
}

static config *configure(const sim_cluster_options *o, const sim_member *m)
{
    const config_host host = {
        .resolve = resolve, .interface = no_interface, .name = "sim", .cores = 1};
    const config_source source = {.host = &host};
    err_info e = {0};
    char *yaml autofree = yaml_of(o, m);
    config *c = config_new();
    int r = config_parse_yaml(c, "cassandra.yaml", bytes_str(yaml), &e);
    if (r == 0)
        r = config_finish(c, &source, &e);
    if (r < 0) {
        fprintf(stderr, "a member's configuration: %s\n", e.text);
        abort();
    }
    return c;
}

sim_cluster *sim_cluster_new(sim *s, const sim_cluster_options *o)
{
    sim_cluster *c = xzalloc(sizeof *c);
    c->sim = s;
    c->options = *o;
    c->members = xzalloc(o->n * sizeof *c->members);
    for (unsigned i = 0; i < o->n; i++) {
        sim_member *m = &c->members[i];
        char *name autofree = xprintf("n%u", i + 1);
        snprintf(m->address, sizeof m->address, "10.0.0.%u", i + 1);
        m->cluster = c;
        m->index = i;
        m->host = sim_node_add(s, name, m->address);
        m->config = configure(o, m);
        m->excused_us = -1;
    }
    return c;
}

sim_cluster *sim_cluster_free(sim_cluster *c)
{
    for (unsigned i = 0; i < c->options.n; i++)
        config_free(c->members[i].config);
    free(c->members);
    free(c);
    return NULL;
}

/* ---- life ---- */

static void co_fn start_main(void *arg)
{
    sim_member *m = arg;
    node *n = node_new(m->config, sim_node_env(m->host), &m->failure);
    if (!n || node_start(n, &m->failure) < 0) {
        m->failed = true;
        return;
    }
    m->node = n;
    m->serving = true;
}

static bool alive(const sim_member *m)
{
    return sim_node_lives(m->host) == m->life;
}

bool sim_member_serves(const sim_member *m)
{
    return m->serving && alive(m) && !m->stopping;
}

int co_fn sim_member_start(sim_member *m, int64_t timeout_us)
{
    env *home = sim_env(m->cluster->sim);
    int64_t deadline = env_mono_us(home) + timeout_us;
    sim_node_boot(m->host);
    m->life = sim_node_lives(m->host);
    m->serving = m->failed = m->stopping = m->stopped = false;
    m->node = NULL;
    m->killed = 0;
    m->failure = (err_info){0};
    sim_node_run(m->host, start_main, m);
    while (alive(m) && !m->serving && !m->failed) {
        if (env_mono_us(home) > deadline)
            return ERR_TIMEOUT;
        env_sleep_us(home, 1000);
    }
    return !alive(m) ? ERR_CLOSED : m->failed ? m->failure.code : 0;
}

void sim_member_crash(sim_member *m, unsigned how)
{
    m->killed++;
    sim_node_crash(m->host, how);
}

static void co_fn stop_main(void *arg)
{
    sim_member *m = arg;
    node_stop(m->node);
    if (!m->node->storage) /* else a request that hangs still uses it */
        m->node = node_free(m->node);
    m->stopped = true;
}

void co_fn sim_member_stop(sim_member *m)
{
    env *home = sim_env(m->cluster->sim);
    if (!sim_member_serves(m))
        return;
    m->stopping = true;
    sim_node_run(m->host, stop_main, m);
    while (alive(m) && !m->stopped)
        env_sleep_us(home, 1000);
    if (alive(m)) /* the process ends */
        sim_member_crash(m, SIM_KILL);
}

void sim_member_excuse(sim_member *m, int64_t us)
{
    int64_t until = env_mono_us(sim_env(m->cluster->sim)) + 2 * us + 2000000;
    if (until > m->excused_us)
        m->excused_us = until;
}
