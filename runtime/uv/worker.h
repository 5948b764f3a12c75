/* worker.h: one thread of a node on libuv; private to runtime/uv.
 *
 * A worker owns a uv_loop and everything on it. Callbacks of the loop call worker_enter first (it
 * refreshes the clock); they resume the coroutine that waits, or make it ready. After the poll
 * (uv_check) and once more before it (uv_prepare, for timers) the turn runs: due timers, ready
 * coroutines, hooks, and then every dirty socket is written. The loop sleeps unless something is
 * ready; an idle worker has no wake-ups at all.
 *
 * Thread: a worker belongs to its thread; remote_push and the parked flag are the way in. A sender
 *         writes the loop's eventfd only if the worker is parked in epoll and nobody else did.
 */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/must.h"
#include "runtime/env_ops.h"
#include "runtime/random.h"
#include "runtime/uv/pool.h"

/* Something another thread asks of a worker. */
typedef struct remote {
    struct remote *next;
    void (*run)(struct remote *r); /* on the worker's plain stack */
} remote;

enum {
    INPUT_BYTES = 64 * 1024,
    OUTPUT_BYTES = 4096,
    OUTPUT_KEEP_BYTES = 32 * 1024,
    OUTPUT_KEEP = 128
};

typedef struct worker {
    env env; /* first */
    sched sched;
    runtime *runtime;
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;
    uv_timer_t timer;
    uv_async_t wake;
    int64_t timer_set; /* what `timer` is set for, or NO_DEADLINE */
    bool fresh;        /* now_us was read since the last poll */
    bool idling;
    _Atomic bool parked;
    _Atomic(remote *) remotes; /* newest first */
    random_state random;
    list dirty;   /* sockets with something to send */
    list sockets; /* all */
    list listeners;
    sched_timer sweep;
    uint8_t *input;           /* INPUT_BYTES that all sockets receive into */
    buf outputs[OUTPUT_KEEP]; /* idle output buffers */
    size_t n_outputs;
    pthread_t thread;
} worker;

typedef struct shared_port {
    list link;
    char address[48];
    uint16_t port;
    unsigned users;
} shared_port;

typedef struct signal_watch {
    uv_signal_t handle;
    struct runtime *runtime;
    void (*fn)(void *arg, int signo);
    void *arg;
    struct signal_watch *next;
} signal_watch;

struct runtime {
    runtime_options options;
    worker **workers;
    env **envs;
    pool *pools[2]; /* by env_pool */
    _Atomic bool stopping;
    pthread_mutex_t ports_lock;
    list ports; /* of shared_port: what our own listeners are bound to */
    signal_watch *signals;
    void (*start)(void *arg);
    void *start_arg;
};

static inline worker *worker_of(env *e)
{
    return (worker *)e;
}

void worker_enter(worker *w);
void remote_push(worker *w, remote *r);
worker *worker_new(runtime *r, unsigned index);
void worker_run(worker *w);   /* on its thread, until runtime_stop */
void worker_nudge(worker *w); /* any thread: look at runtime.stopping */
void worker_free(worker *w);  /* after its thread ended */
extern const struct env_ops uv_ops;

/* socket.c */
void sockets_flush(worker *w);
void sockets_done(worker *w);
int uv_stream_wait(stream *s, size_t n, int64_t deadline);
void uv_stream_take_output(stream *s);
void uv_stream_kick(stream *s);
int uv_stream_drain(stream *s, size_t below, int64_t deadline);
void uv_stream_shut(stream *s);
void uv_stream_close(stream *s);
/* Takes the connected fd. */
stream *socket_new(worker *w, int fd);

/* connect.c */
int uv_stream_connect(env *e, const char *address, uint16_t port, int64_t deadline,
                      stream **ret_stream, err_info *err);

/* listen.c */
int uv_env_listen(env *e, const char *address, uint16_t port,
                  void (*on_accept)(void *arg, stream *s), void *arg, listener **ret_listener,
                  err_info *err);
void uv_env_listener_close(listener *l);
void listeners_done(worker *w);

/* address.c */
struct sockaddr_storage;
/* Length of the address, or ERR_INVALID. */
int address_parse(const char *text, uint16_t port, struct sockaddr_storage *ret, err_info *err);
void address_format(const struct sockaddr_storage *a, char ip[48], char ip_port[64]);
uint16_t address_port(const struct sockaddr_storage *a);
/* The port a socket is bound to. */
uint16_t address_bound_port(int fd);

/* files.c */
int posix_open(env *e, const char *path, int flags, file **ret_file, err_info *err);
void posix_close(file *f);
int posix_append(file *f, const void *p, size_t n, err_info *err);
int posix_pread(file *f, void *p, size_t n, uint64_t offset, err_info *err);
int posix_pread_nowait(file *f, void *p, size_t n, uint64_t offset, err_info *err);
int posix_sync(file *f, err_info *err);
int posix_size(file *f, uint64_t *ret_size, err_info *err);
int posix_truncate(file *f, uint64_t size, err_info *err);
int posix_lock_file(env *e, const char *path, file **ret_file, err_info *err);
int posix_mkdir(env *e, const char *path, err_info *err);
int posix_rename(env *e, const char *from, const char *to, err_info *err);
int posix_link(env *e, const char *from, const char *to, err_info *err);
int posix_unlink(env *e, const char *path, err_info *err);
int posix_rmdir(env *e, const char *path, err_info *err);
int posix_sync_dir(env *e, const char *path, err_info *err);
bool posix_exists(env *e, const char *path);
int posix_list(env *e, const char *path, void (*fn)(void *arg, const char *name), void *arg,
               err_info *err);
int posix_free_space(env *e, const char *path, uint64_t *ret_bytes, err_info *err);
