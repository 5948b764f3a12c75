/* gossiper.h: drives the gossip state machine (gossip.h) in a node.
 *
 * Runs a round every second on worker 0, sends by messaging.h what the machine wants to be sent,
 * feeds it what arrives, logs what has changed and hands out a new ring snapshot when the ring
 * changed. Life: gossiper_new (before messaging_start, for it sets the verbs' handlers),
 * messaging_start, maybe gossiper_shadow, gossiper_start, ..., gossiper_stop, messaging_stop,
 * gossiper_free.
 *
 * Owner:   one per node. Thread: worker 0. The callbacks run there and must not suspend.
 * Errors:  ERR_CONFIG (addresses, seeds), ERR_TIMEOUT, ERR_EXISTS (shadow round).
 */
#pragma once
#include "gossip/gossip.h"
#include "gossip/messaging.h"

typedef struct gossiper gossiper;

typedef struct gossiper_options {
    messaging *messaging;
    partitioner partitioner;
    const endpoint *self; /* copied; status JOINING announces BOOT instead of NORMAL */
    const char *const *seeds;
    size_t n_seeds;
    double phi_convict_threshold; /* 0: 8 */
    int64_t ring_delay_us;        /* 0: 30 s */
    int64_t first_arrival_us;     /* cassandra.fd_initial_value_ms; 0: 2 s */
    /* A new snapshot; takes over the reference. First called by gossiper_start, with this node
     * alone or all that the shadow round told. */
    void (*on_ring)(void *arg, ring *r);
    /* Each change, after on_ring; may be NULL. For clients' events and schema pulls. */
    void (*on_change)(void *arg, const gossip_change *c);
    double (*load_bytes)(void *arg); /* asked once a minute; may be NULL */
    void *arg;
} gossiper_options;

int gossiper_new(env *home, const gossiper_options *o, gossiper **ret, err_info *err);
gossiper *gossiper_free(gossiper *g); /* NULL is fine; returns NULL */

/* gossip_save and gossip_recall; recall comes before gossiper_shadow. */
void gossiper_save(const gossiper *g, buf *out);
int gossiper_recall(gossiper *g, bytes saved, err_info *err);

/* Asks the seeds who is there, until one has answered or the deadline: ERR_TIMEOUT "Unable to
 * gossip with any seeds". Without seeds but itself: 0 at once. ERR_EXISTS: another host uses this
 * address. */
int co_fn gossiper_shadow(gossiper *g, int64_t deadline, err_info *err);
/* Announces this node, publishes the first ring, starts the rounds; does not wait for others. */
void gossiper_start(gossiper *g);
/* Announces the shutdown and ends the rounds. A second start needs a newer generation. */
void co_fn gossiper_stop(gossiper *g);
void gossiper_restart(gossiper *g, int32_t generation);
bool gossiper_running(const gossiper *g);

/* Announce: a schema version (told to live nodes at once), the status NORMAL of a node that was
 * joining. */
void gossiper_set_schema(gossiper *g, uuid version);
void gossiper_set_normal(gossiper *g);
/* For gossipinfo, failuredetector, status. */
const gossip *gossiper_state(const gossiper *g);
/* The last snapshot that was published: a reference for the caller. After gossiper_start. */
ring *gossiper_ring(gossiper *g);
