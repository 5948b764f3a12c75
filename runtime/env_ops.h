/* env_ops.h: what an implementation of env provides.
 *
 * runtime/env.c holds the public functions: they dispatch through these tables, and all that is
 * the same everywhere (events, locks, sleeping, reads and syncs that suspend, whole files) is
 * written there once on top of them. For the meaning of an entry see the function of the same
 * name in runtime/env.h.
 *
 * An implementation embeds the structs below as the first member of its own.
 */
#pragma once
#include "runtime/env.h"
#include "runtime/sched.h"

struct stream {
    env *env;
    bytes in; /* arrived and not consumed; the implementation says where it lies */
    buf out;  /* appended and not sent, from out_at on */
    size_t out_at;
    char peer[64], peer_ip[48];
};

struct listener {
    env *env;
    uint16_t port;
};

struct file {
    env *env;
    char *path;
    /* file_sync_co: one sync serves all who asked before it began. Used on env's thread only. */
    uint64_t sync_asked, sync_done;
    bool syncing;
    co_event synced;
    err_info *sync_failed; /* kept for ever: what a failed fdatasync dropped is gone */
};

struct env_ops {
    int64_t (*now_us)(env *e);
    int64_t (*mono_us)(env *e);
    int64_t (*tick_ns)(env *e); /* NULL: no time passes within a turn */
    uint64_t (*random)(env *e);
    void (*post)(env *to, void (*fn)(void *arg), void *arg);
    void (*offload)(env *e, env_pool pool, void (*fn)(void *arg), void *arg);

    int (*listen)(env *e, const char *address, uint16_t port,
                  void (*on_accept)(void *arg, stream *s), void *arg, listener **ret_listener,
                  err_info *err);
    void (*listener_close)(listener *l);
    int (*connect)(env *e, const char *address, uint16_t port, int64_t deadline,
                   stream **ret_stream, err_info *err);
    int (*stream_wait)(stream *s, size_t n, int64_t deadline);
    void (*stream_take_output)(stream *s); /* out.p is NULL: provide memory, or leave it */
    void (*stream_kick)(stream *s);
    int (*stream_drain)(stream *s, size_t below, int64_t deadline);
    void (*stream_shut)(stream *s);
    void (*stream_close)(stream *s);

    int (*open)(env *e, const char *path, int flags, file **ret_file, err_info *err);
    void (*file_close)(file *f);
    int (*file_append)(file *f, const void *p, size_t n, err_info *err);
    int (*file_pread)(file *f, void *p, size_t n, uint64_t offset, err_info *err);
    /* 1: not without waiting. */
    int (*file_pread_nowait)(file *f, void *p, size_t n, uint64_t offset, err_info *err);
    int (*file_sync)(file *f, err_info *err);
    int (*file_size)(file *f, uint64_t *ret_size, err_info *err);
    int (*file_truncate)(file *f, uint64_t size, err_info *err);
    int (*lock_file)(env *e, const char *path, file **ret_file, err_info *err);

    int (*mkdir)(env *e, const char *path, err_info *err); /* one level; there already: 0 */
    int (*rename)(env *e, const char *from, const char *to, err_info *err);
    int (*link)(env *e, const char *from, const char *to, err_info *err);
    int (*unlink)(env *e, const char *path, err_info *err);
    int (*rmdir)(env *e, const char *path, err_info *err);
    int (*sync_dir)(env *e, const char *path, err_info *err);
    bool (*exists)(env *e, const char *path);
    int (*list)(env *e, const char *path, void (*fn)(void *arg, const char *name), void *arg,
                err_info *err);
    int (*free_space)(env *e, const char *path, uint64_t *ret_bytes, err_info *err);
};
