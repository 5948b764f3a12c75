/* Replicated writes: every live replica is sent the mutation; the client's answer waits for as many
 * as the consistency level asks for. Replicas that are down will need a hint or repair. */
#include "coordinator/gather.h"

/* One mutation on its way. */
typedef struct outgoing {
    replica_plan plan;
    gather gather;
    buf body;
} outgoing;

typedef struct replicated_write {
    coordinator *c;
    env *env;
    const write_request *w;
    const replication *rep;
    ring *ring;
    arena arena;
    int64_t deadline;
    outgoing *out; /* w->n */
    bool local_failed;
    err_info local_error;
} replicated_write;

int coordinator_timeout(err_info *err, int code, consistency cl, unsigned received, unsigned need)
{
    if (err) {
        err->consistency = cl;
        err->received = (int)received;
        err->block_for = (int)need;
    }
    return err_set(err, code, "Operation timed out - received only %u responses.", received);
}

static int plan_all(replicated_write *x, err_info *err)
{
    uint8_t token[TOKEN_FIXED_MAX];
    for (size_t i = 0; i < x->w->n; i++) {
        bytes t = token_of(x->ring->partitioner, x->w->mutations[i]->key, token);
        int r = plan_make(x->ring, x->rep, t, x->w->cl, &x->out[i].plan, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static void send_all(replicated_write *x)
{
    for (size_t i = 0; i < x->w->n; i++) {
        outgoing *o = &x->out[i];
        gather_init(&o->gather, x->c, x->env, x->ring, x->deadline, &x->arena);
        mutations_encode(&x->w->mutations[i], 1, &o->body);
        for (unsigned k = 0; k < o->plan.n; k++) {
            uint16_t endpoint = o->plan.replicas[k];
            if (endpoint != x->ring->local && x->ring->endpoints[endpoint].alive)
                gather_ask(&o->gather, endpoint, VERB_MUTATION, buf_view(&o->body));
        }
    }
}

/* This node's own share, in one record run: a batch is whole here or not at all. */
static void co_fn apply_local(replicated_write *x)
{
    const mutation **mine = arena_array(&x->arena, const mutation *, x->w->n);
    size_t n = 0;
    for (size_t i = 0; i < x->w->n; i++)
        if (x->out[i].plan.local)
            mine[n++] = x->w->mutations[i];
    int r = n ? coordinator_apply_here(x->c, x->env, x->w->keyspace, mine, n, &x->local_error) : 0;
    x->local_failed = r < 0;
}

static bool enough(const replicated_write *x, const outgoing *o, unsigned *ret_received)
{
    uint16_t answered[RING_NODES_MAX];
    unsigned n = 0;
    if (o->plan.local && !x->local_failed)
        answered[n++] = (uint16_t)x->ring->local;
    for (unsigned i = 0; i < o->gather.n; i++)
        if (o->gather.replies[i]->state == REPLY_ANSWERED)
            answered[n++] = o->gather.replies[i]->endpoint;
    return plan_enough(x->ring, x->rep, x->w->cl, o->plan.need, answered, n, ret_received);
}

static int co_fn wait_one(replicated_write *x, outgoing *o, err_info *err)
{
    unsigned received;
    while (!enough(x, o, &received))
        if (gather_wait(&o->gather, x->deadline) < 0) {
            if (x->local_failed && !o->gather.n) {
                *err = x->local_error;
                return err->code;
            }
            err->write_type = x->w->write_type;
            return coordinator_timeout(err, ERR_WRITE_TIMEOUT, x->w->cl, received, o->plan.need);
        }
    return 0;
}

int co_fn replicate_write(coordinator *c, env *e, const write_request *w, err_info *err)
{
    replication room;
    err_info ignored = {0};
    replicated_write x = {.c = c, .env = e, .w = w};
    x.ring = coordinator_ring(c, e);
    x.deadline = env_mono_us(e) + c->write_timeout_us;
    arena_init(&x.arena, 8 << 10);
    x.out = arena_array(&x.arena, outgoing, w->n);
    err = err ? err : &ignored;
    int r = coordinator_replication(c, e, w->keyspace, &x.rep, &room, err);
    if (r == 0 && x.rep != &room) { /* the cached one goes with the schema */
        room = *x.rep;
        x.rep = &room;
    }
    if (r == 0)
        r = plan_all(&x, err);
    if (r == 0) {
        send_all(&x);
        apply_local(&x);
        for (size_t i = 0; i < w->n && r == 0; i++)
            r = wait_one(&x, &x.out[i], err);
        for (size_t i = 0; i < w->n; i++) {
            gather_done(&x.out[i].gather);
            buf_done(&x.out[i].body);
        }
    }
    ring_unref(x.ring);
    arena_done(&x.arena);
    return r;
}
