/* daemon.c: the process side of options.h.
 *
 * Between parent and daemon runs a pipe: one byte 0 means "serving", other bytes are the sentence
 * of an error; the end of the pipe without either means that the daemon died.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/options.h"

/* Whole or not at all: a launcher may read it at any moment. */
static int write_pid_file(const char *path, err_info *e)
{
    if (!path)
        return 0;
    char *temporary autofree = xprintf("%s.%d", path, (int)getpid());
    FILE *f = fopen(temporary, "we");
    if (!f)
        return err_set_errno(e, errno, "cannot write the pid file %s", path);
    fprintf(f, "%d\n", (int)getpid());
    if (fclose(f) != 0 || rename(temporary, path) != 0) {
        int err_no = errno;
        unlink(temporary);
        return err_set_errno(e, err_no, "cannot write the pid file %s", path);
    }
    return 0;
}

static _Noreturn void wait_for_word(int fd, pid_t child)
{
    char text[600];
    size_t n = 0;
    ssize_t got;
    while (n < sizeof text - 1) {
        got = read(fd, text + n, sizeof text - 1 - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
        if (text[0] == 0)
            _exit(0);
    }
    text[n] = 0;
    int status = 0;
    waitpid(child, &status, 0);
    if (n)
        fprintf(stderr, "iliond: %s\n", text);
    else if (WIFSIGNALED(status))
        fprintf(stderr, "iliond: killed by signal %d (%s) while starting\n", WTERMSIG(status),
                strsignal(WTERMSIG(status)));
    else
        fprintf(stderr, "iliond: stopped while starting; see its log\n");
    _exit(1);
}

int daemonize(const char *pid_file, daemon_link *ret, err_info *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_set_errno(e, errno, "pipe");
    fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        int err_no = errno;
        close(ends[0]);
        close(ends[1]);
        return err_set_errno(e, err_no, "fork");
    }
    if (child > 0) {
        close(ends[1]);
        wait_for_word(ends[0], child);
    }
    close(ends[0]);
    setsid();
    *ret = (daemon_link){ends[1], pid_file};
    err_info why = {0};
    if (write_pid_file(pid_file, &why) < 0) {
        daemon_failed(ret, why.text);
        _exit(1);
    }
    return 0;
}

int daemon_foreground(const char *pid_file, daemon_link *ret, err_info *e)
{
    *ret = (daemon_link){-1, pid_file};
    return write_pid_file(pid_file, e);
}

/* The launcher's terminal or pipes must not stay open in a daemon. */
static void let_go_of_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return;
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
}

static void say(daemon_link *d, const char *p, size_t n)
{
    ssize_t ignored = write(d->fd, p, n);
    (void)ignored; /* the parent is gone: nobody waits */
    close(d->fd);
    d->fd = -1;
}

void daemon_ready(daemon_link *d)
{
    if (d->fd < 0)
        return;
    let_go_of_terminal();
    say(d, "", 1);
}

void daemon_failed(daemon_link *d, const char *sentence)
{
    if (d->pid_file)
        unlink(d->pid_file);
    if (d->fd >= 0)
        say(d, sentence, strlen(sentence));
    else
        fprintf(stderr, "iliond: %s\n", sentence);
}
