/* column_query.c: a SlicePredicate as a read of rows, and rows as Thrift's columns. */
#include <stdlib.h>

#include "server/thrift/columns.h"

/* ---- from predicate to slices ---- */

static int by_start(const void *a, const void *b)
{
    return bytes_cmp(((const clustering_slice *)a)->start, ((const clustering_slice *)b)->start);
}

static int by_place(const void *a, const void *b)
{
    return bytes_cmp(((const declared_name *)a)->at, ((const declared_name *)b)->at);
}

static void sort_and_unite(clustering_slice *s, uint32_t *n)
{
    uint32_t kept = 0;
    if (*n > 1)
        qsort(s, *n, sizeof *s, by_start);
    for (uint32_t i = 0; i < *n; i++)
        if (!kept || bytes_cmp(s[kept - 1].start, s[i].start) != 0)
            s[kept++] = s[i];
    *n = kept;
}

static void sort_declared(column_query *q)
{
    uint32_t kept = 0, n = q->n_declared;
    declared_name *d = q->declared;
    if (n > 1)
        qsort(d, n, sizeof *d, by_place);
    for (uint32_t i = 0; i < n; i++)
        if (!kept || d[kept - 1].column != d[i].column)
            d[kept++] = d[i];
    q->n_declared = kept;
    for (uint32_t i = 0; q->reversed && i < kept / 2; i++) {
        declared_name swap = d[i];
        d[i] = d[kept - 1 - i];
        d[kept - 1 - i] = swap;
    }
}

static void query_names(column_query *q, bytes super, const thrift_list_bytes *names, buf *scratch,
                        arena *a)
{
    q->count = UINT32_MAX;
    q->slices = arena_array(a, clustering_slice, names->n + 1);
    q->declared = arena_array(a, declared_name, q->view->shape == SHAPE_STATIC ? names->n : 0);
    for (size_t i = 0; i < names->n; i++) {
        const column *declared = column_declared(q->view, names->v[i]);
        clustering_slice s = column_interval(q->view, super, names->v[i], scratch, a);
        if (declared)
            q->declared[q->n_declared++] = (declared_name){s.start, declared};
        else
            q->slices[q->n_slices++] = s;
    }
}

static void declare_within(column_query *q, clustering_slice s, buf *scratch, arena *a)
{
    const table *t = q->view->table;
    q->declared = arena_array(a, declared_name, t->n_static);
    for (unsigned i = 0; i < t->n_columns; i++) {
        const column *c = &t->columns[i];
        if (c->kind != COLUMN_STATIC)
            continue;
        bytes at = column_encode(q->view, BYTES_NULL, c->name_bytes, scratch, a);
        if (bytes_cmp(s.start, at) <= 0 && bytes_cmp(at, s.end) < 0)
            q->declared[q->n_declared++] = (declared_name){at, c};
    }
}

static void query_range(column_query *q, bytes super, const thrift_slice_range *r, buf *scratch,
                        arena *a)
{
    bytes low = r->reversed ? r->finish : r->start, high = r->reversed ? r->start : r->finish;
    q->reversed = r->reversed;
    q->count = (uint32_t)r->count;
    q->slices = arena_array(a, clustering_slice, 1);
    q->slices[0] = (clustering_slice){column_bound(q->view, super, low, false, scratch, a),
                                      column_bound(q->view, super, high, true, scratch, a)};
    if (q->view->shape == SHAPE_STATIC)
        declare_within(q, q->slices[0], scratch, a);
    q->n_slices = bytes_cmp(q->slices[0].start, q->slices[0].end) < 0;
}

void column_query_init(column_query *q, const column_view *v, bytes super,
                       const thrift_slice_predicate *p, buf *scratch, arena *a)
{
    *q = (column_query){.view = v, .supers = v->shape == SHAPE_SUPER && !super.p};
    if (p->slice_range)
        query_range(q, super, p->slice_range, scratch, a);
    else
        query_names(q, super, &p->column_names, scratch, a);
    sort_and_unite(q->slices, &q->n_slices);
    sort_declared(q);
}

/* An interval that holds nothing: only declared columns were asked for. */
static const clustering_slice nothing = {{(const uint8_t *)"\x20", 1},
                                         {(const uint8_t *)"\x20", 1}};

void column_query_apply(const column_query *q, read_command *c)
{
    c->n_slices = q->n_slices ? q->n_slices : 1;
    c->slices = q->n_slices ? q->slices : &nothing;
    c->reversed = q->reversed;
    c->with_static = q->n_declared != 0;
    c->partition_limit = q->supers ? UINT32_MAX : q->count;
}

/* ---- from rows to columns ---- */

void column_collector_init(column_collector *c, const column_query *q, int64_t now_s, arena *a)
{
    *c = (column_collector){.query = q, .arena = a, .now_s = now_s, .super = BYTES_NULL};
}

static bool full(const column_collector *c)
{
    return c->n >= c->query->count;
}

static thrift_column column_of(bytes name, const cell *value)
{
    return (thrift_column){
        .name = name,
        .value = value->value.p ? value->value : BYTES_EMPTY,
        .timestamp = value->timestamp,
        .has_timestamp = true,
        .ttl = value->ttl_s,
        .has_ttl = value->flags & CELL_EXPIRING,
    };
}

static thrift_column_or_super_column *add(column_collector *c)
{
    if (c->out.n == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 4;
        thrift_column_or_super_column *more = arena_alloc(c->arena, c->cap * sizeof *more);
        if (c->out.n)
            memcpy(more, c->out.v, c->out.n * sizeof *more);
        c->out.v = more;
    }
    thrift_column_or_super_column *one = &c->out.v[c->out.n++];
    *one = (thrift_column_or_super_column){0};
    return one;
}

static void emit(column_collector *c, bytes name, const cell *value)
{
    c->n++;
    if (c->counting)
        return;
    thrift_column *column = arena_alloc(c->arena, sizeof *column);
    *column = column_of(name, value);
    add(c)->column = column;
}

static void emit_declared(column_collector *c, const declared_name *d)
{
    const cell *value = c->static_row ? row_find(c->static_row, d->column->id) : NULL;
    if (value && cell_is_live(value, c->now_s))
        emit(c, d->column->name_bytes, value);
}

/* Declared columns that come before the place; null: all that are left. */
static void emit_declared_before(column_collector *c, bytes place)
{
    const column_query *q = c->query;
    while (c->next_declared < q->n_declared && !full(c)) {
        const declared_name *d = &q->declared[c->next_declared];
        int order = place.p ? bytes_cmp(d->at, place) : -1;
        if (place.p && (q->reversed ? order < 0 : order > 0))
            return;
        emit_declared(c, d);
        c->next_declared++;
    }
}

static void append_to_super(column_collector *c, bytes name, const cell *value)
{
    thrift_list_column *list = &c->out.v[c->out.n - 1].super_column->columns;
    if (list->n == c->super_cap) {
        c->super_cap = c->super_cap ? c->super_cap * 2 : 4;
        thrift_column *more = arena_alloc(c->arena, c->super_cap * sizeof *more);
        if (list->n)
            memcpy(more, list->v, list->n * sizeof *more);
        list->v = more;
    }
    list->v[list->n++] = column_of(name, value);
}

static bool emit_in_super(column_collector *c, bytes super, bytes name, const cell *value)
{
    bool next = !bytes_eq(super, c->super);
    if (next && full(c))
        return false;
    c->super = super; /* the newer copy: that of an earlier page may be gone */
    if (next) {
        c->n++;
        c->super_cap = 0;
    }
    if (c->counting)
        return true;
    if (next) {
        thrift_super_column *s = arena_new(c->arena, thrift_super_column);
        s->name = super;
        add(c)->super_column = s;
    }
    append_to_super(c, name, value);
    return true;
}

/* A row that CQL wrote may be there by its marker alone: an empty value, then. */
static bool value_of(const column_collector *c, const row *r, cell *ret)
{
    const cell *value = row_find(r, c->query->view->value->id);
    if (value && cell_is_live(value, c->now_s)) {
        *ret = *value;
        return true;
    }
    *ret = (cell){.timestamp = r->live.timestamp,
                  .flags = r->live.ttl_s ? CELL_EXPIRING : 0,
                  .ttl_s = r->live.ttl_s,
                  .value = BYTES_EMPTY};
    return liveness_is_live(r->live, c->now_s);
}

static bool collect_row(column_collector *c, const row *r)
{
    cell value;
    bytes super = BYTES_NULL, name = BYTES_NULL;
    if (!value_of(c, r, &value))
        return true;
    bool needs_name = !c->counting || c->query->supers;
    if (needs_name && !column_name_of(c->query->view, r->clustering, c->arena, &super, &name))
        return true;
    if (c->query->supers)
        return emit_in_super(c, super, name, &value);
    emit_declared_before(c, r->clustering);
    if (full(c))
        return false;
    emit(c, name, &value);
    return !full(c);
}

bool column_collect(column_collector *c, const partition *p)
{
    if (p->static_row)
        c->static_row = p->static_row;
    if (p->static_row && c->counting) /* their order does not matter, and the row will be gone */
        emit_declared_before(c, BYTES_NULL);
    for (uint32_t i = 0; i < p->n_rows; i++)
        if (full(c) && !c->query->supers)
            return false;
        else if (!collect_row(c, p->rows[i]))
            return false;
    return c->query->supers || !full(c);
}

void column_collector_end(column_collector *c)
{
    if (!c->query->supers)
        emit_declared_before(c, BYTES_NULL);
}
