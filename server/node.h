/* node.h: one node: puts the parts together, starts and stops them.
 *
 * Everything that a node owns hangs off `struct node`. Its workers are the env's threads; a worker
 * owns its connections, pools and counters.
 *
 * Owner:  main (or a test) allocates with node_new and frees with node_free after the runtime
 * ended. Thread: node_start, node_stop and the switches run on worker 0; counters are read from
 * anywhere.
 */
#pragma once
#include <stdatomic.h>

#include "base/list.h"
#include "cql/cql.h"
#include "gossip/gossiper.h"
#include "runtime/env.h"
#include "server/admission.h"
#include "server/config/config.h"

typedef struct node node;

/* Counted up and down by one thread, read by any. */
typedef _Atomic uint64_t tally;
static inline void tally_add(tally *t, int n)
{
    uint64_t now = atomic_load_explicit(t, memory_order_relaxed);
    atomic_store_explicit(t, now + (uint64_t)(int64_t)n, memory_order_release);
}

typedef struct worker_stats {
    tally native_requests, thrift_requests, errors;
    tally connections; /* open now */
    tally active;      /* requests in flight */
} worker_stats;

/* The head of every front end's connection: how a stopping node reaches it. */
typedef struct connection {
    stream *stream;
    list link;    /* worker->connections */
    bool closing; /* no more requests are taken */
} connection;

typedef struct worker {
    node *node;
    env *env;
    list idle_tasks; /* pooled requests (tasks.h) */
    unsigned n_idle_tasks;
    list listeners;   /* connections that registered for events (native/events.h) */
    list connections; /* of struct connection */
    buf scratch;      /* compression */
    listener *native, *thrift;
    worker_stats stats;
} worker;

enum { NODE_MAGIC = 0x4e4f4445 };
typedef enum node_mode {
    NODE_STARTING,
    NODE_NORMAL,
    NODE_DRAINING,
    NODE_DRAINED,
    NODE_STOPPING
} node_mode;

struct node {
    int magic;
    const config *config;
    env *home; /* worker 0 */
    storage *storage;
    coordinator *coordinator;
    cql *cql;
    messaging *messaging;
    gossiper *gossiper;
    snapshot_watch schema_watch;
    bool watching;
    bool known; /* was in the ring before this start */
    ring *ring; /* this node alone, until gossip tells more to the coordinator */
    node_info info;
    uuid host_id;
    int32_t generation;
    _Atomic node_mode mode;
    atomic_bool native_running, thrift_running;
    unsigned n_workers;
    worker *workers;
    admission admission;
    struct {
        bool running, again;
        char from[64]; /* whose schema */
    } pull;
    struct {
        bool running;
        uint64_t kept; /* placement_hash of what is on the disk */
    } peers;
};

/* A front end calls these around the life of a connection, on its worker. */
void worker_add(worker *w, connection *c, stream *s);
void worker_remove(worker *w, connection *c);

node *node_new(const config *c, env *home, err_info *err);
node *node_free(node *n); /* NULL is fine */

/* Opens storage, learns who it is, loads the schema, listens. */
int co_fn node_start(node *n, err_info *err);
/* Stops listening, ends connections, makes everything durable, closes. */
void co_fn node_stop(node *n);
/* nodetool drain: no more writes, everything flushed. */
int co_fn node_drain(node *n, err_info *err);
int co_fn node_listen_native(node *n, err_info *err);
void co_fn node_close_native(node *n);
int co_fn node_listen_thrift(node *n, err_info *err);
void co_fn node_close_thrift(node *n);
