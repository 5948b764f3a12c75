/* lanes.h: what messaging's files share. A lane is one worker's part, touched only on that worker's
 * thread: its links to peers and the connections that peers made to it. */
#pragma once
#include "base/map.h"
#include "base/vec.h"
#include "gossip/messaging.h"

enum {
    SLOTS_MAX = 1 << 20, /* requests waiting for one peer */
    SAID_MAX = 16,
    IDLE_TASKS_MAX = 64,
};

typedef struct lane lane;

typedef enum link_state { LINK_IDLE, LINK_CONNECTING, LINK_UP } link_state;

/* To one peer. Never freed before the lane. */
typedef struct peer_link {
    lane *lane;
    char address[INTERNODE_ADDRESS_MAX + 1];
    link_state state;
    bool dropped;              /* the peer went down while connecting */
    stream *stream;            /* from the handshake on */
    buf queue;                 /* frames, while connecting */
    vec(message_wait *) slots; /* by the low bits of the id */
    vec(uint32_t) free_slots;
    uint64_t serial;
    int64_t retry_us; /* not before */
    int64_t backoff_us;
    err_info why; /* the last failure */
    bool refusal_said;
} peer_link;

/* What was said lately, so that it is said once. */
typedef struct said {
    char ip[INTERNODE_ADDRESS_MAX + 1];
    int what;
    int64_t until_us;
} said;

struct lane {
    messaging *m;
    env *env;
    map links;
    list incoming; /* of struct incoming */
    unsigned n_incoming;
    listener *listener;
    unsigned running; /* coroutines that use the lane */
    co_event ended;
    bool stopping, sweeping;
    list idle_tasks;
    unsigned n_idle_tasks;
    messaging_stats stats;
} __attribute__((aligned(64)));

typedef struct handler {
    message_handler fn;
    void *arg;
} handler;

enum { MESSAGING_MAGIC = 0x4d455353 };

struct messaging {
    int magic;
    env *home;
    char *cluster_name, *listen_address, *broadcast_address;
    partitioner partitioner;
    uint16_t storage_port;
    int32_t generation;
    int64_t connect_timeout_us;
    size_t queue_bytes;
    handler handlers[VERBS];
    bool started;
    said said[SAID_MAX]; /* worker 0's */
    unsigned next_said;
    unsigned n_lanes;
    lane *lanes;
};

static inline lane *lane_of(messaging *m, env *e)
{
    return &m->lanes[e->worker];
}

static inline void lane_enter(lane *l)
{
    l->running++;
}

static inline void lane_leave(lane *l)
{
    if (--l->running == 0)
        co_signal(l->env, &l->ended);
}

/* links.c */
peer_link *link_get(lane *l, const char *peer);
/* Queues or sends a frame; connects when needed. */
int link_send(peer_link *p, const internode_frame *f, err_info *err);
int link_add_wait(peer_link *p, message_wait *w, err_info *err);
void link_remove_wait(message_wait *w);
/* Connection and waits end; what follows connects anew. */
void link_drop(peer_link *p);
void link_drop_peer(lane *l, const char *peer); /* and what it connected to us */
/* The peer was heard of: no need to wait before connecting again. */
void link_forgive(lane *l, const char *peer);
void lanes_forgive(lane *here, const char *peer); /* on every worker; here at once */
void link_free(peer_link *p);
/* Ends waits whose deadline has passed. */
void link_sweep(peer_link *p, int64_t now_us);

/* incoming.c */
void co_fn incoming_main(void *arg, stream *s); /* arg: the lane */
/* All, or those of one peer. */
void incoming_shut(lane *l, const char *peer);
void incoming_done(lane *l);
