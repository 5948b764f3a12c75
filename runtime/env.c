#include "runtime/env.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"
#include "runtime/env_ops.h"

int64_t env_now_us(env *e)
{
    return e->ops->now_us(e);
}

int64_t env_mono_us(env *e)
{
    return e->ops->mono_us(e);
}

int64_t env_tick_ns(env *e)
{
    return e->ops->tick_ns ? e->ops->tick_ns(e) : e->ops->mono_us(e) * 1000;
}

uint64_t env_random(env *e)
{
    return e->ops->random(e);
}

/* ---- coroutines ---- */

void env_spawn(env *e, void (*fn)(void *arg), void *arg)
{
    e->sched->ran = true;
    co_start(&e->sched->pool, e, fn, arg);
}

void env_sleep_until(env *e, int64_t deadline)
{
    co_event never;
    co_event_init(&never);
    co_wait(e, &never, deadline);
}

void env_sleep_us(env *e, int64_t us)
{
    int64_t now = env_mono_us(e);
    env_sleep_until(e, us > NO_DEADLINE - now ? NO_DEADLINE : now + us);
}

void env_yield(env *e)
{
    co *self = co_self();
    must(self != NULL);
    list_push(&e->sched->later, &self->link);
    co_suspend();
}

void co_event_init(co_event *v)
{
    list_init(&v->waiters);
}

static void on_wait_timeout(sched_timer *t)
{
    waiter *w = t->arg;
    list_remove(&w->link);
    sched_ready(w->sched, w->co);
}

int co_wait(env *e, co_event *v, int64_t deadline)
{
    waiter w = {.co = co_self(), .sched = e->sched};
    must(w.co != NULL);
    list_push(&v->waiters, &w.link);
    w.timer = (sched_timer){.fn = on_wait_timeout, .arg = &w};
    if (deadline != NO_DEADLINE)
        sched_timer_set(e->sched, &w.timer, deadline);
    co_suspend();
    return w.signalled ? 0 : ERR_TIMEOUT;
}

static waiter *take_waiter(co_event *v)
{
    list *l = list_pop(&v->waiters);
    if (!l)
        return NULL;
    waiter *w = container_of(l, waiter, link);
    w->signalled = true;
    sched_timer_stop(w->sched, &w->timer);
    return w;
}

void co_signal(env *e, co_event *v)
{
    for (waiter *w; (w = take_waiter(v));)
        sched_ready(e->sched, w->co);
}

void co_signal_now(co_event *v)
{
    waiter *w = take_waiter(v);
    if (!w)
        return;
    must(co_self() == NULL);
    w->sched->ran = true;
    co_resume(w->co);
}

void co_mutex_init(co_mutex *m)
{
    m->held = false;
    co_event_init(&m->freed);
}

void co_lock(env *e, co_mutex *m)
{
    if (!m->held)
        m->held = true;
    else
        co_wait(e, &m->freed, NO_DEADLINE); /* co_unlock hands the lock over */
}

void co_unlock(env *e, co_mutex *m)
{
    must(m->held);
    waiter *w = take_waiter(&m->freed);
    if (w)
        sched_ready(e->sched, w->co);
    else
        m->held = false;
}

/* ---- other threads, hooks ---- */

void env_post(env *to, void (*fn)(void *arg), void *arg)
{
    to->ops->post(to, fn, arg);
}

void env_offload(env *e, env_pool pool, void (*fn)(void *arg), void *arg)
{
    must(co_self() != NULL);
    e->ops->offload(e, pool, fn, arg);
}

void env_hook_turn(env *e, env_hook *h)
{
    list_push(&e->sched->hooks, &h->link);
}

void env_unhook(env *e, env_hook *h)
{
    if (e->sched->next_hook == &h->link)
        e->sched->next_hook = h->link.next;
    list_remove(&h->link);
}

/* ---- sockets ---- */

int env_listen(env *e, const char *address, uint16_t port, void (*on_accept)(void *arg, stream *s),
               void *arg, listener **ret_listener, err_info *err)
{
    return e->ops->listen(e, address, port, on_accept, arg, ret_listener, err);
}

uint16_t listener_port(listener *l)
{
    return l->port;
}

listener *listener_close(listener *l)
{
    if (l)
        l->env->ops->listener_close(l);
    return NULL;
}

int env_connect(env *e, const char *address, uint16_t port, int64_t deadline, stream **ret_stream,
                err_info *err)
{
    return e->ops->connect(e, address, port, deadline, ret_stream, err);
}

bytes stream_input(stream *s)
{
    return s->in;
}

void stream_consume(stream *s, size_t n)
{
    must(n <= s->in.n);
    s->in.p += n;
    s->in.n -= n;
}

int stream_wait(stream *s, size_t n, int64_t deadline)
{
    return s->in.n >= n ? 0 : s->env->ops->stream_wait(s, n, deadline);
}

buf *stream_output(stream *s)
{
    if (__builtin_expect(!s->out.p, 0))
        s->env->ops->stream_take_output(s);
    return &s->out;
}

void stream_kick(stream *s)
{
    s->env->ops->stream_kick(s);
}

size_t stream_unsent(stream *s)
{
    return s->out.n - s->out_at;
}

int stream_drain(stream *s, size_t below, int64_t deadline)
{
    return s->env->ops->stream_drain(s, below, deadline);
}

const char *stream_peer(stream *s)
{
    return s->peer;
}

const char *stream_peer_ip(stream *s)
{
    return s->peer_ip;
}

void stream_shut(stream *s)
{
    s->env->ops->stream_shut(s);
}

void stream_close(stream *s)
{
    s->env->ops->stream_close(s);
}
