/* co.h: stackful coroutines and the pool that keeps their stacks.
 *
 * A coroutine runs on its own mmapped stack with a guard page below it; the struct co lives at
 * the stack's top. Whoever resumes it gets control back when it suspends or ends. A coroutine
 * never moves to another thread.
 *
 * Owner:   the pool owns every stack it made; a coroutine that ended goes back into it. Idle stacks
 *          beyond CO_POOL_KEEP that were not needed since the last trim are unmapped by
 *          co_pool_trim, so that a burst costs memory only for a while.
 * Thread:  a pool and its coroutines belong to one thread.
 * Errors:  none; a stack that cannot be mapped aborts.
 * Suspend: co_suspend; called on a coroutine only.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

enum { CO_STACK_BYTES = 64 * 1024, CO_POOL_KEEP = 16, CO_POOL_MAX = 4096 };

struct env;
typedef struct co co;

typedef struct co_pool {
    size_t stack_bytes;
    list idle; /* of co.link */
    list all;  /* of co.member */
    size_t n_idle;
    size_t low;  /* smallest n_idle since the last trim */
    size_t live; /* started and not ended */
} co_pool;

struct co {
    list link; /* the ready queue, or the pool */
    list member;
    struct env *env;
    co_pool *pool;
    void (*fn)(void *arg);
    void *arg;
    co *resumer; /* who runs on when we suspend; NULL: a plain stack */
    bool done, running, splits;
    void *mine, *back; /* saved contexts: ours, and the resumer's */
    char *map;         /* lowest address: the guard page */
    size_t map_bytes;
    unsigned magic;
    /* What the sanitizers and valgrind want to know of a switch. */
    void *fake_stack, *fiber, *back_fiber;
    const void *back_bottom;
    size_t back_bytes;
    unsigned valgrind_id;
};

void co_pool_init(co_pool *p, size_t stack_bytes); /* 0 = CO_STACK_BYTES */
/* Unmaps the idle stacks. Coroutines that are still suspended keep theirs. */
void co_pool_done(co_pool *p);
/* Suspended coroutines will never run again (a simulated crash, the end of a process): gives
 * their stacks back. What they held on the heap is lost. */
void co_pool_abandon(co_pool *p);
void co_pool_trim(co_pool *p);

/* Runs fn(arg) at once, until it first suspends. */
void co_start(co_pool *p, struct env *e, void (*fn)(void *arg), void *arg);
/* Goes on with a suspended coroutine until it suspends again or ends. */
void co_resume(co *c);
void co_suspend(void);
co *co_self(void);
/* Gives back the pages below a suspended coroutine's frames; returns bytes of address space. */
size_t co_release_unused(co *c);
