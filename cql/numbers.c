#include "cql/numbers.h"

#include <math.h>
#include <stdlib.h>

#include "model/bigint.h"

/* Bytes of a value; 0: any. */
static unsigned size_of(const type *t)
{
    static const uint8_t sizes[TYPE_KIND_COUNT] = {
        [TYPE_TINYINT] = 1, [TYPE_SMALLINT] = 2, [TYPE_INT] = 4,   [TYPE_BIGINT] = 8,
        [TYPE_COUNTER] = 8, [TYPE_FLOAT] = 4,    [TYPE_DOUBLE] = 8};
    return sizes[t->kind];
}

static bool is_big(const type *t)
{
    return t->kind == TYPE_VARINT || t->kind == TYPE_DECIMAL;
}

static bool is_real(const type *t)
{
    return t->kind == TYPE_FLOAT || t->kind == TYPE_DOUBLE;
}

bool number_is(const type *t)
{
    return size_of(t) || is_big(t);
}

const type *number_result_type(const type *l, const type *r)
{
    bool floating = is_real(l) || is_real(r) || l->kind == TYPE_DECIMAL || r->kind == TYPE_DECIMAL;
    unsigned size = size_of(l) > size_of(r) ? size_of(l) : size_of(r);
    if (is_big(l) || is_big(r))
        return type_native(floating ? TYPE_DECIMAL : TYPE_VARINT);
    if (floating)
        return type_native(size == 4 ? TYPE_FLOAT : TYPE_DOUBLE);
    return type_native(size == 1   ? TYPE_TINYINT
                       : size == 2 ? TYPE_SMALLINT
                       : size == 4 ? TYPE_INT
                                   : TYPE_BIGINT);
}

/* ---- in and out ---- */

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
    float f;
    if (v.n == 8) {
        uint64_t u = get_be64(v.p);
        memcpy(&d, &u, 8);
    } else if (v.n == 4) {
        uint32_t u = get_be32(v.p);
        memcpy(&f, &u, 4);
        d = f;
    }
    return d;
}

static bytes put_integer(arena *a, int64_t v, unsigned size)
{
    uint8_t room[8], *p = arena_alloc(a, 8);
    put_be64(room, (uint64_t)v);
    memcpy(p, room + 8 - size, size);
    return bytes_of(p, size);
}

static bytes put_real(arena *a, double d, const type *t)
{
    uint64_t u;
    uint32_t w;
    float f = (float)d;
    memcpy(&u, &d, 8);
    memcpy(&w, &f, 4);
    return t->kind == TYPE_DOUBLE ? put_integer(a, (int64_t)u, 8) : put_integer(a, w, 4);
}

static int32_t scale_of(bytes decimal)
{
    return decimal.n >= 4 ? (int32_t)get_be32(decimal.p) : 0;
}

static bytes unscaled_of(bytes decimal)
{
    return decimal.n > 4 ? bytes_of(decimal.p + 4, decimal.n - 4) : BYTES_LIT("\0");
}

static bytes put_decimal(arena *a, int32_t scale, bytes unscaled)
{
    uint8_t *p = arena_alloc(a, 4 + unscaled.n);
    put_be32(p, (uint32_t)scale);
    memcpy(p + 4, unscaled.p, unscaled.n);
    return bytes_of(p, 4 + unscaled.n);
}

/* ---- conversion ---- */

/* Java's (int)d: saturates, NaN is 0; narrower types cut an int. */
static int64_t integer_of_real(double d, unsigned size)
{
    if (isnan(d))
        return 0;
    int64_t low = size == 8 ? INT64_MIN : INT32_MIN, high = size == 8 ? INT64_MAX : INT32_MAX;
    return d <= (double)low ? low : d >= (double)high ? high : (int64_t)d;
}

/* A decimal's whole part. */
static bytes whole_of(bytes decimal, arena *a)
{
    int32_t scale = scale_of(decimal);
    bytes v = unscaled_of(decimal);
    uint64_t left;
    if (scale <= 0)
        return bigint_shift10(a, v,
                              scale < -NUMBER_SCALE_MAX ? NUMBER_SCALE_MAX : (uint32_t)-scale);
    for (; scale > 0 && v.n <= 4096; scale -= 19) {
        uint64_t by = 1;
        for (int32_t i = 0; i < 19 && i < scale; i++)
            by *= 10;
        v = bigint_divide(a, v, by, &left);
        if (v.n == 1 && v.p[0] == 0)
            break;
    }
    return v;
}

bytes number_convert(const type *from, bytes v, const type *to, arena *a)
{
    if (from->kind == to->kind || !v.n)
        return v;
    if (is_big(to) && is_real(from)) {
        bytes out;
        const char *text = type_to_text(a, from, v, false);
        if (type_from_text(a, type_native(TYPE_DECIMAL), bytes_str(text), &out, NULL) < 0)
            return BYTES_NULL; /* NaN, infinite */
        return to->kind == TYPE_DECIMAL ? out : whole_of(out, a);
    }
    if (to->kind == TYPE_VARINT)
        return from->kind == TYPE_DECIMAL ? whole_of(v, a) : bigint_trim(v);
    if (to->kind == TYPE_DECIMAL)
        return put_decimal(a, 0, bigint_trim(v));
    if (is_real(to)) {
        double d = is_real(from)  ? real_of(v)
                   : is_big(from) ? strtod(type_to_text(a, from, v, false), NULL)
                                  : (double)integer_of(v);
        return put_real(a, d, to);
    }
    if (is_real(from))
        return put_integer(a, integer_of_real(real_of(v), size_of(to)), size_of(to));
    return put_integer(a, integer_of(from->kind == TYPE_DECIMAL ? whole_of(v, a) : v), size_of(to));
}

/* ---- operations ---- */

static int by_zero(char op, const type *t, arena *a, err_info *err)
{
    const char *name = type_cql_name(a, t);
    return err_set(err, ERR_INVALID, "the operation '%s %c %s' failed: / by zero", name, op, name);
}

static int operate_integers(char op, const type *t, int64_t l, int64_t r, arena *a, bytes *ret,
                            err_info *err)
{
    uint64_t x = (uint64_t)l, y = (uint64_t)r, v;
    if ((op == '/' || op == '%') && r == 0)
        return by_zero(op, t, a, err);
    switch (op) {
    case '+':
        v = x + y;
        break;
    case '-':
        v = x - y;
        break;
    case '*':
        v = x * y;
        break;
    case '/':
        v = r == -1 ? 0 - x : (uint64_t)(l / r);
        break;
    default:
        v = r == -1 ? 0 : (uint64_t)(l % r);
    }
    *ret = put_integer(a, (int64_t)v, size_of(t));
    return 0;
}

static double operate_reals(char op, double l, double r)
{
    switch (op) {
    case '+':
        return l + r;
    case '-':
        return l - r;
    case '*':
        return l * r;
    case '/':
        return l / r;
    default:
        return fmod(l, r);
    }
}

static int add_decimals(bytes l, bytes r, arena *a, bytes *ret, err_info *err)
{
    int64_t sl = scale_of(l), sr = scale_of(r), scale = sl > sr ? sl : sr;
    if (scale - sl > NUMBER_SCALE_MAX || scale - sr > NUMBER_SCALE_MAX)
        return err_set(err, ERR_NOT_SUPPORTED,
                       "Adding decimals whose scales differ by more than %d is not supported yet",
                       NUMBER_SCALE_MAX);
    bytes x = bigint_shift10(a, unscaled_of(l), (uint32_t)(scale - sl));
    bytes y = bigint_shift10(a, unscaled_of(r), (uint32_t)(scale - sr));
    *ret = put_decimal(a, (int32_t)scale, bigint_add(a, x, y));
    return 0;
}

int number_negate(const type *t, bytes v, arena *a, bytes *ret, err_info *err)
{
    (void)err;
    if (!v.n)
        *ret = v;
    else if (t->kind == TYPE_VARINT)
        *ret = bigint_negate(a, v);
    else if (t->kind == TYPE_DECIMAL)
        *ret = put_decimal(a, scale_of(v), bigint_negate(a, unscaled_of(v)));
    else if (is_real(t))
        *ret = put_real(a, -real_of(v), t);
    else
        *ret = put_integer(a, (int64_t)(0 - (uint64_t)integer_of(v)), size_of(t));
    return 0;
}

int number_operate(char op, const type *t, bytes l, bytes r, arena *a, bytes *ret, err_info *err)
{
    if (!l.n || !r.n)
        return err_set(err, ERR_INVALID, "Invalid empty value in an operation of type %s",
                       type_cql_name(a, t));
    if (is_real(t)) {
        *ret = put_real(a, operate_reals(op, real_of(l), real_of(r)), t);
        return 0;
    }
    if (!is_big(t))
        return operate_integers(op, t, integer_of(l), integer_of(r), a, ret, err);
    if (op != '+' && op != '-')
        return err_set(err, ERR_NOT_SUPPORTED, "The operation %c of type %s is not supported yet",
                       op, type_cql_name(a, t));
    int rc = op == '-' ? number_negate(t, r, a, &r, err) : 0;
    if (rc == 0 && t->kind == TYPE_DECIMAL)
        return add_decimals(l, r, a, ret, err);
    *ret = bigint_add(a, l, r);
    return rc;
}

bytes number_mean(const type *t, bytes v, int64_t n, arena *a)
{
    uint64_t left;
    if (t->kind == TYPE_VARINT)
        return bigint_divide(a, v, (uint64_t)n, &left);
    bytes q = bigint_divide(a, unscaled_of(v), (uint64_t)n, &left);
    bool odd = q.p[q.n - 1] & 1, negative = unscaled_of(v).p[0] >= 0x80;
    uint64_t half = (uint64_t)n - left; /* left / n against 1/2: left against half */
    if (left > half || (left == half && left && odd))
        q = bigint_add(a, q, negative ? BYTES_LIT("\xff") : BYTES_LIT("\1"));
    return put_decimal(a, scale_of(v), q);
}
