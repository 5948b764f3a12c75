/* gossip.h: who is in the cluster and in which state, as a state machine without I/O.
 *
 * Every node tells about itself (heartbeat, application states) with one rising version; a node
 * that restarts has a higher generation. Once a second (gossip_tick) it sends a SYN with digests
 * of all it knows to one live node, maybe to one that is down, maybe to a seed; the ACK brings what
 * the other knows better and asks for what it lacks; the ACK2 delivers that. So whatever one node
 * knows, all know after a few rounds, lost messages or not.
 *
 * A node counts as up once it has answered an ECHO, and as down when the failure detector is
 * sure or it announced its shutdown.
 *
 * Every function that takes an `out` appends to it what is to be sent and what has changed; the
 * driver (gossiper.h) does the rest.
 *
 * Owner:   gossip_free() releases all. Outputs are the caller's; their contents are in out->arena.
 * Thread:  one at a time; in a node: worker 0.
 * Errors:  what peers send is checked; what makes no sense is left out.
 * Sources: storage_semantics 9, 10.
 */
#pragma once
#include "base/vec.h"
#include "gossip/failure_detector.h"
#include "gossip/ring.h"
#include "proto/internode/internode.h"

/* ---- application states ---- X(name, number, text); numbers are Cassandra's, from 32 our own */
#define APPLICATION_STATES(X)                                                                      \
    X(STATE_STATUS, 0, "STATUS")                                                                   \
    X(STATE_LOAD, 1, "LOAD")                                                                       \
    X(STATE_SCHEMA, 2, "SCHEMA")                                                                   \
    X(STATE_DC, 3, "DC")                                                                           \
    X(STATE_RACK, 4, "RACK")                                                                       \
    X(STATE_RELEASE_VERSION, 5, "RELEASE_VERSION")                                                 \
    X(STATE_REMOVAL_COORDINATOR, 6, "REMOVAL_COORDINATOR")                                         \
    X(STATE_INTERNAL_IP, 7, "INTERNAL_IP")                                                         \
    X(STATE_RPC_ADDRESS, 8, "RPC_ADDRESS")                                                         \
    X(STATE_SEVERITY, 10, "SEVERITY")                                                              \
    X(STATE_NET_VERSION, 11, "NET_VERSION")                                                        \
    X(STATE_HOST_ID, 12, "HOST_ID")                                                                \
    X(STATE_TOKENS, 13, "TOKENS")                                                                  \
    X(STATE_STORAGE_PORT, 32, "STORAGE_PORT")                                                      \
    X(STATE_NATIVE_PORT, 33, "NATIVE_PORT")                                                        \
    X(STATE_THRIFT_PORT, 34, "THRIFT_PORT")

typedef enum application_state {
#define X(name, number, text) name = number,
    APPLICATION_STATES(X)
#undef X
} application_state;
const char *application_state_name(unsigned state); /* NULL: unknown */

typedef struct state_value {
    int32_t version; /* 0: never set */
    bytes value;     /* heap; text, TOKENS: per token u32 length and bytes */
} state_value;

/* What is known of one node. */
typedef struct member {
    char address[INTERNODE_ADDRESS_MAX + 1];
    uint8_t order[17]; /* family and address: members are sorted by it */
    int32_t generation, heartbeat;
    state_value states[GOSSIP_STATES_MAX];
    bool alive;
    bool echoing; /* an ECHO is under way */
    bool collision_said;
    int64_t updated_us; /* the last news of it */
    arrival_window arrivals;
} member;

/* ---- output ---- */
typedef struct gossip_send {
    const char *to;
    verb verb; /* of ECHO: ask, and tell the outcome by gossip_echoed */
    bytes body;
} gossip_send;

typedef enum gossip_change_kind {
    CHANGE_NEW,       /* "Node /ip is now part of the cluster" */
    CHANGE_RESTARTED, /* newer generation */
    CHANGE_UP,
    CHANGE_DOWN,
    CHANGE_STATE,    /* application state `state` has a new value */
    CHANGE_REMOVED,  /* silent node without tokens, or one that left; forgotten */
    CHANGE_COLLISION /* another node claims an address in use (text says which); said once */
} gossip_change_kind;

typedef struct gossip_change {
    gossip_change_kind kind;
    const char *address;
    application_state state; /* CHANGE_STATE */
    const char *text;
} gossip_change;

typedef struct gossip_output {
    arena arena;
    vec(gossip_send) sends;
    vec(gossip_change) changes;
    bool ring_changed;  /* a new snapshot is worth publishing now */
    bool minor_changed; /* only load and the like */
} gossip_output;
void gossip_output_init(gossip_output *o);
void gossip_output_done(gossip_output *o);

/* ---- the machine ---- */
typedef struct gossip_options {
    partitioner partitioner;
    const char *address; /* broadcast address of this node, an IP */
    int32_t generation;
    const char *const *seeds; /* IPs; this node's own address may be among them */
    size_t n_seeds;
    double phi_convict_threshold; /* 0: 8 */
    int64_t interval_us;          /* 0: 1 s */
    int64_t first_arrival_us;     /* 0: two intervals */
    int64_t ring_delay_us;        /* 0: 30 s; fat clients, quarantine */
    uint64_t seed;                /* of chance */
} gossip_options;

typedef struct gossip gossip;
/* ERR_CONFIG: an address is not an IP. */
int gossip_new(const gossip_options *o, gossip **ret, err_info *err);
gossip *gossip_free(gossip *g); /* NULL is fine; returns NULL */

/* Sets a state of this node; its version rises (also for an equal value). */
void gossip_set(gossip *g, application_state state, bytes value, gossip_output *out);
void gossip_set_text(gossip *g, application_state state, const char *text, gossip_output *out);
/* All states that tell an endpoint; STATUS NORMAL, or BOOT when it is joining. */
void gossip_set_endpoint(gossip *g, const endpoint *self, gossip_output *out);
/* A new life of this node in the same process (gossip switched off and on). */
void gossip_restart(gossip *g, int32_t generation);

/* Once every interval. */
void gossip_tick(gossip *g, int64_t now_us, gossip_output *out);
/* SYNs to some live nodes (all of up to 8) out of turn, when something should be known soon. */
void gossip_spread(gossip *g, gossip_output *out);
/* A SYN, ACK, ACK2 or SHUTDOWN from a peer. ERR_CORRUPT, ERR_PROTOCOL: ignored. */
int gossip_receive(gossip *g, const char *from, verb v, bytes body, int64_t now_us,
                   gossip_output *out, err_info *err);
/* The outcome of an ECHO that was asked for. */
void gossip_echoed(gossip *g, const char *peer, bool answered, int64_t now_us, gossip_output *out);
/* SHUTDOWN to all live nodes. */
void gossip_leave(gossip *g, gossip_output *out);

/* Shadow round: a SYN without digests to every seed; their ACKs teach what they know without
 * telling them of us. Done once one has arrived (gossip_shadow_done), also one that knows nothing.
 */
void gossip_shadow(gossip *g, gossip_output *out);
bool gossip_shadow_done(const gossip *g);
/* What the shadow round told of this node's own address: ERR_EXISTS when another host uses it.
 * *ret_generation: at least this one is needed (the clock may have gone back). */
int gossip_shadow_check(const gossip *g, uuid host_id, int32_t *ret_generation, err_info *err);

/* What a node keeps of the others between its lives, so that it knows who holds what when it is
 * alone again: all members that have tokens, as they are told to peers. gossip_recall comes first
 * after gossip_new; whom it brings is down until he answers. ERR_CORRUPT. */
void gossip_save(const gossip *g, buf *out);
int gossip_recall(gossip *g, bytes saved, err_info *err);

/* ---- looking at it ---- */
bool gossip_has_other_seeds(const gossip *g);
size_t gossip_size(const gossip *g);                    /* members, this node included */
const member *gossip_member(const gossip *g, size_t i); /* sorted by address */
const member *gossip_find(const gossip *g, const char *address);
const member *gossip_self(const gossip *g);
bytes member_value(const member *m, application_state s); /* null: not set */
bool member_is(const member *m, const char *status);      /* STATUS begins with it: "NORMAL" */
double gossip_phi(const gossip *g, const member *m, int64_t now_us);
/* A snapshot of all members that have tokens, and this node: a reference for the caller. */
ring *gossip_ring(gossip *g);
