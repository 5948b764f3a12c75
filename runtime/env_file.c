/* The file half of env.h: dispatch, and what is built on top of it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/must.h"
#include "runtime/env_ops.h"

int env_open(env *e, const char *path, int flags, file **ret_file, err_info *err)
{
    return e->ops->open(e, path, flags, ret_file, err);
}

void file_close(file *f)
{
    if (!f)
        return;
    must(!f->syncing);
    free(f->sync_failed);
    f->sync_failed = NULL;
    f->env->ops->file_close(f);
}

const char *file_path(const file *f)
{
    return f->path;
}

int file_append(file *f, const void *p, size_t n, err_info *err)
{
    return f->env->ops->file_append(f, p, n, err);
}

int file_pread(file *f, void *p, size_t n, uint64_t offset, err_info *err)
{
    return f->env->ops->file_pread(f, p, n, offset, err);
}

int file_sync(file *f, err_info *err)
{
    return f->env->ops->file_sync(f, err);
}

int file_size(file *f, uint64_t *ret_size, err_info *err)
{
    return f->env->ops->file_size(f, ret_size, err);
}

int file_truncate(file *f, uint64_t size, err_info *err)
{
    return f->env->ops->file_truncate(f, size, err);
}

/* ---- reads and syncs that suspend ---- */

typedef struct pread_job {
    file *f;
    void *p;
    size_t n;
    uint64_t offset;
    err_info *err;
    int result;
} pread_job;

static void pread_run(void *arg)
{
    pread_job *j = arg;
    j->result = file_pread(j->f, j->p, j->n, j->offset, j->err);
}

int file_pread_co(file *f, void *p, size_t n, uint64_t offset, err_info *err)
{
    co *self = co_self();
    if (!self)
        return file_pread(f, p, n, offset, err);
    int r = f->env->ops->file_pread_nowait(f, p, n, offset, err);
    if (r <= 0)
        return r;
    pread_job j = {f, p, n, offset, err, 0};
    env_offload(self->env, POOL_IO, pread_run, &j);
    return j.result;
}

typedef struct sync_job {
    file *f;
    err_info err;
    int result;
} sync_job;

static void sync_run(void *arg)
{
    sync_job *j = arg;
    j->result = file_sync(j->f, &j->err);
}

/* The sync that covers all who asked so far. */
static void sync_shared(env *e, file *f)
{
    sync_job j = {.f = f};
    uint64_t covers = f->sync_asked;
    f->syncing = true;
    env_offload(e, POOL_IO, sync_run, &j);
    f->syncing = false;
    f->sync_done = covers;
    if (j.result < 0 && !f->sync_failed) {
        f->sync_failed = xmalloc(sizeof j.err);
        *f->sync_failed = j.err;
    }
    co_signal(e, &f->synced);
}

int file_sync_co(env *e, file *f, err_info *err)
{
    if (e != f->env) {
        sync_job j = {.f = f};
        env_offload(e, POOL_IO, sync_run, &j);
        if (j.result < 0 && err)
            *err = j.err;
        return j.result;
    }
    uint64_t mine = ++f->sync_asked;
    while (f->sync_done < mine && !f->sync_failed) {
        if (f->syncing)
            co_wait(e, &f->synced, NO_DEADLINE);
        else
            sync_shared(e, f);
    }
    if (!f->sync_failed)
        return 0;
    if (err)
        *err = *f->sync_failed;
    return f->sync_failed->code;
}

/* ---- names ---- */

int env_mkdirs(env *e, const char *path, err_info *err)
{
    char *p autofree = xstrdup(path);
    for (char *at = p + 1; *p && *at; at++) {
        if (*at != '/')
            continue;
        *at = 0;
        int r = e->ops->mkdir(e, p, err);
        if (r < 0)
            return r;
        *at = '/';
    }
    return e->ops->mkdir(e, p, err);
}

int env_rename(env *e, const char *from, const char *to, err_info *err)
{
    return e->ops->rename(e, from, to, err);
}

int env_link(env *e, const char *from, const char *to, err_info *err)
{
    return e->ops->link(e, from, to, err);
}

int env_unlink(env *e, const char *path, err_info *err)
{
    return e->ops->unlink(e, path, err);
}

int env_rmdir(env *e, const char *path, err_info *err)
{
    return e->ops->rmdir(e, path, err);
}

int env_sync_dir(env *e, const char *path, err_info *err)
{
    return e->ops->sync_dir(e, path, err);
}

bool env_exists(env *e, const char *path)
{
    return e->ops->exists(e, path);
}

int env_list(env *e, const char *path, void (*fn)(void *arg, const char *name), void *arg,
             err_info *err)
{
    return e->ops->list(e, path, fn, arg, err);
}

int env_free_space(env *e, const char *path, uint64_t *ret_bytes, err_info *err)
{
    return e->ops->free_space(e, path, ret_bytes, err);
}

int env_lock_file(env *e, const char *path, file **ret_file, err_info *err)
{
    return e->ops->lock_file(e, path, ret_file, err);
}

/* ---- whole files ---- */

int env_read_file(env *e, const char *path, size_t max, arena *a, bytes *ret, err_info *err)
{
    file *f;
    int r = env_open(e, path, FILE_READ, &f, err);
    if (r < 0)
        return r;
    uint64_t n;
    r = file_size(f, &n, err);
    if (r == 0 && n > max)
        r = err_set(err, ERR_TOO_LARGE, "%s: %llu bytes, at most %zu are allowed", path,
                    (unsigned long long)n, max);
    if (r == 0) {
        uint8_t *p = arena_alloc(a, n + 1);
        p[n] = 0;
        r = file_pread(f, p, n, 0, err);
        if (r == 0)
            *ret = bytes_of(p, n);
    }
    file_close(f);
    return r;
}

static int write_new(env *e, const char *path, bytes content, err_info *err)
{
    file *f;
    int r = env_open(e, path, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, &f, err);
    if (r < 0)
        return r;
    r = file_append(f, content.p, content.n, err);
    if (r == 0)
        r = file_sync(f, err);
    file_close(f);
    return r;
}

static char *dir_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xprintf("%.*s", (int)(slash - path), path);
}

int env_write_file(env *e, const char *path, bytes content, err_info *err)
{
    char *temporary autofree = xprintf("%s.tmp", path);
    char *dir autofree = dir_of(path);
    int r = write_new(e, temporary, content, err);
    if (r == 0)
        r = env_rename(e, temporary, path, err);
    if (r == 0)
        return env_sync_dir(e, dir, err);
    env_unlink(e, temporary, NULL);
    return r;
}
