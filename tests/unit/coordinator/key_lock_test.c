/* The key lock: on the simulated env in every order, and on real threads: whoever holds a key is
 * alone with it, across suspensions, whichever worker it runs on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* After those above. */
#include <cmocka.h>

#include "coordinator/key_lock.h"
#include "runtime/sim/sim.h"

enum { KEYS = 5, RUNNERS = 8, ROUNDS = 60, WORKERS = 3 };

typedef struct key {
    int inside; /* plain: the lock must make it safe */
    int64_t sum;
} key;

typedef struct trial {
    runtime *r;
    env *home;
    key_lock *lock;
    key keys[KEYS];
    unsigned left; /* touched at home */
    co_event done;
} trial;

typedef struct runner {
    trial *t;
    env *e;
} runner;

static void ended(void *arg)
{
    trial *t = arg;
    if (--t->left == 0)
        co_signal(t->home, &t->done);
}

static void co_fn run(void *arg)
{
    runner *r = arg;
    static const uuid table = {{7}};
    for (int i = 0; i < ROUNDS; i++) {
        uint8_t name = (uint8_t)(env_random(r->e) % KEYS);
        key *k = &r->t->keys[name];
        key_stripe *s = key_lock_take(r->t->lock, r->e, key_lock_hash(&table, bytes_of(&name, 1)));
        assert_int_equal(k->inside++, 0);
        int64_t sum = k->sum;
        if (i % 3)
            env_yield(r->e);
        k->sum = sum + 1;
        k->inside--;
        key_lock_give(r->e, s);
    }
    env_post(r->t->home, ended, r->t);
}

static void co_fn run_all(trial *t, env *home)
{
    unsigned n = home->workers * RUNNERS;
    runner *runners = calloc(n, sizeof *runners);
    t->home = home;
    t->left = n;
    t->lock = key_lock_new(home);
    co_event_init(&t->done);
    for (unsigned i = 0; i < n; i++) {
        runners[i] = (runner){t, home->peers[i % home->workers]};
        env_post(runners[i].e, run, &runners[i]);
    }
    while (t->left)
        co_wait(home, &t->done, NO_DEADLINE);
    int64_t sum = 0;
    for (int i = 0; i < KEYS; i++)
        sum += t->keys[i].sum;
    assert_int_equal(sum, (int64_t)n * ROUNDS);
    t->lock = key_lock_free(t->lock, home);
    free(runners);
}

static void on_threads(void *arg)
{
    trial *t = arg;
    run_all(t, runtime_env(t->r, 0));
    runtime_stop(t->r);
}

static void threads(void **state)
{
    (void)state;
    runtime_options o = {.workers = WORKERS, .io_threads = 1, .long_threads = 1};
    trial t = {.r = runtime_new_uv(&o)};
    runtime_run(t.r, on_threads, &t);
    runtime_free(t.r);
}

typedef struct simulated {
    env *e;
} simulated;

static void in_sim(void *arg)
{
    trial t = {0};
    run_all(&t, ((simulated *)arg)->e);
}

static void simulation(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        sim *s = sim_new(seed);
        simulated x = {sim_env(s)};
        assert_true(sim_run_main(s, in_sim, &x));
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads), cmocka_unit_test(simulation)};
    return cmocka_run_group_tests_name("key lock", tests, NULL, NULL);
}
