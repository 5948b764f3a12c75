#include "tests/unit/cql/node.h"

static ring *one_node_ring(arena *a)
{
    static const char *const tokens[] = {"-9000000000000000000", "-1000", "5000000000000000000"};
    bytes *t = arena_array(a, bytes, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(token_from_text(PARTITIONER_MURMUR3, bytes_str(tokens[i]), a, &t[i], NULL),
                         0);
    endpoint e = {.address = "127.0.0.1",
                  .listen_address = "127.0.0.1",
                  .rpc_address = "127.0.0.1",
                  .storage_port = 7000,
                  .native_port = 9042,
                  .thrift_port = 9160,
                  .dc = "datacenter1",
                  .rack = "rack1",
                  .release_version = "4.1.0",
                  .alive = true,
                  .status = ENDPOINT_NORMAL,
                  .n_tokens = 3,
                  .tokens = t};
    memset(e.host_id.b, 7, 16);
    return ring_new(PARTITIONER_MURMUR3, &e, 1, 0);
}

static void open_node(test_node *n)
{
    err_info err = {0};
    arena a;
    storage_options so = {.data_dir = "/n/data",
                          .commitlog_dir = "/n/log",
                          .cluster_name = "Test Cluster",
                          .partitioner = PARTITIONER_MURMUR3,
                          .sync = SYNC_PERIODIC,
                          .sync_period_ms = 100,
                          .segment_bytes = 1 << 20,
                          .commitlog_total_bytes = 16 << 20,
                          .memtable_bytes = 4 << 20,
                          .block_cache_bytes = 1 << 20,
                          .commit_failure = POLICY_STOP};
    n->info = (node_info){.cluster_name = "Test Cluster",
                          .snitch_class = "org.apache.cassandra.locator.SimpleSnitch",
                          .release_version = "4.1.0",
                          .cql_version = "3.4.6",
                          .thrift_version = "19.39.0",
                          .native_version = "5",
                          .partitioner = PARTITIONER_MURMUR3};
    arena_init(&a, 1024);
    n->ring = one_node_ring(&a);
    if (storage_open(n->e, &so, &n->storage, &err) < 0)
        fail_msg("%s", err.text);
    coordinator_options co = {.storage = n->storage,
                              .info = &n->info,
                              .ring = n->ring,
                              .read_timeout_us = 5000000,
                              .range_timeout_us = 10000000,
                              .write_timeout_us = 2000000,
                              .truncate_timeout_us = 60000000};
    co.virtuals = cql_virtual_tables(&co.n_virtuals);
    if (coordinator_open(n->e, &co, &n->c, &err) < 0)
        fail_msg("%s", err.text);
    n->q = cql_new(n->c, 1 << 20);
    arena_done(&a);
}

static void node_main(void *arg)
{
    test_node *n = arg;
    open_node(n);
    n->body(n, n->arg);
    cql_free(n->q);
    coordinator_close(n->c);
    storage_close(n->storage);
    ring_unref(n->ring);
}

void node_run(uint64_t seed, void (*body)(test_node *n, void *arg), void *arg)
{
    test_node n = {.body = body, .arg = arg};
    n.sim = sim_new(seed);
    n.e = sim_env(n.sim);
    n.client.protocol_version = 4;
    assert_true(sim_run_main(n.sim, node_main, &n));
    sim_free(n.sim);
}

query_options node_options(void)
{
    return (query_options){.cl = CL_ONE, .serial_cl = CL_SERIAL, .timestamp_us = NO_TIMESTAMP};
}

void node_ok(test_node *n, arena *a, const char *text, cql_result *ret)
{
    err_info err = {0};
    query_options o = node_options();
    if (cql_query(n->q, n->e, &n->client, bytes_str(text), &o, a, ret, &err) < 0)
        fail_msg("%s: %s", text, err.text);
}
