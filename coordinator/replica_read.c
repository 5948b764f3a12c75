/* Replicated reads: data from the closest replica, digests from as many others as the consistency
 * level asks for. When they differ, everybody's data is read and merged, what each lacks is
 * written back, and only then the client is answered (blocking read repair).
 *
 * A replica that fails, or does not answer within a fraction of the timeout, is made up for by
 * asking the next one, so a node that has just died costs a delay, not a request. */
#include "base/must.h"
#include "coordinator/gather.h"
#include "model/repair.h"

typedef struct replica_answer {
    uint16_t endpoint;
    bool has_digest;
    uint8_t digest[16];
    read_result *data; /* NULL: only a digest */
} replica_answer;

typedef struct replicated_read {
    coordinator *c;
    env *env;
    const replication *rep;
    const read_command *cmd;
    consistency cl;
    arena *arena;
    ring *ring;
    replica_plan plan;
    int64_t deadline;
    buf body;
    gather gather;
    uint16_t order[RING_NODES_MAX]; /* whom to ask, best first */
    unsigned n_order, next;         /* next: the first not asked yet */
    replica_answer *answers;
    unsigned n_answers, taken; /* taken: replies of the gather turned into answers or failures */
    bool ranged;
} replicated_read;

static replica_answer *add_answer(replicated_read *x, uint16_t endpoint)
{
    replica_answer *a = &x->answers[x->n_answers++];
    *a = (replica_answer){.endpoint = endpoint};
    return a;
}

static void take_data(replica_answer *a, read_result *data)
{
    a->data = data;
    a->has_digest = true;
    read_result_digest(data, a->digest);
}

/* ---- asking ---- */

static int co_fn read_here(replicated_read *x)
{
    read_result *data;
    err_info err = {0};
    int r = storage_read(x->c->storage, x->env, x->cmd, x->arena, &data, &err);
    if (r < 0) {
        log_warn(x->env->log, "A local read failed: %s", err.text);
        return r;
    }
    take_data(add_answer(x, (uint16_t)x->ring->local), data);
    return 0;
}

static bool ask_next(replicated_read *x, bool data)
{
    if (x->next == x->n_order)
        return false;
    verb v = x->ranged ? VERB_RANGE_READ : data ? VERB_READ : VERB_READ_DIGEST;
    gather_ask(&x->gather, x->order[x->next++], v, buf_view(&x->body));
    return true;
}

/* ---- answers ---- */

static void take_reply(replicated_read *x, gather_reply *r)
{
    err_info err = {0};
    replica_answer *a = add_answer(x, r->endpoint);
    int code;
    if (r->verb == VERB_READ_DIGEST) {
        code = digest_body_decode(buf_view(&r->body), a->digest, &err);
        a->has_digest = true;
    } else {
        bytes copy = arena_copy(x->arena, buf_view(&r->body));
        read_result *data = arena_new(x->arena, read_result);
        code = read_result_decode(copy, x->arena, data, &err);
        if (code == 0)
            take_data(a, data);
    }
    if (code < 0) {
        log_warn(x->env->log, "/%s answered a read with garbage: %s",
                 x->ring->endpoints[r->endpoint].address, err.text);
        x->n_answers--;
        ask_next(x, true);
    }
}

/* Takes what has come; makes up for failures. */
static void take_replies(replicated_read *x, bool *seen)
{
    for (unsigned i = 0; i < x->gather.n; i++) {
        gather_reply *r = x->gather.replies[i];
        if (seen[i] || r->state == REPLY_PENDING)
            continue;
        seen[i] = true;
        if (r->state == REPLY_ANSWERED)
            take_reply(x, r);
        else
            ask_next(x, true);
    }
}

static unsigned counted(const replicated_read *x, bool *ret_enough)
{
    uint16_t who[RING_NODES_MAX];
    unsigned n;
    for (unsigned i = 0; i < x->n_answers; i++)
        who[i] = x->answers[i].endpoint;
    *ret_enough = plan_enough(x->ring, x->rep, x->cl, x->plan.need, who, x->n_answers, &n);
    return n;
}

static replica_answer *first_data(replicated_read *x)
{
    for (unsigned i = 0; i < x->n_answers; i++)
        if (x->answers[i].data)
            return &x->answers[i];
    return NULL;
}

static int timed_out(replicated_read *x, err_info *err)
{
    bool enough;
    unsigned n = counted(x, &enough);
    err->data_present = first_data(x) != NULL;
    return coordinator_timeout(err, ERR_READ_TIMEOUT, x->cl, n, x->plan.need);
}

/* Waits until the level is satisfied and somebody's data is there. */
static int co_fn collect(replicated_read *x, bool *seen, err_info *err)
{
    int64_t now = env_mono_us(x->env), hurry = now + (x->deadline - now) / 20;
    for (;;) {
        bool enough;
        take_replies(x, seen);
        counted(x, &enough);
        if (enough && first_data(x))
            return 0;
        if (env_mono_us(x->env) >= x->deadline)
            return timed_out(x, err);
        int r = gather_wait(&x->gather, hurry < x->deadline ? hurry : x->deadline);
        if (r == ERR_CLOSED && !ask_next(x, true))
            return timed_out(x, err);
        if (r == ERR_TIMEOUT && hurry < x->deadline) {
            ask_next(x, true);
            hurry = x->deadline;
        }
    }
}

/* ---- repair ---- */

static bool all_agree(const replicated_read *x)
{
    for (unsigned i = 1; i < x->n_answers; i++)
        if (memcmp(x->answers[i].digest, x->answers[0].digest, 16))
            return false;
    return true;
}

/* Everybody who sent only a digest is asked for the data. */
static int co_fn fetch_data(replicated_read *x, err_info *err)
{
    gather g;
    int r = 0;
    gather_init(&g, x->c, x->env, x->ring, x->deadline, x->arena);
    for (unsigned i = 0; i < x->n_answers; i++)
        if (!x->answers[i].data)
            gather_ask(&g, x->answers[i].endpoint, VERB_READ, buf_view(&x->body));
    while (g.pending && r == 0)
        r = gather_wait(&g, x->deadline);
    for (unsigned i = 0; i < g.n; i++) {
        if (g.replies[i]->state != REPLY_ANSWERED) {
            r = ERR_TIMEOUT;
            continue;
        }
        read_result *data = arena_new(x->arena, read_result);
        bytes copy = arena_copy(x->arena, buf_view(&g.replies[i]->body));
        if (read_result_decode(copy, x->arena, data, err) < 0) {
            r = ERR_TIMEOUT;
            continue;
        }
        for (unsigned k = 0; k < x->n_answers; k++)
            if (x->answers[k].endpoint == g.replies[i]->endpoint)
                x->answers[k].data = data;
    }
    gather_done(&g);
    return r < 0 ? timed_out(x, err) : 0;
}

static void repair_one(replicated_read *x, gather *g, const replica_answer *a,
                       const read_result *merged, int *local)
{
    mutations ms = {0};
    read_result_diff(x->cmd, merged, a->data, x->arena, &ms);
    if (!ms.n)
        return;
    const mutation **list = arena_array(x->arena, const mutation *, ms.n);
    for (unsigned i = 0; i < ms.n; i++)
        list[i] = &ms.p[i];
    if (a->endpoint == x->ring->local) {
        err_info err;
        *local = storage_apply(x->c->storage, x->env, list, ms.n, &err);
        return;
    }
    buf body = {0};
    mutations_encode(list, ms.n, &body);
    gather_ask(g, a->endpoint, VERB_READ_REPAIR, buf_view(&body));
    buf_done(&body);
}

static int co_fn repair(replicated_read *x, const read_result *merged, err_info *err)
{
    gather g;
    int r = 0, local = 0;
    gather_init(&g, x->c, x->env, x->ring, x->deadline, x->arena);
    for (unsigned i = 0; i < x->n_answers; i++)
        repair_one(x, &g, &x->answers[i], merged, &local);
    while (g.pending && r == 0)
        r = gather_wait(&g, x->deadline);
    if (g.failed || local < 0)
        r = ERR_TIMEOUT;
    gather_done(&g);
    return r < 0 ? timed_out(x, err) : 0;
}

static int co_fn reconcile(replicated_read *x, read_result **ret, err_info *err)
{
    int r = fetch_data(x, err);
    if (r < 0)
        return r;
    const read_result **all = arena_array(x->arena, const read_result *, x->n_answers);
    for (unsigned i = 0; i < x->n_answers; i++)
        all[i] = x->answers[i].data;
    *ret = read_result_merge(x->cmd, all, x->n_answers, x->arena);
    return repair(x, *ret, err);
}

/* ---- the whole ---- */

static int co_fn run(replicated_read *x, read_result **ret, err_info *err)
{
    /* Every replica is asked at most once, so there are never more replies than replicas. */
    bool *seen = arena_array(x->arena, bool, x->n_order + 1);
    x->answers = arena_array(x->arena, replica_answer, x->n_order + 1);
    unsigned first = x->cl == CL_EACH_QUORUM ? x->n_order : x->plan.need;
    bool here = x->n_order && x->order[0] == x->ring->local;
    x->next = here;
    while (x->next < first && ask_next(x, x->next == 0))
        ;
    if (here && read_here(x) < 0)
        ask_next(x, true);
    int r = collect(x, seen, err);
    if (r < 0)
        return r;
    if (!all_agree(x))
        return reconcile(x, ret, err);
    *ret = first_data(x)->data;
    return 0;
}

int co_fn replicate_read(coordinator *c, env *e, const replication *rep, bytes token,
                         const uint16_t *only, unsigned n_only, const read_command *cmd,
                         consistency cl, arena *a, read_result **ret, err_info *err)
{
    err_info ignored = {0};
    replicated_read *x = arena_new(a, replicated_read);
    err = err ? err : &ignored;
    *x = (replicated_read){.c = c, .env = e, .rep = rep, .cmd = cmd, .cl = cl, .arena = a};
    x->ring = coordinator_ring(c, e);
    x->ranged = !cmd->key.p;
    x->deadline = env_mono_us(e) + (x->ranged ? c->range_timeout_us : c->read_timeout_us);
    int r = plan_make(x->ring, rep, token, cl, &x->plan, err);
    if (r == 0) {
        if (only) {
            memcpy(x->plan.replicas, only, n_only * sizeof *only);
            x->plan.n = n_only;
        }
        x->n_order = plan_read_order(x->ring, rep, cl, &x->plan, x->order);
        gather_init(&x->gather, c, e, x->ring, x->deadline, a);
        read_command_encode(cmd, &x->body);
        r = run(x, ret, err);
        gather_done(&x->gather);
        buf_done(&x->body);
    }
    ring_unref(x->ring);
    return r;
}
