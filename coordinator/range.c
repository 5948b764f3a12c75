/* Reads over a range of the ring: it is cut where the replicas change; neighbours are read as one
 * as long as enough live replicas hold them all, then the pieces in order until the limit. */
#include "base/must.h"
#include "coordinator/internal.h"

typedef struct piece {
    bytes from, to;           /* storage keys; null: the ring's end */
    bytes token;              /* one in it */
    const uint16_t *replicas; /* who holds all of it */
    unsigned n_replicas;
} piece;

typedef struct range_read {
    coordinator *c;
    env *env;
    const replication *rep;
    const read_command *cmd;
    consistency cl;
    arena *arena;
    ring *ring;
    read_result *out;
    uint32_t cap;
} range_read;

static bytes bound_after(range_read *x, bytes token)
{
    buf b = {0};
    key_encode_token_bound(x->ring->partitioner, token, true, &b);
    bytes copy = arena_copy(x->arena, buf_view(&b));
    buf_done(&b);
    return copy;
}

/* The live replicas that hold both. */
static unsigned common(const ring *r, const uint16_t *a, unsigned n, const replica_plan *p,
                       uint16_t *out)
{
    unsigned count = 0;
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < p->n; k++)
            if (a[i] == p->replicas[k] && r->endpoints[a[i]].alive)
                out[count++] = a[i];
    return count;
}

static void piece_held_by(range_read *x, piece *p, const uint16_t *replicas, unsigned n)
{
    uint16_t *copy = arena_array(x->arena, uint16_t, n);
    memcpy(copy, replicas, n * sizeof *copy);
    p->replicas = copy;
    p->n_replicas = n;
}

/* Cuts the ring into pieces; ERR_UNAVAILABLE when one has too few live replicas. The last piece
 * wraps: its owner is the first token's. */
static int cut(range_read *x, piece **ret, unsigned *ret_n, err_info *err)
{
    const ring *r = x->ring;
    piece *pieces = arena_array(x->arena, piece, r->n_tokens + 1), *last = NULL;
    uint16_t *both = arena_array(x->arena, uint16_t, RING_NODES_MAX);
    replica_plan *plan = arena_new(x->arena, replica_plan);
    unsigned n = 0, counted;
    for (unsigned i = 0; i <= r->n_tokens; i++) {
        bytes token = r->n_tokens ? r->tokens[i % r->n_tokens].token : BYTES_EMPTY;
        bytes end = i < r->n_tokens ? bound_after(x, token) : BYTES_NULL;
        int e = plan_make(r, x->rep, token, x->cl, plan, err);
        if (e < 0)
            return e;
        unsigned n_both = last ? common(r, last->replicas, last->n_replicas, plan, both) : 0;
        if (last && plan_enough(r, x->rep, x->cl, plan->need, both, n_both, &counted)) {
            last->to = end;
            if (n_both < last->n_replicas)
                piece_held_by(x, last, both, n_both);
        } else {
            bytes from = last ? last->to : BYTES_NULL;
            last = &pieces[n++];
            *last = (piece){.from = from, .to = end, .token = token};
            piece_held_by(x, last, plan->replicas, plan->n);
        }
    }
    *ret = pieces;
    *ret_n = n;
    return 0;
}

/* a < b where null is the end of the ring. */
static bool ends_before(bytes a, bytes b)
{
    return a.p && (!b.p || bytes_cmp(a, b) < 0);
}

/* The command for one piece; false: nothing of it is asked for. */
static bool narrow(range_read *x, const piece *p, bytes resume, read_command *ret)
{
    const read_command *c = x->cmd;
    *ret = *c;
    if (p->from.p && (!c->from.p || bytes_cmp(p->from, c->from) > 0))
        ret->from = p->from;
    if (ends_before(p->to, c->to))
        ret->to = p->to;
    if (ret->from.p && ret->to.p && bytes_cmp(ret->from, ret->to) >= 0)
        return false;
    if (resume.p && p->to.p && bytes_cmp(p->to, resume) <= 0)
        return false;
    if (resume.p && p->from.p && bytes_cmp(resume, p->from) < 0) {
        ret->resume_key = ret->resume_clustering = BYTES_NULL;
        ret->resume_partition_rows = 0;
    }
    if (c->limit != UINT32_MAX)
        ret->limit = c->limit - x->out->live_rows;
    return true;
}

static void append(range_read *x, const read_result *r)
{
    read_result *out = x->out;
    if (out->n_partitions + r->n_partitions > x->cap) {
        x->cap = (out->n_partitions + r->n_partitions) * 2;
        partition *more = arena_array(x->arena, partition, x->cap);
        if (out->n_partitions)
            memcpy(more, out->partitions, out->n_partitions * sizeof *more);
        out->partitions = more;
    }
    if (r->n_partitions)
        memcpy(out->partitions + out->n_partitions, r->partitions,
               r->n_partitions * sizeof *r->partitions);
    out->n_partitions += r->n_partitions;
    out->live_rows += r->live_rows;
    out->tombstones += r->tombstones;
    out->more = r->more;
    out->partition_finished = r->partition_finished;
}

static int co_fn read_pieces(range_read *x, const piece *pieces, unsigned n, err_info *err)
{
    buf prefix = {0};
    if (x->cmd->resume_key.p)
        key_encode_partition(x->ring->partitioner, x->cmd->resume_key, &prefix);
    bytes resume = x->cmd->resume_key.p ? buf_view(&prefix) : BYTES_NULL;
    int r = 0;
    for (unsigned i = 0; i < n && r == 0 && !x->out->more; i++) {
        read_command sub;
        read_result *result;
        if (x->out->n_partitions && x->out->live_rows >= x->cmd->limit) {
            x->out->more = x->out->partition_finished = true;
            break;
        }
        if (!narrow(x, &pieces[i], resume, &sub))
            continue;
        r = replicate_read(x->c, x->env, x->rep, pieces[i].token, pieces[i].replicas,
                           pieces[i].n_replicas, &sub, x->cl, x->arena, &result, err);
        if (r == 0)
            append(x, result);
    }
    buf_done(&prefix);
    return r;
}

int co_fn replicate_range(coordinator *c, env *e, const replication *rep, const read_command *cmd,
                          consistency cl, arena *a, read_result **ret, err_info *err)
{
    range_read *x = arena_new(a, range_read);
    piece *pieces;
    unsigned n;
    *x = (range_read){.c = c, .env = e, .rep = rep, .cmd = cmd, .cl = cl, .arena = a};
    x->ring = coordinator_ring(c, e);
    x->out = arena_new(a, read_result);
    int r = cut(x, &pieces, &n, err);
    if (r == 0)
        r = read_pieces(x, pieces, n, err);
    ring_unref(x->ring);
    *ret = x->out;
    return r;
}
