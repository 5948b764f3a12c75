/* Operations of INSERT, UPDATE and DELETE as cells of one row. */
#include "base/alloc.h"
#include "cql/modify.h"

/* Prepended list elements count down from here (2010-01-01), as Cassandra's do, so that they sort
 * before everything that was appended. */
#define PREPEND_FROM_US INT64_C(1262304000000000)

typedef struct filler {
    const write_params *w;
    row *row;
    uint32_t cap;
    bool unsorted;
} filler;

static cell *add_cell(filler *f, const column *col)
{
    row *r = f->row;
    if (r->n_cells == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 8;
        cell *p = arena_array(f->w->x->a, cell, f->cap);
        if (r->n_cells)
            memcpy(p, r->cells, r->n_cells * sizeof *p);
        r->cells = p;
    }
    cell *c = &r->cells[r->n_cells++];
    *c = (cell){.column = col->id, .timestamp = f->w->timestamp, .local_s = NO_DELETION_TIME};
    return c;
}

/* A value, or with a null a tombstone. */
static inline void put_cell(filler *f, const column *col, bytes path, bytes value)
{
    cell *c = add_cell(f, col);
    c->path = path;
    c->value = value;
    if (!value.p) {
        c->flags = CELL_TOMBSTONE;
        c->local_s = f->w->x->now_s;
    } else if (f->w->ttl_s) {
        c->flags = CELL_EXPIRING;
        c->ttl_s = f->w->ttl_s;
        c->local_s = f->w->expiry_s;
    }
}

static void delete_column(filler *f, const column *col, int64_t timestamp)
{
    row *r = f->row;
    column_deletion *p = arena_array(f->w->x->a, column_deletion, r->n_column_deletions + 1);
    if (r->n_column_deletions)
        memcpy(p, r->column_deletions, r->n_column_deletions * sizeof *p);
    p[r->n_column_deletions++] = (column_deletion){col->id, {timestamp, f->w->x->now_s}};
    r->column_deletions = p;
}

/* ---- paths ---- */

static bytes key_path(filler *f, const type *t, bytes v)
{
    buf b = {0};
    type_key_encode(t, v, false, &b);
    bytes path = arena_copy(f->w->x->a, buf_view(&b));
    buf_done(&b);
    return path;
}

static bytes field_path(filler *f, unsigned field)
{
    uint8_t *p = arena_alloc(f->w->x->a, 2);
    put_be16(p, (uint16_t)field);
    return bytes_of(p, 2);
}

/* The path of a list element: a time-based UUID in byte-comparable form; ticks are 100 ns. */
static bytes list_path(filler *f, int64_t ticks)
{
    env *e = f->w->x->e;
    uuid u = uuid_time(ticks / 10, (unsigned)(ticks % 10), env_random(e));
    return key_path(f, type_native(TYPE_TIMEUUID), uuid_bytes(&u));
}

static void put_list(filler *f, const column *col, elements *it, bool prepend)
{
    exec *x = f->w->x;
    unsigned n = (unsigned)it->left;
    int64_t us = cql_next_timestamp(x->q, x->e, n / 10 + 1), ticks = us * 10;
    if (prepend)
        ticks = (2 * PREPEND_FROM_US - us) * 10 - n;
    bytes item;
    for (unsigned i = 0; elements_next(it, &item); i++)
        put_cell(f, col, list_path(f, ticks + i), item);
}

static void put_set(filler *f, const column *col, elements *it)
{
    const type *t = col->type->args[0];
    bytes item;
    while (elements_next(it, &item))
        put_cell(f, col, key_path(f, t, item), t->kind == TYPE_DECIMAL ? item : BYTES_EMPTY);
}

static void put_map(filler *f, const column *col, elements *it)
{
    bytes k, v;
    while (elements_next(it, &k) && elements_next(it, &v))
        put_cell(f, col, key_path(f, col->type->args[0], k), v);
}

static void put_fields(filler *f, const column *col, elements *it)
{
    bytes v;
    for (unsigned i = 0; elements_next(it, &v); i++)
        if (v.p)
            put_cell(f, col, field_path(f, i), v);
}

static int put_elements(filler *f, const column *col, bytes value, bool prepend)
{
    elements it;
    int r = elements_open(col->type, value, &it, f->w->x->err);
    if (r < 0)
        return r;
    f->unsorted = true;
    switch (col->type->kind) {
    case TYPE_LIST:
        put_list(f, col, &it, prepend);
        break;
    case TYPE_SET:
        put_set(f, col, &it);
        break;
    case TYPE_MAP:
        put_map(f, col, &it);
        break;
    default:
        put_fields(f, col, &it);
    }
    return 0;
}

static int remove_elements(filler *f, const column *col, bytes value)
{
    elements it;
    bytes item;
    const type *element = col->type->args[0];
    const type set = {.kind = TYPE_SET, .frozen = true, .n_args = 1, .args = &element};
    int r = elements_open(&set, value, &it, f->w->x->err);
    f->unsorted = true;
    while (r == 0 && elements_next(&it, &item))
        put_cell(f, col, key_path(f, element, item), BYTES_NULL);
    return r;
}

static int element_key(filler *f, const operation *op, bytes *ret)
{
    int r = term_value(op->key, f->w->x, ret);
    if (r < 0)
        return r;
    if (!ret->p || bytes_is_unset(*ret))
        return err_set(f->w->x->err, ERR_INVALID, "Invalid %s map key for column %s",
                       ret->p ? "unset" : "null", op->column->name);
    *ret = key_path(f, op->column->type->args[0], *ret);
    f->unsorted = true;
    return 0;
}

/* ---- lists as they are ---- */

static const cell *present_cells(filler *f, const column *col, unsigned *ret_n)
{
    row_view v = {.row = f->w->present, .statics = f->w->present_static};
    return row_view_cells(&v, col, ret_n);
}

static int list_at(filler *f, const operation *op, bytes value)
{
    exec *x = f->w->x;
    int64_t index, size = 0;
    unsigned n;
    int r = term_int(op->key, x, INT64_MIN, &index);
    if (r < 0)
        return r;
    if (index == INT64_MIN)
        return err_set(x->err, ERR_INVALID, "Invalid null value for list index");
    const cell *cells = present_cells(f, op->column, &n), *found = NULL;
    for (unsigned i = 0; i < n; i++)
        if (cell_is_live(&cells[i], x->now_s) && size++ == index)
            found = &cells[i];
    if (!found)
        return err_set(x->err, ERR_INVALID, "List index %lld out of bound, list has size %lld",
                       (long long)index, (long long)size);
    f->unsorted = true;
    put_cell(f, op->column, found->path, value);
    return 0;
}

static int list_discard(filler *f, const operation *op, bytes values)
{
    exec *x = f->w->x;
    const type *t = op->column->type;
    unsigned n;
    const cell *cells = present_cells(f, op->column, &n);
    for (unsigned i = 0; i < n; i++) {
        elements it;
        bytes item;
        int r = elements_open(t, values, &it, x->err);
        if (r < 0)
            return r;
        bool same = false;
        while (elements_next(&it, &item))
            same |= type_compare(t->args[0], item, cells[i].value) == 0;
        if (same && cell_is_live(&cells[i], x->now_s))
            put_cell(f, op->column, cells[i].path, BYTES_NULL);
    }
    f->unsorted = true;
    return 0;
}

static int count(filler *f, const operation *op, bytes v)
{
    exec *x = f->w->x;
    if (!v.p || v.n != 8)
        return err_set(x->err, ERR_INVALID, "Invalid null value for counter increment");
    int64_t n = (int64_t)get_be64(v.p);
    if (op->kind == OP_COUNT_DOWN && n == INT64_MIN)
        return err_set(x->err, ERR_INVALID,
                       "The negation of %lld overflows supported counter precision (signed 8 bytes "
                       "integer)",
                       (long long)n);
    cell *c = add_cell(f, op->column);
    c->flags = CELL_COUNTER;
    c->value = counter_increment(x->a, op->kind == OP_COUNT_DOWN ? -n : n);
    return 0;
}

/* Operations with a value, which is set. */
static int run_value_op(filler *f, const operation *op, bytes v)
{
    const column *col = op->column;
    bytes key;
    int r;
    switch (op->kind) {
    case OP_ASSIGN:
        delete_column(f, col, f->w->timestamp - 1);
        return v.p ? put_elements(f, col, v, false) : 0;
    case OP_ADD:
    case OP_PREPEND:
        return v.p ? put_elements(f, col, v, op->kind == OP_PREPEND) : 0;
    case OP_REMOVE:
        return v.p ? remove_elements(f, col, v) : 0;
    case OP_LIST_PUT:
        return list_at(f, op, v);
    case OP_LIST_DISCARD:
        return v.p ? list_discard(f, op, v) : 0;
    case OP_COUNT_UP:
    case OP_COUNT_DOWN:
        return count(f, op, v);
    case OP_PUT:
        r = element_key(f, op, &key);
        if (r == 0)
            put_cell(f, col, key, v);
        return r;
    default:
        must(op->kind == OP_SET_FIELD);
        f->unsorted = true;
        put_cell(f, col, field_path(f, op->field), v);
        return 0;
    }
}

static int run_op(filler *f, const operation *op)
{
    const column *col = op->column;
    bytes v = BYTES_NULL;
    int r = op->value ? term_value(op->value, f->w->x, &v) : 0;
    if (r < 0 || bytes_is_unset(v))
        return r;
    switch (op->kind) {
    case OP_SET:
        put_cell(f, col, BYTES_NULL, v);
        return 0;
    case OP_SET_EMPTY:
        put_cell(f, col, BYTES_NULL, BYTES_EMPTY);
        return 0;
    case OP_DELETE:
        if (type_is_multicell(col->type))
            delete_column(f, col, f->w->timestamp);
        else
            put_cell(f, col, BYTES_NULL, BYTES_NULL);
        return 0;
    case OP_LIST_DELETE:
        return list_at(f, op, BYTES_NULL);
    case OP_DELETE_KEY:
        r = element_key(f, op, &v);
        if (r == 0)
            put_cell(f, col, v, BYTES_NULL);
        return r;
    case OP_DELETE_FIELD:
        f->unsorted = true;
        put_cell(f, col, field_path(f, op->field), BYTES_NULL);
        return 0;
    default:
        return run_value_op(f, op, v);
    }
}

int row_fill(const modify_plan *p, const write_params *w, bool statics, row *ret)
{
    filler f = {w, ret, p->n_ops, false};
    ret->cells = arena_alloc(w->x->a, p->n_ops * sizeof(cell));
    for (unsigned i = 0; i < p->n_ops; i++) {
        const operation *op = &p->ops[i];
        if ((op->column->kind == COLUMN_STATIC) != statics)
            continue;
        int r;
        if (__builtin_expect(op->kind == OP_SET, 1)) {
            bytes v;
            r = term_value(op->value, w->x, &v);
            if (r == 0 && !bytes_is_unset(v))
                put_cell(&f, op->column, BYTES_NULL, v);
        } else {
            r = run_op(&f, op);
        }
        if (r < 0)
            return r;
    }
    if (f.unsorted)
        row_sort(ret, w->x->a);
    return 0;
}
