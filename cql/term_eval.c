/* Terms at execution: bound values, calls, collections. */
#include "cql/json.h"
#include "cql/numbers.h"
#include "cql/plan.h"
#include "cql/types.h"

/* ---- collections in order ---- */

/* Are there sets or maps in it? */
bool type_has_order(const type *t)
{
    bool found = t->kind == TYPE_SET || t->kind == TYPE_MAP;
    for (unsigned i = 0; i < t->n_args && !found; i++)
        found = type_has_order(t->args[i]);
    return found;
}

/* Sets and maps are kept in order; of equal ones the last stays. step: 1 or 2 items. */
static unsigned sort_items(const type *element, bytes *items, unsigned n, unsigned step)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < n; i += step) {
        bytes item[2] = {items[i], step == 2 ? items[i + 1] : BYTES_NULL};
        unsigned lo = 0, hi = kept;
        while (lo < hi) {
            unsigned mid = (lo + hi) / 2;
            if (type_compare(element, items[mid * step], item[0]) < 0)
                lo = mid + 1;
            else
                hi = mid;
        }
        bool same = lo < kept && type_compare(element, items[lo * step], item[0]) == 0;
        if (!same) {
            memmove(items + (lo + 1) * step, items + lo * step, (kept - lo) * step * sizeof *items);
            kept++;
        }
        memcpy(items + lo * step, item, step * sizeof *items);
    }
    return kept * step;
}

bytes term_collection(arena *a, const type *t, bytes *items, unsigned n)
{
    if (t->kind == TYPE_SET)
        n = sort_items(t->args[0], items, n, 1);
    else if (t->kind == TYPE_MAP)
        n = sort_items(t->args[0], items, n, 2);
    return elements_build(a, t, items, n);
}

/* ---- evaluation ---- */

/* Sets and maps in order, all the way down. The value is valid. */
static bytes sorted_value(arena *a, const type *t, bytes value)
{
    elements it;
    if (!value.p || !type_has_order(t) || elements_open(t, value, &it, NULL) < 0)
        return value;
    unsigned n = 0, most = (unsigned)it.left;
    bytes *items = arena_array(a, bytes, most + 1);
    while (n < most && elements_next(&it, &items[n])) {
        unsigned arg = t->kind == TYPE_MAP                           ? n & 1
                       : t->kind == TYPE_LIST || t->kind == TYPE_SET ? 0
                                                                     : n;
        items[n] = sorted_value(a, t->args[arg], items[n]);
        n++;
    }
    return term_collection(a, t, items, n);
}

static int eval_marker(const term *t, exec *x, bytes *ret)
{
    if (t->marker >= x->n_values)
        return err_set(x->err, ERR_INVALID, "Invalid amount of bind variables");
    *ret = x->values[t->marker];
    if (!ret->p || bytes_is_unset(*ret))
        return 0;
    int r = type_validate(t->type, *ret, x->err);
    if (r == 0 && t->sorts)
        *ret = sorted_value(x->a, t->type, *ret);
    return r;
}

static int eval_items(const term *t, exec *x, bytes *out)
{
    for (unsigned i = 0; i < t->n_items; i++) {
        int r = term_value(t->items[i], x, &out[i]);
        if (r < 0)
            return r;
        if (bytes_is_unset(out[i]))
            return err_set(x->err, ERR_INVALID, "Invalid unset value for %s", t->name);
    }
    return 0;
}

static int eval_call(const term *t, exec *x, bytes *ret)
{
    bytes args[FUNCTION_ARGS_MAX];
    int r = eval_items(t, x, args);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < t->n_items; i++) {
        if (!args[i].p) {
            *ret = BYTES_NULL;
            return 0;
        }
    }
    return t->function->run(t->function, x, args, ret);
}

static int eval_token(const term *t, exec *x, bytes *ret)
{
    bytes *parts = arena_array(x->a, bytes, t->n_items);
    int r = eval_items(t, x, parts);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < t->n_items; i++)
        if (!parts[i].p)
            return err_set(x->err, ERR_INVALID, "Invalid null value for argument to token");
    partitioner p = coordinator_info(x->q->c)->partitioner;
    uint8_t *room = arena_alloc(x->a, TOKEN_FIXED_MAX);
    *ret = token_to_cql(p, token_of(p, partition_key_join(x->a, parts, t->n_items), room), x->a);
    return 0;
}

static int eval_collection(const term *t, exec *x, bytes *ret)
{
    bytes *items = arena_array(x->a, bytes, t->n_items + 1);
    int r = eval_items(t, x, items);
    if (r < 0)
        return r;
    bool nulls_allowed = t->type->kind == TYPE_TUPLE || t->type->kind == TYPE_UDT;
    for (unsigned i = 0; i < t->n_items && !nulls_allowed; i++)
        if (!items[i].p)
            return err_set(x->err, ERR_INVALID, "null is not supported inside collections");
    *ret = term_collection(x->a, t->type, items, t->n_items);
    return 0;
}

static int eval_operation(const term *t, exec *x, bytes *ret)
{
    bytes in[2];
    int r = eval_items(t, x, in);
    *ret = BYTES_NULL;
    if (r < 0 || !in[0].p || !in[t->n_items - 1].p)
        return r;
    return t->kind == TERM_NEGATE ? number_negate(t->type, in[0], x->a, ret, x->err)
                                  : number_operate(t->op, t->type, in[0], in[1], x->a, ret, x->err);
}

static int eval_from_json(const term *t, exec *x, bytes *ret)
{
    bytes text;
    int r = eval_items(t, x, &text);
    *ret = BYTES_NULL;
    return r < 0 || !text.p ? r : json_read(text, t->type, x->a, ret, x->err);
}

/* All columns' terms share a source: the object is read once. */
static int eval_json_column(const term *t, exec *x, bytes *ret)
{
    const term *source = t->items[0];
    if (x->json_source != source || x->json_bound != x->values) {
        bytes text, *values;
        int r = term_value(source, x, &text);
        if (r < 0)
            return r;
        if (!text.p || bytes_is_unset(text))
            return err_set(x->err, ERR_INVALID, "Got null for INSERT JSON values");
        r = json_read_row(text, t->table, t->default_unset ? BYTES_UNSET : BYTES_NULL, x->a,
                          &values, x->err);
        if (r < 0)
            return r;
        x->json_source = source;
        x->json_bound = x->values;
        x->json_values = values;
    }
    *ret = x->json_values[t->column->ordinal];
    return 0;
}

int term_eval(const term *t, exec *x, bytes *ret)
{
    switch (t->kind) {
    case TERM_CONST:
        *ret = t->value;
        return 0;
    case TERM_MARKER:
        return eval_marker(t, x, ret);
    case TERM_CALL:
        return eval_call(t, x, ret);
    case TERM_TOKEN:
        return eval_token(t, x, ret);
    case TERM_COLLECTION:
        return eval_collection(t, x, ret);
    case TERM_OPERATION:
    case TERM_NEGATE:
        return eval_operation(t, x, ret);
    case TERM_FROM_JSON:
        return eval_from_json(t, x, ret);
    case TERM_JSON_COLUMN:
        return eval_json_column(t, x, ret);
    }
    return err_set(x->err, ERR_SERVER, "unknown term");
}

int term_key_value(const term *t, exec *x, bytes *ret)
{
    int r = term_value(t, x, ret);
    if (r < 0)
        return r;
    if (!ret->p)
        return err_set(x->err, ERR_INVALID, "Invalid null value in condition for column %s",
                       t->name);
    if (bytes_is_unset(*ret))
        return err_set(x->err, ERR_INVALID, "Invalid unset value for column %s", t->name);
    return 0;
}

int term_int(const term *t, exec *x, int64_t otherwise, int64_t *ret)
{
    bytes v = BYTES_NULL;
    int r = t ? term_value(t, x, &v) : 0;
    if (r < 0)
        return r;
    if (!v.p || bytes_is_unset(v) || v.n == 0)
        *ret = otherwise;
    else
        *ret = v.n == 8 ? (int64_t)get_be64(v.p) : (int32_t)get_be32(v.p);
    return 0;
}
