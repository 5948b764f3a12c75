/* The hop to worker 0 and back: what only that worker may do, any worker may ask for. Worker 0
 * hops, too: the work gets a stack of its own. */
#include "coordinator/internal.h"

typedef struct hop {
    coordinator *c;
    env *from;
    int (*fn)(coordinator *c, void *arg);
    void *arg;
    int result;
    bool done;
    co_event finished;
} hop;

static void hop_back(void *arg)
{
    hop *h = arg;
    h->done = true;
    co_signal(h->from, &h->finished);
}

static void co_fn hop_run(void *arg)
{
    hop *h = arg;
    h->result = h->fn(h->c, h->arg);
    env_post(h->from, hop_back, h);
}

int co_fn coordinator_at_home(coordinator *c, env *e, int (*fn)(coordinator *c, void *arg),
                              void *arg)
{
    hop h = {.c = c, .from = e, .fn = fn, .arg = arg};
    co_event_init(&h.finished);
    env_post(c->home, hop_run, &h);
    while (!h.done)
        co_wait(e, &h.finished, NO_DEADLINE);
    return h.result;
}
