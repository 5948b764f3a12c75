/* gather.h: one question to several replicas, and their answers as they come.
 *
 * Owner:  embeds in the asker's frame; gather_done cancels what is still under way, so nothing
 *         outlives the asker. The answers' bodies live until gather_done.
 * Thread: one worker. Suspend: gather_wait only.
 */
#pragma once
#include "coordinator/internal.h"
#include "gossip/messaging.h"

typedef enum reply_state { REPLY_PENDING, REPLY_ANSWERED, REPLY_FAILED } reply_state;

typedef struct gather_reply {
    message_wait wait;
    struct gather *of;
    uint16_t endpoint; /* in the ring */
    verb verb;
    reply_state state;
    buf body;
    int code; /* of a failure */
} gather_reply;

typedef struct gather {
    coordinator *c;
    env *env;
    const ring *ring; /* the asker's reference */
    int64_t deadline;
    co_event changed;
    unsigned n, cap, pending, answered, failed;
    gather_reply **replies; /* in the order asked */
    arena *arena;
} gather;

void gather_init(gather *g, coordinator *c, env *e, const ring *r, int64_t deadline, arena *a);
void gather_done(gather *g);
/* A question that cannot be sent counts as failed at once. */
void gather_ask(gather *g, uint16_t endpoint, verb v, bytes body);
/* Waits until anything has changed since the last call (an answer or a failure), or the time has
 * come (ERR_TIMEOUT). Returns at once with ERR_CLOSED when nothing is pending. */
int co_fn gather_wait(gather *g, int64_t until);

/* ---- handlers of schema verbs (schema_sync.c) ---- */
int co_fn schema_take_push(void *arg, env *e, const message *q, buf *reply, err_info *err);
int co_fn schema_give_all(void *arg, env *e, const message *q, buf *reply, err_info *err);
