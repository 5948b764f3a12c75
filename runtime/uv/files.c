/* Files as the kernel has them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/uv/worker.h"

typedef struct posix_file {
    file base; /* first */
    int fd;
} posix_file;

static int fd_of(file *f)
{
    return ((posix_file *)f)->fd;
}

static int failed(err_info *err, int err_no, const char *verb, const char *path)
{
    if (err_no == ENOENT)
        return err_set(err, ERR_NOT_FOUND, "cannot %s %s: %s", verb, path, strerror(err_no));
    if (err_no == EEXIST)
        return err_set(err, ERR_EXISTS, "cannot %s %s: %s", verb, path, strerror(err_no));
    return err_set_errno(err, err_no, "cannot %s %s", verb, path);
}

static file *file_new(env *e, const char *path, int fd)
{
    posix_file *f = xzalloc(sizeof *f);
    f->base = (file){.env = e, .path = xstrdup(path)};
    co_event_init(&f->base.synced);
    f->fd = fd;
    return &f->base;
}

int posix_open(env *e, const char *path, int flags, file **ret_file, err_info *err)
{
    int how = O_CLOEXEC | ((flags & FILE_WRITE) ? O_APPEND : 0);
    how |= (flags & FILE_WRITE) ? (flags & FILE_READ) ? O_RDWR : O_WRONLY : O_RDONLY;
    how |= (flags & FILE_CREATE) ? O_CREAT : 0;
    how |= (flags & FILE_TRUNCATE) ? O_TRUNC : 0;
    how |= (flags & FILE_EXCLUSIVE) ? O_CREAT | O_EXCL : 0;
    int fd = open(path, how, 0644);
    if (fd < 0)
        return failed(err, errno, "open", path);
    *ret_file = file_new(e, path, fd);
    return 0;
}

void posix_close(file *f)
{
    close(fd_of(f));
    free(f->path);
    free(f);
}

int posix_append(file *f, const void *p, size_t n, err_info *err)
{
    for (const char *at = p; n;) {
        ssize_t k = write(fd_of(f), at, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return failed(err, errno, "write", f->path);
        at += k;
        n -= (size_t)k;
    }
    return 0;
}

static int short_read(file *f, uint64_t offset, err_info *err)
{
    return err_set(err, ERR_EOF, "%s ends at offset %llu", f->path, (unsigned long long)offset);
}

int posix_pread(file *f, void *p, size_t n, uint64_t offset, err_info *err)
{
    for (char *at = p; n;) {
        ssize_t k = pread(fd_of(f), at, n, (off_t)offset);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return failed(err, errno, "read", f->path);
        if (k == 0)
            return short_read(f, offset, err);
        at += k;
        n -= (size_t)k;
        offset += (uint64_t)k;
    }
    return 0;
}

int posix_pread_nowait(file *f, void *p, size_t n, uint64_t offset, err_info *err)
{
    struct iovec v = {p, n};
    ssize_t k = preadv2(fd_of(f), &v, 1, (off_t)offset, RWF_NOWAIT);
    if (k == (ssize_t)n)
        return 0;
    if (k < 0 && errno == EOPNOTSUPP)
        return posix_pread(f, p, n, offset, err);
    return 1; /* the part that is not in memory, or whatever is wrong, is for the blocking read */
}

int posix_sync(file *f, err_info *err)
{
    while (fdatasync(fd_of(f)) < 0)
        if (errno != EINTR)
            return failed(err, errno, "sync", f->path);
    return 0;
}

int posix_size(file *f, uint64_t *ret_size, err_info *err)
{
    struct stat st;
    if (fstat(fd_of(f), &st) < 0)
        return failed(err, errno, "stat", f->path);
    *ret_size = (uint64_t)st.st_size;
    return 0;
}

int posix_truncate(file *f, uint64_t size, err_info *err)
{
    return ftruncate(fd_of(f), (off_t)size) < 0 ? failed(err, errno, "truncate", f->path) : 0;
}

int posix_lock_file(env *e, const char *path, file **ret_file, err_info *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return failed(err, errno, "open", path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int saved = errno;
        close(fd);
        if (saved == EWOULDBLOCK)
            return err_set(err, ERR_EXISTS, "%s is locked by another process", path);
        return failed(err, saved, "lock", path);
    }
    *ret_file = file_new(e, path, fd);
    return 0;
}

int posix_mkdir(env *e, const char *path, err_info *err)
{
    (void)e;
    struct stat st;
    if (mkdir(path, 0755) == 0)
        return 0;
    int saved = errno;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    return failed(err, saved, "make directory", path);
}

int posix_rename(env *e, const char *from, const char *to, err_info *err)
{
    (void)e;
    return rename(from, to) < 0 ? failed(err, errno, "rename", from) : 0;
}

int posix_link(env *e, const char *from, const char *to, err_info *err)
{
    (void)e;
    return link(from, to) < 0 ? failed(err, errno, "link", from) : 0;
}

int posix_unlink(env *e, const char *path, err_info *err)
{
    (void)e;
    return unlink(path) < 0 ? failed(err, errno, "remove", path) : 0;
}

int posix_rmdir(env *e, const char *path, err_info *err)
{
    (void)e;
    return rmdir(path) < 0 ? failed(err, errno, "remove directory", path) : 0;
}

int posix_sync_dir(env *e, const char *path, err_info *err)
{
    (void)e;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed(err, errno, "open", path);
    int r = fsync(fd), saved = errno;
    close(fd);
    return r < 0 ? failed(err, saved, "sync", path) : 0;
}

bool posix_exists(env *e, const char *path)
{
    (void)e;
    return access(path, F_OK) == 0;
}

int posix_list(env *e, const char *path, void (*fn)(void *arg, const char *name), void *arg,
               err_info *err)
{
    (void)e;
    DIR *d = opendir(path);
    if (!d)
        return failed(err, errno, "list", path);
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(d);
        if (!entry)
            break;
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            fn(arg, entry->d_name);
    }
    int saved = errno;
    closedir(d);
    return saved ? failed(err, saved, "list", path) : 0;
}

int posix_free_space(env *e, const char *path, uint64_t *ret_bytes, err_info *err)
{
    (void)e;
    struct statvfs v;
    if (statvfs(path, &v) < 0)
        return failed(err, errno, "stat", path);
    *ret_bytes = (uint64_t)v.f_bavail * v.f_frsize;
    return 0;
}
