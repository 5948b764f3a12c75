#include "runtime/uv/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/must.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INSTRUMENTED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define INSTRUMENTED 1
#endif
#endif
#ifdef INSTRUMENTED
enum { THREAD_STACK_BYTES = 2 * 1024 * 1024 };
#else
enum { THREAD_STACK_BYTES = 256 * 1024 };
#endif
enum { IDLE_SECONDS = 10 };

struct pool {
    const char *name;
    unsigned max_threads, threads, idle;
    pthread_mutex_t lock;
    pthread_cond_t work, gone;
    pool_job *first, **last;
    size_t queued;
    bool closing;
};

pool *pool_new(const char *name, unsigned max_threads)
{
    pool *p = xzalloc(sizeof *p);
    p->name = name;
    p->max_threads = max_threads ? max_threads : 1;
    p->last = &p->first;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->work, &attr);
    pthread_cond_init(&p->gone, NULL);
    pthread_condattr_destroy(&attr);
    return p;
}

/* Under the lock; NULL: this thread may leave. */
static pool_job *next_job(pool *p)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    int r = 0;
    while (!p->first && !p->closing && r != ETIMEDOUT) {
        p->idle++;
        r = pthread_cond_timedwait(&p->work, &p->lock, &until);
        p->idle--;
    }
    pool_job *j = p->first;
    if (!j)
        return NULL;
    p->first = j->next;
    p->queued--;
    if (!p->first)
        p->last = &p->first;
    return j;
}

static void *thread_main(void *arg)
{
    pool *p = arg;
    pthread_setname_np(pthread_self(), p->name);
    pthread_mutex_lock(&p->lock);
    for (pool_job *j; (j = next_job(p));) {
        pthread_mutex_unlock(&p->lock);
        j->run(j);
        pthread_mutex_lock(&p->lock);
    }
    p->threads--;
    pthread_cond_signal(&p->gone);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Signals are for worker 0's loop only. */
static int start_thread(pool *p)
{
    pthread_t t;
    pthread_attr_t attr;
    sigset_t all, before;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&t, &attr, thread_main, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return r;
}

void pool_submit(pool *p, pool_job *j)
{
    j->next = NULL;
    pthread_mutex_lock(&p->lock);
    *p->last = j;
    p->last = &j->next;
    p->queued++;
    if (p->queued > p->idle && p->threads < p->max_threads) {
        p->threads++;
        if (start_thread(p) != 0)
            p->threads--;
        must(p->threads > 0);
    }
    if (p->idle)
        pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

pool *pool_free(pool *p)
{
    if (!p)
        return NULL;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->work);
    while (p->threads)
        pthread_cond_wait(&p->gone, &p->lock);
    pthread_mutex_unlock(&p->lock);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->gone);
    free(p);
    return NULL;
}
