/* The workload of a ring of three or more: whatever was killed, cut off or slowed down, some time
 * after the faults stop every node sees every node up and in the same place of the ring. Then one
 * of them vanishes: the others must see it down, and up again when it is back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "tests/sim/faults.h"
#include "tests/sim/sim_test.h"

enum { FAULTS_US = 20000000, CONVERGE_US = 90000000, POLL_US = 100000 };

typedef struct converge {
    sim *s;
    sim_cluster *c;
    sim_report *report;
} converge;

static void nothing_lost(void *arg, sim_member *m)
{
    (void)arg, (void)m;
}

static const endpoint *find(const ring *r, const char *address)
{
    for (unsigned i = 0; i < r->n_endpoints; i++)
        if (strcmp(r->endpoints[i].address, address) == 0)
            return &r->endpoints[i];
    return NULL;
}

static bool same_tokens(const endpoint *a, const endpoint *b)
{
    if (a->n_tokens != b->n_tokens)
        return false;
    for (unsigned i = 0; i < a->n_tokens; i++)
        if (!bytes_eq(a->tokens[i], b->tokens[i]))
            return false;
    return true;
}

/* What `viewer` has wrong about `seen`, whose own view is the truth; NULL: nothing. */
static const char *wrong_about(sim_member *viewer, sim_member *seen, bool up)
{
    ring *theirs = gossiper_ring(viewer->node->gossiper);
    ring *own = up ? gossiper_ring(seen->node->gossiper) : NULL;
    const endpoint *e = find(theirs, seen->address), *truth = own ? find(own, seen->address) : NULL;
    const char *wrong = NULL;
    if (theirs->n_endpoints != viewer->cluster->options.n)
        wrong = "knows another number of nodes";
    else if (!e)
        wrong = "does not know it";
    else if (e->alive != up)
        wrong = up ? "takes it for down" : "takes it for up";
    else if (up && e->status != ENDPOINT_NORMAL)
        wrong = "does not see it as a normal one";
    else if (up && !same_tokens(e, truth))
        wrong = "has other tokens for it";
    ring_unref(theirs);
    ring_unref(own);
    return wrong;
}

/* missing: who is not there, or NULL. "": all agree. */
static void disagreement(converge *w, const sim_member *missing, char *ret, size_t cap)
{
    unsigned n = w->c->options.n;
    *ret = 0;
    for (unsigned i = 0; i < n * n; i++) {
        sim_member *viewer = &w->c->members[i / n], *seen = &w->c->members[i % n];
        if (viewer == missing)
            continue;
        const char *wrong = wrong_about(viewer, seen, seen != missing);
        if (wrong)
            snprintf(ret, cap, "%s about %s: %s", sim_node_name(viewer->host),
                     sim_node_name(seen->host), wrong);
        if (wrong)
            return;
    }
}

static bool co_fn agree(converge *w, const sim_member *missing, const char *when)
{
    env *home = sim_env(w->s);
    int64_t start = env_mono_us(home);
    char what[300];
    for (;;) {
        disagreement(w, missing, what, sizeof what);
        int64_t took = env_mono_us(home) - start;
        if (!what[0]) {
            sim_say(w->s, "all agree %s after %.1f s", when, (double)took / 1e6);
            return true;
        }
        if (took > CONVERGE_US) {
            report_failure(w->report, "no agreement %s after %d s: %s", when, CONVERGE_US / 1000000,
                           what);
            return false;
        }
        env_sleep_us(home, POLL_US);
    }
}

static void co_fn lose_one(converge *w)
{
    sim_member *m = &w->c->members[sim_choose(w->s, w->c->options.n)];
    sim_say(w->s, "%s vanishes", sim_node_name(m->host));
    sim_member_crash(m, SIM_POWER);
    if (!agree(w, m, "that one is down"))
        return;
    if (sim_member_start(m, CONVERGE_US) < 0)
        report_failure(w->report, "%s does not start: %s", sim_node_name(m->host), m->failure.text);
    else
        agree(w, NULL, "that it is back");
}

static void co_fn go(converge *w, nemesis *n)
{
    if (!agree(w, NULL, "at first"))
        return;
    nemesis_run(n, env_mono_us(sim_env(w->s)) + FAULTS_US);
    if (!nemesis_heal(n))
        report_failure(w->report, "%s", n->failure);
    else if (agree(w, NULL, "after the faults"))
        lose_one(w);
}

static void co_fn run(sim *s, uint64_t seed, sim_report *report)
{
    sim_cluster_options o = {.n = 3 + (unsigned)sim_choose(s, 3),
                             .sync_ms = 200,
                             .memtable_mib = 1,
                             .num_tokens = 1 + (unsigned)sim_choose(s, 16),
                             .ring = true};
    converge w = {.s = s, .c = sim_cluster_new(s, &o), .report = report};
    nemesis n = {.c = w.c,
                 .kinds = FAULTS_ALL,
                 .gap_us = 200000 + (int64_t)sim_choose(s, 2000000),
                 .length_us = 100000 + (int64_t)sim_choose(s, 5000000),
                 .most_down = 1 + (unsigned)sim_choose(s, o.n),
                 .on_loss = nothing_lost};
    sim_shuffle(s, seed % 2);
    if (!nemesis_begin(&n))
        report_failure(report, "%s", n.failure);
    else
        go(&w, &n);
    for (int i = 0; i < N_FAULTS; i++)
        report->faults += n.counts[i];
}

const workload workload_converge = {"converge",
                                    "a ring: after all faults every node sees every node up", run};
