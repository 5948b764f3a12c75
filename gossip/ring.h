/* ring.h: who holds what: endpoints, their tokens, and the replicas of a token, as pure functions
 * over an immutable snapshot.
 *
 * Owner:  a snapshot is reference counted; replaced whole by whoever learns something (gossip; on
 *         a single node: at start).
 * Thread: immutable, any.
 * Sources: storage_semantics sections 9, 10; SimpleStrategy walks the ring clockwise, taking
 *         distinct nodes; NetworkTopologyStrategy per data centre, racks first.
 */
#pragma once
#include <stdatomic.h>

#include "base/arena.h"
#include "base/uuid.h"
#include "model/schema.h"
#include "model/token.h"

typedef enum endpoint_status {
    ENDPOINT_NORMAL,
    ENDPOINT_JOINING,
    ENDPOINT_LEAVING,
    ENDPOINT_MOVING
} endpoint_status;

typedef struct endpoint {
    const char *address; /* broadcast address, what other nodes call it */
    const char *listen_address;
    const char *rpc_address; /* what clients call it */
    uint16_t storage_port, native_port, thrift_port;
    const char *dc, *rack;
    uuid host_id, schema_version;
    const char *release_version;
    bool alive;
    endpoint_status status;
    double load_bytes;
    int32_t generation, heartbeat;
    unsigned n_tokens;
    const bytes *tokens; /* sorted */
} endpoint;

typedef struct ring_token {
    bytes token;
    uint16_t endpoint;
} ring_token;

#define RING_NODES_MAX 1024

typedef struct ring {
    atomic_int refs;
    arena arena;
    partitioner partitioner;
    unsigned local; /* index of this node */
    unsigned n_endpoints;
    endpoint *endpoints;
    unsigned n_tokens;
    ring_token *tokens;  /* sorted by token */
    uint64_t generation; /* grows with every snapshot */
} ring;

/* Copies the endpoints (deeply). */
ring *ring_new(partitioner p, const endpoint *endpoints, unsigned n, unsigned local);
ring *ring_ref(ring *r);
ring *ring_unref(ring *r);
/* Index in tokens of the first token >= t (wrapping): its owner is the primary replica. */
unsigned ring_find(const ring *r, bytes token);

/* ---- replication strategies ---- */
typedef enum strategy { STRATEGY_SIMPLE, STRATEGY_NETWORK_TOPOLOGY, STRATEGY_LOCAL } strategy;
typedef struct replication {
    strategy strategy;
    int factor;     /* Simple */
    unsigned n_dcs; /* NetworkTopology */
    struct {
        const char *dc;
        int factor;
    } dcs[32];
} replication;
/* From keyspace options. ERR_CONFIG with Cassandra's sentences ("Unable to find replication
 * strategy class '...'", "Replication factor must be numeric; found abc", ...). Full class names
 * are returned by replication_class. Borrows the options' strings. */
int replication_parse(const options *o, replication *ret, err_info *e);
const char *replication_class(strategy s);
int replication_total(const replication *r); /* RF over all data centres */
int replication_in_dc(const replication *r, const char *dc);
/* Natural replicas of a token in ring order into out (room for RING_NODES_MAX); returns how many.
 */
unsigned ring_replicas(const ring *r, const replication *rep, bytes token, uint16_t *out);
/* Effective share (0..1 per copy, up to 1 per node) of an endpoint: "Owns (effective)". */
double ring_ownership(const ring *r, const replication *rep, unsigned endpoint);

/* What this node is called; fixed after start. */
typedef struct node_info {
    const char *cluster_name, *snitch_class; /* full class name */
    const char *release_version, *cql_version, *thrift_version, *native_version;
    partitioner partitioner;
    int64_t started_us;
} node_info;
