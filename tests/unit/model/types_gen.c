#include "types_gen.h"

#include "base/buf.h"

uint64_t gen_u64(types_gen *g)
{
    uint64_t z = g->seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

unsigned gen_below(types_gen *g, unsigned n)
{
    return (unsigned)(gen_u64(g) % n);
}

static const type *gen_native(types_gen *g)
{
    return type_native((type_kind)gen_below(g, TYPE_DURATION)); /* all but duration */
}

static const type *gen_udt(types_gen *g, const type *const *args, unsigned n)
{
    type *t = arena_new(g->a, type);
    *t = *type_tuple(g->a, args, n);
    t->kind = TYPE_UDT;
    t->frozen = true;
    t->keyspace = "ks";
    t->name = "udt";
    const char **fields = arena_array(g->a, const char *, n);
    for (unsigned i = 0; i < n; i++)
        fields[i] = arena_printf(g->a, "f%u", i);
    t->fields = fields;
    return t;
}

const type *gen_type(types_gen *g, unsigned depth)
{
    if (depth == 0 || gen_below(g, 3) == 0)
        return gen_native(g);
    const type *args[4];
    unsigned n = 1 + gen_below(g, 4);
    for (unsigned i = 0; i < 4; i++)
        args[i] = gen_type(g, depth - 1);
    switch (gen_below(g, 5)) {
    case 0:
        return type_list(g->a, args[0], true);
    case 1:
        return type_set(g->a, args[0], true);
    case 2:
        return type_map(g->a, args[0], args[1], true);
    case 3:
        return gen_udt(g, args, n);
    default:
        return type_tuple(g->a, args, n);
    }
}

/* Bytes of few different values, so that prefixes and escapes meet. */
static bytes gen_bytes(types_gen *g, size_t n)
{
    static const uint8_t some[] = {0x00, 0x01, 0xff, 0x7f, 0x80, 0xfe, 'a', 0x02};
    bool few = gen_below(g, 2);
    uint8_t *p = arena_alloc(g->a, n + 1);
    for (size_t i = 0; i < n; i++)
        p[i] = few ? some[gen_below(g, 8)] : (uint8_t)gen_u64(g);
    return bytes_of(p, n);
}

static bytes gen_text(types_gen *g, bool ascii)
{
    static const char *const bits[] = {
        "a", "b", "'", "Z", " ", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    buf b = {0};
    for (unsigned n = gen_below(g, 8); n--;) {
        unsigned i = gen_below(g, ascii ? 6 : 9);
        if (i == 5)
            buf_u8(&b, (uint8_t)gen_below(g, 3)); /* NUL and its neighbours */
        else
            buf_str(&b, bits[i > 5 ? i - 1 : i]);
    }
    bytes v = arena_copy(g->a, buf_view(&b));
    buf_done(&b);
    return v.p ? v : BYTES_EMPTY;
}

static bytes gen_uuid(types_gen *g, bool v1)
{
    uint8_t *p = (uint8_t *)gen_bytes(g, 16).p;
    if (v1 || gen_below(g, 2))
        p[6] = (uint8_t)((p[6] & 0x0f) | 0x10);
    return bytes_of(p, 16);
}

static bytes gen_decimal(types_gen *g)
{
    static const int32_t scales[] = {0, 1, -1, 2, 5, -7, 18, INT32_MAX, INT32_MIN, 19};
    bytes unscaled = gen_below(g, 2) ? gen_bytes(g, 1 + gen_below(g, 20)) : gen_bytes(g, 2);
    if (gen_below(g, 2)) { /* powers of ten times small numbers: equal values of many scales */
        int64_t v = (int64_t)gen_below(g, 21) - 10;
        for (unsigned i = gen_below(g, 6); i--;)
            v *= 10;
        uint8_t *p = arena_alloc(g->a, 8);
        put_be64(p, (uint64_t)v);
        unscaled = bytes_of(p, 8);
    }
    uint8_t *p = arena_alloc(g->a, 4 + unscaled.n);
    put_be32(p, (uint32_t)scales[gen_below(g, 10)]);
    memcpy(p + 4, unscaled.p, unscaled.n);
    return bytes_of(p, 4 + unscaled.n);
}

static bytes gen_varint(types_gen *g)
{
    unsigned n = gen_below(g, 20) ? 1 + gen_below(g, 12) : 110 + gen_below(g, 300);
    return gen_bytes(g, n);
}

static bytes gen_time(types_gen *g)
{
    uint8_t *p = arena_alloc(g->a, 8);
    put_be64(p, gen_u64(g) % (gen_below(g, 2) ? 86400000000000 : 100));
    return bytes_of(p, 8);
}

static bytes gen_floating(types_gen *g, size_t n)
{
    static const double some[] = {0.0, -0.0, 1, -1, 0.1, 1e30, -1e-30, 3.5};
    bytes any = gen_bytes(g, n);
    if (gen_below(g, 2))
        return any;
    double d = some[gen_below(g, 8)];
    float f = (float)d;
    uint64_t v = 0;
    uint32_t w;
    memcpy(&v, &d, 8);
    memcpy(&w, &f, 4);
    if (n == 4)
        put_be32((uint8_t *)any.p, gen_below(g, 8) ? w : 0xffc00001);
    else
        put_be64((uint8_t *)any.p, gen_below(g, 8) ? v : 0x7ff8000000000001);
    return any;
}

static bytes gen_items(types_gen *g, const type *t)
{
    bytes items[8];
    bool fields = t->kind == TYPE_TUPLE || t->kind == TYPE_UDT;
    unsigned n = fields ? (gen_below(g, 4) ? t->n_args : gen_below(g, t->n_args + 1U))
                        : gen_below(g, 4) * t->n_args;
    for (unsigned i = 0; i < n; i++)
        items[i] = fields && gen_below(g, 4) == 0
                       ? BYTES_NULL
                       : gen_value(g, t->args[fields ? i : i % t->n_args]);
    return elements_build(g->a, t, items, n);
}

static size_t fixed_size(type_kind k)
{
    static const uint8_t sizes[] = {
#define X(kind, cql, class_name, id, size) [kind] = size,
        TYPE_KINDS(X)
#undef X
    };
    return sizes[k];
}

static bool may_be_empty(type_kind k)
{
    return k != TYPE_SMALLINT && k != TYPE_TINYINT && k != TYPE_DATE && k != TYPE_TIME &&
           k != TYPE_DURATION;
}

bytes gen_value(types_gen *g, const type *t)
{
    if (gen_below(g, 16) == 0 && may_be_empty(t->kind))
        return BYTES_EMPTY;
    switch (t->kind) {
    case TYPE_EMPTY:
        return BYTES_EMPTY;
    case TYPE_ASCII:
    case TYPE_TEXT:
        return gen_text(g, t->kind == TYPE_ASCII);
    case TYPE_BLOB:
    case TYPE_CUSTOM:
    case TYPE_COMPOSITE:
        return gen_bytes(g, gen_below(g, 6));
    case TYPE_DECIMAL:
        return gen_decimal(g);
    case TYPE_VARINT:
        return gen_varint(g);
    case TYPE_DOUBLE:
    case TYPE_FLOAT:
        return gen_floating(g, fixed_size(t->kind));
    case TYPE_UUID:
    case TYPE_TIMEUUID:
        return gen_uuid(g, t->kind == TYPE_TIMEUUID);
    case TYPE_INET:
        return gen_bytes(g, gen_below(g, 2) ? 4 : 16);
    case TYPE_TIME:
        return gen_time(g);
    case TYPE_DURATION:
        return arena_copy(g->a, BYTES_LIT("\x02\x02\x02"));
    case TYPE_LIST:
    case TYPE_SET:
    case TYPE_MAP:
    case TYPE_TUPLE:
    case TYPE_UDT:
        return gen_items(g, t);
    default:
        return gen_bytes(g, fixed_size(t->kind));
    }
}

bytes gen_neighbour(types_gen *g, const type *t, bytes v)
{
    bytes other = gen_value(g, t);
    bool nested = t->n_args != 0;
    if (!nested || gen_below(g, 3) == 0 || v.n == 0 || other.n == 0)
        return other;
    elements x, y;
    bytes items[8];
    unsigned n = 0, keep = gen_below(g, 8);
    elements_open(t, v, &x, NULL);
    elements_open(t, other, &y, NULL);
    while (n < 8 && elements_next(&y, &items[n])) {
        bytes mine;
        if (elements_next(&x, &mine) && n < keep)
            items[n] = mine;
        n++;
    }
    return elements_build(g->a, t, items, n);
}
