#include "tools/cqlsh/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

int64_t socket_deadline(double timeout_s)
{
    return now_ms() + (int64_t)(timeout_s * 1000);
}

void socket_done(socket_tcp *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

static int wait_for(socket_tcp *s, short events, int64_t deadline, err_info *e)
{
    sigset_t signals; /* those held back otherwise come here */
    sigemptyset(&signals);
    for (;;) {
        struct pollfd p = {.fd = s->fd, .events = events};
        int64_t left = deadline - now_ms();
        if (s->interrupted && *s->interrupted)
            return err_set(e, ERR_CLOSED, "interrupted");
        struct timespec wait = {left / 1000, left % 1000 * 1000000};
        int r = left > 0 ? ppoll(&p, 1, &wait, &signals) : 0;
        if (r == 0)
            return err_set(e, ERR_TIMEOUT, "timed out");
        if (r > 0)
            return 0;
        if (errno != EINTR)
            return err_set(e, ERR_IO, "%s", strerror(errno));
    }
}

static int connect_result(socket_tcp *s, err_info *e)
{
    int code = 0;
    socklen_t n = sizeof code;
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &code, &n);
    return code ? err_set(e, code == ECONNREFUSED ? ERR_REFUSED : ERR_IO, "%s", strerror(code)) : 0;
}

static int connect_to(socket_tcp *s, const struct addrinfo *to, int64_t deadline, err_info *e)
{
    int on = 1;
    s->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, to->ai_protocol);
    if (s->fd < 0)
        return err_set(e, ERR_IO, "%s", strerror(errno));
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int r = connect(s->fd, to->ai_addr, to->ai_addrlen);
    if (r < 0 && errno != EINPROGRESS && errno != EINTR)
        r = err_set(e, errno == ECONNREFUSED ? ERR_REFUSED : ERR_IO, "%s", strerror(errno));
    else if (r < 0 && (r = wait_for(s, POLLOUT, deadline, e)) == 0)
        r = connect_result(s, e);
    if (r < 0)
        socket_done(s);
    return r;
}

int socket_open(socket_tcp *s, const char *host, int port, double timeout_s, err_info *e)
{
    char service[16];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    s->fd = -1;
    snprintf(service, sizeof service, "%d", port);
    int code = getaddrinfo(host, service, &hints, &list);
    if (code)
        return err_set(e, ERR_NOT_FOUND, "%s", gai_strerror(code));
    int64_t deadline = socket_deadline(timeout_s);
    int r = ERR_IO;
    for (struct addrinfo *to = list; to && r < 0; to = to->ai_next)
        r = connect_to(s, to, deadline, e);
    freeaddrinfo(list);
    return r;
}

int socket_send(socket_tcp *s, bytes data, int64_t deadline, err_info *e)
{
    while (data.n) {
        ssize_t n = send(s->fd, data.p, data.n, MSG_NOSIGNAL);
        if (n >= 0) {
            data = bytes_of(data.p + n, data.n - (size_t)n);
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return err_set(e, ERR_CLOSED, "%s", strerror(errno));
        int r = wait_for(s, POLLOUT, deadline, e);
        if (r < 0)
            return r;
    }
    return 0;
}

int socket_receive(socket_tcp *s, size_t n, buf *out, int64_t deadline, err_info *e)
{
    /* What a broken server announces is believed as it arrives, not before. */
    enum { STEP = 1 << 20 };
    while (n) {
        size_t step = n < STEP ? n : STEP;
        ssize_t got = recv(s->fd, buf_reserve(out, step), step, 0);
        if (got > 0) {
            out->n += (size_t)got;
            n -= (size_t)got;
            continue;
        }
        if (got == 0)
            return err_set(e, ERR_CLOSED, "the server closed the connection");
        if (errno != EAGAIN && errno != EINTR)
            return err_set(e, ERR_CLOSED, "%s", strerror(errno));
        int r = wait_for(s, POLLIN, deadline, e);
        if (r < 0)
            return r;
    }
    return 0;
}
