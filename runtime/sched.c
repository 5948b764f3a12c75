#include "runtime/sched.h"

#include "base/must.h"

/* A turn ends after so many resumed coroutines, so that I/O is never starved. */
enum { MAX_RESUMES = 4096, MAX_ROUNDS = 4, TRIM_US = 1000000 };

static void on_trim(sched_timer *t)
{
    co_pool_trim(&((sched *)t->arg)->pool);
}

void sched_init(sched *s, size_t stack_bytes, bool trims)
{
    *s = (sched){.trims = trims};
    list_init(&s->ready);
    list_init(&s->later);
    list_init(&s->hooks);
    co_pool_init(&s->pool, stack_bytes);
    s->trim = (sched_timer){.fn = on_trim, .arg = s};
}

void sched_done(sched *s)
{
    co_pool_done(&s->pool);
    vec_done(&s->timers);
}

void sched_abandon(sched *s)
{
    s->timers.n = 0;
    s->ran = false;
    s->next_hook = NULL;
    list_init(&s->ready);
    list_init(&s->later);
    list_init(&s->hooks);
    co_pool_abandon(&s->pool);
}

void sched_ready(sched *s, co *c)
{
    list_push(&s->ready, &c->link);
}

/* ---- timers ---- */

static bool earlier(const sched_timer *a, const sched_timer *b)
{
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->age < b->age;
}

static void place(sched *s, sched_timer *t, size_t i)
{
    s->timers.p[i] = t;
    t->at = i + 1;
}

static void sift_up(sched *s, sched_timer *t, size_t i)
{
    for (; i > 0; i = (i - 1) / 4) {
        sched_timer *above = s->timers.p[(i - 1) / 4];
        if (!earlier(t, above))
            break;
        place(s, above, i);
    }
    place(s, t, i);
}

static void sift_down(sched *s, sched_timer *t, size_t i)
{
    for (;;) {
        size_t first = 4 * i + 1, last = first + 4, best = first;
        if (first >= s->timers.n)
            break;
        for (size_t k = first + 1; k < last && k < s->timers.n; k++)
            if (earlier(s->timers.p[k], s->timers.p[best]))
                best = k;
        if (!earlier(s->timers.p[best], t))
            break;
        place(s, s->timers.p[best], i);
        i = best;
    }
    place(s, t, i);
}

void sched_timer_set(sched *s, sched_timer *t, int64_t deadline)
{
    must(t->at == 0);
    t->deadline = deadline;
    t->age = s->age++;
    vec_push(&s->timers, t);
    sift_up(s, t, s->timers.n - 1);
}

void sched_timer_stop(sched *s, sched_timer *t)
{
    if (t->at == 0)
        return;
    size_t i = t->at - 1;
    must(i < s->timers.n && s->timers.p[i] == t);
    t->at = 0;
    sched_timer *last = s->timers.p[--s->timers.n];
    if (last == t)
        return;
    sift_down(s, last, i);
    sift_up(s, last, last->at - 1);
}

int64_t sched_next_deadline(const sched *s)
{
    return s->timers.n ? s->timers.p[0]->deadline : NO_DEADLINE;
}

void sched_fire(sched *s)
{
    while (s->timers.n && s->timers.p[0]->deadline <= s->now_us) {
        sched_timer *t = s->timers.p[0];
        sched_timer_stop(s, t);
        t->fn(t);
    }
}

/* ---- the turn ---- */

void sched_begin(sched *s)
{
    for (list *l; (l = list_pop(&s->later));)
        list_push(&s->ready, l);
}

bool sched_busy(const sched *s)
{
    return !list_empty(&s->ready) || !list_empty(&s->later);
}

static void run_hooks(sched *s)
{
    for (list *l = s->hooks.next; l != &s->hooks; l = s->next_hook) {
        s->next_hook = l->next;
        env_hook *h = container_of(l, env_hook, link);
        h->fn(h->arg);
    }
    s->next_hook = NULL;
}

/* Coroutines that a hook woke run as well, so that their output leaves in the same turn. */
void sched_run(sched *s)
{
    int resumes = 0;
    for (int round = 0; round < MAX_ROUNDS && (s->ran || !list_empty(&s->ready)); round++) {
        for (list *l; resumes < MAX_RESUMES && (l = list_pop(&s->ready)); resumes++) {
            s->ran = true;
            co_resume(container_of(l, co, link));
        }
        if (!s->ran)
            return;
        s->ran = false;
        run_hooks(s);
    }
    if (s->trims && s->pool.n_idle > CO_POOL_KEEP && s->trim.at == 0) {
        s->pool.low = s->pool.n_idle;
        sched_timer_set(s, &s->trim, s->now_us + TRIM_US);
    }
}
