/* get_range_slices and get_paged_slice: rows in the order of the ring.
 *
 * A KeyRange becomes one interval of storage keys, or two when a range of tokens goes round. Rows
 * are read in pages until enough of them are whole: a row may begin on one page and end on the
 * next.
 */
#include "server/thrift/calls.h"
#include "server/thrift/checks.h"

enum { RANGE_PAGE_ROWS = 4096 };

typedef struct key_interval {
    bytes from, to; /* storage keys; null: the ring's end */
} key_interval;

typedef struct range_read {
    thrift_target target;
    column_query query;
    consistency cl;
    uint32_t count;  /* rows asked for */
    uint64_t budget; /* columns asked for, in all rows together */
    uint64_t spent;  /* in whole rows */
    size_t cap;
    thrift_list_key_slice out;
    column_collector row; /* the one being read */
    bytes key;            /* its key, or null */
} range_read;

/* ---- the interval ---- */

static bytes take(buf *b, arena *a)
{
    return arena_copy(a, buf_view(b));
}

/* What precedes, or follows, everything of a partition. */
static bytes key_bound(thrift_context *x, bytes key, bool past)
{
    buf *b = thrift_scratch(x);
    b->n = 0;
    key_encode_partition(x->node->info.partitioner, key, b);
    if (past)
        buf_u8(b, 0xff);
    return take(b, x->arena);
}

static int token_bound(thrift_context *x, bytes text, bytes *ret_token, bytes *ret)
{
    partitioner p = x->node->info.partitioner;
    buf *b = thrift_scratch(x);
    int r = token_from_text(p, text, x->arena, ret_token, &x->err);
    if (r < 0)
        return r;
    b->n = 0;
    key_encode_token_bound(p, *ret_token, true, b);
    *ret = take(b, x->arena);
    return 0;
}

static bool is_minimum(thrift_context *x, bytes token)
{
    return bytes_eq(token, token_minimum(x->node->info.partitioner));
}

/* Both ends by tokens: (start, end], round the ring when it must. */
static int token_intervals(thrift_context *x, const thrift_key_range *r, key_interval ret[2],
                           unsigned *ret_n)
{
    bytes start, end, from, to;
    int e = token_bound(x, r->start_token, &start, &from);
    if (e == 0)
        e = token_bound(x, r->end_token, &end, &to);
    if (e < 0)
        return e;
    bool to_the_end = is_minimum(x, end);
    *ret_n = 1;
    ret[0] = (key_interval){is_minimum(x, start) ? BYTES_NULL : from, to_the_end ? BYTES_NULL : to};
    if (!to_the_end && bytes_cmp(start, end) >= 0) {
        ret[0].to = BYTES_NULL;
        ret[1] = (key_interval){BYTES_NULL, to};
        *ret_n = 2;
    }
    return 0;
}

static int check_order(thrift_context *x, key_interval i, const char *end)
{
    if (!i.from.p || !i.to.p || bytes_cmp(i.from, i.to) <= 0)
        return 0;
    return err_set(&x->err, ERR_INVALID,
                   "start key's token sorts after end %s token.  this is not allowed; you probably "
                   "should not specify end key at all except with an ordered partitioner",
                   end);
}

static int intervals_of(thrift_context *x, const thrift_key_range *r, key_interval ret[2],
                        unsigned *ret_n)
{
    bytes token;
    *ret_n = 1;
    if (r->start_token.p)
        return token_intervals(x, r, ret, ret_n);
    ret[0] =
        (key_interval){r->start_key.n ? key_bound(x, r->start_key, false) : BYTES_NULL, BYTES_NULL};
    if (r->end_key.p) {
        ret[0].to = r->end_key.n ? key_bound(x, r->end_key, true) : BYTES_NULL;
        return check_order(x, ret[0], "key's");
    }
    int e = token_bound(x, r->end_token, &token, &ret[0].to);
    if (e == 0 && is_minimum(x, token))
        ret[0].to = BYTES_NULL;
    return e < 0 ? e : check_order(x, ret[0], "token's");
}

/* ---- rows ---- */

static void end_row(thrift_context *x, range_read *g)
{
    if (!g->key.p)
        return;
    column_collector_end(&g->row);
    if (g->out.n == g->cap) {
        g->cap = g->cap ? g->cap * 2 : 16;
        thrift_key_slice *more = arena_alloc(x->arena, g->cap * sizeof *more);
        if (g->out.n)
            memcpy(more, g->out.v, g->out.n * sizeof *more);
        g->out.v = more;
    }
    g->out.v[g->out.n++] = (thrift_key_slice){.key = g->key, .columns = g->row.out};
    g->spent += g->row.out.n;
    g->key = BYTES_NULL;
}

/* False: enough rows are whole. */
static bool take_partition(thrift_context *x, range_read *g, const partition *p, int64_t now_s)
{
    if (!g->key.p || !bytes_eq(g->key, p->key)) {
        end_row(x, g);
        if (g->out.n >= g->count)
            return false;
        g->key = p->key;
        column_collector_init(&g->row, &g->query, now_s, x->arena);
    }
    column_collect(&g->row, p);
    return true;
}

static uint32_t live_rows(const partition *p, int64_t now_s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->n_rows; i++)
        n += row_is_live(p->rows[i], now_s);
    return n;
}

static void resume_after(read_command *cmd, const read_result *r)
{
    const partition *p = &r->partitions[r->n_partitions - 1];
    bool same = cmd->resume_key.p && bytes_eq(cmd->resume_key, p->key);
    uint32_t before = same ? cmd->resume_partition_rows : 0;
    cmd->resume_key = p->key;
    cmd->resume_clustering =
        r->partition_finished || !p->n_rows ? BYTES_NULL : p->rows[p->n_rows - 1]->clustering;
    cmd->resume_partition_rows = before + live_rows(p, cmd->now_s);
}

static uint64_t columns_left(const range_read *g)
{
    uint64_t have = g->spent + (g->key.p ? g->row.out.n : 0);
    return have < g->budget ? g->budget - have : 0;
}

static uint32_t page_limit(const range_read *g, const read_command *cmd)
{
    uint64_t wanted = (uint64_t)(g->count - g->out.n) * cmd->partition_limit;
    uint64_t left = columns_left(g);
    wanted = wanted < left ? wanted : left;
    return wanted < RANGE_PAGE_ROWS ? (uint32_t)wanted : RANGE_PAGE_ROWS;
}

static int co_fn read_interval(thrift_context *x, range_read *g, key_interval interval)
{
    read_command cmd = thrift_read_command(x, &g->query, BYTES_NULL);
    read_result *result;
    cmd.from = interval.from;
    cmd.to = interval.to;
    for (;;) {
        cmd.limit = page_limit(g, &cmd);
        int r = coordinate_read(x->node->coordinator, x->env, g->target.keyspace, &cmd, g->cl,
                                x->arena, &result, &x->err);
        if (r < 0)
            return r;
        for (uint32_t i = 0; i < result->n_partitions; i++)
            if (!take_partition(x, g, &result->partitions[i], cmd.now_s))
                return 0;
        if (!result->more || !result->n_partitions || columns_left(g) == 0)
            break;
        resume_after(&cmd, result);
        if (!cmd.resume_clustering.p) {
            end_row(x, g);
            if (g->out.n >= g->count)
                return 0;
        }
    }
    end_row(x, g);
    return 0;
}

static int co_fn read_range(thrift_context *x, range_read *g, const thrift_key_range *range)
{
    key_interval intervals[2];
    unsigned n;
    int r = intervals_of(x, range, intervals, &n);
    for (unsigned i = 0; i < n && r == 0 && g->out.n < g->count && g->query.count; i++)
        if (columns_left(g))
            r = read_interval(x, g, intervals[i]);
    return r;
}

static int check_range_call(thrift_context *x, const column_view *v,
                            const thrift_get_range_slices_args *args)
{
    bytes super = args->column_parent.super_column;
    int r = check_parent(v, super, x->arena, &x->err);
    if (r == 0)
        r = check_predicate(v, super, &args->predicate, thrift_scratch(x), x->arena, &x->err);
    if (r == 0)
        r = check_key_range(&args->range, &x->err);
    if (r == 0 && args->range.row_filter.n)
        r = err_set(&x->err, ERR_NOT_SUPPORTED, "KeyRange.row_filter is not supported yet");
    return r;
}

int thrift_call_get_range_slices(thrift_context *x)
{
    const thrift_get_range_slices_args *args = x->call->args;
    range_read g = {.count = (uint32_t)args->range.count, .budget = UINT64_MAX};
    int r = thrift_consistency(x, args->consistency_level, &g.cl);
    if (r == 0)
        r = thrift_open(x, args->column_parent.column_family, false, &g.target);
    if (r < 0)
        return r;
    const column_view *v = &g.target.view;
    r = check_range_call(x, v, args);
    if (r == 0) {
        column_query_init(&g.query, v, args->column_parent.super_column, &args->predicate,
                          thrift_scratch(x), x->arena);
        r = read_range(x, &g, &args->range);
    }
    if (r == 0)
        thrift_answer(x, &(thrift_get_range_slices_reply){.has_success = true, .success = g.out});
    thrift_close(&g.target);
    return r;
}

/* ---- get_paged_slice: so many columns, from a place in the first row on ---- */

static void query_from(thrift_context *x, range_read *g, bytes start)
{
    thrift_slice_range all = thrift_slice_range_default;
    thrift_slice_predicate p = {.slice_range = &all};
    all.start = start;
    all.finish = BYTES_EMPTY;
    all.count = (int32_t)g->budget;
    column_query_init(&g->query, &g->target.view, BYTES_NULL, &p, thrift_scratch(x), x->arena);
}

/* Pages count rows of storage: declared columns may have come beyond the budget. */
static void cut_to_budget(range_read *g)
{
    uint64_t left = g->budget;
    size_t n = 0;
    for (; n < g->out.n && left; n++) {
        thrift_list_column_or_super_column *columns = &g->out.v[n].columns;
        if (columns->n > left)
            columns->n = left;
        left -= columns->n;
    }
    g->out.n = n;
}

static int co_fn read_paged(thrift_context *x, range_read *g, const thrift_key_range *range,
                            bytes start)
{
    key_interval intervals[2];
    unsigned n;
    int r = intervals_of(x, range, intervals, &n);
    if (r == 0 && start.n) {
        key_interval first = {intervals[0].from, key_bound(x, range->start_key, true)};
        query_from(x, g, start);
        r = read_interval(x, g, first);
        intervals[0].from = first.to;
    }
    query_from(x, g, BYTES_EMPTY);
    for (unsigned i = 0; i < n && r == 0; i++)
        if (columns_left(g))
            r = read_interval(x, g, intervals[i]);
    cut_to_budget(g);
    return r;
}

static int check_paged_call(thrift_context *x, const column_view *v,
                            const thrift_get_paged_slice_args *args)
{
    const thrift_key_range *range = &args->range;
    bytes start = args->start_column;
    int r = check_key_range(range, &x->err);
    if (r == 0 && range->row_filter.n)
        r = err_set(&x->err, ERR_INVALID,
                    "Cross-row paging is not supported along with index clauses");
    if (r == 0 && v->shape == SHAPE_SUPER)
        r = err_set(&x->err, ERR_NOT_SUPPORTED,
                    "get_paged_slice of super column families is not supported yet");
    if (r == 0 && start.n && !(range->start_key.p && range->start_key.n))
        r = err_set(&x->err, ERR_INVALID,
                    "If a start column is provided, so must the start key be");
    return r == 0 && start.n ? column_check_name(v, BYTES_NULL, start, true, x->arena, &x->err) : r;
}

int thrift_call_get_paged_slice(thrift_context *x)
{
    const thrift_get_paged_slice_args *args = x->call->args;
    range_read g = {.count = UINT32_MAX, .budget = (uint64_t)args->range.count};
    int r = thrift_consistency(x, args->consistency_level, &g.cl);
    if (r == 0)
        r = thrift_open(x, args->column_family, false, &g.target);
    if (r < 0)
        return r;
    r = check_paged_call(x, &g.target.view, args);
    if (r == 0)
        r = read_paged(x, &g, &args->range, args->start_column);
    if (r == 0)
        thrift_answer(x, &(thrift_get_paged_slice_reply){.has_success = true, .success = g.out});
    thrift_close(&g.target);
    return r;
}
