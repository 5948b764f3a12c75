/* count, min, max, sum and avg over rows. Sums of integers wrap, as in Cassandra. */
#include "cql/numbers.h"
#include "cql/select.h"

static bool is_real(const type *t)
{
    return t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE;
}

static bool is_big(const type *t)
{
    return t->kind == TYPE_VARINT || t->kind == TYPE_DECIMAL;
}

bool aggregate_takes(aggregate_kind k, const type *t)
{
    return (k != AGG_SUM && k != AGG_AVG) || number_is(t);
}

static int64_t integer_of(bytes v)
{
    int64_t n = v.n && (v.p[0] & 0x80) ? -1 : 0;
    for (size_t i = 0; i < v.n; i++)
        n = (int64_t)((uint64_t)n << 8 | v.p[i]);
    return n;
}

static double real_of(bytes v)
{
    double d = 0;
    if (v.n == 8) {
        uint64_t u = get_be64(v.p);
        memcpy(&d, &u, 8);
    } else if (v.n == 4) {
        uint32_t u = get_be32(v.p);
        float f;
        memcpy(&f, &u, 4);
        d = f;
    }
    return d;
}

static bytes integer_value(arena *a, int64_t v, size_t size)
{
    uint8_t *p = arena_alloc(a, 8);
    for (size_t i = 0; i < size; i++)
        p[i] = (uint8_t)((uint64_t)v >> 8 * (size - 1 - i));
    return bytes_of(p, size);
}

static bytes real_value(arena *a, double d, const type *t)
{
    uint64_t u;
    if (t->kind == TYPE_DOUBLE) {
        memcpy(&u, &d, 8);
        return integer_value(a, (int64_t)u, 8);
    }
    float f = (float)d;
    uint32_t w;
    memcpy(&w, &f, 4);
    return integer_value(a, w, 4);
}

static int add_big(const type *t, aggregate_state *st, bytes v, arena *a, err_info *err)
{
    if (!v.n)
        return 0;
    if (st->best.p)
        return number_operate('+', t, st->best, v, a, &st->best, err);
    st->best = arena_copy(a, v);
    return 0;
}

static bytes big_result(const selector *s, const aggregate_state *st, bool avg, arena *a)
{
    if (!st->best.p) /* of nothing: 0 */
        return s->type->kind == TYPE_VARINT ? BYTES_LIT("\0") : BYTES_LIT("\0\0\0\0\0");
    return avg ? number_mean(s->type, st->best, st->count, a) : st->best;
}

int aggregate_add(const selector *s, aggregate_state *st, bytes v, arena *a, err_info *err)
{
    if (s->aggregate != AGG_COUNT_ROWS && !v.p)
        return 0;
    st->count++;
    if (s->aggregate == AGG_MIN || s->aggregate == AGG_MAX) {
        int c = st->best.p ? type_compare(s->type, v, st->best) : 0;
        if (!st->best.p || (s->aggregate == AGG_MIN ? c < 0 : c > 0))
            st->best = v.n ? arena_copy(a, v) : BYTES_EMPTY;
    } else if (s->aggregate == AGG_SUM || s->aggregate == AGG_AVG) {
        if (is_big(s->type))
            return add_big(s->type, st, v, a, err);
        if (is_real(s->type))
            st->real += real_of(v);
        else
            st->sum = (int64_t)((uint64_t)st->sum + (uint64_t)integer_of(v));
    }
    return 0;
}

bytes aggregate_result(const selector *s, const aggregate_state *st, arena *a)
{
    static const uint8_t sizes[TYPE_KIND_COUNT] = {[TYPE_TINYINT] = 1,
                                                   [TYPE_SMALLINT] = 2,
                                                   [TYPE_INT] = 4,
                                                   [TYPE_BIGINT] = 8,
                                                   [TYPE_COUNTER] = 8};
    bool avg = s->aggregate == AGG_AVG && st->count;
    switch (s->aggregate) {
    case AGG_COUNT:
    case AGG_COUNT_ROWS:
        return integer_value(a, st->count, 8);
    case AGG_SUM:
    case AGG_AVG:
        if (is_big(s->type))
            return big_result(s, st, avg, a);
        if (is_real(s->type))
            return real_value(a, avg ? st->real / (double)st->count : st->real, s->type);
        return integer_value(a, avg ? st->sum / st->count : st->sum, sizes[s->type->kind]);
    default:
        return st->best;
    }
}
