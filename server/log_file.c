#include "server/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/must.h"

enum { ROLL_BYTES = 20 * 1000 * 1000, ROLL_FILES = 10, LINE_MAX_BYTES = 2560 };

struct log_file {
    logger base;
    char *path; /* NULL: none */
    int fd;     /* -1: none */
    long size, limit;
    bool to_stdout;
    pthread_mutex_t lock;
};

static int make_parents(const char *path)
{
    char *copy autofree = xstrdup(path);
    for (char *p = strchr(copy + 1, '/'); p; p = strchr(p + 1, '/')) {
        *p = 0;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            return -errno;
        *p = '/';
    }
    return 0;
}

static int open_path(log_file *l)
{
    struct stat st;
    int fd = open(l->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return -errno;
    l->size = fstat(fd, &st) == 0 ? (long)st.st_size : 0;
    if (l->fd >= 0)
        close(l->fd);
    l->fd = fd;
    return 0;
}

static void roll(log_file *l)
{
    for (int i = ROLL_FILES - 1; i >= 0; i--) {
        char *from autofree = i ? xprintf("%s.%d", l->path, i) : xstrdup(l->path);
        char *to autofree = xprintf("%s.%d", l->path, i + 1);
        if (rename(from, to) != 0 && i == 0)
            break; /* keep on appending */
    }
    open_path(l);
}

static const char *thread_name(char *out, size_t cap)
{
    if (gettid() == getpid() || pthread_getname_np(pthread_self(), out, cap) != 0)
        return "main";
    return out;
}

static void write_all(int fd, const char *p, int n)
{
    while (n > 0) {
        ssize_t w = write(fd, p, (size_t)n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return;
        p += w;
        n -= (int)w;
    }
}

static void write_line(logger *base, log_level level, const char *file, int line, const char *text)
{
    log_file *l = container_of(base, log_file, base);
    struct timespec t;
    char out[LINE_MAX_BYTES], name[32];
    clock_gettime(CLOCK_REALTIME, &t);
    int n = log_format(out, sizeof out, level, thread_name(name, sizeof name),
                       t.tv_sec * 1000000LL + t.tv_nsec / 1000, file, line, text);
    for (int i = 0; i < n - 1; i++) /* whatever a message holds, it is one line */
        if ((unsigned char)out[i] < ' ' && out[i] != '\t')
            out[i] = ' ';
    out[n - 1] = '\n';
    pthread_mutex_lock(&l->lock);
    if (l->fd >= 0) {
        write_all(l->fd, out, n);
        l->size += n;
        if (l->size >= l->limit)
            roll(l);
    }
    if (l->to_stdout)
        write_all(STDOUT_FILENO, out, n);
    pthread_mutex_unlock(&l->lock);
}

int log_file_open(const char *path, log_level level, bool to_stdout, log_file **ret, err_info *e)
{
    log_file *l = xzalloc(sizeof *l);
    *l = (log_file){.base = {level, write_line},
                    .path = path ? xstrdup(path) : NULL,
                    .fd = -1,
                    .limit = ROLL_BYTES,
                    .to_stdout = to_stdout};
    pthread_mutex_init(&l->lock, NULL);
    int r = path ? make_parents(path) : 0;
    if (r == 0 && path)
        r = open_path(l);
    if (r < 0) {
        log_file_close(l);
        return err_set_errno(e, -r, "cannot write the log %s", path);
    }
    *ret = l;
    return 0;
}

logger *log_file_logger(log_file *l)
{
    return &l->base;
}

void log_file_reopen(log_file *l)
{
    pthread_mutex_lock(&l->lock);
    if (l->path)
        open_path(l);
    pthread_mutex_unlock(&l->lock);
}

void log_file_set_limit(log_file *l, long bytes)
{
    l->limit = bytes;
}

log_file *log_file_close(log_file *l)
{
    if (!l)
        return NULL;
    if (l->fd >= 0)
        close(l->fd);
    pthread_mutex_destroy(&l->lock);
    free(l->path);
    free(l);
    return NULL;
}
