/* Events: a frame body is made once, then handed to every worker, which appends it to its
 * registered connections. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"
#include "server/native/connection.h"

static const char *const names[] = {"TOPOLOGY_CHANGE", "STATUS_CHANGE", "SCHEMA_CHANGE"};

int events_kind(bytes name)
{
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (strlen(names[i]) == name.n && strncasecmp(names[i], (const char *)name.p, name.n) == 0)
            return (int)i;
    return -1;
}

typedef struct event {
    worker *worker;
    enum native_event kind;
    size_t n;
    uint8_t body[];
} event;

static void event_run(void *arg)
{
    event *v = arg;
    for (list *l = v->worker->listeners.next; l != &v->worker->listeners; l = l->next) {
        native_connection *c = container_of(l, native_connection, listening);
        if (!(c->events & 1u << v->kind))
            continue;
        buf *out = stream_output(c->stream);
        size_t at = native_begin(out, c->version, true, -1, OP_EVENT, 0);
        buf_put(out, v->body, v->n);
        native_end(out, at);
        stream_kick(c->stream);
    }
    free(v);
}

static void publish(node *n, enum native_event kind, bytes body)
{
    for (unsigned i = 0; i < n->n_workers; i++) {
        event *v = xmalloc(sizeof *v + body.n);
        v->worker = &n->workers[i];
        v->kind = kind;
        v->n = body.n;
        memcpy(v->body, body.p, body.n);
        env_post(n->workers[i].env, event_run, v);
    }
}

void events_schema_change(node *n, env *e, const char *change, const char *target,
                          const char *keyspace, const char *name)
{
    buf b = {0};
    (void)e;
    native_put_string(&b, BYTES_LIT("SCHEMA_CHANGE"));
    native_put_schema_change(&b, change, target, keyspace, name);
    publish(n, EVENT_SCHEMA_CHANGE, buf_view(&b));
    buf_done(&b);
}

static void address_event(node *n, enum native_event kind, const char *change, const char *ip,
                          uint16_t port)
{
    buf b = {0};
    native_put_string(&b, bytes_str(names[kind]));
    native_put_string(&b, bytes_str(change));
    native_put_inet(&b, ip, port);
    publish(n, kind, buf_view(&b));
    buf_done(&b);
}

void events_status_change(node *n, env *e, const char *change, const char *ip, uint16_t port)
{
    (void)e;
    address_event(n, EVENT_STATUS_CHANGE, change, ip, port);
}

void events_topology_change(node *n, env *e, const char *change, const char *ip, uint16_t port)
{
    (void)e;
    address_event(n, EVENT_TOPOLOGY_CHANGE, change, ip, port);
}
