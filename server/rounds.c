#include "server/rounds.h"

#include <stdlib.h>

#include "base/alloc.h"

static void visit_ended(void *arg)
{
    visit *v = arg;
    round *r = v->round;
    if (--r->left == 0)
        co_signal(r->home, &r->done);
    free(v);
}

static void visit_run(void *arg)
{
    visit *v = arg;
    v->fn(v);
    env_post(v->round->home, visit_ended, v);
}

int co_fn round_run(node *n, void (*fn)(visit *v), round *r)
{
    r->home = n->home;
    co_event_init(&r->done);
    for (unsigned i = 0; i < n->n_workers && r->result == 0; i++) {
        visit *v = xmalloc(sizeof *v);
        *v = (visit){&n->workers[i], fn, r};
        r->left = 1;
        env_post(n->workers[i].env, visit_run, v);
        while (r->left)
            co_wait(n->home, &r->done, NO_DEADLINE);
    }
    return r->result;
}
