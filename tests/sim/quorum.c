/* The workload of a ring: kv.h's clients at QUORUM on three replicas, through any node.
 *
 * Whatever is killed, cut off, slowed down or loses its power: an acknowledged write is read by
 * every later read (the commit log is in batch or group mode, so that a replica that said yes has
 * it for good), and once a read has shown a value no later one shows an older one. After the
 * faults every node serves QUORUM again and all have the same schema.
 */
#include <stdio.h>

#include "tests/sim/faults.h"
#include "tests/sim/kv.h"

enum { RUN_US = 12000000, SETTLE_US = 90000000, POLL_US = 200000 };

static void nothing_lost(void *arg, sim_member *m)
{
    (void)arg, (void)m;
}

/* "" when it could not be asked. */
static void co_fn ask_schema(kv *w, sim_member *m, char ret[48])
{
    client c;
    native_response r;
    err_info err = {0};
    ret[0] = 0;
    if (client_open(&c, sim_env(w->s), m->address, 9042, w->request_us, &err) < 0)
        return;
    if (client_query(&c, "SELECT schema_version FROM system.local", w->request_us, &r, &err) == 0 &&
        r.rows.n_rows == 1 && r.rows.values[0].n == 16)
        for (int i = 0; i < 16; i++)
            snprintf(ret + 2 * i, 3, "%02x", r.rows.values[0].p[i]);
    client_close(&c);
}

static bool co_fn same_schema(kv *w)
{
    char first[48], other[48];
    ask_schema(w, &w->c->members[0], first);
    for (unsigned i = 1; i < w->c->options.n; i++) {
        ask_schema(w, &w->c->members[i], other);
        if (!first[0] || strcmp(first, other) != 0)
            return false;
    }
    return true;
}

static bool co_fn all_readable(kv *w)
{
    for (unsigned i = 0; i < w->c->options.n; i++)
        if (!kv_read_all(w, &w->c->members[i]))
            return false;
    return true;
}

static void co_fn settle(kv *w, bool (*fn)(kv *w), const char *what)
{
    int64_t deadline = kv_now(w) + SETTLE_US;
    while (!w->report->failure[0] && !fn(w)) {
        if (kv_now(w) > deadline)
            report_failure(w->report, "%s after %d s without faults", what, SETTLE_US / 1000000);
        env_sleep_us(sim_env(w->s), POLL_US);
    }
}

static void co_fn go(kv *w, nemesis *n)
{
    kv_make_tables(w, &w->c->members[0], 3);
    settle(w, same_schema, "no agreement about the new schema");
    settle(w, all_readable, "a new table cannot be read");
    w->until_us = kv_now(w) + RUN_US;
    kv_start(w);
    nemesis_run(n, w->until_us - 500000);
    bool healed = nemesis_heal(n);
    kv_wait(w);
    if (!healed)
        report_failure(w->report, "%s", n->failure);
    settle(w, same_schema, "no agreement about the schema");
    settle(w, all_readable, "QUORUM is not served again");
    kv_check(w, true);
}

static void co_fn run(sim *s, uint64_t seed, sim_report *report, unsigned nodes)
{
    kv w = {.s = s, .report = report, .cl = CL_QUORUM, .shared = true, .request_us = 20000000};
    sim_cluster_options o = {.n = nodes,
                             .sync = 1 + (int)sim_choose(s, 2),
                             .sync_ms = 2,
                             .memtable_mib = 1 + (unsigned)sim_choose(s, 3),
                             .num_tokens = 1 + (unsigned)sim_choose(s, 16),
                             .ring = true};
    sim_shuffle(s, seed % 2);
    w.c = sim_cluster_new(s, &o);
    nemesis n = {.c = w.c,
                 .kinds = FAULTS_ALL,
                 .gap_us = 100000 + (int64_t)sim_choose(s, 1000000),
                 .length_us = 50000 + (int64_t)sim_choose(s, 2000000),
                 .most_down = 1 + (unsigned)sim_choose(s, 2),
                 .on_loss = nothing_lost};
    sim_say(s, "%u nodes, at most %u away at once", o.n, n.most_down);
    if (!nemesis_begin(&n))
        report_failure(report, "%s", n.failure);
    else
        go(&w, &n);
    for (int i = 0; i < N_FAULTS; i++)
        report->faults += n.counts[i];
    history_done(&w.h);
}

static void co_fn run_three(sim *s, uint64_t seed, sim_report *report)
{
    run(s, seed, report, 3);
}

static void co_fn run_four(sim *s, uint64_t seed, sim_report *report)
{
    run(s, seed, report, 4);
}

const workload workload_quorum = {
    "quorum", "a ring of three: acknowledged QUORUM writes are read by every later QUORUM read",
    run_three};
const workload workload_quorum4 = {"quorum4", "the same in a ring of four", run_four};
