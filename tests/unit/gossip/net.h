/* net.h: gossip state machines that talk through a bad network, in virtual time. */
#pragma once
#include "gossip/gossip.h"

enum { NET_MAX = 32, ECHO_REPLY = 200, ECHO_LOST = 201 };

typedef struct packet {
    int64_t due_us;
    unsigned from, to;
    unsigned verb;
    uint32_t life; /* of the sender of an ECHO: replies to a dead one are lost */
    uint8_t *p;
    size_t n;
} packet;

typedef struct net {
    unsigned n;
    gossip *nodes[NET_MAX]; /* NULL: not running */
    uint32_t lives[NET_MAX];
    bool frozen[NET_MAX]; /* stopped with SIGSTOP */
    int64_t next_tick_us[NET_MAX];
    bool cut[NET_MAX][NET_MAX]; /* one-way */
    unsigned loss_percent;
    int64_t delay_us; /* at most; 0: 1 ms each */
    int64_t now_us;
    uint64_t random;
    vec(packet) packets;
    unsigned ups[NET_MAX], downs[NET_MAX], restarts[NET_MAX], removed[NET_MAX]; /* seen, of all */
    unsigned collisions;
} net;

void net_init(net *w, unsigned n, uint64_t seed);
void net_done(net *w);
void net_options(const net *w, unsigned i, gossip_options *o); /* nodes 0 and 1 are seeds */
/* A node starts a life: endpoint with host id i, two tokens. status as given. */
void net_start(net *w, unsigned i, int32_t generation, endpoint_status status);
void net_kill(net *w, unsigned i);
void net_run(net *w, int64_t us);
/* Carries out what a machine wants, and counts its changes. */
void net_apply(net *w, unsigned i, gossip_output *out);
const char *net_address(unsigned i);
/* Every running node has every running node alive, with equal values. */
bool net_converged(const net *w);
/* How many running nodes see i as alive. */
unsigned net_alive(const net *w, unsigned i);
