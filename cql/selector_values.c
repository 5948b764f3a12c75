/* Selectors evaluated: a value of each for a row, and rows fed to aggregates. */
#include "cql/json.h"
#include "cql/numbers.h"
#include "cql/select.h"

static bool is_text(const type *t)
{
    return t->kind == TYPE_TEXT || t->kind == TYPE_ASCII;
}

static bytes max_writetime(const cell *c, unsigned n, const row_view *v)
{
    int64_t max = INT64_MIN;
    for (unsigned i = 0; i < n; i++)
        if (cell_is_live(&c[i], v->now_s) && c[i].timestamp > max)
            max = c[i].timestamp;
    if (max == INT64_MIN)
        return BYTES_NULL;
    uint8_t *p = arena_alloc(v->a, 8);
    put_be64(p, (uint64_t)max);
    return bytes_of(p, 8);
}

static bytes cell_info(const selector *s, const row_view *v)
{
    unsigned n;
    const cell *c = row_view_cells(v, s->column, &n);
    if (s->kind == SEL_MAXWRITETIME)
        return max_writetime(c, n, v);
    if (!n || !cell_is_live(c, v->now_s))
        return BYTES_NULL;
    uint8_t *p = arena_alloc(v->a, 8);
    if (s->kind == SEL_WRITETIME) {
        put_be64(p, (uint64_t)c->timestamp);
        return bytes_of(p, 8);
    }
    if (!(c->flags & CELL_EXPIRING))
        return BYTES_NULL;
    put_be32(p, (uint32_t)(c->local_s - v->now_s));
    return bytes_of(p, 4);
}

static bytes field_of(const selector *s, bytes value)
{
    elements it;
    bytes item = BYTES_NULL;
    if (!value.p || elements_open(s->items[0]->type, value, &it, NULL) < 0)
        return BYTES_NULL;
    for (unsigned i = 0; i <= s->field; i++)
        if (!elements_next(&it, &item))
            return BYTES_NULL;
    return item;
}

static int element_of(const selector *s, exec *x, bytes value, bytes *ret)
{
    const type *t = s->items[0]->type;
    elements it;
    bytes key, k, e;
    int r = term_key_value(s->term, x, &key);
    *ret = BYTES_NULL;
    if (r < 0 || !value.p || elements_open(t, value, &it, NULL) < 0)
        return r;
    while (elements_next(&it, &k)) {
        e = k;
        if (t->kind == TYPE_MAP && !elements_next(&it, &e))
            break;
        if (type_compare(t->args[0], k, key) == 0)
            *ret = e;
    }
    return 0;
}

static int call_value(const selector *s, exec *x, const row_view *v, const aggregate_state *states,
                      bytes *ret)
{
    bytes *args = arena_array(v->a, bytes, s->n_items + 1);
    bool null = false;
    for (unsigned i = 0; i < s->n_items; i++) {
        int r = selector_value(s->items[i], x, v, states, &args[i]);
        if (r < 0)
            return r;
        null |= !args[i].p;
    }
    *ret = BYTES_NULL;
    if (null)
        return 0;
    if (s->kind == SEL_CALL)
        return s->function->run(s->function, x, args, ret);
    partitioner p = coordinator_info(x->q->c)->partitioner;
    uint8_t *room = arena_alloc(v->a, TOKEN_FIXED_MAX);
    *ret = token_to_cql(p, token_of(p, partition_key_join(v->a, args, s->n_items), room), v->a);
    return 0;
}

static int operation_value(const selector *s, exec *x, const row_view *v,
                           const aggregate_state *states, bytes *ret)
{
    bytes in[2];
    *ret = BYTES_NULL;
    for (unsigned i = 0; i < 2; i++) {
        int r = selector_value(s->items[i], x, v, states, &in[i]);
        if (r < 0 || !in[i].p)
            return r;
        in[i] = number_convert(s->items[i]->type, in[i], s->type, v->a);
        if (!in[i].p)
            return 0;
    }
    return number_operate(s->op, s->type, in[0], in[1], v->a, ret, x->err);
}

/* A timestamp is cast to text in the form of ISO 8601, with milliseconds. */
static bytes cast_text(const type *from, bytes value, arena *a)
{
    char *text = type_to_text(a, from, value, false);
    char *gap = from->kind == TYPE_TIMESTAMP ? strchr(text, ' ') : NULL;
    char *zone = gap ? strchr(gap, '+') : NULL;
    if (zone && zone - gap > 3) {
        *gap = 'T';
        memcpy(zone - 3, "Z", 2);
    }
    return bytes_str(text);
}

static int cast_value(const selector *s, exec *x, bytes value, arena *a, bytes *ret)
{
    const type *from = s->items[0]->type;
    *ret = value;
    if (!value.p || type_equal(from, s->type))
        return 0;
    if (s->function)
        return s->function->run(s->function, x, &value, ret);
    *ret = is_text(s->type) ? cast_text(from, value, a) : number_convert(from, value, s->type, a);
    return 0;
}

/* The elements whose keys lie between two terms, both of them included. */
static int slice_of(const selector *s, exec *x, bytes value, arena *a, bytes *ret)
{
    const type *t = s->type;
    elements it;
    bytes from = BYTES_NULL, to = BYTES_NULL, k;
    int r = s->term ? term_key_value(s->term, x, &from) : 0;
    if (r == 0 && s->to)
        r = term_key_value(s->to, x, &to);
    *ret = BYTES_NULL;
    if (r < 0 || !value.p || elements_open(t, value, &it, NULL) < 0)
        return r;
    bytes *kept = arena_array(a, bytes, (size_t)it.left + 2);
    unsigned n = 0;
    while (elements_next(&it, &k)) {
        bool in = (!from.p || type_compare(t->args[0], k, from) >= 0) &&
                  (!to.p || type_compare(t->args[0], k, to) <= 0);
        kept[n] = k;
        if (t->kind == TYPE_MAP && !elements_next(&it, &kept[n + 1]))
            break;
        n += in ? t->n_args : 0;
    }
    *ret = elements_build(a, t, kept, n);
    return 0;
}

static bytes to_json(const type *t, bytes value, arena *a)
{
    buf b = {0};
    json_write(&b, t, value, a);
    bytes text = arena_copy(a, buf_view(&b));
    buf_done(&b);
    return text;
}

int selector_value(const selector *s, exec *x, const row_view *v, const aggregate_state *states,
                   bytes *ret)
{
    bytes part;
    int r;
    switch (s->kind) {
    case SEL_COLUMN:
        *ret = row_view_value(v, s->column);
        return 0;
    case SEL_TERM:
        r = term_value(s->term, x, ret);
        if (r == 0 && ret->n) /* a constant may die with its statement */
            *ret = arena_copy(v->a, *ret);
        return r;
    case SEL_CALL:
    case SEL_TOKEN:
        return call_value(s, x, v, states, ret);
    case SEL_WRITETIME:
    case SEL_MAXWRITETIME:
    case SEL_TTL:
        *ret = cell_info(s, v);
        return 0;
    case SEL_FIELD:
        r = selector_value(s->items[0], x, v, states, &part);
        *ret = r < 0 ? BYTES_NULL : field_of(s, part);
        return r;
    case SEL_ELEMENT:
        r = selector_value(s->items[0], x, v, states, &part);
        return r < 0 ? r : element_of(s, x, part, ret);
    case SEL_OPERATION:
        return operation_value(s, x, v, states, ret);
    case SEL_NEGATE:
        r = selector_value(s->items[0], x, v, states, ret);
        return r < 0 || !ret->p ? r : number_negate(s->type, *ret, v->a, ret, x->err);
    case SEL_CAST:
        r = selector_value(s->items[0], x, v, states, &part);
        return r < 0 ? r : cast_value(s, x, part, v->a, ret);
    case SEL_SLICE:
        r = selector_value(s->items[0], x, v, states, &part);
        return r < 0 ? r : slice_of(s, x, part, v->a, ret);
    case SEL_TO_JSON:
        r = selector_value(s->items[0], x, v, states, &part);
        if (r == 0)
            *ret = to_json(s->items[0]->type, part, v->a);
        return r;
    case SEL_AGGREGATE:
        *ret = aggregate_result(s, &states[s->slot], v->a);
        return 0;
    }
    return err_set(x->err, ERR_SERVER, "unknown selector");
}

int selector_feed(const selector *s, exec *x, const row_view *v, aggregate_state *states, arena *a)
{
    if (s->kind == SEL_AGGREGATE) {
        bytes value = BYTES_NULL;
        int r = s->n_items ? selector_value(s->items[0], x, v, NULL, &value) : 0;
        if (r == 0)
            r = aggregate_add(s, &states[s->slot], value, a, x->err);
        return r;
    }
    for (unsigned i = 0; i < s->n_items && s->has_aggregate; i++) {
        int r = selector_feed(s->items[i], x, v, states, a);
        if (r < 0)
            return r;
    }
    return 0;
}
