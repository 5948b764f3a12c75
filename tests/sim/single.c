/* The workload of independent nodes: each member is a cluster of its own, under kv.h's clients,
 * while it is killed, cut off and slowed down.
 *
 * What was acknowledged must be read after every recovery (in batch and group mode; in periodic
 * mode unless the power failed before the next sync), and every member must start again. Reads
 * need not be monotonic in batch and group mode, where a read may see what is not synced yet.
 */
#include "tests/sim/faults.h"
#include "tests/sim/kv.h"

enum { RUN_US = 8000000 };

typedef struct single {
    kv kv;
    int64_t lost_window_us; /* periodic: acknowledged so long before a power failure may be lost */
} single;

static void on_loss(void *arg, sim_member *m)
{
    single *w = arg;
    uint32_t first = kv_first_key(&w->kv, m);
    int64_t now = kv_now(&w->kv);
    if (m->config->commitlog_sync == COMMITLOG_PERIODIC)
        history_forget(&w->kv.h, first, first + KV_KEYS, now - w->lost_window_us, now);
}

static void co_fn go(single *w, nemesis *n)
{
    sim_cluster *c = w->kv.c;
    for (unsigned i = 0; i < c->options.n; i++)
        kv_make_tables(&w->kv, &c->members[i], 1);
    w->kv.until_us = kv_now(&w->kv) + RUN_US;
    kv_start(&w->kv);
    nemesis_run(n, w->kv.until_us - 500000);
    bool healed = nemesis_heal(n);
    kv_wait(&w->kv);
    if (!healed)
        report_failure(w->kv.report, "%s", n->failure);
    for (unsigned i = 0; healed && i < c->options.n; i++)
        if (!kv_read_all(&w->kv, &c->members[i]))
            report_failure(w->kv.report, "%s cannot be read after all faults",
                           sim_node_name(c->members[i].host));
    kv_check(&w->kv, c->options.sync == COMMITLOG_PERIODIC);
}

static void co_fn run(sim *s, uint64_t seed, sim_report *report)
{
    static const unsigned periods[] = {50, 200, 1000};
    single w = {.kv = {.s = s, .report = report, .cl = CL_ONE, .request_us = 10000000}};
    sim_cluster_options o = {.n = 1 + (unsigned)sim_choose(s, 3),
                             .sync = (int)sim_choose(s, 3),
                             .memtable_mib = 1 + (unsigned)sim_choose(s, 3),
                             .num_tokens = 1 + (unsigned)sim_choose(s, 16)};
    o.sync_ms = o.sync == COMMITLOG_PERIODIC ? periods[sim_choose(s, 3)] : 2;
    w.lost_window_us = (int64_t)o.sync_ms * 3000 + 2000000;
    sim_shuffle(s, seed % 2);
    w.kv.c = sim_cluster_new(s, &o);
    nemesis n = {.c = w.kv.c,
                 .kinds = FAULTS_ALL,
                 .gap_us = 100000 + (int64_t)sim_choose(s, 500000),
                 .length_us = 50000 + (int64_t)sim_choose(s, 1000000),
                 .most_down = o.n,
                 .on_loss = on_loss,
                 .arg = &w};
    sim_say(s, "%u nodes, commit log %s, %u MiB of memtables", o.n,
            (const char *[]){"periodic", "batch", "group"}[o.sync], o.memtable_mib);
    if (!nemesis_begin(&n))
        report_failure(report, "%s", n.failure);
    else
        go(&w, &n);
    for (int i = 0; i < N_FAULTS; i++)
        report->faults += n.counts[i];
    history_done(&w.kv.h);
}

const workload workload_single = {
    "single", "independent nodes: acknowledged writes outlive every crash", run};
