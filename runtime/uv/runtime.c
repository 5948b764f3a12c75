#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/uv/worker.h"

runtime *runtime_new_uv(const runtime_options *o)
{
    must(o->workers > 0);
    signal(SIGPIPE, SIG_IGN);
    runtime *r = xzalloc(sizeof *r);
    r->options = *o;
    pthread_mutex_init(&r->ports_lock, NULL);
    list_init(&r->ports);
    r->pools[POOL_IO] = pool_new("ilion-io", o->io_threads);
    r->pools[POOL_LONG] = pool_new("ilion-long", o->long_threads);
    r->workers = xzalloc(o->workers * sizeof *r->workers);
    r->envs = xzalloc(o->workers * sizeof *r->envs);
    for (unsigned i = 0; i < o->workers; i++) {
        r->workers[i] = worker_new(r, i);
        r->envs[i] = &r->workers[i]->env;
    }
    return r;
}

env *runtime_env(runtime *r, unsigned worker)
{
    must(worker < r->options.workers);
    return r->envs[worker];
}

static void *thread_main(void *arg)
{
    worker *w = arg;
    char name[16];
    snprintf(name, sizeof name, "ilion-%u", w->env.worker % 1000);
    pthread_setname_np(pthread_self(), name);
    worker_run(w);
    return NULL;
}

/* Signals are for worker 0's loop only. */
static void start_threads(runtime *r)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 1; i < r->options.workers; i++)
        must(pthread_create(&r->workers[i]->thread, NULL, thread_main, r->workers[i]) == 0);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void runtime_run(runtime *r, void (*start)(void *arg), void *arg)
{
    env_post(r->envs[0], start, arg);
    start_threads(r);
    worker_run(r->workers[0]);
    for (unsigned i = 1; i < r->options.workers; i++)
        pthread_join(r->workers[i]->thread, NULL);
}

void runtime_stop(runtime *r)
{
    atomic_store(&r->stopping, true);
    for (unsigned i = 0; i < r->options.workers; i++)
        worker_nudge(r->workers[i]);
}

/* ---- signals ---- */

typedef struct signalled {
    signal_watch *watch;
    int signo;
} signalled;

static void signal_main(void *arg)
{
    signalled s = *(signalled *)arg;
    s.watch->fn(s.watch->arg, s.signo);
}

static void on_signal(uv_signal_t *h, int signo)
{
    signal_watch *watch = h->data;
    signalled s = {watch, signo};
    worker_enter(watch->runtime->workers[0]);
    env_spawn(watch->runtime->envs[0], signal_main, &s);
}

void runtime_on_signal(runtime *r, int signo, void (*fn)(void *arg, int signo), void *arg)
{
    signal_watch *s = xzalloc(sizeof *s);
    s->runtime = r;
    s->fn = fn;
    s->arg = arg;
    s->handle.data = s;
    s->next = r->signals;
    r->signals = s;
    must(uv_signal_init(&r->workers[0]->loop, &s->handle) == 0);
    must(uv_signal_start(&s->handle, on_signal, signo) == 0);
}

static void on_signal_closed(uv_handle_t *h)
{
    free(h->data);
}

runtime *runtime_free(runtime *r)
{
    if (!r)
        return NULL;
    pool_free(r->pools[POOL_IO]);
    pool_free(r->pools[POOL_LONG]);
    for (signal_watch *s = r->signals; s; s = s->next)
        uv_close((uv_handle_t *)&s->handle, on_signal_closed);
    for (unsigned i = 0; i < r->options.workers; i++)
        worker_free(r->workers[i]);
    pthread_mutex_destroy(&r->ports_lock);
    free(r->workers);
    free(r->envs);
    free(r);
    return NULL;
}
