#include "server/node.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/must.h"
#include "server/cluster.h"
#include "server/native/connection.h"
#include "server/rounds.h"
#include "server/state.h"
#include "server/version.h"

enum { END_CONNECTIONS_US = 5000000 };

void worker_add(worker *w, connection *c, stream *s)
{
    c->stream = s;
    c->closing = w->node->mode == NODE_STOPPING;
    list_push(&w->connections, &c->link);
    tally_add(&w->stats.connections, 1);
}

void worker_remove(worker *w, connection *c)
{
    list_remove(&c->link);
    tally_add(&w->stats.connections, -1);
}

/* ---- storage ---- */

/* Directory names; called from flushing threads. */
static bool name_of(void *arg, const uuid *id, arena *a, const char **ret_keyspace,
                    const char **ret_table)
{
    node *n = arg;
    if (!n->coordinator)
        return false;
    schema *s = coordinator_newest_schema(n->coordinator);
    const table *t = schema_table_by_id(s, id);
    if (t) {
        *ret_keyspace = arena_strdup(a, t->keyspace);
        *ret_table = arena_strdup(a, t->name);
    }
    schema_unref(s);
    return t != NULL;
}

static void on_failure(void *arg, failure_policy policy, const err_info *why)
{
    node *n = arg;
    log_error(n->home->log, "Disk failure (policy %s): %s",
              policy == POLICY_DIE      ? "die"
              : policy == POLICY_IGNORE ? "ignore"
                                        : "stop",
              why->text);
    if (policy == POLICY_DIE)
        abort();
}

static int co_fn open_storage(node *n, err_info *err)
{
    const config *c = n->config;
    storage_options o = {
        .data_dir = c->data_file_directories.p[0],
        .commitlog_dir = c->commitlog_directory,
        .cluster_name = c->cluster_name,
        .partitioner = n->info.partitioner,
        .sync = (commitlog_sync)c->commitlog_sync,
        .sync_period_ms =
            (uint32_t)(c->commitlog_sync == COMMITLOG_PERIODIC ? c->commitlog_sync_period_ms
                       : c->commitlog_sync == COMMITLOG_BATCH  ? c->commitlog_sync_batch_window_ms
                                                               : c->commitlog_sync_group_window_ms),
        .segment_bytes = (uint64_t)c->commitlog_segment_size_bytes,
        .commitlog_total_bytes = (uint64_t)c->commitlog_total_space_bytes,
        .memtable_bytes = (uint64_t)c->memtable_heap_space_bytes,
        .block_cache_bytes = (uint64_t)c->file_cache_size_bytes,
        .disk_failure = (failure_policy)c->disk_failure_policy,
        .commit_failure = (failure_policy)c->commit_failure_policy,
        .name_of = name_of,
        .name_arg = n,
        .on_failure = on_failure,
        .failure_arg = n,
    };
    return storage_open(n->home, &o, &n->storage, err);
}

/* ---- start ---- */

static int co_fn make_ring(node *n, err_info *err)
{
    const config *c = n->config;
    arena a;
    arena_init(&a, 4096);
    endpoint self = {
        .address = c->broadcast_address,
        .listen_address = c->listen_address,
        .rpc_address = c->broadcast_rpc_address,
        .storage_port = (uint16_t)c->storage_port,
        .native_port = (uint16_t)c->native_transport_port,
        .thrift_port = (uint16_t)c->rpc_port,
        .release_version = n->info.release_version,
        .dc = c->dc,
        .rack = c->rack,
        .alive = true,
        .status = ENDPOINT_NORMAL,
    };
    int r = state_identity(n, &a, &self, err);
    if (r == 0) {
        n->ring = ring_new(n->info.partitioner, &self, 1, 0);
        r = cluster_open(n, &self, err);
    }
    arena_done(&a);
    return r;
}

static void open_cql(node *n)
{
    const config *c = n->config;
    cql_limits limits = {
        .batch_warn_bytes = c->batch_size_warn_threshold_bytes,
        .batch_fail_bytes = c->batch_size_fail_threshold_bytes,
        .unlogged_partitions_warn = c->unlogged_batch_across_partitions_warn_threshold,
        .tombstones_warn = c->tombstone_warn_threshold,
        .tombstones_fail = c->tombstone_failure_threshold,
    };
    n->cql = cql_new(n->coordinator, (size_t)c->prepared_statements_cache_size_bytes);
    cql_set_limits(n->cql, &limits);
}

static int co_fn open_coordinator(node *n, err_info *err)
{
    const config *c = n->config;
    coordinator_options o = {
        .storage = n->storage,
        .info = &n->info,
        .ring = n->ring,
        .read_timeout_us = c->read_request_timeout_ms * 1000,
        .range_timeout_us = c->range_request_timeout_ms * 1000,
        .write_timeout_us = c->write_request_timeout_ms * 1000,
        .truncate_timeout_us = c->truncate_request_timeout_ms * 1000,
    };
    o.virtuals = cql_virtual_tables(&o.n_virtuals);
    int r = coordinator_open(n->home, &o, &n->coordinator, err);
    if (r == 0)
        r = state_system_schema(n, err);
    if (r == 0)
        open_cql(n);
    return r;
}

static void co_fn turn_away(void *arg, stream *s)
{
    (void)arg;
    stream_close(s);
}

/* Ports are tried before anything on the disk is touched: a start that must fail leaves no trace.
 */
static int co_fn try_ports(node *n, err_info *err)
{
    const config *c = n->config;
    const struct {
        const char *address;
        int64_t port;
        bool wanted;
    } ports[] = {
        {c->rpc_address, c->native_transport_port, c->start_native_transport},
        {c->rpc_address, c->rpc_port, c->start_rpc},
        {c->listen_address, c->storage_port, true},
        {c->listen_address, c->admin_port, true},
    };
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        listener *l = NULL;
        if (!ports[i].wanted || !ports[i].port)
            continue;
        int r = env_listen(n->home, ports[i].address, (uint16_t)ports[i].port, turn_away, NULL, &l,
                           err);
        if (r < 0)
            return r;
        listener_close(l);
    }
    return 0;
}

int co_fn node_start(node *n, err_info *err)
{
    logger *log = n->home->log;
    log_info(log, "Cassandra version: %s", n->info.release_version);
    log_info(log, "Thrift API version: %s", n->info.thrift_version);
    log_info(log, "CQL supported versions: %s (default: %s)", n->info.cql_version,
             n->info.cql_version);
    int r = try_ports(n, err);
    if (r == 0)
        r = open_storage(n, err);
    if (r == 0)
        r = make_ring(n, err);
    if (r == 0)
        r = open_coordinator(n, err);
    if (r == 0)
        r = cluster_join(n, err);
    if (r == 0) {
        n->mode = NODE_NORMAL;
        log_info(log, "Node /%s state jump to normal", n->ring->endpoints[0].address);
    }
    if (r == 0 && n->config->start_native_transport)
        r = node_listen_native(n, err);
    if (r == 0 && n->config->start_rpc)
        r = node_listen_thrift(n, err);
    if (r == 0)
        log_info(log, "Startup complete");
    return r;
}

/* ---- stop ---- */

static void shut_here(visit *v)
{
    list *all = &v->worker->connections;
    for (list *l = all->next; l != all; l = l->next) {
        connection *c = container_of(l, connection, link);
        c->closing = true;
        stream_shut(c->stream);
    }
}

static void pass_by(visit *v)
{
    (void)v;
}

static uint64_t open_connections(node *n)
{
    uint64_t open = 0;
    for (unsigned i = 0; i < n->n_workers; i++)
        open += n->workers[i].stats.connections;
    return open;
}

/* False: some are in the middle of a request that takes long. */
static bool co_fn end_connections(node *n)
{
    int64_t deadline = env_mono_us(n->home) + END_CONNECTIONS_US;
    round r = {0};
    round_run(n, shut_here, &r);
    while (open_connections(n)) {
        if (env_mono_us(n->home) >= deadline)
            return false;
        env_sleep_us(n->home, 10000);
    }
    round_run(n, pass_by, &r); /* what they posted to each other has run now */
    return true;
}

int co_fn node_drain(node *n, err_info *err)
{
    if (n->mode == NODE_DRAINED)
        return 0;
    n->mode = NODE_DRAINING;
    log_info(n->home->log, "DRAINING: starting drain process");
    cluster_leave(n);
    node_close_thrift(n);
    node_close_native(n);
    cluster_silence(n);
    int r = storage_drain(n->storage, n->home, err);
    n->mode = r == 0 ? NODE_DRAINED : NODE_NORMAL;
    if (r == 0)
        log_info(n->home->log, "DRAINED");
    return r;
}

void co_fn node_stop(node *n)
{
    err_info err = {0};
    n->mode = NODE_STOPPING;
    cluster_leave(n);
    node_close_thrift(n);
    node_close_native(n);
    bool ended = end_connections(n);
    cluster_silence(n);
    if (n->storage && storage_drain(n->storage, n->home, &err) < 0)
        log_error(n->home->log, "%s", err.text);
    if (!ended) { /* their coroutines still use the parts; the process ends with them */
        log_warn(n->home->log, "%llu connections did not end in time: their requests are given up",
                 (unsigned long long)open_connections(n));
        return;
    }
    n->cql = cql_free(n->cql);
    cluster_close(n);
    n->coordinator = coordinator_close(n->coordinator);
    n->storage = storage_close(n->storage);
    n->ring = ring_unref(n->ring);
}

/* ---- life ---- */

node *node_new(const config *c, env *home, err_info *err)
{
    node *n = xzalloc(sizeof *n);
    n->magic = NODE_MAGIC;
    n->config = c;
    n->home = home;
    n->n_workers = home->workers;
    admission_init(&n->admission, c);
    n->workers = xzalloc(n->n_workers * sizeof *n->workers);
    for (unsigned i = 0; i < n->n_workers; i++) {
        worker *w = &n->workers[i];
        w->node = n;
        w->env = home->peers[i];
        list_init(&w->idle_tasks);
        list_init(&w->listeners);
        list_init(&w->connections);
    }
    n->info = (node_info){
        .cluster_name = c->cluster_name,
        .snitch_class = xprintf("org.apache.cassandra.locator.%s", c->endpoint_snitch),
        .release_version = ILION_RELEASE_VERSION,
        .cql_version = ILION_CQL_VERSION,
        .thrift_version = ILION_THRIFT_VERSION,
        .native_version = ILION_NATIVE_VERSION,
        .started_us = env_now_us(home),
    };
    if (!partitioner_from_name(c->partitioner, &n->info.partitioner)) {
        err_set(err, ERR_CONFIG, "partitioner %s is unknown", c->partitioner);
        return node_free(n);
    }
    return n;
}

node *node_free(node *n)
{
    if (!n)
        return NULL;
    for (unsigned i = 0; i < n->n_workers; i++) {
        tasks_done(&n->workers[i]);
        buf_done(&n->workers[i].scratch);
    }
    admission_done(&n->admission);
    free((char *)n->info.snitch_class);
    free(n->workers);
    free(n);
    return NULL;
}
