/* The start of a SELECT: limits, partitions, slices, and the paging state it goes on from. */
#include "cql/scan.h"

static int read_limit(exec *x, const term *t, const char *what, uint32_t *ret)
{
    int64_t v;
    bytes given = BYTES_UNSET;
    int r = t ? term_value(t, x, &given) : 0;
    if (r == 0 && !bytes_is_unset(given) && !given.n)
        r = err_set(x->err, ERR_INVALID, "Invalid null value of limit");
    if (r == 0)
        r = term_int(t, x, UINT32_MAX, &v);
    if (r < 0)
        return r;
    if (t && v <= 0)
        return err_set(x->err, ERR_INVALID, "%s must be strictly positive", what);
    *ret = (uint32_t)v;
    return 0;
}

static int token_bound(scan *s, const term *t, bool after, bool upper, bytes *ret)
{
    exec *x = s->x;
    bytes v, token;
    if (!t)
        return 0;
    int r = term_key_value(t, x, &v);
    if (r == 0)
        r = token_from_cql(s->cmd.partitioner, v, x->a, &token, x->err);
    if (r < 0)
        return r;
    /* (x, minimum] means to the end of the ring. */
    if (upper && bytes_eq(token, token_minimum(s->cmd.partitioner)))
        return 0;
    buf b = {0};
    key_encode_token_bound(s->cmd.partitioner, token, after, &b);
    *ret = arena_copy(x->a, buf_view(&b));
    buf_done(&b);
    return 0;
}

static int plan_sources(scan *s)
{
    const restrictions *w = &s->p->where;
    if (!w->key_complete) {
        int r = token_bound(s, w->token_from, !w->token_from_inclusive, false, &s->cmd.from);
        return r < 0 ? r : token_bound(s, w->token_to, w->token_to_inclusive, true, &s->cmd.to);
    }
    if (!w->key_single)
        return restrictions_keys(w, s->x, &s->n_keys, &s->keys);
    bytes *key = arena_alloc(s->x->a, sizeof *key);
    s->keys = key;
    s->n_keys = 1;
    return restrictions_key(w, s->x, key);
}

static int resume(scan *s)
{
    const query_options *o = s->x->o;
    if (!o->paging_state.p || s->p->aggregate || s->p->sort_rows)
        return 0;
    int r = paging_decode(o->paging_state, &s->at, s->x->err);
    if (r < 0)
        return r;
    s->limit_left = s->at.remaining;
    if (s->p->where.key_complete) {
        while (s->key_at < s->n_keys && !bytes_eq(s->keys[s->key_at], s->at.key))
            s->key_at++;
        if (s->key_at == s->n_keys)
            return err_set(s->x->err, ERR_PROTOCOL, "Invalid value for the paging state");
        if (!s->at.clustering.p) {
            s->key_at++;
            s->at.key = BYTES_NULL;
        }
    }
    return 0;
}

int scan_begin(scan *s)
{
    exec *x = s->x;
    const select_plan *p = s->p;
    bool all;
    s->cmd = (read_command){.table = p->table->id,
                            .partitioner = coordinator_info(x->q->c)->partitioner,
                            .reversed = p->reversed,
                            .static_only = p->one_per_partition,
                            .with_static = p->wants_statics,
                            .now_s = x->now_s};
    s->page_left = UINT32_MAX;
    if (x->o->page_size > 0 && !p->aggregate && !p->sort_rows)
        s->page_left = (uint32_t)x->o->page_size;
    if (x->o->page_size > 0 && p->sort_rows)
        return err_set(x->err, ERR_INVALID,
                       "Cannot page queries with both ORDER BY and a IN restriction on the "
                       "partition key; you must either remove the ORDER BY or the IN and sort "
                       "client side, or disable paging for this query");
    int r = read_limit(x, p->limit, "LIMIT", &s->limit_left);
    if (r == 0)
        r = read_limit(x, p->per_partition_limit, "PER PARTITION LIMIT", &s->partition_limit);
    if (r == 0)
        r = plan_sources(s);
    if (r == 0 && consistency_is_serial(x->o->cl) && s->n_keys > 1)
        r = err_set(x->err, ERR_INVALID,
                    "SERIAL/LOCAL_SERIAL consistency may only be requested for one partition at a "
                    "time");
    if (r == 0)
        r = restrictions_slices(&p->where, x, &all, &s->cmd.n_slices, &s->cmd.slices);
    if (r == 0)
        r = resume(s);
    if (r < 0)
        return r;
    s->finished_sources = (!all && !s->cmd.n_slices) || (p->where.key_complete && !s->n_keys) ||
                          (p->where.key_complete && s->key_at == s->n_keys);
    s->n_filters = p->where.n_filters;
    if (p->aggregate || p->sort_rows)
        s->limit_left = p->aggregate ? UINT32_MAX : s->limit_left;
    if (p->aggregate || p->grouped) {
        s->group = arena_array(x->a, bytes, p->group_columns + 1);
        s->states = arena_array(x->a, aggregate_state, p->n_slots);
        s->firsts = arena_array(x->a, bytes, p->n_columns + 1);
    }
    return s->n_filters ? filters_bind(&p->where, x, &s->filters) : 0;
}
