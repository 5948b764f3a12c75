/* runtime/co and runtime/sched without any env: stacks, the pool, the timer heap. */
#include "runtime/co.h"
#include "runtime/random.h"
#include "runtime/sched.h"
#include "tests/unit/runtime/suite.h"

static co *last;

/* Touches much of the stack, then waits near its top. */
static __attribute__((noinline)) int deep(volatile char *seed)
{
    volatile char here[30000];
    for (size_t i = 0; i < sizeof here; i += 512)
        here[i] = (char)(*seed + 1);
    return here[512 * 7];
}

static void deep_then_wait(void *arg)
{
    int *out = arg;
    volatile char mark[64];
    memset((char *)mark, 7, sizeof mark);
    *out = deep(mark);
    last = co_self();
    co_suspend();
    for (size_t i = 0; i < sizeof mark; i++)
        check(mark[i] == 7);
    *out += deep(mark); /* the pages come back when they are needed */
}

static void unused_pages_go(void **state)
{
    (void)state;
    co_pool p;
    int out = 0;
    co_pool_init(&p, 0);
    co_start(&p, NULL, deep_then_wait, &out);
    check(p.live == 1 && out == 8);
    size_t n = co_release_unused(last);
    check(n == 0 || (n >= 30000 && n < p.stack_bytes)); /* 0: instrumented build */
    co_resume(last);
    check(p.live == 0 && out == 16);
    co_pool_done(&p);
}

static void wait_once(void *arg)
{
    (void)arg;
    ((co **)arg)[0] = co_self();
    co_suspend();
}

static void pool_shrinks_after_a_burst(void **state)
{
    (void)state;
    enum { N = 500 };
    co_pool p;
    co *all[N];
    co_pool_init(&p, 0);
    for (int i = 0; i < N; i++)
        co_start(&p, NULL, wait_once, &all[i]);
    check(p.live == N && p.n_idle == 0);
    for (int i = 0; i < N; i++)
        co_resume(all[i]);
    check(p.live == 0 && p.n_idle == N);
    p.low = p.n_idle;
    for (int i = 0; i < 100; i++) /* a hundred are still in use now and then */
        co_start(&p, NULL, wait_once, &all[i]);
    for (int i = 0; i < 100; i++)
        co_resume(all[i]);
    co_pool_trim(&p);
    check(p.n_idle == 100 + CO_POOL_KEEP);
    co_pool_trim(&p);
    check(p.n_idle == CO_POOL_KEEP);
    co_start(&p, NULL, wait_once, &all[0]);
    co_pool_abandon(&p);
    check(p.live == 0 && p.n_idle == 0);
}

static void recurse(void *arg)
{
    int *n = arg;
    static co_pool *pool;
    if (!pool)
        pool = co_self()->pool;
    co *self = co_self();
    if (--*n > 0)
        co_start(pool, NULL, recurse, n);
    check(co_self() == self);
}

static void nested_starts(void **state)
{
    (void)state;
    co_pool p;
    int n = 100;
    co_pool_init(&p, 0);
    co_start(&p, NULL, recurse, &n);
    check(n == 0 && p.live == 0 && p.n_idle == 100 && !co_self());
    co_pool_done(&p);
}

/* ---- timers: against a plain model ---- */

enum { TIMERS = 300 };
typedef struct model {
    sched s;
    sched_timer t[TIMERS];
    int64_t last_deadline;
    uint64_t last_age;
    int fired;
} model;

static void on_fire(sched_timer *t)
{
    model *m = t->arg;
    check(t->at == 0 && t->deadline <= m->s.now_us);
    check(t->deadline > m->last_deadline ||
          (t->deadline == m->last_deadline && t->age > m->last_age));
    m->last_deadline = t->deadline;
    m->last_age = t->age;
    m->fired++;
}

static int64_t earliest(const model *m)
{
    int64_t first = NO_DEADLINE;
    for (int i = 0; i < TIMERS; i++)
        if (m->t[i].at && m->t[i].deadline < first)
            first = m->t[i].deadline;
    return first;
}

static void timers_in_order(void **state)
{
    (void)state;
    model *m = xzalloc(sizeof *m);
    random_state r;
    random_seed(&r, 42);
    sched_init(&m->s, 0, false);
    for (int i = 0; i < TIMERS; i++)
        m->t[i] = (sched_timer){.fn = on_fire, .arg = m};
    for (int i = 0; i < 200000; i++) {
        sched_timer *t = &m->t[random_below(&r, TIMERS)];
        if (t->at)
            sched_timer_stop(&m->s, t);
        else
            sched_timer_set(&m->s, t, m->s.now_us + (int64_t)random_below(&r, 500));
        if (i % 100 == 0)
            check(sched_next_deadline(&m->s) == earliest(m));
        if (random_below(&r, 20) == 0) {
            m->s.now_us += (int64_t)random_below(&r, 30);
            m->last_deadline = -1;
            sched_fire(&m->s);
        }
    }
    check(m->fired > 10000);
    sched_done(&m->s);
    free(m);
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(unused_pages_go),
        cmocka_unit_test(pool_shrinks_after_a_burst),
        cmocka_unit_test(nested_starts),
        cmocka_unit_test(timers_in_order),
    };
    return cmocka_run_group_tests_name("runtime_co", t, NULL, NULL);
}
