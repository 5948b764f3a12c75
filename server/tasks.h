/* tasks.h: a request in flight: its own copy of the message, its arena, its connection.
 *
 * Pooled per worker, so that a request allocates nothing from the heap once warm. Front ends embed
 * nothing: `front` is theirs.
 *
 * Thread: the worker's.
 */
#pragma once
#include "server/node.h"

typedef struct task {
    list link;
    worker *worker;
    void *connection; /* of the front end */
    arena arena;
    bytes message; /* in the arena */
    uint8_t header[16];
} task;

task *task_new(worker *w, void *connection, bytes message);
void task_free(task *t);
/* Frees pooled tasks. */
void tasks_done(worker *w);
