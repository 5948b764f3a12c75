/* Rows as selectors and filters see them: wire values by column, and filters over them. */
#include "cql/plan.h"

const cell *row_view_cells(const row_view *v, const column *col, unsigned *ret_n)
{
    const row *r = col->kind == COLUMN_STATIC ? v->statics : v->row;
    *ret_n = 0;
    if (!r)
        return NULL;
    const cell *first = row_find(r, col->id), *at = first;
    if (!first)
        return NULL;
    const cell *end = r->cells + r->n_cells;
    while (at < end && at->column == col->id)
        at++;
    *ret_n = (unsigned)(at - first);
    return first;
}

static bytes set_element(const type *t, const cell *c, arena *a)
{
    if (c->value.n) /* the path lost bytes of it (decimal) */
        return c->value;
    reader r = reader_of(c->path);
    return type_key_decode(t, &r, false, a);
}

static unsigned take_items(const type *t, const cell *c, arena *a, bytes *items, unsigned n)
{
    reader r = reader_of(c->path);
    switch (t->kind) {
    case TYPE_SET:
        items[n] = set_element(t->args[0], c, a);
        return n + 1;
    case TYPE_MAP:
        items[n] = type_key_decode(t->args[0], &r, false, a);
        items[n + 1] = c->value;
        return n + 2;
    case TYPE_UDT: {
        unsigned field = rd_be16(&r);
        if (field < t->n_args)
            items[field] = c->value;
        return t->n_args;
    }
    default:
        items[n] = c->value;
        return n + 1;
    }
}

bytes multicell_value(const type *t, const cell *cells, unsigned n, int64_t now_s, arena *a)
{
    unsigned n_items = 0, live = 0;
    size_t room = t->kind == TYPE_UDT ? t->n_args : 2 * (size_t)n;
    bytes *items = arena_array(a, bytes, room + 1);
    for (unsigned i = 0; i < n; i++) {
        if (!cell_is_live(&cells[i], now_s))
            continue;
        live++;
        n_items = take_items(t, &cells[i], a, items, n_items);
    }
    return live ? elements_build(a, t, items, n_items) : BYTES_NULL;
}

static bytes counter_value(bytes shards, arena *a)
{
    uint8_t *p = arena_alloc(a, 8);
    put_be64(p, (uint64_t)counter_total(shards));
    return bytes_of(p, 8);
}

bytes row_view_value(const row_view *v, const column *col)
{
    if (col->kind == COLUMN_PARTITION)
        return v->key_parts[col->position];
    if (col->kind == COLUMN_CLUSTERING)
        return v->clustering ? v->clustering[col->position] : BYTES_NULL;
    unsigned n;
    const cell *cells = row_view_cells(v, col, &n);
    if (!n)
        return BYTES_NULL;
    if (type_is_multicell(col->type))
        return multicell_value(col->type, cells, n, v->now_s, v->a);
    if (!cell_is_live(cells, v->now_s))
        return BYTES_NULL;
    return cells->flags & CELL_COUNTER ? counter_value(cells->value, v->a) : cells->value;
}

void row_forget_dropped(const table *t, row *r)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; r && t->n_dropped && i < r->n_cells; i++) {
        bool dropped = false;
        for (unsigned k = 0; k < t->n_dropped; k++)
            dropped |= t->dropped[k].id == r->cells[i].column &&
                       r->cells[i].timestamp <= t->dropped[k].dropped_us;
        if (!dropped)
            r->cells[kept++] = r->cells[i];
    }
    if (r && t->n_dropped)
        r->n_cells = kept;
}

/* ---- filters ---- */

static int bind_list(const restriction *r, exec *x, bytes list, filter *f)
{
    elements it;
    int rc = elements_open(r->list->type, list, &it, x->err);
    if (rc < 0)
        return rc;
    f->values = arena_array(x->a, bytes, it.left + 1);
    while (elements_next(&it, &f->values[f->n_values]))
        f->n_values++;
    return 0;
}

static int bind_filter(const restriction *r, exec *x, filter *f)
{
    int rc = 0;
    f->r = r;
    if (r->map_key && (rc = term_key_value(r->map_key, x, &f->map_key)) < 0)
        return rc;
    if (r->list) {
        bytes list;
        rc = term_key_value(r->list, x, &list);
        return rc < 0 ? rc : bind_list(r, x, list, f);
    }
    f->n_values = r->n_values;
    f->values = arena_array(x->a, bytes, r->n_values + 1);
    for (unsigned i = 0; i < r->n_values; i++) {
        rc = term_value(r->values[i], x, &f->values[i]);
        if (rc < 0)
            return rc;
        if (!f->values[i].p || bytes_is_unset(f->values[i]))
            return err_set(x->err, ERR_INVALID, "Unsupported %s value for column %s",
                           f->values[i].p ? "unset" : "null", r->columns[0]->name);
    }
    return 0;
}

int filters_bind(const restrictions *r, exec *x, filter **ret)
{
    *ret = arena_array(x->a, filter, r->n_filters + 1);
    for (unsigned i = 0; i < r->n_filters; i++) {
        int rc = bind_filter(r->filters[i], x, &(*ret)[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool contains(const type *t, bytes value, bool key, bytes wanted)
{
    elements it;
    bytes item;
    if (elements_open(t, value, &it, NULL) < 0)
        return false;
    unsigned i = 0, arg = t->kind == TYPE_MAP && !key ? 1 : 0;
    while (elements_next(&it, &item)) {
        bool mine = t->kind != TYPE_MAP || (i & 1) == arg;
        if (mine && type_compare(t->args[arg], item, wanted) == 0)
            return true;
        i++;
    }
    return false;
}

static bytes map_get_value(const type *t, bytes value, bytes key)
{
    elements it;
    bytes k, v;
    if (elements_open(t, value, &it, NULL) < 0)
        return BYTES_NULL;
    while (elements_next(&it, &k) && elements_next(&it, &v))
        if (type_compare(t->args[0], k, key) == 0)
            return v;
    return BYTES_NULL;
}

/* The row's values against one wanted value (a tuple when there are several columns). */
static int compare_columns(const restriction *r, const row_view *v, bytes wanted, bool *ret_null)
{
    *ret_null = false;
    if (r->n_columns == 1 && !r->map_key) {
        bytes have = row_view_value(v, r->columns[0]);
        *ret_null = !have.p;
        return have.p ? type_compare(r->columns[0]->type, have, wanted) : 0;
    }
    elements it;
    bytes item;
    const type *tuple = r->list ? r->list->type->args[0] : r->values[0]->type;
    if (elements_open(tuple, wanted, &it, NULL) < 0) {
        *ret_null = true;
        return 0;
    }
    for (unsigned i = 0; i < r->n_columns && elements_next(&it, &item); i++) {
        bytes have = row_view_value(v, r->columns[i]);
        *ret_null |= !have.p;
        int c = have.p ? type_compare(r->columns[i]->type, have, item) : 0;
        if (c)
            return c;
    }
    return 0;
}

bool operator_holds(ast_operator op, int c)
{
    switch (op) {
    case AST_LT:
        return c < 0;
    case AST_LE:
        return c <= 0;
    case AST_GT:
        return c > 0;
    case AST_GE:
        return c >= 0;
    case AST_NE:
        return c != 0;
    default:
        return c == 0;
    }
}

static bool filter_match(const filter *f, const row_view *v)
{
    const restriction *r = f->r;
    const column *col = r->columns[0];
    if (r->op == AST_CONTAINS || r->op == AST_CONTAINS_KEY) {
        bytes have = row_view_value(v, col);
        return have.p && contains(col->type, have, r->op == AST_CONTAINS_KEY, f->values[0]);
    }
    if (r->map_key) {
        bytes have = row_view_value(v, col);
        if (have.p)
            have = map_get_value(col->type, have, f->map_key);
        return have.p &&
               operator_holds(r->op, type_compare(col->type->args[1], have, f->values[0]));
    }
    for (unsigned i = 0; i < f->n_values; i++) {
        bool null;
        int c = compare_columns(r, v, f->values[i], &null);
        if (!null && operator_holds(r->op, c))
            return true;
    }
    return false;
}

bool filters_match(const filter *f, unsigned n, const row_view *v)
{
    for (unsigned i = 0; i < n; i++)
        if (!filter_match(&f[i], v))
            return false;
    return true;
}
