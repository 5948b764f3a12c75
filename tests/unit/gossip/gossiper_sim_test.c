/* Gossip in nodes on the simulated network: kills, stops, lost hosts, cuts; the same seed gives the
 * same run. */
#include <time.h>

#include "gossip/gossiper.h"
#include "runtime/sim/sim.h"
#include "tests/unit/runtime/suite.h"

#define S(n) ((int64_t)((n)*1000000))

enum { NODES = 3, LIVES = 8, PORT = 7000 };

typedef struct site {
    messaging *m;
    gossiper *g;
    ring *ring;
} site;

typedef struct place {
    struct world *w;
    int i;
    sim_node *node;
    unsigned life;
    site lives[LIVES]; /* what a killed one leaves stays on the heap */
} place;

typedef struct world {
    sim *s;
    place at[NODES];
    uint64_t trace;
    bool show;
} world;

static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3"};

static site *site_of(place *p)
{
    return &p->lives[p->life];
}

static void take_ring(void *arg, ring *r)
{
    site *s = arg;
    ring_unref(s->ring);
    s->ring = r;
}

static void start(void *arg)
{
    place *p = arg;
    site *s = site_of(p);
    env *e = sim_node_env(p->node);
    err_info err = {0};
    uint8_t room[TOKEN_FIXED_MAX];
    bytes token = token_of_int(p->i * 1000, room);
    const char *own = addresses[p->i];
    int32_t generation = 1000 + (int32_t)p->life;
    messaging_options mo = {.cluster_name = "sim",
                            .partitioner = PARTITIONER_MURMUR3,
                            .listen_address = own,
                            .broadcast_address = own,
                            .storage_port = PORT,
                            .generation = generation};
    endpoint self = {.address = own,
                     .storage_port = PORT,
                     .dc = "dc1",
                     .rack = "r1",
                     .host_id = uuid_random((uint64_t)p->i, 1),
                     .generation = generation,
                     .n_tokens = 1,
                     .tokens = &token};
    s->m = messaging_new(e, &mo);
    gossiper_options go = {.messaging = s->m,
                           .partitioner = PARTITIONER_MURMUR3,
                           .self = &self,
                           .seeds = addresses,
                           .n_seeds = 1,
                           .on_ring = take_ring,
                           .arg = s};
    check(gossiper_new(e, &go, &s->g, &err) == 0);
    check(messaging_start(s->m, &err) == 0);
    check(gossiper_shadow(s->g, env_mono_us(e) + S(5), &err) == 0);
    gossiper_start(s->g);
}

static void stop(void *arg)
{
    site *s = site_of(arg);
    gossiper_stop(s->g);
    messaging_stop(s->m);
    s->g = gossiper_free(s->g);
    s->m = messaging_free(s->m);
    s->ring = ring_unref(s->ring);
}

static void crash(place *p, unsigned how)
{
    sim_node_crash(p->node, how);
    p->life++;
    check(p->life < LIVES);
}

static void rest(world *w, int64_t us)
{
    env_sleep_us(sim_env(w->s), us);
}

/* Which nodes, as bits, a node has in its ring and alive. */
static unsigned alive(place *p)
{
    const ring *r = site_of(p)->ring;
    unsigned bits = 0;
    for (unsigned i = 0; r && i < r->n_endpoints; i++)
        bits |= (unsigned)r->endpoints[i].alive << (r->endpoints[i].address[7] - '1');
    return bits;
}

static bool all_see(world *w, unsigned expected)
{
    for (int i = 0; i < NODES; i++)
        if (expected & 1u << i && alive(&w->at[i]) != expected)
            return false;
    return true;
}

/* Virtual seconds until all of `expected` see just each other. */
static double wait_for(world *w, unsigned expected, double at_most)
{
    env *e = sim_env(w->s);
    int64_t begin = env_mono_us(e);
    while (!all_see(w, expected)) {
        check(env_mono_us(e) - begin < S(at_most));
        rest(w, 10000);
    }
    return (double)(env_mono_us(e) - begin) / 1e6;
}

static void start_all(world *w)
{
    for (int i = 0; i < NODES; i++) {
        sim_node_run(w->at[i].node, start, &w->at[i]);
        rest(w, S(0.2));
    }
    wait_for(w, 7, 2);
}

static void stop_all(world *w)
{
    for (int i = 0; i < NODES; i++)
        sim_node_run(w->at[i].node, stop, &w->at[i]);
    rest(w, S(8));
}

/* ---- stories ---- */

static void killed_and_back(void *arg)
{
    world *w = arg;
    place *last = &w->at[2];
    start_all(w);
    rest(w, S(30));
    crash(last, SIM_KILL);
    check(wait_for(w, 3, 24) > 15);
    sim_node_run(last->node, start, last);
    wait_for(w, 7, 3);
    crash(last, SIM_KILL); /* and back at once */
    sim_node_run(last->node, start, last);
    rest(w, S(3));
    check(all_see(w, 7));
    check(site_of(&w->at[0])->ring->endpoints[2].generation == 1002);
    stop_all(w);
}

static void stopped_and_on(void *arg)
{
    world *w = arg;
    start_all(w);
    rest(w, S(30));
    sim_node_pause(w->at[1].node, true);
    check(wait_for(w, 5, 24) > 15);
    rest(w, S(100));
    sim_node_pause(w->at[1].node, false);
    wait_for(w, 7, 5);
    rest(w, S(30));
    check(all_see(w, 7));
    stop_all(w);
}

static void host_lost_and_back(void *arg)
{
    world *w = arg;
    start_all(w);
    rest(w, S(30));
    crash(&w->at[0], SIM_HANG); /* the seed; silence */
    wait_for(w, 6, 30);
    rest(w, S(60));
    sim_node_boot(w->at[0].node);
    sim_node_run(w->at[0].node, start, &w->at[0]); /* it knows nobody, but is found */
    wait_for(w, 7, 10);
    stop_all(w);
}

static void cut_and_healed(void *arg)
{
    world *w = arg;
    start_all(w);
    rest(w, S(30));
    sim_cut(w->at[0].node, w->at[2].node, true);
    sim_cut(w->at[1].node, w->at[2].node, true);
    wait_for(w, 3, 30);
    rest(w, S(6));
    check(alive(&w->at[2]) == 4);
    sim_cut(w->at[0].node, w->at[2].node, false);
    sim_cut(w->at[1].node, w->at[2].node, false);
    wait_for(w, 7, 40);
    stop_all(w);
}

/* A network on which much is lost and slow does not bring nodes down. */
static void on_a_bad_network(void *arg)
{
    world *w = arg;
    for (int i = 0; i < NODES; i++)
        for (int k = 0; k < NODES; k++)
            if (i != k)
                *sim_link_get(w->at[i].node, w->at[k].node) = (sim_link){
                    .delay_us = 20000, .jitter_us = 200000, .loss_ppm = 50000, .reset_ppm = 5000};
    for (int i = 0; i < NODES; i++) {
        sim_node_run(w->at[i].node, start, &w->at[i]);
        rest(w, S(5));
    }
    wait_for(w, 7, 20);
    for (int i = 0; i < 100; i++) {
        rest(w, S(3));
        check(all_see(w, 7));
    }
    for (int i = 0; i < NODES; i++) /* resets end with this */
        for (int k = 0; k < NODES; k++)
            if (i != k)
                *sim_link_get(w->at[i].node, w->at[k].node) = (sim_link){.delay_us = 100};
    stop_all(w);
}

/* ---- running ---- */

static void show(void *arg, int64_t mono_us, const char *node, log_level level, const char *text)
{
    (void)level;
    if (((world *)arg)->show)
        fprintf(stderr, "%10.6f %s %s\n", (double)mono_us / 1e6, node, text);
}

static uint64_t run_once(uint64_t seed, void (*story)(void *))
{
    world *w = xzalloc(sizeof *w);
    w->s = sim_new(seed);
    w->show = getenv("SHOW_LOG") != NULL;
    sim_log(w->s, LOG_INFO, show, w);
    for (int i = 0; i < NODES; i++)
        w->at[i] =
            (place){.w = w, .i = i, .node = sim_node_add(w->s, addresses[i] + 7, addresses[i])};
    check(sim_run_main(w->s, story, w));
    uint64_t trace = sim_trace(w->s);
    w->s = sim_free(w->s);
    static vec(world *) ended;
    vec_push(&ended, w);
    return trace;
}

typedef struct story {
    const char *name;
    void (*fn)(void *arg);
} story;

static void tell(void **state)
{
    const story *s = *state;
    uint64_t seeds = getenv("SEEDS") ? strtoull(getenv("SEEDS"), NULL, 10) : 10;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        if (getenv("SHOW_LOG"))
            fprintf(stderr, "-- seed %d\n", (int)seed);
        uint64_t trace = run_once(seed, s->fn);
        if (seed == 1)
            check(run_once(seed, s->fn) == trace);
    }
}

static void idle(void *arg)
{
    world *w = arg;
    start_all(w);
    clock_t begin = clock();
    rest(w, S(1000));
    double real_s = (double)(clock() - begin) / CLOCKS_PER_SEC;
    check(all_see(w, 7));
    printf("1000 idle seconds of three nodes took %.3f s\n", real_s);
    stop_all(w);
}

static const story stories[] = {
    {"killed_and_back", killed_and_back},       {"stopped_and_on", stopped_and_on},
    {"host_lost_and_back", host_lost_and_back}, {"cut_and_healed", cut_and_healed},
    {"on_a_bad_network", on_a_bad_network},     {"idle", idle},
};

int main(void)
{
    struct CMUnitTest t[ARRAY_LEN(stories)];
    for (size_t i = 0; i < ARRAY_LEN(stories); i++)
        t[i] = (struct CMUnitTest){stories[i].name, tell, NULL, NULL, (void *)&stories[i]};
    return _cmocka_run_group_tests("gossiper_sim", t, ARRAY_LEN(stories), NULL, NULL);
}
