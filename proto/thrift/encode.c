/* encode.c: the one writer: C structs to the wire, driven by table.h. */
#include "base/buf.h"
#include "base/must.h"
#include "proto/thrift/table.h"

static void write_value(buf *out, const thrift_type *t, const void *from);

static void write_bytes(buf *out, bytes s)
{
    must(s.n <= INT32_MAX);
    uint8_t *p = buf_reserve(out, 4 + s.n);
    put_be32(p, (uint32_t)s.n);
    if (s.n)
        memcpy(p + 4, s.p, s.n);
    out->n += 4 + s.n;
}

static void write_list(buf *out, const thrift_type *t, const void *from)
{
    thrift_any_list l;
    memcpy(&l, from, sizeof l);
    must(l.n <= INT32_MAX);
    buf_u8(out, t->elem->wire);
    buf_be32(out, (uint32_t)l.n);
    const char *v = l.v;
    for (size_t i = 0; i < l.n; i++, v += t->stride)
        write_value(out, t->elem, v);
}

static void write_map(buf *out, const thrift_type *t, const void *from)
{
    thrift_any_list l;
    memcpy(&l, from, sizeof l);
    must(l.n <= INT32_MAX);
    buf_u8(out, t->key->wire);
    buf_u8(out, t->elem->wire);
    buf_be32(out, (uint32_t)l.n);
    const char *v = l.v;
    for (size_t i = 0; i < l.n; i++, v += t->stride) {
        write_value(out, t->key, v);
        write_value(out, t->elem, v + t->value_at);
    }
}

static void write_value(buf *out, const thrift_type *t, const void *from)
{
    switch (t->wire) {
    case WIRE_BOOL:
        buf_u8(out, *(const bool *)from);
        break;
    case WIRE_I32:
        buf_be32(out, *(const uint32_t *)from);
        break;
    case WIRE_I64:
    case WIRE_DOUBLE: {
        uint64_t v;
        memcpy(&v, from, sizeof v);
        buf_be64(out, v);
        break;
    }
    case WIRE_BYTES:
        write_bytes(out, *(const bytes *)from);
        break;
    case WIRE_STRUCT:
        thrift_write_struct(out, t->st, from);
        break;
    case WIRE_LIST:
        write_list(out, t, from);
        break;
    case WIRE_MAP:
        write_map(out, t, from);
        break;
    default:
        must(!"a type of the tables");
    }
}

/* The field's value, or NULL when it is absent. */
static const void *field_value(const thrift_field *f, const char *from)
{
    const char *value = from + f->offset;
    switch ((enum thrift_presence)f->presence) {
    case THRIFT_ALWAYS:
        return value;
    case THRIFT_BY_FLAG:
        return *(const bool *)(from + f->has_at) ? value : NULL;
    case THRIFT_BY_NULL:
        return ((const bytes *)value)->p ? value : NULL;
    case THRIFT_BY_POINTER:
        return *(const void *const *)value;
    }
    return NULL;
}

void thrift_write_struct(buf *out, const thrift_struct *st, const void *from)
{
    for (unsigned i = 0; i < st->n_fields; i++) {
        const thrift_field *f = &st->fields[i];
        const void *value = field_value(f, from);
        if (!value)
            continue;
        uint8_t *p = buf_reserve(out, 3);
        p[0] = f->type->wire;
        put_be16(p + 1, (uint16_t)f->id);
        out->n += 3;
        write_value(out, f->type, value);
    }
    buf_u8(out, WIRE_STOP);
}
