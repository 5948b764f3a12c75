/* What a client may ask of the cluster: names, ring, versions. */
#include "server/thrift/calls.h"

int thrift_call_describe_cluster_name(thrift_context *x)
{
    thrift_describe_cluster_name_reply reply = {.success = bytes_str(x->node->info.cluster_name)};
    thrift_answer(x, &reply);
    return 0;
}

int thrift_call_describe_version(thrift_context *x)
{
    thrift_describe_version_reply reply = {.success = bytes_str(x->node->info.thrift_version)};
    thrift_answer(x, &reply);
    return 0;
}

int thrift_call_describe_partitioner(thrift_context *x)
{
    thrift_describe_partitioner_reply reply = {
        .success = bytes_str(partitioner_class(x->node->info.partitioner))};
    thrift_answer(x, &reply);
    return 0;
}

int thrift_call_describe_snitch(thrift_context *x)
{
    thrift_describe_snitch_reply reply = {.success = bytes_str(x->node->info.snitch_class)};
    thrift_answer(x, &reply);
    return 0;
}

/* One version here: the ring is this node. */
int thrift_call_describe_schema_versions(thrift_context *x)
{
    char text[UUID_TEXT];
    schema *s = coordinator_schema(x->node->coordinator, x->env);
    ring *r = coordinator_ring(x->node->coordinator, x->env);
    bytes *hosts = arena_array(x->arena, bytes, r->n_endpoints);
    for (unsigned i = 0; i < r->n_endpoints; i++)
        hosts[i] = bytes_str(arena_strdup(x->arena, r->endpoints[i].address));
    thrift_describe_schema_versions_reply reply = {.has_success = true};
    reply.success.n = 1;
    reply.success.v = arena_zalloc(x->arena, sizeof *reply.success.v);
    reply.success.v[0].key = bytes_str(arena_strdup(x->arena, uuid_format(s->version, text)));
    reply.success.v[0].value.n = r->n_endpoints;
    reply.success.v[0].value.v = hosts;
    ring_unref(r);
    schema_unref(s);
    thrift_answer(x, &reply);
    return 0;
}

int thrift_call_describe_token_map(thrift_context *x)
{
    ring *r = coordinator_ring(x->node->coordinator, x->env);
    thrift_describe_token_map_reply reply = {.has_success = true};
    reply.success.n = r->n_tokens;
    reply.success.v = arena_zalloc(x->arena, r->n_tokens * sizeof *reply.success.v);
    for (unsigned i = 0; i < r->n_tokens; i++) {
        reply.success.v[i].key =
            bytes_str(token_to_text(r->partitioner, r->tokens[i].token, x->arena));
        reply.success.v[i].value = bytes_str(r->endpoints[r->tokens[i].endpoint].address);
    }
    thrift_answer(x, &reply);
    ring_unref(r);
    return 0;
}

/* ---- describe_ring ---- */

static thrift_token_range range_of(thrift_context *x, const ring *r, const replication *rep,
                                   unsigned i)
{
    uint16_t replicas[RING_NODES_MAX];
    unsigned before = i ? i - 1 : r->n_tokens - 1;
    unsigned n = ring_replicas(r, rep, r->tokens[i].token, replicas);
    bytes *addresses = arena_array(x->arena, bytes, n), *rpc = arena_array(x->arena, bytes, n);
    thrift_endpoint_details *details = arena_array(x->arena, thrift_endpoint_details, n);
    for (unsigned k = 0; k < n; k++) {
        const endpoint *e = &r->endpoints[replicas[k]];
        addresses[k] = bytes_str(e->address);
        rpc[k] = bytes_str(e->rpc_address);
        details[k].host = addresses[k];
        details[k].datacenter = bytes_str(e->dc);
        details[k].rack = bytes_str(e->rack);
    }
    return (thrift_token_range){
        .start_token = bytes_str(token_to_text(r->partitioner, r->tokens[before].token, x->arena)),
        .end_token = bytes_str(token_to_text(r->partitioner, r->tokens[i].token, x->arena)),
        .endpoints = {n, addresses},
        .rpc_endpoints = {n, rpc},
        .endpoint_details = {n, details},
        .has_rpc_endpoints = true,
        .has_endpoint_details = true,
    };
}

static int describe_ring(thrift_context *x, bytes keyspace_name)
{
    const char *name = arena_str(x->arena, keyspace_name);
    schema *s = coordinator_schema(x->node->coordinator, x->env);
    ring *r = coordinator_ring(x->node->coordinator, x->env);
    const keyspace *ks = schema_keyspace(s, name);
    replication rep = {0};
    int e = ks ? replication_parse(&ks->replication, &rep, &x->err)
               : err_set(&x->err, ERR_INVALID, "No such keyspace: %s", name);
    if (e == 0 && rep.strategy == STRATEGY_LOCAL)
        e = err_set(&x->err, ERR_INVALID, "There is no ring for the keyspace: %s", name);
    if (e == 0) {
        thrift_describe_ring_reply reply = {.has_success = true};
        reply.success.n = r->n_tokens;
        reply.success.v = arena_array(x->arena, thrift_token_range, r->n_tokens);
        for (unsigned i = 0; i < r->n_tokens; i++)
            reply.success.v[i] = range_of(x, r, &rep, i);
        thrift_answer(x, &reply);
    }
    ring_unref(r);
    schema_unref(s);
    return e;
}

int thrift_call_describe_ring(thrift_context *x)
{
    const thrift_describe_ring_args *args = x->call->args;
    return describe_ring(x, args->keyspace);
}

/* The two replies have one shape; all of this node's ring is in its data centre. */
int thrift_call_describe_local_ring(thrift_context *x)
{
    const thrift_describe_local_ring_args *args = x->call->args;
    _Static_assert(sizeof(thrift_describe_local_ring_reply) == sizeof(thrift_describe_ring_reply),
                   "one shape");
    return describe_ring(x, args->keyspace);
}
