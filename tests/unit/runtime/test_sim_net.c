/* runtime/sim: several nodes and the network between them. */
#include "runtime/co.h"
#include "runtime/sim/sim.h"
#include "tests/unit/runtime/sockets.h"
#include "tests/unit/runtime/test_sim.h"

#define ok_code(call) check((call) == 0)

/* Two servers that count numbers up: each connection sends 0, 1, 2, ... and is answered with the
 * sum so far. */
enum { PORT = 7000, COUNT = 200 };

typedef struct world {
    sim *s;
    sim_node *a, *b;
    int served; /* connections */
    int64_t result, at_us;
} world;

static void sum_main(void *arg, stream *s)
{
    ((world *)arg)->served++;
    uint64_t expected = 0, sum = 0;
    while (stream_wait(s, 8, NO_DEADLINE) == 0) {
        check(get_be64(stream_input(s).p) == expected); /* nothing lost, nothing twice */
        stream_consume(s, 8);
        sum += expected++;
        buf_be64(stream_output(s), sum);
        stream_kick(s);
    }
    stream_close(s);
}

static void serve(void *arg)
{
    world *w = arg;
    listener *l;
    err_info e = {0};
    ok(env_listen(co_self()->env, "0.0.0.0", PORT, sum_main, w, &l, &e));
}

/* Sends count numbers, then reads their sums. 0, or the first error. */
static int ask_sums(env *e, stream *s, int count, int64_t timeout_us)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < (uint64_t)count; i++)
        buf_be64(stream_output(s), i);
    stream_kick(s);
    for (uint64_t i = 0; i < (uint64_t)count; i++) {
        int r = stream_wait(s, 8, env_mono_us(e) + timeout_us);
        if (r < 0)
            return r;
        check(get_be64(stream_input(s).p) == (sum += i));
        stream_consume(s, 8);
    }
    return 0;
}

static int connect_to(world *w, const char *ip, int64_t timeout_us, stream **ret)
{
    env *e = sim_env(w->s);
    err_info err = {0};
    return env_connect(e, ip, PORT, env_mono_us(e) + timeout_us, ret, &err);
}

static world world_new(uint64_t seed)
{
    world w = {.s = sim_new(seed)};
    w.a = sim_node_add(w.s, "a", "10.0.0.1");
    w.b = sim_node_add(w.s, "b", "10.0.0.2");
    return w;
}

static void run(void (*fn)(void *arg), uint64_t seeds)
{
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        world w = world_new(seed);
        sim_node_run(w.a, serve, &w);
        sim_node_run(w.b, serve, &w);
        check(sim_run_main(w.s, fn, &w));
        sim_free(w.s);
    }
}

/* ---- what works ---- */

static void talk(void *arg)
{
    world *w = arg;
    env *e = sim_env(w->s);
    stream *s, *t;
    env_sleep_us(e, 1000);
    ok_code(connect_to(w, "10.0.0.1", 1000000, &s));
    ok_code(connect_to(w, "10.0.0.2", 1000000, &t));
    check(strcmp(stream_peer(s), "10.0.0.1:7000") == 0);
    ok_code(ask_sums(e, s, COUNT, 1000000));
    ok_code(ask_sums(e, t, COUNT, 1000000));
    stream_close(s);
    stream_close(t);
    check(w->served == 2);
}

static void nodes_talk(void **state)
{
    (void)state;
    run(talk, 50);
}

static void talk_badly(void *arg)
{
    world *w = arg;
    env *e = sim_env(w->s);
    stream *s;
    sim_node *home = sim_home(w->s);
    *sim_link_get(home, w->a) =
        (sim_link){.delay_us = 1000, .jitter_us = 50000, .loss_ppm = 100000, .bytes_per_s = 100000};
    env_sleep_us(e, 1000);
    ok_code(connect_to(w, "10.0.0.1", 20000000, &s));
    int64_t start = env_mono_us(e);
    ok_code(ask_sums(e, s, COUNT, 20000000));
    check(env_mono_us(e) - start > 15000); /* 1600 bytes */
    stream_close(s);
}

static void bad_links_lose_nothing(void **state)
{
    (void)state;
    run(talk_badly, 100);
}

/* ---- what does not ---- */

static void refuse(void *arg)
{
    world *w = arg;
    env *e = sim_env(w->s);
    stream *s;
    err_info err = {0};
    env_sleep_us(e, 1000);
    check(env_connect(e, "10.0.0.1", PORT + 1, NO_DEADLINE, &s, &err) == ERR_REFUSED);
    check(env_connect(e, "10.9.9.9", PORT, env_mono_us(e) + 500, &s, &err) == ERR_TIMEOUT);
    check(env_connect(e, "10.9.9.9", PORT, NO_DEADLINE, &s, &err) == ERR_IO);
    check(env_connect(e, "here", PORT, NO_DEADLINE, &s, &err) == ERR_INVALID);
    listener *l, *m;
    check(env_listen(e, "10.0.0.1", PORT, sum_main, w, &l, &err) == ERR_IO);
    ok_code(env_listen(e, "127.0.0.1", PORT, sum_main, w, &l, &err));
    check(env_listen(e, "0.0.0.0", PORT, sum_main, w, &m, &err) == ERR_ADDRESS_IN_USE);
    listener_close(l);
    check(env_connect(e, "127.0.0.1", PORT, NO_DEADLINE, &s, &err) == ERR_REFUSED);
}

static void refusals(void **state)
{
    (void)state;
    run(refuse, 5);
}

static void cut_and_heal(void *arg)
{
    world *w = arg;
    env *e = sim_env(w->s);
    sim_node *home = sim_home(w->s);
    stream *s, *t;
    env_sleep_us(e, 1000);
    ok_code(connect_to(w, "10.0.0.1", 1000000, &s));
    if (sim_choose(w->s, 2))
        sim_cut(home, w->a, true);
    else /* one way is enough to hear nothing */
        sim_link_get(w->a, home)->cut = true;
    check(ask_sums(e, s, 10, 3000000) == ERR_TIMEOUT);
    check(connect_to(w, "10.0.0.1", 3000000, &t) == ERR_TIMEOUT);
    sim_cut(home, w->a, false);
    uint64_t sum = 0; /* nothing of what was sent is gone */
    for (uint64_t i = 0; i < 10; i++) {
        check(stream_wait(s, 8, env_mono_us(e) + 10000000) == 0);
        check(get_be64(stream_input(s).p) == (sum += i));
        stream_consume(s, 8);
    }
    ok_code(connect_to(w, "10.0.0.1", 1000000, &t));
    sim_cut(home, w->a, true);
    check(ask_sums(e, t, 1, 3600 * 1000000LL) == ERR_IO); /* the host gives up */
    sim_cut(home, w->a, false);
    stream_close(s);
    stream_close(t);
}

static void cuts(void **state)
{
    (void)state;
    run(cut_and_heal, 20);
}

static void reset_all(void *arg)
{
    world *w = arg;
    env *e = sim_env(w->s);
    stream *s, *t;
    env_sleep_us(e, 1000);
    ok_code(connect_to(w, "10.0.0.1", 1000000, &s));
    ok_code(connect_to(w, "10.0.0.2", 1000000, &t));
    check(sim_reset(sim_home(w->s), w->a) == 1);
    check(stream_wait(s, 1, NO_DEADLINE) == ERR_IO);
    ok_code(ask_sums(e, t, 10, 1000000));
    stream_close(s);
    stream_close(t);
}

static void resets(void **state)
{
    (void)state;
    run(reset_all, 20);
}

/* ---- nodes that die, stop, crawl ---- */

static void kill_one(void *arg)
{
    world *w = arg;
    env *e = sim_env(w->s);
    stream *s, *t, *u;
    env_sleep_us(e, 1000);
    ok_code(connect_to(w, "10.0.0.1", 1000000, &s));
    ok_code(connect_to(w, "10.0.0.2", 1000000, &t));
    sim_node_crash(w->a, SIM_KILL);
    int r = stream_wait(s, 1, env_mono_us(e) + 1000000);
    check(r == ERR_IO || r == ERR_EOF);
    check(connect_to(w, "10.0.0.1", 1000000, &u) == ERR_REFUSED);
    sim_node_crash(w->b, SIM_POWER);
    check(ask_sums(e, t, 10, 1000000) == ERR_TIMEOUT);
    check(connect_to(w, "10.0.0.2", 1000000, &u) == ERR_TIMEOUT);
    sim_node_boot(w->b);
    check(stream_wait(t, 1, env_mono_us(e) + 60000000) == ERR_IO); /* a host that knows it not */
    stream_close(s);
    stream_close(t);
    sim_node_run(w->a, serve, w);
    sim_node_run(w->b, serve, w);
    env_sleep_us(e, 1000);
    ok_code(connect_to(w, "10.0.0.1", 1000000, &s));
    ok_code(connect_to(w, "10.0.0.2", 1000000, &t));
    ok_code(ask_sums(e, s, 10, 1000000));
    ok_code(ask_sums(e, t, 10, 1000000));
    check(sim_node_lives(w->a) == 1);
    stream_close(s);
    stream_close(t);
}

static void crashes(void **state)
{
    (void)state;
    run(kill_one, 20);
}

static void pause_one(void *arg)
{
    world *w = arg;
    env *e = sim_env(w->s);
    stream *s;
    env_sleep_us(e, 1000);
    sim_node_pause(w->a, true);
    ok_code(connect_to(w, "10.0.0.1", 1000000, &s)); /* its host answers */
    check(ask_sums(e, s, 10, 5000000) == ERR_TIMEOUT);
    sim_node_pause(w->a, false);
    check(stream_wait(s, 80, env_mono_us(e) + 100000) == 0);
    stream_close(s);
    ok_code(connect_to(w, "10.0.0.1", 1000000, &s));
    sim_node_slow(w->a, 20000, 100);
    int64_t start = env_mono_us(e);
    ok_code(ask_sums(e, s, 1, 1000000));
    check(env_mono_us(e) - start >= 0 && env_mono_us(e) - start < 100000);
    sim_node_skew(w->a, -5000000);
    check(env_now_us(e) - env_now_us(sim_node_env(w->a)) == 5000000);
    stream_close(s);
}

static void pauses(void **state)
{
    (void)state;
    run(pause_one, 20);
}

/* A kill leaves the disk as it was written, a power failure what was synced. */
static void write_unsynced(void *arg)
{
    world *w = arg;
    env *e = co_self()->env;
    file *f = NULL;
    err_info err = {0};
    ok_code(env_lock_file(e, "/lock", &f, &err)); /* free again in every life */
    ok_code(env_open(e, "/f", FILE_WRITE | FILE_CREATE, &f, &err));
    ok_code(file_append(f, "abc", 3, &err));
    w->result++;
    env_sleep_us(e, 3600 * 1000000LL);
    check(!"lives on");
}

static void kill_after_write(void *arg)
{
    world *w = arg;
    env *e = sim_env(w->s), *a = sim_node_env(w->a);
    sim_node_run(w->a, write_unsynced, w);
    env_sleep_us(e, 1000);
    sim_node_crash(w->a, SIM_KILL);
    check(env_exists(a, "/f"));
    sim_node_run(w->a, write_unsynced, w);
    env_sleep_us(e, 1000);
    check(w->result == 2);
    sim_node_crash(w->a, SIM_LOSE_UNSYNCED);
    w->result = env_exists(a, "/f");
}

static void disks_of_the_dead(void **state)
{
    (void)state;
    int there = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        world w = world_new(seed);
        check(sim_run_main(w.s, kill_after_write, &w));
        there += w.result != 0;
        sim_free(w.s);
    }
    check(there > 5 && there < 35);
}

/* ---- determinism and speed ---- */

static void mix(void *arg)
{
    world *w = arg;
    talk(w);
    sim_shuffle(w->s, true);
    cut_and_heal(w);
    kill_one(w);
}

static uint64_t trace_of(uint64_t seed)
{
    world w = world_new(seed);
    sim_node_run(w.a, serve, &w);
    sim_node_run(w.b, serve, &w);
    check(sim_run_main(w.s, mix, &w));
    uint64_t t = sim_trace(w.s);
    sim_free(w.s);
    return t;
}

static void same_trace(void **state)
{
    (void)state;
    check(trace_of(5) == trace_of(5));
    check(trace_of(5) != trace_of(6));
}

size_t sim_net_tests(struct CMUnitTest *t)
{
    const struct CMUnitTest own[] = {
        cmocka_unit_test(nodes_talk), cmocka_unit_test(bad_links_lose_nothing),
        cmocka_unit_test(refusals),   cmocka_unit_test(cuts),
        cmocka_unit_test(resets),     cmocka_unit_test(crashes),
        cmocka_unit_test(pauses),     cmocka_unit_test(disks_of_the_dead),
        cmocka_unit_test(same_trace),
    };
    memcpy(t, own, sizeof own);
    return ARRAY_LEN(own);
}
