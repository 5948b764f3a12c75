/* Connecting to others. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/uv/sock.h"

static int connect_failed(const char *address, uint16_t port, int err_no, err_info *err)
{
    if (err_no == ECONNREFUSED)
        return err_set(err, ERR_REFUSED, "%s:%u refused the connection", address, port);
    return err_set_errno(err, err_no, "cannot connect to %s:%u", address, port);
}

static int connect_wait(sock *s, const char *address, uint16_t port, int64_t deadline,
                        err_info *err)
{
    s->connecting = true;
    sock_watch(s, UV_WRITABLE);
    int r = co_wait(s->base.env, &s->writable, deadline);
    s->connecting = false;
    if (r < 0)
        return err_set(err, r, "%s:%u did not answer in time", address, port);
    int err_no = 0;
    socklen_t n = sizeof err_no;
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err_no, &n);
    sock_watch(s, 0);
    return err_no ? connect_failed(address, port, err_no, err) : 0;
}

int uv_stream_connect(env *e, const char *address, uint16_t port, int64_t deadline,
                      stream **ret_stream, err_info *err)
{
    struct sockaddr_storage a;
    int n = address_parse(address, port, &a, err);
    if (n < 0)
        return n;
    int fd = socket(a.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set_errno(err, errno, "cannot make a socket for %s", address);
    if (connect(fd, (struct sockaddr *)&a, (socklen_t)n) < 0 && errno != EINPROGRESS) {
        int saved = errno;
        close(fd);
        return connect_failed(address, port, saved, err);
    }
    sock *s = sock_new(worker_of(e), fd, &a);
    if (!s)
        return err_set(err, ERR_IO, "cannot watch a connection to %s:%u", address, port);
    int r = connect_wait(s, address, port, deadline, err);
    if (r < 0) {
        sock_destroy(s);
        return r;
    }
    sock_watch(s, UV_READABLE);
    *ret_stream = &s->base;
    return 0;
}
