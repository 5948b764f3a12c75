#include "tests/unit/gossip/net.h"

#include <stdio.h>

#include "base/must.h"

static uint64_t roll(net *w, uint64_t n)
{
    w->random = w->random * 6364136223846793005 + 1442695040888963407;
    return n ? (w->random >> 33) % n : 0;
}

const char *net_address(unsigned i)
{
    static char names[NET_MAX][16];
    sprintf(names[i], "10.0.0.%u", i + 1);
    return names[i];
}

static unsigned node_of(const char *address)
{
    unsigned i;
    must(sscanf(address, "10.0.0.%u", &i) == 1);
    return i - 1;
}

void net_init(net *w, unsigned n, uint64_t seed)
{
    *w = (net){.n = n, .random = seed * 7919 + 1, .now_us = 1000000000};
}

void net_done(net *w)
{
    for (unsigned i = 0; i < w->n; i++)
        gossip_free(w->nodes[i]);
    for (size_t i = 0; i < w->packets.n; i++)
        free(w->packets.p[i].p);
    vec_done(&w->packets);
}

static const char *const seeds[] = {"10.0.0.1", "10.0.0.2"};

void net_options(const net *w, unsigned i, gossip_options *o)
{
    *o = (gossip_options){.partitioner = PARTITIONER_MURMUR3,
                          .address = net_address(i),
                          .seeds = seeds,
                          .n_seeds = 2,
                          .seed = w->random + i};
}

void net_start(net *w, unsigned i, int32_t generation, endpoint_status status)
{
    gossip_options o;
    gossip_output out;
    uint8_t room[2][TOKEN_FIXED_MAX];
    bytes tokens[2] = {token_of_int((int64_t)i * 1000, room[0]),
                       token_of_int((int64_t)i * 1000 + 500, room[1])};
    net_options(w, i, &o);
    o.generation = generation;
    must(!w->nodes[i]);
    must(gossip_new(&o, &w->nodes[i], NULL) == 0);
    endpoint self = {.address = o.address,
                     .listen_address = o.address,
                     .rpc_address = o.address,
                     .storage_port = 7000,
                     .native_port = 9042,
                     .thrift_port = 9160,
                     .dc = "dc1",
                     .rack = i % 2 ? "r1" : "r2",
                     .release_version = "4.1",
                     .host_id = uuid_random(i, 1),
                     .status = status,
                     .n_tokens = 2,
                     .tokens = tokens};
    gossip_output_init(&out);
    gossip_set_endpoint(w->nodes[i], &self, &out);
    gossip_output_done(&out);
    w->lives[i]++;
    w->next_tick_us[i] = w->now_us + (int64_t)roll(w, 1000000);
}

void net_kill(net *w, unsigned i)
{
    w->nodes[i] = gossip_free(w->nodes[i]);
    w->frozen[i] = false;
}

static void put(net *w, unsigned from, unsigned to, unsigned verb, bytes body)
{
    bool lost = w->cut[from][to] || roll(w, 100) < w->loss_percent;
    packet k = {w->now_us + 1000 + (int64_t)roll(w, (uint64_t)w->delay_us), from, to, verb};
    k.life = verb == ECHO_REPLY ? w->lives[to] : w->lives[from];
    if (lost && verb != VERB_ECHO && verb != ECHO_REPLY)
        return;
    if (lost) { /* the asker gives up */
        unsigned asker = verb == VERB_ECHO ? from : to;
        k = (packet){w->now_us + 2000000,
                     verb == VERB_ECHO ? to : from,
                     asker,
                     ECHO_LOST,
                     w->lives[asker],
                     NULL,
                     0};
    }
    if (body.n) {
        k.p = memcpy(xmalloc(body.n), body.p, body.n);
        k.n = body.n;
    }
    vec_push(&w->packets, k);
}

void net_apply(net *w, unsigned i, gossip_output *out)
{
    for (size_t k = 0; k < out->sends.n; k++)
        put(w, i, node_of(out->sends.p[k].to), out->sends.p[k].verb, out->sends.p[k].body);
    for (size_t k = 0; k < out->changes.n; k++) {
        unsigned who = node_of(out->changes.p[k].address);
        gossip_change_kind kind = out->changes.p[k].kind;
        w->ups[who] += kind == CHANGE_UP;
        w->downs[who] += kind == CHANGE_DOWN;
        w->restarts[who] += kind == CHANGE_RESTARTED;
        w->removed[who] += kind == CHANGE_REMOVED;
        w->collisions += kind == CHANGE_COLLISION;
    }
}

static void deliver(net *w, packet *k)
{
    gossip *g = w->nodes[k->to];
    gossip_output out;
    if (k->verb == VERB_ECHO) {
        if (g && w->lives[k->from] == k->life)
            put(w, k->to, k->from, ECHO_REPLY, BYTES_EMPTY);
        else if (w->lives[k->from] == k->life)
            vec_push(&w->packets,
                     (packet){w->now_us + 2000000, k->to, k->from, ECHO_LOST, k->life, NULL, 0});
        return;
    }
    if (!g || ((k->verb == ECHO_REPLY || k->verb == ECHO_LOST) && k->life != w->lives[k->to]))
        return;
    gossip_output_init(&out);
    if (k->verb == ECHO_REPLY || k->verb == ECHO_LOST)
        gossip_echoed(g, net_address(k->from), k->verb == ECHO_REPLY, w->now_us, &out);
    else
        must(gossip_receive(g, net_address(k->from), (verb)k->verb, bytes_of(k->p, k->n), w->now_us,
                            &out, NULL) == 0);
    net_apply(w, k->to, &out);
    gossip_output_done(&out);
}

static void tick(net *w, unsigned i)
{
    gossip_output out;
    gossip_output_init(&out);
    gossip_tick(w->nodes[i], w->now_us, &out);
    net_apply(w, i, &out);
    gossip_output_done(&out);
    w->next_tick_us[i] = w->now_us + 1000000;
}

/* The earliest packet for a node that is not frozen; what waits for a frozen one stays. */
static size_t next_packet(const net *w)
{
    size_t best = w->packets.n;
    for (size_t i = 0; i < w->packets.n; i++)
        if (!w->frozen[w->packets.p[i].to] &&
            (best == w->packets.n || w->packets.p[i].due_us < w->packets.p[best].due_us))
            best = i;
    return best;
}

static unsigned next_tick(const net *w)
{
    unsigned best = w->n;
    for (unsigned i = 0; i < w->n; i++)
        if (w->nodes[i] && !w->frozen[i] &&
            (best == w->n || w->next_tick_us[i] < w->next_tick_us[best]))
            best = i;
    return best;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void net_run(net *w, int64_t us)
{
    int64_t end = w->now_us + us;
    for (;;) {
        size_t k = next_packet(w);
        unsigned t = next_tick(w);
        int64_t due = k < w->packets.n ? w->packets.p[k].due_us : INT64_MAX;
        int64_t tick_us = t < w->n ? w->next_tick_us[t] : INT64_MAX;
        if (due > end && tick_us > end)
            break;
        if (due <= tick_us) {
            packet now = w->packets.p[k];
            w->packets.p[k] = w->packets.p[--w->packets.n];
            w->now_us = later(w->now_us, due);
            deliver(w, &now);
            free(now.p);
        } else {
            w->now_us = later(w->now_us, tick_us);
            tick(w, t);
        }
    }
    w->now_us = end;
}

static bool same_values(const member *a, const member *b)
{
    for (unsigned s = 0; s < GOSSIP_STATES_MAX; s++)
        if (a->states[s].version != b->states[s].version ||
            !bytes_eq(a->states[s].value, b->states[s].value))
            return false;
    return a->generation == b->generation;
}

bool net_converged(const net *w)
{
    for (unsigned i = 0; i < w->n; i++)
        for (unsigned k = 0; w->nodes[i] && k < w->n; k++) {
            const member *m = gossip_find(w->nodes[i], net_address(k));
            if (w->nodes[k] && (!m || !m->alive || !same_values(m, gossip_self(w->nodes[k]))))
                return false;
        }
    return true;
}

unsigned net_alive(const net *w, unsigned i)
{
    unsigned n = 0;
    for (unsigned k = 0; k < w->n; k++) {
        const member *m = w->nodes[k] ? gossip_find(w->nodes[k], net_address(i)) : NULL;
        n += m && m->alive;
    }
    return n;
}
