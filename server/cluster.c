#include "server/cluster.h"

#include <stdio.h>

#include "base/hash.h"
#include "server/native/connection.h"
#include "server/state.h"

enum {
    KNOWN_NODE_WAITS_US = 2000000, /* for a seed, before it starts without having heard of others */
    MEET_OTHERS_US = 1500000,      /* for those it has heard of, so that first requests find them */
    PULL_PAUSE_US = 200000,        /* a push may be under way */
};

/* ---- schema ---- */

/* One pull at a time; a newer version heard of meanwhile is pulled after it. */
static void co_fn pull(void *arg)
{
    node *n = arg;
    do {
        char peer[sizeof n->pull.from];
        err_info err = {0};
        n->pull.again = false;
        memcpy(peer, n->pull.from, sizeof peer);
        env_sleep_us(n->home, PULL_PAUSE_US);
        if (n->watching && coordinator_pull_schema(n->coordinator, n->home, peer, &err) < 0)
            log_warn(n->home->log, "Cannot take over the schema of /%s: %s", peer, err.text);
    } while (n->pull.again && n->watching);
    n->pull.running = false;
}

static void want_schema_of(node *n, const char *peer)
{
    snprintf(n->pull.from, sizeof n->pull.from, "%s", peer);
    n->pull.again = true;
    if (!n->pull.running) {
        n->pull.running = true;
        env_spawn(n->home, pull, n);
    }
}

static bool same_schema(node *n, const char *peer)
{
    const member *m = gossip_find(gossiper_state(n->gossiper), peer);
    bytes theirs = m ? member_value(m, STATE_SCHEMA) : BYTES_NULL;
    char ours[UUID_TEXT];
    schema *s = coordinator_schema(n->coordinator, n->home);
    bool same = !theirs.p || bytes_eq_str(theirs, uuid_format(s->version, ours));
    schema_unref(s);
    return same;
}

/* ---- who holds what, kept for the next start ----
 * A node that starts alone, or with a part of the others, must not take its share of the ring for
 * the whole: it would ask the wrong replicas. */

static uint64_t placement_hash(const ring *r)
{
    buf b = {0};
    for (unsigned i = 0; i < r->n_endpoints; i++) {
        const endpoint *e = &r->endpoints[i];
        if (i == r->local)
            continue;
        buf_vbytes(&b, bytes_str(e->address));
        buf_vbytes(&b, bytes_str(e->dc));
        buf_vbytes(&b, bytes_str(e->rack));
        buf_vbytes(&b, uuid_bytes(&e->host_id));
        buf_vint(&b, e->status);
        for (unsigned k = 0; k < e->n_tokens; k++)
            buf_vbytes(&b, e->tokens[k]);
    }
    uint64_t h = hash_fast(buf_view(&b));
    buf_done(&b);
    return h;
}

static uint64_t placement_now(node *n)
{
    ring *r = gossiper_ring(n->gossiper);
    uint64_t h = placement_hash(r);
    ring_unref(r);
    return h;
}

/* One at a time; what changes meanwhile is kept after it. */
static void co_fn keep_peers(void *arg)
{
    node *n = arg;
    int r = 0;
    for (uint64_t now; r == 0 && n->watching && (now = placement_now(n)) != n->peers.kept;) {
        err_info err = {0};
        buf b = {0};
        gossiper_save(n->gossiper, &b);
        r = state_put(n, "peers", buf_view(&b), &err);
        buf_done(&b);
        if (r == 0)
            n->peers.kept = now;
        else
            log_warn(n->home->log, "Cannot keep who is in the ring: %s", err.text);
    }
    n->peers.running = false;
}

static int co_fn recall_peers(node *n, err_info *err)
{
    arena a;
    bytes saved;
    arena_init(&a, 16 << 10);
    int r = state_get(n, "peers", &a, &saved, err);
    if (r == 0 && saved.n)
        r = gossiper_recall(n->gossiper, saved, err);
    arena_done(&a);
    return r;
}

/* ---- news ---- */

static void take_ring(void *arg, ring *r)
{
    node *n = arg;
    coordinator_publish_ring(n->coordinator, r);
    if (n->watching && !n->peers.running && placement_hash(r) != n->peers.kept) {
        n->peers.running = true;
        env_spawn(n->home, keep_peers, n);
    }
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
    if (!gossiper_running(n->gossiper))
        return;
    bool schema_news =
        c->kind == CHANGE_UP || (c->kind == CHANGE_STATE && c->state == STATE_SCHEMA);
    if (schema_news && n->watching && !same_schema(n, c->address))
        want_schema_of(n, c->address);
    if (c->kind == CHANGE_STATE)
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

static bool all_met(node *n)
{
    ring *r = coordinator_ring(n->coordinator, n->home);
    bool met = true;
    for (unsigned i = 0; i < r->n_endpoints; i++)
        met &= r->endpoints[i].alive;
    ring_unref(r);
    return met;
}

static void co_fn meet_others(node *n)
{
    int64_t until = env_mono_us(n->home) + MEET_OTHERS_US;
    env_yield(n->home);
    while (!all_met(n) && env_mono_us(n->home) < until)
        env_sleep_us(n->home, 10000);
}

int co_fn cluster_join(node *n, err_info *err)
{
    coordinator_serve(n->coordinator, n->messaging);
    int r = recall_peers(n, err);
    if (r == 0)
        r = messaging_start(n->messaging, err);
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
    meet_others(n);
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
    while (n->pull.running || n->peers.running)
        env_sleep_us(n->home, 10000);
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
