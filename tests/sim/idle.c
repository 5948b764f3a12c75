/* A ring of three idle nodes: how much faster than real time they run. */
#include <stdlib.h>
#include <time.h>

#include "tests/sim/cluster.h"
#include "tests/sim/sim_test.h"

enum { NODES = 3, VIRTUAL_S = 600, FASTER = 300 };

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void co_fn run(sim *s, uint64_t seed, sim_report *report)
{
    sim_cluster_options o = {
        .n = NODES, .sync_ms = 10000, .memtable_mib = 8, .num_tokens = 16, .ring = true};
    sim_cluster *c = sim_cluster_new(s, &o);
    (void)seed;
    for (unsigned i = 0; i < NODES; i++)
        if (sim_member_start(&c->members[i], 60000000) < 0)
            report_failure(report, "n%u: %s", i + 1, c->members[i].failure.text);
    double before = cpu_s();
    env_sleep_us(sim_env(s), VIRTUAL_S * 1000000LL);
    double took = cpu_s() - before;
    sim_say(s, "%d s of %d idle nodes took %.3f s: %.0f times faster", VIRTUAL_S, NODES, took,
            VIRTUAL_S / took);
    if (took * FASTER > VIRTUAL_S)
        report_failure(report, "only %.0f times faster than real time", VIRTUAL_S / took);
}

const workload workload_idle = {"idle", "three idle nodes run 300 times faster than real time",
                                run};
