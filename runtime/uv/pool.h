/* pool.h: a bounded number of threads for work that blocks.
 *
 * Threads start when there is work and none is idle, and leave after some seconds without work.
 *
 * Owner:  pool_free() waits until all submitted work is done.
 * Thread: pool_submit from any.
 */
#pragma once

typedef struct pool_job {
    struct pool_job *next;
    void (*run)(struct pool_job *j); /* on a pool thread; may free or reuse the job */
} pool_job;

typedef struct pool pool;

pool *pool_new(const char *name, unsigned max_threads);
void pool_submit(pool *p, pool_job *j);
pool *pool_free(pool *p); /* NULL is fine; returns NULL */
