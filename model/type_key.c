/* type_key.c: byte-comparable forms (docs/formats.md, "keys", has every byte).
 *
 * Every form is prefix-free, so forms concatenate and the complement of a form is its descending
 * form. Fixed-size kinds have as many bytes as the value; an empty value is the same number of
 * zeros and 00, and the value that would be all zeros has 01 after them.
 */
#include "base/must.h"
#include "base/vec.h"
#include "model/bigint.h"
#include "model/type.h"
#include "model/type_internal.h"

/* Composite forms. */
enum { MARK_EMPTY = 0x00, MARK_END = 0x01, MARK_NULL = 0x02, MARK_VALUE = 0x03 };
enum { BOOLEAN_EMPTY = 0, BOOLEAN_FALSE = 1, BOOLEAN_TRUE = 2 };

/* Varint: 80 + length, longer ones F8 and a four-byte length; negative: complement of these. */
enum { VARINT_BASE = 0x80, VARINT_SHORT_MAX = 0x77, VARINT_LONG = 0xf8 };

/* Decimal: exponent + bias in five bytes, then pairs of digits + 1, then 00. */
enum {
    DECIMAL_EMPTY = 0x00,
    DECIMAL_NEGATIVE = 0x7f,
    DECIMAL_ZERO = 0x80,
    DECIMAL_POSITIVE = 0x81
};
static const int64_t DECIMAL_BIAS = 1LL << 39;
/* Zeros that decoding may have to put back where the scale cannot hold them. */
enum { DECIMAL_ZEROS_MAX = 160000 };

static bool all_zero(const uint8_t *p, size_t n)
{
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++)
        any |= p[i];
    return any == 0;
}

static void put_fixed(const type *t, bytes v, buf *out)
{
    size_t n = type_infos[t->kind].size;
    uint8_t *p = buf_reserve(out, n + 1);
    if (v.n == 0) {
        memset(p, 0, n + 1);
        out->n += n + 1;
        return;
    }
    must(v.n == n);
    fixed_to_key(type_orders[t->kind], v.p, n, p);
    out->n += n;
    if (all_zero(p, n))
        buf_u8(out, 1);
}

/* 00 becomes 00 FF; the end is 00 01. */
void key_put_escaped(bytes v, buf *out)
{
    uint8_t *p = buf_reserve(out, 2 * v.n + 2);
    const uint8_t *at = v.p, *end = v.p + v.n, *zero;
    while (at < end && (zero = memchr(at, 0, (size_t)(end - at)))) {
        p = mempcpy(p, at, (size_t)(zero - at) + 1);
        *p++ = 0xff;
        at = zero + 1;
    }
    if (at < end)
        p = mempcpy(p, at, (size_t)(end - at));
    *p++ = 0;
    *p++ = 1;
    out->n = (size_t)(p - out->p);
}

static void put_varint(bytes v, buf *out)
{
    if (v.n == 0) {
        buf_u8(out, 0);
        return;
    }
    v = bigint_trim(v);
    uint8_t flip = v.p[0] >= 0x80 ? 0xff : 0;
    if (v.n <= VARINT_SHORT_MAX) {
        buf_u8(out, (uint8_t)(VARINT_BASE + v.n) ^ flip);
    } else {
        buf_u8(out, VARINT_LONG ^ flip);
        buf_be32(out, (uint32_t)v.n ^ (flip ? UINT32_MAX : 0));
    }
    buf_bytes(out, v);
}

static void flip_from(buf *out, size_t start)
{
    for (size_t i = start; i < out->n; i++)
        out->p[i] = (uint8_t)~out->p[i];
}

static void put_digits(const decimal *d, buf *out)
{
    uint64_t exponent = (uint64_t)(d->exponent + DECIMAL_BIAS);
    buf_u8(out, (uint8_t)(exponent >> 32));
    buf_be32(out, (uint32_t)exponent);
    const char *at = d->digits.d, *end = at + d->digits.n;
    uint8_t *p = buf_reserve(out, d->digits.n / 2 + 2);
    for (; at < end; at += 2)
        *p++ = (uint8_t)((at[0] - '0') * 10 + (at + 1 < end ? at[1] - '0' : 0) + 1);
    *p++ = 0;
    out->n = (size_t)(p - out->p);
}

static void put_decimal(bytes v, buf *out)
{
    if (v.n == 0) {
        buf_u8(out, DECIMAL_EMPTY);
        return;
    }
    decimal d;
    decimal_init(&d, v);
    if (d.digits.n == 0) {
        buf_u8(out, DECIMAL_ZERO);
    } else {
        buf_u8(out, d.digits.negative ? DECIMAL_NEGATIVE : DECIMAL_POSITIVE);
        size_t start = out->n;
        put_digits(&d, out);
        if (d.digits.negative)
            flip_from(out, start);
    }
    digits_done(&d.digits);
}

static void put_elements(const type *t, bytes v, buf *out)
{
    if (v.n == 0) {
        buf_u8(out, MARK_EMPTY);
        return;
    }
    elements it;
    bytes item;
    unsigned nulls = 0; /* not written before a value follows */
    elements_open(t, v, &it, NULL);
    for (unsigned i = 0; elements_next(&it, &item); i++) {
        if (bytes_is_null(item)) {
            nulls++;
            continue;
        }
        for (; nulls; nulls--)
            buf_u8(out, MARK_NULL);
        buf_u8(out, MARK_VALUE);
        type_key_encode(t->args[it.fields ? i : i % t->n_args], item, false, out);
    }
    must(!it.bad);
    buf_u8(out, MARK_END);
}

static void encode(const type *t, bytes v, buf *out)
{
    switch ((enum type_order)type_orders[t->kind]) {
    case ORDER_BYTES:
        key_put_escaped(v, out);
        return;
    case ORDER_BOOLEAN:
        buf_u8(out, v.n == 0 ? BOOLEAN_EMPTY : v.p[0] ? BOOLEAN_TRUE : BOOLEAN_FALSE);
        return;
    case ORDER_VARINT:
        put_varint(v, out);
        return;
    case ORDER_DECIMAL:
        put_decimal(v, out);
        return;
    case ORDER_ELEMENTS:
    case ORDER_FIELDS:
        put_elements(t, v, out);
        return;
    default:
        put_fixed(t, v, out);
    }
}

void type_key_encode(const type *t, bytes value, bool desc, buf *out)
{
    size_t start = out->n;
    encode(t, value, out);
    if (desc)
        flip_from(out, start);
}

/* What is read: bytes complemented by `flip`. */
typedef struct source {
    reader *r;
    arena *a;
    uint8_t flip;
} source;

static uint8_t get_u8(source *s)
{
    return rd_u8(s->r) ^ s->flip;
}

static bytes bad(source *s)
{
    s->r->bad = true;
    return BYTES_NULL;
}

/* n bytes, complemented where need be, in the arena. */
static uint8_t *get_copy(source *s, size_t n, uint8_t flip)
{
    bytes in = rd_take(s->r, n);
    if (s->r->bad)
        return NULL;
    uint8_t *p = arena_alloc(s->a, n);
    for (size_t i = 0; i < n; i++)
        p[i] = in.p[i] ^ flip;
    return p;
}

static bytes get_fixed(const type *t, source *s)
{
    size_t n = type_infos[t->kind].size;
    uint8_t *key = get_copy(s, n, s->flip);
    if (!key)
        return BYTES_NULL;
    if (all_zero(key, n)) {
        uint8_t after = get_u8(s);
        if (s->r->bad || after > 1)
            return bad(s);
        if (after == 0)
            return BYTES_EMPTY;
    }
    uint8_t value[16];
    fixed_from_key(type_orders[t->kind], key, n, value);
    memcpy(key, value, n);
    return bytes_of(key, n);
}

bytes key_get_escaped(reader *r, uint8_t flip, arena *a)
{
    const uint8_t *at = r->p, *zero;
    size_t escapes = 0;
    for (;;) {
        zero = r->bad || at == r->end ? NULL : memchr(at, flip, (size_t)(r->end - at));
        if (!zero || zero + 1 == r->end || ((zero[1] ^ flip) != 0xff && (zero[1] ^ flip) != 1)) {
            r->bad = true;
            return BYTES_NULL;
        }
        at = zero + 2;
        if ((zero[1] ^ flip) == 1)
            break;
        escapes++;
    }
    size_t n = (size_t)(zero - r->p) - escapes;
    if (!escapes && !flip) {
        bytes whole = bytes_of(r->p, n);
        r->p = at;
        return arena_copy(a, whole);
    }
    uint8_t *out = arena_alloc(a, n + 1), *o = out;
    for (const uint8_t *p = r->p; p < zero; p++)
        if ((*o++ = *p ^ flip) == 0)
            p++;
    r->p = at;
    return bytes_of(out, n);
}

static bytes get_boolean(source *s)
{
    uint8_t b = get_u8(s);
    if (s->r->bad || b > BOOLEAN_TRUE)
        return bad(s);
    if (b == BOOLEAN_EMPTY)
        return BYTES_EMPTY;
    uint8_t *p = arena_alloc(s->a, 1);
    *p = b == BOOLEAN_TRUE;
    return bytes_of(p, 1);
}

static bytes get_varint(source *s)
{
    uint8_t head = get_u8(s);
    if (s->r->bad)
        return BYTES_NULL;
    if (head == 0)
        return BYTES_EMPTY;
    uint8_t flip = head < VARINT_BASE ? 0xff : 0;
    size_t n = (uint8_t)(head ^ flip) - VARINT_BASE;
    if ((head ^ flip) == VARINT_LONG)
        n = rd_be32(s->r) ^ (flip ^ s->flip ? UINT32_MAX : 0);
    else if (n > VARINT_SHORT_MAX)
        return bad(s);
    uint8_t *p = get_copy(s, n, s->flip);
    if (!p || n == 0 || (p[0] >= 0x80) != (flip != 0))
        return bad(s);
    return bytes_of(p, n);
}

static bytes make_decimal(arena *a, int32_t scale, bytes unscaled)
{
    uint8_t *p = arena_alloc(a, 4 + unscaled.n);
    put_be32(p, (uint32_t)scale);
    memcpy(p + 4, unscaled.p, unscaled.n);
    return bytes_of(p, 4 + unscaled.n);
}

/* The digits up to the end mark; returns how many, 0: malformed. */
static size_t get_digits(source *s, uint8_t flip, char **ret)
{
    const uint8_t *end = s->r->bad || s->r->p == s->r->end
                             ? NULL
                             : memchr(s->r->p, flip, (size_t)(s->r->end - s->r->p));
    if (!end)
        return 0;
    size_t pairs = (size_t)(end - s->r->p);
    char *d = arena_alloc(s->a, 2 * pairs);
    for (size_t i = 0; i < pairs; i++) {
        uint8_t v = (uint8_t)((s->r->p[i] ^ flip) - 1);
        if (v > 99)
            return 0;
        d[2 * i] = (char)('0' + v / 10);
        d[2 * i + 1] = (char)('0' + v % 10);
    }
    s->r->p = end + 1;
    *ret = d;
    return pairs && d[2 * pairs - 1] == '0' ? 2 * pairs - 1 : 2 * pairs;
}

static bytes get_decimal(source *s)
{
    uint8_t head = get_u8(s);
    if (s->r->bad)
        return BYTES_NULL;
    if (head == DECIMAL_EMPTY)
        return BYTES_EMPTY;
    if (head == DECIMAL_ZERO)
        return make_decimal(s->a, 0, bytes_of("\0", 1));
    if (head != DECIMAL_POSITIVE && head != DECIMAL_NEGATIVE)
        return bad(s);
    uint8_t flip = head == DECIMAL_NEGATIVE ? (uint8_t)~s->flip : s->flip;
    uint64_t high = rd_u8(s->r) ^ flip, low = rd_be32(s->r) ^ (flip ? UINT32_MAX : 0);
    char *d;
    size_t n = get_digits(s, flip, &d);
    int64_t scale = (int64_t)n - ((int64_t)(high << 32 | low) - DECIMAL_BIAS);
    if (n == 0 || scale > INT32_MAX || scale < (int64_t)INT32_MIN - DECIMAL_ZEROS_MAX)
        return bad(s);
    if (scale < INT32_MIN) {
        size_t zeros = (size_t)(INT32_MIN - scale);
        char *longer = arena_alloc(s->a, n + zeros);
        memset(mempcpy(longer, d, n), '0', zeros);
        d = longer;
        n += zeros;
        scale = INT32_MIN;
    }
    return make_decimal(s->a, (int32_t)scale,
                        bigint_from_digits(s->a, d, n, head == DECIMAL_NEGATIVE));
}

static bytes decode(const type *t, source *s);

static bytes get_elements(const type *t, source *s)
{
    uint8_t mark = get_u8(s);
    if (mark == MARK_EMPTY && !s->r->bad)
        return BYTES_EMPTY;
    vec(bytes) items = {0};
    bool fields = type_has_fields(t);
    for (; (mark == MARK_VALUE || (mark == MARK_NULL && fields)) && !s->r->bad; mark = get_u8(s)) {
        if (fields && items.n == t->n_args)
            break;
        bytes item = BYTES_NULL;
        if (mark == MARK_VALUE)
            item = decode(t->args[fields ? items.n : items.n % t->n_args], s);
        vec_push(&items, item);
    }
    bytes whole = BYTES_NULL;
    if (mark != MARK_END || (t->kind == TYPE_MAP && items.n % 2))
        s->r->bad = true;
    while (fields && !s->r->bad && items.n < t->n_args)
        vec_push(&items, BYTES_NULL);
    if (!s->r->bad)
        whole = elements_build(s->a, t, items.p, items.n);
    vec_done(&items);
    return whole;
}

static bytes decode(const type *t, source *s)
{
    switch ((enum type_order)type_orders[t->kind]) {
    case ORDER_BYTES:
        return key_get_escaped(s->r, s->flip, s->a);
    case ORDER_BOOLEAN:
        return get_boolean(s);
    case ORDER_VARINT:
        return get_varint(s);
    case ORDER_DECIMAL:
        return get_decimal(s);
    case ORDER_ELEMENTS:
    case ORDER_FIELDS:
        return get_elements(t, s);
    default:
        return get_fixed(t, s);
    }
}

bytes type_key_decode(const type *t, reader *r, bool desc, arena *a)
{
    source s = {r, a, desc ? 0xff : 0};
    bytes v = decode(t, &s);
    return r->bad ? BYTES_NULL : v;
}
