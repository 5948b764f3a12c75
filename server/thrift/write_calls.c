/* insert, remove, batch_mutate, truncate. */
#include "server/thrift/calls.h"
#include "server/thrift/checks.h"

static int co_fn write_all(thrift_context *x, const keyspace *ks, const mutation *const *ms,
                           size_t n, consistency cl, const char *type)
{
    write_request w = {.keyspace = ks, .mutations = ms, .n = n, .cl = cl, .write_type = type};
    return coordinate_write(x->node->coordinator, x->env, &w, &x->err);
}

/* ---- one column ---- */

static int check_insert(thrift_context *x, const column_view *v, const thrift_insert_args *args)
{
    bytes super = args->column_parent.super_column;
    int r = check_key(v, args->key, &x->err);
    if (r == 0)
        r = check_parent(v, super, x->arena, &x->err);
    if (r == 0 && v->shape == SHAPE_SUPER && !super.p)
        r = err_set(&x->err, ERR_INVALID, "missing mandatory super column name for super CF %s",
                    v->table->name);
    if (r == 0)
        r = check_names(v, super, &args->column.name, 1, x->arena, &x->err);
    return r < 0 ? r : check_column(v, &args->column, &x->err);
}

int thrift_call_insert(thrift_context *x)
{
    const thrift_insert_args *args = x->call->args;
    consistency cl;
    thrift_target t;
    mutation m;
    const mutation *one = &m;
    column_writer w;
    int r = thrift_consistency(x, args->consistency_level, &cl);
    if (r == 0)
        r = thrift_open(x, args->column_parent.column_family, true, &t);
    if (r < 0)
        return r;
    r = check_insert(x, &t.view, args);
    if (r == 0) {
        column_writer_init(&w, &t.view, args->key, (int32_t)thrift_now_s(x), &m, thrift_scratch(x),
                           x->arena);
        column_write(&w, args->column_parent.super_column, &args->column);
        r = write_all(x, t.keyspace, &one, 1, cl, "SIMPLE");
    }
    thrift_close(&t);
    if (r == 0)
        thrift_answer(x, &(thrift_insert_reply){0});
    return r;
}

static void remove_path(column_writer *w, const thrift_column_path *p, int64_t timestamp)
{
    if (p->column.p)
        column_remove(w, p->super_column, p->column, timestamp);
    else if (p->super_column.p)
        column_remove(w, BYTES_NULL, p->super_column, timestamp);
    else
        column_remove_all(w, timestamp);
}

int thrift_call_remove(thrift_context *x)
{
    const thrift_remove_args *args = x->call->args;
    const thrift_column_path *path = &args->column_path;
    consistency cl;
    thrift_target t;
    mutation m;
    const mutation *one = &m;
    column_writer w;
    int r = thrift_consistency(x, args->consistency_level, &cl);
    if (r == 0)
        r = thrift_open(x, path->column_family, true, &t);
    if (r < 0)
        return r;
    r = check_key(&t.view, args->key, &x->err);
    if (r == 0)
        r = check_path_or_parent(&t.view, path->super_column, path->column, x->arena, &x->err);
    if (r == 0) {
        column_writer_init(&w, &t.view, args->key, (int32_t)thrift_now_s(x), &m, thrift_scratch(x),
                           x->arena);
        remove_path(&w, path, args->timestamp);
        r = write_all(x, t.keyspace, &one, 1, cl, "SIMPLE");
    }
    thrift_close(&t);
    if (r == 0)
        thrift_answer(x, &(thrift_remove_reply){0});
    return r;
}

/* ---- batches ---- */

static void apply_addition(column_writer *w, const thrift_column_or_super_column *c)
{
    if (c->column) {
        column_write(w, BYTES_NULL, c->column);
        return;
    }
    for (size_t i = 0; i < c->super_column->columns.n; i++)
        column_write(w, c->super_column->name, &c->super_column->columns.v[i]);
}

static void apply_deletion(column_writer *w, const thrift_deletion *d)
{
    const thrift_slice_predicate *p = d->predicate;
    const thrift_slice_range *s = p ? p->slice_range : NULL;
    if (s)
        column_remove_slice(w, d->super_column, s->reversed ? s->finish : s->start,
                            s->reversed ? s->start : s->finish, d->timestamp);
    else if (p)
        for (size_t i = 0; i < p->column_names.n; i++)
            column_remove(w, d->super_column, p->column_names.v[i], d->timestamp);
    else if (d->super_column.p)
        column_remove(w, BYTES_NULL, d->super_column, d->timestamp);
    else
        column_remove_all(w, d->timestamp);
}

static int build_row(thrift_context *x, const column_view *v, bytes key,
                     const thrift_list_mutation *list, int32_t now_s, mutation *m)
{
    column_writer w;
    int r = check_key(v, key, &x->err);
    column_writer_init(&w, v, key, now_s, m, thrift_scratch(x), x->arena);
    for (size_t i = 0; i < list->n && r == 0; i++) {
        const thrift_mutation *one = &list->v[i];
        r = check_mutation(v, one, thrift_scratch(x), x->arena, &x->err);
        if (r < 0)
            return r;
        if (one->deletion)
            apply_deletion(&w, one->deletion);
        else
            apply_addition(&w, one->column_or_supercolumn);
    }
    column_writer_end(&w);
    return r;
}

/* All is checked before anything is written. */
static int build_batch(thrift_context *x, const schema *s,
                       const thrift_map_bytes_map_bytes_list_mutation *rows, const mutation ***ret,
                       size_t *ret_n)
{
    size_t n = 0, at = 0;
    int32_t now_s = (int32_t)thrift_now_s(x);
    int r = 0;
    for (size_t i = 0; i < rows->n; i++)
        n += rows->v[i].value.n;
    mutation *ms = arena_alloc(x->arena, n * sizeof *ms);
    const mutation **list = arena_array(x->arena, const mutation *, n);
    for (size_t i = 0; i < rows->n && r == 0; i++)
        for (size_t k = 0; k < rows->v[i].value.n && r == 0; k++) {
            column_view *v = arena_new(x->arena, column_view);
            r = thrift_find(x, s, rows->v[i].value.v[k].key, true, v);
            if (r == 0)
                r = build_row(x, v, rows->v[i].key, &rows->v[i].value.v[k].value, now_s, &ms[at]);
            list[at] = &ms[at];
            at++;
        }
    *ret = list;
    *ret_n = n;
    return r;
}

static int co_fn run_batch(thrift_context *x, const thrift_map_bytes_map_bytes_list_mutation *rows,
                           int32_t level, const char *type)
{
    consistency cl;
    const keyspace *ks;
    const mutation **ms;
    size_t n;
    int r = thrift_consistency(x, level, &cl);
    if (r < 0)
        return r;
    schema *s = coordinator_schema(x->node->coordinator, x->env);
    r = thrift_keyspace(x, s, &ks);
    if (r == 0)
        r = build_batch(x, s, rows, &ms, &n);
    if (r == 0 && n)
        r = write_all(x, ks, ms, n, cl, type ? type : n > 1 ? "UNLOGGED_BATCH" : "SIMPLE");
    schema_unref(s);
    return r;
}

int thrift_call_batch_mutate(thrift_context *x)
{
    const thrift_batch_mutate_args *args = x->call->args;
    int r = run_batch(x, &args->mutation_map, args->consistency_level, NULL);
    if (r == 0)
        thrift_answer(x, &(thrift_batch_mutate_reply){0});
    return r;
}

/* One node's log takes a batch whole or not at all. */
int thrift_call_atomic_batch_mutate(thrift_context *x)
{
    const thrift_atomic_batch_mutate_args *args = x->call->args;
    int r = run_batch(x, &args->mutation_map, args->consistency_level, "BATCH");
    if (r == 0)
        thrift_answer(x, &(thrift_atomic_batch_mutate_reply){0});
    return r;
}

/* ---- all rows ---- */

int thrift_call_truncate(thrift_context *x)
{
    const thrift_truncate_args *args = x->call->args;
    const char *name = arena_str(x->arena, args->cfname);
    const keyspace *ks;
    schema *s = coordinator_schema(x->node->coordinator, x->env);
    int r = thrift_keyspace(x, s, &ks);
    const table *t = r == 0 ? schema_table(s, ks->name, name) : NULL;
    if (r == 0 && keyspace_is_system(ks->name))
        r = err_set(&x->err, ERR_INVALID, "%s keyspace is not user-modifiable.", ks->name);
    else if (r == 0 && !t)
        r = err_set(&x->err, ERR_INVALID, "unconfigured columnfamily %s", name);
    if (r == 0)
        r = coordinate_truncate(x->node->coordinator, x->env, t, &x->err);
    schema_unref(s);
    if (r == 0)
        thrift_answer(x, &(thrift_truncate_reply){0});
    return r;
}
