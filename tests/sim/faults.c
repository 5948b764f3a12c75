#include "tests/sim/faults.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"

enum { POLL_US = 5000, START_US = 120 * 1000000 };

static env *home_of(const nemesis *n)
{
    return sim_env(n->c->sim);
}

static int64_t choose(const nemesis *n, int64_t below)
{
    return (int64_t)sim_choose(n->c->sim, (uint64_t)below);
}

static int64_t length(const nemesis *n)
{
    return 1000 + choose(n, 2 * n->length_us);
}

/* ---- keeping members alive ---- */

typedef struct keeper {
    nemesis *n;
    sim_member *m;
} keeper;

static void begin_life(nemesis *n, sim_member *m)
{
    int r = sim_member_start(m, START_US);
    if (r == 0) {
        sim_say(n->c->sim, "%s serves", sim_node_name(m->host));
        return;
    }
    if (r == ERR_CLOSED || n->failure[0]) /* it died again */
        return;
    snprintf(n->failure, sizeof n->failure, "%s does not start: %s", sim_node_name(m->host),
             r == ERR_TIMEOUT ? "it takes too long" : m->failure.text);
}

static bool dead(const sim_member *m)
{
    return sim_node_lives(m->host) != m->life;
}

/* What the test did is known; other deaths are those that a disk operation brought. */
static void mourn(nemesis *n, sim_member *m)
{
    if (sim_node_lives(m->host) - m->life == m->killed)
        return;
    sim_member_excuse(m, 0);
    n->on_loss(n->arg, m);
}

static void co_fn keep(void *arg)
{
    keeper k = *(keeper *)arg;
    env *home = home_of(k.n);
    free(arg);
    while (!k.n->over && !k.n->failure[0]) {
        if (!dead(k.m)) {
            env_sleep_us(home, POLL_US);
            continue;
        }
        mourn(k.n, k.m);
        int64_t silence = choose(k.n, k.n->length_us);
        sim_member_excuse(k.m, silence);
        env_sleep_us(home, silence);
        begin_life(k.n, k.m);
    }
    k.n->busy--;
}

bool co_fn nemesis_begin(nemesis *n)
{
    for (unsigned i = 0; i < n->c->options.n; i++)
        begin_life(n, &n->c->members[i]);
    for (unsigned i = 0; i < n->c->options.n; i++) {
        keeper *k = xmalloc(sizeof *k);
        *k = (keeper){n, &n->c->members[i]};
        n->busy++;
        env_spawn(home_of(n), keep, k);
    }
    return !n->failure[0];
}

/* ---- faults ---- */

/* Between a member and home, or another member. */
static sim_node *other_end(nemesis *n, sim_member *m)
{
    sim_cluster *c = n->c;
    if (!c->options.ring || choose(n, 3) == 0)
        return sim_home(c->sim);
    sim_member *o = &c->members[choose(n, c->options.n)];
    return o == m ? sim_home(c->sim) : o->host;
}

static void die(nemesis *n, sim_member *m, unsigned how)
{
    sim_member_excuse(m, 0);
    sim_member_crash(m, how);
    if (how & SIM_LOSE_UNSYNCED)
        n->on_loss(n->arg, m);
}

static void do_kill(nemesis *n, sim_member *m)
{
    die(n, m, SIM_KILL);
}

static void do_power(nemesis *n, sim_member *m)
{
    die(n, m, SIM_LOSE_UNSYNCED);
}

static void do_vanish(nemesis *n, sim_member *m)
{
    die(n, m, SIM_POWER);
}

static void do_disk_crash(nemesis *n, sim_member *m)
{
    static const char *const paths[] = {NULL, "commitlog", "data", "MANIFEST", "system"};
    static const sim_op ops[] = {SIM_ANY, SIM_WRITES, SIM_SYNC, SIM_NAMES, SIM_APPEND};
    sim_node_heal(m->host);
    sim_node_fault(m->host, SIM_CRASH, ops[choose(n, 5)], paths[choose(n, 5)],
                   1 + (uint64_t)choose(n, choose(n, 2) ? 200 : 10), 0);
}

static void do_stop(nemesis *n, sim_member *m)
{
    (void)n;
    sim_member_excuse(m, 0);
    sim_member_stop(m);
}

static void co_fn do_pause(nemesis *n, sim_member *m)
{
    int64_t us = length(n);
    sim_member_excuse(m, us);
    sim_node_pause(m->host, true);
    env_sleep_us(home_of(n), us);
    sim_node_pause(m->host, false);
}

static void co_fn do_cut(nemesis *n, sim_member *m)
{
    sim_node *o = other_end(n, m);
    int64_t us = length(n);
    sim_member_excuse(m, us);
    sim_cut(m->host, o, true);
    env_sleep_us(home_of(n), us);
    sim_cut(m->host, o, false);
}

static void co_fn do_cut_one_way(nemesis *n, sim_member *m)
{
    sim_node *o = other_end(n, m);
    int64_t us = length(n);
    sim_link *l = choose(n, 2) ? sim_link_get(m->host, o) : sim_link_get(o, m->host);
    sim_member_excuse(m, us);
    l->cut = true;
    env_sleep_us(home_of(n), us);
    l->cut = false;
}

static void do_reset(nemesis *n, sim_member *m)
{
    sim_reset(m->host, other_end(n, m));
}

static void co_fn do_slow(nemesis *n, sim_member *m)
{
    sim_node_slow(m->host, 1 + choose(n, 2000), 1 + (unsigned)choose(n, 50));
    sim_member_excuse(m, 2 * n->length_us);
    env_sleep_us(home_of(n), length(n));
    sim_node_slow(m->host, 1, 1);
}

static void co_fn do_bad_links(nemesis *n, sim_member *m)
{
    sim_node *o = other_end(n, m);
    sim_link *to = sim_link_get(m->host, o), *from = sim_link_get(o, m->host), good = *to;
    int64_t us = length(n);
    sim_member_excuse(m, us);
    to->delay_us = from->delay_us = choose(n, 5000);
    to->jitter_us = from->jitter_us = choose(n, 100000);
    to->loss_ppm = (unsigned)choose(n, 100000);
    from->loss_ppm = (unsigned)choose(n, 100000);
    to->reset_ppm = from->reset_ppm = (unsigned)choose(n, 10000);
    to->bytes_per_s = (uint64_t)choose(n, 2) * 100000;
    env_sleep_us(home_of(n), us);
    good.cut = to->cut;
    *to = good;
    good.cut = from->cut;
    *from = good;
}

static void do_skew(nemesis *n, sim_member *m)
{
    sim_node_skew(m->host, choose(n, 20000000) - 10000000);
}

static const struct {
    const char *name;
    void (*run)(nemesis *n, sim_member *m);
    bool takes_away; /* the member does not answer meanwhile */
} faults[N_FAULTS] = {
    [FAULT_KILL] = {"kill", do_kill, true},
    [FAULT_POWER] = {"power failure", do_power, true},
    [FAULT_VANISH] = {"power failure, silent host", do_vanish, true},
    [FAULT_DISK_CRASH] = {"power failure while writing", do_disk_crash, true},
    [FAULT_PAUSE] = {"pause", do_pause, true},
    [FAULT_CUT] = {"cut", do_cut, true},
    [FAULT_CUT_ONE_WAY] = {"one-way cut", do_cut_one_way, true},
    [FAULT_RESET] = {"reset", do_reset, false},
    [FAULT_SLOW] = {"slow", do_slow, false},
    [FAULT_BAD_LINKS] = {"bad links", do_bad_links, false},
    [FAULT_SKEW] = {"skew", do_skew, false},
    [FAULT_STOP] = {"orderly stop", do_stop, true},
};

typedef struct attack {
    nemesis *n;
    sim_member *m;
    fault_kind kind;
} attack;

static void co_fn run_attack(void *arg)
{
    attack a = *(attack *)arg;
    free(arg);
    sim_say(a.n->c->sim, "fault: %s of %s", faults[a.kind].name, sim_node_name(a.m->host));
    faults[a.kind].run(a.n, a.m);
    sim_say(a.n->c->sim, "fault over: %s of %s", faults[a.kind].name, sim_node_name(a.m->host));
    a.m->attacked = false;
    a.n->busy--;
}

static unsigned away(const nemesis *n)
{
    unsigned k = 0;
    for (unsigned i = 0; i < n->c->options.n; i++)
        k += n->c->members[i].attacked || !sim_member_serves(&n->c->members[i]);
    return k;
}

static void one_fault(nemesis *n)
{
    sim_member *m = &n->c->members[choose(n, n->c->options.n)];
    fault_kind kind;
    do
        kind = (fault_kind)choose(n, N_FAULTS);
    while (!(n->kinds & 1u << kind));
    if (m->attacked || (faults[kind].takes_away && away(n) >= n->most_down))
        return;
    attack *a = xmalloc(sizeof *a);
    *a = (attack){n, m, kind};
    m->attacked = true;
    n->counts[kind]++;
    n->busy++;
    env_spawn(home_of(n), run_attack, a);
}

void co_fn nemesis_run(nemesis *n, int64_t until_us)
{
    env *home = home_of(n);
    must(n->kinds & FAULTS_ALL);
    while (env_mono_us(home) < until_us && !n->failure[0]) {
        env_sleep_us(home, 1000 + choose(n, 2 * n->gap_us));
        if (env_mono_us(home) < until_us)
            one_fault(n);
    }
}

static bool all_serve(const nemesis *n)
{
    for (unsigned i = 0; i < n->c->options.n; i++)
        if (!sim_member_serves(&n->c->members[i]))
            return false;
    return true;
}

bool co_fn nemesis_heal(nemesis *n)
{
    env *home = home_of(n);
    for (unsigned i = 0; i < n->c->options.n; i++)
        sim_node_heal(n->c->members[i].host);
    while (n->busy > n->c->options.n || (!all_serve(n) && !n->failure[0]))
        env_sleep_us(home, POLL_US);
    n->over = true;
    while (n->busy)
        env_sleep_us(home, POLL_US);
    sim_say(n->c->sim, "no more faults");
    return !n->failure[0];
}
