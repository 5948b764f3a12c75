/* Listeners. Every worker has a socket of its own on the same port (SO_REUSEPORT) and the kernel
 * spreads the connections. The first socket of a port is bound without that option, so that a
 * port which another process uses is refused; the option is set once it is ours. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/uv/worker.h"

enum { BACKLOG = 1024, ACCEPTS_PER_TURN = 64, PAUSE_US = 100000 };

typedef struct lsock {
    listener base; /* first */
    list link;     /* worker.listeners */
    uv_poll_t poll;
    int fd;
    void (*on_accept)(void *arg, stream *s);
    void *arg;
    sched_timer resume;
    bool starved; /* accept failed; said so once */
    bool closed;
    shared_port *port;
} lsock;

typedef struct accepted {
    lsock *l;
    stream *s;
} accepted;

static void accept_main(void *arg)
{
    accepted a = *(accepted *)arg;
    a.l->on_accept(a.l->arg, a.s);
}

static void on_readable(uv_poll_t *h, int status, int events);

static void on_resume(sched_timer *t)
{
    lsock *l = t->arg;
    uv_poll_start(&l->poll, UV_READABLE, on_readable);
}

/* Out of descriptors or memory: leave the backlog alone for a while instead of spinning. */
static void pause_accepting(lsock *l, int err_no)
{
    worker *w = worker_of(l->base.env);
    if (!l->starved)
        log_warn(w->env.log, "Cannot accept connections on port %u: %s; retrying", l->base.port,
                 strerror(err_no));
    l->starved = true;
    uv_poll_stop(&l->poll);
    sched_timer_stop(&w->sched, &l->resume);
    sched_timer_set(&w->sched, &l->resume, w->sched.now_us + PAUSE_US);
}

static bool is_transient(int err_no)
{
    return err_no == EINTR || err_no == ECONNABORTED || err_no == EPROTO || err_no == EPERM;
}

static void on_readable(uv_poll_t *h, int status, int events)
{
    lsock *l = h->data;
    worker *w = worker_of(l->base.env);
    (void)status, (void)events;
    worker_enter(w);
    for (int i = 0; i < ACCEPTS_PER_TURN && !l->closed; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && is_transient(errno))
            continue;
        if (fd < 0 && errno == EAGAIN)
            return;
        if (fd < 0) {
            pause_accepting(l, errno);
            return;
        }
        l->starved = false;
        accepted a = {l, socket_new(w, fd)};
        if (a.s)
            env_spawn(&w->env, accept_main, &a);
    }
}

/* ---- binding ---- */

static shared_port *port_find(runtime *r, const char *address, uint16_t port)
{
    for (list *i = r->ports.next; port && i != &r->ports; i = i->next) {
        shared_port *p = container_of(i, shared_port, link);
        if (p->port == port && strcmp(p->address, address) == 0)
            return p;
    }
    return NULL;
}

static int bind_failed(const char *address, uint16_t port, int err_no, err_info *err)
{
    if (err_no == EADDRINUSE)
        return err_set(err, ERR_ADDRESS_IN_USE, "%s:%u is already in use", address, port);
    return err_set_errno(err, err_no, "cannot listen on %s:%u", address, port);
}

static int set_option(int fd, int level, int name)
{
    int on = 1;
    return setsockopt(fd, level, name, &on, sizeof on);
}

static int bind_and_listen(int fd, const struct sockaddr_storage *a, int n, bool ours)
{
    if (set_option(fd, SOL_SOCKET, SO_REUSEADDR) < 0)
        return -1;
    if (a->ss_family == AF_INET6 && set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY) < 0)
        return -1;
    if (ours && set_option(fd, SOL_SOCKET, SO_REUSEPORT) < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)a, (socklen_t)n) < 0)
        return -1;
    if (!ours && set_option(fd, SOL_SOCKET, SO_REUSEPORT) < 0)
        return -1;
    return listen(fd, BACKLOG);
}

/* Under ports_lock. */
static int port_open(runtime *r, const char *address, uint16_t port, shared_port **ret_port,
                     int *ret_fd, err_info *err)
{
    struct sockaddr_storage a;
    int n = address_parse(address, port, &a, err);
    if (n < 0)
        return n;
    int fd = socket(a.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set_errno(err, errno, "cannot make a socket for %s", address);
    shared_port *p = port_find(r, address, port);
    if (bind_and_listen(fd, &a, n, p != NULL) < 0) {
        int saved = errno;
        close(fd);
        return bind_failed(address, port, saved, err);
    }
    if (!p) {
        p = xzalloc(sizeof *p);
        strncpy(p->address, address, sizeof p->address - 1);
        p->port = address_bound_port(fd);
        list_push(&r->ports, &p->link);
    }
    p->users++;
    *ret_port = p;
    *ret_fd = fd;
    return 0;
}

static void port_release(runtime *r, shared_port *p)
{
    pthread_mutex_lock(&r->ports_lock);
    if (--p->users == 0) {
        list_remove(&p->link);
        free(p);
    }
    pthread_mutex_unlock(&r->ports_lock);
}

int uv_env_listen(env *e, const char *address, uint16_t port,
                  void (*on_accept)(void *arg, stream *s), void *arg, listener **ret_listener,
                  err_info *err)
{
    worker *w = worker_of(e);
    shared_port *p = NULL;
    int fd = -1;
    pthread_mutex_lock(&w->runtime->ports_lock);
    int r = port_open(w->runtime, address, port, &p, &fd, err);
    pthread_mutex_unlock(&w->runtime->ports_lock);
    if (r < 0)
        return r;
    lsock *l = xzalloc(sizeof *l);
    l->base = (listener){.env = e, .port = p->port};
    l->fd = fd;
    l->on_accept = on_accept;
    l->arg = arg;
    l->port = p;
    l->resume = (sched_timer){.fn = on_resume, .arg = l};
    l->poll.data = l;
    must(uv_poll_init(&w->loop, &l->poll, fd) == 0);
    uv_poll_start(&l->poll, UV_READABLE, on_readable);
    list_push(&w->listeners, &l->link);
    *ret_listener = &l->base;
    return 0;
}

static void on_closed(uv_handle_t *h)
{
    free(h->data);
}

void uv_env_listener_close(listener *base)
{
    lsock *l = (lsock *)base;
    worker *w = worker_of(base->env);
    must(!l->closed);
    l->closed = true;
    list_remove(&l->link);
    sched_timer_stop(&w->sched, &l->resume);
    uv_close((uv_handle_t *)&l->poll, on_closed);
    close(l->fd);
    port_release(w->runtime, l->port);
}

void listeners_done(worker *w)
{
    while (!list_empty(&w->listeners))
        uv_env_listener_close(&container_of(w->listeners.next, lsock, link)->base);
}
