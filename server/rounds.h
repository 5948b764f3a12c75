/* rounds.h: worker 0 visits every worker on its own thread, one after the other.
 *
 * For what must be done by the thread that owns a thing: its listeners, its connections.
 *
 * Thread: worker 0 starts a round and waits; each visit runs on its worker.
 */
#pragma once
#include "server/node.h"

typedef struct visit {
    worker *worker;
    void (*fn)(struct visit *v);
    struct round *round;
} visit;

typedef struct round {
    unsigned left;
    int result; /* of a visit; an error ends the round */
    err_info *err;
    env *home;
    co_event done;
    void *arg; /* the visitor's */
} round;

/* Returns the first error. */
int co_fn round_run(node *n, void (*fn)(visit *v), round *r);
