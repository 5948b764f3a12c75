#include "server/cluster.h"

#include "server/native/connection.h"
#include "server/state.h"

#define KNOWN_NODE_WAITS_US                                                                        \
    2000000 /* for a seed, before it starts without having heard of others */

/* ---- news ---- */

static void take_ring(void *arg, ring *r)
{
    node *n = arg;
    coordinator_publish_ring(n->coordinator, r);
    ring_unref(r);
}

static void tell_clients(node *n, const endpoint *e, gossip_change_kind kind)
{
    if (kind == CHANGE_UP)
        events_status_change(n, n->home, "UP", e->rpc_address, e->native_port);
    else if (kind == CHANGE_DOWN)
        events_status_change(n, n->home, "DOWN", e->rpc_address, e->native_port);
    else if (kind == CHANGE_NEW)
        events_topology_change(n, n->home, "NEW_NODE", e->rpc_address, e->native_port);
}

/* Clients hear of nodes that are in the ring. */
static void take_change(void *arg, const gossip_change *c)
{
    node *n = arg;
    ring *r;
    if (c->kind == CHANGE_STATE || !gossiper_running(n->gossiper))
        return;
    r = gossiper_ring(n->gossiper);
    for (unsigned i = 0; i < r->n_endpoints; i++)
        if (i != r->local && !strcmp(r->endpoints[i].address, c->address) &&
            r->endpoints[i].status != ENDPOINT_JOINING)
            tell_clients(n, &r->endpoints[i], c->kind);
    ring_unref(r);
}

static double load_bytes(void *arg)
{
    node *n = arg;
    return (double)storage_load_bytes(n->storage);
}

static void tell_schema(void *arg)
{
    node *n = arg;
    if (!n->coordinator || !n->watching)
        return;
    schema *s = coordinator_schema(n->coordinator, n->home);
    gossiper_set_schema(n->gossiper, s->version);
    schema_unref(s);
}

/* ---- life ---- */

int cluster_open(node *n, const endpoint *self, err_info *err)
{
    const config *c = n->config;
    messaging_options mo = {
        .cluster_name = c->cluster_name,
        .partitioner = n->info.partitioner,
        .listen_address = c->listen_address,
        .broadcast_address = c->broadcast_address,
        .storage_port = (uint16_t)c->storage_port,
        .generation = n->generation,
        .connect_timeout_us = c->internode_tcp_connect_timeout_ms * 1000,
    };
    n->messaging = messaging_new(n->home, &mo);
    gossiper_options go = {
        .messaging = n->messaging,
        .partitioner = n->info.partitioner,
        .self = self,
        .seeds = c->seeds.p,
        .n_seeds = c->seeds.n,
        .phi_convict_threshold = c->phi_convict_threshold,
        .ring_delay_us = c->ring_delay_ms * 1000,
        .first_arrival_us = c->fd_initial_value_ms * 1000,
        .on_ring = take_ring,
        .on_change = take_change,
        .load_bytes = load_bytes,
        .arg = n,
    };
    return gossiper_new(n->home, &go, &n->gossiper, err);
}

/* A node that was in the ring before, or is a seed, may start alone: its seeds may come later. */
static int co_fn ask_seeds(node *n, err_info *err)
{
    bool may_be_alone = n->known || n->config->is_seed;
    int64_t wait_us = may_be_alone ? KNOWN_NODE_WAITS_US : n->config->ring_delay_ms * 1000;
    int r = gossiper_shadow(n->gossiper, env_mono_us(n->home) + wait_us, err);
    if (r == ERR_TIMEOUT && may_be_alone) {
        log_warn(n->home->log, "No seed answers; starting with what this node knows");
        return 0;
    }
    int32_t generation = gossip_self(gossiper_state(n->gossiper))->generation;
    if (r == 0 && generation != n->generation)
        r = state_set_generation(n, generation, err);
    return r;
}

int co_fn cluster_join(node *n, err_info *err)
{
    int r = messaging_start(n->messaging, err);
    if (r == 0)
        r = ask_seeds(n, err);
    if (r == 0 && !n->known)
        r = state_put(n, "joined", BYTES_LIT("1"), err);
    if (r < 0)
        return r;
    n->schema_watch = (snapshot_watch){.fn = tell_schema, .arg = n, .env = n->home};
    n->watching = true;
    coordinator_watch(n->coordinator, &n->schema_watch);
    tell_schema(n);
    gossiper_start(n->gossiper);
    return 0;
}

void co_fn cluster_leave(node *n)
{
    if (n->watching)
        coordinator_unwatch(n->coordinator, &n->schema_watch);
    n->watching = false;
    if (n->gossiper)
        gossiper_stop(n->gossiper);
}

void co_fn cluster_silence(node *n)
{
    if (n->messaging)
        messaging_stop(n->messaging);
}

void cluster_close(node *n)
{
    n->gossiper = gossiper_free(n->gossiper);
    n->messaging = messaging_free(n->messaging);
}

int co_fn cluster_gossip_off(node *n, err_info *err)
{
    (void)err;
    if (gossiper_running(n->gossiper))
        log_warn(n->home->log, "Stopping gossip by operator request");
    gossiper_stop(n->gossiper);
    return 0;
}

int co_fn cluster_gossip_on(node *n, err_info *err)
{
    int32_t now = (int32_t)(env_now_us(n->home) / 1000000);
    if (gossiper_running(n->gossiper))
        return 0;
    int r = state_set_generation(n, now > n->generation ? now : n->generation + 1, err);
    if (r < 0)
        return r;
    log_warn(n->home->log, "Starting gossip by operator request");
    gossiper_restart(n->gossiper, n->generation);
    return 0;
}
