/* type_compare.c: the order of values. Total on any bytes; right on valid ones. */
#include "model/bigint.h"
#include "model/type.h"
#include "model/type_internal.h"

const uint8_t type_orders[TYPE_KIND_COUNT] = {
    [TYPE_ASCII] = ORDER_BYTES,     [TYPE_BIGINT] = ORDER_SIGNED,
    [TYPE_BLOB] = ORDER_BYTES,      [TYPE_BOOLEAN] = ORDER_BOOLEAN,
    [TYPE_COUNTER] = ORDER_SIGNED,  [TYPE_DECIMAL] = ORDER_DECIMAL,
    [TYPE_DOUBLE] = ORDER_FLOATING, [TYPE_FLOAT] = ORDER_FLOATING,
    [TYPE_INT] = ORDER_SIGNED,      [TYPE_TIMESTAMP] = ORDER_SIGNED,
    [TYPE_UUID] = ORDER_UUID,       [TYPE_TEXT] = ORDER_BYTES,
    [TYPE_VARINT] = ORDER_VARINT,   [TYPE_TIMEUUID] = ORDER_TIMEUUID,
    [TYPE_INET] = ORDER_BYTES,      [TYPE_DATE] = ORDER_UNSIGNED,
    [TYPE_TIME] = ORDER_UNSIGNED,   [TYPE_SMALLINT] = ORDER_SIGNED,
    [TYPE_TINYINT] = ORDER_SIGNED,  [TYPE_DURATION] = ORDER_BYTES,
    [TYPE_LIST] = ORDER_ELEMENTS,   [TYPE_MAP] = ORDER_ELEMENTS,
    [TYPE_SET] = ORDER_ELEMENTS,    [TYPE_UDT] = ORDER_FIELDS,
    [TYPE_TUPLE] = ORDER_FIELDS,    [TYPE_EMPTY] = ORDER_BYTES,
    [TYPE_COMPOSITE] = ORDER_BYTES, [TYPE_CUSTOM] = ORDER_BYTES,
};

static uint64_t floating_flip(uint64_t v, unsigned bits)
{
    uint64_t sign = 1ULL << (bits - 1);
    return v & sign ? ~v : v ^ sign;
}

static void floating_to_key(const uint8_t *value, size_t n, uint8_t *ret)
{
    if (n == 4)
        put_be32(ret, (uint32_t)floating_flip(float_canonical(get_be32(value)), 32));
    else
        put_be64(ret, floating_flip(double_canonical(get_be64(value)), 64));
}

/* The inverse of floating_flip: a sign bit that is set says "was positive". */
static void floating_from_key(const uint8_t *key, size_t n, uint8_t *ret)
{
    bool positive = key[0] & 0x80;
    for (size_t i = 0; i < n; i++)
        ret[i] = positive ? key[i] : (uint8_t)~key[i];
    if (positive)
        ret[0] ^= 0x80;
}

/* The version to the front; version 1 also: the high bits of the time first. */
static uint64_t uuid_high_to_key(uint64_t v)
{
    if ((v >> 12 & 15) == 1)
        return v << 48 | (v << 16 & 0xffff00000000) | v >> 32;
    return v << 48 >> 60 << 60 | v >> 16 << 12 | (v & 0xfff);
}

static uint64_t uuid_high_from_key(uint64_t k)
{
    if (k >> 60 == 1)
        return k << 32 | (k >> 16 & 0xffff0000) | k >> 48;
    return k >> 12 << 16 | k >> 60 << 12 | (k & 0xfff);
}

/* Signed bytes compare like unsigned ones with their sign bits flipped. */
static uint64_t uuid_low_flip(enum type_order order, uint64_t v)
{
    return order == ORDER_TIMEUUID ? v ^ 0x8080808080808080 : v;
}

void fixed_to_key(enum type_order order, const uint8_t *value, size_t n, uint8_t *ret)
{
    switch (order) {
    case ORDER_FLOATING:
        floating_to_key(value, n, ret);
        return;
    case ORDER_UUID:
    case ORDER_TIMEUUID:
        put_be64(ret, uuid_high_to_key(get_be64(value)));
        put_be64(ret + 8, uuid_low_flip(order, get_be64(value + 8)));
        return;
    default:
        memcpy(ret, value, n);
        if (order == ORDER_SIGNED)
            ret[0] ^= 0x80;
    }
}

void fixed_from_key(enum type_order order, const uint8_t *key, size_t n, uint8_t *ret)
{
    switch (order) {
    case ORDER_FLOATING:
        floating_from_key(key, n, ret);
        return;
    case ORDER_UUID:
    case ORDER_TIMEUUID:
        put_be64(ret, uuid_high_from_key(get_be64(key)));
        put_be64(ret + 8, uuid_low_flip(order, get_be64(key + 8)));
        return;
    default:
        memcpy(ret, key, n);
        if (order == ORDER_SIGNED)
            ret[0] ^= 0x80;
    }
}

static int compare_fixed(const type *t, bytes a, bytes b)
{
    uint8_t ka[16], kb[16];
    size_t n = type_infos[t->kind].size;
    if (a.n != n || b.n != n)
        return bytes_cmp(a, b);
    fixed_to_key(type_orders[t->kind], a.p, n, ka);
    fixed_to_key(type_orders[t->kind], b.p, n, kb);
    return memcmp(ka, kb, n);
}

static int compare_elements(const type *t, bytes a, bytes b)
{
    elements x, y;
    bytes va, vb;
    elements_open(t, a, &x, NULL);
    elements_open(t, b, &y, NULL);
    for (unsigned i = 0;; i++) {
        bool more_a = elements_next(&x, &va), more_b = elements_next(&y, &vb);
        if (!more_a || !more_b)
            return (int)more_a - (int)more_b;
        const type *arg = t->args[type_has_fields(t) ? i : i % t->n_args];
        int c = type_compare(arg, va, vb);
        if (c)
            return c;
    }
}

int type_compare(const type *t, bytes a, bytes b)
{
    if (a.n == 0 || b.n == 0)
        return bytes_cmp(a, b); /* null, then empty, then all else */
    switch ((enum type_order)type_orders[t->kind]) {
    case ORDER_BYTES:
        return bytes_cmp(a, b);
    case ORDER_BOOLEAN:
        return (int)(a.p[0] != 0) - (int)(b.p[0] != 0);
    case ORDER_VARINT:
        return bigint_compare(a, b);
    case ORDER_DECIMAL:
        return decimal_compare(a, b);
    case ORDER_ELEMENTS:
    case ORDER_FIELDS:
        return compare_elements(t, a, b);
    default:
        return compare_fixed(t, a, b);
    }
}
