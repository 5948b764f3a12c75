#include "server/tasks.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"

enum { IDLE_MAX = 64, ARENA_BYTES = 16 << 10, ARENA_KEEP_BYTES = 64 << 10 };

task *task_new(worker *w, void *connection, bytes message)
{
    list *l = list_pop(&w->idle_tasks);
    task *t = l ? container_of(l, task, link) : NULL;
    if (t) {
        w->n_idle_tasks--;
    } else {
        t = xzalloc(sizeof *t);
        arena_init(&t->arena, ARENA_BYTES);
        t->worker = w;
    }
    t->connection = connection;
    t->message = arena_copy(&t->arena, message);
    tally_add(&w->stats.active, 1);
    return t;
}

void task_free(task *t)
{
    worker *w = t->worker;
    tally_add(&w->stats.active, -1);
    if (w->n_idle_tasks >= IDLE_MAX || t->arena.used > ARENA_KEEP_BYTES) {
        arena_done(&t->arena);
        free(t);
        return;
    }
    arena_reset(&t->arena);
    list_push(&w->idle_tasks, &t->link);
    w->n_idle_tasks++;
}

void tasks_done(worker *w)
{
    list *l;
    while ((l = list_pop(&w->idle_tasks))) {
        task *t = container_of(l, task, link);
        arena_done(&t->arena);
        free(t);
    }
    w->n_idle_tasks = 0;
}
