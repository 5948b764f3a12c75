/* worker_call.c: see worker_call.h. */
#include "storage/worker_call.h"

typedef struct call {
    env *from, *to;
    void (*fn)(void *arg);
    void *arg;
    bool done;
    co_event event;
} call;

static void finish(void *arg)
{
    call *c = arg;
    c->done = true;
    co_signal(c->from, &c->event);
}

static void run(void *arg)
{
    call *c = arg;
    c->fn(c->arg);
    env_post(c->from, finish, c);
}

void worker_call(env *from, env *to, void (*fn)(void *arg), void *arg)
{
    if (from == to) {
        fn(arg);
        return;
    }
    call c = {.from = from, .to = to, .fn = fn, .arg = arg};
    co_event_init(&c.event);
    env_post(to, run, &c);
    while (!c.done)
        co_wait(from, &c.event, NO_DEADLINE);
}
