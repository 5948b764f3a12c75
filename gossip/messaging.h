/* messaging.h: conversations with other nodes.
 *
 * Each worker has at most one connection to each peer, made when first something is to be sent;
 * requests leave on it and their replies come back on it. What peers ask arrives on connections
 * that they made: each request runs its verb's handler as a coroutine on the worker that received
 * it. All that is sent in one turn of the loop leaves in one write.
 *
 * A peer that does not answer, is stopped, or reads slowly harms only what is sent to it: what is
 * unsent is bounded per worker and peer (ERR_OVERLOADED), connecting and the handshake have
 * deadlines, and after a failure everything to that peer fails at once with the reason until a
 * growing, jittered time has passed. A peer is named by its broadcast address; all nodes of a
 * cluster use one storage_port.
 *
 * Owner:   one per node. Handlers are set before messaging_start; messaging_free after
 *          messaging_stop.
 * Thread:  start and stop on worker 0; the rest on any worker, with that worker's env.
 * Errors:  of a request: what the handler returned with its sentence; ERR_REFUSED (not reachable)
 * and ERR_OVERLOADED: nothing was sent; ERR_TIMEOUT, ERR_CLOSED (connection lost): it may have been
 * done or not; ERR_NOT_SUPPORTED: the peer does not know the verb. Sources: docs/formats.md,
 * "internode".
 */
#pragma once
#include "proto/internode/internode.h"
#include "runtime/env.h"

typedef struct messaging messaging;

typedef struct messaging_options {
    const char *cluster_name;
    partitioner partitioner;
    const char *listen_address;    /* where to listen */
    const char *broadcast_address; /* what others call this node */
    uint16_t storage_port;
    int32_t generation;
    int64_t connect_timeout_us; /* connecting and handshake; 0: 2 s */
    size_t queue_bytes;         /* unsent to a peer, per worker; 0: 32 MiB */
} messaging_options;

/* Copies the strings. */
messaging *messaging_new(env *home, const messaging_options *o);
messaging *messaging_free(messaging *m); /* NULL is fine; returns NULL */

/* ---- what others ask ---- */
typedef struct message {
    const char *from; /* the sender's broadcast address */
    verb verb;
    bytes body;       /* in the arena */
    int64_t deadline; /* of the requester, on this node's clock */
    arena *arena;     /* ends with the request */
} message;

/* Writes the reply's body to `reply`; a negative return is sent as an error with err's sentence.
 * Of one-way messages both are ignored. */
typedef int co_fn (*message_handler)(void *arg, env *e, const message *q, buf *reply,
                                     err_info *err);
void messaging_handle(messaging *m, verb v, message_handler fn, void *arg);

/* Listens on all workers (worker 0 first). ERR_ADDRESS_IN_USE, ... */
int co_fn messaging_start(messaging *m, err_info *err);
/* Refuses new requests, ends what waits with ERR_CLOSED, closes every connection, waits for the
 * handlers. Before messaging_start, or a second time: does nothing. */
void co_fn messaging_stop(messaging *m);

/* ---- asking others ---- */
/* Sends without asking for an answer; does not suspend. An error means that it was not sent. */
int messaging_send(messaging *m, env *e, const char *peer, verb v, bytes body, err_info *err);

/* Waits for the reply; its body is copied to the arena. */
int co_fn messaging_ask(messaging *m, env *e, const char *peer, verb v, bytes body,
                        int64_t deadline, arena *a, bytes *ret_body, err_info *err);

/* The same for those who ask several and go on when some answered: does not suspend; `done` is
 * called exactly once, on this worker, unless messaging_cancel was called before: with 0 and the
 * reply's body (valid during the call), or the error. It must not suspend. The memory is the
 * caller's until then. If messaging_request itself fails, done is not called. Deadlines are
 * kept to about 20 ms. */
typedef struct message_wait message_wait;
struct message_wait {
    void (*done)(message_wait *w, int result, bytes body, const err_info *err);
    /* private */
    struct peer_link *peer;
    uint64_t id;
    int64_t deadline;
    verb verb;
};
int messaging_request(messaging *m, env *e, const char *peer, verb v, bytes body, int64_t deadline,
                      message_wait *w, err_info *err);
void messaging_cancel(messaging *m, env *e, message_wait *w); /* after done: does nothing */

/* ---- what the failure detector knows ---- */
/* Worker 0. Up: the next message connects at once. Down: connections are dropped, what waits for
 * answers of that peer fails with ERR_CLOSED. */
void messaging_peer_up(messaging *m, const char *peer);
void messaging_peer_down(messaging *m, const char *peer);

typedef struct messaging_stats {
    uint64_t sent, received, replies_sent, replies_received; /* messages */
    uint64_t timeouts, refused;                              /* requests; connections */
    uint64_t pending, connections;                           /* now: waiting requests; to peers */
} messaging_stats;
/* Sums over workers; any thread, roughly. */
void messaging_sum(const messaging *m, messaging_stats *ret);
