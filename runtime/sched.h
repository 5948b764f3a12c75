/* sched.h: who runs next: ready coroutines, timers and end-of-turn hooks of one thread.
 *
 * Every implementation of env has a sched per thread and drives it; what it waits for between
 * two turns (epoll, or the next event of virtual time) is its own affair. A turn is:
 *     now_us is set; sched_fire; sched_run; output leaves
 *
 * Owner:  embeds; sched_done() releases it.
 * Thread: its own.
 * Order:  first in, first out for ready coroutines; timers by deadline, then by age.
 */
#pragma once
#include "base/list.h"
#include "base/vec.h"
#include "runtime/co.h"
#include "runtime/env.h"

typedef struct sched_timer {
    int64_t deadline;
    uint64_t age;
    size_t at; /* 1 + index in the heap; 0: not set */
    void (*fn)(struct sched_timer *t);
    void *arg;
} sched_timer;

typedef struct sched {
    int64_t now_us;
    bool ran;                  /* something ran since the hooks did */
    list ready;                /* of co.link */
    list later;                /* yielded: ready when the next turn begins */
    vec(sched_timer *) timers; /* 4-ary heap */
    uint64_t age;
    list hooks;
    list *next_hook; /* while they run: may be unhooked under our feet */
    co_pool pool;
    sched_timer trim;
    bool trims; /* gives surplus stacks back after a while */
} sched;

void sched_init(sched *s, size_t stack_bytes, bool trims);
void sched_done(sched *s);
/* Forgets every coroutine, timer and hook. */
void sched_abandon(sched *s);

void sched_ready(sched *s, co *c);
/* Sets a timer that is not set; fn runs on the plain stack within sched_fire. */
void sched_timer_set(sched *s, sched_timer *t, int64_t deadline);
void sched_timer_stop(sched *s, sched_timer *t); /* not set: nothing happens */
int64_t sched_next_deadline(const sched *s);     /* NO_DEADLINE: none */

/* What yielded becomes ready. */
void sched_begin(sched *s);
/* Runs the timers that are due. */
void sched_fire(sched *s);
/* Runs ready coroutines and then the hooks, until nothing is ready or enough was done. */
void sched_run(sched *s);
/* Somebody could run at once. */
bool sched_busy(const sched *s);

/* One coroutine in a co_event's list; lives on its stack. */
typedef struct waiter {
    list link;
    co *co;
    sched *sched;
    sched_timer timer;
    bool signalled;
} waiter;

/* co_signal for implementations, on the plain stack: resumes the first waiter here and now. */
void co_signal_now(co_event *v);
