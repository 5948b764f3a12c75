#include "server/admin/admin.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "server/admin/internal.h"

enum {
    BACKLOG = 64,
    CONNECTIONS_MAX = 64,
    CONNECTION_MEMORY = 32 << 10, /* headers and query of a request */
    IDLE_TIMEOUT_S = 30,
    THREAD_STACK = 256 << 10,
    STOP_POLL_US = 50000,
};

/* ---- sockets: made here, so that a port in use is told as such ---- */

static int refuse(int fd, const char *address, int port, err_info *err)
{
    int why = errno, code = why == EADDRINUSE ? ERR_ADDRESS_IN_USE : ERR_IO;
    if (fd >= 0)
        close(fd);
    return err_set(err, code, "Cannot listen on %s:%d (the management port, admin_port): %s",
                   address, port, strerror(why));
}

static int listen_on(const char *address, int port, int *ret_fd, err_info *err)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    bool is_v6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
    const struct sockaddr *where = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    int one = 1;
    if (!is_v6 && inet_pton(AF_INET, address, &v4.sin_addr) != 1)
        return err_set(err, ERR_CONFIG, "Cannot listen on %s: this is no IP address", address);
    int fd = socket(where->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        (is_v6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0) ||
        bind(fd, where, is_v6 ? sizeof v6 : sizeof v4) < 0 || listen(fd, BACKLOG) < 0)
        return refuse(fd, address, port, err);
    *ret_fd = fd;
    return 0;
}

static void on_message(void *arg, const char *fmt, va_list ap)
{
    admin *a = arg;
    char text[256];
    int n = vsnprintf(text, sizeof text, fmt, ap);
    if (n > 0 && (size_t)n < sizeof text && text[n - 1] == '\n')
        text[n - 1] = 0;
    log_debug(a->home->log, "Management port: %s", text);
}

static int serve_at(admin *a, const char *address, err_info *err)
{
    int port = (int)a->node->config->admin_port, fd = -1;
    int r = listen_on(address, port, &fd, err);
    if (r < 0)
        return r;
    /* With epoll, 0.9.75 misses the end of a client that closes right after an unfinished request,
     * and keeps its place until the idle timeout. */
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_Daemon *d = MHD_start_daemon(
        flags, 0, NULL, NULL, http_request, a, MHD_OPTION_EXTERNAL_LOGGER, on_message, a,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_THREAD_STACK_SIZE,
        (size_t)THREAD_STACK, MHD_OPTION_NOTIFY_COMPLETED, http_completed, a, MHD_OPTION_END);
    if (!d)
        return refuse(fd, address, port, err);
    a->daemons[a->n_daemons++] = d;
    log_info(a->home->log, "Listening for management (HTTP) on /%s:%d", address, port);
    return 0;
}

/* ---- life ---- */

/* Nodes on several loopback addresses of one machine that keep the default port share it:
 * 127.0.0.1 is then left to the node that listens there. A port of its own (as cluster launchers
 * give each node) is served at 127.0.0.1, too. */
static void serve_at_loopback(admin *a)
{
    static const char loopback[] = "127.0.0.1";
    enum { DEFAULT_PORT = 7199 };
    const config *c = a->node->config;
    err_info err = {0};
    bool sibling = strncmp(c->listen_address, "127.", 4) == 0 && c->admin_port == DEFAULT_PORT;
    if (strcmp(c->listen_address, loopback) == 0 || sibling)
        return;
    if (serve_at(a, loopback, &err) < 0)
        log_warn(a->home->log, "%s; management is at %s only", err.text,
                 a->node->config->listen_address);
}

int co_fn admin_start(node *n, admin **ret, err_info *err)
{
    if (n->config->admin_port == 0) {
        log_info(n->home->log, "Management port is off (admin_port: 0)");
        *ret = NULL;
        return 0;
    }
    admin *a = xzalloc(sizeof *a);
    a->node = n;
    a->home = n->home;
    co_event_init(&a->idle);
    co_mutex_init(&a->switching);
    gethostname(a->host_name, sizeof a->host_name - 1);
    int r = serve_at(a, n->config->listen_address, err);
    if (r < 0) {
        admin_free(a);
        return r;
    }
    serve_at_loopback(a);
    *ret = a;
    return 0;
}

static void stop_daemons(void *arg)
{
    admin *a = arg;
    for (unsigned i = 0; i < a->n_daemons; i++)
        MHD_stop_daemon(a->daemons[i]);
}

void co_fn admin_quiesce(admin *a)
{
    if (!a)
        return;
    atomic_store(&a->stopping, true);
    while (atomic_load(&a->pending)) /* refusals count for a moment, and do not signal */
        co_wait(a->home, &a->idle, env_mono_us(a->home) + STOP_POLL_US);
}

admin *co_fn admin_free(admin *a)
{
    if (!a)
        return NULL;
    admin_quiesce(a); /* a daemon must not be stopped while connections are suspended */
    env_offload(a->home, POOL_IO, stop_daemons, a);
    free(a);
    return NULL;
}
