/* Reads of rows whose keys are given: get, get_slice, get_count, and those of many keys. */
#include "base/map.h"
#include "server/thrift/calls.h"
#include "server/thrift/checks.h"

enum { PAGE_ROWS = 1024 };

read_command thrift_read_command(thrift_context *x, const column_query *q, bytes key)
{
    read_command c = {
        .table = q->view->table->id,
        .partitioner = x->node->info.partitioner,
        .key = key,
        .limit = UINT32_MAX,
        .now_s = thrift_now_s(x),
    };
    column_query_apply(q, &c);
    return c;
}

/* Continues behind the last row that came. */
static void resume_after(read_command *cmd, const read_result *r)
{
    const partition *p = &r->partitions[r->n_partitions - 1];
    cmd->resume_key = cmd->key;
    cmd->resume_clustering = p->rows[p->n_rows - 1]->clustering;
    cmd->resume_partition_rows += r->live_rows;
}

static bool has_more(const read_result *r)
{
    return r->more && r->n_partitions && r->partitions[r->n_partitions - 1].n_rows;
}

static bool collect_result(column_collector *c, const read_result *r)
{
    for (uint32_t i = 0; i < r->n_partitions; i++)
        if (!column_collect(c, &r->partitions[i]))
            return false;
    return true;
}

/* How many rows of super columns there are, nobody knows before. */
static uint32_t page_limit(const column_query *q)
{
    return q->supers && q->count != UINT32_MAX ? PAGE_ROWS : q->count;
}

static int co_fn read_row(thrift_context *x, const thrift_target *t, const column_query *q,
                          bytes key, consistency cl, column_collector *c)
{
    read_command cmd = thrift_read_command(x, q, key);
    read_result *result;
    column_collector_init(c, q, cmd.now_s, x->arena);
    if (q->count == 0)
        return 0;
    cmd.limit = page_limit(q);
    for (;;) {
        int r = coordinate_read(x->node->coordinator, x->env, t->keyspace, &cmd, cl, x->arena,
                                &result, &x->err);
        if (r < 0)
            return r;
        if (!collect_result(c, result) || !has_more(result))
            break;
        resume_after(&cmd, result);
    }
    column_collector_end(c);
    return 0;
}

/* Pages through the row, keeping the last two pages only. */
static int co_fn count_pages(thrift_context *x, const thrift_target *t, const column_query *q,
                             read_command *cmd, consistency cl, arena pages[2], column_collector *c)
{
    read_result *result;
    for (unsigned i = 0;; i ^= 1) {
        arena_reset(&pages[i]);
        c->arena = &pages[i];
        cmd->limit = q->count - c->n < PAGE_ROWS ? q->count - c->n : PAGE_ROWS;
        if (q->supers)
            cmd->limit = PAGE_ROWS;
        int r = coordinate_read(x->node->coordinator, x->env, t->keyspace, cmd, cl, &pages[i],
                                &result, &x->err);
        if (r < 0)
            return r;
        if (!collect_result(c, result) || !has_more(result))
            return 0;
        resume_after(cmd, result);
    }
}

static int co_fn count_row(thrift_context *x, const thrift_target *t, const column_query *q,
                           bytes key, consistency cl, int32_t *ret)
{
    arena pages[2];
    column_collector c;
    read_command cmd = thrift_read_command(x, q, key);
    column_collector_init(&c, q, cmd.now_s, x->arena);
    c.counting = true;
    int r = 0;
    if (q->count) {
        arena_init(&pages[0], 16 << 10);
        arena_init(&pages[1], 16 << 10);
        r = count_pages(x, t, q, &cmd, cl, pages, &c);
        arena_done(&pages[0]);
        arena_done(&pages[1]);
    }
    *ret = c.n > INT32_MAX ? INT32_MAX : (int32_t)c.n;
    return r;
}

/* ---- get ---- */

static int co_fn get(thrift_context *x, const thrift_target *t, const thrift_get_args *args,
                     consistency cl)
{
    const thrift_column_path *path = &args->column_path;
    const column_view *v = &t->view;
    column_query q;
    column_collector c;
    int r = check_key(v, args->key, &x->err);
    if (r == 0)
        r = check_path(v, path->super_column, path->column, x->arena, &x->err);
    if (r < 0)
        return r;
    bytes super = path->column.p ? path->super_column : BYTES_NULL;
    bytes name = path->column.p ? path->column : path->super_column;
    thrift_slice_predicate one = {.column_names = {1, &name}, .has_column_names = true};
    column_query_init(&q, v, super, &one, thrift_scratch(x), x->arena);
    r = read_row(x, t, &q, args->key, cl, &c);
    if (r < 0)
        return r;
    if (!c.out.n)
        return err_set(&x->err, ERR_NOT_FOUND, "No such column");
    thrift_answer(x, &(thrift_get_reply){.success = &c.out.v[0]});
    return 0;
}

int thrift_call_get(thrift_context *x)
{
    const thrift_get_args *args = x->call->args;
    consistency cl;
    thrift_target t;
    int r = thrift_consistency(x, args->consistency_level, &cl);
    if (r == 0)
        r = thrift_open(x, args->column_path.column_family, false, &t);
    if (r < 0)
        return r;
    r = get(x, &t, args, cl);
    thrift_close(&t);
    return r;
}

/* ---- slices and counts, of one key or many ---- */

typedef struct slice_call {
    thrift_target target;
    column_query query;
    consistency cl;
} slice_call;

static int prepare_slice(thrift_context *x, const bytes *keys, size_t n,
                         const thrift_column_parent *parent, const thrift_slice_predicate *p,
                         int32_t level, slice_call *ret)
{
    int r = thrift_consistency(x, level, &ret->cl);
    if (r == 0)
        r = thrift_open(x, parent->column_family, false, &ret->target);
    if (r < 0)
        return r;
    const column_view *v = &ret->target.view;
    for (size_t i = 0; i < n && r == 0; i++)
        r = check_key(v, keys[i], &x->err);
    if (r == 0)
        r = check_parent(v, parent->super_column, x->arena, &x->err);
    if (r == 0)
        r = check_predicate(v, parent->super_column, p, thrift_scratch(x), x->arena, &x->err);
    if (r < 0)
        thrift_close(&ret->target);
    else
        column_query_init(&ret->query, v, parent->super_column, p, thrift_scratch(x), x->arena);
    return r;
}

int thrift_call_get_slice(thrift_context *x)
{
    const thrift_get_slice_args *args = x->call->args;
    slice_call s;
    column_collector c;
    int r = prepare_slice(x, &args->key, 1, &args->column_parent, &args->predicate,
                          args->consistency_level, &s);
    if (r < 0)
        return r;
    r = read_row(x, &s.target, &s.query, args->key, s.cl, &c);
    if (r == 0)
        thrift_answer(x, &(thrift_get_slice_reply){.has_success = true, .success = c.out});
    thrift_close(&s.target);
    return r;
}

int thrift_call_get_count(thrift_context *x)
{
    const thrift_get_count_args *args = x->call->args;
    slice_call s;
    int32_t n = 0;
    int r = prepare_slice(x, &args->key, 1, &args->column_parent, &args->predicate,
                          args->consistency_level, &s);
    if (r < 0)
        return r;
    r = count_row(x, &s.target, &s.query, args->key, s.cl, &n);
    if (r == 0)
        thrift_answer(x, &(thrift_get_count_reply){.has_success = true, .success = n});
    thrift_close(&s.target);
    return r;
}

/* Keys without their repetitions: the answer is a map. */
static size_t distinct(thrift_context *x, const thrift_list_bytes *keys, bytes **ret)
{
    map seen = {0};
    size_t n = 0;
    bytes *out = arena_array(x->arena, bytes, keys->n);
    for (size_t i = 0; i < keys->n; i++)
        if (!map_put(&seen, keys->v[i], out))
            out[n++] = keys->v[i];
    map_done(&seen);
    *ret = out;
    return n;
}

int thrift_call_multiget_slice(thrift_context *x)
{
    const thrift_multiget_slice_args *args = x->call->args;
    slice_call s;
    column_collector c;
    bytes *keys;
    int r = prepare_slice(x, args->keys.v, args->keys.n, &args->column_parent, &args->predicate,
                          args->consistency_level, &s);
    if (r < 0)
        return r;
    size_t n = distinct(x, &args->keys, &keys);
    thrift_pair_bytes_list_column_or_super_column *rows = arena_alloc(x->arena, n * sizeof *rows);
    for (size_t i = 0; i < n && r == 0; i++) {
        r = read_row(x, &s.target, &s.query, keys[i], s.cl, &c);
        rows[i].key = keys[i];
        rows[i].value = c.out;
    }
    if (r == 0)
        thrift_answer(x, &(thrift_multiget_slice_reply){.has_success = true, .success = {n, rows}});
    thrift_close(&s.target);
    return r;
}

int thrift_call_multiget_count(thrift_context *x)
{
    const thrift_multiget_count_args *args = x->call->args;
    slice_call s;
    bytes *keys;
    int r = prepare_slice(x, args->keys.v, args->keys.n, &args->column_parent, &args->predicate,
                          args->consistency_level, &s);
    if (r < 0)
        return r;
    size_t n = distinct(x, &args->keys, &keys);
    thrift_pair_bytes_i32 *counts = arena_alloc(x->arena, n * sizeof *counts);
    for (size_t i = 0; i < n && r == 0; i++) {
        r = count_row(x, &s.target, &s.query, keys[i], s.cl, &counts[i].value);
        counts[i].key = keys[i];
    }
    if (r == 0)
        thrift_answer(x,
                      &(thrift_multiget_count_reply){.has_success = true, .success = {n, counts}});
    thrift_close(&s.target);
    return r;
}
