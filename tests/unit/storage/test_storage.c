/* Storage against the model: random changes, flushes, restarts, truncations; then every kind of
 * read, page by page. On the simulated disk, on virtual time. */
#include "runtime/sim/sim.h"
#include "tests/unit/storage/model.h"

static const uuid TABLE = {{1, 2, 3}};

static storage_options options(partitioner p)
{
    return (storage_options){.data_dir = "/n/data",
                             .commitlog_dir = "/n/log",
                             .cluster_name = "Test Cluster",
                             .partitioner = p,
                             .sync = SYNC_PERIODIC,
                             .sync_period_ms = 100,
                             .segment_bytes = 8192,
                             .commitlog_total_bytes = 64 << 10,
                             .memtable_bytes = 1 << 20,
                             .block_cache_bytes = 1 << 20,
                             .commit_failure = POLICY_STOP};
}

typedef struct run {
    env *e;
    sim *sim;
    partitioner partitioner;
    uint64_t seed;
    storage *s;
    model m;
} run;

static void open_it(run *r)
{
    err_info e = {0};
    storage_options o = options(r->partitioner);
    ok(storage_open(r->e, &o, &r->s, &e));
}

static void step(run *r, arena *a)
{
    err_info e = {0};
    model *m = &r->m;
    uint64_t kind = model_random(m, 300);
    if (kind == 0) {
        storage_close(r->s);
        open_it(r);
    } else if (kind < 6) {
        ok(storage_flush(r->s, r->e, &TABLE, &e));
    } else if (kind == 6) {
        ok(storage_truncate(r->s, r->e, &TABLE, &e));
        model_forget(m);
    } else if (kind < 100) {
        read_command c;
        model_question(m, &TABLE, a, &c);
        model_check(m, r->s, r->e, &c);
    } else {
        const mutation *x = model_change(m, &TABLE, a);
        ok(storage_apply(r->s, r->e, &x, 1, &e));
    }
}

static void random_main(void *arg)
{
    run *r = arg;
    arena a;
    arena_init(&a, 4096);
    model_init(&r->m, r->partitioner, r->seed);
    open_it(r);
    for (int i = 0; i < 3000; i++) {
        step(r, &a);
        arena_reset(&a);
        if (i % 50 == 0)
            env_yield(r->e);
    }
    storage_close(r->s);
    arena_done(&r->m.arena);
    arena_done(&a);
}

static void random_runs(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        sim *s = sim_new(seed);
        run *r = xzalloc(sizeof *r);
        r->e = sim_env(s);
        r->sim = s;
        r->partitioner = (partitioner)(seed % 3);
        r->seed = seed;
        check(sim_run_main(s, random_main, r));
        free(r);
        sim_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
