/* INSERT, UPDATE and DELETE, executed: a plan and values become mutations. */
#include "coordinator/plan.h"
#include "cql/cas.h"

static int read_timestamp(const modify_plan *p, exec *x, int64_t *ret)
{
    bytes v;
    if (!p->timestamp) {
        *ret = exec_timestamp(x);
        return 0;
    }
    int r = term_value(p->timestamp, x, &v);
    if (r < 0)
        return r;
    if (!v.p)
        return err_set(x->err, ERR_INVALID, "Invalid null value of timestamp");
    if (bytes_is_unset(v) || v.n != 8)
        *ret = exec_timestamp(x);
    else
        *ret = (int64_t)get_be64(v.p);
    if (*ret == INT64_MIN)
        return err_set(x->err, ERR_INVALID, "Timestamp %lld is out of range", (long long)*ret);
    return 0;
}

static int read_ttl(const modify_plan *p, exec *x, write_params *w)
{
    int64_t ttl = p->table->options.default_time_to_live_s;
    bytes v;
    if (p->ttl) {
        int r = term_value(p->ttl, x, &v);
        if (r < 0)
            return r;
        if (!v.p || v.n == 4)
            ttl = v.p ? (int32_t)get_be32(v.p) : 0;
    }
    if (ttl < 0)
        return err_set(x->err, ERR_INVALID, "A TTL must be greater or equal to 0, but was %lld",
                       (long long)ttl);
    if (ttl > MAX_TTL_S)
        return err_set(x->err, ERR_INVALID, "ttl is too large. requested (%lld) maximum (%d)",
                       (long long)ttl, MAX_TTL_S);
    if (ttl && x->now_s + ttl >= NO_DELETION_TIME)
        return err_set(x->err, ERR_INVALID,
                       "Request on table %s.%s with %sttl of %lld seconds exceeds maximum "
                       "supported expiration date of 2038-01-19T03:14:06+00:00. In order to avoid "
                       "this use a lower TTL",
                       p->table->keyspace, p->table->name, p->ttl ? "" : "default ",
                       (long long)ttl);
    w->ttl_s = (int32_t)ttl;
    w->expiry_s = ttl ? (int32_t)(x->now_s + ttl) : NO_DELETION_TIME;
    return 0;
}

static int write_params_of(const modify_plan *p, exec *x, write_params *ret)
{
    *ret = (write_params){.x = x, .expiry_s = NO_DELETION_TIME};
    int r = read_timestamp(p, x, &ret->timestamp);
    if (r < 0 || p->kind == AST_DELETE)
        return r;
    return read_ttl(p, x, ret);
}

static void row_begin(const modify_plan *p, const write_params *w, row *r)
{
    *r = (row){.live = LIVENESS_NONE, .deletion = DELETION_NONE};
    if (p->marker)
        r->live = (liveness){w->timestamp, w->ttl_s, w->expiry_s};
    if (p->delete_rows)
        r->deletion = (deletion){w->timestamp, w->x->now_s};
}

static int check_clustering_size(const table *t, exec *x, bytes encoded)
{
    if (encoded.n > 2 * PARTITION_KEY_MAX)
        return err_set(x->err, ERR_INVALID,
                       "The sum of all clustering columns is too long (%zu > %d) in table %s",
                       encoded.n, PARTITION_KEY_MAX, t->name);
    return 0;
}

/* One row by its full key: the way of almost every write. */
static int run_plain(const modify_plan *p, exec *x, const write_params *w, mutation *m)
{
    const restrictions *where = &p->where;
    const table *t = p->table;
    int r = restrictions_key(where, x, &m->key);
    if (r < 0)
        return r;
    row *row = arena_alloc(x->a, sizeof *row);
    row_begin(p, w, row);
    row->clustering = CLUSTERING_EMPTY;
    if (t->n_clustering) {
        bytes room[8];
        bytes *values = t->n_clustering <= 8 ? room : arena_array(x->a, bytes, t->n_clustering);
        unsigned at = 0;
        for (unsigned i = 0; i < where->n_prefix && at == i; i++, at++) {
            if (where->prefix[i]->n_columns > 1)
                break;
            if ((r = term_key_value(where->prefix[i]->values[0], x, &values[at])) < 0)
                return r;
        }
        if (at == t->n_clustering) {
            encode_clustering(t, values, at, 0, x->a, &row->clustering);
        } else {
            unsigned n;
            const bytes *rows;
            if ((r = restrictions_rows(where, x, &n, &rows)) < 0)
                return r;
            row->clustering = rows[0];
        }
        if ((r = check_clustering_size(t, x, row->clustering)) < 0)
            return r;
    }
    r = row_fill(p, w, false, row);
    if (r < 0)
        return r;
    m->n_rows = p->marker || row->n_cells || p->delete_rows;
    m->rows = row;
    return 0;
}

/* ---- everything else ---- */

typedef struct shape {
    row *statics;
    unsigned n_rows, n_ranges;
    row *rows;
    range_tombstone *ranges;
} shape;

static int shape_rows(const modify_plan *p, const write_params *w, shape *s)
{
    exec *x = w->x;
    const bytes *clusterings = &CLUSTERING_EMPTY;
    unsigned n = 1;
    row filled;
    row_begin(p, w, &filled);
    int r = p->n_regular_ops ? row_fill(p, w, false, &filled) : 0;
    if (r == 0 && p->table->n_clustering)
        r = restrictions_rows(&p->where, x, &n, &clusterings);
    if (r < 0)
        return r;
    s->rows = arena_array(x->a, row, n + 1);
    bool empty = !p->marker && !p->delete_rows && !filled.n_cells && !filled.n_column_deletions;
    for (unsigned i = 0; i < n && !empty; i++) {
        s->rows[i] = filled;
        s->rows[i].clustering = clusterings[i];
        if ((r = check_clustering_size(p->table, x, clusterings[i])) < 0)
            return r;
    }
    s->n_rows = empty ? 0 : n;
    return 0;
}

static int shape_ranges(const modify_plan *p, const write_params *w, shape *s)
{
    exec *x = w->x;
    bool all;
    const clustering_slice *slices;
    int r = restrictions_slices(&p->where, x, &all, &s->n_ranges, &slices);
    if (r < 0)
        return r;
    must(!all);
    s->ranges = arena_array(x->a, range_tombstone, s->n_ranges + 1);
    for (unsigned i = 0; i < s->n_ranges; i++)
        s->ranges[i] = (range_tombstone){slices[i].start, slices[i].end, {w->timestamp, x->now_s}};
    return 0;
}

/* The row as it is, for list operations that name elements by place or value. */
static int co_fn read_present(const modify_plan *p, write_params *w)
{
    exec *x = w->x;
    const table *t = p->table;
    read_result *res;
    clustering_slice *slice = arena_new(x->a, clustering_slice);
    unsigned n = 1;
    const bytes *rows = &CLUSTERING_EMPTY;
    read_command cmd = {.table = t->id,
                        .partitioner = coordinator_info(x->q->c)->partitioner,
                        .with_static = p->n_static_ops != 0,
                        .static_only = p->target == TARGET_STATIC,
                        .limit = UINT32_MAX,
                        .partition_limit = UINT32_MAX,
                        .now_s = x->now_s};
    if (!p->where.key_single)
        return err_set(x->err, ERR_NOT_SUPPORTED,
                       "List operations by index or value on several partitions are not supported "
                       "yet");
    int r = restrictions_key(&p->where, x, &cmd.key);
    if (r == 0 && t->n_clustering && p->target == TARGET_ROWS)
        r = restrictions_rows(&p->where, x, &n, &rows);
    if (r == 0 && n != 1)
        r = err_set(x->err, ERR_NOT_SUPPORTED,
                    "List operations by index or value on several rows are not supported yet");
    if (r < 0)
        return r;
    if (p->target == TARGET_ROWS) {
        buf end = {0};
        buf_bytes(&end, rows[0]);
        buf_u8(&end, 0);
        *slice = (clustering_slice){rows[0], arena_copy(x->a, buf_view(&end))};
        buf_done(&end);
        cmd.slices = slice;
        cmd.n_slices = 1;
    }
    consistency cl = x->o->cl == CL_ANY || x->o->cl == CL_EACH_QUORUM ? CL_QUORUM : x->o->cl;
    r = coordinate_read(x->q->c, x->e, p->keyspace, &cmd, cl, x->a, &res, x->err);
    if (r < 0 || !res->n_partitions)
        return r;
    w->present = res->partitions[0].n_rows ? res->partitions[0].rows[0] : NULL;
    w->present_static = res->partitions[0].static_row;
    return 0;
}

static int shape_of(const modify_plan *p, const write_params *w, shape *s)
{
    *s = (shape){0};
    if (p->n_static_ops) {
        s->statics = arena_new(w->x->a, row);
        *s->statics = (row){.live = LIVENESS_NONE, .deletion = DELETION_NONE};
        int r = row_fill(p, w, true, s->statics);
        if (r < 0)
            return r;
        if (row_is_empty(s->statics))
            s->statics = NULL;
    }
    switch (p->target) {
    case TARGET_ROWS:
        return shape_rows(p, w, s);
    case TARGET_SLICES:
        return shape_ranges(p, w, s);
    default:
        return 0;
    }
}

static int run_general(const modify_plan *p, exec *x, const write_params *w, mutations *out)
{
    shape s;
    unsigned n;
    const bytes *keys;
    int r = shape_of(p, w, &s);
    if (r == 0)
        r = restrictions_keys(&p->where, x, &n, &keys);
    if (r == 0)
        r = check_product(x, (uint64_t)n * (s.n_rows + s.n_ranges));
    if (r < 0)
        return r;
    for (unsigned i = 0; i < n; i++) {
        mutation *m = mutations_add(out, x->a);
        *m = (mutation){.table = p->table->id,
                        .key = keys[i],
                        .deletion = DELETION_NONE,
                        .static_row = s.statics,
                        .n_rows = s.n_rows,
                        .rows = s.rows,
                        .n_ranges = s.n_ranges,
                        .ranges = s.ranges};
        if (p->target == TARGET_PARTITION)
            m->deletion = (deletion){w->timestamp, x->now_s};
    }
    return 0;
}

int co_fn modify_run(const modify_plan *p, exec *x, mutations *out)
{
    write_params w;
    int r = write_params_of(p, x, &w);
    if (r < 0)
        return r;
    if (p->reads && (r = read_present(p, &w)) < 0)
        return r;
    if (!p->plain)
        return run_general(p, x, &w, out);
    mutation *m = mutations_add(out, x->a);
    *m = (mutation){.table = p->table->id, .deletion = DELETION_NONE};
    return run_plain(p, x, &w, m);
}

int modify_check_level(const modify_plan *p, exec *x)
{
    consistency cl = x->o->cl;
    if (table_is_counter(p->table)) {
        if (cl == CL_ANY)
            return err_set(x->err, ERR_INVALID,
                           "Consistency level ANY is not yet supported for counter table %s",
                           p->table->name);
        if (consistency_is_serial(cl))
            return err_set(x->err, ERR_INVALID,
                           "Counter operations are inherently non-serializable");
    }
    return plan_check_write(cl, x->err);
}

int co_fn execute_modify(exec *x, const modify_plan *p, cql_result *ret)
{
    ret->kind = RESULT_VOID;
    if (p->condition != IF_NONE) {
        bound_modify entry = {p, x->s, x->values, x->n_values};
        return cas_run(x, &entry, 1, false, ret);
    }
    int r = modify_check_level(p, x);
    if (r < 0)
        return r;
    mutation one;
    const mutation *single = &one;
    write_request w = {p->keyspace, &single, 1, x->o->cl, "SIMPLE"};
    if (p->plain) {
        write_params params;
        one = (mutation){.table = p->table->id, .deletion = DELETION_NONE};
        r = write_params_of(p, x, &params);
        if (r == 0)
            r = run_plain(p, x, &params, &one);
        return r < 0 ? r : coordinate_write(x->q->c, x->e, &w, x->err);
    }
    mutations ms = {0};
    r = modify_run(p, x, &ms);
    if (r < 0)
        return r;
    const mutation **list = arena_array(x->a, const mutation *, ms.n + 1);
    for (unsigned i = 0; i < ms.n; i++)
        list[i] = &ms.p[i];
    w.mutations = list;
    w.n = ms.n;
    if (!ms.n)
        return 0;
    if (!table_is_counter(p->table))
        return coordinate_write(x->q->c, x->e, &w, x->err);
    w.write_type = "COUNTER";
    return coordinate_counter_write(x->q->c, x->e, &w, x->err);
}
