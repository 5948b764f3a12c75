/* The doors that clients come in by: a listener of every worker on each port. */
#include "server/accept.h"
#include "server/rounds.h"

typedef struct door {
    uint16_t port;
    void (*on_accept)(void *arg, stream *s);
    size_t slot; /* offset of the listener in struct worker */
} door;

static listener **listener_at(worker *w, size_t slot)
{
    return (listener **)((char *)w + slot);
}

static void listen_here(visit *v)
{
    worker *w = v->worker;
    const door *d = v->round->arg;
    v->round->result = env_listen(w->env, w->node->config->rpc_address, d->port, d->on_accept, w,
                                  listener_at(w, d->slot), v->round->err);
}

static void close_here(visit *v)
{
    listener **l = listener_at(v->worker, ((const door *)v->round->arg)->slot);
    *l = listener_close(*l);
}

static int co_fn open_door(node *n, door d, err_info *err)
{
    round r = {.arg = &d, .err = err};
    return round_run(n, listen_here, &r);
}

static void co_fn close_door(node *n, size_t slot)
{
    door d = {.slot = slot};
    round r = {.arg = &d};
    round_run(n, close_here, &r);
}

int co_fn node_listen_native(node *n, err_info *err)
{
    const config *c = n->config;
    door d = {(uint16_t)c->native_transport_port, accept_native, offsetof(worker, native)};
    int r = open_door(n, d, err);
    if (r < 0)
        return r;
    n->native_running = true;
    log_info(n->home->log, "Starting listening for CQL clients on /%s:%d...", c->rpc_address,
             (int)c->native_transport_port);
    return 0;
}

int co_fn node_listen_thrift(node *n, err_info *err)
{
    const config *c = n->config;
    door d = {(uint16_t)c->rpc_port, accept_any, offsetof(worker, thrift)};
    int r = open_door(n, d, err);
    if (r < 0)
        return r;
    n->thrift_running = true;
    log_info(n->home->log, "Binding thrift service to /%s:%d", c->rpc_address, (int)c->rpc_port);
    log_info(n->home->log, "Using TFramedTransport with a max frame size of %lld bytes.",
             (long long)c->thrift_framed_transport_size_bytes);
    log_info(n->home->log, "Listening for thrift clients...");
    return 0;
}

void co_fn node_close_native(node *n)
{
    if (!n->native_running)
        return;
    n->native_running = false;
    close_door(n, offsetof(worker, native));
    log_info(n->home->log, "Stop listening for CQL clients");
}

void co_fn node_close_thrift(node *n)
{
    if (!n->thrift_running)
        return;
    n->thrift_running = false;
    close_door(n, offsetof(worker, thrift));
    log_info(n->home->log, "Stop listening to thrift clients");
}
