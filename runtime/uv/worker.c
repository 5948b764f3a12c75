#include "runtime/uv/worker.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/alloc.h"

static _Thread_local worker *self;

/* ---- clocks and chance ---- */

static int64_t clock_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t now_us(env *e)
{
    (void)e;
    return clock_us(CLOCK_REALTIME);
}

static int64_t mono_us(env *e)
{
    worker *w = worker_of(e);
    return self == w ? w->sched.now_us : clock_us(CLOCK_MONOTONIC);
}

static int64_t tick_ns(env *e)
{
    (void)e;
    return (int64_t)uv_hrtime();
}

static uint64_t random_u64(env *e)
{
    return random_next(&worker_of(e)->random);
}

/* ---- from other threads ---- */

void remote_push(worker *w, remote *r)
{
    remote *head = atomic_load_explicit(&w->remotes, memory_order_relaxed);
    do
        r->next = head;
    while (!atomic_compare_exchange_weak(&w->remotes, &head, r));
    if (atomic_load(&w->parked) && atomic_exchange(&w->parked, false))
        uv_async_send(&w->wake);
}

static remote *remote_take_all(worker *w)
{
    if (!atomic_load(&w->remotes))
        return NULL;
    remote *newest = atomic_exchange(&w->remotes, NULL), *oldest = NULL;
    while (newest) {
        remote *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

static void remote_run_all(worker *w)
{
    for (remote *r = remote_take_all(w), *next; r; r = next) {
        next = r->next;
        r->run(r);
    }
}

typedef struct posted {
    remote remote; /* first */
    worker *to;
    void (*fn)(void *arg);
    void *arg;
} posted;

static void posted_run(remote *r)
{
    posted p = *(posted *)r;
    free(r);
    env_spawn(&p.to->env, p.fn, p.arg);
}

static void post(env *to, void (*fn)(void *arg), void *arg)
{
    posted *p = xmalloc(sizeof *p);
    *p = (posted){.remote = {.run = posted_run}, .to = worker_of(to), .fn = fn, .arg = arg};
    remote_push(p->to, &p->remote);
}

/* On the waiting coroutine's stack. */
typedef struct offloaded {
    pool_job job; /* first */
    remote done;
    worker *from;
    co *co;
    void (*fn)(void *arg);
    void *arg;
} offloaded;

static void offload_done(remote *r)
{
    offloaded *o = container_of(r, offloaded, done);
    sched_ready(&o->from->sched, o->co);
}

static void offload_run(pool_job *j)
{
    offloaded *o = (offloaded *)j;
    o->fn(o->arg);
    remote_push(o->from, &o->done);
}

static void offload(env *e, env_pool pool, void (*fn)(void *arg), void *arg)
{
    worker *w = worker_of(e);
    offloaded o = {.job = {.run = offload_run},
                   .done = {.run = offload_done},
                   .from = w,
                   .co = co_self(),
                   .fn = fn,
                   .arg = arg};
    pool_submit(w->runtime->pools[pool], &o.job);
    co_suspend();
}

/* ---- the loop ---- */

void worker_enter(worker *w)
{
    if (w->fresh)
        return;
    w->fresh = true;
    w->sched.now_us = clock_us(CLOCK_MONOTONIC);
}

static void turn(worker *w)
{
    sched_fire(&w->sched);
    sched_run(&w->sched);
    if (!list_empty(&w->dirty))
        sockets_flush(w);
}

static void on_timer(uv_timer_t *t)
{
    worker *w = t->data;
    w->timer_set = NO_DEADLINE;
    w->fresh = false;
    worker_enter(w); /* on_prepare runs what is due */
}

/* The uv_timer wakes us for the earliest deadline; when that one is stopped the timer stays, as
 * nearly every deadline of a request is, and an early wake-up costs less than moving it. */
static void set_timer(worker *w)
{
    int64_t next = sched_next_deadline(&w->sched);
    if (next >= w->timer_set)
        return;
    w->timer_set = next;
    int64_t wait_us = next - w->sched.now_us;
    uv_update_time(&w->loop);
    uv_timer_start(&w->timer, on_timer, wait_us > 0 ? (uint64_t)(wait_us + 999) / 1000 : 0, 0);
}

static void on_idle(uv_idle_t *i)
{
    (void)i;
}

static void set_idle(worker *w, bool busy)
{
    if (busy == w->idling)
        return;
    w->idling = busy;
    if (busy)
        uv_idle_start(&w->idle, on_idle);
    else
        uv_idle_stop(&w->idle);
}

static void on_prepare(uv_prepare_t *p)
{
    worker *w = p->data;
    worker_enter(w);
    turn(w);
    set_timer(w);
    w->fresh = false;
    atomic_store(&w->parked, true);
    bool busy = sched_busy(&w->sched) || !list_empty(&w->dirty) || atomic_load(&w->remotes);
    if (busy)
        atomic_store(&w->parked, false);
    set_idle(w, busy);
}

static void on_check(uv_check_t *c)
{
    worker *w = c->data;
    atomic_store_explicit(&w->parked, false, memory_order_relaxed);
    worker_enter(w);
    sched_begin(&w->sched);
    remote_run_all(w);
    turn(w);
}

static void on_wake(uv_async_t *a)
{
    worker *w = a->data;
    if (atomic_load(&w->runtime->stopping))
        uv_stop(&w->loop);
}

void worker_nudge(worker *w)
{
    uv_async_send(&w->wake);
}

/* ---- life ---- */

const struct env_ops uv_ops = {
    .now_us = now_us,
    .mono_us = mono_us,
    .tick_ns = tick_ns,
    .random = random_u64,
    .post = post,
    .offload = offload,
    .listen = uv_env_listen,
    .listener_close = uv_env_listener_close,
    .connect = uv_stream_connect,
    .stream_wait = uv_stream_wait,
    .stream_take_output = uv_stream_take_output,
    .stream_kick = uv_stream_kick,
    .stream_drain = uv_stream_drain,
    .stream_shut = uv_stream_shut,
    .stream_close = uv_stream_close,
    .open = posix_open,
    .file_close = posix_close,
    .file_append = posix_append,
    .file_pread = posix_pread,
    .file_pread_nowait = posix_pread_nowait,
    .file_sync = posix_sync,
    .file_size = posix_size,
    .file_truncate = posix_truncate,
    .lock_file = posix_lock_file,
    .mkdir = posix_mkdir,
    .rename = posix_rename,
    .link = posix_link,
    .unlink = posix_unlink,
    .rmdir = posix_rmdir,
    .sync_dir = posix_sync_dir,
    .exists = posix_exists,
    .list = posix_list,
    .free_space = posix_free_space,
};

static void init_handles(worker *w)
{
    must(uv_loop_init(&w->loop) == 0);
    uv_prepare_init(&w->loop, &w->prepare);
    uv_check_init(&w->loop, &w->check);
    uv_idle_init(&w->loop, &w->idle);
    uv_timer_init(&w->loop, &w->timer);
    must(uv_async_init(&w->loop, &w->wake, on_wake) == 0);
    w->prepare.data = w->check.data = w->idle.data = w->timer.data = w->wake.data = w;
    uv_prepare_start(&w->prepare, on_prepare);
    uv_check_start(&w->check, on_check);
}

static uint64_t seed(void)
{
    uint64_t v;
    must(getrandom(&v, sizeof v, 0) == sizeof v);
    return v;
}

worker *worker_new(runtime *r, unsigned index)
{
    worker *w = xzalloc(sizeof *w);
    sched_init(&w->sched, r->options.stack_bytes, true);
    w->env = (env){.ops = &uv_ops,
                   .log = r->options.log,
                   .worker = index,
                   .workers = r->options.workers,
                   .peers = r->envs,
                   .sched = &w->sched};
    w->runtime = r;
    w->timer_set = NO_DEADLINE;
    w->input = xmalloc(INPUT_BYTES);
    list_init(&w->dirty);
    list_init(&w->sockets);
    list_init(&w->listeners);
    random_seed(&w->random, seed());
    init_handles(w);
    worker_enter(w);
    return w;
}

void worker_run(worker *w)
{
    self = w;
    uv_run(&w->loop, UV_RUN_DEFAULT);
    self = NULL;
}

void worker_free(worker *w)
{
    self = w;
    for (remote *r = remote_take_all(w), *next; r; r = next) {
        next = r->next;
        if (r->run == posted_run)
            free(r);
    }
    listeners_done(w);
    sockets_done(w);
    uv_handle_t *own[] = {(uv_handle_t *)&w->prepare, (uv_handle_t *)&w->check,
                          (uv_handle_t *)&w->idle, (uv_handle_t *)&w->timer,
                          (uv_handle_t *)&w->wake};
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        uv_close(own[i], NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    must(uv_loop_close(&w->loop) == 0);
    sched_done(&w->sched);
    free(w->input);
    free(w);
    self = NULL;
}
