/* env.h: the only door to the outside world.
 *
 * Everything a node may ask of the world (time, randomness, coroutines, timers, sockets, files,
 * other threads) goes through an env, so that the same node runs on libuv (runtime/uv) and
 * inside a simulation (runtime/sim) on virtual time, all drawn from one seed.
 *
 * One env per worker thread. A node on libuv has N workers; a simulated one has one.
 *
 * Thread:   an env, its coroutines, streams and listeners belong to the thread that runs it. Only
 *           env_post, the file functions and the clocks may be called from other threads.
 * Suspend:  functions marked co_fn may suspend the calling coroutine and must be called on one.
 *           Nothing else suspends. No lock may be held across a co_fn.
 * Errors:   0 or a negative err_t; ret_* is written only on success.
 * Units:    microseconds (us) everywhere; `deadline` is a point of env_mono_us, or NO_DEADLINE.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/errors.h"
#include "base/list.h"
#include "base/log.h"

#define co_fn /* may suspend the calling coroutine */

#define NO_DEADLINE INT64_MAX

typedef struct env env;
typedef struct co co;         /* a coroutine */
typedef struct stream stream; /* a connected socket */
typedef struct listener listener;
typedef struct file file;

struct env {
    const struct env_ops *ops;
    logger *log;
    unsigned worker;     /* index of this worker thread */
    unsigned workers;    /* how many the node has */
    env *const *peers;   /* all of them, by index */
    struct sched *sched; /* runtime/ only: coroutines and timers of this thread */
};

/* ---- time and chance ---- */
int64_t env_now_us(env *e);  /* wall clock, since 1970 */
int64_t env_mono_us(env *e); /* never runs back; read once per loop turn, so cheap and coarse: a
                              * computation does not see its own time pass */
int64_t env_tick_ns(env *e); /* asks the clock each time: to measure how long something took */
uint64_t env_random(env *e);

/* ---- coroutines ---- */
/* Runs fn(arg) on a coroutine of its own at once, until it first suspends. */
void env_spawn(env *e, void (*fn)(void *arg), void *arg);
/* The running coroutine, or NULL on a plain stack. */
co *co_self(void);
/* Sleep until the deadline. */
void co_fn env_sleep_until(env *e, int64_t deadline);
void co_fn env_sleep_us(env *e, int64_t us);
/* Lets the other runnable coroutines and the I/O go first. */
void co_fn env_yield(env *e);

/* An event: what coroutines of one env wait on. Embeds; co_event_init first. */
typedef struct co_event {
    list waiters;
} co_event;
void co_event_init(co_event *v);
/* 0 when signalled, ERR_TIMEOUT after the deadline. */
int co_fn co_wait(env *e, co_event *v, int64_t deadline);
/* Wakes all that wait now, in order; they run after the caller suspends or the turn goes on. */
void co_signal(env *e, co_event *v);

/* A lock between coroutines of one env (read-modify-write of a key, one flush at a time). */
typedef struct co_mutex {
    bool held;
    co_event freed;
} co_mutex;
void co_mutex_init(co_mutex *m);
void co_fn co_lock(env *e, co_mutex *m);
void co_unlock(env *e, co_mutex *m);

/* ---- other threads ---- */
/* Any thread: runs fn(arg) soon on `to`'s thread, on a coroutine of its own. FIFO per sender. */
void env_post(env *to, void (*fn)(void *arg), void *arg);
/* Runs fn(arg) on a pool thread (on a plain stack of 256 KiB) while the caller waits: reads and
 * syncs on one pool, long work (flush, compaction, bcrypt) on another, so that long work never
 * stands before a read. */
typedef enum env_pool { POOL_IO, POOL_LONG } env_pool;
void co_fn env_offload(env *e, env_pool pool, void (*fn)(void *arg), void *arg);

/* fn(arg) at the end of every loop turn in which something ran, before streams write out what
 * was queued in that turn (the commit log hands its buffer to the kernel here). Returns a handle;
 * remove with env_unhook. */
typedef struct env_hook {
    void (*fn)(void *arg);
    void *arg;
    list link;
} env_hook;
void env_hook_turn(env *e, env_hook *h);
void env_unhook(env *e, env_hook *h);

/* ---- sockets ---- */
/* Addresses are textual IPs (v4 or v6). Port 0 lets the system choose (listener_port tells).
 * Each connection gets a coroutine of its own running on_accept(arg, s), which owns s and must
 * stream_close it. ERR_ADDRESS_IN_USE, ERR_INVALID (not an IP), ERR_IO. Listeners of several
 * workers share a port: listen on one first, then with its listener_port on the others. */
int env_listen(env *e, const char *address, uint16_t port, void (*on_accept)(void *arg, stream *s),
               void *arg, listener **ret_listener, err_info *err);
uint16_t listener_port(listener *l);
/* Stops accepting; open connections stay. NULL is fine. Returns NULL. */
listener *listener_close(listener *l);

int co_fn env_connect(env *e, const char *address, uint16_t port, int64_t deadline,
                      stream **ret_stream, err_info *err);
/* Input: what has arrived and was not consumed. The bytes stay where they are until the caller
 * suspends (in whatever co_fn); consuming alone does not move them. */
bytes stream_input(stream *s);
void stream_consume(stream *s, size_t n);
/* Waits until at least n bytes of input are there. ERR_EOF: the peer closed first. ERR_TIMEOUT,
 * ERR_CLOSED: stream_shut was called. ERR_IO. A stream that waits with no input holds no buffer. */
int co_fn stream_wait(stream *s, size_t n, int64_t deadline);
/* Output: append to this buffer, then stream_kick: all that was appended in one loop turn leaves
 * in one write. Appending to a broken stream is harmless. */
buf *stream_output(stream *s);
void stream_kick(stream *s);
/* Bytes not yet accepted by the kernel. */
size_t stream_unsent(stream *s);
/* Back-pressure: waits until fewer than `below` bytes are unsent. ERR_IO/ERR_CLOSED when broken. */
int co_fn stream_drain(stream *s, size_t below, int64_t deadline);
const char *stream_peer(stream *s); /* "ip:port" */
const char *stream_peer_ip(stream *s);
/* Wakes whoever waits on it with ERR_CLOSED; for another coroutine than the owner. */
void stream_shut(stream *s);
/* Sends what is queued as far as it goes within five seconds, then frees; does not suspend.
 * Owner only; nobody may wait on it. */
void stream_close(stream *s);

/* ---- files ---- plain blocking calls, any thread; the sync forms below suspend instead.
 * Paths are absolute or relative to the process. Errors carry the path in err->text. */
enum { FILE_READ = 1, FILE_WRITE = 2, FILE_CREATE = 4, FILE_TRUNCATE = 8, FILE_EXCLUSIVE = 16 };
int env_open(env *e, const char *path, int flags, file **ret_file, err_info *err);
void file_close(file *f); /* NULL is fine */
const char *file_path(const file *f);
/* At the end of file; all of it, or an error after which a part of it may be there. */
int file_append(file *f, const void *p, size_t n, err_info *err);
/* Exactly n bytes at offset, or ERR_EOF when the file ends before. */
int file_pread(file *f, void *p, size_t n, uint64_t offset, err_info *err);
int file_sync(file *f, err_info *err); /* fdatasync */
int file_size(file *f, uint64_t *ret_size, err_info *err);
int file_truncate(file *f, uint64_t size, err_info *err);
/* On a coroutine: tries without waiting (pages in memory), else reads on POOL_IO while suspended.
 * On a plain stack: file_pread. */
int co_fn file_pread_co(file *f, void *p, size_t n, uint64_t offset, err_info *err);
/* Coroutines of the env that opened the file share syncs. An error is kept: every later call on
 * this file gets it too, for what a failed fdatasync dropped is not written by the next one. */
int co_fn file_sync_co(env *e, file *f, err_info *err);

/* A new, renamed or removed name outlives a power failure once env_sync_dir of its directory
 * returned; that holds for the directories made by env_mkdirs too. */
int env_mkdirs(env *e, const char *path, err_info *err); /* there already: 0 */
int env_rename(env *e, const char *from, const char *to, err_info *err);
int env_link(env *e, const char *from, const char *to, err_info *err); /* hard link */
int env_unlink(env *e, const char *path, err_info *err);               /* ERR_NOT_FOUND */
int env_rmdir(env *e, const char *path, err_info *err);
int env_sync_dir(env *e, const char *path, err_info *err);
bool env_exists(env *e, const char *path);
/* Calls fn for each name but . and .. (order unspecified); ERR_NOT_FOUND when there is no such
 * directory. Bytes free for us on the file system of a path. */
int env_list(env *e, const char *path, void (*fn)(void *arg, const char *name), void *arg,
             err_info *err);
int env_free_space(env *e, const char *path, uint64_t *ret_bytes, err_info *err);
/* A whole small file into memory of the arena (at most max bytes, else ERR_TOO_LARGE). */
int env_read_file(env *e, const char *path, size_t max, arena *a, bytes *ret, err_info *err);
/* Replaces a file in one step: temporary name, fsync, rename, directory fsync. */
int env_write_file(env *e, const char *path, bytes content, err_info *err);
/* Takes a lock that dies with the process; ERR_EXISTS when another process has it. Holds until
 * file_close. */
int env_lock_file(env *e, const char *path, file **ret_file, err_info *err);

/* ---- implementations: runtime/uv/uv.h is not included here; only main and tests choose ---- */
/* N workers on libuv. The first worker is the thread that calls runtime_run. */
typedef struct runtime runtime;
typedef struct runtime_options {
    unsigned workers;      /* at least 1 */
    unsigned io_threads;   /* POOL_IO, process-wide */
    unsigned long_threads; /* POOL_LONG */
    size_t stack_bytes;    /* per coroutine; 0 = 64 KiB */
    logger *log;
} runtime_options;
runtime *runtime_new_uv(const runtime_options *o);
env *runtime_env(runtime *r, unsigned worker);
/* Spawns start(arg) as a coroutine on worker 0 and runs all loops until runtime_stop. */
void runtime_run(runtime *r, void (*start)(void *arg), void *arg);
/* Any thread. The loops end with their turn: coroutines that are suspended never go on, output
 * that was not sent is dropped. Close and drain first. */
void runtime_stop(runtime *r);
/* After runtime_run returned. Returns NULL. */
runtime *runtime_free(runtime *r);
/* Calls fn(arg, signal number) as a coroutine on worker 0. Before runtime_run, or on worker 0. */
void runtime_on_signal(runtime *r, int signo, void (*fn)(void *arg, int signo), void *arg);
