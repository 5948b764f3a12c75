/* sock.h: a connected socket; private to runtime/uv, see socket.c. */
#pragma once
#include "runtime/uv/worker.h"

enum { SOCK_MAGIC = 0x736f636b };

typedef struct sock {
    stream base; /* first */
    unsigned magic;
    uv_poll_t poll;
    int fd;
    int watching; /* events we poll for */
    int error;    /* errno of the first failure */
    bool eof, shut, closing, gone, dirty, connecting, finished, in_shared, swept;
    size_t need; /* the reader waits for so many bytes */
    co *reader;
    co_event readable, writable;
    buf keep;
    int64_t last_us; /* when input came */
    sched_timer linger;
    list link, dirty_link;
} sock;

static inline worker *worker_of_sock(sock *s)
{
    return worker_of(s->base.env);
}

/* Takes the fd. NULL: the kernel will not watch it. */
sock *sock_new(worker *w, int fd, const struct sockaddr_storage *peer);
/* Closes at once, whatever is unsent; the memory goes when libuv lets go of it. */
void sock_destroy(sock *s);
/* Polls for exactly these events; 0: none. */
void sock_watch(sock *s, int events);
