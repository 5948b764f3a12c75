/* plan.h: which replicas a request goes to and how many must answer.
 *
 * A pure function of a ring snapshot, a keyspace's replication, a token and a consistency level.
 */
#pragma once
#include "gossip/ring.h"
#include "model/consistency.h"

typedef struct replica_plan {
    unsigned n, alive; /* replicas, and how many of them live */
    unsigned need;     /* answers to wait for */
    bool local;        /* this node is one of them, and alive */
    uint16_t replicas[RING_NODES_MAX];
} replica_plan;

/* How many answers a level asks for with this replication, seen from a data centre. */
unsigned plan_need(const replication *rep, consistency cl, const char *local_dc);
/* ERR_UNAVAILABLE with consistency, required and alive. EACH_QUORUM counts per data centre. */
int plan_make(const ring *r, const replication *rep, bytes token, consistency cl, replica_plan *ret,
              err_info *err);
/* Levels that make no sense for a read, or for a write without a condition. ERR_INVALID. */
int plan_check_read(consistency cl, err_info *err);
int plan_check_write(consistency cl, err_info *err);
/* Are the answers of these replicas enough? *ret_counted: how many of them count for the level
 * (LOCAL_*: those of this node's data centre). */
bool plan_enough(const ring *r, const replication *rep, consistency cl, unsigned need,
                 const uint16_t *answered, unsigned n, unsigned *ret_counted);
/* The plan's live replicas that a read may ask, best first: this node, its data centre, others.
 * LOCAL_* asks its own data centre only. Returns how many. */
unsigned plan_read_order(const ring *r, const replication *rep, consistency cl,
                         const replica_plan *p, uint16_t *out);
